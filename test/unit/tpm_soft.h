/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_soft.h - a TPM's signing key in software: makes TPMT_PUBLIC, TPMS_ATTEST and TPMT_SIGNATURE
 * by hand, right or wrong in any one field.  It shares no code with the decoders but the writer,
 * and computes digests and Names with OpenSSL, so that it can disagree with them.
 *
 * Source: TPM 2.0 Library Part 2 sections 10.12.12, 11.3.4, 12.2.4. */
#ifndef TEST_UNIT_TPM_SOFT_H
#define TEST_UNIT_TPM_SOFT_H

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "attest/base/wr.h"
#include "attest/tpm/tpm.h"

enum soft_kind { SOFT_RSASSA, SOFT_RSAPSS, SOFT_P256, SOFT_P384, SOFT_KINDS };

enum { SOFT_MAX = 1200, SOFT_BANKS = 6, SOFT_FIELD_MAX = 48, SOFT_NULL = 0x0010 };

struct soft_bytes {
    uint8_t at[SOFT_MAX];
    size_t len;
};

/* Everything that a test may want otherwise is a field; soft_ak_open() sets what is right. */
struct soft_ak {
    EVP_PKEY *key; /* owned */
    size_t policy_len;
    size_t extra_len; /* zero bytes after it */
    enum soft_kind kind;
    uint32_t attributes, exponent;
    uint16_t type, name_alg, scheme, scheme_hash, symmetric, kdf, key_bits, curve;
    bool off_curve; /* write y with its last bit turned */
    bool wrap;      /* TPM2B_PUBLIC */
};

struct soft_select {
    uint16_t bank;
    uint8_t size;
    uint32_t mask;
};

struct soft_quote {
    uint32_t magic;
    uint16_t type;
    uint32_t handle; /* of the hierarchy that the AK is a primary key of; 0: some other parent */
    struct slice parent_qualified; /* when not empty: of the AK's parent */
    uint8_t extra[TPM_NAME_MAX];
    size_t extra_len;
    uint64_t clock, firmware;
    uint32_t reset, restart;
    uint8_t safe;
    struct soft_select select[SOFT_BANKS];
    size_t select_n;
    struct tpm_pcr pcr[TPM_PCR_VALUES_MAX]; /* the machine's: looked up by the selection */
    size_t pcr_n;
    uint16_t sign_scheme, sign_hash; /* what TPMT_SIGNATURE says, and what is done */
    bool digest_short;               /* leave out the last byte of pcrDigest */
};

static inline const EVP_MD *
soft_md(unsigned alg)
{
    return alg == HASH_SHA1     ? EVP_sha1()
           : alg == HASH_SHA384 ? EVP_sha384()
           : alg == HASH_SHA512 ? EVP_sha512()
                                : EVP_sha256();
}

static inline size_t
soft_hash(unsigned alg, const uint8_t *in, size_t len, uint8_t *out)
{
    unsigned n = 0;
    int ok = EVP_Digest(in, len, out, &n, soft_md(alg), NULL);

    assert(ok == 1);
    (void)ok;
    return n;
}

static inline void
soft_ak_open(enum soft_kind kind, struct soft_ak *ak)
{
    bool rsa = kind == SOFT_RSASSA || kind == SOFT_RSAPSS;
    bool p384 = kind == SOFT_P384;

    *ak = (struct soft_ak){
        .key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen(p384 ? "P-384" : "P-256"),
        .kind = kind,
        .type = rsa ? 0x0001 : 0x0023,
        .name_alg = HASH_SHA256,
        .scheme = kind == SOFT_RSASSA   ? 0x0014
                  : kind == SOFT_RSAPSS ? 0x0016
                                        : 0x0018,
        .scheme_hash = p384 ? HASH_SHA384 : HASH_SHA256,
        .symmetric = SOFT_NULL,
        .kdf = SOFT_NULL,
        .key_bits = 2048,
        .curve = p384 ? 0x0004 : 0x0003,
        .attributes = 0x00050072,
    };
    assert(ak->key != NULL);
}

static inline void
soft_ak_done(struct soft_ak *ak)
{
    EVP_PKEY_free(ak->key);
    ak->key = NULL;
}

/* A number of the key as big-endian bytes of this length. */
static inline void
soft_number(const struct soft_ak *ak, const char *name, uint8_t *dst, size_t len)
{
    BIGNUM *n = NULL;
    int ok = EVP_PKEY_get_bn_param(ak->key, name, &n);
    int put = BN_bn2binpad(n, dst, (int)len);

    assert(ok == 1 && put == (int)len);
    (void)ok;
    (void)put;
    BN_free(n);
}

static inline void
soft_sized(struct wr *w, const uint8_t *at, size_t len)
{
    wr_be16(w, (uint16_t)len);
    wr_bytes(w, (struct slice){at, len});
}

static inline void
soft_alg(struct wr *w, uint16_t alg, uint16_t hash)
{
    wr_be16(w, alg);
    if (alg != SOFT_NULL) {
        wr_be16(w, hash);
    }
}

static inline void
soft_cipher(struct wr *w, uint16_t alg)
{
    wr_be16(w, alg);
    if (alg != SOFT_NULL) {
        wr_be16(w, 128);
        wr_be16(w, 0x0043); /* CFB */
    }
}

static inline void
soft_rsa_parms(const struct soft_ak *ak, struct wr *w)
{
    size_t len = (size_t)EVP_PKEY_get_bits(ak->key) / 8;
    uint8_t n[512];

    wr_be16(w, ak->key_bits);
    wr_be32(w, ak->exponent);
    soft_number(ak, OSSL_PKEY_PARAM_RSA_N, n, len);
    soft_sized(w, n, len);
}

static inline void
soft_ecc_parms(const struct soft_ak *ak, struct wr *w)
{
    size_t len = ak->kind == SOFT_P384 ? 48 : 32;
    uint8_t x[SOFT_FIELD_MAX];
    uint8_t y[SOFT_FIELD_MAX];

    wr_be16(w, ak->curve);
    soft_alg(w, ak->kdf, HASH_SHA256);
    soft_number(ak, OSSL_PKEY_PARAM_EC_PUB_X, x, len);
    soft_number(ak, OSSL_PKEY_PARAM_EC_PUB_Y, y, len);
    y[len - 1] ^= ak->off_curve ? 1 : 0;
    soft_sized(w, x, len);
    soft_sized(w, y, len);
}

/* TPMT_PUBLIC, without what `wrap` and `extra_len` ask for. */
static inline void
soft_area(const struct soft_ak *ak, struct soft_bytes *out)
{
    static const uint8_t POLICY[HASH_MAX] = {1, 2, 3};
    struct wr w = wr_init(out->at, sizeof out->at, "area");

    wr_be16(&w, ak->type);
    wr_be16(&w, ak->name_alg);
    wr_be32(&w, ak->attributes);
    soft_sized(&w, POLICY, ak->policy_len);
    soft_cipher(&w, ak->symmetric);
    soft_alg(&w, ak->scheme, ak->scheme_hash);
    if (ak->type == 0x0001) {
        soft_rsa_parms(ak, &w);
    } else {
        soft_ecc_parms(ak, &w);
    }
    assert(!w.full);
    out->len = w.len;
}

static inline void
soft_public(const struct soft_ak *ak, struct soft_bytes *out)
{
    struct soft_bytes area;
    struct wr w = wr_init(out->at, sizeof out->at, "public");

    soft_area(ak, &area);
    if (ak->wrap) {
        wr_be16(&w, (uint16_t)area.len);
    }
    wr_bytes(&w, (struct slice){area.at, area.len});
    for (size_t i = 0; i < ak->extra_len; i++) {
        wr_u8(&w, 0);
    }
    assert(!w.full);
    out->len = w.len;
}

/* alg || H_alg(first || second) */
static inline void
soft_name_of(unsigned alg, struct slice first, struct slice second, struct soft_bytes *out)
{
    struct soft_bytes in;
    struct wr w = wr_init(in.at, sizeof in.at, "name");

    wr_bytes(&w, first);
    wr_bytes(&w, second);
    out->at[0] = (uint8_t)(alg >> 8);
    out->at[1] = (uint8_t)alg;
    out->len = 2 + soft_hash(alg, in.at, w.len, out->at + 2);
}

static inline void
soft_name(const struct soft_ak *ak, struct soft_bytes *out)
{
    struct soft_bytes area;

    soft_area(ak, &area);
    soft_name_of(ak->name_alg, (struct slice){area.at, area.len}, (struct slice){0}, out);
}

static inline void
soft_qualified(const struct soft_ak *ak, const struct soft_quote *q, struct soft_bytes *out)
{
    const uint8_t handle[4] = {(uint8_t)(q->handle >> 24), (uint8_t)(q->handle >> 16),
                               (uint8_t)(q->handle >> 8), (uint8_t)q->handle};
    struct soft_bytes name;

    soft_name(ak, &name);
    soft_name_of(ak->name_alg,
                 q->parent_qualified.len > 0 ? q->parent_qualified : (struct slice){handle, 4},
                 (struct slice){name.at, name.len}, out);
}

/* A machine whose PCR i of each bank is all i + 1. */
static inline void
soft_machine(struct soft_quote *q)
{
    static const uint16_t BANKS[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};

    q->pcr_n = 0;
    for (size_t b = 0; b < 4; b++) {
        for (size_t i = 0; i < TPM_PCRS; i++) {
            struct tpm_pcr *p = &q->pcr[q->pcr_n++];

            *p = (struct tpm_pcr){.bank = BANKS[b], .index = (uint8_t)i};
            memset(p->digest, (int)i + 1, hash_len(BANKS[b]));
        }
    }
}

/* sha256:0,1,2,7 (sha384 for P-384), the nonce 32 times 0xa5, a primary key of the endorsement
 * hierarchy. */
static inline void
soft_quote_open(const struct soft_ak *ak, struct soft_quote *q)
{
    *q = (struct soft_quote){
        .magic = 0xff544347,
        .type = 0x8018,
        .handle = 0x4000000b,
        .extra_len = 32,
        .clock = 123456,
        .firmware = 0x2019102300163636,
        .reset = 7,
        .restart = 3,
        .safe = 1,
        .select = {{ak->kind == SOFT_P384 ? HASH_SHA384 : HASH_SHA256, 3, 0x87}},
        .select_n = 1,
        .sign_scheme = ak->scheme,
        .sign_hash = ak->scheme_hash,
    };
    memset(q->extra, 0xa5, sizeof q->extra);
    soft_machine(q);
}

static inline bool
soft_selected(const struct soft_select *s, const struct tpm_pcr *p)
{
    return p->bank == s->bank && s->mask >> p->index & 1;
}

/* The machine's list is in ascending order within a bank. */
static inline void
soft_values(const struct soft_quote *q, const struct soft_select *s, struct wr *w)
{
    for (size_t i = 0; i < q->pcr_n; i++) {
        if (soft_selected(s, &q->pcr[i])) {
            wr_bytes(w, (struct slice){q->pcr[i].digest, hash_len(s->bank)});
        }
    }
}

static inline size_t
soft_digest(const struct soft_quote *q, uint8_t *out)
{
    static uint8_t values[SOFT_BANKS * TPM_PCRS * HASH_MAX];
    struct wr w = wr_init(values, sizeof values, "values");

    for (size_t i = 0; i < q->select_n; i++) {
        soft_values(q, &q->select[i], &w);
    }
    return soft_hash(q->sign_hash, values, w.len, out);
}

static inline void
soft_selects(const struct soft_quote *q, struct wr *w)
{
    wr_be32(w, (uint32_t)q->select_n);
    for (size_t i = 0; i < q->select_n; i++) {
        wr_be16(w, q->select[i].bank);
        wr_u8(w, q->select[i].size);
        for (unsigned b = 0; b < q->select[i].size; b++) {
            wr_u8(w, b < 4 ? (uint8_t)(q->select[i].mask >> 8 * b) : 0);
        }
    }
}

static inline void
soft_attest(const struct soft_ak *ak, const struct soft_quote *q, struct soft_bytes *out)
{
    struct wr w = wr_init(out->at, sizeof out->at, "attest");
    struct soft_bytes qualified;
    uint8_t digest[HASH_MAX];
    size_t digest_len = soft_digest(q, digest);

    soft_qualified(ak, q, &qualified);
    wr_be32(&w, q->magic);
    wr_be16(&w, q->type);
    soft_sized(&w, qualified.at, qualified.len);
    soft_sized(&w, q->extra, q->extra_len);
    wr_be64(&w, q->clock);
    wr_be32(&w, q->reset);
    wr_be32(&w, q->restart);
    wr_u8(&w, q->safe);
    wr_be64(&w, q->firmware);
    soft_selects(q, &w);
    soft_sized(&w, digest, digest_len - (q->digest_short ? 1 : 0));
    assert(!w.full);
    out->len = w.len;
}

static inline void
soft_ecdsa(const struct soft_ak *ak, const uint8_t *der, size_t len, struct wr *w)
{
    size_t field = ak->kind == SOFT_P384 ? 48 : 32;
    const unsigned char *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    uint8_t n[SOFT_FIELD_MAX];
    int ok = BN_bn2binpad(ECDSA_SIG_get0_r(sig), n, (int)field);

    assert(ok > 0);
    soft_sized(w, n, field);
    ok = BN_bn2binpad(ECDSA_SIG_get0_s(sig), n, (int)field);
    assert(ok > 0);
    (void)ok;
    soft_sized(w, n, field);
    ECDSA_SIG_free(sig);
}

/* The signature itself, in the library's form. */
static inline size_t
soft_sign_raw(const struct soft_ak *ak, const struct soft_quote *q, const struct soft_bytes *msg,
              uint8_t raw[SOFT_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = NULL;
    size_t len = SOFT_MAX;
    int ok = EVP_DigestSignInit(ctx, &key, soft_md(q->sign_hash), NULL, ak->key);

    if (ok == 1 && q->sign_scheme == 0x0016) {
        ok = EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING);
    }
    assert(ok == 1);
    ok = EVP_DigestSign(ctx, raw, &len, msg->at, msg->len);
    assert(ok == 1);
    (void)ok;
    EVP_MD_CTX_free(ctx);
    return len;
}

static inline void
soft_sign(const struct soft_ak *ak, const struct soft_quote *q, const struct soft_bytes *msg,
          struct soft_bytes *out)
{
    struct wr w = wr_init(out->at, sizeof out->at, "signature");
    uint8_t raw[SOFT_MAX];
    size_t len = soft_sign_raw(ak, q, msg, raw);

    wr_be16(&w, q->sign_scheme);
    wr_be16(&w, q->sign_hash);
    if (ak->type == 0x0001) {
        soft_sized(&w, raw, len);
    } else {
        soft_ecdsa(ak, raw, len, &w);
    }
    assert(!w.full);
    out->len = w.len;
}

#endif
