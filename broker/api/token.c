/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - the token endpoint, introspection and revocation as HTTP (RFC 6749, 7662, 7009). */
#include "broker/api/handlers.h"

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

/* This is the one reply that has to be fast. */
static void
token_reply(const struct token_grant *g, struct http_reply *out)
{
    const struct attest_grant *r = g->result;
    struct wr w;

    api_begin(&w,
              g->token_len + 2 * sizeof g->scope + TOKEN_REPLY_REST + (r != NULL ? sizeof *r : 0));
    api_member(&w, "token_type", "DPoP");
    api_number(&w, "expires_in", g->expires_in);
    api_member(&w, "issued_token_type", TYPE_ACCESS);
    api_member(&w, "access_token", g->token);
    api_member(&w, "scope", g->scope);
    if (r != NULL) {
        api_member(&w, "sandbox", r->sandbox);
        api_member(&w, "verdict", r->verdict);
        api_member(&w, "ear", r->ear);
        api_lease(&w, r->heartbeat_s, r->lease_until);
    }
    api_end(&w, 200, out);
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
