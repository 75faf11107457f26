/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_writer.c - see sqlite_writer.h. */
#include "broker/store/sqlite_writer.h"

#include <errno.h>

#include "broker/store/sqlite_checkpoint.h"
#include "broker/store/sqlite_wait.h"

static enum err
step(struct db *db, enum sql which, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, which);

    return query_run(&q, NULL, why);
}

/* One job in its savepoint. Its own answer goes into the job; what is returned is the state of
 * the transaction. */
static enum err
job_run(struct db *db, struct job *job, struct why *why)
{
    TRY(step(db, SQL_SAVE, why));
    job->result = job->run(db, job->arg, job->why);
    if (sqlite3_get_autocommit(db->handle) != 0) {
        return why_add(why, ERR_IO, "ledger: the transaction was undone: %s",
                       sqlite3_errmsg(db->handle));
    }
    enum err err = job->result == ERR_OK ? ERR_OK : step(db, SQL_SAVE_UNDO, why);

    return err == ERR_OK ? step(db, SQL_SAVE_KEEP, why) : err;
}

static enum err
batch_try(struct writer *w, struct job *batch, struct why *why)
{
    TRY(checkpoint_bound(w->checkpoint, w->db, why));
    TRY(step(w->db, SQL_BEGIN, why));
    enum err err = ERR_OK;

    for (struct job *job = batch; job != NULL && err == ERR_OK; job = job->next) {
        err = job_run(w->db, job, why);
    }
    return err == ERR_OK ? step(w->db, SQL_COMMIT, why) : err;
}

/* A refusal that was decided beside writes that are gone is void too, so every job gets the
 * failure. */
static void
batch_fail(struct writer *w, struct job *batch, const struct why *reason)
{
    int code = sqlite3_extended_errcode(w->db->handle);

    if (sqlite3_get_autocommit(w->db->handle) == 0) {
        (void)sqlite3_exec(w->db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    w->dead |= code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
    for (struct job *job = batch; job != NULL; job = job->next) {
        job->why->n = job->why_n;
        job->result = why_add(job->why, ERR_IO, "%s", why_text(reason));
    }
}

static void
batch_run(struct writer *w, struct job *batch)
{
    struct why why = {0};
    enum err err = w->dead ? why_add(&why, ERR_IO, "ledger: a sync failed; restart to go on")
                           : batch_try(w, batch, &why);

    atomic_store(&w->faulty, err != ERR_OK);
    if (err != ERR_OK) {
        batch_fail(w, batch, &why);
    }
}

/* Up to WRITER_BATCH_MAX jobs, in the order in which they came.  Called with the lock held. */
static struct job *
batch_take(struct writer *w)
{
    struct job *batch = w->first;
    struct job **end = &batch;

    for (size_t n = 0; n < WRITER_BATCH_MAX && *end != NULL; n++) {
        (*end)->taken = true;
        w->queued--;
        end = &(*end)->next;
    }
    w->first = *end;
    if (w->first == NULL) {
        w->last = &w->first;
    }
    *end = NULL;
    return batch;
}

/* Called with the lock held. A job is its caller's again as soon as `done` is seen, so `next`
 * is read before. */
static void
batch_wake(struct job *batch)
{
    struct job *next = NULL;

    for (struct job *job = batch; job != NULL; job = next) {
        next = job->next;
        job->done = true;
        (void)pthread_cond_signal(&job->wake);
    }
}

static void *
writer_main(void *arg)
{
    struct writer *w = arg;

    (void)pthread_mutex_lock(&w->lock);
    while (!w->stop || w->first != NULL) {
        if (w->first == NULL) {
            (void)pthread_cond_wait(&w->work, &w->lock);
            continue;
        }
        struct job *batch = batch_take(w);

        (void)pthread_mutex_unlock(&w->lock);
        batch_run(w, batch);
        (void)pthread_mutex_lock(&w->lock);
        batch_wake(batch);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum err
writer_start(struct writer *w, struct db *db, struct checkpoint *checkpoint, size_t queue_max,
             int64_t wait_ms, struct why *why)
{
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->work, NULL);
    w->last = &w->first;
    w->queue_max = queue_max == 0 ? WRITER_QUEUE_MAX : queue_max;
    w->wait_ms = wait_ms == 0 ? WRITER_WAIT_MS : wait_ms;
    w->db = db;
    w->checkpoint = checkpoint;
    if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        return why_add(why, ERR_UNABLE, "ledger: no thread for the writer");
    }
    w->running = true;
    return ERR_OK;
}

void
writer_stop(struct writer *w)
{
    if (!w->running) {
        return;
    }
    (void)pthread_mutex_lock(&w->lock);
    w->stop = true;
    (void)pthread_cond_signal(&w->work);
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    w->running = false;
    (void)pthread_cond_destroy(&w->work);
    (void)pthread_mutex_destroy(&w->lock);
}

static void
queue_put(struct writer *w, struct job *job)
{
    *w->last = job;
    w->last = &job->next;
    w->queued++;
    (void)pthread_cond_signal(&w->work);
}

static void
queue_remove(struct writer *w, const struct job *job)
{
    struct job **at = &w->first;

    while (*at != job) {
        at = &(*at)->next;
    }
    *at = job->next;
    if (*at == NULL) {
        w->last = at;
    }
    w->queued--;
}

/* Called with the lock held. The deadline ends the wait for the writer's attention; a job that
 * has been taken is waited for, because its arguments are on the caller's stack and the answer
 * must not be a guess. */
static enum err
job_wait(struct writer *w, struct job *job)
{
    struct timespec until = wait_until(w->wait_ms);

    while (!job->done) {
        if (job->taken) {
            (void)pthread_cond_wait(&job->wake, &w->lock);
        } else if (pthread_cond_timedwait(&job->wake, &w->lock, &until) == ETIMEDOUT &&
                   !job->taken) {
            queue_remove(w, job);
            return why_add(job->why, ERR_BUSY, "ledger: the writer is busy for %lld ms",
                           (long long)w->wait_ms);
        }
    }
    return job->result;
}

static enum err
writer_queue(struct writer *w, struct job *job)
{
    if (w->stop) {
        return why_add(job->why, ERR_UNABLE, "ledger: closing");
    }
    if (w->queued >= w->queue_max) {
        return why_add(job->why, ERR_BUSY, "ledger: %zu writes are waiting", w->queued);
    }
    queue_put(w, job);
    return job_wait(w, job);
}

enum err
writer_do(struct writer *w, enum err (*run)(struct db *db, void *arg, struct why *why), void *arg,
          struct why *why)
{
    struct job job = {.run = run, .arg = arg, .why = why, .why_n = why->n};

    wait_cond_init(&job.wake);
    (void)pthread_mutex_lock(&w->lock);
    enum err err = writer_queue(w, &job);
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_cond_destroy(&job.wake);
    return err;
}
