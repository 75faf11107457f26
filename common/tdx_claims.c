/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_claims.c - see tdx_claims.h. */
#include "common/tdx_claims.h"

#include "attest/base/text.h"
#include "common/claims_json.h"

enum { ATTRIBUTE_BITS = 64 };

static json_t *
time_json(int64_t unix_s)
{
    char text[RFC3339_LEN + 1];

    rfc3339_format(unix_s, text);
    return unix_s == INT64_MAX ? json_null() : json_string(text);
}

static json_t *
attributes_json(uint64_t value)
{
    json_t *o = json_object();
    json_t *names = json_array();

    for (unsigned i = 0; i < ATTRIBUTE_BITS; i++) {
        const char *name = value >> i & 1 ? tdx_attribute_name(i) : NULL;

        if (name != NULL) {
            (void)json_array_append_new(names, json_string(name));
        }
    }
    claim_set(o, "value", claim_u64(value));
    claim_set(o, "bits", names);
    return o;
}

static json_t *
shortfall_json(const struct tdx_shortfall *s)
{
    json_t *o = json_object();

    claim_set(o, "what", json_string(s->what));
    claim_set(o, "have", json_integer(s->have));
    claim_set(o, "need", json_integer(s->need));
    return o;
}

static json_t *
missed_json(const struct tdx_missed *m)
{
    json_t *o = json_object();
    json_t *list = json_array();

    for (size_t i = 0; i < m->shortfalls; i++) {
        (void)json_array_append_new(list, shortfall_json(&m->shortfall[i]));
    }
    claim_set(o, "status", json_string(tdx_status_name(m->status)));
    claim_set(o, "date", time_json(m->date));
    claim_set(o, "short", list);
    return o;
}

static json_t *
advisories_json(const struct tdx_tcb_result *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->advisories; i++) {
        (void)json_array_append_new(list, json_string(r->advisory[i]));
    }
    return list;
}

static json_t *
tcb_json(const struct tdx_tcb_result *r)
{
    const struct {
        const char *name;
        enum tdx_status status;
    } statuses[] = {
        {"status", r->status}, {"platform", r->platform}, {"module", r->module},
        {"qe", r->qe},         {"launch", r->launch},     {"current", r->current},
    };
    json_t *o = json_object();
    json_t *missed = json_array();

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        claim_set(o, statuses[i].name, json_string(tdx_status_name(statuses[i].status)));
    }
    for (size_t i = 0; i < r->missed_n; i++) {
        (void)json_array_append_new(missed, missed_json(&r->missed[i]));
    }
    claim_set(o, "date", time_json(r->date));
    claim_set(o, "advisories", advisories_json(r));
    claim_set(o, "advisories_cut", json_boolean(r->advisories_cut));
    claim_set(o, "tcb_eval", json_integer(r->tcb_eval));
    claim_set(o, "qe_eval", json_integer(r->qe_eval));
    claim_set(o, "missed", missed);
    claim_set(o, "missed_in_all", json_integer((json_int_t)r->missed_in_all));
    return o;
}

static const char *
rtmr3_word(enum tdx_rtmr3 how)
{
    switch (how) {
    case TDX_RTMR3_UNCHECKED: return "unchecked";
    case TDX_RTMR3_GOLDEN: return "golden value";
    case TDX_RTMR3_LOG: return "runtime log";
    }
    return "unchecked";
}

/* MRSERVICETD came with TDX 1.5, like TEE_TCB_SVN_2. */
static void
set_fields(json_t *o, const struct tdx_claims *c)
{
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        bool there = i != TDX_MRSERVICETD || c->has_svn2;

        claim_set(o, tdx_field_name(i),
                  there ? claim_hex(c->field[i], sizeof c->field[i]) : json_null());
    }
    claim_set(o, "report_data", claim_hex(c->report_data, sizeof c->report_data));
    claim_set(o, "rtmr3_checked", json_string(rtmr3_word(c->rtmr3)));
}

static void
set_platform(json_t *o, const struct tdx_claims *c)
{
    claim_set(o, "fmspc", claim_hex(c->fmspc, sizeof c->fmspc));
    claim_set(o, "pceid", claim_hex(c->pceid, sizeof c->pceid));
    claim_set(o, "ppid", claim_hex(c->ppid, sizeof c->ppid));
    claim_set(o, "tee_tcb_svn", claim_hex(c->tee_tcb_svn, sizeof c->tee_tcb_svn));
    claim_set(o, "tee_tcb_svn2",
              c->has_svn2 ? claim_hex(c->tee_tcb_svn2, sizeof c->tee_tcb_svn2) : json_null());
}

json_t *
tdx_claims_json(const struct tdx_claims *c)
{
    json_t *o = json_object();

    claim_set(o, "verified", json_boolean(c->verified));
    if (!c->verified) {
        return o;
    }
    claim_set(o, "version", json_integer(c->version));
    claim_set(o, "body_type", json_integer(c->body_type));
    set_platform(o, c);
    claim_set(o, "td_attributes", attributes_json(c->td_attributes));
    claim_set(o, "xfam", claim_u64(c->xfam));
    set_fields(o, c);
    claim_set(o, "tcb", tcb_json(&c->tcb));
    claim_set(o, "early", c->has_early ? tcb_json(&c->early) : json_null());
    claim_set(o, "ccel_replayed", json_boolean(c->ccel_replayed));
    claim_set(o, "collateral_digest", claim_hex(c->collateral_digest, SHA256_LEN));
    claim_set(o, "stale_by_grace", json_boolean(c->stale_by_grace));
    claim_set(o, "reference_value", claim_text(c->golden_label));
    return o;
}
