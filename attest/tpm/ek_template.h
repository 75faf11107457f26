/* SPDX-License-Identifier: Apache-2.0 */
/* ek_template.h - whether a public area is that of an endorsement key as the TCG's templates make it.
 *
 * The parameters that credentials are made with, nameAlg and the symmetric cipher, are the key holder's word: they must be
 * those of a template for a key of that kind.  The authPolicy is not looked at: it guards the key's use in its own TPM.
 *
 * Source: TCG EK Credential Profile 2.5, annex B.3 (L-1, L-2) and B.4 (H-1 to H-3, H-6). */
#ifndef ATTEST_TPM_EK_TEMPLATE_H
#define ATTEST_TPM_EK_TEMPLATE_H

#include <stdbool.h>

#include "attest/tpm/public.h"

/* ERR_DENIED says what differs from every template. */
enum err tpm_ek_template_check(const struct tpm_public *p, struct why *why) MUST_USE;

#endif
