/* SPDX-License-Identifier: Apache-2.0 */
/* jose_key.c - private signing keys and what is signed with them; see jose.h. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/jose_alg.h"
#include "common/json.h"
#include "common/mem.h"

enum { PEM_BYTES_MAX = 8192, FIELD_MAX = 48, GROUP_MAX = 32, SIG_MAX = 128 };

void
jose_key_done(struct jose_key *k)
{
    EVP_PKEY_free(k->handle); /* clears the private number */
    *k = (struct jose_key){0};
}

static void
pkey_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}

static void
number_free(BIGNUM **n)
{
    BN_free(*n);
}

static void
bio_free(BIO **b)
{
    BIO_free_all(*b);
}

static void
context_free(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

static void
signature_free(ECDSA_SIG **s)
{
    ECDSA_SIG_free(*s);
}

static bool
coordinate(const EVP_PKEY *key, const char *param, size_t len, uint8_t *out)
{
    AUTO(number_free) BIGNUM *n = NULL;

    return EVP_PKEY_get_bn_param(key, param, &n) == 1 && BN_bn2binpad(n, out, (int)len) == (int)len;
}

static bool
set_b64url(json_t *obj, const char *name, const uint8_t *bytes, size_t len)
{
    char text[FIELD_MAX * 4 / 3 + 2];

    b64url_encode((struct slice){bytes, len}, text);
    return json_object_set_new(obj, name, json_string(text)) == 0;
}

static bool
set_numbers(json_t *obj, const struct jose_alg_row *row, EVP_PKEY *key)
{
    uint8_t x[FIELD_MAX] = {0};
    uint8_t y[FIELD_MAX] = {0};
    size_t len = row->field_len;

    if (row->key == KEY_ED25519) {
        return EVP_PKEY_get_raw_public_key(key, x, &len) == 1 && len == row->field_len &&
               set_b64url(obj, "x", x, len);
    }
    return coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, len, x) &&
           coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, len, y) && set_b64url(obj, "x", x, len) &&
           set_b64url(obj, "y", y, len);
}

json_t *
jose_key_jwk(const struct jose_key *k)
{
    const struct jose_alg_row *row = jose_alg_row(k->alg);
    json_t *obj = row == NULL ? NULL : json_pack("{s:s, s:s}", "kty", row->kty, "crv", row->crv);

    if (obj != NULL && !set_numbers(obj, row, k->handle)) {
        json_free(&obj);
    }
    return obj;
}

/* Takes `key`.  The thumbprint comes from the reader that everyone else uses. */
static enum err
adopt(EVP_PKEY *key, enum jose_alg alg, struct jose_key *out, struct why *why)
{
    AUTO(jose_key_done) struct jose_key k = {.handle = key, .alg = alg};
    AUTO(json_free) json_t *obj = jose_key_jwk(&k);
    AUTO(jwk_done) struct jwk jwk = {0};

    if (obj == NULL) {
        return why_add(why, ERR_UNABLE, "signing key: its public half cannot be had");
    }
    TRY(jwk_read(obj, &jwk, why));
    memcpy(k.jkt, jwk.jkt, sizeof k.jkt);
    memcpy(k.jkt_text, jwk.jkt_text, sizeof k.jkt_text);
    *out = k;
    k = (struct jose_key){0};
    return ERR_OK;
}

enum err
jose_key_make(enum jose_alg alg, struct jose_key *out, struct why *why)
{
    const struct jose_alg_row *row = jose_alg_row(alg);
    EVP_PKEY *key = NULL;

    if (row == NULL) {
        return why_add(why, ERR_DENIED, "signing key: algorithm %d is not one of ours", (int)alg);
    }
    key = row->key == KEY_EC ? EVP_EC_gen(row->crv) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (key == NULL) {
        ERR_clear_error();
        return why_add(why, ERR_UNABLE, "signing key: the library could not make one");
    }
    return adopt(key, alg, out, why);
}

static enum jose_alg
alg_of(const EVP_PKEY *key)
{
    char group[GROUP_MAX] = {0};

    if (EVP_PKEY_is_a(key, "ED25519")) {
        return JOSE_EDDSA;
    }
    if (!EVP_PKEY_is_a(key, "EC") ||
        EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                       NULL) != 1) {
        return JOSE_NONE;
    }
    if (strcmp(group, SN_X9_62_prime256v1) == 0) {
        return JOSE_ES256;
    }
    return strcmp(group, SN_secp384r1) == 0 ? JOSE_ES384 : JOSE_NONE;
}

enum err
jose_key_pem(struct slice pem, struct jose_key *out, struct why *why)
{
    AUTO(bio_free) BIO *bio = NULL;
    AUTO(pkey_free) EVP_PKEY *key = NULL;
    char no_passphrase[] = ""; /* without one, the library would ask at the terminal */

    if (pem.len == 0 || pem.len > PEM_BYTES_MAX) {
        return why_add(why, ERR_LIMIT, "signing key: PEM of %zu bytes, want 1 to %d", pem.len,
                       PEM_BYTES_MAX);
    }
    bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, no_passphrase);
    if (key == NULL) {
        ERR_clear_error();
        return why_add(why, ERR_MALFORMED, "signing key: no unencrypted PEM private key");
    }

    enum jose_alg alg = alg_of(key);

    if (alg == JOSE_NONE) {
        return why_add(why, ERR_DENIED, "signing key: want EC P-256, EC P-384 or Ed25519");
    }

    EVP_PKEY *taken = key;

    key = NULL;
    return adopt(taken, alg, out, why);
}

/* ECDSA-Sig-Value to r || s (RFC 7518 section 3.4). */
static bool
raw_ecdsa(const uint8_t *der, size_t der_len, size_t field, uint8_t *out)
{
    const uint8_t *at = der;
    AUTO(signature_free) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der_len);

    return sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)field) == (int)field &&
           BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + field, (int)field) == (int)field;
}

static bool
sign(const struct jose_key *k, const struct jose_alg_row *row, struct slice msg,
     uint8_t out[SIG_MAX])
{
    AUTO(context_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *md = row->hash == HASH_SHA384 ? EVP_sha384() : EVP_sha256();
    uint8_t sig[SIG_MAX];
    size_t len = sizeof sig;

    if (row->key == KEY_ED25519) {
        md = NULL;
    }
    if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, md, NULL, k->handle) != 1 ||
        EVP_DigestSign(ctx, sig, &len, msg.ptr, msg.len) != 1) {
        return false;
    }
    if (row->key == KEY_EC) {
        return raw_ecdsa(sig, len, row->field_len, out);
    }
    memcpy(out, sig, 2 * row->field_len);
    return len == 2 * row->field_len;
}

/* base64url(header) "." base64url(payload), with room for the signature behind it. */
static char *
signing_input(const json_t *header, struct slice payload, size_t sig_len, struct wr *w)
{
    AUTO(mem_free_text) char *text = json_text(header);
    struct slice h = slice_text(text);
    size_t cap = b64url_len(h.len) + b64url_len(payload.len) + b64url_len(sig_len) + 3;
    char *buf = mem_new(cap, 1);

    *w = wr_init((uint8_t *)buf, cap, "JWS");
    wr_b64url(w, h);
    wr_u8(w, '.');
    wr_b64url(w, payload);
    return buf;
}

enum err
jose_sign(const struct jose_key *k, const json_t *header, struct slice payload, char **out,
          struct why *why)
{
    const struct jose_alg_row *row = jose_alg_row(k->alg);
    AUTO(json_free) json_t *full = json_deep_copy(header);
    AUTO(mem_free_text) char *text = NULL;
    uint8_t sig[SIG_MAX];
    struct wr w = {0};

    if (row == NULL || full == NULL || !json_is_object(full)) {
        return why_add(why, ERR_BUG, "JWS: no key, or the header is not an object");
    }
    (void)json_object_set_new(full, "alg", json_string(row->name));
    text = signing_input(full, payload, 2 * row->field_len, &w);
    if (!sign(k, row, wr_done(&w), sig)) {
        ERR_clear_error();
        return why_add(why, ERR_UNABLE, "JWS: the library did not sign");
    }
    wr_u8(&w, '.');
    wr_b64url(&w, (struct slice){sig, 2 * row->field_len});
    TRY(wr_cstr(&w, why));
    *out = text;
    text = NULL;
    return ERR_OK;
}
