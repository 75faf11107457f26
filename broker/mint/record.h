/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - one entry of the audit log: a line of compact JSON.
 *
 *     {"v":1,"seq":7,"time":"2026-11-24T12:00:00.123Z","action":"granted","kind":"access",
 *      "actor":"guest",...}
 *
 * Members that would be empty are left out: actor object sandbox session consent policy
 * policy_digest verdict; of a credential also credential (its jti), life, aud, sub, client_id,
 * scope, jkt, store, key, sha256, size; and reasons.  What a credential says and what its record
 * says come from the same members of the ask.  Source: DESIGN.md section 10. */
#ifndef BROKER_MINT_RECORD_H
#define BROKER_MINT_RECORD_H

#include "broker/mint/kinds.h"

struct record {
    uint64_t seq;
    int64_t time_ms;
    enum mint_action action;
    const char *kind;           /* a name of the kinds table, "malformed", "start" */
    const char *rule;           /* that refused, first of the reasons; NULL for none */
    const char *jti;            /* NULL for none */
    const struct mint_ask *ask; /* what it is about */
};

/* ERR_LIMIT: longer than the writer, which the caller makes TLOG_ENTRY_MAX long. */
enum err record_write(struct wr *w, const struct record *r, struct why *why) MUST_USE;

/* "granted" and so on; NULL when it is no action. */
const char *action_name(enum mint_action action);

#endif
