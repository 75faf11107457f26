/* SPDX-License-Identifier: Apache-2.0 */
/* ek_wrapper.c - see ek_wrapper.h. */
#include "attest/tpm/ek_wrapper.h"

#include "attest/base/der.h"

enum { STORED_CERT = 0x1001, FULL_CERT = 0x1002, TYPE_FULL = 0, TAG_LEN = 2 };

static bool
begins_with(struct slice in, unsigned tag)
{
    return in.len >= TAG_LEN && ((unsigned)in.ptr[0] << 8 | in.ptr[1]) == tag;
}

/* TCG_PCCLIENT_STORED_CERT: its length counts the tag of a TCG_FULL_CERT, when there is one, and the certificate.  What follows it
 * is the rest of the NV index. */
static enum err
read_header(struct slice in, struct slice *body, struct slice *rest, struct why *why)
{
    struct rd r = rd_init(in, "TCG_PCCLIENT_STORED_CERT");

    (void)rd_be16(&r, "tag");
    if (rd_u8(&r, "certType") != TYPE_FULL) {
        rd_fail(&r, "certType", "not a full certificate");
    }

    size_t len = rd_be16(&r, "certSize");

    *body = rd_bytes(&r, "cert", len);
    *rest = rd_bytes(&r, "padding", rd_left(&r));
    TRY(rd_end(&r, why));
    if (begins_with(*body, FULL_CERT)) {
        *body = (struct slice){body->ptr + TAG_LEN, body->len - TAG_LEN};
    }
    return ERR_OK;
}

/* 00 and FF are what an erased NV index reads as; 11 has been seen. */
static bool
is_padding(struct slice s, uint8_t value)
{
    bool same = value == 0x00 || value == 0xff || value == 0x11;

    for (size_t i = 0; i < s.len; i++) {
        same = same && s.ptr[i] == value;
    }
    return same;
}

static enum err
split(struct slice body, struct slice rest, struct tpm_ek_wrapped *out, struct why *why)
{
    struct rd r = rd_init(body, "endorsement key certificate");
    struct slice der = der_whole(&r, "Certificate", DER_SEQUENCE);
    struct slice behind = rd_bytes(&r, "padding", rd_left(&r));

    TRY(rd_end(&r, why));

    struct slice first = behind.len > 0 ? behind : rest;

    if (first.len > 0 && !(is_padding(behind, first.ptr[0]) && is_padding(rest, first.ptr[0]))) {
        return why_add(why, ERR_MALFORMED,
                       "endorsement key certificate: %zu bytes behind it are no padding of 00, FF "
                       "or 11",
                       behind.len + rest.len);
    }
    out->der = der;
    out->padding = behind.len + rest.len;
    return ERR_OK;
}

enum err
tpm_ek_unwrap(struct slice in, struct tpm_ek_wrapped *out, struct why *why)
{
    struct tpm_ek_wrapped w = {.header = begins_with(in, STORED_CERT)};
    struct slice body = in;
    struct slice rest = {0};

    if (in.len > TPM_EK_NV_MAX) {
        return why_add(why, ERR_LIMIT, "endorsement key certificate: %zu bytes, at most %d", in.len,
                       TPM_EK_NV_MAX);
    }
    TRY(w.header ? read_header(in, &body, &rest, why) : ERR_OK);
    TRY(split(body, rest, &w, why));
    *out = w;
    return ERR_OK;
}
