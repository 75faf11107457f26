/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_document.h - what the fuzzers of Intel's two documents ask of both: signed by nobody, times and texts out of the input, and evaluated
 * into a result that keeps its bounds. */
#ifndef TEST_FUZZ_TDX_DOCUMENT_H
#define TEST_FUZZ_TDX_DOCUMENT_H

#include <jansson.h>

#include "attest/tdx/document.h"
#include "attest/tdx/evaluate.h"
#include "test/fuzz/tdx_trust.h"

/* A parser that refuses duplicates itself takes what we take; numbers beyond its integers are nobody's here. */
static inline void
also_for_jansson(struct slice object)
{
    json_t *o = json_loadb((const char *)object.ptr, object.len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);

    must(json_is_object(o));
    json_decref(o);
}

static inline void
check_level(const struct tdx_level *l, struct slice in)
{
    must(within(l->status_text, in) && within(l->advisories, in));
    must(l->status >= TDX_UP_TO_DATE && l->status != TDX_NOT_SUPPORTED);
    must(l->status != TDX_RELAUNCH_ADVISED &&
         l->status != TDX_RELAUNCH_ADVISED_CONFIGURATION_NEEDED);
}

/* Levels by ISVSVN: each less than the one before. */
static inline void
check_levels(const struct tdx_level *l, size_t n, struct slice in)
{
    for (size_t i = 0; i < n; i++) {
        check_level(&l[i], in);
        must(i == 0 || l[i].isvsvn < l[i - 1].isvsvn);
    }
}

static inline void
check_missed(const struct tdx_tcb_result *r)
{
    must(r->missed_n <= TDX_MISSED_MAX && r->missed_n <= r->missed_in_all);
    for (size_t i = 0; i < r->missed_n; i++) {
        must(r->missed[i].shortfalls > 0 && r->missed[i].shortfalls <= TDX_SHORTFALLS_MAX);
        for (size_t k = 0; k < r->missed[i].shortfalls; k++) {
            const struct tdx_shortfall *s = &r->missed[i].shortfall[k];

            must(s->have < s->need && memchr(s->what, 0, sizeof s->what) != NULL);
        }
    }
}

static inline void
check_result(const struct tdx_tcb_result *r)
{
    must(r->status != TDX_STATUS_NONE && r->status != TDX_STATUS_UNKNOWN);
    must(r->platform != TDX_STATUS_NONE && r->qe != TDX_STATUS_NONE);
    must(r->status == TDX_NOT_SUPPORTED || r->platform != TDX_NOT_SUPPORTED);
    must(tdx_severity(r->status) >= TDX_RELAUNCH_ADVISED || r->qe == TDX_UP_TO_DATE);
    must(r->advisories <= TDX_ADVISORIES_MAX);
    for (size_t i = 0; i < r->advisories; i++) {
        must(memchr(r->advisory[i], 0, TDX_ADVISORY_TEXT) != NULL);
        must(i == 0 || strcmp(r->advisory[i - 1], r->advisory[i]) < 0);
    }
    check_missed(r);
}

/* SVNs out of the input's first bytes. */
static inline void
evaluate(const struct tdx_tcb_info *tcb, const struct tdx_qe_identity *qe, const uint8_t svn[32])
{
    static struct tdx_tcb_result r;
    struct tdx_svns s = {.component = svn,
                         .pcesvn = svn[16],
                         .tee_tcb_svn = {svn + 8, TDX_COMPONENTS},
                         .tee_tcb_svn2 = {svn + 16, svn[31] & 1 ? TDX_COMPONENTS : 0},
                         .qe_isvsvn = svn[17]};

    tdx_evaluate(tcb, qe, &s, &r);
    check_result(&r);
    must((r.launch == TDX_STATUS_NONE) == (s.tee_tcb_svn2.len == 0));
}

/* Nobody has signed it. */
static inline void
check_signature(struct slice object, const uint8_t signature[64])
{
    struct tdx_signer signer = {.part = {.given = true, .err = ERR_OK}};
    struct tdx_document_facts f = {0};

    signer.chain.cert[0].key = nobody()->key;
    signer.chain.cert[0].x.serial = signer.chain.cert[1].x.serial = slice_text("1");
    tdx_document_judge(object, signature, &signer, &f);
    must(!f.signature_ok && f.signer_serial_len == 1);
}

#endif
