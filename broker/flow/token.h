/* SPDX-License-Identifier: Apache-2.0 */
/* token.h - the token endpoint's two grants (RFC 6749, RFC 8693, RFC 9449): scope, audience and life only ever narrow. */
#ifndef BROKER_FLOW_TOKEN_H
#define BROKER_FLOW_TOKEN_H

#include "broker/flow/attest.h"
#include "broker/http/form.h"

struct token_grant {
    char *token; /* owned; NUL-terminated */
    size_t token_len;
    char scope[MINT_SCOPE];
    int64_t expires_in;
    struct attest_grant *result; /* the evidence grant only; owned */
};

/* Wipes what it held. */
void token_grant_free(struct token_grant **g);

/* Codes are those of OAuth (docs/API.md, POST /token). */
enum err flow_token(struct broker *b, const struct http_request *req, const struct form *form,
                    struct token_grant *out, struct fault *f) MUST_USE;

#endif
