/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.c - see exchange.h. */
#include "broker/http/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "attest/base/sec.h"
#include "broker/http/route.h"
#include "common/mem.h"

enum {
    BODY_FIRST = 4096, /* bytes of the first body buffer; it doubles as bytes arrive */
    SWALLOW_MAX =
        8 << 20, /* bytes of body read on after a stream refused, so that its reply can be sent */
};

int64_t
clock_mono_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct exchange *
exchange_new(const struct http_listen *listen, struct conn *conn, struct MHD_Connection *mhd,
             const char *target)
{
    struct exchange *ex = mem_raw(sizeof *ex);

    memset(ex, 0, offsetof(struct exchange, reply.header));
    ex->listen = listen;
    ex->conn = conn;
    ex->mhd = mhd;
    ex->target = mem_text(slice_text(target));
    ex->target_at = target;
    ex->began_us = clock_mono_us();
    ex->req.app = listen->front->conf.app;
    ex->req.method = "-"; /* until the head is believed */
    ex->req.path = "-";
    ex->req.content_length = -1;
    ex->req.conn = ex;
    (void)snprintf(ex->req.peer, sizeof ex->req.peer, "%s", conn->peer);
    return ex;
}

void
exchange_free(struct exchange *ex)
{
    if (ex->streaming) {
        ex->req.route->stream->abandon(ex->stream_state);
    }
    if (ex->body != NULL) {
        sec_zero(ex->body, ex->body_cap);
    }
    mem_free(ex->body);
    mem_free(ex->reply.body);
    mem_free(ex->target);
    mem_free(ex->path);
    tls_peer_done(&ex->peer);
    mem_free(ex);
}

int64_t
exchange_missing(const struct exchange *ex)
{
    return ex->req.content_length > ex->taken ? ex->req.content_length - ex->taken : 0;
}

static void
refuse(struct exchange *ex, unsigned status, const char *code, const char *detail)
{
    http_problem(&ex->reply, status, code, detail);
    ex->settled = true;
}

/* Where a piece lies, counted from the method; pieces that were copied elsewhere give a number
 * that cannot fit. */
static struct head_part
part_of(const char *origin, const char *text, size_t len)
{
    uintptr_t from = (uintptr_t)origin;
    uintptr_t at = (uintptr_t)text;

    return (struct head_part){{(const uint8_t *)text, len}, at < from ? SIZE_MAX : at - from};
}

struct collect {
    struct head *head;
    const char *origin;
};

static enum MHD_Result
collect_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
              const char *value, size_t value_len)
{
    const struct collect *c = cls;
    (void)kind;

    if (c->head->fields < HEAD_FIELDS_MAX) {
        struct head_field *f = &c->head->field[c->head->fields];
        f->name = part_of(c->origin, name, name_len);
        f->value = part_of(c->origin, value == NULL ? "" : value, value == NULL ? 0 : value_len);
    }
    c->head->fields++;
    return MHD_YES;
}

static void
read_head(const struct exchange *ex, const char *method, const char *version, struct head *h)
{
    struct collect c = {h, method};
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(ex->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    h->method = slice_text(method);
    h->target = part_of(method, ex->target_at, strlen(ex->target));
    h->target.text.ptr =
        (const uint8_t *)ex->target; /* the received one has been cut at '?' by now */
    h->version = part_of(method, version, strlen(version));
    h->size = size == NULL ? 0 : size->header_size;
    h->raw = (const uint8_t *)method;
    (void)MHD_get_connection_values_n(ex->mhd, MHD_HEADER_KIND, collect_field, &c);
}

/* The gate; on success the parts of the request that it vouches for are set. */
static void
judge_head(struct exchange *ex, const char *method, const char *version)
{
    struct head h = {0};
    struct head_facts facts;

    read_head(ex, method, version, &h);
    const struct head_refusal *no = gate_check(&h, &facts);
    if (no != NULL) {
        refuse(ex, no->status, no->code, no->detail);
        ex->reply.close = true;
        return;
    }
    ex->path = mem_text(facts.path);
    ex->req.method = method;
    ex->req.path = ex->path;
    ex->req.query = facts.query;
    ex->req.content_length = facts.content_length;
}

static void
judge_peer(struct exchange *ex)
{
    struct why why = {0};
    const union MHD_ConnectionInfo *tls =
        MHD_get_connection_info(ex->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    if (tls == NULL || tls_peer_check(tls->tls_session, &ex->peer, &why) != ERR_OK) {
        refuse(ex, 401, "client_certificate", "a valid client certificate is needed here");
        ex->reply.close = true;
        return;
    }
    ex->req.has_certificate = true;
    memcpy(ex->req.peer_spki, ex->peer.spki_sha256, sizeof ex->req.peer_spki);
    ex->req.peer_spki_der = (struct slice){ex->peer.spki, ex->peer.spki_len};
}

static void
choose_route(struct exchange *ex)
{
    const struct http_conf *conf = &ex->listen->front->conf;
    struct route_match m;

    route_find(conf->routes, conf->routes_n, ex->listen->kind, slice_text(ex->req.method),
               slice_text(ex->path), &m);
    if (m.route == NULL && m.allow[0] == 0) {
        refuse(ex, 404, "not_found", "no such resource");
        return;
    }
    if (m.route == NULL) {
        refuse(ex, 405, "method_not_allowed", "this resource does not have that method");
        http_set(&ex->reply, "Allow", m.allow);
        return;
    }
    ex->req.route = m.route;
    for (size_t i = 0; i < HTTP_PARAMS; i++) {
        ex->req.param[i] = m.param[i];
        if (m.param[i].len > 0) {
            memcpy(ex->req.param_text[i], m.param[i].ptr, m.param[i].len);
        }
    }
}

/* Type, coding and size of the body, by what was announced. */
static void
judge_body(struct exchange *ex)
{
    const struct route *r = ex->req.route;
    size_t types = 0;
    size_t codings = 0;
    const char *type = http_header(&ex->req, "Content-Type", &types);
    const char *coding = http_header(&ex->req, "Content-Encoding", &codings);
    size_t announced = ex->req.content_length > 0 ? (size_t)ex->req.content_length : 0;

    if (r->body == BODY_NONE && announced > 0) {
        refuse(ex, 400, "bad_request", "this resource takes no body");
        return;
    }
    if (types > 1 || !route_type_ok(r->body, type)) {
        refuse(ex, 415, "unsupported_media_type", "this resource takes another content type");
        return;
    }
    if (codings > 1 || (coding != NULL && strcasecmp(coding, "identity") != 0)) {
        refuse(ex, 415, "unsupported_media_type", "a content coding is not taken");
        return;
    }
    if (announced > r->body_max) {
        refuse(ex, 413, "too_large", "the body is larger than this resource takes");
    }
}

static void
open_stream(struct exchange *ex)
{
    const struct http_stream *s = ex->req.route->stream;

    if (s->open(&ex->req, &ex->stream_state, &ex->reply) == ERR_OK) {
        ex->streaming = true;
    } else {
        assert(ex->reply.status != 0);
        ex->settled = true;
    }
}

void
exchange_head(struct exchange *ex, const char *method, const char *version)
{
    judge_head(ex, method, version);
    if (!ex->settled && ex->listen->kind == LISTEN_ADMIN) {
        judge_peer(ex);
    }
    if (!ex->settled) {
        choose_route(ex);
    }
    if (!ex->settled) {
        judge_body(ex);
    }
    if (ex->settled) {
        return;
    }
    conn_until(ex->conn, ex->began_us / 1000 + ex->req.route->deadline_s * 1000);
    if (ex->req.route->body == BODY_STREAM) {
        open_stream(ex);
    }
}

/* Keep a piece of a body that is held whole; the buffer always has room for a NUL after it. */
static void
keep(struct exchange *ex, struct slice piece)
{
    size_t need = ex->body_len + piece.len + 1;

    assert(need - 1 <= ex->req.route->body_max);
    if (need > ex->body_cap) {
        size_t cap = ex->body_cap == 0 ? BODY_FIRST : ex->body_cap;
        while (cap < need) {
            cap *= 2;
        }
        uint8_t *grown = mem_new(cap, 1);
        if (ex->body != NULL) {
            memcpy(grown, ex->body, ex->body_len);
            sec_zero(ex->body, ex->body_cap); /* realloc would leave it behind */
            mem_free(ex->body);
        }
        ex->body = grown;
        ex->body_cap = cap;
    }
    memcpy(ex->body + ex->body_len, piece.ptr, piece.len);
    ex->body_len += piece.len;
}

/* Hand on a piece.  When the stream refuses it, its reply waits for the end of the body if
 * that is near. */
static bool
pass_on(struct exchange *ex, struct slice piece)
{
    const struct http_stream *s = ex->req.route->stream;

    if (s->write(ex->stream_state, piece, &ex->reply) == ERR_OK) {
        return true;
    }
    assert(ex->reply.status != 0);
    ex->streaming = false;
    s->abandon(ex->stream_state);
    ex->settled = true;
    ex->reply.close = true;
    return exchange_missing(ex) <= SWALLOW_MAX;
}

bool
exchange_body(struct exchange *ex, struct slice piece)
{
    ex->taken += (int64_t)piece.len;
    if (ex->settled) {
        return true;
    }
    if (ex->streaming) {
        return pass_on(ex, piece);
    }
    keep(ex, piece);
    return true;
}

void
exchange_run(struct exchange *ex)
{
    if (ex->settled) {
        return;
    }
    ex->settled = true;
    if (ex->streaming) {
        ex->streaming = false;
        ex->req.route->stream->end(ex->stream_state, &ex->req, &ex->reply);
    } else {
        ex->req.body = (struct slice){ex->body, ex->body_len};
        ex->req.route->run(&ex->req, &ex->reply);
    }
    assert(ex->reply.status != 0);
}

struct find {
    const char *name;
    const char *value;
    size_t count;
};

static enum MHD_Result
find_field(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct find *f = cls;
    (void)kind;

    if (strcasecmp(name, f->name) == 0) {
        f->value = f->count == 0 ? (value == NULL ? "" : value) : f->value;
        f->count++;
    }
    return MHD_YES;
}

const char *
http_header(const struct http_request *req, const char *name, size_t *count)
{
    const struct exchange *ex = req->conn;
    struct find f = {.name = name};

    (void)MHD_get_connection_values(ex->mhd, MHD_HEADER_KIND, find_field, &f);
    if (count != NULL) {
        *count = f.count;
    }
    return f.value;
}

void
http_label(struct http_request *req, const char *label)
{
    const struct exchange *ex = req->conn;

    conn_label(ex->conn, label);
}
