/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_uki.c - any bytes as a unified kernel image; sections that are found lie wholly in it. */
#include <assert.h>

#include "attest/tpm/uki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice section[UKI_SECTIONS];
    struct why why = {0};

    if (tpm_uki_sections((struct slice){data, len}, section, &why) != ERR_OK) {
        assert(why.n > 0);
        return 0;
    }
    for (size_t i = 0; i < UKI_SECTIONS; i++) {
        assert(section[i].len == 0 || (section[i].ptr >= data && section[i].len <= len &&
                                       (size_t)(section[i].ptr - data) <= len - section[i].len));
    }
    return 0;
}
