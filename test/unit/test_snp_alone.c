/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_alone.c - a certificate without a report: its level and its chip stand for the report's; and what is done with a report
 * whose certificate comes with it. */
#include "test/unit/snp_court.h"

static void
refused_alone(struct court *c, const char *id, const char *seen, const char *wanted)
{
    assert_int_equal(court_chain(c, AMD_NOW), JUDGE_REJECT);
    assert_only(&c->scene, id, seen, wanted);
}

static void
the_level_of_a_certificate(void **state)
{
    static const uint8_t LEVEL_127[] = {2, 1, 127};
    struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    assert_int_equal(court_chain(&c, AMD_NOW), JUDGE_ACCEPT);
    assert_int_equal(c.scene.got.snp.product, SNP_MILAN);
    assert_int_equal(c.scene.got.snp.kind, SNP_VCEK);
    assert_int_equal(c.scene.got.snp.reported.snp, 24);
    assert_int_equal(c.scene.got.valid_until, c.cert.until);
    c.scene.want.snp.tcb_min = (struct snp_tcb_bound){SNP_SNP, {.snp = 25}};
    refused_alone(&c, "tcb.minimum", "snp is 24", ">= 25 (Milan)");
    c.scene.want.snp.tcb_min.given = 0;
    amd_ext_set(&c.cert.ext, 3, 3, LEVEL_127, sizeof LEVEL_127);
    refused_alone(&c, "tcb.implausible", "snp is 127", "<= 63 (Milan");
    court_done(&c);
}

static void
the_chip_of_a_certificate(void **state)
{
    uint8_t chip[SNP_CHIP_LEN] = {0};
    uint8_t other[SNP_CHIP_LEN] = {1};
    struct slice list[1] = {{chip, sizeof chip}};
    struct court c;

    (void)state;
    memset(chip, AMD_CHIP_BYTE, 8);
    court_open(&c, SNP_TURIN, false);
    c.scene.want.snp.chip_allow = (struct snp_values){true, list, 1};
    assert_int_equal(court_chain(&c, AMD_NOW), JUDGE_ACCEPT);
    assert_memory_equal(c.scene.got.snp.chip, chip, sizeof chip);
    list[0] = (struct slice){other, sizeof other};
    refused_alone(&c, "chip.allowed", "chip 1919191919191919..", "of the policy's list");
    c.scene.want.snp.chip_allow.wanted = false;
    list[0] = (struct slice){chip, sizeof chip};
    c.scene.want.snp.chip_deny = (struct snp_values){true, list, 1};
    refused_alone(&c, "chip.denied", "chip 1919191919191919..", "does not deny");
    court_done(&c);
}

static void
an_intermediate_has_neither(void **state)
{
    static const uint8_t CHIP[SNP_CHIP_LEN] = {1};
    static const struct slice LIST[] = {{CHIP, sizeof CHIP}};
    struct court c;

    (void)state;
    court_open(&c, SNP_GENOA, false);
    c.cert = amd_ca(SNP_GENOA, AMD_ASK);
    c.scene.want.snp.chip_allow = (struct snp_values){true, LIST, 1};
    c.scene.want.snp.chip_deny = (struct snp_values){true, LIST, 1};
    c.scene.want.snp.tcb_min = (struct snp_tcb_bound){SNP_SNP, {.snp = 25}};
    assert_int_equal(court_chain(&c, AMD_NOW), JUDGE_ACCEPT);
    assert_ignored(&c.scene, "chip.allowed");
    assert_ignored(&c.scene, "chip.denied");
    assert_ignored(&c.scene, "tcb.minimum");
    assert_ignored(&c.scene, "tcb.implausible");
    assert_int_equal(c.scene.got.snp.kind, SNP_VCEK);
    court_done(&c);
}

static void
a_certificate_of_a_product_that_is_not_taken(void **state)
{
    struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    c.scene.want.snp.products = 1U << SNP_GENOA;
    refused_alone(&c, "product", "Milan", "Genoa");
    court_done(&c);
}

/* A report of version 2 takes its product from the certificate, and from nobody when that is of no CA of AMD's. */
static void
an_old_report_is_of_the_product_of_its_certificate(void **state)
{
    (void)state;
    for (unsigned p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        struct court c;

        court_open(&c, (enum snp_product)p, false);
        soft_report((enum snp_product)p, 2, c.scene.report);
        court_accepts(&c, AMD_NOW);
        assert_int_equal(c.scene.got.snp.product, p);
        c.cert.issuer.cn = "SEV-Siena";
        court_refuses(&c, "product", "the report (version 2) does not say and the issuer",
                      "Milan, Genoa or Turin");
        court_done(&c);
    }
}

/* Nothing is verified with a key that nobody certified. */
static void
the_key_of_a_forged_certificate_is_not_used(void **state)
{
    struct court c;

    (void)state;
    court_open(&c, SNP_GENOA, false);
    c.cert.signer = amd_key(AMD_ARK);
    court_refuses(&c, "chain.signature", "", "");
    assert_int_equal(finding(&c.scene, "report.signature")->outcome, OUTCOME_NOT_RUN);
    assert_int_equal(finding(&c.scene, "vmpl")->outcome, OUTCOME_NOT_RUN);
    court_done(&c);
}

/* The certificate is right, the report is by another key. */
static void
the_certified_key_must_have_signed(void **state)
{
    struct court c;
    EVP_PKEY *other = EVP_EC_gen("P-384");

    (void)state;
    court_open(&c, SNP_GENOA, false);
    c.cert.spki = other;
    court_refuses(&c, "report.signature", "", "by the VEK");
    EVP_PKEY_free(other);
    court_done(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_of_a_certificate),
        cmocka_unit_test(the_chip_of_a_certificate),
        cmocka_unit_test(an_intermediate_has_neither),
        cmocka_unit_test(a_certificate_of_a_product_that_is_not_taken),
        cmocka_unit_test(an_old_report_is_of_the_product_of_its_certificate),
        cmocka_unit_test(the_key_of_a_forged_certificate_is_not_used),
        cmocka_unit_test(the_certified_key_must_have_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
