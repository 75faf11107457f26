/* SPDX-License-Identifier: Apache-2.0 */
/* claims.h - the JSON payload and the JOSE header of every kind of token.
 *
 * Sources: RFC 7519, RFC 9068 section 2.2, RFC 9449 section 6 (cnf.jkt),
 * draft-ietf-oauth-status-list (status), draft-ietf-rats-ear with the names that deployed
 * verifiers read (spec/protocols.md 3.2). */
#ifndef BROKER_MINT_CLAIMS_H
#define BROKER_MINT_CLAIMS_H

#include "broker/mint/kinds.h"

struct claims {
    const struct mint_rule *rule; /* with a typ */
    const struct mint_ask *ask;
    const char *issuer;
    const char *jti;
    int64_t iat;
    int64_t exp; /* 0: none */
};

/* ERR_LIMIT: it does not fit the writer. */
enum err claims_write(struct wr *w, const struct claims *c, struct why *why) MUST_USE;

/* base64url of {"alg":"ES256","typ":...,"kid":...} */
enum err claims_header(struct wr *w, const struct mint_rule *rule, const char *kid,
                       struct why *why) MUST_USE;

#endif
