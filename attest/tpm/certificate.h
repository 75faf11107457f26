/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - the certificate of an attestation key: facts for the ak.cert_* rules.
 *
 * Source: RFC 5280 sections 4.1, 4.2.1.3 (key usage), 4.2.1.9 (basic constraints), 6.1. */
#ifndef ATTEST_TPM_CERTIFICATE_H
#define ATTEST_TPM_CERTIFICATE_H

#include "attest/base/part.h"
#include "attest/x509/x509.h"

struct tpm_certificate {
    struct part part; /* how decoding it went */
    bool signs;       /* keyUsage is there and has digitalSignature */
    bool ca;
    bool same_key;                           /* its key is the attestation key */
    int64_t not_before_unix, not_after_unix; /* its own */
    struct part chain;                       /* ERR_OK: it chains to an anchor, all in date */
    bool chain_expired;                      /* it would, but for a date above it */
    int64_t valid_until_unix;                /* least notAfter of the chain */
};

/* `key` is the attestation key, or NULL when there is none to compare with. */
void tpm_certificate_open(struct slice der, const struct sig_key *key,
                          const struct x509_anchors *anchors, int64_t at_unix,
                          struct tpm_certificate *out);

#endif
