/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tpm_pcrs.c - any text as PCR values and as a selection; a selection that is accepted means
 * the same after it was written and read again. */
#include <assert.h>
#include <string.h>

#include "attest/tpm/tpm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
values(struct slice text)
{
    struct tpm_pcr pcr[TPM_PCR_VALUES_MAX];
    struct why why = {0};
    size_t n = 0;

    if (tpm_pcrs_parse(text, pcr, TPM_PCR_VALUES_MAX, &n, &why) != ERR_OK) {
        assert(why.n > 0 && n == 0);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        assert(pcr[i].index < TPM_PCRS && hash_len(pcr[i].bank) > 0);
    }
}

static void
selection(struct slice text)
{
    struct tpm_selection sel[TPM_BANKS_MAX];
    struct tpm_selection again[TPM_BANKS_MAX];
    char written[TPM_SELECT_TEXT];
    struct why why = {0};
    size_t n = 0;
    size_t m = 0;

    if (tpm_select_parse(text, sel, TPM_BANKS_MAX, &n, &why) != ERR_OK) {
        assert(why.n > 0 && n == 0);
        return;
    }
    tpm_select_format(sel, n, written, sizeof written);

    enum err e = tpm_select_parse(slice_text(written), again, TPM_BANKS_MAX, &m, &why);

    assert(e == ERR_OK && n == m);
    (void)e;
    for (size_t i = 0; i < n; i++) {
        assert(sel[i].bank == again[i].bank && sel[i].mask == again[i].mask && sel[i].mask != 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    values((struct slice){data, len});
    selection((struct slice){data, len});
    return 0;
}
