/* SPDX-License-Identifier: Apache-2.0 */
/* td_quote.c - see td_quote.h. */
#include "clients/td_quote.h"

#include "attest/azure/azure.h"
#include "attest/tdx/tdx.h"
#include "clients/evidence.h"
#include "clients/qgs.h"
#include "common/json.h"
#include "common/mem.h"

/* The paravisor's field for a hardware report is longer than a TD report. */
static enum err
take_report(struct slice hcl, struct slice *report, struct fault *f)
{
    struct azure_hcl h = {0};

    if (azure_hcl_decode(hcl, &h, &f->why) != ERR_OK) {
        return fault_add(f, ERR_UNABLE, "td_quote", "the HCL report cannot be read");
    }
    if (h.hardware != AZURE_HW_TDX || h.report.len < TD_REPORT_LEN) {
        return fault_add(f, ERR_UNABLE, "td_quote", "the HCL report holds no TD report");
    }
    *report = (struct slice){h.report.ptr, TD_REPORT_LEN};
    return ERR_OK;
}

enum err
td_quote_take(const char *url, struct slice hcl, char **text, struct fault *f)
{
    json_t *body AUTO(json_free) = json_object();
    json_t *answer AUTO(json_free) = NULL;
    const struct metadata_ask ask = {
        .url = url, .code = "td_quote", .body = body, .wait_ms = TD_QUOTE_MS};
    struct slice report = {0};
    uint8_t *quote AUTO(mem_free_bytes) = NULL;
    const char *given = NULL;
    size_t len = 0;

    TRY(take_report(hcl, &report, f));
    json_set_bytes(body, "report", report);
    TRY(metadata_get(&ask, &answer, f));
    given = json_string_value(json_object_get(answer, "quote"));
    if (given == NULL ||
        json_b64url(given, "quote", TDX_QUOTE_MAX, &quote, &len, &f->why) != ERR_OK || len == 0) {
        return fault_add(f, ERR_UNABLE, "td_quote", "%s: no usable quote", url);
    }
    *text = mem_text(slice_text(given));
    return ERR_OK;
}
