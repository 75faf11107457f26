/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - the token endpoint, introspection and revocation as HTTP (RFC 6749, 7662, 7009). */
#include "broker/api/handlers.h"

#include "attest/base/wr.h"
#include "broker/flow/introspect.h"
#include "broker/flow/token.h"
#include "broker/http/form.h"
#include "common/mem.h"

#include <string.h>

#define TYPE_ACCESS "urn:ietf:params:oauth:token-type:access_token"

enum { TOKEN_REPLY_REST = 1024 }; /* names, punctuation, numbers */

static bool
read_form(struct broker *b, const struct http_request *req, struct form *form,
          struct http_reply *out)
{
    struct fault f = {0};
    enum err e = form_read(req->body, form, &f.why);

    if (e == ERR_OK) {
        return true;
    }
    (void)!fault_from(&f, ERR_MALFORMED, "invalid_request");
    api_oauth_fault(b, out, &f);
    return false;
}

static void
member(struct wr *w, const char *name, const char *value)
{
    wr_fmt(w, ",\"%s\":", name);
    wr_json(w, slice_text(value));
}

static void
attested_members(struct wr *w, const struct attest_grant *r)
{
    member(w, "sandbox", r->sandbox);
    member(w, "verdict", r->verdict);
    member(w, "ear", r->ear);
    wr_fmt(w, ",\"lease\":{\"heartbeat_s\":%lld,\"until\":%lld}", (long long)r->heartbeat_s,
           (long long)r->lease_until);
}

/* Written straight into the reply's buffer: this is the one reply that has to be fast. */
static void
token_reply(const struct token_grant *g, struct http_reply *out)
{
    size_t cap = strlen(g->token) + 2 * sizeof g->scope + TOKEN_REPLY_REST +
                 (g->result != NULL ? sizeof *g->result : 0);
    char *text = mem_new(cap, 1);
    struct wr w = wr_init((uint8_t *)text, cap, "token reply");
    struct why why = {0};

    wr_fmt(&w, "{\"token_type\":\"DPoP\",\"expires_in\":%lld", (long long)g->expires_in);
    member(&w, "issued_token_type", TYPE_ACCESS);
    member(&w, "access_token", g->token);
    member(&w, "scope", g->scope);
    if (g->result != NULL) {
        attested_members(&w, g->result);
    }
    wr_text(&w, "}");
    if (wr_cstr(&w, &why) == ERR_OK) {
        http_body(out, 200, "application/json", text);
        return;
    }
    mem_free(text);
    http_error(out, ERR_BUG, &why);
}

void
api_token(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    AUTO(form_done) struct form form = {0};
    struct fault f = {0};

    if (!read_form(b, req, &form, out)) {
        return;
    }
    AUTO(token_grant_free) struct token_grant *g = mem_new(1, sizeof *g);

    if (flow_token(b, req, &form, g, &f) == ERR_OK) {
        token_reply(g, out);
        api_nonce(b, out);
    } else {
        api_oauth_fault(b, out, &f);
    }
    api_challenge(b, out);
}

void
api_revoke(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    AUTO(form_done) struct form form = {0};
    struct fault f = {0};

    if (!read_form(b, req, &form, out)) {
        return;
    }
    if (flow_revoke(b, req, form_get(&form, "token", 0), &f) != ERR_OK) {
        api_oauth_fault(b, out, &f);
        return;
    }
    out->status = 200;
    api_nonce(b, out);
}

void
api_introspect(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    AUTO(form_done) struct form form = {0};
    struct fault f = {0};
    json_t *answer = NULL;

    if (!read_form(b, req, &form, out)) {
        return;
    }
    if (flow_introspect(b, req, &form, &answer, &f) != ERR_OK) {
        api_oauth_fault(b, out, &f);
        if (f.err == ERR_UNAUTHENTICATED) {
            http_set(out, "WWW-Authenticate", "Bearer error=\"invalid_client\"");
        }
        return;
    }
    api_json(out, 200, answer);
}
