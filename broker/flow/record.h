/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - audit records of flows: who, for which sandbox, under which policy. */
#ifndef BROKER_FLOW_RECORD_H
#define BROKER_FLOW_RECORD_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

/* Everything that the sandbox's row says; the rest stays as it is. */
void record_sandbox(const struct sandbox_row *s, enum mint_action action, const char *actor,
                    struct mint_record *out);

/* A refusal that is an answer, as against a malformed request or trouble of ours, is made durable before it is told.
 * Returns e, or ERR_UNABLE when the record could not be written. */
enum err record_denial(struct broker *b, const struct sandbox_row *s, const char *object,
                       enum err e, struct fault *f) MUST_USE;

#endif
