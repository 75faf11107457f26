/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json_gate.c - what passes the gate is JSON to jansson as well, without duplicates; numbers too large for jansson are the one
 * thing that may differ. */
#include <jansson.h>
#include <stdlib.h>

#include "attest/base/json_gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    struct why why = {0};
    json_error_t error;
    json_t *j = NULL;

    if (json_gate(in, "fuzz", &why) != ERR_OK) {
        if (why.n == 0) {
            abort();
        }
        return 0;
    }
    if (json_gate_shape(in, "fuzz", &why) != ERR_OK) {
        abort(); /* the looser one refuses less */
    }
    j = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (j == NULL && json_error_code(&error) != json_error_numeric_overflow) {
        abort();
    }
    if (j != NULL && json_is_object(j) != (json_gate_object(in, "fuzz", &why) == ERR_OK)) {
        abort();
    }
    json_decref(j);
    return 0;
}
