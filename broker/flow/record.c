/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - see record.h. */
#include "broker/flow/record.h"

#include <stdio.h>
#include <string.h>

void
record_sandbox(const struct sandbox_row *s, enum mint_action action, const char *actor,
               struct mint_record *out)
{
    out->action = action;
    (void)snprintf(out->actor, sizeof out->actor, "%s", actor);
    memcpy(out->sandbox, s->id, sizeof out->sandbox);
    memcpy(out->session, s->session, sizeof s->session);
    memcpy(out->consent, s->consent, sizeof s->consent);
    memcpy(out->policy_digest, s->policy_digest, sizeof s->policy_digest);
    memcpy(out->verdict, s->verdict, sizeof out->verdict);
    if (s->policy[0] != '\0') {
        (void)snprintf(out->policy, sizeof out->policy, "%s/%lld", s->policy,
                       (long long)s->policy_version);
    }
}

enum err
record_denial(struct broker *b, const struct sandbox_row *s, const char *object, enum err e,
              struct fault *f)
{
    struct mint_record r = {0};
    struct why why = {0};

    if (e != ERR_DENIED && e != ERR_CONFLICT) {
        return e;
    }
    record_sandbox(s, ACTION_DENIED, "guest", &r);
    (void)snprintf(r.object, sizeof r.object, "%s", object);
    (void)snprintf(r.reasons, sizeof r.reasons, "%s%s%.900s", f->code, f->failed[0] ? " " : "",
                   f->failed);
    if (mint_note(b->mint, &r, &why) != ERR_OK) {
        return fault_set(f, ERR_UNABLE, "unable", "the record could not be written: %.100s",
                         why_text(&why));
    }
    return e;
}
