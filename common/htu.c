/* SPDX-License-Identifier: Apache-2.0 */
/* htu.c - one spelling for each http(s) URL, so that URLs compare as bytes; see htu_normalise() in jose.h.
 *
 * Refuses userinfo, characters outside RFC 3986, half a percent escape and schemes other than http and https.
 * Source: RFC 3986 sections 3, 5.2.4, 6.2.2 and 6.2.3. */
#include <string.h>

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/jose.h"

static const char UNRESERVED[] = "-._~"; /* besides letters and digits */
static const char SUB_DELIMS[] = "!$&'()*+,;=";

struct url {
    struct slice scheme, host, port, path;
};

static bool
one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static bool
alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static uint8_t
lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* What comes before the first byte of `stops`; `rest` keeps what follows, from the stop on. */
static struct slice
cut(struct slice *rest, const char *stops)
{
    size_t n = 0;

    while (n < rest->len && !one_of(rest->ptr[n], stops)) {
        n++;
    }

    struct slice head = {rest->ptr, n};

    *rest = (struct slice){rest->ptr + n, rest->len - n};
    return head;
}

static bool
skip(struct slice *rest, const char *text)
{
    struct slice want = slice_text(text);
    bool here = rest->len >= want.len && memcmp(rest->ptr, want.ptr, want.len) == 0;

    if (here) {
        *rest = (struct slice){rest->ptr + want.len, rest->len - want.len};
    }
    return here;
}

/* host [":" port]; an IPv6 literal keeps its brackets. */
static bool
authority(struct slice in, struct url *out)
{
    struct slice rest = in;

    if (in.len > 0 && in.ptr[0] == '[') {
        struct slice inner = cut(&rest, "]");

        out->host = (struct slice){in.ptr, inner.len + 1};
        if (!skip(&rest, "]")) {
            return false;
        }
    } else {
        out->host = cut(&rest, ":");
    }
    if (skip(&rest, ":")) {
        out->port = rest;
        rest.len = 0;
    }
    for (size_t i = 0; i < out->port.len; i++) {
        if (out->port.ptr[i] < '0' || out->port.ptr[i] > '9') {
            return false;
        }
    }
    return rest.len == 0 && out->host.len > 0;
}

static enum err
split(struct slice in, struct url *out, struct why *why)
{
    struct slice rest = in;

    out->scheme = cut(&rest, ":/?#");
    if (!skip(&rest, "://")) {
        return why_add(why, ERR_MALFORMED, "URL: not absolute");
    }

    struct slice host = cut(&rest, "/?#");

    if (host.len > 0 && memchr(host.ptr, '@', host.len) != NULL) {
        return why_add(why, ERR_MALFORMED, "URL: has user information");
    }
    if (!authority(host, out)) {
        return why_add(why, ERR_MALFORMED, "URL: host or port is not well-formed");
    }
    out->path = cut(&rest, "?#");
    return ERR_OK;
}

/* "%41" is 'A' if that is unreserved, else the escape in upper case. */
static bool
write_escape(struct wr *w, struct slice *rest)
{
    struct slice pair = {rest->ptr + 1, 2};
    struct why unused = {0};
    uint8_t c = 0;
    size_t len = 0;

    if (rest->len < 3 || hex_decode(pair, &c, 1, &len, &unused) != ERR_OK) {
        return false;
    }
    if (alnum(c) || one_of(c, UNRESERVED)) {
        wr_u8(w, c);
    } else {
        wr_fmt(w, "%%%02X", c);
    }
    *rest = (struct slice){rest->ptr + 3, rest->len - 3};
    return true;
}

/* One character or escape of a part that may hold unreserved characters, sub-delims and `also`. */
static bool
write_char(struct wr *w, struct slice *rest, const char *also)
{
    uint8_t c = rest->ptr[0];

    if (c == '%') {
        return write_escape(w, rest);
    }
    if (!alnum(c) && !one_of(c, UNRESERVED) && !one_of(c, SUB_DELIMS) && !one_of(c, also)) {
        return false;
    }
    wr_u8(w, c);
    *rest = (struct slice){rest->ptr + 1, rest->len - 1};
    return true;
}

static bool
write_part(struct wr *w, struct slice part, const char *also)
{
    struct slice rest = part;
    bool good = true;

    while (good && rest.len > 0) {
        good = write_char(w, &rest, also);
    }
    return good;
}

static void
lower_from(struct wr *w, size_t from)
{
    for (size_t i = from; i < w->len; i++) {
        bool escape = i >= 1 && w->buf[i - 1] == '%';

        if (escape) {
            i++; /* its two digits stay in upper case */
        } else {
            w->buf[i] = lower(w->buf[i]);
        }
    }
}

/* RFC 3986 section 5.2.4 for a path that begins with '/', in place; what it becomes is never longer. */
static void
remove_dots(struct wr *w, size_t from)
{
    struct slice rest = {w->buf + from, w->len - from};
    size_t out = from;

    while (skip(&rest, "/")) {
        struct slice segment = cut(&rest, "/");
        bool up = slice_same(segment, slice_text(".."));

        if (!up && !slice_same(segment, slice_text("."))) {
            w->buf[out++] = '/';
            memmove(w->buf + out, segment.ptr, segment.len);
            out += segment.len;
            continue;
        }
        while (up && out > from && w->buf[--out] != '/') {
        }
        if (rest.len == 0) {
            w->buf[out++] = '/';
        }
    }
    w->len = out;
}

static bool
default_port(struct slice scheme, struct slice port)
{
    return slice_same(port, slice_text(slice_same(scheme, slice_text("https")) ? "443" : "80"));
}

/* Scheme and authority; false when a character is not allowed. */
static bool
write_origin(struct wr *w, const struct url *url)
{
    size_t host_at = 0;
    bool literal = url->host.len > 0 && url->host.ptr[0] == '[';

    wr_bytes(w, url->scheme);
    lower_from(w, 0);

    struct slice scheme = wr_done(w);

    if (!slice_same(scheme, slice_text("https")) && !slice_same(scheme, slice_text("http"))) {
        return false;
    }
    wr_text(w, "://");
    host_at = w->len;
    if (!write_part(w, url->host, literal ? "[:]" : "")) {
        return false;
    }
    lower_from(w, host_at);
    if (url->port.len > 0 && !default_port(scheme, url->port)) {
        wr_u8(w, ':');
        wr_bytes(w, url->port);
    }
    return true;
}

/* A buffer that is too small looks like a bad URL to those who compare what they wrote. */
static enum err
refuse(const struct wr *w, const char *cause, struct why *why)
{
    TRY(wr_end(w, why));
    return why_add(why, ERR_MALFORMED, "URL: %s", cause);
}

enum err
htu_normalise(struct slice in, char *dst, size_t cap, struct why *why)
{
    struct wr w = wr_init((uint8_t *)dst, cap, "URL");
    struct url url = {0};
    size_t path_at = 0;

    TRY(split(in, &url, why));
    if (!write_origin(&w, &url)) {
        return refuse(&w, "scheme or host is not accepted", why);
    }
    path_at = w.len;
    if (url.path.len == 0) {
        wr_u8(&w, '/');
    }
    if (!write_part(&w, url.path, "/:@")) {
        return refuse(&w, "character or escape that no path has", why);
    }
    TRY(wr_end(&w, why)); /* before the path is worked on: it must be whole */
    remove_dots(&w, path_at);
    return wr_cstr(&w, why);
}
