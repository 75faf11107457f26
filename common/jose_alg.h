/* SPDX-License-Identifier: Apache-2.0 */
/* jose_alg.h - what each JOSE algorithm dictates, and the steps of reading a JWS; for common/jose*.c and common/dpop*.c only.
 *
 * Source: RFC 7518 sections 3.4 and 6.2, RFC 8037 sections 2 and 3.1, RFC 9864 section 2.2. */
#ifndef COMMON_JOSE_ALG_H
#define COMMON_JOSE_ALG_H

#include "common/jose.h"

struct jose_alg_row {
    enum jose_alg alg;
    const char *name;    /* what we write */
    const char *synonym; /* also read; NULL when there is none */
    const char *kty;
    const char *crv;
    enum key_type key;
    enum sig_curve curve;
    enum sig_scheme scheme;
    unsigned hash;
    size_t field_len; /* bytes of x, and of y where there is one */
};

/* NULL when the algorithm is not one that we verify. */
const struct jose_alg_row *jose_alg_row(enum jose_alg alg);
const struct jose_alg_row *jose_alg_by_name(const char *name);
const struct jose_alg_row *jose_alg_by_curve(const char *kty, const char *crv);

/* The public numbers of a key, each field_len bytes; no y in OKP keys. */
enum { JOSE_FIELD_MAX = 48 };

struct jose_point {
    uint8_t x[JOSE_FIELD_MAX], y[JOSE_FIELD_MAX];
};

/* The key with these numbers and its thumbprint; cache as in jwk_read_cached(). ERR_MALFORMED: no point of the curve. */
enum err jwk_of_point(const struct jose_alg_row *row, const struct jose_point *point,
                      struct key_cache *cache, struct jwk *out, struct why *why) MUST_USE;

/* The three segments of a compact JWS, borrowed from its text. */
struct jws_parts {
    struct slice header, payload, sig, signing_input;
};

/* ERR_LIMIT over `max` bytes; ERR_MALFORMED: not three segments, none of them empty. */
enum err jws_split(struct slice text, size_t max, struct jws_parts *out, struct why *why) MUST_USE;

#endif
