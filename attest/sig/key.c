/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - public keys from their numbers; see sig.h.  Weak keys and points off the curve are refused here, once. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#include "attest/sig/curve.h"

enum {
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 8192,
    RSA_E_MIN = 65537,
    ED25519_LEN = 32,
    SPKI_MAX = RSA_BITS_MAX / 8 + 64, /* an RSA key has the longest */
};

void
sig_key_done(struct sig_key *k)
{
    EVP_PKEY_free(k->handle);
    *k = (struct sig_key){0};
}

bool
sig_key_share(const struct sig_key *k, struct sig_key *out)
{
    if (k->handle == NULL || EVP_PKEY_up_ref(k->handle) != 1) {
        return false;
    }
    *out = *k;
    return true;
}

static void
maker_free(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static void
number_free(BIGNUM **n)
{
    BN_free(*n);
}

static void
builder_free(OSSL_PARAM_BLD **b)
{
    OSSL_PARAM_BLD_free(*b);
}

static void
params_free(OSSL_PARAM **p)
{
    OSSL_PARAM_free(*p);
}

/* NULL when the library refuses the parameters; for EC that includes a point that is not on the curve. */
static EVP_PKEY *
make(const char *type, OSSL_PARAM *params)
{
    AUTO(maker_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        ERR_clear_error();
        return NULL;
    }
    return key;
}

enum err
sig_key_ec(enum sig_curve curve, struct slice x, struct slice y, struct sig_key *out,
           struct why *why)
{
    const struct curve_facts *facts = curve_facts(curve);
    uint8_t point[1 + 2 * FIELD_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[8] = {0};

    if (facts == NULL) {
        return why_add(why, ERR_DENIED, "EC key: curve is not accepted");
    }
    if (x.len != facts->len || y.len != facts->len) {
        return why_add(why, ERR_MALFORMED, "EC key: x of %zu and y of %zu bytes, want %zu", x.len,
                       y.len, facts->len);
    }
    memcpy(point + 1, x.ptr, x.len);
    memcpy(point + 1 + x.len, y.ptr, y.len);
    memcpy(group, facts->group, strlen(facts->group)); /* the library's parameters are not const */

    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * facts->len),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = make("EC", params);

    if (key == NULL) {
        return why_add(why, ERR_DENIED, "EC key: point is not on %s", facts->group);
    }
    *out = (struct sig_key){.type = KEY_EC, .curve = curve, .handle = key};
    return ERR_OK;
}

static EVP_PKEY *
make_rsa(const BIGNUM *n, const BIGNUM *e)
{
    AUTO(builder_free) OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    AUTO(params_free) OSSL_PARAM *params = NULL;

    if (b == NULL || OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) != 1) {
        return NULL;
    }
    params = OSSL_PARAM_BLD_to_param(b);
    return params == NULL ? NULL : make("RSA", params);
}

enum err
sig_key_rsa(struct slice n, uint64_t e, struct sig_key *out, struct why *why)
{
    AUTO(number_free) BIGNUM *modulus = NULL;
    AUTO(number_free) BIGNUM *exponent = NULL;

    if (n.len == 0 || n.len > RSA_BITS_MAX / 8 || n.ptr[0] == 0) {
        return why_add(why, ERR_MALFORMED,
                       "RSA key: modulus of %zu bytes, or with a leading zero; want at most %d",
                       n.len, RSA_BITS_MAX / 8);
    }
    if (e < RSA_E_MIN || e % 2 == 0) {
        return why_add(why, ERR_DENIED, "RSA key: exponent %llu, want odd and at least %d",
                       (unsigned long long)e, RSA_E_MIN);
    }
    if (n.ptr[n.len - 1] % 2 == 0) {
        return why_add(why, ERR_DENIED, "RSA key: modulus is even");
    }

    const uint8_t e_bytes[8] = {(uint8_t)(e >> 56), (uint8_t)(e >> 48), (uint8_t)(e >> 40),
                                (uint8_t)(e >> 32), (uint8_t)(e >> 24), (uint8_t)(e >> 16),
                                (uint8_t)(e >> 8),  (uint8_t)e};

    modulus = BN_bin2bn(n.ptr, (int)n.len, NULL);
    exponent = BN_bin2bn(e_bytes, sizeof e_bytes, NULL);
    if (modulus == NULL || exponent == NULL) {
        return why_add(why, ERR_UNABLE, "RSA key: out of memory");
    }
    if (BN_num_bits(modulus) < RSA_BITS_MIN) {
        return why_add(why, ERR_DENIED, "RSA key: %d bits, want at least %d", BN_num_bits(modulus),
                       RSA_BITS_MIN);
    }

    EVP_PKEY *key = make_rsa(modulus, exponent);

    if (key == NULL) {
        return why_add(why, ERR_UNABLE, "RSA key: the library did not take it");
    }
    *out = (struct sig_key){.type = KEY_RSA, .bits = (size_t)BN_num_bits(modulus), .handle = key};
    return ERR_OK;
}

enum err
sig_key_ed25519(struct slice raw, struct sig_key *out, struct why *why)
{
    if (raw.len != ED25519_LEN) {
        return why_add(why, ERR_MALFORMED, "Ed25519 key: %zu bytes, want %d", raw.len, ED25519_LEN);
    }

    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, raw.ptr, raw.len);

    if (key == NULL) {
        ERR_clear_error();
        return why_add(why, ERR_UNABLE, "Ed25519 key: the library did not take it");
    }
    *out = (struct sig_key){.type = KEY_ED25519, .handle = key};
    return ERR_OK;
}

enum err
sig_key_digest(const struct sig_key *k, uint8_t out[SHA256_LEN], struct why *why)
{
    uint8_t der[SPKI_MAX];
    uint8_t *end = der;
    int len = k->handle == NULL ? 0 : i2d_PUBKEY(k->handle, NULL);

    if (len <= 0 || (size_t)len > sizeof der || i2d_PUBKEY(k->handle, &end) != len) {
        ERR_clear_error();
        return why_add(why, ERR_UNABLE, "key cannot be encoded");
    }
    hash_sha256((struct slice){der, (size_t)len}, out);
    return ERR_OK;
}

bool
sig_key_same(const struct sig_key *a, const struct sig_key *b)
{
    bool comparable = a->handle != NULL && b->handle != NULL && a->type == b->type;
    bool same = comparable && EVP_PKEY_eq(a->handle, b->handle) == 1;

    ERR_clear_error();
    return same;
}
