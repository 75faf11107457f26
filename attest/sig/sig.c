/* SPDX-License-Identifier: Apache-2.0 */
/* sig.c - signatures: which key, scheme and hash go together, and to whom they go; see sig.h. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "attest/base/der.h"
#include "attest/sig/curve.h"
#include "attest/sig/element.h"
#include "attest/sig/p384.h"
#include "attest/sig/rsa.h"

enum {
    ED25519_SIG_LEN = 64,
    DER_INT_MAX = 3 + FIELD_MAX,
    DER_SIG_MAX = 3 + 2 * DER_INT_MAX,
};

/* SHA-1 is not. */
static bool
hash_taken(unsigned hash_alg)
{
    return hash_alg == HASH_SHA256 || hash_alg == HASH_SHA384 || hash_alg == HASH_SHA512;
}

/* 1 <= v < order; both big-endian and of the same length. */
static bool
in_range(struct slice v, const uint8_t *order)
{
    uint8_t any = 0;

    for (size_t i = 0; i < v.len; i++) {
        any |= v.ptr[i];
    }
    return any != 0 && memcmp(v.ptr, order, v.len) < 0;
}

static enum err
range_check(const struct curve_facts *facts, struct slice sig, struct why *why)
{
    struct slice r = {sig.ptr, facts->len};
    struct slice s = {sig.ptr + facts->len, facts->len};

    if (!in_range(r, facts->order) || !in_range(s, facts->order)) {
        return why_add(why, ERR_MALFORMED,
                       "ECDSA signature: r or s is zero or not below the order");
    }
    return ERR_OK;
}

/* r || s to ECDSA-Sig-Value (RFC 3279 section 2.2.3). */
static enum err
ecdsa_der(size_t field, struct slice sig, uint8_t der[DER_SIG_MAX], size_t *len, struct why *why)
{
    struct slice r = {sig.ptr, field};
    struct slice s = {sig.ptr + field, field};
    struct wr w = wr_init(der, DER_SIG_MAX, "ECDSA signature");

    element_open(&w, DER_SEQUENCE, element_integer_len(r) + element_integer_len(s));
    element_integer(&w, r);
    element_integer(&w, s);
    TRY(wr_end(&w, why));
    *len = w.len;
    return ERR_OK;
}

static void
key_context_free(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

/* By OpenSSL; a digest that is there already spares it what it sets up to hash. */
static enum err
verify_digest(const struct sig_key *k, struct slice digest, struct slice sig, struct why *why)
{
    AUTO(key_context_free)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->handle, NULL);

    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1) {
        ERR_clear_error();
        return why_add(why, ERR_UNABLE, "signature: the library cannot verify it");
    }
    if (EVP_PKEY_verify(ctx, sig.ptr, sig.len, digest.ptr, digest.len) != 1) {
        ERR_clear_error();
        return why_add(why, ERR_DENIED, "signature does not verify");
    }
    return ERR_OK;
}

static void
context_free(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

/* By OpenSSL, with the scheme's own hash. */
static enum err
verify(const struct sig_key *k, struct slice msg, struct slice sig, struct why *why)
{
    AUTO(context_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->handle) != 1) {
        ERR_clear_error();
        return why_add(why, ERR_UNABLE, "signature: the library cannot verify it");
    }
    if (EVP_DigestVerify(ctx, sig.ptr, sig.len, msg.ptr, msg.len) != 1) {
        ERR_clear_error();
        return why_add(why, ERR_DENIED, "signature does not verify");
    }
    return ERR_OK;
}

static enum err
want_len(struct slice sig, size_t want, struct why *why)
{
    if (sig.len != want) {
        return why_add(why, ERR_MALFORMED, "signature of %zu bytes, want %zu", sig.len, want);
    }
    return ERR_OK;
}

static enum err
verify_p384(const struct sig_key *k, struct slice digest, struct slice sig, struct why *why)
{
    if (!p384_verify(k->number, digest, sig.ptr)) {
        return why_add(why, ERR_DENIED, "signature does not verify");
    }
    return ERR_OK;
}

static enum err
verify_ecdsa(const struct sig_key *k, unsigned hash_alg, struct slice msg, struct slice sig,
             struct why *why)
{
    const struct curve_facts *facts = curve_facts(k->curve);
    uint8_t der[DER_SIG_MAX];
    uint8_t digest[HASH_MAX];
    size_t len = 0;

    if (facts == NULL) {
        return why_add(why, ERR_BUG, "EC key without a curve");
    }
    TRY(want_len(sig, 2 * facts->len, why));
    TRY(range_check(facts, sig, why));
    TRY(hash_parts(hash_alg, &msg, 1, digest, why));

    const struct slice hash = {digest, hash_len(hash_alg)};

    if (k->curve == CURVE_P384) {
        return verify_p384(k, hash, sig, why);
    }
    TRY(ecdsa_der(facts->len, sig, der, &len, why));
    return verify_digest(k, hash, (struct slice){der, len}, why);
}

static enum err
verify_ed25519(const struct sig_key *k, struct slice msg, struct slice sig, struct why *why)
{
    TRY(want_len(sig, ED25519_SIG_LEN, why));
    return verify(k, msg, sig, why);
}

static enum err
verify_pkcs1(const struct sig_key *k, unsigned hash_alg, struct slice msg, struct slice sig,
             struct why *why)
{
    TRY(want_len(sig, k->len, why));
    return rsa_verify_pkcs1(k, hash_alg, msg, sig, why);
}

static enum err
verify_pss(const struct sig_key *k, unsigned hash_alg, size_t salt_len, struct slice msg,
           struct slice sig, struct why *why)
{
    TRY(want_len(sig, k->len, why));
    return rsa_verify_pss(k, hash_alg, salt_len, msg, sig, why);
}

static enum key_type
key_type_for(enum sig_scheme scheme)
{
    switch (scheme) {
    case SCHEME_RSASSA:
    case SCHEME_RSAPSS: return KEY_RSA;
    case SCHEME_ECDSA: return KEY_EC;
    case SCHEME_ED25519: return KEY_ED25519;
    case SCHEME_NONE: break;
    }
    return KEY_NONE;
}

/* That this scheme is for this key, and this hash one that we take. */
static enum err
pairing_check(const struct sig_key *k, enum sig_scheme scheme, unsigned hash_alg, struct why *why)
{
    if (k->type == KEY_NONE || k->type != key_type_for(scheme)) {
        return why_add(why, ERR_MALFORMED, "signature scheme %d is not for a key of type %d",
                       (int)scheme, (int)k->type);
    }
    if (scheme != SCHEME_ED25519 && !hash_taken(hash_alg)) {
        return why_add(why, ERR_DENIED, "signature with hash 0x%04x (%s), which is not accepted",
                       hash_alg, hash_name(hash_alg));
    }
    return ERR_OK;
}

enum err
sig_verify(const struct sig_key *k, enum sig_scheme scheme, unsigned hash_alg, struct slice msg,
           struct slice sig, struct why *why)
{
    TRY(pairing_check(k, scheme, hash_alg, why));
    switch (scheme) {
    case SCHEME_RSASSA: return verify_pkcs1(k, hash_alg, msg, sig, why);
    case SCHEME_RSAPSS: return verify_pss(k, hash_alg, RSA_SALT_ANY, msg, sig, why);
    case SCHEME_ECDSA: return verify_ecdsa(k, hash_alg, msg, sig, why);
    case SCHEME_ED25519: return verify_ed25519(k, msg, sig, why);
    case SCHEME_NONE: break;
    }
    return why_add(why, ERR_BUG, "signature of no scheme");
}

enum err
sig_verify_pss(const struct sig_key *k, unsigned hash_alg, size_t salt_len, struct slice msg,
               struct slice sig, struct why *why)
{
    TRY(pairing_check(k, SCHEME_RSAPSS, hash_alg, why));
    if (salt_len > k->len) {
        return why_add(why, ERR_DENIED, "signature: a salt of %zu bytes does not fit in %zu",
                       salt_len, k->len);
    }
    return verify_pss(k, hash_alg, salt_len, msg, sig, why);
}
