/* SPDX-License-Identifier: Apache-2.0 */
/* rsa.c - see rsa.h.
 *
 * The power is GMP's, the two encodings are checked here: each is what the RFC describes, to the last bit, or the signature
 * is refused.  Nothing secret is handled, so nothing here runs in constant time. */
#include "attest/sig/rsa.h"

#include <gmp.h>
#include <nettle/bignum.h>
#include <string.h>

#include "attest/base/rd.h"

enum {
    PKCS1_TYPE = 0x01,
    PSS_TRAILER = 0xbc,
    PSS_ZEROS = 8,
    PREFIX_LEN = 19,
};

/* DigestInfo up to the digest (section 9.2, note 1). */
static const uint8_t PREFIX_SHA256[PREFIX_LEN] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                  0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                  0x01, 0x05, 0x00, 0x04, 0x20};
static const uint8_t PREFIX_SHA384[PREFIX_LEN] = {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                  0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                  0x02, 0x05, 0x00, 0x04, 0x30};
static const uint8_t PREFIX_SHA512[PREFIX_LEN] = {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                  0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                  0x03, 0x05, 0x00, 0x04, 0x40};

static enum err
refused(struct why *why)
{
    return why_add(why, ERR_DENIED, "signature does not verify");
}

static void
number_done(mpz_t *n)
{
    mpz_clear(*n);
}

/* RSAVP1 (section 5.2.2) and I2OSP to the length of the modulus; false when the signature is not below it. */
static bool
open_signature(const struct sig_key *k, struct slice sig, uint8_t em[SIG_NUMBER_MAX])
{
    const mp_limb_t exponent = k->exponent;
    AUTO(number_done) mpz_t n;
    AUTO(number_done) mpz_t s;
    mpz_t e; /* borrows the limb above */

    _Static_assert(GMP_NUMB_BITS == 64, "an exponent is one limb");
    (void)mpz_roinit_n(e, &exponent, 1);
    nettle_mpz_init_set_str_256_u(n, k->len, k->number);
    nettle_mpz_init_set_str_256_u(s, sig.len, sig.ptr);
    if (mpz_cmp(s, n) >= 0) {
        return false;
    }
    mpz_powm(s, s, e, n); /* the modulus is odd: sig_key_rsa() */
    nettle_mpz_get_str_256(k->len, em, s);
    return true;
}

static const uint8_t *
prefix_of(unsigned hash_alg)
{
    switch (hash_alg) {
    case HASH_SHA256: return PREFIX_SHA256;
    case HASH_SHA384: return PREFIX_SHA384;
    case HASH_SHA512: return PREFIX_SHA512;
    default: return NULL;
    }
}

enum err
rsa_verify_pkcs1(const struct sig_key *k, unsigned hash_alg, struct slice msg, struct slice sig,
                 struct why *why)
{
    const uint8_t *prefix = prefix_of(hash_alg);
    size_t digest_len = hash_len(hash_alg);
    uint8_t em[SIG_NUMBER_MAX];
    uint8_t want[SIG_NUMBER_MAX];
    uint8_t digest[HASH_MAX];
    struct wr w = wr_init(want, k->len, "EMSA-PKCS1-v1_5");

    TRY(hash_parts(hash_alg, &msg, 1, digest, why));
    if (prefix == NULL || !open_signature(k, sig, em)) {
        return refused(why);
    }
    wr_be16(&w, PKCS1_TYPE);
    while (w.len + 1 + PREFIX_LEN + digest_len < k->len) {
        wr_u8(&w, 0xff);
    }
    wr_u8(&w, 0);
    wr_bytes(&w, (struct slice){prefix, PREFIX_LEN});
    wr_bytes(&w, (struct slice){digest, digest_len});
    TRY(wr_end(&w, why));
    return slice_same(wr_done(&w), (struct slice){em, k->len}) ? ERR_OK : refused(why);
}

enum err
rsa_mask(unsigned hash_alg, struct slice seed, uint8_t *block, size_t len, struct why *why)
{
    size_t step = hash_len(hash_alg);
    enum err err = ERR_OK;

    for (size_t at = 0; err == ERR_OK && at < len; at += step) {
        const uint8_t counter[4] = {0, 0, 0, (uint8_t)(at / step)}; /* fewer than 256 blocks */
        const struct slice parts[] = {seed, {counter, sizeof counter}};
        uint8_t mask[HASH_MAX];

        err = hash_parts(hash_alg, parts, 2, mask, why);
        for (size_t i = 0; err == ERR_OK && i < step && at + i < len; i++) {
            block[at + i] ^= mask[i];
        }
    }
    return err;
}

/* What is left of an encoded message (section 9.1.2). */
struct pss {
    struct slice masked_db, h;
    unsigned free_bits; /* at the top of the data block, that are not used */
};

/* Steps 4 and 6; false when a fixed bit is not as it must be. */
static bool
pss_split(const struct sig_key *k, unsigned hash_alg, const uint8_t *em, struct pss *out)
{
    struct rd r = rd_init((struct slice){em, k->len}, "EMSA-PSS");
    size_t h_len = hash_len(hash_alg);
    unsigned top = (unsigned)((k->bits - 1) % 8); /* bits in the first byte of the encoding */
    struct why unused = {0};

    if (top == 0) {
        rd_zero(&r, "first", 1);
    }
    out->free_bits = top == 0 ? 0 : 8 - top;
    out->masked_db = rd_bytes(&r, "maskedDB", rd_left(&r) - h_len - 1);
    out->h = rd_bytes(&r, "H", h_len);

    bool trailer = rd_u8(&r, "trailer") == PSS_TRAILER;

    return rd_end(&r, &unused) == ERR_OK && trailer &&
           (out->masked_db.ptr[0] & ~(0xffu >> out->free_bits)) == 0;
}

/* Steps 9 to 11: zeros, a one, the salt. */
static bool
pss_salt(const struct pss *p, uint8_t *db, size_t salt_len, struct slice *salt)
{
    size_t at = 0;

    db[0] &= (uint8_t)(0xffu >> p->free_bits);
    while (at < p->masked_db.len && db[at] == 0) {
        at++;
    }
    if (at == p->masked_db.len || db[at] != 1) {
        return false;
    }
    *salt = (struct slice){db + at + 1, p->masked_db.len - at - 1};
    return salt_len == RSA_SALT_ANY || salt->len == salt_len;
}

enum err
rsa_verify_pss(const struct sig_key *k, unsigned hash_alg, size_t salt_len, struct slice msg,
               struct slice sig, struct why *why)
{
    static const uint8_t ZEROS[PSS_ZEROS] = {0};
    uint8_t em[SIG_NUMBER_MAX];
    uint8_t db[SIG_NUMBER_MAX];
    uint8_t digest[HASH_MAX];
    uint8_t h[HASH_MAX];
    struct slice salt;
    struct pss p;

    TRY(hash_parts(hash_alg, &msg, 1, digest, why));
    if (!open_signature(k, sig, em) || !pss_split(k, hash_alg, em, &p)) {
        return refused(why);
    }
    memcpy(db, p.masked_db.ptr, p.masked_db.len);
    TRY(rsa_mask(hash_alg, p.h, db, p.masked_db.len, why));
    if (!pss_salt(&p, db, salt_len, &salt)) {
        return refused(why);
    }

    const struct slice parts[] = {{ZEROS, sizeof ZEROS}, {digest, p.h.len}, salt};

    TRY(hash_parts(hash_alg, parts, 3, h, why));
    return slice_same((struct slice){h, p.h.len}, p.h) ? ERR_OK : refused(why);
}
