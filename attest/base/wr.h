/* SPDX-License-Identifier: Apache-2.0 */
/* wr.h - bounded writer into a buffer of the caller.
 *
 * Like the reader, it never fails one by one: the first write that does not fit is remembered, later
 * writes do nothing, and wr_end() says so.  Text written by wr_text(), wr_dec(), wr_fmt() and wr_json() is not NUL-terminated
 * unless wr_cstr() ends it. */
#ifndef ATTEST_BASE_WR_H
#define ATTEST_BASE_WR_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

struct wr {
    uint8_t *buf; /* the caller's */
    size_t cap;   /* bytes */
    size_t len;   /* bytes written */
    const char *what;
    bool full; /* something did not fit */
};

struct wr wr_init(uint8_t *buf, size_t cap, const char *what);

void wr_u8(struct wr *w, uint8_t v);
void wr_be16(struct wr *w, uint16_t v);
void wr_be32(struct wr *w, uint32_t v);
void wr_be64(struct wr *w, uint64_t v);
void wr_le16(struct wr *w, uint16_t v);
void wr_le32(struct wr *w, uint32_t v);
void wr_le64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, struct slice s);
void wr_text(struct wr *w, const char *text);

/* A decimal number, with a minus sign where it is negative. */
void wr_dec(struct wr *w, int64_t v);

/* printf; needs one byte of room more than its text, for a NUL that is not counted. */
void wr_fmt(struct wr *w, const char *fmt, ...) PRINTF(2, 3);

/* A JSON string with its quotes (RFC 8259 section 7); bytes that are not UTF-8 mark the writer full. */
void wr_json(struct wr *w, struct slice text);

void wr_hex(struct wr *w, struct slice s);
void wr_b64url(struct wr *w, struct slice s);

/* What has been written so far. */
struct slice wr_done(const struct wr *w);

/* ERR_OK if all of it fitted, else ERR_LIMIT. */
enum err wr_end(const struct wr *w, struct why *why) MUST_USE;

/* Append a NUL that is not counted in len; ERR_LIMIT if anything did not fit. */
enum err wr_cstr(struct wr *w, struct why *why) MUST_USE;

#endif
