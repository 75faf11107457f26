/* SPDX-License-Identifier: Apache-2.0 */
/* roots.h - trust anchors out of a folder (DESIGN section 12): DIR/tpm/ with PEM files; self-signed certificates are anchors, others intermediates. */
#ifndef COMMON_ROOTS_H
#define COMMON_ROOTS_H

#include "attest/attest.h"

/* Owns the certificates that `trust` points to; release with roots_free(). */
struct roots {
    struct trust trust;
    void *owned;
};

void roots_free(struct roots **r);

/* A vendor without a folder is not trusted.  dir "": nobody is.  ERR_IO: dir itself cannot be read.
 * ERR_MALFORMED names the file that holds no certificate, or a broken one. */
enum err roots_read(const char *dir, struct roots **out, struct why *why) MUST_USE;

#endif
