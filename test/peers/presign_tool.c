/* SPDX-License-Identifier: Apache-2.0 */
/* presign_tool.c - our signer on a pipe, for tests against real stores.
 *
 * One JSON object a line in, one a line out, until the input ends.  Secrets travel in the pipe,
 * never in arguments.
 *
 * In:  {"form": "url"|"header", "method": "PUT", "endpoint": "http://127.0.0.1:8000",
 *       "region": "us-east-1", "access_key": "...", "secret_key": "...", "session_token": "...",
 *       "bucket": "...", "key": "...", "params": {...}, "headers": {...}, "payload": "...",
 *       "at": 1764028800, "expires": 60}
 * Out: {"result": "<URL or Authorization>", "date": "...", "canonical": "...",
 *       "string_to_sign": "..."}, or {"error": "..."} */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "broker/mint/sigv4.h"
#include "common/json.h"

struct tool {
    struct sigv4_identity id;
    struct sigv4_request req;
    struct sigv4_pair params[SIGV4_PARAMS_MAX + 1];
    struct sigv4_pair headers[SIGV4_HEADERS_MAX + 1];
    bool header_form;
    struct sigv4_out out;
    uint8_t canonical[SIGV4_CANONICAL_CAP];
    uint8_t string[SIGV4_STRING_CAP];
    uint8_t result[SIGV4_URL_CAP];
};

/* One more than may be: the signer refuses it. */
static size_t
load_pairs(json_t *obj, struct sigv4_pair *pairs, size_t cap)
{
    size_t n = 0;

    for (void *at = json_object_iter(obj); at != NULL && n < cap;
         at = json_object_iter_next(obj, at)) {
        pairs[n++] = (struct sigv4_pair){
            slice_text(json_object_iter_key(at)),
            slice_text(json_string_value(json_object_iter_value(at))),
        };
    }
    return n;
}

static enum err
load_endpoint(const char *endpoint, struct sigv4_request *req, struct why *why)
{
    const char *host = strstr(endpoint, "://");

    if (host == NULL) {
        return why_add(why, ERR_MALFORMED, "endpoint: no scheme");
    }
    req->plain_http = strncmp(endpoint, "http:", strlen("http:")) == 0;
    req->host = slice_text(host + strlen("://"));
    return ERR_OK;
}

static enum err
load(json_t *in, struct tool *t, struct why *why)
{
    const char *form = "url";
    const char *endpoint = "";
    const char *access_key = "";
    const char *secret_key = "";
    const char *token = "";
    const char *region = "us-east-1";
    const char *bucket = "";
    const char *key = "";
    const char *payload = SIGV4_UNSIGNED;
    json_t *params = NULL;
    json_t *headers = NULL;
    const struct json_member members[] = {
        {"form", JK_TEXT, true, &form, 0, 8},
        {"method", JK_TEXT, true, &t->req.method, 0, 32},
        {"endpoint", JK_TEXT, true, &endpoint, 0, 512},
        {"region", JK_TEXT, false, &region, 0, 512},
        {"access_key", JK_TEXT, true, &access_key, 0, 512},
        {"secret_key", JK_TEXT, true, &secret_key, 0, 512},
        {"session_token", JK_TEXT, false, &token, 0, 16384},
        {"bucket", JK_TEXT, false, &bucket, 0, 512},
        {"key", JK_TEXT, false, &key, 0, 4096},
        {"params", JK_OBJECT, false, &params, 0, 0},
        {"headers", JK_OBJECT, false, &headers, 0, 0},
        {"payload", JK_TEXT, false, &payload, 0, 128},
        {"at", JK_INT, true, &t->req.at_unix, INT64_MIN, INT64_MAX},
        {"expires", JK_INT, false, &t->req.expires_s, INT64_MIN, INT64_MAX},
    };

    TRY(json_bind(in, "request", members, sizeof members / sizeof members[0], why));
    TRY(load_endpoint(endpoint, &t->req, why));
    t->header_form = strcmp(form, "header") == 0;
    t->id = (struct sigv4_identity){slice_text(access_key), slice_text(secret_key),
                                    slice_text(token), slice_text(region), slice_text("s3")};
    t->req.bucket = slice_text(bucket);
    t->req.path = slice_text(key);
    t->req.payload = slice_text(payload);
    t->req.params = t->params;
    t->req.headers = t->headers;
    t->req.params_n = load_pairs(params, t->params, SIGV4_PARAMS_MAX + 1);
    t->req.headers_n = load_pairs(headers, t->headers, SIGV4_HEADERS_MAX + 1);
    return ERR_OK;
}

static enum err
sign(struct tool *t, struct sigv4_cred *c, struct why *why)
{
    TRY(sigv4_cred_init(&t->id, c, why));
    t->out = (struct sigv4_out){
        .canonical = wr_init(t->canonical, sizeof t->canonical, "canonical"),
        .string_to_sign = wr_init(t->string, sizeof t->string, "string"),
        .result = wr_init(t->result, sizeof t->result, "result"),
    };
    return t->header_form ? sigv4_header_auth(c, &t->req, &t->out, why)
                          : sigv4_presign(c, &t->req, &t->out, why);
}

static json_t *
text_of(struct slice s)
{
    return json_stringn((const char *)s.ptr, s.len);
}

/* The answer to one line. */
static json_t *
answer(const char *line)
{
    static struct tool t;
    AUTO(json_free) json_t *in = NULL;
    AUTO(sigv4_cred_done) struct sigv4_cred c = {0};
    struct why why = {0};

    t = (struct tool){0};
    if (json_read(slice_text(line), &in, &why) != ERR_OK || load(in, &t, &why) != ERR_OK ||
        sign(&t, &c, &why) != ERR_OK) {
        return json_pack("{s:s}", "error", why_text(&why));
    }
    return json_pack("{s:o, s:s, s:o, s:o}", "result", text_of(wr_done(&t.out.result)), "date",
                     c.date, "canonical", text_of(wr_done(&t.out.canonical)), "string_to_sign",
                     text_of(wr_done(&t.out.string_to_sign)));
}

int
main(void)
{
    char *line = NULL;
    size_t cap = 0;

    while (getline(&line, &cap, stdin) > 0) {
        json_t *out = answer(line);

        if (out == NULL || json_dumpf(out, stdout, JSON_COMPACT) != 0) {
            return 1;
        }
        json_decref(out);
        (void)puts("");
        (void)fflush(stdout);
    }
    free(line);
    return 0;
}
