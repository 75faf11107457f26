/* SPDX-License-Identifier: Apache-2.0 */
/* json_view.c - see json_view.h. */
#include "attest/base/json_view.h"

#include <string.h>

static struct slice
from(struct slice s, size_t at)
{
    return (struct slice){s.ptr + at, s.len - at};
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Past white space and, where one may stand, one separator. */
static struct slice
skip(struct slice s, uint8_t separator)
{
    size_t at = 0;

    while (at < s.len && is_space(s.ptr[at])) {
        at++;
    }
    if (at == s.len || separator == 0 || s.ptr[at] != separator) {
        return from(s, at);
    }
    return skip(from(s, at + 1), 0); /* NOLINT(misc-no-recursion): once, the separator is 0 now */
}

/* Bytes of the string that `s` begins with, quotes included. */
static size_t
string_len(struct slice s)
{
    size_t at = 1;

    while (at < s.len && s.ptr[at] != '"') {
        at += s.ptr[at] == '\\' ? 2 : 1;
    }
    return at < s.len ? at + 1 : s.len;
}

/* Bytes of the object or array that `s` begins with. */
static size_t
nested_len(struct slice s)
{
    size_t depth = 0;
    size_t at = 0;

    while (at < s.len) {
        uint8_t c = s.ptr[at];

        if (c == '"') {
            at += string_len(from(s, at));
            continue;
        }
        at++;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        if (depth == 0) {
            return at;
        }
    }
    return s.len;
}

static size_t
plain_len(struct slice s)
{
    size_t at = 0;

    while (at < s.len && !is_space(s.ptr[at]) && memchr(",]}:", s.ptr[at], 4) == NULL) {
        at++;
    }
    return at;
}

static size_t
value_len(struct slice s)
{
    if (s.len == 0) {
        return 0;
    }
    if (s.ptr[0] == '"') {
        return string_len(s);
    }
    return s.ptr[0] == '{' || s.ptr[0] == '[' ? nested_len(s) : plain_len(s);
}

/* The value that *rest begins with; *rest is then what follows it. */
static struct slice
take(struct slice *rest)
{
    size_t n = value_len(*rest);
    struct slice value = {rest->ptr, n};

    *rest = from(*rest, n);
    return value;
}

static bool
opens_with(struct slice s, uint8_t c)
{
    return s.len >= 2 && s.ptr[0] == c;
}

struct slice
json_view_whole(struct slice text)
{
    struct slice rest = skip(text, 0);

    return take(&rest);
}

bool
json_view_is_object(struct slice value)
{
    return opens_with(value, '{');
}

/* The next pair of an object whose opening brace is behind. */
static bool
next_member(struct slice *rest, struct slice *name, struct slice *value)
{
    *rest = skip(*rest, ',');
    if (!opens_with(*rest, '"')) {
        return false;
    }
    *name = take(rest);
    *rest = skip(*rest, ':');
    *value = take(rest);
    return true;
}

bool
json_view_member(struct slice object, const char *name, struct slice *value)
{
    struct slice want = slice_text(name);
    struct slice rest = {0};
    struct slice seen = {0};

    if (!json_view_is_object(object)) {
        return false;
    }
    rest = from(object, 1);
    while (next_member(&rest, &seen, value)) {
        if (seen.len == want.len + 2 && memcmp(seen.ptr + 1, want.ptr, want.len) == 0) {
            return true;
        }
    }
    *value = (struct slice){0};
    return false;
}

bool
json_view_array(struct slice value, struct slice *rest)
{
    if (!opens_with(value, '[')) {
        *rest = (struct slice){0};
        return false;
    }
    *rest = (struct slice){value.ptr + 1, value.len - 2};
    return true;
}

bool
json_view_next(struct slice *rest, struct slice *element)
{
    *rest = skip(*rest, ',');
    *element = take(rest);
    return element->len > 0;
}

size_t
json_view_count(struct slice value)
{
    struct slice rest = {0};
    struct slice name = {0};
    struct slice element = {0};
    size_t n = 0;

    if (json_view_array(value, &rest)) {
        for (; json_view_next(&rest, &element); n++) {
        }
        return n;
    }
    rest = json_view_is_object(value) ? from(value, 1) : rest;
    for (; next_member(&rest, &name, &element); n++) {
    }
    return n;
}

bool
json_view_text(struct slice value, struct slice *contents)
{
    if (!opens_with(value, '"') || memchr(value.ptr, '\\', value.len) != NULL) {
        *contents = (struct slice){0};
        return false;
    }
    *contents = (struct slice){value.ptr + 1, value.len - 2};
    return true;
}

bool
json_view_u64(struct slice value, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;

    *out = 0;
    if (value.len == 0 || value.len > 19) { /* below 10^19 nothing overflows */
        return false;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9') {
            return false;
        }
        n = n * 10 + (uint64_t)(value.ptr[i] - '0');
    }
    *out = n;
    return n <= max;
}

bool
json_view_bool(struct slice value, bool *out)
{
    *out = slice_same(value, slice_text("true"));
    return *out || slice_same(value, slice_text("false"));
}
