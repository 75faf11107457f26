/* SPDX-License-Identifier: Apache-2.0 */
/* verify_claims.h - what a verdict established, as JSON. */
#ifndef CLIENTS_VERIFY_CLAIMS_H
#define CLIENTS_VERIFY_CLAIMS_H

#include <jansson.h>

#include "attest/attest.h"

/* Owned by the caller; an empty object when nothing was established, and of a TD quote "verified": false.  Of a TD quote all is told
 * that is genuine, also when the policy refuses it.  ev: the type, and the HCL blob
 * of an Azure guest; NULL: a certificate, which establishes nothing but itself. */
json_t *claims_json(const struct appraisal *a, const struct evidence *ev);

/* Where an event log leads, and what a policy asked of it and held; whatever the verdict. */
json_t *log_claims_json(const struct appraisal *a);

#endif
