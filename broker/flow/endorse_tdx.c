/* SPDX-License-Identifier: Apache-2.0 */
/* endorse_tdx.c - see endorse_tdx.h. */
#include "broker/flow/endorse_tdx.h"

#include <string.h>

void
tdx_endorsement_done(struct tdx_endorsement *e)
{
    tdx_platform_done(&e->platform);
    intel_set_free(&e->set);
    intel_set_free(&e->early);
}

/* Known from before, or by its certificates. */
static bool
find_platform(struct intel *i, const struct tdx_anchor *anchor, int64_t now, struct slice quote,
              struct tdx_platform *out)
{
    uint8_t key[SHA256_LEN];
    struct why none = {0};

    return tdx_platform_key(quote, key, &none) == ERR_OK &&
           (intel_platform_get(i, key, now, out) ||
            tdx_platform_open(quote, anchor, out, &none) == ERR_OK);
}

/* Of a platform that did not verify: for looking up what is kept, and for nothing else. */
static bool
find_need(struct slice quote, struct tdx_endorsement *e)
{
    struct why none = {0};

    if (!e->verified) {
        return tdx_need_read(quote, &e->need, &none) == ERR_OK;
    }
    memcpy(e->need.fmspc, e->platform.fmspc, sizeof e->need.fmspc);
    e->need.ca = e->platform.ca;
    return true;
}

void
tdx_endorse(struct intel *i, const struct tdx_anchor *anchor, int64_t now, struct tdx_evidence *ev,
            struct tdx_endorsement *e)
{
    e->verified = find_platform(i, anchor, now, ev->quote, &e->platform);
    ev->known = e->verified ? &e->platform : NULL;
    if (!find_need(ev->quote, e)) {
        return;
    }
    e->set = intel_set_get(i, &e->need, now);
    e->early = e->verified ? intel_early_get(i, &e->need, now) : NULL;
    ev->facts = e->set != NULL ? intel_set_facts(e->set) : NULL;
    ev->early = e->early != NULL ? intel_set_facts(e->early) : NULL;
}

void
tdx_endorsement_keep(struct intel *i, const struct tdx_endorsement *e)
{
    if (e->verified) {
        intel_platform_keep(i, &e->platform);
    }
}

int64_t
tdx_endorsement_want(struct intel *i, const struct tdx_endorsement *e, int64_t now)
{
    return e->verified ? intel_want(i, &e->need, now) : 0;
}
