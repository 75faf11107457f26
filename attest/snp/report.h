/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - ATTESTATION_REPORT decoded; nothing is judged here but its length (AMD 56860, table "ATTESTATION_REPORT"). */
#ifndef ATTEST_SNP_REPORT_H
#define ATTEST_SNP_REPORT_H

#include "attest/base/rd.h"
#include "attest/snp/snp.h"

struct snp_report {
    struct slice raw;         /* SNP_REPORT_LEN bytes */
    struct slice signed_part; /* the first SNP_SIGNED_LEN */
    uint32_t version, guest_svn;
    uint64_t policy;
    struct slice family_id, image_id;
    uint32_t vmpl, signature_algo;
    uint8_t current[8], reported[8], committed[8], launch[8]; /* TCB_VERSION, raw */
    uint64_t platform_info;
    uint32_t flags;
    bool author_key_en, mask_chip_key;
    unsigned signing_key; /* bits 4:2 of flags */
    struct slice report_data, measurement, host_data, id_key, author_key, report_id, report_id_ma;
    bool has_cpuid; /* v3 and later */
    uint8_t cpu_family, cpu_model, cpu_stepping;
    struct slice chip;
    uint32_t firmware_current, firmware_committed; /* major << 16 | minor << 8 | build */
    bool has_mit;                                  /* v5 and later */
    uint64_t mit_launch, mit_current;
    uint8_t signature[96];    /* r || s, big-endian, the low 48 bytes of each */
    bool signature_high_zero; /* the upper 24 bytes of R and S are zero */
    int reserved_at;          /* offset of the first reserved byte that is not zero; -1 */
};

/* ERR_MALFORMED: not SNP_REPORT_LEN bytes, naming the length seen. */
enum err snp_report_decode(struct slice raw, struct snp_report *out, struct why *why) MUST_USE;

/* By CPUID (v3 and later); NONE when the report does not say or names a CPU that we do not know. */
enum snp_product snp_report_product(const struct snp_report *r);

#endif
