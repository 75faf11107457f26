/* SPDX-License-Identifier: Apache-2.0 */
/* endorse_tdx.h - what a TDX quote needs beside itself: Intel's collateral for its platform; for endorse.c only.
 *
 * The platform is verified here, once, or known from before: then the verdict need not do it again.  Collateral comes out of what the broker keeps; a quote
 * brings its platform's certificates and nothing else that counts. */
#ifndef BROKER_FLOW_ENDORSE_TDX_H
#define BROKER_FLOW_ENDORSE_TDX_H

#include "broker/cloud/intel.h"

/* Of one piece; zeroed: it is none of TDX. */
struct tdx_endorsement {
    bool verified; /* `platform` and `need` are Intel's word */
    struct tdx_platform platform;
    struct tdx_need need;
    struct intel_set *set, *early;
};

void tdx_endorsement_done(struct tdx_endorsement *e);

/* *e is zeroed, and *ev then points into it.  What does not hold is left to the verdict, which names it. */
void tdx_endorse(struct intel *i, const struct tdx_anchor *anchor, int64_t now,
                 struct tdx_evidence *ev, struct tdx_endorsement *e);

/* Evidence that rests on it was accepted. */
void tdx_endorsement_keep(struct intel *i, const struct tdx_endorsement *e);

/* The verdict was "unable": ask for what is missing or has ended.  In how many seconds to come back; 0: nothing is to be had for it. */
int64_t tdx_endorsement_want(struct intel *i, const struct tdx_endorsement *e, int64_t now);

#endif
