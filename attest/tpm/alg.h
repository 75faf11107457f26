/* SPDX-License-Identifier: Apache-2.0 */
/* alg.h - the numbers of the TPM that the decoders and the checks share.
 *
 * Hash algorithms have theirs in attest/base/hash.h. Sources: TCG Algorithm Registry, Table 3
 * (TPM_ALG_ID) and Table 4 (TPM_ECC_CURVE); TPM 2.0 Library Part 2 section 6.2 (TPM_GENERATED),
 * 6.9 (TPM_ST), 7.4 (TPM_RH), 8.3.2 (TPMA_OBJECT). */
#ifndef ATTEST_TPM_ALG_H
#define ATTEST_TPM_ALG_H

#include <stdint.h>

enum tpm_alg {
    TPM_ALG_RSA = 0x0001,
    TPM_ALG_AES = 0x0006,
    TPM_ALG_NULL = 0x0010,
    TPM_ALG_RSASSA = 0x0014,
    TPM_ALG_RSAES = 0x0015,
    TPM_ALG_RSAPSS = 0x0016,
    TPM_ALG_OAEP = 0x0017,
    TPM_ALG_ECDSA = 0x0018,
    TPM_ALG_ECDH = 0x0019,
    TPM_ALG_ECDAA = 0x001a,
    TPM_ALG_SM2 = 0x001b,
    TPM_ALG_ECSCHNORR = 0x001c,
    TPM_ALG_ECMQV = 0x001d,
    TPM_ALG_ECC = 0x0023,
    TPM_ALG_CFB = 0x0043,
};

enum tpm_curve {
    TPM_ECC_NIST_P256 = 0x0003,
    TPM_ECC_NIST_P384 = 0x0004,
    TPM_ECC_NIST_P521 = 0x0005
};

#define TPM_GENERATED_VALUE UINT32_C(0xff544347)

enum { TPM_ST_ATTEST_QUOTE = 0x8018 };

#define TPM_RH_OWNER       UINT32_C(0x40000001)
#define TPM_RH_ENDORSEMENT UINT32_C(0x4000000b)
#define TPM_RH_PLATFORM    UINT32_C(0x4000000c)

/* "RSASSA", "ECDSA" ...; "unknown" for what we never accept. */
const char *tpm_scheme_name(unsigned alg);

#endif
