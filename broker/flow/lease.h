/* SPDX-License-Identifier: Apache-2.0 */
/* lease.h - how long a sandbox, and whatever is given to it, may live.
 *
 * Source: DESIGN section 4, 3: a credential's life is at most the least of policy, lease, the
 * kind's cap and the validity of what the verdict rests on. */
#ifndef BROKER_FLOW_LEASE_H
#define BROKER_FLOW_LEASE_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

/* The mint reads its own clock, later than the flow did: so many seconds are kept in hand, so that
 * a credential that is cut by a lease does not outlive it. */
enum { LEASE_SLACK_S = 1 };

int64_t lease_least(int64_t a, int64_t b);

/* The first of lease, hard end and collateral to come. */
int64_t lease_end(const struct sandbox_row *s);

/* Seconds that a credential may live: `most`, but not beyond `end`; 0 or less when that has come. */
int64_t lease_life(int64_t most, int64_t end, int64_t now);

struct lease {
    int64_t heartbeat_s;
    int64_t until; /* unix seconds */
};

/* A heartbeat: the lease begins anew, never beyond the hard end.  ERR_GONE "sandbox_ended";
 * ERR_DENIED "policy_revoked" when the policy of the sandbox is not active any more. */
enum err flow_heartbeat(struct broker *b, const struct sandbox_row *s, struct lease *out,
                        struct fault *f) MUST_USE;

#endif
