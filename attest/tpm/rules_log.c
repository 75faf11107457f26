/* SPDX-License-Identifier: Apache-2.0 */
/* rules_log.c - what must hold of an event log itself; see checks.h and log.h.
 *
 * None of this can be seen from the values it leads to: whoever hands over the log may name the events as he likes.  Source: TCG PC
 * Client Platform Firmware Profile 1.06, sections 3.3.4 (which events are where), 3.3.4.8 (PCR 7), 8 (separators), 10.4. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "attest/tpm/log_in.h"

enum { FIRMWARE_PCRS = 8, SECURE_BOOT_PCR = 7, EXIT_PCR = 5, SEPARATOR_LEN = 4 };

static const uint8_t SEPARATOR_OK[SEPARATOR_LEN] = {0, 0, 0, 0};
static const uint8_t SEPARATOR_ERROR[SEPARATOR_LEN] = {0xff, 0xff, 0xff, 0xff};

static const char EXIT_CALLED[] = "Exit Boot Services Invocation";
static const char EXIT_RETURNED[] = "Exit Boot Services Returned with ";

struct tpm_event_text
tpm_event_show(const struct tpm_event *e)
{
    struct tpm_event_text t;

    (void)snprintf(t.text, sizeof t.text, "PCR %" PRIu32 ", event %zu, %s (0x%08" PRIx32 ")",
                   e->pcr, e->number, tpm_event_type_name(e->type), e->type);
    return t;
}

/* Is there a log to judge?  False: *out is what the rule says. */
static bool
to_judge(const struct tpm_in *t, struct finding *f, enum outcome *out)
{
    if (tpm_log_ready(&t->log)) {
        return true;
    }
    *out = t->ev->event_log.len == 0 ? finding_ignored(f, "no event log was given")
                                     : finding_ignored(f, "the event log cannot be read");
    return false;
}

enum outcome
tpm_rule_log_header(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;

    if (!l->header.given) {
        return finding_ignored(f, "no event log was given");
    }
    if (l->header.err != ERR_OK && l->sha1_only) {
        return finding_ignored(f, "a log of TPM 1.2 form: log.sha1_only");
    }
    if (l->header.err != ERR_OK) {
        (void)finding_fail(f, "a log that begins with \"Spec ID Event03\"", "%s", l->header.why);
        return OUTCOME_MALFORMED;
    }
    return finding_pass(f, "%zu algorithms", l->log.algs);
}

enum outcome
tpm_rule_log_sha1_only(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;

    if (!l->header.given) {
        return finding_ignored(f, "no event log was given");
    }
    if (l->sha1_only) {
        return finding_fail(f, "digests of sha256, sha384 or sha512", "%s",
                            l->header.err == ERR_OK ? "the log has none of them"
                                                    : "a log of TPM 1.2 form, which has only sha1");
    }
    return part_ok(&l->header) ? finding_pass(f, "it has others")
                               : finding_ignored(f, "the event log cannot be read");
}

enum outcome
tpm_rule_log_malformed(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;

    if (!l->events.given) {
        return finding_ignored(f, l->header.given ? "it has no header to read it by"
                                                  : "no event log was given");
    }
    if (l->events.err != ERR_OK) {
        (void)finding_fail(f, "complete events, and nothing after them", "%s", l->events.why);
        return OUTCOME_MALFORMED;
    }
    if (part_unable(&l->replayed)) {
        return finding_unable(f, "a working library", "%s", l->replayed.why);
    }
    return finding_pass(f, "%zu events, %zu bytes", l->log.events, l->log.bytes.len);
}

enum outcome
tpm_rule_log_noaction(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;
    struct tpm_log_cursor c = tpm_log_events(&l->log);
    enum outcome none = OUTCOME_NOT_RUN;
    struct tpm_event e;

    if (!to_judge(in->tpm, f, &none)) {
        return none;
    }
    while (tpm_log_next(&c, &e)) {
        if (!tpm_event_extends(&e) && !e.zero) {
            return finding_fail(f, "digests of zeros, since it is never extended", "%s has others",
                                tpm_event_show(&e).text);
        }
    }
    return finding_pass(f, "zeros");
}

enum outcome
tpm_rule_log_locality(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;
    enum outcome none = OUTCOME_NOT_RUN;

    if (!to_judge(in->tpm, f, &none)) {
        return none;
    }

    struct tpm_log_start s = tpm_log_start(&l->log);

    if (s.odd != NULL) {
        return finding_fail(f, "one start of PCR 0, told before it is extended", "event %zu: %s",
                            s.event, s.odd);
    }
    return finding_pass(f, "%u", s.locality);
}

static bool
looked_at(const struct tpm_log_in *l, const struct tpm_event *e)
{
    return tpm_event_extends(e) && e->pcr < TPM_PCRS && l->read & UINT32_C(1) << e->pcr;
}

/* The next event that these rules look at. */
static bool
next(const struct tpm_log_in *l, struct tpm_log_cursor *c, struct tpm_event *e)
{
    while (tpm_log_next(c, e)) {
        if (looked_at(l, e)) {
            return true;
        }
    }
    return false;
}

enum outcome
tpm_rule_log_type(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;
    struct tpm_log_cursor c = tpm_log_events(&l->log);
    enum outcome none = OUTCOME_NOT_RUN;
    struct tpm_event e;

    if (!to_judge(in->tpm, f, &none)) {
        return none;
    }
    while (next(l, &c, &e)) {
        if (!tpm_event_belongs(&e)) {
            return finding_fail(f, "a type that firmware measures into this PCR", "%s",
                                tpm_event_show(&e).text);
        }
    }
    return finding_pass(f, "all belong where they are");
}

/* Separators of each PCR while the log is read. */
struct separators {
    uint8_t ok[TPM_LOG_BANKS][HASH_MAX], error[TPM_LOG_BANKS][HASH_MAX]; /* their digests */
    unsigned banks;
    size_t n[FIRMWARE_PCRS];
    const char *odd; /* what is wrong with an event; NULL */
    struct tpm_event event;
};

static void
separators_begin(struct separators *s, unsigned banks)
{
    const struct slice ok = {SEPARATOR_OK, SEPARATOR_LEN};
    const struct slice error = {SEPARATOR_ERROR, SEPARATOR_LEN};
    struct why why = {0};

    *s = (struct separators){.banks = banks};
    for (size_t i = 0; i < TPM_LOG_BANKS; i++) {
        if (hash_parts(tpm_log_bank(i), &ok, 1, s->ok[i], &why) != ERR_OK ||
            hash_parts(tpm_log_bank(i), &error, 1, s->error[i], &why) != ERR_OK) {
            s->odd = "cannot be compared";
        }
    }
}

/* In how many of the banks the digest is this one; *all: in all of them.  `digest` is a member of s. */
static size_t
same_digests(const struct separators *s, const struct tpm_event *e, uint8_t (*digest)[HASH_MAX],
             bool *all)
{
    size_t same = 0;

    *all = true;
    for (size_t i = 0; i < TPM_LOG_BANKS; i++) {
        if (s->banks & 1U << i && e->digest[i].len > 0) {
            bool ok = memcmp(e->digest[i].ptr, digest[i], e->digest[i].len) == 0;

            same += ok;
            *all = *all && ok;
        }
    }
    return same;
}

static const char *
odd_separator(struct separators *s, const struct tpm_event *e)
{
    const struct slice zeros = {SEPARATOR_OK, SEPARATOR_LEN};
    bool all_ok = false;
    bool all_error = false;
    size_t alike = same_digests(s, e, s->ok, &all_ok) + same_digests(s, e, s->error, &all_error);

    if (e->type != EV_SEPARATOR) {
        /* What an S-CRTM measured may happen to be the same four bytes; seen in the field. */
        return alike > 0 && e->type != EV_S_CRTM_CONTENTS ? "has the digest of a separator" : NULL;
    }
    if (all_error) {
        return "is ffffffff: the firmware failed here";
    }
    if (!slice_same(e->data, zeros) || !all_ok) {
        return "is not 00000000, or its digest is not";
    }
    s->n[e->pcr]++;
    return s->n[e->pcr] > 1 ? "is the second of its PCR" : NULL;
}

/* PCR 7 decides on everything after it, so it is to be complete as soon as it has an event. */
static bool
must_have(const struct tpm_log_in *l, size_t pcr)
{
    return l->used & UINT32_C(1) << pcr || (pcr == SECURE_BOOT_PCR && l->replay.extends[pcr] > 0);
}

static enum outcome
judge_separators(const struct tpm_log_in *l, const struct separators *s, struct finding *f)
{
    if (s->odd != NULL) {
        return finding_fail(f, "one separator of 00000000, and none hidden", "%s %s",
                            tpm_event_show(&s->event).text, s->odd);
    }
    for (size_t i = 0; i < FIRMWARE_PCRS; i++) {
        if (must_have(l, i) && s->n[i] == 0) {
            return finding_fail(f, "one separator of 00000000", "PCR %zu has none", i);
        }
    }
    return finding_pass(f, "one where it is needed");
}

enum outcome
tpm_rule_log_separator(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;
    struct tpm_log_cursor c = tpm_log_events(&l->log);
    struct separators s;
    enum outcome none = OUTCOME_NOT_RUN;
    struct tpm_event e;

    if (!to_judge(in->tpm, f, &none)) {
        return none;
    }
    separators_begin(&s, l->banks);
    while (s.odd == NULL && next(l, &c, &e)) {
        s.event = e;
        s.odd = e.pcr < FIRMWARE_PCRS ? odd_separator(&s, &e) : NULL;
    }
    return judge_separators(l, &s, f);
}

static bool
begins(struct slice data, const char *text)
{
    size_t len = strlen(text);

    return data.len >= len && memcmp(data.ptr, text, len) == 0;
}

/* The loader has handed over to an operating system, which does not speak for the firmware any more. */
static bool
is_exit(const struct tpm_event *e)
{
    return e->pcr == EXIT_PCR && e->type == EV_EFI_ACTION && begins(e->data, EXIT_CALLED);
}

static bool
may_follow_exit(const struct tpm_event *e)
{
    bool returned = e->type == EV_EFI_ACTION &&
                    (begins(e->data, EXIT_RETURNED) || begins(e->data, EXIT_CALLED));

    return e->pcr >= FIRMWARE_PCRS || (e->pcr == EXIT_PCR && returned);
}

enum outcome
tpm_rule_log_after_ebs(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;
    struct tpm_log_cursor c = tpm_log_events(&l->log);
    enum outcome none = OUTCOME_NOT_RUN;
    bool left = false;
    struct tpm_event e;

    if (!to_judge(in->tpm, f, &none)) {
        return none;
    }
    while (tpm_log_next(&c, &e)) {
        if (left && looked_at(l, &e) && !may_follow_exit(&e)) {
            return finding_fail(f, "nothing of firmware after ExitBootServices", "%s",
                                tpm_event_show(&e).text);
        }
        left = left || is_exit(&e);
    }
    return left ? finding_pass(f, "nothing") : finding_pass(f, "the log does not tell of it");
}

enum outcome
tpm_rule_log_data(const struct check_in *in, struct finding *f)
{
    const struct tpm_log_in *l = &in->tpm->log;
    struct tpm_log_cursor c = tpm_log_events(&l->log);
    enum outcome none = OUTCOME_NOT_RUN;
    struct tpm_event e;
    size_t n = 0;

    if (!to_judge(in->tpm, f, &none)) {
        return none;
    }
    while (next(l, &c, &e)) {
        struct slice content;

        if (!tpm_event_has_data(&e) || e.type == EV_SEPARATOR) { /* those: log.separator */
            continue;
        }
        if (!tpm_event_content(&e, l->banks, &content)) {
            return finding_fail(f, "digests of the data, in each bank that counts", "%s: others",
                                tpm_event_show(&e).text);
        }
        n++;
    }
    return finding_pass(f, "%zu events are what they say", n);
}
