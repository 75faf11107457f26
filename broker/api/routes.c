/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c - every route that this server has, with the deadlines that hold unless the configuration
 * says otherwise.  `countersignd --print routes` prints it; schema/routes.md is that print.
 *
 * A new route: one row here, one handler, one JSON schema, one black-box test. */
#include "broker/api/handlers.h"

#include "broker/flow/evidence.h"
#include "broker/flow/import.h"
#include "broker/flow/upload.h"

#define KIB(n)  ((size_t)(n)*1024)
#define READERS (ROLE_REGISTRAR | ROLE_APPROVER | ROLE_OPERATOR | ROLE_AUDITOR)

enum { SMALL = 4096, QUICK_S = 30, UPLOAD_S = 3600 };

#define UPLOAD_MAX ((size_t)1 << 40)

/* clang-format off */
/* One row, three lines: who asks for what; what comes; who answers. */
const struct route API_ROUTES[] = {
    {"POST", "/v1/challenge",
     LISTEN_GUEST, AUTH_NONE, 0, BODY_JSON, SMALL, QUICK_S,
     api_challenge_post, NULL, "empty.json"},
    {"POST", "/v1/attest",
     LISTEN_GUEST, AUTH_PROOF, 0, BODY_JSON, EVIDENCE_BODY_MAX, QUICK_S,
     api_attest, NULL, "attest.json"},
    {"POST", "/token",
     LISTEN_GUEST, AUTH_PROOF, 0, BODY_FORM, 2 * (size_t)EVIDENCE_BODY_MAX, QUICK_S,
     api_token, NULL, NULL},
    {"POST", "/revoke",
     LISTEN_GUEST, AUTH_PROOF, 0, BODY_FORM, KIB(32), QUICK_S,
     api_revoke, NULL, NULL},
    {"POST", "/v1/uploads",
     LISTEN_GUEST, AUTH_TOKEN, 0, BODY_JSON, SMALL, QUICK_S,
     api_uploads, NULL, "upload.json"},
    {"POST", "/v1/uploads/{id}/commit",
     LISTEN_GUEST, AUTH_TOKEN, 0, BODY_JSON, SMALL, QUICK_S,
     api_upload_commit, NULL, "empty.json"},
    {"DELETE", "/v1/uploads/{id}",
     LISTEN_GUEST, AUTH_TOKEN, 0, BODY_NONE, 0, QUICK_S,
     api_upload_delete, NULL, NULL},
    {"PUT", "/v1/uploads/{id}/content",
     LISTEN_GUEST, AUTH_URL, 0, BODY_STREAM, UPLOAD_MAX, UPLOAD_S,
     NULL, &UPLOAD_STREAM, NULL},
    {"POST", "/v1/sandboxes/{id}/heartbeat",
     LISTEN_GUEST, AUTH_TOKEN, 0, BODY_JSON, SMALL, QUICK_S,
     api_heartbeat, NULL, "empty.json"},
    {"POST", "/v1/sandboxes/{id}/teardown",
     LISTEN_GUEST, AUTH_TOKEN, 0, BODY_JSON, SMALL, QUICK_S,
     api_teardown, NULL, "reason.json"},
    {"GET", "/.well-known/openid-configuration",
     LISTEN_GUEST, AUTH_NONE, 0, BODY_NONE, 0, QUICK_S,
     api_metadata, NULL, NULL},
    {"GET", "/.well-known/oauth-authorization-server",
     LISTEN_GUEST, AUTH_NONE, 0, BODY_NONE, 0, QUICK_S,
     api_metadata, NULL, NULL},
    {"GET", "/jwks",
     LISTEN_GUEST, AUTH_NONE, 0, BODY_NONE, 0, QUICK_S,
     api_jwks, NULL, NULL},
    {"POST", "/introspect",
     LISTEN_GUEST | LISTEN_ADMIN, AUTH_CLIENT, 0, BODY_FORM, KIB(32), QUICK_S,
     api_introspect, NULL, NULL},
    {"GET", "/v1/admin/reference-sets",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_document_list, NULL, NULL},
    {"GET", "/v1/admin/reference-sets/{id}/{version}",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_document_get, NULL, NULL},
    {"PUT", "/v1/admin/reference-sets/{id}",
     LISTEN_ADMIN, AUTH_ROLE, ROLE_REGISTRAR, BODY_JOSE, KIB(512), QUICK_S,
     api_document_put, NULL, "reference-set.json"},
    {"POST", "/v1/admin/reference-sets/{id}/{version}/revoke",
     LISTEN_ADMIN, AUTH_ROLE, ROLE_OPERATOR, BODY_JSON, SMALL, QUICK_S,
     api_document_revoke, NULL, "reason.json"},
    {"GET", "/v1/admin/policies",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_document_list, NULL, NULL},
    {"GET", "/v1/admin/policies/{id}/{version}",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_document_get, NULL, NULL},
    {"PUT", "/v1/admin/policies/{id}",
     LISTEN_ADMIN, AUTH_ROLE, ROLE_REGISTRAR, BODY_JOSE, KIB(256), QUICK_S,
     api_document_put, NULL, "policy.json"},
    {"POST", "/v1/admin/policies/{id}/{version}/revoke",
     LISTEN_ADMIN, AUTH_ROLE, ROLE_OPERATOR, BODY_JSON, SMALL, QUICK_S,
     api_document_revoke, NULL, "reason.json"},
    {"POST", "/v1/admin/approvals",
     LISTEN_ADMIN, AUTH_ROLE, ROLE_APPROVER, BODY_JOSE, KIB(8), QUICK_S,
     api_approve, NULL, "approval.json"},
    {"GET", "/v1/admin/collateral",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_collateral_list, NULL, NULL},
    {"POST", "/v1/admin/collateral",
     LISTEN_ADMIN, AUTH_ROLE, ROLE_REGISTRAR | ROLE_OPERATOR, BODY_JSON, IMPORT_BODY_MAX, QUICK_S,
     api_collateral_post, NULL, "collateral.json"},
    {"GET", "/v1/admin/verdicts",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_verdict_list, NULL, NULL},
    {"GET", "/v1/admin/verdicts/{id}",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_verdict_get, NULL, NULL},
    {"GET", "/v1/admin/sandboxes",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_sandbox_list, NULL, NULL},
    {"GET", "/v1/admin/sandboxes/{id}",
     LISTEN_ADMIN, AUTH_ROLE, READERS, BODY_NONE, 0, QUICK_S,
     api_sandbox_get, NULL, NULL},
    {"POST", "/v1/admin/sandboxes/{id}/teardown",
     LISTEN_ADMIN, AUTH_ROLE, ROLE_OPERATOR, BODY_JSON, SMALL, QUICK_S,
     api_sandbox_teardown, NULL, "reason.json"},
    {"GET", "/healthz",
     LISTEN_LOCAL, AUTH_NONE, 0, BODY_NONE, 0, QUICK_S,
     api_healthz, NULL, NULL},
    {"GET", "/readyz",
     LISTEN_LOCAL, AUTH_NONE, 0, BODY_NONE, 0, QUICK_S,
     api_readyz, NULL, NULL},
    {"GET", "/metrics",
     LISTEN_LOCAL, AUTH_NONE, 0, BODY_NONE, 0, QUICK_S,
     api_metrics, NULL, NULL},
};
/* clang-format on */

const size_t API_ROUTES_N = sizeof API_ROUTES / sizeof API_ROUTES[0];
