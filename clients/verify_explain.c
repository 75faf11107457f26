/* SPDX-License-Identifier: Apache-2.0 */
/* verify_explain.c - an SEV-SNP report field by field, for a person; see verify.h.  What a refused
 * report says is shown as what it is: the word of nobody. */
#include <stdio.h>
#include <string.h>

#include "attest/snp/appraise.h"
#include "clients/say.h"
#include "clients/verify.h"
#include "common/json.h"
#include "common/snp_claims.h"

enum { LINE = 320, PATH = 64 };

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

/* One value in few words. */
static void
value_text(const json_t *j, char dst[LINE])
{
    if (json_is_string(j)) {
        (void)snprintf(dst, LINE, "%s", json_string_value(j));
    } else if (json_is_integer(j)) {
        (void)snprintf(dst, LINE, "%lld", (long long)json_integer_value(j));
    } else if (json_is_boolean(j)) {
        (void)snprintf(dst, LINE, "%s", json_is_true(j) ? "yes" : "no");
    } else {
        (void)snprintf(dst, LINE, "-");
    }
}

static void
append(char dst[LINE], const char *text)
{
    size_t len = strlen(dst);

    (void)snprintf(dst + len, LINE - len, "%s%s", len > 0 ? ", " : "", text);
}

/* Names of bits, and levels with their names, on one line. */
static void
list_text(json_t *j, char dst[LINE])
{
    char value[LINE];
    char named[LINE + PATH];

    dst[0] = '\0';
    for (size_t i = 0; i < json_array_size(j); i++) {
        append(dst, json_string_value(json_array_get(j, i)));
    }
    for (void *it = json_object_iter(j); it != NULL; it = json_object_iter_next(j, it)) {
        value_text(json_object_iter_value(it), value);
        (void)snprintf(named, sizeof named, "%s %s", json_object_iter_key(it), value);
        append(dst, named);
    }
    if (dst[0] == '\0') {
        (void)snprintf(dst, LINE, "none");
    }
}

static void
field_say(const char *outer, const char *name, json_t *j)
{
    char path[PATH];
    char text[LINE];

    (void)snprintf(path, sizeof path, "%s%s%s", outer, outer[0] != '\0' ? "." : "", name);
    if (json_is_array(j) || json_is_object(j)) {
        list_text(j, text);
    } else {
        value_text(j, text);
    }
    say("  %-20s  %s", path, text);
}

/* An object of objects and lists is told member by member. */
static bool
is_group(json_t *j)
{
    bool group = false;

    for (void *it = json_object_iter(j); it != NULL; it = json_object_iter_next(j, it)) {
        group = group || !json_is_integer(json_object_iter_value(it));
    }
    return group;
}

static void
group_say(const char *name, json_t *j)
{
    for (void *it = json_object_iter(j); it != NULL; it = json_object_iter_next(j, it)) {
        field_say(name, json_object_iter_key(it), json_object_iter_value(it));
    }
}

static void
claims_say(json_t *o)
{
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        json_t *j = json_object_iter_value(it);

        if (is_group(j)) {
            group_say(json_object_iter_key(it), j);
        } else {
            field_say("", json_object_iter_key(it), j);
        }
    }
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
