/* SPDX-License-Identifier: Apache-2.0 */
/* attest.h - the way of an attestation: challenge, key, policy, verdict, ledger, record, result. */
#ifndef BROKER_FLOW_ATTEST_H
#define BROKER_FLOW_ATTEST_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

struct attest_grant {
    char sandbox[ID_MAX];
    char verdict[ID_MAX];
    int64_t heartbeat_s;
    int64_t lease_until; /* unix seconds */
    int64_t expires_in;  /* of the EAR */
    char ear[MINT_TOKEN];
};

/* Wipes the result. */
void attest_grant_free(struct attest_grant **g);

/* `body` is the JSON of docs/API.md.  Codes of refusal: malformed, challenge_malformed, challenge_unknown, challenge_expired, challenge_used,
 * policy_unknown, consent_required, key_mismatch, evidence_rejected, evidence_malformed, evidence_unable, and those of proof.h. */
enum err flow_attest(struct broker *b, const struct http_request *req, struct slice body,
                     struct attest_grant *out, struct fault *f) MUST_USE;

#endif
