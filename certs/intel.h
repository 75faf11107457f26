/* SPDX-License-Identifier: Apache-2.0 */
/* intel.h - the root of Intel's SGX and TDX certificates as facts, for whoever gives no roots of his own.
 *
 * Taken from the certificate that Intel publishes at `origin`, and compared with it by test/unit/test_tdx_roots.c where that is at
 * hand.  Only the key is the pin: Intel's pre-production root bears the same name.  Anybody can do it again:
 *   curl -O https://certificates.trustedservices.intel.com/Intel_SGX_Provisioning_Certification_RootCA.cer
 *   openssl x509 -inform DER -in Intel_SGX_Provisioning_Certification_RootCA.cer -noout -text -fingerprint -sha256 */
#ifndef CERTS_INTEL_H
#define CERTS_INTEL_H

struct intel_root {
    const char *cn;                     /* of subject and issuer */
    const char *serial;                 /* serialNumber; hex */
    const char *not_before, *not_after; /* RFC 3339 */
    const char *x, *y;                  /* of the public key, on P-256; hex */
    const char *sha256;                 /* of the DER certificate; hex */
    const char *spki_sha256;            /* of its DER SubjectPublicKeyInfo; hex */
    const char *origin;
};

const struct intel_root *intel_root(void);

#endif
