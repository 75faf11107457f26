/* SPDX-License-Identifier: Apache-2.0 */
/* appraise.h - one SNP report through its decoders, its rules and into claims: open, check, claim, done. */
#ifndef ATTEST_SNP_APPRAISE_H
#define ATTEST_SNP_APPRAISE_H

#include "attest/snp/checks.h"

/* The caller sets ev, want, anchors, binding, at_unix (and paravisor) of a zeroed struct.  Nothing fails here: what cannot be
 * decoded is noted for its rule. */
void snp_in_open(struct snp_in *s);
void snp_in_done(struct snp_in *s);

void snp_check(const struct snp_in *s, struct verdict *v);
void snp_claim(const struct snp_in *s, bool passed, struct snp_claims *out);

/* The fields of a report, by the TCB layout of `product`, into their claims; whether anybody vouches for them is the caller's to say. */
void snp_claim_report(const struct snp_report *r, enum snp_product product, struct snp_claims *out);

/* Unix seconds: the least expiry of certificates and CRL; INT64_MAX without any. */
int64_t snp_valid_until(const struct snp_in *s);

#endif
