/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_writer.h - the one thread that writes, with group commit.
 *
 * Callers queue a job and wait. The writer takes what is queued, up to batch_max, runs each
 * job in a savepoint of one transaction (a refused job undoes itself and no other), commits,
 * and only then wakes them all. When the commit fails, every job of the batch answers ERR_IO:
 * nothing is known. Many connections that write to one log starve each other for seconds, and
 * one commit per caller is four times slower (spec/reliability.md section 2). */
#ifndef BROKER_STORE_SQLITE_WRITER_H
#define BROKER_STORE_SQLITE_WRITER_H

#include <pthread.h>
#include <stdatomic.h>

#include "broker/store/sqlite_db.h"

enum { WRITER_BATCH_MAX = 64, WRITER_QUEUE_MAX = 1024, WRITER_WAIT_MS = 5000 };

/* Runs on the writer's thread and connection; `arg` is the caller's, who waits meanwhile. */
struct job {
    enum err (*run)(struct db *db, void *arg, struct why *why);
    void *arg;
    struct why *why;
    size_t why_n; /* links before the job; a failed commit replaces what came after */
    enum err result;
    bool taken, done;
    pthread_cond_t wake;
    struct job *next;
};

struct checkpoint;

struct writer {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job *first, **last; /* queued, not taken */
    size_t queued, queue_max;
    int64_t wait_ms; /* longest stay in the queue */
    bool stop, running;
    atomic_bool faulty; /* the last commit failed */
    bool dead;          /* a sync failed: what the kernel holds can no longer be trusted */
    struct db *db;      /* borrowed */
    struct checkpoint *checkpoint; /* borrowed; told after every commit */
    pthread_t thread;
};

/* db and checkpoint stay the caller's and live longer. queue_max 0 and wait_ms 0 mean the
 * defaults. */
enum err writer_start(struct writer *w, struct db *db, struct checkpoint *checkpoint,
                      size_t queue_max, int64_t wait_ms, struct why *why) MUST_USE;

/* Ends the queued jobs first, then the thread. */
void writer_stop(struct writer *w);

/* Queue, wait, and answer what `run` answered. ERR_BUSY: the queue is full, or the job was not
 * begun within wait_ms; it will not run. ERR_IO: the store failed and nothing is known. */
enum err writer_do(struct writer *w, enum err (*run)(struct db *db, void *arg, struct why *why),
                   void *arg, struct why *why) MUST_USE;

#endif
