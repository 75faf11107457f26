/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_view.c - values of gated JSON as slices: members, elements, texts, numbers; and the text itself once more as jansson has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "attest/base/json_gate.h"
#include "attest/base/json_view.h"

static struct slice
whole(const char *text)
{
    struct why why = {0};

    assert_int_equal(json_gate(slice_text(text), "test", &why), ERR_OK);
    return json_view_whole(slice_text(text));
}

static void
assert_slice(struct slice s, const char *want)
{
    if (!slice_same(s, slice_text(want))) {
        fail_msg("have \"%.*s\", want \"%s\"", (int)s.len, (const char *)s.ptr, want);
    }
}

static void
whole_values(void **state)
{
    static const char *const ROWS[][2] = {
        {" {} ", "{}"},
        {"\n[1 , 2]\r\n", "[1 , 2]"},
        {"\t\" a \" ", "\" a \""},
        {" -1.5e3 ", "-1.5e3"},
        {"true", "true"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_slice(whole(ROWS[i][0]), ROWS[i][1]);
    }
    assert_int_equal(json_view_whole((struct slice){0}).len, 0);
    assert_int_equal(json_view_whole(slice_text("  ")).len, 0);
}

static void
members(void **state)
{
    struct slice o =
        whole(" { \"a\" : 1 , \"ab\":{\"a\":[\"}\"]}, \"\":null,\"b\":\"x\\\"}\" ,\"c\":[ ] }");
    struct slice v = {0};

    (void)state;
    assert_true(json_view_is_object(o));
    assert_int_equal(json_view_count(o), 5);
    assert_true(json_view_member(o, "a", &v));
    assert_slice(v, "1");
    assert_true(json_view_member(o, "ab", &v));
    assert_slice(v, "{\"a\":[\"}\"]}");
    assert_true(json_view_member(v, "a", &v));
    assert_slice(v, "[\"}\"]");
    assert_true(json_view_member(o, "", &v));
    assert_slice(v, "null");
    assert_true(json_view_member(o, "b", &v));
    assert_slice(v, "\"x\\\"}\"");
    assert_true(json_view_member(o, "c", &v));
    assert_slice(v, "[ ]");
    assert_false(json_view_member(o, "A", &v));
    assert_int_equal(v.len, 0);
    assert_false(json_view_member(o, "abc", &v));
    assert_false(json_view_member(whole("[\"a\",1]"), "a", &v));
    assert_false(json_view_member(whole("{}"), "a", &v));
    assert_false(json_view_member((struct slice){0}, "a", &v));
}

static void
found_in_one_pass(void **state)
{
    static const char *const NAMES[] = {"z", "c", "a"};
    struct slice v[3];

    (void)state;
    assert_int_equal(json_view_find(whole("{\"a\":{\"c\":7},\"b\":2,\"c\":\"3\"}"), NAMES, 3, v),
                     3);
    assert_int_equal(v[0].len, 0);
    assert_slice(v[1], "\"3\"");
    assert_slice(v[2], "{\"c\":7}");
    assert_int_equal(json_view_find(whole("{}"), NAMES, 3, v), 0);
    assert_int_equal(v[1].len, 0);
    assert_int_equal(json_view_find(whole("[1]"), NAMES, 3, v), 0);
    assert_int_equal(json_view_find((struct slice){0}, NAMES, 3, v), 0);
}

static void
elements(void **state)
{
    static const char *const WANT[] = {"1", "\"a,]\"", "[2,[3]]", "{\"b\":[]}", "false"};
    struct slice a = whole("[ 1,\"a,]\" , [2,[3]],{\"b\":[]} ,false ]");
    struct slice rest = {0};
    struct slice e = {0};

    (void)state;
    assert_int_equal(json_view_count(a), 5);
    assert_true(json_view_array(a, &rest));
    for (size_t i = 0; i < 5; i++) {
        assert_true(json_view_next(&rest, &e));
        assert_slice(e, WANT[i]);
    }
    assert_false(json_view_next(&rest, &e));
    assert_false(json_view_next(&rest, &e));
    assert_true(json_view_array(whole("[ ]"), &rest));
    assert_false(json_view_next(&rest, &e));
    assert_int_equal(json_view_count(whole("[]")), 0);
    assert_int_equal(json_view_count(whole("7")), 0);
    assert_int_equal(json_view_count((struct slice){0}), 0);
    assert_false(json_view_array(whole("{}"), &rest));
    assert_int_equal(rest.len, 0);
    assert_false(json_view_next(&rest, &e));
}

/* A quote ends a string unless an odd number of backslashes stands before it. */
static void
backslashes(void **state)
{
    struct slice v = {0};

    (void)state;
    assert_true(json_view_member(whole("{\"a\":\"\\\\\",\"b\":1}"), "b", &v));
    assert_slice(v, "1");
    assert_true(json_view_member(whole("{\"a\":\"\\\\\\\",\\\"b\\\":2\",\"b\":1}"), "b", &v));
    assert_slice(v, "1");
    assert_true(json_view_member(whole("{\"a\":\"\\\\\\\\\",\"b\":\"\\\"\"}"), "b", &v));
    assert_slice(v, "\"\\\"\"");
}

static void
texts(void **state)
{
    struct slice t = {0};

    (void)state;
    assert_true(json_view_text(whole("\"abc\""), &t));
    assert_slice(t, "abc");
    assert_true(json_view_text(whole("\"\""), &t));
    assert_int_equal(t.len, 0);
    assert_true(json_view_text(whole("\"\xc3\xa9\""), &t));
    assert_int_equal(t.len, 2);
    assert_false(json_view_text(whole("\"a\\u0062\""), &t));
    assert_int_equal(t.len, 0);
    assert_false(json_view_text(whole("1"), &t));
    assert_false(json_view_text((struct slice){0}, &t));
}

static void
numbers(void **state)
{
    static const char *const BAD[] = {
        "-1", "1.0", "1e1", "\"1\"", "true", "[1]", "12345678901234567890"};
    uint64_t n = 1;

    (void)state;
    assert_true(json_view_u64(whole("0"), 0, &n));
    assert_int_equal(n, 0);
    assert_true(json_view_u64(whole("65535"), 65535, &n));
    assert_int_equal(n, 65535);
    assert_false(json_view_u64(whole("65536"), 65535, &n));
    assert_true(json_view_u64(whole("9999999999999999999"), UINT64_MAX, &n));
    assert_true(n == UINT64_C(9999999999999999999));
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_false(json_view_u64(whole(BAD[i]), UINT64_MAX, &n));
    }
    assert_false(json_view_u64((struct slice){0}, 9, &n));
}

static void
booleans(void **state)
{
    bool b = false;

    (void)state;
    assert_true(json_view_bool(whole("true"), &b));
    assert_true(b);
    assert_true(json_view_bool(whole("false"), &b));
    assert_false(b);
    assert_false(json_view_bool(whole("null"), &b));
    assert_false(json_view_bool(whole("\"true\""), &b));
    assert_false(json_view_bool((struct slice){0}, &b));
}

/* Bytes that no gate has passed: nothing is promised of what is seen, but nobody reads beyond them. */
static void
ungated_text(void **state)
{
    static const char *const ROWS[] = {
        "{",      "[", "{\"", "{\"a", "{\"a\"", "{\"a\":",       "{\"a\":[", "\"\\", "[[[",
        "{\"a\\", "}", "]",   "{]",   "[}",     "{\"a\":\"\\\"", ",",        ":"};
    struct slice v = {0};
    struct slice rest = {0};
    uint64_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        size_t len = strlen(ROWS[i]);
        uint8_t *exact = malloc(len);
        struct slice s = {exact, len};

        assert_non_null(exact);
        memcpy(exact, ROWS[i], len);
        (void)json_view_whole(s);
        (void)json_view_count(s);
        (void)json_view_member(s, "a", &v);
        (void)json_view_text(s, &v);
        (void)json_view_u64(s, 1, &n);
        assert_true(!json_view_array(s, &rest) || rest.len <= len);
        while (json_view_next(&rest, &v)) {
            assert_true(v.ptr >= exact && v.ptr + v.len <= exact + len);
        }
        free(exact);
    }
}

/* ---- jansson as a second reader ---- */

static void compare(struct slice s, const json_t *want);

static void
compare_object(struct slice s, json_t *want)
{
    const char *name = NULL;
    json_t *value = NULL;

    assert_int_equal(json_view_count(s), json_object_size(want));
    json_object_foreach(want, name, value)
    {
        struct slice v = {0};
        struct slice found = {0};

        assert_true(json_view_member(s, name, &v));
        assert_true(json_view_find(s, &name, 1, &found) > 0);
        assert_ptr_equal(v.ptr, found.ptr);
        compare(v, value);
    }
}

static void
compare(struct slice s, const json_t *want)
{
    struct slice v = {0};
    struct slice rest = {0};
    uint64_t n = 0;

    if (json_is_object(want)) {
        compare_object(s, (json_t *)(uintptr_t)want);
    } else if (json_is_array(want)) {
        assert_true(json_view_array(s, &rest));
        for (size_t i = 0; i < json_array_size(want); i++) {
            assert_true(json_view_next(&rest, &v));
            compare(v, json_array_get(want, i));
        }
        assert_false(json_view_next(&rest, &v));
    } else if (json_is_string(want) && json_view_text(s, &v)) {
        assert_slice(v, json_string_value(want));
    } else if (json_is_integer(want)) {
        assert_true(json_view_u64(s, INT64_MAX, &n));
        assert_int_equal(n, json_integer_value(want));
    }
}

static unsigned
next_random(unsigned *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

static json_t *
invent(unsigned *seed, int depth)
{
    static const char *const TEXTS[] = {"", "a", "}\"{", "\\", "[,]", "\\\\\"", "\xe2\x82\xac"};
    unsigned kind = next_random(seed) % (depth > 0 ? 6 : 3);
    json_t *out = NULL;

    if (kind == 0) {
        return json_integer(next_random(seed));
    }
    if (kind < 3) {
        return json_string(TEXTS[next_random(seed) % 7]);
    }
    out = kind < 5 ? json_object() : json_array();
    for (unsigned i = next_random(seed) % 5; i > 0; i--) {
        char name[] = {(char)('a' + i), '\0'};

        if (kind < 5) {
            (void)json_object_set_new(out, name, invent(seed, depth - 1));
        } else {
            (void)json_array_append_new(out, invent(seed, depth - 1));
        }
    }
    return out;
}

static void
as_jansson_has_it(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        json_t *want = invent(&seed, 5);
        char *text = json_dumps(want, JSON_ENCODE_ANY | (i % 2 == 0 ? JSON_INDENT(3) : 0));

        assert_non_null(text);
        compare(whole(text), want);
        free(text);
        json_decref(want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_values),      cmocka_unit_test(members),
        cmocka_unit_test(found_in_one_pass), cmocka_unit_test(elements),
        cmocka_unit_test(backslashes),       cmocka_unit_test(texts),
        cmocka_unit_test(numbers),           cmocka_unit_test(booleans),
        cmocka_unit_test(ungated_text),      cmocka_unit_test(as_jansson_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
