/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_snp_report.c - any bytes as an ATTESTATION_REPORT: decoded or refused by its length alone, and never accepted, whatever the
 * policy allows, by a key that signed nothing.  A byte in front says what is known and allowed. */
#include <assert.h>
#include <string.h>

#include "attest/attest.h"
#include "attest/snp/report.h"

enum { ALL_BITS = 0xff };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The base point of P-384: nobody has signed with the key 1. */
static const uint8_t X[48] = {
    0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37, 0x8e, 0xb1, 0xc7, 0x1e, 0xf3, 0x20, 0xad, 0x74,
    0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98, 0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38,
    0x55, 0x02, 0xf2, 0x5d, 0xbf, 0x55, 0x29, 0x6c, 0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7};
static const uint8_t Y[48] = {
    0x36, 0x17, 0xde, 0x4a, 0x96, 0x26, 0x2c, 0x6f, 0x5d, 0x9e, 0x98, 0xbf, 0x92, 0x92, 0xdc, 0x29,
    0xf8, 0xf4, 0x1d, 0xbd, 0x28, 0x9a, 0x14, 0x7c, 0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0,
    0x0a, 0x60, 0xb1, 0xce, 0x1d, 0x7e, 0x81, 0x9d, 0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f};

static bool
within(struct slice inner, struct slice outer)
{
    return inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len;
}

static void
decode(struct slice in)
{
    struct snp_report r = {0};
    struct snp_need need = {0};
    struct why why = {0};
    enum err e = snp_report_decode(in, &r, &why);

    assert((e == ERR_OK) == (in.len == SNP_REPORT_LEN));
    assert(snp_need_read(in, &need, &why) == e);
    if (e != ERR_OK) {
        assert(e == ERR_MALFORMED && why.n > 0);
        return;
    }
    assert(within(r.chip, in) && within(r.report_id_ma, in) && within(r.signed_part, in));
    assert(r.reserved_at < SNP_REPORT_LEN && (r.reserved_at < 0 || in.ptr[r.reserved_at] != 0));
    assert(need.product == snp_report_product(&r) && r.signing_key < 8);
}

/* A key for whatever the report says of itself. */
static void
certify(struct slice in, struct snp_vek *vek)
{
    struct snp_need need = {0};
    struct why why = {0};
    enum err e = sig_key_ec(CURVE_P384, (struct slice){X, sizeof X}, (struct slice){Y, sizeof Y},
                            &vek->key, &why);

    assert(e == ERR_OK);
    (void)e;
    if (snp_need_read(in, &need, &why) != ERR_OK) {
        return;
    }
    vek->product = need.product == SNP_PRODUCT_NONE ? SNP_TURIN : need.product;
    vek->kind = need.kind;
    vek->tcb = snp_tcb_of(vek->product, need.tcb_raw);
    vek->hwid_len = vek->product == SNP_TURIN ? 8 : SNP_CHIP_LEN;
    memcpy(vek->hwid, need.chip, sizeof vek->hwid);
}

static void
appraise(struct slice in, uint8_t allowed)
{
    static struct appraisal out;
    struct snp_vek vek = {.not_after = INT64_MAX};
    struct evidence ev = {.type = EVIDENCE_SEV_SNP, .snp = {.report = in}};
    struct expectation want = {0};
    struct trust trust = {0};
    const struct snp_ca ca = {.present = true, .cn = "fuzz", .not_after = INT64_MAX};

    certify(in, &vek);
    for (size_t i = 0; i < SNP_PRODUCTS - 1; i++) {
        trust.snp.product[i].ark = ca;
        trust.snp.product[i].ask = ca;
        trust.snp.product[i].asvk = ca;
    }
    snp_expect_default(&want.snp);
    want.snp.allow_debug = allowed & 1;
    want.snp.allow_provisional = allowed & 2;
    want.snp.allow_masked_chip = allowed & 4;
    want.snp.vmpl_max = allowed >> 3 & 3;
    want.snp.policy_require = allowed & 32 ? ALL_BITS : 0;
    want.snp.platform_forbid = allowed & 64 ? ALL_BITS : 0;
    want.snp.mit_mask = allowed >> 7;
    ev.snp.known = &vek;
    attest_verify(&ev, &want, &trust, 1, &out);
    assert(verdict_judge(&out.verdict) != JUDGE_ACCEPT);
    assert(out.snp.version == 0);
    sig_key_done(&vek.key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 0) {
        const struct slice in = {data + 1, len - 1};

        decode(in);
        appraise(in, data[0]);
    }
    return 0;
}
