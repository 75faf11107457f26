/* SPDX-License-Identifier: Apache-2.0 */
/* snp_claims.c - see snp_claims.h. */
#include "common/snp_claims.h"

#include <stdio.h>

#include "common/claims_json.h"

enum { WORD = 32 };

static json_t *
version_json(uint32_t v)
{
    char text[WORD];

    (void)snprintf(text, sizeof text, "%u.%u.%u", v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff);
    return json_string(text);
}

static const struct claim_bit POLICY[] = {
    {"smt", 16},
    {"migrate_ma", 18},
    {"debug", 19},
    {"single_socket", 20},
    {"cxl", 21},
    {"xts", 22},
    {"rapl_dis", 23},
    {"ciphertext_hiding", 24},
    {"page_swap_disable", 25},
};

static const struct claim_bit PLATFORM[] = {
    {"smt", 0},
    {"tsme", 1},
    {"ecc", 2},
    {"rapl_dis", 3},
    {"ciphertext_hiding", 4},
    {"alias_check", 5},
    {"iommu_write_safe", 6},
    {"tio", 7},
};

static json_t *
policy_json(uint64_t policy)
{
    char abi[WORD];
    json_t *o = json_object();

    (void)snprintf(abi, sizeof abi, "%u.%u", (unsigned)(policy >> 8 & 0xff),
                   (unsigned)(policy & 0xff));
    claim_set(o, "value", claim_u64(policy));
    claim_set(o, "abi", json_string(abi));
    claim_set(o, "bits", claim_bits(policy, POLICY, sizeof POLICY / sizeof POLICY[0]));
    return o;
}

static json_t *
platform_json(uint64_t info)
{
    json_t *o = json_object();

    claim_set(o, "value", claim_u64(info));
    claim_set(o, "bits", claim_bits(info, PLATFORM, sizeof PLATFORM / sizeof PLATFORM[0]));
    return o;
}

static json_t *
tcb_json(enum snp_product product, const struct snp_tcb *tcb)
{
    json_t *o = json_object();

    if (product == SNP_TURIN) {
        claim_set(o, "fmc", json_integer(tcb->fmc));
    }
    claim_set(o, "bootloader", json_integer(tcb->bootloader));
    claim_set(o, "tee", json_integer(tcb->tee));
    claim_set(o, "snp", json_integer(tcb->snp));
    claim_set(o, "microcode", json_integer(tcb->microcode));
    return o;
}

static void
set_levels(json_t *o, const struct snp_claims *c)
{
    json_t *tcb = json_object();
    json_t *firmware = json_object();
    json_t *mit = c->has_mit ? json_object() : json_null();

    claim_set(tcb, "reported", tcb_json(c->product, &c->reported));
    claim_set(tcb, "current", tcb_json(c->product, &c->current));
    claim_set(tcb, "committed", tcb_json(c->product, &c->committed));
    claim_set(tcb, "launch", tcb_json(c->product, &c->launch));
    claim_set(firmware, "current", version_json(c->firmware_current));
    claim_set(firmware, "committed", version_json(c->firmware_committed));
    if (c->has_mit) {
        claim_set(mit, "launch", claim_u64(c->mit_launch));
        claim_set(mit, "current", claim_u64(c->mit_current));
    }
    claim_set(o, "tcb", tcb);
    claim_set(o, "firmware", firmware);
    claim_set(o, "mit_vector", mit);
}

static json_t *
chip_json(const struct snp_claims *c)
{
    struct slice chip = {c->chip, sizeof c->chip};

    return slice_zero(chip) ? json_null() : claim_hex(chip.ptr, chip.len);
}

static void
set_identity(json_t *o, const struct snp_claims *c)
{
    claim_set(o, "measurement", claim_hex(c->measurement, sizeof c->measurement));
    claim_set(o, "host_data", claim_hex(c->host_data, sizeof c->host_data));
    claim_set(o, "id_key", claim_hex(c->id_key, sizeof c->id_key));
    claim_set(o, "author_key",
              c->author_key_en ? claim_hex(c->author_key, sizeof c->author_key) : json_null());
    claim_set(o, "family_id", claim_hex(c->family_id, sizeof c->family_id));
    claim_set(o, "image_id", claim_hex(c->image_id, sizeof c->image_id));
    claim_set(o, "report_id", claim_hex(c->report_id, sizeof c->report_id));
    claim_set(o, "chip_id", chip_json(c));
    claim_set(o, "csp_id", claim_text(c->csp_id));
    claim_set(o, "report_data", claim_hex(c->report_data, sizeof c->report_data));
}

json_t *
snp_claims_json(const struct snp_claims *c)
{
    json_t *o = json_object();

    claim_set(o, "product", json_string(snp_product_name(c->product)));
    claim_set(o, "kind", json_string(snp_vek_kind_name(c->kind)));
    claim_set(o, "version", json_integer(c->version));
    claim_set(o, "vmpl", c->vmpl == SNP_VMPL_HOST ? json_string("host") : json_integer(c->vmpl));
    claim_set(o, "guest_svn", json_integer(c->guest_svn));
    claim_set(o, "policy", policy_json(c->policy));
    claim_set(o, "platform_info", platform_json(c->platform_info));
    set_levels(o, c);
    set_identity(o, c);
    claim_set(o, "crl_checked", json_boolean(c->crl_checked));
    claim_set(o, "reference_value", claim_text(c->golden_label));
    return o;
}

/* A VCEK names a chip and a VLEK a provider; an intermediate neither, and it has no levels. */
static bool
is_leaf(const struct snp_claims *c)
{
    return c->csp_id[0] != '\0' || !slice_zero((struct slice){c->chip, sizeof c->chip});
}

json_t *
snp_chain_claims_json(const struct snp_claims *c)
{
    json_t *o = json_object();

    claim_set(o, "product", json_string(snp_product_name(c->product)));
    claim_set(o, "kind", json_string(snp_vek_kind_name(c->kind)));
    claim_set(o, "tcb", is_leaf(c) ? tcb_json(c->product, &c->reported) : json_null());
    claim_set(o, "chip_id", chip_json(c));
    claim_set(o, "csp_id", claim_text(c->csp_id));
    claim_set(o, "crl_checked", json_boolean(c->crl_checked));
    return o;
}
