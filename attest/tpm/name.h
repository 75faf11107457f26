/* SPDX-License-Identifier: Apache-2.0 */
/* name.h - Names and qualified names, always computed here and never taken from the client.
 *
 *   Name          = nameAlg || H_nameAlg(TPMT_PUBLIC)
 *   QN of primary = nameAlg || H_nameAlg(handle of the hierarchy || Name)
 *   QN of child   = nameAlg || H_nameAlg(QN of the parent || Name)
 *
 * Source: TPM 2.0 Library Part 1, Names and Qualified Names. */
#ifndef ATTEST_TPM_NAME_H
#define ATTEST_TPM_NAME_H

#include "attest/tpm/public.h"

struct tpm_name {
    uint8_t bytes[TPM_NAME_MAX];
    size_t len; /* 0: none */
};

struct slice tpm_name_slice(const struct tpm_name *n);

/* ERR_DENIED when nameAlg is none of SHA-256, SHA-384, SHA-512. */
enum err tpm_name_make(const struct tpm_public *p, struct tpm_name *out, struct why *why) MUST_USE;

/* `name` is the key's; hierarchy is a TPM_RH handle. */
enum err tpm_name_primary(const struct tpm_name *name, uint32_t hierarchy, struct tpm_name *out,
                          struct why *why) MUST_USE;

enum err tpm_name_child(const struct tpm_name *name, const struct tpm_name *parent_qualified,
                        struct tpm_name *out, struct why *why) MUST_USE;

#endif
