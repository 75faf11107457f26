/* SPDX-License-Identifier: Apache-2.0 */
/* quote.c - see quote.h. */
#include "attest/tpm/quote.h"

#include "attest/base/rd.h"

enum { SELECTION_MIN = 3 /* bank and sizeofSelect */ };

/* A TPM2B: a 16-bit length and that many bytes, at most `max`. */
static struct slice
read_sized(struct rd *r, const char *field, size_t max)
{
    size_t len = rd_be16(r, field);

    if (len > max) {
        rd_fail(r, field, "longer than the specification allows");
    }
    return rd_bytes(r, field, len);
}

static struct tpm_wire_selection
read_selection(struct rd *r)
{
    struct tpm_wire_selection s = {0};

    s.bank = rd_be16(r, "pcrSelect.hash");
    s.size = rd_u8(r, "pcrSelect.sizeofSelect");
    struct slice map = rd_bytes(r, "pcrSelect.pcrSelect", s.size);
    for (size_t i = 0; i < map.len; i++) {
        if (i < TPM_PCRS / 8) {
            s.mask |= (uint32_t)map.ptr[i] << 8 * i;
        } else if (map.ptr[i] != 0) {
            s.beyond_last = true;
        }
    }
    return s;
}

static void
read_selections(struct rd *r, struct tpm_quote *q)
{
    size_t count = rd_be32(r, "pcrSelect.count");

    if (count > TPM_WIRE_SELECTIONS_MAX) {
        rd_fail(r, "pcrSelect.count", "more selections than any TPM has banks");
    }
    if (count > rd_left(r) / SELECTION_MIN) {
        rd_fail(r, "pcrSelect.count", "more selections than bytes left");
    }
    for (size_t i = 0; i < count && rd_ok(r); i++) {
        q->select[q->select_n++] = read_selection(r);
    }
}

/* TPMI_YES_NO has two values. */
static bool
read_yes_no(struct rd *r, const char *field)
{
    uint8_t v = rd_u8(r, field);

    if (v > 1) {
        rd_fail(r, field, "neither 0 nor 1");
    }
    return v == 1;
}

enum err
tpm_attest_header_decode(struct slice in, struct tpm_attest_header *out, struct why *why)
{
    struct tpm_attest_header h = {0};
    struct rd r = rd_init(in, "TPMS_ATTEST");

    h.magic = rd_be32(&r, "magic");
    h.type = rd_be16(&r, "type");
    (void)rd_bytes(&r, "rest", rd_left(&r));
    TRY(rd_end(&r, why));

    *out = h;
    return ERR_OK;
}

enum err
tpm_quote_decode(struct slice in, struct tpm_quote *out, struct why *why)
{
    struct tpm_quote q = {0};
    struct rd r = rd_init(in, "TPMS_ATTEST");

    if (in.len > TPM_ATTEST_MAX) {
        return why_add(why, ERR_MALFORMED, "TPMS_ATTEST has %zu bytes, at most %d can be", in.len,
                       TPM_ATTEST_MAX);
    }
    (void)rd_be32(&r, "magic");
    (void)rd_be16(&r, "type");
    q.qualified_signer = read_sized(&r, "qualifiedSigner", TPM_NAME_MAX);
    q.extra_data = read_sized(&r, "extraData", TPM_EXTRA_MAX);
    q.clock_ms = rd_be64(&r, "clock");
    q.reset_count = rd_be32(&r, "resetCount");
    q.restart_count = rd_be32(&r, "restartCount");
    q.safe = read_yes_no(&r, "safe");
    q.firmware_version = rd_be64(&r, "firmwareVersion");
    read_selections(&r, &q);
    q.pcr_digest = read_sized(&r, "pcrDigest", HASH_MAX);
    TRY(rd_end(&r, why));

    *out = q;
    return ERR_OK;
}
