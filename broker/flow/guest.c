/* SPDX-License-Identifier: Apache-2.0 */
/* guest.c - see guest.h.  Source: RFC 9449 section 7.1; a bound token under Bearer is refused (section 7.2). */
#include "broker/flow/guest.h"

#include "broker/flow/proof.h"

#include <string.h>
#include <strings.h>

static enum err
bearer_text(const struct http_request *req, const char **token, struct fault *f)
{
    static const char SCHEME[] = "DPoP ";
    size_t lines = 0;
    const char *text = http_header(req, "Authorization", &lines);

    if (text == NULL || lines != 1) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_token",
                         "%zu Authorization header lines, want one", lines);
    }
    if (strncasecmp(text, SCHEME, sizeof SCHEME - 1) != 0) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_token",
                         "the Authorization scheme must be DPoP");
    }
    *token = text + sizeof SCHEME - 1;
    return ERR_OK;
}

/* The token was made for this server, and its key signed the proof. */
static enum err
check_use(struct broker *b, const struct claims *c, const struct proof *p, const char *sandbox,
          struct fault *f)
{
    if (!claims_for(c, b->issuer)) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_token",
                         "the token is for another audience");
    }
    if (c->jkt[0] == '\0' || strcmp(c->jkt, p->jkt) != 0) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_token",
                         "the token is bound to another key than the DPoP proof's");
    }
    if (sandbox != NULL && strcmp(sandbox, c->sandbox) != 0) {
        return fault_set(f, ERR_DENIED, "not_yours", "the token is of another sandbox");
    }
    return proof_spend(b, p, f);
}

enum err
guest_check(struct broker *b, const struct http_request *req, const char *sandbox,
            struct guest *out, struct fault *f)
{
    const char *token = NULL;
    struct proof p = {0};

    TRY(bearer_text(req, &token, f));
    TRY(proof_check(b, req, token, &p, f));
    TRY(credential_check(b, slice_text(token), CLAIMS_ACCESS, &out->claims, &out->sandbox, f));
    return check_use(b, &out->claims, &p, sandbox, f);
}

enum err
guest_check_ended(struct broker *b, const struct http_request *req, const char *sandbox,
                  struct claims *out, struct fault *f)
{
    const char *token = NULL;
    struct proof p = {0};

    TRY(bearer_text(req, &token, f));
    TRY(proof_check(b, req, token, &p, f));
    if (claims_read(b, slice_text(token), CLAIMS_ACCESS, clock_unix(), out, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNAUTHENTICATED, "invalid_token");
    }
    return check_use(b, out, &p, sandbox, f);
}
