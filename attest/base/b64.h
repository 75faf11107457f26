/* SPDX-License-Identifier: Apache-2.0 */
/* b64.h - base64 with the standard alphabet and padding, strict (RFC 4648 section 4), as signed
 * notes and S3 checksums use it.
 *
 * For everything of JOSE see attest/base/text.h. */
#ifndef ATTEST_BASE_B64_H
#define ATTEST_BASE_B64_H

#include "attest/base/wr.h"

void b64_write(struct wr *w, struct slice in);

/* ERR_MALFORMED: missing padding, another character, or unused bits that are not zero; ERR_LIMIT:
 * more than `cap` bytes. */
enum err b64_decode(struct slice text, uint8_t *dst, size_t cap, size_t *len,
                    struct why *why) MUST_USE;

#endif
