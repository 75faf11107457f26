/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - Intel's certificates: PCK leaf, its CA, the TCB signer, the root (Intel SGX PCK Certificate and CRL Profile
 * Specification, chapter 1): ECDSA P-256 with SHA-256 throughout, names and CA flags as profiled. */
#ifndef ATTEST_TDX_CERTIFICATE_H
#define ATTEST_TDX_CERTIFICATE_H

#include "attest/tdx/tdx.h"
#include "attest/x509/x509.h"

enum { TDX_CERT_MAX = 4096, TDX_CHAIN_MAX = 3 };

/* Borrows from the DER it was decoded from. */
struct tdx_cert {
    struct x509_leaf x;
    struct slice cn; /* contents of the subject's commonName */
    bool is_ca, signs_certs;
    int64_t path_len;   /* -1: not limited */
    struct sig_key key; /* owned */
};

void tdx_cert_done(struct tdx_cert *c);

/* v3, ecdsa-with-SHA256, no unknown critical extension; without its key. */
enum err tdx_cert_read(struct slice der, struct tdx_cert *out, struct why *why) MUST_USE;

/* And its key, on P-256. */
enum err tdx_cert_decode(struct slice der, struct tdx_cert *out, struct why *why) MUST_USE;

/* The issuer's name, its CA flags, room in its path length and its signature. */
enum err tdx_cert_issued_by(const struct tdx_cert *c, const struct tdx_cert *issuer, size_t below,
                            struct why *why) MUST_USE;

/* What has been done already and costs as much as a signature to do again.  Borrowed; zeroed: nothing. */
struct tdx_lean {
    const struct tdx_anchor
        *anchor; /* its key is that of any certificate with its SubjectPublicKeyInfo; NULL: none */
    struct slice
        root; /* DER of a certificate whose signature by itself was verified; empty: none */
};

/* Certificates out of PEM, in the order in which they stand; a NUL ends the text.  Owns its bytes: never to be copied. */
struct tdx_chain {
    uint8_t bytes[TDX_CHAIN_MAX][TDX_CERT_MAX];
    struct tdx_cert cert[TDX_CHAIN_MAX];
    size_t n;
};

void tdx_chain_done(struct tdx_chain *c);

/* Exactly `n` certificates as they stand: without keys, and no signature is verified.  *out is zeroed. */
enum err tdx_chain_read(struct slice pem, size_t n, struct tdx_chain *out,
                        struct why *why) MUST_USE;

/* Exactly `n` certificates, leaf first, each issued by the next, the last by itself.  *out is zeroed. */
enum err tdx_chain_decode(struct slice pem, size_t n, const struct tdx_lean *lean,
                          struct tdx_chain *out, struct why *why) MUST_USE;

/* DER AlgorithmIdentifier: ecdsa-with-SHA256. */
bool tdx_is_ecdsa_sha256(struct slice algorithm);

/* r || s of an ECDSA-Sig-Value (RFC 3279 section 2.2.3) over P-256. */
enum err tdx_signature_raw(struct slice der, uint8_t out[64], struct why *why) MUST_USE;

enum { TDX_SERIAL_MAX = 20 }; /* bytes, RFC 5280 section 4.1.2.2 */

/* A serial number without the zeros in front; its length, or 0 when it is longer than a CRL could name. */
size_t tdx_serial(struct slice serial, uint8_t out[TDX_SERIAL_MAX]);

/* SHA-256 of the certificate's SubjectPublicKeyInfo as it stands. */
void tdx_cert_spki(const struct tdx_cert *c, uint8_t out[SHA256_LEN]);

#endif
