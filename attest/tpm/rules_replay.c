/* SPDX-License-Identifier: Apache-2.0 */
/* rules_replay.c - do the digests of the log lead to the PCR values? see checks.h and log.h.
 *
 * With a quote the values are the quoted ones; what no row reads may differ, and is told.  Without one they are those that were
 * given.  Source: TPM 2.0 Library Part 1, "PCR operations"; TCG PC Client Platform Firmware Profile 1.06, section 10. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/tpm/log_in.h"

enum { FIRMWARE_PCRS = 8 };

/* How the values compare. */
struct compared {
    size_t same;
    struct tpm_pcr differs; /* the first that must not; bank 0: none */
    struct tpm_pcr foreign; /* the first that differs where nobody reads; bank 0: none */
    uint16_t missing;       /* a bank that the log has not; 0: none */
};

/* Without a quote all values must be right but those that others than the firmware made: the log does not tell of them. */
static bool
must_lead(const struct tpm_in *t, size_t pcr)
{
    bool told = pcr < FIRMWARE_PCRS || t->log.replay.extends[pcr] > 0;

    return t->log.lead & UINT32_C(1) << pcr || (t->log_only && told);
}

static void
compare(const struct tpm_in *t, const struct tpm_pcr *v, struct compared *c)
{
    struct slice led = tpm_replay_value(&t->log.replay, v->bank, v->index);
    bool must = must_lead(t, v->index);

    if (v->bank == HASH_SHA1) {
        return;
    }
    if (led.len == 0) {
        c->missing = v->bank;
        return;
    }
    if (slice_same(led, (struct slice){v->digest, hash_len(v->bank)})) {
        c->same++;
    } else if (must && c->differs.bank == 0) {
        c->differs = *v;
    } else if (!must && c->foreign.bank == 0) {
        c->foreign = *v;
    }
}

/* The quoted values of one bank that are known. */
static void
compare_bank(const struct tpm_in *t, size_t row, struct compared *c)
{
    uint16_t alg = t->quote.select[row].bank;
    size_t bank = tpm_log_bank_of(alg);

    if (bank == TPM_LOG_BANKS) {
        return;
    }
    c->missing = t->log.log.banks & 1U << bank ? c->missing : alg;
    for (size_t k = 0; k < TPM_PCRS; k++) {
        if (t->sent.at[row][k] != NULL) {
            compare(t, t->sent.at[row][k], c);
        }
    }
}

/* In the order of the signed selection. */
static void
compare_quoted(const struct tpm_in *t, struct compared *c)
{
    for (size_t i = 0; i < tpm_selections(t); i++) {
        compare_bank(t, i, c);
    }
}

static void
compare_given(const struct tpm_in *t, struct compared *c)
{
    for (size_t i = 0; i < t->ev->pcrs_n; i++) {
        compare(t, &t->ev->pcrs[i], c);
    }
}

/* The last event of the PCR: at it, or before, the log left the way of the TPM. */
static struct tpm_event
last_of(const struct tpm_in *t, uint32_t pcr)
{
    struct tpm_log_cursor c = tpm_log_events(&t->log.log);
    struct tpm_event e = {.pcr = pcr};
    struct tpm_event last = e;

    while (tpm_log_next_of(&c, pcr, &e)) {
        last = e;
    }
    return last;
}

static enum outcome
differs(const struct tpm_in *t, const struct tpm_pcr *v, struct finding *f)
{
    char seen[2 * HASH_MAX + 1];
    char led[2 * HASH_MAX + 1];
    char wanted[FINDING_TEXT];
    struct tpm_event last = last_of(t, v->index);

    hex_encode((struct slice){v->digest, hash_len(v->bank)}, seen);
    hex_encode(tpm_replay_value(&t->log.replay, v->bank, v->index), led);
    (void)snprintf(wanted, sizeof wanted, "%s:%u %s", hash_name(v->bank), v->index, seen);
    return finding_fail(f, wanted, "%s:%u by event %zu (0x%08x): %s", hash_name(v->bank), v->index,
                        last.number, (unsigned)last.type, led);
}

enum outcome
tpm_rule_log_replay(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    struct compared c = {.same = 0};

    if (t->ev->event_log.len == 0) {
        return finding_ignored(f, "no event log was given");
    }
    if (!tpm_log_ready(&t->log)) {
        return finding_ignored(f, "the event log cannot be read");
    }
    if (t->log_only) {
        compare_given(t, &c);
    } else {
        compare_quoted(t, &c);
    }
    if (c.missing != 0) {
        return finding_fail(f, hash_name(c.missing), "the log has no digests of this bank");
    }
    if (c.differs.bank != 0) {
        return differs(t, &c.differs, f);
    }
    if (c.foreign.bank != 0) {
        (void)finding_pass(f, "%s:%u, which no row reads, is not what the log leads to",
                           hash_name(c.foreign.bank), c.foreign.index);
        return OUTCOME_WARN;
    }
    return c.same > 0 ? finding_pass(f, "%zu values", c.same)
                      : finding_ignored(f, "no PCR values are given to compare with");
}
