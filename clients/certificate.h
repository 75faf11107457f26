/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - one certificate from a file, DER or PEM. */
#ifndef CLIENTS_CERTIFICATE_H
#define CLIENTS_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "attest/base/err.h"

/* As DER, not judged and not decoded; free with mem_free_bytes().  ERR_MALFORMED: empty, or a PEM
 * file that does not begin with a whole certificate; ERR_NOT_FOUND, ERR_IO, ERR_LIMIT as
 * file_read(). */
enum err certificate_read(const char *path, uint8_t **der, size_t *len, struct why *why) MUST_USE;

#endif
