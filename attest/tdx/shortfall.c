/* SPDX-License-Identifier: Apache-2.0 */
/* shortfall.c - see shortfall.h. */
#include "attest/tdx/shortfall.h"

#include <stdio.h>

#include "attest/base/json_view.h"
#include "attest/base/text.h"

struct list {
    struct tdx_shortfall *out;
    size_t cap, n;
};

/* The name that the document gives to component `index`, made fit for a message; "" when it has none. */
static struct shown
name_of(struct slice names, size_t index)
{
    struct slice rest = {0};
    struct slice element = {0};
    struct slice value = {0};
    struct slice text = {0};

    (void)json_view_array(names, &rest);
    for (size_t i = 0; json_view_next(&rest, &element); i++) {
        if (i == index && json_view_member(element, "type", &value) &&
            json_view_text(value, &text) && text.len > 0) {
            return text_show(text);
        }
    }
    return (struct shown){{0}};
}

static void
add(struct list *l, const char *kind, size_t index, struct slice names, unsigned have,
    unsigned need)
{
    struct tdx_shortfall *s = l->n < l->cap ? &l->out[l->n] : NULL;
    struct shown name = {{0}};

    l->n++;
    if (s == NULL) {
        return;
    }
    name = name_of(names, index);
    (void)snprintf(s->what, sizeof s->what, "%s %zu%s%.27s%s", kind, index,
                   name.text[0] != '\0' ? " (" : "", name.text, name.text[0] != '\0' ? ")" : "");
    s->have = have;
    s->need = need;
}

/* With a module version of its own, bytes 0 and 1 are the module's business (TDX 1.5). */
static size_t
first_component(struct slice svn)
{
    return svn.ptr[1] > 0 ? 2 : 0;
}

size_t
tdx_shortfalls(const struct tdx_tcb_info *tcb, const struct tdx_level *level,
               const struct tdx_svns *s, struct slice svn, struct tdx_shortfall *out, size_t cap)
{
    struct list l = {out, cap, 0};

    for (size_t i = 0; i < TDX_COMPONENTS; i++) {
        if (s->component[i] < level->sgx[i]) {
            add(&l, "sgx", i, tcb->sgx_names, s->component[i], level->sgx[i]);
        }
    }
    if (s->pcesvn < level->pcesvn) {
        if (l.n < cap) {
            (void)snprintf(out[l.n].what, sizeof out[l.n].what, "pcesvn");
            out[l.n].have = s->pcesvn;
            out[l.n].need = level->pcesvn;
        }
        l.n++;
    }
    for (size_t i = first_component(svn); i < TDX_COMPONENTS; i++) {
        if (svn.ptr[i] < level->tdx[i]) {
            add(&l, "tdx", i, tcb->tdx_names, svn.ptr[i], level->tdx[i]);
        }
    }
    return l.n;
}

void
tdx_explain(const struct tdx_tcb_info *tcb, const struct tdx_svns *s,
            const struct tdx_level *matched, struct tdx_tcb_result *out)
{
    size_t above = matched == NULL ? tcb->levels : (size_t)(matched - tcb->level);

    out->missed_in_all = above;
    for (size_t i = above; i > 0 && out->missed_n < TDX_MISSED_MAX; i--) {
        struct tdx_missed *m = &out->missed[out->missed_n++];

        m->status = tcb->level[i - 1].status;
        m->date = tcb->level[i - 1].date;
        m->shortfalls = tdx_shortfalls(tcb, &tcb->level[i - 1], s, s->tee_tcb_svn, m->shortfall,
                                       TDX_SHORTFALLS_MAX);
        m->shortfalls =
            m->shortfalls < TDX_SHORTFALLS_MAX ? m->shortfalls : (size_t)TDX_SHORTFALLS_MAX;
    }
}
