/* SPDX-License-Identifier: Apache-2.0 */
/* ecdh.c - see ecdh.h.  By nettle, whose multiplications take the same time for every scalar. */
#include "attest/sig/ecdh.h"

#include <gmp.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <string.h>

#include "attest/base/sec.h"

static void
number_done(mpz_t *n)
{
    size_t limbs = mpz_size(*n);

    sec_zero(mpz_limbs_modify(*n, (mp_size_t)limbs), limbs * sizeof(mp_limb_t));
    mpz_clear(*n);
}

static void
point_done(struct ecc_point *p)
{
    ecc_point_clear(p);
}

static void
scalar_done(struct ecc_scalar *s)
{
    sec_zero(s->p, (size_t)ecc_size(s->ecc) * sizeof(mp_limb_t)); /* its limbs: nettle/ecc.h */
    ecc_scalar_clear(s);
}

void
ecdh_done(struct ecdh *e)
{
    sec_zero(e, sizeof *e);
}

static const struct ecc_curve *
curve_of(const struct sig_key *k)
{
    if (k->type != KEY_EC) {
        return NULL;
    }
    return k->curve == CURVE_P256   ? nettle_get_secp_256r1()
           : k->curve == CURVE_P384 ? nettle_get_secp_384r1()
                                    : NULL;
}

static bool
set_scalar(struct ecc_scalar *s, const uint8_t *bytes, size_t len)
{
    AUTO(number_done) mpz_t n;

    nettle_mpz_init_set_str_256_u(n, len, bytes);
    return ecc_scalar_set(s, n) == 1; /* 0 < n < order */
}

static bool
set_point(struct ecc_point *p, const uint8_t *xy, size_t len)
{
    AUTO(number_done) mpz_t x;
    AUTO(number_done) mpz_t y;

    nettle_mpz_init_set_str_256_u(x, len, xy);
    nettle_mpz_init_set_str_256_u(y, len, xy + len);
    return ecc_point_set(p, x, y) == 1; /* on the curve */
}

static void
get_point(const struct ecc_point *p, size_t len, uint8_t *dst_x, uint8_t *dst_y)
{
    AUTO(number_done) mpz_t x;
    AUTO(number_done) mpz_t y;

    mpz_init(x);
    mpz_init(y);
    ecc_point_get(p, x, y);
    nettle_mpz_get_str_256(len, dst_x, x);
    nettle_mpz_get_str_256(len, dst_y, y);
}

enum err
ecdh_make(const struct sig_key *peer, const uint8_t random[ECDH_RANDOM], struct ecdh *out,
          struct why *why)
{
    const struct ecc_curve *curve = curve_of(peer);
    size_t len = sig_curve_len(peer->curve);
    uint8_t unused[ECDH_FIELD_MAX];

    if (curve == NULL) {
        return why_add(why, ERR_DENIED, "ECDH: not a key on P-256 or P-384");
    }

    AUTO(scalar_done) struct ecc_scalar d;
    AUTO(point_done) struct ecc_point p;

    ecc_scalar_init(&d, curve);
    ecc_point_init(&p, curve);
    if (!set_scalar(&d, random, len) && !set_scalar(&d, random + ECDH_FIELD_MAX, len)) {
        return why_add(why, ERR_UNABLE, "ECDH: the randomness gives no private key");
    }
    out->len = len;
    ecc_point_mul_g(&p, &d);
    get_point(&p, len, out->x, out->y);
    if (!set_point(&p, peer->number, len)) {
        return why_add(why, ERR_DENIED, "ECDH: the point is not on its curve");
    }
    memcpy(out->peer_x, peer->number, len);
    ecc_point_mul(&p, &d, &p);
    get_point(&p, len, out->z, unused);
    sec_zero(unused, sizeof unused);
    return ERR_OK;
}
