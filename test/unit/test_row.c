/* SPDX-License-Identifier: Apache-2.0 */
/* test_row.c - policy rows and reference sets: what they become, and what is refused with which
 * words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/row.h"

#define A32    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B32    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A20    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME   "000b" A32
#define TPM2   "{\"type\":\"tpm2\","
#define IGNORE "\"values\":\"ignore\""

static json_t *
json_of(const char *text)
{
    struct why why = {0};
    json_t *j = NULL;

    if (json_read(slice_text(text), &j, &why) != ERR_OK) {
        fail_msg("%s: %s", why_text(&why), text);
    }
    return j;
}

/* Also frees: what a failed read leaves behind shows under a sanitizer. */
static enum err
read_row(const char *text, struct evidence_row **row, struct why *why)
{
    AUTO(json_free) json_t *j = json_of(text);

    return evidence_row_read(j, row, why);
}

static void
the_default_ignores_values_and_trusts_no_bare_key(void **state)
{
    struct evidence_row *row = evidence_row_default(EVIDENCE_TPM2);

    (void)state;
    assert_int_equal(row->type, EVIDENCE_TPM2);
    assert_false(row->want.tpm.golden_wanted);
    assert_int_equal(row->want.tpm.select_n, 0);
    assert_false(row->want.tpm.allow_owner_hierarchy);
    assert_false(row->want.tpm.ak_vouched);
    assert_int_equal(row->want.tpm.ak_trust_allowed, 1 | 2 | 4 | 8); /* not pinned-key */
    assert_int_equal(row->want.binding.len, 0);
    evidence_row_free(&row);
    assert_null(row);
    evidence_row_free(&row);
}

static void
every_member_has_its_place(void **state)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(read_row(TPM2 "\"pcrs\":\"sha256:0,7+sha384:1\","
                                   "\"values\":{\"sha256:7\":[\"" A32 "\",\"" B32
                                   "\"],\"sha256:0\":\"ignore\"},"
                                   "\"ak_trust\":[\"ak-certificate\",\"pinned-key\"],"
                                   "\"ak_names\":[\"" NAME "\"],\"allow_owner_hierarchy\":true}",
                              &row, &why),
                     ERR_OK);

    const struct tpm_expect *want = &row->want.tpm;

    assert_int_equal(want->select_n, 2);
    assert_int_equal(want->select[0].mask, 0x81);
    assert_int_equal(want->select[1].bank, HASH_SHA384);
    assert_true(want->golden_wanted);
    assert_int_equal(want->golden_n, 1);
    assert_int_equal(want->golden[0].n, 2);
    assert_int_equal(want->golden[0].pcr[1].index, 7);
    assert_int_equal(want->golden[0].pcr[1].digest[31], 0xbb);
    assert_int_equal(want->ak_trust_allowed, AK_TRUST_CERTIFICATE | AK_TRUST_PINNED_KEY);
    assert_int_equal(want->ak_names_n, 1);
    assert_int_equal(want->ak_names[0].len, 34);
    assert_int_equal(want->ak_names[0].ptr[1], 0x0b);
    assert_true(want->allow_owner_hierarchy);
    assert_string_equal(row->reference_set, "");
}

static void
a_reference_set_wants_values_that_others_put_in(void **state)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(read_row(TPM2 "\"reference_set\":\"boot\"}", &row, &why), ERR_OK);
    assert_string_equal(row->reference_set, "boot");
    assert_true(row->want.tpm.golden_wanted);
    assert_int_equal(row->want.tpm.golden_n, 0);
}

static void
ignored_values_are_not_wanted(void **state)
{
    static const char *const TEXTS[] = {
        TPM2 IGNORE "}",
        TPM2 "\"values\":{\"sha256:0\":\"ignore\"}}",
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        struct why why = {0};

        assert_int_equal(read_row(TEXTS[i], &row, &why), ERR_OK);
        assert_false(row->want.tpm.golden_wanted);
        assert_int_equal(row->want.tpm.golden_n, 0);
    }
}

struct refusal {
    const char *text;
    enum err err;
    const char *says;
};

static const struct refusal ROWS[] = {
    {"[]", ERR_MALFORMED, "type"},
    {"{}", ERR_MALFORMED, "type"},
    {"{\"type\":7}", ERR_MALFORMED, "type"},
    {"{\"type\":\"tpm\"}", ERR_MALFORMED, "no type of evidence"},
    {"{\"type\":\"tdx\"}", ERR_MALFORMED, "tdx row: want \"mrtd\""},
    {"{\"type\":\"azure-tdx\"}", ERR_MALFORMED, "azure-tdx row: want \"mrtd\""},
    {TPM2 "\"pcrs\":\"sha256:0\"}", ERR_MALFORMED, "\"values\""},
    {TPM2 IGNORE ",\"reference_set\":\"boot\"}", ERR_MALFORMED, "either"},
    {TPM2 IGNORE ",\"extra\":1}", ERR_MALFORMED, "\"extra\""},
    {TPM2 IGNORE ",\"firmware_min\":\"1\"}", ERR_UNABLE, "\"firmware_min\" is not supported"},
    {TPM2 IGNORE ",\"sb_authority\":[]}", ERR_MALFORMED, "sb_authority"},
    {TPM2 IGNORE ",\"boot_apps\":[]}", ERR_MALFORMED, "boot_apps"},
    {TPM2 IGNORE ",\"uki\":[]}", ERR_MALFORMED, "uki"},
    {TPM2 IGNORE ",\"pcr11_signer\":\"\"}", ERR_MALFORMED, "pcr11_signer"},
    {TPM2 IGNORE ",\"cmdline\":\"\"}", ERR_MALFORMED, "cmdline"},
    {TPM2 IGNORE ",\"initrd\":[]}", ERR_MALFORMED, "initrd"},
    {TPM2 IGNORE ",\"firmware_min\":1}", ERR_UNABLE, "firmware_min"},
    {TPM2 "\"reference_set\":\"\"}", ERR_MALFORMED, "reference_set"},
    {TPM2 IGNORE ",\"pcrs\":\"sha256:24\"}", ERR_MALFORMED, "\"24\""},
    {TPM2 IGNORE ",\"pcrs\":7}", ERR_MALFORMED, "pcrs"},
    {TPM2 IGNORE ",\"pcrs\":\"sha256:0,16\"}", ERR_DENIED, "policy.resettable_pcr: sha256:16"},
    {TPM2 IGNORE ",\"pcrs\":\"sha256:0+sha384:23\"}", ERR_DENIED,
     "policy.resettable_pcr: sha384:23"},
    {TPM2 IGNORE ",\"pcrs\":\"sha1:0\"}", ERR_DENIED, "policy.weak_bank"},
    {TPM2 "\"values\":{\"sha256:16\":[\"" A32 "\"]}}", ERR_DENIED, "policy.resettable_pcr"},
    {TPM2 "\"values\":{\"sha256:23\":\"ignore\"}}", ERR_DENIED, "policy.resettable_pcr"},
    {TPM2 "\"values\":{\"sha1:0\":[\"" A20 "\"]}}", ERR_DENIED, "policy.weak_bank"},
    {TPM2 "\"values\":{}}", ERR_MALFORMED, "values"},
    {TPM2 "\"values\":\"ignored\"}", ERR_MALFORMED, "values"},
    {TPM2 "\"values\":[\"" A32 "\"]}", ERR_MALFORMED, "values"},
    {TPM2 "\"values\":{\"sha256:0\":[]}}", ERR_MALFORMED, "list of 1 to"},
    {TPM2 "\"values\":{\"sha256:0\":\"" A32 "\"}}", ERR_MALFORMED, "list of 1 to"},
    {TPM2 "\"values\":{\"sha256:0\":[7]}}", ERR_MALFORMED, "lower-case hex"},
    {TPM2 "\"values\":{\"sha256:0\":[\"AA" A32 "\"]}}", ERR_MALFORMED, "lower-case hex"},
    {TPM2 "\"values\":{\"sha256:0\":[\"aa\"]}}", ERR_MALFORMED, "1 bytes, want 32"},
    {TPM2 "\"values\":{\"sha384:0\":[\"" A32 "\"]}}", ERR_MALFORMED, "32 bytes, want 48"},
    {TPM2 "\"values\":{\"sha256:0\":[\"" A32 "a\"]}}", ERR_MALFORMED, "hex"},
    {TPM2 "\"values\":{\"pcr0\":[\"" A32 "\"]}}", ERR_MALFORMED, "no bank"},
    {TPM2 "\"pcrs\":\"sha256:0\",\"values\":{\"sha256:7\":[\"" A32 "\"]}}", ERR_MALFORMED,
     "sha256:7 is not in pcrs"},
    {TPM2 IGNORE ",\"ak_trust\":[]}", ERR_MALFORMED, "ak_trust"},
    {TPM2 IGNORE ",\"ak_trust\":[\"anybody\"]}", ERR_MALFORMED, "\"anybody\""},
    {TPM2 IGNORE ",\"ak_trust\":[7]}", ERR_MALFORMED, "ak_trust"},
    {TPM2 IGNORE ",\"ak_trust\":\"pinned-key\"}", ERR_MALFORMED, "ak_trust"},
    {TPM2 IGNORE ",\"ak_names\":[]}", ERR_MALFORMED, "ak_names"},
    {TPM2 IGNORE ",\"ak_names\":[\"" A32 "\"]}", ERR_MALFORMED, "ak_names"},
    {TPM2 IGNORE ",\"ak_names\":[\"000c" A32 "\"]}", ERR_MALFORMED, "ak_names"},
    {TPM2 IGNORE ",\"ak_names\":[\"0004" A20 "\"]}", ERR_MALFORMED, "ak_names"},
    {TPM2 IGNORE ",\"ak_names\":[\"\"]}", ERR_MALFORMED, "ak_names"},
    {TPM2 IGNORE ",\"allow_owner_hierarchy\":\"yes\"}", ERR_MALFORMED, "allow_owner_hierarchy"},
};

static bool
says(const struct why *why, const char *word)
{
    bool found = false;

    for (size_t i = 0; i < why->n; i++) {
        found = found || strstr(why->link[i], word) != NULL;
    }
    return found;
}

static void
rows_that_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct evidence_row *row = NULL;
        struct why why = {0};

        print_message("%s\n", ROWS[i].text);
        assert_int_equal(read_row(ROWS[i].text, &row, &why), ROWS[i].err);
        print_message("    %s\n", why_text(&why));
        assert_true(says(&why, ROWS[i].says));
        assert_null(row);
    }
}

/* What a person at a desk may leave out, and what nobody may. */
static void
a_partial_row_is_completed_and_not_stretched(void **state)
{
    AUTO(json_free) json_t *empty = json_of("{}");
    AUTO(json_free) json_t *other = json_of("{\"type\":\"sev-snp\"}");
    AUTO(json_free) json_t *both = json_of("{\"reference_set\":\"b\"," IGNORE "}");
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct evidence_row *none = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(evidence_row_read_partial(empty, EVIDENCE_TPM2, &row, &why), ERR_OK);
    assert_int_equal(row->type, EVIDENCE_TPM2);
    assert_false(row->want.tpm.golden_wanted);
    assert_int_equal(evidence_row_read_partial(other, EVIDENCE_TPM2, &none, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "row: its type is \"sev-snp\", want \"tpm2\"");
    why = (struct why){0};
    assert_int_equal(evidence_row_read_partial(both, EVIDENCE_TPM2, &none, &why), ERR_MALFORMED);
    assert_non_null(strstr(why_text(&why), "want either"));
    assert_null(none);
}

static void
words_of_later_versions_are_known(void **state)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(
        read_row(TPM2 IGNORE ",\"ak_trust\":[\"ek-activation\",\"tee-evidence\"]}", &row, &why),
        ERR_OK);
    assert_int_equal(row->want.tpm.ak_trust_allowed,
                     AK_TRUST_EK_ACTIVATION | AK_TRUST_TEE_EVIDENCE);
}

static void
more_values_than_a_compound_holds(void **state)
{
    AUTO(json_free) json_t *values = json_object();
    AUTO(json_free) json_t *row_json = NULL;
    struct evidence_row *row = NULL;
    struct why why = {0};

    (void)state;
    for (int pcr = 0; pcr < 5; pcr++) {
        char name[16];
        json_t *list = json_array();

        (void)snprintf(name, sizeof name, "sha256:%d", pcr);
        for (int i = 0; i < 30; i++) {
            assert_int_equal(json_array_append_new(list, json_string(A32)), 0);
        }
        assert_int_equal(json_object_set_new(values, name, list), 0);
    }
    row_json = json_pack("{s:s,s:O}", "type", "tpm2", "values", values);
    assert_int_equal(evidence_row_read(row_json, &row, &why), ERR_LIMIT);
    assert_null(row);
}

#define SET(values) "{\"id\":\"boot\",\"version\":3,\"type\":\"tpm2\",\"values\":" values "}"
#define V7          "\"values\":{\"sha256:7\":[\"" A32 "\"]}"

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
    assert_int_equal(read_set(SET("[{\"label\":\"build 42\",\"expires\":\"2027-01-01T00:00:00Z\","
                                  "\"tpm2\":{" V7 ",\"ak_names\":[\"" NAME "\"]}},"
                                  "{\"label\":\"build 43\",\"tpm2\":{" V7 ",\"ak_names\":[\"" NAME
                                  "\",\"" NAME "\"]}}]"),
                              &set, &why),
                     ERR_OK);
    assert_string_equal(set->id, "boot");
    assert_int_equal(set->version, 3);
    assert_int_equal(set->type, EVIDENCE_TPM2);
    assert_int_equal(set->n, 2);
    assert_string_equal(set->entry[0].label, "build 42");
    assert_int_equal(set->entry[0].expires_unix, 1798761600);
    assert_string_equal(set->entry[0].golden.label, "build 42");
    assert_int_equal(set->entry[0].golden.n, 1);
    assert_int_equal(set->entry[0].golden.pcr[0].digest[0], 0xaa);
    assert_int_equal(set->entry[0].ak_names_n, 1);
    assert_true(set->entry[1].expires_unix == INT64_MAX);
    assert_int_equal(set->entry[1].golden.n, 1);
    assert_int_equal(set->entry[1].ak_names_n, 2);
}

static const struct refusal SETS[] = {
    {"{\"version\":1,\"type\":\"tpm2\",\"values\":[]}", ERR_MALFORMED, "\"id\""},
    {SET("[]"), ERR_MALFORMED, "empty"},
    {SET("{}"), ERR_MALFORMED, "values"},
    {SET("[7]"), ERR_MALFORMED, "reference value"},
    {SET("[{\"label\":\"\",\"tpm2\":{" V7 "}}]"), ERR_MALFORMED, "label"},
    {SET("[{\"tpm2\":{" V7 "}}]"), ERR_MALFORMED, "label"},
    {SET("[{\"label\":\"a\"}]"), ERR_MALFORMED, "tpm2"},
    {SET("[{\"label\":\"a\",\"tpm2\":{}}]"), ERR_MALFORMED, "\"values\""},
    {SET("[{\"label\":\"a\",\"tpm2\":{\"ak_names\":[\"" NAME "\"]}}]"), ERR_MALFORMED,
     "\"values\""},
    {SET("[{\"label\":\"a\",\"tpm2\":{" V7 "},\"state\":\"x\"}]"), ERR_MALFORMED, "state"},
    {SET("[{\"label\":\"a\",\"tpm2\":{\"values\":\"ignore\"}}]"), ERR_MALFORMED, "values"},
    {SET("[{\"label\":\"a\",\"tpm2\":{" V7 "},\"expires\":\"2027-01-01\"}]"), ERR_MALFORMED,
     "time"},
    {SET("[{\"label\":\"a\",\"tpm2\":{\"values\":{\"sha256:16\":[\"" A32 "\"]}}}]"), ERR_DENIED,
     "policy.resettable_pcr"},
    {SET("[{\"label\":\"a\",\"tpm2\":{" V7 "}},{\"label\":\"b\",\"tpm2\":{" V7
         ",\"ak_names\":[\"\"]}}]"),
     ERR_MALFORMED, "in reference value \"b\""},
    {"{\"id\":\"b\",\"version\":0,\"type\":\"tpm2\",\"values\":[]}", ERR_LIMIT, "version"},
    {"{\"id\":\"b\",\"version\":1,\"type\":\"tdx\",\"values\":[]}", ERR_MALFORMED, "values empty"},
    {"{\"id\":\"b\",\"version\":1,\"type\":\"tpm2\",\"values\":[],\"x\":1}", ERR_MALFORMED,
     "\"x\""},
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
        assert_true(says(&why, SETS[i].says));
        assert_null(set);
    }
    reference_set_free(&(struct reference_set *){NULL});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_ignores_values_and_trusts_no_bare_key),
        cmocka_unit_test(every_member_has_its_place),
        cmocka_unit_test(a_reference_set_wants_values_that_others_put_in),
        cmocka_unit_test(ignored_values_are_not_wanted),
        cmocka_unit_test(rows_that_are_refused),
        cmocka_unit_test(a_partial_row_is_completed_and_not_stretched),
        cmocka_unit_test(words_of_later_versions_are_known),
        cmocka_unit_test(more_values_than_a_compound_holds),
        cmocka_unit_test(a_reference_set_becomes_compounds),
        cmocka_unit_test(sets_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
