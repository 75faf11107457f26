/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_readers.c - see sqlite_readers.h. */
#include "broker/store/sqlite_readers.h"

#include <assert.h>
#include <errno.h>

#include "broker/store/sqlite_wait.h"

enum err
readers_open(struct readers *r, const char *path, const struct db_options *how, struct why *why)
{
    struct db_options mine = *how;

    mine.read_only = true;
    (void)pthread_mutex_init(&r->lock, NULL);
    wait_cond_init(&r->back);
    r->open = true;
    enum err err = ERR_OK;

    while (err == ERR_OK && r->n < READERS) {
        err = db_open(&r->db[r->n], path, &mine, why);
        r->idle[r->n] = &r->db[r->n];
        r->n++;
    }
    return err;
}

void
readers_close(struct readers *r)
{
    for (size_t i = 0; i < READERS; i++) {
        db_close(&r->db[i]);
    }
    if (r->open) {
        (void)pthread_cond_destroy(&r->back);
        (void)pthread_mutex_destroy(&r->lock);
        r->open = false;
    }
}

enum err
reader_begin(struct readers *from, struct reader *out, struct why *why)
{
    struct timespec until = wait_until(READERS_WAIT_MS);
    int rc = 0;

    (void)pthread_mutex_lock(&from->lock);
    while (from->n == 0 && rc != ETIMEDOUT) {
        rc = pthread_cond_timedwait(&from->back, &from->lock, &until);
    }
    struct db *db = from->n == 0 ? NULL : from->idle[--from->n];

    (void)pthread_mutex_unlock(&from->lock);
    if (db == NULL) {
        return why_add(why, ERR_BUSY, "ledger: all readers are busy for %d ms", READERS_WAIT_MS);
    }
    *out = (struct reader){from, db};
    return ERR_OK;
}

void
reader_end(struct reader *r)
{
    if (r->db == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&r->from->lock);
    assert(r->from->n < READERS);
    r->from->idle[r->from->n++] = r->db;
    (void)pthread_cond_signal(&r->from->back);
    (void)pthread_mutex_unlock(&r->from->lock);
    r->db = NULL;
}
