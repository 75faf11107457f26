/* SPDX-License-Identifier: Apache-2.0 */
/* attest.c - see attest.h.  flow_attest() at the end is the list of steps; each step is a function above it, in order. */
#include "broker/flow/attest.h"

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "broker/flow/appraise.h"
#include "broker/flow/challenge.h"
#include "broker/flow/documents.h"
#include "broker/flow/endorse.h"
#include "broker/flow/evidence.h"
#include "broker/flow/lease.h"
#include "broker/flow/proof.h"
#include "broker/flow/record.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

enum { BASIS_MAX = 1 + POLICY_ROWS, EAR_LIFE_MAX_S = 86400 };

/* What one attestation has come to so far. */
struct run {
    struct attest_ask *ask;
    struct endorsements *endorsements;
    struct proof proof;
    int64_t now, challenge_until;
    struct appraised *appraised;
    char policy_digest[STORE_DIGEST];
    char *submods;
    int64_t heartbeat_s, max_s;
    char tier[64];
    bool keep_evidence, consent_required;
    struct sandbox_row sandbox;
    struct verdict_row verdict;
    char *findings;
    char *evidence; /* what the policy wants kept; NULL otherwise */
};

void
attest_grant_free(struct attest_grant **g)
{
    if (*g != NULL) {
        sec_zero((*g)->ear, sizeof(*g)->ear);
        mem_free(*g);
    }
    *g = NULL;
}

static void
run_done(struct run *r)
{
    attest_ask_free(&r->ask);
    endorsements_free(&r->endorsements);
    appraised_free(&r->appraised);
    mem_free_text(&r->submods);
    mem_free_text(&r->findings);
    mem_free_text(&r->evidence);
}

static enum err
read_request(struct slice body, struct run *r, struct fault *f)
{
    enum err e = attest_ask_read(body, &r->ask, &f->why);

    if (e == ERR_DENIED) { /* a key that we do not take is the sender's mistake, not a verdict */
        e = ERR_MALFORMED;
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "malformed");
}

/* The proof shows that the sender holds the key; the evidence will show that the key is inside. */
static enum err
check_key(struct broker *b, const struct http_request *req, struct run *r, struct fault *f)
{
    TRY(proof_check(b, req, NULL, &r->proof, f));
    if (strcmp(r->proof.jkt, r->ask->key.jkt_text) != 0) {
        return fault_set(f, ERR_DENIED, "key_mismatch",
                         "the DPoP proof is by another key than the request's key");
    }
    return ERR_OK;
}

static enum err
check_challenge(struct broker *b, struct run *r, struct fault *f)
{
    struct slice challenge = {r->ask->challenge, r->ask->challenge_len};

    enum err e = challenge_check(mint_public(b->mint)->challenge_key, challenge, r->now,
                                 &r->challenge_until, &f->why);

    if (e == ERR_OK) {
        return ERR_OK;
    }
    if (e == ERR_MALFORMED) {
        return fault_from(f, ERR_MALFORMED, "challenge_malformed");
    }
    return fault_from(f, ERR_DENIED, e == ERR_GONE ? "challenge_expired" : "challenge_unknown");
}

/* Before the judging and without the book's lock: this may read the ledger. */
static void
complete(struct broker *b, struct run *r)
{
    struct endorse_scope scope = {0};

    policy_book_enter(b->book);
    const struct policy *p = policy_book_policy(b->book, r->ask->policy);

    scope = p != NULL ? endorse_scope(p) : scope;
    policy_book_leave(b->book);
    endorse(b, r->ask, &scope, r->now, &r->endorsements);
}

/* Everything that is needed of the policy is copied, so that the book's lock is held for the judging
 * only.  False when the book has no such policy. */
static bool
judge_by(struct broker *b, struct run *r)
{
    policy_book_enter(b->book);
    const struct policy *p = policy_book_policy(b->book, r->ask->policy);

    if (p != NULL) {
        appraise(r->ask, p, b->book, &b->trust, r->now, &r->appraised);
        memcpy(r->policy_digest, p->digest, sizeof r->policy_digest);
        memcpy(r->sandbox.policy, p->id, sizeof r->sandbox.policy);
        r->sandbox.policy_version = p->version;
        r->heartbeat_s = p->grant.heartbeat_s;
        r->max_s = p->grant.max_s;
        memcpy(r->tier, p->grant.tier, sizeof r->tier);
        r->keep_evidence = p->keep_evidence;
        r->consent_required = p->consent_required;
        r->submods = appraised_submods(r->appraised, p);
    }
    policy_book_leave(b->book);
    return p != NULL;
}

/* A policy that the book lacks may be a moment old, and the ledger may be down: ask before denying. */
static enum err
find_and_judge(struct broker *b, struct run *r, struct fault *f)
{
    if (judge_by(b, r)) {
        return ERR_OK;
    }
    enum err e = flow_documents_refresh(b, f);

    if (e == ERR_OK && !judge_by(b, r)) {
        e = fault_set(f, ERR_DENIED, "policy_unknown", "no active policy has the id \"%s\"",
                      text_show(slice_text(r->ask->policy)).text);
    }
    return e;
}

static enum err
judge(struct broker *b, struct run *r, struct fault *f)
{
    complete(b, r);
    TRY(find_and_judge(b, r, f));
    if (r->consent_required) {
        return fault_set(f, ERR_DENIED, "consent_required", "policy %s asks for a consent",
                         r->sandbox.policy);
    }
    return ERR_OK;
}

static void
fill_rows(struct run *r, struct slice body)
{
    struct verdict_row *v = &r->verdict;
    struct sandbox_row *s = &r->sandbox;

    r->findings = appraised_findings(r->appraised);
    random_id("vd-", v->id, sizeof v->id);
    v->at = r->now;
    (void)snprintf(v->outcome, sizeof v->outcome, "%s", judgement_name(r->appraised->judgement));
    memcpy(v->policy, s->policy, sizeof v->policy);
    v->policy_version = s->policy_version;
    memcpy(v->policy_digest, r->policy_digest, sizeof v->policy_digest);
    hex_encode((struct slice){r->ask->digest, sizeof r->ask->digest}, v->evidence_digest);
    v->findings = r->findings;
    r->evidence = r->keep_evidence ? mem_text(body) : NULL;
    v->evidence = r->evidence;
    memcpy(s->verdict, v->id, sizeof s->verdict);
    memcpy(s->policy_digest, r->policy_digest, sizeof s->policy_digest);
    if (r->appraised->judgement != JUDGE_ACCEPT) {
        return;
    }
    random_id("sb-", s->id, sizeof s->id);
    memcpy(v->sandbox, s->id, sizeof v->sandbox);
    memcpy(s->jkt, r->ask->key.jkt_text, sizeof s->jkt);
    s->state = SANDBOX_LIVE;
    s->created = r->now;
    s->collateral_until = r->appraised->valid_until;
    s->hard_until = lease_least(r->now + r->max_s, s->collateral_until);
    s->lease_until = lease_least(r->now + r->heartbeat_s, s->hard_until);
}

/* What the verdict rests on: how many rows. */
static size_t
fill_basis(const struct run *r, struct basis_row basis[BASIS_MAX])
{
    size_t n = 1;

    basis[0] = (struct basis_row){.kind = "policy", .version = r->sandbox.policy_version};
    memcpy(basis[0].id, r->sandbox.policy, sizeof basis[0].id);
    for (size_t i = 0; i < r->appraised->sets; i++) {
        basis[n] =
            (struct basis_row){.kind = "reference-set", .version = r->appraised->set[i].version};
        memcpy(basis[n].id, r->appraised->set[i].id, sizeof basis[n].id);
        n++;
    }
    return n;
}

/* One transaction: the challenge is spent, the verdict stands, and the sandbox lives if it was accepted. */
static enum err
write_ledger(struct broker *b, struct run *r, struct slice body, struct fault *f)
{
    struct basis_row basis[BASIS_MAX];
    bool accepted = r->appraised->judgement == JUDGE_ACCEPT;

    fill_rows(r, body);
    size_t n = fill_basis(r, basis);
    enum err e = b->store->ops->attest_put(
        b->store, (struct slice){r->ask->challenge, r->ask->challenge_len}, r->challenge_until,
        &r->verdict, accepted ? &r->sandbox : NULL, basis, accepted ? n : 0, &f->why);

    if (e == ERR_DENIED) { /* nothing was written: the next try is judged by what is active then */
        e = flow_documents_refresh(b, f);
        return e != ERR_OK ? e
                           : fault_set(f, ERR_BUSY, "busy",
                                       "what the verdict rests on was revoked meanwhile");
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "challenge_used");
}

static const struct {
    enum judgement judgement;
    enum err err;
    const char *code;
} REFUSALS[] = {
    {JUDGE_REJECT, ERR_DENIED, "evidence_rejected"},
    {JUDGE_MALFORMED, ERR_MALFORMED, "evidence_malformed"},
    {JUDGE_UNABLE, ERR_UNABLE, "evidence_unable"},
};

/* A refusal's reasons go on record before the guest hears of it (record_denial). */
static enum err
say_verdict(struct broker *b, const struct run *r, struct fault *f)
{
    if (r->appraised->judgement == JUDGE_ACCEPT) {
        endorsements_keep(b, r->endorsements, r->now);
        return ERR_OK;
    }
    if (r->appraised->judgement == JUDGE_UNABLE) {
        f->retry_after_s = endorsements_want(b, r->endorsements, r->now);
    }
    appraised_failed(r->appraised, f->failed, sizeof f->failed);
    memcpy(f->verdict, r->verdict.id, sizeof f->verdict);
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        if (REFUSALS[i].judgement == r->appraised->judgement) {
            return fault_set(f, REFUSALS[i].err, REFUSALS[i].code, "verdict %s: %.100s",
                             r->verdict.id, f->failed);
        }
    }
    return fault_set(f, ERR_BUG, "bug", "verdict without a meaning");
}

static enum err
fill_ask(const struct broker *b, const struct run *r, struct mint_ask *ask, struct fault *f)
{
    size_t len = strlen(r->submods);

    if (len >= sizeof ask->extra) {
        return fault_set(f, ERR_BUG, "bug", "the submods are longer than %zu", sizeof ask->extra);
    }
    memcpy(ask->extra, r->submods, len + 1);
    ask->kind = MINT_EAR;
    ask->life_s = lease_life(EAR_LIFE_MAX_S, r->sandbox.hard_until, clock_unix());
    (void)snprintf(ask->sub, sizeof ask->sub, "sandbox:%s", r->sandbox.id);
    memcpy(ask->aud[0], b->issuer, sizeof ask->aud[0]);
    ask->aud_n = 1;
    memcpy(ask->jkt, r->sandbox.jkt, sizeof ask->jkt);
    memcpy(ask->tier, r->tier, sizeof ask->tier);
    ask->status_index = r->sandbox.status_index;
    record_sandbox(&r->sandbox, ACTION_GRANTED, "guest", &ask->record);
    return ERR_OK;
}

/* What is asked of the mint and its answer: too large for a connection's stack. */
struct exchange {
    struct mint_ask ask;
    struct mint_answer answer;
};

static void
exchange_free(struct exchange **x)
{
    sec_zero((*x)->answer.text, (*x)->answer.text_len);
    mem_free(*x);
    *x = NULL;
}

static enum err
mint_result(struct broker *b, const struct run *r, struct attest_grant *out, struct fault *f)
{
    AUTO(exchange_free) struct exchange *x = mem_new(1, sizeof *x);

    TRY(fill_ask(b, r, &x->ask, f));
    TRY(record_grant(b, &x->ask, r->sandbox.hard_until, &x->answer, f));
    memcpy(out->ear, x->answer.text, x->answer.text_len + 1);
    out->expires_in = x->answer.exp - x->answer.iat;
    return ERR_OK;
}

/* Whoever is refused pays before anything of it is kept (budget.h), and the proof is spent last. */
static enum err
keep_verdict(struct broker *b, struct run *r, struct slice body, struct fault *f)
{
    enum err e = r->appraised->judgement == JUDGE_ACCEPT ? ERR_OK : record_afford(b, f);

    TRY(e);
    TRY(proof_spend(b, &r->proof, f));
    return write_ledger(b, r, body, f);
}

static enum err
steps(struct broker *b, const struct http_request *req, struct slice body, struct run *r,
      struct fault *f)
{
    TRY(check_key(b, req, r, f));
    TRY(check_challenge(b, r, f));
    TRY(judge(b, r, f));
    TRY(keep_verdict(b, r, body, f));
    return say_verdict(b, r, f);
}

enum err
flow_attest(struct broker *b, const struct http_request *req, struct slice body,
            struct attest_grant *out, struct fault *f)
{
    AUTO(run_done) struct run r = {.now = clock_unix()};

    TRY(read_request(body, &r, f));
    enum err e = steps(b, req, body, &r, f);

    if (e != ERR_OK) {
        (void)atomic_fetch_add(&b->metrics.attest_denied, err_is_unable(e) ? 0 : 1);
        return record_denial(b, &r.sandbox, "attestation", e, f);
    }
    TRY(mint_result(b, &r, out, f));
    (void)atomic_fetch_add(&b->metrics.attest_accepted, 1);
    memcpy(out->sandbox, r.sandbox.id, sizeof out->sandbox);
    memcpy(out->verdict, r.verdict.id, sizeof out->verdict);
    out->heartbeat_s = r.heartbeat_s;
    out->lease_until = r.sandbox.lease_until;
    return ERR_OK;
}
