/* SPDX-License-Identifier: Apache-2.0 */
/* verify_claims.c - see verify_claims.h. */
#include "clients/verify_claims.h"

#include <inttypes.h>
#include <stdio.h>

#include "attest/base/text.h"

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

static void
set_quote(json_t *o, const struct tpm_claims *c)
{
    char select[TPM_SELECT_TEXT];
    char firmware[sizeof "0123456789abcdef"];

    tpm_select_format(c->select, c->select_n, select, sizeof select);
    (void)snprintf(firmware, sizeof firmware, "%016" PRIx64, c->firmware_version);
    (void)json_object_set_new(o, "ak_trust", json_string(tpm_ak_trust_name(c->ak_trust)));
    (void)json_object_set_new(o, "hierarchy", json_string(tpm_hierarchy_name(c->hierarchy)));
    (void)json_object_set_new(o, "clock_ms", json_integer((json_int_t)c->clock_ms));
    (void)json_object_set_new(o, "clock_safe", json_boolean(c->clock_safe));
    (void)json_object_set_new(o, "reset_count", json_integer(c->reset_count));
    (void)json_object_set_new(o, "restart_count", json_integer(c->restart_count));
    (void)json_object_set_new(o, "firmware_version", json_string(firmware));
    (void)json_object_set_new(o, "select", json_string(select));
    (void)json_object_set_new(o, "pcrs", pcrs_json(c));
    (void)json_object_set_new(o, "reference_value", text_or_null(c->golden_label));
}

json_t *
claims_json(const struct appraisal *a, enum evidence_type type)
{
    char name[2 * TPM_NAME_MAX + 1];
    json_t *o = json_object();

    if (type != EVIDENCE_TPM2) {
        return o;
    }
    if (a->tpm.ak_name_len > 0) {
        hex_encode((struct slice){a->tpm.ak_name, a->tpm.ak_name_len}, name);
        (void)json_object_set_new(o, "ak_name", json_string(name));
    }
    if (verdict_judge(&a->verdict) == JUDGE_ACCEPT) {
        set_quote(o, &a->tpm);
    }
    return o;
}
