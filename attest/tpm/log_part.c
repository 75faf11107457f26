/* SPDX-License-Identifier: Apache-2.0 */
/* log_part.c - see log_in.h: an event log through its decoder, and which parts of it a verdict looks at. */
#include "attest/tpm/log_in.h"

enum { FIRMWARE_PCRS = 0xff, APPS_PCR = 4, SECURE_BOOT_PCR = 7 };

bool
tpm_log_ready(const struct tpm_log_in *l)
{
    return part_ok(&l->header) && !l->sha1_only && part_ok(&l->events) && part_ok(&l->replayed);
}

static void
open_events(struct tpm_log_in *l)
{
    struct why why = {0};

    l->events = part_note(tpm_log_scan(&l->log, &why), &why);
    if (part_ok(&l->events) && !l->sha1_only) {
        why = (struct why){0};
        l->replayed = part_note(tpm_log_replay(&l->log, l->banks, &l->replay, &why), &why);
    }
}

/* PCRs that are quoted in a bank that counts; *banks is the set of those. */
static uint32_t
quoted(const struct tpm_in *t, unsigned *banks)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < tpm_selections(t); i++) {
        size_t bank = tpm_log_bank_of(t->quote.select[i].bank);

        if (bank < TPM_LOG_BANKS) {
            mask |= t->quote.select[i].mask;
            *banks |= 1U << bank;
        }
    }
    return mask;
}

static uint32_t
golden_pcrs(const struct tpm_expect *want)
{
    uint32_t mask = 0;

    for (size_t i = 0; want->golden_wanted && i < want->golden_n; i++) {
        for (size_t k = 0; k < want->golden[i].n; k++) {
            mask |= UINT32_C(1) << want->golden[i].pcr[k].index;
        }
    }
    return mask;
}

/* A golden value is compared as it was quoted; the log must lead there only where firmware is the one to extend.  What no row
 * reads may change freely. */
static void
set_scope(struct tpm_in *t)
{
    struct tpm_log_in *l = &t->log;
    uint32_t logged = tpm_predicates_logged(&t->want->must);
    uint32_t firmware = logged | (golden_pcrs(t->want) & FIRMWARE_PCRS);
    uint32_t seen = 0;

    if (t->log_only) {
        l->banks = l->log.banks;
    } else {
        seen = quoted(t, &l->banks);
    }
    l->used = firmware;
    l->read = firmware | (seen & FIRMWARE_PCRS) | 1U << APPS_PCR | 1U << SECURE_BOOT_PCR;
    l->lead = firmware != 0 ? firmware : seen & FIRMWARE_PCRS;
}

void
tpm_log_in_open(struct tpm_in *t)
{
    struct tpm_log_in *l = &t->log;
    struct why why = {0};

    if (t->ev->event_log.len == 0) {
        return;
    }
    l->header = part_note(tpm_log_header(t->ev->event_log, &l->log, &why), &why);
    l->sha1_only = part_ok(&l->header) ? l->log.banks == 0 : tpm_log_is_legacy(t->ev->event_log);
    set_scope(t);
    if (part_ok(&l->header)) {
        open_events(l);
    }
}

/* What was not sent is what the log leads to; whether it is right, pcrDigest says. */
static void
lead_bank(struct tpm_in *t, size_t row)
{
    const struct tpm_wire_selection *s = &t->quote.select[row];

    for (size_t i = 0; i < TPM_PCRS; i++) {
        struct slice value = tpm_replay_value(&t->log.replay, s->bank, i);
        struct tpm_pcr *p = &t->led[row][i];

        if (!(s->mask & UINT32_C(1) << i) || t->sent.at[row][i] != NULL || value.len == 0) {
            continue;
        }
        *p = (struct tpm_pcr){.bank = s->bank, .index = (uint8_t)i};
        for (size_t k = 0; k < value.len; k++) {
            p->digest[k] = value.ptr[k];
        }
        t->sent.at[row][i] = p;
    }
}

void
tpm_log_lead(struct tpm_in *t)
{
    for (size_t i = 0; tpm_log_ready(&t->log) && i < tpm_selections(t); i++) {
        lead_bank(t, i);
    }
}
