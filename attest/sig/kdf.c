/* SPDX-License-Identifier: Apache-2.0 */
/* kdf.c - see kdf.h. */
#include "attest/sig/kdf.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static void
kdf_free(EVP_KDF **k)
{
    EVP_KDF_free(*k);
}

static void
kdf_context_free(EVP_KDF_CTX **c)
{
    EVP_KDF_CTX_free(*c);
}

static void
cipher_context_free(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}

/* The library's name; NULL for SHA-1 and what is unknown. */
static const char *
digest_name(unsigned hash_alg)
{
    switch (hash_alg) {
    case HASH_SHA256: return OSSL_DIGEST_NAME_SHA2_256;
    case HASH_SHA384: return OSSL_DIGEST_NAME_SHA2_384;
    case HASH_SHA512: return OSSL_DIGEST_NAME_SHA2_512;
    default: return NULL;
    }
}

static enum err
unable(const char *what, struct why *why)
{
    ERR_clear_error();
    return why_add(why, ERR_UNABLE, "%s: the library fails", what);
}

/* OSSL_PARAM holds what it only reads without const. */
static OSSL_PARAM
text(const char *key, const char *value)
{
    union {
        const char *in;
        char *out;
    } as = {value};

    return OSSL_PARAM_construct_utf8_string(key, as.out, 0);
}

static OSSL_PARAM
bytes(const char *key, struct slice value)
{
    union {
        const uint8_t *in;
        uint8_t *out;
    } as = {value.ptr};

    return OSSL_PARAM_construct_octet_string(key, as.out, value.len);
}

static enum err
derive(const char *name, const OSSL_PARAM *params, const struct kdf_out *out, struct why *why)
{
    AUTO(kdf_free) EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    AUTO(kdf_context_free) EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

    if (ctx == NULL || EVP_KDF_derive(ctx, out->key, out->len, params) != 1) {
        return unable(name, why);
    }
    return ERR_OK;
}

enum err
kdf_counter(unsigned hash_alg, struct slice secret, struct slice label, struct slice context,
            const struct kdf_out *out, struct why *why)
{
    static const uint8_t NOTHING[1] = {0};
    const char *digest = digest_name(hash_alg);

    if (digest == NULL) {
        return why_add(why, ERR_DENIED, "KDF: hash 0x%04x is not taken", hash_alg);
    }

    const struct slice info = {context.len > 0 ? context.ptr : NOTHING, context.len};
    const OSSL_PARAM params[] = {
        text(OSSL_KDF_PARAM_MAC, OSSL_MAC_NAME_HMAC),
        text(OSSL_KDF_PARAM_DIGEST, digest),
        bytes(OSSL_KDF_PARAM_KEY, secret),
        bytes(OSSL_KDF_PARAM_SALT, label),
        bytes(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };

    return derive(OSSL_KDF_NAME_KBKDF, params, out, why);
}

enum err
kdf_one_step(unsigned hash_alg, struct slice secret, struct slice info, const struct kdf_out *out,
             struct why *why)
{
    const char *digest = digest_name(hash_alg);

    if (digest == NULL) {
        return why_add(why, ERR_DENIED, "KDF: hash 0x%04x is not taken", hash_alg);
    }

    const OSSL_PARAM params[] = {
        text(OSSL_KDF_PARAM_DIGEST, digest),
        bytes(OSSL_KDF_PARAM_KEY, secret),
        bytes(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };

    return derive(OSSL_KDF_NAME_SSKDF, params, out, why);
}

enum err
kdf_hmac(unsigned hash_alg, struct slice key, struct slice data, uint8_t *mac, struct why *why)
{
    const char *digest = digest_name(hash_alg);
    size_t len = 0;

    if (digest == NULL) {
        return why_add(why, ERR_DENIED, "HMAC: hash 0x%04x is not taken", hash_alg);
    }
    if (EVP_Q_mac(NULL, OSSL_MAC_NAME_HMAC, NULL, digest, NULL, key.ptr, key.len, data.ptr,
                  data.len, mac, hash_len(hash_alg), &len) == NULL ||
        len != hash_len(hash_alg)) {
        return unable("HMAC", why);
    }
    return ERR_OK;
}

enum err
kdf_cfb_encrypt(struct slice key, struct slice in, uint8_t *out, struct why *why)
{
    static const uint8_t IV[16] = {0};
    AUTO(cipher_context_free) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = key.len == 16            ? EVP_aes_128_cfb128()
                               : key.len == CFB_KEY_MAX ? EVP_aes_256_cfb128()
                                                        : NULL;
    int n = 0;

    if (cipher == NULL) {
        return why_add(why, ERR_DENIED, "AES: a key of %zu bytes is not taken", key.len);
    }
    if (ctx == NULL || EVP_EncryptInit_ex(ctx, cipher, NULL, key.ptr, IV) != 1 ||
        EVP_EncryptUpdate(ctx, out, &n, in.ptr, (int)in.len) != 1 || (size_t)n != in.len) {
        return unable("AES", why);
    }
    return ERR_OK;
}
