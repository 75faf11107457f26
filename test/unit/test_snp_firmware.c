/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_firmware.c - rules of TCBs, firmware versions and mitigations: each refuses for its own reason, in signed reports that are
 * right in everything else. */
#include "test/unit/snp_scene.h"

struct change {
    size_t at, len;
    uint64_t value;
    const char *id, *seen, *wanted;
};

static void
bytes_of_no_component_must_be_zero(void **state)
{
    static const struct change CHANGES[] = {
        {AT_CURRENT + 3, 1, 1, "tcb.reserved", "byte 3 of CURRENT_TCB is 0x01 (Milan)", "zero"},
        {AT_COMMITTED + 5, 1, 2, "tcb.reserved", "byte 5 of COMMITTED_TCB is 0x02", "zero"},
        {AT_LAUNCH + 2, 1, 3, "tcb.reserved", "byte 2 of LAUNCH_TCB is 0x03", "zero"},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct scene s;

        scene_open(&s, SNP_MILAN, 3);
        s.want.snp.allow_provisional = true;
        soft_put(s.report, CHANGES[i].at, CHANGES[i].value, 1);
        assert_refused(&s, CHANGES[i].id, CHANGES[i].seen, CHANGES[i].wanted);
    }
}

static void
a_stray_byte_of_the_reported_tcb_is_seen(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_TURIN, 5);
    s.report[AT_REPORTED + 6] = 9;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_non_null(
        strstr(finding(&s, "tcb.reserved")->seen, "byte 6 of REPORTED_TCB is 0x09 (Turin)"));
}

/* A v2 report does not say what its product is: the layout is the certificate's. */
static void
an_old_report_has_the_layout_of_its_certificate(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_TURIN, 2);
    assert_accepted(&s);
    assert_int_equal(s.got.snp.reported.fmc, 1);
    assert_int_equal(s.got.snp.reported.snp, 4);
    scene_open(&s, SNP_GENOA, 2);
    s.report[AT_LAUNCH + 2] = 1;
    assert_refused(&s, "tcb.reserved", "byte 2 of LAUNCH_TCB is 0x01 (Genoa)", "zero");
}

static void
order_of_tcbs(void **state)
{
    static const struct change CHANGES[] = {
        {AT_CURRENT + 0, 1, 3, "tcb.order", "bootloader is 4 reported, 3 current", "REPORTED not"},
        {AT_CURRENT + 6, 1, 23, "tcb.order", "snp is 24 reported, 23 current", "REPORTED not"},
        {AT_CURRENT + 7, 1, 218, "tcb.order", "microcode is 219 reported, 218", "REPORTED not"},
        {AT_COMMITTED + 6, 1, 25, "tcb.order", "snp is 25 committed, 24 current", "COMMITTED not"},
        {AT_COMMITTED + 1, 1, 1, "tcb.order", "tee is 1 committed, 0 current", "COMMITTED not"},
        {AT_FW_COMMITTED, 1, 30, "tcb.order", "firmware is 1.55.30 committed, 1.55.29",
         "COMMITTED"},
        {AT_FW_COMMITTED + 2, 1, 2, "tcb.order", "2.55.29 committed, 1.55.29 current", "COMMITTED"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        struct scene s;

        scene_open(&s, SNP_MILAN, 3);
        s.want.snp.allow_provisional = true;
        soft_put(s.report, CHANGES[i].at, CHANGES[i].value, 1);
        assert_refused(&s, CHANGES[i].id, CHANGES[i].seen, CHANGES[i].wanted);
    }
}

/* FMC is the first component, and only some products have it. */
static void
the_fmc_counts_like_the_others(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_TURIN, 5);
    s.want.snp.allow_provisional = true;
    s.report[AT_CURRENT] = 0;
    assert_refused(&s, "tcb.order", "fmc is 1 reported, 0 current", "REPORTED not");
    scene_open(&s, SNP_TURIN, 5);
    s.want.snp.allow_provisional = true;
    s.report[AT_COMMITTED] = 2;
    assert_refused(&s, "tcb.order", "fmc is 2 committed, 1 current", "COMMITTED not");
    scene_open(&s, SNP_TURIN, 5);
    s.report[AT_CURRENT] = 2;
    assert_refused(&s, "tcb.provisional", "fmc is 2 current, 1 committed", "committed");
    scene_open(&s, SNP_TURIN, 5);
    s.want.snp.tcb_min = (struct snp_tcb_bound){SNP_FMC, {.fmc = 2}};
    assert_refused(&s, "tcb.minimum", "fmc is 1", ">= 2 (Turin)");
    scene_open(&s, SNP_TURIN, 5);
    s.want.snp.tcb_max = (struct snp_tcb_bound){SNP_FMC, {.fmc = 0}};
    assert_refused(&s, "tcb.implausible", "fmc is 1", "<= 0 (Turin)");
}

/* A higher level of one component makes up for nothing. */
static void
tcbs_are_never_one_number(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    s.want.snp.allow_provisional = true;
    s.report[AT_CURRENT + 7] = 255;
    s.report[AT_CURRENT + 0] = 3;
    assert_refused(&s, "tcb.order", "bootloader is 4 reported, 3 current", "");
    scene_open(&s, SNP_MILAN, 3);
    s.want.snp.tcb_min = (struct snp_tcb_bound){SNP_BOOTLOADER, {.bootloader = 5}};
    s.report[AT_REPORTED + 7] = s.report[AT_CURRENT + 7] = s.report[AT_COMMITTED + 7] = 255;
    assert_refused(&s, "tcb.minimum", "bootloader is 4", ">= 5 (Milan)");
}

static void
minimum_of_reported(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    s.want.snp.tcb_min = (struct snp_tcb_bound){31, {0, 4, 0, 24, 219}};
    assert_accepted(&s);
    assert_int_equal(finding(&s, "tcb.minimum")->outcome, OUTCOME_PASS);
    s.want.snp.tcb_min.tcb.snp = 25;
    assert_refused(&s, "tcb.minimum", "snp is 24", ">= 25 (Milan)");
    s.want.snp.tcb_min.given = SNP_MICROCODE; /* the rest does not count */
    assert_accepted(&s);
    s.want.snp.tcb_min = (struct snp_tcb_bound){SNP_FMC, {.fmc = 1}};
    assert_refused(&s, "tcb.minimum", "fmc is not of this product", ">= 1 (Milan)");
    s.want.snp.tcb_min = (struct snp_tcb_bound){0};
    assert_accepted(&s);
    assert_ignored(&s, "tcb.minimum");
}

static void
minima_of_launch_and_committed(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_TURIN, 5);
    s.report[AT_LAUNCH + 3] = 3;
    s.want.snp.tcb_launch_min = (struct snp_tcb_bound){SNP_SNP, {.snp = 3}};
    s.want.snp.tcb_committed_min = (struct snp_tcb_bound){SNP_SNP, {.snp = 4}};
    assert_accepted(&s);
    s.want.snp.tcb_launch_min.tcb.snp = 4;
    assert_refused(&s, "tcb.minimum", "launch snp is 3", ">= 4 (Turin)");
    s.want.snp.tcb_launch_min.given = 0;
    s.want.snp.tcb_committed_min.tcb.snp = 5;
    assert_refused(&s, "tcb.minimum", "committed snp is 4", ">= 5 (Turin)");
}

static void
level(struct scene *s, size_t at, uint8_t value)
{
    s->report[AT_REPORTED + at] = value;
    s->report[AT_CURRENT + at] = value;
    s->report[AT_COMMITTED + at] = value;
}

static void
levels_that_no_firmware_has(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    level(&s, 6, 63);
    assert_accepted(&s);
    level(&s, 6, 64);
    assert_refused(&s, "tcb.implausible", "snp is 64", "<= 63 (Milan, no such firmware");
    level(&s, 6, 24);
    level(&s, 0, 127);
    assert_refused(&s, "tcb.implausible", "bootloader is 127", "<= 31 (Milan");
    scene_open(&s, SNP_TURIN, 5);
    level(&s, 0, 32);
    assert_refused(&s, "tcb.implausible", "fmc is 32", "<= 31 (Turin");
    level(&s, 0, 1);
    level(&s, 2, 200);
    assert_refused(&s, "tcb.implausible", "tee is 200", "<= 31 (Turin");
    level(&s, 2, 0);
    level(&s, 7, 255);
    assert_accepted(&s);
}

static void
the_maximum_of_the_policy_counts_instead(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    s.want.snp.tcb_max = (struct snp_tcb_bound){SNP_SNP, {.snp = 23}};
    assert_accepted(&s);
    s.want.snp.tcb_max.tcb.snp = 22;
    assert_refused(&s, "tcb.implausible", "snp is 23", "<= 22 (Genoa)");
    s.want.snp.tcb_max.tcb.snp = 100;
    level(&s, 6, 100);
    assert_accepted(&s);
    level(&s, 0, 32); /* not given: the table */
    assert_refused(&s, "tcb.implausible", "bootloader is 32", "<= 31 (Genoa, no such");
}

static void
provisional_firmware_needs_leave(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    s.report[AT_CURRENT + 7] = 220;
    assert_refused(&s, "tcb.provisional", "microcode is 220 current, 219 committed", "committed");
    s.want.snp.allow_provisional = true;
    assert_accepted(&s);
    assert_ignored(&s, "tcb.provisional");
    scene_open(&s, SNP_MILAN, 3);
    s.report[AT_FW_CURRENT] = 30;
    assert_refused(&s, "tcb.provisional", "firmware is 1.55.30 current, 1.55.29", "committed");
    s.want.snp.allow_provisional = true;
    assert_accepted(&s);
}

static void
minimum_of_firmware(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 3); /* 1.55.40 */
    assert_accepted(&s);
    assert_ignored(&s, "firmware.minimum");
    s.want.snp.firmware_min = 1 << 16 | 55 << 8 | 40;
    assert_accepted(&s);
    s.want.snp.firmware_min++;
    assert_refused(&s, "firmware.minimum", "firmware is 1.55.40", ">= 1.55.41");
    s.want.snp.firmware_min = 2 << 16;
    assert_refused(&s, "firmware.minimum", "firmware is 1.55.40", ">= 2.0.0");
    s.want.snp.firmware_min = 1 << 16 | 54 << 8 | 255;
    assert_accepted(&s);
}

static void
mitigations_are_a_mask(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_TURIN, 5); /* launch 0x3b, current 0x3f */
    assert_accepted(&s);
    assert_ignored(&s, "mit_vector");
    s.want.snp.mit_mask = 0x0b;
    assert_accepted(&s);
    s.want.snp.mit_mask = 0x40; /* a greater number, and a bit that is lacking */
    assert_refused(&s, "mit_vector", "launch 0x3b, current 0x3f, lacks 0x40", "0x40 in LAUNCH");
    s.want.snp.mit_mask = 0x04;
    assert_refused(&s, "mit_vector", "lacks 0x4", "0x4 in LAUNCH and CURRENT");
    soft_put(s.report, AT_MIT_LAUNCH, 0x3f, 8);
    soft_put(s.report, AT_MIT_CURRENT, 0x3b, 8);
    assert_refused(&s, "mit_vector", "lacks 0x4", "0x4 in LAUNCH and CURRENT");
    scene_open(&s, SNP_TURIN, 3);
    s.want.snp.mit_mask = 1;
    assert_refused(&s, "mit_vector", "unknown before version 5, this is 3", "0x1 in LAUNCH");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_no_component_must_be_zero),
        cmocka_unit_test(a_stray_byte_of_the_reported_tcb_is_seen),
        cmocka_unit_test(an_old_report_has_the_layout_of_its_certificate),
        cmocka_unit_test(order_of_tcbs),
        cmocka_unit_test(the_fmc_counts_like_the_others),
        cmocka_unit_test(tcbs_are_never_one_number),
        cmocka_unit_test(minimum_of_reported),
        cmocka_unit_test(minima_of_launch_and_committed),
        cmocka_unit_test(levels_that_no_firmware_has),
        cmocka_unit_test(the_maximum_of_the_policy_counts_instead),
        cmocka_unit_test(provisional_firmware_needs_leave),
        cmocka_unit_test(minimum_of_firmware),
        cmocka_unit_test(mitigations_are_a_mask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
