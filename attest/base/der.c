/* SPDX-License-Identifier: Apache-2.0 */
/* der.c - see der.h.  Every element goes through header(). */
#include "attest/base/der.h"

enum { TAG_MORE = 0x1f, LONG_FORM = 0x80, LENGTH_BYTES_MAX = 3 };

bool
der_next_is(const struct rd *r, unsigned tag)
{
    struct rd ahead = *r;

    return rd_ok(r) && rd_left(r) > 0 && rd_u8(&ahead, "tag") == tag;
}

/* X.690 sections 8.1.3 and 10.1: definite, in as few bytes as possible. */
static size_t
length(struct rd *r, const char *field)
{
    uint8_t first = rd_u8(r, field);
    size_t count = first & 0x7fu;
    size_t len = 0;

    if (first < LONG_FORM) {
        return first;
    }
    if (count == 0 || count > LENGTH_BYTES_MAX) {
        rd_fail(r, field, "indefinite, reserved or too large a length");
    }
    for (size_t i = 0; rd_ok(r) && i < count; i++) {
        len = len << 8 | rd_u8(r, field);
    }
    if (len < LONG_FORM || len >> (8 * (count - 1)) == 0) {
        rd_fail(r, field, "length not in its shortest form");
    }
    return rd_ok(r) ? len : 0;
}

static size_t
header(struct rd *r, const char *field, unsigned tag)
{
    if (rd_ok(r) && rd_left(r) > 0 && !der_next_is(r, tag)) {
        rd_fail(r, field, "another tag than wanted");
    }
    if ((tag & TAG_MORE) == TAG_MORE) {
        rd_fail(r, field, "tag number above 30");
    }
    (void)rd_u8(r, field);
    return length(r, field);
}

struct slice
der_value(struct rd *r, const char *field, unsigned tag)
{
    return rd_bytes(r, field, header(r, field, tag));
}

struct slice
der_whole(struct rd *r, const char *field, unsigned tag)
{
    struct rd ahead = *r;
    size_t contents = header(&ahead, field, tag);

    if (!rd_ok(&ahead)) {
        (void)der_value(r, field, tag); /* fails in the same way, in the reader that counts */
        return (struct slice){0};
    }
    return rd_bytes(r, field, ahead.at - r->at + contents);
}

struct rd
der_enter(struct rd *r, const char *field, unsigned tag)
{
    return rd_sub(r, field, header(r, field, tag));
}

/* X.690 section 8.3.2: the first nine bits are neither all zero nor all one. */
static struct slice
integer(struct rd *r, const char *field, unsigned tag)
{
    struct slice v = der_value(r, field, tag);

    if (v.len == 0) {
        rd_fail(r, field, "integer without contents");
        return (struct slice){0};
    }
    if (v.ptr[0] >= 0x80) {
        rd_fail(r, field, "negative integer");
        return (struct slice){0};
    }
    if (v.len > 1 && v.ptr[0] == 0) {
        v = (struct slice){v.ptr + 1, v.len - 1};
        if (v.ptr[0] < 0x80) {
            rd_fail(r, field, "integer not in its shortest form");
            return (struct slice){0};
        }
    }
    return v;
}

struct slice
der_unsigned(struct rd *r, const char *field)
{
    return integer(r, field, DER_INTEGER);
}

uint64_t
der_u64(struct rd *r, const char *field, unsigned tag)
{
    struct slice s = integer(r, field, tag);
    uint64_t v = 0;

    if (s.len > sizeof v) {
        rd_fail(r, field, "integer of more than 64 bits");
        return 0;
    }
    for (size_t i = 0; i < s.len; i++) {
        v = v << 8 | s.ptr[i];
    }
    return v;
}

bool
der_bool(struct rd *r, const char *field)
{
    struct slice v = der_value(r, field, DER_BOOLEAN);

    if (v.len != 1 || (v.ptr[0] != 0 && v.ptr[0] != 0xff)) {
        rd_fail(r, field, "boolean is neither 00 nor ff");
        return false;
    }
    return v.ptr[0] == 0xff;
}

void
der_null(struct rd *r, const char *field)
{
    if (der_value(r, field, DER_NULL).len > 0) {
        rd_fail(r, field, "null with contents");
    }
}

struct slice
der_oid(struct rd *r, const char *field)
{
    struct slice v = der_value(r, field, DER_OID);
    bool starts = true; /* at the first byte of a subidentifier (X.690 section 8.19.2) */
    bool good = v.len > 0;

    for (size_t i = 0; good && i < v.len; i++) {
        good = !(starts && v.ptr[i] == 0x80);
        starts = v.ptr[i] < 0x80;
    }
    if (!good || !starts) {
        rd_fail(r, field, "object identifier is not canonical");
        return (struct slice){0};
    }
    return v;
}

/* The bytes of a BIT STRING and how many low bits of the last one are unused. */
static struct slice
bit_string(struct rd *r, const char *field, unsigned *unused)
{
    struct slice v = der_value(r, field, DER_BIT_STRING);

    *unused = v.len > 0 ? v.ptr[0] : 8;
    if (*unused > 7 || (v.len == 1 && *unused > 0)) {
        rd_fail(r, field, "bit string with a wrong count of unused bits");
        return (struct slice){0};
    }
    return v.len == 1 ? (struct slice){0} : (struct slice){v.ptr + 1, v.len - 1};
}

struct slice
der_bytes(struct rd *r, const char *field)
{
    unsigned unused = 0;
    struct slice v = bit_string(r, field, &unused);

    if (rd_ok(r) && unused > 0) {
        rd_fail(r, field, "bit string is not of whole bytes");
        return (struct slice){0};
    }
    return v;
}

uint32_t
der_flags(struct rd *r, const char *field)
{
    unsigned unused = 0;
    struct slice v = bit_string(r, field, &unused);
    uint32_t flags = 0;

    if (v.len > sizeof flags) {
        rd_fail(r, field, "more than 32 named bits");
        return 0;
    }
    /* X.690 section 11.2.1.  Section 11.2.2, no trailing zero bits, is not asked for: AMD, Infineon and many others break it. */
    if (v.len > 0 && (v.ptr[v.len - 1] & ((1u << unused) - 1)) != 0) {
        rd_fail(r, field, "unused bits are not zero");
        return 0;
    }
    for (size_t i = 0; i < 8 * v.len; i++) {
        flags |= (uint32_t)(v.ptr[i / 8] >> (7 - i % 8) & 1u) << i;
    }
    return flags;
}
