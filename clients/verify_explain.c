/* SPDX-License-Identifier: Apache-2.0 */
/* verify_explain.c - an SEV-SNP report field by field, for a person; see verify.h.  What a refused
 * report says is shown as what it is: the word of nobody. */
#include "attest/snp/appraise.h"
#include "clients/claims_say.h"
#include "clients/say.h"
#include "clients/verify.h"
#include "common/json.h"
#include "common/snp_claims.h"

/* Claims of a report that nobody vouches for; NULL when there is none that can be read. */
static json_t *
unproven(const struct evidence *ev)
{
    struct snp_claims claims = {0};
    struct snp_report r = {0};
    struct azure_hcl hcl = {0};
    struct why why = {0};
    struct slice report = ev->snp.report;

    if (ev->hcl.len > 0 && azure_hcl_decode(ev->hcl, &hcl, &why) == ERR_OK &&
        hcl.hardware == AZURE_HW_SNP) {
        report = hcl.report;
    }
    if (snp_report_decode(report, &r, &why) != ERR_OK) {
        return NULL;
    }
    claims.product = r.has_cpuid ? snp_report_product(&r) : ev->snp.product;
    snp_claim_report(&r, claims.product, &claims);

    json_t *o = snp_claims_json(&claims);

    /* What the report alone does not say: who signed it, and its levels before the product is known. */
    (void)json_object_del(o, "kind");
    (void)json_object_del(o, "csp_id");
    (void)json_object_del(o, "crl_checked");
    (void)json_object_del(o, "reference_value");
    if (claims.product == SNP_PRODUCT_NONE) {
        (void)json_object_del(o, "product");
        (void)json_object_del(o, "tcb");
    }
    return o;
}

void
verify_explain(const struct appraisal *a, const struct evidence *ev)
{
    AUTO(json_free) json_t *o = NULL;
    bool accepted = verdict_judge(&a->verdict) == JUDGE_ACCEPT;
    bool chain = accepted && a->snp.version == 0;

    if (chain) {
        o = snp_chain_claims_json(&a->snp);
    } else {
        o = accepted ? snp_claims_json(&a->snp) : unproven(ev);
    }
    if (o == NULL) {
        return;
    }
    if (chain) {
        say("\nThe certificate says:");
    } else {
        say("\nThe report says%s:", accepted ? "" : ", and nobody vouches for it");
    }
    claims_say(o);
}
