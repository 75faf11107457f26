/* SPDX-License-Identifier: Apache-2.0 */
/* appraise.h - one piece of TPM evidence through its decoders, its rules and into claims.
 *
 * The caller sets ev, want, anchors, nonce, binding and at_unix of a zeroed struct tpm_in, then:
 * open, check, claim, done. */
#ifndef ATTEST_TPM_APPRAISE_H
#define ATTEST_TPM_APPRAISE_H

#include "attest/tpm/checks.h"

/* Decode every input once.  What cannot be decoded is noted for its rule; nothing is judged and
 * nothing fails here. */
void tpm_in_open(struct tpm_in *t);

void tpm_in_done(struct tpm_in *t);

/* Run the table. */
void tpm_check(const struct tpm_in *t, struct verdict *v);

/* A log alone, with ev, want and log_only set: open, check, claim; nothing to be done with it after. */
void tpm_open_log(struct tpm_in *t);
void tpm_check_log(const struct tpm_in *t, struct verdict *v);
void tpm_claim_log(const struct tpm_in *t, struct tpm_claims *out);

/* Run the rows for a certificate alone; only ev, at_unix and certificate need be set. */
void tpm_check_certificate(const struct tpm_in *t, struct verdict *v);

/* Run the rows for an endorsement key's certificate alone; only ev, want, anchors and at_unix need be set before tpm_ek_open(). */
void tpm_check_ek(const struct tpm_in *t, struct verdict *v);

/* The part of tpm_in_open() that reads the endorsement key. */
void tpm_ek_open(struct tpm_in *t);

/* The Name of the key is a computed fact and always told; everything else only when the verdict
 * `passed`. */
void tpm_claim(const struct tpm_in *t, bool passed, struct tpm_claims *out);

/* Unix seconds: the least expiry of the certificates that were judged; INT64_MAX without any. */
int64_t tpm_valid_until(const struct tpm_in *t);

#endif
