/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c - see keeper.h. */
#include "broker/flow/keeper.h"

#include "broker/flow/fault.h"
#include "broker/flow/teardown.h"
#include "broker/flow/upload.h"
#include "broker/util/log.h"
#include "common/mem.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TURN_MS = 250, BATCH = 64, SWEEP_TURNS = 240, SETTLE_TURNS = 20 };

struct keeper {
    struct broker *b;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    char after[ID_MAX]; /* receipts have been seen to up to here */
};

static enum err
end_one(struct broker *b, const char *sandbox, const char *event)
{
    AUTO(mem_free_text) char *receipt = NULL;
    struct fault f = {0};
    enum err e = flow_teardown(b, sandbox, "broker", "lease_ended", &receipt, &f);

    if (e == ERR_OK) {
        log_line(event, "sandbox=%s", sandbox);
    } else {
        log_line("end.unable", "sandbox=%s reason=\"%s\"", sandbox, why_text(&f.why));
    }
    return e;
}

/* How many of them, from the first on, have ended and have a receipt. */
static size_t
end_all(struct broker *b, char (*ids)[ID_MAX], size_t n, const char *event)
{
    size_t done = 0;

    while (done < n && end_one(b, ids[done], event) == ERR_OK) {
        done++;
    }
    return done;
}

/* True when there are more. */
static bool
end_due(struct broker *b)
{
    char ids[BATCH][ID_MAX];
    size_t n = 0;
    struct why why = {0};

    if (b->store->ops->sandbox_due(b->store, clock_unix(), ids, BATCH, &n, &why) != ERR_OK) {
        log_line("lease.unable", "reason=\"%s\"", why_text(&why));
        return false;
    }
    return end_all(b, ids, n, "lease.ended") == BATCH;
}

/* Sandboxes that have ended without a receipt: by a revocation, or when a teardown was cut short.
 * A cursor, so that one whose receipt fails again and again does not keep the others from theirs.
 * True when there are more. */
static bool
finish_ends(struct keeper *k)
{
    struct broker *b = k->b;
    char ids[BATCH][ID_MAX];
    size_t n = 0;
    struct why why = {0};

    if (b->store->ops->sandbox_unreceipted(b->store, k->after, ids, BATCH, &n, &why) != ERR_OK) {
        log_line("receipt.unable", "reason=\"%s\"", why_text(&why));
        return false;
    }
    size_t done = end_all(b, ids, n, "receipt.made");
    const char *after = done < n ? ids[done] : n == BATCH ? ids[BATCH - 1] : "";

    (void)snprintf(k->after, sizeof k->after, "%s", after);
    return done == BATCH;
}

static void
settle_one(struct broker *b, const struct upload_row *row)
{
    struct why why = {0};

    if (upload_settle(b, row, &why) != ERR_OK) {
        log_line("upload.unsettled", "upload=%s reason=\"%s\"", row->id, why_text(&why));
    }
}

static void
settle(struct broker *b)
{
    struct upload_row *rows = mem_new(BATCH, sizeof *rows);
    size_t n = 0;
    struct why why = {0};

    if (b->store->ops->upload_unsettled(b->store, rows, BATCH, &n, &why) != ERR_OK) {
        n = 0; /* the next turn tries again */
    }
    for (size_t i = 0; i < n; i++) {
        settle_one(b, &rows[i]);
    }
    mem_free(rows);
}

/* True when the next turn should come at once. */
static bool
turn(struct keeper *k, unsigned count)
{
    struct broker *b = k->b;
    struct why why = {0};
    bool more = false;

    if (policy_book_refresh(b->book, &why) != ERR_OK) {
        log_line("documents.unable", "reason=\"%s\"", why_text(&why));
    }
    more = end_due(b);
    more |= finish_ends(k);
    if (count % SETTLE_TURNS == 0) {
        settle(b);
    }
    why = (struct why){0};
    if (count % SWEEP_TURNS == 0 && b->store->ops->sweep(b->store, clock_unix(), &why) != ERR_OK) {
        log_line("sweep.unable", "reason=\"%s\"", why_text(&why));
    }
    return more;
}

/* By the monotonic clock: a wall clock that is set back must not stop the leases. */
static bool
pause_turn(struct keeper *k, int64_t wait_ms)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)wait_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&k->lock);
    if (!k->stop) {
        (void)pthread_cond_timedwait(&k->wake, &k->lock, &until);
    }
    bool stop = k->stop;

    (void)pthread_mutex_unlock(&k->lock);
    return !stop;
}

static void *
run(void *arg)
{
    struct keeper *k = arg;

    bool more = false;

    for (unsigned count = 0; pause_turn(k, more ? 0 : TURN_MS); count++) {
        more = turn(k, count);
    }
    return NULL;
}

/* One unfinished file: keep it, finish it or remove it, as the ledger says. */
static void
recover_part(struct broker *b, const char *id)
{
    struct upload_row row = {0};
    struct why why = {0};
    char path[UPLOAD_PATH];
    enum err e = b->store->ops->upload_get(b->store, id, &row, &why);

    if (upload_part_path(b, id, path, sizeof path, &why) != ERR_OK || err_is_unable(e)) {
        return;
    }
    if (e == ERR_OK && row.state == UPLOAD_STORED) {
        return;
    }
    if (e == ERR_OK && row.state == UPLOAD_COMMITTED) {
        e = upload_publish(b, &row, &why);
        log_line("upload.recovered", "upload=%s result=%s", id,
                 e == ERR_OK ? "published" : why_text(&why));
        return;
    }
    (void)unlink(path);
    log_line("upload.recovered", "upload=%s result=removed", id);
}

enum err
keeper_recover(struct broker *b, struct why *why)
{
    DIR *dir = opendir(b->upload_dir);

    if (dir == NULL) {
        return why_add(why, ERR_IO, "%s cannot be read", b->upload_dir);
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char id[ID_MAX];
        const char *end = strstr(e->d_name, ".part");

        if (end == NULL || (size_t)(end - e->d_name) >= sizeof id) {
            continue;
        }
        (void)snprintf(id, sizeof id, "%.*s", (int)(end - e->d_name), e->d_name);
        recover_part(b, id);
    }
    (void)closedir(dir);
    settle(b);
    return ERR_OK;
}

enum err
keeper_start(struct broker *b, struct keeper **out, struct why *why)
{
    struct keeper *k = mem_new(1, sizeof *k);
    pthread_condattr_t attr;

    k->b = b;
    (void)pthread_mutex_init(&k->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&k->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (pthread_create(&k->thread, NULL, run, k) != 0) {
        mem_free(k);
        return why_add(why, ERR_UNABLE, "no thread for the keeper");
    }
    *out = k;
    return ERR_OK;
}

void
keeper_stop(struct keeper **k)
{
    if (*k == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&(*k)->lock);
    (*k)->stop = true;
    (void)pthread_cond_signal(&(*k)->wake);
    (void)pthread_mutex_unlock(&(*k)->lock);
    (void)pthread_join((*k)->thread, NULL);
    (void)pthread_cond_destroy(&(*k)->wake);
    (void)pthread_mutex_destroy(&(*k)->lock);
    mem_free(*k);
    *k = NULL;
}
