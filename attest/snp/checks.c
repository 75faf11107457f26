/* SPDX-License-Identifier: Apache-2.0 */
/* checks.c - see checks.h.  To add a rule: write one function, add one row and one sentence, add one bad vector. */
#include "attest/snp/checks.h"

#include <string.h>

#define REPORT   "AMD 56860, table ATTESTATION_REPORT"
#define TCB      "AMD 56860, table TCB_VERSION"
#define POLICY   "AMD 56860, 4.3 (guest policy)"
#define PLATFORM "AMD 56860, PLATFORM_INFO"
#define VEK      "AMD 57230, 3 (VCEK and VLEK certificates)"
#define GOLDEN   "Countersign policy"

static const struct check CHECKS[] = {
    {"report.length", REPORT, snp_rule_report_length, .gate = true},
    {"report.version", REPORT, snp_rule_report_version, .gate = true},
    {"report.sigalgo", "AMD 56860, chapter 10 (signatures)", snp_rule_report_sigalgo, .gate = true},
    {"report.signing_key", REPORT, snp_rule_report_signing_key, .gate = true},
    {"report.mask_chip_key", REPORT, snp_rule_report_mask_chip_key, .gate = true},
    {"report.reserved", REPORT, snp_rule_report_reserved, .gate = true},
    {"policy.reserved", POLICY, snp_rule_policy_reserved, .gate = false},
    {"platform_info.reserved", PLATFORM, snp_rule_platform_info_reserved, .gate = false},
    {"report.consistency", REPORT, snp_rule_report_consistency, .gate = false},
    {"cert_table", "AMD 56421, 4.1.8.1 (SNP Extended Guest Request)", snp_rule_cert_table,
     .gate = false},
    {"vek.missing", VEK, snp_rule_vek_missing, .gate = true},
    {"vek.malformed", "RFC 5280, 4.1", snp_rule_vek_malformed, .gate = true},
    {"vek.extensions", VEK, snp_rule_vek_extensions, .gate = true},
    {"product", REPORT, snp_rule_product, .gate = true},
    {"chain.root", VEK, snp_rule_chain_root, .gate = true},
    {"chain.intermediate", VEK, snp_rule_chain_intermediate, .gate = true},
    {"vek.issuer", VEK, snp_rule_vek_issuer, .gate = true},
    {"vek.algorithm", "RFC 4055, 3.1", snp_rule_vek_algorithm, .gate = true},
    {"chain.signature", "RFC 5280, 6.1.3", snp_rule_chain_signature, .gate = true},
    {"vek.validity", "RFC 5280, 4.1.2.5", snp_rule_vek_validity, .gate = false},
    {"vek.kind", VEK, snp_rule_vek_kind, .gate = false},
    {"vek.product", VEK, snp_rule_vek_product, .gate = false},
    {"vek.csp_id", VEK, snp_rule_vek_csp_id, .gate = false},
    {"crl.missing", GOLDEN, snp_rule_crl_missing, .gate = false},
    {"crl.malformed", "RFC 5280, 5.1", snp_rule_crl_malformed, .gate = true},
    {"crl.signature", "RFC 5280, 6.3.3", snp_rule_crl_signature, .gate = true},
    {"crl.stale", "RFC 5280, 5.1.2.5", snp_rule_crl_stale, .gate = false},
    {"crl.revoked", "RFC 5280, 5.3", snp_rule_crl_revoked, .gate = false},
    {"vek.tcb", VEK, snp_rule_vek_tcb, .gate = false},
    {"vek.hwid", VEK, snp_rule_vek_hwid, .gate = false},
    {"report.signature", REPORT, snp_rule_report_signature, .gate = true},
    {"chip.denied", GOLDEN, snp_rule_chip_denied, .gate = false},
    {"chip.allowed", GOLDEN, snp_rule_chip_allowed, .gate = false},
    {"tcb.reserved", TCB, snp_rule_tcb_reserved, .gate = false},
    {"tcb.order", TCB, snp_rule_tcb_order, .gate = false},
    {"tcb.minimum", TCB, snp_rule_tcb_minimum, .gate = false},
    {"tcb.implausible", TCB, snp_rule_tcb_implausible, .gate = false},
    {"tcb.provisional", "AMD 56860, SNP_COMMIT", snp_rule_tcb_provisional, .gate = false},
    {"firmware.minimum", REPORT, snp_rule_firmware_minimum, .gate = false},
    {"mit_vector", REPORT, snp_rule_mit_vector, .gate = false},
    {"policy.debug", POLICY, snp_rule_policy_debug, .gate = false},
    {"policy.migrate_ma", POLICY, snp_rule_policy_migrate_ma, .gate = false},
    {"policy.smt", POLICY, snp_rule_policy_smt, .gate = false},
    {"policy.cxl", POLICY, snp_rule_policy_cxl, .gate = false},
    {"policy.single_socket", POLICY, snp_rule_policy_single_socket, .gate = false},
    {"policy.xts", POLICY, snp_rule_policy_xts, .gate = false},
    {"policy.rapl_dis", POLICY, snp_rule_policy_rapl_dis, .gate = false},
    {"policy.ciphertext_hiding", POLICY, snp_rule_policy_ciphertext_hiding, .gate = false},
    {"policy.page_swap_disable", POLICY, snp_rule_policy_page_swap_disable, .gate = false},
    {"policy.abi", POLICY, snp_rule_policy_abi, .gate = false},
    {"platform_info.smt", PLATFORM, snp_rule_platform_smt, .gate = false},
    {"platform_info.tsme", PLATFORM, snp_rule_platform_tsme, .gate = false},
    {"platform_info.ecc", PLATFORM, snp_rule_platform_ecc, .gate = false},
    {"platform_info.rapl_dis", PLATFORM, snp_rule_platform_rapl_dis, .gate = false},
    {"platform_info.ciphertext_hiding", PLATFORM, snp_rule_platform_ciphertext_hiding,
     .gate = false},
    {"platform_info.alias_check", PLATFORM, snp_rule_platform_alias_check, .gate = false},
    {"platform_info.iommu_write_safe", PLATFORM, snp_rule_platform_iommu_write_safe, .gate = false},
    {"platform_info.tio", PLATFORM, snp_rule_platform_tio, .gate = false},
    {"vmpl", REPORT, snp_rule_vmpl, .gate = false},
    {"measurement", REPORT, snp_rule_measurement, .gate = false},
    {"host_data", REPORT, snp_rule_host_data, .gate = false},
    {"id_key", REPORT, snp_rule_id_key, .gate = false},
    {"author_key", REPORT, snp_rule_author_key, .gate = false},
    {"family_id", REPORT, snp_rule_family_id, .gate = false},
    {"image_id", REPORT, snp_rule_image_id, .gate = false},
    {"guest_svn", REPORT, snp_rule_guest_svn, .gate = false},
    {"report_id", REPORT, snp_rule_report_id, .gate = false},
    {"report_data", "Countersign binding v1", snp_rule_report_data, .gate = false},
    {"reference_value", GOLDEN, snp_rule_reference_value, .gate = false},
};

/* What can be said of a certificate alone; its TCB and chip stand for the report's. */
static const struct check CHAIN_CHECKS[] = {
    {"vek.missing", VEK, snp_rule_vek_missing, .gate = true},
    {"vek.malformed", "RFC 5280, 4.1", snp_rule_vek_malformed, .gate = true},
    {"vek.extensions", VEK, snp_rule_vek_extensions, .gate = true},
    {"product", VEK, snp_rule_product, .gate = true},
    {"chain.root", VEK, snp_rule_chain_root, .gate = true},
    {"chain.intermediate", VEK, snp_rule_chain_intermediate, .gate = true},
    {"vek.issuer", VEK, snp_rule_vek_issuer, .gate = true},
    {"vek.algorithm", "RFC 4055, 3.1", snp_rule_vek_algorithm, .gate = true},
    {"chain.signature", "RFC 5280, 6.1.3", snp_rule_chain_signature, .gate = true},
    {"vek.validity", "RFC 5280, 4.1.2.5", snp_rule_vek_validity, .gate = false},
    {"vek.kind", VEK, snp_rule_vek_kind, .gate = false},
    {"vek.product", VEK, snp_rule_vek_product, .gate = false},
    {"vek.csp_id", VEK, snp_rule_vek_csp_id, .gate = false},
    {"crl.missing", GOLDEN, snp_rule_crl_missing, .gate = false},
    {"crl.malformed", "RFC 5280, 5.1", snp_rule_crl_malformed, .gate = true},
    {"crl.signature", "RFC 5280, 6.3.3", snp_rule_crl_signature, .gate = true},
    {"crl.stale", "RFC 5280, 5.1.2.5", snp_rule_crl_stale, .gate = false},
    {"crl.revoked", "RFC 5280, 5.3", snp_rule_crl_revoked, .gate = false},
    {"chip.denied", GOLDEN, snp_rule_chip_denied, .gate = false},
    {"chip.allowed", GOLDEN, snp_rule_chip_allowed, .gate = false},
    {"tcb.minimum", TCB, snp_rule_tcb_minimum, .gate = false},
    {"tcb.implausible", TCB, snp_rule_tcb_implausible, .gate = false},
};

struct sentence {
    const char *id;
    const char *what;
};

static const struct sentence SENTENCES[] = {
    {"report.length", "The report is exactly 1184 bytes."},
    {"report.version", "Its version is 2, 3, 4 or 5; a newer one is refused by its number."},
    {"report.sigalgo", "It says that it is signed with ECDSA P-384 and SHA-384."},
    {"report.signing_key", "It says that a VCEK or a VLEK signed it; the rest of FLAGS is zero."},
    {"report.mask_chip_key", "The host does not withhold the signature (MASK_CHIP_KEY)."},
    {"report.reserved", "Every byte that its version reserves is zero, also those that are not "
                        "signed and the upper 24 bytes of R and S."},
    {"policy.reserved", "Bit 17 of the guest policy is one and bits 63:26 are zero."},
    {"platform_info.reserved", "No bit of PLATFORM_INFO is set whose meaning is unknown."},
    {"report.consistency", "AUTHOR_KEY_DIGEST is zero exactly when AUTHOR_KEY_EN is 0, and without "
                           "MIGRATE_MA there is no migration agent."},
    {"cert_table", "The certificate table, when one is given, keeps its rules."},
    {"vek.missing", "There is a certificate of the key that signed (else: unable)."},
    {"vek.malformed", "It is one X.509 v3 certificate, DER or PEM, of a point on P-384."},
    {"vek.extensions",
     "AMD's extensions are there, each once, complete for the kind of key and well encoded."},
    {"product",
     "The product line, by CPUID or else by certificate, is known and one that the policy takes."},
    {"chain.root", "The root key (ARK) of that product line is trusted."},
    {"chain.intermediate",
     "The intermediate is the trusted one of its product and kind, or verifies under the root."},
    {"vek.issuer", "The issuer's name is exactly that of AMD's intermediate."},
    {"vek.algorithm", "Signed with RSASSA-PSS, SHA-384, MGF1 with SHA-384 and 48 bytes of salt."},
    {"chain.signature", "The signature of the certificate is by its issuer."},
    {"vek.validity", "The certificate and those above it are in date."},
    {"vek.kind", "VCEK or VLEK: what the report, the subject, the issuer and the extensions say "
                 "is the same."},
    {"vek.product", "The product in the certificate is that of its issuer and of the report."},
    {"vek.csp_id", "The cloud provider of a VLEK is one that the policy lists."},
    {"crl.missing", "There is a CRL when the policy requires one (else: unable)."},
    {"crl.malformed",
     "It is one CRL, version 2, with nextUpdate, and nothing critical is unknown."},
    {"crl.signature", "It is signed by the root of the product line."},
    {"crl.stale", "It is in its time (else: unable)."},
    {"crl.revoked", "The intermediate is not revoked."},
    {"vek.tcb", "Each security level in the certificate equals that of REPORTED_TCB."},
    {"vek.hwid", "The chip in a VCEK certificate is CHIP_ID; a masked CHIP_ID needs a VLEK and "
                 "allow_masked_chip."},
    {"report.signature", "The signature over the report is by the certified key."},
    {"chip.denied", "The chip is not in the policy's deny list; a masked one cannot be told."},
    {"chip.allowed", "The chip is in the policy's allow list, when there is one."},
    {"tcb.reserved", "Bytes of the four TCBs that belong to no component are zero."},
    {"tcb.order", "REPORTED and COMMITTED are not above CURRENT, in TCB and in firmware version."},
    {"tcb.minimum", "REPORTED, LAUNCH and COMMITTED reach the policy's minima, each component."},
    {"tcb.implausible",
     "No level of REPORTED is above what firmware can have, or the policy's maximum."},
    {"tcb.provisional", "The running firmware is committed, unless allow_provisional."},
    {"firmware.minimum", "The version of the running firmware reaches the policy's minimum."},
    {"mit_vector", "All mitigations of the policy's mask are in LAUNCH and CURRENT."},
    {"policy.debug", "The host may not debug the guest, unless allow_debug."},
    {"policy.migrate_ma", "No migration agent is allowed, unless the policy says otherwise."},
    {"policy.smt", "Sharing cores between threads is as the policy says."},
    {"policy.cxl", "CXL memory is as the policy says."},
    {"policy.single_socket", "Keeping to a single socket is as the policy says."},
    {"policy.xts", "Demanding AES-256-XTS is as the policy says."},
    {"policy.rapl_dis", "Demanding that RAPL is off is as the policy says."},
    {"policy.ciphertext_hiding", "Demanding hidden ciphertext is as the policy says."},
    {"policy.page_swap_disable", "Demanding that pages are not swapped is as the policy says."},
    {"policy.abi", "The firmware ABI that the guest demands reaches the policy's minimum."},
    {"platform_info.smt", "SMT of the host is as the policy says."},
    {"platform_info.tsme", "Transparent memory encryption is as the policy says."},
    {"platform_info.ecc", "ECC memory is as the policy says."},
    {"platform_info.rapl_dis", "RAPL of the host is as the policy says."},
    {"platform_info.ciphertext_hiding", "Hidden ciphertext is as the policy says."},
    {"platform_info.alias_check", "The check for aliased memory is as the policy says."},
    {"platform_info.iommu_write_safe", "Safety of writes through the IOMMU is as the policy says."},
    {"platform_info.tio", "SEV-TIO is as the policy says."},
    {"vmpl", "The guest asked for the report, at a privilege level that the policy takes."},
    {"measurement", "The launch measurement is one that the policy lists."},
    {"host_data", "HOST_DATA is one that the policy lists."},
    {"id_key", "The ID key is one that the policy lists."},
    {"author_key", "There is an author key and it is one that the policy lists."},
    {"family_id", "FAMILY_ID is one that the policy lists, under a listed ID or author key."},
    {"image_id", "IMAGE_ID is one that the policy lists, under a listed ID or author key."},
    {"guest_svn", "GUEST_SVN reaches the policy's minimum, under a listed ID or author key."},
    {"report_id", "REPORT_ID is one that the policy lists."},
    {"report_data", "REPORT_DATA is the binding of this challenge, this guest key and this kind of "
                    "evidence, or what was asked; all 64 bytes."},
    {"reference_value", "All fields together are those of one reference value."},
};

enum {
    CHECKS_N = sizeof CHECKS / sizeof CHECKS[0],
    SENTENCES_N = sizeof SENTENCES / sizeof SENTENCES[0]
};

_Static_assert((int)CHECKS_N == (int)SENTENCES_N, "one sentence for each row");
_Static_assert((int)CHECKS_N <= (int)VERDICT_MAX, "a verdict holds all rows");

const struct check *
snp_checks(size_t *n)
{
    *n = CHECKS_N;
    return CHECKS;
}

const struct check *
snp_chain_checks(size_t *n)
{
    *n = sizeof CHAIN_CHECKS / sizeof CHAIN_CHECKS[0];
    return CHAIN_CHECKS;
}

const char *
snp_check_what(const char *id)
{
    for (size_t i = 0; i < SENTENCES_N; i++) {
        if (strcmp(SENTENCES[i].id, id) == 0) {
            return SENTENCES[i].what;
        }
    }
    return NULL;
}

bool
snp_listed(const struct snp_values *list, struct slice value)
{
    for (size_t i = 0; i < list->n; i++) {
        if (slice_same(list->value[i], value)) {
            return true;
        }
    }
    return false;
}
