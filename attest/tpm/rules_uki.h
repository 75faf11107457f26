/* SPDX-License-Identifier: Apache-2.0 */
/* rules_uki.h - which image of the policy runs: a fact that its rule judges and the claims repeat. */
#ifndef ATTEST_TPM_RULES_UKI_H
#define ATTEST_TPM_RULES_UKI_H

#include "attest/tpm/checks.h"

/* Place of the image in the policy, and how far user space had come; uki_n: none. */
size_t tpm_uki_of(const struct tpm_in *in, char phase[TPM_PHASE_MAX]);

#endif
