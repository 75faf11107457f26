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
};

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
    uint64_t asked; /* ids given out so far */
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

/* The mint is gone: find out why, and wake everybody.  Once. */
void pair_bury(struct mint *m);

/* How a process that was waited for has ended, in words. */
void pair_reason(int status, char dst[PAIR_REASON]);

#endif
