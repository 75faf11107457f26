/* SPDX-License-Identifier: Apache-2.0 */
/* roots_intel.h - Intel's root, out of certs/ or out of a folder; for common/roots.c. */
#ifndef COMMON_ROOTS_INTEL_H
#define COMMON_ROOTS_INTEL_H

#include "attest/tdx/tdx.h"

enum { ROOTS_INTEL_SPKI_MAX = 128 };

/* What struct tdx_anchor borrows, but for its key's handle: release that with roots_intel_done(). */
struct roots_intel {
    uint8_t spki[ROOTS_INTEL_SPKI_MAX];
};

void roots_intel_done(struct tdx_anchor *a);

/* The facts of certs/intel.h.  `own` must outlive *out. */
enum err roots_intel_builtin(struct roots_intel *own, struct tdx_anchor *out,
                             struct why *why) MUST_USE;

/* DIR/intel/root.pem, one certificate, whose key becomes the pin; without it nobody is trusted.  ERR_MALFORMED, ERR_DENIED (a key
 * that is not on P-256), ERR_LIMIT, ERR_IO: the file does not hold, named. */
enum err roots_intel_folder(const char *dir, struct roots_intel *own, struct tdx_anchor *out,
                            struct why *why) MUST_USE;

#endif
