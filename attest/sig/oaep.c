/* SPDX-License-Identifier: Apache-2.0 */
/* oaep.c - see oaep.h.
 *
 * The encoding is made here because libraries draw the seed themselves, and nothing below attest/ may draw one. */
#include "attest/sig/oaep.h"

#include <gmp.h>
#include <nettle/bignum.h>
#include <string.h>

#include "attest/base/sec.h"
#include "attest/sig/rsa.h"

static void
number_done(mpz_t *n)
{
    size_t limbs = mpz_size(*n);

    sec_zero(mpz_limbs_modify(*n, (mp_size_t)limbs), limbs * sizeof(mp_limb_t));
    mpz_clear(*n);
}

/* An encoded message on its way; wiped at the end. */
struct encoded {
    uint8_t em[SIG_NUMBER_MAX];
};

static void
encoded_done(struct encoded *e)
{
    sec_zero(e, sizeof *e);
}

/* EME-OAEP (section 7.1.1, step 2): 00, masked seed, masked data block. */
static enum err
encode(const struct oaep *in, size_t len, uint8_t *em, struct why *why)
{
    size_t h_len = hash_len(in->hash_alg);
    uint8_t *seed = em + 1;
    uint8_t *db = seed + h_len;
    size_t db_len = len - h_len - 1;
    uint8_t l_hash[HASH_MAX];

    TRY(hash_parts(in->hash_alg, &in->label, 1, l_hash, why));
    memset(em, 0, len);
    memcpy(db, l_hash, h_len);
    db[db_len - in->message.len - 1] = 1;
    memcpy(db + (db_len - in->message.len), in->message.ptr, in->message.len);
    memcpy(seed, in->seed.ptr, h_len);
    TRY(rsa_mask(in->hash_alg, in->seed, db, db_len, why));
    return rsa_mask(in->hash_alg, (struct slice){db, db_len}, seed, h_len, why);
}

/* RSAEP (section 5.1.1), without a branch on the message. */
static void
power(const struct sig_key *k, const uint8_t *em, uint8_t *out)
{
    const mp_limb_t exponent = k->exponent;
    AUTO(number_done) mpz_t n;
    AUTO(number_done) mpz_t m;
    mpz_t e; /* borrows the limb above */

    (void)mpz_roinit_n(e, &exponent, 1);
    nettle_mpz_init_set_str_256_u(n, k->len, k->number);
    nettle_mpz_init_set_str_256_u(m, k->len,
                                  em); /* below n: its first byte is 0, the modulus's is not */
    mpz_powm_sec(m, m, e, n);
    nettle_mpz_get_str_256(k->len, out, m);
}

enum err
oaep_encrypt(const struct sig_key *k, const struct oaep *in, uint8_t *out, struct why *why)
{
    size_t h_len = hash_len(in->hash_alg);
    AUTO(encoded_done) struct encoded e;

    if (k->type != KEY_RSA || h_len == 0) {
        return why_add(why, ERR_DENIED, "OAEP: not an RSA key, or an unknown hash");
    }
    if (in->seed.len != h_len) {
        return why_add(why, ERR_BUG, "OAEP: a seed of %zu bytes, want %zu", in->seed.len, h_len);
    }
    if (k->len < 2 * h_len + 2 || in->message.len > k->len - 2 * h_len - 2) {
        return why_add(why, ERR_LIMIT, "OAEP: %zu bytes do not fit into RSA %zu", in->message.len,
                       k->bits);
    }
    TRY(encode(in, k->len, e.em, why));
    power(k, e.em, out);
    return ERR_OK;
}
