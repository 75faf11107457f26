/* SPDX-License-Identifier: Apache-2.0 */
/* pck.h - the SGX extension of a PCK certificate (Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5). */
#ifndef ATTEST_TDX_PCK_H
#define ATTEST_TDX_PCK_H

#include "attest/tdx/certificate.h"

struct tdx_pck {
    uint8_t ppid[16], fmspc[6], pceid[2], instance[16];
    uint8_t component[TDX_COMPONENTS];
    uint16_t pcesvn;
    bool has_instance; /* platform instance id: certificates of the Platform CA */
};

/* By OID and in any order; each once, none missing.  ERR_MALFORMED names the item; ERR_DENIED: the certificate has no such
 * extension. */
enum err tdx_pck_decode(const struct tdx_cert *leaf, struct tdx_pck *out, struct why *why) MUST_USE;

/* Platform or Processor, by the CA's common name; NONE for another. */
enum tdx_pck_ca tdx_pck_ca_of(const struct tdx_cert *ca);

#endif
