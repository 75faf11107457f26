/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c - see gate.h.  A rule is a row; the first that does not hold is the answer. */
#include "broker/http/gate.h"

#include <string.h>
#include <strings.h>

static bool
is_alpha(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* True if every byte is a letter, a digit or one of `others`. */
static bool
only(struct slice text, const char *others)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (!is_alpha(c) && !is_digit(c) && (c == 0 || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return true;
}

static bool
named(struct slice text, const char *name)
{
    return text.len == strlen(name) && strncasecmp((const char *)text.ptr, name, text.len) == 0;
}

static size_t
kept(const struct head *h)
{
    return h->fields < HEAD_FIELDS_MAX ? h->fields : HEAD_FIELDS_MAX;
}

const struct head_part *
head_find(const struct head *h, const char *name, size_t *count)
{
    const struct head_part *found = NULL;
    size_t seen = 0;

    for (size_t i = 0; i < kept(h); i++) {
        if (named(h->field[i].name.text, name)) {
            found = found == NULL ? &h->field[i].value : found;
            seen++;
        }
    }
    if (count != NULL) {
        *count = seen;
    }
    return found;
}

static bool
rule_version(const struct head *h)
{
    return slice_same(h->version.text, slice_text("HTTP/1.1"));
}

static bool
rule_method(const struct head *h)
{
    static const char *const known[] = {
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH",
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (slice_same(h->method, slice_text(known[i]))) {
            return true;
        }
    }
    return false;
}

static bool
rule_target_size(const struct head *h)
{
    return h->target.text.len <= HEAD_TARGET_MAX;
}

/* Origin form only, RFC 9112 section 3.2.1, and nothing that needs decoding: no '%', so no
 * other spelling of a path. */
static bool
rule_target(const struct head *h)
{
    struct slice t = h->target.text;

    return t.len > 0 && t.ptr[0] == '/' && only(t, "-._~!$&'()*+,;=:@/?");
}

static struct slice
path_of(struct slice target)
{
    const uint8_t *mark = memchr(target.ptr, '?', target.len);

    return (struct slice){target.ptr, mark == NULL ? target.len : (size_t)(mark - target.ptr)};
}

/* Dot segments and doubled slashes have several spellings for one resource, RFC 3986 section
 * 6.2.2.3. A slash at the end is a path of its own, which no route has. */
static bool
rule_segments(const struct head *h)
{
    struct slice path = path_of(h->target.text);
    size_t start = 1;

    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '/') {
            continue;
        }
        struct slice seg = {path.ptr + start, i - start};
        bool dots = slice_same(seg, slice_text(".")) || slice_same(seg, slice_text(".."));
        if (dots || (seg.len == 0 && i < path.len)) {
            return false;
        }
        start = i + 1;
    }
    return true;
}

static bool
rule_fields(const struct head *h)
{
    return h->fields <= HEAD_FIELDS_MAX;
}

static bool
rule_size(const struct head *h)
{
    return h->size <= HEAD_MAX;
}

/* token, RFC 9110 section 5.6.2 */
static bool
rule_names(const struct head *h)
{
    for (size_t i = 0; i < kept(h); i++) {
        struct slice name = h->field[i].name.text;
        if (name.len == 0 || !only(name, "!#$%&'*+-.^_`|~")) {
            return false;
        }
    }
    return true;
}

static bool
printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if ((c < 0x20 && c != '\t') || c > 0x7e) {
            return false;
        }
    }
    return true;
}

/* field-content, RFC 9110 section 5.5, without obs-text: we take no header that needs it. */
static bool
rule_values(const struct head *h)
{
    for (size_t i = 0; i < kept(h); i++) {
        if (!printable(h->field[i].value.text)) {
            return false;
        }
    }
    return true;
}

/* A walk over the bytes of the head. */
struct walk {
    const struct head *h;
    size_t at;
    bool ok;
};

static void
walk_part(struct walk *w, const struct head_part *part)
{
    w->ok = w->ok && part->at == w->at;
    w->at += part->text.len;
}

/* Separators must be what they should be, or the NUL that the library puts over them. */
static void
walk_over(struct walk *w, const char *separators)
{
    for (const char *p = separators; *p != 0; p++) {
        uint8_t c = w->at < w->h->size ? w->h->raw[w->at] : 0xff;
        w->ok = w->ok && (c == 0 || c == (uint8_t)*p);
        w->at++;
    }
}

/* One SP or HTAB; the library leaves it. */
static void
walk_blank(struct walk *w)
{
    uint8_t c = w->at < w->h->size ? w->h->raw[w->at] : 0xff;

    w->ok = w->ok && (c == ' ' || c == '\t');
    w->at++;
}

/* No byte of the head unaccounted for; see gate.h. */
static bool
rule_layout(const struct head *h)
{
    struct walk w = {.h = h, .at = h->method.len, .ok = true};

    walk_over(&w, " ");
    walk_part(&w, &h->target);
    walk_over(&w, " ");
    walk_part(&w, &h->version);
    walk_over(&w, "\r\n");
    for (size_t i = 0; i < kept(h); i++) {
        walk_part(&w, &h->field[i].name);
        walk_over(&w, ":");
        walk_blank(&w);
        walk_part(&w, &h->field[i].value);
        walk_over(&w, "\r\n");
    }
    walk_over(&w, "\r\n");
    return w.ok && w.at == h->size;
}

static bool
rule_host(const struct head *h)
{
    size_t count = 0;
    const struct head_part *host = head_find(h, "Host", &count);

    return count == 1 && host->text.len > 0 && host->text.len <= HEAD_HOST_MAX &&
           only(host->text, "-.:[]_");
}

static bool
rule_transfer_encoding(const struct head *h)
{
    return head_find(h, "Transfer-Encoding", NULL) == NULL;
}

/* One line of digits, RFC 9110 section 8.6. */
static bool
rule_content_length(const struct head *h)
{
    size_t count = 0;
    const struct head_part *length = head_find(h, "Content-Length", &count);

    if (count == 0) {
        return true;
    }
    for (size_t i = 0; i < length->text.len; i++) {
        if (!is_digit(length->text.ptr[i])) {
            return false;
        }
    }
    return count == 1 && length->text.len > 0 && length->text.len <= HEAD_LENGTH_DIGITS;
}

static int64_t
content_length(const struct head *h)
{
    const struct head_part *length = head_find(h, "Content-Length", NULL);
    int64_t n = 0;

    if (length == NULL) {
        return -1;
    }
    for (size_t i = 0; i < length->text.len; i++) {
        n = n * 10 + (length->text.ptr[i] - '0'); /* HEAD_LENGTH_DIGITS digits cannot overflow */
    }
    return n;
}

static bool
sends_body(const struct head *h)
{
    return slice_same(h->method, slice_text("POST")) || slice_same(h->method, slice_text("PUT")) ||
           slice_same(h->method, slice_text("PATCH"));
}

static bool
rule_length_given(const struct head *h)
{
    return !sends_body(h) || content_length(h) >= 0;
}

static bool
rule_no_body(const struct head *h)
{
    return sends_body(h) || content_length(h) <= 0;
}

static bool
rule_expect(const struct head *h)
{
    size_t count = 0;
    const struct head_part *expect = head_find(h, "Expect", &count);

    return count == 0 || (count == 1 && named(expect->text, "100-continue"));
}

/* In this order: a rule may rely on those above it. */
static const struct {
    bool (*holds)(const struct head *h);
    struct head_refusal refusal;
} rules[] = {
    {rule_version, {400, "bad_request", "only HTTP/1.1 is spoken here"}},
    {rule_method, {400, "bad_request", "unknown method"}},
    {rule_target_size, {414, "uri_too_long", "the request target is too long"}},
    {rule_target, {400, "bad_request", "the request target has a character that is not taken"}},
    {rule_segments, {400, "bad_request", "the path has an empty or a dot segment"}},
    {rule_fields, {431, "header_too_large", "too many header lines"}},
    {rule_size, {431, "header_too_large", "the header is too large"}},
    {rule_names, {400, "bad_request", "a header name is not a token"}},
    {rule_values, {400, "bad_request", "a header value has a control or non-ASCII character"}},
    {rule_layout, {400, "bad_request", "the header is not framed exactly"}},
    {rule_host, {400, "bad_request", "exactly one Host is needed"}},
    {rule_transfer_encoding, {400, "bad_request", "Transfer-Encoding is not taken"}},
    {rule_content_length, {400, "bad_request", "Content-Length must be one decimal number"}},
    {rule_length_given, {411, "length_required", "Content-Length is needed"}},
    {rule_no_body, {400, "bad_request", "this method takes no body"}},
    {rule_expect, {417, "expectation_failed", "only Expect: 100-continue is understood"}},
};

const struct head_refusal *
gate_check(const struct head *h, struct head_facts *facts)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!rules[i].holds(h)) {
            return &rules[i].refusal;
        }
    }
    struct slice target = h->target.text;
    struct slice path = path_of(target);

    *facts = (struct head_facts){.path = path, .content_length = content_length(h)};
    if (path.len < target.len) {
        facts->query = (struct slice){target.ptr + path.len + 1, target.len - path.len - 1};
    }
    return NULL;
}
