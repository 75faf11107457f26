/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.h - one request and its reply, from the request line to the last byte sent; private
 * to http/.
 *
 * The order is always: target noted, head judged, body taken, reply sent, completed.  A
 * refusal settles the reply early; then the handler does not run, and when a body was
 * announced the reply goes out at once and the connection closes. */
#ifndef BROKER_HTTP_EXCHANGE_H
#define BROKER_HTTP_EXCHANGE_H

#include <microhttpd.h>

#include "broker/http/front.h"
#include "broker/http/gate.h"

enum exchange_stage { STAGE_HEAD = 0, STAGE_BODY, STAGE_REPLIED };

struct exchange {
    struct http_request req;
    const struct http_listen *listen;
    struct conn *conn;
    struct MHD_Connection *mhd;
    enum exchange_stage stage;
    bool settled;          /* the reply is filled; no handler runs any more */
    char *target;          /* raw, owned */
    const char *target_at; /* where it lies in the received head; for its address only */
    char *path;            /* owned */
    uint8_t *body;         /* owned; wiped */
    size_t body_len;
    size_t body_cap;
    int64_t taken;      /* bytes of body that came */
    void *stream_state; /* the stream's, while streaming */
    bool streaming;
    struct tls_peer peer;
    int64_t began_us;
    unsigned status;         /* of the reply that was queued; 0 before */
    struct http_reply reply; /* last, as its unused headers are not cleared */
};

/* The request line has arrived. */
struct exchange *exchange_new(const struct http_listen *listen, struct conn *conn,
                              struct MHD_Connection *mhd, const char *target);

/* Release; a stream that has not ended is abandoned. */
void exchange_free(struct exchange *ex);

/* Judge the head and choose the route; afterwards either req is whole or the reply is settled. */
void exchange_head(struct exchange *ex, const char *method, const char *version);

/* Take a piece of the body.  False: end the connection without a reply. */
bool exchange_body(struct exchange *ex, struct slice piece);

/* The body is complete: run the handler unless the reply is settled. */
void exchange_run(struct exchange *ex);

/* Bytes of the body that have not come. */
int64_t exchange_missing(const struct exchange *ex);

int64_t clock_mono_us(void);

#endif
