/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate.c - see evaluate.h.  Levels are sorted when they are decoded, so that the first that matches is the highest. */
#include "attest/tdx/evaluate.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/json_view.h"
#include "attest/tdx/document.h"
#include "attest/tdx/shortfall.h"

/* One evaluation against one TEE_TCB_SVN. */
struct eval {
    const struct tdx_level *platform, *module,
        *qe; /* NULL: none matches, or no module identity is due */
    bool module_due;
    enum tdx_status status;
};

unsigned
tdx_severity(enum tdx_status s)
{
    return s == TDX_STATUS_NONE ? (unsigned)TDX_STATUS_UNKNOWN : (unsigned)s;
}

const struct tdx_module *
tdx_module_for(const struct tdx_tcb_info *tcb, struct slice svn)
{
    char id[8];

    if (svn.len < 2 || svn.ptr[1] == 0) {
        return NULL;
    }
    (void)snprintf(id, sizeof id, "TDX_%02X", svn.ptr[1]);
    for (size_t i = 0; i < tcb->modules; i++) {
        if (tdx_same_id(tcb->module[i].id, slice_text(id))) {
            return &tcb->module[i];
        }
    }
    return NULL;
}

static const struct tdx_level *
platform_level(const struct tdx_tcb_info *tcb, const struct tdx_svns *s, struct slice svn)
{
    for (size_t i = 0; i < tcb->levels; i++) {
        if (tdx_shortfalls(tcb, &tcb->level[i], s, svn, NULL, 0) == 0) {
            return &tcb->level[i];
        }
    }
    return NULL;
}

static const struct tdx_level *
svn_level(const struct tdx_level *level, size_t n, unsigned svn)
{
    for (size_t i = 0; i < n; i++) {
        if (svn >= level[i].isvsvn) {
            return &level[i];
        }
    }
    return NULL;
}

/* Modules and the QE have three statuses; anything else is no status that could be converged. */
static bool
component_status_ok(const struct tdx_level *l)
{
    return l->status == TDX_UP_TO_DATE || l->status == TDX_OUT_OF_DATE || l->status == TDX_REVOKED;
}

static enum tdx_status
out_of_date(enum tdx_status platform)
{
    switch (platform) {
    case TDX_UP_TO_DATE:
    case TDX_SW_HARDENING_NEEDED: return TDX_OUT_OF_DATE;
    case TDX_CONFIGURATION_NEEDED:
    case TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED: return TDX_OUT_OF_DATE_CONFIGURATION_NEEDED;
    case TDX_STATUS_NONE:
    case TDX_RELAUNCH_ADVISED:
    case TDX_RELAUNCH_ADVISED_CONFIGURATION_NEEDED:
    case TDX_OUT_OF_DATE:
    case TDX_OUT_OF_DATE_CONFIGURATION_NEEDED:
    case TDX_REVOKED:
    case TDX_NOT_SUPPORTED:
    case TDX_STATUS_UNKNOWN: return platform;
    }
    return TDX_NOT_SUPPORTED;
}

enum tdx_status
tdx_converge(enum tdx_status platform, enum tdx_status module, enum tdx_status qe)
{
    if (platform == TDX_NOT_SUPPORTED || platform == TDX_STATUS_UNKNOWN) {
        return TDX_NOT_SUPPORTED;
    }
    if (module == TDX_REVOKED || qe == TDX_REVOKED) {
        return TDX_REVOKED;
    }
    return module == TDX_OUT_OF_DATE || qe == TDX_OUT_OF_DATE ? out_of_date(platform) : platform;
}

static bool
needs_configuration(enum tdx_status s)
{
    return s == TDX_CONFIGURATION_NEEDED || s == TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
           s == TDX_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

static bool
is_out_of_date(enum tdx_status s)
{
    return s == TDX_OUT_OF_DATE || s == TDX_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

static bool
is_current(enum tdx_status s)
{
    return s >= TDX_UP_TO_DATE && s <= TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED;
}

/* A current status that is worse, and what the launch needed beside. */
static enum tdx_status
worse_current(enum tdx_status launch, enum tdx_status current)
{
    if (current == TDX_OUT_OF_DATE && needs_configuration(launch)) {
        return TDX_OUT_OF_DATE_CONFIGURATION_NEEDED;
    }
    return current == TDX_CONFIGURATION_NEEDED && launch == TDX_SW_HARDENING_NEEDED
               ? TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED
               : current;
}

enum tdx_status
tdx_relaunch(enum tdx_status launch, enum tdx_status current)
{
    if (launch == TDX_NOT_SUPPORTED || current == TDX_NOT_SUPPORTED) {
        return TDX_NOT_SUPPORTED;
    }
    if (is_out_of_date(launch) && is_current(current)) {
        return needs_configuration(launch) || needs_configuration(current)
                   ? TDX_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
                   : TDX_RELAUNCH_ADVISED;
    }
    /* Intel's rule keeps the launch status here; a current one that is worse must not be lost. */
    return tdx_severity(current) > tdx_severity(launch) ? worse_current(launch, current) : launch;
}

static struct eval
evaluate(const struct tdx_tcb_info *tcb, const struct tdx_qe_identity *qe, const struct tdx_svns *s,
         struct slice svn)
{
    const struct tdx_module *module = tdx_module_for(tcb, svn);
    struct eval e = {.platform = platform_level(tcb, s, svn),
                     .module_due = svn.ptr[1] > 0,
                     .qe = svn_level(qe->level, qe->levels, s->qe_isvsvn),
                     .status = TDX_NOT_SUPPORTED};

    if (module != NULL) {
        e.module = svn_level(module->level, module->levels, svn.ptr[0]);
    }
    if (e.platform == NULL || e.qe == NULL || (e.module_due && e.module == NULL)) {
        return e;
    }
    if (!component_status_ok(e.qe) || (e.module != NULL && !component_status_ok(e.module))) {
        return e;
    }
    e.status = tdx_converge(e.platform->status,
                            e.module == NULL ? TDX_UP_TO_DATE : e.module->status, e.qe->status);
    return e;
}

/* In order and each once. */
static void
add_advisory(struct tdx_tcb_result *out, struct slice name)
{
    char text[TDX_ADVISORY_TEXT];
    size_t at = 0;

    (void)snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.ptr);
    while (at < out->advisories && strcmp(out->advisory[at], text) < 0) {
        at++;
    }
    if (at < out->advisories && strcmp(out->advisory[at], text) == 0) {
        return;
    }
    if (out->advisories == TDX_ADVISORIES_MAX) {
        out->advisories_cut = true;
        return;
    }
    memmove(out->advisory[at + 1], out->advisory[at],
            (out->advisories - at) * sizeof out->advisory[0]);
    memcpy(out->advisory[at], text, sizeof text);
    out->advisories++;
}

static void
add_level(struct tdx_tcb_result *out, const struct tdx_level *l)
{
    struct slice rest = {0};
    struct slice element = {0};
    struct slice name = {0};

    if (l == NULL) {
        return;
    }
    out->date = l->date < out->date ? l->date : out->date;
    (void)json_view_array(l->advisories, &rest);
    while (json_view_next(&rest, &element)) {
        if (json_view_text(element, &name) && name.len < TDX_ADVISORY_TEXT) {
            add_advisory(out, name);
        } else {
            out->advisories_cut = true;
        }
    }
}

static void
add_eval(struct tdx_tcb_result *out, const struct eval *e)
{
    add_level(out, e->platform);
    add_level(out, e->module);
    add_level(out, e->qe);
}

static enum tdx_status
status_of(const struct tdx_level *l)
{
    return l == NULL ? TDX_NOT_SUPPORTED : l->status;
}

void
tdx_evaluate(const struct tdx_tcb_info *tcb, const struct tdx_qe_identity *qe,
             const struct tdx_svns *svns, struct tdx_tcb_result *out)
{
    struct eval launch = evaluate(tcb, qe, svns, svns->tee_tcb_svn);

    *out = (struct tdx_tcb_result){.date = INT64_MAX, .tcb_eval = tcb->eval, .qe_eval = qe->eval};
    out->status = launch.status;
    out->platform = status_of(launch.platform);
    out->module = launch.module_due ? status_of(launch.module) : TDX_STATUS_NONE;
    out->qe = status_of(launch.qe);
    add_eval(out, &launch);
    if (svns->tee_tcb_svn2.len > 0) {
        struct eval current = evaluate(tcb, qe, svns, svns->tee_tcb_svn2);

        out->launch = launch.status;
        out->current = current.status;
        out->status = tdx_relaunch(launch.status, current.status);
        if (tdx_severity(current.status) > tdx_severity(launch.status)) {
            add_eval(out, &current);
        }
    }
    tdx_explain(tcb, svns, launch.platform, out);
}
