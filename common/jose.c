/* SPDX-License-Identifier: Apache-2.0 */
/* jose.c - JWS and JWK as others send them; see jose.h.
 *
 * Reasons name members, sizes and algorithms; never the bytes of a token or signature. */
#include "common/jose.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/jose_alg.h"
#include "common/json.h"
#include "common/key_cache.h"
#include "common/mem.h"

enum { THUMBPRINT_INPUT_MAX = 256 };

void
jwk_done(struct jwk *k)
{
    sig_key_done(&k->key);
    *k = (struct jwk){0};
}

void
jws_done(struct jws *j)
{
    json_free(&j->header);
    json_free(&j->payload);
    mem_free_bytes(&j->payload_bytes);
    *j = (struct jws){0};
}

static enum err
text_member(const json_t *obj, const char *what, const char *name, const char **out,
            struct why *why)
{
    const json_t *value = json_object_get(obj, name);

    if (!json_is_string(value)) {
        return why_add(why, ERR_MALFORMED, "%s: member \"%s\" is %s, want text", what, name,
                       value == NULL ? "missing" : "of another type");
    }
    *out = json_string_value(value);
    return ERR_OK;
}

/* --- JWK (RFC 7517, RFC 7518 section 6, RFC 8037 section 2) --- */

static enum err
refuse_private(const json_t *obj, struct why *why)
{
    static const char *const PRIVATE[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};

    for (size_t i = 0; i < sizeof PRIVATE / sizeof PRIVATE[0]; i++) {
        if (json_object_get(obj, PRIVATE[i]) != NULL) {
            return why_add(why, ERR_DENIED, "jwk: holds the private member \"%s\"", PRIVATE[i]);
        }
    }
    return ERR_OK;
}

static bool
holds_text(const json_t *array, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);

        if (json_is_string(value) && strcmp(json_string_value(value), text) == 0) {
            return true;
        }
    }
    return false;
}

/* What the key says about its own use must not contradict ours (RFC 7517 sections 4.2 to 4.4). */
static enum err
usage_check(const json_t *obj, const struct jose_alg_row *row, struct why *why)
{
    const json_t *alg = json_object_get(obj, "alg");
    const json_t *use = json_object_get(obj, "use");
    const json_t *ops = json_object_get(obj, "key_ops");

    if (alg != NULL && (!json_is_string(alg) ||
                        jose_alg_by_name(json_string_value(alg)) != jose_alg_row(row->alg))) {
        return why_add(why, ERR_DENIED, "jwk: alg is not %s, which its curve demands", row->name);
    }
    if (use != NULL && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0)) {
        return why_add(why, ERR_DENIED, "jwk: use is not \"sig\"");
    }
    if (ops != NULL && !holds_text(ops, "verify")) {
        return why_add(why, ERR_DENIED, "jwk: key_ops lacks \"verify\"");
    }
    return ERR_OK;
}

static enum err
coordinate(const json_t *obj, const char *name, size_t want, uint8_t out[JOSE_FIELD_MAX],
           struct why *why)
{
    const char *text = "";
    size_t len = 0;

    TRY(text_member(obj, "jwk", name, &text, why));
    if (strlen(text) != b64url_len(want)) {
        return why_add(why, ERR_MALFORMED, "jwk: %s has %zu characters, want %zu", name,
                       strlen(text), b64url_len(want));
    }
    return b64url_decode(slice_text(text), out, want, &len, why);
}

static enum err
point_read(const json_t *obj, const struct jose_alg_row *row, struct jose_point *out,
           struct why *why)
{
    TRY(coordinate(obj, "x", row->field_len, out->x, why));
    return row->key == KEY_EC ? coordinate(obj, "y", row->field_len, out->y, why) : ERR_OK;
}

/* RFC 7638 section 3, from decoded values: one key has one thumbprint. */
static void
thumbprint(const struct jose_alg_row *row, const struct jose_point *point, struct jwk *out)
{
    uint8_t json[THUMBPRINT_INPUT_MAX];
    struct wr w = wr_init(json, sizeof json, "thumbprint");

    wr_text(&w, "{\"crv\":\"");
    wr_text(&w, row->crv);
    wr_text(&w, "\",\"kty\":\"");
    wr_text(&w, row->kty);
    wr_text(&w, "\",\"x\":\"");
    wr_b64url(&w, (struct slice){point->x, row->field_len});
    if (row->key == KEY_EC) {
        wr_text(&w, "\",\"y\":\"");
        wr_b64url(&w, (struct slice){point->y, row->field_len});
    }
    wr_text(&w, "\"}");
    assert(!w.full); /* the longest, P-384, takes 175 bytes */
    hash_sha256(wr_done(&w), out->jkt);
    b64url_encode((struct slice){out->jkt, JKT_LEN}, out->jkt_text);
}

static enum err
row_of(const json_t *obj, struct jose_alg_row *out, struct why *why)
{
    const char *kty = "";
    const char *crv = "";

    TRY(text_member(obj, "jwk", "kty", &kty, why));
    if (strcmp(kty, "oct") == 0) {
        return why_add(why, ERR_DENIED, "jwk: kty \"oct\" is a secret, want a public key");
    }
    TRY(text_member(obj, "jwk", "crv", &crv, why));

    const struct jose_alg_row *row = jose_alg_by_curve(kty, crv);

    if (row == NULL) {
        return why_add(why, ERR_DENIED, "jwk: kty \"%s\" crv \"%s\" is not accepted",
                       text_show(slice_text(kty)).text, text_show(slice_text(crv)).text);
    }
    *out = *row;
    return ERR_OK;
}

static enum err
key_make(const struct jose_alg_row *row, const struct jose_point *point, struct sig_key *out,
         struct why *why)
{
    const struct slice x = {point->x, row->field_len};

    if (row->key == KEY_EC) {
        return sig_key_ec(row->curve, x, (struct slice){point->y, row->field_len}, out, why);
    }
    return sig_key_ed25519(x, out, why);
}

enum err
jwk_of_point(const struct jose_alg_row *row, const struct jose_point *point,
             struct key_cache *cache, struct jwk *out, struct why *why)
{
    struct jwk k = {.alg = row->alg};

    thumbprint(row, point, &k);
    if (cache != NULL && key_cache_get(cache, k.jkt, &k.key)) {
        *out = k;
        return ERR_OK;
    }
    TRY(key_make(row, point, &k.key, why));
    if (cache != NULL) {
        key_cache_put(cache, k.jkt, &k.key);
    }
    *out = k;
    return ERR_OK;
}

enum err
jwk_read(const json_t *obj, struct jwk *out, struct why *why)
{
    return jwk_read_cached(obj, NULL, out, why);
}

enum err
jwk_read_cached(const json_t *obj, struct key_cache *cache, struct jwk *out, struct why *why)
{
    struct jose_alg_row row = {0};
    struct jose_point point = {.x = {0}};

    if (!json_is_object(obj)) {
        return why_add(why, ERR_MALFORMED, "jwk: missing or not an object");
    }
    TRY(refuse_private(obj, why));
    TRY(row_of(obj, &row, why));
    TRY(usage_check(obj, &row, why));
    TRY(point_read(obj, &row, &point, why));
    return jwk_of_point(&row, &point, cache, out, why);
}

/* --- JWS compact serialisation (RFC 7515 section 7.1) --- */

/* Everything before the next dot; the rest of `text` is what follows it. */
static bool
cut_dot(struct slice *text, struct slice *out)
{
    const uint8_t *dot = text->len == 0 ? NULL : memchr(text->ptr, '.', text->len);

    if (dot == NULL) {
        return false;
    }

    size_t len = (size_t)(dot - text->ptr);

    *out = (struct slice){text->ptr, len};
    *text = (struct slice){dot + 1, text->len - len - 1};
    return true;
}

enum err
jws_split(struct slice text, size_t max, struct jws_parts *out, struct why *why)
{
    struct slice rest = text;
    struct slice beyond = {0};

    if (text.len > max) {
        return why_add(why, ERR_LIMIT, "JWS of %zu bytes, at most %zu", text.len, max);
    }
    if (!cut_dot(&rest, &out->header) || !cut_dot(&rest, &out->payload)) {
        return why_add(why, ERR_MALFORMED, "JWS: fewer than three segments");
    }
    out->sig = rest;
    if (cut_dot(&rest, &beyond)) {
        return why_add(why, ERR_MALFORMED, "JWS: more than three segments");
    }
    if (out->header.len == 0 || out->payload.len == 0 || out->sig.len == 0) {
        return why_add(why, ERR_MALFORMED, "JWS: empty segment");
    }
    out->signing_input = (struct slice){text.ptr, out->header.len + 1 + out->payload.len};
    return ERR_OK;
}

/* One segment to bytes (owned by the caller) and, of those, a JSON object. */
static enum err
segment_object(struct slice segment, uint8_t **bytes, size_t *len, json_t **obj, struct why *why)
{
    *bytes = mem_new(segment.len, 1);
    TRY(b64url_decode(segment, *bytes, segment.len, len, why));
    TRY(json_read((struct slice){*bytes, *len}, obj, why));
    if (!json_is_object(*obj)) {
        return why_add(why, ERR_MALFORMED, "not a JSON object");
    }
    return ERR_OK;
}

/* RFC 7515 section 4.1.11 and what would fetch a key or change the payload's meaning. */
static enum err
refuse_extensions(const json_t *header, struct why *why)
{
    static const char *const REFUSED[] = {"crit", "b64", "zip", "jku", "x5u"};

    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        if (json_object_get(header, REFUSED[i]) != NULL) {
            return why_add(why, ERR_UNAUTHENTICATED, "JWS header: member \"%s\" is refused",
                           REFUSED[i]);
        }
    }
    return ERR_OK;
}

/* RFC 7515 section 4.1.9: a media type, whose "application/" may be left out. */
static enum err
typ_check(const json_t *header, const char *want, struct why *why)
{
    static const char PREFIX[] = "application/";

    if (want == NULL) {
        return ERR_OK;
    }

    const char *typ = "";

    TRY(text_member(header, "JWS header", "typ", &typ, why));
    if (strncasecmp(typ, PREFIX, sizeof PREFIX - 1) == 0) {
        typ += sizeof PREFIX - 1;
    }
    if (strcasecmp(typ, want) != 0) {
        return why_add(why, ERR_UNAUTHENTICATED, "JWS header: typ \"%s\", want \"%s\"",
                       text_show(slice_text(typ)).text, want);
    }
    return ERR_OK;
}

static enum err
alg_check(const json_t *header, unsigned allow, enum jose_alg *out, struct why *why)
{
    const char *name = "";

    TRY(text_member(header, "JWS header", "alg", &name, why));

    const struct jose_alg_row *row = jose_alg_by_name(name);

    if (row == NULL || (allow & 1u << row->alg) == 0) {
        return why_add(why, ERR_UNAUTHENTICATED, "JWS header: alg \"%s\" is not accepted here",
                       text_show(slice_text(name)).text);
    }
    *out = row->alg;
    return ERR_OK;
}

static enum err
kid_check(const json_t *header, const char **out, struct why *why)
{
    const json_t *kid = json_object_get(header, "kid");
    size_t len = json_string_length(kid);

    if (kid != NULL && (!json_is_string(kid) || len == 0 || len > KID_MAX)) {
        return why_add(why, ERR_MALFORMED, "JWS header: kid is not a text of 1 to %d bytes",
                       KID_MAX);
    }
    *out = json_string_value(kid);
    return ERR_OK;
}

static enum err
header_check(struct jws *j, const char *typ, unsigned allow, struct why *why)
{
    TRY(refuse_extensions(j->header, why));
    TRY(typ_check(j->header, typ, why));
    TRY(alg_check(j->header, allow, &j->alg, why));
    return kid_check(j->header, &j->kid, why);
}

static enum err
payload_read(const struct jws_parts *parts, struct jws *j, struct why *why)
{
    enum err err =
        segment_object(parts->payload, &j->payload_bytes, &j->payload_len, &j->payload, why);

    if (err != ERR_OK) {
        return why_add(why, err, "JWS payload");
    }
    err = b64url_decode(parts->sig, j->sig, sizeof j->sig, &j->sig_len, why);
    if (err != ERR_OK) {
        return why_add(why, err, "JWS signature");
    }
    j->signing_input = parts->signing_input;
    return ERR_OK;
}

static enum err
read_within(struct slice text, size_t max, const char *typ, unsigned allow, struct jws *out,
            struct why *why)
{
    AUTO(jws_done) struct jws j = {0};
    AUTO(mem_free_bytes) uint8_t *header = NULL;
    struct jws_parts parts = {0};
    size_t header_len = 0;

    TRY(jws_split(text, max, &parts, why));

    enum err err = segment_object(parts.header, &header, &header_len, &j.header, why);

    if (err != ERR_OK) {
        return why_add(why, err, "JWS header");
    }
    TRY(header_check(&j, typ, allow, why));
    TRY(payload_read(&parts, &j, why));
    *out = j;
    j = (struct jws){0};
    return ERR_OK;
}

enum err
jws_read(struct slice text, const char *typ, unsigned allow, struct jws *out, struct why *why)
{
    return read_within(text, JWT_MAX, typ, allow, out, why);
}

enum err
jws_read_document(struct slice text, const char *typ, unsigned allow, struct jws *out,
                  struct why *why)
{
    return read_within(text, JWS_DOCUMENT_MAX, typ, allow, out, why);
}

enum err
jws_verify(const struct jws *j, const struct sig_key *key, enum jose_alg key_alg, struct why *why)
{
    const struct jose_alg_row *row = jose_alg_row(key_alg);

    if (row == NULL || j->alg != key_alg || key->type != row->key || key->curve != row->curve) {
        return why_add(why, ERR_UNAUTHENTICATED, "JWS: its alg is not the one the key is for");
    }

    enum err err = sig_verify(key, row->scheme, row->hash, j->signing_input,
                              (struct slice){j->sig, j->sig_len}, why);

    if (err == ERR_DENIED || err == ERR_MALFORMED) {
        return why_add(why, ERR_UNAUTHENTICATED, "JWS: not signed by this key");
    }
    return err;
}
