/* SPDX-License-Identifier: Apache-2.0 */
/* rules_ek.c - whether an endorsement key is a real TPM's; see checks.h.
 *
 * A certificate that was given is judged whatever else vouches for the key: what a client shows must be right.  An endorsement
 * key without a certificate is known only by a pin, never because it was seen before. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/tpm/checks.h"
#include "attest/tpm/ek_template.h"

enum { DIGEST_TEXT = 2 * SHA256_LEN + 1 };

static bool
has_key(const struct tpm_ek_certificate *c)
{
    return part_ok(&c->part) && !c->tpm12 && part_ok(&c->key_part);
}

/* For the rows that need a certificate with a key: why there is nothing to judge. */
static enum outcome
set_aside(const struct tpm_ek_certificate *c, struct finding *f)
{
    if (!c->part.given) {
        return finding_ignored(f, "no endorsement key certificate was given");
    }
    return finding_ignored(f, "the certificate was not read: %s",
                           part_ok(&c->part) ? "ek.cert_keytype" : "ek.cert_malformed");
}

enum outcome
tpm_rule_ek_malformed(const struct check_in *in, struct finding *f)
{
    const struct tpm_ek_certificate *c = &in->tpm->ek.certificate;

    if (!c->part.given) {
        return set_aside(c, f);
    }
    if (part_unable(&c->part)) {
        return finding_unable(f, "a working library", "%s", c->part.why);
    }
    if (c->part.err != ERR_OK) {
        (void)finding_fail(f, "one DER certificate, bare or as a TPM keeps it in NV memory", "%s",
                           c->part.why);
        return OUTCOME_MALFORMED;
    }
    return finding_pass(f, "%zu bytes%s, %zu bytes of padding", c->wrapped.der.len,
                        c->wrapped.header ? " behind a TCG header" : "", c->wrapped.padding);
}

enum outcome
tpm_rule_ek_keytype(const struct check_in *in, struct finding *f)
{
    const struct tpm_ek_certificate *c = &in->tpm->ek.certificate;

    if (!part_ok(&c->part)) {
        return set_aside(c, f);
    }
    if (c->tpm12) {
        return finding_fail(f, "a key of rsaEncryption or id-ecPublicKey",
                            "a TPM 1.2 style EK certificate: its key is of rsaesOaep");
    }
    if (part_unable(&c->key_part)) {
        return finding_unable(f, "a working library", "%s", c->key_part.why);
    }
    if (c->key_part.err != ERR_OK) {
        return finding_fail(f, "RSA of 2048 bits or more, P-256 or P-384", "%s", c->key_part.why);
    }
    if (c->key.type == KEY_RSA) {
        return finding_pass(f, "RSA %zu", c->key.bits);
    }
    return finding_pass(f, "P-%s", c->key.curve == CURVE_P256 ? "256" : "384");
}

/* The bit that lets the key take a credential: one for each kind, and no other purpose beside it that would make it an
 * attestation key or a CA. */
static bool
usage_fits(const struct tpm_ek_certificate *c)
{
    uint32_t must = c->key.type == KEY_RSA ? X509_KU_KEY_ENCIPHERMENT : X509_KU_KEY_AGREEMENT;

    return c->has_key_usage && c->key_usage & must && !(c->key_usage & X509_KU_DIGITAL_SIGNATURE);
}

enum outcome
tpm_rule_ek_profile(const struct check_in *in, struct finding *f)
{
    const struct tpm_ek_certificate *c = &in->tpm->ek.certificate;

    if (!has_key(c)) {
        return set_aside(c, f);
    }
    if (c->version != 3 || c->ca) {
        return finding_fail(f, "a version 3 certificate that is not a CA's", "version %u, %s",
                            c->version, c->ca ? "of a CA" : "not of a CA");
    }
    if (!usage_fits(c)) {
        return finding_fail(
            f, "keyUsage keyEncipherment for RSA, keyAgreement for EC; no signatures",
            "keyUsage 0x%02x of a key of %s", c->key_usage, c->key.type == KEY_RSA ? "RSA" : "EC");
    }
    if (c->has_eku && !c->eku_is_ek) {
        return finding_fail(f, "tcg-kp-EKCertificate (2.23.133.8.1)", "extKeyUsage without it");
    }
    if (c->identity == EK_IDENTITY_NONE) {
        return finding_fail(f, "TPM manufacturer, model and version (2.23.133.2.1 to 3)",
                            "a subjectAltName without all three, or none");
    }
    return finding_pass(f, "an endorsement key's, %s",
                        c->identity == EK_IDENTITY_TPM ? "names its TPM" : "names its instance");
}

static bool
leaf_too_early(const struct tpm_in *t)
{
    return t->at_unix < t->ek.certificate.not_before_unix;
}

static bool
leaf_expired(const struct tpm_in *t)
{
    return leaf_too_early(t) || t->at_unix > t->ek.certificate.not_after_unix;
}

enum outcome
tpm_rule_ek_expired(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    const struct tpm_ek_certificate *c = &t->ek.certificate;
    char from[RFC3339_LEN + 1];
    char until[RFC3339_LEN + 1];
    char at[RFC3339_LEN + 1];
    char wanted[FINDING_TEXT];

    if (!has_key(c)) {
        return set_aside(c, f);
    }
    rfc3339_format(c->not_before_unix, from);
    rfc3339_format(c->not_after_unix, until);
    rfc3339_format(t->at_unix, at);
    if (leaf_too_early(t) || (leaf_expired(t) && !t->want->allow_ek_expired)) {
        (void)snprintf(wanted, sizeof wanted, "a time in it; this is %s", at);
        return finding_fail(f, wanted, "valid %s to %s", from, until);
    }
    if (c->chain_expired) {
        return finding_fail(f, "every certificate above it in date", "%s", c->chain.why);
    }
    if (leaf_expired(t)) {
        return finding_ignored(f, "expired %s: the policy accepts it", until);
    }
    return finding_pass(f, "valid %s to %s", from, until);
}

enum outcome
tpm_rule_ek_chain(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    const struct tpm_ek_certificate *c = &t->ek.certificate;
    char wanted[FINDING_TEXT];

    if (!has_key(c)) {
        return set_aside(c, f);
    }
    if (part_unable(&c->chain)) {
        return finding_unable(f, "a working library", "%s", c->chain.why);
    }
    if (c->chain_expired) {
        return finding_ignored(f, "out of date: ek.cert_expired");
    }
    if (c->issuer_missing) {
        (void)snprintf(wanted, sizeof wanted, "a chain to a trusted root%s%s",
                       c->missing.url[0] != '\0' ? "; published at " : "", c->missing.url);
        return finding_fail(f, wanted, "no certificate of its issuer %s", c->missing.issuer);
    }
    if (c->chain.err != ERR_OK) {
        return finding_fail(f, "a chain to a trusted root", "%s", c->chain.why);
    }
    return finding_pass(f, "chains to a trusted root");
}

static enum outcome
no_crl(const struct tpm_in *t, struct finding *f)
{
    return finding_ignored(f, "%s",
                           t->want->ek_crl == EK_CRL_OFF ? "the policy does not ask for CRLs"
                                                         : "no CRL, or no chain to apply one to");
}

enum outcome
tpm_rule_ek_revoked(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    const struct tpm_ek_certificate *c = &t->ek.certificate;

    if (!has_key(c)) {
        return set_aside(c, f);
    }
    switch (c->revocation) {
    case EK_CRL_NONE: return no_crl(t, f);
    case EK_CRL_GOOD:
    case EK_CRL_STALE_GOOD: return finding_pass(f, "on no CRL");
    case EK_CRL_REVOKED: return finding_fail(f, "on no CRL", "%s", c->crl_part.why);
    case EK_CRL_UNUSABLE: return finding_ignored(f, "not decided: ek.crl_stale");
    }
    return OUTCOME_NOT_RUN;
}

enum outcome
tpm_rule_ek_crl(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    const struct tpm_ek_certificate *c = &t->ek.certificate;

    if (!has_key(c)) {
        return set_aside(c, f);
    }
    switch (c->revocation) {
    case EK_CRL_NONE: return no_crl(t, f);
    case EK_CRL_GOOD: return finding_pass(f, "in date");
    case EK_CRL_REVOKED: return finding_ignored(f, "revoked: ek.cert_revoked");
    case EK_CRL_STALE_GOOD:
        if (t->want->allow_ek_crl_stale) {
            (void)finding_pass(f, "%s: the policy accepts it", c->crl_part.why);
            return OUTCOME_WARN;
        }
        break;
    case EK_CRL_UNUSABLE: break;
    }
    return finding_unable(f, "a CRL of each issuer that has one, in its time", "%s",
                          c->crl_part.why);
}

/* A certificate was shown, or the key is to be known: its public area matters beyond its Name. */
static bool
matters(const struct tpm_in *t)
{
    return t->ek.certificate.part.given || t->want->ek_pinned_n > 0;
}

enum outcome
tpm_rule_ek_mismatch(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    const struct tpm_ek *ek = &t->ek;
    struct why why = {0};

    if (!ek->public_part.given || !matters(t)) {
        return finding_ignored(f, ek->public_part.given ? "nothing to compare it with"
                                                        : "no endorsement key was given");
    }
    if (part_unable(&ek->key_part)) {
        return finding_unable(f, "a working library", "%s", ek->key_part.why);
    }
    if (!part_ok(&ek->public_part) || !part_ok(&ek->key_part)) {
        return finding_fail(f, "the public area of an endorsement key", "%s",
                            part_ok(&ek->public_part) ? ek->key_part.why : ek->public_part.why);
    }
    if (tpm_ek_template_check(&ek->public, &why) != ERR_OK) {
        return finding_fail(f, "an endorsement key by a template of the TCG", "%s", why_text(&why));
    }
    if (has_key(&ek->certificate) && !sig_key_same(&ek->certificate.key, &ek->key)) {
        return finding_fail(f, "the key of the certificate", "another key");
    }
    return finding_pass(f, "%s, by a template of the TCG",
                        has_key(&ek->certificate) ? "the key of the certificate" : "a key");
}

bool
tpm_ek_certificate_holds(const struct tpm_in *t)
{
    const struct tpm_ek_certificate *c = &t->ek.certificate;
    bool crl_ok = c->revocation == EK_CRL_NONE || c->revocation == EK_CRL_GOOD ||
                  (c->revocation == EK_CRL_STALE_GOOD && t->want->allow_ek_crl_stale);
    bool dates_ok = !leaf_expired(t) || (t->want->allow_ek_expired && !leaf_too_early(t));

    return has_key(c) && c->version == 3 && !c->ca && usage_fits(c) &&
           (!c->has_eku || c->eku_is_ek) && c->identity != EK_IDENTITY_NONE && dates_ok &&
           part_ok(&c->chain) && crl_ok;
}

static bool
is_pinned(const struct tpm_in *t)
{
    const struct slice digest = {t->ek.digest, SHA256_LEN};
    bool pinned = false;

    for (size_t i = 0; t->ek.has_digest && i < t->want->ek_pinned_n; i++) {
        pinned = pinned || slice_same(t->want->ek_pinned[i], digest);
    }
    return pinned;
}

bool
tpm_ek_known(const struct tpm_in *t)
{
    return t->want->ek_pinned_n > 0 ? is_pinned(t) : tpm_ek_certificate_holds(t);
}

enum outcome
tpm_rule_ek_unknown(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    char digest[DIGEST_TEXT] = "none";

    if (t->ek.has_digest) {
        hex_encode((struct slice){t->ek.digest, SHA256_LEN}, digest);
    }
    if (tpm_ek_known(t)) {
        return finding_pass(f, "%s, SHA-256 of the key %s",
                            t->want->ek_pinned_n > 0 ? "pinned" : "by its certificate", digest);
    }
    if (t->want->ek_pinned_n > 0) {
        return finding_fail(f, "an endorsement key that the policy pins",
                            t->ek.has_digest ? "SHA-256 of the key %s"
                                             : "no endorsement key that can be read: %s",
                            digest);
    }
    if (t->ek.certificate.part.given) {
        return finding_ignored(f, "its certificate decides: ek.cert_*");
    }
    if (t->ek.public_part.given) {
        return finding_ignored(f, "only for quote.signer: nobody vouches for %s", digest);
    }
    return finding_ignored(f, "no endorsement key was given");
}
