/* SPDX-License-Identifier: Apache-2.0 */
/* config_collateral.c - the member "collateral" of the configuration: bounds, and where AMD and Intel are asked (docs/API.md, "Configuration").
 *
 * It refuses a URL that could not be believed: http:// to anywhere but loopback. */
#include "broker/config_part.h"

#include "broker/cloud/http_get.h"
#include "common/json.h"

#include <stdio.h>
#include <string.h>

enum { WEEK_S = 604800, MONTH_S = 2592000 };

/* Members of a vendor on their way to types of their own. */
struct vendor {
    const char *what; /* "collateral.amd" */
    struct fetcher_conf *out;
    const char *url, *ca_file;
    int64_t pending_max;
};

/* What a vendor has whoever it is; the others are read by their own function. */
enum { COMMON_MEMBERS = 6 };

static void
common_members(struct vendor *v, struct json_member out[COMMON_MEMBERS])
{
    struct fetcher_conf *c = v->out;
    const struct json_member members[COMMON_MEMBERS] = {
        {"url", JK_TEXT, false, &v->url, 0, sizeof c->url - 1},
        {"fetch", JK_BOOL, false, &c->fetch, 0, 0},
        {"ca_file", JK_TEXT, false, &v->ca_file, 0, CONFIG_PATH},
        {"timeout_s", JK_INT, false, &c->timeout_s, 1, 120},
        {"negative_s", JK_INT, false, &c->errands.negative_s, 1, WEEK_S},
        {"max_pending", JK_INT, false, &v->pending_max, 1, 4096},
    };

    v->pending_max = (int64_t)c->errands.pending_max;
    memcpy(out, members, sizeof members);
}

static enum err
set_url(const struct vendor *v, const char *member, const char *url, char *dst, size_t cap,
        struct why *why)
{
    enum err e = http_get_base_check(url, why);

    if (e != ERR_OK) {
        return why_add(why, e, "in %s.%s", v->what, member);
    }
    (void)snprintf(dst, cap, "%s", url);
    return ERR_OK;
}

static enum err
set_texts(const struct vendor *v, const char *path, struct why *why)
{
    char what[64];

    if (v->url == NULL) {
        return v->out->fetch || v->ca_file != NULL
                   ? why_add(why, ERR_MALFORMED, "%s: nothing is fetched without url", v->what)
                   : ERR_OK;
    }
    TRY(set_url(v, "url", v->url, v->out->url, sizeof v->out->url, why));
    (void)snprintf(what, sizeof what, "%s.ca_file", v->what);
    return v->ca_file == NULL
               ? ERR_OK
               : config_file(path, v->ca_file, what, v->out->ca_file, sizeof v->out->ca_file, why);
}

static enum err
bind_vendor(json_t *obj, struct vendor *v, const struct json_member *members, size_t n,
            const char *path, struct why *why)
{
    v->out->fetch = json_object_get(obj, "url") != NULL; /* unless it says otherwise */
    TRY(json_bind(obj, v->what, members, n, why));
    v->out->errands.pending_max = (size_t)v->pending_max;
    return set_texts(v, path, why);
}

static enum err
read_amd(json_t *obj, const char *path, struct fetcher_conf *amd, struct why *why)
{
    struct vendor v = {.what = "collateral.amd", .out = amd};
    struct json_member members[COMMON_MEMBERS + 2] = {
        [COMMON_MEMBERS] = {"crl_refresh_s", JK_INT, false, &amd->refresh_s, 1, MONTH_S},
        {"chips_per_minute", JK_INT, false, &amd->errands.new_per_minute, 1, 100000},
    };

    common_members(&v, members);
    return bind_vendor(obj, &v, members, COMMON_MEMBERS + 2, path, why);
}

/* Members of Intel alone, on their way to types of their own. */
struct intel_words {
    const char *update, *root_crl_url;
    bool pccs;
    int64_t platforms_max, fmspc_max;
};

static enum err
set_update(const char *word, enum intel_update *out, struct why *why)
{
    static const char *const UPDATES[] = {
        [INTEL_STANDARD] = "standard", [INTEL_EARLY] = "early", [INTEL_BOTH] = "both"};

    for (size_t i = 0; word != NULL && i < sizeof UPDATES / sizeof UPDATES[0]; i++) {
        if (strcmp(word, UPDATES[i]) == 0) {
            *out = (enum intel_update)i;
            return ERR_OK;
        }
    }
    return word == NULL
               ? ERR_OK
               : why_add(why, ERR_MALFORMED,
                         "collateral.intel.update: \"%.16s\", want \"standard\", \"early\" "
                         "or \"both\"",
                         word);
}

/* A PCCS has the CRL of the root too; Intel's own is elsewhere than the rest. */
static enum err
set_intel(const struct vendor *v, const struct intel_words *w, struct intel_conf *out,
          struct why *why)
{
    out->platforms_max = (size_t)w->platforms_max;
    out->fmspc_max = (size_t)w->fmspc_max;
    if (w->pccs) {
        out->root_crl_url[0] = '\0';
    }
    TRY(w->root_crl_url == NULL ? ERR_OK
                                : set_url(v, "root_crl_url", w->root_crl_url, out->root_crl_url,
                                          sizeof out->root_crl_url, why));
    return set_update(w->update, &out->update, why);
}

static enum err
read_intel(json_t *obj, const char *path, struct intel_conf *intel, struct why *why)
{
    struct vendor v = {.what = "collateral.intel", .out = &intel->pcs};
    struct intel_words w = {.platforms_max = (int64_t)intel->platforms_max,
                            .fmspc_max = (int64_t)intel->fmspc_max};
    struct json_member members[COMMON_MEMBERS + 7] = {
        [COMMON_MEMBERS] = {"refresh_s", JK_INT, false, &intel->pcs.refresh_s, 1, MONTH_S},
        {"new_per_minute", JK_INT, false, &intel->pcs.errands.new_per_minute, 1, 100000},
        {"pccs", JK_BOOL, false, &w.pccs, 0, 0},
        {"root_crl_url", JK_TEXT, false, &w.root_crl_url, 0, sizeof intel->root_crl_url - 1},
        {"update", JK_TEXT, false, &w.update, 0, 16},
        {"platforms_max", JK_INT, false, &w.platforms_max, 1, 1000000},
        {"fmspc_max", JK_INT, false, &w.fmspc_max, 1, 4096},
    };

    common_members(&v, members);
    TRY(bind_vendor(obj, &v, members, COMMON_MEMBERS + 7, path, why));
    return set_intel(&v, &w, intel, why);
}

enum err
config_collateral(json_t *obj, const char *config_path, struct collateral_conf *out,
                  struct why *why)
{
    struct collateral_conf c = collateral_defaults();
    json_t *amd = NULL;
    json_t *intel = NULL;
    int64_t cached = (int64_t)c.cached_max;
    int64_t rows = (int64_t)c.rows_max;
    const struct json_member members[] = {
        {"cached_max", JK_INT, false, &cached, 1, 10000000},
        {"rows_max", JK_INT, false, &rows, 1, 10000000},
        {"amd", JK_OBJECT, false, &amd, 0, 0},
        {"intel", JK_OBJECT, false, &intel, 0, 0},
    };

    TRY(obj == NULL
            ? ERR_OK
            : json_bind(obj, "collateral", members, sizeof members / sizeof members[0], why));
    TRY(amd == NULL ? ERR_OK : read_amd(amd, config_path, &c.amd, why));
    TRY(intel == NULL ? ERR_OK : read_intel(intel, config_path, &c.intel, why));
    c.cached_max = (size_t)cached;
    c.rows_max = (size_t)rows;
    c.intel.rows_max = c.rows_max;
    *out = c;
    return ERR_OK;
}
