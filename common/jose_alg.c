/* SPDX-License-Identifier: Apache-2.0 */
/* jose_alg.c - see jose_alg.h. */
#include "common/jose_alg.h"

#include <string.h>

static const struct jose_alg_row ROWS[] = {
    {JOSE_ES256, "ES256", NULL, "EC", "P-256", KEY_EC, CURVE_P256, SCHEME_ECDSA, HASH_SHA256, 32},
    {JOSE_ES384, "ES384", NULL, "EC", "P-384", KEY_EC, CURVE_P384, SCHEME_ECDSA, HASH_SHA384, 48},
    {JOSE_EDDSA, "EdDSA", "Ed25519", "OKP", "Ed25519", KEY_ED25519, CURVE_NONE, SCHEME_ED25519, 0,
     32},
};

enum { ROWS_N = sizeof ROWS / sizeof ROWS[0] };

const struct jose_alg_row *
jose_alg_row(enum jose_alg alg)
{
    for (size_t i = 0; i < ROWS_N; i++) {
        if (ROWS[i].alg == alg) {
            return &ROWS[i];
        }
    }
    return NULL;
}

const struct jose_alg_row *
jose_alg_by_name(const char *name)
{
    for (size_t i = 0; i < ROWS_N; i++) {
        const char *synonym = ROWS[i].synonym;

        if (strcmp(name, ROWS[i].name) == 0 || (synonym != NULL && strcmp(name, synonym) == 0)) {
            return &ROWS[i];
        }
    }
    return NULL;
}

const struct jose_alg_row *
jose_alg_by_curve(const char *kty, const char *crv)
{
    for (size_t i = 0; i < ROWS_N; i++) {
        if (strcmp(kty, ROWS[i].kty) == 0 && strcmp(crv, ROWS[i].crv) == 0) {
            return &ROWS[i];
        }
    }
    return NULL;
}
