/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - see report.h.  Versions differ in which bytes are reserved: CPUID came with 3, mitigation vectors with 5.  A newer
 * version is read as 5, for its rule to refuse by name. */

#include "attest/snp/report.h"
#include "attest/snp/product.h"

enum {
    CPUID_SINCE = 3,
    MIT_SINCE = 5,
    NUMBER_LEN = 48,  /* bytes of R and S that count */
    NUMBER_ROOM = 72, /* bytes that the report gives each */
    SIGNATURE_RESERVED = 368,
};

enum { FLAG_AUTHOR_KEY_EN = 1 << 0, FLAG_MASK_CHIP_KEY = 1 << 1, SIGNING_KEY_SHIFT = 2 };

/* Bytes that must be zero are no reason not to decode: where the first other one is, is noted. */
static void
reserved(struct rd *r, const char *field, size_t len, struct snp_report *out)
{
    size_t begin = r->at;
    struct slice s = rd_bytes(r, field, len);

    if (out->reserved_at >= 0 || slice_zero(s)) {
        return;
    }
    for (size_t i = 0; i < s.len && out->reserved_at < 0; i++) {
        out->reserved_at = s.ptr[i] != 0 ? (int)(begin + i) : -1;
    }
}

/* 0x000 to 0x04F. */
static void
head(struct rd *r, struct snp_report *out)
{
    out->version = rd_le32(r, "VERSION");
    out->guest_svn = rd_le32(r, "GUEST_SVN");
    out->policy = rd_le64(r, "POLICY");
    out->family_id = rd_bytes(r, "FAMILY_ID", SNP_ID_LEN);
    out->image_id = rd_bytes(r, "IMAGE_ID", SNP_ID_LEN);
    out->vmpl = rd_le32(r, "VMPL");
    out->signature_algo = rd_le32(r, "SIGNATURE_ALGO");
    rd_copy(r, "CURRENT_TCB", out->current, sizeof out->current);
    out->platform_info = rd_le64(r, "PLATFORM_INFO");
    out->flags = rd_le32(r, "FLAGS");
    out->author_key_en = out->flags & FLAG_AUTHOR_KEY_EN;
    out->mask_chip_key = out->flags & FLAG_MASK_CHIP_KEY;
    out->signing_key = out->flags >> SIGNING_KEY_SHIFT & 7;
    reserved(r, "reserved after FLAGS", 4, out);
}

/* 0x050 to 0x187. */
static void
identity(struct rd *r, struct snp_report *out)
{
    out->report_data = rd_bytes(r, "REPORT_DATA", SNP_REPORT_DATA_LEN);
    out->measurement = rd_bytes(r, "MEASUREMENT", SNP_MEASUREMENT_LEN);
    out->host_data = rd_bytes(r, "HOST_DATA", SNP_HOST_DATA_LEN);
    out->id_key = rd_bytes(r, "ID_KEY_DIGEST", SNP_KEY_DIGEST_LEN);
    out->author_key = rd_bytes(r, "AUTHOR_KEY_DIGEST", SNP_KEY_DIGEST_LEN);
    out->report_id = rd_bytes(r, "REPORT_ID", SNP_REPORT_ID_LEN);
    out->report_id_ma = rd_bytes(r, "REPORT_ID_MA", SNP_REPORT_ID_LEN);
    rd_copy(r, "REPORTED_TCB", out->reported, sizeof out->reported);
}

static void
cpuid(struct rd *r, struct snp_report *out)
{
    out->has_cpuid = out->version >= CPUID_SINCE;
    if (!out->has_cpuid) {
        reserved(r, "reserved after REPORTED_TCB", 3, out);
        return;
    }
    out->cpu_family = rd_u8(r, "CPUID_FAM_ID");
    out->cpu_model = rd_u8(r, "CPUID_MOD_ID");
    out->cpu_stepping = rd_u8(r, "CPUID_STEP");
}

/* BUILD, MINOR, MAJOR and a reserved byte. */
static uint32_t
firmware(struct rd *r, const char *field, struct snp_report *out)
{
    uint32_t build = rd_u8(r, field);
    uint32_t minor = rd_u8(r, field);
    uint32_t major = rd_u8(r, field);

    reserved(r, field, 1, out);
    return major << 16 | minor << 8 | build;
}

static void
mitigations(struct rd *r, struct snp_report *out)
{
    out->has_mit = out->version >= MIT_SINCE;
    if (!out->has_mit) {
        reserved(r, "reserved after LAUNCH_TCB", 16, out);
        return;
    }
    out->mit_launch = rd_le64(r, "LAUNCH_MIT_VECTOR");
    out->mit_current = rd_le64(r, "CURRENT_MIT_VECTOR");
}

/* 0x188 to 0x29F. */
static void
platform(struct rd *r, struct snp_report *out)
{
    cpuid(r, out);
    reserved(r, "reserved after CPUID_STEP", 21, out);
    out->chip = rd_bytes(r, "CHIP_ID", SNP_CHIP_LEN);
    rd_copy(r, "COMMITTED_TCB", out->committed, sizeof out->committed);
    out->firmware_current = firmware(r, "CURRENT version", out);
    out->firmware_committed = firmware(r, "COMMITTED version", out);
    rd_copy(r, "LAUNCH_TCB", out->launch, sizeof out->launch);
    mitigations(r, out);
    reserved(r, "reserved before SIGNATURE", 152, out);
}

/* One little-endian number of 72 bytes, to 48 big-endian ones. */
static bool
number(struct rd *r, const char *field, uint8_t dst[NUMBER_LEN])
{
    struct slice low = rd_bytes(r, field, NUMBER_LEN);
    struct slice high = rd_bytes(r, field, NUMBER_ROOM - NUMBER_LEN);

    for (size_t i = 0; i < low.len; i++) {
        dst[NUMBER_LEN - 1 - i] = low.ptr[i];
    }
    return slice_zero(high);
}

enum err
snp_report_decode(struct slice raw, struct snp_report *out, struct why *why)
{
    struct snp_report got = {.raw = raw, .reserved_at = -1};
    struct rd r = rd_init(raw, "ATTESTATION_REPORT");

    if (raw.len != SNP_REPORT_LEN) {
        return why_add(why, ERR_MALFORMED, "%zu bytes, not %d", raw.len, SNP_REPORT_LEN);
    }
    head(&r, &got);
    identity(&r, &got);
    platform(&r, &got);
    got.signed_part = (struct slice){raw.ptr, SNP_SIGNED_LEN};
    got.signature_high_zero = number(&r, "SIGNATURE.R", got.signature);
    got.signature_high_zero &= number(&r, "SIGNATURE.S", got.signature + NUMBER_LEN);
    reserved(&r, "reserved after SIGNATURE", SIGNATURE_RESERVED, &got);
    TRY(rd_end(&r, why));
    *out = got;
    return ERR_OK;
}

enum snp_product
snp_report_product(const struct snp_report *r)
{
    return r->has_cpuid ? snp_product_by_cpu(r->cpu_family, r->cpu_model) : SNP_PRODUCT_NONE;
}
