/* SPDX-License-Identifier: Apache-2.0 */
/* budget.c - see budget.h. */
#include "broker/flow/budget.h"

enum { ONE = 1000, FULL = BUDGET_BURST * ONE };

void
budget_init(struct budget *b, int64_t now_ms)
{
    (void)pthread_mutex_init(&b->lock, NULL);
    b->left = FULL;
    b->at_ms = now_ms;
}

void
budget_done(struct budget *b)
{
    (void)pthread_mutex_destroy(&b->lock);
}

/* BUDGET_PER_S thousandths come every millisecond.  Called with the lock held. */
static void
refill(struct budget *b, int64_t now_ms)
{
    int64_t passed = now_ms > b->at_ms ? now_ms - b->at_ms : 0;
    int64_t more = passed < FULL ? passed * BUDGET_PER_S : FULL;

    b->left = b->left + more < FULL ? b->left + more : FULL;
    b->at_ms = now_ms > b->at_ms ? now_ms : b->at_ms;
}

bool
budget_take(struct budget *b, int64_t now_ms)
{
    (void)pthread_mutex_lock(&b->lock);
    refill(b, now_ms);
    bool some = b->left >= ONE;

    b->left -= some ? ONE : 0;
    (void)pthread_mutex_unlock(&b->lock);
    return some;
}
