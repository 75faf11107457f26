/* SPDX-License-Identifier: Apache-2.0 */
/* test_reference_snp.c - reference sets of SEV-SNP: what they become, whom they serve, and what is
 * refused with which words. */
#include "test/unit/row_desk.h"

#define SET(values) "{\"id\":\"image\",\"version\":3,\"type\":\"sev-snp\",\"values\":[" values "]}"
#define ENTRY(m)    "{\"label\":\"a\",\"sev-snp\":{" m "}}"

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
        read_set(SET("{\"label\":\"build 42\",\"expires\":\"2027-01-01T00:00:00Z\",\"sev-snp\":{"
                     "\"measurement\":[\"" A48 "\"],\"host_data\":\"ignore\",\"id_key\":[\"" B48
                     "\"],\"author_key\":\"ignore\"," SOME_ID "}},"
                     "{\"label\":\"build 43\",\"sev-snp\":{\"measurement\":[\"" B48 "\",\"" A48
                     "\"],\"host_data\":[\"" A32
                     "\"],\"id_key\":\"ignore\",\"author_key\":\"ignore\"}}"),
                 &set, &why),
        ERR_OK);
    assert_int_equal(set->type, EVIDENCE_SEV_SNP);
    assert_int_equal(set->n, 2);

    const struct snp_golden *g = &set->entry[0].snp_golden;

    assert_string_equal(g->label, "build 42");
    assert_int_equal(set->entry[0].expires_unix, 1798761600);
    value_is(&g->measurement, 0, 48, 0xaa);
    assert_false(g->host_data.wanted || g->author_key.wanted);
    value_is(&g->id_key, 0, 48, 0xbb);
    value_is(&g->family_id, 0, 16, 0xaa);
    value_is(&g->image_id, 0, 16, 0xaa);
    assert_int_equal(g->guest_svn_min, 7);
    assert_int_equal(set->entry[0].golden.n, 0);
    g = &set->entry[1].snp_golden;
    assert_int_equal(g->measurement.n, 2);
    value_is(&g->host_data, 0, 32, 0xaa);
    assert_int_equal(g->guest_svn_min, -1);
    assert_true(set->entry[1].expires_unix == INT64_MAX);
}

static void
a_set_serves_rows_of_its_kind(void **state)
{
    struct reference_set snp = {.type = EVIDENCE_SEV_SNP};
    struct reference_set tpm = {.type = EVIDENCE_TPM2};

    (void)state;
    assert_true(reference_set_serves(&snp, EVIDENCE_SEV_SNP));
    assert_true(reference_set_serves(&snp, EVIDENCE_AZURE_SEV_SNP));
    assert_false(reference_set_serves(&snp, EVIDENCE_TPM2));
    assert_true(reference_set_serves(&tpm, EVIDENCE_TPM2));
    assert_false(reference_set_serves(&tpm, EVIDENCE_SEV_SNP));
    assert_false(reference_set_serves(&tpm, EVIDENCE_AZURE_SEV_SNP));
}

static const struct refusal SETS[] = {
    {SET("{\"label\":\"a\"}"), ERR_MALFORMED, "\"sev-snp\" is missing"},
    {SET("{\"label\":\"a\",\"tpm2\":{}}"), ERR_MALFORMED, "unknown member \"tpm2\""},
    {SET("{\"label\":\"a\",\"sev-snp\":[]}"), ERR_MALFORMED, "want object"},
    {SET(ENTRY("")), ERR_MALFORMED, "\"measurement\" is missing"},
    {SET(ENTRY("\"measurement\":[\"" A48 "\"],\"id_key\":\"ignore\",\"author_key\":\"ignore\"")),
     ERR_MALFORMED, "\"host_data\" is missing"},
    {SET(ENTRY("\"measurement\":[\"" A48 "\"],\"host_data\":\"ignore\",\"author_key\":\"ignore\"")),
     ERR_MALFORMED, "\"id_key\" is missing"},
    {SET(ENTRY("\"measurement\":[\"" A48 "\"],\"host_data\":\"ignore\",\"id_key\":\"ignore\"")),
     ERR_MALFORMED, "\"author_key\" is missing"},
    {SET(ENTRY(FREE)), ERR_MALFORMED, "nothing but \"ignore\" approves every guest"},
    {SET(ENTRY(ID(A48) ",\"vmpl_max\":1")), ERR_MALFORMED, "unknown member \"vmpl_max\""},
    {SET(ENTRY(ID(A32))), ERR_MALFORMED, "id_key: 64 digits of hex, want 96"},
    {SET(ENTRY(ID(A48) "}},{\"label\":\"b\",\"sev-snp\":{" ID("aa"))), ERR_MALFORMED,
     "in reference value \"b\""},
    {SET(ENTRY(ID(A48) ",\"guest_svn_min\":-1")), ERR_LIMIT, "guest_svn_min"},
    {SET(ENTRY("\"measurement\":[\"" A48
               "\"],\"host_data\":\"ignore\",\"id_key\":\"ignore\",\"author_key\":\"ignore\","
               "\"image_id\":[\"" A16 "\"]")),
     ERR_DENIED, "policy.unsigned_id: image_id"},
    {"{\"id\":\"i\",\"version\":1,\"type\":\"azure-sev-snp\",\"values\":[]}", ERR_MALFORMED,
     "use a set of type \"sev-snp\""},
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
        cmocka_unit_test(a_reference_set_becomes_compounds),
        cmocka_unit_test(a_set_serves_rows_of_its_kind),
        cmocka_unit_test(sets_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
