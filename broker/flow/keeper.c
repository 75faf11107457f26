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

enum { TURN_MS = 250, DUE_MAX = 64, UNSETTLED_MAX = 64, SWEEP_TURNS = 240, SETTLE_TURNS = 20 };

struct keeper {
    struct broker *b;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static void
end_due(struct broker *b)
{
    char ids[DUE_MAX][ID_MAX];
    size_t n = 0;
    struct why why = {0};

    if (b->store->ops->sandbox_due(b->store, clock_unix(), ids, DUE_MAX, &n, &why) != ERR_OK) {
        log_line("lease.unable", "reason=\"%s\"", why_text(&why));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        AUTO(mem_free_text) char *receipt = NULL;
        struct fault f = {0};

        if (flow_teardown(b, ids[i], "broker", "lease_ended", &receipt, &f) != ERR_OK) {
            log_line("lease.unable", "sandbox=%s reason=\"%s\"", ids[i], why_text(&f.why));
            continue;
        }
        log_line("lease.ended", "sandbox=%s", ids[i]);
    }
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
    struct upload_row *rows = mem_new(UNSETTLED_MAX, sizeof *rows);
    size_t n = 0;
    struct why why = {0};

    if (b->store->ops->upload_unsettled(b->store, rows, UNSETTLED_MAX, &n, &why) != ERR_OK) {
        n = 0; /* the next turn tries again */
    }
    for (size_t i = 0; i < n; i++) {
        settle_one(b, &rows[i]);
    }
    mem_free(rows);
}

static void
turn(struct broker *b, unsigned count)
{
    struct why why = {0};

    if (policy_book_refresh(b->book, &why) != ERR_OK) {
        log_line("documents.unable", "reason=\"%s\"", why_text(&why));
    }
    end_due(b);
    if (count % SETTLE_TURNS == 0) {
        settle(b);
    }
    why = (struct why){0};
    if (count % SWEEP_TURNS == 0 && b->store->ops->sweep(b->store, clock_unix(), &why) != ERR_OK) {
        log_line("sweep.unable", "reason=\"%s\"", why_text(&why));
    }
}

static bool
pause_turn(struct keeper *k)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)TURN_MS * 1000000;
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

    for (unsigned count = 0; pause_turn(k); count++) {
        turn(k->b, count);
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

    k->b = b;
    (void)pthread_mutex_init(&k->lock, NULL);
    (void)pthread_cond_init(&k->wake, NULL);
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
