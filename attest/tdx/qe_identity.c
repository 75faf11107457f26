/* SPDX-License-Identifier: Apache-2.0 */
/* qe_identity.c - enclaveIdentity version 2 of id "TD_QE" (PCS API v4, "Enclave Identity V2"). */
#include "attest/tdx/document.h"

#include <string.h>

#include "attest/base/json_view.h"

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

enum {
    QE_ID,
    QE_VERSION,
    QE_EVAL,
    QE_ISSUED,
    QE_NEXT,
    QE_MISCSELECT,
    QE_MISCSELECT_MASK,
    QE_ATTRIBUTES,
    QE_ATTRIBUTES_MASK,
    QE_MRSIGNER,
    QE_PRODID,
    QE_LEVELS,
    QE_MEMBERS
};

static const char *const NAMES[QE_MEMBERS] = {
    [QE_ID] = "id",
    [QE_VERSION] = "version",
    [QE_EVAL] = "tcbEvaluationDataNumber",
    [QE_ISSUED] = "issueDate",
    [QE_NEXT] = "nextUpdate",
    [QE_MISCSELECT] = "miscselect",
    [QE_MISCSELECT_MASK] = "miscselectMask",
    [QE_ATTRIBUTES] = "attributes",
    [QE_ATTRIBUTES_MASK] = "attributesMask",
    [QE_MRSIGNER] = "mrsigner",
    [QE_PRODID] = "isvprodid",
    [QE_LEVELS] = "tcbLevels",
};

static enum err
miscselect(const struct slice m[QE_MEMBERS], struct tdx_qe_identity *out, struct why *why)
{
    TRY(tdx_json_hex(m[QE_MISCSELECT], NAMES[QE_MISCSELECT], out->miscselect,
                     sizeof out->miscselect, why));
    TRY(tdx_json_hex(m[QE_MISCSELECT_MASK], NAMES[QE_MISCSELECT_MASK], out->miscselect_mask,
                     sizeof out->miscselect_mask, why));
    turn(out->miscselect);
    turn(out->miscselect_mask);
    return ERR_OK;
}

static enum err
attributes(const struct slice m[QE_MEMBERS], struct tdx_qe_identity *out, struct why *why)
{
    uint64_t prodid = 0;

    TRY(tdx_json_hex(m[QE_ATTRIBUTES], NAMES[QE_ATTRIBUTES], out->attributes,
                     sizeof out->attributes, why));
    TRY(tdx_json_hex(m[QE_ATTRIBUTES_MASK], NAMES[QE_ATTRIBUTES_MASK], out->attributes_mask,
                     sizeof out->attributes_mask, why));
    TRY(tdx_json_hex(m[QE_MRSIGNER], NAMES[QE_MRSIGNER], out->mrsigner, sizeof out->mrsigner, why));
    TRY(tdx_json_number(m[QE_PRODID], NAMES[QE_PRODID], UINT16_MAX, &prodid, why));
    out->isvprodid = (uint16_t)prodid;
    return ERR_OK;
}

static enum err
header(const struct slice m[QE_MEMBERS], struct tdx_qe_identity *out, struct why *why)
{
    uint64_t version = 0;
    uint64_t eval = 0;

    TRY(tdx_json_text(m[QE_ID], NAMES[QE_ID], &out->id, why));
    TRY(tdx_json_number(m[QE_VERSION], NAMES[QE_VERSION], UINT32_MAX, &version, why));
    TRY(tdx_json_number(m[QE_EVAL], NAMES[QE_EVAL], UINT32_MAX, &eval, why));
    TRY(tdx_json_time(m[QE_ISSUED], NAMES[QE_ISSUED], &out->issued, why));
    TRY(tdx_json_time(m[QE_NEXT], NAMES[QE_NEXT], &out->next_update, why));
    out->version = (uint32_t)version;
    out->eval = (uint32_t)eval;
    return ERR_OK;
}

enum err
tdx_qe_identity_decode(struct slice object, struct tdx_qe_identity *out, struct why *why)
{
    struct slice m[QE_MEMBERS];

    memset(out, 0, sizeof *out);
    (void)json_view_find(object, NAMES, QE_MEMBERS, m);
    TRY(header(m, out, why));
    TRY(miscselect(m, out, why));
    TRY(attributes(m, out, why));
    return tdx_levels_isvsvn(m[QE_LEVELS], out->level, TDX_LEVELS_MAX, &out->levels, why);
}
