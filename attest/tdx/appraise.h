/* SPDX-License-Identifier: Apache-2.0 */
/* appraise.h - one TDX quote through its decoders, its rules and into claims: open, check, claim, done. */
#ifndef ATTEST_TDX_APPRAISE_H
#define ATTEST_TDX_APPRAISE_H

#include "attest/tdx/checks.h"

/* The caller sets ev, want, anchor, binding, at_unix (and paravisor) of a zeroed struct.  Nothing fails here: what cannot be
 * decoded is noted for its rule. */
void tdx_in_open(struct tdx_in *t);
void tdx_in_done(struct tdx_in *t);

void tdx_check(const struct tdx_in *t, struct verdict *v);

/* What is verified is told whatever the policy says of it. */
void tdx_claim(const struct tdx_in *t, const struct verdict *v, struct tdx_claims *out);

/* What the quote itself says, by whoever's word: version and body.  *out is begun. */
void tdx_claim_quote(const struct tdx_quote *q, struct tdx_claims *out);

/* Unix seconds: the least end of certificates, CRLs and documents (with the policy's grace); INT64_MAX without any. */
int64_t tdx_valid_until(const struct tdx_in *t);

#endif
