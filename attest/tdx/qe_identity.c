/* SPDX-License-Identifier: Apache-2.0 */
/* qe_identity.c - enclaveIdentity version 2 of id "TD_QE" (PCS API v4, "Enclave Identity V2"). */
#include "attest/tdx/document.h"

#include <string.h>

/* MISCSELECT is written as the hex of a number; the report has it little-endian. */
static void
turn(uint8_t four[4])
{
    uint8_t a = four[0];
    uint8_t b = four[1];

    four[0] = four[3];
    four[1] = four[2];
    four[2] = b;
    four[3] = a;
}

static enum err
miscselect(struct slice object, struct tdx_qe_identity *out, struct why *why)
{
    TRY(tdx_json_hex(object, "miscselect", out->miscselect, sizeof out->miscselect, why));
    TRY(tdx_json_hex(object, "miscselectMask", out->miscselect_mask, sizeof out->miscselect_mask,
                     why));
    turn(out->miscselect);
    turn(out->miscselect_mask);
    return ERR_OK;
}

static enum err
attributes(struct slice object, struct tdx_qe_identity *out, struct why *why)
{
    uint64_t prodid = 0;

    TRY(tdx_json_hex(object, "attributes", out->attributes, sizeof out->attributes, why));
    TRY(tdx_json_hex(object, "attributesMask", out->attributes_mask, sizeof out->attributes_mask,
                     why));
    TRY(tdx_json_hex(object, "mrsigner", out->mrsigner, sizeof out->mrsigner, why));
    TRY(tdx_json_number(object, "isvprodid", UINT16_MAX, &prodid, why));
    out->isvprodid = (uint16_t)prodid;
    return ERR_OK;
}

static enum err
header(struct slice object, struct tdx_qe_identity *out, struct why *why)
{
    uint64_t version = 0;
    uint64_t eval = 0;

    TRY(tdx_json_text(object, "id", &out->id, why));
    TRY(tdx_json_number(object, "version", UINT32_MAX, &version, why));
    TRY(tdx_json_number(object, "tcbEvaluationDataNumber", UINT32_MAX, &eval, why));
    TRY(tdx_json_time(object, "issueDate", &out->issued, why));
    TRY(tdx_json_time(object, "nextUpdate", &out->next_update, why));
    out->version = (uint32_t)version;
    out->eval = (uint32_t)eval;
    return ERR_OK;
}

enum err
tdx_qe_identity_decode(struct slice object, struct tdx_qe_identity *out, struct why *why)
{
    memset(out, 0, sizeof *out);
    TRY(header(object, out, why));
    TRY(miscselect(object, out, why));
    TRY(attributes(object, out, why));
    return tdx_levels_isvsvn(object, out->level, TDX_LEVELS_MAX, &out->levels, why);
}
