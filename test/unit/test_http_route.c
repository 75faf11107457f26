/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_route.c - routes are found by whole segments, on their own listener, and take
 * their own media type only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/http/route.h"

static const struct route table[] = {
    {.method = "GET", .pattern = "/", .listeners = LISTEN_GUEST},
    {.method = "POST", .pattern = "/token", .listeners = LISTEN_GUEST},
    {.method = "GET", .pattern = "/token", .listeners = LISTEN_ADMIN},
    {.method = "GET", .pattern = "/v1/uploads/new", .listeners = LISTEN_GUEST},
    {.method = "GET", .pattern = "/v1/uploads/{id}", .listeners = LISTEN_GUEST | LISTEN_ADMIN},
    {.method = "DELETE", .pattern = "/v1/uploads/{id}", .listeners = LISTEN_GUEST},
    {.method = "DELETE", .pattern = "/v1/uploads/{id}", .listeners = LISTEN_GUEST},
    {.method = "POST", .pattern = "/v1/uploads/{id}/commit", .listeners = LISTEN_GUEST},
    {.method = "GET", .pattern = "/t/{a}/{b}/{c}", .listeners = LISTEN_GUEST},
    {.method = "GET", .pattern = "/four/{a}/{b}/{c}/{d}", .listeners = LISTEN_GUEST},
};

static struct route_match
find(enum http_listener listener, const char *method, const char *path)
{
    struct route_match m;

    route_find(table, sizeof table / sizeof table[0], listener, slice_text(method),
               slice_text(path), &m);
    return m;
}

/* Fail, naming the row, unless ok. */
static void
expect(bool ok, const char *row, const char *saw)
{
    if (!ok) {
        print_error("%s: %s\n", row, saw);
    }
    assert_true(ok);
}

static void
test_found(void **state)
{
    (void)state;
    assert_ptr_equal(find(LISTEN_GUEST, "GET", "/").route, &table[0]);
    assert_ptr_equal(find(LISTEN_GUEST, "POST", "/token").route, &table[1]);
    assert_ptr_equal(find(LISTEN_ADMIN, "GET", "/token").route, &table[2]);
    assert_ptr_equal(find(LISTEN_GUEST, "GET", "/v1/uploads/new").route, &table[3]);

    struct route_match m = find(LISTEN_GUEST, "POST", "/v1/uploads/U-1_a.b/commit");
    assert_ptr_equal(m.route, &table[7]);
    assert_true(slice_same(m.param[0], slice_text("U-1_a.b")));
    assert_int_equal(m.param[1].len, 0);

    m = find(LISTEN_GUEST, "GET", "/t/1/22/333");
    assert_ptr_equal(m.route, &table[8]);
    assert_true(slice_same(m.param[0], slice_text("1")));
    assert_true(slice_same(m.param[1], slice_text("22")));
    assert_true(slice_same(m.param[2], slice_text("333")));
}

static void
test_unknown(void **state)
{
    static const char *const path[] = {
        "/toke",  "/token/",      "/tokens",         "/Token",          "token",
        "//",     "/v1/uploads",  "/v1/uploads/",    "/v1/uploads/a/b", "/v1/uploads/a/commit/",
        "/t/1/2", "/t/1/2/3/4",   "/v1/uploads/a,b", "/v1/uploads/a b", "/v1/uploads/{id}",
        "",       "/four/1/2/3/4"};
    (void)state;

    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        struct route_match m = find(LISTEN_GUEST, "GET", path[i]);
        expect(m.route == NULL && m.allow[0] == 0, path[i], "found");
    }
    /* It exists, but not on this listener. */
    assert_int_equal(find(LISTEN_LOCAL, "GET", "/token").allow[0], 0);
    assert_int_equal(find(LISTEN_ADMIN, "POST", "/v1/uploads/a/commit").allow[0], 0);
}

static void
test_segment_size(void **state)
{
    char path[128] = "/v1/uploads/";
    size_t at = strlen(path);
    (void)state;

    memset(path + at, 'a', 63);
    assert_non_null(find(LISTEN_GUEST, "GET", path).route);
    path[at + 63] = 'a';
    assert_null(find(LISTEN_GUEST, "GET", path).route);
}

static void
test_allow(void **state)
{
    (void)state;
    assert_string_equal(find(LISTEN_GUEST, "GET", "/token").allow, "POST");
    assert_string_equal(find(LISTEN_GUEST, "PUT", "/v1/uploads/a").allow, "GET, DELETE");
    assert_string_equal(find(LISTEN_ADMIN, "PUT", "/v1/uploads/a").allow, "GET");
    assert_null(find(LISTEN_GUEST, "PUT", "/v1/uploads/a").route);
    assert_null(find(LISTEN_GUEST, "GE", "/").route);
    assert_null(find(LISTEN_GUEST, "get", "/").route);
}

static void
test_types(void **state)
{
    static const struct {
        const char *type;
        enum http_body body;
        bool ok;
    } row[] = {
        {"application/json", BODY_JSON, true},
        {"Application/JSON", BODY_JSON, true},
        {"application/json; charset=utf-8", BODY_JSON, true},
        {"application/json;charset=UTF-8", BODY_JSON, true},
        {"application/json;charset=\"utf-8\"", BODY_JSON, true},
        {"application/json ", BODY_JSON, true},
        {"application/json;", BODY_JSON, false},
        {"application/json; charset=latin1", BODY_JSON, false},
        {"application/json; charset=utf-8; x=y", BODY_JSON, false},
        {"application/jsonx", BODY_JSON, false},
        {"application/json, text/plain", BODY_JSON, false},
        {"text/plain", BODY_JSON, false},
        {"", BODY_JSON, false},
        {NULL, BODY_JSON, false},
        {"application/x-www-form-urlencoded", BODY_FORM, true},
        {"multipart/form-data", BODY_FORM, false},
        {"application/json", BODY_FORM, false},
        {"application/jose", BODY_JOSE, true},
        {"application/jose+json", BODY_JOSE, false},
        {"image/png", BODY_STREAM, true},
        {NULL, BODY_STREAM, true},
        {NULL, BODY_NONE, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        bool ok = route_type_ok(row[i].body, row[i].type);
        expect(ok == row[i].ok, row[i].type == NULL ? "NULL" : row[i].type, ok ? "yes" : "no");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_segment_size), cmocka_unit_test(test_allow),
        cmocka_unit_test(test_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
