/* SPDX-License-Identifier: Apache-2.0 */
/* findings.c - an appraisal as text: findings for the ledger, ids for the guest, submods for the EAR.
 *
 * Source: draft-ietf-rats-ar4si (trustworthiness vector), EAR as deployed (ear.status and so on). */
#include "broker/flow/appraise.h"

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/tdx_claims.h"

#include <stdio.h>
#include <string.h>

enum { TIER_AFFIRMING = 2, TIER_CONTRAINDICATED = 96, TIER_UNRECOGNIZED = 97 };

/* DEBUG of the guest POLICY (AMD 56860, 4.3), and of TDATTRIBUTES. */
#define POLICY_DEBUG (UINT64_C(1) << 19)
#define TD_DEBUG     (UINT64_C(1) << TDX_ATTR_DEBUG)

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

/* Does the piece say who it is?  A TPM by the trust in its key, a report by the chip's key. */
static bool
is_identified(const struct appraised *a, size_t i)
{
    return a->type[i] != EVIDENCE_TPM2 || a->piece[i]->tpm.ak_trust != AK_TRUST_NONE;
}

static bool
is_snp(enum evidence_type type)
{
    return type == EVIDENCE_SEV_SNP || type == EVIDENCE_AZURE_SEV_SNP;
}

static bool
is_tdx(enum evidence_type type)
{
    return type == EVIDENCE_TDX || type == EVIDENCE_AZURE_TDX;
}

/* A quote of a TPM, alone or in an Azure guest. */
static bool
has_quote(enum evidence_type type)
{
    return type != EVIDENCE_SEV_SNP && type != EVIDENCE_TDX;
}

/* Encrypted, and not open to the host by the debug interface. */
static bool
is_opaque(const struct appraised *a, size_t i)
{
    const struct appraisal *p = a->piece[i];

    return (is_snp(a->type[i]) && (p->snp.policy & POLICY_DEBUG) == 0) ||
           (is_tdx(a->type[i]) && (p->tdx.td_attributes & TD_DEBUG) == 0);
}

/* instance-identity, executables and hardware, and of TEE evidence whether memory is opaque.  Of the rest the evidence says nothing. */
static json_t *
vector_of(const struct appraised *a, size_t i)
{
    bool good = a->judgement == JUDGE_ACCEPT;
    int executables = a->compared[i] ? TIER_AFFIRMING : 0;
    json_t *v = json_object();

    (void)json_object_set_new(
        v, "instance-identity",
        json_integer(good && is_identified(a, i) ? TIER_AFFIRMING : TIER_UNRECOGNIZED));
    (void)json_object_set_new(v, "executables",
                              json_integer(good ? executables : TIER_CONTRAINDICATED));
    (void)json_object_set_new(v, "hardware",
                              json_integer(good ? TIER_AFFIRMING : TIER_UNRECOGNIZED));
    if (good && is_opaque(a, i)) {
        (void)json_object_set_new(v, "runtime-opaque", json_integer(TIER_AFFIRMING));
    }
    return v;
}

static void
set_hex(json_t *o, const char *name, const uint8_t *bytes, size_t len)
{
    char hex[2 * SNP_CHIP_LEN + 1];

    hex_encode((struct slice){bytes, len}, hex);
    (void)json_object_set_new(o, name, json_string(hex));
}

/* 64-bit words of the report: more than a JSON number can be relied on to hold. */
static void
set_word(json_t *o, const char *name, uint64_t word)
{
    char hex[20];

    (void)snprintf(hex, sizeof hex, "%016llx", (unsigned long long)word);
    (void)json_object_set_new(o, name, json_string(hex));
}

/* What the policy asked of what booted, and held. */
static void
add_predicates(const struct tpm_claims *t, json_t *o)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < TPM_PREDICATES; i++) {
        if (t->predicates & 1U << i) {
            (void)json_array_append_new(list, json_string(tpm_predicate_name(i)));
        }
    }
    (void)json_object_set_new(o, "predicates", list);
    if (t->predicates & 1U << TPM_PREDICATE_UKI) {
        (void)json_object_set_new(o, "uki_phase", json_string(t->uki_phase));
    }
}

static void
add_tpm(const struct tpm_claims *t, json_t *o)
{
    char name[2 * TPM_NAME_MAX + 1];

    hex_encode((struct slice){t->ak_name, t->ak_name_len}, name);
    (void)json_object_set_new(o, "ak_name", json_string(name));
    (void)json_object_set_new(o, "ak_trust", json_string(tpm_ak_trust_name(t->ak_trust)));
    (void)json_object_set_new(o, "hierarchy", json_string(tpm_hierarchy_name(t->hierarchy)));
    (void)json_object_set_new(o, "reset_count", json_integer((json_int_t)t->reset_count));
    (void)json_object_set_new(o, "restart_count", json_integer((json_int_t)t->restart_count));
    (void)json_object_set_new(o, "clock_safe", json_boolean(t->clock_safe));
    set_word(o, "firmware_version", t->firmware_version);
    (void)json_object_set_new(o, "event_log", json_boolean(t->log_replayed));
    add_predicates(t, o);
}

/* fmc is 0 where the product has none. */
static json_t *
tcb_json(const struct snp_tcb *t)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i}", "fmc", t->fmc, "bootloader", t->bootloader, "tee",
                     t->tee, "snp", t->snp, "microcode", t->microcode);
}

static void
add_version(json_t *o, const char *name, uint32_t v)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%u.%u.%u", v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff);
    (void)json_object_set_new(o, name, json_string(text));
}

/* What the platform is. */
static void
add_snp_platform(const struct snp_claims *s, json_t *o)
{
    (void)json_object_set_new(o, "product", json_string(snp_product_name(s->product)));
    (void)json_object_set_new(o, "signing_key", json_string(snp_vek_kind_name(s->kind)));
    (void)json_object_set_new(o, "tcb_reported", tcb_json(&s->reported));
    (void)json_object_set_new(o, "tcb_committed", tcb_json(&s->committed));
    (void)json_object_set_new(o, "tcb_launch", tcb_json(&s->launch));
    add_version(o, "firmware", s->firmware_current);
    set_word(o, "platform_info", s->platform_info);
    set_hex(o, "chip_id", s->chip, sizeof s->chip);
    (void)json_object_set_new(o, "crl_checked", json_boolean(s->crl_checked));
    if (s->csp_id[0] != '\0') {
        (void)json_object_set_new(o, "csp_id", json_string(s->csp_id));
    }
    if (s->has_mit) {
        set_word(o, "mit_launch", s->mit_launch);
        set_word(o, "mit_current", s->mit_current);
    }
}

/* What runs on it. */
static void
add_snp_guest(const struct snp_claims *s, json_t *o)
{
    (void)json_object_set_new(o, "report_version", json_integer((json_int_t)s->version));
    (void)json_object_set_new(o, "vmpl", json_integer(s->vmpl));
    (void)json_object_set_new(o, "guest_svn", json_integer((json_int_t)s->guest_svn));
    set_word(o, "policy", s->policy);
    set_hex(o, "measurement", s->measurement, sizeof s->measurement);
    set_hex(o, "host_data", s->host_data, sizeof s->host_data);
    set_hex(o, "id_key_digest", s->id_key, sizeof s->id_key);
    set_hex(o, "author_key_digest", s->author_key, sizeof s->author_key);
    set_hex(o, "family_id", s->family_id, sizeof s->family_id);
    set_hex(o, "image_id", s->image_id, sizeof s->image_id);
    set_hex(o, "report_id", s->report_id, sizeof s->report_id);
}

/* Levels that did not match are for whoever asks why (findings), and many. */
static void
drop_missed(json_t *tcb)
{
    (void)json_object_del(tcb, "missed");
    (void)json_object_del(tcb, "missed_in_all");
}

/* As `countersign verify --json` has it, but for what only an operator asks for, and a label of ours. */
static void
add_tdx(const struct tdx_claims *t, json_t *o)
{
    AUTO(json_free) json_t *claims = tdx_claims_json(t);

    drop_missed(json_object_get(claims, "tcb"));
    drop_missed(json_object_get(claims, "early"));
    (void)json_object_del(claims, "reference_value");
    (void)json_object_update(o, claims);
}

/* Claims are established by an acceptance only; of a refusal a TPM's key has its Name. */
static json_t *
evidence_json(const struct appraised *a, size_t i)
{
    const struct appraisal *p = a->piece[i];
    bool good = a->judgement == JUDGE_ACCEPT;
    json_t *o = json_object();

    if (good && is_snp(a->type[i])) {
        add_snp_platform(&p->snp, o);
        add_snp_guest(&p->snp, o);
    }
    if (good && is_tdx(a->type[i])) {
        add_tdx(&p->tdx, o);
    }
    if (has_quote(a->type[i])) {
        add_tpm(&p->tpm, o);
    }
    return o;
}

static json_t *
submod(const struct appraised *a, size_t i, const char *policy_id)
{
    bool good = a->judgement == JUDGE_ACCEPT;
    json_t *one = json_object();

    (void)json_object_set_new(one, "ear.status",
                              json_string(good ? "affirming" : "contraindicated"));
    (void)json_object_set_new(one, "ear.trustworthiness-vector", vector_of(a, i));
    (void)json_object_set_new(one, "ear.appraisal-policy-id", json_string(policy_id));
    (void)json_object_set_new(one, "ear.veraison.annotated-evidence", evidence_json(a, i));
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
