/* SPDX-License-Identifier: Apache-2.0 */
/* handlers.h - the functions that rows of routes.c name, one group per file of api/. */
#ifndef BROKER_API_HANDLERS_H
#define BROKER_API_HANDLERS_H

#include "broker/api/api.h"

/* guest.c */
void api_challenge_post(struct http_request *req, struct http_reply *out);
void api_attest(struct http_request *req, struct http_reply *out);
void api_heartbeat(struct http_request *req, struct http_reply *out);
void api_teardown(struct http_request *req, struct http_reply *out);

/* The optional member "reason" of a body, without control characters; false: the reply is filled. */
bool api_reason(const struct http_request *req, char *dst, size_t cap, const char *fallback,
                struct http_reply *out);

/* token.c */
void api_token(struct http_request *req, struct http_reply *out);
void api_revoke(struct http_request *req, struct http_reply *out);
void api_introspect(struct http_request *req, struct http_reply *out);

/* uploads.c */
void api_uploads(struct http_request *req, struct http_reply *out);
void api_upload_commit(struct http_request *req, struct http_reply *out);
void api_upload_delete(struct http_request *req, struct http_reply *out);

/* metadata.c */
void api_metadata(struct http_request *req, struct http_reply *out);
void api_jwks(struct http_request *req, struct http_reply *out);

/* admin_documents.c */
void api_document_list(struct http_request *req, struct http_reply *out);
void api_document_get(struct http_request *req, struct http_reply *out);
void api_document_put(struct http_request *req, struct http_reply *out);
void api_document_revoke(struct http_request *req, struct http_reply *out);
void api_approve(struct http_request *req, struct http_reply *out);

/* admin_collateral.c */
void api_collateral_list(struct http_request *req, struct http_reply *out);
void api_collateral_post(struct http_request *req, struct http_reply *out);

/* admin_views.c */
void api_verdict_list(struct http_request *req, struct http_reply *out);
void api_verdict_get(struct http_request *req, struct http_reply *out);
void api_sandbox_list(struct http_request *req, struct http_reply *out);
void api_sandbox_get(struct http_request *req, struct http_reply *out);
void api_sandbox_teardown(struct http_request *req, struct http_reply *out);

/* local.c */
void api_healthz(struct http_request *req, struct http_reply *out);
void api_readyz(struct http_request *req, struct http_reply *out);
void api_metrics(struct http_request *req, struct http_reply *out);

#endif
