/* SPDX-License-Identifier: Apache-2.0 */
/* rules_crl.c - whether AMD has taken back the intermediate that vouches for a VEK; see checks.h.
 *
 * A list that is missing, or not in its time, leaves the question open; a later try with another list may answer it.  An
 * intermediate that we know to be revoked is refused with any list and without one. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/snp/checks.h"

static enum outcome
turned_off(struct finding *f)
{
    return finding_ignored(f, "the policy turns revocation off");
}

static bool
is_off(const struct snp_in *s)
{
    return s->want->crl == SNP_CRL_OFF;
}

/* Nothing that a later row could judge. */
static bool
unread(const struct snp_in *s)
{
    return is_off(s) || !part_ok(&s->crl.decode);
}

static enum outcome
set_aside(const struct snp_in *s, struct finding *f)
{
    if (is_off(s)) {
        return turned_off(f);
    }
    return finding_ignored(
        f, "%s", s->crl.present ? "the CRL was not read: crl.malformed" : "no CRL is at hand");
}

enum outcome
snp_rule_crl_missing(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    char wanted[FINDING_TEXT];

    if (is_off(s)) {
        return turned_off(f);
    }
    if (s->crl.present) {
        return s->ev->crl.len > 0 ? finding_pass(f, "%zu bytes", s->ev->crl.len)
                                  : finding_pass(f, "verified before");
    }
    if (s->want->crl == SNP_CRL_IF_PRESENT) {
        return finding_ignored(f, "no CRL is at hand, and the policy does not require one");
    }
    (void)snprintf(wanted, sizeof wanted, "the CRL of ARK-%s",
                   snp_product_name(s->vek.issuer_product));
    return finding_unable(f, wanted, "no CRL is at hand");
}

enum outcome
snp_rule_crl_malformed(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct part *p = &s->crl.decode;

    if (is_off(s) || !s->crl.present) {
        return set_aside(s, f);
    }
    if (p->err == ERR_MALFORMED || p->err == ERR_LIMIT) {
        (void)finding_fail(f, "one CRL of version 2 with nextUpdate, DER or PEM", "%s", p->why);
        return OUTCOME_MALFORMED;
    }
    if (p->err != ERR_OK) {
        return finding_unable(f, "a CRL that may be relied on", "%s", p->why);
    }
    return finding_pass(f, "a CRL of version 2");
}

enum outcome
snp_rule_crl_signature(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    char wanted[FINDING_TEXT];

    if (unread(s)) {
        return set_aside(s, f);
    }
    if (s->vek.root == NULL) {
        return finding_fail(f, "an ARK among the roots", "nobody to verify the CRL with");
    }
    (void)snprintf(wanted, sizeof wanted, "a CRL signed by %s with RSASSA-PSS and SHA-384",
                   s->vek.root->cn);
    if (!s->crl.issuer_ok) {
        return finding_fail(f, wanted, "a CRL of another issuer");
    }
    if (!s->crl.signature_ok) {
        return finding_fail(f, wanted, "the signature does not verify");
    }
    return finding_pass(f, "by %s", s->vek.root->cn);
}

enum outcome
snp_rule_crl_stale(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    char from[RFC3339_LEN + 1];
    char until[RFC3339_LEN + 1];
    char at[RFC3339_LEN + 1];
    char wanted[FINDING_TEXT];

    if (unread(s)) {
        return set_aside(s, f);
    }
    rfc3339_format(s->crl.this_update, from);
    rfc3339_format(s->crl.next_update, until);
    if (s->at_unix < s->crl.this_update || s->at_unix > s->crl.next_update) {
        rfc3339_format(s->at_unix, at);
        (void)snprintf(wanted, sizeof wanted, "a CRL for the time %s", at);
        return finding_unable(f, wanted, "thisUpdate %s, nextUpdate %s", from, until);
    }
    return finding_pass(f, "until %s", until);
}

static enum outcome
revoked(const struct snp_in *s, int64_t since, const char *source, struct finding *f)
{
    const struct slice serial = snp_vek_intermediate_serial(&s->vek);
    char hex[2 * sizeof s->vek.given.serial + 1];
    char date[RFC3339_LEN + 1];

    hex_encode(serial, hex);
    rfc3339_format(since, date);
    return finding_fail(f, "an intermediate that is not revoked", "serial 0x%s revoked %s, %s", hex,
                        date, source);
}

enum outcome
snp_rule_crl_revoked(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;

    if (s->vek.given_revoked) {
        return revoked(s, s->vek.given_revoked_since, "by AMD, which we know without a CRL", f);
    }
    if (unread(s)) {
        return set_aside(s, f);
    }
    if (!s->crl.signature_ok) {
        return finding_ignored(f, "not believed: crl.signature");
    }
    if (s->crl.revoked) {
        return revoked(s, s->crl.revoked_since, "says the CRL", f);
    }
    return finding_pass(f, "the intermediate is not in the CRL");
}
