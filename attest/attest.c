/* SPDX-License-Identifier: Apache-2.0 */
/* attest.c - see attest.h. */
#include "attest/attest.h"

#include "attest/run.h"
#include "attest/snp/appraise.h"
#include "attest/tpm/appraise.h"

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

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

/* The hardware report vouches for the claims, the claims for the key, the key for the quote; nothing that the guest sends beside
 * them names a key.  A link that fails does not keep the others from being judged: the verdict is all of them together. */
struct azure_run {
    struct azure_in azure;
    struct snp_evidence snp_ev;
    struct snp_in snp;
    struct tpm_evidence tpm_ev;
    struct tpm_expect tpm_want;
    struct tpm_in tpm;
};

static void
azure_run_done(struct azure_run *r)
{
    tpm_in_done(&r->tpm);
    snp_in_done(&r->snp);
    azure_in_done(&r->azure);
}

static void
azure_run_open(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
               int64_t at_unix, struct azure_run *r)
{
    azure_in_open(ev->hcl, AZURE_HW_SNP, &r->azure);
    r->snp_ev = ev->snp;
    r->snp_ev.report = r->azure.hcl.report;
    r->snp = (struct snp_in){
        .ev = &r->snp_ev,
        .want = &want->snp,
        .anchors = &trust->snp,
        .at_unix = at_unix,
        .paravisor = true,
    };
    r->tpm_ev = ev->tpm;
    r->tpm_ev.ak = (struct slice){0};
    r->tpm_ev.ak_pem = (struct slice){0};
    r->tpm_ev.ak_tee = azure_has_key(&r->azure) ? &r->azure.claims.ak : NULL;
    r->tpm_want = want->tpm;
    r->tpm_want.ak_trust_allowed = AK_TRUST_TEE_EVIDENCE;
    r->tpm = (struct tpm_in){
        .ev = &r->tpm_ev,
        .want = &r->tpm_want,
        .anchors = &trust->tpm,
        .nonce = want->nonce,
        .binding = want->binding,
        .at_unix = at_unix,
    };
    snp_in_open(&r->snp);
    tpm_in_open(&r->tpm);
}

/* What has nothing to judge is not run, so that the one reason stands alone. */
static void
azure_run_check(const struct azure_run *r, struct verdict *v)
{
    const struct check_in in = {.azure = &r->azure};
    size_t n = 0;
    const struct check *table = azure_checks(&n);

    verdict_run(v, table, n, &in);
    if (azure_has_report(&r->azure)) {
        snp_check(&r->snp, v);
    } else {
        table = snp_checks(&n);
        verdict_skip(v, table, n);
    }
    if (azure_has_key(&r->azure)) {
        tpm_check(&r->tpm, v);
    } else {
        table = tpm_checks(&n);
        verdict_skip(v, table, n);
    }
}

static void
verify_azure_snp(const struct evidence *ev, const struct expectation *want,
                 const struct trust *trust, int64_t at_unix, struct appraisal *out)
{
    struct azure_run r AUTO(azure_run_done) = {0};
    bool passed = false;

    azure_run_open(ev, want, trust, at_unix, &r);
    azure_run_check(&r, &out->verdict);
    passed = verdict_judge(&out->verdict) == JUDGE_ACCEPT;
    snp_claim(&r.snp, passed, &out->snp);
    tpm_claim(&r.tpm, passed, &out->tpm);
    out->valid_until = least(snp_valid_until(&r.snp), tpm_valid_until(&r.tpm));
}

static void
begin(struct appraisal *out)
{
    out->verdict.n = 0;
    out->verdict.wanted = 0;
    out->valid_until = INT64_MAX;
    out->tpm = (struct tpm_claims){0};
    out->snp = (struct snp_claims){0};
    out->tdx = (struct tdx_claims){0};
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
    if (ev->type == EVIDENCE_AZURE_SEV_SNP) {
        verify_azure_snp(ev, want, trust, at_unix, out);
        return;
    }
    if (ev->type == EVIDENCE_TDX) {
        run_tdx(ev, want, trust, at_unix, out);
        return;
    }
    if (ev->type == EVIDENCE_AZURE_TDX) {
        run_azure_tdx(ev, want, trust, at_unix, out);
        return;
    }
    verdict_add(&out->verdict, "evidence.unsupported", "Countersign verify", OUTCOME_UNABLE,
                evidence_name(ev->type), "tpm2, sev-snp, tdx, azure-sev-snp or azure-tdx");
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
attest_verify_ek_certificate(const struct evidence *ev, const struct expectation *want,
                             const struct trust *trust, int64_t at_unix, struct appraisal *out)
{
    AUTO(tpm_in_done)
    struct tpm_in t = {
        .ev = &ev->tpm,
        .want = &want->tpm,
        .anchors = &trust->tpm,
        .at_unix = at_unix,
    };

    begin(out);
    tpm_ek_open(&t);
    tpm_check_ek(&t, &out->verdict);
    out->valid_until = tpm_valid_until(&t);
}

void
attest_verify_event_log(const struct evidence *ev, const struct expectation *want,
                        struct appraisal *out)
{
    struct tpm_in t = {.ev = &ev->tpm, .want = &want->tpm, .log_only = true};

    begin(out);
    tpm_open_log(&t);
    tpm_check_log(&t, &out->verdict);
    tpm_claim_log(&t, &out->tpm);
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
