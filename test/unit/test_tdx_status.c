/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_status.c - what levels come to: statuses of platform, module and QE converged, launch and current, dates, evaluation numbers and
 * advisories, and what the policy says of them. */
#include "test/unit/tdx_court.h"

#include "attest/tdx/evaluate.h"

/* ---- statuses ---- */

static const char *const NAMES[] = {
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "Revoked",
};
static const enum tdx_status STATUSES[] = {
    TDX_UP_TO_DATE,
    TDX_SW_HARDENING_NEEDED,
    TDX_CONFIGURATION_NEEDED,
    TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    TDX_OUT_OF_DATE,
    TDX_OUT_OF_DATE_CONFIGURATION_NEEDED,
    TDX_REVOKED,
};

enum { STATUS_N = sizeof NAMES / sizeof NAMES[0] };

/* Each status of a platform: told as it is, refused when the policy lists all others, accepted when it lists this one. */
static void
every_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATUS_N; i++) {
        struct td_scene *s = court(4, 2);

        s->tcb.level[1].status = NAMES[i];
        s->want.tdx.statuses = ~(1U << STATUSES[i]);
        td_make(s);
        assert_refused(s, JUDGE_REJECT, "tcb.status", NAMES[i], "");
        assert_true(s->got.tdx.verified); /* it is what it says it is */
        assert_int_equal(s->got.tdx.tcb.status, STATUSES[i]);
        s->want.tdx.statuses = 1U << STATUSES[i];
        assert_accepted(s);
        assert_row(s, "tcb.status", OUTCOME_PASS, NAMES[i]);
    }
}

/* Components by platform: { platform, UpToDate, OutOfDate, Revoked }. */
static const enum tdx_status CONVERGED[STATUS_N][3] = {
    {TDX_UP_TO_DATE, TDX_OUT_OF_DATE, TDX_REVOKED},
    {TDX_SW_HARDENING_NEEDED, TDX_OUT_OF_DATE, TDX_REVOKED},
    {TDX_CONFIGURATION_NEEDED, TDX_OUT_OF_DATE_CONFIGURATION_NEEDED, TDX_REVOKED},
    {TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED, TDX_OUT_OF_DATE_CONFIGURATION_NEEDED, TDX_REVOKED},
    {TDX_OUT_OF_DATE, TDX_OUT_OF_DATE, TDX_REVOKED},
    {TDX_OUT_OF_DATE_CONFIGURATION_NEEDED, TDX_OUT_OF_DATE_CONFIGURATION_NEEDED, TDX_REVOKED},
    {TDX_REVOKED, TDX_REVOKED, TDX_REVOKED},
};

/* The worse of two components: UpToDate 0, OutOfDate 1, Revoked 2. */
static void
every_row_of_the_table(void **state)
{
    static const enum tdx_status COMPONENT[] = {TDX_UP_TO_DATE, TDX_OUT_OF_DATE, TDX_REVOKED};

    (void)state;
    for (size_t p = 0; p < STATUS_N; p++) {
        for (size_t i = 0; i < 9; i++) {
            size_t worse = i / 3 > i % 3 ? i / 3 : i % 3;

            assert_int_equal(tdx_converge(STATUSES[p], COMPONENT[i / 3], COMPONENT[i % 3]),
                             CONVERGED[p][worse]);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tdx_converge(TDX_NOT_SUPPORTED, COMPONENT[i], TDX_UP_TO_DATE),
                         TDX_NOT_SUPPORTED);
        assert_int_equal(tdx_converge(TDX_STATUS_UNKNOWN, TDX_UP_TO_DATE, COMPONENT[i]),
                         TDX_NOT_SUPPORTED);
    }
}

/* The same through documents: a module and a QE that are out of date or revoked. */
static void
components_converge(void **state)
{
    static const char *const WORDS[] = {"UpToDate", "OutOfDate", "Revoked"};

    (void)state;
    for (size_t i = 0; i < (size_t)STATUS_N * 3; i++) {
        struct td_scene *s = court(4, 2);
        bool qe = i % 2 == 0;

        s->tcb.level[1].status = NAMES[i / 3];
        (qe ? &s->qe.level[1] : &s->tcb.module[1].level[1])->status = WORDS[i % 3];
        s->want.tdx.statuses = 1U << CONVERGED[i / 3][i % 3];
        td_make(s);
        assert_accepted(s);
        assert_int_equal(s->got.tdx.tcb.status, CONVERGED[i / 3][i % 3]);
        assert_int_equal(s->got.tdx.tcb.platform, STATUSES[i / 3]);
    }
}

/* ---- launch and current ---- */

static bool
configuration(enum tdx_status s)
{
    return s == TDX_CONFIGURATION_NEEDED || s == TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
           s == TDX_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

/* All pairs, by the words of the rule. */
static void
relaunch_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < (size_t)STATUS_N * STATUS_N; i++) {
        enum tdx_status launch = STATUSES[i / STATUS_N];
        enum tdx_status current = STATUSES[i % STATUS_N];
        enum tdx_status got = tdx_relaunch(launch, current);
        bool old = launch == TDX_OUT_OF_DATE || launch == TDX_OUT_OF_DATE_CONFIGURATION_NEEDED;

        if (old && i % STATUS_N < 4) {
            assert_int_equal(got, configuration(launch) || configuration(current)
                                      ? TDX_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
                                      : TDX_RELAUNCH_ADVISED);
        } else if (i / STATUS_N >= i % STATUS_N) {
            assert_int_equal(got, launch); /* as good or better now: the launch counts */
        } else {
            assert_true(tdx_severity(got) >= tdx_severity(current)); /* worse now */
            assert_true(configuration(got) || !configuration(launch) || current == TDX_REVOKED);
        }
    }
    assert_int_equal(tdx_relaunch(TDX_SW_HARDENING_NEEDED, TDX_CONFIGURATION_NEEDED),
                     TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED);
    assert_int_equal(tdx_relaunch(TDX_CONFIGURATION_NEEDED, TDX_OUT_OF_DATE),
                     TDX_OUT_OF_DATE_CONFIGURATION_NEEDED);
    assert_int_equal(tdx_relaunch(TDX_UP_TO_DATE, TDX_NOT_SUPPORTED), TDX_NOT_SUPPORTED);
    assert_int_equal(tdx_relaunch(TDX_NOT_SUPPORTED, TDX_UP_TO_DATE), TDX_NOT_SUPPORTED);
    assert_int_equal(tdx_relaunch(TDX_OUT_OF_DATE, TDX_NOT_SUPPORTED), TDX_NOT_SUPPORTED);
}

/* A module that was updated under a running TD, and one that was taken back. */
static void
relaunch_by_quote(void **state)
{
    struct td_scene *s = court(5, 3);

    (void)state;
    s->quote.body[BODY_SVN] = 4; /* 2..4: OutOfDate, INTEL-SA-01036 of 2023-08-09 */
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb.status", "TDRelaunchAdvised", "UpToDate");
    assert_int_equal(s->got.tdx.tcb.launch, TDX_OUT_OF_DATE);
    assert_int_equal(s->got.tdx.tcb.current, TDX_UP_TO_DATE);
    assert_int_equal(s->got.tdx.tcb.advisories, 1);
    s->want.tdx.statuses |= 1U << TDX_RELAUNCH_ADVISED;
    assert_accepted(s);

    s->tcb.level[1].status = "ConfigurationNeeded";
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb.status", "TDRelaunchAdvisedConfigurationNeeded", "");

    s = court(5, 3);
    s->quote.body[BODY_SVN2] = 4;
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb.status", "OutOfDate", "UpToDate");
    assert_int_equal(s->got.tdx.tcb.launch, TDX_UP_TO_DATE);
    assert_int_equal(s->got.tdx.tcb.current, TDX_OUT_OF_DATE);
    assert_int_equal(s->got.tdx.tcb.advisories, 1); /* what runs now has them */
    assert_string_equal(s->got.tdx.tcb.advisory[0], "INTEL-SA-01036");

    s = court(5, 3);
    s->tcb.module[1].level[0].status = "Revoked";
    s->quote.body[BODY_SVN] = 4;
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb.status", "Revoked", "");
}

/* ---- dates and advisories ---- */

static int64_t
midnight(const char *date)
{
    struct tm tm = {0};

    assert_non_null(strptime(date, "%Y-%m-%d", &tm));
    return timegm(&tm);
}

static void
least_date(void **state)
{
    struct td_scene *s = court(4, 2);
    const char **const dates[] = {&s->tcb.level[1].date, &s->tcb.module[1].level[1].date,
                                  &s->qe.level[1].date};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)court(4, 2);
        *dates[i] = "2020-02-29T00:00:00Z";
        td_make(s);
        assert_accepted(s);
        assert_true(s->got.tdx.tcb.date == midnight("2020-02-29"));
        s->want.tdx.tcb_date_min = midnight("2020-02-29");
        assert_accepted(s);
        s->want.tdx.tcb_date_min++;
        assert_refused(s, JUDGE_REJECT, "tcb.date", "2020-02-29T00:00:00Z", "2020-02-29T00:00:01Z");
    }
}

static void
evaluation_numbers(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    td_make(s); /* 20 and 19 */
    assert_accepted(s);
    assert_int_equal(s->got.tdx.tcb.tcb_eval, 20);
    assert_int_equal(s->got.tdx.tcb.qe_eval, 19);
    s->want.tdx.tcb_eval_min = 19;
    assert_accepted(s);
    s->want.tdx.tcb_eval_min = 20;
    assert_refused(s, JUDGE_REJECT, "tcb.eval", "tcbInfo 20, QE identity 19", ">= 20");
    s->qe.eval = 21;
    td_make(s);
    assert_accepted(s);
    s->want.tdx.tcb_eval_min = 21;
    assert_refused(s, JUDGE_REJECT, "tcb.eval", "tcbInfo 20, QE identity 21", ">= 21");
}

static void
advisories_are_one_set(void **state)
{
    static const char *const WANT[] = {"INTEL-SA-00001", "INTEL-SA-00002", "INTEL-SA-00003",
                                       "INTEL-SA-00004"};
    struct td_scene *s = court(4, 2);

    (void)state;
    s->tcb.level[1].advisories = "[ \"INTEL-SA-00003\" , \"INTEL-SA-00001\"]";
    s->tcb.module[1].level[1].advisories = "[\"INTEL-SA-00002\",\"INTEL-SA-00003\"]";
    s->qe.level[1].advisories = "[\"INTEL-SA-00004\",\"INTEL-SA-00001\"]";
    td_make(s);
    assert_accepted(s);
    assert_int_equal(s->got.tdx.tcb.advisories, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(s->got.tdx.tcb.advisory[i], WANT[i]);
    }
    assert_false(s->got.tdx.tcb.advisories_cut);
}

static void
advisories_and_policy(void **state)
{
    const struct slice names[] = {slice_text("INTEL-SA-00002"), slice_text("INTEL-SA-00001")};
    struct td_scene *s = court(4, 2);

    (void)state;
    s->tcb.level[1].advisories = "[\"INTEL-SA-00001\",\"INTEL-SA-00003\"]";
    td_make(s);
    assert_accepted(s);
    assert_row(s, "tcb.advisory", OUTCOME_IGNORED, "names no advisories");
    s->want.tdx.advisory_deny = names;
    s->want.tdx.advisory_deny_n = 1;
    assert_accepted(s);
    s->want.tdx.advisory_deny_n = 2;
    assert_refused(s, JUDGE_REJECT, "tcb.advisory", "INTEL-SA-00001 applies", "the policy denies");
    s->want.tdx.advisory_deny_n = 0;
    s->want.tdx.advisory_allow = names;
    s->want.tdx.advisory_allow_n = 2;
    assert_refused(s, JUDGE_REJECT, "tcb.advisory", "INTEL-SA-00003 applies", "the policy allows");
    s->tcb.level[1].advisories = "[\"INTEL-SA-00001\",\"INTEL-SA-00002\"]";
    td_make(s);
    assert_accepted(s);
    s->tcb.level[1].advisories = NULL;
    td_make(s);
    assert_accepted(s);
}

/* More than are kept, or a name that is none: never to be taken for all of them. */
static void
advisories_cut(void **state)
{
    static char many[TDX_ADVISORIES_MAX * 20 + 40];
    const struct slice name = slice_text("INTEL-SA-99999");
    static const char *const ODD[] = {"[\"INTEL-SA-00001\",7]", "[\"INTEL-SA-0000\\u0031\"]",
                                      "[\"INTEL-SA-0000100000000001\"]"};
    struct td_scene *s = court(4, 2);
    size_t n = 0;

    (void)state;
    many[n++] = '[';
    for (unsigned i = 0; i < TDX_ADVISORIES_MAX; i++) {
        n += (size_t)snprintf(many + n, sizeof many - n, "\"INTEL-SA-%05u\",", 1000 - i);
    }
    many[n - 1] = ']';
    s->tcb.level[1].advisories = many;
    s->want.tdx.advisory_deny = &name;
    s->want.tdx.advisory_deny_n = 1;
    td_make(s);
    assert_accepted(s);
    assert_int_equal(s->got.tdx.tcb.advisories, TDX_ADVISORIES_MAX);
    assert_string_equal(s->got.tdx.tcb.advisory[0], "INTEL-SA-00937");
    (void)snprintf(many + n - 1, sizeof many - n + 1, ",\"INTEL-SA-00001\"]");
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb.advisory", "there are more than 64", "read to the end");
    for (size_t i = 0; i < sizeof ODD / sizeof ODD[0]; i++) {
        s->tcb.level[1].advisories = ODD[i];
        td_make(s);
        assert_refused(s, JUDGE_REJECT, "tcb.advisory", "", "read to the end");
        s->want.tdx.advisory_deny_n = 0;
        assert_accepted(s); /* told, where the policy does not ask */
        assert_true(s->got.tdx.tcb.advisories_cut);
        s->want.tdx.advisory_deny_n = 1;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status),          cmocka_unit_test(every_row_of_the_table),
        cmocka_unit_test(components_converge),   cmocka_unit_test(relaunch_pairs),
        cmocka_unit_test(relaunch_by_quote),     cmocka_unit_test(least_date),
        cmocka_unit_test(evaluation_numbers),    cmocka_unit_test(advisories_are_one_set),
        cmocka_unit_test(advisories_and_policy), cmocka_unit_test(advisories_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
