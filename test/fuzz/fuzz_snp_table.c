/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_snp_table.c - a certificate table: what is found is one entry's and lies behind the header, and the same table with more
 * zeros behind it says the same. */
#include <stdlib.h>
#include <string.h>

#include "attest/snp/snp.h"

enum { ENTRY = 24, MORE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

/* Bytes up to and with the entry of zeros, by another way than the decoder's. */
static size_t
header_len(const uint8_t *data, size_t len)
{
    static const uint8_t END[ENTRY];

    for (size_t at = 0; at + ENTRY <= len; at += ENTRY) {
        if (memcmp(data + at, END, ENTRY) == 0) {
            return at + ENTRY;
        }
    }
    return 0;
}

static void
longer(const uint8_t *data, size_t len, struct slice found)
{
    uint8_t *copy = calloc(1, len + MORE);
    struct slice again = {0};
    struct why why = {0};

    must(copy != NULL);
    memcpy(copy, data, len);
    must(snp_cert_table_vek((struct slice){copy, len + MORE}, SNP_VCEK, &again, &why) == ERR_OK);
    must(slice_same(found, again));
    free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice vek = {0};
    struct why why = {0};
    size_t header = header_len(data, len);

    if (snp_cert_table_vek((struct slice){data, len}, SNP_VCEK, &vek, &why) != ERR_OK) {
        must(why.n > 0 && vek.ptr == NULL);
        return 0;
    }
    must(header > 0 || len == 0);
    if (vek.len > 0) {
        must(vek.ptr >= data + header && vek.len <= len - (size_t)(vek.ptr - data));
    }
    if (len > 0 && len + MORE <= SNP_CERT_TABLE_MAX) {
        longer(data, len, vek);
    }
    return 0;
}
