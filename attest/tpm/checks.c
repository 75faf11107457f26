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
/* TCG PC Client Platform Firmware Profile 1.06 */
#define PFP "TCG PFP 1.06, "
#define EK  "TCG EK Credential Profile 2.5, "

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
    {"log.header", PFP "10.4.5.1", tpm_rule_log_header, .gate = false},
    {"log.sha1_only", "NIST SP 800-131A, 9", tpm_rule_log_sha1_only, .gate = false},
    {"log.malformed", PFP "10.2.2", tpm_rule_log_malformed, .gate = false},
    {"log.noaction", PFP "10.4.5", tpm_rule_log_noaction, .gate = false},
    {"log.locality", PFP "3.3.3.1 and 10.4.5.3", tpm_rule_log_locality, .gate = false},
    {"log.type", PFP "10.4.1", tpm_rule_log_type, .gate = false},
    {"log.separator", PFP "3.3.2.2", tpm_rule_log_separator, .gate = false},
    {"log.after_ebs", PFP "8.2.3", tpm_rule_log_after_ebs, .gate = false},
    {"log.data_mismatch", PFP "10.4.1", tpm_rule_log_data, .gate = false},
    {"log.replay", P1 "PCR operations", tpm_rule_log_replay, .gate = false},
    {"tpm.secure_boot", PFP "3.3.4.8", tpm_rule_secure_boot, .gate = false},
    {"tpm.sb_authority", PFP "3.3.4.8", tpm_rule_sb_authority, .gate = false},
    {"tpm.dbx_min", "UEFI 2.10, 32.4.1", tpm_rule_dbx_min, .gate = false},
    {"tpm.boot_apps", PFP "3.3.4.5", tpm_rule_boot_apps, .gate = false},
    {"tpm.no_option_rom", PFP "3.3.4.3", tpm_rule_no_option_rom, .gate = false},
    {"tpm.scrtm_version", PFP "3.3.4.1", tpm_rule_scrtm_version, .gate = false},
    {"tpm.cmdline", "Linux EFI stub, tagged events", tpm_rule_cmdline, .gate = false},
    {"tpm.initrd", "Linux EFI stub, tagged events", tpm_rule_initrd, .gate = false},
    {"tpm.uki", "systemd-stub(7)", tpm_rule_uki, .gate = false},
    {"tpm.pcr11_signer", "systemd-measure(1)", tpm_rule_pcr11_signer, .gate = false},
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

/* A log without a quote, and what a policy asks of it. */
static const struct check LOG_CHECKS[] = {
    {"log.header", PFP "10.4.5.1", tpm_rule_log_header, .gate = false},
    {"log.sha1_only", "NIST SP 800-131A, 9", tpm_rule_log_sha1_only, .gate = false},
    {"log.malformed", PFP "10.2.2", tpm_rule_log_malformed, .gate = false},
    {"log.noaction", PFP "10.4.5", tpm_rule_log_noaction, .gate = false},
    {"log.locality", PFP "3.3.3.1 and 10.4.5.3", tpm_rule_log_locality, .gate = false},
    {"log.type", PFP "10.4.1", tpm_rule_log_type, .gate = false},
    {"log.separator", PFP "3.3.2.2", tpm_rule_log_separator, .gate = false},
    {"log.after_ebs", PFP "8.2.3", tpm_rule_log_after_ebs, .gate = false},
    {"log.data_mismatch", PFP "10.4.1", tpm_rule_log_data, .gate = false},
    {"log.replay", P1 "PCR operations", tpm_rule_log_replay, .gate = false},
    {"tpm.secure_boot", PFP "3.3.4.8", tpm_rule_secure_boot, .gate = false},
    {"tpm.sb_authority", PFP "3.3.4.8", tpm_rule_sb_authority, .gate = false},
    {"tpm.dbx_min", "UEFI 2.10, 32.4.1", tpm_rule_dbx_min, .gate = false},
    {"tpm.boot_apps", PFP "3.3.4.5", tpm_rule_boot_apps, .gate = false},
    {"tpm.no_option_rom", PFP "3.3.4.3", tpm_rule_no_option_rom, .gate = false},
    {"tpm.scrtm_version", PFP "3.3.4.1", tpm_rule_scrtm_version, .gate = false},
    {"tpm.cmdline", "Linux EFI stub, tagged events", tpm_rule_cmdline, .gate = false},
    {"tpm.initrd", "Linux EFI stub, tagged events", tpm_rule_initrd, .gate = false},
    {"tpm.uki", "systemd-stub(7)", tpm_rule_uki, .gate = false},
    {"tpm.pcr11_signer", "systemd-measure(1)", tpm_rule_pcr11_signer, .gate = false},
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
    {"log.header", "The event log begins with \"Spec ID Event03\" of version 2.0, which declares 1 "
                   "to 8 algorithms with "
                   "their sizes."},
    {"log.sha1_only",
     "The event log has digests of SHA-256 or stronger; those of SHA-1 are passed over."},
    {"log.malformed", "Each event of the log decodes, with one digest for each declared algorithm "
                      "and nothing after the "
                      "last."},
    {"log.noaction", "Events that are never extended have digests of zeros."},
    {"log.locality", "What PCR 0 began with is told once, before it is extended."},
    {"log.type", "In PCRs that are looked at (4, 7, the quoted ones and those that the policy "
                 "reads) are only types "
                 "of event that belong there."},
    {"log.separator", "PCRs that the policy reads, and PCR 7, have one separator of 00000000; none "
                      "says that the firmware failed, "
                      "none is there twice or under another type."},
    {"log.after_ebs",
     "After ExitBootServices nothing is in the PCRs of firmware but its two actions in PCR 5."},
    {"log.data_mismatch",
     "Where the digest of an event is that of its data, it is so in each bank that counts."},
    {"log.replay", "The digests of the log lead to the PCR values (a PCR that no row reads is "
                   "reported when it differs, and does not refuse)."},
    {"tpm.secure_boot",
     "Secure Boot was on, and what was started came through the measured db, or a shim that did."},
    {"tpm.sb_authority", "Everything that was started had an authority of the policy."},
    {"tpm.dbx_min", "dbx revokes what the policy names, and has at least so many entries."},
    {"tpm.boot_apps", "Firmware started exactly the images of the policy, in their order."},
    {"tpm.no_option_rom", "No option ROM was run: PCR 2 has only its separator."},
    {"tpm.scrtm_version", "The firmware has a version of the policy."},
    {"tpm.cmdline", "The kernel was given a command line of the policy."},
    {"tpm.initrd", "The kernel was given an initrd of the policy."},
    {"tpm.uki", "PCR 11 is that of a unified kernel image of the policy, in one of its phases."},
    {"tpm.pcr11_signer", "A key of the policy has signed the value of PCR 11."},
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
tpm_log_checks(size_t *n)
{
    *n = sizeof LOG_CHECKS / sizeof LOG_CHECKS[0];
    return LOG_CHECKS;
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
