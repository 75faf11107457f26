/* SPDX-License-Identifier: Apache-2.0 */
/* upload_put.c - see upload_put.h. */
#include "clients/upload_put.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/base/text.h"
#include "clients/lib/agent_wire.h"
#include "clients/session.h"
#include "common/mem.h"

enum { READ_CHUNK = 65536, TELL_EVERY_MS = 200, LINE_LEN = 1024 };

struct lines {
    char *text[HTTP_LINES];
    size_t n;
};

/* When and how far the last line of progress was. */
struct progress {
    bool terminal;
    int64_t start_ms, last_ms;
    int64_t told; /* bytes */
};

void
upload_file_done(struct upload_file *u)
{
    fd_close(&u->fd);
}

static void
digest_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static enum err
hash_file(struct upload_file *u, struct fault *f)
{
    EVP_MD_CTX *c AUTO(digest_free) = EVP_MD_CTX_new();
    uint8_t *chunk AUTO(mem_free_bytes) = mem_new(READ_CHUNK, 1);
    uint8_t digest[SHA256_LEN];
    int64_t all = 0;
    ssize_t n = 1;

    if (c == NULL || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
        return fault_add(f, ERR_UNABLE, "hash", "SHA-256 is not there");
    }
    while (n > 0) {
        n = read(u->fd, chunk, READ_CHUNK);
        if (n < 0 || EVP_DigestUpdate(c, chunk, (size_t)(n > 0 ? n : 0)) != 1) {
            return fault_add(f, ERR_IO, "file", "reading %s: %s", u->path, strerrordesc_np(errno));
        }
        all += n;
    }
    if (all != u->size || EVP_DigestFinal_ex(c, digest, NULL) != 1 || lseek(u->fd, 0, SEEK_SET)) {
        return fault_add(f, ERR_CONFLICT, "file_changed", "%s changed while it was read", u->path);
    }
    hex_encode((struct slice){digest, sizeof digest}, u->sha256);
    return ERR_OK;
}

enum err
upload_file_open(const char *path, struct upload_file *out, struct fault *f)
{
    struct upload_file u AUTO(upload_file_done) = {.path = path, .fd = -1};
    struct stat st;

    u.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (u.fd < 0 || fstat(u.fd, &st) != 0) {
        return fault_add(f, ERR_NOT_FOUND, "file", "%s: %s", path, strerrordesc_np(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return fault_add(f, ERR_MALFORMED, "file", "%s is not a regular file", path);
    }
    u.size = st.st_size;
    TRY(hash_file(&u, f));
    *out = u;
    u.fd = -1;
    return ERR_OK;
}

static void
lines_done(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++) {
        mem_free_text(&l->text[i]);
    }
}

/* The header lines of the grant; the length is libcurl's own business. */
static enum err
lines_make(json_t *headers, struct lines *out, struct fault *f)
{
    const char *name = NULL;
    const json_t *value = NULL;

    json_object_foreach(headers, name, value)
    {
        char line[LINE_LEN];
        int n = 0;

        if (strcasecmp(name, "content-length") == 0) {
            continue;
        }
        n = snprintf(line, sizeof line, "%s: %s", name,
                     json_is_string(value) ? json_string_value(value) : "");
        if (n < 0 || (size_t)n >= sizeof line || out->n >= HTTP_LINES || !json_is_string(value)) {
            return fault_add(f, ERR_UNABLE, "reply", "the upload's headers are not usable");
        }
        out->text[out->n++] = mem_text(slice_text(line));
    }
    return ERR_OK;
}

static void
lines_borrow(const struct lines *l, struct http_request *q)
{
    for (size_t i = 0; i < l->n; i++) {
        q->line[q->lines++] = l->text[i];
    }
}

static void
show_progress(void *arg, int64_t sent, int64_t size)
{
    struct progress *p = arg;
    int64_t now = clock_mono_ms();
    int64_t took = now - p->start_ms;

    if (!p->terminal || sent == p->told || (sent < size && now - p->last_ms < TELL_EVERY_MS)) {
        return;
    }
    p->last_ms = now;
    p->told = sent;
    (void)fprintf(stderr, "\r%3d %%  %.1f of %.1f MiB  %.1f MiB/s ",
                  size > 0 ? (int)(sent * 100 / size) : 100, (double)sent / 1048576.0,
                  (double)size / 1048576.0,
                  took > 0 ? (double)sent / 1048.576 / (double)took : 0.0);
}

/* A store that is ours says what it has; it must be what we sent. */
static enum err
judge(const struct upload_file *u, const struct http_reply *r, struct fault *f)
{
    const char *got = json_string_value(json_object_get(r->json, "sha256"));

    if (r->status >= 300) {
        f->retry_after_s = r->retry_after_s;
        return fault_from_reply(r->status, r->json, f);
    }
    if (got != NULL && strcmp(got, u->sha256) != 0) {
        return fault_add(f, ERR_CONFLICT, "file_changed", "the store has other bytes than %s had",
                         u->path);
    }
    return ERR_OK;
}

enum err
upload_put(struct upload_file *u, const json_t *grant, const char *ca, struct fault *f)
{
    const struct http_conf conf = {.ca = ca};
    struct http *h AUTO(http_close) = NULL;
    struct http_reply r AUTO(http_reply_done) = {0};
    struct lines lines AUTO(lines_done) = {0};
    struct progress p = {isatty(STDERR_FILENO) == 1, clock_mono_ms(), 0, 0};
    char url[URL_MAX * 2];
    char method[16];
    struct http_request q = {.method = method, .url = url};
    const struct http_upload up = {&q, u->fd, u->size, show_progress, &p};
    enum err err = ERR_OK;

    TRY(reply_text(grant, "url", url, sizeof url, f));
    TRY(reply_text(grant, "method", method, sizeof method, f));
    TRY(lines_make(json_object_get(grant, "headers"), &lines, f));
    lines_borrow(&lines, &q);
    TRY(http_open(&conf, &h, f));
    err = http_put(h, &up, &r, f);
    if (p.terminal) {
        (void)fputc('\n', stderr);
    }
    return err == ERR_OK ? judge(u, &r, f) : err;
}
