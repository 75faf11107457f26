/* SPDX-License-Identifier: Apache-2.0 */
/* json_view.c - see json_view.h. */
#include "attest/base/json_view.h"

#include <string.h>

static struct slice
from(struct slice s, size_t at)
{
    if (at == 0) {
        return s; /* which may have no bytes to point to */
    }
    return (struct slice){s.ptr + at, s.len - at};
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct slice
past_space(struct slice s)
{
    size_t at = 0;

    while (at < s.len && is_space(s.ptr[at])) {
        at++;
    }
    return from(s, at);
}

/* Past white space and, where one may stand, one separator. */
static struct slice
skip(struct slice s, uint8_t separator)
{
    s = past_space(s);
    return s.len > 0 && s.ptr[0] == separator ? past_space(from(s, 1)) : s;
}

/* Bytes of the string that `s` begins with, quotes included.  A quote behind an odd run of backslashes is inside of it. */
static size_t
string_len(struct slice s)
{
    size_t at = 1;

    for (;;) {
        const uint8_t *quote = at < s.len ? memchr(s.ptr + at, '"', s.len - at) : NULL;
        size_t run = 0;

        if (quote == NULL) {
            return s.len;
        }
        while (quote - run > s.ptr + 1 && quote[-1 - (ptrdiff_t)run] == '\\') {
            run++;
        }
        at = (size_t)(quote - s.ptr) + 1;
        if (run % 2 == 0) {
            return at;
        }
    }
}

/* Bytes of the object or array that `s` begins with. */
static size_t
nested_len(struct slice s)
{
    size_t depth = 0;

    for (size_t at = 0; at < s.len; at++) {
        uint8_t c = s.ptr[at];

        if (c == '"') {
            at += string_len(from(s, at)) - 1;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at + 1;
        }
    }
    return s.len;
}

static bool
ends_plain(uint8_t c)
{
    return c == ',' || c == ']' || c == '}' || c == ':' || is_space(c);
}

static size_t
plain_len(struct slice s)
{
    size_t at = 0;

    while (at < s.len && !ends_plain(s.ptr[at])) {
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
    struct slice s = past_space(text);

    while (s.len > 0 && is_space(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
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

/* `quoted`: as it stands, with its quotes. */
static bool
is_name(struct slice quoted, const char *name)
{
    size_t len = strlen(name);

    return quoted.len == len + 2 && memcmp(quoted.ptr + 1, name, len) == 0;
}

size_t
json_view_find(struct slice object, const char *const *names, size_t n, struct slice *values)
{
    struct slice rest = json_view_is_object(object) ? from(object, 1) : (struct slice){0};
    struct slice seen = {0};
    struct slice value = {0};
    size_t members = 0;

    memset(values, 0, n * sizeof *values);
    for (; next_member(&rest, &seen, &value); members++) {
        for (size_t i = 0; i < n; i++) {
            values[i] = is_name(seen, names[i]) ? value : values[i];
        }
    }
    return members;
}

bool
json_view_member(struct slice object, const char *name, struct slice *value)
{
    struct slice rest = {0};
    struct slice seen = {0};

    if (!json_view_is_object(object)) {
        return false;
    }
    rest = from(object, 1);
    while (next_member(&rest, &seen, value)) {
        if (is_name(seen, name)) {
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
