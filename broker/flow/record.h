/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - the way to the mint: audit records of flows, and credentials, which come with one.
 *
 * The mint's answers become faults here: what it refuses is a mistake of ours and never told as a
 * denial (DESIGN section 4, 5). */
#ifndef BROKER_FLOW_RECORD_H
#define BROKER_FLOW_RECORD_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

/* Everything that the sandbox's row says; the rest stays as it is. */
void record_sandbox(const struct sandbox_row *s, enum mint_action action, const char *actor,
                    struct mint_record *out);

/* A record alone.  ERR_BUSY, else ERR_UNABLE. */
enum err record_note(struct broker *b, const struct mint_record *r, struct fault *f) MUST_USE;

/* A credential and its record.  ERR_BUSY also when the answer came so late that it would end after
 * `not_after` (unix seconds): then it is wiped and must not be handed out. */
enum err record_grant(struct broker *b, const struct mint_ask *ask, int64_t not_after,
                      struct mint_answer *out, struct fault *f) MUST_USE;

/* Take one refusal from the budget (budget.h); ERR_BUSY when it is spent. */
enum err record_afford(struct broker *b, struct fault *f) MUST_USE;

/* What an administrator was refused: `object` is what was asked for, `code` why.  From the budget;
 * ERR_BUSY or ERR_UNABLE: then something else must be told. */
enum err record_refusal(struct broker *b, const char *actor, const char *object, const char *code,
                        struct fault *f) MUST_USE;

/* A refusal that is an answer, as against a malformed request or trouble of ours, is made durable
 * before it is told, and so is every verdict on evidence.  Takes from the budget, unless evidence
 * was judged: that has been paid for before the verdict went into the ledger.
 * Returns e, or ERR_BUSY or ERR_UNABLE when the record could not be written. */
enum err record_denial(struct broker *b, const struct sandbox_row *s, const char *object,
                       enum err e, struct fault *f) MUST_USE;

#endif
