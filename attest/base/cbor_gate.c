/* SPDX-License-Identifier: Apache-2.0 */
/* cbor_gate.c - see cbor_gate.h.  Every item consumes a byte, so work is linear in the input.
 * NOLINTBEGIN(misc-no-recursion): depth is an argument and reaches zero. */
#include "attest/base/cbor_gate.h"

enum major { UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

/* The argument that follows an initial byte; RFC 8949 section 3. */
static uint64_t
argument(struct rd *r, unsigned info)
{
    static const uint64_t LEAST[] = {24, UINT64_C(1) << 8, UINT64_C(1) << 16, UINT64_C(1) << 32};
    uint64_t v = 0;

    switch (info) {
    case 24: v = rd_u8(r, "argument"); break;
    case 25: v = rd_be16(r, "argument"); break;
    case 26: v = rd_be32(r, "argument"); break;
    case 27: v = rd_be64(r, "argument"); break;
    default:
        if (info > 27) {
            rd_fail(r, "initial byte", "indefinite length or reserved value");
        }
        return info;
    }
    if (v < LEAST[info - 24]) {
        rd_fail(r, "argument", "not the shortest encoding");
    }
    return v;
}

static void item(struct rd *r, unsigned depth);

static void
items(struct rd *r, uint64_t count, size_t per, unsigned depth)
{
    if (depth == 0) {
        rd_fail(r, "nesting", "deeper than CBOR_DEPTH_MAX");
    }
    if (count > rd_left(r) / per) {
        rd_fail(r, "element count", "more elements declared than bytes left");
    }
    for (uint64_t i = 0; rd_ok(r) && i < count * per; i++) {
        item(r, depth - 1);
    }
}

static void
item(struct rd *r, unsigned depth)
{
    uint8_t initial = rd_u8(r, "initial byte");
    enum major major = (enum major)(initial >> 5);
    unsigned info = initial & 31u;

    if (major == SIMPLE) {
        if (info < 20 || info == 24 || info > 27) {
            rd_fail(r, "initial byte", "unassigned simple value");
        }
        (void)rd_bytes(r, "float", info < 24 ? 0 : (size_t)1 << (info - 24));
        return;
    }

    uint64_t arg = argument(r, info);

    switch (major) {
    case UINT:
    case NINT:
    case SIMPLE: break;
    case BYTES:
    case TEXT: (void)rd_bytes(r, "string", (size_t)arg); break;
    case ARRAY: items(r, arg, 1, depth); break;
    case MAP: items(r, arg, 2, depth); break;
    case TAG: items(r, 1, 1, depth); break;
    }
}

enum err
cbor_gate(struct slice in, const char *what, struct why *why)
{
    struct rd r = rd_init(in, what);

    item(&r, CBOR_DEPTH_MAX);
    return rd_end(&r, why);
}
/* NOLINTEND(misc-no-recursion) */
