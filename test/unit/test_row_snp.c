/* SPDX-License-Identifier: Apache-2.0 */
/* test_row_snp.c - sev-snp and azure-sev-snp rows: each member in its good
 * form, and each bad form refused with words that say why. */
#include "test/unit/row_desk.h"

/* Frees what the values were read from: nothing may borrow from it. */
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
the_default_refuses_and_ignores_golden_values(void **state)
{
    static const enum evidence_type TYPES[] = {EVIDENCE_SEV_SNP, EVIDENCE_AZURE_SEV_SNP};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO(evidence_row_free) struct evidence_row *row = evidence_row_default(TYPES[i]);
        const struct snp_expect *want = &row->want.snp;

        assert_int_equal(row->type, TYPES[i]);
        assert_int_equal(want->products, 0);
        assert_int_equal(want->vmpl_max, 0);
        assert_false(want->allow_debug || want->allow_provisional || want->allow_masked_chip);
        assert_false(want->smt_forbidden);
        assert_int_equal(want->policy_forbid, SNP_POLICY_MIGRATE_MA);
        assert_int_equal(want->crl, SNP_CRL_IF_PRESENT);
        assert_false(want->golden_wanted || want->own.measurement.wanted);
        assert_int_equal(want->own.guest_svn_min, -1);
        assert_int_equal(want->csp_id_n, 0);
    }
}

/* The least that a policy may say takes every default. */
static void
what_is_not_said_takes_the_default(void **state)
{
    AUTO(evidence_row_free) struct evidence_row *row = row_of(SNP FREE "}");
    AUTO(evidence_row_free) struct evidence_row *plain = evidence_row_default(EVIDENCE_SEV_SNP);
    const struct snp_expect *want = &row->want.snp;

    (void)state;
    assert_int_equal(want->products, 1 << SNP_GENOA | 1 << SNP_TURIN);
    assert_string_equal(want->own.label, "policy");
    plain->want.snp.products = want->products;
    plain->want.snp.own.label = want->own.label;
    assert_memory_equal(want, &plain->want.snp, sizeof *want);
    assert_string_equal(row->reference_set, "");
}

static void
switches_and_bits_have_their_place(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row = row_of(
        ROW("\"vmpl_max\":2,\"allow_debug\":true,\"allow_provisional\":true,"
            "\"allow_masked_chip\":true,\"allow_smt\":false,\"crl\":\"require\","
            "\"policy\":{\"require\":[\"xts\",\"page_swap_disable\"],\"forbid\":[\"cxl\"]},"
            "\"platform_info\":{\"require\":[\"alias_check\"],\"forbid\":[\"smt\",\"tio\"]}"));
    const struct snp_expect *want = &row->want.snp;

    (void)state;
    assert_int_equal(row->type, EVIDENCE_SEV_SNP);
    assert_int_equal(want->vmpl_max, 2);
    assert_true(want->allow_debug && want->allow_provisional && want->allow_masked_chip);
    assert_true(want->smt_forbidden);
    assert_int_equal(want->crl, SNP_CRL_REQUIRE);
    assert_int_equal(want->policy_require, SNP_POLICY_XTS | SNP_POLICY_PAGE_SWAP_DISABLE);
    assert_int_equal(want->policy_forbid, SNP_POLICY_CXL | SNP_POLICY_MIGRATE_MA);
    assert_int_equal(want->platform_require, SNP_PLATFORM_ALIAS_CHECK);
    assert_int_equal(want->platform_forbid, SNP_PLATFORM_SMT | SNP_PLATFORM_TIO);
}

static void
a_migration_agent_is_had_by_asking_for_it(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row =
        row_of(ROW("\"policy\":{\"require\":[\"migrate_ma\"]},\"crl\":\"off\""));

    (void)state;
    assert_int_equal(row->want.snp.policy_require, SNP_POLICY_MIGRATE_MA);
    assert_int_equal(row->want.snp.policy_forbid, 0);
    assert_int_equal(row->want.snp.crl, SNP_CRL_OFF);
}

static void
levels_have_their_place(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row = row_of(ROW(
        "\"tcb_min\":{\"fmc\":1,\"bootloader\":2,\"tee\":0,\"snp\":23,\"microcode\":255},"
        "\"tcb_max\":{\"snp\":23},\"tcb_launch_min\":{\"tee\":9},"
        "\"tcb_committed_min\":{\"microcode\":7},"
        "\"firmware_min\":\"1.55.40\",\"abi_min\":\"1.51\",\"mit_mask\":\"0x8000000000000b0b\""));
    const struct snp_expect *want = &row->want.snp;

    (void)state;
    assert_int_equal(want->tcb_min.given,
                     SNP_FMC | SNP_BOOTLOADER | SNP_TEE | SNP_SNP | SNP_MICROCODE);
    assert_int_equal(want->tcb_min.tcb.fmc, 1);
    assert_int_equal(want->tcb_min.tcb.bootloader, 2);
    assert_int_equal(want->tcb_min.tcb.tee, 0);
    assert_int_equal(want->tcb_min.tcb.snp, 23);
    assert_int_equal(want->tcb_min.tcb.microcode, 255);
    assert_int_equal(want->tcb_max.given, SNP_SNP);
    assert_int_equal(want->tcb_max.tcb.snp, 23);
    assert_int_equal(want->tcb_launch_min.given, SNP_TEE);
    assert_int_equal(want->tcb_launch_min.tcb.tee, 9);
    assert_int_equal(want->tcb_committed_min.given, SNP_MICROCODE);
    assert_int_equal(want->tcb_committed_min.tcb.microcode, 7);
    assert_int_equal(want->firmware_min, 1 << 16 | 55 << 8 | 40);
    assert_int_equal(want->abi_min, 1 << 8 | 51);
    assert_true(want->mit_mask == UINT64_C(0x8000000000000b0b));
}

static void
golden_values_have_their_place(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row =
        row_of(SNP "\"measurement\":[\"" A48 "\",\"" B48 "\"],\"host_data\":[\"" A32 "\"],"
                   "\"id_key\":[\"" B48 "\"],\"author_key\":[\"" A48 "\"],\"report_id\":[\"" A32
                   "\"],\"csp_id\":[\"CN=cc-eu\",\"CN=cc-us\"]," SOME_ID "}");
    const struct snp_expect *want = &row->want.snp;

    (void)state;
    assert_int_equal(want->own.measurement.n, 2);
    value_is(&want->own.measurement, 0, 48, 0xaa);
    value_is(&want->own.measurement, 1, 48, 0xbb);
    value_is(&want->own.host_data, 0, 32, 0xaa);
    value_is(&want->own.id_key, 0, 48, 0xbb);
    value_is(&want->own.author_key, 0, 48, 0xaa);
    value_is(&want->own.family_id, 0, 16, 0xaa);
    value_is(&want->own.image_id, 0, 16, 0xaa);
    assert_int_equal(want->own.guest_svn_min, 7);
    value_is(&want->report_id, 0, 32, 0xaa);
    assert_int_equal(want->csp_id_n, 2);
    assert_true(slice_same(want->csp_id[1], slice_text("CN=cc-us")));
    assert_false(want->golden_wanted);
}

static void
chips_are_of_64_bytes_or_of_8(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row =
        row_of(ROW("\"chip_allow\":[\"" A64 "\",\"" A8 "\"],\"chip_deny\":[\"" A64 "\"]"));
    const struct snp_values *allow = &row->want.snp.chip_allow;

    (void)state;
    assert_int_equal(allow->n, 2);
    value_is(allow, 0, 64, 0xaa);
    assert_int_equal(allow->value[1].len, 64); /* a Turin's id and zeros, as in a report */
    assert_int_equal(allow->value[1].ptr[7], 0xaa);
    assert_true(slice_zero((struct slice){allow->value[1].ptr + 8, 56}));
    value_is(&row->want.snp.chip_deny, 0, 64, 0xaa);
}

static void
ignored_lists_are_not_wanted(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row =
        row_of(ROW("\"chip_allow\":\"ignore\",\"chip_deny\":\"ignore\",\"report_id\":\"ignore\","
                   "\"csp_id\":\"ignore\",\"family_id\":\"ignore\",\"image_id\":\"ignore\""));
    const struct snp_expect *want = &row->want.snp;

    (void)state;
    assert_false(want->chip_allow.wanted || want->chip_deny.wanted || want->report_id.wanted);
    assert_false(want->own.family_id.wanted || want->own.image_id.wanted);
    assert_int_equal(want->csp_id_n, 0);
}

static void
a_reference_set_speaks_for_the_golden_fields(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row =
        row_of(SNP "\"reference_set\":\"image\",\"host_data\":[\"" A32 "\"]}");

    (void)state;
    assert_string_equal(row->reference_set, "image");
    assert_true(row->want.snp.golden_wanted);
    assert_int_equal(row->want.snp.golden_n, 0);
    assert_true(row->want.snp.own.host_data.wanted); /* of the row's own: must hold, too */
    assert_false(row->want.tpm.golden_wanted);
}

static void
an_azure_row_has_a_quote_too(void **state)
{
    AUTO(evidence_row_free)
    struct evidence_row *row =
        row_of(AZURE FREE ",\"pcrs\":\"sha256:0,7\",\"values\":{\"sha256:7\":[\"" A32 "\"]}}");
    AUTO(evidence_row_free)
    struct evidence_row *set = row_of(AZURE "\"reference_set\":\"image\",\"values\":\"ignore\"}");

    (void)state;
    assert_int_equal(row->type, EVIDENCE_AZURE_SEV_SNP);
    assert_int_equal(row->want.tpm.ak_trust_allowed, AK_TRUST_TEE_EVIDENCE);
    assert_int_equal(row->want.tpm.select[0].mask, 0x81);
    assert_true(row->want.tpm.golden_wanted);
    assert_int_equal(row->want.tpm.golden_n, 1);
    assert_int_equal(row->want.tpm.golden[0].pcr[0].digest[0], 0xaa);
    assert_false(row->want.snp.golden_wanted);
    assert_true(set->want.snp.golden_wanted);
    assert_false(set->want.tpm.golden_wanted);
}

#define BAD(m, says)                \
    {                               \
        ROW(m), ERR_MALFORMED, says \
    }

static const struct refusal ROWS[] = {
    {"{\"type\":\"sev-snp\"," FREE "}", ERR_MALFORMED, "member \"product\" is missing"},
    {"{\"type\":\"azure-sev-snp\"," FREE ",\"values\":\"ignore\"}", ERR_MALFORMED,
     "azure-sev-snp row: member \"product\" is missing"},
    {"{\"type\":\"sev-snp\",\"product\":[]," FREE "}", ERR_MALFORMED, "product: an empty list"},
    {"{\"type\":\"sev-snp\",\"product\":[\"milan\"]," FREE "}", ERR_MALFORMED,
     "product: \"milan\" is none of Milan, Genoa, Turin"},
    {"{\"type\":\"sev-snp\",\"product\":[7]," FREE "}", ERR_MALFORMED, "product: \"\""},
    {"{\"type\":\"sev-snp\",\"product\":\"Milan\"," FREE "}", ERR_MALFORMED, "want array"},
    {"{\"type\":\"sev-snp\",\"product\":[\"Milan\",\"Milan\"]," FREE "}", ERR_MALFORMED,
     "Milan is named twice"},
    {"{\"type\":\"sev-snp\",\"product\":[\"Milan\",\"Genoa\",\"Turin\",\"Milan\"]," FREE "}",
     ERR_LIMIT, "product"},
    {SNP "\"host_data\":\"ignore\",\"id_key\":\"ignore\",\"author_key\":\"ignore\"}", ERR_MALFORMED,
     "want \"measurement\" (a list, or \"ignore\"), or a reference_set"},
    {SNP "\"measurement\":\"ignore\",\"id_key\":\"ignore\",\"author_key\":\"ignore\"}",
     ERR_MALFORMED, "want \"host_data\""},
    {SNP "\"measurement\":\"ignore\",\"host_data\":\"ignore\",\"author_key\":\"ignore\"}",
     ERR_MALFORMED, "want \"id_key\""},
    {SNP "\"measurement\":\"ignore\",\"host_data\":\"ignore\",\"id_key\":\"ignore\"}",
     ERR_MALFORMED, "want \"author_key\""},
    {SNP "\"reference_set\":\"\"}", ERR_MALFORMED, "sev-snp row: reference_set is empty"},
    BAD("\"colour\":1", "sev-snp row: unknown member \"colour\""),
    BAD("\"pcrs\":\"sha256:0\"", "unknown member \"pcrs\""),
    BAD("\"values\":\"ignore\"", "unknown member \"values\""),
    BAD("\"ak_trust\":[\"pinned-key\"]", "unknown member \"ak_trust\""),
    {ROW("\"vmpl_max\":4"), ERR_LIMIT, "\"vmpl_max\" is 4, want 0 to 3"},
    {ROW("\"vmpl_max\":-1"), ERR_LIMIT, "want 0 to 3"},
    BAD("\"vmpl_max\":\"0\"", "want integer"),
    BAD("\"allow_debug\":1", "\"allow_debug\" is integer, want boolean"),
    BAD("\"allow_provisional\":\"yes\"", "allow_provisional"),
    BAD("\"allow_masked_chip\":null", "allow_masked_chip"),
    BAD("\"allow_smt\":0", "allow_smt"),
    BAD("\"policy\":{}", "policy: empty, want"),
    BAD("\"policy\":[]", "\"policy\" is array, want object"),
    BAD("\"policy\":{\"demand\":[\"xts\"]}", "policy: unknown member demand"),
    BAD("\"policy\":{\"require\":[]}", "policy.require: want a list"),
    BAD("\"policy\":{\"require\":\"xts\"}", "policy.require: want a list"),
    BAD("\"policy\":{\"require\":[\"XTS\"]}", "policy.require: \"XTS\" is no name of a bit"),
    BAD("\"policy\":{\"forbid\":[7]}", "policy.forbid: \"\" is no name"),
    BAD("\"policy\":{\"forbid\":[\"debug\"]}", "it has a member of its own"),
    BAD("\"policy\":{\"require\":[\"smt\"]}", "it has a member of its own"),
    BAD("\"policy\":{\"forbid\":[\"alias_check\"]}", "no name of a bit"),
    BAD("\"policy\":{\"forbid\":[\"cxl\",\"cxl\"]}", "\"cxl\" is named twice"),
    BAD("\"policy\":{\"require\":[\"cxl\"],\"forbid\":[\"xts\",\"cxl\"]}",
        "policy: a bit is both required and forbidden"),
    BAD("\"platform_info\":{\"require\":[\"xts\"]}", "platform_info.require: \"xts\""),
    BAD("\"platform_info\":{\"require\":[\"smt\"],\"forbid\":[\"smt\"]}",
        "platform_info: a bit is both"),
    BAD("\"tcb_min\":{}", "tcb_min: empty"),
    BAD("\"tcb_min\":23", "want object"),
    BAD("\"tcb_min\":{\"spl\":1}", "tcb_min: \"spl\" is none of fmc, bootloader"),
    BAD("\"tcb_min\":{\"snp\":256}", "tcb_min.snp: want a number of 0 to 255"),
    BAD("\"tcb_max\":{\"snp\":-1}", "tcb_max.snp: want a number"),
    BAD("\"tcb_launch_min\":{\"tee\":\"1\"}", "tcb_launch_min.tee: want a number"),
    BAD("\"tcb_committed_min\":{\"microcode\":1.0}", "tcb_committed_min.microcode"),
    BAD("\"tcb_min\":{\"snp\":24},\"tcb_max\":{\"snp\":23}",
        "tcb_min.snp 24 is above tcb_max.snp 23"),
    {"{\"type\":\"sev-snp\",\"product\":[\"Milan\",\"Genoa\"],\"tcb_min\":{\"fmc\":1}," FREE "}",
     ERR_MALFORMED, "tcb_min.fmc: no product of this row has it"},
    BAD("\"firmware_min\":\"1.55\"", "firmware_min: \"1.55\", want 3 numbers"),
    BAD("\"firmware_min\":\"1.55.40.1\"", "want 3 numbers"),
    BAD("\"firmware_min\":\"1.055.40\"", "want 3 numbers"),
    BAD("\"firmware_min\":\"1.256.40\"", "want 3 numbers"),
    BAD("\"firmware_min\":\"1..40\"", "want 3 numbers"),
    BAD("\"firmware_min\":\"1.55.\"", "want 3 numbers"),
    BAD("\"firmware_min\":\" 1.55.4\"", "want 3 numbers"),
    BAD("\"firmware_min\":\"0.0.0\"", "asks for nothing"),
    BAD("\"firmware_min\":15540", "want text"),
    BAD("\"abi_min\":\"1\"", "abi_min: \"1\", want 2 numbers"),
    BAD("\"abi_min\":\"1.51.0\"", "want 2 numbers"),
    BAD("\"mit_mask\":\"0b\"", "mit_mask: \"0b\", want \"0x\""),
    BAD("\"mit_mask\":\"0x\"", "mit_mask"),
    BAD("\"mit_mask\":\"0x0B\"", "lower-case hex"),
    BAD("\"mit_mask\":\"0x00\"", "not zero"),
    BAD("\"mit_mask\":\"0x00000000000000001\"", "1 to 16 digits"),
    BAD("\"mit_mask\":11", "want text"),
    BAD("\"crl\":\"sometimes\"", "crl: \"sometimes\" is none of require, if-present, off"),
    BAD("\"crl\":true", "want text"),
    {SNP NO_KEY "\"id_key\":\"ignored\"}", ERR_MALFORMED,
     "id_key: want \"ignore\" or a list of 1 to 64 values"},
    {SNP NO_KEY "\"id_key\":\"" A48 "\"}", ERR_MALFORMED, "id_key: want \"ignore\" or a list"},
    {SNP NO_KEY "\"id_key\":[]}", ERR_MALFORMED, "id_key: want \"ignore\" or a list"},
    {SNP NO_KEY "\"id_key\":[7]}", ERR_MALFORMED, "id_key: want lower-case hex"},
    {SNP NO_KEY "\"id_key\":[\"\"]}", ERR_MALFORMED, "id_key: 0 digits of hex, want 96"},
    {SNP ID(A32) "}", ERR_MALFORMED, "id_key: 64 digits of hex, want 96"},
    {SNP ID(A48 "aa") "}", ERR_MALFORMED, "id_key: 98 digits of hex, want 96"},
    {SNP ID(A32 A8 A8 "a") "}", ERR_MALFORMED, "id_key"},
    {SNP ID("AA" A32 A8) "}", ERR_MALFORMED, "id_key: want lower-case hex"},
    {SNP ID("xx" A32 A8) "}", ERR_MALFORMED, "id_key"},
    BAD("\"report_id\":[\"" A16 "\"]", "report_id: 32 digits of hex, want 64"),
    BAD("\"chip_allow\":[\"" A32 "\"]", "chip_allow: 64 digits of hex, want 128"),
    BAD("\"chip_deny\":[\"\"]", "chip_deny: 0 digits of hex, want 128"),
    BAD("\"chip_deny\":[]", "chip_deny: want"),
    BAD("\"csp_id\":[]", "csp_id: want"),
    BAD("\"csp_id\":[\"\"]", "csp_id: want texts of 1 to 127 bytes"),
    BAD("\"csp_id\":[\"" A64 "\"]", "csp_id: want texts"),
    BAD("\"csp_id\":[7]", "csp_id: want texts"),
    BAD("\"csp_id\":\"CN=cc-eu\"", "csp_id: want"),
    {ROW("\"guest_svn_min\":-1"), ERR_LIMIT, "guest_svn_min"},
    {ROW("\"guest_svn_min\":4294967296"), ERR_LIMIT, "guest_svn_min"},
    {ROW("\"family_id\":[\"" A16 "\"]"), ERR_DENIED, "policy.unsigned_id: family_id"},
    {ROW("\"image_id\":[\"" A16 "\"]"), ERR_DENIED, "policy.unsigned_id: image_id"},
    {ROW("\"guest_svn_min\":0"), ERR_DENIED, "policy.unsigned_id: guest_svn_min"},
    {SNP ID(Z48) "," SOME_ID "}", ERR_DENIED, "policy.unsigned_id: family_id"},
    {SNP NO_KEY "\"id_key\":[\"" A48 "\",\"" Z48 "\"]," SOME_ID "}", ERR_DENIED,
     "policy.unsigned_id"},
    {SNP "\"reference_set\":\"image\",\"guest_svn_min\":1}", ERR_DENIED, "policy.unsigned_id"},
    {AZURE FREE "}", ERR_MALFORMED, "azure-sev-snp row: want \"values\""},
    {AZURE FREE ",\"values\":{}}", ERR_MALFORMED, "values: want an object of PCRs"},
    {AZURE FREE ",\"values\":\"ignore\",\"pcrs\":\"sha256:0,16\"}", ERR_DENIED,
     "policy.resettable_pcr: sha256:16"},
    {AZURE FREE ",\"pcrs\":\"sha256:0\",\"values\":{\"sha256:7\":[\"" A32 "\"]}}", ERR_MALFORMED,
     "sha256:7 is not in pcrs"},
    {AZURE FREE ",\"values\":\"ignore\",\"ak_names\":[\"000b" A32 "\"]}", ERR_MALFORMED,
     "azure-sev-snp row: unknown member \"ak_names\""},
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

/* Under a named key they mean something. */
static void
ids_that_a_key_signed_are_taken(void **state)
{
    static const char *const TEXTS[] = {
        SNP ID(A48) "," SOME_ID "}",
        SNP "\"measurement\":\"ignore\",\"host_data\":\"ignore\",\"id_key\":[\"" Z48
            "\"],\"author_key\":[\"" A48 "\"]," SOME_ID "}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        AUTO(evidence_row_free) struct evidence_row *row = row_of(TEXTS[i]);

        assert_true(row->want.snp.own.family_id.wanted);
    }
}

/* A person at a desk may leave out what can be ignored; the rule, not the reader, refuses what the host chooses. */
static void
a_partial_row_is_completed_and_not_stretched(void **state)
{
    AUTO(json_free) json_t *text = json_of("{\"guest_svn_min\":3,\"tcb_min\":{\"fmc\":1}}");
    AUTO(json_free) json_t *bad = json_of("{\"vmpl_max\":4}");
    AUTO(json_free) json_t *other = json_of("{\"type\":\"sev-snp\"}");
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct evidence_row *none = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(evidence_row_read_partial(text, EVIDENCE_AZURE_SEV_SNP, &row, &why), ERR_OK);
    assert_int_equal(row->type, EVIDENCE_AZURE_SEV_SNP);
    assert_int_equal(row->want.snp.products, 0);
    assert_int_equal(row->want.snp.own.guest_svn_min, 3);
    assert_false(row->want.snp.own.measurement.wanted || row->want.tpm.golden_wanted);
    assert_int_equal(evidence_row_read_partial(bad, EVIDENCE_SEV_SNP, &none, &why), ERR_LIMIT);
    why = (struct why){0};
    assert_int_equal(evidence_row_read_partial(other, EVIDENCE_AZURE_SEV_SNP, &none, &why),
                     ERR_MALFORMED);
    assert_string_equal(why_text(&why), "row: its type is \"sev-snp\", want \"azure-sev-snp\"");
    assert_null(none);
}

static json_t *
list_of(const char *text, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(json_array_append_new(list, json_string(text)), 0);
    }
    return list;
}

static void
lists_have_an_end(void **state)
{
    static const struct {
        const char *name, *value;
        size_t max;
    } LISTS[] = {
        {"measurement", A48, 64},
        {"report_id", A32, 64},
        {"csp_id", "CN=a", 64},
        {"chip_allow", A8, ROW_CHIPS_MAX},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof LISTS / sizeof LISTS[0]; i++) {
        AUTO(json_free) json_t *j = json_object();
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        size_t more = i % 2;
        struct why why = {0};

        assert_int_equal(json_object_set_new(j, LISTS[i / 2].name,
                                             list_of(LISTS[i / 2].value, LISTS[i / 2].max + more)),
                         0);
        assert_int_equal(evidence_row_read_partial(j, EVIDENCE_SEV_SNP, &row, &why),
                         more ? ERR_MALFORMED : ERR_OK);
        assert_true(!more || says(&why, LISTS[i / 2].name));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_refuses_and_ignores_golden_values),
        cmocka_unit_test(what_is_not_said_takes_the_default),
        cmocka_unit_test(switches_and_bits_have_their_place),
        cmocka_unit_test(a_migration_agent_is_had_by_asking_for_it),
        cmocka_unit_test(levels_have_their_place),
        cmocka_unit_test(golden_values_have_their_place),
        cmocka_unit_test(chips_are_of_64_bytes_or_of_8),
        cmocka_unit_test(ignored_lists_are_not_wanted),
        cmocka_unit_test(a_reference_set_speaks_for_the_golden_fields),
        cmocka_unit_test(an_azure_row_has_a_quote_too),
        cmocka_unit_test(rows_that_are_refused),
        cmocka_unit_test(ids_that_a_key_signed_are_taken),
        cmocka_unit_test(a_partial_row_is_completed_and_not_stretched),
        cmocka_unit_test(lists_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
