/* SPDX-License-Identifier: Apache-2.0 */
/* inflight.c - see inflight.h. */
#include "broker/flow/inflight.h"

#include "common/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SANDBOXES_MAX = 2048 };

struct entry {
    char sandbox[ID_MAX];
    unsigned count; /* 0: free */
};

struct inflight {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct entry entry[SANDBOXES_MAX];
};

struct inflight *
inflight_new(void)
{
    struct inflight *i = mem_new(1, sizeof *i);
    pthread_condattr_t attr;

    (void)pthread_mutex_init(&i->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&i->ended, &attr);
    (void)pthread_condattr_destroy(&attr);
    return i;
}

void
inflight_free(struct inflight **i)
{
    if (*i == NULL) {
        return;
    }
    (void)pthread_cond_destroy(&(*i)->ended);
    (void)pthread_mutex_destroy(&(*i)->lock);
    mem_free(*i);
    *i = NULL;
}

/* The sandbox's entry, else the first free one if wanted, else NULL. */
static struct entry *
find(struct inflight *i, const char *sandbox, bool or_free)
{
    struct entry *unused = NULL;

    for (size_t k = 0; k < SANDBOXES_MAX; k++) {
        struct entry *e = &i->entry[k];

        if (e->count > 0 && strcmp(e->sandbox, sandbox) == 0) {
            return e;
        }
        if (e->count == 0 && unused == NULL) {
            unused = e;
        }
    }
    return or_free ? unused : NULL;
}

enum err
inflight_enter(struct inflight *i, const char *sandbox, struct why *why)
{
    (void)pthread_mutex_lock(&i->lock);
    struct entry *e = find(i, sandbox, true);

    if (e != NULL) {
        (void)snprintf(e->sandbox, sizeof e->sandbox, "%s", sandbox);
        e->count++;
    }
    (void)pthread_mutex_unlock(&i->lock);
    return e != NULL ? ERR_OK : why_add(why, ERR_BUSY, "too many uploads are under way");
}

void
inflight_leave(struct inflight *i, const char *sandbox)
{
    (void)pthread_mutex_lock(&i->lock);
    struct entry *e = find(i, sandbox, false);

    if (e != NULL) {
        e->count--;
    }
    (void)pthread_cond_broadcast(&i->ended);
    (void)pthread_mutex_unlock(&i->lock);
}

bool
inflight_wait(struct inflight *i, const char *sandbox, int64_t wait_ms)
{
    struct timespec until;
    int rc = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&i->lock);
    while (rc == 0 && find(i, sandbox, false) != NULL) {
        rc = pthread_cond_timedwait(&i->ended, &i->lock, &until);
    }
    bool idle = find(i, sandbox, false) == NULL;

    (void)pthread_mutex_unlock(&i->lock);
    return idle;
}
