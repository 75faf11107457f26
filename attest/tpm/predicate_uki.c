/* SPDX-License-Identifier: Apache-2.0 */
/* predicate_uki.c - which unified kernel image is running, by the quoted value of PCR 11 alone: no event log is needed, and what
 * user space has measured since is judged too.  See uki.h and pcrsig.h. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/tpm/log_in.h"
#include "attest/tpm/pcrsig.h"
#include "attest/tpm/rules_uki.h"
#include "attest/tpm/uki.h"

enum { UKI_PCR = 11 };

/* The value of PCR 11 in this bank; empty when none is known. */
static struct slice
value_in(const struct tpm_in *t, uint16_t bank)
{
    const struct tpm_pcr *p = NULL;

    if (t->log_only) {
        return tpm_log_ready(&t->log) ? tpm_replay_value(&t->log.replay, bank, UKI_PCR)
                                      : (struct slice){0};
    }
    p = tpm_proven(t, bank, UKI_PCR);
    return p == NULL ? (struct slice){0} : (struct slice){p->digest, hash_len(bank)};
}

/* There is a value of PCR 11 in some bank. */
static bool
known(const struct tpm_in *t)
{
    bool any = false;

    for (size_t i = 0; i < TPM_LOG_BANKS; i++) {
        any = any || value_in(t, (uint16_t)tpm_log_bank(i)).len > 0;
    }
    return any;
}

static enum outcome
unknown(const struct tpm_in *t, struct finding *f)
{
    return finding_fail(f, "a quote of PCR 11, and its value or an event log",
                        tpm_banks_of(t, UKI_PCR) == 0 ? "it is not quoted in a bank that counts"
                                                      : "its value is not known");
}

size_t
tpm_uki_of(const struct tpm_in *t, char phase[TPM_PHASE_MAX])
{
    size_t i = 0;

    phase[0] = '\0';
    for (; i < t->want->must.uki_n; i++) {
        const struct tpm_uki *u = &t->want->must.uki[i];
        struct slice value = value_in(t, u->bank);
        struct why why = {0};

        if (value.len > 0 && tpm_uki_leads(u, value, phase, &why) == ERR_OK) {
            break;
        }
    }
    return i;
}

enum outcome
tpm_rule_uki(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    char phase[TPM_PHASE_MAX];
    char hex[2 * HASH_MAX + 1] = "not quoted in its bank";

    if (t->want->must.uki_n == 0) {
        return finding_ignored(f, "the policy does not ask for a unified kernel image");
    }
    if (!known(t)) {
        return unknown(t, f);
    }

    size_t at = tpm_uki_of(t, phase);

    if (at < t->want->must.uki_n) {
        return finding_pass(f, "image %zu of the policy, phase \"%s\"", at + 1, phase);
    }

    struct slice value = value_in(t, t->want->must.uki[0].bank);

    if (value.len > 0) {
        hex_encode(value, hex);
    }
    return finding_fail(f, "an image of the policy, in one of its phases", "PCR 11 is %s", hex);
}

/* Some key of the policy signed the value in some quoted bank; *why: the last reason why not. */
static enum err
signer_check(const struct tpm_in *t, uint16_t bank, struct why *why)
{
    struct slice value = value_in(t, bank);
    enum err e = ERR_NOT_FOUND;
    uint8_t policy[SHA256_LEN];

    if (value.len == 0) {
        return why_add(why, ERR_NOT_FOUND, "%s is not quoted", hash_name(bank));
    }
    TRY(tpm_policy_pcr(bank, UKI_PCR, value, policy, why));
    for (size_t i = 0; e != ERR_OK && e != ERR_MALFORMED && i < t->want->must.signers; i++) {
        *why = (struct why){0};
        e = tpm_pcrsig_check(t->ev->pcrsig, bank, policy, &t->want->must.signer[i], why);
    }
    return e;
}

enum outcome
tpm_rule_pcr11_signer(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    struct why last = {0};

    if (t->want->must.signers == 0) {
        return finding_ignored(f, "the policy does not ask who signed PCR 11");
    }
    if (!known(t)) {
        return unknown(t, f);
    }
    if (t->ev->pcrsig.len == 0) {
        return finding_fail(f, "signatures of PCR policies (.pcrsig)", "none were given");
    }
    for (size_t i = 0; i < TPM_LOG_BANKS; i++) {
        struct why why = {0};
        enum err e = signer_check(t, (uint16_t)tpm_log_bank(i), &why);

        if (e == ERR_OK) {
            return finding_pass(f, "signed, %s", hash_name(tpm_log_bank(i)));
        }
        last = e == ERR_NOT_FOUND ? last : why;
    }
    return finding_fail(f, "a signature by a key of the policy", "%s", why_text(&last));
}
