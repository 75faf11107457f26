/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json.c - what is read can be written, and read again as the same; binding any of it stops. */
#include <stdlib.h>

#include "common/json.h"
#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
bind(json_t *j)
{
    const char *text = NULL;
    int64_t number = 0;
    bool flag = false;
    json_t *array = NULL;
    struct why why = {0};
    const struct json_member members[] = {
        {"a", JK_TEXT, true, &text, 0, 8},
        {"b", JK_INT, false, &number, -5, 5},
        {"c", JK_BOOL, false, &flag, 0, 0},
        {"d", JK_ARRAY, false, &array, 0, 3},
    };
    enum err err = json_bind(j, "fuzz", members, sizeof members / sizeof members[0], &why);

    if ((err == ERR_OK) != (text != NULL) || number < -5 || number > 5) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(json_free) json_t *first = NULL;
    AUTO(json_free) json_t *second = NULL;
    AUTO(mem_free_text) char *text = NULL;
    struct why why = {0};

    if (json_read((struct slice){data, len}, &first, &why) != ERR_OK) {
        return 0;
    }
    text = json_text(first);

    enum err err = json_read(slice_text(text), &second, &why);

    /* jansson writes some doubles longer than the gate takes (exponents of three digits). */
    if (err == ERR_OK && json_equal(first, second) != 1) {
        abort();
    }
    bind(first);
    return 0;
}
