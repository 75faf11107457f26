/* SPDX-License-Identifier: Apache-2.0 */
/* The forger of these tests owns the database and no key: whatever rows they write as active
 * never come onto the book, which says why. */
#include "test/unit/policy_court.h"

/* --- forged documents: active rows that the forger wrote --- */

static void
forge(struct court *c, enum person signer, const char *typ, const char *id)
{
    char text[512];

    policy_text(id, 1, text);
    AUTO(mem_free_text) char *jws = sign(c, signer, typ, text);
    struct document_row row = row_for("policy", "p", 1, text, jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 0);
}

static void
document_by_nobody_is_left_out(void **state)
{
    forge(*state, MALLORY, document_typ, "p");
    expect_left_out(*state, "signed by a key that is nobody's");
}

static void
document_by_a_person_without_role_is_left_out(void **state)
{
    forge(*state, EVE, document_typ, "p");
    expect_left_out(*state, "eve has no role for this");
}

static void
document_under_another_name_is_left_out(void **state)
{
    forge(*state, DAVE, document_typ, "p"); /* the row says alice */
    expect_left_out(*state, "signed by dave, not by alice");
}

static void
document_under_another_id_is_left_out(void **state)
{
    forge(*state, ALICE, document_typ, "other");
    expect_left_out(*state, "the document is other/1");
}

static void
approval_in_place_of_a_document_is_left_out(void **state)
{
    forge(*state, ALICE, approval_typ, "p");
    expect_left_out(*state, "typ");
}

/* Row and signature of version 1, text of version 2, and the digest of either. */
static void
document_of_another_version_is_left_out(void **state)
{
    struct court *c = *state;
    char text[512];

    policy_text("p", 2, text);
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);
    struct document_row row = row_for("policy", "p", 1, text, jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 0);
    expect_left_out(c, "the document is p/2");
}

static void
document_with_another_digest_is_left_out(void **state)
{
    struct court *c = *state;
    char text[512];

    policy_text("p", 1, text);
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);
    struct document_row row = row_for("policy", "p", 1, "other bytes", jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 0);
    expect_left_out(c, "the document's digest is");
}

/* One character in the middle of the signature changed. */
static void
document_with_a_broken_signature_is_left_out(void **state)
{
    struct court *c = *state;
    char text[512];

    policy_text("p", 1, text);
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);
    size_t at = strlen(jws) - 40;

    jws[at] = jws[at] == 'A' ? 'B' : 'A';
    struct document_row row = row_for("policy", "p", 1, text, jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 0);
    expect_left_out(c, "signature does not verify");
}

static void
document_that_does_not_parse_is_left_out(void **state)
{
    static const char text[] = "{\"id\":\"p\",\"version\":1,\"colour\":1}";
    struct court *c = *state;
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);
    struct document_row row = row_for("policy", "p", 1, text, jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 0);
    expect_left_out(c, "unknown member \"colour\"");
}

static void
set_in_place_of_a_policy_is_left_out(void **state)
{
    struct court *c = *state;
    char text[512];

    set_text("p", 1, text);
    AUTO(mem_free_text) char *jws = sign(c, ALICE, document_typ, text);
    struct document_row row = row_for("policy", "p", 1, text, jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 0);
    expect_left_out(c, "policy: ");
}

/* A forged newest version does not keep the good one from its work. */
static void
forged_newest_leaves_the_older_one(void **state)
{
    struct court *c = *state;
    char text[512];

    put_policy(c, "p", 1);
    policy_text("p", 2, text);
    AUTO(mem_free_text) char *jws = sign(c, MALLORY, document_typ, text);
    struct document_row row = row_for("policy", "p", 2, text, jws);

    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    open_book(c, 0);
    assert_int_equal(version_of_p(c), 1);
}

static void
person_taken_off_the_list_takes_the_document_along(void **state)
{
    struct court *c = *state;

    put_policy(c, "p", 1);
    c->row[ALICE].roles = ROLE_OPERATOR;
    open_book(c, 0);
    expect_left_out(c, "alice has no role for this");
}

/* --- approvals that do not count --- */

static void
without_approvals_it_is_left_out(void **state)
{
    struct court *c = *state;

    put_policy(c, "p", 1);
    open_book(c, 1);
    expect_left_out(c, "0 of 0 approvals verify, 1 needed");
    approve_as(c, "bob", BOB);
    assert_int_equal(version_of_p(c), 1);
}

static void
approval_by_the_author_does_not_count(void **state)
{
    struct court *c = *state;
    char text[512];

    policy_text("p", 1, text);
    AUTO(mem_free_text) char *jws = sign(c, DAVE, document_typ, text);
    struct document_row row = row_for("policy", "p", 1, text, jws);

    (void)snprintf(row.author, sizeof row.author, "dave");
    expect_ok(c->f, c->f->op->document_put(c->f->s, &row, &c->f->why));
    approve_as(c, "dave", DAVE);
    approve_as(c, "bob", DAVE);
    open_book(c, 1);
    expect_left_out(c, "0 of 2 approvals verify, 1 needed");
    approve_as(c, "carol", CAROL);
    assert_int_equal(version_of_p(c), 1);
}

static void
one_person_under_two_names_counts_once(void **state)
{
    struct court *c = *state;

    put_policy(c, "p", 1);
    approve_as(c, "bob", BOB);
    approve_as(c, "carol", BOB);
    open_book(c, 2);
    expect_left_out(c, "1 of 2 approvals verify, 2 needed");
}

static void
approval_without_role_or_by_nobody_does_not_count(void **state)
{
    struct court *c = *state;

    put_policy(c, "p", 1);
    approve_as(c, "eve", EVE);
    approve_as(c, "mallory", MALLORY);
    approve_as(c, "bob", MALLORY);
    open_book(c, 1);
    expect_left_out(c, "0 of 3 approvals verify");
}

static void
approval_of_something_else_does_not_count(void **state)
{
    struct court *c = *state;
    char other[256];

    put_policy(c, "p", 1);
    approval_text(2, other);
    put_approval(c, "bob", BOB, other);
    put_approval(c, "carol", CAROL,
                 "{\"approve\":\"policy/p/1\",\"digest\":"
                 "\"0000000000000000000000000000000000000000000000000000000000000000\"}");
    put_approval(c, "dave", DAVE, "{\"approve\":\"policy/p/1\"}");
    open_book(c, 1);
    expect_left_out(c, "0 of 3 approvals verify");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(document_by_nobody_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(document_by_a_person_without_role_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(document_under_another_name_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(document_under_another_id_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(approval_in_place_of_a_document_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(document_of_another_version_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(document_with_another_digest_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(document_with_a_broken_signature_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(document_that_does_not_parse_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(set_in_place_of_a_policy_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(forged_newest_leaves_the_older_one, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(person_taken_off_the_list_takes_the_document_along,
                                        court_setup, court_teardown),
        cmocka_unit_test_setup_teardown(without_approvals_it_is_left_out, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(approval_by_the_author_does_not_count, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(one_person_under_two_names_counts_once, court_setup,
                                        court_teardown),
        cmocka_unit_test_setup_teardown(approval_without_role_or_by_nobody_does_not_count,
                                        court_setup, court_teardown),
        cmocka_unit_test_setup_teardown(approval_of_something_else_does_not_count, court_setup,
                                        court_teardown),
    };

    return cmocka_run_group_tests_name("policy forged", tests, NULL, NULL);
}
