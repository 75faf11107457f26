/* SPDX-License-Identifier: Apache-2.0 */
/* run_tdx.c - TDX quotes, bare and under Azure's paravisor; see run.h.
 *
 * On Azure the TD quote vouches for the claims, the claims for the vTPM's key, the key for the quote with our binding.  The TD
 * report inside the HCL blob is not signed for anybody else: what counts is REPORTDATA of the quote. */
#include "attest/run.h"

#include "attest/tdx/appraise.h"
#include "attest/tpm/appraise.h"

static struct tdx_in
tdx_of(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
       int64_t at_unix)
{
    return (struct tdx_in){
        .ev = &ev->tdx,
        .want = &want->tdx,
        .anchor = &trust->tdx,
        .binding = want->binding,
        .at_unix = at_unix,
    };
}

void
run_tdx(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
        int64_t at_unix, struct appraisal *out)
{
    AUTO(tdx_in_done) struct tdx_in t = tdx_of(ev, want, trust, at_unix);

    tdx_in_open(&t);
    tdx_check(&t, &out->verdict);
    tdx_claim(&t, &out->verdict, &out->tdx);
    out->valid_until = tdx_valid_until(&t);
}

struct azure_run {
    struct azure_in azure;
    struct tdx_in tdx;
    struct tpm_evidence tpm_ev;
    struct tpm_expect tpm_want;
    struct tpm_in tpm;
};

static void
azure_run_done(struct azure_run *r)
{
    tpm_in_done(&r->tpm);
    tdx_in_done(&r->tdx);
    azure_in_done(&r->azure);
}

static void
azure_run_open(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
               int64_t at_unix, struct azure_run *r)
{
    azure_in_open(ev->hcl, AZURE_HW_TDX, &r->azure);
    r->tdx = tdx_of(ev, want, trust, at_unix);
    r->tdx.binding = (struct slice){0};
    r->tdx.paravisor = true;
    tdx_in_open(&r->tdx);
    r->azure.report_data = r->tdx.quote.body.report_data;
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
    tpm_in_open(&r->tpm);
}

/* A vTPM's quote has nothing to be judged by where the key could not be read: its rows are not run. */
static void
azure_run_check(const struct azure_run *r, struct verdict *v)
{
    const struct check_in in = {.azure = &r->azure};
    size_t n = 0;
    const struct check *table = azure_checks(&n);

    verdict_run(v, table, n, &in);
    tdx_check(&r->tdx, v);
    if (azure_has_key(&r->azure)) {
        tpm_check(&r->tpm, v);
    } else {
        table = tpm_checks(&n);
        verdict_skip(v, table, n);
    }
}

void
run_azure_tdx(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
              int64_t at_unix, struct appraisal *out)
{
    struct azure_run r AUTO(azure_run_done) = {0};
    int64_t tpm_until = 0;

    azure_run_open(ev, want, trust, at_unix, &r);
    azure_run_check(&r, &out->verdict);
    tdx_claim(&r.tdx, &out->verdict, &out->tdx);
    tpm_claim(&r.tpm, verdict_judge(&out->verdict) == JUDGE_ACCEPT, &out->tpm);
    out->valid_until = tdx_valid_until(&r.tdx);
    tpm_until = tpm_valid_until(&r.tpm);
    out->valid_until = tpm_until < out->valid_until ? tpm_until : out->valid_until;
}
