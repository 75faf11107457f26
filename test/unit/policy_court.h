/* SPDX-License-Identifier: Apache-2.0 */
/* policy_court.h - a ledger, six persons with keys, and documents that they sign, for tests of
 * the policy book. */
#ifndef TEST_UNIT_POLICY_COURT_H
#define TEST_UNIT_POLICY_COURT_H

#include <sqlite3.h>

#include "attest/base/text.h"
#include "broker/policy/document.h"
#include "broker/policy/policy.h"
#include "common/jose.h"
#include "common/json.h"
#include "test/unit/store_fixture.h"

enum person { ALICE, BOB, CAROL, DAVE, EVE, MALLORY, PERSONS, KNOWN = MALLORY };

static const char document_typ[] = "countersign-document+jws";
static const char approval_typ[] = "countersign-approval+jws";

struct court {
    struct fixture *f;
    struct jose_key key[PERSONS];
    struct principal row[KNOWN]; /* mallory is nobody */
    struct principals who;
    struct policy_book *book;
    struct why why;
};

static inline void
introduce(struct court *c, enum person p, const char *name, unsigned roles)
{
    AUTO(jwk_done) struct jwk jwk = {0};
    AUTO(json_free) json_t *obj = jose_key_jwk(&c->key[p]);
    struct principal *row = &c->row[p];

    assert_int_equal(jwk_read(obj, &jwk, &c->why), ERR_OK);
    assert_int_equal(sig_key_digest(&jwk.key, row->spki, &c->why), ERR_OK);
    (void)snprintf(row->name, sizeof row->name, "%s", name);
    row->roles = roles;
}

static inline int
court_setup(void **state)
{
    struct court *c = mem_new(1, sizeof *c);
    void *fixture = NULL;

    assert_int_equal(setup(&fixture), 0);
    c->f = fixture;
    for (int p = 0; p < PERSONS; p++) {
        enum jose_alg alg = p == CAROL ? JOSE_ES384 : JOSE_ES256;

        assert_int_equal(jose_key_make(alg, &c->key[p], &c->why), ERR_OK);
    }
    introduce(c, ALICE, "alice", ROLE_REGISTRAR);
    introduce(c, BOB, "bob", ROLE_APPROVER);
    introduce(c, CAROL, "carol", ROLE_APPROVER);
    introduce(c, DAVE, "dave", ROLE_REGISTRAR | ROLE_APPROVER);
    introduce(c, EVE, "eve", ROLE_OPERATOR);
    c->who = (struct principals){c->row, KNOWN};
    *state = c;
    return 0;
}

static inline int
court_teardown(void **state)
{
    struct court *c = *state;
    void *fixture = c->f;

    policy_book_close(&c->book);
    for (int p = 0; p < PERSONS; p++) {
        jose_key_done(&c->key[p]);
    }
    mem_free(c);
    return teardown(&fixture);
}

static inline char *
sign(struct court *c, enum person p, const char *typ, const char *payload)
{
    AUTO(json_free)
    json_t *header = json_pack("{s:s, s:o}", "typ", typ, "jwk", jose_key_jwk(&c->key[p]));
    char *jws = NULL;

    assert_int_equal(jose_sign(&c->key[p], header, slice_text(payload), &jws, &c->why), ERR_OK);
    return jws;
}

static inline void
policy_text(const char *id, int64_t version, char text[512])
{
    (void)snprintf(
        text, 512,
        "{\"id\":\"%s\",\"version\":%lld,\"accept\":[[{\"type\":\"tpm2\",\"reference_set\":"
        "\"boot\"}]],\"grant\":{\"tier\":\"t\",\"lease\":{\"heartbeat_s\":60,\"max_s\":600},"
        "\"token\":{\"ttl_s\":60,\"audience\":[\"https://a.example\"],\"scope\":[\"s\"]}}}",
        id, (long long)version);
}

static inline void
set_text(const char *id, int64_t version, char text[512])
{
    (void)snprintf(
        text, 512,
        "{\"id\":\"%s\",\"version\":%lld,\"type\":\"tpm2\",\"values\":[{\"label\":\"build\","
        "\"tpm2\":{\"values\":{\"sha256:7\":[\"%064d\"]}}}]}",
        id, (long long)version, 0);
}

static inline void
digest_of(const char *text, char hex[STORE_DIGEST])
{
    uint8_t digest[SHA256_LEN];

    hash_sha256(slice_text(text), digest);
    hex_encode((struct slice){digest, sizeof digest}, hex);
}

/* A row as the broker itself would write it, for the text that is signed. */
static inline struct document_row
row_for(const char *kind, const char *id, int64_t version, const char *text, const char *jws)
{
    struct document_row row = document_for(kind, id, version);

    digest_of(text, row.digest);
    row.state = DOCUMENT_ACTIVE;
    row.jws = jws;
    return row;
}

static inline void
put_policy(struct court *c, const char *id, int64_t version)
{
    char text[512];

    policy_text(id, version, text);
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);
    struct document_row row = row_for("policy", id, version, text, jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
}

/* An approval row under any name, signed by anyone over any text: straight into the database. */
static inline void
put_approval(struct court *c, const char *name, enum person signer, const char *payload)
{
    AUTO(mem_free_text) char *jws = sign(c, signer, approval_typ, payload);
    sqlite3 *db = NULL;
    char sql[4096];

    /* Neither names nor signatures have quotes. */
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO approval VALUES ('policy', 'p', 1, '%s', 1, '%s');"
                   "UPDATE counter SET value = value + 1 WHERE name = 'document_epoch'",
                   name, jws);
    assert_int_equal(sqlite3_open(c->f->where, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline void
approval_text(int64_t version, char text[256])
{
    char digest[STORE_DIGEST];
    char policy[512];

    policy_text("p", version, policy);
    digest_of(policy, digest);
    (void)snprintf(text, 256, "{\"approve\":\"policy/p/%lld\",\"digest\":\"%s\"}",
                   (long long)version, digest);
}

static inline void
approve_as(struct court *c, const char *name, enum person signer)
{
    char text[256];

    approval_text(1, text);
    put_approval(c, name, signer, text);
}

static inline void
open_book(struct court *c, size_t needed)
{
    expect_ok(c->f, policy_book_open(c->f->s, &c->who, needed, &c->book, &c->f->why));
}

/* The newest version of policy "p" on the book; 0 for none. */
static inline int64_t
version_of_p(struct court *c)
{
    expect_ok(c->f, policy_book_refresh(c->book, &c->f->why));
    policy_book_enter(c->book);
    const struct policy *p = policy_book_policy(c->book, "p");
    int64_t version = p == NULL ? 0 : p->version;

    policy_book_leave(c->book);
    return version;
}

/* Nothing on the book but one complaint, with this reason. */
static inline void
expect_left_out(struct court *c, const char *reason)
{
    size_t n = 0;

    assert_int_equal(version_of_p(c), 0);
    policy_book_enter(c->book);
    const struct policy_complaint *complaint = policy_book_complaints(c->book, &n);

    assert_int_equal(n, 1);
    assert_string_equal(complaint->kind, "policy");
    assert_string_equal(complaint->id, "p");
    assert_int_equal(complaint->version, 1);
    if (strstr(why_text(&complaint->why), reason) == NULL) {
        fail_msg("complains \"%s\", wanted \"%s\"", why_text(&complaint->why), reason);
    }
    policy_book_leave(c->book);
}

#endif
