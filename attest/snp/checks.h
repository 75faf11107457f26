/* SPDX-License-Identifier: Apache-2.0 */
/* checks.h - the rules for an SNP report and the key that signed it.
 *
 * Decoding and the certificate's arithmetic are done before a rule runs (snp/appraise.c); a rule reads struct snp_in and
 * nothing else.  Order and ids: snp.h.  A gate ends the list where later rows would judge bytes that nobody vouches for. */
#ifndef ATTEST_SNP_CHECKS_H
#define ATTEST_SNP_CHECKS_H

#include "attest/base/part.h"
#include "attest/base/verdict.h"
#include "attest/snp/crl.h"
#include "attest/snp/report.h"
#include "attest/snp/vek.h"

struct snp_in {
    const struct snp_evidence *ev;
    const struct snp_expect *want;
    const struct snp_anchors *anchors;
    struct slice binding; /* of struct expectation; empty: not expected */
    struct slice ask;     /* an intermediate of the operator's own, for snp_vek_judge() */
    int64_t at_unix;
    bool
        vek_only; /* a certificate without a report (`verify amd-chain`): rows about the report are not in the table */

    struct part report_part, table_part;
    struct snp_report report;
    enum snp_product report_product; /* by CPUID; NONE in v2 */
    enum snp_product product;        /* settled: CPUID, else the VEK's issuer, else ev->product */
    struct snp_vek_facts vek;   /* vek.h: every fact that the rows about the certificate read */
    struct snp_crl_facts crl;   /* crl.h */
    struct part signature_part; /* the report's, by the VEK's key; not given: it was not tried */
    bool paravisor; /* Azure: REPORT_DATA belongs to the paravisor; rows of attest/azure judge it */
};

/* The tables, for running and for printing. */
const struct check *snp_checks(size_t *n);
const struct check *snp_chain_checks(size_t *n); /* rows of a certificate alone */

/* What a row says, in one sentence; NULL for an id that is in no table. */
const char *snp_check_what(const char *id);

/* The compound that holds; NULL. */
const struct snp_golden *snp_golden_of(const struct snp_in *in);

/* The TCB that the key proves: REPORTED_TCB, or the certificate's when there is no report. */
struct snp_tcb snp_tcb_proven(const struct snp_in *in);

/* One of them, byte for byte. */
bool snp_listed(const struct snp_values *list, struct slice value);

/* One row each.  rules_report.c: */
enum outcome snp_rule_report_length(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_version(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_sigalgo(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_signing_key(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_mask_chip_key(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_reserved(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_reserved(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_info_reserved(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_consistency(const struct check_in *in, struct finding *f);
enum outcome snp_rule_cert_table(const struct check_in *in, struct finding *f);
enum outcome snp_rule_product(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_signature(const struct check_in *in, struct finding *f);
enum outcome snp_rule_chip_denied(const struct check_in *in, struct finding *f);
enum outcome snp_rule_chip_allowed(const struct check_in *in, struct finding *f);

/* rules_trust.c: */
enum outcome snp_rule_vek_missing(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_malformed(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_extensions(const struct check_in *in, struct finding *f);
enum outcome snp_rule_chain_root(const struct check_in *in, struct finding *f);
enum outcome snp_rule_chain_intermediate(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_issuer(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_algorithm(const struct check_in *in, struct finding *f);
enum outcome snp_rule_chain_signature(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_validity(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_kind(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_product(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_csp_id(const struct check_in *in, struct finding *f);
enum outcome snp_rule_crl_missing(const struct check_in *in, struct finding *f);
enum outcome snp_rule_crl_malformed(const struct check_in *in, struct finding *f);
enum outcome snp_rule_crl_signature(const struct check_in *in, struct finding *f);
enum outcome snp_rule_crl_stale(const struct check_in *in, struct finding *f);
enum outcome snp_rule_crl_revoked(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_tcb(const struct check_in *in, struct finding *f);
enum outcome snp_rule_vek_hwid(const struct check_in *in, struct finding *f);

/* rules_firmware.c: */
enum outcome snp_rule_tcb_reserved(const struct check_in *in, struct finding *f);
enum outcome snp_rule_tcb_order(const struct check_in *in, struct finding *f);
enum outcome snp_rule_tcb_minimum(const struct check_in *in, struct finding *f);
enum outcome snp_rule_tcb_implausible(const struct check_in *in, struct finding *f);
enum outcome snp_rule_tcb_provisional(const struct check_in *in, struct finding *f);
enum outcome snp_rule_firmware_minimum(const struct check_in *in, struct finding *f);
enum outcome snp_rule_mit_vector(const struct check_in *in, struct finding *f);

/* rules_bits.c: */
enum outcome snp_rule_policy_debug(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_migrate_ma(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_smt(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_cxl(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_single_socket(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_xts(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_rapl_dis(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_ciphertext_hiding(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_page_swap_disable(const struct check_in *in, struct finding *f);
enum outcome snp_rule_policy_abi(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_smt(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_tsme(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_ecc(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_rapl_dis(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_ciphertext_hiding(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_alias_check(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_iommu_write_safe(const struct check_in *in, struct finding *f);
enum outcome snp_rule_platform_tio(const struct check_in *in, struct finding *f);

/* rules_guest.c: */
enum outcome snp_rule_vmpl(const struct check_in *in, struct finding *f);
enum outcome snp_rule_measurement(const struct check_in *in, struct finding *f);
enum outcome snp_rule_host_data(const struct check_in *in, struct finding *f);
enum outcome snp_rule_id_key(const struct check_in *in, struct finding *f);
enum outcome snp_rule_author_key(const struct check_in *in, struct finding *f);
enum outcome snp_rule_family_id(const struct check_in *in, struct finding *f);
enum outcome snp_rule_image_id(const struct check_in *in, struct finding *f);
enum outcome snp_rule_guest_svn(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_id(const struct check_in *in, struct finding *f);
enum outcome snp_rule_report_data(const struct check_in *in, struct finding *f);
enum outcome snp_rule_reference_value(const struct check_in *in, struct finding *f);

#endif
