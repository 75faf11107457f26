/* SPDX-License-Identifier: Apache-2.0 */
/* errands.h - what is to be fetched from a vendor, when, and what need not be asked again soon.  A table without clock, thread or network: the
 * caller passes the time, and holds a lock around the calls.
 *
 * One errand for each thing, however many ask for it.  What evidence names is fetched only within bounds: so many errands at a time, and so
 * many new ones a minute.  A "no" is remembered for a while; a failure is tried again, later and later, a bounded number of times, but
 * what was planned is never given up; when the vendor says "slow down", nothing at all is asked until its time has come. */
#ifndef BROKER_CLOUD_ERRANDS_H
#define BROKER_CLOUD_ERRANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ERRAND_TRIES = 6,             /* failures in a row until it counts as a "no" */
    ERRAND_FIRST_MS = 1000,       /* after the first failure; doubled after each */
    ERRAND_LONGEST_MS = 300000,   /* between two tries */
    ERRAND_SLOW_DOWN_S = 10,      /* when the vendor does not say how long */
    ERRAND_SLOW_DOWN_MAX_S = 600, /* longer is not believed */
    ERRAND_NOES = 1024,           /* remembered at a time */
    ERRAND_ID = 70,
};

/* What is to be fetched, in the vendor's own terms (kds.h, pcs.h); all of it names it. */
struct errand_key {
    uint8_t what;
    uint8_t id[ERRAND_ID];
};

struct errands_conf {
    size_t pending_max;     /* asked for by evidence and waiting at a time */
    size_t planned_max;     /* planned at a time */
    int64_t negative_s;     /* how long a "no" is believed */
    int64_t new_per_minute; /* that evidence may newly ask for */
};

struct errands;

struct errands *errands_new(const struct errands_conf *conf, int64_t now_ms);
void errands_free(struct errands **e);

enum errand_answer {
    ERRAND_PENDING, /* it will be fetched, or is being fetched */
    ERRAND_NO,      /* the vendor does not have it, or had something else */
    ERRAND_FULL,    /* a bound is reached; nothing was noted */
};

/* Evidence needs it.  *again_ms: when asking again makes sense, from now. */
enum errand_answer errands_ask(struct errands *e, const struct errand_key *key, int64_t now_ms,
                               int64_t *again_ms);

/* It is due at `due_ms`; what was planned for it before is forgotten.  False: as many are planned as may be. */
bool errands_plan(struct errands *e, const struct errand_key *key, int64_t due_ms);

/* The next one that is due, which then is being fetched until errands_done(); false: none, and *wake_ms is when to look again
 * (INT64_MAX: when something is asked for). */
bool errands_next(struct errands *e, int64_t now_ms, struct errand_key *out, int64_t *wake_ms);

enum errand_outcome {
    ERRAND_GOT,       /* whoever wants it again plans that after this */
    ERRAND_REFUSED,   /* there is none, or a wrong one came */
    ERRAND_FAILED,    /* no answer, or one that means "try again" */
    ERRAND_SLOW_DOWN, /* 429 */
};

/* wait_s: what the vendor asked for with ERRAND_SLOW_DOWN, 0 when it did not say.  roll: any random number, so that
 * many brokers do not come back at the same moment. */
void errands_done(struct errands *e, const struct errand_key *key, enum errand_outcome outcome,
                  int64_t wait_s, uint32_t roll, int64_t now_ms);

/* How many that evidence asked for wait or are being fetched. */
size_t errands_pending(const struct errands *e);

#endif
