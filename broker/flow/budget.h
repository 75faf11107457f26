/* SPDX-License-Identifier: Apache-2.0 */
/* budget.h - how many refusals may be put on record, so that nobody fills a disk by being refused.
 *
 * A refusal costs a durable record, and one of evidence a verdict too; anybody can make a key and be
 * refused.  Only refusals take from the budget: a guest that is accepted never waits for it.  When
 * it is spent, the answer is "busy" instead of the refusal, and nothing is handed out either way. */
#ifndef BROKER_FLOW_BUDGET_H
#define BROKER_FLOW_BUDGET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { BUDGET_BURST = 500, BUDGET_PER_S = 10 };

/* A token bucket (in thousandths, so that time needs no fractions). */
struct budget {
    pthread_mutex_t lock;
    int64_t left;  /* thousandths of a refusal */
    int64_t at_ms; /* when `left` was true; a monotonic clock's */
};

void budget_init(struct budget *b, int64_t now_ms);
void budget_done(struct budget *b);

/* One refusal: false when there is none left. */
bool budget_take(struct budget *b, int64_t now_ms);

#endif
