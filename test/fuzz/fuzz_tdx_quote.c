/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tdx_quote.c - any bytes as a quote: decoded into slices of the input or refused in words, and never accepted under a root that nobody
 * has the key of, whatever the policy allows: as bytes, and as the quote of a platform that is known by its own QE report. */
#include "attest/attest.h"
#include "attest/tdx/quote.h"
#include "test/fuzz/tdx_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_slices(const struct tdx_quote *q, struct slice in)
{
    must(q->stage == TDX_STAGE_DONE && tdx_header_ours(&q->header));
    must(within(q->signed_part, in) && q->signed_part.ptr == in.ptr);
    must(within(q->ak, in) && q->ak.len == 64 && within(q->signature, in));
    must(within(q->chain, q->certification) && within(q->qe_auth, q->certification));
    must(within(q->certification, in) && q->qe_report.len == TDX_QE_REPORT_LEN);
    must(q->body.size == (q->body.type == TDX_BODY_15 ? 648 : 584));
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        struct slice field = tdx_body_field(&q->body, i);

        must(within(field, q->signed_part));
        must(field.len == TDX_MR_LEN || (i == TDX_MRSERVICETD && q->body.type == TDX_BODY_10));
    }
}

/* Everything is allowed that a policy can allow. */
static void
appraise(struct slice in, const struct tdx_platform *known)
{
    static struct tdx_collateral_facts room;
    static struct appraisal out;
    const struct tdx_collateral none = {0};
    struct evidence ev = {.type = EVIDENCE_TDX,
                          .tdx = {.quote = in, .known = known, .room = &room}};
    struct expectation want = {0};
    struct trust trust = {0};

    tdx_expect_default(&want.tdx);
    want.tdx.statuses = ~0U;
    want.tdx.allow_debug = true;
    want.tdx.attributes_require = 0;
    trust.tdx = *nobody();
    ev.tdx.collateral = known == NULL ? &none : NULL;
    attest_verify(&ev, &want, &trust, 1800000000, &out);
    must(verdict_judge(&out.verdict) != JUDGE_ACCEPT && !out.tdx.verified);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    struct tdx_platform known = {0};
    struct tdx_quote q;
    struct tdx_need need;
    uint8_t key[SHA256_LEN];
    struct why why = {0};
    enum err e = tdx_quote_decode(in, &q, &why);

    must(tdx_platform_key(in, key, &why) == e);
    appraise(in, NULL);
    if (e != ERR_OK) {
        must((e == ERR_MALFORMED || e == ERR_DENIED) && why.n > 0);
        must(tdx_need_read(in, &need, &why) == e);
        return 0;
    }
    check_slices(&q, in);
    must(tdx_need_read(in, &need, &why) != ERR_OK || need.ca != TDX_CA_NONE);
    must(tdx_platform_open(in, nobody(), &known, &why) == ERR_DENIED);
    memcpy(known.qe_report, q.qe_report.ptr, q.qe_report.len);
    known.ak = nobody()->key;
    appraise(in, &known);
    return 0;
}
