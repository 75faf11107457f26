/* SPDX-License-Identifier: Apache-2.0 */
/* p384.c - see p384.h.  Nothing is kept between calls: to make the point again costs half a microsecond.
 *
 * Refuses one kind of signature that is good by the letter: where the two multiples that are added, u1 G and u2 Q, are the same
 * point.  nettle 3.8 has no formula for it and finds no coordinate.  Only the owner of a key can make such a one, on purpose;
 * nobody meets it by chance. */
#include "attest/sig/p384.h"

#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>

static void
number_done(mpz_t *n)
{
    mpz_clear(*n);
}

static void
point_done(struct ecc_point *p)
{
    ecc_point_clear(p);
}

static void
pair_done(struct dsa_signature *s)
{
    dsa_signature_clear(s);
}

/* Checks range and equation.  `out` has been made by ecc_point_init(). */
static bool
point_set(struct ecc_point *out, const uint8_t *x, const uint8_t *y)
{
    AUTO(number_done) mpz_t big_x;
    AUTO(number_done) mpz_t big_y;

    nettle_mpz_init_set_str_256_u(big_x, P384_LEN, x);
    nettle_mpz_init_set_str_256_u(big_y, P384_LEN, y);
    return ecc_point_set(out, big_x, big_y) == 1;
}

bool
p384_on_curve(struct slice x, struct slice y)
{
    AUTO(point_done) struct ecc_point point;

    ecc_point_init(&point, nettle_get_secp_384r1());
    return x.len == P384_LEN && y.len == P384_LEN && point_set(&point, x.ptr, y.ptr);
}

bool
p384_verify(const uint8_t point[2 * P384_LEN], struct slice digest, const uint8_t sig[2 * P384_LEN])
{
    AUTO(point_done) struct ecc_point q;
    AUTO(pair_done) struct dsa_signature rs;

    ecc_point_init(&q, nettle_get_secp_384r1());
    dsa_signature_init(&rs);
    nettle_mpz_set_str_256_u(rs.r, P384_LEN, sig);
    nettle_mpz_set_str_256_u(rs.s, P384_LEN, sig + P384_LEN);
    return point_set(&q, point, point + P384_LEN) &&
           ecdsa_verify(&q, digest.len, digest.ptr, &rs) == 1;
}
