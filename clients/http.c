/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - see http.h.  But for metadata.c, the only client code that knows libcurl. */
#include "clients/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "attest/base/sec.h"
#include "clients/opt.h"
#include "common/json.h"
#include "common/mem.h"

struct http {
    CURL *easy;
    char *ca, *cert, *key; /* owned copies; NULL when not given */
    const volatile sig_atomic_t *stop;
};

/* What the callbacks of one transfer share. */
struct transfer {
    struct http *h;
    struct http_reply *reply;
    const struct http_upload *upload; /* NULL unless a file is sent */
    int64_t sent;
    bool too_large;
    char error[CURL_ERROR_SIZE];
};

bool
http_global(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void
http_global_end(void)
{
    curl_global_cleanup();
}

static char *
copy_or_null(const char *text)
{
    return text != NULL ? mem_text(slice_text(text)) : NULL;
}

enum err
http_open(const struct http_conf *conf, struct http **out, struct fault *f)
{
    struct http *h AUTO(http_close) = mem_new(1, sizeof *h);

    h->easy = curl_easy_init();
    if (h->easy == NULL) {
        return fault_add(f, ERR_UNABLE, "cannot_connect", "libcurl does not start");
    }
    h->ca = copy_or_null(conf->ca);
    h->cert = copy_or_null(conf->cert);
    h->key = copy_or_null(conf->key);
    h->stop = conf->stop;
    *out = h;
    h = NULL;
    return ERR_OK;
}

void
http_close(struct http **h)
{
    if (*h == NULL) {
        return;
    }
    curl_easy_cleanup((*h)->easy);
    mem_free((*h)->ca);
    mem_free((*h)->cert);
    mem_free((*h)->key);
    mem_free(*h);
    *h = NULL;
}

void
http_reply_done(struct http_reply *r)
{
    if (r->body != NULL) {
        sec_zero(r->body, r->len);
    }
    mem_free_bytes(&r->body);
    json_free(&r->json);
}

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
    struct transfer *t = arg;
    struct http_reply *r = t->reply;

    (void)one; /* always 1, libcurl says */
    if (len > HTTP_BODY_MAX - r->len) {
        t->too_large = true;
        return 0;
    }
    r->body = mem_grow(r->body, r->len, r->len + len + 1, 1);
    memcpy(r->body + r->len, data, len);
    r->len += len;
    return len;
}

/* The value of header `name` in "Name: value\r\n", printable, into dst; else dst stays as it is. */
static bool
header_take(struct slice line, const char *name, char *dst, size_t cap)
{
    size_t n = strlen(name);

    if (line.len <= n || line.ptr[n] != ':' || strncasecmp((const char *)line.ptr, name, n) != 0) {
        return false;
    }
    line = (struct slice){line.ptr + n + 1, line.len - n - 1};
    while (line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
        line = (struct slice){line.ptr + 1, line.len - 1};
    }
    while (line.len > 0 && line.ptr[line.len - 1] <= ' ') {
        line.len--;
    }
    if (line.len >= cap) {
        return false; /* a cut nonce would only be refused; none is better */
    }
    text_clean(line, dst, cap);
    return true;
}

static size_t
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's signature */
on_header(char *data, size_t one, size_t len, void *arg)
{
    struct transfer *t = arg;
    struct http_reply *r = t->reply;
    struct slice line = {(const uint8_t *)data, len};
    char number[12] = "";
    long seconds = 0;

    (void)one;
    (void)header_take(line, "DPoP-Nonce", r->nonce, sizeof r->nonce);
    (void)header_take(line, "Countersign-Challenge", r->challenge, sizeof r->challenge);
    if (header_take(line, "Retry-After", number, sizeof number) &&
        opt_int(number, 0, 86400, &seconds)) {
        r->retry_after_s = (int)seconds;
    }
    return len;
}

static size_t
on_read(char *dst, size_t one, size_t cap, void *arg)
{
    struct transfer *t = arg;
    ssize_t n = 0;

    (void)one;
    n = read(t->upload->fd, dst, cap);
    if (n < 0) {
        return CURL_READFUNC_ABORT;
    }
    t->sent += n;
    return (size_t)n;
}

static int
on_progress(void *arg, curl_off_t dl_all, curl_off_t dl, curl_off_t ul_all, curl_off_t ul)
{
    struct transfer *t = arg;

    (void)dl_all;
    (void)dl;
    (void)ul_all;
    if (t->upload != NULL && t->upload->progress != NULL) {
        t->upload->progress(t->upload->arg, (int64_t)ul, t->upload->size);
    }
    return t->h->stop != NULL && *t->h->stop != 0;
}

static bool
set_text(CURL *c, CURLoption o, const char *v)
{
    return v == NULL || curl_easy_setopt(c, o, v) == CURLE_OK;
}

static bool
set_long(CURL *c, CURLoption o, long v)
{
    return curl_easy_setopt(c, o, v) == CURLE_OK;
}

/* Numbers that never change. */
static bool
set_rules(CURL *c)
{
    return set_long(c, CURLOPT_SSL_VERIFYPEER, 1) && set_long(c, CURLOPT_SSL_VERIFYHOST, 2) &&
           set_long(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_3) &&
           set_long(c, CURLOPT_FOLLOWLOCATION, 0) && set_long(c, CURLOPT_NOSIGNAL, 1) &&
           set_long(c, CURLOPT_NETRC, CURL_NETRC_IGNORED) && set_long(c, CURLOPT_NOPROGRESS, 0) &&
           set_long(c, CURLOPT_CONNECTTIMEOUT, HTTP_CONNECT_S) &&
           set_long(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
           set_text(c, CURLOPT_PROTOCOLS_STR, "https") && set_text(c, CURLOPT_PROXY, "") &&
           set_text(c, CURLOPT_USERAGENT, "countersign/1");
}

static bool
set_identity(const struct http *h)
{
    /* With a CA file of ours the system's folder of roots must not count beside it. */
    bool roots = h->ca == NULL || (set_text(h->easy, CURLOPT_CAINFO, h->ca) &&
                                   curl_easy_setopt(h->easy, CURLOPT_CAPATH, NULL) == CURLE_OK);

    return roots && set_text(h->easy, CURLOPT_SSLCERT, h->cert) &&
           set_text(h->easy, CURLOPT_SSLKEY, h->key);
}

static bool
set_callbacks(CURL *c, struct transfer *t)
{
    return curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFODATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK;
}

static bool
set_body(CURL *c, struct transfer *t, const struct http_request *q)
{
    if (t->upload != NULL) {
        return set_long(c, CURLOPT_UPLOAD, 1) && set_long(c, CURLOPT_LOW_SPEED_LIMIT, 1) &&
               set_long(c, CURLOPT_LOW_SPEED_TIME, HTTP_STALL_S) &&
               curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->upload->size) ==
                   CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_READDATA, t) == CURLE_OK;
    }
    if (!set_long(c, CURLOPT_TIMEOUT, HTTP_TOTAL_S)) {
        return false;
    }
    if (q->content_type == NULL) {
        return true;
    }
    return curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body.len > 0 ? q->body.ptr : NULL) ==
               CURLE_OK;
}

static void
lines_free(struct curl_slist **l)
{
    curl_slist_free_all(*l);
}

static bool
lines_add(struct curl_slist **l, const char *name, const char *value)
{
    char line[JSON_BYTES_MAX >> 4]; /* 64 KiB: a token and its proof are 16 KiB each at most */
    struct curl_slist *more = NULL;
    int n = snprintf(line, sizeof line, "%s%s", name, value);

    if (n < 0 || (size_t)n >= sizeof line) {
        return false;
    }
    more = curl_slist_append(*l, line);
    if (more == NULL) {
        return false;
    }
    *l = more;
    return true;
}

/* No Expect: the broker decides from the head at once, and a round trip would be wasted. */
static bool
lines_make(const struct http_request *q, struct curl_slist **l)
{
    bool ok = lines_add(l, "Expect:", "") && lines_add(l, "Accept: application/json", "");

    for (size_t i = 0; i < q->lines && ok; i++) {
        ok = strpbrk(q->line[i], "\r\n") == NULL && lines_add(l, "", q->line[i]);
    }
    if (q->content_type != NULL) {
        return ok && lines_add(l, "Content-Type: ", q->content_type);
    }
    return ok;
}

static enum err
explain(CURLcode rc, const struct transfer *t, struct fault *f)
{
    const char *text = t->error[0] != '\0' ? t->error : curl_easy_strerror(rc);

    if (t->too_large) {
        return fault_add(f, ERR_LIMIT, "reply_too_large", "reply over %d bytes", HTTP_BODY_MAX);
    }
    if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE ||
        rc == CURLE_SSL_ISSUER_ERROR) {
        return fault_add(f, ERR_UNABLE, "tls_untrusted", "%s", text);
    }
    if (rc == CURLE_SSL_CERTPROBLEM) {
        return fault_add(f, ERR_UNABLE, "tls_client", "%s", text);
    }
    if (rc == CURLE_UNSUPPORTED_PROTOCOL) {
        return fault_add(f, ERR_DENIED, "not_https", "only https:// URLs are used");
    }
    return fault_add(f, ERR_UNABLE, "cannot_connect", "%s", text);
}

static enum err
perform(struct transfer *t, const struct http_request *q, struct fault *f)
{
    CURL *c = t->h->easy;
    struct curl_slist *lines AUTO(lines_free) = NULL;
    CURLcode rc = CURLE_OK;
    long status = 0;
    struct why quiet = {0};

    curl_easy_reset(c); /* forgets the options, keeps the connection */
    if (!lines_make(q, &lines) || !set_rules(c) || !set_identity(t->h) || !set_callbacks(c, t) ||
        !set_text(c, CURLOPT_URL, q->url) || !set_body(c, t, q) ||
        !set_text(c, CURLOPT_CUSTOMREQUEST, q->method) ||
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, lines) != CURLE_OK) {
        return fault_add(f, ERR_BUG, "libcurl", "libcurl refuses an option");
    }
    rc = curl_easy_perform(c);
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
    if (rc != CURLE_OK) {
        return explain(rc, t, f);
    }
    if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 200 ||
        status > 599) {
        return fault_add(f, ERR_UNABLE, "cannot_connect", "the reply has no usable status");
    }
    t->reply->status = (int)status;
    if (t->reply->len > 0 && json_read((struct slice){t->reply->body, t->reply->len},
                                       &t->reply->json, &quiet) != ERR_OK) {
        t->reply->json = NULL; /* not every reply is JSON; who needs it says what is missing */
    }
    return ERR_OK;
}

enum err
http_send(struct http *h, const struct http_request *q, struct http_reply *out, struct fault *f)
{
    struct transfer t = {.h = h, .reply = out};

    return perform(&t, q, f);
}

enum err
http_put(struct http *h, const struct http_upload *u, struct http_reply *out, struct fault *f)
{
    struct transfer t = {.h = h, .reply = out, .upload = u};

    return perform(&t, u->head, f);
}

enum err
server_check(const char *url, char dst[SERVER_MAX], struct fault *f)
{
    size_t len = strlen(url);

    if (strncmp(url, "https://", 8) != 0) {
        return fault_add(f, ERR_DENIED, "not_https", "--server must begin with https://");
    }
    while (len > 8 && url[len - 1] == '/') {
        len--;
    }
    if (len == 8 || len >= SERVER_MAX) {
        return fault_add(f, ERR_MALFORMED, "server", "--server names no host, or is too long");
    }
    for (size_t i = 0; i < len; i++) {
        if (url[i] <= ' ' || url[i] > '~' || strchr("@?#%\\\"", url[i]) != NULL) {
            return fault_add(f, ERR_MALFORMED, "server",
                             "--server is https://host[:port][/path] and nothing else");
        }
    }
    memcpy(dst, url, len);
    dst[len] = '\0';
    return ERR_OK;
}
