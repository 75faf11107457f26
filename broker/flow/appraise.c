/* SPDX-License-Identifier: Apache-2.0 */
/* appraise.c - see appraise.h.  A reference value is compound: Names and PCRs of one entry count only together, so entries that pin other
 * Names than the evidence has are left out before the evidence is judged. */
#include "broker/flow/appraise.h"

#include "attest/tpm/name.h"
#include "attest/tpm/public.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/row.h"

#include <stdio.h>
#include <string.h>

/* A row's expectation with the reference values of today. */
struct filled {
    struct expectation want;
    struct tpm_golden golden[REFERENCE_ENTRIES_MAX];
    struct snp_golden snp_golden[REFERENCE_ENTRIES_MAX];
    struct tdx_golden tdx_golden[REFERENCE_ENTRIES_MAX];
    struct slice name[ROW_AK_NAMES_MAX];
    uint8_t binding[BINDING_LEN];
};

/* The key of the TPM quote that comes with TEE evidence, as REPORT_DATA commits to it (DESIGN section 6). */
struct companion {
    uint8_t name_sha256[SHA256_LEN];
    bool there;     /* a quote came, by a key that has a Name */
    bool committed; /* TEE evidence that was accepted names it */
};

/* What all rows of one request are judged with. */
struct scene {
    const struct attest_ask *ask;
    const struct policy_book *book;
    const struct trust *trust;
    int64_t now;
    struct companion companion;
};

void
appraised_free(struct appraised **a)
{
    if (*a == NULL) {
        return;
    }
    for (size_t i = 0; i < (*a)->pieces; i++) {
        mem_free((*a)->piece[i]);
    }
    mem_free(*a);
    *a = NULL;
}

static bool
names_have(const struct slice *names, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_same(names[i], name)) {
            return true;
        }
    }
    return false;
}

/* Bytes that cannot be decoded give no Name; judging them says why. */
static void
name_of(const struct tpm_evidence *ev, struct tpm_name *out)
{
    struct tpm_public pub = {0};
    struct why why = {0};

    if (tpm_public_decode(ev->ak, &pub, &why) != ERR_OK ||
        tpm_name_make(&pub, out, &why) != ERR_OK) {
        *out = (struct tpm_name){0};
    }
}

static bool
pins(const struct reference_entry *e, struct slice ak_name, int64_t now)
{
    return e->expires_unix > now && names_have(e->ak_names, e->ak_names_n, ak_name);
}

static bool
any_pins(const struct reference_set *set, struct slice ak_name, int64_t now)
{
    for (size_t i = 0; i < set->n; i++) {
        if (pins(&set->entry[i], ak_name, now)) {
            return true;
        }
    }
    return false;
}

/* A key that an entry pins earns its trust by that entry: then the values of entries that pin
 * nothing, and rely on trust from elsewhere, are not for it. */
static void
fill_set(struct filled *f, const struct reference_set *set, struct slice ak_name, int64_t now)
{
    struct tpm_expect *t = &f->want.tpm;
    bool pinned = any_pins(set, ak_name, now);

    t->golden_wanted = true;
    t->golden = f->golden;
    t->golden_n = 0;
    for (size_t i = 0; i < set->n && t->golden_n < REFERENCE_ENTRIES_MAX; i++) {
        const struct reference_entry *e = &set->entry[i];

        if (e->expires_unix <= now || (pinned ? !pins(e, ak_name, now) : e->ak_names_n > 0)) {
            continue;
        }
        f->golden[t->golden_n++] = e->golden;
        for (size_t k = 0; k < e->ak_names_n && t->ak_names_n < ROW_AK_NAMES_MAX; k++) {
            f->name[t->ak_names_n++] = e->ak_names[k];
        }
    }
}

static void
fill_tpm(struct filled *f, const struct evidence_row *row, const struct reference_set *set,
         const struct tpm_evidence *ev, const struct scene *sc)
{
    struct tpm_name name = {0};

    name_of(ev, &name);
    for (size_t i = 0; i < row->want.tpm.ak_names_n && i < ROW_AK_NAMES_MAX; i++) {
        f->name[i] = row->want.tpm.ak_names[i];
    }
    f->want.tpm.ak_names = f->name;
    if (sc->companion.committed) {
        f->want.tpm.ak_tee_name =
            (struct slice){sc->companion.name_sha256, sizeof sc->companion.name_sha256};
    }
    if (set != NULL) {
        fill_set(f, set, tpm_name_slice(&name), sc->now);
    }
}

/* Those of the set's own type are filled, and only they are asked for. */
static void
fill_tee(struct filled *f, const struct reference_set *set, const struct scene *sc)
{
    struct snp_expect *s = &f->want.snp;
    struct tdx_expect *t = &f->want.tdx;
    size_t n = 0;

    if (sc->companion.there) {
        s->report_data_tail =
            (struct slice){sc->companion.name_sha256, sizeof sc->companion.name_sha256};
        t->report_data_tail = s->report_data_tail;
    }
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->n && n < REFERENCE_ENTRIES_MAX; i++) {
        if (set->entry[i].expires_unix > sc->now) {
            f->snp_golden[n] = set->entry[i].snp_golden;
            f->tdx_golden[n++] = set->entry[i].tdx_golden;
        }
    }
    s->golden_wanted = t->golden_wanted = true;
    s->golden = f->snp_golden;
    t->golden = f->tdx_golden;
    s->golden_n = t->golden_n = n;
}

static void
fill_row(struct filled *f, const struct evidence_row *row, const struct reference_set *set,
         const struct evidence *ev, const struct scene *sc)
{
    f->want = row->want;
    if (row->type == EVIDENCE_TPM2) {
        fill_tpm(f, row, set, &ev->tpm, sc);
    } else {
        fill_tee(f, set, sc);
    }
}

/* A verdict is no longer valid than the reference value that it matched. */
static void
cut_by_entry(const struct reference_set *set, struct appraisal *out)
{
    const char *label = set->type == EVIDENCE_TPM2      ? out->tpm.golden_label
                        : set->type == EVIDENCE_SEV_SNP ? out->snp.golden_label
                                                        : out->tdx.golden_label;

    for (size_t i = 0; i < set->n; i++) {
        const struct reference_entry *e = &set->entry[i];

        if (e->label == label && e->expires_unix < out->valid_until) {
            out->valid_until = e->expires_unix;
        }
    }
}

static const struct evidence *
piece_of_type(const struct attest_ask *ask, enum evidence_type type)
{
    for (size_t i = 0; i < ask->pieces; i++) {
        if (ask->piece[i].type == type) {
            return &ask->piece[i];
        }
    }
    return NULL;
}

/* NULL when the row names none, or when there is none that serves; *missing tells the two apart. */
static const struct reference_set *
set_of(const struct evidence_row *row, const struct policy_book *book, bool *missing)
{
    const struct reference_set *set = NULL;

    if (row->reference_set[0] != '\0') {
        set = policy_book_set(book, row->reference_set);
        set = set != NULL && reference_set_serves(set, row->type) ? set : NULL;
    }
    *missing = row->reference_set[0] != '\0' && set == NULL;
    return set;
}

static void
verify(const struct scene *sc, enum evidence_type type, const struct evidence *ev, struct filled *f,
       struct appraisal *out)
{
    struct why why = {0};

    if (binding_make(type, (struct slice){sc->ask->challenge, sc->ask->challenge_len},
                     sc->ask->key.jkt, (struct slice){0}, f->binding, &why) == ERR_OK) {
        f->want.binding = (struct slice){f->binding, sizeof f->binding};
        attest_verify(ev, &f->want, sc->trust, sc->now, out);
    }
}

static void
judge_row(const struct scene *sc, const struct evidence_row *row, struct appraised *a,
          struct appraisal *out)
{
    struct filled *f = mem_new(1, sizeof *f);
    const struct evidence *ev = piece_of_type(sc->ask, row->type);
    bool missing = false;
    const struct reference_set *set = set_of(row, sc->book, &missing);

    fill_row(f, row, set, ev, sc);
    verify(sc, row->type, ev, f, out);
    if (missing) {
        verdict_add(&out->verdict, "policy.reference_set", "DESIGN 8", OUTCOME_FAIL,
                    "the policy's reference set has no active version of this type",
                    "an active reference set");
    }
    if (set != NULL) {
        cut_by_entry(set, out);
        (void)snprintf(a->set[a->sets].id, sizeof a->set[0].id, "%s", set->id);
        a->set[a->sets++].version = set->version;
    }
    /* What points into this function's memory must not leave it. */
    out->tpm.golden_label = NULL;
    out->snp.golden_label = NULL;
    out->tdx.golden_label = NULL;
    mem_free(f);
}

static void
sum_up(struct appraised *a)
{
    a->judgement = JUDGE_ACCEPT;
    a->valid_until = INT64_MAX;
    for (size_t i = 0; i < a->pieces; i++) {
        enum judgement j = verdict_judge(&a->piece[i]->verdict);
        bool worse = a->judgement == JUDGE_ACCEPT || j == JUDGE_MALFORMED ||
                     (j == JUDGE_REJECT && a->judgement == JUDGE_UNABLE);

        if (j != JUDGE_ACCEPT && worse) {
            a->judgement = j;
        }
        if (a->piece[i]->valid_until < a->valid_until) {
            a->valid_until = a->piece[i]->valid_until;
        }
    }
}

/* The same types, each once, nothing more and nothing less. */
static bool
fits(const struct attest_ask *ask, struct evidence_row *const *rows)
{
    size_t n = 0;

    for (; n < POLICY_ROWS && rows[n] != NULL; n++) {
        if (piece_of_type(ask, rows[n]->type) == NULL) {
            return false;
        }
    }
    return n == ask->pieces;
}

static size_t
failures(const struct appraised *a)
{
    size_t n = 0;

    for (size_t i = 0; i < a->pieces; i++) {
        const struct verdict *v = &a->piece[i]->verdict;

        for (size_t k = 0; k < v->n; k++) {
            n += v->finding[k].outcome >= OUTCOME_FAIL || v->finding[k].outcome == OUTCOME_NOT_RUN;
        }
    }
    return n;
}

static struct appraised *
no_alternative(void)
{
    struct appraised *a = mem_new(1, sizeof *a);

    a->piece[a->pieces++] = mem_new(1, sizeof(struct appraisal));
    verdict_add(&a->piece[0]->verdict, "policy.evidence", "DESIGN 8", OUTCOME_FAIL,
                "this combination of evidence types",
                "the types of one alternative of the policy's accept list, each once");
    a->judgement = JUDGE_REJECT;
    return a;
}

/* The key of the quote that came with TEE evidence; Azure's is inside the evidence. */
static void
find_companion(const struct attest_ask *ask, struct companion *out)
{
    const struct evidence *tpm = piece_of_type(ask, EVIDENCE_TPM2);
    struct tpm_name name = {0};

    *out = (struct companion){0};
    if (tpm == NULL) {
        return;
    }
    name_of(&tpm->tpm, &name);
    if (tpm_name_slice(&name).len > 0) {
        hash_sha256(tpm_name_slice(&name), out->name_sha256);
        out->there = true;
    }
}

static bool
compares(const struct evidence_row *row)
{
    return row->reference_set[0] != '\0' || row->want.tpm.golden_wanted ||
           row->want.snp.own.measurement.wanted || row->want.tdx.own.field[TDX_MRTD].wanted;
}

/* Its REPORT_DATA was found to end with that key's digest. */
static bool
commits(const struct scene *sc, enum evidence_type type, const struct appraisal *out)
{
    return sc->companion.there && (type == EVIDENCE_SEV_SNP || type == EVIDENCE_TDX) &&
           verdict_judge(&out->verdict) == JUDGE_ACCEPT;
}

/* TEE evidence first: a TPM's key may earn its trust from it. */
static struct appraised *
judge_alternative(const struct scene *given, struct evidence_row *const *rows)
{
    struct appraised *a = mem_new(1, sizeof *a);
    struct scene sc = *given;

    for (; a->pieces < POLICY_ROWS && rows[a->pieces] != NULL; a->pieces++) {
        a->type[a->pieces] = rows[a->pieces]->type;
        a->compared[a->pieces] = compares(rows[a->pieces]);
        a->piece[a->pieces] = mem_new(1, sizeof *a->piece[0]);
    }
    for (size_t k = 0; k < a->pieces; k++) {
        if (a->type[k] != EVIDENCE_TPM2) {
            judge_row(&sc, rows[k], a, a->piece[k]);
            sc.companion.committed |= commits(&sc, a->type[k], a->piece[k]);
        }
    }
    for (size_t k = 0; k < a->pieces; k++) {
        if (a->type[k] == EVIDENCE_TPM2) {
            judge_row(&sc, rows[k], a, a->piece[k]);
        }
    }
    sum_up(a);
    return a;
}

/* Keep the one that accepts, or else the one with fewer failures; free the other. */
static void
keep_better(struct appraised **best, struct appraised *a)
{
    bool better = *best == NULL || a->judgement == JUDGE_ACCEPT || failures(a) < failures(*best);
    struct appraised *worse = better ? *best : a;

    if (better) {
        *best = a;
    }
    appraised_free(&worse);
}

void
appraise(const struct attest_ask *ask, const struct policy *policy, const struct policy_book *book,
         const struct trust *trust, int64_t now, struct appraised **out)
{
    struct appraised *best = NULL;
    struct scene sc = {.ask = ask, .book = book, .trust = trust, .now = now};

    find_companion(ask, &sc.companion);
    for (size_t i = 0; i < policy->alternatives; i++) {
        if (fits(ask, policy->row[i])) {
            keep_better(&best, judge_alternative(&sc, policy->row[i]));
        }
        if (best != NULL && best->judgement == JUDGE_ACCEPT) {
            break;
        }
    }
    *out = best != NULL ? best : no_alternative();
}
