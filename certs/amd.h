/* SPDX-License-Identifier: Apache-2.0 */
/* amd.h - the certificate authorities of AMD SEV-SNP as facts, for whoever gives no roots of his own.
 *
 * Taken from the certificates that AMD publishes at https://kdsintf.amd.com under `origin`, and compared with them by
 * test/unit/test_snp_anchors.c where those are at hand.  Anybody can do it again:
 *   curl -O https://kdsintf.amd.com/vcek/v1/Milan/cert_chain; openssl x509 -in cert_chain -noout -text -fingerprint -sha256 */
#ifndef CERTS_AMD_H
#define CERTS_AMD_H

#include "attest/snp/snp.h"

struct amd_ca {
    const char *cn;                     /* of subject; issuer is the product's ARK */
    uint32_t serial;                    /* serialNumber */
    const char *not_before, *not_after; /* RFC 3339 */
    uint64_t exponent;                  /* RSA */
    const char *modulus;                /* RSA, 4096 bits; hex */
    const char *sha256;                 /* of the DER certificate; hex */
    const char *spki_sha256;            /* of its DER SubjectPublicKeyInfo; hex */
    const char *origin;                 /* path at the key distribution service */
};

struct amd_product {
    enum snp_product product;
    struct amd_ca ark, ask, asvk;
};

const struct amd_product *amd_milan(void);
const struct amd_product *amd_genoa(void);
const struct amd_product *amd_turin(void);

/* An intermediate that AMD has revoked. */
struct amd_revoked {
    const char *cn;
    uint32_t serial;
    const char *since;       /* revocationDate, RFC 3339 */
    const char *sha256;      /* of the DER certificate; hex */
    const char *spki_sha256; /* of its DER SubjectPublicKeyInfo; hex */
    const char *origin;      /* of the CRL that says so */
};

enum { AMD_REVOKED_MAX = 4 };

/* At most AMD_REVOKED_MAX of them. */
const struct amd_revoked *amd_revoked(size_t *n);

#endif
