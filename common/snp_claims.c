/* SPDX-License-Identifier: Apache-2.0 */
/* snp_claims.c - see snp_claims.h. */
#include "common/snp_claims.h"

#include <inttypes.h>
#include <stdio.h>

#include "attest/base/text.h"

enum { HEX_MAX = 2 * SNP_CHIP_LEN, WORD = 32 };

static void
set(json_t *o, const char *name, json_t *value)
{
    (void)json_object_set_new(o, name, value);
}

static json_t *
hex_json(const uint8_t *bytes, size_t len)
{
    char hex[HEX_MAX + 1];

    hex_encode((struct slice){bytes, len}, hex);
    return json_string(hex);
}

static json_t *
u64_json(uint64_t v)
{
    char text[WORD];

    (void)snprintf(text, sizeof text, "0x%016" PRIx64, v);
    return json_string(text);
}

static json_t *
version_json(uint32_t v)
{
    char text[WORD];

    (void)snprintf(text, sizeof text, "%u.%u.%u", v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff);
    return json_string(text);
}

static json_t *
text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

/* Where a bit stands in the report. */
struct bit {
    const char *name;
    unsigned at;
};

static const struct bit POLICY[] = {
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

static const struct bit PLATFORM[] = {
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
bits_json(uint64_t value, const struct bit *bit, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        if (value >> bit[i].at & 1) {
            (void)json_array_append_new(list, json_string(bit[i].name));
        }
    }
    return list;
}

static json_t *
policy_json(uint64_t policy)
{
    char abi[WORD];
    json_t *o = json_object();

    (void)snprintf(abi, sizeof abi, "%u.%u", (unsigned)(policy >> 8 & 0xff),
                   (unsigned)(policy & 0xff));
    set(o, "value", u64_json(policy));
    set(o, "abi", json_string(abi));
    set(o, "bits", bits_json(policy, POLICY, sizeof POLICY / sizeof POLICY[0]));
    return o;
}

static json_t *
platform_json(uint64_t info)
{
    json_t *o = json_object();

    set(o, "value", u64_json(info));
    set(o, "bits", bits_json(info, PLATFORM, sizeof PLATFORM / sizeof PLATFORM[0]));
    return o;
}

static json_t *
tcb_json(enum snp_product product, const struct snp_tcb *tcb)
{
    json_t *o = json_object();

    if (product == SNP_TURIN) {
        set(o, "fmc", json_integer(tcb->fmc));
    }
    set(o, "bootloader", json_integer(tcb->bootloader));
    set(o, "tee", json_integer(tcb->tee));
    set(o, "snp", json_integer(tcb->snp));
    set(o, "microcode", json_integer(tcb->microcode));
    return o;
}

static void
set_levels(json_t *o, const struct snp_claims *c)
{
    json_t *tcb = json_object();
    json_t *firmware = json_object();
    json_t *mit = c->has_mit ? json_object() : json_null();

    set(tcb, "reported", tcb_json(c->product, &c->reported));
    set(tcb, "current", tcb_json(c->product, &c->current));
    set(tcb, "committed", tcb_json(c->product, &c->committed));
    set(tcb, "launch", tcb_json(c->product, &c->launch));
    set(firmware, "current", version_json(c->firmware_current));
    set(firmware, "committed", version_json(c->firmware_committed));
    if (c->has_mit) {
        set(mit, "launch", u64_json(c->mit_launch));
        set(mit, "current", u64_json(c->mit_current));
    }
    set(o, "tcb", tcb);
    set(o, "firmware", firmware);
    set(o, "mit_vector", mit);
}

static json_t *
chip_json(const struct snp_claims *c)
{
    struct slice chip = {c->chip, sizeof c->chip};

    return slice_zero(chip) ? json_null() : hex_json(chip.ptr, chip.len);
}

static void
set_identity(json_t *o, const struct snp_claims *c)
{
    set(o, "measurement", hex_json(c->measurement, sizeof c->measurement));
    set(o, "host_data", hex_json(c->host_data, sizeof c->host_data));
    set(o, "id_key", hex_json(c->id_key, sizeof c->id_key));
    set(o, "author_key",
        c->author_key_en ? hex_json(c->author_key, sizeof c->author_key) : json_null());
    set(o, "family_id", hex_json(c->family_id, sizeof c->family_id));
    set(o, "image_id", hex_json(c->image_id, sizeof c->image_id));
    set(o, "report_id", hex_json(c->report_id, sizeof c->report_id));
    set(o, "chip_id", chip_json(c));
    set(o, "csp_id", text_or_null(c->csp_id));
    set(o, "report_data", hex_json(c->report_data, sizeof c->report_data));
}

json_t *
snp_claims_json(const struct snp_claims *c)
{
    json_t *o = json_object();

    set(o, "product", json_string(snp_product_name(c->product)));
    set(o, "kind", json_string(snp_vek_kind_name(c->kind)));
    set(o, "version", json_integer(c->version));
    set(o, "vmpl", c->vmpl == SNP_VMPL_HOST ? json_string("host") : json_integer(c->vmpl));
    set(o, "guest_svn", json_integer(c->guest_svn));
    set(o, "policy", policy_json(c->policy));
    set(o, "platform_info", platform_json(c->platform_info));
    set_levels(o, c);
    set_identity(o, c);
    set(o, "crl_checked", json_boolean(c->crl_checked));
    set(o, "reference_value", text_or_null(c->golden_label));
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

    set(o, "product", json_string(snp_product_name(c->product)));
    set(o, "kind", json_string(snp_vek_kind_name(c->kind)));
    set(o, "tcb", is_leaf(c) ? tcb_json(c->product, &c->reported) : json_null());
    set(o, "chip_id", chip_json(c));
    set(o, "csp_id", text_or_null(c->csp_id));
    set(o, "crl_checked", json_boolean(c->crl_checked));
    return o;
}
