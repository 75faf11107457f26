/* SPDX-License-Identifier: Apache-2.0 */
/* quote.h - a TDX quote decoded, every length against its container; nothing is judged but shape.
 *
 * Source: Intel TDX DCAP Quoting Library API, appendix A (quote v4 and v5, QE certification data). */
#ifndef ATTEST_TDX_QUOTE_H
#define ATTEST_TDX_QUOTE_H

#include "attest/base/rd.h"
#include "attest/tdx/tdx.h"

enum {
    TDX_KEY_P256 = 2,
    TDX_TEE_TDX = 0x81,
    TDX_BODY_10 = 2, /* TD report of TDX 1.0, 584 bytes */
    TDX_BODY_15 = 3, /* of TDX 1.5, 648 bytes */
    TDX_CERT_QE = 6,
    TDX_CERT_PEM = 5,
    TDX_QE_REPORT_LEN = 384,
};

struct tdx_header {
    uint16_t version, key_type;
    uint32_t tee_type;
    struct slice vendor, user_data;
};

struct tdx_body {
    uint16_t type; /* TDX_BODY_*; in v4 TDX_BODY_10 */
    uint32_t size;
    struct slice tee_tcb_svn, mrseam, mrsignerseam, seamattributes;
    uint64_t td_attributes, xfam;
    struct slice mrtd, mrconfigid, mrowner, mrownerconfig, rtmr[TDX_RTMRS], report_data;
    struct slice tee_tcb_svn2, mrservicetd; /* TDX_BODY_15; empty otherwise */
};

/* How far decoding came: what is not ours by number is told apart from what does not fit. */
enum tdx_stage { TDX_STAGE_HEADER = 0, TDX_STAGE_BODY, TDX_STAGE_CERTIFICATION, TDX_STAGE_DONE };

struct tdx_quote {
    enum tdx_stage
        stage; /* the first part that is known and not taken, or does not fit; DONE: none */
    struct slice signed_part; /* header || [type, size] || body */
    struct tdx_header header;
    struct tdx_body body;
    struct slice signature, ak; /* 64 bytes each */
    uint16_t outer_type;
    struct slice certification; /* contents of the outer certification data */
    struct slice qe_report, qe_signature, qe_auth;
    uint16_t inner_type;
    struct slice chain; /* PEM, as delivered */
};

/* Version, key type, TEE type and vendor are the ones that this decoder is for. */
bool tdx_header_ours(const struct tdx_header *h);

/* Header and, when it is ours, the rest.  ERR_MALFORMED names the field that does not fit.  ERR_DENIED: the header is not ours
 * (stage HEADER), or a body or certification type is not taken. */
enum err tdx_quote_decode(struct slice in, struct tdx_quote *out, struct why *why) MUST_USE;

/* Fields of a TD report body of this type (584 or 648 bytes). */
enum err tdx_body_decode(struct slice in, uint16_t type, struct tdx_body *out,
                         struct why *why) MUST_USE;

/* A field by its number (enum in tdx.h); empty when the body has none. */
struct slice tdx_body_field(const struct tdx_body *b, unsigned field);

#endif
