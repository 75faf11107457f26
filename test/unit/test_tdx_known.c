/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_known.c - a platform that was verified before and collateral that was judged before give the same verdicts as their bytes; what
 * opening a platform refuses; the early track beside the standard one. */
#include "test/unit/tdx_court.h"

/* ---- opening ---- */

static void
opened(void **state)
{
    struct td_scene *s = court(5, 3);
    struct tdx_platform p = {0};
    struct why why = {0};
    uint8_t key[SHA256_LEN];

    (void)state;
    td_make(s);
    assert_int_equal(tdx_platform_open(s->ev.tdx.quote, &s->trust.tdx, &p, &why), ERR_OK);
    assert_int_equal(tdx_platform_key(s->ev.tdx.quote, key, &why), ERR_OK);
    assert_memory_equal(p.key, key, sizeof key);
    assert_memory_equal(p.fmspc, td_fmspc(), 6);
    assert_memory_equal(p.component, td_components(), TDX_COMPONENTS);
    assert_int_equal(p.pcesvn, TD_PCESVN);
    assert_int_equal(p.ca, TDX_CA_PLATFORM);
    assert_true(p.has_instance);
    assert_int_equal(p.instance[15], 0x5b);
    assert_int_equal(p.leaf_serial_len, 2);
    assert_memory_equal(p.leaf_serial, "\x0b\xbb", 2);
    assert_memory_equal(p.ca_serial, "\x07\xd2", 2);
    assert_true(p.not_after == DESK_NOW + 1000LL * DESK_DAY);
    tdx_platform_done(&p);

    s = court(4, 2);
    td_processor(s);
    td_make(s);
    assert_int_equal(tdx_platform_open(s->ev.tdx.quote, &s->trust.tdx, &p, &why), ERR_OK);
    assert_int_equal(p.ca, TDX_CA_PROCESSOR);
    assert_false(p.has_instance);
    tdx_platform_done(&p);
}

static void
forged_qe(struct td_scene *s)
{
    s->qe_signer = TD_STRANGER;
}

static void
unvouched(struct td_scene *s)
{
    s->quote.own_data = true;
}

static void
no_key(struct td_scene *s)
{
    s->quote.own_key = true;
}

static void
no_extension(struct td_scene *s)
{
    s->no_sgx = true;
}

static void
short_chain(struct td_scene *s)
{
    s->pck.n = 2;
}

static void
not_opened(void **state)
{
    static const struct {
        void (*bend)(struct td_scene *s);
        const char *words;
    } ROWS[] = {
        {short_chain, "pck.chain: the chain has 2 certificates, want 3"},
        {no_extension, "pck.extension: the leaf has no SGX extension"},
        {forged_qe, "qe.signature: not by the PCK leaf"},
        {unvouched, "qe.report_data: not the digest of the attestation key"},
        {no_key, "tdquote.key: EC key: point is not on P-256"},
    };
    struct tdx_platform p = {0};
    struct tdx_anchor nobody = {0};
    struct why why = {0};
    struct td_scene *s = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        s = court(4, 2);
        ROWS[i].bend(s);
        td_make(s);
        why = (struct why){0};
        assert_int_equal(tdx_platform_open(s->ev.tdx.quote, &s->trust.tdx, &p, &why), ERR_DENIED);
        assert_string_equal(why_text(&why), ROWS[i].words);
        assert_null(p.ak.handle);
    }
    s = court(4, 2);
    td_make(s);
    why = (struct why){0};
    assert_int_equal(tdx_platform_open(s->ev.tdx.quote, &nobody, &p, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "pck.root: the root's key is not the trusted one");
    s->ev.tdx.quote.len = 700;
    assert_int_equal(tdx_platform_open(s->ev.tdx.quote, &s->trust.tdx, &p, &why), ERR_MALFORMED);
    assert_int_equal(tdx_platform_key(s->ev.tdx.quote, p.key, &why), ERR_MALFORMED);
}

/* ---- the same verdicts ---- */

static void
as_it_is(struct td_scene *s)
{
    (void)s;
}

static void
out_of_date(struct td_scene *s)
{
    td_svn(&s->sgx, 8, 3);
}

static void
no_level(struct td_scene *s)
{
    td_svn(&s->sgx, 1, 1);
}

static void
revoked(struct td_scene *s)
{
    s->pck_crl.serials = 1;
    s->pck_crl.serial[0] = TD_SERIAL_LEAF;
}

static void
ca_revoked(struct td_scene *s)
{
    s->root_crl.serials = 1;
    s->root_crl.serial[0] = TD_SERIAL_CA;
}

static void
expired_leaf(struct td_scene *s)
{
    s->ask[TD_LEAF].ask.not_after = TD_NOW - 1;
}

static void
expired_crl(struct td_scene *s)
{
    s->pck_crl.until = TD_NOW - 1;
}

static void
forged_document(struct td_scene *s)
{
    s->tcb.forged = true;
}

static void
other_machine(struct td_scene *s)
{
    s->tcb.fmspc = "000000000000";
}

static void
other_qe(struct td_scene *s)
{
    td_put(s->quote.qe + QE_AT_PRODID, 1, 2);
}

static void
forged_quote(struct td_scene *s)
{
    td_point(td_key(TD_AK), s->quote.xy);
    s->quote.own_key = true;
    s->quote_signer = TD_STRANGER;
}

static void
debug(struct td_scene *s)
{
    td_put(s->quote.body + BODY_ATTRIBUTES, 1, 8);
}

static void
malformed_document(struct td_scene *s)
{
    s->qe.levels = 0;
}

/* Rows of the platform say "verified before"; outcomes, claims and end are the same. */
static void
assert_same(const struct appraisal *a, const struct appraisal *b)
{
    assert_int_equal(a->verdict.n, b->verdict.n);
    for (size_t i = 0; i < a->verdict.n; i++) {
        if (a->verdict.finding[i].outcome != b->verdict.finding[i].outcome) {
            fail_msg("%s: %s, known: %s", a->verdict.finding[i].id,
                     outcome_name(a->verdict.finding[i].outcome),
                     outcome_name(b->verdict.finding[i].outcome));
        }
    }
    assert_int_equal(verdict_judge(&a->verdict), verdict_judge(&b->verdict));
    assert_true(a->valid_until == b->valid_until);
    assert_int_equal(a->tdx.verified, b->tdx.verified);
    assert_int_equal(a->tdx.tcb.status, b->tdx.tcb.status);
    assert_memory_equal(a->tdx.ppid, b->tdx.ppid, sizeof a->tdx.ppid);
    assert_memory_equal(a->tdx.collateral_digest, b->tdx.collateral_digest, SHA256_LEN);
}

static void
known_and_cold_agree(void **state)
{
    static void (*const BENDS[])(struct td_scene *) = {
        as_it_is,     out_of_date, no_level,           revoked,       ca_revoked,
        expired_leaf, expired_crl, forged_document,    other_machine, other_qe,
        forged_quote, debug,       malformed_document,
    };
    static struct appraisal cold;

    (void)state;
    for (size_t i = 0; i < sizeof BENDS / sizeof BENDS[0]; i++) {
        struct td_scene *s = court(5, 3);
        struct tdx_platform known = {0};
        struct why why = {0};

        BENDS[i](s);
        td_make(s);
        (void)td_judge(s);
        cold = s->got;
        assert_int_equal(td_know(s, &known, &why), ERR_OK);
        (void)td_judge(s); /* both known */
        assert_same(&cold, &s->got);
        assert_row(s, "pck.chain", OUTCOME_PASS, "verified before");
        s->ev.tdx.facts = NULL; /* the platform is, the collateral comes as bytes */
        (void)td_judge(s);
        assert_same(&cold, &s->got);
        s->ev.tdx.facts = &s->room;
        s->ev.tdx.known = NULL; /* the collateral is, the platform comes as bytes */
        (void)td_judge(s);
        assert_same(&cold, &s->got);
        td_forget(s, &known);
    }
}

/* Another machine's platform does not speak for this quote, whoever mixes them up. */
static void
another_platform(void **state)
{
    struct td_scene *s = court(4, 2);
    struct tdx_platform known = {0};
    struct why why = {0};

    (void)state;
    td_make(s);
    assert_int_equal(td_know(s, &known, &why), ERR_OK);
    assert_accepted(s);
    known.qe_report[QE_AT_ISVSVN] ^= 1;
    assert_refused(s, JUDGE_REJECT, "qe.signature", "does not verify", "signed by the PCK key");
    known.qe_report[QE_AT_ISVSVN] ^= 1;
    td_put(s->quote.auth, 7, 8); /* the same key, certified by another report */
    td_quote_make(&s->quote, td_key(TD_AK), td_key(TD_LEAF), td_pem(&s->pck));
    assert_refused(s, JUDGE_REJECT, "qe.signature", "does not verify", "");
    td_forget(s, &known);
}

/* Time is judged anew. */
static void
a_known_platform_ends(void **state)
{
    struct td_scene *s = court(4, 2);
    struct tdx_platform known = {0};
    struct why why = {0};

    (void)state;
    s->ask[TD_LEAF].ask.not_after = TD_NOW + 10;
    td_make(s);
    assert_int_equal(td_know(s, &known, &why), ERR_OK);
    assert_accepted(s);
    assert_true(s->got.valid_until == TD_NOW + 10);
    assert_int_equal(td_judge_at(s, TD_NOW + 11), JUDGE_REJECT);
    assert_only(s, "pck.validity", "it is 2027-01-15T08:00:11Z", "between");
    td_forget(s, &known);
}

/* ---- the early track ---- */

struct early {
    struct paper tcb, qe;
    struct tdx_collateral bytes;
    struct tdx_collateral_facts facts;
};

/* With evaluation 21 the machine is out of date. */
static struct early *
early_make(struct td_scene *s, void (*bend)(struct early *e))
{
    static struct early e;

    e.tcb = s->tcb;
    e.qe = s->qe;
    e.tcb.eval = 21;
    e.tcb.level[1].sgx[0] = 8;
    if (bend != NULL) {
        bend(&e);
    }
    paper_make(&e.tcb, td_paper_key(&e.tcb));
    paper_make(&e.qe, td_paper_key(&e.qe));
    e.bytes = s->bytes;
    e.bytes.tcb_info = paper_slice(&e.tcb);
    e.bytes.qe_identity = paper_slice(&e.qe);
    tdx_collateral_judge(&e.bytes, &s->trust.tdx, td_ca_der(s), &e.facts);
    s->ev.tdx.early = &e.facts;
    return &e;
}

static void
told_and_never_decides(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    td_make(s);
    (void)early_make(s, NULL);
    assert_accepted(s);
    assert_row(s, "tcb.status", OUTCOME_PASS,
               "UpToDate now, OutOfDate on the early track (evaluation 21)");
    assert_true(s->got.tdx.has_early);
    assert_int_equal(s->got.tdx.early.status, TDX_OUT_OF_DATE);
    assert_int_equal(s->got.tdx.tcb.status, TDX_UP_TO_DATE);
    assert_string_equal(s->got.tdx.early.missed[0].shortfall[0].what,
                        "sgx 0 (Early Microcode Update)");
}

static void
early_forged(struct early *e)
{
    e->tcb.forged = true;
}

static void
early_qe_forged(struct early *e)
{
    e->qe.forged = true;
}

static void
early_fmspc(struct early *e)
{
    e->tcb.fmspc = "000000000000";
}

static void
early_pceid(struct early *e)
{
    e->tcb.pceid = "0001";
}

static void
early_past(struct early *e)
{
    e->tcb.next = TD_NOW - 1;
}

static void
early_qe_past(struct early *e)
{
    e->qe.next = TD_NOW - 1;
}

static void
early_sgx(struct early *e)
{
    e->qe.id = "QE";
}

static void
early_type(struct early *e)
{
    e->tcb.type = 1;
}

static void
early_misprint(struct early *e)
{
    e->tcb.levels = 0;
}

/* What would not stand on its own is not told at all. */
static void
early_that_does_not_stand(void **state)
{
    static void (*const BENDS[])(struct early *) = {
        early_forged,  early_qe_forged, early_fmspc, early_pceid,    early_past,
        early_qe_past, early_sgx,       early_type,  early_misprint,
    };

    (void)state;
    for (size_t i = 0; i < sizeof BENDS / sizeof BENDS[0]; i++) {
        struct td_scene *s = court(4, 2);

        td_make(s);
        (void)early_make(s, BENDS[i]);
        assert_accepted(s);
        assert_false(s->got.tdx.has_early);
        assert_row(s, "tcb.status", OUTCOME_PASS, "UpToDate");
        assert_null(strstr(court_finding(s, "tcb.status")->seen, "early"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opened),
        cmocka_unit_test(not_opened),
        cmocka_unit_test(known_and_cold_agree),
        cmocka_unit_test(another_platform),
        cmocka_unit_test(a_known_platform_ends),
        cmocka_unit_test(told_and_never_decides),
        cmocka_unit_test(early_that_does_not_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
