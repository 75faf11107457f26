/* SPDX-License-Identifier: Apache-2.0 */
/* attest.c - see attest.h. */
#include "attest/attest.h"

#include "attest/snp/appraise.h"
#include "attest/tpm/appraise.h"

static void
verify_tpm(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
           int64_t at_unix, struct appraisal *out)
{
    AUTO(tpm_in_done)
    struct tpm_in t = {
        .ev = &ev->tpm,
        .want = &want->tpm,
        .anchors = &trust->tpm,
        .nonce = want->nonce,
        .binding = want->binding,
        .at_unix = at_unix,
    };

    tpm_in_open(&t);
    tpm_check(&t, &out->verdict);
    tpm_claim(&t, verdict_judge(&out->verdict) == JUDGE_ACCEPT, &out->tpm);
    out->valid_until = tpm_valid_until(&t);
}

static void
verify_snp(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
           int64_t at_unix, struct appraisal *out)
{
    AUTO(snp_in_done)
    struct snp_in s = {
        .ev = &ev->snp,
        .want = &want->snp,
        .anchors = &trust->snp,
        .binding = want->binding,
        .at_unix = at_unix,
    };

    snp_in_open(&s);
    snp_check(&s, &out->verdict);
    snp_claim(&s, verdict_judge(&out->verdict) == JUDGE_ACCEPT, &out->snp);
    out->valid_until = snp_valid_until(&s);
}

static void
begin(struct appraisal *out)
{
    out->verdict.n = 0;
    out->verdict.wanted = 0;
    out->valid_until = INT64_MAX;
    out->tpm = (struct tpm_claims){0};
    out->snp = (struct snp_claims){0};
}

void
attest_verify(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
              int64_t at_unix, struct appraisal *out)
{
    begin(out);
    if (ev->type == EVIDENCE_TPM2) {
        verify_tpm(ev, want, trust, at_unix, out);
        return;
    }
    if (ev->type == EVIDENCE_SEV_SNP) {
        verify_snp(ev, want, trust, at_unix, out);
        return;
    }
    verdict_add(&out->verdict, "evidence.unsupported", "Countersign verify", OUTCOME_UNABLE,
                evidence_name(ev->type), "tpm2 or sev-snp");
}

void
attest_verify_ak_certificate(struct slice der, const struct trust *trust, int64_t at_unix,
                             struct appraisal *out)
{
    const struct tpm_evidence ev = {.ak_certificate = der};
    struct tpm_in t = {.ev = &ev, .anchors = &trust->tpm, .at_unix = at_unix};

    begin(out);
    tpm_certificate_open(der, NULL, &trust->tpm, at_unix, &t.certificate);
    tpm_check_certificate(&t, &out->verdict);
    out->valid_until = t.certificate.valid_until_unix;
}

void
attest_verify_amd_chain(const struct snp_evidence *ev, struct slice ask,
                        const struct expectation *want, const struct trust *trust, int64_t at_unix,
                        struct appraisal *out)
{
    AUTO(snp_in_done)
    struct snp_in s = {
        .ev = ev,
        .want = &want->snp,
        .anchors = &trust->snp,
        .ask = ask,
        .at_unix = at_unix,
        .vek_only = true,
    };

    begin(out);
    snp_in_open(&s);
    snp_check(&s, &out->verdict);
    snp_claim(&s, verdict_judge(&out->verdict) == JUDGE_ACCEPT, &out->snp);
    out->valid_until = snp_valid_until(&s);
}
