/* SPDX-License-Identifier: Apache-2.0 */
/* out.h - what TLS sends, on its way to the socket: a reply's head waits for its body, and both leave in one system call.
 *
 * libmicrohttpd hands head and body to GnuTLS one after the other, which would be two segments and two wake-ups of the other side for
 * each reply.  Only ciphertext passes here.  One thread, the connection's, uses a struct out.
 * Source: GnuTLS manual, "Setting up the transport layer" (gnutls_transport_set_vec_push_function). */
#ifndef BROKER_HTTP_OUT_H
#define BROKER_HTTP_OUT_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUT_HELD_MAX = 2048 }; /* bytes; a longer head does not wait */

struct out {
    int fd;        /* borrowed, not blocking */
    bool hold;     /* the next piece waits for the one after it */
    size_t len;    /* bytes that wait */
    size_t offset; /* of them, those that have left */
    uint8_t held[OUT_HELD_MAX];
};

/* Let what this session sends pass through `o`, which must outlive it. */
void out_attach(gnutls_session_t session, struct out *o);

/* Let the next piece wait for the one after it: a reply with a body begins. */
void out_hold(struct out *o);

/* gnutls_vec_push_func over a struct out: bytes taken, or -1 with errno. */
ssize_t out_push(gnutls_transport_ptr_t o, const giovec_t *piece, int n);

/* The reply is complete: send what waits for a piece that did not come, for as long as the socket needs.  When that fails the socket
 * is shut, as the other side has a part of a reply. */
void out_end(struct out *o);

#endif
