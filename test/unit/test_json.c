/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c - the gate without a parser, the reader behind it, and binding of members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/json_gate.h"
#include "common/json.h"
#include "common/mem.h"

/* What each of the two makes of a text: NULL passes, else part of the reason. */
struct row {
    const char *text;
    const char *gate; /* json_gate() */
    const char *read; /* json_read() */
};

static const struct row ROWS[] = {
    {"{}", NULL, NULL},
    {"[]", NULL, NULL},
    {" \t\r\n{ \"a\" : [ 1 , -0.5e+10 , true , false , null , \"x\" ] } \n", NULL, NULL},
    {"\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"", NULL, NULL},
    {"\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"", NULL, NULL},
    {"0", NULL, NULL},
    {"-0", NULL, NULL},
    {"1e99", NULL, NULL},
    {"9223372036854775807", NULL, NULL},
    {"", "not JSON", "not JSON"},
    {" ", "not JSON", "not JSON"},
    {"{} {}", "after the end", "after the end"},
    {"{}x", "after the end", "after the end"},
    {"{\"a\":1,}", "no opening quote", "no opening quote"},
    {"{\"a\":1 \"b\":2}", "neither comma nor brace", "neither comma"},
    {"{\"a\" 1}", "no colon", "no colon"},
    {"{\"a\":}", "not JSON", "not JSON"},
    {"{a:1}", "no opening quote", "no opening quote"},
    {"{'a':1}", "no opening quote", "no opening quote"},
    {"[1,]", "not JSON", "not JSON"},
    {"[,1]", "not JSON", "not JSON"},
    {"[1 2]", "neither comma nor bracket", "neither comma"},
    {"[1", "neither comma nor bracket", "neither comma"},
    {"[1}", "neither comma nor bracket", "neither comma"},
    {"//x\n1", "not JSON", "not JSON"},
    {"tru", "input too short", "input too short"},
    {"trux", "not true", "not true"},
    {"True", "not JSON", "not JSON"},
    {"NaN", "not JSON", "not JSON"},
    {"Infinity", "not JSON", "not JSON"},
    {"-", "no digit", "no digit"},
    {"+1", "not JSON", "not JSON"},
    {".5", "not JSON", "not JSON"},
    {"1.", "no digit after", "no digit after"},
    {"01", "after the end", "after the end"},
    {"1e", "exponent", "exponent"},
    {"1e+", "exponent", "exponent"},
    {"1e999", "exponent", "exponent"},
    {"0x10", "after the end", "after the end"},
    {"11111111111111111111111111111111111111111111111111111111111111111", "too long", "too long"},
    {"9223372036854775808", NULL, "number out of range"}, /* a number, but none of ours */
    {"\"a", "input too short", "input too short"},
    {"\"\x01\"", "control character", "control character"},
    {"\"\n\"", "control character", "control character"},
    {"\"\\x41\"", "unknown", "unknown"},
    {"\"\\u12g4\"", "four hex digits", "four hex digits"},
    {"\"\\u123", "input too short", "input too short"},
    {"\"\\u0000\"", "NUL", "NUL"},
    {"\"\\ud800\"", "half a surrogate", "half a surrogate"},
    {"\"\\ud800\\n\"", "half a surrogate", "half a surrogate"},
    {"\"\\ud800\\ud800\"", "half a surrogate", "half a surrogate"},
    {"\"\\udc00\"", "without its first", "without its first"},
    {"\"\x80\"", "not UTF-8", "not UTF-8"},
    {"\"\xc0\xaf\"", "not UTF-8", "not UTF-8"},
    {"\"\xed\xa0\x80\"", "not UTF-8", "not UTF-8"},
    {"\xef\xbb\xbf{}", "not JSON", "not JSON"},
    {"{\"a\":1,\"a\":2}", "duplicate name", "duplicate member"},
    {"{\"a\":{\"b\":1,\"c\":1,\"b\":1}}", "duplicate name", "duplicate member"},
    {"{\"a\":1,\"\\u0061\":2}", "escape in a name", "duplicate member"},
    {"{\"\\u0061\":2}", "escape in a name", NULL},
    {"{\"\":1,\"\":2}", "duplicate name", "duplicate member"},
    {"{\"a\":1,\"b\":{\"a\":1}}", NULL, NULL},
};

static void
judge(const char *text, enum err got, const char *wanted, const struct why *why)
{
    assert_int_equal(got, wanted == NULL ? ERR_OK : ERR_MALFORMED);
    if (wanted != NULL && strstr(why_text(why), wanted) == NULL) {
        fail_msg("%s: \"%s\", want \"%s\"", text, why_text(why), wanted);
    }
}

static void
vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(json_free) json_t *j = NULL;
        struct slice text = slice_text(ROWS[i].text);
        struct why gate = {0};
        struct why read = {0};

        judge(ROWS[i].text, json_gate(text, "t", &gate), ROWS[i].gate, &gate);
        judge(ROWS[i].text, json_read(text, &j, &read), ROWS[i].read, &read);
        assert_int_equal(j == NULL, ROWS[i].read != NULL);
    }
}

static void
nul_bytes_are_refused_everywhere(void **state)
{
    static const char GOOD[] = "{\"a\":[\"b\",1,true]} ";
    char text[sizeof GOOD];

    (void)state;
    for (size_t i = 0; i < sizeof GOOD - 1; i++) {
        struct why why = {0};

        memcpy(text, GOOD, sizeof GOOD);
        text[i] = '\0';
        assert_int_equal(json_gate((struct slice){(uint8_t *)text, sizeof GOOD - 1}, "t", &why),
                         ERR_MALFORMED);
    }
}

static void
every_truncation_is_refused(void **state)
{
    static const char GOOD[] =
        "{\"a\":[1,{\"b\":\"\\u00e9\xc3\xa9\"}],\"c\":{\"d\":[false,null,-1.5e3]}}";

    (void)state;
    for (size_t n = 0; n < sizeof GOOD - 1; n++) {
        struct why why = {0};

        assert_int_equal(json_gate((struct slice){(const uint8_t *)GOOD, n}, "t", &why),
                         ERR_MALFORMED);
    }

    struct why why = {0};

    assert_int_equal(json_gate(slice_text(GOOD), "t", &why), ERR_OK);
}

static void
repeat(char *text, size_t cap, const char *what, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        size_t len = strlen(text);

        (void)snprintf(text + len, cap - len, "%s", what);
    }
}

static void
nested(const char *open, const char *close, size_t depth, const char *wanted)
{
    AUTO(json_free) json_t *j = NULL;
    char text[256] = "";
    struct why why = {0};

    repeat(text, sizeof text, open, depth);
    repeat(text, sizeof text, "1", 1);
    repeat(text, sizeof text, close, depth);
    judge(text, json_read(slice_text(text), &j, &why), wanted, &why);
}

static void
depth_is_bounded(void **state)
{
    (void)state;
    nested("[", "]", JSON_DEPTH_MAX, NULL);
    nested("[", "]", JSON_DEPTH_MAX + 1, "deeper than");
    nested("{\"a\":", "}", JSON_DEPTH_MAX, NULL);
    nested("{\"a\":", "}", JSON_DEPTH_MAX + 1, "deeper than");
}

/* The gate counts members; the reader, which may hold large documents, does not. */
static void
members_are_bounded_in_the_gate(void **state)
{
    (void)state;
    for (size_t n = JSON_GATE_MEMBERS; n <= JSON_GATE_MEMBERS + 1; n++) {
        AUTO(json_free) json_t *j = NULL;
        char text[2048] = "{";
        struct why why = {0};
        size_t len = 1;

        for (size_t i = 0; i < n; i++) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s\"m%zu\":%zu",
                                    i == 0 ? "" : ",", i, i);
        }
        (void)snprintf(text + len, sizeof text - len, "}");
        judge(text, json_gate_object(slice_text(text), "t", &why),
              n > JSON_GATE_MEMBERS ? "more than JSON_GATE_MEMBERS" : NULL, &why);
        why = (struct why){0};
        assert_int_equal(json_read(slice_text(text), &j, &why), ERR_OK);
        assert_int_equal(json_object_size(j), n);
    }
}

static void
gate_object_wants_an_object(void **state)
{
    static const char *const BAD[] = {"[]", "1", "\"{}\"", "null", "", " "};

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct why why = {0};

        judge(BAD[i], json_gate_object(slice_text(BAD[i]), "t", &why), "not an object", &why);
    }

    struct why why = {0};

    assert_int_equal(json_gate_object(slice_text(" {\"a\":1} "), "t", &why), ERR_OK);
    assert_int_equal(json_gate_object(slice_text("{\"a\":1,\"a\":1}"), "t", &why), ERR_MALFORMED);
}

static void
size_is_bounded(void **state)
{
    AUTO(json_free) json_t *j = NULL;
    AUTO(mem_free_bytes) uint8_t *big = mem_new(JSON_BYTES_MAX + 1, 1);
    struct why why = {0};

    (void)state;
    memset(big, ' ', JSON_BYTES_MAX + 1);
    big[0] = '1';
    assert_int_equal(json_read((struct slice){big, JSON_BYTES_MAX + 1}, &j, &why), ERR_LIMIT);
    assert_null(j);
    assert_int_equal(json_read((struct slice){big, JSON_BYTES_MAX}, &j, &why), ERR_OK);
}

static void
reasons_never_quote_the_input(void **state)
{
    static const char *const TEXTS[] = {"{\"secret\":1,\"secret\":2}", "{\"a\":secret}",
                                        "[99999999999999999999, \"secret\"]", "{\"secret\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        AUTO(json_free) json_t *j = NULL;
        struct why why = {0};

        assert_int_equal(json_read(slice_text(TEXTS[i]), &j, &why), ERR_MALFORMED);
        assert_null(strstr(why_text(&why), "secret"));
    }
}

static void
text_is_compact_and_in_order(void **state)
{
    AUTO(json_free) json_t *j = NULL;
    AUTO(mem_free_text) char *text = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(json_read(slice_text("{ \"b\" : 1, \"a\" : [ true ] }"), &j, &why), ERR_OK);
    text = json_text(j);
    assert_string_equal(text, "{\"b\":1,\"a\":[true]}");
}

/* --- binding --- */

struct bound {
    const char *text;
    int64_t number;
    bool flag;
    json_t *object, *array, *any;
};

static enum err
bind(const char *text, struct bound *out, json_t **owner, struct why *why)
{
    const struct json_member members[] = {
        {"text", JK_TEXT, true, &out->text, 0, 5},
        {"number", JK_INT, true, &out->number, -1, 10},
        {"flag", JK_BOOL, false, &out->flag, 0, 0},
        {"object", JK_OBJECT, false, &out->object, 0, 0},
        {"array", JK_ARRAY, false, &out->array, 0, 2},
        {"any", JK_ANY, false, &out->any, 0, 0},
    };

    assert_int_equal(json_read(slice_text(text), owner, why), ERR_OK);
    return json_bind(*owner, "thing", members, sizeof members / sizeof members[0], why);
}

static void
bind_takes_every_kind(void **state)
{
    AUTO(json_free) json_t *owner = NULL;
    struct bound b = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(bind("{\"text\":\"12345\",\"number\":-1,\"flag\":true,\"object\":{},"
                          "\"array\":[1,2],\"any\":null}",
                          &b, &owner, &why),
                     ERR_OK);
    assert_string_equal(b.text, "12345");
    assert_int_equal(b.number, -1);
    assert_true(b.flag);
    assert_true(json_is_object(b.object) && json_array_size(b.array) == 2 && json_is_null(b.any));
}

static void
bind_leaves_defaults(void **state)
{
    AUTO(json_free) json_t *owner = NULL;
    struct bound b = {.flag = true};
    struct why why = {0};

    (void)state;
    assert_int_equal(bind("{\"text\":\"\",\"number\":10}", &b, &owner, &why), ERR_OK);
    assert_true(b.flag);
    assert_null(b.array);
}

static void
bind_refuses(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        const char *why;
    } BAD[] = {
        {"[]", ERR_MALFORMED, "thing: is array, want object"},
        {"{\"text\":\"a\"}", ERR_MALFORMED, "thing: member \"number\" is missing"},
        {"{\"text\":\"a\",\"number\":1,\"x\\n\\\"\":1}", ERR_MALFORMED,
         "thing: unknown member \"x??\""},
        {"{\"text\":1,\"number\":1}", ERR_MALFORMED,
         "thing: member \"text\" is integer, want text"},
        {"{\"text\":null,\"number\":1}", ERR_MALFORMED,
         "thing: member \"text\" is null, want text"},
        {"{\"text\":\"a\",\"number\":\"1\"}", ERR_MALFORMED,
         "thing: member \"number\" is text, want integer"},
        {"{\"text\":\"a\",\"number\":1.0}", ERR_MALFORMED,
         "thing: member \"number\" is number with a fraction or exponent, want integer"},
        {"{\"text\":\"a\",\"number\":true}", ERR_MALFORMED,
         "thing: member \"number\" is boolean, want integer"},
        {"{\"text\":\"a\",\"number\":1,\"flag\":0}", ERR_MALFORMED,
         "thing: member \"flag\" is integer, want boolean"},
        {"{\"text\":\"a\",\"number\":1,\"object\":[]}", ERR_MALFORMED,
         "thing: member \"object\" is array, want object"},
        {"{\"text\":\"a\",\"number\":1,\"array\":{}}", ERR_MALFORMED,
         "thing: member \"array\" is object, want array"},
        {"{\"text\":\"123456\",\"number\":1}", ERR_LIMIT,
         "thing: member \"text\" has 6 bytes, at most 5"},
        {"{\"text\":\"a\",\"number\":11}", ERR_LIMIT,
         "thing: member \"number\" is 11, want -1 to 10"},
        {"{\"text\":\"a\",\"number\":-2}", ERR_LIMIT,
         "thing: member \"number\" is -2, want -1 to 10"},
        {"{\"text\":\"a\",\"number\":1,\"array\":[1,2,3]}", ERR_LIMIT,
         "thing: member \"array\" has 3 elements, at most 2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        AUTO(json_free) json_t *owner = NULL;
        struct bound b = {.number = 77};
        struct why why = {0};

        assert_int_equal(bind(BAD[i].text, &b, &owner, &why), BAD[i].err);
        assert_string_equal(why_text(&why), BAD[i].why);
        assert_int_equal(b.number, 77); /* nothing is stored unless all is well */
        assert_null(b.text);
    }

    struct why why = {0};

    assert_int_equal(json_bind(NULL, "thing", NULL, 0, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "thing: is missing, want object");
}

static void
b64url_members(void **state)
{
    AUTO(mem_free_bytes) uint8_t *out = NULL;
    struct why why = {0};
    size_t len = 0;

    (void)state;
    assert_int_equal(json_b64url("Zm9vYg", "m", 4, &out, &len, &why), ERR_OK);
    assert_int_equal(len, 4);
    assert_memory_equal(out, "foob", 4);
    mem_free_bytes(&out);
    assert_int_equal(json_b64url("Zm9vYg", "m", 3, &out, &len, &why), ERR_LIMIT);
    assert_int_equal(json_b64url("Zm9vYg==", "m", 9, &out, &len, &why), ERR_MALFORMED);
    assert_null(out);
    assert_int_equal(json_b64url("", "m", 0, &out, &len, &why), ERR_OK);
    assert_int_equal(len, 0);
    assert_non_null(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(nul_bytes_are_refused_everywhere),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(members_are_bounded_in_the_gate),
        cmocka_unit_test(gate_object_wants_an_object),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(reasons_never_quote_the_input),
        cmocka_unit_test(text_is_compact_and_in_order),
        cmocka_unit_test(bind_takes_every_kind),
        cmocka_unit_test(bind_leaves_defaults),
        cmocka_unit_test(bind_refuses),
        cmocka_unit_test(b64url_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
