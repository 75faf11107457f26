/* SPDX-License-Identifier: Apache-2.0 */
/* need.c - what to look up for a report, and what is expected when nobody says otherwise.
 *
 * Nothing of a report is believed here: the answer is a key for a search, of which the verdict later judges every part. */
#include <string.h>

#include "attest/snp/product.h"
#include "attest/snp/report.h"

static enum snp_vek_kind
kind_of(unsigned signing_key)
{
    switch (signing_key) {
    case 0: return SNP_VCEK;
    case 1: return SNP_VLEK;
    default: return SNP_VEK_NONE;
    }
}

enum err
snp_need_read(struct slice report, struct snp_need *out, struct why *why)
{
    struct snp_report r = {0};

    TRY(snp_report_decode(report, &r, why));
    *out = (struct snp_need){
        .product = snp_report_product(&r),
        .kind = kind_of(r.signing_key),
        .chip_masked = slice_zero(r.chip),
    };
    memcpy(out->chip, r.chip.ptr, sizeof out->chip);
    memcpy(out->tcb_raw, r.reported, sizeof out->tcb_raw);
    out->tcb = snp_tcb_of(out->product, r.reported);
    return ERR_OK;
}

void
snp_expect_default(struct snp_expect *want)
{
    *want = (struct snp_expect){
        .policy_forbid = SNP_POLICY_MIGRATE_MA,
        .own = {.guest_svn_min = -1},
    };
}
