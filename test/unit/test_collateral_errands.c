/* SPDX-License-Identifier: Apache-2.0 */
/* test_collateral_errands.c - what is fetched, when, and what need not be asked again (broker/cloud/errands.h).  The clock is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "broker/cloud/errands.h"

enum { START = 1000000, PENDING = 3, PLANNED = 2, NO_S = 60, PER_MINUTE = 6 };

enum { CHIP = 1, LIST = 2 };

struct desk {
    struct errands *e;
    int64_t now;
    struct errand_key got;
    int64_t wake, again;
};

static int
setup(void **state)
{
    static struct desk d;
    const struct errands_conf conf = {PENDING, PLANNED, NO_S, PER_MINUTE};

    d = (struct desk){.now = START};
    d.e = errands_new(&conf, START);
    *state = &d;
    return 0;
}

static int
teardown(void **state)
{
    struct desk *d = *state;

    errands_free(&d->e);
    assert_null(d->e);
    return 0;
}

static struct errand_key
chip(uint8_t n)
{
    return (struct errand_key){.what = CHIP, .id = {n, [ERRAND_ID - 1] = 8}};
}

static bool
plan(struct desk *d, uint8_t n, int64_t due_ms)
{
    const struct errand_key k = {.what = LIST, .id = {n}};

    return errands_plan(d->e, &k, due_ms);
}

static enum errand_answer
ask(struct desk *d, int n)
{
    const struct errand_key k = chip((uint8_t)n);

    return errands_ask(d->e, &k, d->now, &d->again);
}

static bool
next(struct desk *d)
{
    return errands_next(d->e, d->now, &d->got, &d->wake);
}

static void
done(struct desk *d, enum errand_outcome outcome, int64_t wait_s)
{
    errands_done(d->e, &d->got, outcome, wait_s, 0, d->now);
}

static void
nothing_to_do_sleeps_until_somebody_asks(void **state)
{
    struct desk *d = *state;

    assert_false(next(d));
    assert_true(d->wake == INT64_MAX);
}

static void
one_errand_however_many_ask(void **state)
{
    struct desk *d = *state;

    for (int i = 0; i < 100; i++) {
        assert_int_equal(ask(d, 1), ERRAND_PENDING);
    }
    assert_int_equal(errands_pending(d->e), 1);
    assert_true(next(d));
    assert_int_equal(d->got.id[0], 1);
    assert_false(next(d)); /* it is under way */
    assert_int_equal(ask(d, 1), ERRAND_PENDING);
    assert_false(next(d));
    done(d, ERRAND_GOT, 0);
    assert_int_equal(errands_pending(d->e), 0);
}

/* Every member of the key counts. */
static void
another_id_or_kind_is_another_errand(void **state)
{
    struct desk *d = *state;
    struct errand_key k = chip(1);

    assert_int_equal(ask(d, 1), ERRAND_PENDING);
    k.id[ERRAND_ID - 1] = 9;
    assert_int_equal(errands_ask(d->e, &k, d->now, &d->again), ERRAND_PENDING);
    k = chip(1);
    k.what = LIST;
    assert_int_equal(errands_ask(d->e, &k, d->now, &d->again), ERRAND_PENDING);
    assert_int_equal(errands_pending(d->e), 3);
}

static void
a_full_queue_refuses(void **state)
{
    struct desk *d = *state;

    for (int i = 1; i <= PENDING; i++) {
        assert_int_equal(ask(d, i), ERRAND_PENDING);
    }
    assert_int_equal(ask(d, 9), ERRAND_FULL);
    assert_true(d->again > 0);
    assert_int_equal(ask(d, 1), ERRAND_PENDING); /* what is noted stays noted */
    assert_true(next(d));
    done(d, ERRAND_GOT, 0);
    assert_int_equal(ask(d, 9), ERRAND_PENDING);
}

/* New chips come out of an allowance, which fills again. */
static void
a_flood_of_new_chips_is_bounded(void **state)
{
    struct desk *d = *state;
    size_t taken = 0;

    for (int i = 1; i <= 50; i++) {
        if (ask(d, i) == ERRAND_PENDING) {
            taken++;
            assert_true(next(d));
            done(d, ERRAND_GOT, 0);
        }
    }
    assert_int_equal(taken, PER_MINUTE);
    d->now += 60000 / PER_MINUTE - 1;
    assert_int_equal(ask(d, 60), ERRAND_FULL);
    d->now += 1;
    assert_int_equal(ask(d, 60), ERRAND_PENDING);
    assert_int_equal(ask(d, 61), ERRAND_FULL);
    d->now +=
        (int64_t)365 * 86400 * 1000; /* a year later there is one minute's worth and no more */
    for (int i = 100; i < 200; i++) {
        taken += ask(d, i) == ERRAND_PENDING && next(d);
        done(d, ERRAND_GOT, 0);
    }
    assert_int_equal(taken, 2 * PER_MINUTE);
}

static void
a_clock_that_goes_back_gives_nothing_away(void **state)
{
    struct desk *d = *state;

    for (int i = 1; i <= PER_MINUTE; i++) {
        assert_int_equal(ask(d, i), ERRAND_PENDING);
        assert_true(next(d));
        done(d, ERRAND_GOT, 0);
    }
    d->now -= 500000;
    assert_int_equal(ask(d, 50), ERRAND_FULL);
    d->now += 500000;
    assert_int_equal(ask(d, 50), ERRAND_FULL);
}

static void
a_no_is_believed_for_its_time(void **state)
{
    struct desk *d = *state;

    assert_int_equal(ask(d, 1), ERRAND_PENDING);
    assert_true(next(d));
    done(d, ERRAND_REFUSED, 0);
    assert_int_equal(errands_pending(d->e), 0);
    assert_int_equal(ask(d, 1), ERRAND_NO);
    assert_int_equal(d->again, NO_S * 1000);
    d->now += NO_S * 1000 - 1;
    assert_int_equal(ask(d, 1), ERRAND_NO);
    assert_int_equal(d->again, 1);
    assert_false(next(d));
    d->now += 1;
    assert_int_equal(ask(d, 1), ERRAND_PENDING);
    assert_true(next(d));
}

/* Without a bound, chips that nobody has would fill the memory. */
static void
noes_are_bounded_and_the_oldest_is_forgotten(void **state)
{
    static const struct errands_conf conf = {PENDING, PLANNED, NO_S, 1000000};
    struct errands *e = errands_new(&conf, START);
    struct errand_key k = {.what = CHIP};
    struct errand_key got;
    int64_t when = 0;

    (void)state;
    for (unsigned i = 0; i < 3 * ERRAND_NOES; i++) {
        memcpy(k.id, &i, sizeof i);
        assert_int_equal(errands_ask(e, &k, START + i, &when), ERRAND_PENDING);
        assert_true(errands_next(e, START + i, &got, &when));
        errands_done(e, &got, ERRAND_REFUSED, 0, 0, START + i);
    }
    assert_int_equal(errands_ask(e, &k, START + 9999, &when), ERRAND_NO); /* the newest */
    memset(k.id, 0, sizeof k.id);
    assert_int_equal(errands_ask(e, &k, START + 9999, &when), ERRAND_PENDING); /* the oldest */
    errands_free(&e);
}

static void
a_failure_comes_back_later_and_later_and_ends_as_a_no(void **state)
{
    struct desk *d = *state;
    int64_t last = 0;

    assert_int_equal(ask(d, 1), ERRAND_PENDING);
    for (int i = 1; i < ERRAND_TRIES; i++) {
        assert_true(next(d));
        done(d, ERRAND_FAILED, 0);
        assert_false(next(d));
        int64_t wait = d->wake - d->now;

        assert_true(wait >= ERRAND_FIRST_MS * 3 / 4);
        assert_true(wait > last * 3 / 2);
        last = wait;
        assert_int_equal(ask(d, 1), ERRAND_PENDING);
        assert_int_equal(d->again, wait);
        d->now = d->wake;
    }
    assert_true(next(d));
    done(d, ERRAND_FAILED, 0);
    assert_int_equal(ask(d, 1), ERRAND_NO);
    assert_int_equal(errands_pending(d->e), 0);
}

/* Whatever the dice say. */
static void
the_wait_is_scattered_within_a_quarter(void **state)
{
    static const uint32_t rolls[] = {0, 1, 499, 500, 501, 12345678, UINT32_MAX};
    const struct errands_conf conf = {PENDING, PLANNED, NO_S, PER_MINUTE};

    (void)state;
    for (size_t i = 0; i < sizeof rolls / sizeof rolls[0]; i++) {
        struct errands *e = errands_new(&conf, START);
        const struct errand_key k = chip(1);
        struct errand_key got;
        int64_t wake = 0;

        assert_int_equal(errands_ask(e, &k, START, &wake), ERRAND_PENDING);
        assert_true(errands_next(e, START, &got, &wake));
        errands_done(e, &got, ERRAND_FAILED, 0, rolls[i], START);
        assert_false(errands_next(e, START, &got, &wake));
        assert_in_range(wake - START, ERRAND_FIRST_MS * 3 / 4, ERRAND_FIRST_MS * 5 / 4);
        errands_free(&e);
    }
}

static void
slow_down_silences_everything(void **state)
{
    struct desk *d = *state;

    assert_int_equal(ask(d, 1), ERRAND_PENDING);
    assert_int_equal(ask(d, 2), ERRAND_PENDING);
    assert_true(next(d));
    done(d, ERRAND_SLOW_DOWN, 30);
    assert_false(next(d)); /* the other one has to wait too */
    assert_int_equal(d->wake, START + 30000);
    assert_int_equal(ask(d, 2), ERRAND_PENDING);
    assert_int_equal(d->again, 30000);
    assert_int_equal(ask(d, 3), ERRAND_PENDING);
    assert_int_equal(d->again, 30000);
    assert_true(plan(d, 1, d->now));
    assert_false(next(d));
    d->now += 30000;
    assert_true(next(d));
}

static void
slow_down_without_a_word_and_beyond_belief(void **state)
{
    struct desk *d = *state;

    assert_int_equal(ask(d, 1), ERRAND_PENDING);
    assert_true(next(d));
    done(d, ERRAND_SLOW_DOWN, 0);
    assert_false(next(d));
    assert_int_equal(d->wake, START + ERRAND_SLOW_DOWN_S * 1000);
    d->now = d->wake;
    assert_true(next(d));
    done(d, ERRAND_SLOW_DOWN, INT32_MAX);
    assert_false(next(d));
    assert_int_equal(d->wake, d->now + ERRAND_SLOW_DOWN_MAX_S * 1000);
}

static void
what_is_planned_is_planned_once_and_never_given_up(void **state)
{
    struct desk *d = *state;

    assert_true(plan(d, 3, START + 5000));
    assert_true(plan(d, 3, START + 9000));
    assert_false(next(d));
    assert_int_equal(d->wake, START + 9000);
    d->now = START + 9000;
    for (int i = 0; i < 4 * ERRAND_TRIES; i++) {
        assert_true(next(d));
        assert_int_equal(d->got.what, LIST);
        assert_int_equal(d->got.id[0], 3);
        done(d, i % 2 == 0 ? ERRAND_FAILED : ERRAND_REFUSED, 0);
        assert_false(next(d));
        assert_true(d->wake > d->now && d->wake <= d->now + ERRAND_LONGEST_MS);
        d->now = d->wake;
    }
    assert_true(next(d));
    done(d, ERRAND_GOT, 0);
    assert_false(next(d));
    assert_true(d->wake == INT64_MAX);
    assert_int_equal(errands_pending(d->e), 0); /* it takes no place of what evidence asks for */
}

/* What was planned anew while it was under way is not undone by its end. */
static void
a_late_answer_changes_nothing(void **state)
{
    struct desk *d = *state;

    assert_true(plan(d, 1, START));
    assert_true(next(d));
    assert_true(plan(d, 1, START + 7000));
    done(d, ERRAND_GOT, 0);
    assert_false(next(d));
    assert_int_equal(d->wake, START + 7000);
}

/* What is kept of it has ended, or is not there any more: evidence does not wait for the plan. */
static void
evidence_hurries_what_was_planned(void **state)
{
    struct desk *d = *state;
    const struct errand_key k = {.what = LIST, .id = {1}};

    assert_true(plan(d, 1, START + 90000));
    assert_false(next(d));
    assert_int_equal(errands_ask(d->e, &k, d->now, &d->again), ERRAND_PENDING);
    assert_int_equal(d->again, 0);
    assert_int_equal(errands_pending(d->e), 0);
    assert_true(next(d));
    done(d, ERRAND_FAILED, 0);
    assert_false(next(d)); /* a failure keeps its wait, whoever asks */
    int64_t wait = d->wake - d->now;

    assert_true(wait > 0);
    assert_int_equal(errands_ask(d->e, &k, d->now, &d->again), ERRAND_PENDING);
    assert_int_equal(d->again, wait);
    assert_false(next(d));
}

/* What evidence asked for becomes a plan once it is there, and is counted as one. */
static void
plans_are_bounded_and_counted_by_themselves(void **state)
{
    struct desk *d = *state;
    struct errand_key k = chip(1);

    assert_int_equal(ask(d, 1), ERRAND_PENDING);
    assert_true(errands_plan(d->e, &k, START + 1000));
    assert_int_equal(errands_pending(d->e), 0);
    assert_true(plan(d, 7, START + 1000));
    assert_false(plan(d, 8, START + 1000));
    assert_true(plan(d, 7, START + 2000)); /* one that is planned already may be moved */
    d->now = START + 1000;
    assert_true(next(d));
    assert_int_equal(d->got.what, CHIP);
    done(d, ERRAND_GOT, 0);
    assert_true(plan(d, 8, START + 1000)); /* there is room again */
    for (int i = 2; i <= 1 + PENDING; i++) {
        assert_int_equal(ask(d, i), ERRAND_PENDING); /* plans take no place of theirs */
    }
    assert_int_equal(ask(d, 9), ERRAND_FULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(nothing_to_do_sleeps_until_somebody_asks),
        TEST(one_errand_however_many_ask),
        TEST(another_id_or_kind_is_another_errand),
        TEST(a_full_queue_refuses),
        TEST(a_flood_of_new_chips_is_bounded),
        TEST(a_clock_that_goes_back_gives_nothing_away),
        TEST(a_no_is_believed_for_its_time),
        TEST(noes_are_bounded_and_the_oldest_is_forgotten),
        TEST(a_failure_comes_back_later_and_later_and_ends_as_a_no),
        TEST(the_wait_is_scattered_within_a_quarter),
        TEST(slow_down_silences_everything),
        TEST(slow_down_without_a_word_and_beyond_belief),
        TEST(what_is_planned_is_planned_once_and_never_given_up),
        TEST(a_late_answer_changes_nothing),
        TEST(evidence_hurries_what_was_planned),
        TEST(plans_are_bounded_and_counted_by_themselves),
    };

    return cmocka_run_group_tests_name("collateral_errands", tests, NULL, NULL);
}
