/* SPDX-License-Identifier: Apache-2.0 */
/* agent.h - `countersign agent`: the process that holds the guest's key and tokens.
 *
 * One thread, one loop: a bounded number of connections, each one request and one reply, answered in
 * order; between them heartbeats, sent at half of the promised interval while a sandbox is live.
 * Not dumpable, no core, the private key in locked memory.  Ends by itself when no sandbox is live
 * and nobody has asked for anything for idle_s. */
#ifndef CLIENTS_AGENT_H
#define CLIENTS_AGENT_H

#include "clients/lib/agent_wire.h"

enum { AGENT_CONNECTIONS = 16, AGENT_READ_MS = 2000, AGENT_IDLE_S = 300 };

struct agent_options {
    const char *socket; /* path to serve at */
    int64_t idle_s;
    bool started; /* by a command: close stderr once listening */
};

/* Runs until stopped.  ERR_CONFLICT, code agent_running: another one serves this socket already. */
enum err agent_serve(const struct agent_options *o, struct fault *f) MUST_USE;

#endif
