/* SPDX-License-Identifier: Apache-2.0 */
/* attest.h - the one header that others include: evidence in, verdict out.
 *
 * attest_verify() is a pure function of its arguments: bytes, expectation, trust anchors and a
 * time.  It reads no clock, file, socket, environment or global.  Everything it is given is
 * borrowed for the call; what it returns in `struct appraisal` owns nothing but points into the
 * evidence bytes where a member says so. */
#ifndef ATTEST_ATTEST_H
#define ATTEST_ATTEST_H

#include "attest/azure/azure.h"
#include "attest/base/binding.h"
#include "attest/base/verdict.h"
#include "attest/snp/snp.h"
#include "attest/tdx/tdx.h"
#include "attest/tpm/tpm.h"
#include "attest/x509/x509.h"

/* One piece of evidence; the member of its type is used. */
struct evidence {
    enum evidence_type type;
    struct tpm_evidence tpm; /* EVIDENCE_TPM2, and the quote of an Azure guest */
    struct snp_evidence snp; /* EVIDENCE_SEV_SNP; of EVIDENCE_AZURE_SEV_SNP all but the report */
    struct tdx_evidence tdx; /* EVIDENCE_TDX, EVIDENCE_AZURE_TDX */
    struct slice hcl;        /* EVIDENCE_AZURE_*: the blob of NV index 0x01400001 */
};

/* What the row of the policy asks of it.  Without binding and nonce freshness is not judged, and
 * the verdict says so. */
struct expectation {
    struct slice binding; /* BINDING_LEN bytes (rules quote.binding and report_data), or empty */
    struct slice nonce;   /* the bare nonce of a quote (rule quote.nonce), or empty */
    struct tpm_expect tpm;
    struct snp_expect snp;
    struct tdx_expect tdx;
};

struct trust {
    struct x509_anchors tpm; /* AK and EK certificates */
    struct snp_anchors snp;  /* AMD's CAs by product; keys borrowed */
    struct tdx_anchor tdx;   /* Intel's root; key borrowed */
};

/* What was established; meaningful only as far as the verdict passed. */
struct appraisal {
    struct verdict verdict;
    /* unix seconds, the least expiry of what the verdict rests on; INT64_MAX: nothing expires */
    int64_t valid_until;
    struct tpm_claims tpm;
    struct snp_claims snp;
    struct tdx_claims tdx;
};

/* Always fills *out; the judgement is verdict_judge(&out->verdict). */
void attest_verify(const struct evidence *ev, const struct expectation *want,
                   const struct trust *trust, int64_t at_unix, struct appraisal *out);

/* Only the rules for the certificate of an attestation key (DER), without the key and a quote. */
void attest_verify_ak_certificate(struct slice der, const struct trust *trust, int64_t at_unix,
                                  struct appraisal *out);

/* Only the rules for the certificate of an endorsement key: `ev` its ek_certificate, and of `want` the tpm.ek_* members. */
void attest_verify_ek_certificate(const struct evidence *ev, const struct expectation *want,
                                  const struct trust *trust, int64_t at_unix,
                                  struct appraisal *out);

/* Only the rules for the event log of a TPM, and what a policy asks of it, without a quote: `ev` its event_log, and perhaps pcrs and
 * pcrsig.  Where the log leads is told in out->tpm.pcr whatever the verdict; that a TPM has these values nobody vouches for. */
void attest_verify_event_log(const struct evidence *ev, const struct expectation *want,
                             struct appraisal *out);

/* A VEK certificate, or an ASK or ASVK in its place, without a report (rows of snp_chain_checks()).  `ask`: an intermediate of the operator's
 * own; empty: the anchors'.  `ev`: vek, crl, product. */
void attest_verify_amd_chain(const struct snp_evidence *ev, struct slice ask,
                             const struct expectation *want, const struct trust *trust,
                             int64_t at_unix, struct appraisal *out);

#endif
