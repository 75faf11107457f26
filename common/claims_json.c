/* SPDX-License-Identifier: Apache-2.0 */
/* claims_json.c - see claims_json.h. */
#include "common/claims_json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "attest/base/text.h"

void
claim_set(json_t *o, const char *name, json_t *value)
{
    (void)json_object_set_new(o, name, value);
}

json_t *
claim_hex(const uint8_t *bytes, size_t len)
{
    char hex[2 * CLAIM_BYTES_MAX + 1];

    assert(len <= CLAIM_BYTES_MAX);
    hex_encode((struct slice){bytes, len}, hex);
    return json_string(hex);
}

json_t *
claim_u64(uint64_t v)
{
    char text[sizeof "0x0123456789abcdef"];

    (void)snprintf(text, sizeof text, "0x%016" PRIx64, v);
    return json_string(text);
}

json_t *
claim_text(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

json_t *
claim_bits(uint64_t value, const struct claim_bit *bit, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        if (value >> bit[i].at & 1) {
            (void)json_array_append_new(list, json_string(bit[i].name));
        }
    }
    return list;
}
