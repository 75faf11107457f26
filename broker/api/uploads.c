/* SPDX-License-Identifier: Apache-2.0 */
/* uploads.c - asking for an upload URL, committing and aborting (docs/API.md). */
#include "broker/api/handlers.h"

#include "broker/flow/upload.h"
#include "common/json.h"
#include "common/mem.h"

#include <string.h>

static bool
read_ask(json_t *body, struct upload_ask *ask, struct http_reply *out)
{
    struct why why = {0};
    const struct json_member members[] = {
        {"store", JK_TEXT, true, &ask->store, 0, 63},
        {"name", JK_TEXT, true, &ask->name, 0, 255},
        {"content_type", JK_TEXT, true, &ask->content_type, 0, 127},
        {"size", JK_INT, true, &ask->size, 0, INT64_C(1) << 40},
        {"sha256", JK_TEXT, false, &ask->sha256, 0, 64},
    };

    if (json_bind(body, "request", members, sizeof members / sizeof members[0], &why) != ERR_OK) {
        http_problem(out, 400, "malformed", why_text(&why));
        return false;
    }
    return true;
}

/* "name: value" lines to the member "headers". */
static void
headers_member(struct wr *w, char *lines)
{
    char *rest = lines;
    const char *comma = "";

    wr_text(w, ",\"headers\":{");
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        char *colon = strstr(line, ": ");

        if (colon != NULL) {
            wr_text(w, comma);
            wr_json(w, (struct slice){(const uint8_t *)line, (size_t)(colon - line)});
            wr_u8(w, ':');
            wr_json(w, slice_text(colon + 2));
            comma = ",";
        }
    }
    wr_u8(w, '}');
}

static void
grant_reply(struct upload_grant *g, struct http_reply *out)
{
    struct wr w;

    api_begin(&w, 2 * sizeof *g);
    api_member(&w, "id", g->row.id);
    api_member(&w, "mode", g->row.mode);
    api_member(&w, "method", "PUT");
    api_member(&w, "url", g->url);
    headers_member(&w, g->headers);
    api_member(&w, "key", g->row.key);
    api_number(&w, "expires_in", g->expires_in);
    api_end(&w, 201, out);
}

void
api_uploads(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    AUTO(json_free) json_t *body = NULL;
    struct upload_ask ask = {0};
    struct guest g = {0};
    struct fault f = {0};

    if (!api_body(req, &body, out) || !read_ask(body, &ask, out)) {
        return;
    }
    AUTO(upload_grant_free) struct upload_grant *grant = mem_new(1, sizeof *grant);

    if (guest_check(b, req, NULL, &g, &f) == ERR_OK &&
        flow_upload(b, &g, &ask, grant, &f) == ERR_OK) {
        grant_reply(grant, out);
        api_nonce(b, out);
    } else {
        api_fault(b, out, &f);
    }
}

void
api_upload_commit(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct upload_row row = {0};
    struct guest g = {0};
    struct fault f = {0};

    if (!api_empty(req, out)) {
        return;
    }
    if (guest_check(b, req, NULL, &g, &f) != ERR_OK ||
        flow_upload_commit(b, &g, req->param_text[0], &row, &f) != ERR_OK) {
        api_fault(b, out, &f);
        return;
    }
    api_json(out, 200,
             json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", row.id, "state", "committed", "store",
                       row.store, "key", row.key, "size", (json_int_t)row.size));
    api_nonce(b, out);
}

void
api_upload_delete(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct guest g = {0};
    struct fault f = {0};

    if (guest_check(b, req, NULL, &g, &f) != ERR_OK ||
        flow_upload_abort(b, &g, req->param_text[0], &f) != ERR_OK) {
        api_fault(b, out, &f);
        return;
    }
    out->status = 204;
    api_nonce(b, out);
}
