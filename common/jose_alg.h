/* SPDX-License-Identifier: Apache-2.0 */
/* jose_alg.h - what each JOSE algorithm dictates; for common/jose*.c and common/dpop.c only.
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

#endif
