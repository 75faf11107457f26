/* SPDX-License-Identifier: Apache-2.0 */
/* dpop_read.c - see dpop_read.h.  Sources: RFC 9449 section 4.2, RFC 7515 section 7.1.
 *
 * What is plain is named, never what is not: a member that neither reader knows sends the proof to the one that refuses by name. */
#include "common/dpop_read.h"

#include "attest/base/json_gate.h"
#include "attest/base/json_view.h"
#include "attest/base/text.h"
#include "common/json.h"
#include "common/mem.h"

enum { NONCE_MAX = sizeof((struct dpop *)NULL)->nonce - 1 };
enum { ALLOWED = JOSE_ALLOW_ES256 | JOSE_ALLOW_ES384 | JOSE_ALLOW_EDDSA };

void
proof_text_done(struct proof_text *p)
{
    jws_done(&p->jws);
}

/* --- in place --- */

/* Text of 1..max bytes. */
static bool
text_within(struct slice value, size_t max, struct slice *out)
{
    return json_view_text(value, out) && out->len > 0 && out->len <= max;
}

static bool
absent_or_within(struct slice value, size_t max, struct slice *out)
{
    return value.len == 0 || text_within(value, max, out);
}

static bool
text_is(struct slice value, const char *want)
{
    struct slice text = {0};

    return json_view_text(value, &text) && slice_same(text, slice_text(want));
}

static bool
payload_plain(struct slice payload, struct proof_text *out)
{
    enum { JTI, HTM, HTU, IAT, ATH, NONCE, CLAIMS };
    static const char *const NAMES[CLAIMS] = {"jti", "htm", "htu", "iat", "ath", "nonce"};
    struct slice v[CLAIMS];
    uint64_t iat = 0;

    if (!json_view_members(payload, NAMES, CLAIMS, v) || !json_view_u64(v[IAT], INT64_MAX, &iat)) {
        return false;
    }
    out->iat = (int64_t)iat;
    return text_within(v[JTI], JTI_MAX, &out->jti) && text_within(v[HTM], JTI_MAX, &out->htm) &&
           text_within(v[HTU], DPOP_HTU_MAX, &out->htu) &&
           absent_or_within(v[ATH], JTI_MAX, &out->ath) &&
           absent_or_within(v[NONCE], NONCE_MAX, &out->nonce);
}

static bool
coordinate(struct slice value, size_t len, uint8_t *dst)
{
    struct why unused = {.n = 0};
    struct slice text = {0};
    size_t got = 0;

    return json_view_text(value, &text) && text.len == b64url_len(len) &&
           b64url_decode(text, dst, len, &got, &unused) == ERR_OK;
}

static bool
key_plain(struct slice jwk, const struct jose_alg_row *row, struct proof_text *out)
{
    enum { KTY, CRV, X, Y, NUMBERS };
    static const char *const NAMES[NUMBERS] = {"kty", "crv", "x", "y"};
    struct slice v[NUMBERS];

    if (!json_view_members(jwk, NAMES, NUMBERS, v) || !text_is(v[KTY], row->kty) ||
        !text_is(v[CRV], row->crv) || !coordinate(v[X], row->field_len, out->point.x)) {
        return false;
    }
    out->alg = row->alg;
    return row->key == KEY_EC ? coordinate(v[Y], row->field_len, out->point.y) : v[Y].len == 0;
}

/* By its one name: who writes the synonym is not plain. */
static const struct jose_alg_row *
row_of(struct slice alg)
{
    static const enum jose_alg ALGS[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA};

    for (size_t i = 0; i < sizeof ALGS / sizeof ALGS[0]; i++) {
        const struct jose_alg_row *row = jose_alg_row(ALGS[i]);

        if (text_is(alg, row->name)) {
            return row;
        }
    }
    return NULL;
}

static bool
header_plain(struct slice header, struct proof_text *out)
{
    enum { TYP, ALG, JWK, MEMBERS };
    static const char *const NAMES[MEMBERS] = {"typ", "alg", "jwk"};
    struct slice v[MEMBERS];

    if (!json_view_members(header, NAMES, MEMBERS, v) || !text_is(v[TYP], DPOP_TYP)) {
        return false;
    }

    const struct jose_alg_row *row = row_of(v[ALG]);

    if (row == NULL) {
        return false;
    }
    out->jws.alg = row->alg;
    return key_plain(v[JWK], row, out);
}

/* The segment's bytes at dst, as one JSON object that the gate has passed. */
static bool
object_plain(struct slice segment, uint8_t *dst, struct slice *out)
{
    struct why unused = {.n = 0};
    size_t len = 0;

    if (b64url_decode(segment, dst, segment.len, &len, &unused) != ERR_OK ||
        json_gate_object((struct slice){dst, len}, "proof", &unused) != ERR_OK) {
        return false;
    }
    *out = json_view_whole((struct slice){dst, len});
    return true;
}

bool
proof_text_plain(struct slice proof, struct proof_text *out)
{
    struct why unused = {.n = 0};
    struct jws_parts parts = {0};
    struct jws *jws = &out->jws;
    struct slice header = {0};
    struct slice payload = {0};

    if (jws_split(proof, JWT_MAX, &parts, &unused) != ERR_OK) {
        return false;
    }
    /* One run of bytes for both: the payload's come first, as payload_bytes says. */
    jws->payload_bytes = mem_raw(parts.payload.len + parts.header.len);
    jws->signing_input = parts.signing_input;
    out->plain =
        object_plain(parts.header, jws->payload_bytes + parts.payload.len, &header) &&
        header_plain(header, out) && object_plain(parts.payload, jws->payload_bytes, &payload) &&
        payload_plain(payload, out) &&
        b64url_decode(parts.sig, jws->sig, sizeof jws->sig, &jws->sig_len, &unused) == ERR_OK;
    return out->plain;
}

/* --- as every other JWS --- */

/* Text of 1..max bytes. */
static enum err
claim_text(const json_t *payload, const char *name, size_t max, struct slice *out, struct why *why)
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
    *out = slice_text(json_string_value(value));
    return ERR_OK;
}

static enum err
claim_optional(const json_t *payload, const char *name, size_t max, struct slice *out,
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
claims_required(const json_t *payload, struct proof_text *out, struct why *why)
{
    TRY(claim_text(payload, "jti", JTI_MAX, &out->jti, why));
    TRY(claim_text(payload, "htm", JTI_MAX, &out->htm, why));
    TRY(claim_text(payload, "htu", DPOP_HTU_MAX, &out->htu, why));
    return claim_iat(payload, &out->iat, why);
}

enum err
proof_text_tree(struct slice proof, struct proof_text *out, struct why *why)
{
    TRY(jws_read(proof, DPOP_TYP, ALLOWED, &out->jws, why));

    const json_t *payload = out->jws.payload;

    TRY(claims_required(payload, out, why));
    TRY(claim_optional(payload, "ath", JTI_MAX, &out->ath, why));
    return claim_optional(payload, "nonce", NONCE_MAX, &out->nonce, why);
}

enum err
proof_text_read(struct slice proof, struct proof_text *out, struct why *why)
{
    if (proof_text_plain(proof, out)) {
        return ERR_OK;
    }
    proof_text_done(out);
    *out = (struct proof_text){0};
    return proof_text_tree(proof, out, why);
}

enum err
proof_text_key(const struct proof_text *p, struct key_cache *keys, struct jwk *out, struct why *why)
{
    if (!p->plain) {
        return jwk_read_cached(json_object_get(p->jws.header, "jwk"), keys, out, why);
    }
    return jwk_of_point(jose_alg_row(p->alg), &p->point, keys, out, why);
}
