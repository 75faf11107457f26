/* SPDX-License-Identifier: Apache-2.0 */
/* tpm.h - the guest's TPM through tpm2-tss ESYS: opening it, the attestation key, a signing key.
 *
 * Nothing is left in the TPM: what these functions load is transient and flushed by the destructors,
 * also when a step in between fails.  The default attestation key is a primary object of a fixed
 * template in the endorsement hierarchy, so the same TPM gives the same key, and Name, each time.
 *
 * Source: TPM 2.0 Library specification, Part 2 sections 8.3, 12.2; Part 3 sections 18.4, 24.1. */
#ifndef CLIENTS_TPM_H
#define CLIENTS_TPM_H

#include <tss2/tss2_esys.h>

#include "attest/tpm/tpm.h"
#include "clients/fault.h"

enum { TCTI_MAX = 256, AK_CHOICE_MAX = 16, DEVICE_POINT = 32 };

/* An open connection; release with device_close(). */
struct device {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
};

/* tcti: NAME:CONF of tpm2-tss's loader, e.g. "device:/dev/tpmrm0" or "swtpm:path=/run/tpm". */
enum err device_open(const char *tcti, struct device *out, struct fault *f) MUST_USE;
void device_close(struct device *d);

/* For AUTO, on a pointer to whatever ESYS gave. */
void tss_free(void *p);

/* ERR_OK for TSS2_RC_SUCCESS, else ERR_UNABLE, code tpm, with the TPM's own words. */
enum err device_check(TSS2_RC rc, const char *what, struct fault *f) MUST_USE;

/* A loaded object; release with loaded_done() before its device. */
struct loaded {
    struct device *device; /* borrowed */
    ESYS_TR handle;
    bool transient; /* flush it, rather than only forget it */
};

void loaded_done(struct loaded *l);

/* The key that signs quotes. */
struct ak {
    struct loaded key;
    uint8_t area[TPM_PUBLIC_MAX]; /* TPM2B_PUBLIC */
    size_t area_len;
    uint8_t name[TPM_NAME_MAX]; /* as the TPM reports it */
    size_t name_len;
};

/* choice: "ecc" (ECC P-256, ECDSA with SHA-256), "rsa" (2048 bits, RSASSA with SHA-256), or a
 * persistent handle such as "0x81010010".  Release with ak_done() before the device. */
enum err ak_open(struct device *d, const char *choice, struct ak *out, struct fault *f) MUST_USE;
void ak_done(struct ak *ak);

/* TPM2B_PUBLIC of the object at a persistent handle, such as the EK's; at most TPM_PUBLIC_MAX. */
enum err handle_public(struct device *d, const char *handle, uint8_t *dst, size_t *len,
                       struct fault *f) MUST_USE;

/* A P-256 signing key that lives in the TPM's null hierarchy: the TPM forgets it at its next reset,
 * and outside of a signature it exists only as an encrypted context in our memory. */
struct device_key {
    char tcti[TCTI_MAX];
    TPMS_CONTEXT *saved; /* owned */
    uint8_t x[DEVICE_POINT], y[DEVICE_POINT];
};

enum err device_key_make(const char *tcti, struct device_key *out, struct fault *f) MUST_USE;
void device_key_done(struct device_key *k);

/* ECDSA over a SHA-256 digest; sig is r || s (RFC 7518 section 3.4). */
enum err device_key_sign(const struct device_key *k, const uint8_t digest[SHA256_LEN],
                         uint8_t sig[2 * DEVICE_POINT], struct fault *f) MUST_USE;

#endif
