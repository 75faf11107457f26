/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_ccel.c - event logs of TDs: replayed as firmware extended them, refused where they cannot be read, compared with the quote's
 * registers. */
#include "test/unit/tdx_court.h"

#include "attest/tdx/ccel.h"
#include "test/unit/tdx_ccel.h"

static enum err
replay(const struct td_log *l, struct ccel_replay *out, struct why *why)
{
    *why = (struct why){0};
    return ccel_replay(td_log_slice(l), out, why);
}

static void
assert_malformed(const struct td_log *l, const char *words)
{
    struct ccel_replay out;
    struct why why;
    bool said = false;

    assert_int_equal(replay(l, &out, &why), ERR_MALFORMED);
    for (size_t i = 0; i < why.n; i++) {
        said = said || strstr(why.link[i], words) != NULL;
    }
    if (!said) {
        fail_msg("says \"%s\", not \"%s\"", why_text(&why), words);
    }
}

static void
good_logs(void **state)
{
    (void)state;
    for (int two = 0; two < 2; two++) {
        struct td_log l;
        struct ccel_replay out;
        struct why why;

        td_log_boot(&l, two != 0);
        td_log_event(&l, 4, EVENT_TAG, 0x77, two != 0);
        assert_int_equal(replay(&l, &out, &why), ERR_OK);
        assert_memory_equal(out.rtmr, l.rtmr, sizeof out.rtmr);
        assert_int_equal(out.events[0], 2);
        assert_int_equal(out.events[3], 1);
        assert_int_equal(out.separators[2], 1);
        assert_int_equal(out.used, l.n);
    }
}

/* Nothing but its fill may follow a log. */
static void
fills(void **state)
{
    struct td_log l;
    struct td_log filled;
    struct ccel_replay out;
    struct why why;

    (void)state;
    td_log_boot(&l, false);
    for (int fill = 0; fill < 0x100; fill += 0xff) {
        filled = l;
        memset(filled.b + l.n, fill, 300);
        filled.n += 300;
        assert_int_equal(replay(&filled, &out, &why), ERR_OK);
        assert_memory_equal(out.rtmr, l.rtmr, sizeof out.rtmr);
        assert_int_equal(out.used, l.n);
        filled.b[filled.n - 1] ^= 1;
        assert_int_equal(replay(&filled, &out, &why), ERR_MALFORMED);
    }
}

/* Each place where it is cut, but between two events. */
static void
cuts(void **state)
{
    struct td_log l;
    struct ccel_replay out;
    struct why why;
    size_t whole = 0;

    (void)state;
    td_log_boot(&l, true);
    for (size_t n = 0; n <= l.n; n++) {
        uint8_t *exact = malloc(n + 1);

        assert_non_null(exact);
        memcpy(exact, l.b, n);
        why = (struct why){0};
        whole += ccel_replay((struct slice){exact, n}, &out, &why) == ERR_OK;
        free(exact);
    }
    /* The bare first record, one after each event, and four within the second record: an index of zero looks like fill. */
    assert_int_equal(whole, 1 + 7 + 4);
}

static void
first_records(void **state)
{
    struct td_log l;
    static const struct {
        size_t at;
        uint8_t value;
        const char *words;
    } ROWS[] = {
        {4, 5, "does not begin with \"Spec ID Event03\""},    /* the type */
        {32, 's', "does not begin with \"Spec ID Event03\""}, /* the signature */
        {56, 0, "names 0 algorithms"},
        {56, 9, "names 9 algorithms"},
        {60, ALG_SHA1, "no SHA-384 digests"},
        {62, 47, "no SHA-384 digests"},
        {28, 32, "spec id"}, /* its size */
        {64, 1, "spec id"},  /* vendor info that is not there */
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        td_log_boot(&l, false);
        l.b[ROWS[i].at] = ROWS[i].value;
        assert_malformed(&l, ROWS[i].words);
    }
}

enum { FIRST = 65, COUNT = FIRST + 8, DIGEST_ALG = FIRST + 12, SIZE = FIRST + 14 + 48 };

static void
events(void **state)
{
    struct td_log l;
    static const struct {
        size_t at;
        uint8_t value;
        const char *words;
    } ROWS[] = {
        {COUNT, 0, "digest count"},
        {COUNT + 3, 0xff, "digest count"},
        {COUNT, 2, "digest"},
        {DIGEST_ALG, ALG_SHA256, "not among the log's"},
        {SIZE + 3, 0xff, "event data"},
        {FIRST + 4, EVENT_TAG, "not one of RTMR0 to RTMR3"},
        {FIRST + 4, EVENT_TAG, "in event 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        td_log_boot(&l, false);
        l.b[ROWS[i].at] = ROWS[i].value;
        assert_malformed(&l, ROWS[i].words);
    }
    td_log_boot(&l, false);
    td_log_event(&l, 5, EVENT_TAG, 1, false);
    assert_malformed(&l, "not one of RTMR0 to RTMR3");

    /* The same algorithm twice, and none of SHA-384. */
    td_log_open(&l, true);
    td_log_event(&l, 1, EVENT_TAG, 1, true);
    td_put(l.b + 69 + 12, ALG_SHA384, 2);
    assert_malformed(&l, "");
    td_log_open(&l, true);
    td_log_number(&l, 1, 4);
    td_log_number(&l, EVENT_TAG, 4);
    td_log_number(&l, 1, 4);
    td_log_number(&l, ALG_SHA256, 2);
    td_log_bytes(&l, l.b, 32);
    td_log_number(&l, 0, 4);
    assert_malformed(&l, "no SHA-384");
}

/* More events than are read, and more bytes. */
static void
bounds(void **state)
{
    static uint8_t many[TDX_CCEL_MAX + 1];
    struct td_log l;
    struct ccel_replay out;
    struct why why = {0};
    size_t n = 0;

    (void)state;
    td_log_open(&l, false);
    memcpy(many, l.b, l.n);
    n = l.n;
    td_log_event(&l, 1, EVENT_TAG, 1, false);
    td_put(l.b + l.n - 7, 0, 4);
    for (size_t i = 0; i < CCEL_EVENTS_MAX - 1; i++) { /* without data: 66 bytes each */
        memcpy(many + n, l.b + 65, 66);
        n += 66;
    }
    assert_true(n < TDX_CCEL_MAX);
    assert_int_equal(ccel_replay((struct slice){many, n - 66}, &out, &why), ERR_OK);
    assert_int_equal(out.events[0], CCEL_EVENTS_MAX - 2);
    assert_int_equal(ccel_replay((struct slice){many, n}, &out, &why), ERR_OK);
    memcpy(many + n, l.b + 65, 66);
    why = (struct why){0};
    assert_int_equal(ccel_replay((struct slice){many, n + 66}, &out, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "more than 8192 events");
    why = (struct why){0};
    assert_int_equal(ccel_replay((struct slice){many, sizeof many}, &out, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "1048577 bytes, at most 1048576");
}

/* ---- beside a quote ---- */

static struct td_scene *
booted(struct td_log *l, bool runtime)
{
    struct td_scene *s = court(4, 2);

    td_log_boot(l, false);
    if (runtime) {
        td_log_event(l, 4, EVENT_TAG, 0x71, false);
    }
    for (size_t i = 0; i < 3U + runtime; i++) {
        memcpy(s->quote.body + BODY_RTMR0 + 48 * i, l->rtmr[i], 48);
    }
    td_make(s);
    s->ev.tdx.ccel = td_log_slice(l);
    return s;
}

static void
logs_of_quotes(void **state)
{
    struct td_log l;
    struct td_scene *s = booted(&l, false);

    (void)state;
    s->want.tdx.ccel_wanted = true;
    assert_accepted(s);
    assert_true(s->got.tdx.ccel_replayed);
    assert_int_equal(s->got.tdx.rtmr3, TDX_RTMR3_UNCHECKED); /* 0x33..: extended without an event */
    s = booted(&l, true);
    assert_accepted(s);
    assert_int_equal(s->got.tdx.rtmr3, TDX_RTMR3_LOG);
    s = court(4, 2);
    td_make(s);
    assert_accepted(s);
    assert_row(s, "ccel.malformed", OUTCOME_IGNORED, "no event log was given");
    assert_row(s, "ccel.replay", OUTCOME_IGNORED, "");
    assert_false(s->got.tdx.ccel_replayed);
    s->want.tdx.ccel_wanted = true;
    assert_refused(s, JUDGE_REJECT, "ccel.malformed", "there is none", "an event log");
}

static void
logs_of_others(void **state)
{
    struct td_log l;
    struct td_scene *s = NULL;

    (void)state;
    for (uint32_t index = 1; index <= TDX_RTMRS; index++) {
        char rtmr[] = "RTMR0";

        rtmr[4] = (char)('0' + index - 1);
        s = booted(&l, true);
        td_log_event(&l, index, EVENT_TAG, 0x11, false);
        s->ev.tdx.ccel = td_log_slice(&l);
        assert_refused(s, JUDGE_REJECT, "ccel.replay", "the log gives", rtmr);
        assert_int_equal(s->got.tdx.verified, true);
    }
    s = booted(&l, false);
    l.b[0] = 0;
    l.b[4] = 0;
    assert_refused(s, JUDGE_MALFORMED, "ccel.malformed", "does not begin with", "a CCEL event log");

    /* Two separators are a boot's (PCR 1 and PCR 7), three are not. */
    for (int more = 1; more < 3; more++) {
        s = booted(&l, false);
        for (int i = 0; i < more; i++) {
            td_log_event(&l, 1, EVENT_SEPARATOR, 0x60, false);
        }
        memcpy(s->quote.body + BODY_RTMR0, l.rtmr[0], 48);
        td_make(s);
        s->ev.tdx.ccel = td_log_slice(&l);
        if (more == 1) {
            assert_accepted(s);
        }
    }
    assert_refused(s, JUDGE_REJECT, "ccel.replay", "3 of them", "one EV_SEPARATOR each");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_logs),      cmocka_unit_test(fills),
        cmocka_unit_test(cuts),           cmocka_unit_test(first_records),
        cmocka_unit_test(events),         cmocka_unit_test(bounds),
        cmocka_unit_test(logs_of_quotes), cmocka_unit_test(logs_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
