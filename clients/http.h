/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - requests to the broker: HTTPS by libcurl, and nothing looser than that.
 *
 * Certificates are always verified, TLS 1.3 only, http:// refused, no redirects, no proxy (whatever
 * the environment says), no cookies, no netrc; every wait has a deadline and a reply is at most
 * HTTP_BODY_MAX bytes.  One `struct http` holds one kept-alive connection and belongs to one thread.
 * http_global() must have been called once before. */
#ifndef CLIENTS_HTTP_H
#define CLIENTS_HTTP_H

#include <signal.h>

#include "clients/fault.h"

enum {
    HTTP_BODY_MAX = 1 << 20,
    HTTP_CONNECT_S = 10,
    HTTP_TOTAL_S = 30,
    HTTP_STALL_S = 60, /* an upload that moves no byte for so long is given up */
    HTTP_LINES = 8,
    HTTP_NONCE = 129,
    HTTP_CHALLENGE = 64,
    URL_MAX = 2048,
    SERVER_MAX = 256,
};

struct http;

struct http_conf {
    const char *ca;         /* PEM file; NULL: the system's roots */
    const char *cert, *key; /* PEM files; NULL: none */
    const volatile sig_atomic_t
        *stop; /* when it becomes non-zero requests are given up; may be NULL */
};

struct http_request {
    const char *method;
    const char *url;
    const char *line[HTTP_LINES]; /* "Name: value" */
    size_t lines;
    const char *content_type; /* NULL: no body */
    struct slice body;
};

/* Release with http_reply_done(), which wipes: replies carry tokens. */
struct http_reply {
    int status;
    uint8_t *body; /* owned */
    size_t len;
    json_t *json;                   /* owned; NULL when the body is no JSON */
    char nonce[HTTP_NONCE];         /* DPoP-Nonce; "" when absent */
    char challenge[HTTP_CHALLENGE]; /* Countersign-Challenge */
    int retry_after_s;
};

/* A body from a file, with what is told while it moves. */
struct http_upload {
    const struct http_request *head; /* its body is not used */
    int fd;                          /* read from its current place */
    int64_t size;                    /* bytes to send */
    void (*progress)(void *arg, int64_t sent, int64_t size);
    void *arg;
};

bool http_global(void);
void http_global_end(void);

enum err http_open(const struct http_conf *conf, struct http **out, struct fault *f) MUST_USE;
void http_close(struct http **h);
void http_reply_done(struct http_reply *r);

/* ERR_OK: some reply came, whatever its status.  ERR_UNABLE: none did (codes cannot_connect,
 * tls_untrusted, tls_client); ERR_LIMIT: it was too large. */
enum err http_send(struct http *h, const struct http_request *q, struct http_reply *out,
                   struct fault *f) MUST_USE;
enum err http_put(struct http *h, const struct http_upload *u, struct http_reply *out,
                  struct fault *f) MUST_USE;

/* https://host[:port][/path], no user, query or fragment; trailing slashes dropped. */
enum err server_check(const char *url, char dst[SERVER_MAX], struct fault *f) MUST_USE;

#endif
