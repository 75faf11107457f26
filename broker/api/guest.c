/* SPDX-License-Identifier: Apache-2.0 */
/* guest.c - challenge, attest, and the life of a sandbox (docs/API.md, "Guest listener"). */
#include "broker/api/handlers.h"

#include "attest/base/text.h"
#include "broker/flow/attest.h"
#include "broker/flow/challenge.h"
#include "broker/flow/teardown.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

void
api_challenge_post(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    uint8_t raw[CHALLENGE_LEN];
    char text[64];

    if (!api_empty(req, out)) {
        return;
    }
    challenge_make(mint_public(b->mint)->challenge_key, clock_unix(), raw);
    b64url_encode((struct slice){raw, sizeof raw}, text);
    api_json(out, 200, json_pack("{s:s, s:i}", "challenge", text, "expires_in", CHALLENGE_LIFE_S));
    api_nonce(b, out);
}

json_t *
api_lease(int64_t heartbeat_s, int64_t until)
{
    return json_pack("{s:I, s:I}", "heartbeat_s", (json_int_t)heartbeat_s, "until",
                     (json_int_t)until);
}

void
api_attest(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct attest_grant *g = mem_new(1, sizeof *g);
    struct fault f = {0};

    if (flow_attest(b, req, req->body, g, &f) == ERR_OK) {
        api_json(out, 200,
                 json_pack("{s:s, s:s, s:s, s:I, s:o}", "sandbox", g->sandbox, "verdict",
                           g->verdict, "ear", g->ear, "expires_in", (json_int_t)g->expires_in,
                           "lease", api_lease(g->heartbeat_s, g->lease_until)));
        api_nonce(b, out);
    } else {
        api_fault(b, out, &f);
    }
    api_challenge(b, out);
    mem_free(g);
}

static int64_t
heartbeat_of(struct broker *b, const struct sandbox_row *s)
{
    int64_t heartbeat = 0;

    policy_book_enter(b->book);
    const struct policy *p = policy_book_version(b->book, s->policy, s->policy_version);

    heartbeat = p != NULL ? p->grant.heartbeat_s : 0;
    policy_book_leave(b->book);
    return heartbeat;
}

void
api_heartbeat(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct guest g = {0};
    struct sandbox_row row = {0};
    struct fault f = {0};

    if (!api_empty(req, out)) {
        return;
    }
    if (guest_check(b, req, req->param_text[0], &g, &f) != ERR_OK) {
        api_fault(b, out, &f);
        return;
    }
    int64_t heartbeat = heartbeat_of(b, &g.sandbox);
    enum err e = b->store->ops->sandbox_renew(b->store, g.sandbox.id, clock_unix() + heartbeat,
                                              &row, &f.why);

    if (e != ERR_OK) {
        (void)!fault_from(&f, e, "sandbox_ended");
        api_fault(b, out, &f);
        return;
    }
    api_json(
        out, 200,
        json_pack("{s:s, s:o}", "sandbox", row.id, "lease", api_lease(heartbeat, row.lease_until)));
    api_nonce(b, out);
}

bool
api_reason(const struct http_request *req, char *dst, size_t cap, const char *fallback,
           struct http_reply *out)
{
    AUTO(json_free) json_t *o = NULL;
    struct why why = {0};
    const char *reason = fallback;
    const struct json_member members[] = {{"reason", JK_TEXT, false, &reason, 0, 200}};

    if (!api_body(req, &o, out)) {
        return false;
    }
    if (json_bind(o, "request", members, 1, &why) != ERR_OK) {
        http_problem(out, 400, "malformed", why_text(&why));
        return false;
    }
    (void)snprintf(dst, cap, "%s", reason);
    return true;
}

void
api_teardown(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    AUTO(mem_free_text) char *receipt = NULL;
    struct claims c = {0};
    struct fault f = {0};
    char reason[STORE_TEXT];

    if (!api_reason(req, reason, sizeof reason, "guest", out)) {
        return;
    }
    if (guest_check_ended(b, req, req->param_text[0], &c, &f) != ERR_OK ||
        flow_teardown(b, c.sandbox, "guest", reason, &receipt, &f) != ERR_OK) {
        api_fault(b, out, &f);
        return;
    }
    api_json(
        out, 200,
        json_pack("{s:s, s:s, s:s}", "sandbox", c.sandbox, "state", "ended", "receipt", receipt));
    api_nonce(b, out);
}
