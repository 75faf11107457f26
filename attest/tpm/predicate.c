/* SPDX-License-Identifier: Apache-2.0 */
/* predicate.c - the predicates of a policy by name, the PCRs that each reads, and when one may read them.  Refuses to read a PCR
 * that is not quoted, and a log that cannot be relied on. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/tpm/log_in.h"

enum { APPS_PCR = 4, LOADER_PCR = 9, UKI_PCR = 11, SECURE_BOOT_PCR = 7, OPTION_ROM_PCR = 2 };

struct predicate_row {
    const char *name;
    unsigned pcr;
    bool logged; /* through the log; else by the value alone */
};

static const struct predicate_row ROWS[TPM_PREDICATES] = {
    [TPM_PREDICATE_SECURE_BOOT] = {"secure_boot", SECURE_BOOT_PCR, true},
    [TPM_PREDICATE_SB_AUTHORITY] = {"sb_authority", SECURE_BOOT_PCR, true},
    [TPM_PREDICATE_DBX] = {"dbx_min", SECURE_BOOT_PCR, true},
    [TPM_PREDICATE_BOOT_APPS] = {"boot_apps", APPS_PCR, true},
    [TPM_PREDICATE_NO_OPTION_ROM] = {"no_option_rom", OPTION_ROM_PCR, true},
    [TPM_PREDICATE_SCRTM_VERSION] = {"scrtm_version", 0, true},
    [TPM_PREDICATE_CMDLINE] = {"cmdline", LOADER_PCR, true},
    [TPM_PREDICATE_INITRD] = {"initrd", LOADER_PCR, true},
    [TPM_PREDICATE_UKI] = {"uki", UKI_PCR, false},
    [TPM_PREDICATE_SIGNER] = {"pcr11_signer", UKI_PCR, false},
};

const char *
tpm_predicate_name(unsigned predicate)
{
    return predicate < TPM_PREDICATES ? ROWS[predicate].name : "unknown";
}

unsigned
tpm_predicate_by_name(struct slice name)
{
    unsigned i = 0;

    while (i < TPM_PREDICATES && !slice_same(slice_text(ROWS[i].name), name)) {
        i++;
    }
    return i;
}

unsigned
tpm_predicates_wanted(const struct tpm_predicates *p)
{
    const bool wanted[TPM_PREDICATES] = {
        [TPM_PREDICATE_SECURE_BOOT] = p->secure_boot,
        [TPM_PREDICATE_SB_AUTHORITY] = p->sb_authority.n > 0,
        [TPM_PREDICATE_DBX] = p->dbx.n > 0 || p->dbx_count > 0,
        [TPM_PREDICATE_BOOT_APPS] = p->apps_n > 0,
        [TPM_PREDICATE_NO_OPTION_ROM] = p->no_option_rom,
        [TPM_PREDICATE_SCRTM_VERSION] = p->scrtm_version.n > 0,
        [TPM_PREDICATE_CMDLINE] = p->cmdline.n > 0,
        [TPM_PREDICATE_INITRD] = p->initrd.n > 0,
        [TPM_PREDICATE_UKI] = p->uki_n > 0,
        [TPM_PREDICATE_SIGNER] = p->signers > 0,
    };
    unsigned bits = 0;

    for (unsigned i = 0; i < TPM_PREDICATES; i++) {
        bits |= wanted[i] ? 1U << i : 0;
    }
    return bits;
}

static uint32_t
pcrs_of(const struct tpm_predicates *p, bool logged)
{
    unsigned wanted = tpm_predicates_wanted(p);
    uint32_t mask = 0;

    for (unsigned i = 0; i < TPM_PREDICATES; i++) {
        if (wanted & 1U << i && ROWS[i].logged == logged) {
            mask |= UINT32_C(1) << ROWS[i].pcr;
        }
    }
    return mask;
}

uint32_t
tpm_predicates_logged(const struct tpm_predicates *p)
{
    return pcrs_of(p, true);
}

uint32_t
tpm_predicates_pcrs(const struct tpm_predicates *p)
{
    return pcrs_of(p, true) | pcrs_of(p, false);
}

bool
tpm_log_next_of(struct tpm_log_cursor *c, uint32_t pcr, struct tpm_event *out)
{
    while (tpm_log_next(c, out)) {
        if (out->pcr == pcr && tpm_event_extends(out)) {
            return true;
        }
    }
    return false;
}

unsigned
tpm_banks_of(const struct tpm_in *t, size_t pcr)
{
    unsigned banks = 0;

    if (t->log_only) {
        return t->log.banks;
    }
    for (size_t i = 0; i < tpm_selections(t); i++) {
        size_t bank = tpm_log_bank_of(t->quote.select[i].bank);

        if (bank < TPM_LOG_BANKS && t->quote.select[i].mask & UINT32_C(1) << pcr) {
            banks |= 1U << bank;
        }
    }
    return banks;
}

enum outcome
tpm_log_readable(const struct tpm_in *t, size_t pcr, unsigned *banks, struct finding *f)
{
    char wanted[sizeof "a quote of PCR 23"];

    *banks = tpm_banks_of(t, pcr);
    if (*banks == 0) {
        (void)snprintf(wanted, sizeof wanted, "a quote of PCR %zu", pcr % TPM_PCRS);
        return finding_fail(f, wanted, "not in the quote, in a bank that counts");
    }
    if (t->ev->event_log.len == 0) {
        return finding_fail(f, "an event log", "none was given");
    }
    if (!tpm_log_ready(&t->log)) {
        return finding_fail(f, "an event log", "it cannot be relied on");
    }
    if (*banks & ~t->log.log.banks) {
        return finding_fail(f, "digests of each quoted bank in the log", "one is not there");
    }
    return OUTCOME_PASS;
}
