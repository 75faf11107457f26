/* SPDX-License-Identifier: Apache-2.0 */
/* conn.c - see conn.h. */
#include "broker/http/conn.h"

#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"

static void
lock(struct conns *t)
{
    int rc = pthread_mutex_lock(&t->lock);

    assert(rc == 0);
    (void)rc;
}

static void
unlock(struct conns *t)
{
    int rc = pthread_mutex_unlock(&t->lock);

    assert(rc == 0);
    (void)rc;
}

/* Wait on one of the table's conditions until `until_ms`, or for ever when it is INT64_MAX. */
static void
wait_until(struct conns *t, pthread_cond_t *on, int64_t until_ms)
{
    if (until_ms == INT64_MAX) {
        (void)pthread_cond_wait(on, &t->lock);
        return;
    }
    struct timespec at = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    (void)pthread_cond_timedwait(on, &t->lock, &at);
}

static void
shut(struct conn *c)
{
    c->shut = true;
    (void)shutdown(c->fd, SHUT_RDWR);
}

static void
set_deadline(struct conn *c, int64_t deadline_ms)
{
    c->deadline_ms = deadline_ms;
    if (deadline_ms < c->table->next_wake_ms) {
        c->table->next_wake_ms = deadline_ms;
        (void)pthread_cond_signal(&c->table->wake);
    }
}

/* Shut what is overdue; the time when the next one will be. */
static int64_t
reap(struct conns *t, int64_t now)
{
    int64_t next = INT64_MAX;

    for (struct conn *c = t->head; c != NULL; c = c->next) {
        if (c->shut) {
            continue;
        }
        if (c->deadline_ms <= now) {
            shut(c);
        } else if (c->deadline_ms < next) {
            next = c->deadline_ms;
        }
    }
    return next;
}

static void *
reaper_run(void *arg)
{
    /* Deadlines close to each other share one pass, so that many connections cannot keep the
     * reaper busy. */
    enum { REAP_PAUSE_MS = 20 };
    struct conns *t = arg;

    lock(t);
    while (!t->reap_stop) {
        int64_t now = clock_mono_ms();
        int64_t next = reap(t, now);
        t->next_wake_ms = next < now + REAP_PAUSE_MS ? now + REAP_PAUSE_MS : next;
        while (!t->reap_stop && clock_mono_ms() < t->next_wake_ms) {
            wait_until(t, &t->wake, t->next_wake_ms);
        }
    }
    unlock(t);
    return NULL;
}

enum err
conns_open(struct conns *t, int64_t header_s, int64_t idle_s, struct tls_identity **identity,
           struct why *why)
{
    pthread_condattr_t attr;

    *t = (struct conns){
        .header_ms = header_s * 1000, .idle_ms = idle_s * 1000, .next_wake_ms = INT64_MAX};
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&t->wake, &attr);
    (void)pthread_cond_init(&t->quiet, &attr);
    (void)pthread_condattr_destroy(&attr);

    int rc = pthread_create(&t->reaper, NULL, reaper_run, t);
    if (rc != 0) {
        return why_add(why, ERR_UNABLE, "http: cannot start a thread: %s", strerrordesc_np(rc));
    }
    t->identity = *identity;
    *identity = NULL;
    return ERR_OK;
}

void
conns_close(struct conns *t)
{
    lock(t);
    assert(t->head == NULL);
    t->reap_stop = true;
    (void)pthread_cond_signal(&t->wake);
    unlock(t);
    (void)pthread_join(t->reaper, NULL);
    while (t->retired != NULL) {
        struct tls_identity *next = t->retired->next;
        tls_identity_free(&t->retired);
        t->retired = next;
    }
    tls_identity_free(&t->identity);
    (void)pthread_cond_destroy(&t->wake);
    (void)pthread_cond_destroy(&t->quiet);
    (void)pthread_mutex_destroy(&t->lock);
}

/* One household usually owns a whole /64, so that is what one IPv6 address counts as. */
static void
origin_of(const struct sockaddr *address, uint8_t origin[16])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memset(origin, 0, 16);
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        origin[0] = 4;
        memcpy(origin + 1, &v4.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        origin[0] = 6;
        memcpy(origin + 1, &v6.sin6_addr, 8);
    }
}

size_t
conns_from(struct conns *t, enum http_listener listener, const struct sockaddr *address)
{
    uint8_t origin[16];
    size_t n = 0;

    origin_of(address, origin);
    lock(t);
    for (const struct conn *c = t->head; c != NULL; c = c->next) {
        n += c->listener == listener && memcmp(c->origin, origin, sizeof origin) == 0;
    }
    unlock(t);
    return n;
}

struct conn *
conn_add(struct conns *t, enum http_listener listener, int fd, const struct sockaddr *address)
{
    struct conn *c = mem_new(1, sizeof *c);
    socklen_t len =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

    c->table = t;
    c->listener = listener;
    c->fd = fd;
    c->out.fd = fd;
    c->fresh = true;
    origin_of(address, c->origin);
    if (getnameinfo(address, len, c->peer, sizeof c->peer, NULL, 0, NI_NUMERICHOST) != 0) {
        (void)snprintf(c->peer, sizeof c->peer, "?");
    }
    lock(t);
    c->identity = t->identity;
    c->next = t->head;
    if (t->head != NULL) {
        t->head->prev = c;
    }
    t->head = c;
    set_deadline(c, clock_mono_ms() + t->header_ms);
    if (t->stopping) {
        shut(c);
    }
    unlock(t);
    return c;
}

static bool
in_use(const struct conns *t, const struct tls_identity *identity)
{
    for (const struct conn *c = t->head; c != NULL; c = c->next) {
        if (c->identity == identity) {
            return true;
        }
    }
    return false;
}

/* Release retired identities that no connection uses. */
static void
sweep(struct conns *t)
{
    struct tls_identity **at = &t->retired;

    while (*at != NULL) {
        struct tls_identity *old = *at;
        if (in_use(t, old)) {
            at = &old->next;
            continue;
        }
        *at = old->next;
        tls_identity_free(&old);
    }
}

void
conn_remove(struct conn *c)
{
    struct conns *t = c->table;

    lock(t);
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        t->head = c->next;
    }
    sweep(t);
    unlock(t);
    mem_free(c);
}

void
conn_begin(struct conn *c)
{
    lock(c->table);
    if (!c->fresh) {
        set_deadline(c, clock_mono_ms() + c->table->header_ms);
    }
    c->fresh = false;
    unlock(c->table);
}

bool
conn_run(struct conn *c)
{
    lock(c->table);
    bool alive = !c->shut;
    c->busy = alive;
    c->thread = pthread_self();
    unlock(c->table);
    return alive;
}

void
conn_until(struct conn *c, int64_t deadline_ms)
{
    lock(c->table);
    set_deadline(c, deadline_ms);
    unlock(c->table);
}

void
conn_end(struct conn *c)
{
    lock(c->table);
    c->busy = false;
    c->label[0] = 0;
    set_deadline(c, clock_mono_ms() + c->table->idle_ms);
    if (c->table->stopping) {
        (void)pthread_cond_signal(&c->table->quiet);
    }
    unlock(c->table);
}

bool
conn_alive(struct conn *c)
{
    lock(c->table);
    bool alive = !c->shut;
    unlock(c->table);
    return alive;
}

bool
conn_is_last(struct conn *c)
{
    lock(c->table);
    bool last = c->last || c->table->stopping;
    unlock(c->table);
    return last;
}

void
conn_label(struct conn *c, const char *label)
{
    size_t len = strlen(label);

    assert(len < sizeof c->label);
    lock(c->table);
    memcpy(c->label, label, len + 1);
    unlock(c->table);
}

void
conns_cut(struct conns *t, const char *label)
{
    lock(t);
    for (struct conn *c = t->head; c != NULL; c = c->next) {
        if (c->label[0] == 0 || strcmp(c->label, label) != 0) {
            continue;
        }
        if (c->busy && pthread_equal(c->thread, pthread_self())) {
            c->last = true;
        } else {
            shut(c);
        }
    }
    unlock(t);
}

void
conns_renew(struct conns *t, struct tls_identity **identity)
{
    lock(t);
    if (t->identity != NULL) {
        t->identity->next = t->retired;
        t->retired = t->identity;
    }
    t->identity = *identity;
    *identity = NULL;
    sweep(t);
    unlock(t);
}

/* Shut what has no request under way, or everything; the number of requests that go on. */
static size_t
shut_idle(struct conns *t, bool everything)
{
    size_t busy = 0;

    for (struct conn *c = t->head; c != NULL; c = c->next) {
        if (c->shut) {
            continue;
        }
        if (everything || !c->busy) {
            shut(c);
        } else {
            busy++;
        }
    }
    return busy;
}

void
conns_drain(struct conns *t, int64_t deadline_ms)
{
    lock(t);
    t->stopping = true;
    while (shut_idle(t, false) > 0 && clock_mono_ms() < deadline_ms) {
        wait_until(t, &t->quiet, deadline_ms);
    }
    (void)shut_idle(t, true);
    unlock(t);
}
