/* SPDX-License-Identifier: Apache-2.0 */
/* http_get.h - one GET to a server of a vendor, by libcurl, and nothing looser than that.
 *
 * Certificates are verified, no redirect is followed, no proxy, cookie or netrc is looked at, whatever the environment says; http:// goes to
 * loopback addresses only.  The whole takes at most timeout_s, a server that dribbles is left sooner, and a body ends at its cap.
 * One `struct http_get` belongs to one thread. */
#ifndef BROKER_CLOUD_HTTP_GET_H
#define BROKER_CLOUD_HTTP_GET_H

#include <stdatomic.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum { HTTP_GET_URL = 640, HTTP_GET_HEADER_MAX = 32 * 1024 };

struct http_get;

struct http_get_conf {
    const char *ca_file; /* PEM; "": the system's roots */
    int64_t timeout_s;
    const atomic_bool *stop; /* when it becomes true a transfer is given up */
};

struct http_get_reply {
    long status;
    int64_t retry_after_s; /* 0 when absent */
    size_t len;            /* bytes of the caller's buffer in use */
};

/* https://HOST[:PORT][/PATH] without a trailing slash, or http:// with a numeric loopback address.  ERR_MALFORMED says what is wrong. */
enum err http_get_base_check(const char *url, struct why *why) MUST_USE;

/* Not thread-safe; before the process's second thread that uses libcurl or OpenSSL.  conf is copied, `stop` borrowed. */
enum err http_get_open(const struct http_get_conf *conf, struct http_get **out,
                       struct why *why) MUST_USE;
void http_get_close(struct http_get **g);

/* ERR_OK: a reply came, whatever its status.  ERR_LIMIT: a body larger than cap.  ERR_UNABLE: none came in time, in libcurl's words. */
enum err http_get(struct http_get *g, const char *url, uint8_t *body, size_t cap,
                  struct http_get_reply *out, struct why *why) MUST_USE;

/* A header of the last reply by its name, in any letter case; the value is the library's until the next http_get().  Empty when it has none.
 * ERR_MALFORMED: it has more than one; ERR_LIMIT: longer than HTTP_GET_HEADER_MAX. */
enum err http_get_header(struct http_get *g, const char *name, struct slice *out,
                         struct why *why) MUST_USE;

#endif
