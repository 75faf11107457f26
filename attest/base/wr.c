/* SPDX-License-Identifier: Apache-2.0 */
/* wr.c - see wr.h.  Every write but wr_fmt() goes through room(), the one place that compares lengths. */
#include "attest/base/wr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"

enum { B64_BLOCK = 96 };

struct wr
wr_init(uint8_t *buf, size_t cap, const char *what)
{
    return (struct wr){.buf = buf, .cap = cap, .what = what};
}

/* Where the next `len` bytes go, or NULL. */
static uint8_t *
room(struct wr *w, size_t len)
{
    if (w->full || len > w->cap - w->len) {
        w->full = true;
        return NULL;
    }

    uint8_t *at = w->buf + w->len;

    w->len += len;
    return at;
}

static void
write_be(struct wr *w, uint64_t v, size_t len)
{
    uint8_t *at = room(w, len);

    for (size_t i = 0; at != NULL && i < len; i++) {
        at[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
    }
}

static void
write_le(struct wr *w, uint64_t v, size_t len)
{
    uint8_t *at = room(w, len);

    for (size_t i = 0; at != NULL && i < len; i++) {
        at[i] = (uint8_t)(v >> (8 * i));
    }
}

void
wr_u8(struct wr *w, uint8_t v)
{
    write_be(w, v, 1);
}

void
wr_be16(struct wr *w, uint16_t v)
{
    write_be(w, v, 2);
}

void
wr_be32(struct wr *w, uint32_t v)
{
    write_be(w, v, 4);
}

void
wr_be64(struct wr *w, uint64_t v)
{
    write_be(w, v, 8);
}

void
wr_le16(struct wr *w, uint16_t v)
{
    write_le(w, v, 2);
}

void
wr_le32(struct wr *w, uint32_t v)
{
    write_le(w, v, 4);
}

void
wr_le64(struct wr *w, uint64_t v)
{
    write_le(w, v, 8);
}

void
wr_bytes(struct wr *w, struct slice s)
{
    uint8_t *at = room(w, s.len);

    if (at != NULL && s.len > 0) {
        memcpy(at, s.ptr, s.len);
    }
}

void
wr_text(struct wr *w, const char *text)
{
    wr_bytes(w, slice_text(text));
}

void
wr_dec(struct wr *w, int64_t v)
{
    uint8_t text[sizeof "-9223372036854775808"];
    size_t at = sizeof text;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v; /* also of INT64_MIN */

    do {
        text[--at] = (uint8_t)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (v < 0) {
        text[--at] = '-';
    }
    wr_bytes(w, (struct slice){text + at, sizeof text - at});
}

void
wr_fmt(struct wr *w, const char *fmt, ...)
{
    size_t left = w->full ? 0 : w->cap - w->len;
    va_list ap;

    if (left == 0) {
        w->full = true;
        return;
    }
    va_start(ap, fmt);

    int len = vsnprintf((char *)w->buf + w->len, left, fmt, ap);

    va_end(ap);
    if (len < 0 || (size_t)len >= left) {
        w->full = true;
        return;
    }
    w->len += (size_t)len;
}

/* RFC 8259 section 7: what must be escaped; everything else goes as it is. */
static void
write_ascii(struct wr *w, uint8_t c)
{
    static const char PLAIN[] = "\b\t\n\f\r\"\\";
    static const char ESCAPED[] = "btnfr\"\\";
    const char *at = c == 0 ? NULL : strchr(PLAIN, c);
    uint8_t hex[3];

    if (at != NULL) {
        wr_u8(w, '\\');
        wr_u8(w, (uint8_t)ESCAPED[at - PLAIN]);
        return;
    }
    if (c >= 0x20) {
        wr_u8(w, c);
        return;
    }
    hex_encode((struct slice){&c, 1}, (char *)hex);
    wr_text(w, "\\u00");
    wr_bytes(w, (struct slice){hex, 2});
}

void
wr_json(struct wr *w, struct slice text)
{
    wr_u8(w, '"');
    while (text.len > 0) {
        size_t plain = text_plain(text);
        size_t len = plain > 0 ? plain : utf8_len(text);

        if (len == 0) {
            w->full = true;
            return;
        }
        if (plain == 0 && len == 1) {
            write_ascii(w, text.ptr[0]);
        } else {
            wr_bytes(w, (struct slice){text.ptr, len});
        }
        text = (struct slice){text.ptr + len, text.len - len};
    }
    wr_u8(w, '"');
}

void
wr_hex(struct wr *w, struct slice s)
{
    char pair[3];

    for (size_t i = 0; i < s.len && !w->full; i++) {
        hex_encode((struct slice){s.ptr + i, 1}, pair);
        wr_text(w, pair);
    }
}

void
wr_b64url(struct wr *w, struct slice s)
{
    char text[B64_BLOCK / 3 * 4 + 1];

    /* Blocks of a multiple of three bytes need no padding and join without seam. */
    for (size_t i = 0; i < s.len && !w->full; i += B64_BLOCK) {
        b64url_encode((struct slice){s.ptr + i, s.len - i < B64_BLOCK ? s.len - i : B64_BLOCK},
                      text);
        wr_text(w, text);
    }
}

struct slice
wr_done(const struct wr *w)
{
    return (struct slice){w->buf, w->len};
}

enum err
wr_end(const struct wr *w, struct why *why)
{
    if (w->full) {
        return why_add(why, ERR_LIMIT, "%s: does not fit %zu bytes", w->what, w->cap);
    }
    return ERR_OK;
}

enum err
wr_cstr(struct wr *w, struct why *why)
{
    wr_u8(w, '\0');
    TRY(wr_end(w, why));
    w->len--;
    return ERR_OK;
}
