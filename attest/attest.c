/* SPDX-License-Identifier: Apache-2.0 */
/* attest.c - see attest.h. */
#include "attest/attest.h"

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

void
attest_verify(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
              int64_t at_unix, struct appraisal *out)
{
    out->verdict.n = 0;
    out->verdict.wanted = 0;
    out->valid_until = INT64_MAX;
    if (ev->type == EVIDENCE_TPM2) {
        verify_tpm(ev, want, trust, at_unix, out);
        return;
    }
    out->tpm = (struct tpm_claims){0};
    verdict_add(&out->verdict, "evidence.unsupported", "DESIGN 2", OUTCOME_UNABLE,
                evidence_name(ev->type), "tpm2");
}
