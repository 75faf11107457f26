/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h - the network process's end of the pair: who waits for which answer.
 *
 * Internal to mint.c and ask.c; others include mint.h. */
#ifndef BROKER_MINT_PAIR_H
#define BROKER_MINT_PAIR_H

#include "broker/mint/message.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum {
    PAIR_WAITING = 1024, /* asks that may wait at a time; more are refused with ERR_BUSY */
    PAIR_REASON = 128,
    PAIR_QUIET =
        16, /* datagrams with at most one ask left to answer, after which the listener parks */
};

/* Who takes datagrams from the socket: one at a time.  The listener, while several ask; it parks when asks have come one by
 * one for a while, and then who asks alone takes its own answer, which saves a thread being woken for each.  Who leaves others
 * waiting, or finds the mint gone, calls the listener back. */
enum pair_ear { EAR_NOBODY = 0, EAR_ASKER, EAR_LISTENER };

/* One ask that waits.  Its id decides between the asking thread and the one that hands out
 * answers: whoever exchanges it for PAIR_TAKEN owns `out` and `why` from then on.  So a thread that
 * gives up and an answer that comes late cannot meet, and nobody is woken under a lock. */
struct pair_wait {
    atomic_ullong id; /* of the ask; PAIR_FREE, or PAIR_TAKEN while its answer is being written */
    atomic_bool done; /* set after code, out and why; not by a mint that has gone */
    enum err code;
    struct mint_answer *out; /* the waiting thread's */
    struct why *why;         /* the waiting thread's */
    sem_t ready;             /* posted once when the answer is there, or when the mint has gone */
};

enum { PAIR_FREE = 0, PAIR_TAKEN = 1 }; /* ids of asks are larger */

struct mint {
    int fd;
    pid_t pid;
    int64_t wait_ms; /* for an answer: MINT_WAIT_MS */
    bool locks;      /* lock and conditions are there to be destroyed */
    bool listening;
    pthread_t listener;
    pthread_mutex_t lock;
    pthread_cond_t gone;
    uint64_t asked;         /* ids given out so far */
    enum pair_ear ear;      /* under the lock */
    bool hung_up;           /* under the lock: the mint has gone while an asker had the ear */
    unsigned quiet;         /* the listener's: see PAIR_QUIET */
    int bell;               /* eventfd that calls a parked listener; -1 before there is one */
    atomic_uint unanswered; /* asks that nobody has claimed; grows under the lock only */
    size_t free_n;
    uint16_t free[PAIR_WAITING]; /* places nobody uses */
    struct pair_wait wait[PAIR_WAITING];
    atomic_bool dead; /* set after `reason`, once */
    char reason[PAIR_REASON];
    struct hello hello;
    struct jwk token_key;
    char kid[KID_MAX];
    struct mint_public open;
};

/* Lock, conditions, places. */
enum err pair_init(struct mint *m, struct why *why) MUST_USE;

/* Take one datagram of answers, hand each to who waits for it.  False when the mint has gone.
 * Blocks. */
bool pair_take(struct mint *m);

/* The listener's, after each datagram: stay, or park until it is called back. */
void pair_rest(struct mint *m);

/* The mint is gone: find out why, and wake everybody.  Once. */
void pair_bury(struct mint *m);

/* How a process that was waited for has ended, in words. */
void pair_reason(int status, char dst[PAIR_REASON]);

#endif
