/* SPDX-License-Identifier: Apache-2.0 */
/* tcb.c - TCB_VERSION by product, and comparisons of it.  Never compares two of them as numbers: a level of one component says
 * nothing about another's.
 *
 * Source: AMD 56860, table "TCB_VERSION". */
#include <stdio.h>

#include "attest/snp/product.h"

static const char *const PARTS[SNP_COMPONENTS] = {"fmc", "bootloader", "tee", "snp", "microcode"};

enum { NO_LAYOUT_USES = 1 << 4 | 1 << 5 }; /* bytes 4 and 5 */

uint8_t
snp_tcb_part(const struct snp_tcb *tcb, size_t i)
{
    const uint8_t parts[SNP_COMPONENTS] = {tcb->fmc, tcb->bootloader, tcb->tee, tcb->snp,
                                           tcb->microcode};

    return i < SNP_COMPONENTS ? parts[i] : 0;
}

const char *
snp_tcb_part_name(size_t i)
{
    return i < SNP_COMPONENTS ? PARTS[i] : "none";
}

unsigned
snp_component_bit(struct slice name)
{
    for (size_t i = 0; i < SNP_COMPONENTS; i++) {
        if (slice_same(name, slice_text(PARTS[i]))) {
            return 1U << i;
        }
    }
    return 0;
}

struct snp_tcb
snp_tcb_of(enum snp_product product, const uint8_t raw[8])
{
    const struct snp_product_facts *p = snp_product_facts(product);

    if (p == NULL) {
        return (struct snp_tcb){0};
    }
    return (struct snp_tcb){
        .fmc = p->components & SNP_FMC ? raw[p->at[0]] : 0,
        .bootloader = raw[p->at[1]],
        .tee = raw[p->at[2]],
        .snp = raw[p->at[3]],
        .microcode = raw[p->at[4]],
    };
}

int
snp_tcb_below(const struct snp_tcb *a, const struct snp_tcb *b, unsigned which)
{
    for (size_t i = 0; i < SNP_COMPONENTS; i++) {
        if (which & 1U << i && snp_tcb_part(a, i) < snp_tcb_part(b, i)) {
            return (int)i;
        }
    }
    return -1;
}

/* Bit per byte of TCB_VERSION that a component of the product owns. */
static unsigned
owned_bytes(const struct snp_product_facts *p)
{
    unsigned owned = 0;

    for (size_t i = 0; i < SNP_COMPONENTS; i++) {
        owned |= p->components & 1U << i ? 1U << p->at[i] : 0;
    }
    return owned;
}

int
snp_tcb_stray(enum snp_product product, const uint8_t raw[SNP_TCB_LEN])
{
    const struct snp_product_facts *p = snp_product_facts(product);
    unsigned owned = p == NULL ? ~(unsigned)NO_LAYOUT_USES : owned_bytes(p);

    for (int i = 0; i < SNP_TCB_LEN; i++) {
        if (!(owned & 1U << i) && raw[i] != 0) {
            return i;
        }
    }
    return -1;
}

void
snp_tcb_format(enum snp_product product, const struct snp_tcb *tcb, char dst[SNP_TCB_TEXT])
{
    const struct snp_product_facts *p = snp_product_facts(product);
    int fmc = 0;

    dst[0] = '\0';
    if (p != NULL && p->components & SNP_FMC) {
        fmc = snprintf(dst, SNP_TCB_TEXT, "fmc %u, ", tcb->fmc);
    }
    (void)snprintf(dst + fmc, SNP_TCB_TEXT - (size_t)fmc,
                   "bootloader %u, tee %u, snp %u, microcode %u", tcb->bootloader, tcb->tee,
                   tcb->snp, tcb->microcode);
}
