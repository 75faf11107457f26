/* SPDX-License-Identifier: Apache-2.0 */
/* test_flow.c - the small parts of the flows that need no server: challenges, nonces, the memory of proofs, work under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attest/base/slice.h"
#include "broker/flow/challenge.h"
#include "broker/flow/claims.h"
#include "broker/flow/inflight.h"
#include "broker/flow/replay.h"

static const uint8_t KEY[32] = {1, 2, 3};
static const uint8_t OTHER_KEY[32] = {1, 2, 4};

enum { NOW = 1800000000 };

static enum err
check(const uint8_t key[32], const uint8_t *bytes, size_t len, int64_t now)
{
    struct why why = {0};
    int64_t until = 0;
    enum err e = challenge_check(key, (struct slice){bytes, len}, now, &until, &why);

    assert_int_equal(e == ERR_OK, why.n == 0);
    if (e == ERR_OK) {
        assert_true(until > now - 1 && until <= now + 2 * CHALLENGE_LIFE_S);
    }
    return e;
}

static void
a_challenge_lives_for_its_time(void **state)
{
    uint8_t c[CHALLENGE_LEN];

    (void)state;
    challenge_make(KEY, NOW, c);
    assert_int_equal(check(KEY, c, sizeof c, NOW), ERR_OK);
    assert_int_equal(check(KEY, c, sizeof c, NOW + CHALLENGE_LIFE_S), ERR_OK);
    assert_int_equal(check(KEY, c, sizeof c, NOW + CHALLENGE_LIFE_S + 1), ERR_GONE);
    assert_int_equal(check(KEY, c, sizeof c, NOW - CHALLENGE_LIFE_S - 1), ERR_GONE);
}

static void
a_challenge_is_ours_to_the_last_bit(void **state)
{
    uint8_t c[CHALLENGE_LEN];

    (void)state;
    challenge_make(KEY, NOW, c);
    assert_int_equal(check(OTHER_KEY, c, sizeof c, NOW), ERR_DENIED);
    for (size_t bit = 0; bit < 8 * sizeof c; bit++) {
        c[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(check(KEY, c, sizeof c, NOW), ERR_DENIED);
        c[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < sizeof c; len++) {
        assert_int_equal(check(KEY, c, len, NOW), ERR_MALFORMED);
    }
    assert_int_equal(check(KEY, c, sizeof c, NOW), ERR_OK);
}

static void
challenges_differ(void **state)
{
    uint8_t a[CHALLENGE_LEN], b[CHALLENGE_LEN];

    (void)state;
    challenge_make(KEY, NOW, a);
    challenge_make(KEY, NOW, b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void
a_nonce_is_good_for_this_step_and_the_next(void **state)
{
    char nonce[NONCE_TEXT];
    int64_t step = NOW - NOW % NONCE_STEP_S;
    int64_t until = 0;

    (void)state;
    nonce_make(KEY, step, nonce);
    assert_true(nonce_known(KEY, nonce, step, &until));
    assert_int_equal(until, step + 2 * (int64_t)NONCE_STEP_S);
    assert_true(nonce_known(KEY, nonce, until - 1, &until));
    assert_false(nonce_known(KEY, nonce, until, &until));
    assert_false(nonce_known(KEY, nonce, step - 1, &until));
    assert_false(nonce_known(OTHER_KEY, nonce, step, &until));
    assert_false(nonce_known(KEY, "", step, &until));
}

static enum err
add(struct replay *r, unsigned n, int64_t until, int64_t now)
{
    struct why why = {0};
    char key[32];

    (void)snprintf(key, sizeof key, "proof %u", n);
    return replay_add(r, slice_text(key), until, now, &why);
}

static void
a_proof_counts_once_until_it_has_expired(void **state)
{
    struct replay *r = replay_new(64);

    (void)state;
    assert_int_equal(add(r, 1, NOW + 10, NOW), ERR_OK);
    assert_int_equal(add(r, 1, NOW + 10, NOW), ERR_CONFLICT);
    assert_int_equal(add(r, 2, NOW + 10, NOW), ERR_OK);
    assert_int_equal(add(r, 1, NOW + 10, NOW + 9), ERR_CONFLICT);
    assert_int_equal(add(r, 1, NOW + 20, NOW + 10), ERR_OK);
    replay_free(&r);
    assert_null(r);
}

static void
a_full_memory_refuses_and_forgets_nothing(void **state)
{
    struct replay *r = replay_new(64);
    unsigned taken = 0;

    (void)state;
    while (add(r, taken, NOW + 10, NOW) == ERR_OK) {
        taken++;
    }
    assert_int_equal(taken, 64);
    assert_int_equal(add(r, taken, NOW + 10, NOW), ERR_BUSY);
    for (unsigned i = 0; i < taken; i++) {
        assert_int_equal(add(r, i, NOW + 10, NOW), ERR_CONFLICT);
    }
    assert_int_equal(add(r, taken, NOW + 20, NOW + 10),
                     ERR_OK); /* room again when they have expired */
    replay_free(&r);
}

struct race {
    struct replay *r;
    unsigned won;
};

static void *
race_once(void *arg)
{
    struct race *race = arg;

    race->won = add(race->r, 7, NOW + 10, NOW) == ERR_OK;
    return NULL;
}

static void
of_many_at_once_one_wins(void **state)
{
    enum { RACERS = 16 };
    pthread_t thread[RACERS];
    struct race race[RACERS];
    struct replay *r = replay_new(1024);
    unsigned won = 0;

    (void)state;
    for (size_t i = 0; i < RACERS; i++) {
        race[i] = (struct race){.r = r};
        assert_int_equal(pthread_create(&thread[i], NULL, race_once, &race[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        (void)pthread_join(thread[i], NULL);
        won += race[i].won;
    }
    assert_int_equal(won, 1);
    replay_free(&r);
}

static void
scopes_are_whole_words(void **state)
{
    (void)state;
    assert_true(scope_has("upload secret:db", "upload"));
    assert_true(scope_has("upload secret:db", "secret:db"));
    assert_true(scope_has("uploads upload", "upload"));
    assert_false(scope_has("uploads", "upload"));
    assert_false(scope_has("reupload", "upload"));
    assert_false(scope_has("", "upload"));
    assert_false(scope_has("upload", ""));
}

static void *
leave_soon(void *arg)
{
    (void)usleep(50 * 1000);
    inflight_leave(arg, "sb-1");
    return NULL;
}

static void
a_teardown_waits_for_work_under_way(void **state)
{
    struct inflight *i = inflight_new();
    struct why why = {0};
    pthread_t thread;

    (void)state;
    assert_true(inflight_wait(i, "sb-1", 1000));
    assert_int_equal(inflight_enter(i, "sb-1", &why), ERR_OK);
    assert_int_equal(inflight_enter(i, "sb-2", &why), ERR_OK);
    assert_false(inflight_wait(i, "sb-1", 20));
    assert_int_equal(pthread_create(&thread, NULL, leave_soon, i), 0);
    assert_true(inflight_wait(i, "sb-1", 5000));
    assert_false(
        inflight_wait(i, "sb-2", 20)); /* another sandbox's work is not waited for, nor forgotten */
    (void)pthread_join(thread, NULL);
    inflight_free(&i);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_lives_for_its_time),
        cmocka_unit_test(a_challenge_is_ours_to_the_last_bit),
        cmocka_unit_test(challenges_differ),
        cmocka_unit_test(a_nonce_is_good_for_this_step_and_the_next),
        cmocka_unit_test(a_proof_counts_once_until_it_has_expired),
        cmocka_unit_test(a_full_memory_refuses_and_forgets_nothing),
        cmocka_unit_test(of_many_at_once_one_wins),
        cmocka_unit_test(scopes_are_whole_words),
        cmocka_unit_test(a_teardown_waits_for_work_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
