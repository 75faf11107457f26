/* SPDX-License-Identifier: Apache-2.0 */
/* test_azure.c - an Azure guest through attest_verify(): what is accepted, and for each thing that may be wrong the row that says so. */
#include "test/unit/azure_scene.h"

static void
a_guest_is_accepted_and_claimed(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    scene_make(&s);
    assert_accepted(&s);
    assert_int_equal(s.got.verdict.n, s.got.verdict.wanted);
    assert_int_equal(s.got.tpm.ak_trust, AK_TRUST_TEE_EVIDENCE);
    assert_int_equal(s.got.tpm.ak_name_len, 0);
    assert_int_equal(s.got.tpm.pcr_n, 4);
    assert_int_equal(s.got.snp.version, 3);
    assert_int_equal(s.got.snp.vmpl, 0);
    assert_int_equal(s.got.snp.measurement[0], 0x14);
    assert_int_equal(s.got.valid_until, 1900000000);
    assert_int_equal(finding(&s, "report_data")->outcome, OUTCOME_IGNORED);
    assert_int_equal(finding(&s, "claims.hash")->outcome, OUTCOME_PASS);
}

/* Rows of the three tables, in that order. */
static void
the_tables_follow_each_other(void **state)
{
    struct scene s;
    size_t azure = 0;

    (void)state;
    scene_open(&s);
    scene_make(&s);
    (void)judge(&s);
    (void)azure_checks(&azure);
    assert_int_equal(azure, 5);
    assert_string_equal(s.got.verdict.finding[0].id, "hcl.malformed");
    assert_string_equal(s.got.verdict.finding[azure].id, "report.length");
    assert_ptr_equal(&s.got.verdict.finding[s.got.verdict.n - 1], finding(&s, "pcr.values"));
}

static void
a_bare_nonce_may_have_any_length(void **state)
{
    struct scene s;

    (void)state;
    for (size_t len = 1; len <= 64; len++) {
        scene_open(&s);
        s.quote.extra_len = len;
        s.want.binding = (struct slice){0};
        s.want.nonce = (struct slice){s.quote.extra, len};
        scene_make(&s);
        assert_accepted(&s);
    }
}

static void
nothing_expected_is_told(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    s.want.binding = (struct slice){0};
    scene_make(&s);
    assert_accepted(&s);
    assert_non_null(strstr(finding(&s, "quote.nonce")->wanted, "freshness is not judged"));
}

/* ---- one thing wrong */

static void
hcl_of_tdx(struct scene *s)
{
    s->hcl.report_type = 4;
    scene_make(s);
}

static void
hcl_of_a_key_release(struct scene *s)
{
    s->hcl.request_type = 3;
    scene_make(s);
}

static void
hcl_with_another_hash(struct scene *s)
{
    scene_make(s);
    s->hcl.blob[SOFT_CLAIMS_AT - 8] = 2;
}

static void
hcl_cut(struct scene *s)
{
    scene_make(s);
    s->ev.hcl.len = SOFT_CLAIMS_AT + 10;
}

static void
hcl_absent(struct scene *s)
{
    scene_make(s);
    s->ev.hcl.len = 0;
}

/* In the claims, not committed to. */
static void
claims_with_one_space_more(struct scene *s)
{
    char *vm = strstr(s->hcl.claims, ",\"vm-configuration\"");

    assert_non_null(vm);
    (void)memmove(vm + 2, vm + 1, strlen(vm));
    vm[1] = ' ';
    scene_make(s);
}

static void
claims_of_another_vm(struct scene *s)
{
    char *id = strstr(s->hcl.claims, "26F8BC30");

    assert_non_null(id);
    id[0] = '3';
    scene_make(s);
}

static void
report_data_goes_on(struct scene *s)
{
    s->hcl.report[SOFT_REPORT_DATA_AT + 63] = 1;
    scene_make(s);
}

static void
report_of_a_lower_level(struct scene *s)
{
    s->hcl.report[AT_VMPL] = 1;
    s->want.snp.vmpl_max = 3; /* does not count here */
    scene_make(s);
}

static void
report_with_a_wrong_signature(struct scene *s)
{
    scene_make(s);
    s->hcl.blob[SOFT_REPORT_AT + AT_R] ^= 1;
}

static void
no_vek(struct scene *s)
{
    scene_make(s);
    s->ev.snp.known = NULL;
}

static void
quote_by_another_key(struct scene *s)
{
    s->ak = *scene_ak(1);
    scene_make(s);
}

/* What the guest sends beside the claims names no key. */
static void
another_key_sent_along(struct scene *s)
{
    static struct soft_bytes area;

    quote_by_another_key(s);
    soft_public(&s->ak, &area);
    s->ev.tpm.ak = (struct slice){area.at, area.len};
    s->want.tpm.ak_trust_allowed = AK_TRUST_PINNED_NAME | AK_TRUST_PINNED_KEY;
    s->want.tpm.ak_vouched = true;
}

static void
quote_over_another_binding(struct scene *s)
{
    static const uint8_t OTHER[BINDING_LEN] = {1};

    scene_make(s);
    s->want.binding = (struct slice){OTHER, sizeof OTHER};
}

static void
nonce_with_a_byte_more(struct scene *s)
{
    s->want.binding = (struct slice){0};
    s->want.nonce = (struct slice){s->quote.extra, 32};
    s->quote.extra_len = 33;
    scene_make(s);
}

static void
quote_without_nonce(struct scene *s)
{
    s->want.binding = (struct slice){0};
    s->quote.extra_len = 0;
    scene_make(s);
}

static void
another_pcr_value(struct scene *s)
{
    scene_make(s);
    s->sent[0].digest[0] ^= 1;
}

static void
another_golden_value(struct scene *s)
{
    static struct tpm_pcr value;
    static const struct tpm_golden golden = {"build 1", &value, 1};

    value = (struct tpm_pcr){.bank = HASH_SHA256, .index = 7, .digest = {1}};
    s->want.tpm.golden_wanted = true;
    s->want.tpm.golden = &golden;
    s->want.tpm.golden_n = 1;
    scene_make(s);
}

static void
another_measurement(struct scene *s)
{
    static const uint8_t OTHER[SNP_MEASUREMENT_LEN] = {1};
    static const struct slice VALUE = {OTHER, sizeof OTHER};

    s->want.snp.own.measurement = (struct snp_values){true, &VALUE, 1};
    scene_make(s);
}

static void
a_debug_guest(struct scene *s)
{
    s->hcl.report[AT_POLICY + 2] |= 1 << 3;
    scene_make(s);
}

struct wrong {
    const char *name;
    void (*spoil)(struct scene *s);
    const char *ids[4]; /* the rows that refuse; NULL after the last */
    enum judgement judgement;
};

static void
each_wrong_thing_is_refused_by_its_rows(void **state)
{
    /* clang-format off */
    static const struct wrong WRONGS[] = {
        {"TDX in place of SNP", hcl_of_tdx, {"hcl.type"}, JUDGE_REJECT},
        {"made for another request", hcl_of_a_key_release, {"hcl.type"}, JUDGE_REJECT},
        {"another hash", hcl_with_another_hash, {"hcl.type"}, JUDGE_REJECT},
        {"one space more in the claims", claims_with_one_space_more, {"claims.hash"}, JUDGE_REJECT},
        {"another VM's claims", claims_of_another_vm, {"claims.hash"}, JUDGE_REJECT},
        {"REPORT_DATA beyond the hash", report_data_goes_on, {"claims.hash"}, JUDGE_REJECT},
        {"a report of VMPL 1", report_of_a_lower_level, {"vmpl"}, JUDGE_REJECT},
        {"a report's signature", report_with_a_wrong_signature, {"report.signature"}, JUDGE_REJECT},
        {"no VEK", no_vek, {"vek.missing"}, JUDGE_UNABLE},
        {"another key's quote", quote_by_another_key, {"quote.signature"}, JUDGE_REJECT},
        {"another key sent along", another_key_sent_along, {"quote.signature"}, JUDGE_REJECT},
        {"another binding", quote_over_another_binding, {"quote.binding"}, JUDGE_REJECT},
        {"a nonce with a byte more", nonce_with_a_byte_more, {"quote.nonce"}, JUDGE_REJECT},
        {"no nonce", quote_without_nonce, {"quote.nonce"}, JUDGE_REJECT},
        {"another PCR value", another_pcr_value, {"quote.pcrdigest"}, JUDGE_REJECT},
        {"another golden PCR", another_golden_value, {"pcr.values"}, JUDGE_REJECT},
        {"another measurement", another_measurement, {"measurement"}, JUDGE_REJECT},
        {"a debug guest", a_debug_guest, {"policy.debug"}, JUDGE_REJECT},
        {"a blob that is cut", hcl_cut, {"hcl.malformed"}, JUDGE_MALFORMED},
        {"no blob", hcl_absent, {"hcl.malformed"}, JUDGE_MALFORMED},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof WRONGS / sizeof WRONGS[0]; i++) {
        struct scene s;

        print_message("%s\n", WRONGS[i].name);
        scene_open(&s);
        WRONGS[i].spoil(&s);
        assert_int_equal(judge(&s), WRONGS[i].judgement);
        assert_rows(&s, WRONGS[i].ids);
    }
}

/* Claims that the report commits to and that give no usable key: there is then no key for the quote. */
struct claims_edit {
    const char *old, *fresh;
    const char *id;
    enum judgement judgement;
};

static void
claims_without_a_usable_key_are_refused(void **state)
{
    static const struct claims_edit EDITS[] = {
        {"HCLEkPub", "HCLAkPub", "claims.ak", JUDGE_REJECT},
        {"HCLAkPub", "HCLxkPub", "claims.ak", JUDGE_REJECT},
        {"AQAB", "Aw", "claims.ak", JUDGE_REJECT},
        {"\"RSA\"", "\"EC\"", "claims.ak", JUDGE_REJECT},
        {"\"keys\"", "\"keyz\"", "claims.malformed", JUDGE_MALFORMED},
        {"\"kty\":\"RSA\"", "\"kty\":\"RSA\",\"kty\":\"RSA\"", "claims.malformed", JUDGE_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof EDITS / sizeof EDITS[0]; i++) {
        const char *const ids[] = {EDITS[i].id, NULL};
        struct scene s;

        scene_open(&s);
        soft_edit(&s.hcl, EDITS[i].old, EDITS[i].fresh);
        scene_make(&s);
        assert_int_equal(judge(&s), EDITS[i].judgement);
        assert_rows(&s, ids);
    }
}

/* Two machines' pieces mixed: each broken link is named. */
static void
the_pieces_of_two_machines_do_not_fit(void **state)
{
    static const char *const IDS[] = {"vek.hwid", "report.signature", "quote.signature", NULL};
    struct scene s;

    (void)state;
    scene_open(&s);
    s.ak = *scene_ak(1);
    scene_make(&s);
    s.vek.hwid[0] ^= 1;
    s.hcl.blob[SOFT_REPORT_AT + AT_S] ^= 1;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_rows(&s, IDS);
}

static void
no_truncation_is_accepted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    scene_make(&s);
    for (size_t len = 0; len < SOFT_CLAIMS_AT + strlen(s.hcl.claims); len += 7) {
        s.ev.hcl.len = len;
        assert_int_equal(judge(&s), JUDGE_MALFORMED);
        assert_unclaimed(&s);
    }
}

/* Shorter claims: there is much to flip. */
static void
no_flipped_bit_of_the_blob_is_accepted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    s.hcl.zeros = 16;
    soft_drop_ek(&s.hcl);
    scene_make(&s);
    assert_accepted(&s);
    for (size_t bit = 0; bit < s.hcl.len * 8; bit++) {
        s.hcl.blob[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (judge(&s) == JUDGE_ACCEPT) {
            fail_msg("accepted with bit %zu of byte 0x%zx flipped", bit % 8, bit / 8);
        }
        s.hcl.blob[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_accepted(&s);
}

static void
no_flipped_bit_of_the_quote_is_accepted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    scene_make(&s);
    for (size_t bit = 0; bit < s.msg.len * 8; bit++) {
        s.msg.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(judge(&s), JUDGE_ACCEPT);
        s.msg.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_accepted(&s);
}

/* Each row has its sentence. */
static void
every_row_says_what_it_is(void **state)
{
    size_t n = 0;
    const struct check *rows = azure_checks(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        assert_non_null(azure_check_what(rows[i].id));
    }
    assert_null(azure_check_what("hcl.none"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_is_accepted_and_claimed),
        cmocka_unit_test(the_tables_follow_each_other),
        cmocka_unit_test(a_bare_nonce_may_have_any_length),
        cmocka_unit_test(nothing_expected_is_told),
        cmocka_unit_test(each_wrong_thing_is_refused_by_its_rows),
        cmocka_unit_test(claims_without_a_usable_key_are_refused),
        cmocka_unit_test(the_pieces_of_two_machines_do_not_fit),
        cmocka_unit_test(no_truncation_is_accepted),
        cmocka_unit_test(no_flipped_bit_of_the_blob_is_accepted),
        cmocka_unit_test(no_flipped_bit_of_the_quote_is_accepted),
        cmocka_unit_test(every_row_says_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
