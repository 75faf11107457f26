/* SPDX-License-Identifier: Apache-2.0 */
/* checks.h - the rules for a TDX quote, the platform that signed it, and the collateral that both are judged by.
 *
 * Decoding and arithmetic are done before a rule runs (tdx/appraise.c); a rule reads struct tdx_in and nothing else.  Order
 * and ids: tdx.h.  A gate ends the list where later rows would judge bytes that nobody vouches for. */
#ifndef ATTEST_TDX_CHECKS_H
#define ATTEST_TDX_CHECKS_H

#include "attest/base/verdict.h"
#include "attest/tdx/ccel.h"
#include "attest/tdx/collateral.h"
#include "attest/tdx/evaluate.h"
#include "attest/tdx/platform.h"

struct tdx_in {
    const struct tdx_evidence *ev;
    const struct tdx_expect *want;
    const struct tdx_anchor *anchor;
    struct slice binding; /* of struct expectation; empty: not expected */
    int64_t at_unix;
    bool paravisor; /* Azure: REPORTDATA belongs to the paravisor; rows of attest/azure judge it */

    struct part quote_part;
    struct tdx_quote quote;
    struct tdx_platform_facts platform;
    bool signature_ok;                             /* of the quote, by the attestation key */
    const struct tdx_collateral_facts *collateral; /* NULL: there is none */
    bool evaluated; /* tcbInfo and QE identity decoded: `tcb` is set */
    struct tdx_tcb_result tcb;
    bool has_early;
    struct tdx_tcb_result early;
    struct part ccel_part; /* not given: no log */
    struct ccel_replay ccel;
};

/* The table, for running and for printing. */
const struct check *tdx_checks(size_t *n);

/* What a row says, in one sentence; NULL for an id that is in no table. */
const char *tdx_check_what(const char *id);

/* The compound that holds; NULL. */
const struct tdx_golden *tdx_golden_of(const struct tdx_in *in);

/* A document's window is open, or was within the policy's grace. */
bool tdx_in_window(const struct tdx_in *t, int64_t from, int64_t until);

enum outcome tdx_rule_malformed(const struct check_in *in, struct finding *f); /* rules_quote.c */
enum outcome tdx_rule_version(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_key_type(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tee_type(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_vendor(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_body(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_cert_type(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_chain(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_root(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_validity(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_extension(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_signature(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_report_data(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_key(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_signature(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_root_crl_missing(const struct check_in *in,
                                       struct finding *f); /* rules_crl.c */
enum outcome tdx_rule_root_crl_malformed(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_root_crl_signature(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_root_crl_expired(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_crl_missing(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_crl_malformed(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_crl_issuer(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_crl_signature(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_crl_expired(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_revoked(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_pck_ca_revoked(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_signing_revoked(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_missing(const struct check_in *in,
                                  struct finding *f); /* rules_document.c */
enum outcome tdx_rule_tcb_malformed(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_chain(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_signature(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_id(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_expired(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_fmspc(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_pceid(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_missing(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_malformed(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_chain(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_id_signature(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_id(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_expired(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_mrsigner(const struct check_in *in, struct finding *f); /* rules_level.c */
enum outcome tdx_rule_qe_isvprodid(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_miscselect(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_attributes(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_module_identity(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_module_mrsigner(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_module_attributes(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_level(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_module_level(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_qe_level(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_tcb_current(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_status_known(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_status(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_date(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_eval(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_advisory(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_debug(const struct check_in *in, struct finding *f); /* rules_td.c */
enum outcome tdx_rule_attributes_reserved(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_attributes(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_xfam(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_mrtd(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_rtmr0(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_rtmr1(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_rtmr2(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_rtmr3(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_mrseam(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_mrconfigid(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_mrowner(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_mrownerconfig(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_mrservicetd(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_ppid(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_ccel_malformed(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_ccel_replay(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_report_data(const struct check_in *in, struct finding *f);
enum outcome tdx_rule_reference_value(const struct check_in *in, struct finding *f);

#endif
