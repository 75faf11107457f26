/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_level.c - the QE against its identity, the module against its own, the TCB level that matches and what is short of the others. */
#include "test/unit/tdx_court.h"

/* ---- identities ---- */

static void
qe_signer(struct td_scene *s)
{
    s->quote.qe[QE_AT_MRSIGNER + 31] ^= 1;
}

static void
qe_prodid(struct td_scene *s)
{
    td_put(s->quote.qe + QE_AT_PRODID, 1, 2);
}

static void
qe_prodid_high(struct td_scene *s)
{
    td_put(s->quote.qe + QE_AT_PRODID, 0x102, 2);
}

static void
qe_miscselect(struct td_scene *s)
{
    s->quote.qe[QE_AT_MISCSELECT] = 1;
}

/* MISCSELECT is hex of a number in the document and little-endian in the report. */
static void
qe_miscselect_order(struct td_scene *s)
{
    s->qe.miscselect = "00000080";
    s->quote.qe[QE_AT_MISCSELECT + 3] = 0x80;
}

static void
qe_attributes(struct td_scene *s)
{
    s->quote.qe[QE_AT_ATTRIBUTES] = 0x13; /* debug */
}

static void
no_identity(struct td_scene *s)
{
    s->quote.body[BODY_SVN + 1] = 2;
}

static void
no_identities(struct td_scene *s)
{
    s->tcb.no_modules = true;
}

static void
module_signer(struct td_scene *s)
{
    s->quote.body[BODY_MRSIGNERSEAM + 47] = 1;
}

static void
module_signer_10(struct td_scene *s)
{
    static const uint8_t SVN[] = {5, 0, 3};

    memcpy(s->quote.body + BODY_SVN, SVN, sizeof SVN);
    s->tcb.base.mrsigner = "0100000000000000000000000000000000000000000000000000000000000000"
                           "00000000000000000000000000000000";
}

static void
module_attributes(struct td_scene *s)
{
    s->quote.body[BODY_SEAMATTRIBUTES + 7] = 0x80;
}

static void
module_attributes_wanted(struct td_scene *s)
{
    s->tcb.module[1].attributes = "0000000000000001";
}

static void
level_short(struct td_scene *s)
{
    td_svn(&s->sgx, 1, 4);
}

static void
level_pcesvn(struct td_scene *s)
{
    td_svn(&s->sgx, SGX_PCESVN, 4);
}

static void
module_level(struct td_scene *s)
{
    s->quote.body[BODY_SVN] = 1;
}

static void
qe_level(struct td_scene *s)
{
    td_put(s->quote.qe + QE_AT_ISVSVN, 1, 2);
}

static void
current_short(struct td_scene *s)
{
    s->quote.body[BODY_SVN2] = 1;
}

static void
current_zero(struct td_scene *s)
{
    memset(s->quote.body + BODY_SVN2, 0, 16);
    s->tcb.level[2].sgx[0] = 200;
    s->tcb.level[0].tdx[0] = 1;
}

static void
status_text(struct td_scene *s)
{
    s->tcb.level[1].status = "uptodate";
}

static void
status_of_the_module(struct td_scene *s)
{
    s->tcb.module[1].level[1].status = "ConfigurationNeeded";
}

static void
status_of_the_qe(struct td_scene *s)
{
    s->qe.level[1].status = "SWHardeningNeeded";
}

static void
status_is_a_result(struct td_scene *s)
{
    s->tcb.level[1].status = "TDRelaunchAdvised";
}

static void
status_of_the_policy(struct td_scene *s)
{
    td_svn(&s->sgx, 3, 1); /* below all but none: see the next row */
    s->tcb.level[0].sgx[2] = 1;
}

static void
identities_and_levels(void **state)
{
    static const struct bend ROWS[] = {
        {"qe.mrsigner", "dcdd", "dcdcdc", qe_signer, 0, 0, 0, NULL},
        {"qe.isvprodid", "1", "2", qe_prodid, 0, 0, 0, NULL},
        {"qe.isvprodid", "258", "2", qe_prodid_high, 0, 0, 0, NULL},
        {"qe.miscselect", "01000000", "00000000", qe_miscselect, 0, 0, 0, NULL},
        {"qe.miscselect", "00000080", "80000000", qe_miscselect_order, 0, 0, 0, NULL},
        {"qe.attributes", "13000000", "11000000", qe_attributes, 0, 0, 0, NULL},
        {"module.identity", "TDX_02", "an identity of this module", no_identity, 0, 0, 0, NULL},
        {"module.identity", "TDX_01", "an identity of this module", no_identities, 0, 5, 2, NULL},
        {"module.mrsigner", "0000000001", "000000", module_signer, 0, 0, 0, NULL},
        {"module.mrsigner", "000000", "010000", module_signer_10, 0, 0, 0, NULL},
        {"module.attributes", "0000000000000080", "SEAMATTRIBUTES zero", module_attributes, 0, 0, 0,
         NULL},
        {"module.attributes", "0000000000000000", "0000000000000001", module_attributes_wanted, 0,
         0, 0, NULL},
        {"tcb.level", "no TCB level matches: sgx 0 (Early Microcode Update) is 4",
         "sgx 0 (Early Microcode Update) >= 5 for the lowest level (OutOfDate)", level_short, 0, 0,
         0, NULL},
        {"tcb.level", "no TCB level matches: pcesvn is 4", "pcesvn >= 5", level_pcesvn, 0, 0, 0,
         NULL},
        {"module.level", "none has isvsvn 1 or less", "a level of the module's identity",
         module_level, 0, 0, 0, NULL},
        {"qe.level", "none is as low as the QE's isvsvn", "a level of the QE identity", qe_level, 0,
         0, 0, NULL},
        {"tcb.current", "none matches", "a level for TEE_TCB_SVN_2", current_short, 0, 5, 3, NULL},
        {"tcb.current", "none matches", "a level for TEE_TCB_SVN_2", current_zero, 0, 5, 3, NULL},
        {"tcb.status_known", "a status with another name", "of Intel's PCS API v4", status_text, 0,
         0, 0, NULL},
        {"tcb.status_known", "a status with another name", "", status_is_a_result, 0, 0, 0, NULL},
        {"tcb.status_known", "module ConfigurationNeeded, QE UpToDate",
         "UpToDate, OutOfDate or Revoked for module and QE", status_of_the_module, 0, 0, 0, NULL},
        {"tcb.status_known", "module UpToDate, QE SWHardeningNeeded", "", status_of_the_qe, 0, 0, 0,
         NULL},
        {"tcb.status", "OutOfDate: sgx 2 (TXT SINIT) is 1, needs 2 for UpToDate of 2025-05-14",
         "UpToDate", status_of_the_policy, 0, 0, 0, NULL},
    };

    (void)state;
    COURT_ROWS(ROWS);
}

static void
masks(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    s->qe.miscselect_mask = "FFFFFF7F";
    s->quote.qe[QE_AT_MISCSELECT] = 0x80; /* outside of its mask */
    s->quote.qe[QE_AT_ATTRIBUTES] = 0x15; /* outside of FB */
    s->quote.qe[QE_AT_ATTRIBUTES + 15] = 0x55;
    s->tcb.module[1].attributes = "00000000000000FF";
    s->tcb.module[1].mask = "FFFFFFFFFFFFFF00";
    s->tcb.module[1].id = "tdx_01";
    td_make(s);
    assert_accepted(s);
}

/* TDX 1.0 has no identity of its own, and its bytes 0 and 1 count in the platform's levels. */
static void
tdx_10(void **state)
{
    static const uint8_t SVN[] = {5, 0, 3};
    struct td_scene *s = court(4, 2);

    (void)state;
    memcpy(s->quote.body + BODY_SVN, SVN, sizeof SVN);
    s->tcb.no_modules = true;
    td_make(s);
    assert_accepted(s);
    assert_int_equal(s->got.tdx.tcb.module, TDX_STATUS_NONE);
    assert_row(s, "module.identity", OUTCOME_PASS, "TDX 1.0");
    assert_row(s, "module.level", OUTCOME_IGNORED, "TDX 1.0");
    s->quote.body[BODY_SVN] = 4;
    s->want.tdx.statuses |= 1U << TDX_OUT_OF_DATE;
    td_make(s);
    assert_accepted(s);
    assert_string_equal(s->got.tdx.tcb.missed[0].shortfall[0].what, "tdx 0 (TDX Module)");
    assert_int_equal(s->got.tdx.tcb.status, TDX_OUT_OF_DATE);
}

/* From 1.5 on they are the module's: less than the level's is no shortfall of the platform. */
static void
tdx_15(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    s->tcb.level[1].tdx[0] = 200;
    s->tcb.level[1].tdx[1] = 200;
    td_make(s);
    assert_accepted(s);
    s->quote.body[BODY_SVN + 2] = 2;
    s->want.tdx.statuses |= 1U << TDX_OUT_OF_DATE;
    td_make(s);
    assert_accepted(s);
    assert_int_equal(s->got.tdx.tcb.platform, TDX_OUT_OF_DATE);
    assert_string_equal(s->got.tdx.tcb.missed[0].shortfall[0].what,
                        "tdx 2 (TDX Late Microcode Update)");
}

/* ---- which level, and what is short of the others ---- */

static int64_t
midnight(const char *date)
{
    struct tm tm = {0};

    assert_non_null(strptime(date, "%Y-%m-%d", &tm));
    return timegm(&tm);
}

/* The highest that fits, wherever it stands in the document. */
static void
levels_in_any_order(void **state)
{
    static const size_t ORDERS[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct td_scene *s = court(4, 2);
        const struct paper_level was[3] = {s->tcb.level[0], s->tcb.level[1], s->tcb.level[2]};

        for (size_t k = 0; k < 3; k++) {
            s->tcb.level[ORDERS[i][k]] = was[k];
        }
        td_make(s);
        assert_accepted(s);
        assert_int_equal(s->got.tdx.tcb.missed_in_all, 0);
        td_svn(&s->sgx, 8, 3);
        s->want.tdx.statuses |= 1U << TDX_OUT_OF_DATE;
        td_make(s);
        assert_accepted(s);
        assert_int_equal(s->got.tdx.tcb.missed_in_all, 1);
        assert_true(s->got.tdx.tcb.date == midnight("2024-03-13"));
    }
}

/* SGX components first, then PCESVN, then TDX components. */
static void
order_of_levels(void **state)
{
    static struct tdx_collateral_facts facts;
    struct td_scene *s = court(4, 2);

    (void)state;
    s->tcb.level[3] = s->tcb.level[1];
    s->tcb.level[3].pcesvn = 11;
    s->tcb.level[4] = s->tcb.level[1];
    s->tcb.level[4].tdx[2] = 2;
    s->tcb.level[5] = s->tcb.level[1];
    s->tcb.level[5].sgx[15] = 1;
    s->tcb.levels = 6;
    td_make(s);
    tdx_collateral_judge(&s->bytes, &s->trust.tdx, td_ca_der(s), &facts);
    assert_int_equal(facts.tcb.levels, 6);
    assert_int_equal(facts.tcb.level[0].sgx[15], 1);
    assert_int_equal(facts.tcb.level[1].tdx[2], 3);
    assert_int_equal(facts.tcb.level[2].tdx[2], 2);
    assert_int_equal(facts.tcb.level[3].pcesvn, 11);
    assert_int_equal(facts.tcb.level[4].sgx[0], 6);
    assert_int_equal(facts.tcb.level[5].sgx[0], 5);
    assert_int_equal(facts.tcb.module[1].level[0].isvsvn, 5);
    assert_int_equal(facts.qe.level[0].isvsvn, 4);
}

/* Every shortfall by name, the nearest level first, bounded. */
static void
shortfalls(void **state)
{
    struct td_scene *s = court(4, 2);
    const struct tdx_tcb_result *r = &s->got.tdx.tcb;

    (void)state;
    td_svn(&s->sgx, 3, 1);
    td_svn(&s->sgx, 8, 2);
    td_svn(&s->sgx, SGX_PCESVN, 10);
    s->quote.body[BODY_SVN + 2] = 1;
    s->tcb.level[2].sgx[2] = 0;
    s->want.tdx.statuses |= 1U << TDX_OUT_OF_DATE;
    td_make(s);
    assert_accepted(s);
    assert_int_equal(r->missed_in_all, 2);
    assert_int_equal(r->missed_n, 2);
    assert_true(r->missed[0].date == midnight("2024-03-13"));
    assert_int_equal(r->missed[0].status, TDX_OUT_OF_DATE);
    assert_int_equal(r->missed[0].shortfalls, 4);
    assert_string_equal(r->missed[0].shortfall[0].what, "sgx 2 (TXT SINIT)");
    assert_int_equal(r->missed[0].shortfall[0].have, 1);
    assert_int_equal(r->missed[0].shortfall[0].need, 2);
    assert_string_equal(r->missed[0].shortfall[1].what, "sgx 7 (SEAMLDR ACM)");
    assert_string_equal(r->missed[0].shortfall[2].what, "pcesvn");
    assert_int_equal(r->missed[0].shortfall[2].need, 11);
    assert_string_equal(r->missed[0].shortfall[3].what, "tdx 2 (TDX Late Microcode Update)");
    assert_int_equal(r->missed[1].status, TDX_UP_TO_DATE);
    assert_string_equal(r->missed[1].shortfall[1].what, "sgx 7 (SEAMLDR ACM)");
    assert_int_equal(r->missed[1].shortfall[1].need, 5);
}

static void
shortfalls_are_bounded(void **state)
{
    struct td_scene *s = court(4, 2);
    const struct tdx_tcb_result *r = &s->got.tdx.tcb;

    (void)state;
    for (s->tcb.levels = 3; s->tcb.levels < 20; s->tcb.levels++) {
        s->tcb.level[s->tcb.levels] = s->tcb.level[1];
        memset(s->tcb.level[s->tcb.levels].sgx, (int)(100 + s->tcb.levels), TDX_COMPONENTS);
    }
    td_make(s);
    assert_accepted(s);
    assert_int_equal(r->missed_in_all, 17);
    assert_int_equal(r->missed_n, TDX_MISSED_MAX);
    assert_int_equal(r->missed[0].shortfall[0].need, 103); /* the nearest first */
    assert_int_equal(r->missed[0].shortfalls, TDX_SHORTFALLS_MAX);
    assert_string_equal(r->missed[0].shortfall[1].what, "sgx 1"); /* one without a name */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_and_levels),
        cmocka_unit_test(masks),
        cmocka_unit_test(tdx_10),
        cmocka_unit_test(tdx_15),
        cmocka_unit_test(levels_in_any_order),
        cmocka_unit_test(order_of_levels),
        cmocka_unit_test(shortfalls),
        cmocka_unit_test(shortfalls_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
