/* SPDX-License-Identifier: Apache-2.0 */
/* ek_profile.h - what an endorsement key certificate says that its key is.
 *
 * Source: TCG EK Credential Profile 2.5, sections 3.2 (extensions) and 3.1.2 (subject alternative name). */
#ifndef ATTEST_TPM_EK_PROFILE_H
#define ATTEST_TPM_EK_PROFILE_H

#include "attest/tpm/ek_certificate.h"

/* Fill version, ca, key usage, identity and extKeyUsage of `out`. */
void tpm_ek_profile_read(const struct x509_cert *cert, unsigned version,
                         struct tpm_ek_certificate *out);

/* The SubjectPublicKeyInfo is of an rsaesOaep key. */
bool tpm_ek_is_oaep(struct slice spki);

#endif
