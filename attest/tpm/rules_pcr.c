/* SPDX-License-Identifier: Apache-2.0 */
/* rules_pcr.c - what the quote selects, and what the values beside it are worth; see checks.h.
 *
 * Which PCR a value belongs to is decided by the signed selection alone: pcrDigest covers values,
 * not their places. */
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "attest/tpm/log_in.h"

enum { SELECT_BYTES = TPM_PCRS / 8, FIRST_RESETTABLE = 16 };

#define BELOW_RESETTABLE ((UINT32_C(1) << FIRST_RESETTABLE) - 1)

size_t
tpm_selections(const struct tpm_in *t)
{
    return t->quote.select_n < TPM_BANKS_MAX ? t->quote.select_n : TPM_BANKS_MAX;
}

enum outcome
tpm_rule_weak_bank(const struct check_in *in, struct finding *f)
{
    const struct tpm_quote *q = &in->tpm->quote;
    const char *weak = NULL;

    for (size_t i = 0; i < q->select_n; i++) {
        unsigned bank = q->select[i].bank;

        if (q->select[i].mask == 0) {
            continue;
        }
        if (bank == HASH_SHA256 || bank == HASH_SHA384 || bank == HASH_SHA512) {
            return finding_pass(f, "%s", hash_name(bank));
        }
        weak = hash_name(bank);
    }
    if (weak != NULL) {
        return finding_fail(f, "a sha256 or sha384 bank", "only %s", weak);
    }
    return finding_ignored(f, "no PCR is selected at all: quote.selection");
}

static bool
seen_before(const struct tpm_quote *q, size_t row)
{
    bool seen = false;

    for (size_t i = 0; i < row; i++) {
        seen = seen || q->select[i].bank == q->select[row].bank;
    }
    return seen;
}

/* What makes one selection readable in more than one way, or empty; NULL when nothing does. */
static const char *
odd_selection(const struct tpm_quote *q, size_t row)
{
    const struct tpm_wire_selection *s = &q->select[row];

    if (s->beyond_last) {
        return "a PCR beyond 23";
    }
    if (s->size != SELECT_BYTES) {
        return "sizeofSelect is not 3";
    }
    if (s->mask == 0) {
        return "a bank without a PCR (is it allocated?)";
    }
    return seen_before(q, row) ? "the same bank twice" : NULL;
}

/* NULL when the selection is one that a verifier can read in only one way. */
static const char *
not_canonical(const struct tpm_quote *q)
{
    const char *odd = NULL;
    uint32_t all = 0;

    if (q->select_n == 0 || q->select_n > TPM_BANKS_MAX) {
        return q->select_n == 0 ? "nothing is selected" : "too many banks";
    }
    for (size_t i = 0; i < q->select_n && odd == NULL; i++) {
        odd = odd_selection(q, i);
        all |= q->select[i].mask;
    }
    if (odd != NULL) {
        return odd;
    }
    return (all & BELOW_RESETTABLE) == 0 ? "only PCRs that software can reset (16 to 23)" : NULL;
}

static bool
selects(const struct tpm_in *t, uint16_t bank, uint32_t mask)
{
    for (size_t i = 0; i < tpm_selections(t); i++) {
        if (t->quote.select[i].bank == bank) {
            return (t->quote.select[i].mask & mask) == mask;
        }
    }
    return false;
}

static bool
as_asked(const struct tpm_in *t)
{
    bool same = t->quote.select_n == t->want->select_n;

    for (size_t i = 0; same && i < t->want->select_n; i++) {
        same = t->quote.select[i].bank == t->want->select[i].bank &&
               t->quote.select[i].mask == t->want->select[i].mask;
    }
    return same || t->want->select_n == 0;
}

static bool
covers_need(const struct tpm_in *t)
{
    bool all = true;

    for (size_t i = 0; i < t->want->need_n; i++) {
        all = all && selects(t, t->want->need[i].bank, t->want->need[i].mask);
    }
    return all;
}

static bool
covers_golden(const struct tpm_in *t, const struct tpm_golden *g)
{
    bool all = true;

    for (size_t i = 0; i < g->n; i++) {
        all = all && selects(t, g->pcr[i].bank, UINT32_C(1) << g->pcr[i].index);
    }
    return all;
}

/* Is there a reference value that this selection lets us judge? */
static bool
covers_any_golden(const struct tpm_in *t)
{
    for (size_t i = 0; i < t->want->golden_n; i++) {
        if (covers_golden(t, &t->want->golden[i])) {
            return true;
        }
    }
    return !t->want->golden_wanted || t->want->golden_n == 0; /* pcr.values refuses the latter */
}

/* Each PCR that a predicate reads is quoted, in a bank of SHA-256 or stronger. */
static bool
covers_predicates(const struct tpm_in *t)
{
    const struct tpm_predicates *must = &t->want->must;
    uint32_t missing = tpm_predicates_pcrs(must);

    for (size_t i = 0; i < tpm_selections(t); i++) {
        if (tpm_log_bank_of(t->quote.select[i].bank) < TPM_LOG_BANKS) {
            missing &= ~t->quote.select[i].mask;
        }
    }
    return missing == 0;
}

static void
selection_text(const struct tpm_in *t, char *dst, size_t cap)
{
    struct tpm_selection sel[TPM_BANKS_MAX] = {0};

    for (size_t i = 0; i < tpm_selections(t); i++) {
        sel[i] = (struct tpm_selection){t->quote.select[i].bank, t->quote.select[i].mask};
    }
    tpm_select_format(sel, tpm_selections(t), dst, cap);
}

enum outcome
tpm_rule_selection(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    const char *odd = not_canonical(&t->quote);
    char seen[TPM_SELECT_TEXT];
    char wanted[TPM_SELECT_TEXT];

    selection_text(t, seen, sizeof seen);
    if (odd != NULL) {
        return finding_fail(f, "each bank once, with PCRs that software cannot reset", "%s: %s",
                            odd, seen);
    }
    if (!as_asked(t)) {
        tpm_select_format(t->want->select, t->want->select_n, wanted, sizeof wanted);
        return finding_fail(f, wanted, "%s", seen);
    }
    if (!covers_need(t)) {
        tpm_select_format(t->want->need, t->want->need_n, wanted, sizeof wanted);
        return finding_fail(f, wanted, "not covered by %s", seen);
    }
    if (!covers_predicates(t)) {
        return finding_fail(f, "the PCRs that the policy's predicates read", "%s", seen);
    }
    if (!covers_any_golden(t)) {
        return finding_fail(f, "the PCRs of a reference value", "%s", seen);
    }
    return finding_pass(f, "%s", seen);
}

enum outcome
tpm_rule_unquoted(const struct check_in *in, struct finding *f)
{
    const struct tpm_sent *sent = &in->tpm->sent;

    if (sent->unquoted != NULL) {
        return finding_fail(f, "values of the quoted PCRs only", "a value for %s:%u, not quoted",
                            hash_name(sent->unquoted->bank), sent->unquoted->index);
    }
    if (sent->foreign > 0) {
        return finding_pass(f, "%zu values of banks that are not quoted were dropped",
                            sent->foreign);
    }
    return finding_pass(f, "none");
}

/* Values of the quoted PCRs, one after the other. */
struct joined {
    uint8_t bytes[TPM_BANKS_MAX * TPM_PCRS * HASH_MAX];
    size_t len;
    struct tpm_pcr missing; /* the first that was not sent; bank 0 when all were */
};

static void
join_bank(const struct tpm_in *t, size_t row, struct joined *out)
{
    const struct tpm_wire_selection *s = &t->quote.select[row];
    size_t len = hash_len(s->bank);

    for (size_t i = 0; i < TPM_PCRS && out->missing.bank == 0; i++) {
        const struct tpm_pcr *v = t->sent.at[row][i];

        if (!(s->mask & UINT32_C(1) << i)) {
            continue;
        }
        if (v == NULL) {
            out->missing = (struct tpm_pcr){.bank = s->bank, .index = (uint8_t)i};
            return;
        }
        memcpy(out->bytes + out->len, v->digest, len);
        out->len += len;
    }
}

/* Values that were not sent came from the event log. */
static bool
led_values(const struct tpm_in *t)
{
    bool any = false;

    for (size_t i = 0; i < tpm_selections(t); i++) {
        for (size_t k = 0; k < TPM_PCRS; k++) {
            any = any || t->led[i][k].bank != 0;
        }
    }
    return any;
}

static enum outcome
compare_digest(const struct tpm_in *t, struct slice values, struct finding *f)
{
    char wanted[2 * HASH_MAX + 1] = "";
    char seen[2 * HASH_MAX + 1] = "";
    uint8_t digest[HASH_MAX];
    struct why why = {0};
    const struct slice want = {digest, hash_len(t->signature.hash)};

    if (hash_parts(t->signature.hash, &values, 1, digest, &why) != ERR_OK) {
        return finding_unable(f, "a working library", "%s", why_text(&why));
    }
    hex_encode(t->quote.pcr_digest, seen);
    if (slice_same(t->quote.pcr_digest, want)) {
        return finding_pass(f, "%s", seen);
    }
    hex_encode(want, wanted);
    return finding_fail(f, wanted, "pcrDigest is %s%s", seen,
                        led_values(t) ? ", not that of the event log" : "");
}

enum outcome
tpm_rule_pcrdigest(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    struct joined values = {.len = 0};

    if (t->quote.pcr_digest.len != hash_len(t->signature.hash)) {
        return finding_fail(f, "a digest by the signing hash", "pcrDigest has %zu bytes",
                            t->quote.pcr_digest.len);
    }
    if (t->ev->pcrs_n == 0 && !tpm_log_ready(&t->log) && !t->want->golden_wanted) {
        return finding_ignored(f, "no PCR values were sent");
    }
    if (t->sent.twice != NULL) {
        return finding_fail(f, "each value once", "%s:%u was sent twice",
                            hash_name(t->sent.twice->bank), t->sent.twice->index);
    }
    for (size_t i = 0; i < tpm_selections(t); i++) {
        join_bank(t, i, &values);
    }
    if (values.missing.bank != 0) {
        return finding_fail(f, "a value for each quoted PCR", "%s:%u is missing",
                            hash_name(values.missing.bank), values.missing.index);
    }
    return compare_digest(t, (struct slice){values.bytes, values.len}, f);
}

const struct tpm_pcr *
tpm_proven(const struct tpm_in *t, uint16_t bank, size_t index)
{
    for (size_t i = 0; bank != HASH_SHA1 && i < tpm_selections(t); i++) {
        if (t->quote.select[i].bank == bank) {
            return t->sent.at[i][index];
        }
    }
    return NULL;
}

/* Rows with the same bank and index are alternatives: does one of them hold? */
static bool
row_holds(const struct tpm_in *t, const struct tpm_golden *g, const struct tpm_pcr *row)
{
    const struct tpm_pcr *seen = tpm_proven(t, row->bank, row->index);

    for (size_t i = 0; seen != NULL && i < g->n; i++) {
        const struct tpm_pcr *p = &g->pcr[i];

        if (p->bank == row->bank && p->index == row->index &&
            memcmp(p->digest, seen->digest, hash_len(p->bank)) == 0) {
            return true;
        }
    }
    return false;
}

/* The first row that does not hold; NULL when all do. */
static const struct tpm_pcr *
golden_differs(const struct tpm_in *t, const struct tpm_golden *g)
{
    for (size_t i = 0; i < g->n; i++) {
        if (!row_holds(t, g, &g->pcr[i])) {
            return &g->pcr[i];
        }
    }
    return NULL;
}

const struct tpm_golden *
tpm_golden_of(const struct tpm_in *t)
{
    for (size_t i = 0; i < t->want->golden_n; i++) {
        const struct tpm_golden *g = &t->want->golden[i];

        if (g->n > 0 && golden_differs(t, g) == NULL) {
            return g;
        }
    }
    return NULL;
}

/* Of all reference values the one that differs in fewest PCRs explains most. */
static const struct tpm_golden *
nearest(const struct tpm_in *t)
{
    const struct tpm_golden *best = &t->want->golden[0];
    size_t best_wrong = SIZE_MAX;

    for (size_t i = 0; i < t->want->golden_n; i++) {
        const struct tpm_golden *g = &t->want->golden[i];
        size_t wrong = 0;

        for (size_t k = 0; k < g->n; k++) {
            wrong += !row_holds(t, g, &g->pcr[k]);
        }
        if (g->n > 0 && wrong < best_wrong) {
            best = g;
            best_wrong = wrong;
        }
    }
    return best;
}

static enum outcome
explain(const struct tpm_in *t, const struct tpm_golden *g, struct finding *f)
{
    const struct tpm_pcr *p = golden_differs(t, g);
    char seen_hex[2 * HASH_MAX + 1] = "no proven value";
    char want_hex[2 * HASH_MAX + 1] = "";
    char wanted[FINDING_TEXT];

    if (p == NULL) {
        return finding_fail(f, "a reference value with PCRs in it", "\"%.64s\" is empty",
                            g->label == NULL ? "" : g->label);
    }

    const struct tpm_pcr *seen = tpm_proven(t, p->bank, p->index);

    if (seen != NULL) {
        hex_encode((struct slice){seen->digest, hash_len(seen->bank)}, seen_hex);
    }
    hex_encode((struct slice){p->digest, hash_len(p->bank)}, want_hex);
    (void)snprintf(wanted, sizeof wanted, "%s (\"%.24s\")", want_hex,
                   g->label == NULL ? "" : g->label);
    return finding_fail(f, wanted, "%s:%u is %s", hash_name(p->bank), p->index, seen_hex);
}

enum outcome
tpm_rule_values(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (!t->want->golden_wanted) {
        return finding_ignored(f, "the policy ignores PCR values");
    }
    if (t->want->golden_n == 0) {
        return finding_fail(f, "an active reference value", "there is none to compare with");
    }

    const struct tpm_golden *g = tpm_golden_of(t);

    if (g == NULL) {
        return explain(t, nearest(t), f);
    }
    return finding_pass(f, "%s", g->label == NULL ? "equal" : g->label);
}
