/* SPDX-License-Identifier: Apache-2.0 */
/* validity.h - the one predicate: is this credential good?
 *
 * A token is good if and only if its signature and times are good (claims.h), its key proof is good (proof.h, where one is presented), its sandbox is
 * live, and its jti was not revoked by itself.  Introspection, our own routes, exchange and upload URLs all ask here. */
#ifndef BROKER_FLOW_VALIDITY_H
#define BROKER_FLOW_VALIDITY_H

#include "broker/flow/claims.h"
#include "broker/flow/fault.h"

/* Signature, type, times, then the ledger.  ERR_UNAUTHENTICATED with code "invalid_token" when it is not good; an "unable" error when the ledger cannot say.
 * *sandbox (may be NULL) is the ledger's row. */
enum err credential_check(struct broker *b, struct slice token, unsigned kinds, struct claims *out,
                          struct sandbox_row *sandbox, struct fault *f) MUST_USE;

/* The ledger's half for a sandbox: live, and within its lease and hard end. */
bool sandbox_good(const struct sandbox_row *s, int64_t now);

#endif
