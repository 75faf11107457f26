/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_azure_hcl.c - any bytes as an HCL report.  What is accepted is accounted for to the last byte, and the rules run over it
 * whatever it is. */
#include <assert.h>

#include "attest/azure/azure.h"

enum { FIXED = 0x4d4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
judge(struct slice blob)
{
    struct azure_in a AUTO(azure_in_done) = {0};
    const struct check_in in = {.azure = &a};
    struct verdict v = {0};
    size_t n = 0;
    const struct check *table = azure_checks(&n);

    azure_in_open(blob, AZURE_HW_SNP, &a);
    verdict_run(&v, table, n, &in);
    assert(v.n == n);
    assert(!verdict_passed(&v) ||
           (a.claims.ak.type == KEY_RSA && slice_zero((struct slice){a.report_data.ptr + 32, 32})));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    struct azure_hcl h = {0};
    struct why why = {0};

    judge(in);
    if (azure_hcl_decode(in, &h, &why) != ERR_OK) {
        assert(why.n > 0 && h.claims.len == 0);
        return 0;
    }

    size_t end = FIXED + h.claims.len;

    assert(h.report.ptr == data + 32 && h.report.len == 1184 && h.claims.ptr == data + FIXED);
    assert(end <= len && len <= AZURE_HCL_MAX);
    assert(slice_zero((struct slice){data + end, len - end}));
    return 0;
}
