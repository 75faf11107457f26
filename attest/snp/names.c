/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - what a policy calls products, keys and bits; exact case, nothing guessed. */
#include "attest/snp/product.h"

struct bit_name {
    const char *name;
    unsigned bit;
};

static const struct bit_name POLICY_BITS[] = {
    {"smt", SNP_POLICY_SMT},
    {"migrate_ma", SNP_POLICY_MIGRATE_MA},
    {"debug", SNP_POLICY_DEBUG},
    {"single_socket", SNP_POLICY_SINGLE_SOCKET},
    {"cxl", SNP_POLICY_CXL},
    {"xts", SNP_POLICY_XTS},
    {"rapl_dis", SNP_POLICY_RAPL_DIS},
    {"ciphertext_hiding", SNP_POLICY_CIPHERTEXT_HIDING},
    {"page_swap_disable", SNP_POLICY_PAGE_SWAP_DISABLE},
};

static const struct bit_name PLATFORM_BITS[] = {
    {"smt", SNP_PLATFORM_SMT},
    {"tsme", SNP_PLATFORM_TSME},
    {"ecc", SNP_PLATFORM_ECC},
    {"rapl_dis", SNP_PLATFORM_RAPL_DIS},
    {"ciphertext_hiding", SNP_PLATFORM_CIPHERTEXT_HIDING},
    {"alias_check", SNP_PLATFORM_ALIAS_CHECK},
    {"iommu_write_safe", SNP_PLATFORM_IOMMU_WRITE_SAFE},
    {"tio", SNP_PLATFORM_TIO},
};

static unsigned
bit_by_name(const struct bit_name *row, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_same(name, slice_text(row[i].name))) {
            return row[i].bit;
        }
    }
    return 0;
}

unsigned
snp_policy_bit(struct slice name)
{
    return bit_by_name(POLICY_BITS, sizeof POLICY_BITS / sizeof POLICY_BITS[0], name);
}

unsigned
snp_platform_bit(struct slice name)
{
    return bit_by_name(PLATFORM_BITS, sizeof PLATFORM_BITS / sizeof PLATFORM_BITS[0], name);
}

const char *
snp_product_name(enum snp_product p)
{
    const struct snp_product_facts *facts = snp_product_facts(p);

    return facts == NULL ? "none" : facts->name;
}

enum snp_product
snp_product_by_name(struct slice name)
{
    for (unsigned p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        if (slice_same(name, slice_text(snp_product_name((enum snp_product)p)))) {
            return (enum snp_product)p;
        }
    }
    return SNP_PRODUCT_NONE;
}

const char *
snp_vek_kind_name(enum snp_vek_kind k)
{
    switch (k) {
    case SNP_VEK_NONE: return "none";
    case SNP_VCEK: return "VCEK";
    case SNP_VLEK: return "VLEK";
    }
    return "none";
}
