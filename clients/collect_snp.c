/* SPDX-License-Identifier: Apache-2.0 */
/* collect_snp.c - the piece of evidence of an SEV-SNP guest (collect.h). */
#include <unistd.h>

#include "clients/collect_piece.h"
#include "clients/snp.h"

static enum err
ask_snp(const struct collection *c, const struct snp_ask *ask, struct snp_answer *out,
        struct fault *f)
{
    if (collect_by_tsm(c, c->want->from.sev_guest)) {
        return snp_tsm_report(c->from.tsm, ask, out, f);
    }
    return snp_device_report(c->from.sev_guest, ask, out, f);
}

/* The table is the host's: of a sound one the VEK is all that a verifier looks at.  One that breaks its rules goes along as it is, so
 * that the verdict can say so. */
static void
add_table(const struct snp_answer *a, json_t *piece)
{
    const struct slice table = {a->table, a->table_len};
    const struct slice report = {a->report, SNP_REPORT_LEN};
    struct slice vek = {0};
    struct snp_need need = {0};
    struct why why = {0};

    if (table.len == 0) {
        return;
    }
    if (snp_need_read(report, &need, &why) != ERR_OK ||
        snp_cert_table_vek(table, need.kind, &vek, &why) != ERR_OK) {
        json_set_bytes(piece, "cert_table", table);
    } else if (vek.len > 0) {
        json_set_bytes(piece, "vek", vek);
    }
}

enum err
collect_snp(struct collection *c, struct fault *f)
{
    struct snp_ask ask = {.vmpl = c->want->vmpl};
    struct snp_answer answer AUTO(snp_answer_done) = {.table = NULL};
    json_t *piece = NULL;

    TRY(collect_report_data(c, EVIDENCE_SEV_SNP, ask.report_data, f));
    TRY(ask_snp(c, &ask, &answer, f));
    piece = json_pack("{s:s}", "type", "sev-snp");
    json_set_bytes(piece, "report", (struct slice){answer.report, SNP_REPORT_LEN});
    add_table(&answer, piece);
    (void)json_array_append_new(c->pieces, piece);
    return ERR_OK;
}

bool
collect_snp_there(const struct collection *c)
{
    return access(c->from.sev_guest, F_OK) == 0 || snp_tsm_there(c->from.tsm);
}
