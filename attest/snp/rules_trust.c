/* SPDX-License-Identifier: Apache-2.0 */
/* rules_trust.c - why the key that signed the report may be believed to be AMD's for that chip and firmware; see checks.h.
 *
 * The facts are in struct snp_vek_facts (vek.c).  A certificate that was verified before passes its own rows; what compares it
 * with the report, the time and the policy is judged again.  Sources: AMD 57230; spec of each row in checks.c. */
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "attest/snp/checks.h"

enum { SERIAL_TEXT = 2 * 20 + 3, CHIP_SHOWN = 8 };

struct serial_text {
    char text[SERIAL_TEXT];
};

static struct serial_text
serial_text(const struct snp_ca *ca)
{
    struct serial_text out = {"0x"};

    hex_encode((struct slice){ca->serial, ca->serial_len}, out.text + 2);
    return out;
}

/* Rows after vek.missing and vek.malformed have nothing to judge when one of those refused. */
static bool
unread(const struct snp_in *s)
{
    return !part_ok(&s->vek.decode);
}

static enum outcome
set_aside(const struct snp_in *s, struct finding *f)
{
    return finding_ignored(f, "%s",
                           s->vek.present ? "the certificate was not read: vek.malformed"
                                          : "no certificate: vek.missing");
}

static enum outcome
before(struct finding *f)
{
    return finding_pass(f, "verified before");
}

/* ours: a fault of the verifier is never the evidence's. */
static enum outcome
part_refuse(const struct part *p, const char *wanted, struct finding *f)
{
    if (part_unable(p)) {
        return finding_unable(f, "a working library", "%s", p->why);
    }
    return finding_fail(f, wanted, "%s", p->why);
}

enum outcome
snp_rule_vek_missing(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    enum snp_product product =
        s->report_product != SNP_PRODUCT_NONE ? s->report_product : s->ev->product;
    const struct slice chip = {s->report.chip.ptr, s->report.chip.len < CHIP_SHOWN
                                                       ? s->report.chip.len
                                                       : (size_t)CHIP_SHOWN};
    const struct snp_tcb tcb = snp_tcb_of(product, s->report.reported);
    char chip_hex[2 * CHIP_SHOWN + 1];
    char tcb_text[SNP_TCB_TEXT];
    char wanted[FINDING_TEXT];

    if (s->vek.from_known) {
        return before(f);
    }
    if (s->vek.present) {
        return finding_pass(f, "%s", s->ev->vek.len > 0 ? "sent" : "in the certificate table");
    }
    hex_encode(chip, chip_hex);
    snp_tcb_format(product, &tcb, tcb_text);
    (void)snprintf(wanted, sizeof wanted, "the %s of %s, chip %s.., %s",
                   s->report.signing_key == 1 ? "VLEK" : "VCEK",
                   product == SNP_PRODUCT_NONE ? "its product" : snp_product_name(product),
                   chip_hex, product == SNP_PRODUCT_NONE ? "for its REPORTED_TCB" : tcb_text);
    return finding_unable(f, wanted, "neither sent nor at hand");
}

enum outcome
snp_rule_vek_malformed(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct part *p = &s->vek.decode;

    if (!s->vek.present) {
        return set_aside(s, f);
    }
    if (p->err == ERR_MALFORMED || p->err == ERR_LIMIT) {
        (void)finding_fail(f, "one X.509 certificate, DER or PEM, and nothing after it", "%s",
                           p->why);
        return OUTCOME_MALFORMED;
    }
    if (p->err != ERR_OK) {
        return part_refuse(p, "X.509 version 3 and a key on P-384", f);
    }
    return s->vek.from_known ? before(f) : finding_pass(f, "\"%s\"", s->vek.subject_cn);
}

enum outcome
snp_rule_vek_extensions(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (s->vek.from_known) {
        return before(f);
    }
    if (s->vek.is_ca) {
        return finding_ignored(f, "an intermediate has none of AMD's extensions");
    }
    if (!part_ok(&s->vek.extensions)) {
        return part_refuse(&s->vek.extensions, "AMD's extensions, each once and in DER", f);
    }
    return finding_pass(f, "complete");
}

enum outcome
snp_rule_chain_root(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    char wanted[FINDING_TEXT];

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (s->vek.issuer_product == SNP_PRODUCT_NONE) {
        return finding_fail(f, "SEV-Milan, SEV-Genoa, SEV-Turin or SEV-VLEK- with one of those",
                            "issued by \"%s\"", s->vek.issuer_cn);
    }
    if (s->vek.root == NULL) {
        (void)snprintf(wanted, sizeof wanted, "ARK-%s among the roots",
                       snp_product_name(s->vek.issuer_product));
        return finding_fail(f, wanted, "no root for %s", snp_product_name(s->vek.issuer_product));
    }
    return finding_pass(f, "%s, serial %s", s->vek.root->cn, serial_text(s->vek.root).text);
}

/* The one among the anchors. */
static enum outcome
own_intermediate(const struct snp_in *s, struct finding *f)
{
    const struct snp_ca *ca = s->vek.issuer;
    char wanted[FINDING_TEXT];

    if (s->vek.issuer_kind == SNP_VEK_NONE) {
        return finding_fail(f, "an ASK or ASVK of AMD", "issued by \"%s\"", s->vek.issuer_cn);
    }
    if (ca == NULL) {
        (void)snprintf(wanted, sizeof wanted, "%s among the roots", s->vek.issuer_cn);
        return finding_fail(f, wanted, "it is not there");
    }
    return finding_pass(f, "%s, serial %s", ca->cn, serial_text(ca).text);
}

enum outcome
snp_rule_chain_intermediate(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (!s->vek.given_part.given) {
        return own_intermediate(s, f);
    }
    if (!part_ok(&s->vek.given_part)) {
        return part_refuse(&s->vek.given_part,
                           s->vek.is_ca ? "AMD's profile of an ASK or ASVK"
                                        : "the certificate's issuer, under its product's ARK",
                           f);
    }
    return finding_pass(f, "%s, serial %s, as given", s->vek.given.cn,
                        serial_text(&s->vek.given).text);
}

enum outcome
snp_rule_vek_issuer(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (s->vek.from_known) {
        return before(f);
    }
    if (!part_ok(&s->vek.issuer_name)) {
        return part_refuse(&s->vek.issuer_name, "AMD's distinguished name", f);
    }
    return finding_pass(f, "\"%s\" of Advanced Micro Devices", s->vek.issuer_cn);
}

enum outcome
snp_rule_vek_algorithm(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (s->vek.from_known) {
        return before(f);
    }
    if (!part_ok(&s->vek.algorithm)) {
        return part_refuse(&s->vek.algorithm,
                           "RSASSA-PSS, SHA-384, MGF1 with SHA-384, a salt of 48 bytes", f);
    }
    return finding_pass(f, "RSASSA-PSS with SHA-384");
}

enum outcome
snp_rule_chain_signature(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct snp_ca *ca = s->vek.issuer;
    char wanted[FINDING_TEXT];

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (ca == NULL) {
        return finding_ignored(f, "no key to verify it with: chain.root, chain.intermediate");
    }
    if (s->vek.from_known) {
        return before(f);
    }
    if (!part_ok(&s->vek.algorithm)) {
        return finding_ignored(f, "not verified: vek.algorithm");
    }
    if (!s->vek.signature_ok) {
        (void)snprintf(wanted, sizeof wanted, "signed by %s, serial %s", ca->cn,
                       serial_text(ca).text);
        return finding_fail(f, wanted, "the signature does not verify");
    }
    return finding_pass(f, "by %s", ca->cn);
}

/* `what` is not in its window: say so. */
static bool
out_of_date(const char *what, int64_t from, int64_t until, int64_t at, struct finding *f)
{
    char text[3][RFC3339_LEN + 1];
    char wanted[FINDING_TEXT];

    if (at >= from && at <= until) {
        return false;
    }
    rfc3339_format(from, text[0]);
    rfc3339_format(until, text[1]);
    rfc3339_format(at, text[2]);
    (void)snprintf(wanted, sizeof wanted, "a time in it; this is %s", text[2]);
    (void)finding_fail(f, wanted, "%s valid %s to %s", what, text[0], text[1]);
    return true;
}

static bool
ca_out_of_date(const struct snp_ca *ca, int64_t at, struct finding *f)
{
    return ca != NULL && out_of_date(ca->cn, ca->not_before, ca->not_after, at, f);
}

enum outcome
snp_rule_vek_validity(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct snp_vek_facts *v = &s->vek;
    char until[RFC3339_LEN + 1];

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (out_of_date("certificate", v->not_before, v->not_after, s->at_unix, f) ||
        ca_out_of_date(v->issuer, s->at_unix, f) || ca_out_of_date(v->root, s->at_unix, f)) {
        return OUTCOME_FAIL;
    }
    rfc3339_format(v->out.not_after, until);
    return finding_pass(f, "until %s", until);
}

/* That the certificate is of one kind through and through. */
static bool
kind_mixed(const struct snp_vek_facts *v, struct finding *f)
{
    bool vlek = v->subject_kind == SNP_VLEK;

    if (!part_ok(&v->subject_name)) {
        (void)part_refuse(&v->subject_name, "AMD's distinguished name", f);
        return true;
    }
    if (v->subject_kind == SNP_VEK_NONE) {
        (void)finding_fail(f, "SEV-VCEK or SEV-VLEK", "\"%s\"", v->subject_cn);
        return true;
    }
    if (v->issuer_kind != v->subject_kind) {
        (void)finding_fail(f, vlek ? "an issuer of VLEKs" : "an issuer of VCEKs",
                           "%s issued by \"%s\"", v->subject_cn, v->issuer_cn);
        return true;
    }
    if (v->ext.has_hwid == vlek || v->ext.has_csp_id != vlek) {
        (void)finding_fail(f, vlek ? "CSP_ID and no hwID" : "hwID and no CSP_ID",
                           "%s with%s hwID and with%s CSP_ID", v->subject_cn,
                           v->ext.has_hwid ? "" : "out", v->ext.has_csp_id ? "" : "out");
        return true;
    }
    return false;
}

static enum snp_vek_kind
kind_of(unsigned signing_key)
{
    static const enum snp_vek_kind KINDS[] = {SNP_VCEK, SNP_VLEK};

    return signing_key < sizeof KINDS / sizeof KINDS[0] ? KINDS[signing_key] : SNP_VEK_NONE;
}

static enum outcome
kind_of_report(const struct snp_in *s, struct finding *f)
{
    enum snp_vek_kind signer = kind_of(s->report.signing_key);
    char wanted[FINDING_TEXT];

    if (!s->vek_only && s->vek.out.kind != signer) {
        (void)snprintf(wanted, sizeof wanted, "a %s, as SIGNING_KEY %u of the report says",
                       snp_vek_kind_name(signer), s->report.signing_key);
        return finding_fail(f, wanted, "a %s", snp_vek_kind_name(s->vek.out.kind));
    }
    return finding_pass(f, "a %s", snp_vek_kind_name(s->vek.out.kind));
}

enum outcome
snp_rule_vek_kind(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (s->vek.is_ca && s->vek_only) {
        return finding_ignored(f, "an intermediate, not a VEK");
    }
    if (s->vek.is_ca) {
        return finding_fail(f, "a VCEK or VLEK", "a CA, \"%s\"", s->vek.subject_cn);
    }
    if (!s->vek.from_known && kind_mixed(&s->vek, f)) {
        return OUTCOME_FAIL;
    }
    return kind_of_report(s, f);
}

/* "Milan-B0" is Milan: the stepping behind the dash is B0 on others, too. */
static bool
line_is(struct slice name, enum snp_product product)
{
    const struct slice want = slice_text(snp_product_name(product));
    const uint8_t *dash = name.len > 0 ? memchr(name.ptr, '-', name.len) : NULL;
    const struct slice line = {name.ptr, dash != NULL ? (size_t)(dash - name.ptr) : name.len};

    return slice_same(line, want);
}

/* Somebody else's word on the product, when there is one. */
static bool
product_differs(enum snp_product said, const char *who, enum snp_product product, struct finding *f)
{
    char wanted[FINDING_TEXT];

    if (said == SNP_PRODUCT_NONE || said == product) {
        return false;
    }
    (void)snprintf(wanted, sizeof wanted, "%s, as %s", snp_product_name(said), who);
    (void)finding_fail(f, wanted, "a certificate for %s", snp_product_name(product));
    return true;
}

enum outcome
snp_rule_vek_product(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    enum snp_product product = s->vek.issuer_product;
    bool own_word = !s->vek.from_known && !s->vek.is_ca;
    char wanted[FINDING_TEXT];

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (own_word && !line_is(s->vek.ext.product_name, product)) {
        return finding_fail(f, snp_product_name(product), "productName \"%s\" under \"%s\"",
                            text_show(s->vek.ext.product_name).text, s->vek.issuer_cn);
    }
    if (own_word && s->vek.ext.struct_version != snp_vek_struct_version(product)) {
        (void)snprintf(wanted, sizeof wanted, "structVersion %llu for %s",
                       (unsigned long long)snp_vek_struct_version(product),
                       snp_product_name(product));
        return finding_fail(f, wanted, "structVersion %llu",
                            (unsigned long long)s->vek.ext.struct_version);
    }
    if ((!s->vek_only && product_differs(s->report_product, "the report's CPUID", product, f)) ||
        product_differs(s->ev->product, "was asked for", product, f)) {
        return OUTCOME_FAIL;
    }
    return finding_pass(f, "%s", snp_product_name(product));
}

enum outcome
snp_rule_vek_csp_id(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct slice csp = slice_text(s->vek.out.csp_id);

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (s->want->csp_id_n == 0) {
        return csp.len > 0 ? finding_ignored(f, "any is accepted; it is \"%s\"", s->vek.out.csp_id)
                           : finding_ignored(f, "any is accepted");
    }
    for (size_t i = 0; i < s->want->csp_id_n; i++) {
        if (csp.len > 0 && slice_same(s->want->csp_id[i], csp)) {
            return finding_pass(f, "\"%s\"", s->vek.out.csp_id);
        }
    }

    char wanted[FINDING_TEXT];

    (void)snprintf(wanted, sizeof wanted, "one of %zu, the first \"%s\"", s->want->csp_id_n,
                   text_show(s->want->csp_id[0]).text);
    return csp.len > 0 ? finding_fail(f, wanted, "\"%s\"", s->vek.out.csp_id)
                       : finding_fail(f, wanted, "none: not a VLEK");
}

enum outcome
snp_rule_vek_tcb(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    enum snp_product product = s->vek.out.product;
    const struct snp_tcb reported = snp_tcb_of(product, s->report.reported);
    char seen[SNP_TCB_TEXT];
    char wanted[SNP_TCB_TEXT];

    if (unread(s) || !part_ok(&s->report_part)) {
        return set_aside(s, f);
    }
    if (!s->vek.from_known && !s->vek.ext.reserved_spl_zero) {
        return finding_fail(f, "zero", "spl4 to spl7 of the certificate are not zero");
    }
    snp_tcb_format(product, &reported, seen);
    if (memcmp(&reported, &s->vek.out.tcb, sizeof reported) != 0) {
        snp_tcb_format(product, &s->vek.out.tcb, wanted);
        return finding_fail(f, wanted, "REPORTED_TCB: %s", seen);
    }
    return finding_pass(f, "%s", seen);
}

static enum outcome
masked_chip(const struct snp_in *s, struct finding *f)
{
    if (s->vek.out.kind != SNP_VLEK) {
        return finding_fail(f, "the chip that the VCEK is for", "CHIP_ID is masked (all zero)");
    }
    if (!s->want->allow_masked_chip) {
        return finding_fail(f, "a CHIP_ID, or allow_masked_chip in the policy",
                            "CHIP_ID is masked (all zero)");
    }
    return finding_pass(f, "masked, as the policy allows with a VLEK");
}

enum outcome
snp_rule_vek_hwid(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct snp_vek *v = &s->vek.out;
    char seen[2 * SNP_CHIP_LEN + 1];
    char wanted[2 * SNP_CHIP_LEN + 1];

    if (unread(s) || !part_ok(&s->report_part)) {
        return set_aside(s, f);
    }
    if (slice_zero(s->report.chip)) {
        return masked_chip(s, f);
    }
    if (v->kind == SNP_VLEK) {
        return finding_ignored(f, "a VLEK is for no chip in particular");
    }
    hex_encode(s->report.chip, seen);
    hex_encode((struct slice){v->hwid, v->hwid_len}, wanted);
    if (v->hwid_len == 0 || !slice_same(s->report.chip, (struct slice){v->hwid, SNP_CHIP_LEN})) {
        return finding_fail(f, wanted, "CHIP_ID %s", seen);
    }
    return finding_pass(f, "%s", wanted);
}
