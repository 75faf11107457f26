/* SPDX-License-Identifier: Apache-2.0 */
/* agent_ops.h - what the agent does for each request: one row, one function. */
#ifndef CLIENTS_AGENT_OPS_H
#define CLIENTS_AGENT_OPS_H

#include "clients/agent_request.h"
#include "clients/session.h"

/* *reply is what goes under "ok"; owned by the caller. */
enum err agent_op_run(struct session *s, const struct agent_request *r,
                      const volatile sig_atomic_t *stop, json_t **reply, struct fault *f) MUST_USE;

#endif
