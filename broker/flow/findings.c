/* SPDX-License-Identifier: Apache-2.0 */
/* findings.c - an appraisal as text: findings for the ledger, ids for the guest, submods for the EAR.
 *
 * Source: draft-ietf-rats-ar4si (trustworthiness vector), EAR as deployed (ear.status and so on). */
#include "broker/flow/appraise.h"

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

enum { TIER_AFFIRMING = 2, TIER_CONTRAINDICATED = 96 };

static json_t *
finding_json(enum evidence_type type, const struct finding *f)
{
    json_t *o = json_object();

    (void)json_object_set_new(o, "evidence", json_string(evidence_name(type)));
    (void)json_object_set_new(o, "id", json_string(f->id));
    (void)json_object_set_new(o, "spec", json_string(f->spec));
    (void)json_object_set_new(o, "outcome", json_string(outcome_name(f->outcome)));
    (void)json_object_set_new(o, "seen", json_string(f->seen));
    (void)json_object_set_new(o, "wanted", json_string(f->wanted));
    return o;
}

char *
appraised_findings(const struct appraised *a)
{
    AUTO(json_free) json_t *all = json_array();

    for (size_t i = 0; i < a->pieces; i++) {
        const struct verdict *v = &a->piece[i]->verdict;

        for (size_t k = 0; k < v->n; k++) {
            (void)json_array_append_new(all, finding_json(a->type[i], &v->finding[k]));
        }
    }
    return json_text(all);
}

static bool
counts_against(enum outcome o)
{
    return o == OUTCOME_FAIL || o == OUTCOME_UNABLE || o == OUTCOME_MALFORMED;
}

static void
add_failed(const struct verdict *v, struct wr *w)
{
    for (size_t k = 0; k < v->n; k++) {
        const struct finding *f = &v->finding[k];

        if (counts_against(f->outcome) && w->len + strlen(f->id) + 2 <= w->cap) {
            wr_fmt(w, "%s%s", w->len > 0 ? " " : "", f->id);
        }
    }
}

void
appraised_failed(const struct appraised *a, char *dst, size_t cap)
{
    struct wr w = wr_init((uint8_t *)dst, cap - 1, "failed");

    for (size_t i = 0; i < a->pieces; i++) {
        add_failed(&a->piece[i]->verdict, &w);
    }
    dst[w.len] = '\0';
}

/* instance-identity, configuration, executables, hardware: what a TPM quote speaks about.  Runtime and storage it does not. */
static json_t *
vector_of(const struct appraised *a, const struct tpm_claims *t, bool golden)
{
    bool good = a->judgement == JUDGE_ACCEPT;
    json_t *v = json_object();

    (void)json_object_set_new(v, "instance-identity",
                              json_integer(good && t->ak_trust != AK_TRUST_NONE ? 2 : 97));
    (void)json_object_set_new(v, "executables",
                              json_integer(!good    ? TIER_CONTRAINDICATED
                                           : golden ? 2
                                                    : 0));
    (void)json_object_set_new(v, "hardware", json_integer(good ? 2 : 97));
    return v;
}

static json_t *
tpm_evidence_json(const struct tpm_claims *t)
{
    char name[2 * TPM_NAME_MAX + 1];
    char firmware[20];
    json_t *o = json_object();

    hex_encode((struct slice){t->ak_name, t->ak_name_len}, name);
    (void)snprintf(firmware, sizeof firmware, "%016llx", (unsigned long long)t->firmware_version);
    (void)json_object_set_new(o, "ak_name", json_string(name));
    (void)json_object_set_new(o, "ak_trust", json_string(tpm_ak_trust_name(t->ak_trust)));
    (void)json_object_set_new(o, "hierarchy", json_string(tpm_hierarchy_name(t->hierarchy)));
    (void)json_object_set_new(o, "reset_count", json_integer((json_int_t)t->reset_count));
    (void)json_object_set_new(o, "restart_count", json_integer((json_int_t)t->restart_count));
    (void)json_object_set_new(o, "clock_safe", json_boolean(t->clock_safe));
    (void)json_object_set_new(o, "firmware_version", json_string(firmware));
    return o;
}

static json_t *
submod(const struct appraised *a, size_t i, const char *policy_id)
{
    const struct tpm_claims *t = &a->piece[i]->tpm;
    bool good = a->judgement == JUDGE_ACCEPT;
    json_t *one = json_object();

    (void)json_object_set_new(one, "ear.status",
                              json_string(good ? "affirming" : "contraindicated"));
    (void)json_object_set_new(one, "ear.trustworthiness-vector", vector_of(a, t, a->sets > 0));
    (void)json_object_set_new(one, "ear.appraisal-policy-id", json_string(policy_id));
    (void)json_object_set_new(one, "ear.veraison.annotated-evidence", tpm_evidence_json(t));
    return one;
}

char *
appraised_submods(const struct appraised *a, const struct policy *policy)
{
    AUTO(json_free) json_t *submods = json_object();
    char id[96];

    (void)snprintf(id, sizeof id, "%s/%lld", policy->id, (long long)policy->version);
    for (size_t i = 0; i < a->pieces; i++) {
        (void)json_object_set_new(submods, evidence_name(a->type[i]), submod(a, i, id));
    }
    return json_text(submods);
}
