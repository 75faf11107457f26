/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tdx_tcb_info.c - any bytes as a tcbInfo as Intel's service delivers it, behind 32 bytes of SVNs: refused in words, or decoded into
 * levels that are sorted and of the input, and evaluated within bounds. */
#include "test/fuzz/tdx_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { SVNS = 32 };

static int
order(const struct tdx_level *a, const struct tdx_level *b)
{
    int sgx = memcmp(a->sgx, b->sgx, sizeof a->sgx);
    int pce = (a->pcesvn > b->pcesvn) - (a->pcesvn < b->pcesvn);

    return sgx != 0 ? sgx : pce != 0 ? pce : memcmp(a->tdx, b->tdx, sizeof a->tdx);
}

static void
check(const struct tdx_tcb_info *t, struct slice in)
{
    must(t->levels <= TDX_LEVELS_MAX && t->modules <= TDX_MODULES_MAX && within(t->id, in));
    must(t->levels == 0 || (slice_same(t->id, slice_text("TDX")) && t->version == 3));
    must(within(t->sgx_names, in) && within(t->tdx_names, in));
    for (size_t i = 0; i < t->levels; i++) {
        check_level(&t->level[i], in);
        must(i == 0 || order(&t->level[i - 1], &t->level[i]) > 0);
    }
    for (size_t i = 0; i < t->modules; i++) {
        const struct tdx_module *m = &t->module[i];

        must(within(m->id, in) && m->levels > 0 && m->levels <= TDX_MODULE_LEVELS_MAX);
        check_levels(m->level, m->levels, in);
        for (size_t k = 0; k < i; k++) {
            must(!tdx_same_id(m->id, t->module[k].id));
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct tdx_tcb_info tcb;
    static struct tdx_qe_identity qe;
    uint8_t signature[64];
    struct slice object = {0};
    struct why why = {0};

    if (len < SVNS) {
        return 0;
    }
    qe.levels = 1;
    qe.level[0] = (struct tdx_level){.status = TDX_UP_TO_DATE};

    struct slice in = {data + SVNS, len - SVNS};
    enum err e = tdx_document_open(in, "tcbInfo", &object, signature, &why);

    if (e == ERR_OK) {
        must(within(object, in) && object.len >= 2);
        also_for_jansson(object);
        check_signature(object, signature);
        e = tdx_tcb_info_decode(object, &tcb, &why);
    }
    must((e == ERR_OK) == (why.n == 0));
    if (e == ERR_OK) {
        check(&tcb, object);
        evaluate(&tcb, &qe, data);
    }
    return 0;
}
