/* SPDX-License-Identifier: Apache-2.0 */
/* rules_level.c - the QE against its identity, the module against its own, levels, status, and what the policy says of them; see
 * checks.h.
 *
 * Raw status and policy are kept apart: the rows up to tcb.status_known say what is, the later ones what is accepted. */
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "attest/tdx/checks.h"

enum {
    QE_MISCSELECT = 16,
    QE_ATTRIBUTES = 48,
    QE_MRSIGNER = 128,
    QE_PRODID = 256,
    ATTRIBUTES_LEN = 16,
    MISCSELECT_LEN = 4,
    MRSIGNER_LEN = 32,
    HEX_MAX = 2 * TDX_MR_LEN + 1,
};

/* (seen & mask) == want, byte by byte; without a mask all bits count. */
static enum outcome
masked(struct slice seen, const uint8_t *want, const uint8_t *mask, struct finding *f)
{
    char a[HEX_MAX];
    char b[HEX_MAX];
    bool same = true;

    for (size_t i = 0; i < seen.len; i++) {
        uint8_t m = mask == NULL ? 0xff : mask[i];

        same = same && (seen.ptr[i] & m) == (want[i] & m);
    }
    hex_encode(seen, a);
    hex_encode((struct slice){want, seen.len}, b);
    return same ? finding_pass(f, "%s", a) : finding_fail(f, b, "%s", a);
}

static struct slice
qe_part(const struct tdx_in *t, size_t at, size_t len)
{
    return (struct slice){t->platform.out.qe_report + at, len};
}

enum outcome
tdx_rule_qe_mrsigner(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return !t->evaluated
               ? OUTCOME_NOT_RUN
               : masked(qe_part(t, QE_MRSIGNER, MRSIGNER_LEN), t->collateral->qe.mrsigner, NULL, f);
}

enum outcome
tdx_rule_qe_isvprodid(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    struct slice raw = qe_part(t, QE_PRODID, 2);
    unsigned seen = (unsigned)raw.ptr[0] | (unsigned)raw.ptr[1] << 8;
    char wanted[32];

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    (void)snprintf(wanted, sizeof wanted, "%u", t->collateral->qe.isvprodid);
    return seen == t->collateral->qe.isvprodid ? finding_pass(f, "%u", seen)
                                               : finding_fail(f, wanted, "%u", seen);
}

enum outcome
tdx_rule_qe_miscselect(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return !t->evaluated
               ? OUTCOME_NOT_RUN
               : masked(qe_part(t, QE_MISCSELECT, MISCSELECT_LEN), t->collateral->qe.miscselect,
                        t->collateral->qe.miscselect_mask, f);
}

enum outcome
tdx_rule_qe_attributes(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return !t->evaluated
               ? OUTCOME_NOT_RUN
               : masked(qe_part(t, QE_ATTRIBUTES, ATTRIBUTES_LEN), t->collateral->qe.attributes,
                        t->collateral->qe.attributes_mask, f);
}

static bool
has_version(const struct tdx_in *t)
{
    return t->quote.body.tee_tcb_svn.ptr[1] > 0;
}

/* The identity that the module at hand must have: one of its own from TDX 1.5 on. */
static const struct tdx_module *
identity(const struct tdx_in *t)
{
    return has_version(t) ? tdx_module_for(&t->collateral->tcb, t->quote.body.tee_tcb_svn)
                          : &t->collateral->tcb.base;
}

enum outcome
tdx_rule_module_identity(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    unsigned version = t->quote.body.tee_tcb_svn.ptr[1];

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    if (!has_version(t)) {
        return finding_pass(f, "TDX 1.0");
    }
    return identity(t) != NULL
               ? finding_pass(f, "TDX_%02X", version)
               : finding_fail(f, "an identity of this module in tcbInfo", "TDX_%02X", version);
}

enum outcome
tdx_rule_module_mrsigner(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    return identity(t) == NULL ? OUTCOME_NOT_RUN
                               : masked(t->quote.body.mrsignerseam, identity(t)->mrsigner, NULL, f);
}

/* A production module has no attribute; then those of the identity under its mask. */
enum outcome
tdx_rule_module_attributes(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    char hex[HEX_MAX];

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    if (!slice_zero(t->quote.body.seamattributes)) {
        hex_encode(t->quote.body.seamattributes, hex);
        return finding_fail(f, "SEAMATTRIBUTES zero", "%s", hex);
    }
    return identity(t) == NULL ? OUTCOME_NOT_RUN
                               : masked(t->quote.body.seamattributes, identity(t)->attributes,
                                        identity(t)->attributes_mask, f);
}

/* "sgx 7 (SEAMLDR ACM) is 3, needs 5" of the nearest level that did not match. */
static enum outcome
no_level(const struct tdx_tcb_result *r, struct finding *f)
{
    const struct tdx_shortfall *s = r->missed_n > 0 ? &r->missed[0].shortfall[0] : NULL;
    char wanted[FINDING_TEXT];

    if (s == NULL || r->missed[0].shortfalls == 0) {
        return finding_fail(f, "a TCB level", "no TCB level matches");
    }
    (void)snprintf(wanted, sizeof wanted, "%s >= %u for the lowest level (%s)%s", s->what, s->need,
                   tdx_status_name(r->missed[0].status),
                   r->missed[0].shortfalls > 1 ? ", and more" : "");
    return finding_fail(f, wanted, "no TCB level matches: %s is %u", s->what, s->have);
}

enum outcome
tdx_rule_tcb_level(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    return t->tcb.platform == TDX_NOT_SUPPORTED
               ? no_level(&t->tcb, f)
               : finding_pass(f, "%s", tdx_status_name(t->tcb.platform));
}

enum outcome
tdx_rule_module_level(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    if (t->tcb.module == TDX_STATUS_NONE) {
        return finding_ignored(f, "TDX 1.0: the platform's level holds for the module");
    }
    if (identity(t) == NULL) {
        return OUTCOME_NOT_RUN;
    }
    return t->tcb.module == TDX_NOT_SUPPORTED
               ? finding_fail(f, "a level of the module's identity", "none has isvsvn %u or less",
                              t->quote.body.tee_tcb_svn.ptr[0])
               : finding_pass(f, "%s", tdx_status_name(t->tcb.module));
}

enum outcome
tdx_rule_qe_level(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    return t->tcb.qe == TDX_NOT_SUPPORTED
               ? finding_fail(f, "a level of the QE identity", "none is as low as the QE's isvsvn")
               : finding_pass(f, "%s", tdx_status_name(t->tcb.qe));
}

/* What runs now (TEE_TCB_SVN_2) must have levels too. */
enum outcome
tdx_rule_tcb_current(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    if (t->tcb.current == TDX_STATUS_NONE) {
        return finding_ignored(f, "the report has no TEE_TCB_SVN_2");
    }
    return t->tcb.current == TDX_NOT_SUPPORTED
               ? finding_fail(f, "a level for TEE_TCB_SVN_2", "none matches")
               : finding_pass(f, "%s", tdx_status_name(t->tcb.current));
}

static bool
known(enum tdx_status s)
{
    return s != TDX_STATUS_UNKNOWN;
}

/* A text that is none of Intel's statuses is never taken for a good one.  Modules and the QE have three of them. */
enum outcome
tdx_rule_status_known(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    bool levels = t->evaluated && t->tcb.platform != TDX_NOT_SUPPORTED &&
                  t->tcb.module != TDX_NOT_SUPPORTED && t->tcb.qe != TDX_NOT_SUPPORTED &&
                  t->tcb.current != TDX_NOT_SUPPORTED;

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    if (!known(t->tcb.platform) || !known(t->tcb.module) || !known(t->tcb.qe)) {
        return finding_fail(f, "statuses of Intel's PCS API v4", "a status with another name");
    }
    return levels && t->tcb.status == TDX_NOT_SUPPORTED
               ? finding_fail(f, "UpToDate, OutOfDate or Revoked for module and QE",
                              "module %s, QE %s", tdx_status_name(t->tcb.module),
                              tdx_status_name(t->tcb.qe))
               : finding_pass(f, "%s", tdx_status_name(t->tcb.status));
}

static void
accepted_text(unsigned statuses, char dst[FINDING_TEXT])
{
    size_t at = 0;

    dst[0] = '\0';
    for (unsigned i = TDX_UP_TO_DATE; i <= TDX_REVOKED; i++) {
        if (statuses & 1U << i && at < FINDING_TEXT) {
            int n = snprintf(dst + at, FINDING_TEXT - at, "%s%s", at > 0 ? ", " : "",
                             tdx_status_name((enum tdx_status)i));

            at += n > 0 ? (size_t)n : 0;
        }
    }
}

/* "OutOfDate: sgx 2 (TXT SINIT) is 3, needs 4 for UpToDate of 2024-03-13" */
static enum outcome
status_refused(const struct tdx_tcb_result *r, const char *wanted, struct finding *f)
{
    const struct tdx_missed *m = &r->missed[0];
    char date[RFC3339_LEN + 1];

    if (r->missed_n == 0 || m->shortfalls == 0) {
        return finding_fail(f, wanted, "%s (platform %s, module %s, QE %s)",
                            tdx_status_name(r->status), tdx_status_name(r->platform),
                            tdx_status_name(r->module), tdx_status_name(r->qe));
    }
    rfc3339_format(m->date, date);
    date[sizeof "2026-11-24" - 1] = '\0';
    return finding_fail(f, wanted, "%s: %s is %u, needs %u for %s of %s",
                        tdx_status_name(r->status), m->shortfall[0].what, m->shortfall[0].have,
                        m->shortfall[0].need, tdx_status_name(m->status), date);
}

enum outcome
tdx_rule_status(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    char wanted[FINDING_TEXT];

    if (!t->evaluated || t->tcb.status >= TDX_NOT_SUPPORTED) {
        return OUTCOME_NOT_RUN;
    }
    if (t->want->statuses & 1U << t->tcb.status) {
        return t->has_early && t->early.status != t->tcb.status
                   ? finding_pass(f, "%s now, %s on the early track (evaluation %u)",
                                  tdx_status_name(t->tcb.status), tdx_status_name(t->early.status),
                                  t->early.tcb_eval)
                   : finding_pass(f, "%s", tdx_status_name(t->tcb.status));
    }
    accepted_text(t->want->statuses, wanted);
    return status_refused(&t->tcb, wanted, f);
}

enum outcome
tdx_rule_date(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    char seen[RFC3339_LEN + 1];
    char wanted[RFC3339_LEN + 1];

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    if (t->want->tcb_date_min == INT64_MIN) {
        return finding_ignored(f, "no least tcbDate is asked for");
    }
    rfc3339_format(t->tcb.date, seen);
    rfc3339_format(t->want->tcb_date_min, wanted);
    return t->tcb.date != INT64_MAX && t->tcb.date >= t->want->tcb_date_min
               ? finding_pass(f, "%s", seen)
               : finding_fail(f, wanted, "%s", t->tcb.date == INT64_MAX ? "no tcbDate" : seen);
}

enum outcome
tdx_rule_eval(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    char wanted[32];

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    if (t->want->tcb_eval_min == 0) {
        return finding_ignored(f, "no least evaluation number is asked for");
    }
    (void)snprintf(wanted, sizeof wanted, ">= %u", t->want->tcb_eval_min);
    return t->tcb.tcb_eval >= t->want->tcb_eval_min && t->tcb.qe_eval >= t->want->tcb_eval_min
               ? finding_pass(f, "tcbInfo %u, QE identity %u", t->tcb.tcb_eval, t->tcb.qe_eval)
               : finding_fail(f, wanted, "tcbInfo %u, QE identity %u", t->tcb.tcb_eval,
                              t->tcb.qe_eval);
}

static bool
listed(const struct slice *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_same(list[i], slice_text(name))) {
            return true;
        }
    }
    return false;
}

enum outcome
tdx_rule_advisory(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    const struct tdx_expect *w = t->want;

    if (!t->evaluated) {
        return OUTCOME_NOT_RUN;
    }
    if (w->advisory_deny_n == 0 && w->advisory_allow_n == 0) {
        return finding_ignored(f, "the policy names no advisories");
    }
    if (t->tcb.advisories_cut) {
        return finding_fail(f, "advisories that can be read to the end", "there are more than %d",
                            TDX_ADVISORIES_MAX);
    }
    for (size_t i = 0; i < t->tcb.advisories; i++) {
        const char *name = t->tcb.advisory[i];

        if (listed(w->advisory_deny, w->advisory_deny_n, name)) {
            return finding_fail(f, "none that the policy denies", "%s applies", name);
        }
        if (w->advisory_allow_n > 0 && !listed(w->advisory_allow, w->advisory_allow_n, name)) {
            return finding_fail(f, "only advisories that the policy allows", "%s applies", name);
        }
    }
    return finding_pass(f, "%zu advisories", t->tcb.advisories);
}
