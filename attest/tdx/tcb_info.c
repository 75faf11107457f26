/* SPDX-License-Identifier: Apache-2.0 */
/* tcb_info.c - tcbInfo version 3 of id "TDX" (PCS API v4, "TCB Info V3").  Id, version and type are decoded, and judged by their
 * rule; members that we do not know are passed over, since Intel adds them. */
#include "attest/tdx/document.h"

#include <string.h>

#include "attest/base/json_view.h"

static enum err
component(struct slice element, uint8_t *svn, struct why *why)
{
    uint64_t v = 0;

    TRY(tdx_json_number(element, "svn", UINT8_MAX, &v, why));
    *svn = (uint8_t)v;
    return ERR_OK;
}

static enum err
components(struct slice tcb, const char *name, uint8_t out[TDX_COMPONENTS], struct why *why)
{
    struct slice rest = {0};
    struct slice element = {0};
    enum err e = tdx_json_array(tcb, name, &rest, why);
    size_t n = 0;

    for (; e == ERR_OK && json_view_next(&rest, &element); n++) {
        if (n == TDX_COMPONENTS) {
            return why_add(why, ERR_MALFORMED, "%s: more than %d", name, TDX_COMPONENTS);
        }
        e = component(element, &out[n], why);
    }
    if (e == ERR_OK && n != TDX_COMPONENTS) {
        return why_add(why, ERR_MALFORMED, "%s: %zu, want %d", name, n, TDX_COMPONENTS);
    }
    return e;
}

static enum err
platform_level(struct slice object, struct tdx_level *out, struct why *why)
{
    struct slice tcb = {0};
    uint64_t pcesvn = 0;

    *out = (struct tdx_level){0};
    if (!json_view_member(object, "tcb", &tcb)) {
        return why_add(why, ERR_MALFORMED, "member \"tcb\" is missing");
    }
    TRY(components(tcb, "sgxtcbcomponents", out->sgx, why));
    TRY(components(tcb, "tdxtcbcomponents", out->tdx, why));
    TRY(tdx_json_number(tcb, "pcesvn", UINT16_MAX, &pcesvn, why));
    out->pcesvn = (uint16_t)pcesvn;
    return tdx_level_common(object, out, why);
}

/* Intel's order of levels: SGX components, then PCESVN, then TDX components, the highest first. */
static int
compare(const struct tdx_level *a, const struct tdx_level *b)
{
    int sgx = memcmp(a->sgx, b->sgx, sizeof a->sgx);

    if (sgx != 0) {
        return sgx;
    }
    if (a->pcesvn != b->pcesvn) {
        return a->pcesvn < b->pcesvn ? -1 : 1;
    }
    return memcmp(a->tdx, b->tdx, sizeof a->tdx);
}

static enum err
sort_in(struct tdx_level *level, size_t n, struct why *why)
{
    struct tdx_level last = level[n - 1];
    size_t at = n - 1;
    int order = -1;

    for (; at > 0 && (order = compare(&level[at - 1], &last)) < 0; at--) {
        level[at] = level[at - 1];
    }
    level[at] = last;
    return at > 0 && order == 0 ? why_add(why, ERR_MALFORMED, "two levels of the same SVNs")
                                : ERR_OK;
}

static enum err
platform_levels(struct slice object, struct tdx_tcb_info *out, struct why *why)
{
    struct slice rest = {0};
    struct slice element = {0};
    enum err e = tdx_json_array(object, "tcbLevels", &rest, why);

    while (e == ERR_OK && json_view_next(&rest, &element)) {
        if (out->levels == TDX_LEVELS_MAX) {
            return why_add(why, ERR_MALFORMED, "more than %d tcbLevels", TDX_LEVELS_MAX);
        }
        e = platform_level(element, &out->level[out->levels++], why);
        e = e == ERR_OK ? sort_in(out->level, out->levels, why) : e;
    }
    return e != ERR_OK || out->levels > 0 ? e : why_add(why, ERR_MALFORMED, "no tcbLevels");
}

/* Names of components are the same at every level; the first one's serve for explanations. */
static void
note_names(struct slice object, struct tdx_tcb_info *out)
{
    struct slice value = {0};
    struct slice rest = {0};
    struct slice first = {0};
    struct slice tcb = {0};

    if (json_view_member(object, "tcbLevels", &value) && json_view_array(value, &rest) &&
        json_view_next(&rest, &first) && json_view_member(first, "tcb", &tcb)) {
        (void)json_view_member(tcb, "sgxtcbcomponents", &out->sgx_names);
        (void)json_view_member(tcb, "tdxtcbcomponents", &out->tdx_names);
    }
}

static enum err
module_facts(struct slice object, struct tdx_module *out, struct why *why)
{
    TRY(tdx_json_hex(object, "mrsigner", out->mrsigner, sizeof out->mrsigner, why));
    TRY(tdx_json_hex(object, "attributes", out->attributes, sizeof out->attributes, why));
    return tdx_json_hex(object, "attributesMask", out->attributes_mask, sizeof out->attributes_mask,
                        why);
}

static enum err
module_identity(struct slice object, struct tdx_module *out, struct why *why)
{
    TRY(tdx_json_text(object, "id", &out->id, why));
    TRY(module_facts(object, out, why));
    return tdx_levels_isvsvn(object, out->level, TDX_MODULE_LEVELS_MAX, &out->levels, why);
}

/* tdxModule is wanted; the identities are not there where only TDX 1.0 runs. */
static enum err
modules(struct slice object, struct tdx_tcb_info *out, struct why *why)
{
    struct slice value = {0};
    struct slice rest = {0};
    struct slice element = {0};
    enum err e = ERR_OK;

    if (!json_view_member(object, "tdxModule", &value)) {
        return why_add(why, ERR_MALFORMED, "member \"tdxModule\" is missing");
    }
    TRY(module_facts(value, &out->base, why));
    if (!json_view_member(object, "tdxModuleIdentities", &value)) {
        return ERR_OK;
    }
    if (!json_view_array(value, &rest)) {
        return why_add(why, ERR_MALFORMED, "tdxModuleIdentities is not an array");
    }
    while (e == ERR_OK && json_view_next(&rest, &element)) {
        if (out->modules == TDX_MODULES_MAX) {
            return why_add(why, ERR_MALFORMED, "more than %d module identities", TDX_MODULES_MAX);
        }
        e = module_identity(element, &out->module[out->modules++], why);
    }
    return e;
}

static enum err
header(struct slice object, struct tdx_tcb_info *out, struct why *why)
{
    uint64_t version = 0;
    uint64_t type = 0;
    uint64_t eval = 0;

    TRY(tdx_json_text(object, "id", &out->id, why));
    TRY(tdx_json_number(object, "version", UINT32_MAX, &version, why));
    TRY(tdx_json_number(object, "tcbType", UINT32_MAX, &type, why));
    TRY(tdx_json_number(object, "tcbEvaluationDataNumber", UINT32_MAX, &eval, why));
    out->version = (uint32_t)version;
    out->tcb_type = (uint32_t)type;
    out->eval = (uint32_t)eval;
    return ERR_OK;
}

static enum err
window_and_platform(struct slice object, struct tdx_tcb_info *out, struct why *why)
{
    TRY(tdx_json_time(object, "issueDate", &out->issued, why));
    TRY(tdx_json_time(object, "nextUpdate", &out->next_update, why));
    TRY(tdx_json_hex(object, "fmspc", out->fmspc, sizeof out->fmspc, why));
    return tdx_json_hex(object, "pceId", out->pceid, sizeof out->pceid, why);
}

/* What is no TDX document of version 3 is known by its header and not read further: its rule refuses it by name. */
enum err
tdx_tcb_info_decode(struct slice object, struct tdx_tcb_info *out, struct why *why)
{
    memset(out, 0, sizeof *out);
    TRY(header(object, out, why));
    TRY(window_and_platform(object, out, why));
    if (!slice_same(out->id, slice_text("TDX")) || out->version != 3) {
        return ERR_OK;
    }
    TRY(modules(object, out, why));
    TRY(platform_levels(object, out, why));
    note_names(object, out);
    return ERR_OK;
}
