/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tpm_attest.c - any bytes as a TPMS_ATTEST.  What is accepted is accounted for to the last
 * byte. */
#include <assert.h>

#include "attest/tpm/quote.h"

enum { FIXED = 4 + 2 + 2 + 2 + 8 + 4 + 4 + 1 + 8 + 4 + 2, SELECTION_FIXED = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    struct tpm_attest_header h = {0};
    struct tpm_quote q = {0};
    struct why why = {0};

    assert((tpm_attest_header_decode(in, &h, &why) == ERR_OK) == (len >= 6));
    if (tpm_quote_decode(in, &q, &why) != ERR_OK) {
        assert(why.n > 0 && q.select_n == 0);
        return 0;
    }

    size_t sum = FIXED + q.qualified_signer.len + q.extra_data.len + q.pcr_digest.len;

    assert(q.select_n <= TPM_WIRE_SELECTIONS_MAX);
    for (size_t i = 0; i < q.select_n; i++) {
        assert(q.select[i].mask < UINT32_C(1) << TPM_PCRS);
        sum += SELECTION_FIXED + q.select[i].size;
    }
    assert(sum == len);
    return 0;
}
