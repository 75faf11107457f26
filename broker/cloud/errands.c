/* SPDX-License-Identifier: Apache-2.0 */
/* errands.c - see errands.h.  A small array looked through from end to end: it is used when something is missing, not on every request. */
#include "broker/cloud/errands.h"

#include "common/mem.h"

#include <string.h>

enum { MINUTE_MS = 60000 };

enum state { FREE = 0, WAITING, RUNNING, REFUSED };

struct errand {
    enum state state;
    bool planned; /* or else asked for by evidence */
    struct errand_key key;
    unsigned tries;
    int64_t due_ms; /* WAITING: not before; REFUSED: believed until */
};

struct errands {
    struct errands_conf conf;
    size_t n; /* slots */
    struct errand *slot;
    size_t pending, planned;
    int64_t quiet_until_ms; /* the vendor asked for silence */
    int64_t allowance;      /* of new ones, in parts of 1/MINUTE_MS */
    int64_t allowance_at_ms;
};

struct errands *
errands_new(const struct errands_conf *conf, int64_t now_ms)
{
    struct errands *e = mem_new(1, sizeof *e);

    e->conf = *conf;
    e->n = conf->pending_max + conf->planned_max + ERRAND_NOES;
    e->slot = mem_new(e->n, sizeof *e->slot);
    e->allowance = conf->new_per_minute * MINUTE_MS;
    e->allowance_at_ms = now_ms;
    return e;
}

void
errands_free(struct errands **e)
{
    if (*e != NULL) {
        mem_free((*e)->slot);
        mem_free(*e);
        *e = NULL;
    }
}

static bool
same(const struct errand_key *a, const struct errand_key *b)
{
    return a->what == b->what && memcmp(a->id, b->id, sizeof a->id) == 0;
}

static struct errand *
find(struct errands *e, const struct errand_key *key)
{
    for (size_t i = 0; i < e->n; i++) {
        if (e->slot[i].state != FREE && same(&e->slot[i].key, key)) {
            return &e->slot[i];
        }
    }
    return NULL;
}

/* A free slot, or that of the "no" that would be forgotten next.  There always is one: those that
 * wait are bounded below the number of slots. */
static struct errand *
slot_take(struct errands *e)
{
    struct errand *oldest = NULL;

    for (size_t i = 0; i < e->n; i++) {
        struct errand *s = &e->slot[i];

        if (s->state == FREE) {
            return s;
        }
        if (s->state == REFUSED && (oldest == NULL || s->due_ms < oldest->due_ms)) {
            oldest = s;
        }
    }
    return oldest;
}

/* One more out of this minute's allowance. */
static bool
allowed(struct errands *e, int64_t now_ms)
{
    int64_t full = e->conf.new_per_minute * MINUTE_MS;
    int64_t passed = now_ms > e->allowance_at_ms ? now_ms - e->allowance_at_ms : 0;
    int64_t more = passed < MINUTE_MS ? passed * e->conf.new_per_minute : full;

    e->allowance = e->allowance + more < full ? e->allowance + more : full;
    e->allowance_at_ms = now_ms > e->allowance_at_ms ? now_ms : e->allowance_at_ms;
    if (e->allowance < MINUTE_MS) {
        return false;
    }
    e->allowance -= MINUTE_MS;
    return true;
}

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static enum errand_answer
add(struct errands *e, struct errand *s, const struct errand_key *key, int64_t now_ms)
{
    if (e->pending >= e->conf.pending_max || !allowed(e, now_ms)) {
        return ERRAND_FULL;
    }
    s = s != NULL ? s : slot_take(e);
    if (s == NULL) {
        return ERRAND_FULL;
    }
    *s = (struct errand){.state = WAITING, .key = *key, .due_ms = now_ms};
    e->pending++;
    return ERRAND_PENDING;
}

/* What was planned for later is needed now; but a failure keeps its wait. */
static void
hurry(struct errand *s, int64_t now_ms)
{
    if (s != NULL && s->state == WAITING && s->tries == 0 && s->due_ms > now_ms) {
        s->due_ms = now_ms;
    }
}

enum errand_answer
errands_ask(struct errands *e, const struct errand_key *key, int64_t now_ms, int64_t *again_ms)
{
    struct errand *s = find(e, key);
    enum errand_answer answer = ERRAND_PENDING;

    if (s != NULL && s->state == REFUSED && s->due_ms > now_ms) {
        *again_ms = s->due_ms - now_ms;
        return ERRAND_NO;
    }
    if (s == NULL || s->state == REFUSED) {
        answer = add(e, s, key, now_ms);
    }
    if (answer == ERRAND_FULL) {
        *again_ms = MINUTE_MS;
        return answer;
    }
    hurry(s, now_ms);
    int64_t due = s != NULL ? later(s->due_ms, e->quiet_until_ms) : e->quiet_until_ms;

    *again_ms = later(due - now_ms, 0);
    return ERRAND_PENDING;
}

/* Out of the count that it is in. */
static void
uncount(struct errands *e, const struct errand *s)
{
    if (s->state == WAITING || s->state == RUNNING) {
        *(s->planned ? &e->planned : &e->pending) -= 1;
    }
}

bool
errands_plan(struct errands *e, const struct errand_key *key, int64_t due_ms)
{
    struct errand *s = find(e, key);

    if ((s == NULL || !s->planned) && e->planned >= e->conf.planned_max) {
        return false;
    }
    s = s != NULL ? s : slot_take(e);
    if (s == NULL) {
        return false;
    }
    uncount(e, s);
    *s = (struct errand){.state = WAITING, .planned = true, .key = *key, .due_ms = due_ms};
    e->planned++;
    return true;
}

bool
errands_next(struct errands *e, int64_t now_ms, struct errand_key *out, int64_t *wake_ms)
{
    struct errand *first = NULL;

    for (size_t i = 0; i < e->n; i++) {
        struct errand *s = &e->slot[i];

        if (s->state == WAITING && (first == NULL || s->due_ms < first->due_ms)) {
            first = s;
        }
    }
    if (first == NULL) {
        *wake_ms = INT64_MAX;
        return false;
    }
    *wake_ms = later(first->due_ms, e->quiet_until_ms);
    if (*wake_ms > now_ms) {
        return false;
    }
    first->state = RUNNING;
    *out = first->key;
    return true;
}

/* Doubled with each failure, and then up to a quarter more or less. */
static int64_t
back_off(unsigned tries, uint32_t roll)
{
    int64_t wait = ERRAND_FIRST_MS;

    for (unsigned i = 1; i < tries && wait < ERRAND_LONGEST_MS; i++) {
        wait *= 2;
    }
    wait = wait < ERRAND_LONGEST_MS ? wait : ERRAND_LONGEST_MS;
    return wait - wait / 4 + (int64_t)(roll % (uint32_t)(wait / 2 + 1));
}

static void
refuse(struct errands *e, struct errand *s, int64_t now_ms)
{
    uncount(e, s);
    s->state = REFUSED;
    s->due_ms = now_ms + e->conf.negative_s * 1000;
}

/* What was planned is never given up: what is kept of it has an end. */
static void
try_again(struct errands *e, struct errand *s, uint32_t roll, int64_t now_ms)
{
    s->tries += s->tries < 2 * ERRAND_TRIES ? 1 : 0;
    if (s->tries >= ERRAND_TRIES && !s->planned) {
        refuse(e, s, now_ms);
        return;
    }
    s->state = WAITING;
    s->due_ms = now_ms + back_off(s->tries, roll);
}

static void
slow_down(struct errands *e, struct errand *s, int64_t wait_s, int64_t now_ms)
{
    int64_t s_wait = wait_s > 0 ? wait_s : ERRAND_SLOW_DOWN_S;

    s_wait = s_wait < ERRAND_SLOW_DOWN_MAX_S ? s_wait : ERRAND_SLOW_DOWN_MAX_S;
    e->quiet_until_ms = later(e->quiet_until_ms, now_ms + s_wait * 1000);
    s->state = WAITING;
    s->due_ms = e->quiet_until_ms;
}

void
errands_done(struct errands *e, const struct errand_key *key, enum errand_outcome outcome,
             int64_t wait_s, uint32_t roll, int64_t now_ms)
{
    struct errand *s = find(e, key);

    if (s == NULL || s->state != RUNNING) {
        return; /* planned anew meanwhile */
    }
    switch (outcome) {
    case ERRAND_GOT:
        uncount(e, s);
        *s = (struct errand){0};
        return;
    case ERRAND_REFUSED:
        if (s->planned) {
            try_again(e, s, roll, now_ms);
        } else {
            refuse(e, s, now_ms);
        }
        return;
    case ERRAND_FAILED: try_again(e, s, roll, now_ms); return;
    case ERRAND_SLOW_DOWN: slow_down(e, s, wait_s, now_ms); return;
    }
}

size_t
errands_pending(const struct errands *e)
{
    return e->pending;
}
