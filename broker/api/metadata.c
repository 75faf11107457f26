/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.c - both discovery documents and the JWKS (OpenID Connect Discovery 1.0, RFC 8414, RFC 7517).
 *
 * Built from the configured issuer, never from the Host header; both documents are the same text. */
#include "broker/api/handlers.h"

#include "common/mem.h"

#include <stdio.h>

static void
set_url(json_t *o, const struct broker *b, const char *name, const char *path)
{
    char url[sizeof b->issuer + 64];

    (void)snprintf(url, sizeof url, "%s%s", b->issuer, path);
    (void)json_object_set_new(o, name, json_string(url));
}

void
api_metadata(struct http_request *req, struct http_reply *out)
{
    const struct broker *b = req->app;
    json_t *o = json_pack(
        "{s:s, s:[], s:[ss], s:[s], s:[s], s:[ss], s:[sss], s:[sss], s:[s], s:[s]}", "issuer",
        b->issuer, "response_types_supported", "grant_types_supported",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:countersign:params:oauth:grant-type:evidence", "token_endpoint_auth_methods_supported",
        "none", "revocation_endpoint_auth_methods_supported", "none",
        "introspection_endpoint_auth_methods_supported", "private_key_jwt", "tls_client_auth",
        "introspection_endpoint_auth_signing_alg_values_supported", "ES256", "ES384", "EdDSA",
        "dpop_signing_alg_values_supported", "ES256", "ES384", "EdDSA", "subject_types_supported",
        "public", "id_token_signing_alg_values_supported", "ES256");

    set_url(o, b, "token_endpoint", "/token");
    set_url(o, b, "jwks_uri", "/jwks");
    set_url(o, b, "introspection_endpoint", "/introspect");
    set_url(o, b, "revocation_endpoint", "/revoke");
    set_url(o, b, "challenge_endpoint", "/v1/challenge");
    api_json(out, 200, o);
    http_set(out, "Cache-Control", "public, max-age=300");
}

void
api_jwks(struct http_request *req, struct http_reply *out)
{
    const struct broker *b = req->app;

    http_body(out, 200, "application/jwk-set+json",
              mem_text(slice_text(mint_public(b->mint)->jwks)));
    http_set(out, "Cache-Control", "public, max-age=300");
}
