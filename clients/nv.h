/* SPDX-License-Identifier: Apache-2.0 */
/* nv.h - NV indices of the guest's TPM: is there one, and what does it hold.
 *
 * Read with an empty password, as the owner or as the index itself, whichever its attributes allow.
 * Source: TPM 2.0 Library Part 2 section 13.4 (TPMA_NV), Part 3 sections 31.6 and 31.13. */
#ifndef CLIENTS_NV_H
#define CLIENTS_NV_H

#include "clients/tpm.h"

/* False also when the TPM does not say. */
bool nv_there(struct device *d, TPM2_HANDLE index);

/* The whole index, of at most `max` bytes; *out is owned by the caller (mem_free_bytes()).  ERR_UNABLE, code tpm: it is not there or may
 * not be read.  ERR_LIMIT: it is larger. */
enum err nv_read(struct device *d, TPM2_HANDLE index, size_t max, uint8_t **out, size_t *len,
                 struct fault *f) MUST_USE;

#endif
