/* SPDX-License-Identifier: Apache-2.0 */
/* issuer_chain.h - the certificates that come in a header of Intel's services: PEM, percent-encoded (Intel PCS API v4, "TCB-Info-Issuer-Chain" and its
 * siblings; RFC 3986 section 2.1). */
#ifndef COMMON_ISSUER_CHAIN_H
#define COMMON_ISSUER_CHAIN_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum { ISSUER_CHAIN_MAX = 16 * 1024 }; /* bytes of PEM */

/* *pem: a new buffer, free with mem_free_bytes(); its certificates are not decoded.  ERR_MALFORMED: a '%' without two hex digits, something that
 * is not printable, or no PEM; ERR_LIMIT: more than ISSUER_CHAIN_MAX bytes. */
enum err issuer_chain_pem(struct slice header, uint8_t **pem, size_t *len,
                          struct why *why) MUST_USE;

/* The header that a reply of this kind has its chain in: "tcb_info", "qe_identity", "pck_crl"; NULL: it has none. */
const char *issuer_chain_header(const char *kind);

#endif
