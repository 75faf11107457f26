/* SPDX-License-Identifier: Apache-2.0 */
/* guest.h - who calls one of the guest's own routes: a good access token for this server, and a DPoP proof by its key. */
#ifndef BROKER_FLOW_GUEST_H
#define BROKER_FLOW_GUEST_H

#include "broker/flow/validity.h"

struct guest {
    struct claims claims;
    struct sandbox_row sandbox;
};

/* ERR_UNAUTHENTICATED: invalid_token, or a code of proof.h.  ERR_DENIED "not_yours": the route names another sandbox (`sandbox` NULL: it names none).
 * The proof is spent. */
enum err guest_check(struct broker *b, const struct http_request *req, const char *sandbox,
                     struct guest *out, struct fault *f) MUST_USE;

/* The same for a sandbox that may have ended: signature, times and key proof count, the ledger is not asked.  For teardown only. */
enum err guest_check_ended(struct broker *b, const struct http_request *req, const char *sandbox,
                           struct claims *out, struct fault *f) MUST_USE;

#endif
