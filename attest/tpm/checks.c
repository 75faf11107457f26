/* SPDX-License-Identifier: Apache-2.0 */
/* checks.c - see checks.h.  To add a rule: write one function, add one row and one sentence, add
 * one bad vector.
 *
 * A clock that went back and a firmware that changed need what was seen before: those rows come
 * with enrolment. */
#include "attest/tpm/checks.h"

#include <string.h>

#define P1 "TPM 2.0 Part 1, "
#define P2 "TPM 2.0 Part 2, "
#define EK "TCG EK Credential Profile 2.5, "

static const struct check CHECKS[] = {
    {"quote.malformed", P2 "10.12.12 and 11.3.4", tpm_rule_malformed, .gate = true},
    {"quote.magic", P2 "10.12.12", tpm_rule_magic, .gate = true},
    {"quote.type", P2 "10.12.12", tpm_rule_type, .gate = true},
    {"pcr.weak_bank", "NIST SP 800-131A, 9", tpm_rule_weak_bank, .gate = false},
    {"quote.selection", P2 "10.6.2 and 10.9.7", tpm_rule_selection, .gate = false},
    {"quote.weak_hash", "NIST SP 800-131A, 9", tpm_rule_weak_hash, .gate = true},
    {"ak.malformed", P2 "12.2.4", tpm_rule_ak_malformed, .gate = true},
    {"ak.attributes", P2 "8.3", tpm_rule_ak_attributes, .gate = false},
    {"ak.scheme", P2 "12.2.3.5 and 12.2.3.6", tpm_rule_ak_scheme, .gate = false},
    {"ak.name", P1 "Names", tpm_rule_ak_name, .gate = false},
    {"ak.policy", P2 "12.2.4", tpm_rule_ak_policy, .gate = false},
    {"ak.weak_key", "NIST SP 800-131A, 3", tpm_rule_ak_weak_key, .gate = true},
    {"quote.sigalg", P2 "11.3.4", tpm_rule_sigalg, .gate = true},
    {"quote.signature", "TPM 2.0 Part 3, 18.4", tpm_rule_signature, .gate = true},
    {"quote.nonce", "TPM 2.0 Part 3, 18.4", tpm_rule_nonce, .gate = false},
    {"quote.binding", "Countersign binding v1", tpm_rule_binding, .gate = false},
    {"quote.signer", P1 "Qualified Names", tpm_rule_signer, .gate = false},
    {"quote.unquoted_pcr", P2 "10.12.4", tpm_rule_unquoted, .gate = false},
    {"quote.pcrdigest", P2 "10.12.4", tpm_rule_pcrdigest, .gate = false},
    {"quote.clock_unsafe", P2 "10.11.1", tpm_rule_clock, .gate = false},
    {"ak.cert_malformed", "RFC 5280, 4.1", tpm_rule_cert_malformed, .gate = false},
    {"ak.cert_profile", "RFC 5280, 4.2.1.3 and 4.2.1.9", tpm_rule_cert_profile, .gate = false},
    {"ak.cert_mismatch", "RFC 5280, 4.1.2.7", tpm_rule_cert_mismatch, .gate = false},
    {"ak.cert_expired", "RFC 5280, 4.1.2.5", tpm_rule_cert_expired, .gate = false},
    {"ak.cert_chain", "RFC 5280, 6.1", tpm_rule_cert_chain, .gate = false},
    {"ak.untrusted", "Countersign policy", tpm_rule_ak_untrusted, .gate = false},
    {"ek.cert_malformed", EK "2.2.1.4 and 3", tpm_rule_ek_malformed, .gate = false},
    {"ek.cert_keytype", EK "3.1", tpm_rule_ek_keytype, .gate = false},
    {"ek.cert_profile", EK "3.1 and 3.2", tpm_rule_ek_profile, .gate = false},
    {"ek.cert_expired", "RFC 5280, 4.1.2.5", tpm_rule_ek_expired, .gate = false},
    {"ek.cert_chain", "RFC 5280, 6.1", tpm_rule_ek_chain, .gate = false},
    {"ek.cert_revoked", "RFC 5280, 6.3", tpm_rule_ek_revoked, .gate = false},
    {"ek.crl_stale", "RFC 5280, 5.1.2.5", tpm_rule_ek_crl, .gate = false},
    {"ek.mismatch", EK "annex B", tpm_rule_ek_mismatch, .gate = false},
    {"ek.unknown", "Countersign policy", tpm_rule_ek_unknown, .gate = false},
    /* Place of the event log rows: what was given must not go unjudged. */
    {"log.unsupported", "Countersign policy", tpm_rule_log_unsupported, .gate = false},
    {"pcr.values", "Countersign policy", tpm_rule_values, .gate = false},
};

/* The same rows once more, for a certificate without a key to compare it with. */
static const struct check CERTIFICATE_CHECKS[] = {
    {"ak.cert_malformed", "RFC 5280, 4.1", tpm_rule_cert_malformed, .gate = true},
    {"ak.cert_profile", "RFC 5280, 4.2.1.3 and 4.2.1.9", tpm_rule_cert_profile, .gate = false},
    {"ak.cert_expired", "RFC 5280, 4.1.2.5", tpm_rule_cert_expired, .gate = false},
    {"ak.cert_chain", "RFC 5280, 6.1", tpm_rule_cert_chain, .gate = false},
};

/* Rows for the certificate of an endorsement key, without a quote. */
static const struct check EK_CHECKS[] = {
    {"ek.cert_malformed", EK "2.2.1.4 and 3", tpm_rule_ek_malformed, .gate = true},
    {"ek.cert_keytype", EK "3.1", tpm_rule_ek_keytype, .gate = false},
    {"ek.cert_profile", EK "3.1 and 3.2", tpm_rule_ek_profile, .gate = false},
    {"ek.cert_expired", "RFC 5280, 4.1.2.5", tpm_rule_ek_expired, .gate = false},
    {"ek.cert_chain", "RFC 5280, 6.1", tpm_rule_ek_chain, .gate = false},
    {"ek.cert_revoked", "RFC 5280, 6.3", tpm_rule_ek_revoked, .gate = false},
    {"ek.crl_stale", "RFC 5280, 5.1.2.5", tpm_rule_ek_crl, .gate = false},
    {"ek.unknown", "Countersign policy", tpm_rule_ek_unknown, .gate = false},
};

struct sentence {
    const char *id;
    const char *what;
};

static const struct sentence SENTENCES[] = {
    {"quote.malformed",
     "TPMS_ATTEST and TPMT_SIGNATURE decode completely, with nothing after them."},
    {"quote.magic", "The attestation structure begins with TPM_GENERATED_VALUE."},
    {"quote.type", "It is a quote, not another kind of attestation."},
    {"pcr.weak_bank", "A bank of SHA-256 or stronger is quoted; SHA-1 alone never is enough."},
    {"quote.selection", "The PCR selection is canonical, exactly what was asked, covers what the "
                        "policy reads, and is not of resettable PCRs only."},
    {"quote.weak_hash", "The signature is made over SHA-256, SHA-384 or SHA-512."},
    {"ak.malformed",
     "The public area of the attestation key decodes completely, with nothing after it."},
    {"ak.attributes",
     "The key is fixed to its TPM, made there, restricted, signs and does nothing else."},
    {"ak.scheme", "The key names its signature scheme, has no symmetric algorithm and no KDF, and "
                  "its Name is not made with SHA-1."},
    {"ak.name", "The Name of the key can be computed from its public area."},
    {"ak.policy", "The key has no authorization policy that we did not compute."},
    {"ak.weak_key", "RSA of at least 2048 bits with an odd exponent of at least 65537, or a point "
                    "on P-256 or P-384."},
    {"quote.sigalg", "The signature has the scheme and hash of the key; others are not tried."},
    {"quote.signature", "The signature over the quote is by the attestation key."},
    {"quote.nonce", "extraData is the expected nonce, and never empty."},
    {"quote.binding",
     "extraData is the binding of this challenge, this guest key and this kind of evidence."},
    {"quote.signer",
     "qualifiedSigner is that of the attestation key, in a hierarchy that is accepted."},
    {"quote.unquoted_pcr",
     "No PCR value is sent for a quoted bank that the signed selection does not name."},
    {"quote.pcrdigest",
     "pcrDigest is the digest of the PCR values sent, in the order of the signed selection."},
    {"quote.clock_unsafe",
     "The clock has not been set back, as far as the TPM knows (reported, never refuses)."},
    {"ak.cert_malformed",
     "The certificate of the attestation key is one DER certificate with nothing after it."},
    {"ak.cert_profile", "The certificate is for digital signatures and is not a CA."},
    {"ak.cert_mismatch", "The key in the certificate is the attestation key."},
    {"ak.cert_expired", "The certificate and those above it are in date."},
    {"ak.cert_chain", "The certificate chains to a trusted root."},
    {"ak.untrusted", "The attestation key is trusted in a way that the policy allows."},
    {"ek.cert_malformed", "The certificate of the endorsement key is one DER certificate, bare or "
                          "as a TPM keeps it in NV memory, "
                          "with nothing but padding after it."},
    {"ek.cert_keytype",
     "Its key is RSA of at least 2048 bits, P-256 or P-384, and not in the style of TPM 1.2."},
    {"ek.cert_profile", "It is an endorsement key's: version 3, no CA, for key encipherment or "
                        "agreement and not for signatures, "
                        "naming its TPM."},
    {"ek.cert_expired", "The certificates above it are in date; it is too, unless the policy "
                        "accepts one that has expired."},
    {"ek.cert_chain", "It chains to a trusted root; a certificate that is missing is named, with "
                      "the address where it is "
                      "published."},
    {"ek.cert_revoked", "No CRL at hand lists it or a certificate above it."},
    {"ek.crl_stale",
     "The CRLs that apply are in their time and complete, as far as the policy asks for them."},
    {"ek.mismatch",
     "The endorsement key sent is the key of its certificate, made by a template of the TCG."},
    {"ek.unknown", "The endorsement key is one that the policy pins, where it pins any."},
    {"log.unsupported", "No event log was given, since this version does not judge one."},
    {"pcr.values", "The PCR values are those of one reference value, all of them together."},
};

enum {
    CHECKS_N = sizeof CHECKS / sizeof CHECKS[0],
    SENTENCES_N = sizeof SENTENCES / sizeof SENTENCES[0]
};

_Static_assert((int)CHECKS_N == (int)SENTENCES_N, "one sentence for each row");
_Static_assert((int)CHECKS_N <= (int)VERDICT_MAX, "a verdict holds all rows");

const struct check *
tpm_checks(size_t *n)
{
    *n = CHECKS_N;
    return CHECKS;
}

const struct check *
tpm_certificate_checks(size_t *n)
{
    *n = sizeof CERTIFICATE_CHECKS / sizeof CERTIFICATE_CHECKS[0];
    return CERTIFICATE_CHECKS;
}

const struct check *
tpm_ek_checks(size_t *n)
{
    *n = sizeof EK_CHECKS / sizeof EK_CHECKS[0];
    return EK_CHECKS;
}

const char *
tpm_check_what(const char *id)
{
    for (size_t i = 0; i < SENTENCES_N; i++) {
        if (strcmp(SENTENCES[i].id, id) == 0) {
            return SENTENCES[i].what;
        }
    }
    return NULL;
}
