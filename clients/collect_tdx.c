/* SPDX-License-Identifier: Apache-2.0 */
/* collect_tdx.c - the piece of evidence of a TDX guest (collect.h). */
#include <string.h>
#include <unistd.h>

#include "attest/tdx/ccel.h"
#include "clients/collect_piece.h"
#include "clients/tdx.h"
#include "common/json.h"
#include "common/mem.h"

static enum err
ask_tdx(const struct collection *c, const uint8_t report_data[TDX_REPORT_DATA_LEN],
        struct tdx_answer *out, struct fault *f)
{
    const struct places *named = &c->want->from;

    if (collect_by_tsm(c, named->tdx_guest != NULL ? named->tdx_guest : named->qgs)) {
        return tdx_tsm_quote(c->from.tsm, report_data, out, f);
    }
    return tdx_device_quote(c->from.tdx_guest, c->from.qgs, report_data, out, f);
}

/* The area of the log is mostly fill, which nobody needs.  A log that breaks its rules goes along as it is, so that the verdict can say so. */
static size_t
log_used(struct slice log)
{
    struct ccel_replay replay;
    struct why why = {0};

    return ccel_replay(log, &replay, &why) == ERR_OK ? replay.used : log.len;
}

/* A file that was named must serve.  The usual one is shown where it is there and may be read: whether a log is needed is the policy's
 * to say. */
static enum err
add_log(const struct collection *c, json_t *piece, struct fault *f)
{
    const char *named = c->want->from.ccel;
    uint8_t *log AUTO(mem_free_bytes) = NULL;
    size_t len = 0;

    if (strcmp(c->from.ccel, "off") == 0 || (named == NULL && access(c->from.ccel, R_OK) != 0)) {
        return ERR_OK;
    }
    if (file_read(c->from.ccel, TDX_CCEL_MAX, &log, &len, &f->why) != ERR_OK) {
        return fault_add(f, ERR_UNABLE, "ccel", "the event log %s", c->from.ccel);
    }
    json_set_bytes(piece, "ccel", (struct slice){log, log_used((struct slice){log, len})});
    return ERR_OK;
}

enum err
collect_tdx(struct collection *c, struct fault *f)
{
    uint8_t report_data[TDX_REPORT_DATA_LEN];
    struct tdx_answer answer AUTO(tdx_answer_done) = {.quote = NULL};
    json_t *piece AUTO(json_free) = json_pack("{s:s}", "type", "tdx");

    TRY(collect_report_data(c, EVIDENCE_TDX, report_data, f));
    TRY(ask_tdx(c, report_data, &answer, f));
    json_set_bytes(piece, "quote", (struct slice){answer.quote, answer.len});
    TRY(add_log(c, piece, f));
    (void)json_array_append(c->pieces, piece);
    return ERR_OK;
}

bool
collect_tdx_there(const struct collection *c)
{
    return access(c->from.tdx_guest, F_OK) == 0 || tdx_tsm_there(c->from.tsm);
}
