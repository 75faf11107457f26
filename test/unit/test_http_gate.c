/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_gate.c - each rule of the gate refuses, for its own reason, a head that is right
 * but for one thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/http/gate.h"

/* A head as an HTTP library would read it from text with CRLF and one blank after each colon. */
struct sample {
    struct head h;
    char text[HEAD_MAX + 8192];
};

static struct head_part
part_at(const struct sample *s, const char *from, size_t len)
{
    return (struct head_part){{(const uint8_t *)from, len}, (size_t)(from - s->text)};
}

static void
read_fields(struct sample *s, const char *line)
{
    while (strncmp(line, "\r\n", 2) != 0) {
        const char *end = strstr(line, "\r\n");
        const char *colon = memchr(line, ':', (size_t)(end - line));
        assert_non_null(colon);
        if (s->h.fields < HEAD_FIELDS_MAX) {
            struct head_field *f = &s->h.field[s->h.fields];
            f->name = part_at(s, line, (size_t)(colon - line));
            f->value = part_at(s, colon + 2, (size_t)(end - colon - 2));
        }
        s->h.fields++;
        line = end + 2;
    }
    s->h.size = (size_t)(line + 2 - s->text);
}

static void
sample_read(struct sample *s, const char *text)
{
    memset(s, 0, sizeof *s);
    assert_true(strlen(text) < sizeof s->text);
    memcpy(s->text, text, strlen(text) + 1);
    const char *eol = strstr(s->text, "\r\n");
    const char *sp1 = memchr(s->text, ' ', (size_t)(eol - s->text));
    const char *sp2 = memrchr(s->text, ' ', (size_t)(eol - s->text));
    s->h.raw = (const uint8_t *)s->text;
    s->h.method = (struct slice){(const uint8_t *)s->text, (size_t)(sp1 - s->text)};
    s->h.target = part_at(s, sp1 + 1, (size_t)(sp2 - sp1 - 1));
    s->h.version = part_at(s, sp2 + 1, (size_t)(eol - sp2 - 1));
    read_fields(s, eol + 2);
}

static const struct head_refusal *
judge(const char *text, struct head_facts *facts)
{
    static struct sample s; /* facts borrow from it; the test is one thread */

    sample_read(&s, text);
    return gate_check(&s.h, facts);
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
    static const char *const good[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /v1/x?a=b&c=d HTTP/1.1\r\nHost: [::1]:8443\r\nAccept: */*\r\n\r\n",
        "POST /token HTTP/1.1\r\nhost: files.example\r\ncontent-length: 0\r\n\r\n",
        "PUT /u/1/ HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999\r\n\r\n",
        "PUT /u HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "DELETE /v1/uploads/a_b-c.d HTTP/1.1\r\nHost: a\r\nX: \ttab and blank \r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS / HTTP/1.1\r\nHost: a\r\nEmpty: \r\n\r\n",
    };
    struct head_facts facts;
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct head_refusal *no = judge(good[i], &facts);
        expect(no == NULL, good[i], no == NULL ? "" : no->detail);
    }
}

static void
test_facts(void **state)
{
    struct head_facts f;
    (void)state;

    assert_null(judge("PUT /a/b?x=1?2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0123\r\n\r\n", &f));
    assert_true(slice_same(f.path, slice_text("/a/b")));
    assert_true(slice_same(f.query, slice_text("x=1?2")));
    assert_int_equal(f.content_length, 123);
    assert_null(judge("GET /a? HTTP/1.1\r\nHost: a\r\n\r\n", &f));
    assert_true(slice_same(f.path, slice_text("/a")));
    assert_int_equal(f.query.len, 0);
    assert_int_equal(f.content_length, -1);
}

static const struct {
    unsigned status;
    const char *detail; /* part of it */
    const char *text;
} bad[] = {
    {400, "HTTP/1.1", "GET / HTTP/1.0\r\nHost: a\r\n\r\n"},
    {400, "HTTP/1.1", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
    {400, "HTTP/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n"},
    {400, "method", "get / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "method", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "method", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "method", "GETX / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "target", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "target", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "target", "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "target", "GET /a?b=%00 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "target", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "target", "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "segment", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "segment", "GET /a/. HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "segment", "GET //a HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "segment", "GET // HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "segment", "GET /a/./ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "segment", "GET /a//b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "token", "GET / HTTP/1.1\r\nHost: a\r\nA B: c\r\n\r\n"},
    {400, "token", "GET / HTTP/1.1\r\nHost: a\r\nA : c\r\n\r\n"},
    {400, "token", "GET / HTTP/1.1\r\nHost: a\r\n(A): c\r\n\r\n"},
    {400, "token", "GET / HTTP/1.1\r\nHost: a\r\n: c\r\n\r\n"},
    {400, "token", "GET / HTTP/1.1\r\nHost: a\r\nA\x01: c\r\n\r\n"},
    {400, "control", "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n"},
    {400, "control", "GET / HTTP/1.1\r\nHost: a\r\nA: b\x7f\r\n\r\n"},
    {400, "control", "GET / HTTP/1.1\r\nHost: a\r\nA: \xc3\xa4\r\n\r\n"},
    {400, "Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n"},
    {400, "Host", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
    {400, "Host", "GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n"},
    {400, "Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
    {400, "Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "Host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {400, "Transfer", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "Transfer",
     "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: identity\r\nContent-Length: 1\r\n\r\n"},
    {400, "Content-Length",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"},
    {400, "Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"},
    {400, "Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"},
    {400, "Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3,3\r\n\r\n"},
    {400, "Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n"},
    {400, "Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3 \r\n\r\n"},
    {400, "Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n"},
    {400, "Content-Length",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000\r\n\r\n"},
    {411, "Content-Length", "POST / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {411, "Content-Length", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {411, "Content-Length", "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "no body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"},
    {400, "no body", "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"},
    {417, "Expect", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 1\r\n\r\n"},
    {417, "Expect",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n"
     "Expect: 100-continue\r\n\r\n"},
};

static void
test_refused(void **state)
{
    struct head_facts f;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct head_refusal *no = judge(bad[i].text, &f);
        bool right =
            no != NULL && no->status == bad[i].status && strstr(no->detail, bad[i].detail) != NULL;
        expect(right, bad[i].text, no == NULL ? "passed" : no->detail);
    }
}

static void
test_limits(void **state)
{
    static char text[HEAD_MAX + 4096];
    struct head_facts f;
    (void)state;

    for (int extra = 0; extra < 2; extra++) {
        int at = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 1; i < HEAD_FIELDS_MAX + extra; i++) {
            at += snprintf(text + at, sizeof text - (size_t)at, "A: b\r\n");
        }
        (void)snprintf(text + at, sizeof text - (size_t)at, "\r\n");
        const struct head_refusal *no = judge(text, &f);
        assert_int_equal(no == NULL ? 0 : no->status, extra == 0 ? 0 : 431);

        at = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nA: ");
        memset(text + at, 'x', (size_t)(HEAD_MAX + extra - at - 4));
        (void)snprintf(text + HEAD_MAX + extra - 4, 5, "\r\n\r\n");
        no = judge(text, &f);
        assert_int_equal(no == NULL ? 0 : no->status, extra == 0 ? 0 : 431);

        at = snprintf(text, sizeof text, "GET /");
        memset(text + at, 'x', (size_t)(HEAD_TARGET_MAX + extra - 1));
        at += HEAD_TARGET_MAX + extra - 1;
        (void)snprintf(text + at, sizeof text - (size_t)at, " HTTP/1.1\r\nHost: a\r\n\r\n");
        no = judge(text, &f);
        assert_int_equal(no == NULL ? 0 : no->status, extra == 0 ? 0 : 414);
    }
}

static void
expect_unframed(const struct head *h)
{
    struct head_facts f;
    const struct head_refusal *no = gate_check(h, &f);

    assert_non_null(no);
    assert_non_null(strstr(no->detail, "framed"));
}

/* Every piece but the first, moved by one byte either way, alone or with all that follow,
 * breaks the layout; so does a head of another size. */
static void
test_layout(void **state)
{
    static struct sample s;
    struct head_facts f;
    (void)state;

    sample_read(&s, "GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\nZ: \r\n\r\n");
    struct head good = s.h;
    struct head_part *const part[] = {
        &s.h.target,        &s.h.version,        &s.h.field[0].name, &s.h.field[0].value,
        &s.h.field[1].name, &s.h.field[1].value, &s.h.field[2].name, &s.h.field[2].value,
    };
    static const struct {
        size_t by; /* wraps around: one byte back */
        bool together;
    } move[] = {{1, false}, {SIZE_MAX, false}, {1, true}, {SIZE_MAX, true}};
    const size_t parts = sizeof part / sizeof part[0];

    assert_null(gate_check(&s.h, &f));
    for (size_t n = 0; n < parts * 4; n++) {
        size_t first = n / 4;
        size_t end = move[n % 4].together ? parts : first + 1;
        s.h = good;
        for (size_t k = first; k < end; k++) {
            part[k]->at += move[n % 4].by;
        }
        s.h.size += move[n % 4].together ? move[n % 4].by : 0;
        expect_unframed(&s.h);
    }
    s.h = good;
    s.h.size++;
    expect_unframed(&s.h);
    s.h.size -= 2;
    expect_unframed(&s.h);
    s.h = good;
    s.h.field[1].name.at = SIZE_MAX;
    expect_unframed(&s.h);
}

/* A bare LF (one byte less) and a second blank (one more) cancel out in a sum, not here. */
static void
test_balanced(void **state)
{
    static struct sample s;
    (void)state;

    sample_read(&s, "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n");
    s.h.field[0].value.at++; /* "Host:  a", then "\n": the next line is where it would have been */
    expect_unframed(&s.h);
}

/* A separator may be itself or the NUL that the library put there; nothing else, not even when
 * all positions fit. */
static void
test_separators(void **state)
{
    static struct sample s;
    static const char text[] = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    static const size_t separator[] = {3, 6, 15, 16, 21, 24, 25, 27, 30, 31, 32, 33};
    struct head_facts f;
    (void)state;

    for (size_t i = 0; i < sizeof separator / sizeof separator[0]; i++) {
        sample_read(&s, text);
        s.text[separator[i]] = 0;
        assert_null(gate_check(&s.h, &f));
        s.text[separator[i]] = 0x0f;
        expect_unframed(&s.h);
    }
    static const size_t blank[] = {22, 28};
    for (size_t i = 0; i < 2; i++) {
        sample_read(&s, text);
        s.text[blank[i]] = '\t';
        assert_null(gate_check(&s.h, &f));
        s.text[blank[i]] = 0;
        expect_unframed(&s.h);
    }
}

static void
test_find(void **state)
{
    static struct sample s;
    size_t n = 0;
    (void)state;

    sample_read(&s, "GET / HTTP/1.1\r\nHost: a\r\nx: first\r\nX: second\r\n\r\n");
    assert_true(slice_same(head_find(&s.h, "X", &n)->text, slice_text("first")));
    assert_int_equal(n, 2);
    assert_null(head_find(&s.h, "Y", &n));
    assert_int_equal(n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_facts),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_layout),  cmocka_unit_test(test_balanced),
        cmocka_unit_test(test_find),    cmocka_unit_test(test_separators),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
