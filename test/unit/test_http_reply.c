/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_reply.c - problem documents: shape, statuses, and what they do not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "broker/http/http.h"
#include "common/mem.h"

static const char *
header(const struct http_reply *r, const char *name)
{
    for (size_t i = 0; i < r->header_n; i++) {
        if (strcmp(r->header[i].name, name) == 0) {
            return r->header[i].value;
        }
    }
    return NULL;
}

/* The problem parsed with another reader than our writer; the caller releases it. */
static json_t *
document(const struct http_reply *r)
{
    assert_string_equal(r->content_type, "application/problem+json");
    assert_int_equal(r->body_len, strlen(r->body));
    json_t *j = json_loads(r->body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    return j;
}

static const char *
member(json_t *j, const char *name)
{
    return json_string_value(json_object_get(j, name));
}

static void
test_problem(void **state)
{
    static struct http_reply r;
    (void)state;

    http_problem(&r, 403, "denied", "a \"quoted\"\n\x01 \xc3\xa4");
    json_t *j = document(&r);
    assert_int_equal(r.status, 403);
    assert_int_equal(json_object_size(j), 5);
    assert_string_equal(member(j, "type"), "urn:countersign:error:denied");
    assert_string_equal(member(j, "title"), "Forbidden");
    assert_string_equal(member(j, "code"), "denied");
    assert_string_equal(member(j, "detail"), "a \"quoted\"\n\x01 \xc3\xa4");
    assert_int_equal(json_integer_value(json_object_get(j, "status")), 403);
    assert_null(header(&r, "Retry-After"));
    json_decref(j);

    /* A second problem replaces the first and releases its body (asan sees it otherwise). */
    http_problem(&r, 404, "not_found", NULL);
    j = document(&r);
    assert_null(json_object_get(j, "detail"));
    json_decref(j);
    mem_free(r.body);
}

static void
test_bad_detail(void **state)
{
    static char long_detail[8192];
    static const char *const detail[] = {"\xff", "\xc3", long_detail};
    (void)state;

    memset(long_detail, 'x', sizeof long_detail - 1);
    for (size_t i = 0; i < sizeof detail / sizeof detail[0]; i++) {
        static struct http_reply r;
        memset(&r, 0, sizeof r);
        http_problem(&r, 400, "bad_request", detail[i]);
        json_t *j = document(&r);
        assert_null(json_object_get(j, "detail"));
        assert_string_equal(member(j, "code"), "bad_request");
        json_decref(j);
        mem_free(r.body);
    }
}

static void
test_errors(void **state)
{
    static const struct {
        enum err e;
        unsigned status;
        const char *code;
        bool tells, retry;
    } row[] = {
        {ERR_MALFORMED, 400, "bad_request", true, false},
        {ERR_LIMIT, 413, "too_large", true, false},
        {ERR_UNAUTHENTICATED, 401, "unauthenticated", true, false},
        {ERR_DENIED, 403, "denied", true, false},
        {ERR_NOT_FOUND, 404, "not_found", true, false},
        {ERR_CONFLICT, 409, "conflict", true, false},
        {ERR_GONE, 410, "gone", true, false},
        {ERR_BUSY, 429, "busy", false, true},
        {ERR_UNABLE, 503, "unable", false, true},
        {ERR_NOMEM, 503, "unable", false, true},
        {ERR_IO, 503, "unable", false, true},
        {ERR_BUG, 500, "internal", false, false},
        {ERR_OK, 500, "internal", false, false},
    };
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        static struct http_reply r;
        struct why why = {0};
        memset(&r, 0, sizeof r);
        enum err e = why_add(&why, row[i].e, "the cause");
        e = why_add(&why, e, "the context");
        http_error(&r, e, &why);
        json_t *j = document(&r);
        const char *detail = member(j, "detail");
        assert_int_equal(r.status, row[i].status);
        assert_string_equal(member(j, "code"), row[i].code);
        assert_int_equal(detail != NULL && strstr(detail, "the cause") != NULL, row[i].tells);
        assert_int_equal(header(&r, "Retry-After") != NULL, row[i].retry);
        json_decref(j);
        mem_free(r.body);
    }
}

static void
test_without_why(void **state)
{
    static struct http_reply r;
    (void)state;

    http_error(&r, ERR_DENIED, NULL);
    json_t *j = document(&r);
    assert_null(json_object_get(j, "detail"));
    json_decref(j);
    mem_free(r.body);
}

static void
test_headers(void **state)
{
    static struct http_reply r;
    (void)state;

    http_set(&r, "Retry-After", "60");
    http_set(&r, "DPoP-Nonce", "n");
    http_problem(&r, 503, "unable", "x");
    assert_string_equal(header(&r, "Retry-After"), "60");
    assert_string_equal(header(&r, "DPoP-Nonce"), "n");
    assert_int_equal(r.header_n, 2);
    http_body(&r, 204, NULL, NULL);
    assert_null(r.body);
    assert_int_equal(r.body_len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problem), cmocka_unit_test(test_bad_detail),
        cmocka_unit_test(test_errors),  cmocka_unit_test(test_without_why),
        cmocka_unit_test(test_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
