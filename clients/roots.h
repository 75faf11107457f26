/* SPDX-License-Identifier: Apache-2.0 */
/* roots.h - trusted roots from a folder: the .pem files of DIR/tpm, one or more certificates
 * in each.
 *
 * Self-signed certificates are anchors, others intermediates.  A folder that is not there trusts
 * nobody; a file that is no certificate is refused, so that a typing error does not go unseen. */
#ifndef CLIENTS_ROOTS_H
#define CLIENTS_ROOTS_H

#include "attest/x509/x509.h"

struct roots {
    struct x509_anchors tpm; /* borrows from `owned` */
    void *owned;
};

void roots_done(struct roots *r);

/* dir NULL: no roots at all.  ERR_UNABLE, ERR_IO, ERR_MALFORMED name the file. */
enum err roots_load(const char *dir, struct roots *out, struct why *why) MUST_USE;

/* One certificate, DER or PEM, as DER; free with mem_free_bytes(). */
enum err certificate_read(const char *path, uint8_t **der, size_t *len, struct why *why) MUST_USE;

#endif
