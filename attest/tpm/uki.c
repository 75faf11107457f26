/* SPDX-License-Identifier: Apache-2.0 */
/* uki.c - see uki.h. */
#include "attest/tpm/uki.h"

#include <stdio.h>
#include <string.h>

static const char *const SECTIONS[UKI_SECTIONS] = {
    [UKI_LINUX] = ".linux",     [UKI_OSREL] = ".osrel", [UKI_CMDLINE] = ".cmdline",
    [UKI_INITRD] = ".initrd",   [UKI_UCODE] = ".ucode", [UKI_SPLASH] = ".splash",
    [UKI_DTB] = ".dtb",         [UKI_UNAME] = ".uname", [UKI_SBAT] = ".sbat",
    [UKI_PCRPKEY] = ".pcrpkey",
};

static const char *const PHASES[] = {"enter-initrd", "leave-initrd", "sysinit", "ready"};

enum { PHASES_N = sizeof PHASES / sizeof PHASES[0] };

const char *
tpm_uki_section_name(unsigned section)
{
    return section < UKI_SECTIONS ? SECTIONS[section] : NULL;
}

const char *
tpm_uki_phase(size_t i)
{
    return i < PHASES_N ? PHASES[i] : NULL;
}

static enum err
extend(uint16_t bank, struct slice digest, uint8_t value[HASH_MAX], struct why *why)
{
    const struct slice parts[] = {{value, hash_len(bank)}, digest};

    return hash_parts(bank, parts, 2, value, why);
}

static enum err
extend_hash(uint16_t bank, struct slice bytes, uint8_t value[HASH_MAX], struct why *why)
{
    uint8_t digest[HASH_MAX];

    TRY(hash_parts(bank, &bytes, 1, digest, why));
    return extend(bank, (struct slice){digest, hash_len(bank)}, value, why);
}

enum err
tpm_uki_start(const struct tpm_uki *u, uint8_t value[HASH_MAX], struct why *why)
{
    enum err e = ERR_OK;

    memset(value, 0, HASH_MAX);
    for (unsigned i = 0; i < UKI_SECTIONS && e == ERR_OK; i++) {
        const struct slice name = {(const uint8_t *)SECTIONS[i], strlen(SECTIONS[i]) + 1};

        if (u->digest[i].len == 0) {
            continue;
        }
        e = extend_hash(u->bank, name, value, why);
        if (e == ERR_OK) {
            e = extend(u->bank, u->digest[i], value, why);
        }
    }
    return e;
}

/* Take the word before the next ':' off *rest. */
static struct slice
take_word(struct slice *rest)
{
    struct slice word = *rest;

    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] == ':') {
            word.len = i;
            *rest = (struct slice){rest->ptr + i + 1, rest->len - i - 1};
            return word;
        }
    }
    *rest = (struct slice){0};
    return word;
}

enum err
tpm_uki_phases(uint16_t bank, struct slice phases, uint8_t value[HASH_MAX], struct why *why)
{
    enum err e = ERR_OK;

    while (phases.len > 0 && e == ERR_OK) {
        e = extend_hash(bank, take_word(&phases), value, why);
    }
    return e;
}

static bool
reached(const struct tpm_uki *u, const uint8_t value[HASH_MAX], struct slice want)
{
    return slice_same((struct slice){value, hash_len(u->bank)}, want);
}

/* One of those that the policy names. */
static enum err
leads_by_policy(const struct tpm_uki *u, const uint8_t start[HASH_MAX], struct slice want,
                char phase[TPM_PHASE_MAX], struct why *why)
{
    for (size_t i = 0; i < u->phases.n; i++) {
        struct slice words = u->phases.value[i];
        uint8_t value[HASH_MAX];

        memcpy(value, start, HASH_MAX);
        if (tpm_uki_phases(u->bank, words, value, why) == ERR_OK && reached(u, value, want)) {
            (void)snprintf(phase, TPM_PHASE_MAX, "%.*s", (int)words.len, (const char *)words.ptr);
            return ERR_OK;
        }
    }
    return why_add(why, ERR_DENIED, "no phase of the policy leads there");
}

/* Any start of the usual sequence, from none of it on. */
static enum err
leads_by_prefix(const struct tpm_uki *u, const uint8_t start[HASH_MAX], struct slice want,
                char phase[TPM_PHASE_MAX], struct why *why)
{
    uint8_t value[HASH_MAX];
    size_t len = 0;

    memcpy(value, start, HASH_MAX);
    phase[0] = '\0';
    for (size_t i = 0; !reached(u, value, want); i++) {
        int n = 0;

        if (i == PHASES_N || extend_hash(u->bank, slice_text(PHASES[i]), value, why) != ERR_OK) {
            return why_add(why, ERR_DENIED, "no phase leads there");
        }
        n = snprintf(phase + len, TPM_PHASE_MAX - len, "%s%s", len > 0 ? ":" : "", PHASES[i]);
        len += n > 0 ? (size_t)n : 0;
    }
    return ERR_OK;
}

enum err
tpm_uki_leads(const struct tpm_uki *u, struct slice want, char phase[TPM_PHASE_MAX],
              struct why *why)
{
    uint8_t start[HASH_MAX];

    TRY(tpm_uki_start(u, start, why));
    return u->phases.n > 0 ? leads_by_policy(u, start, want, phase, why)
                           : leads_by_prefix(u, start, want, phase, why);
}
