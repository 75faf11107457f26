/* SPDX-License-Identifier: Apache-2.0 */
/* hcl.c - the HCL report: header, hardware report, and the runtime claims with their own header (azure.h has the source).
 *
 * Nothing but the hardware report and, through its REPORT_DATA, the claims is signed, so every other byte must be the one value that
 * the layout allows. */
#include "attest/azure/azure.h"

#include "attest/base/rd.h"

enum {
    HEADER_LEN = 32,
    REPORT_LEN = 1184,
    CLAIMS_HEADER_LEN = 20,
    FIXED_LEN = HEADER_LEN + REPORT_LEN + CLAIMS_HEADER_LEN,
    CLAIMS_VERSION = 1,
};

#define SIGNATURE UINT32_C(0x414c4348) /* "HCLA" */

static void
want(struct rd *r, bool holds, const char *field, const char *cause)
{
    if (!holds) {
        rd_fail(r, field, cause);
    }
}

/* The length of everything up to the end of the claims, as the header says it. */
static uint32_t
header(struct rd *r, struct azure_hcl *out)
{
    uint32_t size = 0;

    want(r, rd_le32(r, "signature") == SIGNATURE, "signature", "not \"HCLA\"");
    out->version = rd_le32(r, "version");
    want(r, out->version == 1 || out->version == 2, "version", "neither 1 nor 2");
    size = rd_le32(r, "report_size");
    out->request_type = rd_le32(r, "request_type");
    rd_zero(r, "status", 4);
    rd_zero(r, "reserved", 12);
    return size;
}

static enum azure_hardware
hardware(uint32_t type)
{
    switch (type) {
    case AZURE_HW_SNP: return AZURE_HW_SNP;
    case AZURE_HW_TDX: return AZURE_HW_TDX;
    default: return AZURE_HW_NONE;
    }
}

static void
claims(struct rd *r, uint32_t report_size, struct azure_hcl *out)
{
    uint32_t data_size = rd_le32(r, "data_size");
    uint32_t len = 0;

    want(r, rd_le32(r, "data_version") == CLAIMS_VERSION, "data_version", "not 1");
    out->hardware = hardware(rd_le32(r, "report_type"));
    out->hash_type = rd_le32(r, "hash_type");
    len = rd_le32(r, "claims_size");
    want(r, len > 0 && len <= AZURE_CLAIMS_MAX, "claims_size", "zero, or over AZURE_CLAIMS_MAX");
    want(r, data_size == CLAIMS_HEADER_LEN + len, "data_size", "not that of the claims");
    want(r, report_size == FIXED_LEN + len, "report_size", "not that of report and claims");
    out->claims = rd_bytes(r, "claims", len);
}

enum err
azure_hcl_decode(struct slice blob, struct azure_hcl *out, struct why *why)
{
    struct azure_hcl h = {0};
    struct rd r = rd_init(blob, "hcl");
    uint32_t size = 0;

    if (blob.len > AZURE_HCL_MAX) {
        return why_add(why, ERR_MALFORMED, "hcl: %zu bytes, at most %d", blob.len, AZURE_HCL_MAX);
    }
    size = header(&r, &h);
    h.report = rd_bytes(&r, "report", REPORT_LEN);
    claims(&r, size, &h);
    rd_zero(&r, "after the claims", rd_left(&r));
    TRY(rd_end(&r, why));
    *out = h;
    return ERR_OK;
}
