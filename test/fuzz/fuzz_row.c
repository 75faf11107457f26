/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_row.c - any JSON as a policy row, as a partial row and as a reference set: whatever is
 * accepted keeps what later code relies on. */
#include <assert.h>

#include "common/json.h"
#include "common/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
values_hold(const struct snp_values *v, size_t len)
{
    assert(v->wanted == (v->n > 0));
    for (size_t i = 0; i < v->n; i++) {
        assert(v->value[i].len == len);
    }
}

static void
golden_holds(const struct snp_golden *g, bool strict)
{
    values_hold(&g->measurement, SNP_MEASUREMENT_LEN);
    values_hold(&g->host_data, SNP_HOST_DATA_LEN);
    values_hold(&g->id_key, SNP_KEY_DIGEST_LEN);
    values_hold(&g->author_key, SNP_KEY_DIGEST_LEN);
    values_hold(&g->family_id, SNP_ID_LEN);
    values_hold(&g->image_id, SNP_ID_LEN);
    assert(g->guest_svn_min >= -1 && g->guest_svn_min <= UINT32_MAX);

    bool ids = g->family_id.wanted || g->image_id.wanted || g->guest_svn_min >= 0;

    assert(!strict || !ids || g->id_key.wanted || g->author_key.wanted);
}

static void
snp_holds(const struct evidence_row *row, bool strict)
{
    const struct snp_expect *want = &row->want.snp;
    unsigned all = 1U << SNP_MILAN | 1U << SNP_GENOA | 1U << SNP_TURIN;

    assert((want->products & ~all) == 0 && (!strict || want->products != 0));
    assert(want->vmpl_max >= 0 && want->vmpl_max <= 3);
    assert((want->policy_require & want->policy_forbid) == 0);
    assert((want->policy_require | want->policy_forbid) & SNP_POLICY_MIGRATE_MA);
    assert((want->platform_require & want->platform_forbid) == 0);
    assert(((want->platform_require | want->platform_forbid) & ~(unsigned)SNP_PLATFORM_KNOWN) == 0);
    assert(want->firmware_min < 1U << 24 && want->abi_min < 1U << 16);
    assert(want->golden_wanted == (row->reference_set[0] != '\0') && want->golden_n == 0);
    golden_holds(&want->own, strict);
    values_hold(&want->report_id, SNP_REPORT_ID_LEN);
    values_hold(&want->chip_allow, SNP_CHIP_LEN);
    values_hold(&want->chip_deny, SNP_CHIP_LEN);
    for (size_t i = 0; i < want->csp_id_n; i++) {
        assert(want->csp_id[i].len > 0 && want->csp_id[i].len < SNP_CSP_MAX);
    }
}

static void
td_golden_holds(const struct tdx_golden *g)
{
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        const struct tdx_values *v = &g->field[i];
        const struct snp_values same = {.wanted = v->wanted, .value = v->value, .n = v->n};

        values_hold(&same, TDX_MR_LEN);
    }
}

static void
tdx_holds(const struct evidence_row *row, bool strict)
{
    const struct tdx_expect *want = &row->want.tdx;
    unsigned all = (1U << (TDX_REVOKED + 1)) - (1U << TDX_UP_TO_DATE);

    assert(want->statuses != 0 && (want->statuses & ~all) == 0);
    assert(!strict || !(want->statuses & 1U << TDX_REVOKED));
    assert(want->grace_s >= 0 && want->grace_s <= ROW_GRACE_MAX_S);
    assert((want->attributes_require & want->attributes_forbid) == 0);
    assert(want->allow_debug || !(want->attributes_require & 1));
    for (size_t i = 0; i < want->xfam_n; i++) {
        assert((want->xfam[i] & TDX_XFAM_FIXED1) == TDX_XFAM_FIXED1);
        assert(!(want->xfam[i] & ~TDX_XFAM_MAY));
    }
    for (size_t i = 0; i < want->advisory_deny_n; i++) {
        assert(want->advisory_deny[i].len == sizeof "INTEL-SA-00960" - 1);
    }
    assert(want->golden_wanted == (row->reference_set[0] != '\0') && want->golden_n == 0);
    assert(!want->ccel_wanted || row->type == EVIDENCE_TDX);
    td_golden_holds(&want->own);
}

static bool
is_azure(enum evidence_type type)
{
    return type == EVIDENCE_AZURE_SEV_SNP || type == EVIDENCE_AZURE_TDX;
}

static void
row_holds(const struct evidence_row *row, bool strict)
{
    const struct tpm_expect *tpm = &row->want.tpm;

    assert(tpm->ak_trust_allowed != AK_TRUST_NONE);
    if (row->type == EVIDENCE_TPM2) {
        assert(tpm->golden_wanted == (row->reference_set[0] != '\0' || tpm->golden_n > 0));
        return;
    }
    if (row->type == EVIDENCE_TDX || row->type == EVIDENCE_AZURE_TDX) {
        tdx_holds(row, strict);
    } else {
        assert(row->type == EVIDENCE_SEV_SNP || row->type == EVIDENCE_AZURE_SEV_SNP);
        snp_holds(row, strict);
    }
    assert(tpm->golden_wanted == (tpm->golden_n > 0));
    if (is_azure(row->type)) {
        assert(tpm->ak_trust_allowed == AK_TRUST_TEE_EVIDENCE);
    } else {
        assert(!tpm->golden_wanted && tpm->select_n == 0);
    }
}

static void
as_row(json_t *j)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    if (evidence_row_read(j, &row, &why) != ERR_OK) {
        assert(why.n > 0 && row == NULL);
        return;
    }
    row_holds(row, true);
}

static void
as_partial_row(json_t *j, enum evidence_type type)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    if (evidence_row_read_partial(j, type, &row, &why) != ERR_OK) {
        assert(why.n > 0 && row == NULL);
        return;
    }
    assert(row->type == type);
    row_holds(row, false);
}

static bool
some_td_field(const struct tdx_golden *g)
{
    bool any = false;

    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        any = any || (i != TDX_MRSEAM && g->field[i].wanted);
    }
    return any;
}

static void
entry_holds(const struct reference_entry *e, enum evidence_type type)
{
    const struct snp_golden *g = &e->snp_golden;
    bool snp =
        g->measurement.wanted || g->host_data.wanted || g->id_key.wanted || g->author_key.wanted;

    assert(type == EVIDENCE_TPM2 || type == EVIDENCE_SEV_SNP || type == EVIDENCE_TDX);
    assert(e->label[0] != '\0');
    assert(e->golden.n <= (type == EVIDENCE_TPM2 ? (size_t)TPM_GOLDEN_MAX : 0));
    golden_holds(g, true);
    td_golden_holds(&e->tdx_golden);
    assert(snp == (type == EVIDENCE_SEV_SNP));
    assert(some_td_field(&e->tdx_golden) == (type == EVIDENCE_TDX));
}

static void
as_set(json_t *j)
{
    AUTO(reference_set_free) struct reference_set *set = NULL;
    struct why why = {0};

    if (reference_set_read(j, &set, &why) != ERR_OK) {
        assert(why.n > 0 && set == NULL);
        return;
    }
    assert(set->n > 0 && set->id[0] != '\0');
    for (size_t i = 0; i < set->n; i++) {
        entry_holds(&set->entry[i], set->type);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(json_free) json_t *j = NULL;
    struct why why = {0};

    if (json_read((struct slice){data, len}, &j, &why) == ERR_OK) {
        as_row(j);
        as_partial_row(j, EVIDENCE_TPM2);
        as_partial_row(j, EVIDENCE_SEV_SNP);
        as_partial_row(j, EVIDENCE_AZURE_SEV_SNP);
        as_partial_row(j, EVIDENCE_TDX);
        as_partial_row(j, EVIDENCE_AZURE_TDX);
        as_set(j);
    }
    return 0;
}
