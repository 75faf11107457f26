/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - the callbacks of libmicrohttpd: when what happens on a connection.
 *
 * All but serve_accept() and serve_notify() run on the connection's own thread. libmicrohttpd
 * calls serve_request() first with the head alone, then with pieces of the body, then once
 * more at its end.  A reply queued in the first call makes it drop the body unread and close,
 * which is what a refusal wants; a reply to a request without a body therefore waits for the
 * last call, so that the connection lives on. */
#include <assert.h>
#include <poll.h>
#include <string.h>

#include "attest/base/sec.h"
#include "broker/http/exchange.h"
#include "common/mem.h"

enum {
    LINGER_MS = 1000,      /* longest time to read on after a refusal whose body was not read */
    LINGER_QUIET_MS = 200, /* ... and the longest silence in it */
};

enum MHD_Result
serve_accept(void *cls, const struct sockaddr *address, socklen_t len)
{
    const struct http_listen *l = cls;
    unsigned most = l->front->conf.per_address_max;
    (void)len;

    /* The listener's one thread accepts and adds: nothing comes between count and conn_add(). */
    return most == 0 || conns_from(&l->front->conns, l->kind, address) < most ? MHD_YES : MHD_NO;
}

void
serve_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
             enum MHD_ConnectionNotificationCode code)
{
    const struct http_listen *l = cls;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        conn_remove(*socket_context);
        *socket_context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct conn *c = conn_add(&l->front->conns, l->kind, fd->connect_fd, address->client_addr);

    *socket_context = c;
    if (l->tls) {
        const union MHD_ConnectionInfo *tls =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        gnutls_session_set_ptr(tls->tls_session, c); /* for tls_retrieve() */
        out_attach(tls->tls_session, &c->out);
    }
}

void *
serve_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    const struct http_listen *l = cls;
    const union MHD_ConnectionInfo *context =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct conn *c = context->socket_context;

    conn_begin(c);
    return exchange_new(l, c, mhd, target == NULL ? "" : target);
}

static void
add_header(struct MHD_Response *r, const char *name, const char *value)
{
    enum MHD_Result added = MHD_add_response_header(r, name, value);

    assert(added == MHD_YES); /* names are ours, and http_set() bounds values */
    (void)added;
}

/* Headers of the handler, and those that every reply has. */
static void
add_headers(const struct exchange *ex, struct MHD_Response *r)
{
    const struct http_reply *reply = &ex->reply;
    bool cache = false;

    for (size_t i = 0; i < reply->header_n; i++) {
        add_header(r, reply->header[i].name, reply->header[i].value);
        cache = cache || strcmp(reply->header[i].name, "Cache-Control") == 0;
    }
    if (!cache) {
        add_header(r, "Cache-Control", "no-store");
    }
    if (reply->content_type != NULL) {
        add_header(r, "Content-Type", reply->content_type);
    }
    add_header(r, "X-Content-Type-Options", "nosniff");
    if (reply->close || conn_is_last(ex->conn)) {
        add_header(r, "Connection", "close");
    }
}

/* Bodies are texts (http_body), and may hold a credential. */
static void
wipe(void *body)
{
    sec_zero(body, strlen(body));
    mem_free(body);
}

/* Whether libmicrohttpd will send a body after the head.  Where no head was believed the method may have been HEAD. */
static bool
has_body(const struct exchange *ex)
{
    return ex->listen->tls && ex->reply.body_len > 0 && ex->req.route != NULL &&
           strcmp(ex->req.method, "HEAD") != 0;
}

/* Queue the settled reply; its body now belongs to libmicrohttpd. */
static enum MHD_Result
send_reply(struct exchange *ex)
{
    struct http_reply *reply = &ex->reply;
    char *body = reply->body;
    struct MHD_Response *r =
        body == NULL
            ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
            : MHD_create_response_from_buffer_with_free_callback(reply->body_len, body, wipe);

    assert(r != NULL);
    if (has_body(ex)) {
        out_hold(&ex->conn->out);
    }
    reply->body = NULL;
    add_headers(ex, r);
    ex->stage = STAGE_REPLIED;
    ex->status = reply->status;
    enum MHD_Result queued = MHD_queue_response(ex->mhd, reply->status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result
first_call(struct exchange *ex, const char *method, const char *version)
{
    ex->stage = STAGE_BODY;
    exchange_head(ex, method, version);
    if (!ex->settled) {
        return MHD_YES;
    }
    if (ex->req.route == NULL) {
        /* Time to send the refusal, however late the head came. */
        int64_t most_s = 2 * ex->listen->front->conf.header_deadline_s;
        conn_until(ex->conn, ex->began_us / 1000 + most_s * 1000);
    }
    return ex->reply.close || exchange_missing(ex) > 0 ? send_reply(ex) : MHD_YES;
}

/* NOLINTBEGIN(readability-function-size): eight parameters are the library's signature. */
enum MHD_Result
serve_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
              const char *version, const char *data, size_t *data_len, void **request_context)
/* NOLINTEND(readability-function-size) */
{
    struct exchange *ex = *request_context;
    (void)cls;
    (void)mhd;
    (void)url; /* decoded; the gate works on the raw target */

    bool alive = ex->stage == STAGE_HEAD ? conn_run(ex->conn) : conn_alive(ex->conn);
    if (!alive) {
        return MHD_NO; /* cut, or too late: bytes that are here already must not run either */
    }
    if (ex->stage == STAGE_HEAD) {
        return first_call(ex, method, version);
    }
    if (*data_len > 0) {
        struct slice piece = {(const uint8_t *)data, *data_len};
        *data_len = 0;
        return exchange_body(ex, piece) ? MHD_YES : MHD_NO;
    }
    if (exchange_missing(ex) > 0) {
        return MHD_NO;
    }
    exchange_run(ex);
    return conn_alive(ex->conn) ? send_reply(ex) : MHD_NO;
}

/* Closing a socket with unread bytes resets it, and the other side may lose the reply that
 * explains why.  So read on for a moment. */
static void
linger(const struct exchange *ex)
{
    int64_t until = clock_mono_ms() + LINGER_MS;
    uint8_t scrap[16384];
    ssize_t got = 1;

    conn_until(ex->conn, until + LINGER_QUIET_MS);
    while (got > 0 && clock_mono_ms() < until) {
        struct pollfd p = {.fd = ex->conn->fd, .events = POLLIN};
        got = poll(&p, 1, LINGER_QUIET_MS) > 0
                  ? recv(ex->conn->fd, scrap, sizeof scrap, MSG_DONTWAIT)
                  : 0;
    }
}

static unsigned
final_status(const struct exchange *ex, enum MHD_RequestTerminationCode code)
{
    if (ex->status != 0) {
        return ex->status;
    }
    /* libmicrohttpd may have answered a broken head itself. */
    const union MHD_ConnectionInfo *status =
        MHD_get_connection_info(ex->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    (void)code;
    return status == NULL ? 0 : status->http_status;
}

void
serve_completed(void *cls, struct MHD_Connection *mhd, void **request_context,
                enum MHD_RequestTerminationCode code)
{
    const struct http_listen *l = cls;
    struct exchange *ex = *request_context;
    struct conn *c = ex->conn;
    (void)mhd;

    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        out_end(&c->out);
    }
    if (ex->stage == STAGE_REPLIED && exchange_missing(ex) > 0 && conn_alive(c)) {
        linger(ex);
    }
    if (l->front->conf.done != NULL) {
        l->front->conf.done(l->front->conf.app, &ex->req, final_status(ex, code),
                            clock_mono_us() - ex->began_us);
    }
    exchange_free(ex);
    *request_context = NULL;
    conn_end(c);
}
