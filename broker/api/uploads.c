/* SPDX-License-Identifier: Apache-2.0 */
/* uploads.c - asking for an upload URL, committing and aborting (docs/API.md). */
#include "broker/api/handlers.h"

#include "broker/flow/upload.h"
#include "common/json.h"
#include "common/mem.h"

#include <string.h>

/* "name: value" lines to an object. */
static json_t *
headers_json(char *lines)
{
    json_t *o = json_object();
    char *rest = lines;

    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        char *colon = strstr(line, ": ");

        if (colon != NULL) {
            *colon = '\0';
            (void)json_object_set_new(o, line, json_string(colon + 2));
        }
    }
    return o;
}

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

static void
grant_reply(struct upload_grant *g, struct http_reply *out)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:I}", "id", g->row.id, "mode", g->row.mode,
                  "method", "PUT", "url", g->url, "headers", headers_json(g->headers), "key",
                  g->row.key, "expires_in", (json_int_t)g->expires_in);

    api_json(out, 201, o);
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
    struct upload_grant *grant = mem_new(1, sizeof *grant);

    if (guest_check(b, req, NULL, &g, &f) == ERR_OK &&
        flow_upload(b, &g, &ask, grant, &f) == ERR_OK) {
        grant_reply(grant, out);
        api_nonce(b, out);
    } else {
        api_fault(b, out, &f);
    }
    mem_free(grant);
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
