/* SPDX-License-Identifier: Apache-2.0 */
/* appraise.c - see appraise.h. */
#include "attest/tpm/appraise.h"

#include <string.h>

#include "attest/tpm/log_in.h"
#include "attest/tpm/rules_uki.h"

static void
open_public(struct tpm_in *t)
{
    struct why why = {0};

    t->ak_part = part_note(tpm_public_decode(t->ev->ak, &t->ak, &why), &why);
    if (t->ak_part.err != ERR_OK) {
        return;
    }
    why = (struct why){0};
    t->name_part = part_note(tpm_name_make(&t->ak, &t->name, &why), &why);
    why = (struct why){0};
    t->key_part = part_note(tpm_public_key(&t->ak, &t->key, &why), &why);
}

/* Quotes are signed with RSA, P-256 or P-384 here, whatever else the PEM reader takes. */
static enum err
bare_key_fits(const struct sig_key *k, struct why *why)
{
    if (k->type == KEY_RSA || k->curve == CURVE_P256 || k->curve == CURVE_P384) {
        return ERR_OK;
    }
    return why_add(why, ERR_DENIED, "%s is not taken; RSA, P-256 and P-384 are",
                   k->type == KEY_EC ? "curve P-521" : "this type of key");
}

static void
open_bare_key(struct tpm_in *t)
{
    struct why why = {0};
    enum err e = sig_key_pem(t->ev->ak_pem, &t->key, &why);

    t->bare_key = true;
    t->ak_part = part_note(e == ERR_MALFORMED || e == ERR_LIMIT ? e : ERR_OK, &why);
    if (e == ERR_OK) {
        e = bare_key_fits(&t->key, &why);
    }
    t->key_part = part_note(e, &why);
}

/* Shared, not copied: what the claims of TEE evidence own stays theirs. */
static void
open_tee_key(struct tpm_in *t)
{
    struct why why = {0};
    enum err e = ERR_OK;

    t->bare_key = true;
    t->ak_part = part_note(ERR_OK, &why);
    if (!sig_key_share(t->ev->ak_tee, &t->key)) {
        e = why_add(&why, ERR_BUG, "the TEE evidence's key is empty");
    }
    if (e == ERR_OK) {
        e = bare_key_fits(&t->key, &why);
    }
    t->key_part = part_note(e, &why);
}

static size_t
modulus_len(const struct sig_key *k)
{
    return k->type == KEY_RSA ? (k->bits + 7) / 8 : 0;
}

/* Magic and type first: another kind of attestation is refused by its name, not as a quote that
 * does not decode. */
static void
open_quote(struct tpm_in *t)
{
    struct why why = {0};

    t->header_part = part_note(tpm_attest_header_decode(t->ev->quote, &t->header, &why), &why);
    why = (struct why){0};
    t->quote_part = part_note(tpm_quote_decode(t->ev->quote, &t->quote, &why), &why);
    why = (struct why){0};
    t->signature_part = part_note(
        tpm_signature_decode(t->ev->signature, modulus_len(&t->key), &t->signature, &why), &why);
}

static void
open_ek_public(struct tpm_in *t)
{
    struct tpm_name name = {0};
    struct why why = {0};
    enum err e = tpm_public_decode(t->ev->ek, &t->ek.public, &why);

    t->ek.public_part = part_note(e, &why);
    if (e == ERR_OK) {
        t->ek.key_part = part_note(tpm_public_key(&t->ek.public, &t->ek.key, &why), &why);
        why = (struct why){0};
        e = tpm_name_make(&t->ek.public, &name, &why);
    }
    if (e == ERR_OK) {
        e = tpm_name_primary(&name, TPM_RH_ENDORSEMENT, &t->ek_qualified, &why);
    }
    t->ek_part = part_note(e, &why);
}

void
tpm_ek_open(struct tpm_in *t)
{
    struct why unused = {0};

    if (t->ev->ek.len > 0) {
        open_ek_public(t);
    }
    if (t->ev->ek_certificate.len > 0) {
        tpm_ek_certificate_open(t->ev->ek_certificate, t->anchors, t->want, t->at_unix,
                                &t->ek.certificate);
    }

    const struct sig_key *key = t->ek.public_part.given ? &t->ek.key : &t->ek.certificate.key;

    t->ek.has_digest =
        key->type != KEY_NONE && sig_key_digest(key, t->ek.digest, &unused) == ERR_OK;
}

/* Put one value where the signed selection says it belongs. */
static void
sort_value(struct tpm_in *t, const struct tpm_pcr *v)
{
    bool bank_quoted = false;
    bool placed = false;

    for (size_t i = 0; i < tpm_selections(t); i++) {
        const struct tpm_wire_selection *s = &t->quote.select[i];

        bank_quoted = bank_quoted || s->bank == v->bank;
        if (s->bank == v->bank && v->index < TPM_PCRS && s->mask & UINT32_C(1) << v->index) {
            t->sent.twice = t->sent.at[i][v->index] != NULL ? v : t->sent.twice;
            t->sent.at[i][v->index] = v;
            placed = true;
        }
    }
    t->sent.foreign += !bank_quoted;
    if (bank_quoted && !placed && !t->ev->whole_bank && t->sent.unquoted == NULL) {
        t->sent.unquoted = v;
    }
}

void
tpm_in_open(struct tpm_in *t)
{
    if (t->ev->ak_tee != NULL) {
        open_tee_key(t);
    } else if (t->ev->ak.len > 0) {
        open_public(t);
    } else if (t->ev->ak_pem.len > 0) {
        open_bare_key(t);
    }
    open_quote(t);
    tpm_ek_open(t);
    for (size_t i = 0; i < t->ev->pcrs_n; i++) {
        sort_value(t, &t->ev->pcrs[i]);
    }
    tpm_log_in_open(t);
    tpm_log_lead(t);
    if (t->ev->ak_certificate.len > 0) {
        tpm_certificate_open(t->ev->ak_certificate, &t->key, t->anchors, t->at_unix,
                             &t->certificate);
    }
}

void
tpm_in_done(struct tpm_in *t)
{
    sig_key_done(&t->key);
    sig_key_done(&t->ek.key);
    tpm_ek_certificate_done(&t->ek.certificate);
}

void
tpm_check(const struct tpm_in *t, struct verdict *v)
{
    const struct check_in in = {.tpm = t};
    size_t n = 0;
    const struct check *table = tpm_checks(&n);

    verdict_run(v, table, n, &in);
}

void
tpm_open_log(struct tpm_in *t)
{
    tpm_log_in_open(t);
}

void
tpm_check_log(const struct tpm_in *t, struct verdict *v)
{
    const struct check_in in = {.tpm = t};
    size_t n = 0;
    const struct check *table = tpm_log_checks(&n);

    verdict_run(v, table, n, &in);
}

void
tpm_check_certificate(const struct tpm_in *t, struct verdict *v)
{
    const struct check_in in = {.tpm = t};
    size_t n = 0;
    const struct check *table = tpm_certificate_checks(&n);

    verdict_run(v, table, n, &in);
}

void
tpm_check_ek(const struct tpm_in *t, struct verdict *v)
{
    const struct check_in in = {.tpm = t};
    size_t n = 0;
    const struct check *table = tpm_ek_checks(&n);

    verdict_run(v, table, n, &in);
}

/* The values of one bank that pcrDigest proves; none of SHA-1. */
static void
claim_bank(const struct tpm_in *t, size_t row, struct tpm_claims *out)
{
    const struct tpm_wire_selection *s = &t->quote.select[row];

    out->select[out->select_n++] = (struct tpm_selection){s->bank, s->mask};
    for (size_t i = 0; i < TPM_PCRS && s->bank != HASH_SHA1; i++) {
        if (t->sent.at[row][i] != NULL && out->pcr_n < TPM_PCR_VALUES_MAX) {
            out->pcr[out->pcr_n++] = *t->sent.at[row][i];
        }
    }
}

void
tpm_claim(const struct tpm_in *t, bool passed, struct tpm_claims *out)
{
    *out = (struct tpm_claims){0};
    memcpy(out->ak_name, t->name.bytes, t->name.len);
    out->ak_name_len = t->name.len;
    if (!passed) {
        return;
    }
    out->ak_trust = tpm_ak_trust_of(t);
    out->ek_known = tpm_ek_known(t);
    memcpy(out->ek_digest, t->ek.digest, sizeof out->ek_digest);
    out->hierarchy = tpm_hierarchy_of(t);
    out->clock_ms = t->quote.clock_ms;
    out->reset_count = t->quote.reset_count;
    out->restart_count = t->quote.restart_count;
    out->clock_safe = t->quote.safe;
    out->firmware_version = t->quote.firmware_version;
    for (size_t i = 0; i < tpm_selections(t); i++) {
        claim_bank(t, i, out);
    }

    const struct tpm_golden *g = t->want->golden_wanted ? tpm_golden_of(t) : NULL;

    out->golden_label = g == NULL ? NULL : g->label;
    out->log_replayed = tpm_log_ready(&t->log);
    out->predicates = tpm_predicates_wanted(&t->want->must);
    (void)tpm_uki_of(t, out->uki_phase);
}

int64_t
tpm_valid_until(const struct tpm_in *t)
{
    int64_t ak = tpm_certificate_holds(t) ? t->certificate.valid_until_unix : INT64_MAX;
    int64_t ek = tpm_ek_certificate_holds(t) ? t->ek.certificate.valid_until_unix : INT64_MAX;

    return ak < ek ? ak : ek;
}

void
tpm_claim_log(const struct tpm_in *t, struct tpm_claims *out)
{
    const struct tpm_replay *r = &t->log.replay;

    *out = (struct tpm_claims){.log_replayed = tpm_log_ready(&t->log)};
    if (!out->log_replayed) {
        return;
    }
    out->predicates = tpm_predicates_wanted(&t->want->must);
    (void)tpm_uki_of(t, out->uki_phase);
    for (size_t i = 0; i < (size_t)TPM_LOG_BANKS * TPM_PCRS; i++) {
        struct slice value = tpm_replay_value(r, tpm_log_bank(i / TPM_PCRS), i % TPM_PCRS);
        bool told = value.len > 0 && r->extends[i % TPM_PCRS] > 0;

        if (told && out->pcr_n < TPM_PCR_VALUES_MAX) {
            struct tpm_pcr *p = &out->pcr[out->pcr_n++];

            *p = (struct tpm_pcr){.bank = (uint16_t)tpm_log_bank(i / TPM_PCRS),
                                  .index = (uint8_t)(i % TPM_PCRS)};
            memcpy(p->digest, value.ptr, value.len);
        }
    }
}
