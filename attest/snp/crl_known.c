/* SPDX-License-Identifier: Apache-2.0 */
/* crl_known.c - what a CRL comes to for one intermediate, so that a verifier need not verify it for each report; see snp.h. */
#include <string.h>

#include "attest/snp/ca.h"
#include "attest/snp/crl.h"

enum err
snp_crl_keep(struct slice crl, const struct snp_anchors *anchors, enum snp_product product,
             enum snp_vek_kind kind, struct snp_crl_known *out, struct why *why)
{
    enum snp_role role = kind == SNP_VLEK ? SNP_ROLE_ASVK : SNP_ROLE_ASK;
    const struct snp_ca *ark = snp_ca_find(anchors, product, SNP_ROLE_ARK);
    const struct snp_ca *ca = snp_ca_find(anchors, product, role);
    struct snp_crl_known got = {.product = product};
    struct snp_crl_facts facts = {0};

    if (ark == NULL || ca == NULL || kind == SNP_VEK_NONE) {
        return why_add(why, ERR_DENIED, "no intermediate for a %s of %s is trusted",
                       snp_vek_kind_name(kind), snp_product_name(product));
    }
    TRY(snp_crl_open(crl, ark, &got.this_update, &got.next_update, why));
    got.serial_len = ca->serial_len;
    memcpy(got.serial, ca->serial, sizeof got.serial);
    snp_crl_judge(crl, ark, (struct slice){ca->serial, ca->serial_len}, &facts);
    got.revoked = facts.revoked;
    got.revoked_since = facts.revoked_since;
    *out = got;
    return ERR_OK;
}
