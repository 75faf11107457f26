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
row_holds(const struct evidence_row *row, bool strict)
{
    const struct tpm_expect *tpm = &row->want.tpm;

    assert(tpm->ak_trust_allowed != AK_TRUST_NONE);
    if (row->type == EVIDENCE_TPM2) {
        assert(tpm->golden_wanted == (row->reference_set[0] != '\0' || tpm->golden_n > 0));
        return;
    }
    assert(row->type == EVIDENCE_SEV_SNP || row->type == EVIDENCE_AZURE_SEV_SNP);
    snp_holds(row, strict);
    assert(tpm->golden_wanted == (tpm->golden_n > 0));
    if (row->type == EVIDENCE_AZURE_SEV_SNP) {
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

static void
entry_holds(const struct reference_entry *e, enum evidence_type type)
{
    const struct snp_golden *g = &e->snp_golden;

    assert(e->label[0] != '\0');
    assert(e->golden.n <= TPM_GOLDEN_MAX);
    assert(type == EVIDENCE_TPM2 || (type == EVIDENCE_SEV_SNP && e->golden.n == 0));
    golden_holds(g, true);
    assert(type == EVIDENCE_TPM2 || g->measurement.wanted || g->host_data.wanted ||
           g->id_key.wanted || g->author_key.wanted);
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
        as_set(j);
    }
    return 0;
}
