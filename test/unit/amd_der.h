/* SPDX-License-Identifier: Apache-2.0 */
/* amd_der.h - DER by hand, and a throw-away AMD's keys, names and signatures, for amd_desk.h.
 *
 * Sources: X.690; RFC 4055 section 3.1; AMD 57230. */
#ifndef TEST_UNIT_AMD_DER_H
#define TEST_UNIT_AMD_DER_H

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/snp/snp.h"
#include "test/unit/amd_keys.h"

enum { AMD_DER = 8192 };

static inline void
amd_must(bool good)
{
    if (!good) {
        abort();
    }
}

/* ---- bytes ---- */

struct amd_der {
    uint8_t b[AMD_DER];
    size_t n;
};

static inline struct slice
amd_slice(const struct amd_der *d)
{
    return (struct slice){d->b, d->n};
}

static inline void
amd_put(struct amd_der *d, const void *bytes, size_t n)
{
    amd_must(d->n + n <= sizeof d->b);
    memcpy(d->b + d->n, bytes, n);
    d->n += n;
}

/* What was put since `from` becomes the contents of an element. */
static inline void
amd_wrap(struct amd_der *d, size_t from, uint8_t tag)
{
    size_t len = d->n - from;
    const uint8_t head[] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    const uint8_t mid[] = {tag, 0x81, (uint8_t)len};
    const uint8_t small[] = {tag, (uint8_t)len};
    const uint8_t *h = len < 0x80 ? small : len < 0x100 ? mid : head;
    size_t n = len < 0x80 ? sizeof small : len < 0x100 ? sizeof mid : sizeof head;

    amd_must(d->n + n <= sizeof d->b && len <= 0xffff);
    memmove(d->b + from + n, d->b + from, len);
    memcpy(d->b + from, h, n);
    d->n += n;
}

static inline void
amd_tlv(struct amd_der *d, uint8_t tag, const void *bytes, size_t n)
{
    size_t from = d->n;

    amd_put(d, bytes, n);
    amd_wrap(d, from, tag);
}

static inline void
amd_integer(struct amd_der *d, uint64_t v)
{
    uint8_t b[9] = {0};
    size_t at = 8;

    for (size_t i = 0; i < 8; i++) {
        b[8 - i] = (uint8_t)(v >> 8 * i);
    }
    while (at > 0 && (v >> 8 * (8 - at) != 0)) {
        at--;
    }
    at = v == 0 ? 8 : at + 1;
    at -= b[at] >= 0x80;
    amd_tlv(d, 0x02, b + at, sizeof b - at);
}

static inline void
amd_time(struct amd_der *d, int64_t unix_s)
{
    const time_t t = (time_t)unix_s;
    char text[16];
    struct tm tm;

    amd_must(gmtime_r(&t, &tm) != NULL && strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm) == 15);
    amd_tlv(d, 0x17, text + 2, 13); /* UTCTime: no test is later than 2049 */
}

/* ---- keys ---- */

enum amd_key { AMD_ARK, AMD_ASK, AMD_ASVK };

static inline EVP_PKEY *
amd_key(enum amd_key which)
{
    static EVP_PKEY *made[3];
    static const char *const TEXT[] = {AMD_KEY_ARK, AMD_KEY_ASK, AMD_KEY_ASVK};
    static uint8_t der[4096];

    if (made[which] == NULL) {
        int n = EVP_DecodeBlock(der, (const uint8_t *)TEXT[which], (int)strlen(TEXT[which]));
        const uint8_t *at = der;

        amd_must(n > 0);
        made[which] = d2i_AutoPrivateKey(NULL, &at, n);
        amd_must(made[which] != NULL);
    }
    return made[which];
}

/* ---- the signature ---- */

enum amd_scheme { AMD_OLD, AMD_NEW, AMD_SALT32, AMD_MGF256, AMD_HASH256, AMD_PKCS1 };

struct amd_pss {
    bool trailer;
    uint8_t hash, mgf; /* last byte of the OBJECT IDENTIFIER: 1 SHA-256, 2 SHA-384 */
    uint8_t salt;
};

static inline struct amd_pss
amd_pss(enum amd_scheme s)
{
    static const struct amd_pss ROWS[] = {
        [AMD_OLD] = {true, 2, 2, 48},     [AMD_NEW] = {false, 2, 2, 48},
        [AMD_SALT32] = {true, 2, 2, 32},  [AMD_MGF256] = {true, 2, 1, 48},
        [AMD_HASH256] = {true, 1, 2, 48}, [AMD_PKCS1] = {false, 2, 2, 48},
    };

    return ROWS[s];
}

static inline void
amd_hash_id(struct amd_der *d, uint8_t which)
{
    const uint8_t id[] = {0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, which, 5, 0};

    amd_tlv(d, 0x30, id, sizeof id);
}

static inline void
amd_algorithm(struct amd_der *d, enum amd_scheme s)
{
    static const uint8_t PSS[] = {0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10};
    static const uint8_t MGF[] = {0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8};
    static const uint8_t RSA384[] = {0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86,
                                     0xf7, 13, 1,    1, 12,   5,    0};
    const struct amd_pss p = amd_pss(s);
    size_t outer = d->n;

    if (s == AMD_PKCS1) {
        amd_put(d, RSA384, sizeof RSA384);
        return;
    }
    amd_put(d, PSS, sizeof PSS);

    size_t params = d->n;

    amd_hash_id(d, p.hash);
    amd_wrap(d, params, 0xa0);

    size_t mask = d->n;

    amd_put(d, MGF, sizeof MGF);
    amd_hash_id(d, p.mgf);
    amd_wrap(d, mask, 0x30);
    amd_wrap(d, mask, 0xa1);

    const uint8_t salt[] = {0xa2, 3, 2, 1, p.salt};
    static const uint8_t TRAILER[] = {0xa3, 3, 2, 1, 1};

    amd_put(d, salt, sizeof salt);
    amd_put(d, TRAILER, p.trailer ? sizeof TRAILER : 0);
    amd_wrap(d, params, 0x30);
    amd_wrap(d, outer, 0x30);
}

static inline const EVP_MD *
amd_md(uint8_t which)
{
    return which == 1 ? EVP_sha256() : EVP_sha384();
}

/* The signature over d from `from` on, as a BIT STRING behind it, after the algorithm `says`; then all of it wrapped. */
static inline void
amd_seal(struct amd_der *d, enum amd_scheme says, enum amd_scheme does, EVP_PKEY *key)
{
    const struct amd_pss p = amd_pss(does);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    uint8_t sig[1 + 512] = {0};
    size_t len = sizeof sig - 1;

    amd_must(EVP_DigestSignInit(ctx, &how, amd_md(p.hash), NULL, key) == 1);
    if (does != AMD_PKCS1) {
        amd_must(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(how, p.salt) == 1 &&
                 EVP_PKEY_CTX_set_rsa_mgf1_md(how, amd_md(p.mgf)) == 1);
    }
    amd_must(EVP_DigestSign(ctx, sig + 1, &len, d->b, d->n) == 1);
    EVP_MD_CTX_free(ctx);
    amd_algorithm(d, says);
    amd_tlv(d, 0x03, sig, 1 + len);
    amd_wrap(d, 0, 0x30);
}

/* ---- names ---- */

static inline void
amd_attribute(struct amd_der *d, uint8_t type, uint8_t tag, const char *text)
{
    const uint8_t oid[] = {0x06, 3, 0x55, 4, type};
    size_t from = d->n;

    amd_put(d, oid, sizeof oid);
    amd_tlv(d, tag, text, strlen(text));
    amd_wrap(d, from, 0x30);
    amd_wrap(d, from, 0x31);
}

struct amd_name {
    const char *cn;           /* NULL: none */
    const char *organization; /* NULL: AMD's */
    bool cn_twice, short_one; /* short_one: nothing but the CN */
};

static inline void
amd_name(struct amd_der *d, const struct amd_name *n)
{
    size_t from = d->n;

    if (!n->short_one) {
        amd_attribute(d, 11, 0x0c, "Engineering");
        amd_attribute(d, 6, 0x13, "US");
        amd_attribute(d, 7, 0x0c, "Santa Clara");
        amd_attribute(d, 8, 0x0c, "CA");
        amd_attribute(d, 10, 0x0c,
                      n->organization != NULL ? n->organization : "Advanced Micro Devices");
    }
    for (int i = 0; n->cn != NULL && i < 1 + n->cn_twice; i++) {
        amd_attribute(d, 3, 0x0c, n->cn);
    }
    amd_wrap(d, from, 0x30);
}

static inline const char *
amd_ca_cn(enum snp_product product, enum amd_key role)
{
    static const char *const CN[SNP_PRODUCTS][3] = {
        [SNP_MILAN] = {"ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan"},
        [SNP_GENOA] = {"ARK-Genoa", "SEV-Genoa", "SEV-VLEK-Genoa"},
        [SNP_TURIN] = {"ARK-Turin", "SEV-Turin", "SEV-VLEK-Turin"},
    };

    return CN[product][role];
}

#endif
