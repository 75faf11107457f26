/* SPDX-License-Identifier: Apache-2.0 */
/* lease.c - see lease.h. */
#include "broker/flow/lease.h"

int64_t
lease_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t
lease_end(const struct sandbox_row *s)
{
    return lease_least(lease_least(s->lease_until, s->hard_until), s->collateral_until);
}

int64_t
lease_life(int64_t most, int64_t end, int64_t now)
{
    int64_t left = end - now;

    return lease_least(most, left > LEASE_SLACK_S ? left - LEASE_SLACK_S : left);
}

/* 0 when the policy is not in the book. */
static int64_t
heartbeat_of(struct broker *b, const struct sandbox_row *s)
{
    int64_t heartbeat = 0;

    policy_book_enter(b->book);
    const struct policy *p = policy_book_version(b->book, s->policy, s->policy_version);

    heartbeat = p != NULL ? p->grant.heartbeat_s : 0;
    policy_book_leave(b->book);
    return heartbeat;
}

enum err
flow_heartbeat(struct broker *b, const struct sandbox_row *s, struct lease *out, struct fault *f)
{
    int64_t heartbeat = heartbeat_of(b, s);
    struct sandbox_row row = {0};

    if (heartbeat == 0) {
        return fault_set(f, ERR_DENIED, "policy_revoked", "policy %s/%lld is not active any more",
                         s->policy, (long long)s->policy_version);
    }
    enum err e =
        b->store->ops->sandbox_renew(b->store, s->id, clock_unix() + heartbeat, &row, &f->why);

    if (e != ERR_OK) {
        return fault_from(f, e, "sandbox_ended");
    }
    *out = (struct lease){heartbeat, row.lease_until};
    return ERR_OK;
}
