/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_azure_claims.c - any bytes as runtime claims.  What we take, another reader of JSON takes too and sees the same key. */
#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "attest/azure/azure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *
text(const json_t *obj, const char *name)
{
    const char *t = json_string_value(json_object_get(obj, name));

    return t != NULL ? t : "";
}

static void
compare(const json_t *claims, const struct azure_claims *c)
{
    const json_t *keys = json_object_get(claims, "keys");
    size_t seen = 0;

    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *k = json_array_get(keys, i);

        if (strcmp(text(k, "kid"), "HCLAkPub") == 0) {
            seen++;
            assert(strcmp(text(k, "kty"), "RSA") == 0 && strcmp(text(k, "e"), "AQAB") == 0);
            assert(slice_same(c->ak_n, slice_text(text(k, "n"))));
        }
    }
    assert(seen == 1 && c->ak.type == KEY_RSA && c->ak.bits >= 2048 && c->ak.exponent == 65537);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct azure_claims c AUTO(azure_claims_done) = {0};
    struct why why = {0};
    json_t *j = NULL;

    if (azure_claims_read((struct slice){data, len}, &c, &why) != ERR_OK) {
        assert(why.n > 0 && c.ak.type == KEY_NONE);
        return 0;
    }
    j = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL);
    assert(j != NULL || memchr(data, 'e', len) != NULL); /* but for a number that no double holds */
    if (j != NULL) {
        compare(j, &c);
    }
    json_decref(j);
    return 0;
}
