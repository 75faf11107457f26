/* SPDX-License-Identifier: Apache-2.0 */
/* json_walk.c - see json_walk.h.  Every step takes a byte, so work is linear in the input. */
#include "attest/azure/json_walk.h"

#include <string.h>

/* The next byte; 0 at the end, which begins nothing. */
static uint8_t
peek(const struct rd *r)
{
    return rd_ok(r) && rd_left(r) > 0 ? r->in.ptr[r->at] : 0;
}

static uint8_t
step(struct rd *r)
{
    return rd_u8(r, "text");
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
space(struct rd *r)
{
    while (is_space(peek(r))) {
        (void)step(r);
    }
}

static struct slice
since(const struct rd *r, size_t start)
{
    return (struct slice){r->in.ptr + start, r->at - start};
}

/* A string with its quotes. */
static struct slice
quoted(struct rd *r)
{
    size_t start = r->at;
    bool open = true;

    (void)step(r);
    while (open && rd_left(r) > 0) {
        uint8_t c = step(r);

        if (c == '\\') {
            (void)step(r); /* what it escapes cannot end the string; the digits of \u are plain */
        }
        open = c != '"';
    }
    return since(r, start);
}

/* A number or a literal. */
static void
scalar(struct rd *r)
{
    while (rd_left(r) > 0 && strchr(",]}", peek(r)) == NULL && !is_space(peek(r))) {
        (void)step(r);
    }
}

/* +1 where a container opens, -1 where it closes. */
static int
nesting(uint8_t c)
{
    if (c == '{' || c == '[') {
        return 1;
    }
    return c == '}' || c == ']' ? -1 : 0;
}

static struct slice
value(struct rd *r)
{
    size_t start = r->at;
    size_t depth = 0;

    if (peek(r) != '"' && nesting(peek(r)) <= 0) {
        scalar(r);
        return since(r, start);
    }
    do {
        uint8_t c = peek(r);

        if (c == '"') {
            (void)quoted(r);
            continue;
        }
        depth = nesting(c) < 0 ? depth - (depth > 0) : depth + (size_t)nesting(c);
        (void)step(r);
    } while (depth > 0 && rd_left(r) > 0);
    return since(r, start);
}

struct json_walk
json_walk_init(struct slice container)
{
    struct json_walk w = {.r = rd_init(container, "json")};
    uint8_t c = 0;

    space(&w.r);
    c = peek(&w.r);
    if (nesting(c) > 0) {
        (void)step(&w.r);
        w.object = c == '{';
        return w;
    }
    w.r = rd_init((struct slice){0}, "json");
    return w;
}

static void
skip(struct rd *r, uint8_t c)
{
    space(r);
    if (peek(r) == c) {
        (void)step(r);
    }
    space(r);
}

bool
json_walk_next(struct json_walk *w, struct json_item *out)
{
    struct slice name = {0};

    skip(&w->r, ',');
    if (rd_left(&w->r) == 0 || nesting(peek(&w->r)) < 0) {
        return false;
    }
    if (w->object) {
        name = quoted(&w->r);
        skip(&w->r, ':');
    }
    *out = (struct json_item){.value = value(&w->r)};
    if (name.len >= 2) {
        out->name = (struct slice){name.ptr + 1, name.len - 2};
    }
    return rd_ok(&w->r) && out->value.len > 0;
}

bool
json_is_object(struct slice v)
{
    return v.len > 0 && v.ptr[0] == '{';
}

bool
json_is_array(struct slice v)
{
    return v.len > 0 && v.ptr[0] == '[';
}

bool
json_plain_text(struct slice v, struct slice *out)
{
    if (v.len < 2 || v.ptr[0] != '"' || memchr(v.ptr, '\\', v.len) != NULL) {
        return false;
    }
    *out = (struct slice){v.ptr + 1, v.len - 2};
    return true;
}
