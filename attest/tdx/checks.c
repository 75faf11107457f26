/* SPDX-License-Identifier: Apache-2.0 */
/* checks.c - see checks.h.  To add a rule: write one function, add one row with its sentence, add one bad vector. */
#include "attest/tdx/checks.h"

#include <string.h>

#define QUOTE "Intel TDX DCAP Quoting Library API, A."
#define PCK   "Intel SGX PCK Certificate and CRL Profile, "
#define PCS   "Intel PCS API v4, "
#define TDX   "Intel TDX Module ABI, "

static const struct check CHECKS[] = {
    {"tdquote.malformed", QUOTE "3", tdx_rule_malformed, .gate = true},
    {"tdquote.version", QUOTE "3.1", tdx_rule_version, .gate = true},
    {"tdquote.key_type", QUOTE "3.1", tdx_rule_key_type, .gate = true},
    {"tdquote.tee_type", QUOTE "3.1", tdx_rule_tee_type, .gate = true},
    {"tdquote.vendor", QUOTE "3.1", tdx_rule_vendor, .gate = true},
    {"tdquote.body", QUOTE "3.2", tdx_rule_body, .gate = true},
    {"tdquote.cert_type", QUOTE "3.9", tdx_rule_cert_type, .gate = true},
    {"pck.chain", PCK "1.3", tdx_rule_pck_chain, .gate = true},
    {"pck.root", PCK "1.3.1", tdx_rule_pck_root, .gate = false},
    {"pck.validity", "RFC 5280, 4.1.2.5", tdx_rule_pck_validity, .gate = false},
    {"pck.extension", PCK "1.3.5", tdx_rule_pck_extension, .gate = true},
    {"qe.signature", QUOTE "3.8", tdx_rule_qe_signature, .gate = false},
    {"qe.report_data", QUOTE "3.8", tdx_rule_qe_report_data, .gate = false},
    {"tdquote.key", "SEC 1, 3.2.2", tdx_rule_key, .gate = false},
    {"tdquote.signature", QUOTE "3.8", tdx_rule_signature, .gate = false},
    {"root_crl.missing", PCK "2", tdx_rule_root_crl_missing, .gate = false},
    {"root_crl.malformed", "RFC 5280, 5.1", tdx_rule_root_crl_malformed, .gate = false},
    {"root_crl.signature", "RFC 5280, 6.3.3", tdx_rule_root_crl_signature, .gate = false},
    {"root_crl.expired", "RFC 5280, 5.1.2.5", tdx_rule_root_crl_expired, .gate = false},
    {"pck_crl.missing", PCK "2", tdx_rule_pck_crl_missing, .gate = false},
    {"pck_crl.malformed", "RFC 5280, 5.1", tdx_rule_pck_crl_malformed, .gate = false},
    {"pck_crl.issuer", "RFC 5280, 5.1.2.3", tdx_rule_pck_crl_issuer, .gate = false},
    {"pck_crl.signature", "RFC 5280, 6.3.3", tdx_rule_pck_crl_signature, .gate = false},
    {"pck_crl.expired", "RFC 5280, 5.1.2.5", tdx_rule_pck_crl_expired, .gate = false},
    {"pck.revoked", "RFC 5280, 6.3.3", tdx_rule_pck_revoked, .gate = false},
    {"pck_ca.revoked", "RFC 5280, 6.3.3", tdx_rule_pck_ca_revoked, .gate = false},
    {"tcb_signing.revoked", "RFC 5280, 6.3.3", tdx_rule_tcb_signing_revoked, .gate = false},
    {"tcb_info.missing", PCS "TCB Info V3", tdx_rule_tcb_missing, .gate = false},
    {"tcb_info.malformed", PCS "TCB Info V3", tdx_rule_tcb_malformed, .gate = false},
    {"tcb_info.chain", PCS "TCB Info V3", tdx_rule_tcb_chain, .gate = false},
    {"tcb_info.signature", PCS "TCB Info V3", tdx_rule_tcb_signature, .gate = false},
    {"tcb_info.id", PCS "TCB Info V3", tdx_rule_tcb_id, .gate = false},
    {"tcb_info.expired", PCS "TCB Info V3", tdx_rule_tcb_expired, .gate = false},
    {"tcb_info.fmspc", PCS "TCB Info V3", tdx_rule_tcb_fmspc, .gate = false},
    {"tcb_info.pceid", PCS "TCB Info V3", tdx_rule_tcb_pceid, .gate = false},
    {"qe_identity.missing", PCS "Enclave Identity V2", tdx_rule_qe_missing, .gate = false},
    {"qe_identity.malformed", PCS "Enclave Identity V2", tdx_rule_qe_malformed, .gate = false},
    {"qe_identity.chain", PCS "Enclave Identity V2", tdx_rule_qe_chain, .gate = false},
    {"qe_identity.signature", PCS "Enclave Identity V2", tdx_rule_qe_id_signature, .gate = false},
    {"qe_identity.id", PCS "Enclave Identity V2", tdx_rule_qe_id, .gate = false},
    {"qe_identity.expired", PCS "Enclave Identity V2", tdx_rule_qe_expired, .gate = false},
    {"qe.mrsigner", PCS "Enclave Identity V2", tdx_rule_qe_mrsigner, .gate = false},
    {"qe.isvprodid", PCS "Enclave Identity V2", tdx_rule_qe_isvprodid, .gate = false},
    {"qe.miscselect", PCS "Enclave Identity V2", tdx_rule_qe_miscselect, .gate = false},
    {"qe.attributes", PCS "Enclave Identity V2", tdx_rule_qe_attributes, .gate = false},
    {"module.identity", PCS "TCB Info V3", tdx_rule_module_identity, .gate = false},
    {"module.mrsigner", PCS "TCB Info V3", tdx_rule_module_mrsigner, .gate = false},
    {"module.attributes", PCS "TCB Info V3", tdx_rule_module_attributes, .gate = false},
    {"tcb.level", PCS "TCB Info V3", tdx_rule_tcb_level, .gate = false},
    {"module.level", PCS "TCB Info V3", tdx_rule_module_level, .gate = false},
    {"qe.level", PCS "Enclave Identity V2", tdx_rule_qe_level, .gate = false},
    {"tcb.current", PCS "TCB Info V3", tdx_rule_tcb_current, .gate = false},
    {"tcb.status_known", PCS "TCB Info V3", tdx_rule_status_known, .gate = false},
    {"tcb.status", "Countersign policy", tdx_rule_status, .gate = false},
    {"tcb.date", "Countersign policy", tdx_rule_date, .gate = false},
    {"tcb.eval", "Countersign policy", tdx_rule_eval, .gate = false},
    {"tcb.advisory", "Countersign policy", tdx_rule_advisory, .gate = false},
    {"td.debug", TDX "TDATTRIBUTES", tdx_rule_debug, .gate = false},
    {"td.attributes_reserved", TDX "TDATTRIBUTES", tdx_rule_attributes_reserved, .gate = false},
    {"td.attributes", TDX "TDATTRIBUTES", tdx_rule_attributes, .gate = false},
    {"td.xfam", TDX "XFAM", tdx_rule_xfam, .gate = false},
    {"mrtd", "Countersign policy", tdx_rule_mrtd, .gate = false},
    {"rtmr0", "Countersign policy", tdx_rule_rtmr0, .gate = false},
    {"rtmr1", "Countersign policy", tdx_rule_rtmr1, .gate = false},
    {"rtmr2", "Countersign policy", tdx_rule_rtmr2, .gate = false},
    {"rtmr3", "Countersign policy", tdx_rule_rtmr3, .gate = false},
    {"mrseam", "Countersign policy", tdx_rule_mrseam, .gate = false},
    {"mrconfigid", "Countersign policy", tdx_rule_mrconfigid, .gate = false},
    {"mrowner", "Countersign policy", tdx_rule_mrowner, .gate = false},
    {"mrownerconfig", "Countersign policy", tdx_rule_mrownerconfig, .gate = false},
    {"mrservicetd", "Countersign policy", tdx_rule_mrservicetd, .gate = false},
    {"ppid", "Countersign policy", tdx_rule_ppid, .gate = false},
    {"ccel.malformed", "UEFI 2.10, 38.4", tdx_rule_ccel_malformed, .gate = false},
    {"ccel.replay", "UEFI 2.10, 38.4", tdx_rule_ccel_replay, .gate = false},
    {"report_data", "Countersign binding v1", tdx_rule_report_data, .gate = false},
    {"reference_value", "Countersign policy", tdx_rule_reference_value, .gate = false},
};

/* In the order of the table. */
static const char *const SENTENCES[] = {
    "The quote decodes, every length within its container.",
    "It is a quote of version 4 or 5.",
    "The attestation key is ECDSA on P-256.",
    "It is a TDX quote, not one of SGX.",
    "The Quoting Enclave is Intel's.",
    "The body is a TD report of TDX 1.0 or 1.5, of the size of its type.",
    "The certification data is a QE report with a PEM chain inside.",
    "PCK leaf, PCK CA and root: exactly three, each issued by the next, as Intel profiles them.",
    "The root's key is the trusted one; names and serial numbers do not count.",
    "All three certificates are in date.",
    "The leaf's SGX extension is complete, each item once and of its type.",
    "The QE report is signed by the PCK key.",
    "The QE report vouches for the attestation key, and for nothing else.",
    "The attestation key is a point on P-256.",
    "The quote is signed by the attestation key.",
    "There is a CRL of the root.",
    "The root's CRL decodes, has nextUpdate, and no unknown critical extension.",
    "The root's CRL is issued and signed by the trusted root.",
    "The root's CRL is in its time.",
    "There is a CRL of the PCK CA.",
    "The PCK CA's CRL decodes, has nextUpdate, and no unknown critical extension.",
    "The PCK CRL is that of the chain's own CA (Platform or Processor).",
    "The PCK CRL is signed by the chain's PCK CA.",
    "The PCK CRL is in its time.",
    "The PCK certificate is not revoked.",
    "The PCK CA is not revoked.",
    "The TCB signing certificates are not revoked.",
    "There is a tcbInfo.",
    "The tcbInfo decodes: strict JSON, no member twice, levels all different.",
    "The tcbInfo's signer is \"Intel SGX TCB Signing\", in date, under the trusted root.",
    "The tcbInfo is signed over exactly its bytes.",
    "It is the tcbInfo of TDX, version 3, type 0.",
    "The tcbInfo is in its time, or within the grace that the policy gives.",
    "The tcbInfo is for the FMSPC of the PCK certificate.",
    "The tcbInfo is for the PCEID of the PCK certificate.",
    "There is a QE identity.",
    "The QE identity decodes: strict JSON, no member twice.",
    "The QE identity's signer is \"Intel SGX TCB Signing\", in date, under the trusted root.",
    "The QE identity is signed over exactly its bytes.",
    "It is the identity of the TD Quoting Enclave, version 2.",
    "The QE identity is in its time, or within the grace that the policy gives.",
    "The QE's MRSIGNER is that of the identity.",
    "The QE's ISVPRODID is that of the identity.",
    "The QE's MISCSELECT is that of the identity under its mask.",
    "The QE's attributes are those of the identity under its mask.",
    "The tcbInfo has an identity for the TDX module of this version.",
    "The module's signer is that of its identity.",
    "The module has no attributes, and those of its identity under its mask.",
    "A TCB level matches: SGX components, PCESVN and TDX components.",
    "A level of the module's identity matches.",
    "A level of the QE identity matches.",
    "What runs now (TEE_TCB_SVN_2) has a level too.",
    "Every status that counts is one that Intel defines for its place.",
    "The converged status is one that the policy accepts.",
    "The least tcbDate is not before the policy's.",
    "tcbInfo and QE identity are of the policy's evaluation number or later.",
    "No advisory applies that the policy denies, or that it does not allow.",
    "The TD cannot be debugged, unless the policy allows it.",
    "The reserved bits of TDATTRIBUTES are zero.",
    "TDATTRIBUTES has what the policy requires and nothing that it forbids.",
    "XFAM has its fixed bits, and no bit that a TD may not have.",
    "MRTD is a golden value.",
    "RTMR0 is a golden value.",
    "RTMR1 is a golden value.",
    "RTMR2 is a golden value.",
    "RTMR3 is a golden value.",
    "MRSEAM is a golden value.",
    "MRCONFIGID is a golden value.",
    "MROWNER is a golden value.",
    "MROWNERCONFIG is a golden value.",
    "MRSERVICETD is a golden value; a bound service TD that nobody vouches for is reported.",
    "The PPID of the machine is in the policy's list.",
    "The event log decodes.",
    "The event log replays to RTMR0, RTMR1 and RTMR2, and to RTMR3 where it has events for it.",
    "REPORTDATA is the binding of this challenge, this guest key and this kind of evidence.",
    "All fields of one reference value hold together.",
};

enum {
    CHECKS_N = sizeof CHECKS / sizeof CHECKS[0],
    SENTENCES_N = sizeof SENTENCES / sizeof SENTENCES[0]
};

_Static_assert((int)CHECKS_N == (int)SENTENCES_N, "one sentence for each row");
_Static_assert((int)CHECKS_N <= (int)VERDICT_MAX, "a verdict holds all rows");

const struct check *
tdx_checks(size_t *n)
{
    *n = CHECKS_N;
    return CHECKS;
}

const char *
tdx_check_what(const char *id)
{
    for (size_t i = 0; i < CHECKS_N; i++) {
        if (strcmp(CHECKS[i].id, id) == 0) {
            return SENTENCES[i];
        }
    }
    return NULL;
}

bool
tdx_in_window(const struct tdx_in *t, int64_t from, int64_t until)
{
    return t->at_unix >= from && t->at_unix <= until + t->want->grace_s;
}
