/* SPDX-License-Identifier: Apache-2.0 */
/* http_get.c - see http_get.h. */
#include "broker/cloud/http_get.h"

#include "common/mem.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

/* Slower than this for so long is no answer. */
enum { SLOW_BYTES_S = 256, SLOW_S = 4, CONNECT_S = 5 };

struct http_get {
    CURL *easy;
    const atomic_bool *stop;
    char error[CURL_ERROR_SIZE];
};

/* Where a body goes. */
struct sink {
    uint8_t *body;
    size_t len, cap;
    bool too_large;
};

/* Letters, digits and what else a host, a port and a path are made of. */
static bool
plain(const char *rest)
{
    static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~:/[]";
    size_t len = strlen(rest);

    return len > 0 && rest[0] != '/' && rest[len - 1] != '/' && strspn(rest, PLAIN) == len;
}

/* "127.1.2.3", "[::1]", and then a port, a path or the end. */
static bool
is_loopback(const char *host)
{
    size_t v4 = strspn(host, "0123456789.");
    bool v6 = strncmp(host, "[::1]", 5) == 0;
    const char *after = host + (v6 ? 5 : v4);

    return (v6 || strncmp(host, "127.", 4) == 0) &&
           (*after == '\0' || *after == ':' || *after == '/');
}

enum err
http_get_base_check(const char *url, struct why *why)
{
    static const char HTTPS[] = "https://";
    static const char HTTP[] = "http://";
    bool secure = strncmp(url, HTTPS, sizeof HTTPS - 1) == 0;
    bool bare = strncmp(url, HTTP, sizeof HTTP - 1) == 0;
    const char *host = url + (secure ? sizeof HTTPS - 1 : sizeof HTTP - 1);

    if ((!secure && !bare) || !plain(host)) {
        return why_add(why, ERR_MALFORMED,
                       "\"%.80s\", want https://HOST[:PORT][/PATH] without trailing slash", url);
    }
    if (bare && !is_loopback(host)) {
        return why_add(why, ERR_MALFORMED,
                       "\"%.80s\", want https://, or http:// with a loopback address", url);
    }
    return ERR_OK;
}

static bool
set_text(CURL *c, CURLoption o, const char *v)
{
    return curl_easy_setopt(c, o, v) == CURLE_OK;
}

static bool
set_long(CURL *c, CURLoption o, long v)
{
    return curl_easy_setopt(c, o, v) == CURLE_OK;
}

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
    struct sink *s = arg;

    (void)one; /* always 1, libcurl says */
    if (len > s->cap - s->len) {
        s->too_large = true;
        return 0;
    }
    memcpy(s->body + s->len, data, len);
    s->len += len;
    return len;
}

static int
on_progress(void *arg, curl_off_t dl_all, curl_off_t dl, curl_off_t ul_all, curl_off_t ul)
{
    const struct http_get *g = arg;

    (void)dl_all;
    (void)dl;
    (void)ul_all;
    (void)ul;
    return atomic_load(g->stop);
}

static bool
set_rules(CURL *c, int64_t timeout_s)
{
    return set_long(c, CURLOPT_SSL_VERIFYPEER, 1) && set_long(c, CURLOPT_SSL_VERIFYHOST, 2) &&
           set_long(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) &&
           set_long(c, CURLOPT_FOLLOWLOCATION, 0) && set_long(c, CURLOPT_NOSIGNAL, 1) &&
           set_long(c, CURLOPT_NETRC, CURL_NETRC_IGNORED) && set_long(c, CURLOPT_NOPROGRESS, 0) &&
           set_long(c, CURLOPT_TIMEOUT, (long)timeout_s) &&
           set_long(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S) &&
           set_long(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_S) &&
           set_long(c, CURLOPT_LOW_SPEED_TIME, SLOW_S) &&
           set_long(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
           set_text(c, CURLOPT_PROTOCOLS_STR, "http,https") && set_text(c, CURLOPT_PROXY, "") &&
           set_text(c, CURLOPT_USERAGENT, "countersign/1");
}

static bool
set_callbacks(struct http_get *g)
{
    CURL *c = g->easy;

    return curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFODATA, g) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, g->error) == CURLE_OK;
}

/* With a CA file of ours the system's folder of roots must not count beside it. */
static bool
set_roots(CURL *c, const char *ca_file)
{
    return ca_file[0] == '\0' ||
           (set_text(c, CURLOPT_CAINFO, ca_file) && set_text(c, CURLOPT_CAPATH, NULL));
}

void
http_get_close(struct http_get **g)
{
    if (*g == NULL) {
        return;
    }
    curl_easy_cleanup((*g)->easy);
    mem_free(*g);
    curl_global_cleanup();
    *g = NULL;
}

enum err
http_get_open(const struct http_get_conf *conf, struct http_get **out, struct why *why)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return why_add(why, ERR_UNABLE, "libcurl cannot start");
    }
    AUTO(http_get_close) struct http_get *g = mem_new(1, sizeof *g);

    g->stop = conf->stop;
    g->easy = curl_easy_init();
    if (g->easy == NULL || !set_rules(g->easy, conf->timeout_s) || !set_callbacks(g) ||
        !set_roots(g->easy, conf->ca_file)) {
        return why_add(why, ERR_UNABLE, "libcurl refuses its settings");
    }
    *out = g;
    g = NULL;
    return ERR_OK;
}

enum err
http_get(struct http_get *g, const char *url, uint8_t *body, size_t cap, struct http_get_reply *out,
         struct why *why)
{
    struct sink sink = {.cap = cap};
    curl_off_t retry = 0;

    sink.body = body;
    g->error[0] = '\0';
    if (!set_text(g->easy, CURLOPT_URL, url) ||
        curl_easy_setopt(g->easy, CURLOPT_WRITEDATA, &sink) != CURLE_OK) {
        return why_add(why, ERR_UNABLE, "libcurl refuses the URL");
    }
    CURLcode rc = curl_easy_perform(g->easy);

    if (sink.too_large) {
        return why_add(why, ERR_LIMIT, "the body is larger than %zu bytes", cap);
    }
    if (rc != CURLE_OK) {
        return why_add(why, ERR_UNABLE, "%.120s",
                       g->error[0] != '\0' ? g->error : curl_easy_strerror(rc));
    }
    *out = (struct http_get_reply){.len = sink.len};
    (void)curl_easy_getinfo(g->easy, CURLINFO_RESPONSE_CODE, &out->status);
    (void)curl_easy_getinfo(g->easy, CURLINFO_RETRY_AFTER, &retry);
    out->retry_after_s = retry > 0 ? (int64_t)retry : 0;
    return ERR_OK;
}

/* Of the last response alone, and of its head: what follows a chunked body is nobody's head. */
enum err
http_get_header(struct http_get *g, const char *name, struct slice *out, struct why *why)
{
    struct curl_header *h = NULL;
    CURLHcode rc = curl_easy_header(g->easy, name, 0, CURLH_HEADER, -1, &h);

    if (rc == CURLHE_MISSING || rc == CURLHE_NOHEADERS) {
        *out = (struct slice){0};
        return ERR_OK;
    }
    if (rc != CURLHE_OK) {
        return why_add(why, ERR_UNABLE, "libcurl cannot give the header %s", name);
    }
    if (h->amount != 1) {
        return why_add(why, ERR_MALFORMED, "the header %s is there %zu times", name, h->amount);
    }
    *out = slice_text(h->value);
    return out->len <= HTTP_GET_HEADER_MAX
               ? ERR_OK
               : why_add(why, ERR_LIMIT, "the header %s is longer than %d bytes", name,
                         HTTP_GET_HEADER_MAX);
}
