/* SPDX-License-Identifier: Apache-2.0 */
/* rules_quote.c - what must hold of the signed structure itself; see checks.h. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "attest/tpm/checks.h"

static bool
is_quote(const struct tpm_in *t)
{
    return t->header.magic == TPM_GENERATED_VALUE && t->header.type == TPM_ST_ATTEST_QUOTE;
}

static enum outcome
malformed(struct finding *f, const struct part *part, const char *wanted)
{
    (void)finding_fail(f, wanted, "%s", part->why);
    return OUTCOME_MALFORMED;
}

enum outcome
tpm_rule_malformed(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (t->header_part.err != ERR_OK) {
        return malformed(f, &t->header_part, "a TPMS_ATTEST");
    }
    if (!is_quote(t)) {
        return finding_ignored(f, "not a quote, so its body was not read");
    }
    if (t->quote_part.err != ERR_OK) {
        return malformed(f, &t->quote_part, "a complete TPMS_ATTEST and nothing after it");
    }
    if (t->signature_part.err != ERR_OK) {
        return malformed(f, &t->signature_part, "a complete TPMT_SIGNATURE and nothing after it");
    }
    return finding_pass(f, "%zu and %zu bytes", t->ev->quote.len, t->ev->signature.len);
}

enum outcome
tpm_rule_magic(const struct check_in *in, struct finding *f)
{
    uint32_t magic = in->tpm->header.magic;

    if (magic != TPM_GENERATED_VALUE) {
        return finding_fail(f, "0xff544347", "0x%08" PRIx32, magic);
    }
    return finding_pass(f, "0x%08" PRIx32, magic);
}

enum outcome
tpm_rule_type(const struct check_in *in, struct finding *f)
{
    unsigned type = in->tpm->header.type;

    if (type != TPM_ST_ATTEST_QUOTE) {
        return finding_fail(f, "0x8018 TPM_ST_ATTEST_QUOTE", "0x%04x", type);
    }
    return finding_pass(f, "0x%04x", type);
}

enum outcome
tpm_rule_weak_hash(const struct check_in *in, struct finding *f)
{
    unsigned hash = in->tpm->signature.hash;

    if (hash != HASH_SHA256 && hash != HASH_SHA384 && hash != HASH_SHA512) {
        return finding_fail(f, "sha256, sha384 or sha512", "signature over %s (0x%04x)",
                            hash_name(hash), hash);
    }
    return finding_pass(f, "%s", hash_name(hash));
}

/* The scheme that a key without a public area is for: never more than one. */
static unsigned
bare_key_scheme(const struct sig_key *key)
{
    return key->type == KEY_RSA ? TPM_ALG_RSASSA : TPM_ALG_ECDSA;
}

enum outcome
tpm_rule_sigalg(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    unsigned scheme = t->bare_key ? bare_key_scheme(&t->key) : t->ak.scheme;
    unsigned hash = t->bare_key ? t->signature.hash : t->ak.scheme_hash;

    if (t->signature.scheme != scheme || t->signature.hash != hash) {
        char wanted[FINDING_TEXT];

        (void)snprintf(wanted, sizeof wanted, "%s with %s, as the key says",
                       tpm_scheme_name(scheme), hash_name(hash));
        return finding_fail(f, wanted, "%s (0x%04x) with %s", tpm_scheme_name(t->signature.scheme),
                            t->signature.scheme, hash_name(t->signature.hash));
    }
    return finding_pass(f, "%s with %s%s", tpm_scheme_name(scheme), hash_name(hash),
                        t->signature.bare ? ", bare bytes" : "");
}

enum outcome
tpm_rule_signature(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    struct why why = {0};
    enum err e = tpm_signature_verify(&t->signature, &t->key, t->ev->quote, &why);

    if (e == ERR_OK) {
        return finding_pass(f, "verified");
    }
    if (e == ERR_DENIED || e == ERR_MALFORMED || e == ERR_LIMIT) {
        return finding_fail(f, "a signature by the attestation key", "%s", why_text(&why));
    }
    return finding_unable(f, "a working library", "%s", why_text(&why));
}

/* extraData against what we expect; `name` says what that is. */
static enum outcome
compare_extra(const struct tpm_in *t, struct slice want, const char *name, struct finding *f)
{
    struct slice seen = t->quote.extra_data;
    char wanted_hex[2 * TPM_EXTRA_MAX + 1] = "";
    char seen_hex[2 * TPM_EXTRA_MAX + 1] = "";

    hex_encode(seen, seen_hex);
    if (sec_equal(seen, want)) {
        return finding_pass(f, "%s", seen_hex);
    }
    if (want.len <= TPM_EXTRA_MAX) {
        hex_encode(want, wanted_hex);
    }
    return finding_fail(f, wanted_hex, "extraData is %s, not the %s",
                        seen.len > 0 ? seen_hex : "empty", name);
}

enum outcome
tpm_rule_nonce(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (t->quote.extra_data.len == 0) {
        return finding_fail(f, "a nonce", "extraData is empty");
    }
    if (t->nonce.len > 0) {
        return compare_extra(t, t->nonce, "nonce", f);
    }
    if (t->binding.len > 0) {
        return finding_ignored(f, "a binding is expected instead");
    }
    return finding_ignored(f, "no nonce is expected: freshness is not judged");
}

enum outcome
tpm_rule_binding(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (t->binding.len > 0) {
        return compare_extra(t, t->binding, "binding", f);
    }
    if (t->nonce.len > 0) {
        return finding_ignored(f, "a bare nonce is expected instead");
    }
    return finding_ignored(f, "no binding is expected: freshness is not judged");
}

struct place {
    uint32_t handle;
    enum tpm_hierarchy hierarchy;
};

static bool
is_signer(const struct tpm_in *t, enum err made, const struct tpm_name *qualified)
{
    return made == ERR_OK && slice_same(t->quote.qualified_signer, tpm_name_slice(qualified));
}

enum tpm_hierarchy
tpm_hierarchy_of(const struct tpm_in *t)
{
    static const struct place PLACES[] = {
        {TPM_RH_ENDORSEMENT, HIERARCHY_ENDORSEMENT},
        {TPM_RH_OWNER, HIERARCHY_OWNER},
        {TPM_RH_PLATFORM, HIERARCHY_PLATFORM},
    };
    struct tpm_name qn = {0};
    struct why why = {0};

    if (t->bare_key || t->name.len == 0) {
        return HIERARCHY_UNKNOWN;
    }
    if (t->ek_qualified.len > 0 &&
        is_signer(t, tpm_name_child(&t->name, &t->ek_qualified, &qn, &why), &qn)) {
        return HIERARCHY_ENDORSEMENT;
    }
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        if (is_signer(t, tpm_name_primary(&t->name, PLACES[i].handle, &qn, &why), &qn)) {
            return PLACES[i].hierarchy;
        }
    }
    return HIERARCHY_UNKNOWN;
}

enum outcome
tpm_rule_signer(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (t->ek_part.given && t->ek_part.err != ERR_OK) {
        return malformed(f, &t->ek_part, "the public area of the endorsement key");
    }
    if (t->bare_key) {
        return finding_ignored(f, "a bare key shows no attributes and has no Name");
    }

    enum tpm_hierarchy h = tpm_hierarchy_of(t);

    if (h == HIERARCHY_UNKNOWN && t->ek_part.given) {
        return finding_fail(f, "the child of this endorsement key, or a primary key",
                            "qualifiedSigner is neither");
    }
    if (h == HIERARCHY_UNKNOWN) {
        return finding_ignored(f, "its parent was not given: the hierarchy is unknown");
    }
    if (h == HIERARCHY_OWNER && !t->want->allow_owner_hierarchy) {
        return finding_fail(f, "another hierarchy, or allow_owner_hierarchy",
                            "the key is in the owner hierarchy");
    }
    return finding_pass(f, "%s hierarchy", tpm_hierarchy_name(h));
}

enum outcome
tpm_rule_clock(const struct check_in *in, struct finding *f)
{
    if (!in->tpm->quote.safe) {
        (void)finding_fail(f, "safe is 1", "safe is 0: the clock may repeat earlier values");
        return OUTCOME_WARN;
    }
    return finding_pass(f, "safe");
}
