/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tdx_qe_identity.c - any bytes as a QE identity as Intel's service delivers it, behind 32 bytes of SVNs: refused in words, or decoded
 * into levels that are sorted and of the input. */
#include "test/fuzz/tdx_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { SVNS = 32 };

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
    tcb.levels = 1; /* fits everybody */
    tcb.level[0] = (struct tdx_level){.status = TDX_CONFIGURATION_NEEDED};

    struct slice in = {data + SVNS, len - SVNS};
    enum err e = tdx_document_open(in, "enclaveIdentity", &object, signature, &why);

    if (e == ERR_OK) {
        also_for_jansson(object);
        check_signature(object, signature);
        e = tdx_qe_identity_decode(object, &qe, &why);
    }
    must((e == ERR_OK) == (why.n == 0));
    if (e == ERR_OK) {
        must(within(qe.id, object) && qe.levels > 0 && qe.levels <= TDX_LEVELS_MAX);
        check_levels(qe.level, qe.levels, object);
        evaluate(&tcb, &qe, data);
    }
    return 0;
}
