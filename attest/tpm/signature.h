/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h - TPMT_SIGNATURE of RSASSA, RSAPSS and ECDSA: bytes to struct (all integers
 * big-endian).
 *
 * A signature of another scheme keeps its numbers and an unread body: quote.sigalg refuses it by
 * name. Source: TPM 2.0 Library Part 2 section 11.3.4 (TPMT_SIGNATURE). */
#ifndef ATTEST_TPM_SIGNATURE_H
#define ATTEST_TPM_SIGNATURE_H

#include "attest/sig/sig.h"
#include "attest/tpm/alg.h"
#include "attest/tpm/tpm.h"

struct tpm_signature {
    uint16_t scheme;   /* TPM_ALG_ID */
    uint16_t hash;     /* TPM_ALG_ID */
    bool bare;         /* RSASSA bytes without TPMT_SIGNATURE around them; taken as SHA-256 */
    struct slice rsa;  /* RSASSA, RSAPSS */
    struct slice r, s; /* ECDSA; leading zeros may be there or missing */
};

/* modulus_len: bytes of the RSA modulus of the key that is to verify, 0 when it is not an RSA key.
 * Exactly as many bytes are a bare RSASSA signature (a TPMT_SIGNATURE by that key is six bytes
 * longer); everything else is a TPMT_SIGNATURE with nothing after it. */
enum err tpm_signature_decode(struct slice in, size_t modulus_len, struct tpm_signature *out,
                              struct why *why) MUST_USE;

/* Does the signature over `msg` hold?  Errors as sig_verify(). */
enum err tpm_signature_verify(const struct tpm_signature *sig, const struct sig_key *key,
                              struct slice msg, struct why *why) MUST_USE;

#endif
