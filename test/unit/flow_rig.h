/* SPDX-License-Identifier: Apache-2.0 */
/* flow_rig.h - a broker without guests: a real mint, a real ledger, a front that listens to nobody;
 * and ledgers that fail on purpose. */
#ifndef TEST_UNIT_FLOW_RIG_H
#define TEST_UNIT_FLOW_RIG_H

#include "test/unit/mint_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "broker/api/api.h"
#include "broker/flow/inflight.h"
#include "broker/flow/upload.h"
#include "common/json.h"
#include "common/sys.h"

struct rig {
    char path[SCRATCH_PATH];
    struct mint_conf conf;
    struct broker b;
    struct store *ledger; /* the real one */
    struct store broken;  /* the same, with operations that the test replaces */
    struct store_ops ops;
    struct fault f;
};

/* A port that is free now. */
static inline uint16_t
free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

static inline void
open_rig(struct rig *r)
{
    struct http_conf conf = {
        .connections_max = 4,
        .header_deadline_s = 5,
        .idle_s = 5,
        .routes = API_ROUTES,
        .routes_n = API_ROUTES_N,
        .app = &r->b,
        .listen = {[2] = {.host = "127.0.0.1", .port = free_port()}},
    };
    char file[SCRATCH_PATH + 16];

    (void)snprintf(file, sizeof file, "%s/ledger.db", r->path);
    fine(mint_start(&r->conf, &r->b.mint, &r->f.why), &r->f.why);
    fine(mint_listen(r->b.mint, &r->f.why), &r->f.why);
    fine(store_open_sqlite(file, &r->ledger, &r->f.why), &r->f.why);
    r->b.store = r->ledger;
    r->ops = *r->ledger->ops;
    r->broken = (struct store){.ops = &r->ops, .impl = r->ledger->impl};
    fine(policy_book_open(r->ledger, &r->b.who, 0, &r->b.book, &r->f.why), &r->f.why);
    fine(http_start(&conf, &r->b.front, &r->f.why), &r->f.why);
}

static inline int
setup(void **state)
{
    struct rig *r = mem_new(1, sizeof *r);

    scratch_make(r->path);
    SCRATCH_SET(r->conf.data_dir, r->path);
    SCRATCH_SET(r->conf.issuer, "https://broker.example");
    SCRATCH_SET(r->conf.log_origin, "broker.example/log");
    SCRATCH_SET(r->b.issuer, "https://broker.example");
    (void)snprintf(r->b.upload_dir, sizeof r->b.upload_dir, "%s/uploads", r->path);
    SCRATCH_SET(r->b.store_conf[0].id, "results");
    SCRATCH_SET(r->b.store_conf[0].mode, "local");
    (void)snprintf(r->b.store_conf[0].path, sizeof r->b.store_conf[0].path, "%s/results", r->path);
    r->b.stores = 1;
    fine(dir_make(r->b.upload_dir, 0700, &r->f.why), &r->f.why);
    fine(dir_make(r->b.store_conf[0].path, 0700, &r->f.why), &r->f.why);
    r->b.inflight = inflight_new();
    budget_init(&r->b.refusals, clock_mono_ms());
    open_rig(r);
    *state = r;
    return 0;
}

static inline int
teardown(void **state)
{
    struct rig *r = *state;

    http_stop(&r->b.front, 0);
    policy_book_close(&r->b.book);
    store_close(&r->ledger);
    mint_stop(&r->b.mint);
    budget_done(&r->b.refusals);
    inflight_free(&r->b.inflight);
    scratch_remove(r->path);
    mem_free(r);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static inline void
good(struct rig *r, enum err e)
{
    fine(e, &r->f.why);
}

/* The fault of a flow, as its caller would see it. */
static inline void
fault(struct rig *r, enum err e, enum err wanted, const char *code)
{
    if (e != wanted || r->f.err != e || strcmp(r->f.code, code) != 0) {
        fail_msg("got %d %s \"%s\", wanted %d %s", (int)e, r->f.code, why_text(&r->f.why),
                 (int)wanted, code);
    }
    r->f = (struct fault){0};
}

static inline struct guest
live_guest(struct rig *r, const char *id)
{
    struct verdict_row v = {.at = clock_unix(), .outcome = "accept", .findings = "[]"};
    struct guest g = {.sandbox = {.state = SANDBOX_LIVE,
                                  .policy = "p",
                                  .policy_version = 1,
                                  .created = clock_unix(),
                                  .lease_until = clock_unix() + 60,
                                  .hard_until = clock_unix() + 600,
                                  .collateral_until = INT64_MAX}};

    SCRATCH_SET(g.sandbox.id, id);
    SCRATCH_SET(g.sandbox.jkt, SCRATCH_JKT);
    SCRATCH_SET(g.sandbox.policy_digest, SCRATCH_DIGEST);
    SCRATCH_SET(g.claims.scope, "upload");
    (void)snprintf(v.id, sizeof v.id, "vd-%s", id);
    SCRATCH_SET(g.sandbox.verdict, v.id);
    SCRATCH_SET(v.sandbox, id);
    SCRATCH_SET(v.policy_digest, SCRATCH_DIGEST);
    SCRATCH_SET(v.evidence_digest, SCRATCH_DIGEST);
    good(r, r->ledger->ops->attest_put(r->ledger, slice_text(id), clock_unix() + 9, &v, &g.sandbox,
                                       NULL, 0, &r->f.why));
    return g;
}

static inline struct upload_row
put_upload(struct rig *r, const struct guest *g, const char *id, const char *mode)
{
    struct upload_row u = {
        .state = UPLOAD_OPEN, .size = 4, .created = clock_unix(), .expires = clock_unix() + 60};

    SCRATCH_SET(u.id, id);
    SCRATCH_SET(u.sandbox, g->sandbox.id);
    (void)snprintf(u.store, sizeof u.store, "%s", strcmp(mode, "local") == 0 ? "results" : "s3");
    (void)snprintf(u.key, sizeof u.key, "in/%s", id);
    SCRATCH_SET(u.mode, mode);
    SCRATCH_SET(u.content_type, "text/plain");
    good(r, r->ledger->ops->upload_put(r->ledger, &u, &r->f.why));
    return u;
}

static inline void
part_of(struct rig *r, const char *id, char path[UPLOAD_PATH])
{
    good(r, upload_part_path(&r->b, id, path, UPLOAD_PATH, &r->f.why));
}

/* Its bytes have come. */
static inline struct upload_row
stored_upload(struct rig *r, const struct guest *g, const char *id)
{
    struct upload_row u = put_upload(r, g, id, "local");
    char part[UPLOAD_PATH];

    part_of(r, id, part);
    good(r, file_write(part, slice_text("data"), 0600, &r->f.why));
    good(r, r->ledger->ops->upload_move(r->ledger, id, UPLOAD_OPEN, UPLOAD_STORED, &r->f.why));
    return u;
}

static inline enum upload_state
upload_state_of(struct rig *r, const char *id)
{
    struct upload_row u = {0};

    good(r, r->ledger->ops->upload_get(r->ledger, id, &u, &r->f.why));
    return u.state;
}

/* The object "receipt" of a receipt, owned by the caller. */
static inline json_t *
receipt_said(const char *text)
{
    AUTO(jws_done) struct jws jws = {0};
    struct why why = {0};

    fine(jws_read(slice_text(text), "receipt+jwt", JOSE_ALLOW_ES256, &jws, &why), &why);
    json_t *said = json_object_get(jws.payload, "receipt");

    assert_true(json_is_object(said));
    return json_incref(said);
}

static inline int64_t
number_of(const json_t *o, const char *name)
{
    assert_true(json_is_integer(json_object_get(o, name)));
    return json_integer_value(json_object_get(o, name));
}

static inline size_t
log_count(const struct rig *r, const char *text)
{
    char audit[SCRATCH_PATH + 8];
    size_t n = 0;

    (void)snprintf(audit, sizeof audit, "%s/audit", r->path);
    struct slice log = scratch_read(audit, "log");
    const uint8_t *end = log.ptr + log.len;

    for (const uint8_t *p = log.ptr; (p = memmem(p, (size_t)(end - p), text, strlen(text))) != NULL;
         p++) {
        n++;
    }
    scratch_free(log);
    return n;
}

#endif
