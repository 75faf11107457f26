/* SPDX-License-Identifier: Apache-2.0 */
/* rules_report.c - the structure of a report, its product line, its signature and its chip; see checks.h. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/snp/checks.h"
#include "attest/snp/product.h"

enum {
    VERSION_FIRST = 2, /* 0 and 1 are of firmware before production */
    VERSION_LAST = 5,
    SIGALGO_P384 = 1,
    SIGNING_KEY_VLEK = 1,
    SIGNING_KEY_NONE = 7,
    FLAGS_RESERVED_SHIFT = 5,
    SHOWN_CHIP = 8, /* bytes of a chip id that a message shows */
};

#define POLICY_MUST_BE_ONE (UINT64_C(1) << 17)
#define POLICY_RESERVED    (~UINT64_C(0) << 26)
#define POLICY_MIGRATE_MA  (UINT64_C(1) << 18)

enum outcome
snp_rule_report_length(const struct check_in *in, struct finding *f)
{
    const struct part *p = &in->snp->report_part;

    if (!part_ok(p)) {
        (void)finding_fail(f, "1184 bytes", "%s", p->why);
        return OUTCOME_MALFORMED;
    }
    return finding_pass(f, "1184 bytes");
}

enum outcome
snp_rule_report_version(const struct check_in *in, struct finding *f)
{
    uint32_t v = in->snp->report.version;

    if (v < VERSION_FIRST) {
        return finding_fail(f, "version 2, 3, 4 or 5", "version %" PRIu32 ", before production", v);
    }
    if (v > VERSION_LAST) {
        return finding_fail(f, "version 2, 3, 4 or 5",
                            "version %" PRIu32 ", newer than this verifier knows", v);
    }
    return finding_pass(f, "version %" PRIu32, v);
}

enum outcome
snp_rule_report_sigalgo(const struct check_in *in, struct finding *f)
{
    uint32_t algo = in->snp->report.signature_algo;

    if (algo != SIGALGO_P384) {
        return finding_fail(f, "1 (ECDSA P-384 with SHA-384)", "SIGNATURE_ALGO is %" PRIu32, algo);
    }
    return finding_pass(f, "ECDSA P-384 with SHA-384");
}

enum outcome
snp_rule_report_signing_key(const struct check_in *in, struct finding *f)
{
    const struct snp_report *r = &in->snp->report;

    if (r->flags >> FLAGS_RESERVED_SHIFT != 0) {
        return finding_fail(f, "bits 31:5 of FLAGS zero", "FLAGS is 0x%08" PRIx32, r->flags);
    }
    if (r->signing_key > SIGNING_KEY_VLEK) {
        return finding_fail(
            f, "SIGNING_KEY 0 (VCEK) or 1 (VLEK)", "SIGNING_KEY is %u%s", r->signing_key,
            r->signing_key == SIGNING_KEY_NONE ? " (the report is not signed)" : " (reserved)");
    }
    return finding_pass(f, "%s", r->signing_key == SIGNING_KEY_VLEK ? "VLEK" : "VCEK");
}

enum outcome
snp_rule_report_mask_chip_key(const struct check_in *in, struct finding *f)
{
    if (in->snp->report.mask_chip_key) {
        return finding_fail(f, "MASK_CHIP_KEY 0",
                            "MASK_CHIP_KEY is 1: such a report has no signature");
    }
    return finding_pass(f, "MASK_CHIP_KEY is 0");
}

enum outcome
snp_rule_report_reserved(const struct check_in *in, struct finding *f)
{
    const struct snp_report *r = &in->snp->report;

    if (r->reserved_at >= 0) {
        return finding_fail(f, "reserved bytes zero",
                            "byte 0x%03x is 0x%02x, reserved in version %" PRIu32,
                            (unsigned)r->reserved_at, r->raw.ptr[r->reserved_at], r->version);
    }
    if (!r->signature_high_zero) {
        return finding_fail(f, "the upper 24 bytes of R and S zero",
                            "R or S is longer than 48 bytes");
    }
    return finding_pass(f, "zero");
}

enum outcome
snp_rule_policy_reserved(const struct check_in *in, struct finding *f)
{
    uint64_t p = in->snp->report.policy;

    if (!(p & POLICY_MUST_BE_ONE) || p & POLICY_RESERVED) {
        return finding_fail(f, "bit 17 one, bits 63:26 zero", "POLICY is 0x%" PRIx64, p);
    }
    return finding_pass(f, "0x%" PRIx64, p);
}

enum outcome
snp_rule_platform_info_reserved(const struct check_in *in, struct finding *f)
{
    uint64_t p = in->snp->report.platform_info;

    if (p & ~(uint64_t)SNP_PLATFORM_KNOWN) {
        return finding_fail(f, "bits 63:8 zero", "PLATFORM_INFO is 0x%" PRIx64, p);
    }
    return finding_pass(f, "0x%" PRIx64, p);
}

static bool
all_ones(struct slice s)
{
    bool ones = true;

    for (size_t i = 0; i < s.len; i++) {
        ones = ones && s.ptr[i] == 0xff;
    }
    return ones;
}

enum outcome
snp_rule_report_consistency(const struct check_in *in, struct finding *f)
{
    const struct snp_report *r = &in->snp->report;
    bool has_author = !slice_zero(r->author_key);

    if (r->author_key_en != has_author) {
        return finding_fail(f, "AUTHOR_KEY_DIGEST zero exactly when AUTHOR_KEY_EN is 0",
                            "AUTHOR_KEY_EN is %d and AUTHOR_KEY_DIGEST is %s", r->author_key_en,
                            has_author ? "not zero" : "zero");
    }
    if (!(r->policy & POLICY_MIGRATE_MA) && !all_ones(r->report_id_ma)) {
        return finding_fail(f, "REPORT_ID_MA all 0xFF when POLICY.MIGRATE_MA is 0",
                            "REPORT_ID_MA names a migration agent");
    }
    return finding_pass(f, "consistent");
}

enum outcome
snp_rule_cert_table(const struct check_in *in, struct finding *f)
{
    const struct part *p = &in->snp->table_part;

    if (!p->given) {
        return finding_ignored(f, "none was given");
    }
    if (p->err != ERR_OK) {
        (void)finding_fail(f, "a certificate table in the form of GHCB", "%s", p->why);
        return OUTCOME_MALFORMED;
    }
    return finding_pass(f, "well-formed");
}

/* Every product that the policy takes, for a message. */
static void
products_text(unsigned products, char *dst, size_t cap)
{
    size_t len = 0;

    dst[0] = '\0';
    for (unsigned p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        if (products & 1U << p && len < cap) {
            len += (size_t)snprintf(dst + len, cap - len, "%s%s", len > 0 ? " or " : "",
                                    snp_product_name((enum snp_product)p));
        }
    }
}

static enum outcome
no_product(const struct snp_in *s, struct finding *f)
{
    if (!s->vek_only && s->report.has_cpuid) {
        return finding_fail(f, "Milan, Genoa or Turin", "CPU family 0x%02x model 0x%02x is none",
                            s->report.cpu_family, s->report.cpu_model);
    }
    return finding_fail(f, "Milan, Genoa or Turin",
                        "%s and the issuer of the certificate is no CA of these",
                        s->vek_only ? "there is no report" : "the report (version 2) does not say");
}

enum outcome
snp_rule_product(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const char *name = snp_product_name(s->product);
    char wanted[FINDING_TEXT];

    if (s->product == SNP_PRODUCT_NONE) {
        return no_product(s, f);
    }
    if (s->want->products != 0 && !(s->want->products & 1U << s->product)) {
        products_text(s->want->products, wanted, sizeof wanted);
        return finding_fail(f, wanted, "%s", name);
    }
    return finding_pass(f, "%s", name);
}

enum outcome
snp_rule_report_signature(const struct check_in *in, struct finding *f)
{
    const struct part *p = &in->snp->signature_part;

    if (!p->given) {
        return OUTCOME_NOT_RUN;
    }
    if (part_unable(p)) {
        return finding_unable(f, "a working library", "%s", p->why);
    }
    if (p->err != ERR_OK) {
        return finding_fail(f, "a signature over bytes 0x000 to 0x29F by the VEK", "%s", p->why);
    }
    return finding_pass(f, "by the %s", snp_vek_kind_name(in->snp->vek.out.kind));
}

/* The chip: of the report, or of the certificate when there is none; empty when neither tells. */
static struct slice
chip_of(const struct snp_in *s)
{
    struct slice chip = s->report.chip;

    if (s->vek_only) {
        chip = (struct slice){s->vek.out.hwid, SNP_CHIP_LEN};
    }
    return slice_zero(chip) ? (struct slice){0} : chip;
}

/* A chip that cannot be told satisfies neither kind of list. */
static enum outcome
chip_listed(const struct snp_in *s, const struct snp_values *list, bool want, struct finding *f)
{
    const char *wanted =
        want ? "a chip of the policy's list" : "a chip that the policy does not deny";
    struct slice chip = chip_of(s);
    char hex[2 * SHOWN_CHIP + 1];

    if (s->vek.is_ca) {
        return finding_ignored(f, "an intermediate is of no chip");
    }
    if (chip.len == 0) {
        return finding_fail(f, wanted, "CHIP_ID is masked: it cannot be told");
    }
    hex_encode((struct slice){chip.ptr, SHOWN_CHIP}, hex);
    if (snp_listed(list, chip) != want) {
        return finding_fail(f, wanted, "chip %s..", hex);
    }
    return finding_pass(f, "chip %s..", hex);
}

enum outcome
snp_rule_chip_denied(const struct check_in *in, struct finding *f)
{
    const struct snp_values *deny = &in->snp->want->chip_deny;

    if (!deny->wanted) {
        return finding_ignored(f, "the policy denies no chip");
    }
    return chip_listed(in->snp, deny, false, f);
}

enum outcome
snp_rule_chip_allowed(const struct check_in *in, struct finding *f)
{
    const struct snp_values *allow = &in->snp->want->chip_allow;

    if (!allow->wanted) {
        return finding_ignored(f, "the policy allows every chip");
    }
    return chip_listed(in->snp, allow, true, f);
}
