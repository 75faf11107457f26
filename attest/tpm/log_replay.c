/* SPDX-License-Identifier: Apache-2.0 */
/* log_replay.c - see log.h: what the PCRs began with, and what the digests make of them.
 *
 * Sources: TCG PC Client Platform Firmware Profile 1.06, section 3.3.3 (StartupLocality, H-CRTM); TPM 2.0 Library Part 1, "PCR
 * operations" (extend), and TCG PC Client Platform TPM Profile, "PCR attributes" (17 to 22 begin with ones). */
#include <string.h>

#include "attest/tpm/log.h"

enum { LOCALITY_LEN = 16, LOCALITY_TXT = 3, LOCALITY_HCRTM = 4, DRTM_FIRST = 17, DRTM_LAST = 22 };

static const char STARTUP_LOCALITY[LOCALITY_LEN] = "StartupLocality";

/* EV_NO_ACTION "StartupLocality" and one byte. */
static bool
is_locality(const struct tpm_event *e)
{
    return e->type == EV_NO_ACTION && e->data.len >= LOCALITY_LEN &&
           memcmp(e->data.ptr, STARTUP_LOCALITY, LOCALITY_LEN) == 0;
}

static const char *
odd_locality(const struct tpm_event *e, bool said, bool begun)
{
    if (e->data.len != LOCALITY_LEN + 1 || e->pcr != 0) {
        return "StartupLocality is not 17 bytes for PCR 0";
    }

    uint8_t locality = e->data.ptr[LOCALITY_LEN];

    if (locality != 0 && locality != LOCALITY_TXT && locality != LOCALITY_HCRTM) {
        return "StartupLocality is none of 0, 3 and 4";
    }
    if (begun) {
        return "StartupLocality comes after PCR 0 was extended";
    }
    return said ? "StartupLocality is there twice" : NULL;
}

/* What is known while the log is read. */
struct begin {
    struct tpm_log_start start;
    bool said;  /* by a StartupLocality */
    bool begun; /* PCR 0 was extended */
};

static void
note_odd(struct begin *b, const struct tpm_event *e, const char *odd)
{
    if (odd != NULL && b->start.odd == NULL) {
        b->start.odd = odd;
        b->start.event = e->number;
    }
}

static void
note_locality(struct begin *b, const struct tpm_event *e)
{
    const char *odd = odd_locality(e, b->said, b->begun);

    note_odd(b, e, odd);
    b->said = true;
    b->start.locality = odd == NULL ? e->data.ptr[LOCALITY_LEN] : b->start.locality;
}

static void
note_hcrtm(struct begin *b, const struct tpm_event *e)
{
    if (b->begun) {
        note_odd(b, e, "EV_EFI_HCRTM_EVENT comes after PCR 0 was extended");
        return;
    }
    if (b->said && b->start.locality != LOCALITY_HCRTM) {
        note_odd(b, e, "EV_EFI_HCRTM_EVENT, and StartupLocality is not 4");
    }
    b->start.locality = LOCALITY_HCRTM;
}

struct tpm_log_start
tpm_log_start(const struct tpm_log *log)
{
    struct tpm_log_cursor c = tpm_log_events(log);
    struct begin b = {.said = false};
    struct tpm_event e;

    while (tpm_log_next(&c, &e)) {
        if (is_locality(&e)) {
            note_locality(&b, &e);
        } else if (e.pcr == 0 && e.type == EV_EFI_HCRTM_EVENT) {
            note_hcrtm(&b, &e);
        }
        b.begun = b.begun || (e.pcr == 0 && tpm_event_extends(&e));
    }
    return b.start;
}

static void
set_start(struct tpm_replay *out, uint8_t locality)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < TPM_LOG_BANKS; i++) {
        size_t len = hash_len(tpm_log_bank(i));

        out->value[i][0][len - 1] = locality;
        for (size_t pcr = DRTM_FIRST; pcr <= DRTM_LAST; pcr++) {
            memset(out->value[i][pcr], 0xff, len);
        }
    }
}

static enum err
extend(struct tpm_replay *out, const struct tpm_event *e, struct why *why)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < TPM_LOG_BANKS && err == ERR_OK; i++) {
        uint8_t *value = out->value[i][e->pcr];
        const struct slice parts[] = {{value, hash_len(tpm_log_bank(i))}, e->digest[i]};

        if (out->banks & 1U << i) {
            err = hash_parts(tpm_log_bank(i), parts, 2, value, why);
        }
    }
    out->extends[e->pcr]++;
    return err;
}

enum err
tpm_log_replay(const struct tpm_log *log, unsigned banks, struct tpm_replay *out, struct why *why)
{
    struct tpm_log_cursor c = tpm_log_events(log);
    enum err err = ERR_OK;
    struct tpm_event e;

    set_start(out, tpm_log_start(log).locality);
    out->banks = banks & log->banks;
    while (err == ERR_OK && tpm_log_next(&c, &e)) {
        err = tpm_event_extends(&e) ? extend(out, &e, why) : ERR_OK;
    }
    return err;
}

struct slice
tpm_replay_value(const struct tpm_replay *r, unsigned alg, size_t pcr)
{
    size_t i = tpm_log_bank_of(alg);

    if (i == TPM_LOG_BANKS || !(r->banks & 1U << i) || pcr >= TPM_PCRS) {
        return (struct slice){0};
    }
    return (struct slice){r->value[i][pcr], hash_len(alg)};
}
