/* SPDX-License-Identifier: Apache-2.0 */
/* admin_documents.c - reference sets, policies and approvals over HTTP (docs/API.md, "Admin listener"). */
#include "broker/api/handlers.h"

#include "broker/flow/documents.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

/* Both resources have the same handlers; the path tells which. */
static const char *
kind_of(const struct http_request *req)
{
    return strncmp(req->path, "/v1/admin/policies", 18) == 0 ? "policy" : "reference-set";
}

static json_t *
row_json(const struct document_row *row)
{
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:o, s:s}", "kind", row->kind, "id", row->id,
                     "version", (json_int_t)row->version, "state", document_state_name(row->state),
                     "digest", row->digest, "author", row->author, "at", api_time(row->at),
                     "reason", row->reason);
}

void
api_document_list(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct fault f = {0};
    size_t n = 0;

    if (api_principal(req, out) == NULL) {
        return;
    }
    struct document_row *rows = mem_new(STORE_LIST_MAX, sizeof *rows);
    enum err e =
        b->store->ops->document_list(b->store, kind_of(req), rows, STORE_LIST_MAX, &n, &f.why);

    if (e == ERR_OK) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(list, row_json(&rows[i]));
        }
        api_json(out, 200, json_pack("{s:o, s:b}", "documents", list, "more", n == STORE_LIST_MAX));
    } else {
        http_error(out, e, &f.why);
    }
    mem_free(rows);
}

static bool
version_param(const struct http_request *req, int64_t *version, struct http_reply *out)
{
    struct why why = {0};

    if (document_version(req->param_text[1], version, &why) != ERR_OK) {
        http_problem(out, 400, "malformed", why_text(&why));
        return false;
    }
    return true;
}

static json_t *
approvals_json(struct broker *b, const struct document_row *row)
{
    enum { SHOWN = 16 };
    struct approval_row *rows = mem_new(SHOWN, sizeof *rows);
    json_t *list = json_array();
    struct why why = {0};
    size_t n = 0;

    if (b->store->ops->approval_list(b->store, row->kind, row->id, row->version, rows, SHOWN, &n,
                                     &why) == ERR_OK) {
        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(list,
                                        json_pack("{s:s, s:o, s:s?}", "approver", rows[i].approver,
                                                  "at", api_time(rows[i].at), "jws", rows[i].jws));
            approval_row_done(&rows[i]);
        }
    }
    mem_free(rows);
    return list;
}

void
api_document_get(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    AUTO(document_row_done) struct document_row row = {0};
    struct fault f = {0};
    int64_t version = 0;

    if (api_principal(req, out) == NULL || !version_param(req, &version, out)) {
        return;
    }
    enum err e = b->store->ops->document_get(b->store, kind_of(req), req->param_text[0], version,
                                             &row, &f.why);

    if (e != ERR_OK) {
        http_error(out, e, &f.why);
        return;
    }
    json_t *o = row_json(&row);

    (void)json_object_set_new(o, "document", json_string(row.jws));
    (void)json_object_set_new(o, "approvals", approvals_json(b, &row));
    api_json(out, 200, o);
}

void
api_document_put(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    const struct principal *who = api_principal(req, out);
    const struct document_ref ref = {kind_of(req), req->param_text[0], 0};
    struct document_row row = {0};
    struct fault f = {0};

    if (who == NULL) {
        return;
    }
    if (flow_document_put(b, who, &ref, req->body, &row, &f) != ERR_OK) {
        api_admin_fault(req, who, out, &f);
        return;
    }
    json_t *o = row_json(&row);

    (void)json_object_set_new(o, "approvals_needed", json_integer((json_int_t)b->approvals_needed));
    api_json(out, 201, o);
}

void
api_document_revoke(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    const struct principal *who = api_principal(req, out);
    char reason[STORE_TEXT];
    char object[OBJECT_TEXT];
    struct document_ref ref = {kind_of(req), req->param_text[0], 0};
    AUTO(json_free) json_t *ended = NULL;
    struct fault f = {0};

    if (who == NULL || !version_param(req, &ref.version, out) ||
        !api_reason(req, reason, sizeof reason, "revoked", out)) {
        return;
    }
    if (flow_document_revoke(b, who, &ref, reason, &ended, &f) != ERR_OK) {
        api_admin_fault(req, who, out, &f);
        return;
    }
    (void)snprintf(object, sizeof object, "%s/%s/%s", kind_of(req), req->param_text[0],
                   req->param_text[1]);
    (void)json_object_set_new(ended, "object", json_string(object));
    (void)json_object_set_new(ended, "state", json_string(document_state_name(DOCUMENT_REVOKED)));
    api_json(out, 200, ended);
    ended = NULL;
}

void
api_approve(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    const struct principal *who = api_principal(req, out);
    char object[OBJECT_TEXT] = "";
    bool active = false;
    struct fault f = {0};

    if (who == NULL) {
        return;
    }
    if (flow_approve(b, who, req->body, object, &active, &f) != ERR_OK) {
        api_admin_fault(req, who, out, &f);
        return;
    }
    api_json(out, 200,
             json_pack("{s:s, s:s, s:b}", "object", object, "state",
                       document_state_name(active ? DOCUMENT_ACTIVE : DOCUMENT_PROPOSED), "active",
                       active));
}
