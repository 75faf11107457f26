/* SPDX-License-Identifier: Apache-2.0 */
/* dpop.c - DPoP proofs, checked and made; see jose.h.
 *
 * Remembers nothing: replay and the nonce are the caller's.  Source: RFC 9449 sections 4.2 and 4.3. */
#include <assert.h>
#include <string.h>

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/dpop_read.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/sys.h"

enum { ATH_LEN = 43, JTI_RANDOM = 16 };

void
dpop_done(struct dpop *d)
{
    jwk_done(&d->jwk);
    *d = (struct dpop){0};
}

/* RFC 9449 section 8.1: 1*NQCHAR. */
static enum err
nonce_check(struct slice nonce, struct why *why)
{
    for (size_t i = 0; i < nonce.len; i++) {
        uint8_t c = nonce.ptr[i];

        if (c < 0x21 || c > 0x7e || c == '"' || c == '\\') {
            return why_add(why, ERR_MALFORMED, "nonce holds a character that no nonce has");
        }
    }
    return ERR_OK;
}

static enum err
htu_check(struct slice seen, const char *wanted, char canonical[DPOP_HTU_MAX], struct why *why)
{
    char ours[DPOP_HTU_MAX];
    enum err err = htu_normalise(seen, canonical, DPOP_HTU_MAX, why);

    if (err != ERR_OK) {
        return why_add(why, err, "htu");
    }
    err = htu_normalise(slice_text(wanted), ours, sizeof ours, why);
    if (err != ERR_OK) {
        return why_add(why, ERR_BUG, "our own URL");
    }
    if (strcmp(canonical, ours) != 0) {
        return why_add(why, ERR_UNAUTHENTICATED, "htu is \"%s\", want \"%s\"",
                       text_show(slice_text(canonical)).text, ours);
    }
    return ERR_OK;
}

static enum err
iat_check(int64_t iat, const struct dpop_want *want, struct why *why)
{
    if (iat < want->now - want->past_s || iat > want->now + want->future_s) {
        return why_add(why, ERR_UNAUTHENTICATED, "iat is %lld, now is %lld, want -%lld to +%lld s",
                       (long long)iat, (long long)want->now, (long long)want->past_s,
                       (long long)want->future_s);
    }
    return ERR_OK;
}

static void
ath_of(const char *access_token, char out[ATH_LEN + 1])
{
    uint8_t digest[SHA256_LEN];

    hash_sha256(slice_text(access_token), digest);
    b64url_encode((struct slice){digest, sizeof digest}, out);
}

static enum err
ath_check(struct slice ath, const char *access_token, struct why *why)
{
    char wanted[ATH_LEN + 1];

    if (access_token == NULL) {
        return ERR_OK;
    }
    ath_of(access_token, wanted);
    if (!sec_equal(ath, slice_text(wanted))) {
        return why_add(why, ERR_UNAUTHENTICATED, "ath is %s",
                       ath.len == 0 ? "missing" : "not that of the access token");
    }
    return ERR_OK;
}

/* Everything that costs no signature. */
static enum err
claims_check(const struct proof_text *c, const struct dpop_want *want, char htu[DPOP_HTU_MAX],
             struct why *why)
{
    if (!slice_same(c->htm, slice_text(want->htm))) {
        return why_add(why, ERR_UNAUTHENTICATED, "htm is \"%s\", want \"%s\"",
                       text_show(c->htm).text, want->htm);
    }
    TRY(htu_check(c->htu, want->htu, htu, why));
    TRY(iat_check(c->iat, want, why));
    TRY(ath_check(c->ath, want->access_token, why));
    return nonce_check(c->nonce, why);
}

/* The key of the replay memory: canonical values, so that no spelling makes a proof look new. */
static enum err
jti_hash(const struct dpop *d, const char *htu, struct slice jti, char out[65], struct why *why)
{
    const struct slice zero = {(const uint8_t *)"", 1};
    const struct slice parts[] = {
        {d->jwk.jkt, JKT_LEN}, zero, slice_text(htu), zero, jti,
    };
    uint8_t digest[HASH_MAX];

    TRY(hash_parts(HASH_SHA256, parts, sizeof parts / sizeof parts[0], digest, why));
    hex_encode((struct slice){digest, SHA256_LEN}, out);
    return ERR_OK;
}

static enum err
key_check(const struct proof_text *text, struct key_cache *keys, struct dpop *d, struct why *why)
{
    TRY(proof_text_key(text, keys, &d->jwk, why));
    return jws_verify(&text->jws, &d->jwk.key, d->jwk.alg, why);
}

static enum err
check(const struct proof_text *text, const struct dpop_want *want, struct dpop *d, struct why *why)
{
    char htu[DPOP_HTU_MAX];

    TRY(claims_check(text, want, htu, why));
    TRY(key_check(text, want->keys, d, why));
    d->iat = text->iat;
    assert(text->nonce.len < sizeof d->nonce);
    if (text->nonce.len > 0) {
        memcpy(d->nonce, text->nonce.ptr, text->nonce.len);
    }
    return jti_hash(d, htu, text->jti, d->jti_hash, why);
}

/* Whatever is wrong with a proof means that nobody has been authenticated; what is wrong with us stays ours. */
static enum err
as_unauthenticated(enum err err, struct why *why)
{
    switch (err) {
    case ERR_OK: return ERR_OK;
    case ERR_MALFORMED:
    case ERR_LIMIT:
    case ERR_DENIED:
    case ERR_UNAUTHENTICATED: return why_add(why, ERR_UNAUTHENTICATED, "DPoP proof");
    case ERR_NOT_FOUND:
    case ERR_CONFLICT:
    case ERR_GONE:
    case ERR_BUSY:
    case ERR_UNABLE:
    case ERR_NOMEM:
    case ERR_IO:
    case ERR_BUG: break;
    }
    return err;
}

enum err
dpop_check(struct slice proof, const struct dpop_want *want, struct dpop *out, struct why *why)
{
    AUTO(proof_text_done) struct proof_text text = {0};
    AUTO(dpop_done) struct dpop d = {0};
    enum err err = proof_text_read(proof, &text, why);

    if (err == ERR_OK) {
        err = check(&text, want, &d, why);
    }
    if (err != ERR_OK) {
        return as_unauthenticated(err, why);
    }
    *out = d;
    d = (struct dpop){0};
    return ERR_OK;
}

static json_t *
payload_make(const char *htm, const char *htu, const char *nonce, const char *access_token,
             int64_t now)
{
    uint8_t random[JTI_RANDOM];
    char jti[JTI_RANDOM * 4 / 3 + 2];
    char ath[ATH_LEN + 1];
    json_t *payload = NULL;

    random_bytes(random, sizeof random);
    b64url_encode((struct slice){random, sizeof random}, jti);
    payload = json_pack("{s:s, s:s, s:s, s:I}", "jti", jti, "htm", htm, "htu", htu, "iat",
                        (json_int_t)now);
    if (nonce != NULL && nonce[0] != '\0') {
        (void)json_object_set_new(payload, "nonce", json_string(nonce));
    }
    if (access_token != NULL) {
        ath_of(access_token, ath);
        (void)json_object_set_new(payload, "ath", json_string(ath));
    }
    return payload;
}

/* NOLINTBEGIN(readability-function-size): its inputs are the claims of RFC 9449 section 4.2 */
enum err
dpop_make(const struct jose_key *k, const char *htm, const char *htu, const char *nonce,
          const char *access_token, int64_t now, char **out, struct why *why)
{
    AUTO(json_free)
    json_t *header = json_pack("{s:s, s:o}", "typ", DPOP_TYP, "jwk", jose_key_jwk(k));
    AUTO(json_free) json_t *payload = payload_make(htm, htu, nonce, access_token, now);
    AUTO(mem_free_text) char *text = NULL;

    if (header == NULL || payload == NULL) {
        return why_add(why, ERR_MALFORMED, "DPoP proof: method or URL is not UTF-8");
    }
    text = json_text(payload);
    return jose_sign(k, header, slice_text(text), out, why);
}
/* NOLINTEND(readability-function-size) */
