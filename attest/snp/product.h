/* SPDX-License-Identifier: Apache-2.0 */
/* product.h - product lines as facts: CPUs, TCB layout, bounds; and arithmetic on TCBs, one component at a time.
 *
 * Sources: AMD 56860, table "TCB_VERSION" and the CPUID fields of ATTESTATION_REPORT; AMD 57230, chapter 3 (length of hwID).
 * For attest/snp only. */
#ifndef ATTEST_SNP_PRODUCT_H
#define ATTEST_SNP_PRODUCT_H

#include "attest/snp/snp.h"

enum { SNP_COMPONENTS = 5, SNP_COMPONENT_ALL = 31, SNP_TCB_LEN = 8 };

struct snp_product_facts {
    const char *name;           /* of AMD's key distribution service */
    size_t chip_len;            /* bytes of CHIP_ID that count; the rest is zero */
    unsigned components;        /* SNP_FMC and so on: those that it has */
    uint8_t at[SNP_COMPONENTS]; /* offset within TCB_VERSION of each, in the order of the bits */
    struct snp_tcb plausible;   /* above this no firmware can be; see product.c */
};

/* NULL for SNP_PRODUCT_NONE and anything unknown. */
const struct snp_product_facts *snp_product_facts(enum snp_product p);

/* Combined family and model; NONE when it is none of ours. */
enum snp_product snp_product_by_cpu(unsigned family, unsigned model);

/* Component `i`, below SNP_COMPONENTS, in the order of the bits SNP_FMC and so on. */
uint8_t snp_tcb_part(const struct snp_tcb *tcb, size_t i);
const char *snp_tcb_part_name(size_t i);

/* The first component, among those whose bit is in `which`, in which a is below b; -1 when there is none. */
int snp_tcb_below(const struct snp_tcb *a, const struct snp_tcb *b, unsigned which);

/* The first byte of TCB_VERSION that belongs to no component and is not zero; -1.  With NONE: that belongs to none in any layout. */
int snp_tcb_stray(enum snp_product p, const uint8_t raw[SNP_TCB_LEN]);

#endif
