/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of broker/store/store.h, second half: uploads, documents, approvals, many
 * writers. */
#include <pthread.h>

#include "test/unit/store_fixture.h"

enum { WRITERS = 16, WRITES = 50 };

/* --- uploads --- */

static void
upload_is_journalled_in_a_live_sandbox_only(void **state)
{
    struct fixture *f = *state;
    struct upload_row u = upload_for("up-1", "sb-1");
    struct upload_row seen;

    (void)admit(f, "sb-1");
    expect_ok(f, f->op->upload_put(f->s, &u, &f->why));
    expect_ok(f, f->op->upload_get(f->s, "up-1", &seen, &f->why));
    expect_upload(&seen, &u);
    expect(f, f->op->upload_put(f->s, &u, &f->why), ERR_CONFLICT, "put upload");
    expect(f, f->op->upload_get(f->s, "up-9", &seen, &f->why), ERR_NOT_FOUND, "no upload up-9");
    assert_true(end(f, "sb-1", NULL));
    u = upload_for("up-2", "sb-1");
    expect(f, f->op->upload_put(f->s, &u, &f->why), ERR_GONE, "sb-1 is not live");
    (void)admit_as(f, "sb-2", SANDBOX_PAUSED);
    u = upload_for("up-3", "sb-2");
    expect(f, f->op->upload_put(f->s, &u, &f->why), ERR_GONE, "sb-2 is not live");
}

static void
upload_moves_only_from_where_it_is(void **state)
{
    struct fixture *f = *state;
    struct upload_row u = upload_for("up-1", "sb-1");

    (void)admit(f, "sb-1");
    expect_ok(f, f->op->upload_put(f->s, &u, &f->why));
    expect(f, f->op->upload_move(f->s, "up-1", UPLOAD_STORED, UPLOAD_COMMITTED, &f->why),
           ERR_CONFLICT, "up-1 is in state 1, wanted 2");
    expect_ok(f, f->op->upload_move(f->s, "up-1", UPLOAD_OPEN, UPLOAD_STORED, &f->why));
    expect(f, f->op->upload_move(f->s, "up-1", UPLOAD_OPEN, UPLOAD_STORED, &f->why), ERR_CONFLICT,
           "up-1 is in state 2, wanted 1");
    expect_ok(f, f->op->upload_move(f->s, "up-1", UPLOAD_STORED, UPLOAD_COMMITTED, &f->why));
    expect(f, f->op->upload_move(f->s, "up-1", UPLOAD_COMMITTED, UPLOAD_STORED, &f->why), ERR_BUG,
           "no way from state 3");
    expect(f, f->op->upload_move(f->s, "up-9", UPLOAD_OPEN, UPLOAD_STORED, &f->why), ERR_NOT_FOUND,
           "no upload up-9");
    expect_ok(f, f->op->upload_get(f->s, "up-1", &u, &f->why));
    assert_int_equal(u.state, UPLOAD_COMMITTED);
}

static void
upload_of_an_ended_sandbox_never_finishes(void **state)
{
    struct fixture *f = *state;
    struct upload_row u = upload_for("up-1", "sb-1");

    (void)admit(f, "sb-1");
    expect_ok(f, f->op->upload_put(f->s, &u, &f->why));
    expect_ok(f, f->op->upload_move(f->s, "up-1", UPLOAD_OPEN, UPLOAD_STORED, &f->why));
    assert_true(end(f, "sb-1", NULL));
    expect(f, f->op->upload_move(f->s, "up-1", UPLOAD_STORED, UPLOAD_COMMITTED, &f->why), ERR_GONE,
           "sb-1 is not live");
    expect_ok(f, f->op->upload_get(f->s, "up-1", &u, &f->why));
    assert_int_equal(u.state, UPLOAD_ABORTED);
}

/* Three uploads: one open, one stored, one committed. */
static void
three_uploads(struct fixture *f)
{
    struct upload_row u;

    (void)admit(f, "sb-1");
    for (int i = 1; i <= 3; i++) {
        char id[8];

        (void)snprintf(id, sizeof id, "up-%d", i);
        u = upload_for(id, "sb-1");
        expect_ok(f, f->op->upload_put(f->s, &u, &f->why));
    }
    expect_ok(f, f->op->upload_move(f->s, "up-2", UPLOAD_OPEN, UPLOAD_STORED, &f->why));
    expect_ok(f, f->op->upload_move(f->s, "up-3", UPLOAD_OPEN, UPLOAD_COMMITTED, &f->why));
}

static void
end_aborts_what_is_open_and_lists_it(void **state)
{
    struct fixture *f = *state;
    struct upload_row u[4];
    bool was_live = false;
    size_t n = 0;

    three_uploads(f);
    expect_ok(
        f, f->op->sandbox_end(f->s, "sb-1", SANDBOX_ENDED, "", NOW, &was_live, u, 4, &n, &f->why));
    assert_int_equal(n, 2);
    assert_string_equal(u[0].id, "up-1");
    assert_string_equal(u[1].id, "up-2");
    assert_int_equal(u[0].state, UPLOAD_ABORTED);
    expect_ok(f, f->op->upload_list(f->s, "sb-1", u, 4, &n, &f->why));
    assert_int_equal(n, 3);
    assert_int_equal(u[1].state, UPLOAD_ABORTED);
    assert_int_equal(u[2].state, UPLOAD_COMMITTED);
}

static void
end_lists_up_to_cap_and_forgets_none(void **state)
{
    struct fixture *f = *state;
    struct upload_row u[4];
    bool was_live = false;
    size_t n = 0;

    three_uploads(f);
    expect_ok(
        f, f->op->sandbox_end(f->s, "sb-1", SANDBOX_ENDED, "", NOW, &was_live, u, 1, &n, &f->why));
    assert_int_equal(n, 1);
    expect_ok(f, f->op->upload_unsettled(f->s, u, 4, &n, &f->why));
    assert_int_equal(n, 2);
    expect_ok(f, f->op->upload_settle(f->s, "up-1", &f->why));
    expect_ok(f, f->op->upload_settle(f->s, "up-1", &f->why));
    expect_ok(f, f->op->upload_unsettled(f->s, u, 4, &n, &f->why));
    assert_int_equal(n, 1);
    assert_string_equal(u[0].id, "up-2");
    expect(f, f->op->upload_settle(f->s, "up-3", &f->why), ERR_CONFLICT,
           "up-3 is in state 3, wanted 4");
    expect(f, f->op->upload_settle(f->s, "up-9", &f->why), ERR_NOT_FOUND, "no upload up-9");
}

/* --- documents --- */

static void
document_versions_have_no_gap(void **state)
{
    struct fixture *f = *state;
    struct document_row d = document_for("policy", "p", 2);
    AUTO(document_row_done) struct document_row seen = {0};

    expect(f, f->op->document_put(f->s, &d, &f->why), ERR_CONFLICT, "newest version is 0");
    publish(f, "policy", "p", 1);
    expect_ok(f, f->op->document_put(f->s, &d, &f->why));
    expect(f, f->op->document_put(f->s, &d, &f->why), ERR_CONFLICT, "newest version is 2");
    d = document_for("reference-set", "p", 1); /* kinds have versions of their own */
    expect_ok(f, f->op->document_put(f->s, &d, &f->why));
    d = document_for("policy", "q", 1);
    d.state = DOCUMENT_REVOKED;
    expect(f, f->op->document_put(f->s, &d, &f->why), ERR_BUG, "cannot begin in state 3");
    expect_ok(f, f->op->document_get(f->s, "policy", "p", 2, &seen, &f->why));
    assert_int_equal(seen.state, DOCUMENT_PROPOSED);
    assert_string_equal(seen.jws, "e30.e30.c2ln");
    assert_string_equal(seen.author, "alice");
    assert_int_equal(seen.at, NOW);
}

static void
document_newest_active_is_found(void **state)
{
    struct fixture *f = *state;
    struct document_row d = document_for("policy", "p", 3);
    AUTO(document_row_done) struct document_row seen = {0};

    expect(f, f->op->document_get(f->s, "policy", "p", 0, &seen, &f->why), ERR_NOT_FOUND,
           "no active policy/p");
    publish(f, "policy", "p", 1);
    publish(f, "policy", "p", 2);
    expect_ok(f, f->op->document_put(f->s, &d, &f->why));
    expect_ok(f, f->op->document_get(f->s, "policy", "p", 0, &seen, &f->why));
    assert_int_equal(seen.version, 2);
    expect(f, f->op->document_get(f->s, "policy", "p", 9, &d, &f->why), ERR_NOT_FOUND,
           "no policy/p/9");
}

static void
document_list_is_in_order_and_of_one_kind(void **state)
{
    struct fixture *f = *state;
    struct document_row d[4];
    size_t n = 0;

    publish(f, "policy", "b", 1);
    publish(f, "policy", "a", 1);
    publish(f, "policy", "a", 2);
    publish(f, "reference-set", "a", 1);
    expect_ok(f, f->op->document_list(f->s, "policy", d, 4, &n, &f->why));
    assert_int_equal(n, 3);
    assert_string_equal(d[0].id, "a");
    assert_int_equal(d[1].version, 2);
    assert_string_equal(d[2].id, "b");
    assert_null(d[0].jws);
    expect_ok(f, f->op->document_list(f->s, "policy", d, 2, &n, &f->why));
    assert_int_equal(n, 2);
}

static void
approval_activates_with_the_last_needed(void **state)
{
    struct fixture *f = *state;
    struct document_row d = document_for("policy", "p", 1);
    struct approval_row a[3];
    bool active = true;
    size_t n = 0;

    expect(f, approve(f, "bob", 1, 2, &active), ERR_NOT_FOUND, "no policy/p/1");
    expect_ok(f, f->op->document_put(f->s, &d, &f->why));
    expect_ok(f, approve(f, "bob", 1, 2, &active));
    assert_false(active);
    expect(f, approve(f, "bob", 1, 2, &active), ERR_CONFLICT, "bob has approved policy/p/1 before");
    expect(f, approve(f, "alice", 1, 2, &active), ERR_DENIED, "alice is the author");
    expect_ok(f, approve(f, "carol", 1, 2, &active));
    assert_true(active);
    active = false;
    expect_ok(f, approve(f, "dave", 1, 9, &active)); /* once active stays active */
    assert_true(active);
    expect_ok(f, f->op->approval_list(f->s, "policy", "p", 1, a, 3, &n, &f->why));
    assert_int_equal(n, 3);
    assert_string_equal(a[0].approver, "bob");
    assert_string_equal(a[2].approver, "dave");
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(a[i].jws, "j.w.s");
        approval_row_done(&a[i]);
    }
}

static void
revoked_document_stays_revoked(void **state)
{
    struct fixture *f = *state;
    AUTO(document_row_done) struct document_row seen = {0};
    bool active = false;
    char ids[1][ID_MAX];
    size_t n = 0;

    publish(f, "policy", "p", 1);
    expect(f, f->op->document_revoke(f->s, "policy", "p", 2, "", NOW, ids, 1, &n, &f->why),
           ERR_NOT_FOUND, "no policy/p/2");
    expect_ok(f, f->op->document_revoke(f->s, "policy", "p", 1, "CVE", NOW, ids, 1, &n, &f->why));
    expect_ok(f, f->op->document_revoke(f->s, "policy", "p", 1, "again", NOW, ids, 1, &n, &f->why));
    expect(f, approve(f, "bob", 1, 1, &active), ERR_GONE, "policy/p/1 is revoked");
    expect_ok(f, f->op->document_get(f->s, "policy", "p", 1, &seen, &f->why));
    assert_int_equal(seen.state, DOCUMENT_REVOKED);
    assert_string_equal(seen.reason, "CVE");
    publish(f, "policy", "p", 2); /* its number is not given again */
}

/* A sandbox that rests on policy/p/1. */
static void
admit_on_p(struct fixture *f, const char *id, enum sandbox_state as)
{
    static const struct basis_row basis[] = {{"policy", "p", 1}};
    struct verdict_row v = verdict_for(id, id);
    struct sandbox_row s = sandbox_for(id);

    s.state = as;
    expect_ok(f, f->op->attest_put(f->s, slice_text(id), NOW, &v, &s, basis, 1, &f->why));
}

static enum sandbox_state
state_of(struct fixture *f, const char *id)
{
    struct sandbox_row s = {0};

    expect_ok(f, f->op->sandbox_get(f->s, id, &s, &f->why));
    return s.state;
}

static void
revoking_ends_the_live_sandboxes_that_rest_on_it(void **state)
{
    struct fixture *f = *state;
    struct basis_row basis[] = {{"policy", "p", 1}};
    struct sandbox_row seen = {0};
    struct upload_row u = upload_for("up-1", "sb-2");
    char ids[1][ID_MAX];
    size_t n = 0;

    publish(f, "policy", "p", 1);
    (void)admit(f, "sb-0"); /* rests on nothing */
    admit_on_p(f, "sb-1", SANDBOX_LIVE);
    admit_on_p(f, "sb-2", SANDBOX_LIVE);
    admit_on_p(f, "sb-3", SANDBOX_PAUSED);
    expect_ok(f, f->op->upload_put(f->s, &u, &f->why));
    assert_true(end(f, "sb-1", NULL));
    expect_ok(f,
              f->op->document_revoke(f->s, "policy", "p", 1, "CVE", NOW + 9, ids, 1, &n, &f->why));
    assert_int_equal(n, 2); /* both, though only one was asked for */
    assert_int_equal(state_of(f, ids[0]), SANDBOX_ENDED);
    assert_int_equal(state_of(f, "sb-0"), SANDBOX_LIVE);
    assert_int_equal(state_of(f, "sb-3"), SANDBOX_ENDED);
    expect_ok(f, f->op->sandbox_get(f->s, "sb-2", &seen, &f->why));
    assert_string_equal(seen.end_reason, "revoked policy/p/1");
    assert_int_equal(seen.ended_at, NOW + 9);
    expect_ok(f, f->op->sandbox_get(f->s, "sb-1", &seen, &f->why));
    assert_int_equal(seen.ended_at, NOW + 5); /* had ended before */
    expect_ok(f, f->op->upload_get(f->s, "up-1", &u, &f->why));
    assert_int_equal(u.state, UPLOAD_ABORTED);
    expect_ok(f, f->op->document_revoke(f->s, "policy", "p", 1, "", NOW, ids, 1, &n, &f->why));
    assert_int_equal(n, 0);

    struct verdict_row v = verdict_for("sb-4", "sb-4");
    struct sandbox_row s = sandbox_for("sb-4");

    expect(f, f->op->attest_put(f->s, slice_text("late"), NOW, &v, &s, basis, 1, &f->why),
           ERR_DENIED, "policy/p/1 is not active");
}

static void
an_end_without_receipt_is_found_until_it_has_one(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_free_text) char *kept = NULL;
    char ids[4][ID_MAX];
    size_t n = 9;

    publish(f, "policy", "p", 1);
    (void)admit(f, "sb-0");
    admit_on_p(f, "sb-1", SANDBOX_LIVE);
    admit_on_p(f, "sb-2", SANDBOX_LIVE);
    expect_ok(f, f->op->sandbox_unreceipted(f->s, "", ids, 4, &n, &f->why));
    assert_int_equal(n, 0);
    expect_ok(f, f->op->document_revoke(f->s, "policy", "p", 1, "", NOW, ids, 0, &n, &f->why));
    assert_true(end(f, "sb-0", NULL));
    expect_ok(f, f->op->sandbox_unreceipted(f->s, "", ids, 4, &n, &f->why));
    assert_int_equal(n, 3);
    assert_string_equal(ids[0], "sb-0");
    expect_ok(f, f->op->sandbox_unreceipted(f->s, "sb-0", ids, 1, &n, &f->why));
    assert_int_equal(n, 1);
    assert_string_equal(ids[0], "sb-1");
    expect_ok(f, f->op->receipt_put(f->s, "sb-1", "j.w.s", &kept, &f->why));
    expect_ok(f, f->op->sandbox_unreceipted(f->s, "sb-0", ids, 4, &n, &f->why));
    assert_int_equal(n, 1);
    assert_string_equal(ids[0], "sb-2");
}

static enum err
put_direct(struct fixture *f, unsigned i, int64_t expires)
{
    char id[16];

    (void)snprintf(id, sizeof id, "up-%03u", i);
    struct upload_row u = upload_for(id, "sb-1");

    (void)snprintf(u.mode, sizeof u.mode, "direct");
    u.expires = expires;
    return f->op->upload_put(f->s, &u, &f->why);
}

static void
a_sandbox_has_a_bounded_number_of_usable_uploads(void **state)
{
    struct fixture *f = *state;

    (void)admit(f, "sb-1");
    for (unsigned i = 0; i < UPLOADS_USABLE_MAX - 1; i++) {
        expect_ok(f, put_direct(f, i, NOW + 60));
    }
    expect_ok(f, put_direct(f, 500, NOW)); /* past its time: takes no room */
    expect_ok(f, put_direct(f, 501, NOW + 60));
    expect(f, put_direct(f, 502, NOW + 60), ERR_BUSY, "at most 128");
    /* A committed one makes no room while its URL is good. */
    expect_ok(f, f->op->upload_move(f->s, "up-000", UPLOAD_OPEN, UPLOAD_COMMITTED, &f->why));
    expect(f, put_direct(f, 503, NOW + 60), ERR_BUSY, "at most 128");
}

static void
a_sum_names_what_outlives_the_sandbox(void **state)
{
    struct fixture *f = *state;
    struct upload_sum *sum = mem_new(1, sizeof *sum);

    three_uploads(f);
    expect_ok(f, put_direct(f, 7, NOW + 60));
    expect_ok(f, put_direct(f, 8, NOW + 10));
    expect_ok(f, put_direct(f, 9, NOW + 11));
    expect_ok(f, f->op->upload_move(f->s, "up-009", UPLOAD_OPEN, UPLOAD_COMMITTED, &f->why));
    assert_true(end(f, "sb-1", NULL));
    expect_ok(f, f->op->upload_sum(f->s, "sb-1", NOW + 10, sum, &f->why));
    assert_int_equal(sum->committed, 2);
    assert_int_equal(sum->aborted, 4);
    assert_int_equal(sum->usable_n, 2);
    assert_string_equal(sum->usable[0].id, "up-007");
    assert_int_equal(sum->usable[0].until, NOW + 60);
    assert_string_equal(sum->usable[1].id, "up-009");
    mem_free(sum);
}

static void
epoch_grows_with_every_change_of_documents(void **state)
{
    struct fixture *f = *state;
    struct document_row d = document_for("policy", "p", 1);
    char ids[1][ID_MAX];
    int64_t epoch[6] = {0};
    bool active = false;
    size_t n = 0;

    expect_ok(f, f->op->document_epoch(f->s, &epoch[0], &f->why));
    expect_ok(f, f->op->document_put(f->s, &d, &f->why));
    expect_ok(f, f->op->document_epoch(f->s, &epoch[1], &f->why));
    expect_ok(f, approve(f, "bob", 1, 2, &active));
    expect_ok(f, f->op->document_epoch(f->s, &epoch[2], &f->why));
    expect_ok(f, approve(f, "carol", 1, 2, &active));
    expect_ok(f, f->op->document_epoch(f->s, &epoch[3], &f->why));
    expect_ok(f, f->op->document_revoke(f->s, "policy", "p", 1, "", NOW, ids, 1, &n, &f->why));
    expect_ok(f, f->op->document_epoch(f->s, &epoch[4], &f->why));
    for (size_t i = 1; i < 5; i++) {
        assert_true(epoch[i] > epoch[i - 1]);
    }
    (void)admit(f, "sb-1");
    expect(f, f->op->document_put(f->s, &d, &f->why), ERR_CONFLICT, "newest version");
    expect_ok(f, f->op->document_epoch(f->s, &epoch[5], &f->why));
    assert_int_equal(epoch[5], epoch[4]);
}

/* --- many at once, and again --- */

struct work {
    struct fixture *f;
    size_t i;
    size_t failed;
};

static void *
work_write(void *arg)
{
    struct work *w = arg;
    struct why why = {0};
    char id[32];

    for (size_t k = 0; k < WRITES; k++) {
        (void)snprintf(id, sizeof id, "sb-%zu-%zu", w->i, k);
        struct verdict_row v = verdict_for(id, id);
        struct sandbox_row s = sandbox_for(id);
        enum err err = w->f->op->attest_put(w->f->s, slice_text(id), NOW, &v, &s, NULL, 0, &why);
        struct sandbox_row seen;

        /* A write that was answered is there for the next reader. */
        if (err != ERR_OK || w->f->op->sandbox_get(w->f->s, id, &seen, &why) != ERR_OK ||
            seen.status_index != s.status_index) {
            w->failed++;
        }
    }
    return NULL;
}

static void
many_writers_lose_nothing(void **state)
{
    struct fixture *f = *state;
    struct work work[WRITERS];
    pthread_t thread[WRITERS];
    struct sandbox_row *all = mem_new(STORE_LIST_MAX, sizeof *all);
    size_t n = 0;

    for (size_t i = 0; i < WRITERS; i++) {
        work[i] = (struct work){f, i, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, work_write, &work[i]), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        (void)pthread_join(thread[i], NULL);
        assert_int_equal(work[i].failed, 0);
    }
    expect_ok(f, f->op->sandbox_list(f->s, "", all, STORE_LIST_MAX, &n, &f->why));
    assert_int_equal(n, (int)WRITERS * WRITES);

    bool seen[WRITERS * WRITES] = {false};

    for (size_t i = 0; i < n; i++) {
        assert_in_range(all[i].status_index, 0, WRITERS * WRITES - 1);
        assert_false(seen[all[i].status_index]);
        seen[all[i].status_index] = true;
    }
    mem_free(all);
}

static void
reopening_finds_everything(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row s = admit(f, "sb-1");
    struct upload_row u = upload_for("up-1", "sb-1");
    struct credential_row c;
    struct upload_row seen;

    expect_ok(f, f->op->upload_put(f->s, &u, &f->why));
    expect_ok(f, f->op->token_revoke(f->s, "jti", NOW, &f->why));
    reopen(f);
    expect_ok(f, f->op->ping(f->s, &f->why));
    expect_ok(f, f->op->credential_get(f->s, "sb-1", "jti", &c, &f->why));
    expect_sandbox(&c.sandbox, &s);
    assert_true(c.jti_revoked);
    expect_ok(f, f->op->upload_get(f->s, "up-1", &seen, &f->why));
    expect_upload(&seen, &u);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(upload_is_journalled_in_a_live_sandbox_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(upload_moves_only_from_where_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(upload_of_an_ended_sandbox_never_finishes, setup, teardown),
        cmocka_unit_test_setup_teardown(end_aborts_what_is_open_and_lists_it, setup, teardown),
        cmocka_unit_test_setup_teardown(end_lists_up_to_cap_and_forgets_none, setup, teardown),
        cmocka_unit_test_setup_teardown(document_versions_have_no_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(document_newest_active_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(document_list_is_in_order_and_of_one_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(approval_activates_with_the_last_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(revoked_document_stays_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(revoking_ends_the_live_sandboxes_that_rest_on_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_end_without_receipt_is_found_until_it_has_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_sandbox_has_a_bounded_number_of_usable_uploads, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_sum_names_what_outlives_the_sandbox, setup, teardown),
        cmocka_unit_test_setup_teardown(epoch_grows_with_every_change_of_documents, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_writers_lose_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(reopening_finds_everything, setup, teardown),
    };

    return cmocka_run_group_tests_name("store documents", tests, NULL, NULL);
}
