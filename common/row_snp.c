/* SPDX-License-Identifier: Apache-2.0 */
/* row_snp.c - the members of sev-snp and azure-sev-snp rows, and the compounds of their reference
 * sets; see row.h.  Golden values of what the host chooses are refused in a policy unless the
 * digest of a key stands beside them (AMD 56860, ID block). */
#include "attest/base/text.h"
#include "common/json.h"
#include "common/row_read.h"

enum {
    FIELD_MEASUREMENT,
    FIELD_HOST_DATA,
    FIELD_ID_KEY,
    FIELD_AUTHOR_KEY,
    FIELD_FAMILY_ID,
    FIELD_IMAGE_ID,
    TURIN_CHIP_LEN = 8,
    AZURE_MEMBERS = 2,
    TEXT_MAX = 32,
};

enum { TCB_MIN, TCB_MAX, TCB_LAUNCH, TCB_COMMITTED, TCB_BOUNDS };

static const struct {
    const char *name;
    size_t len; /* bytes */
} FIELDS[ROW_GOLDEN_FIELDS] = {
    {"measurement", SNP_MEASUREMENT_LEN},
    {"host_data", SNP_HOST_DATA_LEN},
    {"id_key", SNP_KEY_DIGEST_LEN},
    {"author_key", SNP_KEY_DIGEST_LEN},
    {"family_id", SNP_ID_LEN},
    {"image_id", SNP_ID_LEN},
};

const char *
row_golden_name(size_t i)
{
    return FIELDS[i].name;
}

static enum err
read_list(const json_t *j, const struct row_list *kind, struct holdings *h, struct snp_values *out,
          struct why *why)
{
    struct row_values v = {.n = 0};
    enum err e = row_values(j, kind, h, &v, why);

    *out = (struct snp_values){.wanted = v.wanted, .value = v.value, .n = v.n};
    return e;
}

/* A digest of zeros is that of no key, so it vouches for nothing. */
static bool
names_keys(const struct snp_values *v)
{
    bool zero = false;

    for (size_t i = 0; i < v->n; i++) {
        zero = zero || slice_zero(v->value[i]);
    }
    return v->wanted && !zero;
}

static enum err
refuse_unsigned(const struct snp_golden *g, struct why *why)
{
    const char *name = g->guest_svn_min >= 0 ? "guest_svn_min" : NULL;

    name = g->image_id.wanted ? "image_id" : name;
    name = g->family_id.wanted ? "family_id" : name;
    if (name == NULL || names_keys(&g->id_key) || names_keys(&g->author_key)) {
        return ERR_OK;
    }
    return why_add(why, ERR_DENIED,
                   "policy.unsigned_id: %s is the host's choice without id_key or author_key "
                   "beside it",
                   name);
}

enum err
row_snp_golden(const struct row_golden *in, bool strict, struct holdings *h, struct snp_golden *out,
               struct why *why)
{
    struct snp_values *const into[ROW_GOLDEN_FIELDS] = {
        [FIELD_MEASUREMENT] = &out->measurement, [FIELD_HOST_DATA] = &out->host_data,
        [FIELD_ID_KEY] = &out->id_key,           [FIELD_AUTHOR_KEY] = &out->author_key,
        [FIELD_FAMILY_ID] = &out->family_id,     [FIELD_IMAGE_ID] = &out->image_id,
    };
    enum err e = ERR_OK;

    for (size_t i = 0; i < ROW_GOLDEN_FIELDS && e == ERR_OK; i++) {
        const struct row_list kind = {FIELDS[i].name, FIELDS[i].len, 0, ROW_HEX_VALUES_MAX, false};

        e = read_list(in->field[i], &kind, h, into[i], why);
    }
    out->guest_svn_min = in->guest_svn_min;
    return e == ERR_OK && strict ? refuse_unsigned(out, why) : e;
}

/* The members of a row, bound and not yet read. */
struct members {
    const char *type, *reference_set, *firmware_min, *abi_min, *mit_mask, *crl, *pcrs;
    json_t *product, *policy, *platform_info, *tcb[TCB_BOUNDS];
    json_t *report_id, *chip_allow, *chip_deny, *csp_id, *values;
    struct row_golden golden;
    int64_t vmpl_max;
    bool allow_smt;
};

/* Golden fields are bound apart, by their table. */
static enum err
bind_row(json_t *obj, const struct evidence_row *row, struct members *m, struct snp_expect *want,
         struct why *why)
{
    const struct json_member known[] = {
        {"type", JK_TEXT, false, &m->type, 0, TEXT_MAX},
        {"reference_set", JK_TEXT, false, &m->reference_set, 0, ROW_REFERENCE_SET_MAX - 1},
        {"product", JK_ARRAY, false, &m->product, 0, SNP_PRODUCTS - 1},
        {"vmpl_max", JK_INT, false, &m->vmpl_max, 0, 3},
        {"allow_debug", JK_BOOL, false, &want->allow_debug, 0, 0},
        {"allow_provisional", JK_BOOL, false, &want->allow_provisional, 0, 0},
        {"allow_masked_chip", JK_BOOL, false, &want->allow_masked_chip, 0, 0},
        {"allow_smt", JK_BOOL, false, &m->allow_smt, 0, 0},
        {"policy", JK_OBJECT, false, &m->policy, 0, 0},
        {"platform_info", JK_OBJECT, false, &m->platform_info, 0, 0},
        {"tcb_min", JK_OBJECT, false, &m->tcb[TCB_MIN], 0, 0},
        {"tcb_max", JK_OBJECT, false, &m->tcb[TCB_MAX], 0, 0},
        {"tcb_launch_min", JK_OBJECT, false, &m->tcb[TCB_LAUNCH], 0, 0},
        {"tcb_committed_min", JK_OBJECT, false, &m->tcb[TCB_COMMITTED], 0, 0},
        {"firmware_min", JK_TEXT, false, &m->firmware_min, 0, TEXT_MAX},
        {"abi_min", JK_TEXT, false, &m->abi_min, 0, TEXT_MAX},
        {"mit_mask", JK_TEXT, false, &m->mit_mask, 0, TEXT_MAX},
        {"measurement", JK_ANY, false, &m->golden.field[FIELD_MEASUREMENT], 0, 0},
        {"host_data", JK_ANY, false, &m->golden.field[FIELD_HOST_DATA], 0, 0},
        {"id_key", JK_ANY, false, &m->golden.field[FIELD_ID_KEY], 0, 0},
        {"author_key", JK_ANY, false, &m->golden.field[FIELD_AUTHOR_KEY], 0, 0},
        {"family_id", JK_ANY, false, &m->golden.field[FIELD_FAMILY_ID], 0, 0},
        {"image_id", JK_ANY, false, &m->golden.field[FIELD_IMAGE_ID], 0, 0},
        {"guest_svn_min", JK_INT, false, &m->golden.guest_svn_min, 0, UINT32_MAX},
        {"report_id", JK_ANY, false, &m->report_id, 0, 0},
        {"chip_allow", JK_ANY, false, &m->chip_allow, 0, 0},
        {"chip_deny", JK_ANY, false, &m->chip_deny, 0, 0},
        {"csp_id", JK_ANY, false, &m->csp_id, 0, 0},
        {"crl", JK_TEXT, false, &m->crl, 0, TEXT_MAX},
        {"pcrs", JK_TEXT, false, &m->pcrs, 0, TPM_SELECT_TEXT},
        {"values", JK_ANY, false, &m->values, 0, 0},
    };
    bool azure = row->type == EVIDENCE_AZURE_SEV_SNP;
    size_t n = sizeof known / sizeof known[0] - (azure ? 0 : AZURE_MEMBERS);
    const char *what = azure ? "azure-sev-snp row" : "sev-snp row";

    return json_bind(obj, what, known, n, why);
}

/* What a policy must say, so that nobody approves by forgetting. */
static enum err
all_said(const struct members *m, const struct evidence_row *row, struct why *why)
{
    const char *type = evidence_name(row->type);

    if (m->product == NULL) {
        return why_add(why, ERR_MALFORMED,
                       "%s row: member \"product\" is missing, want a list of Milan, Genoa, Turin",
                       type);
    }
    for (size_t i = 0; i < ROW_GOLDEN_SAID && m->reference_set == NULL; i++) {
        if (m->golden.field[i] == NULL) {
            return why_add(why, ERR_MALFORMED,
                           "%s row: want \"%s\" (a list, or \"ignore\"), or a reference_set", type,
                           FIELDS[i].name);
        }
    }
    if (row->type == EVIDENCE_AZURE_SEV_SNP && m->values == NULL) {
        return why_add(why, ERR_MALFORMED,
                       "%s row: want \"values\" of the vTPM's PCRs (an object, or \"ignore\")",
                       type);
    }
    return ERR_OK;
}

static uint64_t
policy_bit(struct slice name)
{
    return snp_policy_bit(name);
}

static uint64_t
platform_bit(struct slice name)
{
    return snp_platform_bit(name);
}

/* A migration agent is forbidden unless it is asked for. */
static enum err
read_policy_bits(json_t *obj, struct snp_expect *want, struct why *why)
{
    static const struct row_bits POLICY = {"policy", policy_bit, SNP_POLICY_SMT | SNP_POLICY_DEBUG,
                                           false};
    uint64_t require = 0;
    uint64_t forbid = 0;

    TRY(row_bits(obj, &POLICY, &require, &forbid, why));
    want->policy_require = (unsigned)require;
    want->policy_forbid = (unsigned)forbid | (SNP_POLICY_MIGRATE_MA & ~(unsigned)require);
    return ERR_OK;
}

static enum err
read_platform_bits(json_t *obj, struct snp_expect *want, struct why *why)
{
    static const struct row_bits PLATFORM = {"platform_info", platform_bit, 0, false};
    uint64_t require = 0;
    uint64_t forbid = 0;

    TRY(row_bits(obj, &PLATFORM, &require, &forbid, why));
    want->platform_require = (unsigned)require;
    want->platform_forbid = (unsigned)forbid;
    return ERR_OK;
}

static enum err
read_bounds(const struct members *m, struct snp_expect *want, struct why *why)
{
    const struct {
        const char *name;
        struct snp_tcb_bound *into;
    } bounds[TCB_BOUNDS] = {
        [TCB_MIN] = {"tcb_min", &want->tcb_min},
        [TCB_MAX] = {"tcb_max", &want->tcb_max},
        [TCB_LAUNCH] = {"tcb_launch_min", &want->tcb_launch_min},
        [TCB_COMMITTED] = {"tcb_committed_min", &want->tcb_committed_min},
    };
    enum err e = ERR_OK;

    for (size_t i = 0; i < TCB_BOUNDS && e == ERR_OK; i++) {
        e = row_snp_tcb(m->tcb[i], bounds[i].name, want->products, bounds[i].into, why);
    }
    return e == ERR_OK ? row_snp_tcb_range(&want->tcb_min, &want->tcb_max, why) : e;
}

static enum err
read_versions(const struct members *m, struct snp_expect *want, struct why *why)
{
    TRY(row_snp_version(m->firmware_min, "firmware_min", 3, &want->firmware_min, why));
    TRY(row_snp_version(m->abi_min, "abi_min", 2, &want->abi_min, why));
    TRY(row_snp_mask(m->mit_mask, &want->mit_mask, why));
    return row_snp_crl(m->crl, &want->crl, why);
}

static enum err
read_csp_ids(const json_t *list, struct holdings *h, struct snp_expect *want, struct why *why)
{
    static const struct row_text_list KIND = {"csp_id", ROW_CSP_IDS_MAX, SNP_CSP_MAX - 1};
    struct row_names names = {.n = 0};

    if (list == NULL || row_says_ignore(list)) {
        return ERR_OK;
    }
    TRY(row_texts(list, &KIND, h, &names, why));
    want->csp_id = names.name;
    want->csp_id_n = names.n;
    return ERR_OK;
}

/* Which machine, and whose. */
static enum err
read_places(const struct members *m, struct evidence_row *row, struct why *why)
{
    static const struct row_list REPORT_ID = {"report_id", SNP_REPORT_ID_LEN, 0, ROW_HEX_VALUES_MAX,
                                              false};
    static const struct row_list ALLOW = {"chip_allow", SNP_CHIP_LEN, TURIN_CHIP_LEN, ROW_CHIPS_MAX,
                                          false};
    static const struct row_list DENY = {"chip_deny", SNP_CHIP_LEN, TURIN_CHIP_LEN, ROW_CHIPS_MAX,
                                         false};
    struct snp_expect *want = &row->want.snp;

    TRY(read_list(m->report_id, &REPORT_ID, row->owned, &want->report_id, why));
    TRY(read_list(m->chip_allow, &ALLOW, row->owned, &want->chip_allow, why));
    TRY(read_list(m->chip_deny, &DENY, row->owned, &want->chip_deny, why));
    return read_csp_ids(m->csp_id, row->owned, want, why);
}

/* The row's own values and those of a set must both hold. */
static enum err
read_golden(const struct members *m, bool strict, struct evidence_row *row, struct why *why)
{
    struct snp_expect *want = &row->want.snp;

    want->own.label = "policy";
    TRY(row_snp_golden(&m->golden, strict, row->owned, &want->own, why));
    if (m->reference_set == NULL) {
        return ERR_OK;
    }
    want->golden_wanted = true;
    return row_reference_set(m->reference_set, row, why);
}

static enum err
read_firmware(const struct members *m, struct snp_expect *want, struct why *why)
{
    bool any = m->product == NULL;

    TRY(any ? ERR_OK : row_snp_products(m->product, &want->products, why));
    TRY(read_policy_bits(m->policy, want, why));
    TRY(read_platform_bits(m->platform_info, want, why));
    TRY(read_bounds(m, want, why));
    return read_versions(m, want, why);
}

enum err
row_snp_read(json_t *obj, bool strict, struct evidence_row *row, struct why *why)
{
    struct snp_expect *want = &row->want.snp;
    struct members m = {.allow_smt = true, .golden = {.guest_svn_min = -1}};

    TRY(bind_row(obj, row, &m, want, why));
    TRY(strict ? all_said(&m, row, why) : ERR_OK);
    want->vmpl_max = (int)m.vmpl_max;
    want->smt_forbidden = !m.allow_smt;
    TRY(read_firmware(&m, want, why));
    TRY(read_golden(&m, strict, row, why));

    enum err e = read_places(&m, row, why);

    return e == ERR_OK ? row_azure_quote(m.pcrs, m.values, row, why) : e;
}
