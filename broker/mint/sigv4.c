/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4.c - see sigv4.h.  A request is checked whole, then written as a canonical request, hashed
 * and signed.  No check comes after the signature exists, but for the room it needs. */
#include "broker/mint/sigv4.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "broker/mint/sigv4_check.h"
#include "broker/mint/sigv4_key.h"

enum {
    LIST_MAX = SIGV4_HEADERS_MAX + 8, /* the caller's pairs and ours */
    HEX_SHA256 = 2 * SHA256_LEN,
    CHUNK = 128, /* bytes that are written at once */
};

static const char ALGORITHM[] = "AWS4-HMAC-SHA256";
static const char SIGNATURE[] = "X-Amz-Signature";

struct list {
    struct sigv4_pair pair[LIST_MAX];
    size_t n;
};

/* One signature on its way.  Slices borrow from the request, from here, or from out->canonical. */
struct signing {
    struct list headers; /* sorted, with ours */
    struct list params;
    uint8_t host_text[SIGV4_HOST_MAX];
    uint8_t names_text[SIGV4_SIGNED_MAX];
    uint8_t credential_text[SIGV4_ID_MAX + SIGV4_SCOPE_MAX];
    char expires_text[8];
    struct slice host, names, credential;
    struct slice path, query; /* canonical */
    size_t signature_at;      /* where in query the signature sorts */
    char signature[HEX_SHA256 + 1];
};

/* ---- encoding ---- */

/* RFC 3986 section 2.3, as one bit for each of the 128 ASCII characters: this is asked for every
 * byte of a session token. */
static bool
is_unreserved(uint8_t c)
{
    static const uint64_t SET[2] = {0x03ff600000000000, 0x47fffffe87fffffe};

    return c < 128 && (SET[c / 64] >> c % 64 & 1u) != 0;
}

static void
put_encoded(struct wr *w, struct slice s, bool slash_stays)
{
    static const char HEX[] = "0123456789ABCDEF";
    uint8_t chunk[CHUNK];
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];

        if (is_unreserved(c) || (slash_stays && c == '/')) {
            chunk[len++] = c;
        } else {
            chunk[len++] = '%';
            chunk[len++] = (uint8_t)HEX[c >> 4];
            chunk[len++] = (uint8_t)HEX[c & 15u];
        }
        if (len > CHUNK - 3) {
            wr_bytes(w, (struct slice){chunk, len});
            len = 0;
        }
    }
    wr_bytes(w, (struct slice){chunk, len});
}

static void
put_lower(struct wr *w, struct slice s)
{
    uint8_t chunk[CHUNK];
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        chunk[len++] = sigv4_lower(s.ptr[i]);
        if (len == CHUNK) {
            wr_bytes(w, (struct slice){chunk, len});
            len = 0;
        }
    }
    wr_bytes(w, (struct slice){chunk, len});
}

static bool
is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* A header's value: no blanks around it, one blank for each run within. */
static void
put_value(struct wr *w, struct slice s)
{
    bool first = true;

    for (size_t at = 0, end = 0; at < s.len; at = end) {
        while (at < s.len && is_blank(s.ptr[at])) {
            at++;
        }
        for (end = at; end < s.len && !is_blank(s.ptr[end]);) {
            end++;
        }
        if (end > at) {
            wr_text(w, first ? "" : " ");
            wr_bytes(w, sigv4_cut(s, at, end));
            first = false;
        }
    }
}

/* ---- order ---- */

/* Where an octet sorts once it is encoded: escapes begin with '%', which comes before everything
 * unreserved, and their digits sort as the octets do. */
static unsigned
encoded_rank(uint8_t c)
{
    return is_unreserved(c) ? 256u + c : c;
}

static int
compare(struct slice a, struct slice b, unsigned (*rank)(uint8_t))
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        unsigned x = rank(a.ptr[i]);
        unsigned y = rank(b.ptr[i]);

        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return a.len == b.len ? 0 : (a.len < b.len ? -1 : 1);
}

static int
param_order(const struct sigv4_pair *a, const struct sigv4_pair *b)
{
    int by_name = compare(a->name, b->name, encoded_rank);

    return by_name != 0 ? by_name : compare(a->value, b->value, encoded_rank);
}

static unsigned
lower_rank(uint8_t c)
{
    return sigv4_lower(c);
}

/* Values of one name keep the order they were given in. */
static int
header_order(const struct sigv4_pair *a, const struct sigv4_pair *b)
{
    return compare(a->name, b->name, lower_rank);
}

/* Insert in order, behind its equals.  The lists are short, and compared with their maxima. */
static void
list_put(struct list *l, int (*order)(const struct sigv4_pair *, const struct sigv4_pair *),
         struct sigv4_pair p)
{
    size_t at = l->n++;

    for (; at > 0 && order(&p, &l->pair[at - 1]) < 0; at--) {
        l->pair[at] = l->pair[at - 1];
    }
    l->pair[at] = p;
}

static void
put_param(struct list *l, const char *name, struct slice value)
{
    list_put(l, param_order, (struct sigv4_pair){slice_text(name), value});
}

static void
put_header(struct list *l, const char *name, struct slice value)
{
    list_put(l, header_order, (struct sigv4_pair){slice_text(name), value});
}

/* ---- the canonical request ---- */

/* The scheme's own port is not sent by clients, so it is not signed. */
static void
set_host(struct signing *s, const struct sigv4_request *req)
{
    struct slice own = slice_text(req->plain_http ? ":80" : ":443");
    struct slice host = req->host;
    struct wr w = wr_init(s->host_text, sizeof s->host_text, "sigv4.host");

    if (host.len > own.len && slice_same(sigv4_cut(host, host.len - own.len, host.len), own)) {
        host.len -= own.len;
    }
    put_lower(&w, host);
    s->host = wr_done(&w);
}

static enum err
set_credential(struct signing *s, const struct sigv4_cred *c, struct why *why)
{
    struct wr w = wr_init(s->credential_text, sizeof s->credential_text, "sigv4.credential");

    wr_bytes(&w, c->id.access_key_id);
    wr_text(&w, "/");
    wr_text(&w, c->scope);
    s->credential = wr_done(&w);
    return wr_end(&w, why);
}

/* A header given twice has one name and one line. */
static bool
is_repeated(const struct list *headers, size_t i)
{
    return i > 0 && sigv4_same_name(headers->pair[i].name, headers->pair[i - 1].name);
}

static enum err
set_names(struct signing *s, struct why *why)
{
    struct wr w = wr_init(s->names_text, sizeof s->names_text, "sigv4.signed headers");

    for (size_t i = 0; i < s->headers.n; i++) {
        if (!is_repeated(&s->headers, i)) {
            wr_text(&w, i > 0 ? ";" : "");
            put_lower(&w, s->headers.pair[i].name);
        }
    }
    s->names = wr_done(&w);
    return wr_end(&w, why);
}

/* What both forms have: everything but what their own parameters and headers add. */
static enum err
gather(const struct sigv4_request *req, struct sigv4_cred *c, struct signing *s, struct why *why)
{
    TRY(sigv4_cred_at(c, req->at_unix, why));
    set_host(s, req);
    put_header(&s->headers, "host", s->host);
    for (size_t i = 0; i < req->headers_n; i++) {
        list_put(&s->headers, header_order, req->headers[i]);
    }
    for (size_t i = 0; i < req->params_n; i++) {
        list_put(&s->params, param_order, req->params[i]);
    }
    return set_credential(s, c, why);
}

/* Length without the last segment and its slash. */
static size_t
parent_len(const uint8_t *path, size_t len)
{
    while (len > 0 && path[--len] != '/') {
    }
    return len;
}

/* RFC 3986 section 5.2.4; empty segments go as well. */
static size_t
remove_dots(struct slice path, uint8_t dst[SIGV4_PATH_MAX])
{
    size_t len = 0;
    bool folder = true;

    for (size_t at = 0, end = 0; at < path.len; at = end) {
        for (end = at + 1; end < path.len && path.ptr[end] != '/';) {
            end++;
        }

        struct slice segment = sigv4_cut(path, at, end); /* with its slash */
        bool up = slice_same(segment, slice_text("/.."));

        folder = up || segment.len == 1 || slice_same(segment, slice_text("/."));
        if (up) {
            len = parent_len(dst, len);
        } else if (!folder) {
            memcpy(&dst[len], segment.ptr, segment.len);
            len += segment.len;
        }
    }
    if (folder) {
        dst[len++] = '/';
    }
    return len;
}

static void
put_path(struct wr *w, const struct sigv4_request *req)
{
    uint8_t clean[SIGV4_PATH_MAX];

    switch (req->rule) {
    case SIGV4_OBJECT:
        wr_text(w, "/");
        wr_bytes(w, req->bucket);
        wr_text(w, req->bucket.len > 0 ? "/" : "");
        put_encoded(w, req->path, true);
        break;
    case SIGV4_SERVICE:
        put_encoded(w, (struct slice){clean, remove_dots(req->path, clean)}, true);
        break;
    case SIGV4_SERVICE_VERBATIM: put_encoded(w, req->path, true); break;
    }
}

static void
put_query(struct wr *w, struct signing *s)
{
    size_t start = w->len;

    for (size_t i = 0; i < s->params.n; i++) {
        const struct sigv4_pair *p = &s->params.pair[i];

        wr_text(w, i > 0 ? "&" : "");
        if (s->signature_at == 0 && compare(p->name, slice_text(SIGNATURE), encoded_rank) > 0) {
            s->signature_at = w->len - start;
        }
        put_encoded(w, p->name, false);
        wr_text(w, "=");
        put_encoded(w, p->value, false);
    }
}

static void
put_headers(struct wr *w, const struct list *headers)
{
    for (size_t i = 0; i < headers->n; i++) {
        if (is_repeated(headers, i)) {
            wr_text(w, ",");
        } else {
            wr_text(w, i > 0 ? "\n" : "");
            put_lower(w, headers->pair[i].name);
            wr_text(w, ":");
        }
        put_value(w, headers->pair[i].value);
    }
    wr_text(w, "\n");
}

static enum err
put_canonical(const struct sigv4_request *req, struct signing *s, struct wr *w, struct why *why)
{
    wr_text(w, req->method);
    wr_text(w, "\n");

    size_t path_at = w->len;

    put_path(w, req);

    size_t path_end = w->len;

    wr_text(w, "\n");
    put_query(w, s);

    size_t query_end = w->len;

    wr_text(w, "\n");
    put_headers(w, &s->headers);
    wr_text(w, "\n");
    wr_bytes(w, s->names);
    wr_text(w, "\n");
    wr_bytes(w, req->payload);
    TRY(wr_end(w, why));
    s->path = sigv4_cut(wr_done(w), path_at, path_end);
    s->query = sigv4_cut(wr_done(w), path_end + 1, query_end);
    return ERR_OK;
}

/* ---- the signature ---- */

static void
rewind_out(struct sigv4_out *out)
{
    out->canonical = wr_init(out->canonical.buf, out->canonical.cap, "sigv4.canonical request");
    out->string_to_sign =
        wr_init(out->string_to_sign.buf, out->string_to_sign.cap, "sigv4.string to sign");
    out->result = wr_init(out->result.buf, out->result.cap, "sigv4.result");
}

static enum err
put_signature(struct sigv4_cred *c, struct sigv4_out *out, struct signing *s, struct why *why)
{
    struct wr *w = &out->string_to_sign;
    uint8_t digest[SHA256_LEN];
    char hex[HEX_SHA256 + 1];

    TRY(sigv4_hash(c, wr_done(&out->canonical), digest, why));
    hex_encode((struct slice){digest, sizeof digest}, hex);
    wr_text(w, ALGORITHM);
    wr_text(w, "\n");
    wr_text(w, c->date);
    wr_text(w, "\n");
    wr_text(w, c->scope);
    wr_text(w, "\n");
    wr_text(w, hex);
    TRY(wr_end(w, why));
    TRY(sigv4_mac(c, wr_done(w), digest, why));
    hex_encode((struct slice){digest, sizeof digest}, s->signature);
    return ERR_OK;
}

static enum err
sign(struct sigv4_cred *c, const struct sigv4_request *req, struct signing *s,
     struct sigv4_out *out, struct why *why)
{
    rewind_out(out);
    TRY(put_canonical(req, s, &out->canonical, why));
    return put_signature(c, out, s, why);
}

static void
put_url(const struct sigv4_request *req, const struct signing *s, struct slice token, struct wr *w)
{
    wr_text(w, req->plain_http ? "http://" : "https://");
    wr_bytes(w, s->host);
    wr_bytes(w, req->rule == SIGV4_OBJECT ? s->path : req->path);
    wr_text(w, "?");
    wr_bytes(w, sigv4_cut(s->query, 0, s->signature_at));
    wr_text(w, SIGNATURE);
    wr_text(w, "=");
    wr_text(w, s->signature);
    wr_text(w, "&");
    wr_bytes(w, sigv4_cut(s->query, s->signature_at, s->query.len));
    if (token.len > 0) {
        wr_text(w, "&X-Amz-Security-Token=");
        put_encoded(w, token, false);
    }
}

enum err
sigv4_presign(struct sigv4_cred *cred, const struct sigv4_request *req, struct sigv4_out *out,
              struct why *why)
{
    struct signing s = {0};
    struct slice token = cred->id.session_token;

    TRY(sigv4_check_request(req, true, why));
    TRY(gather(req, cred, &s, why));
    TRY(set_names(&s, why));
    (void)snprintf(s.expires_text, sizeof s.expires_text, "%" PRId64, req->expires_s);
    put_param(&s.params, "X-Amz-Algorithm", slice_text(ALGORITHM));
    put_param(&s.params, "X-Amz-Credential", s.credential);
    put_param(&s.params, "X-Amz-Date", slice_text(cred->date));
    put_param(&s.params, "X-Amz-Expires", slice_text(s.expires_text));
    put_param(&s.params, "X-Amz-SignedHeaders", s.names);
    if (token.len > 0 && !req->token_unsigned) {
        put_param(&s.params, "X-Amz-Security-Token", token);
        token.len = 0;
    }
    TRY(sign(cred, req, &s, out, why));
    put_url(req, &s, token, &out->result);
    return wr_cstr(&out->result, why);
}

enum err
sigv4_header_auth(struct sigv4_cred *cred, const struct sigv4_request *req, struct sigv4_out *out,
                  struct why *why)
{
    struct signing s = {0};
    struct slice token = cred->id.session_token;
    struct wr *w = &out->result;

    TRY(sigv4_check_request(req, false, why));
    TRY(gather(req, cred, &s, why));
    put_header(&s.headers, "x-amz-date", slice_text(cred->date));
    if (token.len > 0 && !req->token_unsigned) {
        put_header(&s.headers, "x-amz-security-token", token);
    }
    TRY(set_names(&s, why));
    TRY(sign(cred, req, &s, out, why));
    wr_text(w, ALGORITHM);
    wr_text(w, " Credential=");
    wr_bytes(w, s.credential);
    wr_text(w, ", SignedHeaders=");
    wr_bytes(w, s.names);
    wr_text(w, ", Signature=");
    wr_text(w, s.signature);
    return wr_cstr(w, why);
}
