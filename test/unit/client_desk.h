/* SPDX-License-Identifier: Apache-2.0 */
/* client_desk.h - an HTTPS server that plays a script, for tests of what the guest sends and how it
 * takes what comes back.  One thread, one connection at a time, one request per connection; the
 * certificate is made when it starts and is its own root. */
#ifndef TEST_UNIT_CLIENT_DESK_H
#define TEST_UNIT_CLIENT_DESK_H

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DESK_ROWS = 12, DESK_REQUEST = 65536, DESK_HEAD = 512 };

struct desk_reply {
    int status;
    const char *header; /* whole lines with \r\n, or "" */
    const char *body;
    size_t padding; /* bytes of blanks after the body */
};

struct desk {
    const struct desk_reply *script;
    size_t script_n;
    gnutls_certificate_credentials_t tls;
    const char *versions; /* priority string */
    int listener;
    pthread_t thread;
    char ca[64];  /* file with the certificate */
    char url[64]; /* https://127.0.0.1:PORT */
    size_t served;
    char *request[DESK_ROWS]; /* owned; head and body as they came */
};

static X509 *
desk_certificate(EVP_PKEY *key, const char *address)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    X509_EXTENSION *e = NULL;
    char san[64];

    (void)snprintf(san, sizeof san, "IP:%s", address);
    (void)X509_set_version(x, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(x), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"desk", -1,
                                     -1, 0);
    (void)X509_set_issuer_name(x, name);
    (void)X509_set_pubkey(x, key);
    e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    (void)X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    (void)X509_sign(x, key, EVP_sha256());
    return x;
}

/* One file for both; the client looks at the certificate only. */
static void
desk_identity(struct desk *d, const char *address)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = desk_certificate(key, address);
    FILE *f = NULL;

    (void)snprintf(d->ca, sizeof d->ca, "/tmp/countersign-desk-XXXXXX");
    f = fdopen(mkstemp(d->ca), "w");
    (void)PEM_write_X509(f, x);
    (void)PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    (void)fclose(f);
    (void)gnutls_certificate_allocate_credentials(&d->tls);
    (void)gnutls_certificate_set_x509_key_file(d->tls, d->ca, d->ca, GNUTLS_X509_FMT_PEM);
    X509_free(x);
    EVP_PKEY_free(key);
}

/* Bytes of the body that the head announces. */
static size_t
desk_length(const char *request)
{
    const char *at = strcasestr(request, "\r\nContent-Length:");

    return at != NULL ? (size_t)strtoul(at + 17, NULL, 10) : 0;
}

static char *
desk_take(gnutls_session_t s)
{
    char *buf = calloc(DESK_REQUEST, 1);
    size_t len = 0;
    const char *end = NULL;

    while (len + 1 < DESK_REQUEST &&
           (end == NULL || len < (size_t)(end - buf) + 4 + desk_length(buf))) {
        ssize_t n = gnutls_record_recv(s, buf + len, DESK_REQUEST - 1 - len);

        if (n <= 0) {
            break;
        }
        len += (size_t)n;
        end = strstr(buf, "\r\n\r\n");
    }
    return buf;
}

static void
desk_give(gnutls_session_t s, const struct desk_reply *r)
{
    static const char blanks[4096] = {0};
    char head[DESK_HEAD];
    size_t body = strlen(r->body);
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n",
                     r->status, body + r->padding, r->header);

    (void)gnutls_record_send(s, head, (size_t)n);
    if (body > 0) {
        (void)gnutls_record_send(s, r->body, body);
    }
    for (size_t left = r->padding; left > 0;) {
        size_t part = left < sizeof blanks ? left : sizeof blanks;

        if (gnutls_record_send(s, blanks, part) <= 0) {
            return;
        }
        left -= part;
    }
}

static void
desk_serve(struct desk *d, int fd)
{
    gnutls_session_t s = NULL;

    (void)gnutls_init(&s, GNUTLS_SERVER);
    (void)gnutls_priority_set_direct(s, d->versions, NULL);
    (void)gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, d->tls);
    gnutls_transport_set_int(s, fd);
    gnutls_handshake_set_timeout(s, 5000);
    if (gnutls_handshake(s) == GNUTLS_E_SUCCESS) {
        char *request = desk_take(s);

        if (request[0] == '\0' || d->served >= d->script_n || d->served >= DESK_ROWS) {
            free(request);
        } else {
            d->request[d->served] = request;
            desk_give(s, &d->script[d->served]);
            d->served++;
        }
        (void)gnutls_bye(s, GNUTLS_SHUT_WR);
    }
    gnutls_deinit(s);
}

static void *
desk_run(void *arg)
{
    struct desk *d = arg;

    for (;;) {
        const struct timeval patience = {.tv_sec = 5};
        int fd = accept(d->listener, NULL, NULL);

        if (fd < 0) {
            return NULL; /* desk_close() shut the listener */
        }
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        desk_serve(d, fd);
        (void)close(fd);
    }
}

#define DESK_TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define DESK_TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/* address: the name in the certificate; the server is at 127.0.0.1. */
static void
desk_open(struct desk *d, const struct desk_reply *script, size_t n, const char *address,
          const char *tls)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    *d = (struct desk){.script = script, .script_n = n, .versions = tls};
    desk_identity(d, address);
    d->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)bind(d->listener, (const struct sockaddr *)&at, sizeof at);
    (void)listen(d->listener, 8);
    (void)getsockname(d->listener, (struct sockaddr *)&at, &len);
    (void)snprintf(d->url, sizeof d->url, "https://127.0.0.1:%u", ntohs(at.sin_port));
    (void)pthread_create(&d->thread, NULL, desk_run, d);
}

/* After this `served` and `request` stand still.  Again is harmless. */
static void
desk_close(struct desk *d)
{
    if (d->listener >= 0) {
        (void)shutdown(d->listener, SHUT_RDWR);
        (void)pthread_join(d->thread, NULL);
        (void)close(d->listener);
        d->listener = -1;
    }
}

static void
desk_free(struct desk *d)
{
    desk_close(d);
    for (size_t i = 0; i < DESK_ROWS; i++) {
        free(d->request[i]);
    }
    (void)unlink(d->ca);
    gnutls_certificate_free_credentials(d->tls);
}

#endif
