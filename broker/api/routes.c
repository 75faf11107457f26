/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c - every route that this server has.  `countersignd --print routes` prints it; schema/routes.md is that print.
 *
 * A new route: one row here, one handler, one JSON schema, one black-box test. */
#include "broker/api/handlers.h"

#include "broker/flow/evidence.h"
#include "broker/flow/upload.h"

#define KIB(n)  ((size_t)(n)*1024)
#define READERS (ROLE_REGISTRAR | ROLE_APPROVER | ROLE_OPERATOR | ROLE_AUDITOR)

enum { SMALL = 4096, QUICK_S = 30, UPLOAD_S = 3600 };

#define UPLOAD_MAX ((size_t)1 << 40)

/* clang-format off */
#define PUBLIC(method, pattern, auth, body, max, run, schema) \
    {method, pattern, LISTEN_GUEST, auth, body, max, QUICK_S, run, NULL, schema, 0}
#define ADMIN(method, pattern, body, max, run, schema, roles) \
    {method, pattern, LISTEN_ADMIN, AUTH_ROLE, body, max, QUICK_S, run, NULL, schema, roles}
#define LOCAL(method, pattern, run) \
    {method, pattern, LISTEN_LOCAL, AUTH_NONE, BODY_NONE, 0, QUICK_S, run, NULL, NULL, 0}

const struct route API_ROUTES[] = {
    PUBLIC("POST", "/v1/challenge", AUTH_NONE, BODY_JSON, SMALL, api_challenge_post, "empty.json"),
    PUBLIC("POST", "/v1/attest", AUTH_PROOF, BODY_JSON, EVIDENCE_BODY_MAX, api_attest, "attest.json"),
    PUBLIC("POST", "/token", AUTH_PROOF, BODY_FORM, 2 * (size_t)EVIDENCE_BODY_MAX, api_token, NULL),
    PUBLIC("POST", "/revoke", AUTH_PROOF, BODY_FORM, KIB(32), api_revoke, NULL),
    PUBLIC("POST", "/v1/uploads", AUTH_TOKEN, BODY_JSON, SMALL, api_uploads, "upload.json"),
    PUBLIC("POST", "/v1/uploads/{id}/commit", AUTH_TOKEN, BODY_JSON, SMALL, api_upload_commit, "empty.json"),
    PUBLIC("DELETE", "/v1/uploads/{id}", AUTH_TOKEN, BODY_NONE, 0, api_upload_delete, NULL),
    {"PUT", "/v1/uploads/{id}/content", LISTEN_GUEST, AUTH_URL, BODY_STREAM, UPLOAD_MAX, UPLOAD_S, NULL, &UPLOAD_STREAM, NULL, 0},
    PUBLIC("POST", "/v1/sandboxes/{id}/heartbeat", AUTH_TOKEN, BODY_JSON, SMALL, api_heartbeat, "empty.json"),
    PUBLIC("POST", "/v1/sandboxes/{id}/teardown", AUTH_TOKEN, BODY_JSON, SMALL, api_teardown, "reason.json"),
    PUBLIC("GET", "/.well-known/openid-configuration", AUTH_NONE, BODY_NONE, 0, api_metadata, NULL),
    PUBLIC("GET", "/.well-known/oauth-authorization-server", AUTH_NONE, BODY_NONE, 0, api_metadata, NULL),
    PUBLIC("GET", "/jwks", AUTH_NONE, BODY_NONE, 0, api_jwks, NULL),
    {"POST", "/introspect", LISTEN_GUEST | LISTEN_ADMIN, AUTH_CLIENT, BODY_FORM, KIB(32), QUICK_S, api_introspect, NULL, NULL, 0},

    ADMIN("GET", "/v1/admin/reference-sets", BODY_NONE, 0, api_document_list, NULL, READERS),
    ADMIN("GET", "/v1/admin/reference-sets/{id}/{version}", BODY_NONE, 0, api_document_get, NULL, READERS),
    ADMIN("PUT", "/v1/admin/reference-sets/{id}", BODY_JOSE, KIB(512), api_document_put, "reference-set.json", ROLE_REGISTRAR),
    ADMIN("POST", "/v1/admin/reference-sets/{id}/{version}/revoke", BODY_JSON, SMALL, api_document_revoke, "reason.json", ROLE_OPERATOR),
    ADMIN("GET", "/v1/admin/policies", BODY_NONE, 0, api_document_list, NULL, READERS),
    ADMIN("GET", "/v1/admin/policies/{id}/{version}", BODY_NONE, 0, api_document_get, NULL, READERS),
    ADMIN("PUT", "/v1/admin/policies/{id}", BODY_JOSE, KIB(256), api_document_put, "policy.json", ROLE_REGISTRAR),
    ADMIN("POST", "/v1/admin/policies/{id}/{version}/revoke", BODY_JSON, SMALL, api_document_revoke, "reason.json", ROLE_OPERATOR),
    ADMIN("POST", "/v1/admin/approvals", BODY_JOSE, KIB(8), api_approve, "approval.json", ROLE_APPROVER),
    ADMIN("GET", "/v1/admin/verdicts", BODY_NONE, 0, api_verdict_list, NULL, READERS),
    ADMIN("GET", "/v1/admin/verdicts/{id}", BODY_NONE, 0, api_verdict_get, NULL, READERS),
    ADMIN("GET", "/v1/admin/sandboxes", BODY_NONE, 0, api_sandbox_list, NULL, READERS),
    ADMIN("GET", "/v1/admin/sandboxes/{id}", BODY_NONE, 0, api_sandbox_get, NULL, READERS),
    ADMIN("POST", "/v1/admin/sandboxes/{id}/teardown", BODY_JSON, SMALL, api_sandbox_teardown, "reason.json", ROLE_OPERATOR),

    LOCAL("GET", "/healthz", api_healthz),
    LOCAL("GET", "/readyz", api_readyz),
    LOCAL("GET", "/metrics", api_metrics),
};
/* clang-format on */

const size_t API_ROUTES_N = sizeof API_ROUTES / sizeof API_ROUTES[0];
