/* SPDX-License-Identifier: Apache-2.0 */
/* verify_claims.c - see verify_claims.h. */
#include "clients/verify_claims.h"

#include <inttypes.h>
#include <stdio.h>

#include "attest/base/text.h"
#include "common/snp_claims.h"
#include "common/tdx_claims.h"

enum { MODULUS_MAX = 1024 }; /* bytes */

static json_t *
pcrs_json(const struct tpm_claims *c)
{
    json_t *o = json_object();

    for (size_t i = 0; i < c->pcr_n; i++) {
        const struct tpm_pcr *p = &c->pcr[i];
        char hex[2 * HASH_MAX + 1];
        char name[32];

        (void)snprintf(name, sizeof name, "%s:%u", hash_name(p->bank), p->index);
        hex_encode((struct slice){p->digest, hash_len(p->bank)}, hex);
        (void)json_object_set_new(o, name, json_string(hex));
    }
    return o;
}

static json_t *
text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

/* An endorsement key that somebody vouches for. */
static void
set_ek(json_t *o, const struct tpm_claims *c)
{
    char hex[2 * SHA256_LEN + 1];

    if (c->ek_known) {
        hex_encode((struct slice){c->ek_digest, SHA256_LEN}, hex);
        (void)json_object_set_new(o, "ek_sha256", json_string(hex));
    }
}

/* What the policy asked of what booted, and held. */
static void
set_predicates(json_t *o, const struct tpm_claims *c)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < TPM_PREDICATES; i++) {
        if (c->predicates & 1U << i) {
            (void)json_array_append_new(list, json_string(tpm_predicate_name(i)));
        }
    }
    (void)json_object_set_new(o, "event_log", json_boolean(c->log_replayed));
    (void)json_object_set_new(o, "predicates", list);
    if (c->predicates & 1U << TPM_PREDICATE_UKI) {
        (void)json_object_set_new(o, "uki_phase", json_string(c->uki_phase));
    }
}

json_t *
log_claims_json(const struct appraisal *a)
{
    json_t *o = json_object();

    if (verdict_judge(&a->verdict) == JUDGE_ACCEPT) {
        set_predicates(o, &a->tpm);
    }
    if (a->tpm.log_replayed) {
        (void)json_object_set_new(o, "pcrs", pcrs_json(&a->tpm));
    }
    return o;
}

static void
set_quote(json_t *o, const struct tpm_claims *c)
{
    char select[TPM_SELECT_TEXT];
    char firmware[sizeof "0123456789abcdef"];

    tpm_select_format(c->select, c->select_n, select, sizeof select);
    (void)snprintf(firmware, sizeof firmware, "%016" PRIx64, c->firmware_version);
    (void)json_object_set_new(o, "ak_trust", json_string(tpm_ak_trust_name(c->ak_trust)));
    set_ek(o, c);
    (void)json_object_set_new(o, "hierarchy", json_string(tpm_hierarchy_name(c->hierarchy)));
    (void)json_object_set_new(o, "clock_ms", json_integer((json_int_t)c->clock_ms));
    (void)json_object_set_new(o, "clock_safe", json_boolean(c->clock_safe));
    (void)json_object_set_new(o, "reset_count", json_integer(c->reset_count));
    (void)json_object_set_new(o, "restart_count", json_integer(c->restart_count));
    (void)json_object_set_new(o, "firmware_version", json_string(firmware));
    (void)json_object_set_new(o, "select", json_string(select));
    (void)json_object_set_new(o, "pcrs", pcrs_json(c));
    (void)json_object_set_new(o, "reference_value", text_or_null(c->golden_label));
    set_predicates(o, c);
}

/* The Name is computed from the key that was given, so it is told of a refusal, too. */
static json_t *
tpm_json(const struct appraisal *a, bool accepted)
{
    char name[2 * TPM_NAME_MAX + 1];
    json_t *o = json_object();

    if (a->tpm.ak_name_len > 0) {
        hex_encode((struct slice){a->tpm.ak_name, a->tpm.ak_name_len}, name);
        (void)json_object_set_new(o, "ak_name", json_string(name));
    }
    if (accepted) {
        set_quote(o, &a->tpm);
    }
    return o;
}

/* SHA-256 of the modulus of the attestation key that the runtime claims name; null when it cannot
 * be read, which an accepted verdict excludes. */
static json_t *
ak_digest_json(struct slice hcl)
{
    AUTO(azure_claims_done) struct azure_claims claims = {0};
    struct azure_hcl blob = {0};
    uint8_t modulus[MODULUS_MAX];
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    size_t len = 0;
    struct why why = {0};

    if (azure_hcl_decode(hcl, &blob, &why) != ERR_OK ||
        azure_claims_read(blob.claims, &claims, &why) != ERR_OK ||
        b64url_decode(claims.ak_n, modulus, sizeof modulus, &len, &why) != ERR_OK) {
        return json_null();
    }
    hash_sha256((struct slice){modulus, len}, digest);
    hex_encode((struct slice){digest, sizeof digest}, hex);
    return json_string(hex);
}

static json_t *
azure_json(json_t *o, const struct appraisal *a, struct slice hcl)
{
    (void)json_object_set_new(o, "ak_modulus_sha256", ak_digest_json(hcl));
    (void)json_object_set_new(o, "tpm", tpm_json(a, true));
    return o;
}

/* A certificate that was judged without a report has no version. */
static json_t *
snp_json(const struct appraisal *a)
{
    return a->snp.version == 0 ? snp_chain_claims_json(&a->snp) : snp_claims_json(&a->snp);
}

/* What is genuine is told whatever the policy says of it. */
static json_t *
tdx_json(const struct appraisal *a, const struct evidence *ev, bool accepted)
{
    json_t *o = tdx_claims_json(&a->tdx);

    return ev->type == EVIDENCE_AZURE_TDX && accepted ? azure_json(o, a, ev->hcl) : o;
}

json_t *
claims_json(const struct appraisal *a, const struct evidence *ev)
{
    bool accepted = verdict_judge(&a->verdict) == JUDGE_ACCEPT;
    enum evidence_type type = ev == NULL ? EVIDENCE_NONE : ev->type;

    if (type == EVIDENCE_TPM2) {
        return tpm_json(a, accepted);
    }
    if (type == EVIDENCE_SEV_SNP && accepted) {
        return snp_json(a);
    }
    if (type == EVIDENCE_TDX || type == EVIDENCE_AZURE_TDX) {
        return tdx_json(a, ev, accepted);
    }
    return type == EVIDENCE_AZURE_SEV_SNP && accepted
               ? azure_json(snp_claims_json(&a->snp), a, ev->hcl)
               : json_object();
}
