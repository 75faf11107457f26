/* SPDX-License-Identifier: Apache-2.0 */
/* rd.c - see rd.h.  Every read goes through rd_bytes(), the one place that compares lengths. */
#include "attest/base/rd.h"

#include <string.h>

struct rd
rd_init(struct slice in, const char *what)
{
    return (struct rd){.in = in, .what = what};
}

bool
rd_ok(const struct rd *r)
{
    return r->field == NULL;
}

size_t
rd_left(const struct rd *r)
{
    return r->in.len - r->at;
}

void
rd_fail(struct rd *r, const char *field, const char *cause)
{
    if (!rd_ok(r)) {
        return; /* keep the first cause */
    }
    r->field = field;
    r->cause = cause;
    r->bad_at = r->base + r->at;
}

struct slice
rd_bytes(struct rd *r, const char *field, size_t len)
{
    struct slice got = {0};

    if (rd_ok(r) && len > rd_left(r)) {
        rd_fail(r, field, "input too short");
    }
    if (!rd_ok(r) || len == 0) {
        return got;
    }
    got.ptr = r->in.ptr + r->at;
    got.len = len;
    r->at += len;
    return got;
}

static uint64_t
read_le(struct rd *r, const char *field, size_t len)
{
    struct slice s = rd_bytes(r, field, len);
    uint64_t v = 0;

    for (size_t i = s.len; i > 0; i--) {
        v = v << 8 | s.ptr[i - 1];
    }
    return v;
}

static uint64_t
read_be(struct rd *r, const char *field, size_t len)
{
    struct slice s = rd_bytes(r, field, len);
    uint64_t v = 0;

    for (size_t i = 0; i < s.len; i++) {
        v = v << 8 | s.ptr[i];
    }
    return v;
}

uint8_t
rd_u8(struct rd *r, const char *field)
{
    return (uint8_t)read_le(r, field, 1);
}

uint16_t
rd_le16(struct rd *r, const char *field)
{
    return (uint16_t)read_le(r, field, 2);
}

uint32_t
rd_le32(struct rd *r, const char *field)
{
    return (uint32_t)read_le(r, field, 4);
}

uint64_t
rd_le64(struct rd *r, const char *field)
{
    return read_le(r, field, 8);
}

uint16_t
rd_be16(struct rd *r, const char *field)
{
    return (uint16_t)read_be(r, field, 2);
}

uint32_t
rd_be32(struct rd *r, const char *field)
{
    return (uint32_t)read_be(r, field, 4);
}

uint64_t
rd_be64(struct rd *r, const char *field)
{
    return read_be(r, field, 8);
}

void
rd_copy(struct rd *r, const char *field, uint8_t *dst, size_t len)
{
    struct slice s = rd_bytes(r, field, len);

    memset(dst, 0, len);
    if (s.len > 0) {
        memcpy(dst, s.ptr, s.len);
    }
}

void
rd_zero(struct rd *r, const char *field, size_t len)
{
    size_t start = r->at;
    struct slice s = rd_bytes(r, field, len);

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != 0) {
            r->at = start + i;
            rd_fail(r, field, "reserved byte is not zero");
            return;
        }
    }
}

struct rd
rd_sub(struct rd *r, const char *field, size_t len)
{
    size_t base = r->base + r->at;
    struct slice s = rd_bytes(r, field, len);
    struct rd sub = rd_init(s, field);

    sub.base = base;
    if (!rd_ok(r)) {
        rd_fail(&sub, r->field, r->cause);
        sub.bad_at = r->bad_at;
    }
    return sub;
}

enum err
rd_end(const struct rd *r, struct why *why)
{
    if (!rd_ok(r)) {
        return why_add(why, ERR_MALFORMED, "%s: %s at byte %zu: %s", r->what, r->field, r->bad_at,
                       r->cause);
    }
    if (rd_left(r) > 0) {
        return why_add(why, ERR_MALFORMED, "%s: %zu bytes after the end, from byte %zu", r->what,
                       rd_left(r), r->base + r->at);
    }
    return ERR_OK;
}
