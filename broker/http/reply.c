/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c - filling a struct http_reply: headers, bodies, problems (RFC 9457).
 *
 * What went wrong inside is for our log: a problem of ours (busy, unable, bug) never carries
 * its cause to the other side. */
#include <assert.h>
#include <string.h>

#include "attest/base/wr.h"
#include "broker/http/http.h"
#include "common/mem.h"

enum { PROBLEM_MAX = 2048, RETRY_AFTER_S = 2 };

static const char problem_type[] = "application/problem+json";

void
http_set(struct http_reply *out, const char *name, const char *value)
{
    size_t len = strlen(value);

    assert(out->header_n < HTTP_REPLY_HEADERS);
    assert(len < HTTP_VALUE_MAX);
    out->header[out->header_n].name = name;
    memcpy(out->header[out->header_n].value, value, len + 1);
    out->header_n++;
}

void
http_body(struct http_reply *out, unsigned status, const char *content_type, char *body)
{
    mem_free(out->body);
    out->status = status;
    out->content_type = content_type;
    out->body = body;
    out->body_len = body == NULL ? 0 : strlen(body);
}

static const char *
title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Error";
}

/* The problem document, or NULL when a text does not fit or is not UTF-8. */
static char *
problem_text(unsigned status, const char *code, const char *detail)
{
    uint8_t buf[PROBLEM_MAX];
    struct wr w = wr_init(buf, sizeof buf, "problem");
    struct why why = {0};

    wr_text(&w, "{\"type\":\"urn:countersign:error:");
    wr_text(&w, code);
    wr_text(&w, "\",\"title\":");
    wr_json(&w, slice_text(title_of(status)));
    wr_fmt(&w, ",\"status\":%u,\"code\":", status);
    wr_json(&w, slice_text(code));
    if (detail != NULL && *detail != 0) {
        wr_text(&w, ",\"detail\":");
        wr_json(&w, slice_text(detail));
    }
    wr_text(&w, "}");
    return wr_end(&w, &why) == ERR_OK ? mem_text(wr_done(&w)) : NULL;
}

/* Put "Retry-After" unless it is there already. */
static void
retry_after(struct http_reply *out)
{
    for (size_t i = 0; i < out->header_n; i++) {
        if (strcmp(out->header[i].name, "Retry-After") == 0) {
            return;
        }
    }
    static_assert(RETRY_AFTER_S == 2, "the text below says so");
    http_set(out, "Retry-After", "2");
}

void
http_problem(struct http_reply *out, unsigned status, const char *code, const char *detail)
{
    char *text = problem_text(status, code, detail);

    if (text == NULL) {
        text = problem_text(status, code, NULL);
    }
    assert(text != NULL); /* codes are our own words */
    http_body(out, status, problem_type, text);
    if (status == 429 || status == 503) {
        retry_after(out);
    }
}

static const struct {
    unsigned status;
    const char *code;
    const char *detail; /* instead of the cause, which is ours to know */
} answers[] = {
    [ERR_OK] = {500, "internal", ""},
    [ERR_MALFORMED] = {400, "bad_request", NULL},
    [ERR_LIMIT] = {413, "too_large", NULL},
    [ERR_UNAUTHENTICATED] = {401, "unauthenticated", NULL},
    [ERR_DENIED] = {403, "denied", NULL},
    [ERR_NOT_FOUND] = {404, "not_found", NULL},
    [ERR_CONFLICT] = {409, "conflict", NULL},
    [ERR_GONE] = {410, "gone", NULL},
    [ERR_BUSY] = {429, "busy", "a limit is reached; try again later"},
    [ERR_UNABLE] = {503, "unable", "this cannot be decided now; try again later"},
    [ERR_NOMEM] = {503, "unable", "this cannot be done now; try again later"},
    [ERR_IO] = {503, "unable", "this cannot be done now; try again later"},
    [ERR_BUG] = {500, "internal", "this is a fault of ours"},
};

unsigned
http_status(enum err e)
{
    return answers[e].status;
}

const char *
http_detail(enum err e, const struct why *why)
{
    if (answers[e].detail != NULL) {
        return answers[e].detail;
    }
    return why == NULL ? "" : why_text(why);
}

void
http_error(struct http_reply *out, enum err e, const struct why *why)
{
    http_problem(out, answers[e].status, answers[e].code, http_detail(e, why));
}
