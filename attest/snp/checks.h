/* SPDX-License-Identifier: Apache-2.0 */
/* checks.h - the rules for an SNP report and the key that signed it.
 *
 * Decoding and the certificate's arithmetic are done before a rule runs (snp/appraise.c); a rule reads struct snp_in and
 * nothing else.  Order and ids: snp.h. */
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
    int64_t at_unix;
    bool
        vek_only; /* a certificate without a report (`verify amd-chain`): rows about the report are not in the table */

    struct part report_part, table_part;
    struct snp_report report;
    enum snp_product report_product; /* by CPUID; NONE in v2 */
    enum snp_product product; /* settled: CPUID, else the verified VEK's issuer, else ev->product */
    struct snp_vek_facts vek; /* vek.h: every fact that the rows about the certificate read */
    struct snp_crl_facts crl; /* crl.h */
    bool signature_ok;        /* the report's, by the VEK's key */
    bool signature_run;
    bool paravisor; /* Azure: REPORT_DATA belongs to the paravisor; rows of attest/azure judge it */
};

/* The tables, for running and for printing. */
const struct check *snp_checks(size_t *n);
const struct check *snp_chain_checks(size_t *n); /* rows of a certificate alone */

/* What a row says, in one sentence; NULL for an id that is in no table. */
const char *snp_check_what(const char *id);

/* The compound that holds; NULL. */
const struct snp_golden *snp_golden_of(const struct snp_in *in);

#endif
