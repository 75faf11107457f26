/* SPDX-License-Identifier: Apache-2.0 */
/* replay.h - which DPoP proofs have been used.
 *
 * Bounded, and refused rather than evicted when full: a live entry never makes room for a new one.  An entry is kept until its nonce can no longer be
 * accepted.  Source: RFC 9449 section 11.1. */
#ifndef BROKER_FLOW_REPLAY_H
#define BROKER_FLOW_REPLAY_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

struct replay;

/* slots: a power of two. */
struct replay *replay_new(size_t slots);
void replay_free(struct replay **r);

/* Insert if absent, in one atomic step.  key: any text.  ERR_CONFLICT: was there.  ERR_BUSY: full. */
enum err replay_add(struct replay *r, struct slice key, int64_t until, int64_t now,
                    struct why *why) MUST_USE;

#endif
