/* SPDX-License-Identifier: Apache-2.0 */
/* introspect.c - see introspect.h. */
#include "broker/flow/introspect.h"

#include "attest/base/wr.h"
#include "broker/flow/proof.h"
#include "broker/flow/record.h"
#include "broker/flow/replay.h"
#include "broker/flow/validity.h"

#include <string.h>
#include <strings.h>

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

enum { ASSERTION_LIFE_S = 300, ASSERTION_SKEW_S = 30 };

/* Who asks, and which audiences are its own. */
struct caller {
    const char (*audience)[256];
    size_t audiences;
};

static enum err
not_a_client(struct fault *f, const char *text)
{
    return fault_set(f, ERR_UNAUTHENTICATED, "invalid_client", "%s", text);
}

static const struct rp_client *
find_client(const struct broker *b, const char *id)
{
    for (size_t i = 0; i < b->clients; i++) {
        if (strcmp(b->client[i].id, id) == 0) {
            return &b->client[i];
        }
    }
    return NULL;
}

static const char *
text_of(const json_t *obj, const char *name)
{
    const char *s = json_string_value(json_object_get(obj, name));

    return s != NULL ? s : "";
}

/* Tokens of other kinds must not pass for an assertion (RFC 8725 section 3.11); RFC 7523 itself names no type. */
static bool
assertion_type(const char *typ)
{
    return typ[0] == '\0' || strcasecmp(typ, "JWT") == 0 ||
           strcasecmp(typ, "client-authentication+jwt") == 0;
}

/* iss and sub are the client, aud is this server as one string, and it ends soon. */
static enum err
check_assertion(const struct broker *b, const json_t *p, const char *id, int64_t now,
                struct fault *f)
{
    int64_t exp = json_integer_value(json_object_get(p, "exp"));

    if (strcmp(text_of(p, "iss"), id) != 0 || strcmp(text_of(p, "aud"), b->issuer) != 0) {
        return not_a_client(f, "client_assertion: iss and sub must be the client, aud the issuer");
    }
    if (exp <= now || exp > now + ASSERTION_LIFE_S + ASSERTION_SKEW_S) {
        return not_a_client(f, "client_assertion: exp must be within the next 300 s");
    }
    size_t len = strlen(text_of(p, "jti"));

    if (len == 0 || len > JTI_MAX) {
        return not_a_client(f, "client_assertion: jti is missing or too long");
    }
    return ERR_OK;
}

/* An assertion counts once. */
static enum err
spend_assertion(struct broker *b, const json_t *p, const char *id, int64_t now, struct fault *f)
{
    uint8_t key[JTI_MAX + 128];
    struct wr w = wr_init(key, sizeof key, "assertion");

    wr_fmt(&w, "assertion %s %s", id, text_of(p, "jti"));
    enum err e = replay_add(b->replay, wr_done(&w), json_integer_value(json_object_get(p, "exp")),
                            now, &f->why);

    if (e == ERR_CONFLICT) {
        return not_a_client(f, "client_assertion: used before");
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "busy");
}

static enum err
by_assertion(struct broker *b, const char *text, struct caller *out, struct fault *f)
{
    AUTO(jws_done) struct jws jws = {0};
    int64_t now = clock_unix();

    if (jws_read(slice_text(text), NULL, JOSE_ALLOW_ES256 | JOSE_ALLOW_ES384 | JOSE_ALLOW_EDDSA,
                 &jws, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNAUTHENTICATED, "invalid_client");
    }
    if (!assertion_type(text_of(jws.header, "typ"))) {
        return not_a_client(f, "client_assertion: typ is that of another kind of token");
    }
    const char *id = text_of(jws.payload, "sub");
    const struct rp_client *c = find_client(b, id);

    if (c == NULL) {
        return not_a_client(f, "client_assertion: sub is not a registered client");
    }
    if (jws_verify(&jws, &c->jwk.key, c->jwk.alg, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNAUTHENTICATED, "invalid_client");
    }
    TRY(check_assertion(b, jws.payload, id, now, f));
    TRY(spend_assertion(b, jws.payload, id, now, f));
    *out = (struct caller){c->audience, c->audiences};
    return ERR_OK;
}

static enum err
find_caller(struct broker *b, const struct http_request *req, const struct form *form,
            struct caller *out, struct fault *f)
{
    const char *type = form_get(form, "client_assertion_type", 0);
    const char *text = form_get(form, "client_assertion", 0);

    if (req->has_certificate) {
        const struct principal *p = principal_find(&b->who, req->peer_spki);

        if (p == NULL || (p->roles & ROLE_RELYING_PARTY) == 0) {
            return not_a_client(f, "the certificate is not a relying party's");
        }
        *out = (struct caller){p->audience, p->audiences};
        return ERR_OK;
    }
    if (text == NULL || type == NULL || strcmp(type, ASSERTION_TYPE) != 0) {
        return not_a_client(f, "client_assertion with type " ASSERTION_TYPE " is required");
    }
    return by_assertion(b, text, out, f);
}

static json_t *
inactive(void)
{
    return json_pack("{s:b}", "active", 0);
}

static json_t *
audience_json(const struct claims *c)
{
    json_t *list = NULL;

    if (c->aud_n == 1) {
        return json_string(c->aud[0]);
    }
    list = json_array();
    for (size_t i = 0; i < c->aud_n; i++) {
        (void)json_array_append_new(list, json_string(c->aud[i]));
    }
    return list;
}

static json_t *
active(const struct broker *b, const struct claims *c)
{
    return json_pack("{s:b, s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:s, s:s, s:{s:s}, s:s}", "active",
                     1, "scope", c->scope, "client_id", c->client_id, "token_type", "DPoP", "exp",
                     (json_int_t)c->exp, "iat", (json_int_t)c->iat, "sub", c->sub, "aud",
                     audience_json(c), "iss", b->issuer, "jti", c->jti, "cnf", "jkt", c->jkt,
                     "sandbox", c->sandbox);
}

static bool
concerns(const struct caller *who, const struct claims *c)
{
    for (size_t i = 0; i < who->audiences; i++) {
        if (claims_for(c, who->audience[i])) {
            return true;
        }
    }
    return false;
}

enum err
flow_introspect(struct broker *b, const struct http_request *req, const struct form *form,
                json_t **answer, struct fault *f)
{
    const char *token = form_get(form, "token", 0);
    struct caller who = {0};
    struct claims c = {0};

    TRY(find_caller(b, req, form, &who, f));
    if (token == NULL) {
        return fault_set(f, ERR_MALFORMED, "invalid_request", "token is missing");
    }
    enum err e = credential_check(b, slice_text(token), CLAIMS_ACCESS, &c, NULL, f);

    if (e != ERR_OK && e != ERR_UNAUTHENTICATED) {
        return e;
    }
    *answer = e == ERR_OK && concerns(&who, &c) ? active(b, &c) : inactive();
    return ERR_OK;
}

static enum err
revoke(struct broker *b, const struct claims *c, struct fault *f)
{
    struct mint_record r = {.action = ACTION_REVOKED};

    memcpy(r.sandbox, c->sandbox, sizeof r.sandbox);
    memcpy(r.object, c->jti, sizeof c->jti);
    memcpy(r.actor, "guest", sizeof "guest");
    memcpy(r.reasons, "token_revoked", sizeof "token_revoked");
    enum err e = b->store->ops->token_revoke(b->store, c->jti, c->exp, &f->why);

    if (e != ERR_OK) {
        return fault_from(f, e, "unable");
    }
    return record_note(b, &r, f);
}

enum err
flow_revoke(struct broker *b, const struct http_request *req, const char *token, struct fault *f)
{
    struct proof p = {0};
    struct claims c = {0};
    struct why why = {0};

    TRY(proof_check(b, req, NULL, &p, f));
    if (token == NULL) {
        return fault_set(f, ERR_MALFORMED, "invalid_request", "token is missing");
    }
    /* Whoever has no token of ours takes no room in the memory of proofs. */
    if (claims_read(b, slice_text(token), CLAIMS_ACCESS | CLAIMS_EAR, clock_unix(), &c, &why) !=
        ERR_OK) {
        return ERR_OK;
    }
    if (strcmp(c.jkt, p.jkt) != 0) {
        return fault_set(f, ERR_MALFORMED, "invalid_request", "the token is of another key");
    }
    TRY(proof_spend(b, &p, f));
    return revoke(b, &c, f);
}
