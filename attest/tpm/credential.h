/* SPDX-License-Identifier: Apache-2.0 */
/* credential.h - a secret that only the TPM holding both an endorsement key and an attestation key can read: what
 * TPM2_MakeCredential computes, without a TPM.
 *
 * All hashes are the endorsement key's nameAlg, whatever the attestation key's is.  Coordinates are as long as the field.
 *
 * Source: TPM 2.0 Library Part 1, annexes B.10.4 and C.6.4 (secret sharing), section 24 (credential protection), section 11.4.10
 * (KDFa, KDFe); Part 2 sections 12.4.3 (TPM2B_ID_OBJECT) and 11.4.3 (TPM2B_ENCRYPTED_SECRET). */
#ifndef ATTEST_TPM_CREDENTIAL_H
#define ATTEST_TPM_CREDENTIAL_H

#include "attest/tpm/public.h"

enum {
    TPM_CREDENTIAL_RANDOM = 128, /* bytes */
    TPM_CREDENTIAL_SECRET = 32,  /* bytes of the longest secret that every template takes */
    TPM_ID_OBJECT_MAX = 2 + 2 + HASH_MAX + 2 + TPM_CREDENTIAL_SECRET,
    TPM_ENCRYPTED_SECRET_MAX = 2 + 512,
};

struct tpm_credential {
    uint8_t id_object[TPM_ID_OBJECT_MAX]; /* TPM2B_ID_OBJECT */
    size_t id_object_len;
    uint8_t encrypted_secret[TPM_ENCRYPTED_SECRET_MAX]; /* TPM2B_ENCRYPTED_SECRET */
    size_t encrypted_secret_len;
};

/* What is to be protected and for whom, borrowed. */
struct tpm_credential_in {
    const struct tpm_public *ek; /* by a template of the TCG */
    struct slice ak_name;        /* nameAlg and digest */
    struct slice secret;         /* 1 to TPM_CREDENTIAL_SECRET bytes */
    struct slice random;         /* TPM_CREDENTIAL_RANDOM bytes, fresh, used once */
};

/* ERR_DENIED: the key is not made by a template, or is weak; ERR_BUG: a secret, a Name or randomness of a wrong length; ERR_UNABLE: the
 * library fails, or the randomness gives no key (once in 2^64 times). */
enum err tpm_credential_make(const struct tpm_credential_in *in, struct tpm_credential *out,
                             struct why *why) MUST_USE;

#endif
