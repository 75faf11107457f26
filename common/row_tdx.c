/* SPDX-License-Identifier: Apache-2.0 */
/* row_tdx.c - the members of tdx and azure-tdx rows, and the compounds of their reference sets; see row.h.  Refuses golden values
 * that no TD can have, and names that would never match (Intel TDX Module ABI, TDATTRIBUTES and XFAM; Intel PCS API v4,
 * advisoryIDs). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "common/json.h"
#include "common/row_read.h"

enum {
    TEXT_MAX = 32,
    STATUSES_MAX = 16,
    XFAMS_MAX = 64,
    ADVISORIES_MAX = 256,
    ADVISORY_DIGITS = 5,
    DATE_LEN = sizeof "2026-11-24" - 1,
    PPID_LEN = 16,
    SHARED_MEMBERS = 12,
    MEMBERS_MAX = SHARED_MEMBERS + 2 + TDX_FIELDS,
};

#define DEBUG_BIT (UINT64_C(1) << TDX_ATTR_DEBUG)

bool
row_tdx_must_say(unsigned field)
{
    return field != TDX_MRSEAM; /* the module's signer and levels are judged by the tcbInfo */
}

static enum err
read_list(const json_t *j, const struct row_list *kind, struct holdings *h, struct tdx_values *out,
          struct why *why)
{
    struct row_values v = {.n = 0};
    enum err e = row_values(j, kind, h, &v, why);

    *out = (struct tdx_values){.wanted = v.wanted, .value = v.value, .n = v.n};
    return e;
}

enum err
row_tdx_golden(const struct row_tdx_fields *in, struct holdings *h, struct tdx_golden *out,
               struct why *why)
{
    enum err e = ERR_OK;

    for (unsigned i = 0; i < TDX_FIELDS && e == ERR_OK; i++) {
        const struct row_list kind = {tdx_field_name(i), TDX_MR_LEN, 0, ROW_HEX_VALUES_MAX, true};

        e = read_list(in->field[i], &kind, h, &out->field[i], why);
    }
    return e;
}

/* The members of a row, bound and not yet read. */
struct members {
    const char *type, *reference_set, *date_min, *pcrs;
    json_t *status, *deny, *allow, *attributes, *xfam, *ppid, *values;
    struct row_tdx_fields golden;
    int64_t eval_min, grace_s;
};

static enum err
bind_row(json_t *obj, const struct evidence_row *row, struct members *m, struct tdx_expect *want,
         struct why *why)
{
    bool azure = row->type == EVIDENCE_AZURE_TDX;
    struct json_member known[MEMBERS_MAX] = {
        {"type", JK_TEXT, false, &m->type, 0, TEXT_MAX},
        {"reference_set", JK_TEXT, false, &m->reference_set, 0, ROW_REFERENCE_SET_MAX - 1},
        {"tcb_status", JK_ARRAY, false, &m->status, 0, STATUSES_MAX},
        {"tcb_date_min", JK_TEXT, false, &m->date_min, 0, RFC3339_LEN},
        {"tcb_eval_min", JK_INT, false, &m->eval_min, 1, UINT32_MAX},
        {"advisory_deny", JK_ANY, false, &m->deny, 0, 0},
        {"advisory_allow", JK_ANY, false, &m->allow, 0, 0},
        {"allow_debug", JK_BOOL, false, &want->allow_debug, 0, 0},
        {"td_attributes", JK_OBJECT, false, &m->attributes, 0, 0},
        {"xfam", JK_ANY, false, &m->xfam, 0, 0},
        {"ppid_allow", JK_ANY, false, &m->ppid, 0, 0},
        {"grace_s", JK_INT, false, &m->grace_s, 0, ROW_GRACE_MAX_S},
    };
    size_t n = SHARED_MEMBERS;

    if (azure) {
        known[n++] = (struct json_member){"pcrs", JK_TEXT, false, &m->pcrs, 0, TPM_SELECT_TEXT};
        known[n++] = (struct json_member){"values", JK_ANY, false, &m->values, 0, 0};
    } else {
        known[n++] = (struct json_member){"event_log", JK_BOOL, false, &want->ccel_wanted, 0, 0};
    }
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        known[n++] =
            (struct json_member){tdx_field_name(i), JK_ANY, false, &m->golden.field[i], 0, 0};
    }
    return json_bind(obj, azure ? "azure-tdx row" : "tdx row", known, n, why);
}

/* What a policy must say, so that nobody approves by forgetting. */
static enum err
all_said(const struct members *m, const struct evidence_row *row, struct why *why)
{
    const char *type = evidence_name(row->type);

    for (unsigned i = 0; i < TDX_FIELDS && m->reference_set == NULL; i++) {
        if (row_tdx_must_say(i) && m->golden.field[i] == NULL) {
            return why_add(why, ERR_MALFORMED,
                           "%s row: want \"%s\" (a list, or \"ignore\"), or a reference_set", type,
                           tdx_field_name(i));
        }
    }
    if (row->type == EVIDENCE_AZURE_TDX && m->values == NULL) {
        return why_add(why, ERR_MALFORMED,
                       "%s row: want \"values\" of the vTPM's PCRs (an object, or \"ignore\")",
                       type);
    }
    return ERR_OK;
}

/* Someone at a desk may want to see what a revoked platform says; no policy lets one in. */
static enum err
read_status(const char *word, bool strict, unsigned *bits, struct why *why)
{
    enum tdx_status s = word == NULL ? TDX_STATUS_UNKNOWN : tdx_status_by_name(slice_text(word));

    if (s == TDX_STATUS_UNKNOWN) {
        return why_add(why, ERR_MALFORMED, "tcb_status: \"%s\" is none of Intel's statuses",
                       word == NULL ? "" : text_show(slice_text(word)).text);
    }
    if (strict && s == TDX_REVOKED) {
        return why_add(why, ERR_DENIED, "policy.revoked_tcb: no policy accepts tcb_status Revoked");
    }
    if (*bits & 1U << s) {
        return why_add(why, ERR_MALFORMED, "tcb_status: %s is named twice", word);
    }
    *bits |= 1U << s;
    return ERR_OK;
}

static enum err
read_statuses(const json_t *list, bool strict, unsigned *statuses, struct why *why)
{
    unsigned bits = 0;
    enum err e = ERR_OK;

    if (list == NULL) {
        return ERR_OK;
    }
    for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++) {
        e = read_status(json_string_value(json_array_get(list, i)), strict, &bits, why);
    }
    TRY(e);
    if (bits == 0) {
        return why_add(why, ERR_MALFORMED, "tcb_status: an empty list takes nothing");
    }
    *statuses = bits;
    return ERR_OK;
}

/* A day, as Intel writes about them, or a time, as it stands in a tcbInfo. */
static enum err
read_date(const char *text, int64_t *unix_s, struct why *why)
{
    char whole[RFC3339_LEN + 1];

    if (text == NULL) {
        return ERR_OK;
    }
    (void)snprintf(whole, sizeof whole, "%s%s", text, strlen(text) == DATE_LEN ? "T00:00:00Z" : "");

    enum err e = rfc3339_parse(slice_text(whole), unix_s, why);

    return e == ERR_OK ? ERR_OK
                       : why_add(why, e, "in tcb_date_min, want \"2026-08-12\" or a time with Z");
}

/* "INTEL-SA-00960": another way to write it would never be met. */
static bool
is_advisory(struct slice name)
{
    static const char PREFIX[] = "INTEL-SA-";
    size_t at = sizeof PREFIX - 1;
    bool good = name.len == at + ADVISORY_DIGITS && memcmp(name.ptr, PREFIX, at) == 0;

    for (; at < name.len && good; at++) {
        good = name.ptr[at] >= '0' && name.ptr[at] <= '9';
    }
    return good;
}

static enum err
read_advisories(const json_t *list, const char *what, struct holdings *h, struct row_names *out,
                struct why *why)
{
    const struct row_text_list kind = {what, ADVISORIES_MAX, TDX_ADVISORY_TEXT - 1};

    if (list == NULL) {
        return ERR_OK;
    }
    TRY(row_texts(list, &kind, h, out, why));
    for (size_t i = 0; i < out->n; i++) {
        if (!is_advisory(out->name[i])) {
            return why_add(why, ERR_MALFORMED, "%s: \"%s\", want \"INTEL-SA-\" and %d digits", what,
                           text_show(out->name[i]).text, ADVISORY_DIGITS);
        }
    }
    return ERR_OK;
}

/* How good the platform must be. */
static enum err
read_levels(const struct members *m, bool strict, struct evidence_row *row, struct why *why)
{
    struct tdx_expect *want = &row->want.tdx;
    struct row_names deny = {.n = 0};
    struct row_names allow = {.n = 0};

    TRY(read_statuses(m->status, strict, &want->statuses, why));
    TRY(read_date(m->date_min, &want->tcb_date_min, why));
    TRY(read_advisories(m->deny, "advisory_deny", row->owned, &deny, why));
    TRY(read_advisories(m->allow, "advisory_allow", row->owned, &allow, why));
    want->advisory_deny = deny.name;
    want->advisory_deny_n = deny.n;
    want->advisory_allow = allow.name;
    want->advisory_allow_n = allow.n;
    want->tcb_eval_min = (uint32_t)m->eval_min;
    want->grace_s = m->grace_s;
    return ERR_OK;
}

/* What is listed replaces the default of its list; a default gives way to what the other list says. */
static enum err
read_attributes(json_t *obj, struct tdx_expect *want, struct why *why)
{
    static const struct row_bits KIND = {"td_attributes", tdx_attribute_bit, 0, true};
    uint64_t require = 0;
    uint64_t forbid = 0;

    if (obj == NULL) {
        return ERR_OK;
    }
    TRY(row_bits(obj, &KIND, &require, &forbid, why));
    if (require & DEBUG_BIT && !want->allow_debug) {
        return why_add(why, ERR_MALFORMED,
                       "td_attributes: debug is required and not allowed (allow_debug)");
    }
    want->attributes_require =
        json_object_get(obj, "require") != NULL ? require : want->attributes_require & ~forbid;
    want->attributes_forbid =
        json_object_get(obj, "forbid") != NULL ? forbid : want->attributes_forbid & ~require;
    return ERR_OK;
}

static enum err
read_xfam(const json_t *j, uint64_t *out, struct why *why)
{
    struct slice s = slice_text(json_is_string(j) ? json_string_value(j) : "");
    struct slice digits = s;

    if (s.len > 2 && memcmp(s.ptr, "0x", 2) == 0) {
        digits = (struct slice){s.ptr + 2, s.len - 2};
    }
    if (!row_hex_number(digits, out)) {
        return why_add(why, ERR_MALFORMED,
                       "xfam: \"%s\", want a number in lower-case hex, like \"0x600e7\"",
                       text_show(s).text);
    }
    if ((*out & TDX_XFAM_FIXED1) != TDX_XFAM_FIXED1 || *out & ~TDX_XFAM_MAY) {
        return why_add(why, ERR_MALFORMED,
                       "xfam: no TD has 0x%" PRIx64 ": bits 0 and 1 are set, others within 0x%x",
                       *out, (unsigned)TDX_XFAM_MAY);
    }
    return ERR_OK;
}

static enum err
read_xfams(const json_t *list, struct holdings *h, struct tdx_expect *want, struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    if (list == NULL || row_says_ignore(list)) {
        return ERR_OK;
    }
    if (n == 0 || n > XFAMS_MAX) {
        return why_add(why, ERR_MALFORMED, "xfam: want \"ignore\" or a list of 1 to %d values",
                       XFAMS_MAX);
    }

    uint64_t *value = holdings_new(h, n, sizeof *value);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_xfam(json_array_get(list, i), &value[i], why);
    }
    want->xfam = value;
    want->xfam_n = n;
    return e;
}

/* The row's own values and those of a set must both hold. */
static enum err
read_golden(const struct members *m, struct evidence_row *row, struct why *why)
{
    struct tdx_expect *want = &row->want.tdx;

    TRY(row_tdx_golden(&m->golden, row->owned, &want->own, why));
    if (m->reference_set == NULL) {
        return ERR_OK;
    }
    want->golden_wanted = true;
    return row_reference_set(m->reference_set, row, why);
}

/* The TD, and the machine that it runs on. */
static enum err
read_td(const struct members *m, struct evidence_row *row, struct why *why)
{
    static const struct row_list PPID = {"ppid_allow", PPID_LEN, 0, ROW_CHIPS_MAX, false};
    struct tdx_expect *want = &row->want.tdx;

    TRY(read_attributes(m->attributes, want, why));
    TRY(read_xfams(m->xfam, row->owned, want, why));
    TRY(read_list(m->ppid, &PPID, row->owned, &want->ppid_allow, why));
    return read_golden(m, row, why);
}

enum err
row_tdx_read(json_t *obj, bool strict, struct evidence_row *row, struct why *why)
{
    struct members m = {.type = NULL};

    TRY(bind_row(obj, row, &m, &row->want.tdx, why));
    TRY(strict ? all_said(&m, row, why) : ERR_OK);
    TRY(read_levels(&m, strict, row, why));
    TRY(read_td(&m, row, why));
    return row_azure_quote(m.pcrs, m.values, row, why);
}
