/* SPDX-License-Identifier: Apache-2.0 */
/* tcb_info.c - tcbInfo version 3 of id "TDX" (PCS API v4, "TCB Info V3").  Id, version and type are decoded, and judged by their
 * rule; members that we do not know are passed over, since Intel adds them. */
#include "attest/tdx/document.h"

#include <string.h>

#include "attest/base/json_view.h"

static enum err
component(struct slice element, uint8_t *svn, struct why *why)
{
    struct slice value = {0};
    uint64_t v = 0;

    (void)json_view_member(element, "svn", &value);
    TRY(tdx_json_number(value, "svn", UINT8_MAX, &v, why));
    *svn = (uint8_t)v;
    return ERR_OK;
}

static enum err
components(struct slice value, const char *name, uint8_t out[TDX_COMPONENTS], struct why *why)
{
    struct slice rest = {0};
    struct slice element = {0};
    enum err e = tdx_json_array(value, name, &rest, why);
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

/* The SVNs of a level.  Names of components are the same at every level; the first one's serve for explanations. */
static enum err
platform_svns(struct slice tcb, struct tdx_level *out, struct tdx_tcb_info *info, struct why *why)
{
    enum { SGX, TDX, PCESVN, MEMBERS };
    static const char *const NAMES[MEMBERS] = {
        [SGX] = "sgxtcbcomponents",
        [TDX] = "tdxtcbcomponents",
        [PCESVN] = "pcesvn",
    };
    struct slice member[MEMBERS];
    uint64_t pcesvn = 0;

    (void)json_view_find(tcb, NAMES, MEMBERS, member);
    TRY(components(member[SGX], NAMES[SGX], out->sgx, why));
    TRY(components(member[TDX], NAMES[TDX], out->tdx, why));
    TRY(tdx_json_number(member[PCESVN], NAMES[PCESVN], UINT16_MAX, &pcesvn, why));
    out->pcesvn = (uint16_t)pcesvn;
    if (info->sgx_names.len == 0) {
        info->sgx_names = member[SGX];
        info->tdx_names = member[TDX];
    }
    return ERR_OK;
}

static enum err
platform_level(struct slice object, struct tdx_level *out, struct tdx_tcb_info *info,
               struct why *why)
{
    struct slice member[TDX_LEVEL_MEMBERS];

    *out = (struct tdx_level){0};
    tdx_level_members(object, member);
    TRY(platform_svns(member[TDX_LEVEL_TCB], out, info, why));
    return tdx_level_common(member, out, why);
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
platform_levels(struct slice levels, struct tdx_tcb_info *out, struct why *why)
{
    struct slice rest = {0};
    struct slice element = {0};
    enum err e = tdx_json_array(levels, "tcbLevels", &rest, why);

    while (e == ERR_OK && json_view_next(&rest, &element)) {
        if (out->levels == TDX_LEVELS_MAX) {
            return why_add(why, ERR_MALFORMED, "more than %d tcbLevels", TDX_LEVELS_MAX);
        }
        e = platform_level(element, &out->level[out->levels++], out, why);
        e = e == ERR_OK ? sort_in(out->level, out->levels, why) : e;
    }
    return e != ERR_OK || out->levels > 0 ? e : why_add(why, ERR_MALFORMED, "no tcbLevels");
}

enum { MODULE_ID, MODULE_SIGNER, MODULE_ATTRIBUTES, MODULE_MASK, MODULE_LEVELS, MODULE_MEMBERS };

static const char *const MODULE_NAMES[MODULE_MEMBERS] = {
    [MODULE_ID] = "id",
    [MODULE_SIGNER] = "mrsigner",
    [MODULE_ATTRIBUTES] = "attributes",
    [MODULE_MASK] = "attributesMask",
    [MODULE_LEVELS] = "tcbLevels",
};

static enum err
module_facts(const struct slice member[MODULE_MEMBERS], struct tdx_module *out, struct why *why)
{
    TRY(tdx_json_hex(member[MODULE_SIGNER], "mrsigner", out->mrsigner, sizeof out->mrsigner, why));
    TRY(tdx_json_hex(member[MODULE_ATTRIBUTES], "attributes", out->attributes,
                     sizeof out->attributes, why));
    return tdx_json_hex(member[MODULE_MASK], "attributesMask", out->attributes_mask,
                        sizeof out->attributes_mask, why);
}

static enum err
module_identity(struct slice object, struct tdx_module *out, struct why *why)
{
    struct slice member[MODULE_MEMBERS];

    (void)json_view_find(object, MODULE_NAMES, MODULE_MEMBERS, member);
    TRY(tdx_json_text(member[MODULE_ID], "id", &out->id, why));
    TRY(module_facts(member, out, why));
    return tdx_levels_isvsvn(member[MODULE_LEVELS], out->level, TDX_MODULE_LEVELS_MAX, &out->levels,
                             why);
}

static uint8_t
upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

bool
tdx_same_id(struct slice a, struct slice b)
{
    size_t same = 0;

    while (same < a.len && same < b.len && upper(a.ptr[same]) == upper(b.ptr[same])) {
        same++;
    }
    return same == a.len && same == b.len;
}

/* Two identities of one module would say two things of it. */
static enum err
check_new(const struct tdx_tcb_info *out, struct why *why)
{
    size_t last = out->modules - 1;

    for (size_t i = 0; i < last; i++) {
        if (tdx_same_id(out->module[i].id, out->module[last].id)) {
            return why_add(why, ERR_MALFORMED, "two identities of one TDX module");
        }
    }
    return ERR_OK;
}

static enum err
base_module(struct slice base, struct tdx_module *out, struct why *why)
{
    struct slice member[MODULE_MEMBERS];

    if (!json_view_is_object(base)) {
        return why_add(why, ERR_MALFORMED, "member \"tdxModule\" is missing or is not an object");
    }
    (void)json_view_find(base, MODULE_NAMES, MODULE_MEMBERS, member);
    return module_facts(member, out, why);
}

/* They are not there where only TDX 1.0 runs. */
static enum err
identities(struct slice value, struct tdx_tcb_info *out, struct why *why)
{
    struct slice rest = {0};
    struct slice element = {0};
    enum err e = value.len == 0 ? ERR_OK : tdx_json_array(value, "tdxModuleIdentities", &rest, why);

    while (e == ERR_OK && json_view_next(&rest, &element)) {
        if (out->modules == TDX_MODULES_MAX) {
            return why_add(why, ERR_MALFORMED, "more than %d module identities", TDX_MODULES_MAX);
        }
        e = module_identity(element, &out->module[out->modules++], why);
        e = e == ERR_OK ? check_new(out, why) : e;
    }
    return e;
}

enum {
    TCB_ID,
    TCB_VERSION,
    TCB_TYPE,
    TCB_EVAL,
    TCB_ISSUED,
    TCB_NEXT,
    TCB_FMSPC,
    TCB_PCEID,
    TCB_MODULE,
    TCB_MODULES,
    TCB_LEVELS,
    TCB_MEMBERS
};

static const char *const TCB_NAMES[TCB_MEMBERS] = {
    [TCB_ID] = "id",
    [TCB_VERSION] = "version",
    [TCB_TYPE] = "tcbType",
    [TCB_EVAL] = "tcbEvaluationDataNumber",
    [TCB_ISSUED] = "issueDate",
    [TCB_NEXT] = "nextUpdate",
    [TCB_FMSPC] = "fmspc",
    [TCB_PCEID] = "pceId",
    [TCB_MODULE] = "tdxModule",
    [TCB_MODULES] = "tdxModuleIdentities",
    [TCB_LEVELS] = "tcbLevels",
};

static enum err
header(const struct slice m[TCB_MEMBERS], struct tdx_tcb_info *out, struct why *why)
{
    uint64_t version = 0;
    uint64_t type = 0;
    uint64_t eval = 0;

    TRY(tdx_json_text(m[TCB_ID], TCB_NAMES[TCB_ID], &out->id, why));
    TRY(tdx_json_number(m[TCB_VERSION], TCB_NAMES[TCB_VERSION], UINT32_MAX, &version, why));
    TRY(tdx_json_number(m[TCB_TYPE], TCB_NAMES[TCB_TYPE], UINT32_MAX, &type, why));
    TRY(tdx_json_number(m[TCB_EVAL], TCB_NAMES[TCB_EVAL], UINT32_MAX, &eval, why));
    out->version = (uint32_t)version;
    out->tcb_type = (uint32_t)type;
    out->eval = (uint32_t)eval;
    return ERR_OK;
}

static enum err
window_and_platform(const struct slice m[TCB_MEMBERS], struct tdx_tcb_info *out, struct why *why)
{
    TRY(tdx_json_time(m[TCB_ISSUED], TCB_NAMES[TCB_ISSUED], &out->issued, why));
    TRY(tdx_json_time(m[TCB_NEXT], TCB_NAMES[TCB_NEXT], &out->next_update, why));
    TRY(tdx_json_hex(m[TCB_FMSPC], TCB_NAMES[TCB_FMSPC], out->fmspc, sizeof out->fmspc, why));
    return tdx_json_hex(m[TCB_PCEID], TCB_NAMES[TCB_PCEID], out->pceid, sizeof out->pceid, why);
}

/* What is no TDX document of version 3 is known by its header and not read further: its rule refuses it by name. */
enum err
tdx_tcb_info_decode(struct slice object, struct tdx_tcb_info *out, struct why *why)
{
    struct slice m[TCB_MEMBERS];

    memset(out, 0, sizeof *out);
    (void)json_view_find(object, TCB_NAMES, TCB_MEMBERS, m);
    TRY(header(m, out, why));
    TRY(window_and_platform(m, out, why));
    if (!slice_same(out->id, slice_text("TDX")) || out->version != 3) {
        return ERR_OK;
    }
    TRY(base_module(m[TCB_MODULE], &out->base, why));
    TRY(identities(m[TCB_MODULES], out, why));
    return platform_levels(m[TCB_LEVELS], out, why);
}
