/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_checkpoint.c - see sqlite_checkpoint.h.
 *
 * A checkpoint that fails, even in its sync, loses nothing: SQLite counts a page as moved only
 * after the sync of the database file, and the log that holds it is durable. So its errors are
 * not fatal; they show as a log that grows, which has its bound. */
#include "broker/store/sqlite_checkpoint.h"

#include <time.h>

enum { RETRY_NS = 200000000 };

/* True when all of the log has been moved.  Bytes of the log no longer needed stay in the file and are written over; only their number
 * counts here. */
static bool
checkpoint_run(struct checkpoint *c)
{
    int log = 0;
    int moved = 0;
    bool restart = atomic_load(&c->pages) > CHECKPOINT_RESTART_PAGES;
    int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;

    if (sqlite3_wal_checkpoint_v2(c->db.handle, "main", mode, &log, &moved) != SQLITE_OK) {
        return false;
    }
    if (restart) {
        atomic_store(&c->pages, 0);
    }
    return moved == log;
}

/* Somebody was reading or writing: what is left is tried again in a moment, also when no commit comes. */
static void
wait_a_moment(struct checkpoint *c)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += RETRY_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&c->wake, &c->lock, &until);
}

static void *
checkpoint_main(void *arg)
{
    struct checkpoint *c = arg;

    (void)pthread_mutex_lock(&c->lock);
    while (!c->stop) {
        if (!c->wanted) {
            (void)pthread_cond_wait(&c->wake, &c->lock);
            continue;
        }
        c->wanted = false;
        (void)pthread_mutex_unlock(&c->lock);
        bool all = checkpoint_run(c);

        (void)pthread_mutex_lock(&c->lock);
        if (!all && !c->wanted && !c->stop) {
            c->wanted = true;
            wait_a_moment(c);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* After each commit of the writer, on its thread. */
static int
checkpoint_hear(void *arg, sqlite3 *handle, const char *name, int pages)
{
    struct checkpoint *c = arg;

    (void)handle;
    (void)name;
    atomic_store(&c->pages, pages);
    if (pages > CHECKPOINT_PAGES) {
        (void)pthread_mutex_lock(&c->lock);
        c->wanted = true;
        (void)pthread_cond_signal(&c->wake);
        (void)pthread_mutex_unlock(&c->lock);
    }
    return SQLITE_OK;
}

enum err
checkpoint_start(struct checkpoint *c, struct db *writer, const char *path,
                 const struct db_options *how, struct why *why)
{
    c->bound_pages = c->bound_pages == 0 ? CHECKPOINT_BOUND_PAGES : c->bound_pages;
    TRY(db_open(&c->db, path, how, why));
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->wake, NULL);
    if (pthread_create(&c->thread, NULL, checkpoint_main, c) != 0) {
        return why_add(why, ERR_UNABLE, "ledger: no thread for checkpoints");
    }
    c->running = true;
    (void)sqlite3_wal_hook(writer->handle, checkpoint_hear, c);
    return ERR_OK;
}

/* The writer has ended before: nobody hears commits any more. */
void
checkpoint_stop(struct checkpoint *c)
{
    if (c->running) {
        (void)pthread_mutex_lock(&c->lock);
        c->stop = true;
        (void)pthread_cond_signal(&c->wake);
        (void)pthread_mutex_unlock(&c->lock);
        (void)pthread_join(c->thread, NULL);
        c->running = false;
        (void)pthread_cond_destroy(&c->wake);
        (void)pthread_mutex_destroy(&c->lock);
    }
    db_close(&c->db);
}

enum err
checkpoint_bound(struct checkpoint *c, struct db *writer, struct why *why)
{
    if (atomic_load(&c->pages) <= c->bound_pages) {
        return ERR_OK;
    }
    int rc =
        sqlite3_wal_checkpoint_v2(writer->handle, "main", SQLITE_CHECKPOINT_RESTART, NULL, NULL);

    if (rc != SQLITE_OK) {
        return why_add(why, ERR_UNABLE, "ledger: the write-ahead log has %d pages and %s",
                       atomic_load(&c->pages), sqlite3_errstr(rc));
    }
    atomic_store(&c->pages, 0);
    return ERR_OK;
}
