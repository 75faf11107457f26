/* SPDX-License-Identifier: Apache-2.0 */
/* predicate_sb.c - Secure Boot was on, who vouched for what was started, and what was revoked; see secure_boot.h. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/tpm/log_in.h"
#include "attest/tpm/secure_boot.h"

/* PCR 7 as all three read it.  OUTCOME_PASS: read. */
static enum outcome
read_pcr7(const struct tpm_in *t, struct secure_boot *s, struct finding *f)
{
    unsigned banks = 0;
    enum outcome o = tpm_log_readable(t, SECURE_BOOT_PCR, &banks, f);

    if (o != OUTCOME_PASS) {
        return o;
    }
    tpm_secure_boot_read(&t->log.log, banks, s);
    if (s->odd != NULL) {
        return finding_fail(f, "a configuration, the separator, then authorities", "%s %s",
                            tpm_event_show(&s->event).text, s->odd);
    }
    return OUTCOME_PASS;
}

static const char *
missing(const struct secure_boot *s)
{
    static const char *const NAMES[SB_VARIABLES] = {"SecureBoot", "PK", "KEK", "db", "dbx"};

    for (size_t i = 0; i < SB_VARIABLES; i++) {
        if (!s->there[i]) {
            return NAMES[i];
        }
    }
    return s->separator ? NULL : "the separator";
}

/* The first authority that neither db nor shim can have used: shim itself must have come through db. */
static const struct secure_boot_authority *
stranger(const struct secure_boot *s)
{
    bool by_db = false;

    for (size_t i = 0; i < s->authorities; i++) {
        const struct secure_boot_authority *a = &s->authority[i];

        if (a->by_shim ? !by_db : !tpm_signature_listed(s->data[SB_DB], a->content)) {
            return a;
        }
        by_db = by_db || !a->by_shim;
    }
    return NULL;
}

static enum outcome
judge_on(const struct secure_boot *s, struct finding *f)
{
    const struct slice on = s->data[SB_ON];
    const char *absent = missing(s);

    if (absent != NULL) {
        return finding_fail(f, "SecureBoot, PK, KEK, db, dbx and the separator", "%s is missing",
                            absent);
    }
    if (on.len != 1 || on.ptr[0] != 1) {
        return finding_fail(f, "SecureBoot is 01", "%s",
                            on.len == 1 && on.ptr[0] == 0 ? "Secure Boot is off" : "it is not");
    }
    if (!tpm_signature_lists_ok(s->data[SB_DB]) || !tpm_signature_lists_ok(s->data[SB_DBX])) {
        return finding_fail(f, "signature lists in db and dbx", "they do not decode");
    }
    if (s->authorities == 0) {
        return finding_fail(f, "an authority for what was started", "none was used");
    }

    const struct secure_boot_authority *a = stranger(s);

    if (a != NULL) {
        return finding_fail(f, "authorities of the measured db, or of a shim that db vouches for",
                            "PCR 7, event %zu: another", a->number);
    }
    return finding_pass(f, "on, %zu authorities%s", s->authorities,
                        s->dma_open ? ", DMA protection off" : "");
}

enum outcome
tpm_rule_secure_boot(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    struct secure_boot s;

    if (!t->want->must.secure_boot) {
        return finding_ignored(f, "the policy does not ask for Secure Boot");
    }

    enum outcome o = read_pcr7(t, &s, f);

    return o == OUTCOME_PASS ? judge_on(&s, f) : o;
}

/* A certificate by its SHA-256; the digest of an image by itself. */
static void
identity(struct slice content, uint8_t out[SHA256_LEN])
{
    if (content.len == SHA256_LEN) {
        for (size_t i = 0; i < SHA256_LEN; i++) {
            out[i] = content.ptr[i];
        }
        return;
    }
    hash_sha256(content, out);
}

static bool
listed(const struct tpm_one_of *list, const uint8_t id[SHA256_LEN])
{
    for (size_t i = 0; i < list->n; i++) {
        if (slice_same(list->value[i], (struct slice){id, SHA256_LEN})) {
            return true;
        }
    }
    return false;
}

enum outcome
tpm_rule_sb_authority(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    struct secure_boot s;
    uint8_t id[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];

    if (t->want->must.sb_authority.n == 0) {
        return finding_ignored(f, "the policy does not ask for authorities");
    }

    enum outcome o = read_pcr7(t, &s, f);

    if (o != OUTCOME_PASS) {
        return o;
    }
    for (size_t i = 0; i < s.authorities; i++) {
        identity(s.authority[i].content, id);
        hex_encode((struct slice){id, SHA256_LEN}, hex);
        if (!listed(&t->want->must.sb_authority, id)) {
            return finding_fail(f, "an authority of the policy", "PCR 7, event %zu: %s",
                                s.authority[i].number, hex);
        }
    }
    return s.authorities > 0 ? finding_pass(f, "%zu, all of the policy", s.authorities)
                             : finding_fail(f, "an authority of the policy", "none was used");
}

enum outcome
tpm_rule_dbx_min(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    const struct tpm_predicates *must = &t->want->must;
    struct secure_boot s;
    char hex[2 * SHA256_LEN + 1];

    if (must->dbx.n == 0 && must->dbx_count == 0) {
        return finding_ignored(f, "the policy does not ask for revocations");
    }

    enum outcome o = read_pcr7(t, &s, f);

    if (o != OUTCOME_PASS) {
        return o;
    }
    if (!s.there[SB_DBX] || !tpm_signature_lists_ok(s.data[SB_DBX])) {
        return finding_fail(f, "dbx with its signature lists", "it is missing or does not decode");
    }

    uint64_t n = tpm_signature_count(s.data[SB_DBX]);

    if (n < must->dbx_count) {
        (void)snprintf(hex, sizeof hex, "at least %" PRIu64, must->dbx_count);
        return finding_fail(f, hex, "%" PRIu64 " entries in dbx", n);
    }
    for (size_t i = 0; i < must->dbx.n; i++) {
        hex_encode(must->dbx.value[i], hex);
        if (!tpm_signature_listed(s.data[SB_DBX], must->dbx.value[i])) {
            return finding_fail(f, hex, "dbx of %" PRIu64 " entries does not revoke it", n);
        }
    }
    return finding_pass(f, "%" PRIu64 " entries", n);
}
