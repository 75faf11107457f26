/* SPDX-License-Identifier: Apache-2.0 */
/* rd.h - bounded reader over untrusted bytes.
 *
 * Reads never fail one by one.  The first read that does not fit is remembered with its field name
 * and offset; from then on every read yields zero or an empty slice and the cursor stays put.
 * rd_end() reports that first failure, or bytes left over.  A decoder is thus a plain list of
 * fields in the order of the specification, with exactly one error test, at the end.
 *
 * Slices borrow from the input and are valid as long as the input is.
 */
#ifndef ATTEST_BASE_RD_H
#define ATTEST_BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"

struct rd {
    struct slice in;
    size_t at;         /* offset of the next byte; at <= in.len always */
    size_t base;       /* offset of in.ptr within the outermost input, for messages */
    const char *what;  /* structure being read, e.g. "tdx.quote" */
    const char *field; /* first field that failed, or NULL */
    const char *cause;
    size_t bad_at; /* absolute offset of that field */
};

struct rd rd_init(struct slice in, const char *what);

uint8_t rd_u8(struct rd *r, const char *field);
uint16_t rd_le16(struct rd *r, const char *field);
uint32_t rd_le32(struct rd *r, const char *field);
uint64_t rd_le64(struct rd *r, const char *field);
uint16_t rd_be16(struct rd *r, const char *field);
uint32_t rd_be32(struct rd *r, const char *field);
uint64_t rd_be64(struct rd *r, const char *field);

/* The next `len` bytes, uncopied. */
struct slice rd_bytes(struct rd *r, const char *field, size_t len);

/* The next `len` bytes, copied to `dst`; `dst` is zeroed when they are not there. */
void rd_copy(struct rd *r, const char *field, uint8_t *dst, size_t len);

/* `len` bytes that the specification says are zero. */
void rd_zero(struct rd *r, const char *field, size_t len);

/* A reader over the next `len` bytes, with offsets that still count from the outermost input. */
struct rd rd_sub(struct rd *r, const char *field, size_t len);

/* Record a failure found by the caller, such as an unknown version. */
void rd_fail(struct rd *r, const char *field, const char *cause);

bool rd_ok(const struct rd *r);
size_t rd_left(const struct rd *r);

/* ERR_OK if every read fitted and nothing is left over, else ERR_MALFORMED with one link. */
enum err rd_end(const struct rd *r, struct why *why) MUST_USE;

#endif
