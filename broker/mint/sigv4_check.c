/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_check.c - see sigv4_check.h. */
#include "broker/mint/sigv4_check.h"

#include <inttypes.h>
#include <string.h>

#include "attest/base/hash.h"
#include "attest/base/text.h"

enum {
    HEX_SHA256 = 2 * SHA256_LEN,
    BUCKET_MIN = 3,
    BUCKET_MAX = 63,
    PORT_DIGITS = 5,
};

static const int64_t YEAR_10000_UNIX = 253402300800;
static const char CONTENT_SHA256[] = "x-amz-content-sha256";

struct slice
sigv4_cut(struct slice s, size_t from, size_t to)
{
    return (struct slice){s.len > 0 ? &s.ptr[from] : NULL, to - from};
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_alnum(uint8_t c)
{
    uint8_t folded = c | 0x20;

    return is_digit(c) || (folded >= 'a' && folded <= 'z');
}

static bool
is_one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

bool
sigv4_same_name(struct slice a, struct slice b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (sigv4_lower(a.ptr[i]) != sigv4_lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

static enum err
check_len(const char *what, struct slice s, size_t min, size_t max, struct why *why)
{
    if (s.len < min) {
        return why_add(why, ERR_MALFORMED, "sigv4.%s: %zu bytes, at least %zu", what, s.len, min);
    }
    if (s.len > max) {
        return why_add(why, ERR_LIMIT, "sigv4.%s: %zu bytes, at most %zu", what, s.len, max);
    }
    return ERR_OK;
}

/* RFC 9110 section 5.6.2. */
static enum err
check_token(const char *what, struct slice s, struct why *why)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_alnum(s.ptr[i]) && !is_one_of(s.ptr[i], "!#$%&'*+-.^_`|~")) {
            return why_add(why, ERR_MALFORMED, "sigv4.%s: character at %zu", what, i);
        }
    }
    return ERR_OK;
}

/* Visible ASCII but what `never` lists. */
static enum err
check_visible(const char *what, struct slice s, const char *never, struct why *why)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f || is_one_of(s.ptr[i], never)) {
            return why_add(why, ERR_MALFORMED, "sigv4.%s: character at %zu", what, i);
        }
    }
    return ERR_OK;
}

static bool
is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x7f;
}

/* U+0000..U+001F, U+007F, and U+0080..U+009F in their two bytes. */
static bool
is_control(struct slice s, size_t len)
{
    if (len == 1) {
        return s.ptr[0] < ' ' || s.ptr[0] == 0x7f;
    }
    return len == 2 && s.ptr[0] == 0xc2 && s.ptr[1] < 0xa0;
}

/* UTF-8 without control characters; `also` may let one in. */
static enum err
check_text(const char *what, struct slice s, char also, struct why *why)
{
    for (size_t at = 0, len = 0; at < s.len; at += len) {
        struct slice rest = sigv4_cut(s, at, s.len);

        len = is_plain(rest.ptr[0]) ? 1 : utf8_len(rest);
        if (len == 0) {
            return why_add(why, ERR_MALFORMED, "sigv4.%s: not UTF-8 at %zu", what, at);
        }
        if (is_control(rest, len) && !(also != 0 && rest.ptr[0] == (uint8_t)also)) {
            return why_add(why, ERR_MALFORMED, "sigv4.%s: control character at %zu", what, at);
        }
    }
    return ERR_OK;
}

struct part {
    const char *what;
    struct slice s;
    size_t min, max;
    const char *never;
};

static enum err
check_part(const struct part *p, struct why *why)
{
    TRY(check_len(p->what, p->s, p->min, p->max, why));
    return check_visible(p->what, p->s, p->never, why);
}

enum err
sigv4_check_identity(const struct sigv4_identity *id, struct why *why)
{
    const struct part parts[] = {
        {"access key id", id->access_key_id, 1, SIGV4_ID_MAX, "/,"},
        {"secret", id->secret, 1, SIGV4_SECRET_MAX, ""},
        {"session token", id->session_token, 0, SIGV4_TOKEN_MAX, ""},
        {"region", id->region, 1, SIGV4_NAME_MAX, "/,"},
        {"service", id->service, 1, SIGV4_NAME_MAX, "/,"},
    };
    enum err err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < sizeof parts / sizeof parts[0]; i++) {
        err = check_part(&parts[i], why);
    }
    return err;
}

static enum err
check_method(const char *method, struct why *why)
{
    struct slice s = slice_text(method);

    TRY(check_len("method", s, 1, SIGV4_METHOD_MAX, why));
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 'A' || s.ptr[i] > 'Z') {
            return why_add(why, ERR_MALFORMED, "sigv4.method: not upper case at %zu", i);
        }
    }
    return ERR_OK;
}

/* Bytes of the name or [address] that a host begins with; 0 when it is neither. */
static size_t
host_name_len(struct slice host)
{
    bool bracket = host.len > 0 && host.ptr[0] == '[';
    size_t len = bracket ? 1 : 0;

    while (len < host.len &&
           (is_alnum(host.ptr[len]) || is_one_of(host.ptr[len], bracket ? ":." : "-._"))) {
        len++;
    }
    if (!bracket) {
        return len;
    }
    return len > 1 && len < host.len && host.ptr[len] == ']' ? len + 1 : 0;
}

/* A colon and one to five digits. */
static bool
is_port(struct slice s)
{
    if (s.len < 2 || s.len > 1 + PORT_DIGITS || s.ptr[0] != ':') {
        return false;
    }
    for (size_t i = 1; i < s.len; i++) {
        if (!is_digit(s.ptr[i])) {
            return false;
        }
    }
    return true;
}

static enum err
check_host(struct slice host, struct why *why)
{
    TRY(check_len("host", host, 1, SIGV4_HOST_MAX, why));

    size_t name = host_name_len(host);

    if (name == 0) {
        return why_add(why, ERR_MALFORMED, "sigv4.host: no name or address");
    }
    if (name < host.len && !is_port(sigv4_cut(host, name, host.len))) {
        return why_add(why, ERR_MALFORMED, "sigv4.host: not a port at %zu", name);
    }
    return ERR_OK;
}

/* Amazon S3 User Guide, "General purpose bucket naming rules".  Other services have no bucket. */
static enum err
check_bucket(const struct sigv4_request *req, struct why *why)
{
    struct slice b = req->bucket;

    if (b.len == 0) {
        return ERR_OK;
    }
    if (req->rule != SIGV4_OBJECT) {
        return why_add(why, ERR_MALFORMED, "sigv4.bucket: given for another service's path");
    }
    TRY(check_len("bucket", b, BUCKET_MIN, BUCKET_MAX, why));
    for (size_t i = 0; i < b.len; i++) {
        bool edge = i == 0 || i + 1 == b.len;
        bool letter = is_alnum(b.ptr[i]) && sigv4_lower(b.ptr[i]) == b.ptr[i];

        if (!letter && (edge || !is_one_of(b.ptr[i], "-."))) {
            return why_add(why, ERR_MALFORMED, "sigv4.bucket: character at %zu", i);
        }
    }
    return ERR_OK;
}

static enum err
check_key(struct slice key, struct why *why)
{
    TRY(check_len("key", key, 0, SIGV4_KEY_MAX, why));
    return check_text("key", key, 0, why);
}

static enum err
check_path(struct slice path, struct why *why)
{
    TRY(check_len("path", path, 1, SIGV4_PATH_MAX, why));
    TRY(check_text("path", path, 0, why));
    for (size_t i = 0; i < path.len; i++) {
        if ((i == 0 && path.ptr[i] != '/') || is_one_of(path.ptr[i], "?#")) {
            return why_add(why, ERR_MALFORMED, "sigv4.path: character at %zu", i);
        }
    }
    return ERR_OK;
}

static enum err
check_line(const struct sigv4_request *req, struct why *why)
{
    TRY(check_method(req->method, why));
    TRY(check_host(req->host, why));
    TRY(check_bucket(req, why));
    return req->rule == SIGV4_OBJECT ? check_key(req->path, why) : check_path(req->path, why);
}

/* One of the names, in whatever case, or NULL. */
static const char *
find_name(struct slice name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sigv4_same_name(name, slice_text(names[i]))) {
            return names[i];
        }
    }
    return NULL;
}

static enum err
check_param(const struct sigv4_pair *p, struct why *why)
{
    static const char *const OURS[] = {
        "X-Amz-Algorithm",      "X-Amz-Credential", "X-Amz-Date",          "X-Amz-Expires",
        "X-Amz-Security-Token", "X-Amz-Signature",  "X-Amz-SignedHeaders",
    };
    const char *ours = find_name(p->name, OURS, sizeof OURS / sizeof OURS[0]);

    TRY(check_len("param name", p->name, 1, SIGV4_KEY_MAX, why));
    TRY(check_text("param name", p->name, 0, why));
    TRY(check_text("param value", p->value, 0, why));
    if (ours != NULL) {
        return why_add(why, ERR_MALFORMED, "sigv4.params: %s is ours to set", ours);
    }
    return ERR_OK;
}

static enum err
check_header(const struct sigv4_pair *h, struct why *why)
{
    static const char *const OURS[] = {"authorization", "host", "x-amz-date",
                                       "x-amz-security-token"};
    const char *ours = find_name(h->name, OURS, sizeof OURS / sizeof OURS[0]);

    TRY(check_len("header name", h->name, 1, SIGV4_SIGNED_MAX, why));
    TRY(check_token("header name", h->name, why));
    TRY(check_text("header value", h->value, '\t', why));
    if (ours != NULL) {
        return why_add(why, ERR_MALFORMED, "sigv4.headers: %s is ours to set", ours);
    }
    return ERR_OK;
}

/* Every one of the caller's pairs. */
static enum err
check_pairs(const struct sigv4_request *req, struct why *why)
{
    enum err err = ERR_OK;

    if (req->params_n > SIGV4_PARAMS_MAX) {
        return why_add(why, ERR_LIMIT, "sigv4.params: %zu, at most %d", req->params_n,
                       SIGV4_PARAMS_MAX);
    }
    if (req->headers_n > SIGV4_HEADERS_MAX) {
        return why_add(why, ERR_LIMIT, "sigv4.headers: %zu, at most %d", req->headers_n,
                       SIGV4_HEADERS_MAX);
    }
    for (size_t i = 0; err == ERR_OK && i < req->params_n; i++) {
        err = check_param(&req->params[i], why);
    }
    for (size_t i = 0; err == ERR_OK && i < req->headers_n; i++) {
        err = check_header(&req->headers[i], why);
    }
    return err;
}

/* How many of the pairs say x-amz-content-sha256, all with this value; else SIZE_MAX. */
static size_t
count_bound(const struct sigv4_pair *pairs, size_t n, struct slice payload)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        if (!sigv4_same_name(pairs[i].name, slice_text(CONTENT_SHA256))) {
            continue;
        }
        if (!slice_same(pairs[i].value, payload)) {
            return SIZE_MAX;
        }
        found++;
    }
    return found;
}

/* S3 compares the body with x-amz-content-sha256, not with the canonical request: a hash that is
 * not bound there would be signed and never looked at. */
static enum err
check_payload(const struct sigv4_request *req, bool url, struct why *why)
{
    bool is_unsigned = slice_same(req->payload, slice_text(SIGV4_UNSIGNED));

    for (size_t i = 0; !is_unsigned && i < req->payload.len; i++) {
        if (!is_digit(req->payload.ptr[i]) && !is_one_of(req->payload.ptr[i], "abcdef")) {
            return why_add(why, ERR_MALFORMED, "sigv4.payload: not lower-case hex at %zu", i);
        }
    }
    if (!is_unsigned && req->payload.len != HEX_SHA256) {
        return why_add(why, ERR_MALFORMED, "sigv4.payload: neither SHA-256 nor " SIGV4_UNSIGNED);
    }
    if (req->rule != SIGV4_OBJECT) {
        return ERR_OK;
    }

    size_t headers = count_bound(req->headers, req->headers_n, req->payload);
    size_t params = count_bound(req->params, req->params_n, req->payload);

    if (headers == SIZE_MAX || params == SIZE_MAX) {
        return why_add(why, ERR_MALFORMED, "sigv4.payload: differs from %s", CONTENT_SHA256);
    }
    if (headers == 0 && (!url || (!is_unsigned && params == 0))) {
        return why_add(why, ERR_MALFORMED, "sigv4.payload: %s is not signed", CONTENT_SHA256);
    }
    return ERR_OK;
}

static enum err
check_times(const struct sigv4_request *req, bool url, struct why *why)
{
    if (req->at_unix < 0 || req->at_unix >= YEAR_10000_UNIX) {
        return why_add(why, ERR_MALFORMED, "sigv4.time: outside 1970..9999");
    }
    if (url && (req->expires_s < 1 || req->expires_s > SIGV4_EXPIRES_MAX)) {
        return why_add(why, ERR_LIMIT, "sigv4.expires: %" PRId64 " s, 1 to %d", req->expires_s,
                       SIGV4_EXPIRES_MAX);
    }
    return ERR_OK;
}

enum err
sigv4_check_request(const struct sigv4_request *req, bool url, struct why *why)
{
    TRY(check_line(req, why));
    TRY(check_pairs(req, why));
    TRY(check_payload(req, url, why));
    return check_times(req, url, why);
}
