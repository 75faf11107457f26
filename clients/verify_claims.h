/* SPDX-License-Identifier: Apache-2.0 */
/* verify_claims.h - what a verdict established, as JSON. */
#ifndef CLIENTS_VERIFY_CLAIMS_H
#define CLIENTS_VERIFY_CLAIMS_H

#include <jansson.h>

#include "attest/attest.h"

/* Owned by the caller; an empty object when nothing was established. */
json_t *claims_json(const struct appraisal *a, enum evidence_type type);

#endif
