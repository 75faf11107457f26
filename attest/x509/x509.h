/* SPDX-License-Identifier: Apache-2.0 */
/* x509.h - certificate chains at a given time against given anchors (RFC 5280).
 *
 * No purpose check and no name constraints of the web: what a certificate is for is the business of the evidence at hand. */
#ifndef ATTEST_X509_X509_H
#define ATTEST_X509_X509_H

#include "attest/sig/sig.h"

enum { X509_CERTS_MAX = 512, X509_DER_MAX = 16384 };

/* DER certificates, borrowed.  Self-signed ones are anchors, others may serve as intermediates. */
struct x509_anchors {
    const struct slice *anchor;
    size_t anchor_n;
    const struct slice *intermediate;
    size_t intermediate_n;
};

#endif
