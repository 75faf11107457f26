/* SPDX-License-Identifier: Apache-2.0 */
/* element.c - see element.h. */
#include "attest/sig/element.h"

#include "attest/base/der.h"

enum { SHORT_MAX = 0x7f, TOP_BIT = 0x80, ONE_BYTE = 0x81, TWO_BYTES = 0x82 };

size_t
element_len(size_t contents)
{
    size_t header = contents <= SHORT_MAX ? 2 : contents <= UINT8_MAX ? 3 : 4;

    return header + contents;
}

void
element_open(struct wr *w, unsigned tag, size_t contents)
{
    wr_u8(w, (uint8_t)tag);
    if (contents <= SHORT_MAX) {
        wr_u8(w, (uint8_t)contents);
        return;
    }
    if (contents <= UINT8_MAX) {
        wr_u8(w, ONE_BYTE);
        wr_u8(w, (uint8_t)contents);
        return;
    }
    wr_u8(w, TWO_BYTES);
    wr_be16(w, (uint16_t)contents);
}

static struct slice
strip_zeros(struct slice v)
{
    while (v.len > 1 && v.ptr[0] == 0) {
        v = (struct slice){v.ptr + 1, v.len - 1};
    }
    return v;
}

/* With its top bit set the number takes a zero byte in front. */
static size_t
contents_len(struct slice stripped)
{
    return stripped.len + (stripped.ptr[0] >= TOP_BIT ? 1 : 0);
}

size_t
element_integer_len(struct slice v)
{
    return element_len(contents_len(strip_zeros(v)));
}

void
element_integer(struct wr *w, struct slice v)
{
    struct slice stripped = strip_zeros(v);

    element_open(w, DER_INTEGER, contents_len(stripped));
    if (stripped.ptr[0] >= TOP_BIT) {
        wr_u8(w, 0);
    }
    wr_bytes(w, stripped);
}
