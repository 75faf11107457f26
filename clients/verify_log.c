/* SPDX-License-Identifier: Apache-2.0 */
/* verify_log.c - `countersign verify event-log` of a TPM's log: its form, where it leads, and what a policy asks of it.  Nobody
 * vouches for the values here; that takes a quote (`verify tpm --event-log`). */
#include "clients/verify_log.h"

#include <stdio.h>

#include "attest/base/text.h"
#include "clients/verify_claims.h"
#include "clients/verify_input.h"
#include "common/json.h"

struct inputs {
    struct verify_base base;
    struct verify_file log, pcrs, pcrsig;
    struct verify_pcrs values;
};

static void
inputs_done(struct inputs *in)
{
    verify_file_done(&in->log);
    verify_file_done(&in->pcrs);
    verify_file_done(&in->pcrsig);
    verify_base_done(&in->base);
}

static enum err
judge(const struct verify_log_files *files, const struct verify_common *common, struct inputs *in,
      struct appraisal *out, struct why *why)
{
    const struct verify_load loads[] = {
        {files->log, &in->log, false},
        {files->pcrs, &in->pcrs, false},
        {files->pcrsig, &in->pcrsig, false},
    };
    const struct verify_plan plan = {EVIDENCE_TPM2, common, loads, sizeof loads / sizeof loads[0]};
    bool ready = false;

    TRY(verify_prepare(&plan, &in->base, &ready, out, why));
    if (!ready || !verify_pcrs_read(&in->pcrs, false, &in->values, out)) {
        return ERR_OK;
    }

    const struct evidence ev = {
        .type = EVIDENCE_TPM2,
        .tpm = {.event_log = verify_bytes(&in->log),
                .pcrsig = verify_bytes(&in->pcrsig),
                .pcrs = in->values.pcr,
                .pcrs_n = in->values.n},
    };

    attest_verify_event_log(&ev, &in->base.row->want, out);
    return ERR_OK;
}

enum err
verify_log(const struct verify_log_files *files, const struct verify_common *common, int *code,
           struct why *why)
{
    AUTO(inputs_done) struct inputs in = {0};
    AUTO(json_free) json_t *claims = NULL;
    struct appraisal out;

    TRY(judge(files, common, &in, &out, why));
    claims = log_claims_json(&out);
    *code = verify_print_claims(&out, claims, "The log leads to:",
                                "the log is sound; that a TPM has these values, only a quote says",
                                common->json);
    return ERR_OK;
}
