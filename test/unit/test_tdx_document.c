/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_document.c - tcbInfo and QE identity as documents: whole, signed over exactly their bytes by the right signer, of the right kind,
 * for this machine, in their time. */
#include "test/unit/tdx_court.h"

#include "attest/tdx/document.h"

/* ---- missing, malformed ---- */

static void
tcb_missing(struct td_scene *s)
{
    s->bytes.tcb_info = (struct slice){0};
}

static void
qe_missing(struct td_scene *s)
{
    s->bytes.qe_identity = (struct slice){0};
}

static void
swap(struct paper *p, const char *from, const char *to)
{
    size_t i = 0;

    while (p->swap[i].from != NULL) {
        i++;
    }
    p->swap[i] = (struct paper_swap){from, to};
}

static void
envelope(struct paper *p, const char *from, const char *to)
{
    p->envelope_swap[0] = (struct paper_swap){from, to};
}

/* What is in the signed object or around it, and what the document's row then says. */
struct misprint {
    bool qe, around;
    const char *from, *to, *seen;
};

static const struct misprint MISPRINTS[] = {
    {false, true, "{\"tcbInfo\":", "", "bytes after the end"},
    {false, true, "{\"tcbInfo\":", "{\"tcbinfo\":", "want \"tcbInfo\" and \"signature\""},
    {false, true, "{\"tcbInfo\":", "{\"x\":1,\"tcbInfo\":", "want \"tcbInfo\" and \"signature\""},
    {false, true, "\"signature\"", "\"Signature\"", "\"signature\" is missing"},
    {false, true, "\"signature\":\"", "\"signature\":\"00", "\"signature\" is not hex of 64"},
    {false, true, "\"signature\":\"", "\"signature\":\"xy", "\"signature\" is not hex of 64"},
    {false, true, "{\"tcbInfo\":{", "{\"tcbInfo\":{\"id\":\"TDX\",", "duplicate name"},
    {false, true, "{\"tcbInfo\":", "{\"tcbInfo\":{},\"tcbInfo\":", "duplicate name"},
    {false, false, "\"fmspc\":", "\"fmspc\":\"000000000000\",\"fmspc\":", "duplicate name"},
    {false, false, "\"fmspc\":", "\"fm\\u0073pc\":", "escape in a name"},
    {false, false, "\"pcesvn\":13", "\"pcesvn\":[[[[[[[[[[[[[[[[13]]]]]]]]]]]]]]]]", "nesting"},
    {false, false, "\"id\":\"TDX\"", "\"id\":7", "\"id\" is missing or is not text"},
    {false, false, "\"id\":\"TDX\"", "\"id\":\"T\\u0044X\"", "\"id\" is missing or is not text"},
    {false, false, "\"version\":3", "\"version\":\"3\"",
     "\"version\" is missing or is not a number"},
    {false, false, "\"version\":3", "\"version\":3.0", "\"version\" is missing or is not a number"},
    {false, false, "\"version\":3", "\"version\":4294967296", "\"version\""},
    {false, false, "\"version\":3", "\"version\":-3", "\"version\""},
    {false, false, "\"tcbType\":0,", "", "\"tcbType\" is missing"},
    {false, false, "\"tcbEvaluationDataNumber\":20,", "", "\"tcbEvaluationDataNumber\" is missing"},
    {false, false, "\"issueDate\"", "\"issued\"", "\"issueDate\" is missing"},
    {false, false, "\"nextUpdate\":\"2027", "\"nextUpdate\":\"27", "\"nextUpdate\" is missing or"},
    {false, false, "B0C06F000000", "B0C06F0000", "\"fmspc\" is not hex of 6 bytes"},
    {false, false, "\"pceId\":\"0000\"", "\"pceId\":\"000\"", "\"pceId\" is not hex of 2 bytes"},
    {false, false, "\"tdxModule\"", "\"module\"", "\"tdxModule\" is missing"},
    {false, false, "\"tdxModule\":{\"mrsigner\"", "\"tdxModule\":{\"signer\"", "\"mrsigner\""},
    {false, false, "\"attributesMask\"", "\"mask\"", "\"attributesMask\" is missing"},
    {false, false, "\"tdxModuleIdentities\":[", "\"tdxModuleIdentities\":3,\"x\":[",
     "\"tdxModuleIdentities\" is missing or is not an array"},
    {false, false, "\"id\":\"TDX_03\",", "", "\"id\" is missing"},
    {false, false, "\"isvsvn\":3", "\"isvsvn\":65536", "\"isvsvn\""},
    {false, false, "\"isvsvn\":2", "\"isvsvn\":5", "two levels of isvsvn 5"},
    {false, false, "\"tdxtcbcomponents\":[", "\"tdxtcbcomponents\":[{\"svn\":0},",
     "tdxtcbcomponents: more than 16"},
    {false, false,
     "\"tdxtcbcomponents\":[{\"svn\":5,\"category\":\"OS/VMM\",\"type\":\"TDX Module\"},",
     "\"tdxtcbcomponents\":[", "tdxtcbcomponents: 15, want 16"},
    {false, false, "\"svn\":5", "\"svn\":256", "\"svn\" is missing or is not a number of 0 to 255"},
    {false, false, "\"sgxtcbcomponents\"", "\"sgx\"", "\"sgxtcbcomponents\" is missing"},
    {false, false, "\"pcesvn\":13", "\"pcesvn\":65536", "\"pcesvn\""},
    {false, false, "\"tcbStatus\":\"UpToDate\"", "\"status\":\"UpToDate\"", "\"tcbStatus\""},
    {false, false, "\"tcbDate\":\"2018-01-04T", "\"tcbDate\":\"2018-13-04T", "\"tcbDate\""},
    {false, false, "\"advisoryIDs\":[", "\"advisoryIDs\":\"\",\"x\":[", "\"advisoryIDs\""},
    {true, true, "{\"enclaveIdentity\":", "{\"tcbInfo\":", "want \"enclaveIdentity\""},
    {true, false, "\"miscselect\":\"00000000\"", "\"miscselect\":\"0000\"",
     "\"miscselect\" is not"},
    {true, false, "\"miscselectMask\"", "\"miscselectmask\"", "\"miscselectMask\" is missing"},
    {true, false, "\"attributes\":\"11", "\"attributes\":\"", "\"attributes\" is not hex of 16"},
    {true, false, "\"attributesMask\":\"FB", "\"attributesMask\":\"", "\"attributesMask\" is not"},
    {true, false, "\"mrsigner\":\"DC", "\"mrsigner\":\"DCDC", "\"mrsigner\" is not hex of 32"},
    {true, false, "\"isvprodid\":2,", "", "\"isvprodid\" is missing"},
    {true, false, "\"isvsvn\":2", "\"isvsvn\":4", "two levels of isvsvn 4"},
    {true, false, "\"tcb\":{\"isvsvn\":2}", "\"tcb\":{}", "\"isvsvn\""},
    {true, false, "\"tcbLevels\"", "\"levels\"", "\"tcbLevels\" is missing"},
    {true, false, "\"id\":\"TD_QE\",", "", "\"id\" is missing"},
};

static void
misprints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MISPRINTS / sizeof MISPRINTS[0]; i++) {
        const struct misprint *m = &MISPRINTS[i];
        struct td_scene *s = court(4, 2);
        struct paper *p = m->qe ? &s->qe : &s->tcb;

        if (m->around) {
            envelope(p, m->from, m->to);
        } else {
            swap(p, m->from, m->to);
        }
        td_make(s);
        assert_refused(s, JUDGE_REJECT, m->qe ? "qe_identity.malformed" : "tcb_info.malformed",
                       m->seen, "as Intel's service delivers it");
    }
}

/* Levels, modules and bytes beyond what is taken. */
static void
too_many(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    for (s->tcb.levels = 3; s->tcb.levels < TDX_LEVELS_MAX; s->tcb.levels++) {
        s->tcb.level[s->tcb.levels] = s->tcb.level[2];
        s->tcb.level[s->tcb.levels].tdx[15] = (uint8_t)s->tcb.levels;
    }
    td_make(s);
    assert_accepted(s);
    s->tcb.level[s->tcb.levels] = s->tcb.level[2];
    s->tcb.level[s->tcb.levels++].tdx[15] = 200;
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb_info.malformed", "more than 64 tcbLevels", "");

    s = court(4, 2);
    for (; s->tcb.modules < TDX_MODULES_MAX + 1; s->tcb.modules++) {
        static const char *const IDS[] = {"TDX_10", "TDX_11", "TDX_12", "TDX_13", "TDX_14",
                                          "TDX_15", "TDX_16", "TDX_17", "TDX_18", "TDX_19",
                                          "TDX_1a", "TDX_1b", "TDX_1c", "TDX_1d", "TDX_1e"};

        s->tcb.module[s->tcb.modules] = s->tcb.module[0];
        s->tcb.module[s->tcb.modules].id = IDS[s->tcb.modules - 2];
    }
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb_info.malformed", "more than 16 module identities", "");
    s->tcb.modules--;
    td_make(s);
    assert_accepted(s);

    s = court(4, 2);
    for (size_t *n = &s->tcb.module[0].levels; *n <= TDX_MODULE_LEVELS_MAX; ++*n) {
        s->tcb.module[0].level[*n] = s->tcb.module[0].level[0];
        s->tcb.module[0].level[*n].isvsvn = 100 + (unsigned)*n;
    }
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb_info.malformed", "more than 32 levels", "");
    s->tcb.module[0].levels--;
    td_make(s);
    assert_accepted(s);
}

static void
none_at_all(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    s->tcb.levels = 0;
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb_info.malformed", "no tcbLevels", "");
    s = court(4, 2);
    s->qe.levels = 0;
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "qe_identity.malformed", "no levels", "");
    s = court(4, 2);
    s->tcb.level[3] = s->tcb.level[0];
    s->tcb.levels = 4;
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb_info.malformed", "two levels of the same SVNs", "");
    s = court(4, 2);
    s->tcb.module[0].id = "tdx_01";
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb_info.malformed", "two identities of one TDX module", "");
}

static void
too_long(void **state)
{
    static uint8_t text[TDX_COLLATERAL_JSON_MAX + 1];
    struct td_scene *s = court(4, 2);

    (void)state;
    td_make(s);
    memset(text, ' ', sizeof text);
    memcpy(text, s->tcb.text, s->tcb.len);
    s->bytes.tcb_info = (struct slice){text, sizeof text};
    assert_refused(s, JUDGE_REJECT, "tcb_info.malformed", "262145 bytes, at most 262144", "");
    s->bytes.tcb_info.len--;
    assert_accepted(s); /* white space after it is nobody's */
}

/* Members that Intel may add, white space, another letter case of hex. */
static void
what_makes_no_difference(void **state)
{
    struct td_scene *s = court(5, 3);

    (void)state;
    s->tcb.fmspc = "b0c06f000000";
    swap(&s->tcb, "{\"id\":\"TDX\",",
         "{ \"id\" :\t\"TDX\",\n\"new\":{\"tcbLevels\":[\"]}\\\"\"]},");
    swap(&s->qe, "\"isvprodid\":2", "\"x\":null,\"isvprodid\" : 2 ");
    td_make(s);
    assert_accepted(s);
}

/* ---- signer and signature ---- */

static void
tcb_chain_short(struct td_scene *s)
{
    s->tcb_chain.n = 1;
}

static void
tcb_chain_long(struct td_scene *s)
{
    s->tcb_chain.order[2] = TD_ROOT;
    s->tcb_chain.n = 3;
}

static void
tcb_by_leaf(struct td_scene *s)
{
    s->tcb_chain.order[0] = TD_OTHER_CA;
    s->ask[TD_OTHER_CA] = s->ask[TD_SIGNER];
    s->ask[TD_OTHER_CA].ask.subject = "Intel SGX PCK Certificate";
    s->ask[TD_OTHER_CA].ask.key = td_key(TD_SIGNER);
}

static void
tcb_by_ca(struct td_scene *s)
{
    s->tcb_chain.order[0] = TD_OTHER_CA;
    s->ask[TD_OTHER_CA] = s->ask[TD_SIGNER];
    s->ask[TD_OTHER_CA].ask.ext[0].value = "critical,CA:TRUE";
    s->ask[TD_OTHER_CA].ask.key = td_key(TD_SIGNER);
}

static void
tcb_forged(struct td_scene *s)
{
    s->tcb.forged = true;
}

static void
tcb_changed(struct td_scene *s)
{
    envelope(&s->tcb, "INTEL-SA-00106", "INTEL-SA-00107");
}

static void
tcb_printed_nicely(struct td_scene *s)
{
    envelope(&s->tcb, "\"version\":3", "\"version\": 3");
}

static void
qe_chain_empty(struct td_scene *s)
{
    s->qe_chain.n = 0;
}

static void
qe_forged(struct td_scene *s)
{
    s->qe.forged = true;
}

static void
qe_changed(struct td_scene *s)
{
    envelope(&s->qe, "\"isvsvn\":4", "\"isvsvn\":3");
}

static void
signer_past(struct td_scene *s)
{
    s->ask[TD_OTHER_CA] = s->ask[TD_SIGNER];
    s->ask[TD_OTHER_CA].ask.key = td_key(TD_SIGNER);
    s->ask[TD_OTHER_CA].ask.not_after = TD_NOW - 1;
}

static void
tcb_signer_past(struct td_scene *s)
{
    signer_past(s);
    s->tcb_chain.order[0] = TD_OTHER_CA;
}

static void
qe_signer_past(struct td_scene *s)
{
    signer_past(s);
    s->qe_chain.order[0] = TD_OTHER_CA;
}

static void
qe_signer_future(struct td_scene *s)
{
    signer_past(s);
    s->ask[TD_OTHER_CA].ask.not_after = TD_NOW + 100;
    s->ask[TD_OTHER_CA].ask.not_before = TD_NOW + 1;
    s->qe_chain.order[0] = TD_OTHER_CA;
}

/* ---- kind, machine, time ---- */

static void
tcb_sgx(struct td_scene *s)
{
    s->tcb.id = "SGX";
}

static void
tcb_version_2(struct td_scene *s)
{
    s->tcb.version = 2;
}

static void
tcb_type_1(struct td_scene *s)
{
    s->tcb.type = 1;
}

static void
qe_sgx(struct td_scene *s)
{
    s->qe.id = "QE";
}

static void
qe_version_1(struct td_scene *s)
{
    s->qe.version = 1;
}

static void
other_fmspc(struct td_scene *s)
{
    s->tcb.fmspc = "B0C06F000001";
}

static void
other_pceid(struct td_scene *s)
{
    s->tcb.pceid = "0100";
}

static void
tcb_past(struct td_scene *s)
{
    s->tcb.next = TD_NOW - 1;
}

static void
tcb_future(struct td_scene *s)
{
    s->tcb.issued = TD_NOW + 1;
}

static void
qe_past(struct td_scene *s)
{
    s->qe.next = TD_NOW - 1;
}

static void
qe_future(struct td_scene *s)
{
    s->qe.issued = TD_NOW + 1;
}

static void
documents(void **state)
{
    static const struct bend ROWS[] = {
        {"tcb_info.missing", "there is none", "", NULL, JUDGE_UNABLE, 0, 0, tcb_missing},
        {"qe_identity.missing", "there is none", "", NULL, JUDGE_UNABLE, 0, 0, qe_missing},
        {"tcb_info.chain", "1 certificates, want 2", "", tcb_chain_short, 0, 0, 0, NULL},
        {"tcb_info.chain", "3 certificates, want 2", "", tcb_chain_long, 0, 0, 0, NULL},
        {"tcb_info.chain", "the signer is \"Intel SGX PCK Certificate\"",
         "\"Intel SGX TCB Signing\" and the trusted root", tcb_by_leaf, 0, 0, 0, NULL},
        {"tcb_info.chain", "the signer is a CA", "", tcb_by_ca, 0, 0, 0, NULL},
        {"tcb_info.chain", "ends 2027-01-15T07:59:59Z", "certificates in date", tcb_signer_past, 0,
         0, 0, NULL},
        {"tcb_info.signature", "it does not verify", "over exactly these bytes", tcb_forged, 0, 0,
         0, NULL},
        {"tcb_info.signature", "it does not verify", "over exactly these bytes", tcb_changed, 0, 0,
         0, NULL},
        {"tcb_info.signature", "it does not verify", "over exactly these bytes", tcb_printed_nicely,
         0, 0, 0, NULL},
        {"qe_identity.chain", "0 certificates, want 2", "", qe_chain_empty, 0, 0, 0, NULL},
        {"qe_identity.chain", "ends 2027-01-15T07:59:59Z", "in date", qe_signer_past, 0, 0, 0,
         NULL},
        {"qe_identity.chain", "the signing chain ends", "in date", qe_signer_future, 0, 0, 0, NULL},
        {"qe_identity.signature", "it does not verify", "", qe_forged, 0, 0, 0, NULL},
        {"qe_identity.signature", "it does not verify", "", qe_changed, 0, 0, 0, NULL},
        {"tcb_info.id", "\"SGX\", version 3", "\"TDX\", version 3", tcb_sgx, 0, 0, 0, NULL},
        {"tcb_info.id", "\"TDX\", version 2", "\"TDX\", version 3", tcb_version_2, 0, 0, 0, NULL},
        {"tcb_info.id", "tcbType 1", "tcbType 0", tcb_type_1, 0, 0, 0, NULL},
        {"qe_identity.id", "\"QE\", version 2", "\"TD_QE\", version 2", qe_sgx, 0, 0, 0, NULL},
        {"qe_identity.id", "\"TD_QE\", version 1", "\"TD_QE\", version 2", qe_version_1, 0, 0, 0,
         NULL},
        {"tcb_info.fmspc", "the document is for b0c06f000001", "b0c06f000000", other_fmspc, 0, 0, 0,
         NULL},
        {"tcb_info.pceid", "the document is for 0100", "0000", other_pceid, 0, 0, 0, NULL},
        {"tcb_info.expired", "it is 2027-01-15T08:00:00Z", "to 2027-01-15T07:59:59Z", tcb_past,
         JUDGE_UNABLE, 0, 0, NULL},
        {"tcb_info.expired", "it is 2027-01-15T08:00:00Z", "of 2027-01-15T08:00:01Z", tcb_future,
         JUDGE_UNABLE, 0, 0, NULL},
        {"qe_identity.expired", "it is 2027-01-15T08:00:00Z", "to 2027-01-15T07:59:59Z", qe_past,
         JUDGE_UNABLE, 0, 0, NULL},
        {"qe_identity.expired", "it is 2027-01-15T08:00:00Z", "of 2027-01-15T08:00:01Z", qe_future,
         JUDGE_UNABLE, 0, 0, NULL},
    };

    (void)state;
    COURT_ROWS(ROWS);
}

/* What is within its time on both edges, and by how much of grace beyond. */
static void
grace(void **state)
{
    struct td_scene *s = court(5, 3);
    int64_t end = TD_NOW + 28 * (int64_t)DESK_DAY;

    (void)state;
    s->pck_crl.until = s->qe.next = s->tcb.next = end;
    td_make(s);
    assert_int_equal(td_judge_at(s, end), JUDGE_ACCEPT);
    assert_false(s->got.tdx.stale_by_grace);
    assert_true(s->got.valid_until == end);
    assert_int_equal(td_judge_at(s, s->qe.issued), JUDGE_ACCEPT);
    assert_int_equal(td_judge_at(s, s->qe.issued - 1), JUDGE_UNABLE);
    assert_int_equal(td_judge_at(s, end + 1), JUDGE_UNABLE);
    s->want.tdx.grace_s = 3600;
    assert_int_equal(td_judge_at(s, end + 1), JUDGE_ACCEPT);
    assert_true(s->got.tdx.stale_by_grace);
    assert_row(s, "tcb_info.expired", OUTCOME_PASS, "within the policy's grace");
    assert_true(s->got.valid_until == end + 3600);
    assert_int_equal(td_judge_at(s, end + 3600), JUDGE_ACCEPT);
    assert_int_equal(td_judge_at(s, end + 3601), JUDGE_UNABLE);
    assert_int_equal(td_judge_at(s, s->qe.issued - 1), JUDGE_UNABLE); /* none before its time */
}

/* Whichever ends first is how long the verdict holds. */
static void
the_least_end(void **state)
{
    struct td_scene *s = court(4, 2);
    const int64_t least = TD_NOW + 7;
    int64_t *const ends[] = {&s->tcb.next,
                             &s->qe.next,
                             &s->root_crl.until,
                             &s->pck_crl.until,
                             &s->ask[TD_LEAF].ask.not_after,
                             &s->ask[TD_CA].ask.not_after,
                             &s->ask[TD_ROOT].ask.not_after,
                             &s->ask[TD_SIGNER].ask.not_after};

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)court(4, 2);
        *ends[i] = least;
        td_make(s);
        assert_accepted(s);
        assert_true(s->got.valid_until == least);
        assert_int_not_equal(td_judge_at(s, least + 1), JUDGE_ACCEPT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misprints),
        cmocka_unit_test(too_many),
        cmocka_unit_test(none_at_all),
        cmocka_unit_test(too_long),
        cmocka_unit_test(what_makes_no_difference),
        cmocka_unit_test(documents),
        cmocka_unit_test(grace),
        cmocka_unit_test(the_least_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
