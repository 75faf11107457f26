/* SPDX-License-Identifier: Apache-2.0 */
/* conn.h - every open connection, and the thread that ends those whose time is over.
 *
 * libmicrohttpd only knows an inactivity timeout, which a client that sends a byte now and
 * then never meets.  Here each connection has one absolute deadline: for the handshake and the
 * first head, then for the request as a whole, then for the pause until the next. When it
 * passes, the reaper shuts the socket down, which wakes the connection's own thread; a silent
 * client costs nothing meanwhile.
 *
 * A connection is in the table exactly as long as its descriptor is open (libmicrohttpd closes
 * it after the CLOSED notification), and descriptors are only touched under the table's lock,
 * so a number that was given to somebody else is never shut.
 * Source: spec/reliability.md section 1 (options) and 7.2. */
#ifndef BROKER_HTTP_CONN_H
#define BROKER_HTTP_CONN_H

#include <pthread.h>
#include <sys/socket.h>

#include "broker/http/http.h"
#include "broker/http/out.h"
#include "broker/http/tls.h"

struct conns;

struct conn {
    struct conns *table;
    enum http_listener listener;
    int fd;
    uint8_t origin[16]; /* what counts as one address: IPv4, or the first 64 bits of IPv6 */
    char peer[46];
    struct tls_identity *identity; /* valid until the connection is closed */
    struct out out;                /* the connection's thread's */

    /* The rest is the table's, under its lock. */
    struct conn *next;
    struct conn *prev;
    int64_t deadline_ms; /* on clock_mono_ms() */
    pthread_t thread;    /* of the connection; meaningful while busy */
    bool fresh;          /* no request has begun yet */
    bool busy;           /* a request with a complete head is under way */
    bool shut;           /* nothing may happen on it any more */
    bool last;           /* closes after the reply under way */
    char label[ID_MAX];
};

struct conns {
    pthread_mutex_t lock;
    pthread_cond_t wake;  /* the reaper: an earlier deadline, or stop */
    pthread_cond_t quiet; /* the stopper: a connection is no longer busy */
    pthread_t reaper;
    struct conn *head;
    struct tls_identity *identity; /* for new connections; owned */
    struct tls_identity *retired;  /* still used by older ones; owned */
    int64_t next_wake_ms;
    int64_t header_ms;
    int64_t idle_ms;
    bool stopping;  /* no new request; replies close */
    bool reap_stop; /* the reaper ends */
};

/* Initialise and start the reaper.  Takes over the identity (NULL without TLS) on success. */
enum err conns_open(struct conns *t, int64_t header_s, int64_t idle_s,
                    struct tls_identity **identity, struct why *why) MUST_USE;

/* End the reaper and release the identities; all connections must have been removed. */
void conns_close(struct conns *t);

/* Connections of this listener from the same origin. */
size_t conns_from(struct conns *t, enum http_listener listener, const struct sockaddr *address);

/* A connection was accepted: the deadline for handshake and head runs.  Owned by the table
 * until conn_remove(). */
struct conn *conn_add(struct conns *t, enum http_listener listener, int fd,
                      const struct sockaddr *address);

/* The descriptor is about to be closed. */
void conn_remove(struct conn *c);

/* On the connection's thread: the request line is there.  Only a later request gets a new
 * deadline for its head. */
void conn_begin(struct conn *c);

/* The head is complete, and from now on a stop waits for the request.  False once it was shut. */
bool conn_run(struct conn *c);

/* The request, reply included, has until then. */
void conn_until(struct conn *c, int64_t deadline_ms);

/* The request is over; its label goes, and the pause until the next one begins. */
void conn_end(struct conn *c);

/* False once it was shut by deadline, cut or stop: neither handler nor reply may run any more. */
bool conn_alive(struct conn *c);

/* Whether the reply under way must be the last of this connection. */
bool conn_is_last(struct conn *c);

/* A label that is too long is our own mistake (assert). */
void conn_label(struct conn *c, const char *label);

/* Shut every connection with that label but the one whose thread calls: that one closes after
 * its reply. */
void conns_cut(struct conns *t, const char *label);

/* New connections use `identity`; the old one is released with the last connection that uses
 * it.  Taken over. */
void conns_renew(struct conns *t, struct tls_identity **identity);

/* Shut idle connections and wait until no request is under way, at most until then; then shut
 * the rest. */
void conns_drain(struct conns *t, int64_t deadline_ms);

#endif
