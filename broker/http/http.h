/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - bytes to requests, replies to bytes; all that the rest needs to serve HTTPS.
 *
 * Behind it: libmicrohttpd with GnuTLS, one thread per connection, behind a strict gate
 * (spec/reliability.md sections 1 and 7): the exact framing of the head, no chunked, no '%' in the
 * raw target, one absolute deadline per request, limits per address and in total, explicit
 * client-certificate verification.  Handlers run on the connection's thread and may block. */
#ifndef BROKER_HTTP_HTTP_H
#define BROKER_HTTP_HTTP_H

#include "attest/base/err.h"
#include "attest/base/slice.h"
#include "common/sys.h"

enum http_listener { LISTEN_GUEST = 1, LISTEN_ADMIN = 2, LISTEN_LOCAL = 4 };

enum http_body {
    BODY_NONE = 0, /* a body is refused */
    BODY_JSON,     /* application/json */
    BODY_FORM,     /* application/x-www-form-urlencoded */
    BODY_JOSE,     /* application/jose */
    BODY_STREAM,   /* any type; handed on piece by piece, never held whole */
};

enum { HTTP_PARAMS = 3, HTTP_REPLY_HEADERS = 12, HTTP_VALUE_MAX = 1024 };

struct http_request;
struct http_reply;

/* A body that is taken while it arrives.
 * open may refuse (any error: the reply is already filled) before one byte is read; then it keeps
 * no state.  write may refuse likewise; then abandon is called, and the reply is sent if at most
 * 8 MiB of the body are missing, else the connection is cut.  end and abandon free the state;
 * exactly one of them is called after an open that succeeded. */
struct http_stream {
    enum err (*open)(struct http_request *req, void **state, struct http_reply *out);
    enum err (*write)(void *state, struct slice chunk, struct http_reply *out);
    void (*end)(void *state, struct http_request *req, struct http_reply *out);
    void (*abandon)(void *state);
};

/* One row of the table of routes. */
struct route {
    const char *method;
    const char *pattern; /* "/v1/uploads/{id}/commit"; a {segment} takes [A-Za-z0-9._-]{1,63} */
    unsigned listeners;  /* bits of enum http_listener */
    unsigned auth;       /* meaning belongs to broker/api */
    unsigned roles;      /* LISTEN_ADMIN: any of these roles; meaning belongs to broker/api */
    enum http_body body;
    size_t body_max;    /* bytes */
    int64_t deadline_s; /* for the whole request, from its request line to its reply's last byte */
    void (*run)(struct http_request *req, struct http_reply *out); /* NULL for BODY_STREAM */
    const struct http_stream *stream;
    const char *schema; /* JSON schema in schema/json, or NULL */
};

struct http_request {
    const struct route *route;
    void *app; /* what http_conf.app was */
    const char *method;
    const char *path;                     /* without query */
    struct slice param[HTTP_PARAMS];      /* the {segments}, in order */
    char param_text[HTTP_PARAMS][ID_MAX]; /* the same, NUL-terminated */
    struct slice query;                   /* after '?', raw; empty when absent */
    struct slice body;
    int64_t content_length;     /* -1 when absent */
    char peer[46];              /* address of the other side */
    bool has_certificate;       /* verified against client_ca: chain, dates, purpose */
    uint8_t peer_spki[32];      /* SHA-256 of the certificate's SubjectPublicKeyInfo */
    struct slice peer_spki_der; /* the SubjectPublicKeyInfo itself; borrowed */
    void *conn;                 /* private to http/ */
};

struct http_reply {
    unsigned status;
    const char *content_type; /* static; NULL for an empty body */
    char *body;               /* owned by http/ after the handler returns; mem_free */
    size_t body_len;
    bool close; /* end the connection after this reply */
    size_t header_n;
    struct {
        const char *name; /* static */
        char value[HTTP_VALUE_MAX];
    } header[HTTP_REPLY_HEADERS];
};

/* Value of a request header; NULL when absent.  *count (may be NULL) gets the number of field
 * lines of that name. */
const char *http_header(const struct http_request *req, const char *name, size_t *count);

/* Append a reply header; too many or too long is our own mistake (assert).  Unless they are
 * set here, every reply says Cache-Control: no-store; Content-Length, Date,
 * X-Content-Type-Options and Connection are http/'s. */
void http_set(struct http_reply *out, const char *name, const char *value);

/* Take over a NUL-terminated body (of mem_text() or the like), or NULL for none. */
void http_body(struct http_reply *out, unsigned status, const char *content_type, char *body);

/* application/problem+json (RFC 9457): type "urn:countersign:error:CODE", title, status, code,
 * detail. `code` is stable.  429 and 503 get a Retry-After.  A detail that is not UTF-8 or far
 * too long is left out; NULL is none. */
void http_problem(struct http_reply *out, unsigned status, const char *code, const char *detail);

unsigned http_status(enum err e);

/* What the other side may know of the cause: the innermost link of `why` (may be NULL), but for
 * trouble of ours, which is nobody else's business.  Borrowed from `why`, or static. */
const char *http_detail(enum err e, const struct why *why);

/* Status and default code of an error of ours: MALFORMED 400 bad_request, LIMIT 413 too_large,
 * UNAUTHENTICATED 401, DENIED 403, NOT_FOUND 404, CONFLICT 409, GONE 410 (codes of those
 * names), BUSY 429 busy, UNABLE/NOMEM/IO 503 unable, BUG 500 internal.  The
 * detail is http_detail()'s. */
void http_error(struct http_reply *out, enum err e, const struct why *why);

/* Give the connection a label (a sandbox id) until this request ends.  Set it before checking that
 * the sandbox lives: then a teardown that the check did not see finds the label. */
void http_label(struct http_request *req, const char *label);

struct http_front;

struct http_address {
    char host[64]; /* numeric address */
    uint16_t port;
};

struct http_conf {
    struct http_address listen[3]; /* guest, admin, local; port 0: not opened */
    const char *certificate_file;  /* PEM chain, guest and admin */
    const char *key_file;
    const char *client_ca_file; /* PEM; admin listener */
    bool allow_tls12;
    unsigned connections_max;  /* in total, per listener; more are closed at once */
    unsigned per_address_max;  /* per listener; one IPv4 address or IPv6 /64; 0: no limit */
    int64_t header_deadline_s; /* handshake and head of a request */
    int64_t idle_s;            /* between requests of one connection */
    const struct route *routes;
    size_t routes_n;
    void *app;
    /* Called once per request at its end, on its thread; for the log line and metrics.
     * req->route is NULL when none was chosen; method and path are "-" when the head was not
     * believed; status is 0 when the connection ended before a reply. */
    void (*done)(void *app, const struct http_request *req, unsigned status, int64_t micros);
};

/* Open the listeners.  Routes and app are borrowed until http_stop(); files are read now.
 * Raises the soft limit of open files when connections_max needs it.  ERR_MALFORMED:
 * configuration or a file in it; ERR_UNABLE: an address cannot be opened.  *out is set before the
 * first handler runs, and NULL again after a failure. */
enum err http_start(const struct http_conf *conf, struct http_front **out,
                    struct why *why) MUST_USE;

/* Stop accepting, let running requests end for at most deadline_s seconds, then shut them.
 * Returns when all their threads have ended; NULL is fine. */
void http_stop(struct http_front **front, int64_t deadline_s);

/* Replace certificate and key for new connections; open ones go on with the old.  On failure
 * nothing has changed. */
enum err http_reload(struct http_front *front, const char *certificate_file, const char *key_file,
                     struct why *why) MUST_USE;

/* Shut every connection that has the label; nothing more of what they sent reaches a handler,
 * and an upload's stream is abandoned.  The calling request's own connection closes after its
 * reply instead. Returns after they are shut, not after their threads ended. */
void http_cut(struct http_front *front, const char *label);

#endif
