/* SPDX-License-Identifier: Apache-2.0 */
/* row_tpm.c - the members of a tpm2 row; see row.h.  PCRs that software can reset and SHA-1 values
 * are refused: whoever runs on the machine chooses them (TPM 2.0 Library Part 1, PCR attributes;
 * TCG PC Client Platform TPM Profile, PCR attributes). */
#include <string.h>

#include "attest/base/text.h"
#include "common/json.h"
#include "common/row_read.h"

enum { ALG_LEN = 2 };

/* PCRs that software can reset at locality 0. */
#define RESETTABLE (UINT32_C(1) << 16 | UINT32_C(1) << 23)

static enum err
refuse_pcrs(uint16_t bank, uint32_t mask, struct why *why)
{
    if (mask & RESETTABLE) {
        return why_add(why, ERR_DENIED,
                       "policy.resettable_pcr: %s:%s can be reset by software and proves nothing",
                       hash_name(bank), mask & UINT32_C(1) << 16 ? "16" : "23");
    }
    return ERR_OK;
}

static enum err
refuse_bank(uint16_t bank, struct why *why)
{
    if (bank == HASH_SHA1) {
        return why_add(why, ERR_DENIED, "policy.weak_bank: values of sha1 are not relied on");
    }
    return ERR_OK;
}

static enum err
read_digest(const json_t *j, const char *name, struct tpm_pcr *p, struct why *why)
{
    size_t want = hash_len(p->bank);
    size_t len = 0;

    TRY(row_hex(j, name, p->digest, sizeof p->digest, &len, why));
    if (len != want) {
        return why_add(why, ERR_MALFORMED, "%s: %zu bytes, want %zu", name, len, want);
    }
    return ERR_OK;
}

/* The values of a compound while they are collected. */
struct compound {
    struct tpm_pcr *pcr; /* room for TPM_GOLDEN_MAX */
    size_t n;
};

static enum err
add_value(const json_t *hex, const char *name, struct tpm_pcr *p, struct compound *c,
          struct why *why)
{
    TRY(read_digest(hex, name, p, why));
    if (c->n == TPM_GOLDEN_MAX) {
        return why_add(why, ERR_LIMIT, "more than %d values", TPM_GOLDEN_MAX);
    }
    c->pcr[c->n++] = *p;
    return ERR_OK;
}

static enum err
read_pcr_name(const char *name, struct tpm_pcr *p, struct why *why)
{
    TRY(tpm_pcr_name_parse(slice_text(name), &p->bank, &p->index, why));
    TRY(refuse_pcrs(p->bank, UINT32_C(1) << p->index, why));
    return refuse_bank(p->bank, why);
}

/* The alternatives of one PCR, appended to the compound. */
static enum err
read_alternatives(const char *name, const json_t *list, struct compound *c, struct why *why)
{
    struct tpm_pcr p = {0};
    enum err e = read_pcr_name(name, &p, why);

    if (e != ERR_OK || row_says_ignore(list)) {
        return e;
    }
    if (json_array_size(list) == 0 || json_array_size(list) > ROW_HEX_VALUES_MAX) {
        return why_add(why, ERR_MALFORMED, "%s: want \"ignore\" or a list of 1 to %d values", name,
                       ROW_HEX_VALUES_MAX);
    }
    for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++) {
        e = add_value(json_array_get(list, i), name, &p, c, why);
    }
    return e;
}

enum err
row_tpm_values(json_t *obj, struct holdings *h, struct tpm_golden *out, struct why *why)
{
    if (!json_is_object(obj) || json_object_size(obj) == 0) {
        return why_add(why, ERR_MALFORMED, "values: want an object of PCRs, or \"ignore\"");
    }

    struct compound c = {.pcr = holdings_new(h, TPM_GOLDEN_MAX, sizeof *c.pcr)};
    enum err e = ERR_OK;

    for (void *it = json_object_iter(obj); it != NULL && e == ERR_OK;) {
        e = read_alternatives(json_object_iter_key(it), json_object_iter_value(it), &c, why);
        it = json_object_iter_next(obj, it);
    }
    out->pcr = c.pcr;
    out->n = c.n;
    return e;
}

static enum err
read_name(const json_t *j, uint8_t dst[TPM_NAME_MAX], size_t *len, struct why *why)
{
    TRY(row_hex(j, "ak_names", dst, TPM_NAME_MAX, len, why));

    unsigned alg = *len < ALG_LEN ? 0 : (unsigned)dst[0] << 8 | dst[1];

    if (alg == HASH_SHA1 || hash_len(alg) == 0 || *len != ALG_LEN + hash_len(alg)) {
        return why_add(why, ERR_MALFORMED,
                       "ak_names: want nameAlg (000b, 000c, 000d) and a digest of its length");
    }
    return ERR_OK;
}

enum err
row_tpm_names(const json_t *list, struct holdings *h, struct row_names *out, struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    if (n == 0) {
        return why_add(why, ERR_MALFORMED, "ak_names: an empty list trusts nothing; leave it out");
    }

    uint8_t(*bytes)[TPM_NAME_MAX] = holdings_new(h, n, sizeof *bytes);

    out->name = holdings_new(h, n, sizeof *out->name);
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        size_t len = 0;

        e = read_name(json_array_get(list, i), bytes[i], &len, why);
        out->name[i] = (struct slice){bytes[i], len};
    }
    out->n = n;
    return e;
}

static enum err
read_trust(const json_t *list, unsigned *allowed, struct why *why)
{
    unsigned bits = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        unsigned bit = word == NULL ? 0 : tpm_ak_trust_by_name(slice_text(word));

        if (bit == AK_TRUST_NONE) {
            return why_add(why, ERR_MALFORMED,
                           "ak_trust: \"%s\" is none of ek-activation, ak-certificate, "
                           "tee-evidence, pinned-name, pinned-key",
                           word == NULL ? "" : text_show(slice_text(word)).text);
        }
        bits |= bit;
    }
    if (bits == 0) {
        return why_add(why, ERR_MALFORMED, "ak_trust: an empty list trusts nothing");
    }
    *allowed = bits;
    return ERR_OK;
}

enum err
row_tpm_pcrs(const char *text, struct tpm_expect *want, struct why *why)
{
    bool strong = false;

    enum err e =
        tpm_select_parse(slice_text(text), want->select, TPM_BANKS_MAX, &want->select_n, why);

    if (e != ERR_OK) {
        return why_add(why, e, "in pcrs");
    }
    for (size_t i = 0; i < want->select_n && e == ERR_OK; i++) {
        e = refuse_pcrs(want->select[i].bank, want->select[i].mask, why);
        strong = strong || want->select[i].bank != HASH_SHA1;
    }
    return e != ERR_OK || strong ? e : refuse_bank(HASH_SHA1, why);
}

/* A value for a PCR that the quote will not cover could never hold. */
static enum err
values_fit_pcrs(const struct tpm_expect *want, const struct tpm_golden *g, struct why *why)
{
    for (size_t i = 0; want->select_n > 0 && i < g->n; i++) {
        const struct tpm_pcr *p = &g->pcr[i];
        uint32_t mask = 0;

        for (size_t k = 0; k < want->select_n; k++) {
            mask |= want->select[k].bank == p->bank ? want->select[k].mask : 0;
        }
        if (!(mask & UINT32_C(1) << p->index)) {
            return why_add(why, ERR_MALFORMED, "values: %s:%u is not in pcrs", hash_name(p->bank),
                           p->index);
        }
    }
    return ERR_OK;
}

enum err
row_tpm_own(json_t *values, struct evidence_row *row, struct why *why)
{
    struct tpm_expect *want = &row->want.tpm;
    struct holdings *h = row->owned;

    if (row_says_ignore(values)) {
        return ERR_OK;
    }

    struct tpm_golden *g = holdings_new(h, 1, sizeof *g);

    TRY(row_tpm_values(values, h, g, why));
    TRY(values_fit_pcrs(want, g, why));
    g->label = "policy";
    want->golden_wanted = g->n > 0;
    want->golden = g;
    want->golden_n = g->n > 0 ? 1 : 0;
    return ERR_OK;
}

enum err
row_azure_quote(const char *pcrs, json_t *values, struct evidence_row *row, struct why *why)
{
    TRY(pcrs == NULL ? ERR_OK : row_tpm_pcrs(pcrs, &row->want.tpm, why));
    return values == NULL ? ERR_OK : row_tpm_own(values, row, why);
}

/* Known, and not to be passed over in silence. */
static const char *const LATER[] = {"firmware_min"};

static enum err
refuse_later(const json_t *obj, struct why *why)
{
    for (size_t i = 0; i < sizeof LATER / sizeof LATER[0]; i++) {
        if (json_object_get(obj, LATER[i]) != NULL) {
            return why_add(why, ERR_UNABLE, "tpm2 row: \"%s\" is not supported by this version",
                           LATER[i]);
        }
    }
    return ERR_OK;
}

/* The members of a tpm2 row, bound and not yet read. */
struct members {
    const char *type, *reference_set, *pcrs;
    json_t *values, *trust, *names;
    struct row_ek ek;
    struct row_predicates must;
    bool allow_owner;
};

static enum err
bind_row(json_t *obj, struct members *m, struct why *why)
{
    const struct json_member own[] = {
        {"type", JK_TEXT, false, &m->type, 0, ROW_REFERENCE_SET_MAX - 1},
        {"reference_set", JK_TEXT, false, &m->reference_set, 0, ROW_REFERENCE_SET_MAX - 1},
        {"pcrs", JK_TEXT, false, &m->pcrs, 0, TPM_SELECT_TEXT},
        {"values", JK_ANY, false, &m->values, 0, 0},
        {"ak_trust", JK_ARRAY, false, &m->trust, 0, 8},
        {"ak_names", JK_ARRAY, false, &m->names, 0, ROW_AK_NAMES_MAX},
        {"allow_owner_hierarchy", JK_BOOL, false, &m->allow_owner, 0, 0},
        {"ek_pinned", JK_ARRAY, false, &m->ek.pinned, 0, ROW_EK_PINNED_MAX},
        {"ek_crl", JK_TEXT, false, &m->ek.crl, 0, 16},
        {"ek_crl_stale", JK_TEXT, false, &m->ek.crl_stale, 0, 16},
        {"ek_expired", JK_TEXT, false, &m->ek.expired, 0, 16},
    };

    struct json_member members[sizeof own / sizeof own[0] + TPM_PREDICATES];
    size_t n = sizeof own / sizeof own[0];

    memcpy(members, own, sizeof own);
    for (unsigned i = 0; i < TPM_PREDICATES; i++) {
        members[n++] =
            (struct json_member){tpm_predicate_name(i), JK_ANY, false, &m->must.member[i], 0, 0};
    }
    TRY(refuse_later(obj, why));
    return json_bind(obj, "tpm2 row", members, n, why);
}

static enum err
read_golden(const struct members *m, bool strict, struct evidence_row *row, struct why *why)
{
    bool neither = m->values == NULL && m->reference_set == NULL;
    bool both = m->values != NULL && m->reference_set != NULL;
    bool predicates = tpm_predicates_wanted(&row->want.tpm.must) != 0;

    if (both || (neither && strict && !predicates)) {
        return why_add(
            why, ERR_MALFORMED,
            "tpm2 row: want either \"values\" (a list, or \"ignore\") or \"reference_set\", or "
            "predicates");
    }
    if (m->reference_set != NULL) {
        row->want.tpm.golden_wanted = true;
        return row_reference_set(m->reference_set, row, why);
    }
    return neither ? ERR_OK : row_tpm_own(m->values, row, why);
}

/* What must have booted: by predicates, by values, or both. */
static enum err
read_boot(const struct members *m, bool strict, struct evidence_row *row, struct why *why)
{
    TRY(row_tpm_predicates(&m->must, strict, row, why));
    return read_golden(m, strict, row, why);
}

/* Who may vouch for the key. */
static enum err
read_key_trust(const struct members *m, struct evidence_row *row, struct why *why)
{
    struct tpm_expect *want = &row->want.tpm;
    struct row_names names = {.n = 0};
    enum err e = m->trust == NULL ? ERR_OK : read_trust(m->trust, &want->ak_trust_allowed, why);

    if (e == ERR_OK && m->names != NULL) {
        e = row_tpm_names(m->names, row->owned, &names, why);
    }
    want->ak_names = names.name;
    want->ak_names_n = names.n;
    return e;
}

enum err
row_tpm_read(json_t *obj, bool strict, struct evidence_row *row, struct why *why)
{
    struct tpm_expect *want = &row->want.tpm;
    struct members m = {0};

    TRY(bind_row(obj, &m, why));
    want->allow_owner_hierarchy = m.allow_owner;
    TRY(m.pcrs == NULL ? ERR_OK : row_tpm_pcrs(m.pcrs, want, why));
    TRY(read_boot(&m, strict, row, why));
    TRY(row_tpm_ek(&m.ek, row, why));
    return read_key_trust(&m, row, why);
}
