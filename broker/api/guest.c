/* SPDX-License-Identifier: Apache-2.0 */
/* guest.c - challenge, attest, and the life of a sandbox (docs/API.md, "Guest listener"). */
#include "broker/api/handlers.h"

#include "attest/base/text.h"
#include "broker/flow/attest.h"
#include "broker/flow/challenge.h"
#include "broker/flow/lease.h"
#include "broker/flow/teardown.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

enum { ATTEST_REPLY_REST = 1024 }; /* names, punctuation, numbers */

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

static void
attest_reply(const struct attest_grant *g, struct http_reply *out)
{
    struct wr w;

    api_begin(&w, sizeof *g + ATTEST_REPLY_REST);
    api_member(&w, "sandbox", g->sandbox);
    api_member(&w, "verdict", g->verdict);
    api_member(&w, "ear", g->ear);
    api_number(&w, "expires_in", g->expires_in);
    api_lease(&w, g->heartbeat_s, g->lease_until);
    api_end(&w, 200, out);
}

void
api_attest(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    AUTO(attest_grant_free) struct attest_grant *g = mem_new(1, sizeof *g);
    struct fault f = {0};

    if (flow_attest(b, req, req->body, g, &f) == ERR_OK) {
        attest_reply(g, out);
        api_nonce(b, out);
    } else {
        api_fault(b, out, &f);
    }
    api_challenge(b, out);
}

void
api_heartbeat(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct guest g = {0};
    struct lease lease = {0};
    struct fault f = {0};
    struct wr w;

    if (!api_empty(req, out)) {
        return;
    }
    if (guest_check(b, req, req->param_text[0], &g, &f) != ERR_OK ||
        flow_heartbeat(b, &g.sandbox, &lease, &f) != ERR_OK) {
        api_fault(b, out, &f);
        return;
    }
    api_begin(&w, ATTEST_REPLY_REST);
    api_member(&w, "sandbox", g.sandbox.id);
    api_lease(&w, lease.heartbeat_s, lease.until);
    api_end(&w, 200, out);
    api_nonce(b, out);
}

/* It goes into the ledger, a receipt and the log, which take no control characters. */
static bool
reason_ok(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            return false;
        }
    }
    return true;
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
    if (!reason_ok(reason)) {
        http_problem(out, 400, "malformed", "reason: a control character");
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
