/* SPDX-License-Identifier: Apache-2.0 */
/* admin_views.c - verdicts and sandboxes for administrators (docs/API.md, "Admin listener"). */
#include "broker/api/handlers.h"

#include "broker/flow/teardown.h"
#include "broker/http/form.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 100 };

/* ?after=ID of a list. */
static bool
after_param(const struct http_request *req, char dst[ID_MAX], struct http_reply *out)
{
    struct slice after = {0};
    struct why why = {0};

    if (query_get(req->query, "after", &after, &why) != ERR_OK || after.len >= ID_MAX) {
        http_problem(out, 400, "malformed", "after must be one id");
        return false;
    }
    (void)snprintf(dst, ID_MAX, "%.*s", (int)after.len,
                   after.len > 0 ? (const char *)after.ptr : "");
    return true;
}

static json_t *
verdict_json(const struct verdict_row *v)
{
    char policy[96];

    (void)snprintf(policy, sizeof policy, "%s/%lld", v->policy, (long long)v->policy_version);
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "id", v->id, "outcome", v->outcome,
                     "sandbox", v->sandbox, "at", api_time(v->at), "policy", policy,
                     "policy_digest", v->policy_digest, "evidence_digest", v->evidence_digest);
}

void
api_verdict_list(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    char after[ID_MAX];
    struct why why = {0};
    size_t n = 0;

    if (api_principal(req, out) == NULL || !after_param(req, after, out)) {
        return;
    }
    struct verdict_row *rows = mem_new(PAGE, sizeof *rows);
    enum err e = b->store->ops->verdict_list(b->store, after, rows, PAGE, &n, &why);

    if (e == ERR_OK) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(list, verdict_json(&rows[i]));
        }
        api_json(out, 200, json_pack("{s:o}", "verdicts", list));
    } else {
        http_error(out, e, &why);
    }
    mem_free(rows);
}

void
api_verdict_get(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    AUTO(verdict_row_done) struct verdict_row row = {0};
    AUTO(json_free) json_t *findings = NULL;
    struct why why = {0};

    if (api_principal(req, out) == NULL) {
        return;
    }
    enum err e = b->store->ops->verdict_get(b->store, req->param_text[0], &row, &why);

    if (e == ERR_OK) {
        e = json_read(slice_text(row.findings), &findings, &why);
    }
    if (e != ERR_OK) {
        http_error(out, e == ERR_MALFORMED ? ERR_BUG : e, &why);
        return;
    }
    json_t *o = verdict_json(&row);

    (void)json_object_set(o, "findings", findings);
    api_json(out, 200, o);
}

static json_t *
sandbox_json(const struct sandbox_row *s)
{
    char policy[96];

    (void)snprintf(policy, sizeof policy, "%s/%lld", s->policy, (long long)s->policy_version);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "id", s->id,
                     "state", sandbox_state_name(s->state), "policy", policy, "policy_digest",
                     s->policy_digest, "verdict", s->verdict, "jkt", s->jkt, "created",
                     api_time(s->created), "lease_until", api_time(s->lease_until), "hard_until",
                     api_time(s->hard_until), "ended_at", api_time(s->ended_at), "end_reason",
                     s->end_reason);
}

void
api_sandbox_list(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    char after[ID_MAX];
    struct why why = {0};
    size_t n = 0;

    if (api_principal(req, out) == NULL || !after_param(req, after, out)) {
        return;
    }
    struct sandbox_row *rows = mem_new(PAGE, sizeof *rows);
    enum err e = b->store->ops->sandbox_list(b->store, after, rows, PAGE, &n, &why);

    if (e == ERR_OK) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(list, sandbox_json(&rows[i]));
        }
        api_json(out, 200, json_pack("{s:o}", "sandboxes", list));
    } else {
        http_error(out, e, &why);
    }
    mem_free(rows);
}

void
api_sandbox_get(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct sandbox_row row = {0};
    struct why why = {0};

    if (api_principal(req, out) == NULL) {
        return;
    }
    enum err e = b->store->ops->sandbox_get(b->store, req->param_text[0], &row, &why);

    if (e != ERR_OK) {
        http_error(out, e, &why);
        return;
    }
    api_json(out, 200, sandbox_json(&row));
}

void
api_sandbox_teardown(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    const struct principal *who = api_principal(req, out);
    AUTO(mem_free_text) char *receipt = NULL;
    char reason[STORE_TEXT];
    char actor[128];
    struct fault f = {0};

    if (who == NULL || !api_reason(req, reason, sizeof reason, "operator", out)) {
        return;
    }
    (void)snprintf(actor, sizeof actor, "admin:%s", who->name);
    if (flow_teardown(b, req->param_text[0], actor, reason, &receipt, &f) != ERR_OK) {
        api_admin_fault(req, who, out, &f);
        return;
    }
    api_json(out, 200,
             json_pack("{s:s, s:s, s:s}", "sandbox", req->param_text[0], "state", "ended",
                       "receipt", receipt));
}
