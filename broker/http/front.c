/* SPDX-License-Identifier: Apache-2.0 */
/* front.c - opening, renewing and closing the listeners.
 *
 * One libmicrohttpd daemon per listener, one thread per connection, poll: its epoll mode with
 * TLS can be made to spin by eleven bytes (spec/reliability.md section 1).  Session tickets
 * stay off; TLS 1.3 unless the configuration allows 1.2. */
#include "broker/http/front.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "broker/http/tls.h"
#include "common/mem.h"

enum {
    /* Per connection: a head of HEAD_MAX and a reply's headers.  Half of it is a TLS record read
     * ahead.  libmicrohttpd clears all of it after each request. */
    POOL_BYTES = 40 * 1024,
    STACK_BYTES = 512 * 1024, /* handlers do public-key work; only pages that are touched count */
    FILES_SPARE = 128,        /* descriptors that are not connections */
};

static const char tls13[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:%NO_TICKETS";
/* 1.2 with forward secrecy and AEAD only. */
static const char tls12[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:"
                            "-AES-128-CBC:-AES-256-CBC:%NO_TICKETS";

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum err
address_of(const struct http_address *a, union address *out, struct why *why)
{
    *out = (union address){0};
    if (inet_pton(AF_INET, a->host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(a->port);
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, a->host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(a->port);
        return ERR_OK;
    }
    return why_add(why, ERR_MALFORMED, "listen: \"%s\" is not a numeric address", a->host);
}

/* A socket and perhaps an upload's file for each connection.  Without enough descriptors
 * libmicrohttpd would busy-wait in accept(). */
static enum err
files_ensure(const struct http_conf *conf, struct why *why)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)conf->connections_max * LISTENERS * 2 + FILES_SPARE;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return why_add(why, ERR_UNABLE, "limit of open files: %s", strerrordesc_np(errno));
    }
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < need) {
        limit.rlim_cur = need;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return why_add(why, ERR_UNABLE, "%u connections need %ju open files: raise the limit",
                           conf->connections_max, (uintmax_t)need);
        }
    }
    return ERR_OK;
}

/* Open one listener.  `anchors`: PEM of the client CA, or NULL; kept by libmicrohttpd. */
static enum err
listen_open(struct http_listen *l, const struct http_address *where, const char *anchors,
            struct why *why)
{
    const struct http_conf *conf = &l->front->conf;
    union address address;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_ITC | (l->tls ? MHD_USE_TLS : 0u);

    TRY(address_of(where, &address, why));
    if (address.any.sa_family == AF_INET6) {
        flags |= MHD_USE_IPv6;
    }
    errno = 0;
    /* What concerns TLS is ignored on the plain listener. */
    l->daemon = MHD_start_daemon(
        flags, where->port, serve_accept, l, serve_request, l, MHD_OPTION_SOCK_ADDR, &address.any,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT, conf->connections_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)STACK_BYTES, MHD_OPTION_NOTIFY_CONNECTION, serve_notify, l,
        MHD_OPTION_NOTIFY_COMPLETED, serve_completed, l, MHD_OPTION_URI_LOG_CALLBACK, serve_target,
        l, MHD_OPTION_HTTPS_PRIORITIES, conf->allow_tls12 ? tls12 : tls13,
        MHD_OPTION_HTTPS_CERT_CALLBACK2, tls_retrieve, MHD_OPTION_HTTPS_MEM_TRUST, anchors,
        MHD_OPTION_END);
    if (l->daemon == NULL) {
        return why_add(why, ERR_UNABLE, "cannot listen on %s port %u: %s", where->host,
                       (unsigned)where->port, errno == 0 ? "?" : strerrordesc_np(errno));
    }
    return ERR_OK;
}

static enum err
listeners_open(struct http_front *f, struct why *why)
{
    static const enum http_listener kind[LISTENERS] = {LISTEN_GUEST, LISTEN_ADMIN, LISTEN_LOCAL};
    enum err e = ERR_OK;

    for (size_t i = 0; i < LISTENERS && e == ERR_OK; i++) {
        struct http_listen *l = &f->listen[i];
        const char *anchors = kind[i] == LISTEN_ADMIN ? (const char *)f->anchors : NULL;
        l->front = f;
        l->kind = kind[i];
        l->tls = kind[i] != LISTEN_LOCAL;
        if (f->conf.listen[i].port != 0) {
            e = listen_open(l, &f->conf.listen[i], anchors, why);
        }
    }
    return e;
}

/* Stop accepting: connections are refused by the kernel from now on. */
static int
listen_quiesce(struct http_listen *l)
{
    int fd = l->daemon == NULL ? -1 : MHD_quiesce_daemon(l->daemon);

    if (fd >= 0) {
        (void)shutdown(fd, SHUT_RDWR);
    }
    return fd;
}

void
http_stop(struct http_front **front, int64_t deadline_s)
{
    struct http_front *f = *front;
    int fd[LISTENERS];

    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        fd[i] = listen_quiesce(&f->listen[i]);
    }
    conns_drain(&f->conns, clock_mono_ms() + deadline_s * 1000);
    for (size_t i = 0; i < LISTENERS; i++) {
        if (f->listen[i].daemon != NULL) {
            MHD_stop_daemon(f->listen[i].daemon);
        }
        if (fd[i] >= 0) {
            (void)close(fd[i]);
        }
    }
    conns_close(&f->conns);
    mem_free(f->anchors);
    mem_free(f);
    *front = NULL;
}

static bool
conf_ok(const struct http_conf *c)
{
    bool tls = c->listen[0].port != 0 || c->listen[1].port != 0;

    return c->connections_max > 0 && c->header_deadline_s > 0 && c->idle_s > 0 &&
           (!tls || (c->certificate_file != NULL && c->key_file != NULL)) &&
           (c->listen[1].port == 0 || c->client_ca_file != NULL);
}

/* A row that could never answer is our own mistake. */
static void
routes_check(const struct http_conf *c)
{
    for (size_t i = 0; i < c->routes_n; i++) {
        const struct route *r = &c->routes[i];
        assert(r->method != NULL && r->pattern != NULL && r->pattern[0] == '/');
        assert(r->deadline_s > 0);
        assert((r->body == BODY_STREAM) == (r->stream != NULL));
        assert((r->body == BODY_STREAM) == (r->run == NULL));
    }
}

/* What TLS needs, as far as a listener has it. */
static enum err
files_load(const struct http_conf *c, struct tls_identity **identity, uint8_t **anchors,
           struct why *why)
{
    if (c->listen[0].port == 0 && c->listen[1].port == 0) {
        return ERR_OK;
    }
    TRY(tls_identity_load(c->certificate_file, c->key_file, identity, why));
    return c->listen[1].port == 0 ? ERR_OK : tls_anchors_load(c->client_ca_file, anchors, why);
}

/* A front without listeners; takes over the identity. */
static enum err
front_new(const struct http_conf *conf, struct tls_identity **identity, struct http_front **out,
          struct why *why)
{
    struct http_front *f = mem_new(1, sizeof *f);
    enum err e = conns_open(&f->conns, conf->header_deadline_s, conf->idle_s, identity, why);

    if (e != ERR_OK) {
        mem_free(f);
        return e;
    }
    f->conf = *conf;
    *out = f;
    return ERR_OK;
}

enum err
http_start(const struct http_conf *conf, struct http_front **out, struct why *why)
{
    AUTO(tls_identity_free) struct tls_identity *identity = NULL;
    AUTO(mem_free_bytes) uint8_t *anchors = NULL;
    struct http_front *f = NULL;

    if (!conf_ok(conf)) {
        return why_add(why, ERR_MALFORMED,
                       "http: a limit, certificate, key or client CA is missing");
    }
    routes_check(conf);
    TRY(files_ensure(conf, why));
    TRY(files_load(conf, &identity, &anchors, why));
    TRY(front_new(conf, &identity, &f, why));
    f->anchors = anchors;
    anchors = NULL;
    *out = f; /* before the first request, whose handler may cut a connection */
    enum err e = listeners_open(f, why);
    if (e != ERR_OK) {
        http_stop(out, 0);
    }
    return e;
}

enum err
http_reload(struct http_front *front, const char *certificate_file, const char *key_file,
            struct why *why)
{
    AUTO(tls_identity_free) struct tls_identity *identity = NULL;

    TRY(tls_identity_load(certificate_file, key_file, &identity, why));
    conns_renew(&front->conns, &identity);
    return ERR_OK;
}

void
http_cut(struct http_front *front, const char *label)
{
    conns_cut(&front->conns, label);
}
