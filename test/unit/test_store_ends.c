/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_ends.c - ends in a ledger that is old, and in one that is full. */
#include <sqlite3.h>

#include "broker/store/migrations.h"
#include "common/sys.h"
#include "test/unit/store_fixture.h"

/* Beside the store, which is closed or lets others in. */
static void
by_hand(const struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(f->where, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(db));
    }
    (void)sqlite3_close(db);
}

/* The file as the first version of this program made it. */
static void
as_of_old(struct fixture *f)
{
    size_t n = 0;
    const struct migration *first = migrations(&n);

    store_close(&f->s);
    assert_int_equal(unlink(f->where), 0);
    for (size_t i = 0; first->sql[i] != NULL; i++) {
        by_hand(f, first->sql[i]);
    }
    by_hand(f, "INSERT INTO schema_version VALUES (1, '0001_ledger')");
}

static void
an_old_ledger_owes_only_the_receipts_it_lacks(void **state)
{
    struct fixture *f = *state;
    char ids[4][ID_MAX];
    size_t n = 0;

    as_of_old(f);
    by_hand(f, "INSERT INTO verdict VALUES ('vd-1', '', 1, 'accept', 'p', 1, '', '', '[]', NULL);"
               "INSERT INTO sandbox VALUES ('sb-1', 3, 'p', 1, '', 'j', 'vd-1', '', '', 1, 2, 3, 4,"
               " 0, 9, 'done'), ('sb-2', 3, 'p', 1, '', 'j', 'vd-1', '', '', 1, 2, 3, 4, 1, 9, ''),"
               " ('sb-3', 1, 'p', 1, '', 'j', 'vd-1', '', '', 1, 2, 3, 4, 2, 0, '');"
               "INSERT INTO receipt VALUES ('sb-1', 'j.w.s');");
    reopen(f);
    expect_ok(f, f->op->sandbox_unreceipted(f->s, "", ids, 4, &n, &f->why));
    assert_int_equal(n, 1);
    assert_string_equal(ids[0], "sb-2");
}

/* DESIGN section 4, 8: within a second, however many rest on it and however many ever did. */
static void
revoking_under_ten_thousand_takes_less_than_a_second(void **state)
{
    static const char sql[] =
        "PRAGMA synchronous = OFF; BEGIN;"
        "INSERT INTO verdict VALUES ('vd-1', '', 1, 'accept', 'p', 1, '', '', '[]', NULL);"
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999) "
        "INSERT INTO sandbox SELECT printf('sb-%06d', i), iif(i < 20000, 1, 3), 'p', 1, '', 'j', "
        "'vd-1', '', '', 1, 2, 3, 4, i, iif(i < 20000, 0, 1), '', i >= 20000 FROM n;"
        "INSERT INTO sandbox_basis SELECT 'policy', 'p', 1, id FROM sandbox "
        "WHERE id < 'sb-010000' OR id >= 'sb-020000';"
        "INSERT INTO upload SELECT printf('up-%06d', status_index), id, 'results', '', 'local', '',"
        " 1, 0, '', '', 1, 2, 0 FROM sandbox WHERE status_index < 1000;"
        "COMMIT;";
    struct fixture *f = *state;
    struct sandbox_row row = {0};
    struct upload_row u = {0};
    char ids[1][ID_MAX];
    size_t n = 0;

    publish(f, "policy", "p", 1);
    by_hand(f, sql);
    int64_t begun = clock_mono_ms();

    expect_ok(f, f->op->document_revoke(f->s, "policy", "p", 1, "CVE", NOW, ids, 1, &n, &f->why));
    int64_t took = clock_mono_ms() - begun;

    assert_int_equal(n, 10000);
    expect_ok(f, f->op->sandbox_get(f->s, "sb-009999", &row, &f->why));
    assert_int_equal(row.state, SANDBOX_ENDED);
    expect_ok(f, f->op->sandbox_get(f->s, "sb-010000", &row, &f->why));
    assert_int_equal(row.state, SANDBOX_LIVE);
    expect_ok(f, f->op->upload_get(f->s, "up-000999", &u, &f->why));
    assert_int_equal(u.state, UPLOAD_ABORTED);
    print_message("10000 of 20000 live ended in %lld ms\n", (long long)took);
    assert_true(took < 1000);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_old_ledger_owes_only_the_receipts_it_lacks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(revoking_under_ten_thousand_takes_less_than_a_second, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("store ends", tests, NULL, NULL);
}
