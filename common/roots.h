/* SPDX-License-Identifier: Apache-2.0 */
/* roots.h - trust anchors: those built in, or out of a folder that replaces them all.
 *
 *   DIR/tpm/ANY.pem         self-signed certificates are anchors, others intermediates; none is built in
 *   DIR/tpm/ANY.crl         CRLs of them, DER or PEM, one in a file
 *   DIR/amd/ark-PRODUCT.pem ask-PRODUCT.pem, asvk-PRODUCT.pem, with PRODUCT in milan, genoa, turin; built in: certs/amd.h
 *   DIR/intel/root.pem      one certificate, whose key is the pin; built in: certs/intel.h */
#ifndef COMMON_ROOTS_H
#define COMMON_ROOTS_H

#include "attest/attest.h"

/* Owns the certificates that `trust` points to; release with roots_free(). */
struct roots {
    struct trust trust;
    void *owned;
};

void roots_free(struct roots **r);

/* A vendor without a folder is not trusted.  dir "": what is built in.  ERR_IO: dir itself cannot be read.
 * ERR_MALFORMED, ERR_DENIED name the file that holds no certificate, a broken one, or one that may not be trusted. */
enum err roots_read(const char *dir, struct roots **out, struct why *why) MUST_USE;

#endif
