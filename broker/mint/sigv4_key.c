/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_key.c - see sigv4_key.h.  The only file of sigv4 that touches the secret.
 *
 * Most of a naive signature is the derivation of its key, which is the same for a whole day.  What
 * is kept of it are the two SHA-256 states that HMAC (RFC 2104) starts from.  They are contexts of
 * OpenSSL, as everything here: copying nettle's plain structs instead gained 12 % of the hashing
 * of a short request and nothing for one with a session token. */
#include "broker/mint/sigv4_key.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "broker/mint/sigv4_check.h"

enum {
    BLOCK = 64,  /* of SHA-256; HMAC pads its key to it */
    DAY_LEN = 8, /* 20261124 */
    DAY_S = 86400,
};

static bool
hmac(const uint8_t *key, size_t len, struct slice text, uint8_t out[SHA256_LEN])
{
    return HMAC(EVP_sha256(), key, (int)len, text.ptr, text.len, out, NULL) != NULL;
}

/* The state of SHA-256 after one block of the key and the pad (RFC 2104 section 2). */
static bool
load_pad(EVP_MD_CTX *ctx, const EVP_MD *md, const uint8_t key[SHA256_LEN], uint8_t pad)
{
    uint8_t block[BLOCK];

    for (size_t i = 0; i < BLOCK; i++) {
        block[i] = (uint8_t)(pad ^ (i < SHA256_LEN ? key[i] : 0));
    }

    bool ok =
        EVP_DigestInit_ex2(ctx, md, NULL) == 1 && EVP_DigestUpdate(ctx, block, sizeof block) == 1;

    sec_zero(block, sizeof block);
    return ok;
}

/* HMAC over date, region, service and a constant, each the key of the next. */
static bool
derive_key(struct sigv4_cred *c, struct slice day)
{
    struct slice id = c->id.secret;
    uint8_t start[4 + SIGV4_SECRET_MAX] = "AWS4";
    uint8_t a[SHA256_LEN];
    uint8_t b[SHA256_LEN];

    memcpy(start + 4, id.ptr, id.len);

    bool ok = hmac(start, 4 + id.len, day, a) && hmac(a, sizeof a, c->id.region, b) &&
              hmac(b, sizeof b, c->id.service, a) &&
              hmac(a, sizeof a, slice_text("aws4_request"), b) &&
              load_pad(c->inner, c->md, b, 0x36) && load_pad(c->outer, c->md, b, 0x5c);

    sec_zero(start, sizeof start);
    sec_zero(a, sizeof a);
    sec_zero(b, sizeof b);
    return ok;
}

static enum err
write_scope(struct sigv4_cred *c, struct slice day, struct why *why)
{
    struct wr w = wr_init((uint8_t *)c->scope, sizeof c->scope, "sigv4.scope");

    wr_bytes(&w, day);
    wr_text(&w, "/");
    wr_bytes(&w, c->id.region);
    wr_text(&w, "/");
    wr_bytes(&w, c->id.service);
    wr_text(&w, "/aws4_request");
    return wr_cstr(&w, why);
}

static enum err
cred_day(struct sigv4_cred *c, int64_t day, struct why *why)
{
    struct slice text = {(const uint8_t *)c->date, DAY_LEN};

    if (day == c->day) {
        return ERR_OK;
    }
    c->day = -1;
    TRY(write_scope(c, text, why));
    if (!derive_key(c, text)) {
        return why_add(why, ERR_BUG, "sigv4: the signing key could not be derived");
    }
    c->day = day;
    return ERR_OK;
}

enum err
sigv4_cred_at(struct sigv4_cred *c, int64_t at_unix, struct why *why)
{
    char text[RFC3339_LEN + 1];

    if (at_unix == c->at_unix) {
        return ERR_OK;
    }
    c->at_unix = -1;
    rfc3339_format(at_unix, text);
    (void)snprintf(c->date, sizeof c->date, "%.4s%.2s%.5s%.2s%.3s", text, &text[5], &text[8],
                   &text[14], &text[17]);
    TRY(cred_day(c, at_unix / DAY_S, why));
    c->at_unix = at_unix;
    return ERR_OK;
}

enum err
sigv4_cred_init(const struct sigv4_identity *id, struct sigv4_cred *out, struct why *why)
{
    struct sigv4_cred c = {.id = *id, .day = -1, .at_unix = -1};

    TRY(sigv4_check_identity(id, why));
    c.md = EVP_MD_fetch(NULL, "SHA256", NULL);
    c.inner = EVP_MD_CTX_new();
    c.outer = EVP_MD_CTX_new();
    c.work = EVP_MD_CTX_new();
    if (c.md == NULL || c.inner == NULL || c.outer == NULL || c.work == NULL) {
        sigv4_cred_done(&c);
        return why_add(why, ERR_NOMEM, "sigv4: no SHA-256");
    }
    *out = c;
    return ERR_OK;
}

/* OpenSSL wipes the states as it frees them. */
void
sigv4_cred_done(struct sigv4_cred *c)
{
    EVP_MD_CTX_free(c->inner);
    EVP_MD_CTX_free(c->outer);
    EVP_MD_CTX_free(c->work);
    EVP_MD_free(c->md);
    *c = (struct sigv4_cred){.day = -1, .at_unix = -1};
}

static bool
update_final(EVP_MD_CTX *ctx, struct slice text, uint8_t out[SHA256_LEN])
{
    return EVP_DigestUpdate(ctx, text.ptr, text.len) == 1 &&
           EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

enum err
sigv4_hash(struct sigv4_cred *c, struct slice text, uint8_t out[SHA256_LEN], struct why *why)
{
    if (EVP_DigestInit_ex2(c->work, c->md, NULL) != 1 || !update_final(c->work, text, out)) {
        return why_add(why, ERR_BUG, "sigv4: SHA-256 failed");
    }
    return ERR_OK;
}

enum err
sigv4_mac(struct sigv4_cred *c, struct slice text, uint8_t out[SHA256_LEN], struct why *why)
{
    if (EVP_MD_CTX_copy_ex(c->work, c->inner) != 1 || !update_final(c->work, text, out) ||
        EVP_MD_CTX_copy_ex(c->work, c->outer) != 1 ||
        !update_final(c->work, (struct slice){out, SHA256_LEN}, out)) {
        return why_add(why, ERR_BUG, "sigv4: HMAC failed");
    }
    return ERR_OK;
}
