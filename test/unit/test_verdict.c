/* SPDX-License-Identifier: Apache-2.0 */
/* test_verdict.c - a verdict starts as a refusal and only a full set of passes makes it an acceptance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/verdict.h"

static enum outcome
passes(const struct check_in *in, struct finding *f)
{
    (void)in;
    return finding_pass(f, "seen %d", 7);
}

static enum outcome
fails(const struct check_in *in, struct finding *f)
{
    (void)in;
    return finding_fail(f, "8", "seen %d", 7);
}

static enum outcome
ignores(const struct check_in *in, struct finding *f)
{
    (void)in;
    return finding_ignored(f, "not asked for");
}

static enum outcome
warns(const struct check_in *in, struct finding *f)
{
    (void)finding_pass(f, "careful");
    (void)in;
    return OUTCOME_WARN;
}

static enum outcome
is_unable(const struct check_in *in, struct finding *f)
{
    (void)in;
    return finding_unable(f, "a fresh CRL", "an old CRL");
}

static enum outcome
forgets(const struct check_in *in, struct finding *f)
{
    (void)in, (void)f;
    return OUTCOME_NOT_RUN;
}

static const struct check_in NOTHING = {0};

static enum judgement judge_of(enum outcome (*a)(const struct check_in *, struct finding *),
                               enum outcome (*b)(const struct check_in *, struct finding *))
{
    static struct verdict v;
    const struct check table[] = {{"a", "spec a", a, false}, {"b", "spec b", b, false}};

    memset(&v, 0, sizeof v);
    verdict_run(&v, table, 2, &NOTHING);
    assert_int_equal(verdict_judge(&v) == JUDGE_ACCEPT, verdict_passed(&v));
    return verdict_judge(&v);
}

static void
nothing_is_a_refusal(void **state)
{
    static const struct verdict EMPTY = {0};

    (void)state;
    assert_false(verdict_passed(&EMPTY));
    assert_int_equal(verdict_judge(&EMPTY), JUDGE_REJECT);
}

static void
every_pair_of_outcomes(void **state)
{
    (void)state;
    assert_int_equal(judge_of(passes, passes), JUDGE_ACCEPT);
    assert_int_equal(judge_of(passes, ignores), JUDGE_ACCEPT);
    assert_int_equal(judge_of(warns, passes), JUDGE_ACCEPT);
    assert_int_equal(judge_of(passes, fails), JUDGE_REJECT);
    assert_int_equal(judge_of(passes, forgets), JUDGE_REJECT);
    assert_int_equal(judge_of(passes, is_unable), JUDGE_UNABLE);
    assert_int_equal(judge_of(is_unable, fails), JUDGE_REJECT);
    assert_int_equal(judge_of(ignores, ignores), JUDGE_REJECT); /* nothing was found good */
    assert_int_equal(judge_of(warns, ignores), JUDGE_REJECT);
}

static void
malformed_outranks_all(void **state)
{
    static struct verdict v;

    (void)state;
    verdict_add(&v, "x", "s", OUTCOME_FAIL, "seen", "wanted");
    verdict_add(&v, "y", "s", OUTCOME_UNABLE, NULL, NULL);
    assert_int_equal(verdict_judge(&v), JUDGE_REJECT);
    verdict_add(&v, "z", "s", OUTCOME_MALFORMED, "cut short", "");
    assert_int_equal(verdict_judge(&v), JUDGE_MALFORMED);
    assert_string_equal(v.finding[0].seen, "seen");
    assert_string_equal(v.finding[0].wanted, "wanted");
    assert_string_equal(v.finding[1].seen, "");
}

static void
gate_stops_the_rows_after_it(void **state)
{
    static const struct check TABLE[] = {
        {"first", "s", passes, false},
        {"gate", "s", fails, true},
        {"behind", "s", passes, false},
    };
    static struct verdict v;

    (void)state;
    verdict_run(&v, TABLE, 3, &NOTHING);
    assert_int_equal(v.n, 3);
    assert_int_equal(v.wanted, 3);
    assert_int_equal(v.finding[1].outcome, OUTCOME_FAIL);
    assert_string_equal(v.finding[1].seen, "seen 7");
    assert_string_equal(v.finding[1].wanted, "8");
    assert_int_equal(v.finding[2].outcome, OUTCOME_NOT_RUN);
    assert_string_equal(v.finding[2].id, "behind");
    assert_int_equal(verdict_judge(&v), JUDGE_REJECT);
}

static void
gate_lets_pass_what_is_good_or_set_aside(void **state)
{
    static const struct check TABLE[] = {
        {"a", "s", passes, true},
        {"b", "s", ignores, true},
        {"c", "s", warns, true},
        {"d", "s", passes, true},
    };
    static struct verdict v;

    (void)state;
    verdict_run(&v, TABLE, 4, &NOTHING);
    assert_int_equal(v.finding[3].outcome, OUTCOME_PASS);
    assert_true(verdict_passed(&v));
}

/* A gate stops its own table only: tables are independent questions. */
static void
gate_that_is_unable_stops_too(void **state)
{
    static const struct check TABLE[] = {{"a", "s", is_unable, true}, {"b", "s", passes, false}};
    static struct verdict v;

    (void)state;
    verdict_run(&v, TABLE, 2, &NOTHING);
    verdict_run(&v, TABLE + 1, 1, &NOTHING);
    assert_int_equal(v.finding[1].outcome, OUTCOME_NOT_RUN);
    assert_int_equal(v.finding[2].outcome, OUTCOME_PASS);
    assert_int_equal(verdict_judge(&v), JUDGE_UNABLE);
}

static void
overflow_counts_against(void **state)
{
    static const struct check TABLE[] = {{"a", "s", passes, false}};
    static struct verdict v;

    (void)state;
    for (size_t i = 0; i < VERDICT_MAX; i++) {
        verdict_run(&v, TABLE, 1, &NOTHING);
    }
    assert_true(verdict_passed(&v));

    struct verdict *more = &v;

    verdict_run(more, TABLE, 1, &NOTHING);
    assert_int_equal(v.n, VERDICT_MAX);
    assert_false(verdict_passed(&v));
    assert_int_equal(verdict_judge(&v), JUDGE_REJECT);
}

static void
overflow_by_added_findings_counts_against(void **state)
{
    static struct verdict v;

    (void)state;
    for (size_t i = 0; i < VERDICT_MAX; i++) {
        verdict_add(&v, "a", "s", OUTCOME_PASS, "", "");
    }
    assert_true(verdict_passed(&v));
    verdict_add(&v, "a", "s", OUTCOME_PASS, "", "");
    assert_int_equal(v.n, VERDICT_MAX);
    assert_false(verdict_passed(&v));
}

static void
long_texts_are_cut(void **state)
{
    static struct verdict v;
    char big[2 * FINDING_TEXT];

    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    verdict_add(&v, "a", "s", OUTCOME_FAIL, big, big);
    assert_int_equal(strlen(v.finding[0].seen), FINDING_TEXT - 1);
    assert_int_equal(strlen(v.finding[0].wanted), FINDING_TEXT - 1);
}

static void
ignored_says_why(void **state)
{
    static const struct check TABLE[] = {{"a", "s", ignores, false}};
    static struct verdict v;

    (void)state;
    verdict_run(&v, TABLE, 1, &NOTHING);
    assert_string_equal(v.finding[0].wanted, "not asked for");
    assert_string_equal(v.finding[0].seen, "");
}

static void
names(void **state)
{
    (void)state;
    assert_string_equal(outcome_name(OUTCOME_NOT_RUN), "not-run");
    assert_string_equal(outcome_name(OUTCOME_PASS), "pass");
    assert_string_equal(outcome_name(OUTCOME_IGNORED), "ignored");
    assert_string_equal(outcome_name(OUTCOME_WARN), "warn");
    assert_string_equal(outcome_name(OUTCOME_FAIL), "fail");
    assert_string_equal(outcome_name(OUTCOME_UNABLE), "unable");
    assert_string_equal(outcome_name(OUTCOME_MALFORMED), "malformed");
    assert_string_equal(judgement_name(JUDGE_ACCEPT), "accept");
    assert_string_equal(judgement_name(JUDGE_REJECT), "reject");
    assert_string_equal(judgement_name(JUDGE_MALFORMED), "malformed");
    assert_string_equal(judgement_name(JUDGE_UNABLE), "unable");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_a_refusal),
        cmocka_unit_test(every_pair_of_outcomes),
        cmocka_unit_test(malformed_outranks_all),
        cmocka_unit_test(gate_stops_the_rows_after_it),
        cmocka_unit_test(gate_lets_pass_what_is_good_or_set_aside),
        cmocka_unit_test(gate_that_is_unable_stops_too),
        cmocka_unit_test(overflow_counts_against),
        cmocka_unit_test(overflow_by_added_findings_counts_against),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(ignored_says_why),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
