/* SPDX-License-Identifier: Apache-2.0 */
/* The book of policies: what is signed and approved is on it, the newest first, for every
 * thread at once; and the checks of one document or approval by themselves. */
#include <pthread.h>
#include <stdatomic.h>

#include "test/unit/policy_court.h"

/* --- what counts --- */

static void
signed_and_approved_is_on_the_book(void **state)
{
    struct court *c = *state;
    size_t n = 9;

    put_policy(c, "p", 1);
    approve_as(c, "bob", BOB);
    approve_as(c, "carol", CAROL);
    open_book(c, 2);
    assert_int_equal(version_of_p(c), 1);
    policy_book_enter(c->book);
    (void)policy_book_complaints(c->book, &n);
    assert_int_equal(n, 0);
    assert_non_null(policy_book_version(c->book, "p", 1));
    assert_null(policy_book_version(c->book, "p", 2));
    assert_null(policy_book_policy(c->book, "q"));
    policy_book_leave(c->book);
}

static void
older_versions_stay_until_revoked(void **state)
{
    struct court *c = *state;
    char ids[1][ID_MAX];
    size_t n = 0;

    put_policy(c, "a", 1);
    put_policy(c, "p", 1);
    put_policy(c, "p", 2);
    put_policy(c, "q", 1);
    open_book(c, 0);
    assert_int_equal(version_of_p(c), 2);
    policy_book_enter(c->book);
    assert_int_equal(policy_book_version(c->book, "p", 1)->version, 1);
    policy_book_leave(c->book);
    expect_ok(c->f, c->f->op->document_revoke(c->f->s, "policy", "p", 2, "bad", NOW, ids, 1, &n,
                                              &c->f->why));
    assert_int_equal(version_of_p(c), 1);
    put_policy(c, "p", 3);
    assert_int_equal(version_of_p(c), 3);
    policy_book_enter(c->book);
    assert_null(policy_book_version(c->book, "p", 2));
    policy_book_leave(c->book);
}

static void
reference_sets_are_found(void **state)
{
    struct court *c = *state;
    char text[512];

    set_text("boot", 1, text);
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);
    struct document_row row = row_for("reference-set", "boot", 1, text, jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 0);
    policy_book_enter(c->book);
    const struct reference_set *set = policy_book_set(c->book, "boot");

    assert_non_null(set);
    assert_string_equal(set->entry[0].label, "build");
    assert_null(policy_book_set(c->book, "root"));
    assert_null(policy_book_policy(c->book, "boot"));
    policy_book_leave(c->book);
}

static void
proposed_is_not_on_the_book(void **state)
{
    struct court *c = *state;
    struct approval_row a = {
        .kind = "policy", .id = "p", .version = 1, .approver = "bob", .at = NOW};
    bool active = false;
    char text[512];
    char approval[256];

    policy_text("p", 1, text);
    approval_text(1, approval);
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);
    AUTO(mem_free_text) char *ok = sign(c, BOB, approval_typ, approval);
    struct document_row row = row_for("policy", "p", 1, text, jws);

    row.state = DOCUMENT_PROPOSED;
    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 1);
    assert_int_equal(version_of_p(c), 0);
    a.jws = ok;
    expect_ok(c->f, c->f->op->document_approve(c->f->s, &a, 1, &active, &c->f->why));
    assert_true(active);
    assert_int_equal(version_of_p(c), 1);
}

/* --- the helpers by themselves --- */

static void
document_check_says_who_and_what(void **state)
{
    struct court *c = *state;
    AUTO(document_done) struct document d = {0};
    char digest[STORE_DIGEST];
    char text[512];

    policy_text("p", 1, text);
    digest_of(text, digest);
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);

    assert_int_equal(document_check(&c->who, "policy", slice_text(jws), &d, &c->why), ERR_OK);
    assert_string_equal(d.id, "p");
    assert_int_equal(d.version, 1);
    assert_string_equal(d.author, "alice");
    assert_string_equal(d.digest, digest);
    assert_int_equal(d.payload_len, strlen(text));
    assert_memory_equal(d.payload, text, d.payload_len);
    assert_non_null(d.policy);
}

static void
document_signer_tells_faults_apart(void **state)
{
    struct court *c = *state;
    AUTO(mem_free_text) char *by_eve = sign(c, EVE, document_typ, "{}");
    AUTO(mem_free_text) char *by_mallory = sign(c, MALLORY, document_typ, "{}");
    AUTO(json_free) json_t *bare = json_pack("{s:s}", "typ", document_typ);
    AUTO(mem_free_text) char *no_key = NULL;
    const struct principal *by = NULL;
    struct jws jws = {0};
    struct fixture *f = c->f;

    assert_int_equal(jose_sign(&c->key[ALICE], bare, slice_text("{}"), &no_key, &c->why), ERR_OK);
    expect(f,
           document_signer(&c->who, slice_text(by_eve), document_typ, ROLE_REGISTRAR, &jws, &by,
                           &f->why),
           ERR_DENIED, "eve has no role");
    expect(f,
           document_signer(&c->who, slice_text(by_mallory), document_typ, ROLE_REGISTRAR, &jws, &by,
                           &f->why),
           ERR_UNAUTHENTICATED, "nobody's");
    expect(f,
           document_signer(&c->who, slice_text(no_key), document_typ, ROLE_REGISTRAR, &jws, &by,
                           &f->why),
           ERR_MALFORMED, "jwk");
    expect(f,
           document_signer(&c->who, slice_text("a.b"), document_typ, ROLE_REGISTRAR, &jws, &by,
                           &f->why),
           ERR_MALFORMED, "segments");
    assert_null(by);
    assert_null(jws.header);
}

static void
approval_check_tells_faults_apart(void **state)
{
    struct court *c = *state;
    struct document d = {.id = "p", .version = 1, .author = "dave"};
    struct document other = {.id = "p", .version = 2, .author = "dave"};
    AUTO(mem_free_text) char *by_dave = NULL;
    AUTO(mem_free_text) char *by_bob = NULL;
    const struct principal *by = NULL;
    struct fixture *f = c->f;
    char policy[512];
    char text[256];

    policy_text("p", 1, policy);
    digest_of(policy, d.digest);
    approval_text(1, text);
    by_dave = sign(c, DAVE, approval_typ, text);
    by_bob = sign(c, BOB, approval_typ, text);
    expect_ok(f, approval_check(&c->who, "policy", &d, slice_text(by_bob), &by, &f->why));
    assert_string_equal(by->name, "bob");
    expect(f, approval_check(&c->who, "policy", &d, slice_text(by_dave), &by, &f->why), ERR_DENIED,
           "dave is the author");
    expect(f, approval_check(&c->who, "policy", &other, slice_text(by_bob), &by, &f->why),
           ERR_CONFLICT, "approves policy/p/1, not policy/p/2");
    expect(f, approval_check(&c->who, "reference-set", &d, slice_text(by_bob), &by, &f->why),
           ERR_CONFLICT, "not reference-set/p/1");
    d.digest[0] = d.digest[0] == '0' ? '1' : '0';
    expect(f, approval_check(&c->who, "policy", &d, slice_text(by_bob), &by, &f->why), ERR_CONFLICT,
           "another digest");
}

/* --- failures and many threads --- */

/* NOLINTBEGIN(readability-non-const-parameter): the signature is the store's */
static enum err
list_fails(struct store *s, const char *kind, struct document_row *out, size_t cap, size_t *n,
           struct why *why)
{
    (void)s;
    (void)kind;
    (void)out;
    (void)cap;
    (void)n;
    return why_add(why, ERR_IO, "no disk");
}
/* NOLINTEND(readability-non-const-parameter) */

static void
failing_store_keeps_the_book_as_it_was(void **state)
{
    struct court *c = *state;
    struct store_ops broken = *c->f->op;
    struct policy_book *none = NULL;

    put_policy(c, "p", 1);
    open_book(c, 0);
    put_policy(c, "p", 2);
    broken.document_list = list_fails;
    c->f->s->ops = &broken;
    expect(c->f, policy_book_refresh(c->book, &c->f->why), ERR_IO, "no disk");
    expect(c->f, policy_book_refresh(c->book, &c->f->why), ERR_IO, "no disk");
    expect(c->f, policy_book_open(c->f->s, &c->who, 0, &none, &c->f->why), ERR_IO, "no disk");
    assert_null(none);
    policy_book_enter(c->book);
    assert_int_equal(policy_book_policy(c->book, "p")->version, 1);
    policy_book_leave(c->book);
    c->f->s->ops = c->f->op;
    assert_int_equal(version_of_p(c), 2);
}

struct reader_arg {
    struct court *c;
    atomic_bool stop;
    size_t back; /* times that a version older than one seen before was shown */
    size_t seen;
};

static void *
read_book(void *arg)
{
    struct reader_arg *r = arg;
    int64_t last = 0;

    while (!atomic_load(&r->stop)) {
        struct why why = {0};

        if (policy_book_refresh(r->c->book, &why) != ERR_OK) {
            continue;
        }
        policy_book_enter(r->c->book);
        const struct policy *p = policy_book_policy(r->c->book, "p");
        int64_t version = p == NULL ? 0 : p->version;

        policy_book_leave(r->c->book);
        r->back += version < last;
        r->seen++;
        last = version;
    }
    return NULL;
}

/* A change that was answered is seen by the next refresh, whoever else is loading. */
static void
changes_show_at_once_to_every_thread(void **state)
{
    struct court *c = *state;
    struct reader_arg arg[4] = {{.c = c}, {.c = c}, {.c = c}, {.c = c}};
    pthread_t thread[4];

    open_book(c, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, read_book, &arg[i]), 0);
    }
    for (int64_t v = 1; v <= 20; v++) {
        put_policy(c, "p", v);
        assert_int_equal(version_of_p(c), v);
    }
    for (size_t i = 0; i < 4; i++) {
        atomic_store(&arg[i].stop, true);
        (void)pthread_join(thread[i], NULL);
        assert_int_equal(arg[i].back, 0);
        assert_true(arg[i].seen > 0);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signed_and_approved_is_on_the_book, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(older_versions_stay_until_revoked, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(reference_sets_are_found, court_setup, court_teardown),
        cmocka_unit_test_setup_teardown(proposed_is_not_on_the_book, court_setup, court_teardown),
        cmocka_unit_test_setup_teardown(document_check_says_who_and_what, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(document_signer_tells_faults_apart, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(approval_check_tells_faults_apart, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(failing_store_keeps_the_book_as_it_was, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(changes_show_at_once_to_every_thread, court_setup,
                                        court_teardown),
    };

    return cmocka_run_group_tests_name("policy book", tests, NULL, NULL);
}
