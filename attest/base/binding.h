/* SPDX-License-Identifier: Apache-2.0 */
/* binding.h - the one value that every kind of evidence must commit to.
 *
 *   binding = SHA-256("countersign-binding-v1" || 0x00 || type || 0x00 || u16be len || challenge || jkt ||
 *                     SHA-256(launch token, or empty))
 *
 * `len` is the length in bytes of the challenge; jkt is the 32 raw bytes of the RFC 7638 thumbprint. */
#ifndef ATTEST_BASE_BINDING_H
#define ATTEST_BASE_BINDING_H

#include "attest/base/hash.h"

enum { CHALLENGE_LEN = 32, JKT_LEN = 32, BINDING_LEN = SHA256_LEN };

enum evidence_type {
    EVIDENCE_NONE = 0,
    EVIDENCE_TPM2,
    EVIDENCE_SEV_SNP,
    EVIDENCE_TDX,
    EVIDENCE_AZURE_SEV_SNP,
    EVIDENCE_AZURE_TDX,
};

/* "tpm2", "sev-snp", "tdx", "azure-sev-snp", "azure-tdx"; "none" otherwise. */
const char *evidence_name(enum evidence_type type);

/* EVIDENCE_NONE if it is none of them. */
enum evidence_type evidence_by_name(struct slice name);

/* challenge: 1..65535 bytes, as sent.  launch_token: the token's bytes, empty when there is none. */
enum err binding_make(enum evidence_type type, struct slice challenge, const uint8_t jkt[JKT_LEN],
                      struct slice launch_token, uint8_t out[BINDING_LEN],
                      struct why *why) MUST_USE;

#endif
