/* SPDX-License-Identifier: Apache-2.0 */
/* grant.h - the "grant" member of a policy: what an accepted guest may have (DESIGN section 8). */
#ifndef BROKER_POLICY_GRANT_H
#define BROKER_POLICY_GRANT_H

#include <jansson.h>

#include "broker/policy/policy.h"

/* Into zeroed *out. ERR_MALFORMED, ERR_LIMIT: a member by its path, as in "grant.upload[0]:
 * member ...". */
enum err grant_read(json_t *obj, struct policy_grant *out, struct why *why) MUST_USE;

#endif
