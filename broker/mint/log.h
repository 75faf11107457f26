/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the append file: DATA/audit/log, the truth of what was handed out.
 *
 * Records are gathered into a batch and made durable by one write and one fdatasync.  After a
 * failed log_commit() nothing may be answered and the process has to end: the kernel may have
 * dropped the pages that it could not write.
 *
 * A log that grows quickly is extended ahead by zeros, which records then overwrite: that changes
 * no size and allocates nothing, and so costs fdatasync no journal.  Nothing but zeros after the
 * last record is such room: it is taken away at start without a word, and readers end there.
 *
 * At start the file is read from its beginning.  It ends at the first frame that is short, has a
 * bad checksum, the wrong number or a broken chain.  Above the last signed checkpoint such a tail
 * (if it is more than zeros) is what a power loss leaves of records that nobody was told about, and is cut; below it records
 * are missing that were published, and the mint refuses to start.
 *
 * Source: DESIGN.md section 10, spec/reliability.md sections 3 and 5. */
#ifndef BROKER_MINT_LOG_H
#define BROKER_MINT_LOG_H

#include "attest/tlog/frame.h"

enum {
    LOG_BATCH = 64,
    LOG_LOCK_MS = 3000,
    LOG_ROOM_STEP = 1 << 20,  /* bytes of zeros at a time, once a life has appended as many */
    LOG_ROOM_LEAST = 1 << 18, /* more are written when fewer are left */
};

struct log;

/* Opens DIR/log, making it when there is none, and locks it: two mints on one log would fork it.
 * ERR_UNABLE. */
enum err log_open(int dir, struct log **out, struct why *why) MUST_USE;
void log_free(struct log **l);

/* Called for every sound record in order; what it borrows is valid during the call. */
struct log_visitor {
    enum err (*record)(void *ctx, struct slice entry, struct why *why);
    void *ctx;
};

/* What the scan has cut. */
struct log_tail {
    uint64_t bytes;
    char reason[WHY_TEXT]; /* "" when nothing was cut */
};

/* Read the whole file once, before the first append.  `least`: records that the last checkpoint
 * covers.  ERR_UNABLE. */
enum err log_scan(struct log *l, uint64_t least, const struct log_visitor *visitor,
                  struct log_tail *tail, struct why *why) MUST_USE;

/* Number of the next record. */
uint64_t log_next(const struct log *l);

/* Add a record to the batch, at most LOG_BATCH of them: 1..TLOG_ENTRY_MAX bytes. */
void log_append(struct log *l, int64_t time_ms, struct slice entry);

/* ERR_IO: end the process. */
enum err log_commit(struct log *l, struct why *why) MUST_USE;

#endif
