/* SPDX-License-Identifier: Apache-2.0 */
/* agent_wire.h - talking to the agent: where its socket is, and one message each way.
 *
 * A connection carries one request and one reply, each one JSON object in one packet of a Unix
 * SOCK_SEQPACKET socket, so that a message is whole or refused and never dripped.  Both ends look
 * at the other's uid (SO_PEERCRED): the agent serves its own user and root, and a caller believes
 * only an agent of its own user or of root.
 *
 * Request {"op": "token", ...}.  Reply {"ok": {...}} or {"error": {...}} as fault_json() writes it. */
#ifndef CLIENTS_LIB_AGENT_WIRE_H
#define CLIENTS_LIB_AGENT_WIRE_H

#include <jansson.h>
#include <sys/un.h>

#include "clients/fault.h"

enum {
    AGENT_REQUEST_MAX = 16384, /* bytes */
    AGENT_REPLY_MAX = 131072,
    AGENT_WAIT_S = 120, /* a caller's patience: an attestation has several exchanges in it */
    AGENT_START_S = 10,
    SOCKET_MAX = sizeof(((struct sockaddr_un *)0)->sun_path),
};

/* Close a descriptor; for AUTO, with -1 for none. */
void fd_close(int *fd);

/* The descriptor, handed on: *fd becomes -1. */
int fd_take(int *fd);

/* The usual place: $XDG_RUNTIME_DIR/countersign, else /run/user/UID/countersign, else
 * /tmp/countersign-UID; agent.sock in it.  Made with mode 0700 when `make`; refused when it is not
 * a folder of our own or others may enter it. */
enum err agent_socket_path(bool make, char dst[SOCKET_MAX], struct fault *f) MUST_USE;

/* ERR_NOT_FOUND: nobody listens there (code no_agent). */
enum err agent_connect(const char *path, int *fd, struct fault *f) MUST_USE;

/* Start `exe agent --started --socket PATH`, and wait until it listens. */
enum err agent_start(const char *exe, const char *path, struct fault *f) MUST_USE;

/* One exchange.  *ok is the object under "ok", owned by the caller. */
enum err agent_ask(const char *path, const json_t *request, json_t **ok, struct fault *f) MUST_USE;

/* One packet.  ERR_LIMIT over max bytes, ERR_IO otherwise. */
enum err packet_send(int fd, const json_t *obj, size_t max, struct fault *f) MUST_USE;
enum err packet_take(int fd, size_t max, json_t **obj, struct fault *f) MUST_USE;

/* Is the process at the other end of our user, or root? */
bool peer_ours(int fd);

#endif
