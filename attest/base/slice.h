/* SPDX-License-Identifier: Apache-2.0 */
/* slice.h - a borrowed run of bytes.  Owns nothing; valid as long as what it was cut from. */
#ifndef ATTEST_BASE_SLICE_H
#define ATTEST_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *ptr; /* borrowed; may be NULL when len is 0 */
    size_t len;         /* bytes */
};

/* The bytes of a C string, without its NUL.  NULL gives the empty slice. */
struct slice slice_text(const char *text);

/* Same length and same bytes.  For public values only; secrets go through sec_equal(). */
bool slice_same(struct slice a, struct slice b);

/* Nothing but zero bytes; also true of the empty slice. */
bool slice_zero(struct slice s);

#endif
