/* SPDX-License-Identifier: Apache-2.0 */
/* teardown.h - the end of a sandbox: ledger first, then outside effects, then a signed receipt that says what could not be undone. */
#ifndef BROKER_FLOW_TEARDOWN_H
#define BROKER_FLOW_TEARDOWN_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

/* End it, whoever asks; `actor` and `reason` go on record.  *receipt is owned by the caller (mem_free_text).  Doing it again gives the same receipt.
 * ERR_NOT_FOUND "sandbox_unknown". */
enum err flow_teardown(struct broker *b, const char *sandbox, const char *actor, const char *reason,
                       char **receipt, struct fault *f) MUST_USE;

#endif
