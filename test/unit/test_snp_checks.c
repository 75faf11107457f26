/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_checks.c - rules of structure, product, signature and chip: each refuses for its own reason, in signed reports
 * that are right in everything else, and what is right is accepted with its claims. */
#include "attest/snp/checks.h"
#include "test/unit/snp_scene.h"

static void
every_version_of_every_product_is_accepted(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 5; version++) {
        for (unsigned p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
            struct scene s;

            scene_open(&s, (enum snp_product)p, version);
            assert_accepted(&s);
            assert_int_equal(s.got.snp.product, p);
            assert_int_equal(s.got.snp.version, version);
            assert_int_equal(s.got.snp.has_mit, version == 5);
            assert_int_equal(s.got.valid_until, 1900000000);
            assert_string_equal(finding(&s, "report.signing_key")->seen, "VCEK");
            scene_vlek(&s);
            assert_accepted(&s);
            assert_int_equal(s.got.snp.kind, SNP_VLEK);
            assert_string_equal(finding(&s, "report.signing_key")->seen, "VLEK");
        }
    }
}

static void
claims_are_the_fields(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_TURIN, 5);
    soft_put(s.report, AT_FW_CURRENT, 0x013a03, 3); /* 1.58.3 */
    soft_put(s.report, AT_FW_COMMITTED, 0x013a03, 3);
    assert_accepted(&s);

    const struct snp_claims *c = &s.got.snp;

    assert_int_equal(c->kind, SNP_VCEK);
    assert_int_equal(c->vmpl, 0);
    assert_int_equal(c->guest_svn, 7);
    assert_int_equal(c->policy, SOFT_POLICY);
    assert_int_equal(c->platform_info, 0x25);
    assert_int_equal(c->reported.fmc, 1);
    assert_int_equal(c->current.bootloader, 2);
    assert_int_equal(c->committed.tee, 3);
    assert_int_equal(c->launch.snp, 4);
    assert_int_equal(c->reported.microcode, 81);
    assert_int_equal(c->firmware_current, 1 << 16 | 58 << 8 | 3);
    assert_int_equal(c->firmware_committed, 1 << 16 | 58 << 8 | 3);
    assert_int_equal(c->mit_launch, 0x3b);
    assert_int_equal(c->mit_current, 0x3f);
    assert_true(c->author_key_en);
    assert_false(c->crl_checked);
    assert_null(c->golden_label);
    assert_string_equal(c->csp_id, "");
    assert_memory_equal(c->measurement, s.report + AT_MEASUREMENT, 48);
    assert_memory_equal(c->host_data, s.report + AT_HOST_DATA, 32);
    assert_memory_equal(c->id_key, s.report + AT_ID_KEY, 48);
    assert_memory_equal(c->author_key, s.report + AT_AUTHOR_KEY, 48);
    assert_memory_equal(c->family_id, s.report + AT_FAMILY_ID, 16);
    assert_memory_equal(c->image_id, s.report + AT_IMAGE_ID, 16);
    assert_memory_equal(c->report_id, s.report + AT_REPORT_ID, 32);
    assert_memory_equal(c->chip, s.report + AT_CHIP, 64);
    assert_memory_equal(c->report_data, s.report + AT_REPORT_DATA, 64);
}

static void
every_row_has_a_sentence_and_no_id_comes_twice(void **state)
{
    size_t n = 0;
    const struct check *row = snp_checks(&n);
    size_t chain_n = 0;
    const struct check *chain = snp_chain_checks(&chain_n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        assert_non_null(snp_check_what(row[i].id));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(row[i].id, row[k].id);
        }
    }
    for (size_t i = 0; i < chain_n; i++) {
        assert_non_null(snp_check_what(chain[i].id));
    }
    assert_null(snp_check_what("report"));
}

static void
a_wrong_length_is_malformed(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    scene_certify(&s);
    soft_sign(scene_key(), s.report);
    s.ev.snp.known = &s.vek;
    s.ev.snp.report = (struct slice){s.report, SNP_REPORT_LEN - 1};
    attest_verify(&s.ev, &s.want, &s.trust, SCENE_NOW, &s.got);
    assert_int_equal(verdict_judge(&s.got.verdict), JUDGE_MALFORMED);
    assert_only(&s, "report.length", "1183 bytes, not 1184", "1184 bytes");
    assert_int_equal(s.got.valid_until, INT64_MAX); /* the key was not even looked at */
}

struct change {
    size_t at, len;
    uint64_t value;
    const char *id, *seen, *wanted;
};

static void
refused_by(const struct change *c, enum snp_product product, uint32_t version)
{
    struct scene s;

    scene_open(&s, product, version);
    soft_put(s.report, c->at, c->value, c->len);
    assert_refused(&s, c->id, c->seen, c->wanted);
}

static void
structure_is_refused_by_name(void **state)
{
    static const struct change CHANGES[] = {
        {AT_VERSION, 4, 6, "report.version", "version 6, newer", "2, 3, 4 or 5"},
        {AT_VERSION, 4, 0x80000005, "report.version", "version 2147483653, newer", "2, 3"},
        {AT_SIGALGO, 4, 0, "report.sigalgo", "SIGNATURE_ALGO is 0", "1 (ECDSA P-384"},
        {AT_SIGALGO, 4, 2, "report.sigalgo", "SIGNATURE_ALGO is 2", "1 (ECDSA P-384"},
        {AT_FLAGS, 4, 0x21, "report.signing_key", "FLAGS is 0x00000021", "bits 31:5"},
        {AT_FLAGS, 4, 0x80000001, "report.signing_key", "0x80000001", "bits 31:5"},
        {AT_FLAGS, 4, 0x1d, "report.signing_key", "7 (the report is not signed)", "0 (VCEK)"},
        {AT_FLAGS, 4, 0x09, "report.signing_key", "2 (reserved)", "1 (VLEK)"},
        {AT_FLAGS, 4, 0x03, "report.mask_chip_key", "MASK_CHIP_KEY is 1", "MASK_CHIP_KEY 0"},
        {0x04f, 1, 0x40, "report.reserved", "byte 0x04f is 0x40", "reserved bytes zero"},
        {0x18b, 1, 1, "report.reserved", "byte 0x18b is 0x01, reserved in version 5", "zero"},
        {0x29f, 1, 1, "report.reserved", "byte 0x29f", "zero"},
        {AT_POLICY, 8, 0x10000, "policy.reserved", "POLICY is 0x10000", "bit 17 one"},
        {AT_POLICY, 8, 0x4030000, "policy.reserved", "POLICY is 0x4030000", "63:26 zero"},
        {AT_POLICY, 8, UINT64_C(0x8000000000030000), "policy.reserved", "0x8000", "63:26 zero"},
        {AT_PLATFORM, 8, 0x125, "platform_info.reserved", "PLATFORM_INFO is 0x125", "63:8 zero"},
        {AT_PLATFORM, 8, UINT64_C(1) << 63, "platform_info.reserved", "0x8000", "63:8 zero"},
        {AT_FLAGS, 4, 0, "report.consistency", "EN is 0 and AUTHOR_KEY_DIGEST is not zero",
         "EN is 0"},
        {AT_REPORT_ID_MA + 31, 1, 0xfe, "report.consistency", "names a migration agent", "0xFF"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        refused_by(&CHANGES[i], SNP_GENOA, 5);
    }
}

static void
versions_before_production_are_refused(void **state)
{
    static const struct change CHANGES[] = {
        {AT_VERSION, 4, 0, "report.version", "version 0, before production", "2, 3, 4 or 5"},
        {AT_VERSION, 4, 1, "report.version", "version 1, before production", "2, 3, 4 or 5"},
    };

    (void)state;
    refused_by(&CHANGES[0], SNP_MILAN, 2);
    refused_by(&CHANGES[1], SNP_MILAN, 2);
}

static void
what_a_later_version_uses_is_reserved_before(void **state)
{
    static const struct change CPU = {
        AT_CPUID, 1, 0x19, "report.reserved", "0x188 is 0x19, reserved in version 2", "zero"};
    static const struct change MIT = {AT_MIT_CURRENT,       1,     1, "report.reserved",
                                      "byte 0x200 is 0x01", "zero"};

    (void)state;
    refused_by(&CPU, SNP_MILAN, 2);
    for (uint32_t version = 2; version <= 4; version++) {
        refused_by(&MIT, SNP_GENOA, version);
    }
}

/* Written after signing: nobody signed these. */
static void
unsigned_bytes_count(void **state)
{
    (void)state;
    for (size_t at = AT_R; at < SNP_REPORT_LEN; at++) {
        bool low =
            (at >= AT_R && at < AT_R + SOFT_NUMBER) || (at >= AT_S && at < AT_S + SOFT_NUMBER);
        struct scene s;

        if (low) {
            continue;
        }
        scene_open(&s, SNP_TURIN, 5);
        assert_accepted(&s);
        s.report[at] = 1;
        assert_int_equal(judge(&s), JUDGE_REJECT);
        assert_only(&s, "report.reserved", at < AT_UNSIGNED ? "longer than 48" : "is 0x01", "zero");
    }
}

static void
an_author_key_and_its_flag_go_together(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    soft_put(s.report, AT_FLAGS, 0, 4);
    memset(s.report + AT_AUTHOR_KEY, 0, 48);
    assert_accepted(&s);
    soft_put(s.report, AT_FLAGS, SOFT_FLAG_AUTHOR, 4);
    assert_refused(&s, "report.consistency", "EN is 1 and AUTHOR_KEY_DIGEST is zero", "exactly");
}

static void
a_migration_agent_needs_the_policy(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    s.want.snp.policy_forbid = 0;
    soft_put(s.report, AT_POLICY, SOFT_POLICY | 1 << 18, 8);
    assert_accepted(&s);
    memset(s.report + AT_REPORT_ID_MA, 0x20, 32);
    assert_accepted(&s);
    soft_put(s.report, AT_POLICY, SOFT_POLICY, 8);
    assert_refused(&s, "report.consistency", "migration agent", "MIGRATE_MA is 0");
}

static void
a_broken_table_is_malformed(void **state)
{
    static const uint8_t TABLE[] = {1, 2, 3};
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 3);
    s.ev.snp.cert_table = (struct slice){TABLE, sizeof TABLE};
    assert_int_equal(make_and_judge(&s), JUDGE_MALFORMED);
    assert_only(&s, "cert_table", "", "GHCB");
}

static void
without_a_certificate_it_cannot_be_decided(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 3);
    soft_sign(scene_key(), s.report);
    s.ev.snp.report = (struct slice){s.report, sizeof s.report};
    attest_verify(&s.ev, &s.want, &s.trust, SCENE_NOW, &s.got);
    assert_int_equal(verdict_judge(&s.got.verdict), JUDGE_UNABLE);
    assert_int_equal(finding(&s, "vek.missing")->outcome, OUTCOME_UNABLE);
    assert_int_equal(finding(&s, "report.signature")->outcome, OUTCOME_NOT_RUN);
    assert_int_equal(finding(&s, "policy.debug")->outcome, OUTCOME_NOT_RUN);
}

static void
the_product_must_be_one_that_the_policy_takes(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    s.want.snp.products = 1U << SNP_GENOA | 1U << SNP_TURIN;
    assert_refused(&s, "product", "Milan", "Genoa or Turin");
    assert_string_equal(finding(&s, "product")->wanted, "Genoa or Turin");
    s.want.snp.products |= 1U << SNP_MILAN;
    assert_accepted(&s);
}

static void
an_unknown_cpu_is_refused(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    s.report[AT_CPUID] = 0x1a;
    s.report[AT_CPUID + 1] = 0x50;
    assert_refused(&s, "product", "CPU family 0x1a model 0x50 is none", "Milan, Genoa or Turin");
}

static void
a_product_without_a_root_is_not_trusted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_TURIN, 5);
    s.trust.snp.product[SNP_TURIN - 1].ark.present = false;
    assert_refused(&s, "chain.root", "", "");
    assert_int_equal(finding(&s, "report.signature")->outcome, OUTCOME_NOT_RUN);
}

static void
a_signature_by_another_key_is_refused(void **state)
{
    struct scene s;
    EVP_PKEY *other = EVP_EC_gen("P-384");

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    scene_certify(&s);
    soft_sign(other, s.report);
    EVP_PKEY_free(other);
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "report.signature", "", "bytes 0x000 to 0x29F by the VEK");
    assert_int_equal(finding(&s, "measurement")->outcome, OUTCOME_NOT_RUN);
}

/* Zero, and the order of the curve and what lies above it, are no numbers of a signature. */
static void
numbers_out_of_range_are_refused(void **state)
{
    static const size_t PLACES[] = {AT_R, AT_S};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct scene s;

        scene_open(&s, SNP_GENOA, 5);
        assert_accepted(&s);
        memset(s.report + PLACES[i / 2], i % 2 == 0 ? 0 : 0xff, SOFT_NUMBER);
        assert_int_equal(judge(&s), JUDGE_REJECT);
        assert_only(&s, "report.signature", "", "by the VEK");
    }
}

static void
the_other_s_is_the_same_report(void **state)
{
    struct scene s;
    uint8_t before[SOFT_NUMBER];
    struct snp_claims claims;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    assert_accepted(&s);
    claims = s.got.snp;
    memcpy(before, s.report + AT_S, sizeof before);
    soft_turn_s(s.report);
    assert_memory_not_equal(before, s.report + AT_S, sizeof before);
    assert_int_equal(judge(&s), JUDGE_ACCEPT);
    assert_memory_equal(&claims, &s.got.snp, sizeof claims); /* no identity in R and S */
}

static void
chips_can_be_denied_and_allowed(void **state)
{
    struct scene s;
    uint8_t other[SNP_CHIP_LEN] = {1};
    struct slice list[2];

    (void)state;
    scene_open(&s, SNP_TURIN, 5);
    list[0] = (struct slice){other, sizeof other};
    list[1] = (struct slice){s.report + AT_CHIP, SNP_CHIP_LEN};
    s.want.snp.chip_deny = (struct snp_values){true, list, 1};
    s.want.snp.chip_allow = (struct snp_values){true, list, 2};
    assert_accepted(&s);
    s.want.snp.chip_deny.n = 2;
    assert_refused(&s, "chip.denied", "chip 1919191919191919..", "does not deny");
    s.want.snp.chip_deny.n = 0;
    s.want.snp.chip_allow.n = 1;
    assert_refused(&s, "chip.allowed", "chip 1919191919191919..", "of the policy's list");
    s.want.snp.chip_allow.n = 0; /* a list of nobody */
    assert_refused(&s, "chip.allowed", "chip 1919191919191919..", "of the policy's list");
}

static void
a_masked_chip_is_on_no_list(void **state)
{
    struct scene s;
    uint8_t zero[SNP_CHIP_LEN] = {0};
    const struct slice list[1] = {{zero, sizeof zero}};

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    scene_vlek(&s);
    assert_accepted(&s);
    s.want.snp.chip_allow = (struct snp_values){true, list, 1};
    assert_refused(&s, "chip.allowed", "CHIP_ID is masked", "policy's list");
    s.want.snp.chip_allow.wanted = false;
    s.want.snp.chip_deny = (struct snp_values){true, NULL, 0};
    assert_refused(&s, "chip.denied", "CHIP_ID is masked", "does not deny");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_of_every_product_is_accepted),
        cmocka_unit_test(claims_are_the_fields),
        cmocka_unit_test(every_row_has_a_sentence_and_no_id_comes_twice),
        cmocka_unit_test(a_wrong_length_is_malformed),
        cmocka_unit_test(structure_is_refused_by_name),
        cmocka_unit_test(versions_before_production_are_refused),
        cmocka_unit_test(what_a_later_version_uses_is_reserved_before),
        cmocka_unit_test(unsigned_bytes_count),
        cmocka_unit_test(an_author_key_and_its_flag_go_together),
        cmocka_unit_test(a_migration_agent_needs_the_policy),
        cmocka_unit_test(a_broken_table_is_malformed),
        cmocka_unit_test(without_a_certificate_it_cannot_be_decided),
        cmocka_unit_test(the_product_must_be_one_that_the_policy_takes),
        cmocka_unit_test(an_unknown_cpu_is_refused),
        cmocka_unit_test(a_product_without_a_root_is_not_trusted),
        cmocka_unit_test(a_signature_by_another_key_is_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(the_other_s_is_the_same_report),
        cmocka_unit_test(chips_can_be_denied_and_allowed),
        cmocka_unit_test(a_masked_chip_is_on_no_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
