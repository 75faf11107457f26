/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - see record.h. */
#include "broker/flow/record.h"

#include "attest/base/sec.h"

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

/* A full queue is told as such; everything else is trouble of ours, whatever the mint calls it. */
static enum err
mint_fault(enum err e, struct fault *f)
{
    if (e == ERR_OK) {
        return ERR_OK;
    }
    return fault_from(f, e == ERR_BUSY ? ERR_BUSY : ERR_UNABLE, "unable");
}

enum err
record_note(struct broker *b, const struct mint_record *r, struct fault *f)
{
    return mint_fault(mint_note(b->mint, r, &f->why), f);
}

enum err
record_grant(struct broker *b, const struct mint_ask *ask, int64_t not_after,
             struct mint_answer *out, struct fault *f)
{
    TRY(mint_fault(mint_ask(b->mint, ask, out, &f->why), f));
    if (out->exp > not_after) {
        sec_zero(out->text, out->text_len);
        return fault_set(f, ERR_BUSY, "busy", "the mint answered when the time had passed");
    }
    return ERR_OK;
}

enum err
record_afford(struct broker *b, struct fault *f)
{
    if (budget_take(&b->refusals, clock_mono_ms())) {
        return ERR_OK;
    }
    (void)atomic_fetch_add(&b->metrics.unrecorded, 1);
    return fault_set(f, ERR_BUSY, "busy", "more refusals than may be put on record");
}

enum err
record_refusal(struct broker *b, const char *actor, const char *object, const char *code,
               struct fault *f)
{
    struct mint_record r = {.action = ACTION_DENIED};

    (void)snprintf(r.actor, sizeof r.actor, "%s", actor);
    (void)snprintf(r.object, sizeof r.object, "%s", object);
    (void)snprintf(r.reasons, sizeof r.reasons, "%s", code);
    TRY(record_afford(b, f));
    return record_note(b, &r, f);
}

/* The code, and then as many of the failed checks as fit. */
static void
write_reasons(const struct fault *f, char *dst, size_t cap)
{
    int n = snprintf(dst, cap, "%s%s%s", f->code, f->failed[0] != '\0' ? " " : "", f->failed);

    if (n >= 0 && (size_t)n >= cap) {
        char *last = strrchr(dst, ' ');

        if (last != NULL) {
            *last = '\0';
        }
    }
}

enum err
record_denial(struct broker *b, const struct sandbox_row *s, const char *object, enum err e,
              struct fault *f)
{
    bool judged = f->verdict[0] != '\0';
    struct mint_record r = {0};

    if (e != ERR_DENIED && e != ERR_CONFLICT && !judged) {
        return e;
    }
    if (!judged) {
        struct fault spent = {0};

        if (record_afford(b, &spent) != ERR_OK) {
            *f = spent;
            return f->err;
        }
    }
    record_sandbox(s, err_is_unable(e) ? ACTION_ASKED : ACTION_DENIED, "guest", &r);
    (void)snprintf(r.object, sizeof r.object, "%s", object);
    write_reasons(f, r.reasons, sizeof r.reasons);
    struct fault unwritten = {0};

    if (record_note(b, &r, &unwritten) != ERR_OK) {
        *f = unwritten;
        return f->err;
    }
    return e;
}
