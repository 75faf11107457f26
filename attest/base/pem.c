/* SPDX-License-Identifier: Apache-2.0 */
/* pem.c - see pem.h. */
#include "attest/base/pem.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 32, PAD = 64, BAD = 255 };

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct slice
past_lines(struct slice s)
{
    size_t at = 0;

    while (at < s.len && (s.ptr[at] == '\n' || s.ptr[at] == '\r')) {
        at++;
    }
    return at == 0 ? s
                   : (struct slice){s.ptr + at, s.len - at}; /* NULL may be the pointer of none */
}

static bool
begins(struct slice s, struct slice with)
{
    return s.len >= with.len && memcmp(s.ptr, with.ptr, with.len) == 0;
}

bool
pem_looks_like(struct slice text)
{
    return text.len > 0 && begins(past_lines(text), slice_text("-----BEGIN "));
}

/* Value of a character of the alphabet, PAD for '=', BAD otherwise. */
static unsigned
sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26U;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52U;
    }
    if (c == '+' || c == '/') {
        return c == '+' ? 62 : 63;
    }
    return c == '=' ? PAD : BAD;
}

struct decoder {
    uint8_t *dst;
    size_t cap, len;
    uint32_t bits;
    unsigned have; /* characters of the current group of four */
    unsigned pads;
    bool full;
};

/* One group of four characters is complete. */
static bool
flush(struct decoder *d)
{
    size_t n = 3 - d->pads;
    uint32_t unused = d->pads == 0 ? 0 : d->bits & (d->pads == 1 ? 0xffU : 0xffffU);

    if (d->pads > 2 || unused != 0) {
        return false;
    }
    d->full = d->len + n > d->cap;
    for (size_t i = 0; i < n && !d->full; i++) {
        d->dst[d->len++] = (uint8_t)(d->bits >> (16 - 8 * i));
    }
    d->bits = 0;
    d->have = 0;
    return !d->full;
}

static bool
put(struct decoder *d, uint8_t c)
{
    unsigned v = sextet(c);

    if (v == BAD || (v != PAD && d->pads > 0)) {
        return false;
    }
    d->pads += v == PAD;
    d->bits = d->bits << 6 | (v == PAD ? 0 : v);
    d->have++;
    return d->have < 4 || flush(d);
}

static enum err
decode(struct slice body, struct decoder *d, struct why *why)
{
    for (size_t i = 0; i < body.len; i++) {
        if (!is_space(body.ptr[i]) && !put(d, body.ptr[i])) {
            return d->full ? why_add(why, ERR_LIMIT, "pem: more than %zu bytes", d->cap)
                           : why_add(why, ERR_MALFORMED, "pem: not base64");
        }
    }
    return d->have == 0 && d->len > 0 ? ERR_OK
                                      : why_add(why, ERR_MALFORMED, "pem: base64 is cut short");
}

enum err
pem_next(struct slice *rest, const char *label, uint8_t *dst, size_t cap, size_t *len,
         struct why *why)
{
    char head[LABEL_MAX + 20];
    char foot[LABEL_MAX + 20];
    struct decoder d = {.cap = cap};
    struct slice s = past_lines(*rest);
    const uint8_t *end = NULL;

    (void)snprintf(head, sizeof head, "-----BEGIN %.32s-----", label);
    (void)snprintf(foot, sizeof foot, "-----END %.32s-----", label);
    d.dst = dst;
    *len = 0;
    if (s.len == 0) {
        *rest = s;
        return why_add(why, ERR_NOT_FOUND, "pem: no %s", label);
    }
    if (!begins(s, slice_text(head))) {
        return why_add(why, ERR_MALFORMED, "pem: want a block \"%s\"", label);
    }
    s = (struct slice){s.ptr + strlen(head), s.len - strlen(head)};
    end = memmem(s.ptr, s.len, foot, strlen(foot));
    if (end == NULL) {
        return why_add(why, ERR_MALFORMED, "pem: block \"%s\" has no end", label);
    }
    TRY(decode((struct slice){s.ptr, (size_t)(end - s.ptr)}, &d, why));
    *len = d.len;
    end += strlen(foot);
    *rest = (struct slice){end, (size_t)(s.ptr + s.len - end)};
    return ERR_OK;
}
