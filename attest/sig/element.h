/* SPDX-License-Identifier: Apache-2.0 */
/* element.h - DER elements of fewer than 2^16 bytes, written; for attest/sig only.
 *
 * Source: ITU-T X.690 (2021), sections 8 and 10. */
#ifndef ATTEST_SIG_ELEMENT_H
#define ATTEST_SIG_ELEMENT_H

#include "attest/base/wr.h"

/* Bytes of an element with so many bytes of contents. */
size_t element_len(size_t contents);

/* Tag and length. */
void element_open(struct wr *w, unsigned tag, size_t contents);

/* An INTEGER from the bytes of a number >= 0, big-endian; zeros in front of them are left out. */
size_t element_integer_len(struct slice v);
void element_integer(struct wr *w, struct slice v);

#endif
