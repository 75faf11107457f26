/* SPDX-License-Identifier: Apache-2.0 */
/* agent_socket.h - the agent's listening socket, and the process's own protections. */
#ifndef CLIENTS_AGENT_SOCKET_H
#define CLIENTS_AGENT_SOCKET_H

#include "clients/lib/agent_wire.h"

/* Bind and listen, mode 0600; a socket that nobody serves is replaced, one that is served is
 * ERR_CONFLICT.  The folder is locked meanwhile, so of two agents starting one wins. */
enum err agent_listen(const char *path, int backlog, int *fd, struct fault *f) MUST_USE;

/* No core dump, not dumpable (so no ptrace by the same user, and /proc/PID/mem is closed), locked
 * heap for private keys.  What the system does not grant is done without, but for the dump rules. */
enum err agent_protect(struct fault *f) MUST_USE;

#endif
