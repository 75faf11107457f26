/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_checkpoint.h - moves the write-ahead log into the database file, beside the writer,
 * and keeps it bounded.
 *
 * A checkpoint inside a commit makes p99 4.6 times longer (spec/reliability.md section 2), so
 * the writer never does one in the ordinary way. Over CHECKPOINT_PAGES the log is copied
 * without disturbing anyone (PASSIVE); over CHECKPOINT_RESTART_PAGES it is also begun anew,
 * for which the writer and readers wait a moment (RESTART). If neither works and the log
 * passes CHECKPOINT_BOUND_PAGES, the writer tries by itself and refuses to write while that
 * fails. */
#ifndef BROKER_STORE_SQLITE_CHECKPOINT_H
#define BROKER_STORE_SQLITE_CHECKPOINT_H

#include <pthread.h>
#include <stdatomic.h>

#include "broker/store/sqlite_db.h"

enum {
    CHECKPOINT_PAGES = 1000,          /* of 4096 bytes */
    CHECKPOINT_RESTART_PAGES = 16384, /* 64 MiB */
    CHECKPOINT_BOUND_PAGES = 65536,   /* 256 MiB */
};

struct checkpoint {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool wanted, stop, running;
    atomic_int pages; /* in the log after the last commit */
    int bound_pages;  /* set before the start; 0 means CHECKPOINT_BOUND_PAGES */
    struct db db;     /* own connection */
    pthread_t thread;
};

/* Opens its connection, listens to the commits of `writer` and starts the thread. */
enum err checkpoint_start(struct checkpoint *c, struct db *writer, const char *path,
                          const struct db_options *how, struct why *why) MUST_USE;

void checkpoint_stop(struct checkpoint *c);

/* Called by the writer before a batch, outside a transaction: ERR_UNABLE when the log is too
 * long and cannot be shortened. */
enum err checkpoint_bound(struct checkpoint *c, struct db *writer, struct why *why) MUST_USE;

#endif
