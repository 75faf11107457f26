/* SPDX-License-Identifier: Apache-2.0 */
/* sig.c - signatures; see sig.h. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "attest/base/wr.h"
#include "attest/sig/curve.h"

enum {
    ED25519_SIG_LEN = 64,
    DER_INT_MAX = 3 + FIELD_MAX,
    DER_SIG_MAX = 3 + 2 * DER_INT_MAX,
    DER_SHORT = 0x80, /* lengths below it take one byte */
};

static const EVP_MD *
digest_of(unsigned hash_alg)
{
    switch (hash_alg) {
    case HASH_SHA256: return EVP_sha256();
    case HASH_SHA384: return EVP_sha384();
    case HASH_SHA512: return EVP_sha512();
    default: return NULL; /* SHA-1 too */
    }
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

static struct slice
strip_zeros(struct slice v)
{
    while (v.len > 1 && v.ptr[0] == 0) {
        v = (struct slice){v.ptr + 1, v.len - 1};
    }
    return v;
}

/* A DER INTEGER >= 0 takes a zero byte in front when its top bit is set. */
static size_t
integer_len(struct slice v)
{
    return v.len + (v.ptr[0] >= 0x80 ? 1 : 0);
}

static void
integer_write(struct wr *w, struct slice v)
{
    wr_u8(w, 0x02);
    wr_u8(w, (uint8_t)integer_len(v));
    if (v.ptr[0] >= 0x80) {
        wr_u8(w, 0);
    }
    wr_bytes(w, v);
}

/* r || s to ECDSA-Sig-Value (RFC 3279 section 2.2.3). */
static enum err
ecdsa_der(const struct curve_facts *facts, struct slice sig, uint8_t der[DER_SIG_MAX], size_t *len,
          struct why *why)
{
    struct slice r = {sig.ptr, facts->len};
    struct slice s = {sig.ptr + facts->len, facts->len};
    struct wr w = wr_init(der, DER_SIG_MAX, "ECDSA signature");

    if (!in_range(r, facts->order) || !in_range(s, facts->order)) {
        return why_add(why, ERR_MALFORMED,
                       "ECDSA signature: r or s is zero or not below the order");
    }
    r = strip_zeros(r);
    s = strip_zeros(s);

    size_t body = 4 + integer_len(r) + integer_len(s);

    wr_u8(&w, 0x30);
    if (body >= DER_SHORT) {
        wr_u8(&w, 0x81);
    }
    wr_u8(&w, (uint8_t)body);
    integer_write(&w, r);
    integer_write(&w, s);
    TRY(wr_end(&w, why));
    *len = w.len;
    return ERR_OK;
}

static void
context_free(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

/* What a verification is to be told besides the key. */
struct way {
    enum sig_scheme scheme;
    const EVP_MD *md; /* NULL: the scheme has its own hash */
    int salt_len;     /* SCHEME_RSAPSS */
};

static bool
pss(EVP_PKEY_CTX *ctx, int salt_len)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt_len) == 1;
}

static enum err
verify(const struct sig_key *k, const struct way *way, struct slice msg, struct slice sig,
       struct why *why)
{
    AUTO(context_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL; /* owned by ctx */

    if (ctx == NULL || EVP_DigestVerifyInit(ctx, &key_ctx, way->md, NULL, k->handle) != 1 ||
        (way->scheme == SCHEME_RSAPSS && !pss(key_ctx, way->salt_len))) {
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
verify_ecdsa(const struct sig_key *k, const EVP_MD *md, struct slice msg, struct slice sig,
             struct why *why)
{
    const struct curve_facts *facts = curve_facts(k->curve);
    uint8_t der[DER_SIG_MAX];
    size_t len = 0;

    if (facts == NULL) {
        return why_add(why, ERR_BUG, "EC key without a curve");
    }
    TRY(want_len(sig, 2 * facts->len, why));
    TRY(ecdsa_der(facts, sig, der, &len, why));
    return verify(k, &(struct way){SCHEME_ECDSA, md, 0}, msg, (struct slice){der, len}, why);
}

static enum err
verify_ed25519(const struct sig_key *k, struct slice msg, struct slice sig, struct why *why)
{
    TRY(want_len(sig, ED25519_SIG_LEN, why));
    return verify(k, &(struct way){SCHEME_ED25519, NULL, 0}, msg, sig, why);
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

static enum err
verify_rsa(const struct sig_key *k, const struct way *way, struct slice msg, struct slice sig,
           struct why *why)
{
    TRY(want_len(sig, (k->bits + 7) / 8, why));
    return verify(k, way, msg, sig, why);
}

/* That this scheme is for this key, and this hash one that we take. */
static enum err
pairing_check(const struct sig_key *k, enum sig_scheme scheme, unsigned hash_alg, struct why *why)
{
    if (k->handle == NULL || k->type == KEY_NONE || k->type != key_type_for(scheme)) {
        return why_add(why, ERR_MALFORMED, "signature scheme %d is not for a key of type %d",
                       (int)scheme, (int)k->type);
    }
    if (scheme != SCHEME_ED25519 && digest_of(hash_alg) == NULL) {
        return why_add(why, ERR_DENIED, "signature with hash 0x%04x (%s), which is not accepted",
                       hash_alg, hash_name(hash_alg));
    }
    return ERR_OK;
}

enum err
sig_verify(const struct sig_key *k, enum sig_scheme scheme, unsigned hash_alg, struct slice msg,
           struct slice sig, struct why *why)
{
    const struct way way = {scheme, digest_of(hash_alg), RSA_PSS_SALTLEN_AUTO};

    TRY(pairing_check(k, scheme, hash_alg, why));
    switch (k->type) {
    case KEY_RSA: return verify_rsa(k, &way, msg, sig, why);
    case KEY_EC: return verify_ecdsa(k, way.md, msg, sig, why);
    case KEY_ED25519: return verify_ed25519(k, msg, sig, why);
    case KEY_NONE: break;
    }
    return why_add(why, ERR_BUG, "signature: a key of no type");
}

enum err
sig_verify_pss(const struct sig_key *k, unsigned hash_alg, size_t salt_len, struct slice msg,
               struct slice sig, struct why *why)
{
    const struct way way = {SCHEME_RSAPSS, digest_of(hash_alg), (int)salt_len};

    TRY(pairing_check(k, SCHEME_RSAPSS, hash_alg, why));
    if (salt_len > sig.len) {
        return why_add(why, ERR_DENIED, "signature with a salt of %zu bytes", salt_len);
    }
    return verify_rsa(k, &way, msg, sig, why);
}
