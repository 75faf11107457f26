/* SPDX-License-Identifier: Apache-2.0 */
/* inflight.h - work of a sandbox that is under way and must have ended before its teardown is answered. */
#ifndef BROKER_FLOW_INFLIGHT_H
#define BROKER_FLOW_INFLIGHT_H

#include "attest/base/err.h"
#include "common/sys.h"

struct inflight;

struct inflight *inflight_new(void);
void inflight_free(struct inflight **i);

/* ERR_BUSY when too many sandboxes have work under way. */
enum err inflight_enter(struct inflight *i, const char *sandbox, struct why *why) MUST_USE;
void inflight_leave(struct inflight *i, const char *sandbox);

/* True once nothing of the sandbox is under way; false after wait_ms. */
bool inflight_wait(struct inflight *i, const char *sandbox, int64_t wait_ms);

#endif
