/* SPDX-License-Identifier: Apache-2.0 */
/* load_https.c - many guests over real TLS connections, for bench_https.py: measures the CPU time of the server's processes for each operation
 * beside the floor, which is the bare cryptography of that operation in OpenSSL's EVP (token_floor.h), measured in the same run.  A new
 * connection's handshake is not in its floor.
 *
 *   load_https MODE JOB.json       MODE: token | newconn | attest
 *
 * JOB: {"host","port","ca","issuer","connections","seconds","pids":[...],"key":PEM file,"ear",
 *       "tpm":{"key":PEM file,"message":hex,"offset","ak":base64url,"pcrs":{...},"policy"}} */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "attest/base/binding.h"
#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/sys.h"
#include "test/bench/token_floor.h"

enum {
    CONNECTIONS_MAX = 256,
    REPLY_MAX = 65536,
    SAMPLES_MAX = 200000,
    PIDS_MAX = 4,
    WARM_UP_S = 3
};

struct job {
    json_t *json;
    enum mode mode;
    const char *host, *issuer, *ear;
    int port;
    size_t connections;
    int64_t seconds;
    pid_t pids[PIDS_MAX];
    size_t pid_n;
    SSL_CTX *tls;
    struct jose_key key;
    EVP_PKEY *ak;
    uint8_t message[512];
    size_t message_len, offset;
    char *jwk, *pcrs;
    const char *ak_public, *policy;
};

struct worker {
    const struct job *job;
    pthread_t thread;
    SSL *ssl;
    char nonce[128], challenge[64];
    char reply[REPLY_MAX];
    const char *body;
    int status;
    uint64_t done, failed;
    float *ms; /* one for each operation */
};

/* CPU seconds of the server's processes, user and system. */
static double
server_cpu(const struct job *job)
{
    double total = 0;

    for (size_t i = 0; i < job->pid_n; i++) {
        char path[64];
        char text[1024] = "";
        FILE *f = NULL;

        (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)job->pids[i]);
        f = fopen(path, "r");
        if (f == NULL || fgets(text, sizeof text, f) == NULL) {
            die("a server process has gone");
        }
        (void)fclose(f);
        char *p = strrchr(text, ')');

        for (int field = 2; field < 14 && p != NULL; field++) {
            p = strchr(p + 1, ' ');
        }
        char *end = NULL;
        unsigned long user = strtoul(p != NULL ? p : "", &end, 10);

        total += (double)(user + strtoul(end, NULL, 10)) / (double)sysconf(_SC_CLK_TCK);
    }
    return total;
}

static void
connect_tls(struct worker *w)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)w->job->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    if (inet_pton(AF_INET, w->job->host, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        die("cannot connect");
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    w->ssl = SSL_new(w->job->tls);
    if (w->ssl == NULL || SSL_set_fd(w->ssl, fd) != 1 || SSL_connect(w->ssl) != 1) {
        die("TLS handshake failed");
    }
}

static void
disconnect(struct worker *w)
{
    int fd = SSL_get_fd(w->ssl);

    (void)SSL_shutdown(w->ssl);
    SSL_free(w->ssl);
    w->ssl = NULL;
    (void)close(fd);
}

/* A header's value, copied up to the end of its line. */
static void
take_header(const char *head, const char *name, char *dst, size_t cap)
{
    const char *at = strcasestr(head, name);
    size_t len = at != NULL ? strcspn(at + strlen(name), "\r\n") : 0;

    if (at != NULL && len < cap) {
        memcpy(dst, at + strlen(name), len);
        dst[len] = '\0';
    }
}

static void
read_reply(struct worker *w)
{
    size_t got = 0;
    char *end = NULL;

    while (end == NULL) {
        int n = SSL_read(w->ssl, w->reply + got, (int)(sizeof w->reply - 1 - got));

        if (n <= 0) {
            die("connection ended");
        }
        got += (size_t)n;
        w->reply[got] = '\0';
        end = strstr(w->reply, "\r\n\r\n");
    }
    const char *length = strcasestr(w->reply, "content-length:");
    size_t want = (size_t)(end + 4 - w->reply) + (length ? strtoul(length + 15, NULL, 10) : 0);

    while (got < want && want < sizeof w->reply) {
        int n = SSL_read(w->ssl, w->reply + got, (int)(want - got));

        if (n <= 0) {
            die("connection ended in a body");
        }
        got += (size_t)n;
    }
    w->reply[got] = '\0';
    *end = '\0';
    w->body = end + 4;
    w->status = atoi(w->reply + 9);
    take_header(w->reply, "dpop-nonce: ", w->nonce, sizeof w->nonce);
    take_header(w->reply, "countersign-challenge: ", w->challenge, sizeof w->challenge);
}

static void
send_request(struct worker *w, const char *path, const char *type, const char *body, bool proof)
{
    const struct job *job = w->job;
    AUTO(mem_free_text) char *dpop = NULL;
    struct why why = {0};
    char url[512];
    char *text = NULL;

    (void)snprintf(url, sizeof url, "%s%s", job->issuer, path);
    if (proof &&
        dpop_make(&job->key, "POST", url, w->nonce, NULL, clock_unix(), &dpop, &why) != ERR_OK) {
        die(why_text(&why));
    }
    int n =
        asprintf(&text,
                 "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                 "%s%s%s\r\n%s",
                 path, job->host, job->port, type, strlen(body), proof ? "DPoP: " : "",
                 proof ? dpop : "", proof ? "\r\n" : "", body);

    if (n < 0 || SSL_write(w->ssl, text, n) != n) {
        die("cannot send");
    }
    free(text);
    read_reply(w);
}

static void
ask_challenge(struct worker *w)
{
    send_request(w, "/v1/challenge", "application/json", "{}", false);
    const char *at = strstr(w->body, "\"challenge\":\"");

    if (w->status != 200 || at == NULL) {
        die("no challenge");
    }
    (void)snprintf(w->challenge, sizeof w->challenge, "%.43s", at + 13);
}

static void
do_token(struct worker *w)
{
    char body[6000];

    (void)snprintf(body, sizeof body,
                   "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Atoken-exchange"
                   "&subject_token_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Atoken-type%%3Ajwt"
                   "&scope=upload&subject_token=%s",
                   w->job->ear);
    send_request(w, "/token", "application/x-www-form-urlencoded", body, true);
}

/* A quote by the software TPM: the template with this challenge's binding in it, signed. */
static void
do_attest(struct worker *w)
{
    const struct job *job = w->job;
    uint8_t challenge[CHALLENGE_LEN], message[512], der[128], sig[128];
    char quote_text[700], sig_text[200];
    size_t len = 0, der_len = sizeof der;
    struct why why = {0};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    struct wr s = wr_init(sig, sizeof sig, "signature");
    char *body = NULL;

    memcpy(message, job->message, job->message_len);
    if (b64url_decode(slice_text(w->challenge), challenge, sizeof challenge, &len, &why) !=
            ERR_OK ||
        binding_make(EVIDENCE_TPM2, (struct slice){challenge, len}, job->key.jkt, (struct slice){0},
                     message + job->offset, &why) != ERR_OK ||
        EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, job->ak) != 1 ||
        EVP_DigestSign(md, der, &der_len, message, job->message_len) != 1) {
        die("cannot quote");
    }
    const uint8_t *at = der;
    ECDSA_SIG *ecdsa = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    uint8_t rs[64];

    (void)BN_bn2binpad(ECDSA_SIG_get0_r(ecdsa), rs, 32);
    (void)BN_bn2binpad(ECDSA_SIG_get0_s(ecdsa), rs + 32, 32);
    ECDSA_SIG_free(ecdsa);
    EVP_MD_CTX_free(md);
    wr_be16(&s, 0x0018);
    wr_be16(&s, 0x000b);
    wr_be16(&s, 32);
    wr_bytes(&s, (struct slice){rs, 32});
    wr_be16(&s, 32);
    wr_bytes(&s, (struct slice){rs + 32, 32});
    b64url_encode((struct slice){message, job->message_len}, quote_text);
    b64url_encode(wr_done(&s), sig_text);
    if (asprintf(
            &body,
            "{\"policy\":\"%s\",\"challenge\":\"%s\",\"key\":%s,\"evidence\":[{\"type\":\"tpm2\","
            "\"quote\":\"%s\",\"signature\":\"%s\",\"ak\":\"%s\",\"pcrs\":%s}]}",
            job->policy, w->challenge, job->jwk, quote_text, sig_text, job->ak_public,
            job->pcrs) < 0) {
        die("memory");
    }
    send_request(w, "/v1/attest", "application/json", body, true);
    free(body);
}

static void
operate(struct worker *w)
{
    switch (w->job->mode) {
    case MODE_TOKEN: do_token(w); break;
    case MODE_NEWCONN:
        connect_tls(w);
        do_token(w);
        disconnect(w);
        break;
    case MODE_ATTEST: /* challenge and attestation, as a guest at boot does */
        ask_challenge(w);
        do_attest(w);
        break;
    }
}

/* Pages are touched and caches filled once in the life of a server; the figures are about what comes after. */
static void *
warm_up(void *arg)
{
    struct worker *w = arg;
    double end = clock_s(CLOCK_MONOTONIC) + WARM_UP_S;

    while (clock_s(CLOCK_MONOTONIC) < end) {
        operate(w);
    }
    return NULL;
}

static void *
work(void *arg)
{
    struct worker *w = arg;
    double end = clock_s(CLOCK_MONOTONIC) + (double)w->job->seconds;

    while (clock_s(CLOCK_MONOTONIC) < end && w->done < SAMPLES_MAX) {
        double start = clock_s(CLOCK_MONOTONIC);

        operate(w);
        w->ms[w->done++] = (float)((clock_s(CLOCK_MONOTONIC) - start) * 1e3);
        if (w->status != 200) {
            w->failed++;
            if (w->failed == 1) {
                (void)fprintf(stderr, "load_https: %d %.300s\n", w->status, w->body);
            }
        }
    }
    return NULL;
}

static int
by_value(const void *a, const void *b)
{
    const float *x = a;
    const float *y = b;

    return (*x > *y) - (*x < *y);
}

static void
report(const struct job *job, struct worker *workers, double cpu_s, double wall_s)
{
    static const char *const NAMES[] = {"token.keepalive", "token.newconn", "attest.https"};
    static const char *const FLOORS[] = {"token.line.records.openssl", "token.line.records.openssl",
                                         "attest.line.records.openssl"};
    uint64_t done = 0, failed = 0;
    float *all = NULL;
    size_t n = 0;

    for (size_t i = 0; i < job->connections; i++) {
        done += workers[i].done;
        failed += workers[i].failed;
    }
    all = mem_new(done + 1, sizeof *all);
    for (size_t i = 0; i < job->connections; i++) {
        memcpy(all + n, workers[i].ms, workers[i].done * sizeof *all);
        n += workers[i].done;
    }
    qsort(all, n, sizeof *all, by_value);
    double cpu_us = done > 0 ? cpu_s * 1e6 / (double)done : 0;
    double floor = floor_us(job->mode);

    (void)printf(
        "{\"bench\": \"%s\", \"connections\": %zu, \"per_s\": %.0f, \"wall_per_s\": %.0f, "
        "\"cpu_us\": %.1f, \"floor\": \"%s\", \"floor_per_s\": %.0f, \"floor_cpu_us\": %.1f, "
        "\"ratio\": %.2f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"failed\": %llu}\n",
        NAMES[job->mode], job->connections, 1e6 / cpu_us, (double)done / wall_s, cpu_us,
        FLOORS[job->mode], 1e6 / floor, floor, cpu_us / floor, (double)all[n / 2],
        (double)all[n * 99 / 100], (unsigned long long)failed);
    mem_free(all);
    if (failed > 0 || done == 0) {
        die("operations failed");
    }
}

static EVP_PKEY *
read_key(const char *path)
{
    FILE *f = fopen(path, "r");
    EVP_PKEY *k = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;

    if (k == NULL) {
        die(path);
    }
    (void)fclose(f);
    return k;
}

static const char *
text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s != NULL ? s : "";
}

static void
read_tpm(struct job *job, const json_t *tpm)
{
    struct why why = {0};

    job->ak = read_key(text_of(tpm, "key"));
    job->ak_public = text_of(tpm, "ak");
    job->policy = text_of(tpm, "policy");
    job->pcrs = json_text(json_object_get(tpm, "pcrs"));
    job->offset = (size_t)json_integer_value(json_object_get(tpm, "offset"));
    if (hex_decode(slice_text(text_of(tpm, "message")), job->message, sizeof job->message,
                   &job->message_len, &why) != ERR_OK ||
        job->offset + BINDING_LEN > job->message_len) {
        die("tpm.message");
    }
}

static void
read_job(struct job *job, const char *mode, const char *path)
{
    AUTO(mem_free_bytes) uint8_t *text = NULL;
    AUTO(mem_free_bytes) uint8_t *pem = NULL;
    size_t len = 0, pem_len = 0;
    struct why why = {0};

    if (file_read(path, 1 << 20, &text, &len, &why) != ERR_OK ||
        json_read((struct slice){text, len}, &job->json, &why) != ERR_OK ||
        file_read(text_of(job->json, "key"), 1 << 16, &pem, &pem_len, &why) != ERR_OK ||
        jose_key_pem((struct slice){pem, pem_len}, &job->key, &why) != ERR_OK) {
        die(why_text(&why));
    }
    job->mode = strcmp(mode, "attest") == 0    ? MODE_ATTEST
                : strcmp(mode, "newconn") == 0 ? MODE_NEWCONN
                                               : MODE_TOKEN;
    job->host = text_of(job->json, "host");
    job->issuer = text_of(job->json, "issuer");
    job->ear = text_of(job->json, "ear");
    job->port = (int)json_integer_value(json_object_get(job->json, "port"));
    job->connections = (size_t)json_integer_value(json_object_get(job->json, "connections"));
    job->seconds = json_integer_value(json_object_get(job->json, "seconds"));
    const json_t *pids = json_object_get(job->json, "pids");

    for (size_t i = 0; i < json_array_size(pids) && job->pid_n < PIDS_MAX; i++) {
        job->pids[job->pid_n++] = (pid_t)json_integer_value(json_array_get(pids, i));
    }
    json_t *jwk = jose_key_jwk(&job->key);

    job->jwk = json_text(jwk);
    json_decref(jwk);
    read_tpm(job, json_object_get(job->json, "tpm"));
    job->tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(job->tls, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_min_proto_version(job->tls, TLS1_3_VERSION);
    if (SSL_CTX_load_verify_locations(job->tls, text_of(job->json, "ca"), NULL) != 1 ||
        job->connections < 1 || job->connections > CONNECTIONS_MAX || job->seconds < 1) {
        die("job");
    }
}

static void
run_all(const struct job *job, struct worker *workers, void *(*run)(void *))
{
    for (size_t i = 0; i < job->connections; i++) {
        (void)pthread_create(&workers[i].thread, NULL, run, &workers[i]);
    }
    for (size_t i = 0; i < job->connections; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
}

int
main(int argc, char **argv)
{
    struct job job = {0};

    if (argc != 3) {
        die("usage: load_https token|newconn|attest JOB.json");
    }
    read_job(&job, argv[1], argv[2]);
    struct worker *workers = mem_new(job.connections, sizeof *workers);

    for (size_t i = 0; i < job.connections; i++) {
        workers[i].job = &job;
        workers[i].ms = mem_new(SAMPLES_MAX, sizeof(float));
        connect_tls(&workers[i]);
        ask_challenge(&workers[i]);
        if (job.mode == MODE_NEWCONN) {
            disconnect(&workers[i]);
        }
    }
    run_all(&job, workers, warm_up);
    double cpu = server_cpu(&job);
    double wall = clock_s(CLOCK_MONOTONIC);

    run_all(&job, workers, work);
    wall = clock_s(CLOCK_MONOTONIC) - wall;
    report(&job, workers, server_cpu(&job) - cpu, wall);
    return 0;
}
