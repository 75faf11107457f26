/* SPDX-License-Identifier: Apache-2.0 */
/* appraise.c - see appraise.h. */
#include "attest/tdx/appraise.h"

#include <string.h>

enum { QE_ISVSVN = 258 };

/* Rows before this one say whether evidence and collateral are genuine; from here on, what they amount to. */
static const char FIRST_LEVEL_ROW[] = "tcb.level";

/* The platform that was verified before is this one: the same QE report, which vouches for the same key. */
static void
use_known(struct tdx_in *t)
{
    const struct tdx_platform *known = t->ev->known;
    struct tdx_platform_facts *p = &t->platform;
    struct why none = {0};

    p->from_known = true;
    p->out = *known;
    p->out.ak = (struct sig_key){0}; /* stays with its owner */
    p->chain = part_note(ERR_OK, &none);
    p->extension = part_note(ERR_OK, &none);
    p->ak = part_note(ERR_OK, &none);
    p->root_pinned = true;
    p->qe_signature_ok =
        slice_same(t->quote.qe_report, (struct slice){known->qe_report, sizeof known->qe_report});
    p->qe_data_ok = tdx_quote_vouches(&t->quote) &&
                    slice_same(t->quote.ak, (struct slice){known->ak.number, known->ak.len});
}

/* Collateral that is still to be judged needs the PCK CA, which a known platform has no more. */
static bool
known_serves(const struct tdx_evidence *ev)
{
    return ev->known != NULL && (ev->facts != NULL || ev->collateral == NULL);
}

static void
open_platform(struct tdx_in *t)
{
    const struct sig_key *key = NULL;
    struct why why = {0};

    if (known_serves(t->ev)) {
        use_known(t);
        key = &t->ev->known->ak;
    } else {
        tdx_platform_judge(&t->quote, t->anchor, &t->platform);
        key = part_ok(&t->platform.ak) ? &t->platform.out.ak : NULL;
    }
    t->signature_ok =
        key != NULL && sig_verify(key, SCHEME_ECDSA, HASH_SHA256, t->quote.signed_part,
                                  t->quote.signature, &why) == ERR_OK;
}

/* By the quote's own chain, when it is one. */
static void
judge_collateral(struct tdx_in *t)
{
    const struct tdx_platform_facts *p = &t->platform;
    const struct tdx_cert *ca = &p->certs.cert[TDX_PCK_CA];
    struct tdx_lean lean = {.anchor = t->anchor};
    struct tdx_crl_ca by = {0};

    if (part_ok(&p->chain)) {
        lean.root = p->certs.cert[TDX_PCK_ROOT].x.der;
        by = (struct tdx_crl_ca){ca->x.subject, ca->x.issuer, &ca->key, {0}};
        memcpy(by.spki, p->out.ca_spki, sizeof by.spki);
    }
    tdx_collateral_judge_by(t->ev->collateral, &lean, &by, t->ev->room);
    t->collateral = t->ev->room;
}

static void
open_collateral(struct tdx_in *t)
{
    const struct tdx_evidence *ev = t->ev;

    t->collateral = ev->facts;
    if (ev->facts == NULL && ev->collateral != NULL && ev->room != NULL) {
        judge_collateral(t);
    }
}

static void
evaluate(const struct tdx_in *t, const struct tdx_collateral_facts *c, struct tdx_tcb_result *out)
{
    const uint8_t *svn = t->platform.out.qe_report + QE_ISVSVN;
    const struct tdx_svns svns = {
        .component = t->platform.out.component,
        .pcesvn = t->platform.out.pcesvn,
        .tee_tcb_svn = t->quote.body.tee_tcb_svn,
        .tee_tcb_svn2 = t->quote.body.tee_tcb_svn2,
        .qe_isvsvn = (uint16_t)(svn[0] | svn[1] << 8),
    };

    tdx_evaluate(&c->tcb, &c->qe, &svns, out);
}

/* Levels are there: a document of another kind decodes without them (tcb_info.id). */
static bool
documents_read(const struct tdx_collateral_facts *c)
{
    return c != NULL && part_ok(&c->tcb_document.decode) && part_ok(&c->qe_document.decode) &&
           c->tcb.levels > 0 && c->qe.levels > 0;
}

static bool
stands(const struct tdx_in *t, const struct tdx_document_facts *d)
{
    return part_ok(&d->chain) && d->signature_ok && t->at_unix >= d->not_before &&
           t->at_unix <= d->not_after &&
           !tdx_crl_lists(&t->collateral->root_crl, d->signer_serial, d->signer_serial_len);
}

static bool
of_this_platform(const struct tdx_in *t, const struct tdx_tcb_info *tcb)
{
    return memcmp(tcb->fmspc, t->platform.out.fmspc, sizeof tcb->fmspc) == 0 &&
           memcmp(tcb->pceid, t->platform.out.pceid, sizeof tcb->pceid) == 0;
}

static bool
of_tdx(const struct tdx_collateral_facts *c)
{
    return c->tcb.tcb_type == 0 && slice_same(c->qe.id, slice_text("TD_QE")) && c->qe.version == 2;
}

/* A document of the early track counts for nothing unless it would stand on its own. */
static bool
early_usable(const struct tdx_in *t)
{
    const struct tdx_collateral_facts *c = t->ev->early;

    return documents_read(c) && of_tdx(c) && of_this_platform(t, &c->tcb) &&
           stands(t, &c->tcb_document) && stands(t, &c->qe_document) &&
           tdx_in_window(t, c->tcb.issued, c->tcb.next_update) &&
           tdx_in_window(t, c->qe.issued, c->qe.next_update);
}

void
tdx_in_open(struct tdx_in *t)
{
    struct why why = {0};

    t->quote_part = part_note(tdx_quote_decode(t->ev->quote, &t->quote, &why), &why);
    if (!part_ok(&t->quote_part)) {
        return;
    }
    open_platform(t);
    open_collateral(t);
    t->evaluated = documents_read(t->collateral) && part_ok(&t->platform.extension);
    if (t->evaluated) {
        evaluate(t, t->collateral, &t->tcb);
    }
    t->has_early = t->evaluated && early_usable(t);
    if (t->has_early) {
        evaluate(t, t->ev->early, &t->early);
    }
    if (t->ev->ccel.len > 0) {
        why = (struct why){0};
        t->ccel_part = part_note(ccel_replay(t->ev->ccel, &t->ccel, &why), &why);
    }
}

void
tdx_in_done(struct tdx_in *t)
{
    tdx_platform_facts_done(&t->platform);
}

void
tdx_check(const struct tdx_in *t, struct verdict *v)
{
    const struct check_in in = {.tdx = t};
    size_t n = 0;
    const struct check *table = tdx_checks(&n);

    verdict_run(v, table, n, &in);
}

static bool
good(enum outcome o)
{
    return o == OUTCOME_PASS || o == OUTCOME_IGNORED || o == OUTCOME_WARN;
}

/* Every row about what is genuine holds; levels and policy do not count here. */
static bool
all_verified(const struct verdict *v)
{
    bool seen = false;

    for (size_t i = 0; i < v->n; i++) {
        if (strcmp(v->finding[i].id, FIRST_LEVEL_ROW) == 0) {
            return seen;
        }
        if (!good(v->finding[i].outcome)) {
            return false;
        }
        seen = true;
    }
    return false;
}

static enum tdx_rtmr3
rtmr3_of(const struct tdx_in *t)
{
    const struct tdx_golden *g = t->want->golden_wanted ? tdx_golden_of(t) : NULL;

    if (t->want->own.field[TDX_RTMR3].wanted || (g != NULL && g->field[TDX_RTMR3].wanted)) {
        return TDX_RTMR3_GOLDEN;
    }
    return part_ok(&t->ccel_part) && t->ccel.events[3] > 0 ? TDX_RTMR3_LOG : TDX_RTMR3_UNCHECKED;
}

void
tdx_claim_quote(const struct tdx_quote *q, struct tdx_claims *out)
{
    const struct tdx_body *b = &q->body;

    out->version = q->header.version;
    out->body_type = b->type;
    out->td_attributes = b->td_attributes;
    out->xfam = b->xfam;
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        struct slice s = tdx_body_field(b, i);

        if (s.len > 0) {
            memcpy(out->field[i], s.ptr, s.len);
        }
    }
    memcpy(out->report_data, b->report_data.ptr, sizeof out->report_data);
    memcpy(out->tee_tcb_svn, b->tee_tcb_svn.ptr, sizeof out->tee_tcb_svn);
    out->has_svn2 = b->tee_tcb_svn2.len > 0;
    if (out->has_svn2) {
        memcpy(out->tee_tcb_svn2, b->tee_tcb_svn2.ptr, sizeof out->tee_tcb_svn2);
    }
}

static bool
beyond(const struct tdx_in *t)
{
    const struct tdx_collateral_facts *c = t->collateral;

    return t->at_unix > c->tcb.next_update || t->at_unix > c->qe.next_update ||
           t->at_unix > c->root_crl.next_update || t->at_unix > c->pck_crl.next_update;
}

void
tdx_claim(const struct tdx_in *t, const struct verdict *v, struct tdx_claims *out)
{
    const struct tdx_platform *p = &t->platform.out;

    memset(out, 0, sizeof *out);
    if (!all_verified(v)) {
        return;
    }
    out->verified = true;
    out->tcb = t->tcb;
    out->has_early = t->has_early;
    out->early = t->early;
    memcpy(out->fmspc, p->fmspc, sizeof out->fmspc);
    memcpy(out->pceid, p->pceid, sizeof out->pceid);
    memcpy(out->ppid, p->ppid, sizeof out->ppid);
    tdx_claim_quote(&t->quote, out);
    out->rtmr3 = rtmr3_of(t);
    out->ccel_replayed = part_ok(&t->ccel_part);
    memcpy(out->collateral_digest, t->collateral->digest, sizeof out->collateral_digest);
    out->stale_by_grace = beyond(t);

    const struct tdx_golden *g = t->want->golden_wanted ? tdx_golden_of(t) : NULL;

    out->golden_label = g == NULL ? NULL : g->label;
}

int64_t
tdx_valid_until(const struct tdx_in *t)
{
    const struct tdx_collateral_facts *c = t->collateral;
    int64_t least = t->platform.out.not_after;

    if (!part_ok(&t->quote_part) || c == NULL) {
        return INT64_MAX;
    }
    const int64_t ends[] = {
        c->tcb.next_update + t->want->grace_s,
        c->qe.next_update + t->want->grace_s,
        c->root_crl.next_update + t->want->grace_s,
        c->pck_crl.next_update + t->want->grace_s,
        c->tcb_document.not_after,
        c->qe_document.not_after,
    };

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        least = ends[i] < least ? ends[i] : least;
    }
    return least;
}
