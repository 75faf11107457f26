/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.c - see metadata.h. */
#include "clients/metadata.h"

#include <curl/curl.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"

struct body {
    uint8_t *bytes; /* owned */
    size_t len;
    bool too_large;
};

static void
body_done(struct body *b)
{
    mem_free_bytes(&b->bytes);
}

static void
easy_end(CURL **c)
{
    curl_easy_cleanup(*c);
}

static void
lines_end(struct curl_slist **l)
{
    curl_slist_free_all(*l);
}

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
    struct body *b = arg;

    (void)one; /* always 1, libcurl says */
    if (len > METADATA_BODY_MAX - b->len) {
        b->too_large = true;
        return 0;
    }
    b->bytes = mem_grow(b->bytes, b->len, b->len + len + 1, 1);
    memcpy(b->bytes + b->len, data, len);
    b->len += len;
    return len;
}

static bool
set_long(CURL *c, CURLoption o, long v)
{
    return curl_easy_setopt(c, o, v) == CURLE_OK;
}

static bool
set_text(CURL *c, CURLoption o, const char *v)
{
    return curl_easy_setopt(c, o, v) == CURLE_OK;
}

static bool
set_rules(CURL *c, const struct metadata_ask *ask)
{
    return set_long(c, CURLOPT_TIMEOUT_MS, ask->wait_ms) &&
           set_long(c, CURLOPT_CONNECTTIMEOUT_MS, METADATA_CONNECT_MS) &&
           set_long(c, CURLOPT_FOLLOWLOCATION, 0) && set_long(c, CURLOPT_NOSIGNAL, 1) &&
           set_long(c, CURLOPT_NETRC, CURL_NETRC_IGNORED) &&
           set_long(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
           set_text(c, CURLOPT_PROTOCOLS_STR, "http,https") && set_text(c, CURLOPT_PROXY, "") &&
           set_text(c, CURLOPT_USERAGENT, "countersign/1") && set_text(c, CURLOPT_URL, ask->url);
}

/* text: what goes along, which libcurl borrows; NULL: GET.  *lines is the caller's to free, whatever came of it. */
static bool
set_question(CURL *c, const char *text, struct curl_slist **lines)
{
    struct curl_slist *more = NULL;

    *lines = curl_slist_append(NULL, "Metadata: true");
    if (text != NULL) {
        /* no "Expect": the services do not answer to it, and libcurl would wait */
        more = curl_slist_append(*lines, "Content-Type: application/json");
        more = more != NULL ? curl_slist_append(more, "Expect:") : NULL;
        if (more == NULL || !set_text(c, CURLOPT_POSTFIELDS, text)) {
            return false;
        }
    }
    return *lines != NULL && curl_easy_setopt(c, CURLOPT_HTTPHEADER, *lines) == CURLE_OK;
}

static enum err
fetch(const struct metadata_ask *ask, const char *text, struct body *b, struct fault *f)
{
    CURL *c AUTO(easy_end) = curl_easy_init();
    struct curl_slist *lines AUTO(lines_end) = NULL;
    CURLcode rc = CURLE_OK;
    long status = 0;

    if (c == NULL || !set_rules(c, ask) || !set_question(c, text, &lines) ||
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
        curl_easy_setopt(c, CURLOPT_WRITEDATA, b) != CURLE_OK) {
        return fault_add(f, ERR_BUG, ask->code, "libcurl refuses an option");
    }
    rc = curl_easy_perform(c);
    if (rc != CURLE_OK) {
        return fault_add(f, ERR_UNABLE, ask->code, "%s: %s", ask->url,
                         b->too_large ? "the answer is too large" : curl_easy_strerror(rc));
    }
    if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200) {
        return fault_add(f, ERR_UNABLE, ask->code, "%s: status %ld", ask->url, status);
    }
    return ERR_OK;
}

enum err
metadata_get(const struct metadata_ask *ask, json_t **answer, struct fault *f)
{
    struct body b AUTO(body_done) = {0};
    char *text AUTO(mem_free_text) = ask->body != NULL ? json_text(ask->body) : NULL;

    TRY(fetch(ask, text, &b, f));
    if (json_read((struct slice){b.bytes, b.len}, answer, &f->why) != ERR_OK) {
        return fault_add(f, ERR_UNABLE, ask->code, "%s: not JSON", ask->url);
    }
    return ERR_OK;
}
