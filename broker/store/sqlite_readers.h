/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_readers.h - a few read-only connections, lent to one caller at a time.
 *
 * A reader sees what was committed when its query began and is never held up by the writer. */
#ifndef BROKER_STORE_SQLITE_READERS_H
#define BROKER_STORE_SQLITE_READERS_H

#include <pthread.h>

#include "broker/store/sqlite_db.h"

enum { READERS = 8, READERS_WAIT_MS = 2000 };

struct readers {
    pthread_mutex_t lock;
    pthread_cond_t back;
    struct db db[READERS];
    struct db *idle[READERS];
    size_t n; /* idle */
    bool open;
};

enum err readers_open(struct readers *r, const char *path, const struct db_options *how,
                      struct why *why) MUST_USE;
void readers_close(struct readers *r);

/* A connection on loan, given back by AUTO(reader_end). */
struct reader {
    struct readers *from;
    struct db *db;
};

/* ERR_BUSY: none came back within READERS_WAIT_MS. */
enum err reader_begin(struct readers *from, struct reader *out, struct why *why) MUST_USE;
void reader_end(struct reader *r);

#endif
