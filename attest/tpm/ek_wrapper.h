/* SPDX-License-Identifier: Apache-2.0 */
/* ek_wrapper.h - an endorsement key certificate as TPMs keep it in NV memory: bytes to the certificate inside.
 *
 * Sources: TCG PC Client Specific Implementation Specification for Conventional BIOS 1.21, section 7.4.5.1
 * (TCG_PCCLIENT_STORED_CERT) for the header of older parts; TCG EK Credential Profile 2.5, section 2.2.1.4 for the bare form. */
#ifndef ATTEST_TPM_EK_WRAPPER_H
#define ATTEST_TPM_EK_WRAPPER_H

#include <stdbool.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum {
    TPM_EK_NV_MAX = 1 << 15
}; /* bytes of an NV index; a TPM has a few thousand for all of them */

struct tpm_ek_wrapped {
    struct slice
        der;     /* the certificate, borrowed from the input: by its outer SEQUENCE, not decoded */
    bool header; /* it stood behind a TCG header */
    size_t padding; /* bytes behind it */
};

/* Bare DER; or 10 01 00 and a 16-bit length of what follows, and perhaps 10 02; then padding of one value, 00, FF or 11.
 * ERR_MALFORMED: neither, a partial certificate, a length that does not fit, or something else behind it; ERR_LIMIT. */
enum err tpm_ek_unwrap(struct slice in, struct tpm_ek_wrapped *out, struct why *why) MUST_USE;

#endif
