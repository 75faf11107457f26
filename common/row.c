/* SPDX-License-Identifier: Apache-2.0 */
/* row.c - see row.h. */
#include "common/row.h"

#include <stdio.h>

#include "attest/base/text.h"
#include "common/json.h"
#include "common/mem.h"

enum { LABEL_MAX = 127, HEX_VALUES_MAX = 64, ALG_LEN = 2 };

/* PCRs that software can reset at locality 0: whoever runs on the machine chooses their values. */
#define RESETTABLE (UINT32_C(1) << 16 | UINT32_C(1) << 23)

#define DEFAULT_TRUST \
    (AK_TRUST_EK_ACTIVATION | AK_TRUST_CERTIFICATE | AK_TRUST_TEE_EVIDENCE | AK_TRUST_PINNED_NAME)

/* What a row or an entry owns. */
struct holdings {
    struct tpm_pcr *pcr;
    size_t pcr_n;
    struct tpm_golden golden; /* over pcr */
    struct slice *names;      /* into name_bytes */
    size_t names_n;
    uint8_t *name_bytes;
};

static void
holdings_done(struct holdings *h)
{
    mem_free(h->pcr);
    mem_free(h->names);
    mem_free(h->name_bytes);
    *h = (struct holdings){0};
}

void
evidence_row_free(struct evidence_row **row)
{
    if (*row == NULL) {
        return;
    }
    if ((*row)->owned != NULL) {
        holdings_done((*row)->owned);
        mem_free((*row)->owned);
    }
    mem_free(*row);
    *row = NULL;
}

struct evidence_row *
evidence_row_default(enum evidence_type type)
{
    struct evidence_row *row = mem_new(1, sizeof *row);

    row->type = type;
    row->want.tpm.ak_trust_allowed = DEFAULT_TRUST;
    return row;
}

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

/* Golden values are compared as text by people, so there is one way to write them. */
static enum err
read_hex(const json_t *j, const char *what, uint8_t *dst, size_t cap, size_t *len, struct why *why)
{
    if (!json_is_string(j)) {
        return why_add(why, ERR_MALFORMED, "%s: want lower-case hex", what);
    }

    struct slice text = slice_text(json_string_value(j));

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F') {
            return why_add(why, ERR_MALFORMED, "%s: want lower-case hex", what);
        }
    }

    enum err e = hex_decode(text, dst, cap, len, why);

    return e == ERR_OK ? ERR_OK : why_add(why, e, "in %s", what);
}

static enum err
read_digest(const json_t *j, const char *name, struct tpm_pcr *p, struct why *why)
{
    size_t want = hash_len(p->bank);
    size_t len = 0;

    TRY(read_hex(j, name, p->digest, sizeof p->digest, &len, why));
    if (len != want) {
        return why_add(why, ERR_MALFORMED, "%s: %zu bytes, want %zu", name, len, want);
    }
    return ERR_OK;
}

static bool
says_ignore(const json_t *j)
{
    return json_is_string(j) && slice_same(slice_text(json_string_value(j)), slice_text("ignore"));
}

static enum err
add_value(const json_t *hex, const char *name, struct tpm_pcr *p, struct holdings *h,
          struct why *why)
{
    TRY(read_digest(hex, name, p, why));
    if (h->pcr_n == TPM_GOLDEN_MAX) {
        return why_add(why, ERR_LIMIT, "more than %d values", TPM_GOLDEN_MAX);
    }
    h->pcr[h->pcr_n++] = *p;
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
read_alternatives(const char *name, const json_t *list, struct holdings *h, struct why *why)
{
    struct tpm_pcr p = {0};
    enum err e = read_pcr_name(name, &p, why);

    if (e != ERR_OK || says_ignore(list)) {
        return e;
    }
    if (json_array_size(list) == 0 || json_array_size(list) > HEX_VALUES_MAX) {
        return why_add(why, ERR_MALFORMED, "%s: want \"ignore\" or a list of 1 to %d values", name,
                       HEX_VALUES_MAX);
    }
    for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++) {
        e = add_value(json_array_get(list, i), name, &p, h, why);
    }
    return e;
}

/* { "sha256:7": ["hex", ...] | "ignore", ... } */
static enum err
read_values(json_t *obj, struct holdings *h, struct why *why)
{
    if (!json_is_object(obj) || json_object_size(obj) == 0) {
        return why_add(why, ERR_MALFORMED, "values: want an object of PCRs, or \"ignore\"");
    }
    enum err e = ERR_OK;

    h->pcr = mem_new(TPM_GOLDEN_MAX, sizeof *h->pcr);
    for (void *it = json_object_iter(obj); it != NULL && e == ERR_OK;) {
        e = read_alternatives(json_object_iter_key(it), json_object_iter_value(it), h, why);
        it = json_object_iter_next(obj, it);
    }
    h->golden.pcr = h->pcr;
    h->golden.n = h->pcr_n;
    return e;
}

static enum err
read_name(const json_t *j, struct holdings *h, struct why *why)
{
    uint8_t *dst = h->name_bytes + h->names_n * TPM_NAME_MAX;
    size_t len = 0;

    TRY(read_hex(j, "ak_names", dst, TPM_NAME_MAX, &len, why));

    unsigned alg = len < ALG_LEN ? 0 : (unsigned)dst[0] << 8 | dst[1];

    if (alg == HASH_SHA1 || hash_len(alg) == 0 || len != ALG_LEN + hash_len(alg)) {
        return why_add(why, ERR_MALFORMED,
                       "ak_names: want nameAlg (000b, 000c, 000d) and a digest of its length");
    }
    h->names[h->names_n++] = (struct slice){dst, len};
    return ERR_OK;
}

static enum err
read_names(const json_t *list, struct holdings *h, struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    if (n == 0) {
        return why_add(why, ERR_MALFORMED, "ak_names: an empty list trusts nothing; leave it out");
    }
    h->names = mem_new(n, sizeof *h->names);
    h->name_bytes = mem_new(n, TPM_NAME_MAX);
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_name(json_array_get(list, i), h, why);
    }
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

static enum err
read_pcrs(const char *text, struct tpm_expect *want, struct why *why)
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
values_fit_pcrs(const struct tpm_expect *want, const struct holdings *h, struct why *why)
{
    for (size_t i = 0; want->select_n > 0 && i < h->pcr_n; i++) {
        const struct tpm_pcr *p = &h->pcr[i];
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

/* Rules of a tpm2 row that come with the event log: known, and not to be passed over in
 * silence. */
static const char *const LATER[] = {
    "no_option_rom", "pcr11_signer", "sb_authority", "boot_apps", "dbx_min", "uki",
    "scrtm_version", "firmware_min", "secure_boot",  "cmdline",   "initrd",
};

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

static enum err
read_type(const json_t *obj, enum evidence_type *type, struct why *why)
{
    const char *word = json_string_value(json_object_get(obj, "type"));

    if (word == NULL) {
        return why_add(why, ERR_MALFORMED, "row: member \"type\" is missing or not text");
    }
    *type = evidence_by_name(slice_text(word));
    if (*type == EVIDENCE_NONE) {
        return why_add(why, ERR_MALFORMED, "row: \"%s\" is no type of evidence",
                       text_show(slice_text(word)).text);
    }
    if (*type != EVIDENCE_TPM2) {
        return why_add(why, ERR_UNABLE, "row: type \"%s\" is not supported by this version", word);
    }
    return ERR_OK;
}

/* The members of a tpm2 row, bound and not yet read. */
struct members {
    const char *type, *reference_set, *pcrs;
    json_t *values, *trust, *names;
    bool allow_owner;
};

static enum err
bind_row(json_t *obj, struct members *m, struct why *why)
{
    const struct json_member members[] = {
        {"type", JK_TEXT, true, &m->type, 0, ROW_REFERENCE_SET_MAX - 1},
        {"reference_set", JK_TEXT, false, &m->reference_set, 0, ROW_REFERENCE_SET_MAX - 1},
        {"pcrs", JK_TEXT, false, &m->pcrs, 0, TPM_SELECT_TEXT},
        {"values", JK_ANY, false, &m->values, 0, 0},
        {"ak_trust", JK_ARRAY, false, &m->trust, 0, 8},
        {"ak_names", JK_ARRAY, false, &m->names, 0, ROW_AK_NAMES_MAX},
        {"allow_owner_hierarchy", JK_BOOL, false, &m->allow_owner, 0, 0},
    };

    TRY(json_bind(obj, "tpm2 row", members, sizeof members / sizeof members[0], why));
    if ((m->values == NULL) == (m->reference_set == NULL)) {
        return why_add(why, ERR_MALFORMED,
                       "tpm2 row: want either \"values\" (a list, or \"ignore\") or "
                       "\"reference_set\"");
    }
    return ERR_OK;
}

static enum err
use_reference_set(const char *id, struct evidence_row *row, struct why *why)
{
    if (id[0] == '\0') {
        return why_add(why, ERR_MALFORMED, "tpm2 row: reference_set is empty");
    }
    (void)snprintf(row->reference_set, sizeof row->reference_set, "%s", id);
    row->want.tpm.golden_wanted = true;
    return ERR_OK;
}

static enum err
read_golden(const struct members *m, struct evidence_row *row, struct holdings *h, struct why *why)
{
    struct tpm_expect *want = &row->want.tpm;

    if (m->reference_set != NULL) {
        return use_reference_set(m->reference_set, row, why);
    }
    if (says_ignore(m->values)) {
        return ERR_OK;
    }
    TRY(read_values(m->values, h, why));
    TRY(values_fit_pcrs(want, h, why));
    h->golden.label = "policy";
    want->golden_wanted = h->pcr_n > 0;
    want->golden = &h->golden;
    want->golden_n = h->pcr_n > 0 ? 1 : 0;
    return ERR_OK;
}

/* Who may vouch for the key. */
static enum err
read_key_trust(const struct members *m, struct tpm_expect *want, struct holdings *h,
               struct why *why)
{
    enum err e = m->trust == NULL ? ERR_OK : read_trust(m->trust, &want->ak_trust_allowed, why);

    if (e == ERR_OK && m->names != NULL) {
        e = read_names(m->names, h, why);
    }
    want->ak_names = h->names;
    want->ak_names_n = h->names_n;
    return e;
}

static enum err
read_tpm_row(json_t *obj, struct evidence_row *row, struct why *why)
{
    struct tpm_expect *want = &row->want.tpm;
    struct holdings *h = row->owned;
    struct members m = {0};

    TRY(bind_row(obj, &m, why));
    want->allow_owner_hierarchy = m.allow_owner;
    TRY(m.pcrs == NULL ? ERR_OK : read_pcrs(m.pcrs, want, why));
    TRY(read_golden(&m, row, h, why));
    return read_key_trust(&m, want, h, why);
}

enum err
evidence_row_read(json_t *obj, struct evidence_row **out, struct why *why)
{
    AUTO(evidence_row_free) struct evidence_row *row = evidence_row_default(EVIDENCE_NONE);

    row->owned = mem_new(1, sizeof(struct holdings));
    TRY(read_type(obj, &row->type, why));
    TRY(refuse_later(obj, why));
    TRY(read_tpm_row(obj, row, why));

    *out = row;
    row = NULL;
    return ERR_OK;
}

void
reference_set_free(struct reference_set **set)
{
    if (*set == NULL) {
        return;
    }

    struct holdings *h = (*set)->owned;

    for (size_t i = 0; i < (*set)->n; i++) {
        holdings_done(&h[i]);
    }
    mem_free(h);
    mem_free((*set)->entry);
    mem_free(*set);
    *set = NULL;
}

/* { "values": {...}, "ak_names": [...] }: a compound without values could never hold, so they are required. */
static enum err
read_entry_tpm(json_t *obj, struct reference_entry *e, struct holdings *h, struct why *why)
{
    json_t *values = NULL;
    json_t *names = NULL;
    const struct json_member members[] = {
        {"values", JK_OBJECT, true, &values, 0, 0},
        {"ak_names", JK_ARRAY, false, &names, 0, ROW_AK_NAMES_MAX},
    };

    TRY(json_bind(obj, "tpm2", members, sizeof members / sizeof members[0], why));

    enum err err = read_values(values, h, why);

    if (err == ERR_OK && names != NULL) {
        err = read_names(names, h, why);
    }
    e->golden = h->golden;
    e->golden.label = e->label;
    e->ak_names = h->names;
    e->ak_names_n = h->names_n;
    return err;
}

static enum err
read_expiry(const char *text, int64_t *unix_s, struct why *why)
{
    *unix_s = INT64_MAX;
    return text == NULL ? ERR_OK : rfc3339_parse(slice_text(text), unix_s, why);
}

static enum err
read_entry(json_t *obj, struct reference_entry *e, struct holdings *h, struct why *why)
{
    const char *label = NULL;
    const char *expires = NULL;
    json_t *tpm = NULL;
    const struct json_member members[] = {
        {"label", JK_TEXT, true, &label, 0, LABEL_MAX},
        {"expires", JK_TEXT, false, &expires, 0, RFC3339_LEN},
        {"tpm2", JK_OBJECT, true, &tpm, 0, 0},
    };

    TRY(json_bind(obj, "reference value", members, sizeof members / sizeof members[0], why));
    if (label[0] == '\0') {
        return why_add(why, ERR_MALFORMED, "reference value: label is empty");
    }
    (void)snprintf(e->label, sizeof e->label, "%s", label);
    TRY(read_expiry(expires, &e->expires_unix, why));

    enum err err = read_entry_tpm(tpm, e, h, why);

    if (err != ERR_OK) {
        return why_add(why, err, "in reference value \"%s\"", text_show(slice_text(label)).text);
    }
    return ERR_OK;
}

static enum err
read_entries(const json_t *list, struct reference_set *set, struct why *why)
{
    size_t n = json_array_size(list);
    struct holdings *h = mem_new(n, sizeof *h);
    enum err e = ERR_OK;

    set->owned = h;
    set->entry = mem_new(n, sizeof *set->entry);
    set->n = n;
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_entry(json_array_get(list, i), &set->entry[i], &h[i], why);
    }
    return e;
}

enum err
reference_set_read(json_t *obj, struct reference_set **out, struct why *why)
{
    AUTO(reference_set_free) struct reference_set *set = mem_new(1, sizeof *set);
    const char *id = NULL;
    const char *type = NULL;
    json_t *values = NULL;
    const struct json_member members[] = {
        {"id", JK_TEXT, true, &id, 0, ROW_REFERENCE_SET_MAX - 1},
        {"version", JK_INT, true, &set->version, 1, INT64_MAX},
        {"type", JK_TEXT, true, &type, 0, ROW_REFERENCE_SET_MAX - 1},
        {"values", JK_ARRAY, true, &values, 0, REFERENCE_ENTRIES_MAX},
    };

    TRY(json_bind(obj, "reference set", members, sizeof members / sizeof members[0], why));
    TRY(read_type(obj, &set->type, why));
    if (id[0] == '\0' || json_array_size(values) == 0) {
        return why_add(why, ERR_MALFORMED, "reference set: id or values empty");
    }
    (void)snprintf(set->id, sizeof set->id, "%s", id);
    TRY(read_entries(values, set, why));

    *out = set;
    set = NULL;
    return ERR_OK;
}
