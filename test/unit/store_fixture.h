/* SPDX-License-Identifier: Apache-2.0 */
/* store_fixture.h - a new store for each contract test, and the rows that the tests put into
 * it. */
#ifndef TEST_UNIT_STORE_FIXTURE_H
#define TEST_UNIT_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/store/store.h"
#include "common/mem.h"

enum { NOW = 1790000000, HARD = NOW + 3600, LEASE = NOW + 60 };

/* One store under test: how to open what `where` names, again and again. */
struct fixture {
    char where[256];
    struct store *s;
    const struct store_ops *op;
    struct why why;
};

static inline void
reopen(struct fixture *f)
{
    store_close(&f->s);
    assert_int_equal(store_open_sqlite(f->where, &f->s, &f->why), ERR_OK);
    f->op = f->s->ops;
}

static inline int
setup(void **state)
{
    struct fixture *f = mem_new(1, sizeof *f);
    char folder[] = "/tmp/countersign-store-XXXXXX";

    assert_non_null(mkdtemp(folder));
    (void)snprintf(f->where, sizeof f->where, "%s/ledger.db", folder);
    reopen(f);
    *state = f;
    return 0;
}

static inline int
teardown(void **state)
{
    static const char *const suffix[] = {"", "-wal", "-shm"};
    struct fixture *f = *state;
    char path[300];

    store_close(&f->s);
    for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", f->where, suffix[i]);
        (void)unlink(path);
    }
    *strrchr(f->where, '/') = '\0';
    assert_int_equal(rmdir(f->where), 0);
    mem_free(f);
    return 0;
}

/* The refusal names its reason. */
static inline void
expect(struct fixture *f, enum err err, enum err wanted, const char *reason)
{
    if (err != wanted || strstr(why_text(&f->why), reason) == NULL) {
        fail_msg("got %d \"%s\", wanted %d \"%s\"", (int)err, why_text(&f->why), (int)wanted,
                 reason);
    }
    f->why.n = 0;
}

static inline void
expect_ok(struct fixture *f, enum err err)
{
    if (err != ERR_OK) {
        fail_msg("got %d \"%s\"", (int)err, why_text(&f->why));
    }
}

static inline struct verdict_row
verdict_for(const char *id, const char *sandbox)
{
    struct verdict_row v = {.at = NOW,
                            .outcome = "accept",
                            .policy = "summarizer",
                            .policy_version = 7,
                            .findings = "[]",
                            .evidence = NULL};

    (void)snprintf(v.id, sizeof v.id, "vd-%s", id);
    (void)snprintf(v.sandbox, sizeof v.sandbox, "%s", sandbox);
    memset(v.policy_digest, 'a', 64);
    memset(v.evidence_digest, 'b', 64);
    return v;
}

static inline struct sandbox_row
sandbox_for(const char *id)
{
    struct sandbox_row s = {.state = SANDBOX_LIVE,
                            .policy = "summarizer",
                            .policy_version = 7,
                            .session = "alice",
                            .consent = "consent-1",
                            .created = NOW,
                            .lease_until = LEASE,
                            .hard_until = HARD,
                            .collateral_until = INT64_MAX};

    (void)snprintf(s.id, sizeof s.id, "%s", id);
    (void)snprintf(s.verdict, sizeof s.verdict, "vd-%s", id);
    memset(s.policy_digest, 'a', 64);
    memset(s.jkt, 'j', 43);
    return s;
}

/* A sandbox with its own challenge and verdict. */
static inline struct sandbox_row
admit_as(struct fixture *f, const char *id, enum sandbox_state as)
{
    struct verdict_row v = verdict_for(id, id);
    struct sandbox_row s = sandbox_for(id);

    s.state = as;
    expect_ok(f, f->op->attest_put(f->s, slice_text(id), NOW + 120, &v, &s, NULL, 0, &f->why));
    return s;
}

static inline struct sandbox_row
admit(struct fixture *f, const char *id)
{
    return admit_as(f, id, SANDBOX_LIVE);
}

static inline bool
end(struct fixture *f, const char *id, size_t *aborted_n)
{
    struct upload_row aborted[4];
    bool was_live = false;
    size_t n = 0;

    expect_ok(f, f->op->sandbox_end(f->s, id, SANDBOX_ENDED, "done", NOW + 5, &was_live, aborted, 4,
                                    &n, &f->why));
    if (aborted_n != NULL) {
        *aborted_n = n;
    }
    return was_live;
}

/* Field by field: rows have padding. */
static inline void
expect_sandbox(const struct sandbox_row *seen, const struct sandbox_row *wanted)
{
    assert_string_equal(seen->id, wanted->id);
    assert_int_equal(seen->state, wanted->state);
    assert_string_equal(seen->policy, wanted->policy);
    assert_int_equal(seen->policy_version, wanted->policy_version);
    assert_string_equal(seen->policy_digest, wanted->policy_digest);
    assert_string_equal(seen->jkt, wanted->jkt);
    assert_string_equal(seen->verdict, wanted->verdict);
    assert_string_equal(seen->session, wanted->session);
    assert_string_equal(seen->consent, wanted->consent);
    assert_int_equal(seen->created, wanted->created);
    assert_int_equal(seen->lease_until, wanted->lease_until);
    assert_int_equal(seen->hard_until, wanted->hard_until);
    assert_true(seen->collateral_until == wanted->collateral_until);
    assert_int_equal(seen->status_index, wanted->status_index);
    assert_int_equal(seen->ended_at, wanted->ended_at);
    assert_string_equal(seen->end_reason, wanted->end_reason);
}

static inline void
expect_upload(const struct upload_row *seen, const struct upload_row *wanted)
{
    assert_string_equal(seen->id, wanted->id);
    assert_string_equal(seen->sandbox, wanted->sandbox);
    assert_string_equal(seen->store, wanted->store);
    assert_string_equal(seen->key, wanted->key);
    assert_string_equal(seen->mode, wanted->mode);
    assert_string_equal(seen->remote_id, wanted->remote_id);
    assert_int_equal(seen->state, wanted->state);
    assert_int_equal(seen->size, wanted->size);
    assert_string_equal(seen->sha256, wanted->sha256);
    assert_string_equal(seen->content_type, wanted->content_type);
    assert_int_equal(seen->created, wanted->created);
    assert_int_equal(seen->expires, wanted->expires);
}

static inline struct upload_row
upload_for(const char *id, const char *sandbox)
{
    struct upload_row u = {.store = "results",
                           .key = "summaries/x/report.pdf",
                           .mode = "local",
                           .remote_id = "r",
                           .state = UPLOAD_OPEN,
                           .size = 1234,
                           .sha256 = "5e",
                           .content_type = "application/pdf",
                           .created = NOW,
                           .expires = NOW + 60};

    (void)snprintf(u.id, sizeof u.id, "%s", id);
    (void)snprintf(u.sandbox, sizeof u.sandbox, "%s", sandbox);
    return u;
}

static inline struct document_row
document_for(const char *kind, const char *id, int64_t version)
{
    struct document_row d = {.version = version,
                             .author = "alice",
                             .state = DOCUMENT_PROPOSED,
                             .reason = "",
                             .at = NOW,
                             .jws = "e30.e30.c2ln"};

    (void)snprintf(d.kind, sizeof d.kind, "%s", kind);
    (void)snprintf(d.id, sizeof d.id, "%s", id);
    memset(d.digest, 'd', 64);
    return d;
}

static inline void
publish(struct fixture *f, const char *kind, const char *id, int64_t version)
{
    struct document_row d = document_for(kind, id, version);

    d.state = DOCUMENT_ACTIVE;
    expect_ok(f, f->op->document_put(f->s, &d, &f->why));
}

static inline enum err
approve(struct fixture *f, const char *who, int64_t version, size_t needed, bool *active)
{
    struct approval_row a = {
        .kind = "policy", .id = "p", .version = version, .at = NOW, .jws = "j.w.s"};

    (void)snprintf(a.approver, sizeof a.approver, "%s", who);
    return f->op->document_approve(f->s, &a, needed, active, &f->why);
}

#endif
