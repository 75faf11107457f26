/* SPDX-License-Identifier: Apache-2.0 */
/* crl_text.h - a CRL as it comes from Intel's services: DER, one PEM block, or hex (Intel PCS API v4, pckcrl; a PCCS answers in hex).
 *
 * What it was is told by its first byte, and nothing is tried in turn. */
#ifndef COMMON_CRL_TEXT_H
#define COMMON_CRL_TEXT_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

/* *der: a new buffer, free with mem_free_bytes(); the CRL itself is not decoded.  White space at the end of hex is passed over.
 * ERR_MALFORMED: neither of the three; ERR_LIMIT: more than X509_CRL_MAX bytes; ERR_UNABLE: no memory. */
enum err crl_der(struct slice text, uint8_t **der, size_t *len, struct why *why) MUST_USE;

#endif
