/* SPDX-License-Identifier: Apache-2.0 */
/* verify_explain_tdx.c - a TD quote field by field, and the levels of its platform, for a person; see verify.h.  What a quote says
 * that did not verify is shown as what it is: the word of nobody. */
#include <string.h>

#include "attest/base/text.h"
#include "attest/tdx/appraise.h"
#include "clients/claims_say.h"
#include "clients/say.h"
#include "clients/verify.h"
#include "common/json.h"
#include "common/tdx_claims.h"

enum { DAY_LEN = sizeof "2026-11-24" - 1 };

struct day {
    char text[RFC3339_LEN + 1];
};

static struct day
day_of(int64_t unix_s)
{
    struct day d = {"no date"};

    if (unix_s != INT64_MAX) {
        rfc3339_format(unix_s, d.text);
        d.text[DAY_LEN] = '\0';
    }
    return d;
}

/* The members that the platform and its collateral give: not for a quote that nobody vouches for. */
static const char *const PROVEN[] = {
    "fmspc",
    "pceid",
    "ppid",
    "rtmr3_checked",
    "tcb",
    "early",
    "ccel_replayed",
    "collateral_digest",
    "stale_by_grace",
    "reference_value",
};

/* Claims of a quote that nobody vouches for; NULL when there is none that can be read. */
static json_t *
unproven(struct slice bytes)
{
    struct tdx_claims claims = {.verified = true};
    struct tdx_quote q = {0};
    struct why why = {0};

    if (tdx_quote_decode(bytes, &q, &why) != ERR_OK) {
        return NULL;
    }
    tdx_claim_quote(&q, &claims);

    json_t *o = tdx_claims_json(&claims);

    for (size_t i = 0; i < sizeof PROVEN / sizeof PROVEN[0]; i++) {
        (void)json_object_del(o, PROVEN[i]);
    }
    return o;
}

static void
missed_say(const struct tdx_missed *m)
{
    for (size_t i = 0; i < m->shortfalls; i++) {
        const struct tdx_shortfall *s = &m->shortfall[i];

        say("  missed %s of %s: %s is %u, needs %u", tdx_status_name(m->status),
            day_of(m->date).text, s->what, s->have, s->need);
    }
}

static void
advisories_say(const struct tdx_tcb_result *r)
{
    for (size_t i = 0; i < r->advisories; i++) {
        say("  advisory %s", r->advisory[i]);
    }
    if (r->advisories_cut) {
        say("  and more advisories");
    }
}

static void
levels_say(const char *title, const struct tdx_tcb_result *r)
{
    say("\n%s %s, tcbDate %s (tcbInfo of evaluation %u, QE identity of %u)", title,
        tdx_status_name(r->status), day_of(r->date).text, r->tcb_eval, r->qe_eval);
    say("  platform %s, module %s, QE %s", tdx_status_name(r->platform), tdx_status_name(r->module),
        tdx_status_name(r->qe));
    if (r->launch != TDX_STATUS_NONE) {
        say("  at launch %s, now %s", tdx_status_name(r->launch), tdx_status_name(r->current));
    }
    for (size_t i = 0; i < r->missed_n; i++) {
        missed_say(&r->missed[i]);
    }
    if (r->missed_in_all > r->missed_n) {
        say("  and %zu more levels", r->missed_in_all - r->missed_n);
    }
    advisories_say(r);
}

void
verify_explain_tdx(const struct appraisal *a, const struct evidence *ev)
{
    const struct tdx_claims *c = &a->tdx;
    AUTO(json_free) json_t *o = c->verified ? tdx_claims_json(c) : unproven(ev->tdx.quote);

    if (o == NULL) {
        return;
    }
    say("\nThe quote says%s:", c->verified ? "" : ", and nobody vouches for it");
    (void)json_object_del(o, "verified");
    (void)json_object_del(o, "tcb");
    (void)json_object_del(o, "early");
    claims_say(o);
    if (c->verified) {
        levels_say("Its platform is", &c->tcb);
    }
    if (c->verified && c->has_early) {
        levels_say("On the early track it is", &c->early);
    }
}
