/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_row.c - any JSON as a policy row and as a reference set. */
#include <assert.h>

#include "common/json.h"
#include "common/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
as_row(json_t *j)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    if (evidence_row_read(j, &row, &why) != ERR_OK) {
        assert(why.n > 0 && row == NULL);
        return;
    }
    assert(row->type == EVIDENCE_TPM2);
    assert(row->want.tpm.ak_trust_allowed != AK_TRUST_NONE);
    assert(row->want.tpm.golden_wanted ==
           (row->reference_set[0] != '\0' || row->want.tpm.golden_n > 0));
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
        assert(set->entry[i].label[0] != '\0');
        assert(set->entry[i].golden.n <= TPM_GOLDEN_MAX);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(json_free) json_t *j = NULL;
    struct why why = {0};

    if (json_read((struct slice){data, len}, &j, &why) == ERR_OK) {
        as_row(j);
        as_set(j);
    }
    return 0;
}
