/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - one record of the audit log's append file.
 *
 *     u32be  magic   "CSL1"
 *     u32be  len     bytes of the entry, 1..TLOG_ENTRY_MAX
 *     u32be  crc     CRC-32C of the whole frame without this field
 *     u64be  seq     0 for the first record; also the entry's index in the Merkle tree
 *     u64be  time    milliseconds since 1970
 *     32     chain   SHA-256 of the whole previous frame; zero for the first
 *     len    entry   one line of JSON, the leaf of the Merkle tree
 *
 * The checksum finds a torn write, the chain a removed or exchanged record; who rewrites both is
 * found by the signed checkpoints. Refused: another magic, a length out of range, a wrong
 * checksum, a number that is not the next, a broken chain, a frame that ends after the input.
 * Source: DESIGN.md section 10; RFC 3720 appendix B.4 for CRC-32C. */
#ifndef ATTEST_TLOG_FRAME_H
#define ATTEST_TLOG_FRAME_H

#include "attest/base/wr.h"
#include "attest/tlog/tree.h"

enum {
    LOG_HEAD = 60, /* bytes before the entry */
    LOG_FRAME_MAX = LOG_HEAD + TLOG_ENTRY_MAX,
};

/* Castagnoli polynomial, reflected; `crc` is the value so far, 0 to begin. */
uint32_t crc32c(uint32_t crc, struct slice in);

struct log_frame {
    uint64_t seq;
    int64_t time_ms;
    uint8_t chain[SHA256_LEN];
    struct slice entry; /* borrowed */
    size_t len;         /* bytes of the whole frame */
};

/* `len` is not read. */
void log_frame_encode(struct wr *w, const struct log_frame *f);

/* Decode the frame at the start of `in`; more may follow it. */
enum err log_frame_decode(struct slice in, struct log_frame *out, struct why *why) MUST_USE;

/* Bytes of the frame at the start of `in` as far as its head tells: LOG_HEAD while the head is
 * not whole, 0 when it cannot be a frame.  A reader of a stream fetches that many before it
 * decodes. */
size_t log_frame_need(struct slice in);

/* Where one is in a log.  Starts as zero. */
struct log_cursor {
    uint64_t seq;              /* of the next record */
    uint64_t offset;           /* of its frame, in bytes */
    uint8_t chain[SHA256_LEN]; /* that the next frame must carry */
};

/* Decode the next frame at the start of `in` and step over it; on failure the cursor stays. */
enum err log_cursor_next(struct log_cursor *c, struct slice in, struct log_frame *out,
                         struct why *why) MUST_USE;

#endif
