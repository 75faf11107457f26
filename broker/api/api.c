/* SPDX-License-Identifier: Apache-2.0 */
/* api.c - see api.h. */
#include "broker/api/api.h"

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "broker/flow/challenge.h"
#include "broker/flow/record.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

enum { RETRY_AFTER_S = 2 };

#define DPOP_ALGS "ES256 ES384 EdDSA"

static const char *const AUTH_NAMES[] = {
    [AUTH_NONE] = "none", [AUTH_PROOF] = "dpop",    [AUTH_TOKEN] = "dpop-token",
    [AUTH_URL] = "url",   [AUTH_CLIENT] = "client", [AUTH_ROLE] = "certificate",
};

const char *
api_auth_name(unsigned auth)
{
    return auth < sizeof AUTH_NAMES / sizeof AUTH_NAMES[0] ? AUTH_NAMES[auth] : "?";
}

void
api_json(struct http_reply *out, unsigned status, json_t *obj)
{
    http_body(out, status, "application/json", json_text(obj));
    json_decref(obj);
}

void
api_begin(struct wr *w, size_t cap)
{
    *w = wr_init(mem_new(cap, 1), cap, "reply");
    wr_u8(w, '{');
}

static void
member(struct wr *w, const char *name)
{
    wr_text(w, w->len > 1 ? ",\"" : "\"");
    wr_text(w, name);
    wr_text(w, "\":");
}

void
api_member(struct wr *w, const char *name, const char *value)
{
    member(w, name);
    wr_json(w, slice_text(value));
}

void
api_number(struct wr *w, const char *name, int64_t value)
{
    member(w, name);
    wr_dec(w, value);
}

void
api_lease(struct wr *w, int64_t heartbeat_s, int64_t until)
{
    member(w, "lease");
    wr_fmt(w, "{\"heartbeat_s\":%lld,\"until\":%lld}", (long long)heartbeat_s, (long long)until);
}

void
api_end(struct wr *w, unsigned status, struct http_reply *out)
{
    struct why why = {0};

    wr_u8(w, '}');
    if (wr_cstr(w, &why) == ERR_OK) {
        http_body(out, status, "application/json", (char *)w->buf);
        return;
    }
    sec_zero(w->buf, w->len);
    mem_free(w->buf);
    http_error(out, ERR_BUG, &why);
}

void
api_nonce(struct broker *b, struct http_reply *out)
{
    char nonce[NONCE_TEXT];

    nonce_make(b->nonce_key, clock_unix(), nonce);
    http_set(out, "DPoP-Nonce", nonce);
}

void
api_challenge(struct broker *b, struct http_reply *out)
{
    uint8_t raw[CHALLENGE_LEN];
    char text[64];

    challenge_make(mint_public(b->mint)->challenge_key, clock_unix(), raw);
    b64url_encode((struct slice){raw, sizeof raw}, text);
    http_set(out, "Countersign-Challenge", text);
}

static json_t *
failed_list(const char *failed)
{
    json_t *list = json_array();
    char copy[FAULT_FAILED];
    char *rest = copy;

    (void)snprintf(copy, sizeof copy, "%s", failed);
    for (char *id = strsep(&rest, " "); id != NULL && *id != '\0'; id = strsep(&rest, " ")) {
        (void)json_array_append_new(list, json_string(id));
    }
    return list;
}

static void
add_verdict(json_t *o, const struct fault *f)
{
    if (f->verdict[0] == '\0') {
        return;
    }
    (void)json_object_set_new(o, "verdict", json_string(f->verdict));
    (void)json_object_set_new(o, "failed", failed_list(f->failed));
}

/* "busy" and "unable". */
static void
retry_later(struct http_reply *out, const struct fault *f)
{
    char seconds[24];

    if (err_is_unable(f->err)) {
        (void)snprintf(seconds, sizeof seconds, "%lld",
                       f->retry_after_s > 0 ? (long long)f->retry_after_s
                                            : (long long)RETRY_AFTER_S);
        http_set(out, "Retry-After", seconds);
    }
}

/* RFC 9449 section 7.1: what a resource server says. */
static void
www_authenticate(struct http_reply *out, const struct fault *f)
{
    char value[256];
    const char *error = strcmp(f->code, "dpop_replayed") == 0 ? "invalid_dpop_proof" : f->code;

    (void)snprintf(value, sizeof value, "DPoP error=\"%s\", algs=\"" DPOP_ALGS "\"", error);
    http_set(out, "WWW-Authenticate", value);
}

static void
problem(struct http_reply *out, const struct fault *f, const char *detail)
{
    char type[128];
    json_t *o = json_object();

    (void)snprintf(type, sizeof type, "urn:countersign:error:%s", f->code);
    (void)json_object_set_new(o, "type", json_string(type));
    (void)json_object_set_new(o, "title", json_string(f->code));
    (void)json_object_set_new(o, "status", json_integer(http_status(f->err)));
    (void)json_object_set_new(o, "code", json_string(f->code));
    if (detail != NULL) {
        (void)json_object_set_new(o, "detail", json_string(detail));
    }
    add_verdict(o, f);
    http_body(out, http_status(f->err), "application/problem+json", json_text(o));
    json_decref(o);
    retry_later(out, f);
}

/* Guests get codes and administrators, by the verdict's id, the details. */
void
api_fault(struct broker *b, struct http_reply *out, const struct fault *f)
{
    problem(out, f, f->verdict[0] != '\0' ? NULL : http_detail(f->err, &f->why));
    if (f->err == ERR_UNAUTHENTICATED) {
        www_authenticate(out, f);
    }
    api_nonce(b, out);
}

/* A denial is on record before it is told. */
void
api_admin_fault(const struct http_request *req, const struct principal *who, struct http_reply *out,
                struct fault *f)
{
    char actor[MINT_TEXT];
    char object[MINT_TEXT];
    struct fault unwritten = {0};

    (void)snprintf(actor, sizeof actor, "admin:%s", who != NULL ? who->name : "unknown");
    (void)snprintf(object, sizeof object, "%s %s", req->method, req->path);
    if ((f->err == ERR_DENIED || f->err == ERR_UNAUTHENTICATED) &&
        record_refusal(req->app, actor, object, f->code, &unwritten) != ERR_OK) {
        *f = unwritten;
    }
    problem(out, f, why_text(&f->why));
}

/* Ours to OAuth's: the codes that RFC 6749, 8693 and 9449 know. */
static const struct {
    const char *ours;
    const char *oauth;
} OAUTH_CODES[] = {
    {"use_dpop_nonce", "use_dpop_nonce"},    {"invalid_dpop_proof", "invalid_dpop_proof"},
    {"dpop_replayed", "invalid_dpop_proof"}, {"invalid_scope", "invalid_scope"},
    {"invalid_target", "invalid_target"},    {"unsupported_grant_type", "unsupported_grant_type"},
    {"invalid_client", "invalid_client"},    {"evidence_rejected", "invalid_grant"},
    {"evidence_malformed", "invalid_grant"}, {"challenge_unknown", "invalid_grant"},
    {"challenge_expired", "invalid_grant"},  {"challenge_used", "invalid_grant"},
    {"policy_unknown", "invalid_grant"},     {"consent_required", "invalid_grant"},
    {"key_mismatch", "invalid_grant"},
};

static const char *
oauth_code(const struct fault *f)
{
    if (err_is_unable(f->err)) {
        return "temporarily_unavailable";
    }
    for (size_t i = 0; i < sizeof OAUTH_CODES / sizeof OAUTH_CODES[0]; i++) {
        if (strcmp(OAUTH_CODES[i].ours, f->code) == 0) {
            return OAUTH_CODES[i].oauth;
        }
    }
    return "invalid_request";
}

void
api_oauth_fault(struct broker *b, struct http_reply *out, const struct fault *f)
{
    json_t *o = json_object();
    const char *code = oauth_code(f);
    bool client = strcmp(code, "invalid_client") == 0;

    (void)json_object_set_new(o, "error", json_string(code));
    (void)json_object_set_new(o, "error_description",
                              json_string(f->verdict[0] != '\0' ? "the evidence was refused"
                                                                : http_detail(f->err, &f->why)));
    if (strcmp(code, f->code) != 0) {
        (void)json_object_set_new(o, "code", json_string(f->code));
    }
    add_verdict(o, f);
    http_body(out,
              err_is_unable(f->err) ? 503
              : client              ? 401
                                    : 400,
              "application/json", json_text(o));
    json_decref(o);
    retry_later(out, f);
    api_nonce(b, out);
}

/* Who has no certificate of ours is nobody: that is not worth a record. */
const struct principal *
api_principal(const struct http_request *req, struct http_reply *out)
{
    const struct broker *b = req->app;
    const struct principal *p = NULL;
    struct fault f = {0};

    if (!req->has_certificate) {
        http_problem(out, 401, "client_certificate",
                     "a client certificate of a registered person is required");
        return NULL;
    }
    p = principal_find(&b->who, req->peer_spki);
    if (p != NULL && (p->roles & req->route->roles) != 0) {
        return p;
    }
    if (p == NULL) {
        (void)!fault_set(&f, ERR_DENIED, "principal_unknown",
                         "the certificate's key is not registered");
    } else {
        (void)!fault_set(&f, ERR_DENIED, "role_missing",
                         "this person has none of the roles that this route asks for");
    }
    api_admin_fault(req, p, out, &f);
    return NULL;
}

bool
api_body(const struct http_request *req, json_t **out, struct http_reply *reply)
{
    struct why why = {0};
    enum err e = json_read(req->body, out, &why);

    if (e != ERR_OK) {
        http_problem(reply, e == ERR_LIMIT ? 413 : 400, "malformed", why_text(&why));
        return false;
    }
    return true;
}

bool
api_empty(const struct http_request *req, struct http_reply *reply)
{
    AUTO(json_free) json_t *o = NULL;
    struct why why = {0};

    if (!api_body(req, &o, reply)) {
        return false;
    }
    if (json_bind(o, "request", NULL, 0, &why) != ERR_OK) {
        http_problem(reply, 400, "malformed", why_text(&why));
        return false;
    }
    return true;
}

json_t *
api_time(int64_t unix_s)
{
    char text[RFC3339_LEN + 1];

    if (unix_s <= 0 || unix_s > INT64_C(253402300799)) {
        return json_null();
    }
    rfc3339_format(unix_s, text);
    return json_string(text);
}
