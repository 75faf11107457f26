/* SPDX-License-Identifier: Apache-2.0 */
/* sig_peer.h - one signature, judged by ours and by OpenSSL, for tests that want both to say the same. */
#ifndef TEST_UNIT_SIG_PEER_H
#define TEST_UNIT_SIG_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "attest/sig/sig.h"

enum { SIG_MAX = 1024, MSG_LEN = 40, FIELD = 48 };

/* A key that signs, and what ours makes of its public half. */
struct peer {
    EVP_PKEY *priv;
    struct sig_key pub;
};

/* One question to both. */
struct ask {
    enum sig_scheme scheme;
    const EVP_MD *md;
    unsigned hash;
    int salt; /* PSS: bytes, or RSA_PSS_SALTLEN_AUTO */
    uint8_t msg[MSG_LEN];
    uint8_t sig[SIG_MAX];
    size_t len;
};

struct count {
    size_t accepted, refused;
};

static const struct {
    const EVP_MD *(*md)(void);
    unsigned hash;
    int len;
} HASHES[] = {
    {EVP_sha256, HASH_SHA256, 32}, {EVP_sha384, HASH_SHA384, 48}, {EVP_sha512, HASH_SHA512, 64}};

static inline void
peer_done(struct peer *p)
{
    EVP_PKEY_free(p->priv);
    sig_key_done(&p->pub);
}

/* Mutations are the same in every run. */
static inline uint32_t
dice(uint32_t *state, uint32_t sides)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)*state * sides >> 32);
}

/* Ours from OpenSSL's encoding, which ours must write again. */
static inline struct peer
peer_make(EVP_PKEY *priv)
{
    struct peer p = {.priv = priv};
    uint8_t der[SIG_SPKI_MAX];
    uint8_t again[SIG_SPKI_MAX];
    uint8_t *at = der;
    struct wr w = wr_init(again, sizeof again, "again");
    struct why why = {0};

    assert_non_null(priv);
    assert_in_range(i2d_PUBKEY(priv, NULL), 1, sizeof der);

    const struct slice spki = {der, (size_t)i2d_PUBKEY(priv, &at)};

    assert_int_equal(sig_key_spki(spki, &p.pub, &why), ERR_OK);
    assert_int_equal(sig_key_write(&p.pub, &w, &why), ERR_OK);
    assert_true(slice_same(wr_done(&w), spki));
    return p;
}

/* `sig` in OpenSSL's form: ECDSA as DER. */
static inline size_t
their_form(const struct ask *a, uint8_t out[SIG_MAX])
{
    ECDSA_SIG *rs = NULL;
    int len = 0;

    if (a->scheme != SCHEME_ECDSA) {
        memcpy(out, a->sig, a->len);
        return a->len;
    }
    rs = ECDSA_SIG_new();
    assert_int_equal(
        ECDSA_SIG_set0(rs, BN_bin2bn(a->sig, FIELD, NULL), BN_bin2bn(a->sig + FIELD, FIELD, NULL)),
        1);
    len = i2d_ECDSA_SIG(rs, &out);
    ECDSA_SIG_free(rs);
    assert_true(len > 0);
    return (size_t)len;
}

static inline bool
theirs(const struct peer *p, const struct ask *a)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = NULL;
    uint8_t sig[SIG_MAX];
    size_t len = their_form(a, sig);
    bool good = false;

    assert_int_equal(EVP_DigestVerifyInit(ctx, &key, a->md, NULL, p->priv), 1);
    if (a->scheme == SCHEME_RSAPSS) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key, a->salt), 1);
    }
    good = EVP_DigestVerify(ctx, sig, len, a->msg, sizeof a->msg) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static inline enum err
ours(const struct peer *p, const struct ask *a, struct why *why)
{
    const struct slice msg = {a->msg, sizeof a->msg};
    const struct slice sig = {a->sig, a->len};

    if (a->scheme == SCHEME_RSAPSS && a->salt >= 0) {
        return sig_verify_pss(&p->pub, a->hash, (size_t)a->salt, msg, sig, why);
    }
    return sig_verify(&p->pub, a->scheme, a->hash, msg, sig, why);
}

static inline void
agree(const struct peer *p, const struct ask *a, struct count *n)
{
    struct why why = {0};
    enum err got = ours(p, a, &why);
    bool want = theirs(p, a);

    if ((got == ERR_OK) != want || (got != ERR_OK && got != ERR_DENIED && got != ERR_MALFORMED)) {
        fail_msg("scheme %d hash 0x%x salt %d: ours %d (%s), theirs %d", (int)a->scheme, a->hash,
                 a->salt, (int)got, why_text(&why), want);
    }
    n->accepted += want;
    n->refused += !want;
}

#endif
