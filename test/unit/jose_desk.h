/* SPDX-License-Identifier: Apache-2.0 */
/* jose_desk.h - JWS made by hand for tests: header and payload are texts and need not be sane. */
#ifndef TEST_UNIT_JOSE_DESK_H
#define TEST_UNIT_JOSE_DESK_H

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/base/text.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"

enum { DESK_TEXT = 4096, DESK_SIG = 256 };

struct desk_text {
    char text[DESK_TEXT];
};

/* `key_alg` says how to sign; `der` leaves an ECDSA signature as OpenSSL makes it. */
static inline size_t
desk_sign(EVP_PKEY *key, const EVP_MD *md, bool der, struct slice msg, uint8_t out[DESK_SIG])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = DESK_SIG;

    if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, md, NULL, key) != 1 ||
        EVP_DigestSign(ctx, out, &len, msg.ptr, msg.len) != 1) {
        abort();
    }
    EVP_MD_CTX_free(ctx);
    if (EVP_PKEY_is_a(key, "EC") && !der) {
        const uint8_t *at = out;
        ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
        int field = (EVP_PKEY_get_bits(key) + 7) / 8;

        if (sig == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, field) != field ||
            BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + field, field) != field) {
            abort();
        }
        ECDSA_SIG_free(sig);
        len = 2 * (size_t)field;
    }
    return len;
}

/* header "." payload "." signature, all in base64url. */
static inline struct desk_text
desk_jws(const struct jose_key *k, const char *header, const char *payload)
{
    struct desk_text t;
    uint8_t sig[DESK_SIG];
    size_t at = 0;
    size_t len = 0;
    const EVP_MD *md = k->alg == JOSE_ES384 ? EVP_sha384() : EVP_sha256();

    /* Base64url is less than twice as long. */
    if (2 * (strlen(header) + strlen(payload) + DESK_SIG) > DESK_TEXT) {
        abort();
    }
    b64url_encode(slice_text(header), t.text);
    at = strlen(t.text);
    t.text[at++] = '.';
    b64url_encode(slice_text(payload), t.text + at);
    len = desk_sign(k->handle, k->alg == JOSE_EDDSA ? NULL : md, false, slice_text(t.text), sig);
    at = strlen(t.text);
    t.text[at++] = '.';
    b64url_encode((struct slice){sig, len}, t.text + at);
    return t;
}

/* `text` with every "@" replaced by `with`. */
static inline struct desk_text
desk_fill(const char *text, const char *with)
{
    struct desk_text t = {""};
    size_t at = 0;

    for (const char *c = text; *c != '\0'; c++) {
        const char one[2] = {*c, '\0'};

        at += (size_t)snprintf(t.text + at, sizeof t.text - at, "%s", *c == '@' ? with : one);
    }
    return t;
}

/* The public JWK of a key as text. */
static inline struct desk_text
desk_jwk(const struct jose_key *k)
{
    struct desk_text t;
    json_t *obj = jose_key_jwk(k);
    char *text = json_text(obj);

    (void)snprintf(t.text, sizeof t.text, "%s", text);
    mem_free_text(&text);
    json_decref(obj);
    return t;
}

static inline struct jose_key
desk_key(enum jose_alg alg)
{
    struct jose_key k = {0};
    struct why why = {0};

    if (jose_key_make(alg, &k, &why) != ERR_OK) {
        abort();
    }
    return k;
}

#endif
