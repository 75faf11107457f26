/* SPDX-License-Identifier: Apache-2.0 */
/* roots_amd.h - AMD's certificate authorities, out of certs/ or out of a folder; for common/roots.c. */
#ifndef COMMON_ROOTS_AMD_H
#define COMMON_ROOTS_AMD_H

#include "certs/amd.h"

/* The intermediates that AMD has revoked, of whatever roots; what struct snp_anchors borrows. */
struct roots_amd_revoked {
    struct snp_revoked list[AMD_REVOKED_MAX];
    size_t n;
};

enum err roots_amd_revoked(struct roots_amd_revoked *out, struct why *why) MUST_USE;

/* The facts of certs/amd.h.  Release with snp_anchors_done(). */
enum err roots_amd_builtin(struct snp_anchors *out, struct why *why) MUST_USE;

/* DIR/amd/ark-PRODUCT.pem, ask-, asvk- with PRODUCT in milan, genoa, turin; a product without its ARK is not trusted, and without
 * DIR/amd none is.  ERR_MALFORMED, ERR_DENIED: a file that does not hold, naming it, also an intermediate that is revoked or that
 * has no ARK; ERR_IO. */
enum err roots_amd_folder(const char *dir, const struct roots_amd_revoked *revoked,
                          struct snp_anchors *out, struct why *why) MUST_USE;

#endif
