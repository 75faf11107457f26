/* SPDX-License-Identifier: Apache-2.0 */
/* rules_trust.c - why the attestation key may be believed to live in a real TPM; see checks.h.
 *
 * A certificate that was given is judged even when the key is trusted in another way: what a
 * client shows must be right.  A key without a public area is trusted only as pinned-key, or because TEE evidence names it, whatever
 * certificate it has, because its attributes cannot be seen. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/tpm/checks.h"

static enum outcome
no_certificate(struct finding *f)
{
    return finding_ignored(f, "no certificate was given");
}

/* For the rows after ak.cert_malformed: true when there is nothing to judge. */
static bool
nothing_to_judge(const struct tpm_certificate *c)
{
    return !part_ok(&c->part);
}

static enum outcome
set_aside(const struct tpm_certificate *c, struct finding *f)
{
    return c->part.given ? finding_ignored(f, "the certificate was not read: ak.cert_malformed")
                         : no_certificate(f);
}

enum outcome
tpm_rule_cert_malformed(const struct check_in *in, struct finding *f)
{
    const struct tpm_certificate *c = &in->tpm->certificate;

    if (!c->part.given) {
        return no_certificate(f);
    }
    if (part_unable(&c->part)) {
        return finding_unable(f, "a working library", "%s", c->part.why);
    }
    if (c->part.err == ERR_DENIED) {
        return finding_fail(f, "a certificate for a key that can sign quotes", "%s", c->part.why);
    }
    if (c->part.err != ERR_OK) {
        (void)finding_fail(f, "one DER certificate and nothing after it", "%s", c->part.why);
        return OUTCOME_MALFORMED;
    }
    return finding_pass(f, "%zu bytes", in->tpm->ev->ak_certificate.len);
}

enum outcome
tpm_rule_cert_profile(const struct check_in *in, struct finding *f)
{
    const struct tpm_certificate *c = &in->tpm->certificate;

    if (nothing_to_judge(c)) {
        return set_aside(c, f);
    }
    if (c->ca || !c->signs) {
        return finding_fail(f, "keyUsage with digitalSignature, not a CA", "%s",
                            c->ca ? "a CA certificate" : "no digitalSignature in keyUsage");
    }
    return finding_pass(f, "digitalSignature, not a CA");
}

enum outcome
tpm_rule_cert_mismatch(const struct check_in *in, struct finding *f)
{
    const struct tpm_certificate *c = &in->tpm->certificate;

    if (nothing_to_judge(c)) {
        return set_aside(c, f);
    }
    if (!c->same_key) {
        return finding_fail(f, "the attestation key", "another key");
    }
    return finding_pass(f, "the attestation key");
}

static bool
leaf_expired(const struct tpm_in *t)
{
    return t->at_unix < t->certificate.not_before_unix ||
           t->at_unix > t->certificate.not_after_unix;
}

enum outcome
tpm_rule_cert_expired(const struct check_in *in, struct finding *f)
{
    const struct tpm_certificate *c = &in->tpm->certificate;
    char from[RFC3339_LEN + 1];
    char until[RFC3339_LEN + 1];
    char wanted[FINDING_TEXT];

    if (nothing_to_judge(c)) {
        return set_aside(c, f);
    }
    rfc3339_format(c->not_before_unix, from);
    rfc3339_format(c->not_after_unix, until);
    if (leaf_expired(in->tpm)) {
        char at[RFC3339_LEN + 1];

        rfc3339_format(in->tpm->at_unix, at);
        (void)snprintf(wanted, sizeof wanted, "a time in it; this is %s", at);
        return finding_fail(f, wanted, "valid %s to %s", from, until);
    }
    if (c->chain_expired) {
        return finding_fail(f, "every certificate of the chain in date", "%s", c->chain.why);
    }
    return finding_pass(f, "valid %s to %s", from, until);
}

enum outcome
tpm_rule_cert_chain(const struct check_in *in, struct finding *f)
{
    const struct tpm_certificate *c = &in->tpm->certificate;

    if (nothing_to_judge(c)) {
        return set_aside(c, f);
    }
    if (part_unable(&c->chain)) {
        return finding_unable(f, "a working library", "%s", c->chain.why);
    }
    if (leaf_expired(in->tpm) || c->chain_expired) {
        return finding_ignored(f, "out of date: ak.cert_expired");
    }
    if (c->chain.err != ERR_OK) {
        return finding_fail(f, "a chain to a trusted root", "%s", c->chain.why);
    }
    return finding_pass(f, "chains to a trusted root");
}

bool
tpm_certificate_holds(const struct tpm_in *t)
{
    const struct tpm_certificate *c = &t->certificate;

    return part_ok(&c->part) && c->signs && !c->ca && c->same_key && !leaf_expired(t) &&
           part_ok(&c->chain);
}

static bool
name_pinned(const struct tpm_in *t)
{
    const struct slice name = tpm_name_slice(&t->name);
    bool pinned = t->want->ak_vouched;

    for (size_t i = 0; i < t->want->ak_names_n; i++) {
        pinned = pinned || slice_same(t->want->ak_names[i], name);
    }
    return pinned && name.len > 0;
}

/* Does TEE evidence commit to this key by its Name? */
static bool
name_in_tee(const struct tpm_in *t)
{
    const struct slice name = tpm_name_slice(&t->name);
    uint8_t digest[SHA256_LEN];

    hash_sha256(name, digest);
    return name.len > 0 && slice_same(t->want->ak_tee_name, (struct slice){digest, sizeof digest});
}

/* Of a key without a public area: whoever names it must be allowed to. */
static enum tpm_ak_trust
bare_key_trust(const struct tpm_in *t)
{
    enum tpm_ak_trust by = t->ev->ak_tee != NULL ? AK_TRUST_TEE_EVIDENCE : AK_TRUST_PINNED_KEY;
    bool vouched = t->ev->ak_tee != NULL || t->want->ak_vouched;

    return vouched && t->want->ak_trust_allowed & by ? by : AK_TRUST_NONE;
}

enum tpm_ak_trust
tpm_ak_trust_of(const struct tpm_in *t)
{
    unsigned allowed = t->want->ak_trust_allowed;

    if (t->bare_key) {
        return bare_key_trust(t);
    }
    if (allowed & AK_TRUST_CERTIFICATE && tpm_certificate_holds(t)) {
        return AK_TRUST_CERTIFICATE;
    }
    if (allowed & AK_TRUST_TEE_EVIDENCE && name_in_tee(t)) {
        return AK_TRUST_TEE_EVIDENCE;
    }
    return allowed & AK_TRUST_PINNED_NAME && name_pinned(t) ? AK_TRUST_PINNED_NAME : AK_TRUST_NONE;
}

/* "ak-certificate or pinned-name" */
static void
allowed_text(unsigned allowed, char *dst, size_t cap)
{
    static const enum tpm_ak_trust ALL[] = {AK_TRUST_EK_ACTIVATION, AK_TRUST_CERTIFICATE,
                                            AK_TRUST_TEE_EVIDENCE, AK_TRUST_PINNED_NAME,
                                            AK_TRUST_PINNED_KEY};
    size_t len = 0;

    dst[0] = '\0';
    for (size_t i = 0; i < sizeof ALL / sizeof ALL[0]; i++) {
        if (allowed & ALL[i] && len < cap) {
            int n = snprintf(dst + len, cap - len, "%s%s", len > 0 ? " or " : "",
                             tpm_ak_trust_name(ALL[i]));
            len += n > 0 ? (size_t)n : 0;
        }
    }
}

enum outcome
tpm_rule_ak_untrusted(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    enum tpm_ak_trust trust = tpm_ak_trust_of(t);
    char wanted[FINDING_TEXT];

    if (trust != AK_TRUST_NONE) {
        return finding_pass(f, "%s", tpm_ak_trust_name(trust));
    }
    if (t->bare_key && t->ev->ak_tee == NULL &&
        !(t->want->ak_trust_allowed & AK_TRUST_PINNED_KEY)) {
        return finding_fail(f, "a TPMT_PUBLIC, or \"pinned-key\" in the policy's ak_trust",
                            "a bare key, whose attributes cannot be seen");
    }
    allowed_text(t->want->ak_trust_allowed, wanted, sizeof wanted);
    return finding_fail(f, wanted, "nobody vouches for this key");
}
