/* SPDX-License-Identifier: Apache-2.0 */
/* sig_desk.h - keys that OpenSSL makes and signs with, and what ours makes of their public halves. */
#ifndef TEST_UNIT_SIG_DESK_H
#define TEST_UNIT_SIG_DESK_H

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
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "attest/sig/sig.h"

enum { SIG_MAX = 1024, DER_MAX = 2048 };

static const struct slice MESSAGE = {(const uint8_t *)"message", 7};

/* A private key of the test with what ours makes of its public half. */
struct pair {
    EVP_PKEY *priv;
    struct sig_key pub;
    uint8_t spki[DER_MAX];
    size_t spki_len;
};

static inline void
pair_done(struct pair *p)
{
    EVP_PKEY_free(p->priv);
    sig_key_done(&p->pub);
}

static inline size_t
spki_of(EVP_PKEY *key, uint8_t out[DER_MAX])
{
    uint8_t *at = out;
    int len = i2d_PUBKEY(key, NULL);

    assert_true(len > 0 && len <= DER_MAX);
    assert_int_equal(i2d_PUBKEY(key, &at), len);
    return (size_t)len;
}

static inline struct pair
pair_make(EVP_PKEY *priv)
{
    struct pair p = {.priv = priv};
    struct why why = {0};

    assert_non_null(priv);
    p.spki_len = spki_of(priv, p.spki);
    assert_int_equal(sig_key_spki((struct slice){p.spki, p.spki_len}, &p.pub, &why), ERR_OK);
    return p;
}

static inline struct pair
ec_pair(const char *group)
{
    return pair_make(EVP_EC_gen(group));
}

static inline struct pair
rsa_pair(void)
{
    return pair_make(EVP_RSA_gen(2048));
}

/* RSA and Ed25519 as they come, ECDSA turned into r || s. */
static inline size_t
sign(EVP_PKEY *key, const EVP_MD *md, int padding, uint8_t out[SIG_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    uint8_t sig[SIG_MAX];
    size_t len = sizeof sig;

    assert_int_equal(EVP_DigestSignInit(ctx, &pctx, md, NULL, key), 1);
    if (padding != 0) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, padding), 1);
    }
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, MESSAGE.ptr, MESSAGE.len), 1);
    EVP_MD_CTX_free(ctx);
    memcpy(out, sig, len);
    if (EVP_PKEY_is_a(key, "EC")) {
        const uint8_t *at = sig;
        ECDSA_SIG *rs = d2i_ECDSA_SIG(NULL, &at, (long)len);
        int field = (EVP_PKEY_get_bits(key) + 7) / 8;

        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(rs), out, field), field);
        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(rs), out + field, field), field);
        ECDSA_SIG_free(rs);
        len = 2 * (size_t)field;
    }
    return len;
}

static inline enum err
verify(const struct sig_key *k, enum sig_scheme scheme, unsigned hash, const uint8_t *sig,
       size_t len)
{
    struct why why = {0};
    enum err err = sig_verify(k, scheme, hash, MESSAGE, (struct slice){sig, len}, &why);

    assert_int_equal(why.n > 0, err != ERR_OK);
    return err;
}

#endif
