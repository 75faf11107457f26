/* SPDX-License-Identifier: Apache-2.0 */
/* quote.c - see quote.h. */
#include "attest/tdx/quote.h"

#include <string.h>

enum {
    HEADER_LEN = 48,
    VENDOR_LEN = 16,
    USER_DATA_LEN = 20,
    BODY_10_LEN = 584,
    BODY_15_LEN = 648,
    VERSION_4 = 4,
    VERSION_5 = 5,
    POINT_LEN = 64,
};

/* The Quoting Enclave vendor: Intel. */
static const uint8_t VENDOR[VENDOR_LEN] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                           0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

bool
tdx_header_ours(const struct tdx_header *h)
{
    return (h->version == VERSION_4 || h->version == VERSION_5) && h->key_type == TDX_KEY_P256 &&
           h->tee_type == TDX_TEE_TDX &&
           slice_same(h->vendor, (struct slice){VENDOR, sizeof VENDOR});
}

static void
read_header(struct rd *r, struct tdx_header *h)
{
    h->version = rd_le16(r, "version");
    h->key_type = rd_le16(r, "att_key_type");
    h->tee_type = rd_le32(r, "tee_type");
    (void)rd_le32(r, "reserved"); /* SVNs of QE and PCE in older versions; signed */
    h->vendor = rd_bytes(r, "qe_vendor_id", VENDOR_LEN);
    h->user_data = rd_bytes(r, "user_data", USER_DATA_LEN);
}

static size_t
body_len(uint16_t type)
{
    if (type == TDX_BODY_10) {
        return BODY_10_LEN;
    }
    return type == TDX_BODY_15 ? BODY_15_LEN : 0;
}

static void
read_body(struct rd *r, struct tdx_body *b)
{
    b->tee_tcb_svn = rd_bytes(r, "tee_tcb_svn", TDX_COMPONENTS);
    b->mrseam = rd_bytes(r, "mrseam", TDX_MR_LEN);
    b->mrsignerseam = rd_bytes(r, "mrsignerseam", TDX_MR_LEN);
    b->seamattributes = rd_bytes(r, "seamattributes", 8);
    b->td_attributes = rd_le64(r, "tdattributes");
    b->xfam = rd_le64(r, "xfam");
    b->mrtd = rd_bytes(r, "mrtd", TDX_MR_LEN);
    b->mrconfigid = rd_bytes(r, "mrconfigid", TDX_MR_LEN);
    b->mrowner = rd_bytes(r, "mrowner", TDX_MR_LEN);
    b->mrownerconfig = rd_bytes(r, "mrownerconfig", TDX_MR_LEN);
    for (size_t i = 0; i < TDX_RTMRS; i++) {
        b->rtmr[i] = rd_bytes(r, "rtmr", TDX_MR_LEN);
    }
    b->report_data = rd_bytes(r, "reportdata", TDX_REPORT_DATA_LEN);
    if (b->type == TDX_BODY_15) {
        b->tee_tcb_svn2 = rd_bytes(r, "tee_tcb_svn_2", TDX_COMPONENTS);
        b->mrservicetd = rd_bytes(r, "mrservicetd", TDX_MR_LEN);
    }
}

enum err
tdx_body_decode(struct slice in, uint16_t type, struct tdx_body *out, struct why *why)
{
    struct rd r = rd_init(in, "tdx.body");

    *out = (struct tdx_body){.type = type, .size = (uint32_t)body_len(type)};
    if (out->size == 0) {
        return why_add(why, ERR_DENIED, "body type is %u, want %d or %d", type, TDX_BODY_10,
                       TDX_BODY_15);
    }
    read_body(&r, out);
    return rd_end(&r, why);
}

/* Type and size of a v5 body, which must agree; v4 has one kind of body only. */
static enum err
read_descriptor(struct rd *r, struct tdx_quote *q, struct why *why)
{
    q->body.type = TDX_BODY_10;
    q->body.size = BODY_10_LEN;
    if (q->header.version == VERSION_5) {
        q->body.type = rd_le16(r, "body.type");
        q->body.size = rd_le32(r, "body.size");
    }
    if (!rd_ok(r)) {
        return rd_end(r, why);
    }
    if (body_len(q->body.type) == 0) {
        return why_add(why, ERR_DENIED, "body type is %u, want %d (TDX 1.0) or %d (TDX 1.5)",
                       q->body.type, TDX_BODY_10, TDX_BODY_15);
    }
    if (q->body.size != body_len(q->body.type)) {
        return why_add(why, ERR_DENIED, "body type %u with size %u, want %zu", q->body.type,
                       q->body.size, body_len(q->body.type));
    }
    return ERR_OK;
}

/* The QE's certification data: report, signature, authentication data, chain; all of it and nothing more. */
static enum err
read_certification(struct tdx_quote *q, struct why *why)
{
    struct rd r = rd_init(q->certification, "tdx.certification");
    uint32_t size = 0;

    q->qe_report = rd_bytes(&r, "qe_report", TDX_QE_REPORT_LEN);
    q->qe_signature = rd_bytes(&r, "qe_report_signature", POINT_LEN);
    q->qe_auth = rd_bytes(&r, "qe_auth_data", rd_le16(&r, "qe_auth_data.size"));
    q->inner_type = rd_le16(&r, "certification.type");
    size = rd_le32(&r, "certification.size");
    if (rd_ok(&r) && q->inner_type != TDX_CERT_PEM) {
        return why_add(why, ERR_DENIED, "certification data of type %u has no chain, want %d (PEM)",
                       q->inner_type, TDX_CERT_PEM);
    }
    q->chain = rd_bytes(&r, "certification.chain", size);
    return rd_end(&r, why);
}

/* Signature data; bytes that follow it in the file are not signed by anybody and are not read. */
static enum err
read_signature_data(struct rd *r, struct tdx_quote *q, struct why *why)
{
    struct rd s = rd_sub(r, "signature_data", rd_le32(r, "signature_data.size"));
    uint32_t size = 0;

    if (!rd_ok(r)) {
        return why_add(why, ERR_MALFORMED, "tdx.quote: %s does not fit", r->field);
    }
    q->signature = rd_bytes(&s, "signature", POINT_LEN);
    q->ak = rd_bytes(&s, "attestation_key", POINT_LEN);
    q->outer_type = rd_le16(&s, "certification.type");
    size = rd_le32(&s, "certification.size");
    if (rd_ok(&s) && q->outer_type != TDX_CERT_QE) {
        return why_add(why, ERR_DENIED, "outer certification data type is %u, want %d",
                       q->outer_type, TDX_CERT_QE);
    }
    q->certification = rd_bytes(&s, "certification", size);
    TRY(rd_end(&s, why));
    return read_certification(q, why);
}

/* The rest of a quote whose header is ours. */
static enum err
read_rest(struct rd *r, struct tdx_quote *q, struct why *why)
{
    size_t end = 0;

    q->stage = TDX_STAGE_BODY;
    TRY(read_descriptor(r, q, why));
    read_body(r, &q->body);
    end = r->at;
    if (!rd_ok(r)) {
        return why_add(why, ERR_MALFORMED, "tdx.quote: %s at byte %zu does not fit", r->field,
                       r->bad_at);
    }
    q->signed_part = (struct slice){r->in.ptr, end};
    q->stage = TDX_STAGE_CERTIFICATION;
    TRY(read_signature_data(r, q, why));
    q->stage = TDX_STAGE_DONE;
    return ERR_OK;
}

enum err
tdx_quote_decode(struct slice in, struct tdx_quote *out, struct why *why)
{
    struct rd r = rd_init(in, "tdx.quote");

    memset(out, 0, sizeof *out);
    if (in.len > TDX_QUOTE_MAX) {
        return why_add(why, ERR_MALFORMED, "tdx.quote: %zu bytes, at most %d", in.len,
                       TDX_QUOTE_MAX);
    }
    if (in.len < HEADER_LEN) {
        return why_add(why, ERR_MALFORMED, "tdx.quote: %zu bytes, a header has %d", in.len,
                       HEADER_LEN);
    }
    read_header(&r, &out->header);
    if (!tdx_header_ours(&out->header)) {
        return why_add(why, ERR_DENIED, "the header is not that of a TDX quote v4 or v5");
    }
    return read_rest(&r, out, why);
}

struct slice
tdx_body_field(const struct tdx_body *b, unsigned field)
{
    const struct slice at[TDX_FIELDS] = {
        [TDX_MRTD] = b->mrtd,
        [TDX_RTMR0] = b->rtmr[0],
        [TDX_RTMR1] = b->rtmr[1],
        [TDX_RTMR2] = b->rtmr[2],
        [TDX_RTMR3] = b->rtmr[3],
        [TDX_MRSEAM] = b->mrseam,
        [TDX_MRCONFIGID] = b->mrconfigid,
        [TDX_MROWNER] = b->mrowner,
        [TDX_MROWNERCONFIG] = b->mrownerconfig,
        [TDX_MRSERVICETD] = b->mrservicetd,
    };

    return field < TDX_FIELDS ? at[field] : (struct slice){0};
}
