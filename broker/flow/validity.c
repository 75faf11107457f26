/* SPDX-License-Identifier: Apache-2.0 */
/* validity.c - see validity.h.  Nothing else in the broker decides whether a credential is good. */
#include "broker/flow/validity.h"

#include "broker/flow/lease.h"

#include <string.h>

bool
sandbox_good(const struct sandbox_row *s, int64_t now)
{
    return s->state == SANDBOX_LIVE && now < lease_end(s);
}

enum err
credential_check(struct broker *b, struct slice token, unsigned kinds, struct claims *out,
                 struct sandbox_row *sandbox, struct fault *f)
{
    struct credential_row row = {0};
    struct claims c = {0};
    int64_t now = clock_unix();

    if (claims_read(b, token, kinds, now, &c, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNAUTHENTICATED, "invalid_token");
    }
    enum err e = b->store->ops->credential_get(b->store, c.sandbox, c.jti, &row, &f->why);

    if (e != ERR_OK) {
        return fault_from(f, e, "unable");
    }
    if (row.jti_revoked) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_token", "the token was revoked");
    }
    if (!sandbox_good(&row.sandbox, now)) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_token", "sandbox %s is not live",
                         c.sandbox);
    }
    if (c.jkt[0] != '\0' && strcmp(c.jkt, row.sandbox.jkt) != 0) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_token", "the sandbox has another key");
    }
    if (sandbox != NULL) {
        *sandbox = row.sandbox;
    }
    *out = c;
    return ERR_OK;
}
