/* SPDX-License-Identifier: Apache-2.0 */
/* pem.h - what may come as DER or as one PEM block (RFC 7468), told apart by its first byte. */
#ifndef ATTEST_X509_PEM_H
#define ATTEST_X509_PEM_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

#define X509_PEM_CERTIFICATE "CERTIFICATE"
#define X509_PEM_CRL         "X509 CRL"

/* DER, borrowed from the input when that was DER; release with x509_pem_done(). */
struct x509_pem {
    struct slice der;
    void *owned; /* the library's bytes, of a PEM block */
};

void x509_pem_done(struct x509_pem *p);

/* Bytes that begin with 0x30 are taken for DER as they are.  Others must hold one block with this label and nothing but white
 * space after it.  ERR_MALFORMED: they do not; ERR_LIMIT: more than `max` bytes; ERR_UNABLE: no memory. */
enum err x509_pem_open(struct slice in, const char *label, size_t max, struct x509_pem *out,
                       struct why *why) MUST_USE;

#endif
