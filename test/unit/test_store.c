/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of broker/store/store.h, through struct store_ops alone, so that it runs on every
 * store: attestation, sandboxes, leases, ends, receipts, credentials. */
#include <pthread.h>

#include "test/unit/store_fixture.h"

/* --- attestation --- */

static void
attest_writes_all_of_it(void **state)
{
    struct fixture *f = *state;
    struct verdict_row v = verdict_for("sb-1", "sb-1");
    struct sandbox_row s = sandbox_for("sb-1");
    AUTO(verdict_row_done) struct verdict_row seen = {0};
    struct sandbox_row kept;

    v.findings = "[{\"id\":\"quote.magic\"}]";
    v.evidence = "{\"type\":\"tpm2\"}";
    expect_ok(f, f->op->attest_put(f->s, slice_text("c"), NOW, &v, &s, NULL, 0, &f->why));
    expect_ok(f, f->op->sandbox_get(f->s, "sb-1", &kept, &f->why));
    expect_sandbox(&kept, &s); /* with the status index that the store gave */
    expect_ok(f, f->op->verdict_get(f->s, "vd-sb-1", &seen, &f->why));
    assert_string_equal(seen.findings, v.findings);
    assert_string_equal(seen.evidence, v.evidence);
    assert_string_equal(seen.sandbox, "sb-1");
    assert_string_equal(seen.evidence_digest, v.evidence_digest);
    assert_int_equal(seen.policy_version, 7);
    assert_int_equal(seen.at, NOW);
}

static void
attest_refusal_keeps_a_verdict_and_no_sandbox(void **state)
{
    struct fixture *f = *state;
    struct verdict_row v = verdict_for("x", "");
    AUTO(verdict_row_done) struct verdict_row seen = {0};
    struct sandbox_row row;
    size_t n = 9;

    (void)snprintf(v.outcome, sizeof v.outcome, "reject");
    expect_ok(f, f->op->attest_put(f->s, slice_text("c"), NOW, &v, NULL, NULL, 0, &f->why));
    expect_ok(f, f->op->verdict_get(f->s, "vd-x", &seen, &f->why));
    assert_string_equal(seen.outcome, "reject");
    assert_null(seen.evidence);
    expect_ok(f, f->op->sandbox_list(f->s, "", &row, 1, &n, &f->why));
    assert_int_equal(n, 0);
}

static void
attest_takes_a_challenge_once(void **state)
{
    struct fixture *f = *state;
    struct verdict_row v = verdict_for("2", "");
    struct sandbox_row row;

    (void)admit(f, "same");
    (void)snprintf(v.outcome, sizeof v.outcome, "reject");
    expect(f, f->op->attest_put(f->s, slice_text("same"), NOW, &v, NULL, NULL, 0, &f->why),
           ERR_CONFLICT, "challenge was used before");
    expect(f, f->op->verdict_get(f->s, "vd-2", &v, &f->why), ERR_NOT_FOUND, "no verdict vd-2");
    expect_ok(f, f->op->sandbox_get(f->s, "same", &row, &f->why));
}

struct race {
    struct fixture *f;
    size_t i;
    enum err result;
};

static void *
race_one(void *arg)
{
    struct race *r = arg;
    struct why why = {0};
    char id[16];

    (void)snprintf(id, sizeof id, "sb-%zu", r->i);
    struct verdict_row v = verdict_for(id, id);
    struct sandbox_row s = sandbox_for(id);

    r->result = r->f->op->attest_put(r->f->s, slice_text("one"), NOW, &v, &s, NULL, 0, &why);
    return NULL;
}

static void
attest_takes_a_challenge_once_from_eight_threads(void **state)
{
    struct fixture *f = *state;
    struct race race[8];
    pthread_t thread[8];
    struct sandbox_row row[8];
    size_t won = 0;
    size_t n = 0;

    for (size_t i = 0; i < 8; i++) {
        race[i] = (struct race){f, i, ERR_BUG};
        assert_int_equal(pthread_create(&thread[i], NULL, race_one, &race[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        (void)pthread_join(thread[i], NULL);
        assert_true(race[i].result == ERR_OK || race[i].result == ERR_CONFLICT);
        won += race[i].result == ERR_OK;
    }
    assert_int_equal(won, 1);
    expect_ok(f, f->op->sandbox_list(f->s, "", row, 8, &n, &f->why));
    assert_int_equal(n, 1);
}

static void
attest_gives_each_sandbox_its_status_index(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row a = admit(f, "sb-1");
    struct sandbox_row b = admit(f, "sb-2");
    struct verdict_row v = verdict_for("sb-1", "sb-1");
    struct sandbox_row again = sandbox_for("sb-1");

    assert_int_not_equal(a.status_index, b.status_index);
    expect(f, f->op->attest_put(f->s, slice_text("other"), NOW, &v, &again, NULL, 0, &f->why),
           ERR_BUG, "put verdict");
    struct sandbox_row c =
        admit(f, "other"); /* the failed one has used neither challenge nor index */

    assert_int_equal(c.status_index, b.status_index + 1);
}

static void
attest_cuts_a_lease_to_the_hard_end(void **state)
{
    struct fixture *f = *state;
    struct verdict_row v = verdict_for("sb-1", "sb-1");
    struct sandbox_row s = sandbox_for("sb-1");

    s.lease_until = HARD + 1;
    expect_ok(f, f->op->attest_put(f->s, slice_text("c"), NOW, &v, &s, NULL, 0, &f->why));
    expect_ok(f, f->op->sandbox_get(f->s, "sb-1", &s, &f->why));
    assert_int_equal(s.lease_until, HARD);
}

static void
attest_rests_on_active_documents_only(void **state)
{
    struct fixture *f = *state;
    struct basis_row basis[] = {{"policy", "p", 1}, {"reference-set", "r", 1}, {"policy", "p", 1}};
    struct document_row proposed = document_for("reference-set", "r", 1);
    struct verdict_row v = verdict_for("sb-1", "sb-1");
    struct sandbox_row s = sandbox_for("sb-1");
    bool active = false;

    publish(f, "policy", "p", 1);
    expect(f, f->op->attest_put(f->s, slice_text("c"), NOW, &v, &s, basis, 3, &f->why), ERR_DENIED,
           "reference-set/r/1 is not active");
    expect_ok(f, f->op->document_put(f->s, &proposed, &f->why));
    expect(f, f->op->attest_put(f->s, slice_text("c"), NOW, &v, &s, basis, 3, &f->why), ERR_DENIED,
           "reference-set/r/1 is not active");

    struct approval_row a = {
        .kind = "reference-set", .id = "r", .version = 1, .approver = "bob", .at = NOW, .jws = "j"};

    expect_ok(f, f->op->document_approve(f->s, &a, 1, &active, &f->why));
    expect_ok(f, f->op->attest_put(f->s, slice_text("c"), NOW, &v, &s, basis, 3, &f->why));
}

/* --- sandboxes --- */

static void
sandbox_unknown_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row row;
    struct upload_row up;
    char *text = NULL;
    bool flag = false;
    size_t n = 0;

    expect(f, f->op->sandbox_get(f->s, "no", &row, &f->why), ERR_NOT_FOUND, "no sandbox no");
    expect(f, f->op->sandbox_renew(f->s, "no", LEASE, &row, &f->why), ERR_NOT_FOUND,
           "no sandbox no");
    expect(f, f->op->sandbox_end(f->s, "no", SANDBOX_ENDED, "", NOW, &flag, &up, 1, &n, &f->why),
           ERR_NOT_FOUND, "no sandbox no");
    expect(f, f->op->receipt_put(f->s, "no", "j", &text, &f->why), ERR_NOT_FOUND, "no sandbox no");
    expect(f, f->op->receipt_get(f->s, "no", &text, &f->why), ERR_NOT_FOUND, "no receipt");
    up = upload_for("up", "no");
    expect(f, f->op->upload_put(f->s, &up, &f->why), ERR_NOT_FOUND, "no sandbox no");
    assert_null(text);
}

static void
sandbox_list_pages_newest_first(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row row[2];
    struct verdict_row v[2];
    size_t n = 0;

    (void)admit(f, "sb-1");
    (void)admit(f, "sb-3");
    (void)admit(f, "sb-2");
    expect_ok(f, f->op->sandbox_list(f->s, "", row, 2, &n, &f->why));
    assert_int_equal(n, 2);
    assert_string_equal(row[0].id, "sb-3");
    assert_string_equal(row[1].id, "sb-2");
    expect_ok(f, f->op->sandbox_list(f->s, "sb-2", row, 2, &n, &f->why));
    assert_int_equal(n, 1);
    assert_string_equal(row[0].id, "sb-1");
    expect_ok(f, f->op->verdict_list(f->s, "vd-sb-3", v, 2, &n, &f->why));
    assert_int_equal(n, 2);
    assert_string_equal(v[0].id, "vd-sb-2");
    assert_null(v[0].findings);
}

static void
lease_renews_up_to_the_hard_end(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row row = admit(f, "sb-1");

    expect_ok(f, f->op->sandbox_renew(f->s, "sb-1", LEASE + 60, &row, &f->why));
    assert_int_equal(row.lease_until, LEASE + 60);
    expect_ok(f, f->op->sandbox_renew(f->s, "sb-1", HARD + 60, &row, &f->why));
    assert_int_equal(row.lease_until, HARD);
    (void)admit_as(f, "sb-2", SANDBOX_PAUSED);
    expect_ok(f, f->op->sandbox_renew(f->s, "sb-2", LEASE + 60, &row, &f->why));
    assert_int_equal(row.state, SANDBOX_PAUSED);
}

static void
lease_of_an_ended_sandbox_is_gone(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row row = admit(f, "sb-1");

    assert_true(end(f, "sb-1", NULL));
    expect(f, f->op->sandbox_renew(f->s, "sb-1", HARD, &row, &f->why), ERR_GONE, "sb-1 has ended");
    expect_ok(f, f->op->sandbox_get(f->s, "sb-1", &row, &f->why));
    assert_int_equal(row.lease_until, LEASE);
}

static void
end_is_final_and_says_who_did_it(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row row = admit(f, "sb-1");
    bool was_live = true;
    size_t n = 9;

    assert_true(end(f, "sb-1", NULL));
    assert_false(end(f, "sb-1", &n));
    assert_int_equal(n, 0);
    expect_ok(f, f->op->sandbox_end(f->s, "sb-1", SANDBOX_QUARANTINED, "later", NOW + 9, &was_live,
                                    NULL, 0, &n, &f->why));
    assert_false(was_live);
    expect_ok(f, f->op->sandbox_get(f->s, "sb-1", &row, &f->why));
    assert_int_equal(row.state, SANDBOX_ENDED);
    assert_string_equal(row.end_reason, "done");
    assert_int_equal(row.ended_at, NOW + 5);
    expect(f,
           f->op->sandbox_end(f->s, "sb-1", SANDBOX_LIVE, "", NOW, &was_live, NULL, 0, &n, &f->why),
           ERR_BUG, "cannot end in state");
}

static void
quarantine_is_final_too(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row row = admit_as(f, "sb-1", SANDBOX_PAUSED);
    bool was_live = false;
    size_t n = 0;

    expect_ok(f, f->op->sandbox_end(f->s, "sb-1", SANDBOX_QUARANTINED, "odd", NOW, &was_live, NULL,
                                    0, &n, &f->why));
    assert_true(was_live);
    assert_false(end(f, "sb-1", NULL));
    expect(f, f->op->sandbox_renew(f->s, "sb-1", HARD, &row, &f->why), ERR_GONE, "has ended");
    expect_ok(f, f->op->sandbox_get(f->s, "sb-1", &row, &f->why));
    assert_int_equal(row.state, SANDBOX_QUARANTINED);
}

static void
due_are_those_whose_time_has_passed(void **state)
{
    struct fixture *f = *state;
    char ids[4][ID_MAX];
    size_t n = 9;

    (void)admit(f, "sb-live");
    (void)admit_as(f, "sb-paused", SANDBOX_PAUSED);
    (void)admit(f, "sb-ended");
    assert_true(end(f, "sb-ended", NULL));
    expect_ok(f, f->op->sandbox_due(f->s, LEASE - 1, ids, 4, &n, &f->why));
    assert_int_equal(n, 0);
    expect_ok(f, f->op->sandbox_due(f->s, LEASE, ids, 4, &n, &f->why));
    assert_int_equal(n, 1);
    assert_string_equal(ids[0], "sb-live");
    expect_ok(f, f->op->sandbox_due(f->s, HARD, ids, 4, &n, &f->why));
    assert_int_equal(n, 2);
    expect_ok(f, f->op->sandbox_due(f->s, HARD, ids, 1, &n, &f->why));
    assert_int_equal(n, 1);
}

static void
receipt_first_one_stays(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_free_text) char *first = NULL;
    AUTO(mem_free_text) char *second = NULL;
    AUTO(mem_free_text) char *read = NULL;

    (void)admit(f, "sb-1");
    assert_true(end(f, "sb-1", NULL));
    expect_ok(f, f->op->receipt_put(f->s, "sb-1", "one", &first, &f->why));
    expect_ok(f, f->op->receipt_put(f->s, "sb-1", "two", &second, &f->why));
    expect_ok(f, f->op->receipt_get(f->s, "sb-1", &read, &f->why));
    assert_string_equal(first, "one");
    assert_string_equal(second, "one");
    assert_string_equal(read, "one");
}

static void
credential_knows_sandbox_and_jti(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row s = admit(f, "sb-1");
    struct credential_row c;

    expect_ok(f, f->op->credential_get(f->s, "sb-1", "jti-1", &c, &f->why));
    expect_sandbox(&c.sandbox, &s);
    assert_false(c.jti_revoked);
    expect_ok(f, f->op->token_revoke(f->s, "jti-1", NOW + 300, &f->why));
    expect_ok(f, f->op->token_revoke(f->s, "jti-1", NOW + 300, &f->why));
    expect_ok(f, f->op->credential_get(f->s, "sb-1", "jti-1", &c, &f->why));
    assert_true(c.jti_revoked);
    expect_ok(f, f->op->credential_get(f->s, "sb-1", "jti-2", &c, &f->why));
    assert_false(c.jti_revoked);
    expect_ok(f, f->op->credential_get(f->s, "unknown", "jti-1", &c, &f->why));
    assert_int_equal(c.sandbox.state, SANDBOX_NONE);
    assert_true(c.jti_revoked);
    assert_true(end(f, "sb-1", NULL));
    expect_ok(f, f->op->credential_get(f->s, "sb-1", "jti-2", &c, &f->why));
    assert_int_equal(c.sandbox.state, SANDBOX_ENDED);
}

static void
sweep_forgets_what_has_passed_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct credential_row c;
    struct verdict_row v = verdict_for("again", "");

    (void)snprintf(v.outcome, sizeof v.outcome, "reject");
    (void)admit(f, "challenge"); /* until NOW + 120 */
    expect_ok(f, f->op->token_revoke(f->s, "old", NOW, &f->why));
    expect_ok(f, f->op->token_revoke(f->s, "new", NOW + 500, &f->why));
    expect_ok(f, f->op->sweep(f->s, NOW + 120, &f->why));
    expect(f, f->op->attest_put(f->s, slice_text("challenge"), NOW, &v, NULL, NULL, 0, &f->why),
           ERR_CONFLICT, "used before");
    expect_ok(f, f->op->credential_get(f->s, "x", "old", &c, &f->why));
    assert_false(c.jti_revoked);
    expect_ok(f, f->op->credential_get(f->s, "x", "new", &c, &f->why));
    assert_true(c.jti_revoked);
    expect_ok(f, f->op->sweep(f->s, NOW + 121, &f->why));
    expect_ok(f, f->op->attest_put(f->s, slice_text("challenge"), NOW, &v, NULL, NULL, 0, &f->why));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attest_writes_all_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(attest_refusal_keeps_a_verdict_and_no_sandbox, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(attest_takes_a_challenge_once, setup, teardown),
        cmocka_unit_test_setup_teardown(attest_takes_a_challenge_once_from_eight_threads, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(attest_gives_each_sandbox_its_status_index, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(attest_cuts_a_lease_to_the_hard_end, setup, teardown),
        cmocka_unit_test_setup_teardown(attest_rests_on_active_documents_only, setup, teardown),
        cmocka_unit_test_setup_teardown(sandbox_unknown_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(sandbox_list_pages_newest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(lease_renews_up_to_the_hard_end, setup, teardown),
        cmocka_unit_test_setup_teardown(lease_of_an_ended_sandbox_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(end_is_final_and_says_who_did_it, setup, teardown),
        cmocka_unit_test_setup_teardown(quarantine_is_final_too, setup, teardown),
        cmocka_unit_test_setup_teardown(due_are_those_whose_time_has_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(receipt_first_one_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(credential_knows_sandbox_and_jti, setup, teardown),
        cmocka_unit_test_setup_teardown(sweep_forgets_what_has_passed_and_no_more, setup, teardown),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
