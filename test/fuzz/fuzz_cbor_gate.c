/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_cbor_gate.c - the gate stops, and what passes ends where it says: neither a byte less nor a byte more passes too. */
#include <stdlib.h>
#include <string.h>

#include "attest/base/cbor_gate.h"

enum { IN_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
passes(const uint8_t *data, size_t len)
{
    struct why why = {0};

    return cbor_gate((struct slice){data, len}, "fuzz", &why) == ERR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *longer = NULL;

    if (len > IN_MAX || !passes(data, len)) {
        return 0;
    }
    if (passes(data, len - 1)) {
        abort();
    }
    longer = calloc(1, len + 1);
    if (longer == NULL) {
        abort();
    }
    memcpy(longer, data, len);
    if (passes(longer, len + 1)) {
        abort();
    }
    free(longer);
    return 0;
}
