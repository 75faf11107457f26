/* SPDX-License-Identifier: Apache-2.0 */
/* thim.c - see thim.h.  Beside http.c because nothing of its rules fits: the address is link-local, in plain text, and has no
 * certificate to check. */
#include "clients/thim.h"

#include <curl/curl.h>
#include <string.h>

#include "attest/snp/snp.h"
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
    if (len > THIM_BODY_MAX - b->len) {
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
set_rules(CURL *c)
{
    return set_long(c, CURLOPT_TIMEOUT_MS, THIM_MS) &&
           set_long(c, CURLOPT_CONNECTTIMEOUT_MS, THIM_CONNECT_MS) &&
           set_long(c, CURLOPT_FOLLOWLOCATION, 0) && set_long(c, CURLOPT_NOSIGNAL, 1) &&
           set_long(c, CURLOPT_NETRC, CURL_NETRC_IGNORED) &&
           set_long(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
           set_text(c, CURLOPT_PROTOCOLS_STR, "http,https") && set_text(c, CURLOPT_PROXY, "") &&
           set_text(c, CURLOPT_USERAGENT, "countersign/1");
}

static enum err
fetch(const char *url, struct body *b, struct fault *f)
{
    CURL *c AUTO(easy_end) = curl_easy_init();
    struct curl_slist *lines AUTO(lines_end) = curl_slist_append(NULL, "Metadata: true");
    CURLcode rc = CURLE_OK;
    long status = 0;

    if (c == NULL || lines == NULL || !set_rules(c) || !set_text(c, CURLOPT_URL, url) ||
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, lines) != CURLE_OK ||
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
        curl_easy_setopt(c, CURLOPT_WRITEDATA, b) != CURLE_OK) {
        return fault_add(f, ERR_BUG, "thim", "libcurl refuses an option");
    }
    rc = curl_easy_perform(c);
    if (rc != CURLE_OK) {
        return fault_add(f, ERR_UNABLE, "thim", "%s: %s", url,
                         b->too_large ? "the answer is too large" : curl_easy_strerror(rc));
    }
    if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200) {
        return fault_add(f, ERR_UNABLE, "thim", "%s: status %ld", url, status);
    }
    return ERR_OK;
}

enum err
thim_vek(const char *url, char **pem, struct fault *f)
{
    struct body b AUTO(body_done) = {0};
    json_t *answer AUTO(json_free) = NULL;
    const json_t *vek = NULL;
    size_t len = 0;

    TRY(fetch(url, &b, f));
    if (json_read((struct slice){b.bytes, b.len}, &answer, &f->why) != ERR_OK) {
        return fault_add(f, ERR_UNABLE, "thim", "%s: not JSON", url);
    }
    vek = json_object_get(answer, "vcekCert");
    len = json_string_length(vek);
    if (len == 0 || len > SNP_VEK_MAX) {
        return fault_add(f, ERR_UNABLE, "thim", "%s: no usable vcekCert", url);
    }
    *pem = mem_text((struct slice){(const uint8_t *)json_string_value(vek), len});
    return ERR_OK;
}
