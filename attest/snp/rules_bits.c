/* SPDX-License-Identifier: Apache-2.0 */
/* rules_bits.c - POLICY of the guest and PLATFORM_INFO of the host, bit by bit; see checks.h.
 *
 * A bit that permits (SMT, MIGRATE_MA, DEBUG, CXL_ALLOW) is an upper bound, so a policy forbids it; a bit that demands (the others
 * of POLICY) is a lower bound, so a policy requires it.  Zero in the latter leaves both open: it never satisfies. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/snp/checks.h"

struct bit {
    const char *name; /* of the specification */
    unsigned ours;    /* SNP_POLICY_* */
    unsigned at;      /* place within POLICY */
};

enum bit_id {
    BIT_SMT,
    BIT_MIGRATE_MA,
    BIT_DEBUG,
    BIT_SINGLE_SOCKET,
    BIT_CXL,
    BIT_XTS,
    BIT_RAPL,
    BIT_HIDING,
    BIT_SWAP,
};

static const struct bit POLICY[] = {
    [BIT_SMT] = {"POLICY.SMT", SNP_POLICY_SMT, 16},
    [BIT_MIGRATE_MA] = {"POLICY.MIGRATE_MA", SNP_POLICY_MIGRATE_MA, 18},
    [BIT_DEBUG] = {"POLICY.DEBUG", SNP_POLICY_DEBUG, 19},
    [BIT_SINGLE_SOCKET] = {"POLICY.SINGLE_SOCKET", SNP_POLICY_SINGLE_SOCKET, 20},
    [BIT_CXL] = {"POLICY.CXL_ALLOW", SNP_POLICY_CXL, 21},
    [BIT_XTS] = {"POLICY.MEM_AES_256_XTS", SNP_POLICY_XTS, 22},
    [BIT_RAPL] = {"POLICY.RAPL_DIS", SNP_POLICY_RAPL_DIS, 23},
    [BIT_HIDING] = {"POLICY.CIPHERTEXT_HIDING", SNP_POLICY_CIPHERTEXT_HIDING, 24},
    [BIT_SWAP] = {"POLICY.PAGE_SWAP_DISABLE", SNP_POLICY_PAGE_SWAP_DISABLE, 25},
};

/* Required and forbidden at once is a policy that nothing satisfies. */
static enum outcome
judge(const char *name, bool set, bool require, bool forbid, struct finding *f)
{
    if (!require && !forbid) {
        return finding_ignored(f, "%s is %d; the policy leaves it open", name, set);
    }
    if ((set && forbid) || (!set && require)) {
        return finding_fail(f, forbid ? "0" : "1", "%s is %d", name, set);
    }
    return finding_pass(f, "%s is %d", name, set);
}

static enum outcome
policy(const struct check_in *in, enum bit_id id, struct finding *f)
{
    const struct snp_expect *want = in->snp->want;
    const struct bit *b = &POLICY[id];
    bool forbid = (want->policy_forbid & b->ours) || (id == BIT_DEBUG && !want->allow_debug) ||
                  (id == BIT_SMT && want->smt_forbidden);

    return judge(b->name, in->snp->report.policy >> b->at & 1, want->policy_require & b->ours,
                 forbid, f);
}

enum outcome
snp_rule_policy_debug(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_DEBUG, f);
}

enum outcome
snp_rule_policy_migrate_ma(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_MIGRATE_MA, f);
}

enum outcome
snp_rule_policy_smt(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_SMT, f);
}

enum outcome
snp_rule_policy_cxl(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_CXL, f);
}

enum outcome
snp_rule_policy_single_socket(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_SINGLE_SOCKET, f);
}

enum outcome
snp_rule_policy_xts(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_XTS, f);
}

enum outcome
snp_rule_policy_rapl_dis(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_RAPL, f);
}

enum outcome
snp_rule_policy_ciphertext_hiding(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_HIDING, f);
}

enum outcome
snp_rule_policy_page_swap_disable(const struct check_in *in, struct finding *f)
{
    return policy(in, BIT_SWAP, f);
}

enum outcome
snp_rule_policy_abi(const struct check_in *in, struct finding *f)
{
    unsigned seen = in->snp->report.policy & 0xffff;
    unsigned min = in->snp->want->abi_min;
    char wanted[FINDING_TEXT];

    if (min == 0) {
        return finding_ignored(f, "the policy gives no minimum");
    }
    if (seen < min) {
        (void)snprintf(wanted, sizeof wanted, ">= %u.%u", min >> 8, min & 0xff);
        return finding_fail(f, wanted, "POLICY asks for ABI %u.%u", seen >> 8, seen & 0xff);
    }
    return finding_pass(f, "ABI %u.%u", seen >> 8, seen & 0xff);
}

static enum outcome
platform(const struct check_in *in, const char *name, unsigned bit, struct finding *f)
{
    const struct snp_expect *want = in->snp->want;

    return judge(name, in->snp->report.platform_info & bit, want->platform_require & bit,
                 want->platform_forbid & bit, f);
}

enum outcome
snp_rule_platform_smt(const struct check_in *in, struct finding *f)
{
    return platform(in, "PLATFORM_INFO.SMT_EN", SNP_PLATFORM_SMT, f);
}

enum outcome
snp_rule_platform_tsme(const struct check_in *in, struct finding *f)
{
    return platform(in, "PLATFORM_INFO.TSME_EN", SNP_PLATFORM_TSME, f);
}

enum outcome
snp_rule_platform_ecc(const struct check_in *in, struct finding *f)
{
    return platform(in, "PLATFORM_INFO.ECC_EN", SNP_PLATFORM_ECC, f);
}

enum outcome
snp_rule_platform_rapl_dis(const struct check_in *in, struct finding *f)
{
    return platform(in, "PLATFORM_INFO.RAPL_DIS", SNP_PLATFORM_RAPL_DIS, f);
}

enum outcome
snp_rule_platform_ciphertext_hiding(const struct check_in *in, struct finding *f)
{
    return platform(in, "PLATFORM_INFO.CIPHERTEXT_HIDING_DRAM_EN", SNP_PLATFORM_CIPHERTEXT_HIDING,
                    f);
}

enum outcome
snp_rule_platform_alias_check(const struct check_in *in, struct finding *f)
{
    return platform(in, "PLATFORM_INFO.ALIAS_CHECK_COMPLETE", SNP_PLATFORM_ALIAS_CHECK, f);
}

enum outcome
snp_rule_platform_iommu_write_safe(const struct check_in *in, struct finding *f)
{
    return platform(in, "PLATFORM_INFO.IOMMU_WRITE_SAFE", SNP_PLATFORM_IOMMU_WRITE_SAFE, f);
}

enum outcome
snp_rule_platform_tio(const struct check_in *in, struct finding *f)
{
    return platform(in, "PLATFORM_INFO.TIO_EN", SNP_PLATFORM_TIO, f);
}
