/* SPDX-License-Identifier: Apache-2.0 */
/* thim.h - the VEK certificate that Azure's host keeps for its guests (Trusted Hardware Identity Management).
 *
 * It is a hint like any other: the verifier judges it, and has its own if this does not come.
 * Source: Azure instance metadata service, path /metadata/THIM/amd/certification. */
#ifndef CLIENTS_THIM_H
#define CLIENTS_THIM_H

#include "clients/metadata.h"

enum { THIM_MS = 3000 };

/* *pem: text of `vcekCert`, at most SNP_VEK_MAX bytes, owned by the caller (mem_free_text()).  ERR_UNABLE, code thim: nothing usable
 * came in THIM_MS. */
enum err thim_vek(const char *url, char **pem, struct fault *f) MUST_USE;

#endif
