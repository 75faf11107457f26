/* SPDX-License-Identifier: Apache-2.0 */
/* reference.c - reference sets; see row.h.  An entry that would approve every guest is refused. */
#include <stdio.h>

#include "attest/base/text.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/row_read.h"

enum { LABEL_MAX = 127 };

void
reference_set_free(struct reference_set **set)
{
    if (*set == NULL) {
        return;
    }
    if ((*set)->owned != NULL) {
        holdings_done((*set)->owned);
        mem_free((*set)->owned);
    }
    mem_free((*set)->entry);
    mem_free(*set);
    *set = NULL;
}

bool
reference_set_serves(const struct reference_set *set, enum evidence_type row)
{
    return set->type == row || (set->type == EVIDENCE_SEV_SNP && row == EVIDENCE_AZURE_SEV_SNP) ||
           (set->type == EVIDENCE_TDX && row == EVIDENCE_AZURE_TDX);
}

/* { "values": {...}, "ak_names": [...] }: a compound without values could never hold, so they are
 * required. */
static enum err
read_tpm(json_t *obj, struct reference_entry *e, struct holdings *h, struct why *why)
{
    json_t *values = NULL;
    json_t *list = NULL;
    struct row_names names = {.n = 0};
    const struct json_member members[] = {
        {"values", JK_OBJECT, true, &values, 0, 0},
        {"ak_names", JK_ARRAY, false, &list, 0, ROW_AK_NAMES_MAX},
    };

    TRY(json_bind(obj, "tpm2", members, sizeof members / sizeof members[0], why));
    TRY(row_tpm_values(values, h, &e->golden, why));
    e->golden.label = e->label;
    TRY(list == NULL ? ERR_OK : row_tpm_names(list, h, &names, why));
    e->ak_names = names.name;
    e->ak_names_n = names.n;
    return ERR_OK;
}

/* Each of the first fields is given or ignored in so many words, and not all may be ignored. */
static enum err
read_snp(json_t *obj, struct reference_entry *e, struct holdings *h, struct why *why)
{
    struct row_golden g = {.guest_svn_min = -1};
    struct json_member members[ROW_GOLDEN_FIELDS + 1];
    bool any = false;

    for (size_t i = 0; i < ROW_GOLDEN_FIELDS; i++) {
        bool said = i < ROW_GOLDEN_SAID;

        members[i] = (struct json_member){row_golden_name(i), JK_ANY, said, &g.field[i], 0, 0};
    }
    members[ROW_GOLDEN_FIELDS] =
        (struct json_member){"guest_svn_min", JK_INT, false, &g.guest_svn_min, 0, UINT32_MAX};
    TRY(json_bind(obj, "sev-snp", members, ROW_GOLDEN_FIELDS + 1, why));
    for (size_t i = 0; i < ROW_GOLDEN_SAID; i++) {
        any = any || !row_says_ignore(g.field[i]);
    }
    if (!any) {
        return why_add(why, ERR_MALFORMED, "sev-snp: nothing but \"ignore\" approves every guest");
    }
    TRY(row_snp_golden(&g, true, h, &e->snp_golden, why));
    e->snp_golden.label = e->label;
    return ERR_OK;
}

/* As read_snp(); the module's own measurement may be left out. */
static enum err
read_tdx(json_t *obj, struct reference_entry *e, struct holdings *h, struct why *why)
{
    struct row_tdx_fields g = {.field = {NULL}};
    struct json_member members[TDX_FIELDS];
    bool any = false;

    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        members[i] =
            (struct json_member){tdx_field_name(i), JK_ANY, row_tdx_must_say(i), &g.field[i], 0, 0};
    }
    TRY(json_bind(obj, "tdx", members, TDX_FIELDS, why));
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        any = any || (row_tdx_must_say(i) && !row_says_ignore(g.field[i]));
    }
    if (!any) {
        return why_add(why, ERR_MALFORMED, "tdx: nothing but \"ignore\" approves every guest");
    }
    TRY(row_tdx_golden(&g, h, &e->tdx_golden, why));
    e->tdx_golden.label = e->label;
    return ERR_OK;
}

static enum err
read_values(json_t *obj, enum evidence_type type, struct reference_entry *e, struct holdings *h,
            struct why *why)
{
    if (type == EVIDENCE_TPM2) {
        return read_tpm(obj, e, h, why);
    }
    return type == EVIDENCE_SEV_SNP ? read_snp(obj, e, h, why) : read_tdx(obj, e, h, why);
}

static enum err
read_expiry(const char *text, int64_t *unix_s, struct why *why)
{
    *unix_s = INT64_MAX;
    return text == NULL ? ERR_OK : rfc3339_parse(slice_text(text), unix_s, why);
}

static enum err
read_entry(json_t *obj, enum evidence_type type, struct reference_entry *e, struct holdings *h,
           struct why *why)
{
    const char *label = NULL;
    const char *expires = NULL;
    json_t *values = NULL;
    const struct json_member members[] = {
        {"label", JK_TEXT, true, &label, 0, LABEL_MAX},
        {"expires", JK_TEXT, false, &expires, 0, RFC3339_LEN},
        {evidence_name(type), JK_OBJECT, true, &values, 0, 0},
    };

    TRY(json_bind(obj, "reference value", members, sizeof members / sizeof members[0], why));
    if (label[0] == '\0') {
        return why_add(why, ERR_MALFORMED, "reference value: label is empty");
    }
    (void)snprintf(e->label, sizeof e->label, "%s", label);
    TRY(read_expiry(expires, &e->expires_unix, why));
    e->snp_golden.guest_svn_min = -1;

    enum err err = read_values(values, type, e, h, why);

    if (err != ERR_OK) {
        return why_add(why, err, "in reference value \"%s\"", text_show(slice_text(label)).text);
    }
    return ERR_OK;
}

static enum err
read_entries(const json_t *list, struct reference_set *set, struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    set->owned = mem_new(1, sizeof(struct holdings));
    set->entry = mem_new(n, sizeof *set->entry);
    set->n = n;
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_entry(json_array_get(list, i), set->type, &set->entry[i], set->owned, why);
    }
    return e;
}

static enum err
read_type(const json_t *obj, enum evidence_type *type, struct why *why)
{
    TRY(row_type(obj, type, why));
    if (*type == EVIDENCE_AZURE_SEV_SNP || *type == EVIDENCE_AZURE_TDX) {
        return why_add(why, ERR_MALFORMED, "reference set: %s rows use a set of type \"%s\"",
                       evidence_name(*type), *type == EVIDENCE_AZURE_TDX ? "tdx" : "sev-snp");
    }
    return ERR_OK;
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
