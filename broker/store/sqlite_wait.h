/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_wait.h - condition variables with a deadline that no change of the wall clock moves. */
#ifndef BROKER_STORE_SQLITE_WAIT_H
#define BROKER_STORE_SQLITE_WAIT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* A condition variable on the monotonic clock. */
void wait_cond_init(pthread_cond_t *cond);

/* That clock's time, ms milliseconds from now. */
struct timespec wait_until(int64_t ms);

#endif
