/* SPDX-License-Identifier: Apache-2.0 */
/* pem.h - textual encoding of DER, block by block (RFC 7468 section 3, strict; lines of any length).
 *
 * Ends of lines may stand between blocks, and inside a block white space too; headers inside a block and anything else between blocks
 * are refused. */
#ifndef ATTEST_BASE_PEM_H
#define ATTEST_BASE_PEM_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

/* The text begins, after ends of lines, with a PEM block. */
bool pem_looks_like(struct slice text);

/* Decode the first block, which must have this label ("CERTIFICATE"), into dst; *rest is then what follows it.  ERR_NOT_FOUND:
 * nothing but ends of lines is left.  ERR_MALFORMED, ERR_LIMIT: more than `cap` bytes. */
enum err pem_next(struct slice *rest, const char *label, uint8_t *dst, size_t cap, size_t *len,
                  struct why *why) MUST_USE;

#endif
