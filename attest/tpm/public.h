/* SPDX-License-Identifier: Apache-2.0 */
/* public.h - TPMT_PUBLIC and TPM2B_PUBLIC of RSA and ECC keys: bytes to struct (all integers
 * big-endian).
 *
 * Decoding checks shape only; what an attestation key must be is judged by the checks.  Slices
 * borrow from the input. Source: TPM 2.0 Library Part 2 sections 12.2.4 (TPMT_PUBLIC), 12.2.3.5
 * (TPMS_RSA_PARMS), 12.2.3.6 (TPMS_ECC_PARMS), 11.1.7 (TPMT_SYM_DEF_OBJECT), 11.2.4.2
 * (TPMT_RSA_SCHEME), 11.2.5.6 (TPMT_ECC_SCHEME), 11.2.3.3 (TPMT_KDF_SCHEME). */
#ifndef ATTEST_TPM_PUBLIC_H
#define ATTEST_TPM_PUBLIC_H

#include "attest/sig/sig.h"
#include "attest/tpm/alg.h"
#include "attest/tpm/tpm.h"

struct tpm_public {
    uint16_t type;     /* TPM_ALG_RSA or TPM_ALG_ECC */
    uint16_t name_alg; /* TPM_ALG_ID of a hash, or TPM_ALG_NULL */
    uint32_t attributes;
    struct slice policy;                     /* authPolicy */
    uint16_t symmetric;                      /* TPM_ALG_NULL when none */
    uint16_t symmetric_bits, symmetric_mode; /* 0 when none */
    uint16_t scheme;                         /* TPM_ALG_NULL when none */
    uint16_t scheme_hash;                    /* 0 when the scheme has none */
    uint16_t key_bits;                       /* RSA */
    uint32_t exponent;                       /* RSA; 0 means 65537 */
    struct slice modulus;                    /* RSA */
    uint16_t curve;                          /* ECC: TPM_ECC_CURVE */
    uint16_t kdf;                            /* ECC: TPM_ALG_NULL when none */
    struct slice x, y;                       /* ECC; may be shorter than the field */
    struct slice area; /* the TPMT_PUBLIC itself: what the Name is computed over */
};

/* TPM2B_PUBLIC when the first 16 bits are the number of bytes that follow, else TPMT_PUBLIC (its
 * first 16 bits are the type, 1 or 35, and no key is that short).  Nothing after it. */
enum err tpm_public_decode(struct slice in, struct tpm_public *out, struct why *why) MUST_USE;

/* The public key of the area, ready to verify with; release with sig_key_done().  ERR_DENIED or
 * ERR_MALFORMED: a weak key, a point that is not on its curve, a curve other than P-256 and P-384.
 */
enum err tpm_public_key(const struct tpm_public *p, struct sig_key *out, struct why *why) MUST_USE;

#endif
