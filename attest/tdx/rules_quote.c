/* SPDX-License-Identifier: Apache-2.0 */
/* rules_quote.c - the quote's shape and who signed it: chain, QE, attestation key; see checks.h. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/tdx/checks.h"

/* Decoding stopped at this stage because a number there is not one that we take. */
static bool
refused_at(const struct tdx_in *t, enum tdx_stage stage)
{
    return t->quote_part.err == ERR_DENIED && t->quote.stage == stage;
}

enum outcome
tdx_rule_malformed(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (t->quote_part.err == ERR_OK || t->quote_part.err == ERR_DENIED) {
        return finding_pass(f, "%zu bytes", t->ev->quote.len);
    }
    (void)finding_fail(f, "a TDX quote, every length within its container", "%s",
                       t->quote_part.why);
    return OUTCOME_MALFORMED;
}

enum outcome
tdx_rule_version(const struct check_in *in, struct finding *f)
{
    unsigned v = in->tdx->quote.header.version;

    return v == 4 || v == 5 ? finding_pass(f, "%u", v) : finding_fail(f, "4 or 5", "%u", v);
}

enum outcome
tdx_rule_key_type(const struct check_in *in, struct finding *f)
{
    unsigned v = in->tdx->quote.header.key_type;

    return v == TDX_KEY_P256 ? finding_pass(f, "ECDSA P-256")
                             : finding_fail(f, "2 (ECDSA P-256)", "%u", v);
}

enum outcome
tdx_rule_tee_type(const struct check_in *in, struct finding *f)
{
    unsigned v = in->tdx->quote.header.tee_type;

    return v == TDX_TEE_TDX ? finding_pass(f, "TDX")
                            : finding_fail(f, "0x81 (TDX)", "0x%x%s", v, v == 0 ? " (SGX)" : "");
}

enum outcome
tdx_rule_vendor(const struct check_in *in, struct finding *f)
{
    struct tdx_header intel = in->tdx->quote.header;
    char hex[2 * 16 + 1];

    intel.version = 4;
    intel.key_type = TDX_KEY_P256;
    intel.tee_type = TDX_TEE_TDX;
    if (tdx_header_ours(&intel)) {
        return finding_pass(f, "Intel");
    }
    hex_encode(intel.vendor, hex);
    return finding_fail(f, "939a7233f79c4ca9940a0db3957f0607 (Intel)", "%s", hex);
}

enum outcome
tdx_rule_body(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (refused_at(t, TDX_STAGE_BODY)) {
        return finding_fail(f, "type 2 with 584 bytes or type 3 with 648", "%s", t->quote_part.why);
    }
    return finding_pass(f, "TDX %s", t->quote.body.type == TDX_BODY_15 ? "1.5" : "1.0");
}

enum outcome
tdx_rule_cert_type(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (refused_at(t, TDX_STAGE_CERTIFICATION)) {
        return finding_fail(f, "type 6 with a PEM chain (type 5) inside", "%s", t->quote_part.why);
    }
    return finding_pass(f, "QE report with a PEM chain");
}

static enum outcome
before(struct finding *f)
{
    return finding_pass(f, "verified before");
}

/* A part that decoded, or why it did not. */
static enum outcome
part_outcome(const struct part *p, const char *pass, const char *want, struct finding *f)
{
    if (part_ok(p)) {
        return finding_pass(f, "%s", pass);
    }
    if (part_unable(p)) {
        return finding_unable(f, "a working library", "%s", p->why);
    }
    return finding_fail(f, want, "%s", p->why);
}

enum outcome
tdx_rule_pck_chain(const struct check_in *in, struct finding *f)
{
    const struct tdx_platform_facts *p = &in->tdx->platform;

    return p->from_known ? before(f)
                         : part_outcome(&p->chain,
                                        p->out.ca == TDX_CA_PROCESSOR ? "under the PCK Processor CA"
                                                                      : "under the PCK Platform CA",
                                        "PCK leaf, PCK CA and root, each issued by the next", f);
}

enum outcome
tdx_rule_pck_root(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!t->anchor->present) {
        return finding_fail(f, "a trusted Intel root", "no root of Intel is trusted");
    }
    return t->platform.root_pinned
               ? finding_pass(f, "the trusted key")
               : finding_fail(f, "the key of the trusted root", "a root with another key");
}

enum outcome
tdx_rule_pck_validity(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    const struct tdx_platform *p = &t->platform.out;
    char from[RFC3339_LEN + 1];
    char until[RFC3339_LEN + 1];
    char wanted[FINDING_TEXT];
    char now[RFC3339_LEN + 1];

    if (t->at_unix >= p->not_before && t->at_unix <= p->not_after) {
        return finding_pass(f, "in date");
    }
    rfc3339_format(p->not_before, from);
    rfc3339_format(p->not_after, until);
    rfc3339_format(t->at_unix, now);
    (void)snprintf(wanted, sizeof wanted, "between %s and %s, when all three certificates hold",
                   from, until);
    return finding_fail(f, wanted, "it is %s", now);
}

enum outcome
tdx_rule_pck_extension(const struct check_in *in, struct finding *f)
{
    const struct tdx_platform_facts *p = &in->tdx->platform;
    char hex[2 * 6 + 1];

    if (!p->from_known && !part_ok(&p->extension)) {
        return part_outcome(&p->extension, "", "an SGX extension, complete and each item once", f);
    }
    hex_encode((struct slice){p->out.fmspc, sizeof p->out.fmspc}, hex);
    return finding_pass(f, "FMSPC %s", hex);
}

enum outcome
tdx_rule_qe_signature(const struct check_in *in, struct finding *f)
{
    const struct tdx_platform_facts *p = &in->tdx->platform;

    return p->qe_signature_ok ? finding_pass(f, "by the PCK key")
                              : finding_fail(f, "a QE report signed by the PCK key",
                                             "the signature does not verify");
}

enum outcome
tdx_rule_qe_report_data(const struct check_in *in, struct finding *f)
{
    return in->tdx->platform.qe_data_ok
               ? finding_pass(f, "vouches for the attestation key")
               : finding_fail(f, "SHA-256(attestation key || QE auth data), then zeros",
                              "another value");
}

enum outcome
tdx_rule_key(const struct check_in *in, struct finding *f)
{
    const struct tdx_platform_facts *p = &in->tdx->platform;

    return p->from_known ? before(f)
                         : part_outcome(&p->ak, "a point on P-256", "a point on P-256", f);
}

/* A key that is none has its own row. */
enum outcome
tdx_rule_signature(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!part_ok(&t->platform.ak)) {
        return OUTCOME_NOT_RUN;
    }
    return t->signature_ok ? finding_pass(f, "by the attestation key")
                           : finding_fail(f, "a quote signed by the attestation key",
                                          "the signature does not verify");
}
