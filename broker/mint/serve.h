/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - the mint's own process, from fork to exit.
 *
 * Start: harden, lock and read the log, keys, checkpoint, secrets of stores, first record, close
 * the sandbox, say hello.  Then, until the other side closes: take what is waiting, judge,
 * append, one fdatasync, sign, answer, publish.
 *
 * Source: DESIGN.md sections 3 and 10, spec/reliability.md section 4. */
#ifndef BROKER_MINT_SERVE_H
#define BROKER_MINT_SERVE_H

#include "broker/mint/mint.h"

/* How the process ends. */
enum serve_exit {
    SERVE_DONE = 0,   /* the network process has gone */
    SERVE_START = 10, /* it could not start and has said why */
    SERVE_LOG,        /* the log could not be written: nothing may be answered any more */
    SERVE_VIEW,       /* tiles or checkpoint could not be written */
    SERVE_SOCKET,     /* the pair is broken */
};

/* For people; borrowed, static. */
const char *serve_exit_text(int code);

/* In a process of its own; `fd` is one end of a SOCK_SEQPACKET pair.  An empty datagram means the
 * same as a closed pair. */
enum serve_exit serve(const struct mint_conf *conf, int fd);

#endif
