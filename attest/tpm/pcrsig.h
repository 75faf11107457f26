/* SPDX-License-Identifier: Apache-2.0 */
/* pcrsig.h - signatures over PCR policies, as a unified kernel image carries them in its section .pcrsig.
 *
 *   {"sha256": [{"pcrs": [11], "pkfp": HEX, "pol": HEX, "sig": BASE64}, ...], "sha384": ...}
 *
 * `pol` is the digest of a session in which TPM2_PolicyPCR was run, with SHA-256 as its hash; `sig` is RSASSA with SHA-256 over the
 * bytes of `pol`.  We compute `pol` ourselves, so what the text says of it only finds the entry.
 *
 * Sources: systemd-measure(1); TPM 2.0 Library Part 3, section 23.7 (TPM2_PolicyPCR). */
#ifndef ATTEST_TPM_PCRSIG_H
#define ATTEST_TPM_PCRSIG_H

#include "attest/tpm/tpm.h"

/* The policy digest for one PCR that has this value. */
enum err tpm_policy_pcr(uint16_t bank, uint8_t pcr, struct slice value, uint8_t out[SHA256_LEN],
                        struct why *why) MUST_USE;

/* Among the entries of `bank` for PCR 11 alone is one for `policy` that the key signed.  ERR_MALFORMED: not of the form above.
 * ERR_DENIED: there is no such entry, or its signature is not by this key. */
enum err tpm_pcrsig_check(struct slice json, uint16_t bank, const uint8_t policy[SHA256_LEN],
                          const struct sig_key *key, struct why *why) MUST_USE;

#endif
