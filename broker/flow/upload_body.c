/* SPDX-License-Identifier: Apache-2.0 */
/* upload_body.c - the bytes of a local upload: checked against the capability in the URL, streamed to a file, never held whole.
 *
 * The teardown of the sandbox cuts the connection; body_abandon() then removes the file, and the teardown waits for that. */
#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "broker/flow/inflight.h"
#include "broker/flow/upload.h"
#include "broker/http/form.h"
#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct body {
    struct broker *b;
    struct upload_row row;
    char path[UPLOAD_PATH];
    int fd;
    int64_t got; /* bytes */
    EVP_MD_CTX *md;
};

static void
body_free(struct body **s)
{
    if (*s == NULL) {
        return;
    }
    if ((*s)->fd >= 0) {
        (void)close((*s)->fd);
    }
    EVP_MD_CTX_free((*s)->md);
    mem_free(*s);
    *s = NULL;
}

/* Fill the reply of a refusal and return its error. */
static enum err refuse(struct http_reply *out, enum err e, const char *code, const char *fmt, ...)
    PRINTF(4, 5);

static enum err
refuse(struct http_reply *out, enum err e, const char *code, const char *fmt, ...)
{
    char text[WHY_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    http_problem(out, http_status(e), code, err_is_unable(e) ? http_detail(e, NULL) : text);
    out->close = true;
    return e;
}

/* Why a capability that was once good is refused; anything else is just invalid. */
static enum err
explain(struct broker *b, struct slice token, struct fault *f, struct http_reply *out)
{
    struct claims c = {0};
    struct why why = {0};

    if (f->err != ERR_UNAUTHENTICATED) {
        return refuse(out, f->err, f->code, "%s", why_text(&f->why));
    }
    if (claims_open(b, token, CLAIMS_UPLOAD, &c, &why) != ERR_OK) {
        return refuse(out, ERR_DENIED, "url_invalid", "%s", why_text(&why));
    }
    return refuse(out, ERR_GONE, c.exp <= clock_unix() ? "url_expired" : "sandbox_ended", "%s",
                  why_text(&f->why));
}

static const char *
plain_type(const struct http_request *req)
{
    const char *type = http_header(req, "Content-Type", NULL);

    return type != NULL ? type : "";
}

/* The request is the one that was agreed: this upload, open, of this size and type. */
static enum err
check_request(const struct http_request *req, const struct body *s, struct http_reply *out)
{
    if (s->row.state != UPLOAD_OPEN) {
        return refuse(out, ERR_CONFLICT, "already_stored", "this upload has its bytes already");
    }
    if (req->content_length != s->row.size) {
        return refuse(out, ERR_DENIED, "size_mismatch", "Content-Length %lld, agreed were %lld",
                      (long long)req->content_length, (long long)s->row.size);
    }
    if (strcmp(plain_type(req), s->row.content_type) != 0) {
        return refuse(out, ERR_DENIED, "type_mismatch", "Content-Type differs from \"%.80s\"",
                      s->row.content_type);
    }
    return ERR_OK;
}

static enum err
open_file(struct body *s, struct http_reply *out)
{
    struct why why = {0};

    if (upload_part_path(s->b, s->row.id, s->path, sizeof s->path, &why) != ERR_OK) {
        return refuse(out, ERR_IO, "unable", "%s", why_text(&why));
    }
    s->fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->fd < 0 && errno == EEXIST) {
        return refuse(out, ERR_CONFLICT, "already_stored",
                      "another request is sending these bytes");
    }
    s->md = EVP_MD_CTX_new();
    if (s->fd < 0 || s->md == NULL || EVP_DigestInit_ex(s->md, EVP_sha256(), NULL) != 1) {
        return refuse(out, ERR_IO, "unable", "the upload folder cannot be written");
    }
    return ERR_OK;
}

static enum err
find_row(struct http_request *req, struct slice token, struct body *s, struct http_reply *out)
{
    struct claims c = {0};
    struct fault f = {0};

    if (credential_check(s->b, token, CLAIMS_UPLOAD, &c, NULL, &f) != ERR_OK) {
        return explain(s->b, token, &f, out);
    }
    if (strcmp(c.upload, req->param_text[0]) != 0) {
        return refuse(out, ERR_DENIED, "url_invalid", "the URL's token is of another upload");
    }
    enum err e = s->b->store->ops->upload_get(s->b->store, c.upload, &s->row, &f.why);

    if (e != ERR_OK) {
        e = fault_from(&f, err_is_unable(e) ? e : ERR_DENIED, "url_invalid");
        return refuse(out, e, f.code, "%s", why_text(&f.why));
    }
    return ERR_OK;
}

static enum err
admit(struct http_request *req, struct slice token, struct body *s, struct http_reply *out)
{
    TRY(find_row(req, token, s, out));
    TRY(check_request(req, s, out));
    return open_file(s, out);
}

/* Under way, and cuttable, before the ledger is asked: a teardown then either is seen by the check or waits for us. */
static enum err
body_open(struct http_request *req, void **state, struct http_reply *out)
{
    AUTO(body_free) struct body *s = mem_new(1, sizeof *s);
    struct slice token = {0};
    struct claims c = {0};
    struct why why = {0};

    s->b = req->app;
    s->fd = -1;
    /* t=TOKEN and nothing else: the URL is used as it was given, or not at all. */
    if (query_get(req->query, "t", &token, &why) != ERR_OK || token.len == 0 ||
        req->query.len != token.len + 2 ||
        claims_open(s->b, token, CLAIMS_UPLOAD, &c, &why) != ERR_OK) {
        return refuse(out, ERR_DENIED, "url_invalid", "the URL has no token of ours");
    }
    if (inflight_enter(s->b->inflight, c.sandbox, &why) != ERR_OK) {
        return refuse(out, ERR_BUSY, "busy", "%s", why_text(&why));
    }
    http_label(req, c.sandbox);
    enum err e = admit(req, token, s, out);

    if (e != ERR_OK) {
        inflight_leave(s->b->inflight, c.sandbox);
        return e;
    }
    *state = s;
    s = NULL;
    return ERR_OK;
}

static enum err
body_write(void *state, struct slice chunk, struct http_reply *out)
{
    struct body *s = state;
    size_t done = 0;

    while (done < chunk.len) {
        ssize_t n = write(s->fd, chunk.ptr + done, chunk.len - done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return refuse(out, ERR_IO, "unable", "the upload cannot be written");
        }
        done += (size_t)n;
    }
    s->got += (int64_t)chunk.len;
    if (EVP_DigestUpdate(s->md, chunk.ptr, chunk.len) != 1) {
        return refuse(out, ERR_IO, "unable", "the digest failed");
    }
    return ERR_OK;
}

static void
body_abandon(void *state)
{
    struct body *s = state;

    (void)unlink(s->path);
    inflight_leave(s->b->inflight, s->row.sandbox);
    body_free(&s);
}

/* Durable before the ledger says that it is there. */
static enum err
finish(struct body *s, char hex[STORE_DIGEST], struct fault *f)
{
    uint8_t digest[EVP_MAX_MD_SIZE];

    if (EVP_DigestFinal_ex(s->md, digest, NULL) != 1 || fdatasync(s->fd) != 0) {
        return fault_set(f, ERR_IO, "unable", "the upload could not be made durable");
    }
    hex_encode((struct slice){digest, SHA256_LEN}, hex);
    if (s->got != s->row.size) {
        return fault_set(f, ERR_DENIED, "size_mismatch", "%lld bytes came, agreed were %lld",
                         (long long)s->got, (long long)s->row.size);
    }
    if (s->row.sha256[0] != '\0' && strcmp(hex, s->row.sha256) != 0) {
        return fault_set(f, ERR_DENIED, "digest_mismatch",
                         "the bytes are not those that were agreed");
    }
    enum err e =
        s->b->store->ops->upload_move(s->b->store, s->row.id, UPLOAD_OPEN, UPLOAD_STORED, &f->why);

    if (e == ERR_GONE) {
        return fault_from(f, e, "sandbox_ended");
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "already_stored");
}

static void
body_end(void *state, struct http_request *req, struct http_reply *out)
{
    struct body *s = state;
    struct fault f = {0};
    char hex[STORE_DIGEST] = "";

    (void)req;
    if (finish(s, hex, &f) != ERR_OK) {
        http_problem(out, http_status(f.err), f.code, http_detail(f.err, &f.why));
        body_abandon(s);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:I, s:s}", "id", s->row.id, "state", "stored", "size",
                          (json_int_t)s->got, "sha256", hex);

    http_body(out, 201, "application/json", json_text(o));
    json_decref(o);
    inflight_leave(s->b->inflight, s->row.sandbox);
    body_free(&s);
}

const struct http_stream UPLOAD_STREAM = {
    .open = body_open,
    .write = body_write,
    .end = body_end,
    .abandon = body_abandon,
};
