/* SPDX-License-Identifier: Apache-2.0 */
/* row_predicates.c - what a tpm2 row asks of what booted; see row.h and attest/tpm/tpm.h.  What asks for nothing is refused, and so
 * are a command line and an initrd without a predicate on the kernel that reports them: another kernel need not. */
#include <string.h>

#include "attest/base/text.h"
#include "common/json.h"
#include "common/row_read.h"

enum {
    APPS_MAX = 64,
    DIGESTS_MAX = 4096, /* of a list of revocations */
    TEXTS_MAX = 64,
    TEXT_LEN_MAX = 2048,
    UKIS_MAX = 64,
    KEYS_MAX = 8,
    PEM_MAX = 4096,
    PHASES_MAX = 16,
    DBX_MAX = 1 << 20,
};

struct reader {
    struct holdings *h;
    struct tpm_predicates *must;
};

static enum err
read_true(const json_t *j, const char *name, bool *out, struct why *why)
{
    if (!json_is_true(j)) {
        return why_add(why, ERR_MALFORMED, "%s: want true; leave it out to ask for nothing", name);
    }
    *out = true;
    return ERR_OK;
}

/* Hex of SHA-256, SHA-384 or SHA-512. */
static enum err
read_digest(const json_t *j, const char *name, struct holdings *h, struct slice *out,
            struct why *why)
{
    uint8_t *bytes = holdings_new(h, 1, HASH_MAX);
    size_t len = 0;

    TRY(row_hex(j, name, bytes, HASH_MAX, &len, why));
    if (len != SHA256_LEN && len != SHA384_LEN && len != SHA512_LEN) {
        return why_add(why, ERR_MALFORMED, "%s: %zu bytes, want 32, 48 or 64", name, len);
    }
    *out = (struct slice){bytes, len};
    return ERR_OK;
}

static enum err
read_digests(const json_t *list, const char *name, struct holdings *h, struct tpm_one_of *out,
             struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    if (n == 0 || n > APPS_MAX) {
        return why_add(why, ERR_MALFORMED, "%s: want a list of 1 to %d digests", name, APPS_MAX);
    }

    struct slice *value = holdings_new(h, n, sizeof *value);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_digest(json_array_get(list, i), name, h, &value[i], why);
    }
    *out = (struct tpm_one_of){value, n};
    return e;
}

static enum err
read_sha256s(const json_t *j, const char *name, struct holdings *h, struct tpm_one_of *out,
             struct why *why)
{
    const struct row_list kind = {.name = name, .len = SHA256_LEN, .max = DIGESTS_MAX};
    struct row_values v = {.n = 0};

    if (!json_is_array(j)) {
        return why_add(why, ERR_MALFORMED, "%s: want a list", name);
    }
    TRY(row_values(j, &kind, h, &v, why));
    *out = (struct tpm_one_of){v.value, v.n};
    return ERR_OK;
}

static enum err
read_texts(const json_t *list, const char *name, struct holdings *h, struct tpm_one_of *out,
           struct why *why)
{
    size_t n = json_array_size(list);

    if (n == 0 || n > TEXTS_MAX) {
        return why_add(why, ERR_MALFORMED, "%s: want a list of 1 to %d texts", name, TEXTS_MAX);
    }

    struct slice *value = holdings_new(h, n, sizeof *value);

    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i);
        size_t len = json_string_length(j);

        if (!json_is_string(j) || len > TEXT_LEN_MAX) {
            return why_add(why, ERR_MALFORMED, "%s: want texts of at most %d bytes", name,
                           TEXT_LEN_MAX);
        }

        uint8_t *copy = holdings_new(h, len + 1, 1);

        memcpy(copy, json_string_value(j), len);
        value[i] = (struct slice){copy, len};
    }
    *out = (struct tpm_one_of){value, n};
    return ERR_OK;
}

static enum err
read_secure_boot(const json_t *j, const char *name, const struct reader *r, struct why *why)
{
    return read_true(j, name, &r->must->secure_boot, why);
}

static enum err
read_no_option_rom(const json_t *j, const char *name, const struct reader *r, struct why *why)
{
    return read_true(j, name, &r->must->no_option_rom, why);
}

static enum err
read_authority(const json_t *j, const char *name, const struct reader *r, struct why *why)
{
    return read_sha256s(j, name, r->h, &r->must->sb_authority, why);
}

/* A number of entries, or the digests that must be among them. */
static enum err
read_dbx(const json_t *j, const char *name, const struct reader *r, struct why *why)
{
    json_int_t n = json_integer_value(j);

    if (!json_is_integer(j)) {
        return read_sha256s(j, name, r->h, &r->must->dbx, why);
    }
    if (n < 1 || n > DBX_MAX) {
        return why_add(why, ERR_LIMIT, "%s: want 1 to %d entries", name, DBX_MAX);
    }
    r->must->dbx_count = (uint64_t)n;
    return ERR_OK;
}

static uint16_t
bank_by_len(size_t len)
{
    if (len == SHA256_LEN) {
        return HASH_SHA256;
    }
    return len == SHA384_LEN ? HASH_SHA384 : HASH_SHA512;
}

/* One place of the list: a digest, or alternatives. */
static enum err
read_app(json_t *j, const char *name, const struct reader *r, struct tpm_one_of *out,
         struct why *why)
{
    json_t *list AUTO(json_free) = json_is_array(j) ? json_incref(j) : json_pack("[O]", j);

    TRY(read_digests(list, name, r->h, out, why));
    for (size_t i = 0; i < out->n; i++) {
        uint16_t bank = bank_by_len(out->value[i].len);

        if (r->must->apps_bank != 0 && r->must->apps_bank != bank) {
            return why_add(why, ERR_MALFORMED, "%s: digests of one bank, not of several", name);
        }
        r->must->apps_bank = bank;
    }
    return ERR_OK;
}

static enum err
read_apps(const json_t *list, const char *name, const struct reader *r, struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    if (n == 0 || n > APPS_MAX) {
        return why_add(why, ERR_MALFORMED, "%s: want a list of 1 to %d images", name, APPS_MAX);
    }

    struct tpm_one_of *app = holdings_new(r->h, n, sizeof *app);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_app(json_array_get(list, i), name, r, &app[i], why);
    }
    r->must->app = app;
    r->must->apps_n = n;
    return e;
}

static enum err
read_version(const json_t *j, const char *name, const struct reader *r, struct why *why)
{
    return read_texts(j, name, r->h, &r->must->scrtm_version, why);
}

static enum err
read_cmdline(const json_t *j, const char *name, const struct reader *r, struct why *why)
{
    return read_texts(j, name, r->h, &r->must->cmdline, why);
}

static enum err
read_initrd(const json_t *j, const char *name, const struct reader *r, struct why *why)
{
    return read_digests(j, name, r->h, &r->must->initrd, why);
}

static unsigned
section_by_name(const char *name)
{
    unsigned i = 0;

    while (i < UKI_SECTIONS && strcmp(tpm_uki_section_name(i), name) != 0) {
        i++;
    }
    return i;
}

/* {".linux": "hex", ...}: digests by the hash of the bank. */
static enum err
read_sections(json_t *obj, uint16_t bank, struct holdings *h, struct tpm_uki *u, struct why *why)
{
    enum err e = ERR_OK;

    if (!json_is_object(obj) || json_object_size(obj) == 0) {
        return why_add(why, ERR_MALFORMED, "uki.%s: want an object of sections", hash_name(bank));
    }
    u->bank = bank;
    for (void *it = json_object_iter(obj); it != NULL && e == ERR_OK;) {
        const char *name = json_object_iter_key(it);
        unsigned at = section_by_name(name);
        struct slice digest = {0};

        if (at == UKI_SECTIONS) {
            return why_add(why, ERR_MALFORMED, "uki: \"%s\" is no section that a stub measures",
                           text_show(slice_text(name)).text);
        }
        e = read_digest(json_object_iter_value(it), name, h, &digest, why);
        if (e == ERR_OK && digest.len != hash_len(bank)) {
            return why_add(why, ERR_MALFORMED, "uki: %s is no digest of %s", name, hash_name(bank));
        }
        u->digest[at] = digest;
        it = json_object_iter_next(obj, it);
    }
    return e;
}

/* { "sha256": {sections}, "phases": ["enter-initrd", ...] }: one expectation for each bank. */
static enum err
read_image(json_t *obj, const struct reader *r, struct tpm_uki *out, size_t *n, struct why *why)
{
    json_t *banks[] = {NULL, NULL, NULL};
    static const uint16_t ALG[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
    json_t *phases = NULL;
    struct tpm_one_of words = {.n = 0};
    enum err e = ERR_OK;
    const struct json_member members[] = {
        {"sha256", JK_OBJECT, false, &banks[0], 0, 0},
        {"sha384", JK_OBJECT, false, &banks[1], 0, 0},
        {"sha512", JK_OBJECT, false, &banks[2], 0, 0},
        {"phases", JK_ARRAY, false, &phases, 0, PHASES_MAX},
    };
    size_t before = *n;

    TRY(json_bind(obj, "uki", members, sizeof members / sizeof members[0], why));
    TRY(phases == NULL ? ERR_OK : read_texts(phases, "uki.phases", r->h, &words, why));
    for (size_t i = 0; i < sizeof ALG / sizeof ALG[0] && e == ERR_OK; i++) {
        if (banks[i] != NULL) {
            out[*n].phases = words;
            e = read_sections(banks[i], ALG[i], r->h, &out[(*n)++], why);
        }
    }
    return e == ERR_OK && *n == before
               ? why_add(why, ERR_MALFORMED, "uki: want sections by sha256, sha384 or sha512")
               : e;
}

/* A phase as long as it could never be told of is a mistake. */
static enum err
check_phases(const struct tpm_uki *u, struct why *why)
{
    for (size_t i = 0; i < u->phases.n; i++) {
        if (u->phases.value[i].len >= TPM_PHASE_MAX) {
            return why_add(why, ERR_LIMIT, "uki.phases: at most %d bytes each", TPM_PHASE_MAX - 1);
        }
    }
    return ERR_OK;
}

static enum err
read_uki(const json_t *list, const char *name, const struct reader *r, struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    if (n == 0 || n > UKIS_MAX) {
        return why_add(why, ERR_MALFORMED, "%s: want a list of 1 to %d images", name, UKIS_MAX);
    }

    struct tpm_uki *u = holdings_new(r->h, n * 3, sizeof *u);

    r->must->uki = u;
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_image(json_array_get(list, i), r, u, &r->must->uki_n, why);
    }
    for (size_t i = 0; i < r->must->uki_n && e == ERR_OK; i++) {
        e = check_phases(&u[i], why);
    }
    return e;
}

/* The TPM's policies that are signed for a PCR are signed with RSA.  A key of it holds nothing that must be released. */
static enum err
read_key(const json_t *j, const char *name, struct sig_key *out, struct why *why)
{
    AUTO(sig_key_done) struct sig_key k = {.type = KEY_NONE};

    if (!json_is_string(j) || json_string_length(j) > PEM_MAX) {
        return why_add(why, ERR_MALFORMED, "%s: want public keys in PEM", name);
    }
    if (sig_key_pem(slice_text(json_string_value(j)), &k, why) != ERR_OK) {
        return why_add(why, ERR_MALFORMED, "in %s", name);
    }
    if (k.type != KEY_RSA || k.handle != NULL) {
        return why_add(why, ERR_MALFORMED, "%s: want RSA keys", name);
    }
    *out = k;
    return ERR_OK;
}

static enum err
read_signer(const json_t *list, const char *name, const struct reader *r, struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    if (n == 0 || n > KEYS_MAX) {
        return why_add(why, ERR_MALFORMED, "%s: want a list of 1 to %d keys", name, KEYS_MAX);
    }

    struct sig_key *key = holdings_new(r->h, n, sizeof *key);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_key(json_array_get(list, i), name, &key[i], why);
    }
    r->must->signer = key;
    r->must->signers = n;
    return e;
}

static enum err (*const READERS[TPM_PREDICATES])(const json_t *j, const char *name,
                                                 const struct reader *r, struct why *why) = {
    [TPM_PREDICATE_SECURE_BOOT] = read_secure_boot,
    [TPM_PREDICATE_SB_AUTHORITY] = read_authority,
    [TPM_PREDICATE_DBX] = read_dbx,
    [TPM_PREDICATE_BOOT_APPS] = read_apps,
    [TPM_PREDICATE_NO_OPTION_ROM] = read_no_option_rom,
    [TPM_PREDICATE_SCRTM_VERSION] = read_version,
    [TPM_PREDICATE_CMDLINE] = read_cmdline,
    [TPM_PREDICATE_INITRD] = read_initrd,
    [TPM_PREDICATE_UKI] = read_uki,
    [TPM_PREDICATE_SIGNER] = read_signer,
};

/* What the kernel says of its command line and its initrd is worth what the kernel is worth. */
static enum err
check_anchor(const struct tpm_predicates *must, struct why *why)
{
    bool said = must->cmdline.n > 0 || must->initrd.n > 0;
    bool anchored = must->secure_boot || must->apps_n > 0 || must->uki_n > 0 || must->signers > 0;

    if (said && !anchored) {
        return why_add(why, ERR_DENIED,
                       "policy.unanchored: cmdline and initrd are the word of the kernel; ask for "
                       "it too (secure_boot, boot_apps, uki or pcr11_signer)");
    }
    return ERR_OK;
}

/* A predicate on a PCR that the quote will not cover could never hold. */
static enum err
check_pcrs(const struct tpm_expect *want, struct why *why)
{
    uint32_t missing = tpm_predicates_pcrs(&want->must);

    for (size_t i = 0; i < want->select_n; i++) {
        missing &= want->select[i].bank == HASH_SHA1 ? UINT32_MAX : ~want->select[i].mask;
    }
    if (want->select_n > 0 && missing != 0) {
        return why_add(why, ERR_MALFORMED, "pcrs: %d is read by a predicate and not in it",
                       __builtin_ctz(missing));
    }
    return ERR_OK;
}

enum err
row_tpm_predicates(const struct row_predicates *in, bool strict, struct evidence_row *row,
                   struct why *why)
{
    const struct reader r = {.h = row->owned, .must = &row->want.tpm.must};
    enum err e = ERR_OK;

    for (unsigned i = 0; i < TPM_PREDICATES && e == ERR_OK; i++) {
        e = in->member[i] == NULL ? ERR_OK
                                  : READERS[i](in->member[i], tpm_predicate_name(i), &r, why);
    }
    TRY(e);
    TRY(check_pcrs(&row->want.tpm, why));
    return strict ? check_anchor(r.must, why) : ERR_OK;
}
