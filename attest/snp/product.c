/* SPDX-License-Identifier: Apache-2.0 */
/* product.c - see product.h. */
#include "attest/snp/product.h"

/* Why the bounds are what they are.  Levels count the security fixes of a component; they are bytes, but AMD certifies any value
 * up to 127 for any chip, also for firmware that nobody has made, and keys of level 64 and 127 are known to have left their chip.
 * Boot loader and trusted execution environment stand at 10 or less after four years, so 31 is out of reach.  SNP firmware has
 * climbed by about five a year, to 28: 63 serves for years, and stays below the levels of those keys.  The microcode level is the
 * low byte of the patch number, which is beyond 220 already: any byte is plausible. */
#define BOUNDS                                                                    \
    {                                                                             \
        .fmc = 31, .bootloader = 31, .tee = 31, .snp = 63, .microcode = UINT8_MAX \
    }

enum {
    FAMILY_19 = SNP_BOOTLOADER | SNP_TEE | SNP_SNP | SNP_MICROCODE,
    FAMILY_1A = SNP_COMPONENT_ALL,
};

static const struct snp_product_facts FACTS[] = {
    [SNP_MILAN] = {"Milan", SNP_CHIP_LEN, FAMILY_19, {0, 0, 1, 6, 7}, BOUNDS},
    [SNP_GENOA] = {"Genoa", SNP_CHIP_LEN, FAMILY_19, {0, 0, 1, 6, 7}, BOUNDS},
    [SNP_TURIN] = {"Turin", 8, FAMILY_1A, {0, 1, 2, 3, 7}, BOUNDS},
};

_Static_assert(sizeof FACTS / sizeof FACTS[0] == SNP_PRODUCTS, "one row for each product");

struct cpu_range {
    unsigned family, first, last; /* models */
    enum snp_product product;
};

/* Bergamo and Siena are models 0xA0 and up of family 0x19; AMD calls them Genoa in every certificate. */
static const struct cpu_range CPUS[] = {
    {0x19, 0x00, 0x0f, SNP_MILAN},
    {0x19, 0x10, 0x1f, SNP_GENOA},
    {0x19, 0xa0, 0xaf, SNP_GENOA},
    {0x1a, 0x00, 0x11, SNP_TURIN},
};

const struct snp_product_facts *
snp_product_facts(enum snp_product p)
{
    bool known = p > SNP_PRODUCT_NONE && p < SNP_PRODUCTS;

    return known ? &FACTS[p] : NULL;
}

enum snp_product
snp_product_by_cpu(unsigned family, unsigned model)
{
    for (size_t i = 0; i < sizeof CPUS / sizeof CPUS[0]; i++) {
        const struct cpu_range *c = &CPUS[i];

        if (family == c->family && model >= c->first && model <= c->last) {
            return c->product;
        }
    }
    return SNP_PRODUCT_NONE;
}
