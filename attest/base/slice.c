/* SPDX-License-Identifier: Apache-2.0 */
/* slice.c - see slice.h. */
#include "attest/base/slice.h"

#include <string.h>

struct slice
slice_text(const char *text)
{
    if (text == NULL) {
        return (struct slice){0};
    }
    return (struct slice){(const uint8_t *)text, strlen(text)};
}

bool
slice_same(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
slice_zero(struct slice s)
{
    /* Every byte is the one before it, and the first is zero. */
    return s.len == 0 || (s.ptr[0] == 0 && memcmp(s.ptr, s.ptr + 1, s.len - 1) == 0);
}
