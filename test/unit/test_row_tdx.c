/* SPDX-License-Identifier: Apache-2.0 */
/* test_row_tdx.c - tdx and azure-tdx rows, and reference sets of TDX: each member in its good form, and each bad form refused with
 * words that say why. */
#include "test/unit/row_desk.h"

#define TDX     "{\"type\":\"tdx\","
#define AZTDX   "{\"type\":\"azure-tdx\","
#define RTMRS   "\"rtmr0\":\"ignore\",\"rtmr1\":\"ignore\",\"rtmr2\":\"ignore\"," RTMR3
#define RTMR3   "\"rtmr3\":\"ignore\""
#define OWNERS  "\"mrconfigid\":\"ignore\",\"mrowner\":\"ignore\",\"mrownerconfig\":\"ignore\""
#define SERVICE "\"mrservicetd\":\"ignore\""
#define NINE    "\"mrtd\":\"ignore\"," RTMRS "," OWNERS "," SERVICE
#define TD(m)   TDX NINE "," m "}"

#define BIT(n) (UINT64_C(1) << (n))

static struct evidence_row *
row_of(const char *text)
{
    AUTO(json_free) json_t *j = json_of(text);
    struct evidence_row *row = NULL;
    struct why why = {0};

    if (evidence_row_read(j, &row, &why) != ERR_OK) {
        fail_msg("%s: %s", why_text(&why), text);
    }
    return row;
}

static void
tdx_value_is(const struct tdx_values *v, size_t i, size_t len, uint8_t byte)
{
    const struct snp_values same = {.wanted = v->wanted, .value = v->value, .n = v->n};

    value_is(&same, i, len, byte);
}

static void
the_default_refuses_and_ignores_golden_values(void **state)
{
    static const enum evidence_type TYPES[] = {EVIDENCE_TDX, EVIDENCE_AZURE_TDX};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO(evidence_row_free) struct evidence_row *row = evidence_row_default(TYPES[i]);
        const struct tdx_expect *want = &row->want.tdx;

        assert_int_equal(row->type, TYPES[i]);
        assert_int_equal(want->statuses, 1U << TDX_UP_TO_DATE);
        assert_true(want->tcb_date_min == INT64_MIN);
        assert_int_equal(want->tcb_eval_min, 0);
        assert_int_equal(want->grace_s, 0);
        assert_false(want->allow_debug || want->ccel_wanted || want->golden_wanted);
        assert_true(want->attributes_require == BIT(TDX_ATTR_SEPT_VE_DISABLE));
        assert_true(want->attributes_forbid == (BIT(TDX_ATTR_MIGRATABLE) | BIT(TDX_ATTR_PERFMON)));
        assert_int_equal(want->advisory_deny_n + want->advisory_allow_n + want->xfam_n, 0);
        for (unsigned k = 0; k < TDX_FIELDS; k++) {
            assert_false(want->own.field[k].wanted);
        }
        assert_true(row->want.tpm.ak_trust_allowed & AK_TRUST_TEE_EVIDENCE);
        assert_int_equal(row->want.tpm.ak_trust_allowed == AK_TRUST_TEE_EVIDENCE, i);
    }
}

/* The least that a policy may say takes every default. */
static void
what_is_not_said_takes_the_default(void **state)
{
    AUTO(evidence_row_free) struct evidence_row *row = row_of(TDX NINE "}");
    AUTO(evidence_row_free) struct evidence_row *plain = evidence_row_default(EVIDENCE_TDX);

    (void)state;
    assert_memory_equal(&row->want.tdx, &plain->want.tdx, sizeof plain->want.tdx);
    assert_string_equal(row->reference_set, "");
    assert_string_equal(row->want.tdx.own.label, "policy");
}

static void
levels_have_their_place(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row =
        row_of(TD("\"tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\",\"TDRelaunchAdvised\","
                  "\"OutOfDateConfigurationNeeded\"],\"tcb_date_min\":\"2025-05-14\","
                  "\"tcb_eval_min\":19,\"advisory_deny\":[\"INTEL-SA-00960\",\"INTEL-SA-01036\"],"
                  "\"advisory_allow\":[\"INTEL-SA-01099\"],\"grace_s\":2592000"));
    AUTO(evidence_row_free)
    struct evidence_row *second = row_of(TD("\"tcb_date_min\":\"2025-05-14T00:00:01Z\""));
    const struct tdx_expect *want = &row->want.tdx;

    (void)state;
    assert_int_equal(want->statuses, 1U << TDX_UP_TO_DATE | 1U << TDX_SW_HARDENING_NEEDED |
                                         1U << TDX_RELAUNCH_ADVISED |
                                         1U << TDX_OUT_OF_DATE_CONFIGURATION_NEEDED);
    assert_int_equal(want->tcb_date_min, 1747180800);
    assert_int_equal(second->want.tdx.tcb_date_min, 1747180801);
    assert_int_equal(want->tcb_eval_min, 19);
    assert_int_equal(want->advisory_deny_n, 2);
    assert_true(slice_same(want->advisory_deny[1], slice_text("INTEL-SA-01036")));
    assert_int_equal(want->advisory_allow_n, 1);
    assert_true(slice_same(want->advisory_allow[0], slice_text("INTEL-SA-01099")));
    assert_int_equal(want->grace_s, ROW_GRACE_MAX_S);
}

/* Every status that a quote may come to, but for the two that are none to be let in by. */
static void
each_status_can_be_accepted_by_name(void **state)
{
    (void)state;
    for (unsigned s = TDX_UP_TO_DATE; s < TDX_REVOKED; s++) {
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        char text[1024];

        (void)snprintf(text, sizeof text, TD("\"tcb_status\":[\"%s\"]"),
                       tdx_status_name((enum tdx_status)s));
        row = row_of(text);
        assert_int_equal(row->want.tdx.statuses, 1U << s);
    }
}

static void
attributes_replace_the_default_of_their_list(void **state)
{
    static const struct {
        const char *text;
        uint64_t require, forbid;
    } CASES[] = {
        {"{\"require\":[\"pks\"]}", BIT(30), BIT(29) | BIT(63)},
        {"{\"require\":[\"migratable\"]}", BIT(29), BIT(63)},
        {"{\"require\":[]}", 0, BIT(29) | BIT(63)},
        {"{\"forbid\":[\"lass\",\"kl\"]}", BIT(28), BIT(27) | BIT(31)},
        {"{\"forbid\":[\"sept_ve_disable\"]}", 0, BIT(28)},
        {"{\"require\":[],\"forbid\":[]}", 0, 0},
        {"{\"require\":[\"perfmon\"],\"forbid\":[\"debug\"]}", BIT(63), BIT(0)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        char text[1024];

        (void)snprintf(text, sizeof text, TD("\"td_attributes\":%s"), CASES[i].text);
        row = row_of(text);
        print_message("%s\n", CASES[i].text);
        assert_true(row->want.tdx.attributes_require == CASES[i].require);
        assert_true(row->want.tdx.attributes_forbid == CASES[i].forbid);
    }
}

static void
the_td_has_its_place(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row = row_of(
        TD("\"allow_debug\":true,\"event_log\":true,\"td_attributes\":{\"require\":[\"debug\"]},"
           "\"xfam\":[\"0x600e7\",\"00000000000602e7\"],\"ppid_allow\":[\"" A16 "\"],"
           "\"mrseam\":[\"" B48 "\"]"));
    const struct tdx_expect *want = &row->want.tdx;

    (void)state;
    assert_true(want->allow_debug && want->ccel_wanted);
    assert_true(want->attributes_require == BIT(TDX_ATTR_DEBUG));
    assert_int_equal(want->xfam_n, 2);
    assert_true(want->xfam[0] == 0x600e7 && want->xfam[1] == 0x602e7);
    tdx_value_is(&want->ppid_allow, 0, 16, 0xaa);
    tdx_value_is(&want->own.field[TDX_MRSEAM], 0, 48, 0xbb);
}

static void
golden_values_have_their_place(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        AUTO(json_free) json_t *j = json_of(TDX NINE "}");
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        struct why why = {0};

        assert_int_equal(
            json_object_set_new(j, tdx_field_name(i), json_pack("[s, s, s]", A48, "zero", B48)), 0);
        assert_int_equal(evidence_row_read(j, &row, &why), ERR_OK);
        for (unsigned k = 0; k < TDX_FIELDS; k++) {
            assert_int_equal(row->want.tdx.own.field[k].wanted, k == i);
        }
        assert_int_equal(row->want.tdx.own.field[i].n, 3);
        tdx_value_is(&row->want.tdx.own.field[i], 0, 48, 0xaa);
        tdx_value_is(&row->want.tdx.own.field[i], 1, 48, 0);
        tdx_value_is(&row->want.tdx.own.field[i], 2, 48, 0xbb);
    }
}

/* A policy says what each of the nine must be, and the module's measurement only if it wants to. */
static void
a_policy_says_all_nine(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        AUTO(json_free) json_t *j = json_of(TDX NINE "}");
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        struct why why = {0};
        char want[64];

        (void)json_object_del(j, tdx_field_name(i));
        (void)snprintf(want, sizeof want, "tdx row: want \"%s\" (a list", tdx_field_name(i));
        assert_int_equal(evidence_row_read(j, &row, &why),
                         i == TDX_MRSEAM ? ERR_OK : ERR_MALFORMED);
        assert_true(i == TDX_MRSEAM || says(&why, want));
    }
}

static void
a_reference_set_speaks_for_the_golden_fields(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row = row_of(TDX "\"reference_set\":\"image\",\"mrtd\":[\"" A48 "\"]}");

    (void)state;
    assert_string_equal(row->reference_set, "image");
    assert_true(row->want.tdx.golden_wanted);
    assert_int_equal(row->want.tdx.golden_n, 0);
    assert_true(row->want.tdx.own.field[TDX_MRTD].wanted); /* of the row's own: must hold, too */
    assert_false(row->want.snp.golden_wanted || row->want.tpm.golden_wanted);
}

static void
an_azure_row_has_a_quote_too(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row =
        row_of(AZTDX NINE ",\"pcrs\":\"sha256:0,7\",\"values\":{\"sha256:7\":[\"" A32 "\"]}}");
    AUTO(evidence_row_free)
    struct evidence_row *set = row_of(AZTDX "\"reference_set\":\"image\",\"values\":\"ignore\"}");

    (void)state;
    assert_int_equal(row->type, EVIDENCE_AZURE_TDX);
    assert_int_equal(row->want.tpm.ak_trust_allowed, AK_TRUST_TEE_EVIDENCE);
    assert_int_equal(row->want.tpm.select[0].mask, 0x81);
    assert_true(row->want.tpm.golden_wanted);
    assert_int_equal(row->want.tpm.golden[0].pcr[0].digest[0], 0xaa);
    assert_false(row->want.tdx.golden_wanted);
    assert_true(set->want.tdx.golden_wanted);
    assert_false(set->want.tpm.golden_wanted);
}

#define BAD(m, says)               \
    {                              \
        TD(m), ERR_MALFORMED, says \
    }
#define NO_MRTD(v) TDX RTMRS "," OWNERS "," SERVICE ",\"mrtd\":" v "}"

static const struct refusal ROWS[] = {
    BAD("\"colour\":1", "tdx row: unknown member \"colour\""),
    BAD("\"crl\":\"off\"", "unknown member \"crl\""),
    BAD("\"pcrs\":\"sha256:0\"", "unknown member \"pcrs\""),
    BAD("\"values\":\"ignore\"", "unknown member \"values\""),
    BAD("\"product\":[\"Milan\"]", "unknown member \"product\""),
    {TDX "\"reference_set\":\"\"}", ERR_MALFORMED, "tdx row: reference_set is empty"},
    BAD("\"tcb_status\":[]", "tcb_status: an empty list takes nothing"),
    BAD("\"tcb_status\":\"UpToDate\"", "want array"),
    BAD("\"tcb_status\":[\"uptodate\"]", "\"uptodate\" is none of Intel's statuses"),
    BAD("\"tcb_status\":[\"NotSupported\"]", "\"NotSupported\" is none"),
    BAD("\"tcb_status\":[\"unknown\"]", "\"unknown\" is none"),
    BAD("\"tcb_status\":[\"none\"]", "\"none\" is none"),
    BAD("\"tcb_status\":[1]", "tcb_status: \"\""),
    BAD("\"tcb_status\":[\"UpToDate\",\"UpToDate\"]", "UpToDate is named twice"),
    {TD("\"tcb_status\":[\"UpToDate\",\"Revoked\"]"), ERR_DENIED, "policy.revoked_tcb"},
    BAD("\"tcb_date_min\":\"2025-5-14\"", "in tcb_date_min"),
    BAD("\"tcb_date_min\":\"2025-02-30\"", "in tcb_date_min"),
    BAD("\"tcb_date_min\":\"2025-05-14T00:00:00\"", "in tcb_date_min"),
    BAD("\"tcb_date_min\":\"\"", "in tcb_date_min"),
    {TD("\"tcb_date_min\":\"2025-05-14T00:00:00+00\""), ERR_LIMIT, "tcb_date_min"},
    BAD("\"tcb_date_min\":1747180800", "want text"),
    {TD("\"tcb_eval_min\":0"), ERR_LIMIT, "tcb_eval_min"},
    {TD("\"tcb_eval_min\":4294967296"), ERR_LIMIT, "tcb_eval_min"},
    BAD("\"tcb_eval_min\":\"19\"", "want integer"),
    BAD("\"advisory_deny\":[]", "advisory_deny: want a list of 1 to 256 texts"),
    BAD("\"advisory_allow\":[]", "advisory_allow: want a list"),
    BAD("\"advisory_allow\":\"ignore\"", "advisory_allow: want a list"),
    BAD("\"advisory_deny\":[\"\"]", "advisory_deny: want texts of 1 to 23 bytes"),
    BAD("\"advisory_deny\":[960]", "advisory_deny: want texts"),
    BAD("\"advisory_deny\":[\"INTEL-SA-960\"]",
        "\"INTEL-SA-960\", want \"INTEL-SA-\" and 5 digits"),
    BAD("\"advisory_deny\":[\"00960\"]", "advisory_deny: \"00960\""),
    BAD("\"advisory_deny\":[\"intel-sa-00960\"]", "advisory_deny: \"intel-sa-00960\""),
    BAD("\"advisory_deny\":[\"INTEL-SA-00960 \"]", "advisory_deny"),
    BAD("\"advisory_allow\":[\"INTEL-SA-0096x\"]", "advisory_allow: \"INTEL-SA-0096x\""),
    {TD("\"grace_s\":-1"), ERR_LIMIT, "grace_s"},
    {TD("\"grace_s\":2592001"), ERR_LIMIT, "\"grace_s\" is 2592001, want 0 to 2592000"},
    BAD("\"allow_debug\":1", "want boolean"),
    BAD("\"event_log\":\"yes\"", "want boolean"),
    BAD("\"td_attributes\":{}", "td_attributes: empty, want"),
    BAD("\"td_attributes\":[]", "want object"),
    BAD("\"td_attributes\":{\"demand\":[]}", "unknown member demand"),
    BAD("\"td_attributes\":{\"require\":\"pks\"}", "td_attributes.require: want a list"),
    BAD("\"td_attributes\":{\"require\":[\"PKS\"]}", "\"PKS\" is no name of a bit"),
    BAD("\"td_attributes\":{\"forbid\":[30]}", "td_attributes.forbid: \"\""),
    BAD("\"td_attributes\":{\"forbid\":[\"kl\",\"kl\"]}", "\"kl\" is named twice"),
    BAD("\"td_attributes\":{\"require\":[\"kl\"],\"forbid\":[\"kl\"]}",
        "both required and forbidden"),
    BAD("\"td_attributes\":{\"require\":[\"debug\"]}", "debug is required and not allowed"),
    BAD("\"xfam\":[]", "xfam: want \"ignore\" or a list of 1 to 64"),
    BAD("\"xfam\":\"0x600e7\"", "xfam: want \"ignore\" or a list"),
    BAD("\"xfam\":[393447]", "xfam: \"\""),
    BAD("\"xfam\":[\"\"]", "xfam: \"\", want a number in lower-case hex"),
    BAD("\"xfam\":[\"0x\"]", "xfam: \"0x\""),
    BAD("\"xfam\":[\"0x600E7\"]", "xfam: \"0x600E7\", want"),
    BAD("\"xfam\":[\"0x000000000000600e7\"]", "want a number"),
    BAD("\"xfam\":[\"0x600e6\"]", "no TD has 0x600e6"),
    BAD("\"xfam\":[\"e700060000000000\"]", "no TD has 0xe700060000000000"),
    BAD("\"xfam\":[\"0x600e7\",\"0x8000600e7\"]", "no TD has 0x8000600e7"),
    BAD("\"ppid_allow\":[]", "ppid_allow: want"),
    BAD("\"ppid_allow\":[\"" A8 "\"]", "ppid_allow: 16 digits of hex, want 32"),
    BAD("\"ppid_allow\":[\"zero\"]", "in ppid_allow"),
    {NO_MRTD("\"ignored\""), ERR_MALFORMED, "mrtd: want \"ignore\" or a list of 1 to 64 values"},
    {NO_MRTD("[]"), ERR_MALFORMED, "mrtd: want \"ignore\" or a list"},
    {NO_MRTD("\"" A48 "\""), ERR_MALFORMED, "mrtd: want \"ignore\" or a list"},
    {NO_MRTD("[\"" A32 "\"]"), ERR_MALFORMED, "mrtd: 64 digits of hex, want 96"},
    {NO_MRTD("[\"" A48 "aa\"]"), ERR_MALFORMED, "mrtd: 98 digits of hex, want 96"},
    {NO_MRTD("[\"AA" A32 A8 "\"]"), ERR_MALFORMED, "mrtd: want lower-case hex"},
    {NO_MRTD("[\"" Z48 "\"]"), ERR_MALFORMED, "mrtd: zeros are written \"zero\""},
    {NO_MRTD("[\"" A48 "\",\"" Z48 "\"]"), ERR_MALFORMED, "mrtd: zeros are written \"zero\""},
    {NO_MRTD("[\"Zero\"]"), ERR_MALFORMED, "mrtd"},
    {NO_MRTD("[\"ignore\"]"), ERR_MALFORMED, "mrtd"},
    {NO_MRTD("\"zero\""), ERR_MALFORMED, "mrtd: want \"ignore\" or a list"},
    {AZTDX NINE "}", ERR_MALFORMED, "azure-tdx row: want \"values\""},
    {AZTDX "\"values\":\"ignore\"}", ERR_MALFORMED, "azure-tdx row: want \"mrtd\""},
    {AZTDX NINE ",\"values\":{}}", ERR_MALFORMED, "values: want an object of PCRs"},
    {AZTDX NINE ",\"values\":\"ignore\",\"pcrs\":\"sha256:0,16\"}", ERR_DENIED,
     "policy.resettable_pcr: sha256:16"},
    {AZTDX NINE ",\"values\":\"ignore\",\"event_log\":true}", ERR_MALFORMED,
     "azure-tdx row: unknown member \"event_log\""},
};

static void
rows_that_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(json_free) json_t *j = json_of(ROWS[i].text);
        struct evidence_row *row = NULL;
        struct why why = {0};

        print_message("%s\n", ROWS[i].text);
        assert_int_equal(evidence_row_read(j, &row, &why), ROWS[i].err);
        print_message("    %s\n", why_text(&why));
        assert_true(says(&why, ROWS[i].says));
        assert_null(row);
    }
}

/* A person at a desk may leave out what can be ignored, and may look at a revoked platform. */
static void
a_partial_row_is_completed_and_not_stretched(void **state)
{
    AUTO(json_free)
    json_t *text = json_of("{\"tcb_status\":[\"Revoked\"],\"rtmr1\":[\"zero\"],\"grace_s\":1}");
    AUTO(json_free) json_t *bad = json_of("{\"rtmr1\":[\"" Z48 "\"]}");
    AUTO(json_free) json_t *other = json_of("{\"type\":\"tdx\"}");
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct evidence_row *none = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(evidence_row_read_partial(text, EVIDENCE_AZURE_TDX, &row, &why), ERR_OK);
    assert_int_equal(row->type, EVIDENCE_AZURE_TDX);
    assert_int_equal(row->want.tdx.statuses, 1U << TDX_REVOKED);
    assert_true(row->want.tdx.own.field[TDX_RTMR1].wanted);
    assert_false(row->want.tdx.own.field[TDX_MRTD].wanted || row->want.tpm.golden_wanted);
    assert_int_equal(evidence_row_read_partial(bad, EVIDENCE_TDX, &none, &why), ERR_MALFORMED);
    why = (struct why){0};
    assert_int_equal(evidence_row_read_partial(other, EVIDENCE_AZURE_TDX, &none, &why),
                     ERR_MALFORMED);
    assert_string_equal(why_text(&why), "row: its type is \"tdx\", want \"azure-tdx\"");
    assert_null(none);
}

static void
lists_have_an_end(void **state)
{
    static const struct {
        const char *name, *value;
        size_t max;
    } LISTS[] = {
        {"mrtd", A48, 64},
        {"xfam", "0x600e7", 64},
        {"advisory_deny", "INTEL-SA-00960", 256},
        {"ppid_allow", A16, ROW_CHIPS_MAX},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof LISTS / sizeof LISTS[0]; i++) {
        AUTO(json_free) json_t *j = json_object();
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        json_t *list = json_array();
        size_t more = i % 2;
        struct why why = {0};

        for (size_t k = 0; k < LISTS[i / 2].max + more; k++) {
            assert_int_equal(json_array_append_new(list, json_string(LISTS[i / 2].value)), 0);
        }
        assert_int_equal(json_object_set_new(j, LISTS[i / 2].name, list), 0);
        assert_int_equal(evidence_row_read_partial(j, EVIDENCE_TDX, &row, &why),
                         more ? ERR_MALFORMED : ERR_OK);
        assert_true(!more || says(&why, LISTS[i / 2].name));
    }
}

/* ---- reference sets ---- */

#define SET(values) "{\"id\":\"image\",\"version\":3,\"type\":\"tdx\",\"values\":[" values "]}"
#define ENTRY(m)    "{\"label\":\"a\",\"tdx\":{" m "}}"
#define BUILD(m)    "\"mrtd\":[\"" m "\"]," RTMRS "," OWNERS "," SERVICE

static enum err
read_set(const char *text, struct reference_set **set, struct why *why)
{
    AUTO(json_free) json_t *j = json_of(text);

    return reference_set_read(j, set, why);
}

static void
a_reference_set_becomes_compounds(void **state)
{
    AUTO(reference_set_free) struct reference_set *set = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(
        read_set(SET("{\"label\":\"build 42\",\"expires\":\"2027-01-01T00:00:00Z\",\"tdx\":{" BUILD(
                     A48) ",\"mrseam\":[\"" B48
                          "\"]}},{\"label\":\"build 43\",\"tdx\":{" BUILD("zero") "}}"),
                 &set, &why),
        ERR_OK);
    assert_int_equal(set->type, EVIDENCE_TDX);
    assert_int_equal(set->n, 2);

    const struct tdx_golden *g = &set->entry[0].tdx_golden;

    assert_string_equal(g->label, "build 42");
    assert_int_equal(set->entry[0].expires_unix, 1798761600);
    tdx_value_is(&g->field[TDX_MRTD], 0, 48, 0xaa);
    tdx_value_is(&g->field[TDX_MRSEAM], 0, 48, 0xbb);
    assert_false(g->field[TDX_RTMR0].wanted || g->field[TDX_MRSERVICETD].wanted);
    g = &set->entry[1].tdx_golden;
    tdx_value_is(&g->field[TDX_MRTD], 0, 48, 0);
    assert_false(g->field[TDX_MRSEAM].wanted);
    assert_int_equal(set->entry[0].golden.n, 0);
}

static void
a_set_serves_rows_of_its_kind(void **state)
{
    struct reference_set tdx = {.type = EVIDENCE_TDX};
    struct reference_set snp = {.type = EVIDENCE_SEV_SNP};

    (void)state;
    assert_true(reference_set_serves(&tdx, EVIDENCE_TDX));
    assert_true(reference_set_serves(&tdx, EVIDENCE_AZURE_TDX));
    assert_false(reference_set_serves(&tdx, EVIDENCE_SEV_SNP));
    assert_false(reference_set_serves(&tdx, EVIDENCE_AZURE_SEV_SNP));
    assert_false(reference_set_serves(&tdx, EVIDENCE_TPM2));
    assert_false(reference_set_serves(&snp, EVIDENCE_TDX));
    assert_false(reference_set_serves(&snp, EVIDENCE_AZURE_TDX));
}

static const struct refusal SETS[] = {
    {SET("{\"label\":\"a\"}"), ERR_MALFORMED, "\"tdx\" is missing"},
    {SET("{\"label\":\"a\",\"sev-snp\":{}}"), ERR_MALFORMED, "unknown member \"sev-snp\""},
    {SET(ENTRY(NINE)), ERR_MALFORMED, "nothing but \"ignore\" approves every guest"},
    /* the module is the same for every guest of its machine */
    {SET(ENTRY(NINE ",\"mrseam\":[\"" A48 "\"]")), ERR_MALFORMED, "nothing but \"ignore\""},
    {SET(ENTRY("\"mrtd\":[\"" A48 "\"]," RTMRS "," OWNERS)), ERR_MALFORMED,
     "\"mrservicetd\" is missing"},
    {SET(ENTRY("\"mrtd\":[\"" A48 "\"]," OWNERS "," SERVICE)), ERR_MALFORMED,
     "\"rtmr0\" is missing"},
    {SET(ENTRY(BUILD(A48) ",\"xfam\":[\"0x600e7\"]")), ERR_MALFORMED, "unknown member \"xfam\""},
    {SET(ENTRY(BUILD(A32))), ERR_MALFORMED, "mrtd: 64 digits of hex, want 96"},
    {SET(ENTRY(BUILD(Z48))), ERR_MALFORMED, "mrtd: zeros are written \"zero\""},
    {SET(ENTRY(BUILD(A48)) ",{\"label\":\"b\",\"tdx\":{" BUILD("aa") "}}"), ERR_MALFORMED,
     "in reference value \"b\""},
    {"{\"id\":\"i\",\"version\":1,\"type\":\"azure-tdx\",\"values\":[]}", ERR_MALFORMED,
     "azure-tdx rows use a set of type \"tdx\""},
};

static void
sets_that_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SETS / sizeof SETS[0]; i++) {
        struct reference_set *set = NULL;
        struct why why = {0};

        print_message("%s\n", SETS[i].text);
        assert_int_equal(read_set(SETS[i].text, &set, &why), SETS[i].err);
        print_message("    %s\n", why_text(&why));
        assert_true(says(&why, SETS[i].says));
        assert_null(set);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_refuses_and_ignores_golden_values),
        cmocka_unit_test(what_is_not_said_takes_the_default),
        cmocka_unit_test(levels_have_their_place),
        cmocka_unit_test(each_status_can_be_accepted_by_name),
        cmocka_unit_test(attributes_replace_the_default_of_their_list),
        cmocka_unit_test(the_td_has_its_place),
        cmocka_unit_test(golden_values_have_their_place),
        cmocka_unit_test(a_policy_says_all_nine),
        cmocka_unit_test(a_reference_set_speaks_for_the_golden_fields),
        cmocka_unit_test(an_azure_row_has_a_quote_too),
        cmocka_unit_test(rows_that_are_refused),
        cmocka_unit_test(a_partial_row_is_completed_and_not_stretched),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(a_reference_set_becomes_compounds),
        cmocka_unit_test(a_set_serves_rows_of_its_kind),
        cmocka_unit_test(sets_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
