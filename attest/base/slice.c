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
