/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_bits.c - POLICY of the guest and PLATFORM_INFO of the host, bit by bit: left open, required and forbidden, set and clear. */
#include "test/unit/snp_scene.h"

struct bit_case {
    const char *id, *name; /* of the row, and in its text */
    const char *policy;    /* what a policy calls it */
    unsigned at;           /* place in the field */
};

static void
set_policy(struct scene *s, unsigned at, bool set)
{
    soft_put(s->report, AT_POLICY, (SOFT_POLICY & ~(UINT64_C(1) << at)) | (uint64_t)set << at, 8);
}

/* Left open, required and forbidden, each with the bit set and clear. */
static void
policy_bit(const struct bit_case *c)
{
    unsigned bit = snp_policy_bit(slice_text(c->policy));
    char seen[64];
    struct scene s;

    scene_open(&s, SNP_GENOA, 3);
    s.want.snp.policy_forbid = 0;
    for (unsigned set = 0; set < 2; set++) {
        set_policy(&s, c->at, set);
        (void)snprintf(seen, sizeof seen, "%s is %u", c->name, set);
        assert_accepted(&s);
        assert_ignored(&s, c->id);
        s.want.snp.policy_require = set ? bit : 0;
        s.want.snp.policy_forbid = set ? 0 : bit;
        assert_accepted(&s);
        assert_int_equal(finding(&s, c->id)->outcome, OUTCOME_PASS);
        s.want.snp.policy_require = set ? 0 : bit;
        s.want.snp.policy_forbid = set ? bit : 0;
        assert_refused(&s, c->id, seen, set ? "0" : "1");
        s.want.snp.policy_require = bit;
        s.want.snp.policy_forbid = bit; /* which nothing satisfies */
        assert_refused(&s, c->id, seen, "");
        s.want.snp.policy_require = 0;
        s.want.snp.policy_forbid = 0;
    }
}

static void
bits_of_the_policy(void **state)
{
    static const struct bit_case CASES[] = {
        {"policy.smt", "POLICY.SMT", "smt", 16},
        {"policy.migrate_ma", "POLICY.MIGRATE_MA", "migrate_ma", 18},
        {"policy.single_socket", "POLICY.SINGLE_SOCKET", "single_socket", 20},
        {"policy.cxl", "POLICY.CXL_ALLOW", "cxl", 21},
        {"policy.xts", "POLICY.MEM_AES_256_XTS", "xts", 22},
        {"policy.rapl_dis", "POLICY.RAPL_DIS", "rapl_dis", 23},
        {"policy.ciphertext_hiding", "POLICY.CIPHERTEXT_HIDING", "ciphertext_hiding", 24},
        {"policy.page_swap_disable", "POLICY.PAGE_SWAP_DISABLE", "page_swap_disable", 25},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        policy_bit(&CASES[i]);
    }
}

static void
bits_of_the_policy_that_are_off_by_default(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 2);
    set_policy(&s, 19, true);
    assert_refused(&s, "policy.debug", "POLICY.DEBUG is 1", "0");
    s.want.snp.allow_debug = true;
    assert_accepted(&s);
    assert_ignored(&s, "policy.debug");
    scene_open(&s, SNP_MILAN, 2);
    set_policy(&s, 18, true);
    assert_refused(&s, "policy.migrate_ma", "POLICY.MIGRATE_MA is 1", "0");
    scene_open(&s, SNP_MILAN, 2);
    assert_accepted(&s); /* with SMT */
    s.want.snp.smt_forbidden = true;
    assert_refused(&s, "policy.smt", "POLICY.SMT is 1", "0");
    set_policy(&s, 16, false);
    assert_accepted(&s);
}

static void
platform_bit(const struct bit_case *c)
{
    unsigned bit = snp_platform_bit(slice_text(c->policy));
    char seen[64];
    struct scene s;

    scene_open(&s, SNP_TURIN, 5);
    for (unsigned set = 0; set < 2; set++) {
        soft_put(s.report, AT_PLATFORM, (0xff & ~(1U << c->at)) | set << c->at, 8);
        (void)snprintf(seen, sizeof seen, "%s is %u", c->name, set);
        assert_accepted(&s);
        assert_ignored(&s, c->id);
        s.want.snp.platform_require = set ? bit : 0;
        s.want.snp.platform_forbid = set ? 0 : bit;
        assert_accepted(&s);
        s.want.snp.platform_require = set ? 0 : bit;
        s.want.snp.platform_forbid = set ? bit : 0;
        assert_refused(&s, c->id, seen, set ? "0" : "1");
        s.want.snp.platform_require = 0;
        s.want.snp.platform_forbid = 0;
    }
}

static void
bits_of_the_platform(void **state)
{
    static const struct bit_case CASES[] = {
        {"platform_info.smt", "PLATFORM_INFO.SMT_EN", "smt", 0},
        {"platform_info.tsme", "PLATFORM_INFO.TSME_EN", "tsme", 1},
        {"platform_info.ecc", "PLATFORM_INFO.ECC_EN", "ecc", 2},
        {"platform_info.rapl_dis", "PLATFORM_INFO.RAPL_DIS", "rapl_dis", 3},
        {"platform_info.ciphertext_hiding", "PLATFORM_INFO.CIPHERTEXT_HIDING_DRAM_EN",
         "ciphertext_hiding", 4},
        {"platform_info.alias_check", "PLATFORM_INFO.ALIAS_CHECK_COMPLETE", "alias_check", 5},
        {"platform_info.iommu_write_safe", "PLATFORM_INFO.IOMMU_WRITE_SAFE", "iommu_write_safe", 6},
        {"platform_info.tio", "PLATFORM_INFO.TIO_EN", "tio", 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        platform_bit(&CASES[i]);
    }
}

static void
minimum_of_the_abi(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    soft_put(s.report, AT_POLICY, SOFT_POLICY | 0x0133, 8); /* 1.51 */
    assert_accepted(&s);
    assert_ignored(&s, "policy.abi");
    s.want.snp.abi_min = 0x0133;
    assert_accepted(&s);
    s.want.snp.abi_min = 0x0134;
    assert_refused(&s, "policy.abi", "POLICY asks for ABI 1.51", ">= 1.52");
    s.want.snp.abi_min = 0x0200;
    assert_refused(&s, "policy.abi", "POLICY asks for ABI 1.51", ">= 2.0");
    soft_put(s.report, AT_POLICY, SOFT_POLICY | 0x0200, 8);
    assert_accepted(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_of_the_policy),
        cmocka_unit_test(bits_of_the_policy_that_are_off_by_default),
        cmocka_unit_test(bits_of_the_platform),
        cmocka_unit_test(minimum_of_the_abi),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
