/* SPDX-License-Identifier: Apache-2.0 */
/* form.c - see form.h. */
#include "broker/http/form.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "common/mem.h"

void
form_done(struct form *f)
{
    if (f->text != NULL) {
        sec_zero(f->text, f->text_len);
        mem_free(f->text);
    }
    *f = (struct form){0};
}

/* Value of a hexadecimal digit, or -1. */
static int
digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_plain(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-._~*!'(),:;/@$?=", c) != NULL);
}

/* Letters, digits, '-' and '_' from the start: what a token, the longest of values, is made of. */
static size_t
plain_run(struct slice s)
{
    size_t n = 0;

    while (n < s.len &&
           ((s.ptr[n] >= 'a' && s.ptr[n] <= 'z') || (s.ptr[n] >= 'A' && s.ptr[n] <= 'Z') ||
            (s.ptr[n] >= '0' && s.ptr[n] <= '9') || s.ptr[n] == '-' || s.ptr[n] == '_')) {
        n++;
    }
    return n;
}

/* The byte that the text at *at stands for, and *at moves to its last character.  *plain is
 * false when it stands for nothing. */
static uint8_t
decode_byte(struct slice in, size_t *at, bool *plain)
{
    uint8_t c = in.ptr[*at];

    if (c == '+') {
        return ' ';
    }
    if (c != '%') {
        *plain = is_plain(c);
        return c;
    }
    bool room = *at + 2 < in.len;
    int hi = room ? digit(in.ptr[*at + 1]) : -1;
    int lo = room ? digit(in.ptr[*at + 2]) : -1;
    *plain = hi >= 0 && lo >= 0;
    *at += 2;
    return *plain ? (uint8_t)(hi * 16 + lo) : 0;
}

/* Decode one name or value into dst, which has room for in.len + 1 bytes, and end it with NUL. */
static enum err
decode(struct slice in, char *dst, size_t *used, struct why *why)
{
    size_t n = 0;
    bool plain = true;

    for (size_t i = 0; i < in.len && plain; i++) {
        size_t run = plain_run((struct slice){in.ptr + i, in.len - i});

        memcpy(dst + n, in.ptr + i, run);
        n += run;
        i += run;
        if (i < in.len) {
            dst[n++] = (char)decode_byte(in, &i, &plain);
        }
    }
    dst[n] = 0;
    *used = n + 1;
    if (!plain) {
        return why_add(why, ERR_MALFORMED,
                       "form: a byte is not encoded, or '%%' without two digits");
    }
    if (memchr(dst, 0, n) != NULL || !utf8_ok((struct slice){(const uint8_t *)dst, n})) {
        return why_add(why, ERR_MALFORMED, "form: not UTF-8, or NUL");
    }
    return ERR_OK;
}

static struct slice
cut(struct slice *rest, uint8_t mark)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->ptr, mark, rest->len);
    struct slice part = {rest->ptr, end == NULL ? rest->len : (size_t)(end - rest->ptr)};
    size_t taken = part.len + (end == NULL ? 0 : 1);

    rest->ptr += taken;
    rest->len -= taken;
    return part;
}

static bool
repeatable(const char *name)
{
    return strcmp(name, "audience") == 0 || strcmp(name, "resource") == 0;
}

static bool
seen(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->param[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum err
take_pair(struct slice pair, struct form *f, size_t *at, struct why *why)
{
    struct slice rest = pair;
    struct slice name = cut(&rest, '=');
    size_t used = 0;

    if (f->n == FORM_MAX) {
        return why_add(why, ERR_LIMIT, "form: more than %d parameters", FORM_MAX);
    }
    f->param[f->n].name = f->text + *at;
    TRY(decode(name, f->text + *at, &used, why));
    *at += used;
    f->param[f->n].value = f->text + *at;
    TRY(decode(rest, f->text + *at, &used, why));
    *at += used;

    const char *text = f->param[f->n].name;
    if (*text == 0) {
        return why_add(why, ERR_MALFORMED, "form: a parameter has no name");
    }
    if (!repeatable(text) && seen(f, text)) {
        return why_add(why, ERR_MALFORMED, "form: parameter %.40s is there twice", text);
    }
    f->n++;
    return ERR_OK;
}

enum err
form_read(struct slice body, struct form *out, struct why *why)
{
    *out = (struct form){0};
    if (body.len > FORM_BYTES_MAX) {
        return why_add(why, ERR_LIMIT, "form: more than %d bytes", FORM_BYTES_MAX);
    }
    if (body.len == 0) {
        return ERR_OK;
    }
    /* A pair takes at most its own bytes and two NULs. */
    out->text_len = body.len + (size_t)2 * FORM_MAX;
    out->text = mem_new(out->text_len, 1);

    size_t at = 0;
    enum err e = ERR_OK;
    bool more = true;
    while (more && e == ERR_OK) {
        struct slice pair = cut(&body, '&');
        more = pair.ptr + pair.len != body.ptr; /* an '&' was taken: something must follow */
        e = take_pair(pair, out, &at, why);
    }
    return e;
}

const char *
form_get(const struct form *f, const char *name, size_t nth)
{
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->param[i].name, name) == 0 && f->param[i].value[0] != 0 && nth-- == 0) {
            return f->param[i].value;
        }
    }
    return NULL;
}

size_t
form_count(const struct form *f, const char *name)
{
    size_t n = 0;

    while (form_get(f, name, n) != NULL) {
        n++;
    }
    return n;
}

enum err
query_get(struct slice query, const char *name, struct slice *value, struct why *why)
{
    bool found = false;

    *value = (struct slice){0};
    while (query.len > 0) {
        struct slice rest = cut(&query, '&');
        struct slice have = cut(&rest, '=');
        if (!slice_same(have, slice_text(name))) {
            continue;
        }
        if (found) {
            *value = (struct slice){0};
            return why_add(why, ERR_MALFORMED, "query: %s is there twice", name);
        }
        found = true;
        *value = rest;
    }
    return ERR_OK;
}
