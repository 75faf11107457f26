/* SPDX-License-Identifier: Apache-2.0 */
/* introspect.h - what a relying party may ask about a token (RFC 7662), and how a guest gives one back (RFC 7009). */
#ifndef BROKER_FLOW_INTROSPECT_H
#define BROKER_FLOW_INTROSPECT_H

#include <jansson.h>

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"
#include "broker/http/form.h"

/* The caller proves itself by client certificate (role relying-party) or by client_assertion (RFC 7523), and sees only tokens for its own audiences.
 * *answer is owned by the caller: RFC 7662 members, or exactly {"active": false}.  ERR_UNAUTHENTICATED "invalid_client". */
enum err flow_introspect(struct broker *b, const struct http_request *req, const struct form *form,
                         json_t **answer, struct fault *f) MUST_USE;

/* A token that is unknown, expired or foreign is no error.  The DPoP proof must be by the token's own key. */
enum err flow_revoke(struct broker *b, const struct http_request *req, const char *token,
                     struct fault *f) MUST_USE;

#endif
