/* SPDX-License-Identifier: Apache-2.0 */
/* dpop.c - DPoP proofs, checked and made; see jose.h.
 *
 * Remembers nothing: replay and the nonce are the caller's.  Source: RFC 9449 sections 4.2 and 4.3. */
#include <stdio.h>
#include <string.h>

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/sys.h"

enum { HTU_MAX = 2048, ATH_LEN = 43, JTI_RANDOM = 16 };

static const char TYP[] = "dpop+jwt";

void
dpop_done(struct dpop *d)
{
    jwk_done(&d->jwk);
    *d = (struct dpop){0};
}

/* The claims, borrowed from the payload. */
struct claims {
    const char *jti, *htm, *htu;
    const char *nonce, *ath; /* NULL when absent */
    int64_t iat;
};

/* Text of 1..max bytes. */
static enum err
claim_text(const json_t *payload, const char *name, size_t max, const char **out, struct why *why)
{
    const json_t *value = json_object_get(payload, name);
    size_t len = json_string_length(value);

    if (!json_is_string(value)) {
        return why_add(why, ERR_MALFORMED, "%s is %s, want text", name,
                       value == NULL ? "missing" : "of another type");
    }
    if (len == 0 || len > max) {
        return why_add(why, ERR_LIMIT, "%s has %zu bytes, want 1 to %zu", name, len, max);
    }
    *out = json_string_value(value);
    return ERR_OK;
}

static enum err
claim_optional(const json_t *payload, const char *name, size_t max, const char **out,
               struct why *why)
{
    if (json_object_get(payload, name) == NULL) {
        return ERR_OK;
    }
    return claim_text(payload, name, max, out, why);
}

static enum err
claim_iat(const json_t *payload, int64_t *out, struct why *why)
{
    const json_t *value = json_object_get(payload, "iat");

    if (!json_is_integer(value)) {
        return why_add(why, ERR_MALFORMED, "iat is %s, want an integer",
                       value == NULL ? "missing" : "of another type");
    }
    *out = json_integer_value(value);
    return ERR_OK;
}

static enum err
claims_required(const json_t *payload, struct claims *out, struct why *why)
{
    TRY(claim_text(payload, "jti", JTI_MAX, &out->jti, why));
    TRY(claim_text(payload, "htm", JTI_MAX, &out->htm, why));
    TRY(claim_text(payload, "htu", HTU_MAX, &out->htu, why));
    return claim_iat(payload, &out->iat, why);
}

static enum err
claims_read(const json_t *payload, struct claims *out, struct why *why)
{
    TRY(claims_required(payload, out, why));
    TRY(claim_optional(payload, "ath", JTI_MAX, &out->ath, why));
    return claim_optional(payload, "nonce", sizeof((struct dpop *)NULL)->nonce - 1, &out->nonce,
                          why);
}

/* RFC 9449 section 8.1: 1*NQCHAR. */
static enum err
nonce_check(const char *nonce, struct why *why)
{
    for (const char *c = nonce; c != NULL && *c != '\0'; c++) {
        if (*c < 0x21 || *c > 0x7e || *c == '"' || *c == '\\') {
            return why_add(why, ERR_MALFORMED, "nonce holds a character that no nonce has");
        }
    }
    return ERR_OK;
}

static enum err
htu_check(const char *seen, const char *wanted, char canonical[HTU_MAX], struct why *why)
{
    char ours[HTU_MAX];
    enum err err = htu_normalise(slice_text(seen), canonical, HTU_MAX, why);

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
ath_check(const char *ath, const char *access_token, struct why *why)
{
    char wanted[ATH_LEN + 1];

    if (access_token == NULL) {
        return ERR_OK;
    }
    ath_of(access_token, wanted);
    if (ath == NULL || !sec_equal(slice_text(ath), slice_text(wanted))) {
        return why_add(why, ERR_UNAUTHENTICATED, "ath is %s",
                       ath == NULL ? "missing" : "not that of the access token");
    }
    return ERR_OK;
}

/* Everything that costs no signature. */
static enum err
claims_check(const struct claims *c, const struct dpop_want *want, char htu[HTU_MAX],
             struct why *why)
{
    if (strcmp(c->htm, want->htm) != 0) {
        return why_add(why, ERR_UNAUTHENTICATED, "htm is \"%s\", want \"%s\"",
                       text_show(slice_text(c->htm)).text, want->htm);
    }
    TRY(htu_check(c->htu, want->htu, htu, why));
    TRY(iat_check(c->iat, want, why));
    TRY(ath_check(c->ath, want->access_token, why));
    return nonce_check(c->nonce, why);
}

/* The key of the replay memory: canonical values, so that no spelling makes a proof look new. */
static enum err
jti_hash(const struct dpop *d, const char *htu, const char *jti, char out[65], struct why *why)
{
    const struct slice zero = {(const uint8_t *)"", 1};
    const struct slice parts[] = {
        {d->jwk.jkt, JKT_LEN}, zero, slice_text(htu), zero, slice_text(jti),
    };
    uint8_t digest[HASH_MAX];

    TRY(hash_parts(HASH_SHA256, parts, sizeof parts / sizeof parts[0], digest, why));
    hex_encode((struct slice){digest, SHA256_LEN}, out);
    return ERR_OK;
}

static enum err
key_check(const struct jws *jws, struct key_cache *keys, struct dpop *d, struct why *why)
{
    TRY(jwk_read_cached(json_object_get(jws->header, "jwk"), keys, &d->jwk, why));
    return jws_verify(jws, &d->jwk.key, d->jwk.alg, why);
}

static enum err
check(const struct jws *jws, const struct dpop_want *want, struct dpop *d, struct why *why)
{
    struct claims claims = {.jti = "", .htm = "", .htu = ""};
    char htu[HTU_MAX];

    TRY(claims_read(jws->payload, &claims, why));
    TRY(claims_check(&claims, want, htu, why));
    TRY(key_check(jws, want->keys, d, why));
    d->iat = claims.iat;
    (void)snprintf(d->nonce, sizeof d->nonce, "%s", claims.nonce == NULL ? "" : claims.nonce);
    return jti_hash(d, htu, claims.jti, d->jti_hash, why);
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
    AUTO(jws_done) struct jws jws = {0};
    AUTO(dpop_done) struct dpop d = {0};
    enum err err =
        jws_read(proof, TYP, JOSE_ALLOW_ES256 | JOSE_ALLOW_ES384 | JOSE_ALLOW_EDDSA, &jws, why);

    if (err == ERR_OK) {
        err = check(&jws, want, &d, why);
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
    AUTO(json_free) json_t *header = json_pack("{s:s, s:o}", "typ", TYP, "jwk", jose_key_jwk(k));
    AUTO(json_free) json_t *payload = payload_make(htm, htu, nonce, access_token, now);
    AUTO(mem_free_text) char *text = NULL;

    if (header == NULL || payload == NULL) {
        return why_add(why, ERR_MALFORMED, "DPoP proof: method or URL is not UTF-8");
    }
    text = json_text(payload);
    return jose_sign(k, header, slice_text(text), out, why);
}
/* NOLINTEND(readability-function-size) */
