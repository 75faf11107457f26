/* SPDX-License-Identifier: Apache-2.0 */
/* proof.h - the DPoP proof of a request: shape and signature (common/jose), nonce, and use only once (RFC 9449 section 4.3).
 *
 * proof_check() changes nothing; proof_spend() marks the proof as used and comes last before the grant, so that a request that is refused for another
 * reason does not cost the guest its proof. */
#ifndef BROKER_FLOW_PROOF_H
#define BROKER_FLOW_PROOF_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

enum {
    PROOF_PAST_S = 300,
    PROOF_FUTURE_S = 300
}; /* wide, because a live nonce is required anyway */

struct proof {
    char jkt[B64_JKT + 1];
    uint8_t jkt_raw[JKT_LEN];
    char key[65];  /* what is remembered */
    int64_t until; /* when the nonce ends, and with it the memory */
};

/* `path` is our route below the issuer.  access_token: NULL where none is presented.
 * ERR_UNAUTHENTICATED with code "invalid_dpop_proof" or "use_dpop_nonce". */
enum err proof_check(struct broker *b, const struct http_request *req, const char *access_token,
                     struct proof *out, struct fault *f) MUST_USE;

/* ERR_UNAUTHENTICATED with code "dpop_replayed"; ERR_BUSY when the memory is full. */
enum err proof_spend(struct broker *b, const struct proof *p, struct fault *f) MUST_USE;

#endif
