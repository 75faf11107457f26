/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_form.c - forms and queries: what is taken, and each reason why one is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/http/form.h"

static enum err
read_text(const char *text, struct form *f, struct why *why)
{
    *why = (struct why){0};
    return form_read(slice_text(text), f, why);
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
test_good(void **state)
{
    AUTO(form_done) struct form f = {0};
    struct why why;
    (void)state;

    assert_int_equal(read_text("grant_type=a+b%2Bc&scope=&audience=x&audience=%C3%A4&resource=1"
                               "&resource=2&flag&audience=&q=a=b%26c%0a",
                               &f, &why),
                     ERR_OK);
    assert_string_equal(form_get(&f, "grant_type", 0), "a b+c");
    assert_null(form_get(&f, "grant_type", 1));
    assert_null(form_get(&f, "scope", 0));
    assert_null(form_get(&f, "flag", 0));
    assert_null(form_get(&f, "absent", 0));
    assert_string_equal(form_get(&f, "audience", 1), "\xc3\xa4");
    assert_int_equal(form_count(&f, "audience"), 2);
    assert_int_equal(form_count(&f, "resource"), 2);
    assert_int_equal(form_count(&f, "scope"), 0);
    assert_string_equal(form_get(&f, "q", 0), "a=b&c\n");
}

static void
test_empty(void **state)
{
    AUTO(form_done) struct form f = {0};
    struct why why;
    (void)state;

    assert_int_equal(read_text("", &f, &why), ERR_OK);
    assert_int_equal(f.n, 0);
    assert_null(form_get(&f, "", 0));
}

static void
test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } bad[] = {
        {"a=1&a=2", "a is there twice"},
        {"a=&a=1", "a is there twice"},
        {"a&%61", "a is there twice"},
        {"audiences=1&audiences=2", "audiences is there twice"},
        {"=1", "no name"},
        {"&a=1", "no name"},
        {"a=1&", "no name"},
        {"a=1&&b=2", "no name"},
        {"a=%", "two digits"},
        {"a=%4", "two digits"},
        {"a=%4g", "two digits"},
        {"a=%g4", "two digits"},
        {"a%=1", "two digits"},
        {"a=%4&b=1", "two digits"},
        {"a=b c", "not encoded"},
        {"a=b\"c", "not encoded"},
        {"a=\xc3\xa4", "not encoded"},
        {"a=b\nc", "not encoded"},
        {"a=%00", "UTF-8"},
        {"%00=a", "UTF-8"},
        {"a=%80", "UTF-8"},
        {"a=%c3", "UTF-8"},
        {"a=%c0%80", "UTF-8"},
        {"a=%c1%bf", "UTF-8"},
        {"a=%e0%9f%bf", "UTF-8"},
        {"a=%ed%a0%80", "UTF-8"},
        {"a=%f0%8f%bf%bf", "UTF-8"},
        {"a=%f4%90%80%80", "UTF-8"},
        {"a=%f5%80%80%80", "UTF-8"},
        {"a=%e4%bd", "UTF-8"},
        {"a=%f0%9f%98", "UTF-8"},
    };
    struct why why;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(form_done) struct form f = {0};
        enum err e = read_text(bad[i].text, &f, &why);
        bool right = e == ERR_MALFORMED && strstr(why_text(&why), bad[i].reason) != NULL;
        expect(right, bad[i].text, why_text(&why));
    }
}

static void
test_utf8_edges(void **state)
{
    static const char *const good[] = {
        "a=%01",          "a=%7f",          "a=%c2%80",       "a=%df%bf",
        "a=%e0%a0%80",    "a=%ed%9f%bf",    "a=%ee%80%80",    "a=%ef%bf%bf",
        "a=%f0%90%80%80", "a=%f4%8f%bf%bf", "a=%F0%9F%98%80",
    };
    struct why why;
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        AUTO(form_done) struct form f = {0};
        expect(read_text(good[i], &f, &why) == ERR_OK, good[i], why_text(&why));
    }
}

static void
test_limits(void **state)
{
    char text[FORM_MAX * 8];
    struct why why;
    int at = 0;
    (void)state;

    /* Names without '=' need the most room for their number of bytes. */
    for (int i = 0; i < FORM_MAX; i++) {
        at += snprintf(text + at, sizeof text - (size_t)at, "%sn%d", i == 0 ? "" : "&", i);
    }
    AUTO(form_done) struct form f = {0};
    assert_int_equal(read_text(text, &f, &why), ERR_OK);
    assert_int_equal(f.n, FORM_MAX);
    form_done(&f);

    (void)snprintf(text + at, sizeof text - (size_t)at, "&x");
    assert_int_equal(read_text(text, &f, &why), ERR_LIMIT);
    assert_non_null(strstr(why_text(&why), "64 parameters"));
    form_done(&f);

    static uint8_t big[FORM_BYTES_MAX + 1];
    memset(big, 'a', sizeof big);
    assert_int_equal(form_read((struct slice){big, FORM_BYTES_MAX}, &f, &why), ERR_OK);
    form_done(&f);
    why = (struct why){0};
    assert_int_equal(form_read((struct slice){big, sizeof big}, &f, &why), ERR_LIMIT);
}

/* A value never appears in a message. */
static void
test_silent(void **state)
{
    AUTO(form_done) struct form f = {0};
    struct why why;
    (void)state;

    assert_int_equal(read_text("token=SECRET&token=SECRET", &f, &why), ERR_MALFORMED);
    assert_null(strstr(why_text(&why), "SECRET"));
}

static void
test_query(void **state)
{
    struct slice v;
    struct why why = {0};
    struct slice q = slice_text("a=1&b&c=&d=x=y&e=1&e=2&=z");
    (void)state;

    assert_int_equal(query_get(q, "a", &v, &why), ERR_OK);
    assert_true(slice_same(v, slice_text("1")));
    assert_int_equal(query_get(q, "d", &v, &why), ERR_OK);
    assert_true(slice_same(v, slice_text("x=y")));
    assert_int_equal(query_get(q, "b", &v, &why), ERR_OK);
    assert_int_equal(v.len, 0);
    assert_int_equal(query_get(q, "z", &v, &why), ERR_OK);
    assert_int_equal(v.len, 0);
    assert_int_equal(query_get(q, "e", &v, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "query: e is there twice");
    assert_int_equal(v.len, 0);
    assert_int_equal(query_get((struct slice){0}, "a", &v, &why), ERR_OK);
    assert_int_equal(v.len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_utf8_edges),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_silent),
        cmocka_unit_test(test_query),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
