/* SPDX-License-Identifier: Apache-2.0 */
/* test_collateral_store.c - the store contract of collateral: kept, replaced, bounded, listed (broker/store/store.h). */
#include "test/unit/store_fixture.h"

static struct collateral_row
vek_of(unsigned chip, int64_t until)
{
    struct collateral_row r = {
        .key = {.vendor = "amd", .kind = "vek", .product = "Milan", .tcb = "0001020304"},
        .source = "import",
        .at = NOW,
        .until = until,
        .der = {(const uint8_t *)"\x30\x00\x01", 3},
    };

    (void)snprintf(r.key.chip, sizeof r.key.chip, "%0128x", chip);
    return r;
}

static void
put(struct fixture *f, const struct collateral_row *row, size_t max)
{
    expect_ok(f, f->op->collateral_put(f->s, row, max, &f->why));
}

static size_t
rows(struct fixture *f)
{
    struct collateral_row list[16];
    size_t n = 0;

    expect_ok(f, f->op->collateral_list(f->s, 0, list, 16, &n, &f->why));
    return n;
}

static void
what_was_put_is_read_back_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct collateral_row want = vek_of(7, NOW + 9);
    AUTO(collateral_row_done) struct collateral_row row = {0};

    put(f, &want, 10);
    reopen(f);
    expect_ok(f, f->op->collateral_get(f->s, &want.key, &row, &f->why));
    assert_string_equal(row.key.vendor, "amd");
    assert_string_equal(row.key.kind, "vek");
    assert_string_equal(row.key.product, "Milan");
    assert_string_equal(row.key.chip, want.key.chip);
    assert_string_equal(row.key.tcb, "0001020304");
    assert_string_equal(row.source, "import");
    assert_int_equal(row.at, NOW);
    assert_int_equal(row.until, NOW + 9);
    assert_true(slice_same(row.der, want.der));
}

/* Each member of the key counts. */
static void
another_key_is_not_found(void **state)
{
    struct fixture *f = *state;
    const struct collateral_row kept = vek_of(7, NOW + 9);
    struct collateral_row row = {0};

    put(f, &kept, 10);
    for (size_t i = 0; i < 5; i++) {
        struct collateral_key k = kept.key;
        char *const member[] = {k.vendor, k.kind, k.product, k.chip, k.tcb};

        member[i][0] ^= 1;
        expect(f, f->op->collateral_get(f->s, &k, &row, &f->why), ERR_NOT_FOUND, "is kept");
    }
}

static void
the_same_key_is_replaced_and_keeps_its_place(void **state)
{
    struct fixture *f = *state;
    struct collateral_row row = vek_of(1, NOW + 9);
    struct collateral_row list[4];
    size_t n = 0;

    put(f, &row, 2);
    row = vek_of(2, NOW + 9);
    put(f, &row, 2);
    row = vek_of(1, NOW + 99);
    (void)snprintf(row.source, sizeof row.source, "fetch");
    put(f, &row, 2); /* full, and yet no refusal */
    expect_ok(f, f->op->collateral_list(f->s, 0, list, 4, &n, &f->why));
    assert_int_equal(n, 2);
    assert_string_equal(list[0].key.chip, row.key.chip);
    assert_string_equal(list[0].source, "fetch");
    assert_int_equal(list[0].until, NOW + 99);
    assert_null(list[0].der.ptr);
}

static void
a_full_store_refuses_and_names_the_bound(void **state)
{
    struct fixture *f = *state;
    struct collateral_row row = vek_of(1, NOW + 1);

    put(f, &row, 2);
    row = vek_of(2, NOW + 9);
    put(f, &row, 2);
    row = vek_of(3, NOW + 9);
    expect(f, f->op->collateral_put(f->s, &row, 2, &f->why), ERR_BUSY, "collateral.rows_max");
    assert_int_equal(rows(f), 2);
}

static void
what_has_expired_makes_room_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct collateral_row row = vek_of(1, NOW + 5);
    struct collateral_row gone = {0};

    put(f, &row, 2);
    row = vek_of(2, NOW + 6);
    put(f, &row, 2);
    row = vek_of(3, NOW + 90);
    row.at = NOW + 5; /* the first has ended just now */
    put(f, &row, 2);
    assert_int_equal(rows(f), 2);
    row = vek_of(1, 0);
    expect(f, f->op->collateral_get(f->s, &row.key, &gone, &f->why), ERR_NOT_FOUND, "is kept");
}

static void
a_list_goes_on_after_its_last_row(void **state)
{
    struct fixture *f = *state;
    struct collateral_row list[2];
    size_t n = 0;

    for (unsigned i = 1; i <= 3; i++) {
        struct collateral_row row = vek_of(i, NOW + 9);

        put(f, &row, 10);
    }
    expect_ok(f, f->op->collateral_list(f->s, 0, list, 2, &n, &f->why));
    assert_int_equal(n, 2);
    expect_ok(f, f->op->collateral_list(f->s, list[1].seq, list, 2, &n, &f->why));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].key.chip + 127, "3");
}

static void
empty_and_huge_bytes_are_refused(void **state)
{
    struct fixture *f = *state;
    struct collateral_row row = vek_of(1, NOW);
    uint8_t *big = mem_new(COLLATERAL_BYTES_MAX + 1, 1);

    row.der = (struct slice){0};
    expect(f, f->op->collateral_put(f->s, &row, 9, &f->why), ERR_LIMIT, "0 bytes");
    row.der = (struct slice){big, COLLATERAL_BYTES_MAX + 1};
    expect(f, f->op->collateral_put(f->s, &row, 9, &f->why), ERR_LIMIT, "1048577 bytes");
    row.der.len--;
    put(f, &row, 9);
    mem_free(big);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_put_is_read_back_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(another_key_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_key_is_replaced_and_keeps_its_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_store_refuses_and_names_the_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_expired_makes_room_and_nothing_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_list_goes_on_after_its_last_row, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_and_huge_bytes_are_refused, setup, teardown),
    };

    return cmocka_run_group_tests_name("collateral_store", tests, NULL, NULL);
}
