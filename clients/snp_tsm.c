/* SPDX-License-Identifier: Apache-2.0 */
/* snp_tsm.c - a report through configfs-tsm (snp.h, tsm.h). */
#include <string.h>

#include "clients/snp.h"
#include "clients/tsm.h"
#include "common/mem.h"

/* auxblob is the certificate table, empty where the host gives none. */
static const struct tsm_kind snp_kind = {"sev_guest", "snp", SNP_REPORT_LEN, SNP_CERT_TABLE_MAX};

enum err
snp_tsm_report(const char *root, const struct snp_ask *ask, struct snp_answer *out, struct fault *f)
{
    struct tsm_ask question = {.level = ask->vmpl};
    struct tsm_answer got AUTO(tsm_answer_done) = {.out = NULL};

    memcpy(question.inblob, ask->report_data, sizeof question.inblob);
    TRY(tsm_report(root, &snp_kind, &question, &got, f));
    if (got.out_len != SNP_REPORT_LEN) {
        return fault_add(f, ERR_UNABLE, "snp", "a report of %zu bytes, want %d", got.out_len,
                         SNP_REPORT_LEN);
    }
    memcpy(out->report, got.out, SNP_REPORT_LEN);
    out->table = got.aux;
    out->table_len = got.aux_len;
    got.aux = NULL;
    return ERR_OK;
}

bool
snp_tsm_there(const char *root)
{
    return tsm_there(root, &snp_kind);
}

void
snp_answer_done(struct snp_answer *a)
{
    mem_free_bytes(&a->table);
    a->table_len = 0;
}
