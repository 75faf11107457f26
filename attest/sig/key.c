/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - public keys from their numbers; see sig.h.  Weak keys and points off the curve are refused here, once. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "attest/sig/curve.h"
#include "attest/sig/p384.h"

enum {
    RSA_BITS_MIN = 2048,
    RSA_E_MIN = 65537,
    ED25519_LEN = 32,
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
    if (k->type == KEY_NONE || (k->handle != NULL && EVP_PKEY_up_ref(k->handle) != 1)) {
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

/* OpenSSL's object, which it refuses to make (NULL) of a point that is not on the curve. */
static EVP_PKEY *
make_ec(const struct curve_facts *facts, const uint8_t *xy)
{
    AUTO(maker_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    uint8_t point[1 + 2 * FIELD_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[8] = {0}; /* the library's parameters are not const */
    EVP_PKEY *key = NULL;

    memcpy(point + 1, xy, 2 * facts->len);
    memcpy(group, facts->group, strlen(facts->group));

    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * facts->len),
        OSSL_PARAM_construct_end(),
    };

    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        ERR_clear_error();
        return NULL;
    }
    return key;
}

/* The same object out of another one of its curve: setting up the curve is what takes the time.  The point is checked as well. */
static EVP_PKEY *
make_like(EVP_PKEY *like, const struct curve_facts *facts, const uint8_t *xy)
{
    uint8_t point[1 + 2 * FIELD_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    EVP_PKEY *key = EVP_PKEY_dup(like);

    memcpy(point + 1, xy, 2 * facts->len);
    if (key == NULL || EVP_PKEY_set1_encoded_public_key(key, point, 1 + 2 * facts->len) != 1) {
        ERR_clear_error();
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* P-384 needs no object of OpenSSL, which would take longer to make than the signature to verify. */
static bool
point_take(const struct curve_facts *facts, const struct sig_key *like, struct slice x,
           struct slice y, struct sig_key *k)
{
    bool lends = like != NULL && like->curve == k->curve && like->handle != NULL;

    k->len = 2 * facts->len;
    memcpy(k->number, x.ptr, x.len);
    memcpy(k->number + x.len, y.ptr, y.len);
    if (k->curve == CURVE_P384) {
        return p384_on_curve(x, y);
    }
    k->handle = lends ? make_like(like->handle, facts, k->number) : make_ec(facts, k->number);
    return k->handle != NULL;
}

enum err
sig_key_ec_like(const struct sig_key *like, enum sig_curve curve, struct slice x, struct slice y,
                struct sig_key *out, struct why *why)
{
    const struct curve_facts *facts = curve_facts(curve);
    struct sig_key k = {.type = KEY_EC, .curve = curve};

    if (facts == NULL) {
        return why_add(why, ERR_DENIED, "EC key: curve is not accepted");
    }
    if (x.len != facts->len || y.len != facts->len) {
        return why_add(why, ERR_MALFORMED, "EC key: x of %zu and y of %zu bytes, want %zu", x.len,
                       y.len, facts->len);
    }
    if (!point_take(facts, like, x, y, &k)) {
        return why_add(why, ERR_DENIED, "EC key: point is not on %s", facts->group);
    }
    *out = k;
    return ERR_OK;
}

enum err
sig_key_ec(enum sig_curve curve, struct slice x, struct slice y, struct sig_key *out,
           struct why *why)
{
    return sig_key_ec_like(NULL, curve, x, y, out, why);
}

/* Of a number without zeros in front. */
static size_t
bits_of(struct slice n)
{
    size_t bits = 8 * (n.len - 1);

    for (unsigned top = n.ptr[0]; top > 0; top >>= 1) {
        bits++;
    }
    return bits;
}

enum err
sig_key_rsa(struct slice n, uint64_t e, struct sig_key *out, struct why *why)
{
    if (n.len == 0 || n.len > SIG_NUMBER_MAX || n.ptr[0] == 0) {
        return why_add(why, ERR_MALFORMED,
                       "RSA key: modulus of %zu bytes, or with a leading zero; want at most %d",
                       n.len, SIG_NUMBER_MAX);
    }
    if (e < RSA_E_MIN || e % 2 == 0) {
        return why_add(why, ERR_DENIED, "RSA key: exponent %llu, want odd and at least %d",
                       (unsigned long long)e, RSA_E_MIN);
    }
    if (n.ptr[n.len - 1] % 2 == 0) {
        return why_add(why, ERR_DENIED, "RSA key: modulus is even");
    }
    if (bits_of(n) < RSA_BITS_MIN) {
        return why_add(why, ERR_DENIED, "RSA key: %zu bits, want at least %d", bits_of(n),
                       RSA_BITS_MIN);
    }
    *out = (struct sig_key){.type = KEY_RSA, .bits = bits_of(n), .exponent = e, .len = n.len};
    memcpy(out->number, n.ptr, n.len);
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
    *out = (struct sig_key){.type = KEY_ED25519, .len = raw.len, .handle = key};
    memcpy(out->number, raw.ptr, raw.len);
    return ERR_OK;
}
