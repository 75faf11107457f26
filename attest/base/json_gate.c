/* SPDX-License-Identifier: Apache-2.0 */
/* json_gate.c - see json_gate.h.  Every step consumes a byte, so work is linear in the input, but for the comparison
 * of names, which is bounded by JSON_GATE_MEMBERS.
 * NOLINTBEGIN(misc-no-recursion): depth is an argument and reaches zero. */
#include "attest/base/json_gate.h"

#include <string.h>

#include "attest/base/text.h"

struct gate {
    struct rd r;
    bool names; /* members are counted and compared */
};

/* The next byte, or 0 at the end or after a failure: neither is the start of anything. */
static uint8_t
peek(const struct rd *r)
{
    return rd_ok(r) && rd_left(r) > 0 ? r->in.ptr[r->at] : 0;
}

static bool
take(struct rd *r, uint8_t c)
{
    bool here = peek(r) == c && c != 0;

    r->at += here; /* peek() has seen it */
    return here;
}

static void
want(struct rd *r, uint8_t c, const char *field, const char *cause)
{
    if (!take(r, c)) {
        rd_fail(r, field, cause);
    }
}

static void
space(struct rd *r)
{
    while (peek(r) <= ' ' && (take(r, ' ') || take(r, '\t') || take(r, '\n') || take(r, '\r'))) {
    }
}

static size_t
digits(struct rd *r)
{
    size_t n = 0;

    for (uint8_t c = peek(r); c >= '0' && c <= '9'; c = peek(r)) {
        r->at++;
        n++;
    }
    return n;
}

/* RFC 8259 section 6. */
static void
number(struct rd *r)
{
    size_t start = r->at;
    bool exponent = false;

    (void)take(r, '-');
    if (!take(r, '0') && digits(r) == 0) {
        rd_fail(r, "number", "no digit");
    }
    if (take(r, '.') && digits(r) == 0) {
        rd_fail(r, "number", "no digit after the point");
    }
    exponent = take(r, 'e') || take(r, 'E');
    if (exponent) {
        (void)(take(r, '+') || take(r, '-'));

        size_t n = digits(r);

        if (n == 0 || n > 2) {
            rd_fail(r, "number", "exponent is not of one or two digits");
        }
    }
    if (r->at - start > JSON_GATE_NUMBER) {
        rd_fail(r, "number", "too long");
    }
}

static unsigned
hex4(struct rd *r)
{
    struct slice s = rd_bytes(r, "\\u escape", 4);
    struct why unused = {0};
    uint8_t v[2] = {0};
    size_t len = 0;

    if (!rd_ok(r)) {
        return 0;
    }
    if (hex_decode(s, v, sizeof v, &len, &unused) != ERR_OK) {
        rd_fail(r, "\\u escape", "not four hex digits");
    }
    return (unsigned)v[0] << 8 | v[1];
}

/* RFC 8259 section 7, after the backslash. */
static void
escape(struct rd *r)
{
    uint8_t c = rd_u8(r, "escape");
    unsigned unit = 0;

    if (c != 'u') {
        if (c == 0 || strchr("\"\\/bfnrt", c) == NULL) {
            rd_fail(r, "escape", "unknown");
        }
        return;
    }
    unit = hex4(r);
    if (unit == 0) {
        rd_fail(r, "\\u escape", "NUL");
    }
    if (unit >= 0xdc00 && unit <= 0xdfff) {
        rd_fail(r, "\\u escape", "second half of a surrogate pair without its first");
    }
    if (unit >= 0xd800 && unit <= 0xdbff) {
        want(r, '\\', "\\u escape", "half a surrogate pair");
        want(r, 'u', "\\u escape", "half a surrogate pair");
        unit = hex4(r);
        if (unit < 0xdc00 || unit > 0xdfff) {
            rd_fail(r, "\\u escape", "half a surrogate pair");
        }
    }
}

/* A run of plain characters, or one other, of a string; not its closing quote. */
static void
character(struct rd *r)
{
    const struct slice rest = {r->in.ptr + r->at, rd_left(r)};
    size_t plain = text_plain(rest);
    size_t len = plain > 0 ? plain : utf8_len(rest);

    if (plain == 0 && take(r, '\\')) {
        escape(r);
        return;
    }
    if (rd_left(r) > 0 && peek(r) < 0x20) {
        rd_fail(r, "string", "control character");
    }
    if (rd_left(r) > 0 && len == 0) {
        rd_fail(r, "string", "not UTF-8");
    }
    (void)rd_bytes(r, "string", len > 0 ? len : 1);
}

/* The raw bytes between the quotes. */
static struct slice
string(struct rd *r)
{
    size_t start = 0;

    want(r, '"', "string", "no opening quote");
    start = r->at;
    while (rd_ok(r) && !take(r, '"')) {
        character(r);
    }
    return rd_ok(r) ? (struct slice){r->in.ptr + start, r->at - start - 1} : (struct slice){0};
}

static void value(struct gate *g, unsigned depth);

struct names {
    size_t n;
    struct slice seen[JSON_GATE_MEMBERS];
};

/* Compare with the names before it, and remember. */
static void
name_add(struct names *names, struct slice name, struct rd *r)
{
    if (name.len > 0 && memchr(name.ptr, '\\', name.len) != NULL) {
        rd_fail(r, "member", "escape in a name");
    }
    for (size_t i = 0; i < names->n; i++) {
        if (slice_same(name, names->seen[i])) {
            rd_fail(r, "member", "duplicate name");
        }
    }
    if (names->n == JSON_GATE_MEMBERS) {
        rd_fail(r, "member", "more than JSON_GATE_MEMBERS");
        return;
    }
    names->seen[names->n++] = name;
}

static void
members(struct gate *g, unsigned depth)
{
    struct names names;

    names.n = 0;
    do {
        space(&g->r);

        struct slice name = string(&g->r);

        if (g->names && rd_ok(&g->r)) {
            name_add(&names, name, &g->r);
        }
        space(&g->r);
        want(&g->r, ':', "member", "no colon");
        value(g, depth);
    } while (take(&g->r, ','));
    want(&g->r, '}', "object", "neither comma nor brace");
}

static void
elements(struct gate *g, unsigned depth)
{
    do {
        value(g, depth);
    } while (take(&g->r, ','));
    want(&g->r, ']', "array", "neither comma nor bracket");
}

static void
container(struct gate *g, uint8_t close, unsigned depth)
{
    if (depth == 0) {
        rd_fail(&g->r, "nesting", "deeper than JSON_GATE_DEPTH");
        return;
    }
    (void)rd_u8(&g->r, "container");
    space(&g->r);
    if (take(&g->r, close)) {
        return;
    }
    if (close == '}') {
        members(g, depth - 1);
    } else {
        elements(g, depth - 1);
    }
}

static void
literal(struct rd *r, const char *text)
{
    struct slice want_text = slice_text(text);

    if (!slice_same(rd_bytes(r, "literal", want_text.len), want_text)) {
        rd_fail(r, "literal", "not true, false or null");
    }
}

/* A value with the white space around it. */
static void
value(struct gate *g, unsigned depth)
{
    space(&g->r);

    uint8_t c = peek(&g->r);

    switch (c) {
    case '{': container(g, '}', depth); break;
    case '[': container(g, ']', depth); break;
    case '"': (void)string(&g->r); break;
    case 't': literal(&g->r, "true"); break;
    case 'f': literal(&g->r, "false"); break;
    case 'n': literal(&g->r, "null"); break;
    default:
        if (c != '-' && (c < '0' || c > '9')) {
            rd_fail(&g->r, "value", "not JSON");
            return;
        }
        number(&g->r);
    }
    space(&g->r);
}

static enum err
gate(struct slice in, const char *what, bool names, struct why *why)
{
    struct gate g = {.r = rd_init(in, what), .names = names};

    value(&g, JSON_GATE_DEPTH);
    return rd_end(&g.r, why);
}

enum err
json_gate(struct slice in, const char *what, struct why *why)
{
    return gate(in, what, true, why);
}

enum err
json_gate_object(struct slice in, const char *what, struct why *why)
{
    struct rd r = rd_init(in, what);

    space(&r);
    if (peek(&r) != '{') {
        return why_add(why, ERR_MALFORMED, "%s: not an object", what);
    }
    return gate(in, what, true, why);
}

enum err
json_gate_shape(struct slice in, const char *what, struct why *why)
{
    return gate(in, what, false, why);
}
/* NOLINTEND(misc-no-recursion) */
