/* SPDX-License-Identifier: Apache-2.0 */
/* endorse.h - what evidence needs beside itself: a chip's certificate, its maker's revocation lists and statements (RFC 9334: endorsements).
 *
 * Looked for in what the broker keeps, then in the evidence, never in the network; what is missing is asked for behind the scenes
 * when the verdict was "unable" and for nothing else.  A certificate that came with evidence, or was fetched for it, is kept when the evidence was accepted. */
#ifndef BROKER_FLOW_ENDORSE_H
#define BROKER_FLOW_ENDORSE_H

#include "broker/flow/broker.h"
#include "broker/flow/evidence.h"
#include "broker/policy/policy.h"

struct endorsements;

void endorsements_free(struct endorsements **e);

/* What evidence the policy's rows accept; for any other nothing is looked for. */
struct endorse_scope {
    unsigned products; /* of SEV-SNP, bits 1 << enum snp_product */
    bool tdx;
};

struct endorse_scope endorse_scope(const struct policy *policy);

/* Complete the pieces of `ask` in place; what they then point to lives until endorsements_free().  With exactly one product, that is
 * what a report that does not name its product is taken for. */
void endorse(const struct broker *b, struct attest_ask *ask, const struct endorse_scope *scope,
             int64_t now, struct endorsements **out);

/* The evidence was accepted: keep what it rests on.  Trouble is logged; the guest has nothing to do with it. */
void endorsements_keep(const struct broker *b, const struct endorsements *e, int64_t now);

/* The verdict was "unable": ask for what was missing.  Returns in how many seconds the guest may come back. */
int64_t endorsements_want(const struct broker *b, const struct endorsements *e, int64_t now);

#endif
