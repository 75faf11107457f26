/* SPDX-License-Identifier: Apache-2.0 */
/* collect_azure.c - the pieces of evidence of a guest under Azure's paravisor (collect.h): what the vTPM holds and signs, and what the host
 * adds to it. */
#include <string.h>

#include "attest/azure/azure.h"
#include "clients/collect_piece.h"
#include "clients/nv.h"
#include "clients/td_quote.h"
#include "clients/thim.h"
#include "common/json.h"
#include "common/mem.h"

/* Where the paravisor keeps what it shows (attest/azure/azure.h). */
enum { HCL_INDEX = 0x01400001 };

static const char azure_ak[] = "0x81000003";

struct hcl_blob {
    uint8_t *bytes; /* owned */
    size_t len;
};

static void
hcl_done(struct hcl_blob *h)
{
    mem_free_bytes(&h->bytes);
}

/* HCL report and quote, from one TPM. */
static enum err
read_vtpm(const struct collection *c, enum evidence_type type, struct hcl_blob *hcl, json_t *piece,
          struct fault *f)
{
    struct device d AUTO(device_close) = {0};
    struct ak ak AUTO(ak_done) = {0};
    uint8_t binding[BINDING_LEN];

    TRY(collect_bind(c, type, binding, f));
    TRY(device_open(c->want->tpm.tcti, &d, f));
    TRY(nv_read(&d, HCL_INDEX, AZURE_HCL_MAX, &hcl->bytes, &hcl->len, f));
    TRY(ak_open(&d, azure_ak, &ak, f));
    json_set_bytes(piece, "hcl", (struct slice){hcl->bytes, hcl->len});
    return evidence_quote(&ak, c->want->tpm.pcrs, binding, piece, f);
}

/* Without it the verifier looks in its own store. */
static void
add_host_vek(const char *url, json_t *piece)
{
    char *pem AUTO(mem_free_text) = NULL;
    struct fault ignored = {0};

    if (strcmp(url, "off") != 0 && thim_vek(url, &pem, &ignored) == ERR_OK) {
        json_set_bytes(piece, "vek", slice_text(pem));
    }
}

enum err
collect_azure_snp(struct collection *c, struct fault *f)
{
    struct hcl_blob hcl AUTO(hcl_done) = {0};
    json_t *piece AUTO(json_free) = json_pack("{s:s}", "type", "azure-sev-snp");

    TRY(read_vtpm(c, EVIDENCE_AZURE_SEV_SNP, &hcl, piece, f));
    add_host_vek(c->from.thim, piece);
    (void)json_array_append(c->pieces, piece);
    return ERR_OK;
}

/* Without the quote there is nothing to verify: the TD report alone is worth nothing off the machine. */
enum err
collect_azure_tdx(struct collection *c, struct fault *f)
{
    struct hcl_blob hcl AUTO(hcl_done) = {0};
    char *quote AUTO(mem_free_text) = NULL;
    json_t *piece AUTO(json_free) = json_pack("{s:s}", "type", "azure-tdx");

    TRY(read_vtpm(c, EVIDENCE_AZURE_TDX, &hcl, piece, f));
    TRY(td_quote_take(c->from.td_quote, (struct slice){hcl.bytes, hcl.len}, &quote, f));
    (void)json_object_set_new(piece, "td_quote", json_string(quote));
    (void)json_array_append(c->pieces, piece);
    return ERR_OK;
}

enum evidence_type
collect_azure_there(const struct collection *c)
{
    struct device d AUTO(device_close) = {0};
    struct hcl_blob hcl AUTO(hcl_done) = {0};
    struct azure_hcl report = {0};
    struct fault ignored = {0};

    if (device_open(c->want->tpm.tcti, &d, &ignored) != ERR_OK ||
        nv_read(&d, HCL_INDEX, AZURE_HCL_MAX, &hcl.bytes, &hcl.len, &ignored) != ERR_OK) {
        return EVIDENCE_NONE;
    }
    if (azure_hcl_decode((struct slice){hcl.bytes, hcl.len}, &report, &ignored.why) == ERR_OK &&
        report.hardware == AZURE_HW_TDX) {
        return EVIDENCE_AZURE_TDX;
    }
    return EVIDENCE_AZURE_SEV_SNP;
}
