/* SPDX-License-Identifier: Apache-2.0 */
/* config_collateral.c - the member "collateral" of the configuration: bounds, and where AMD is asked (docs/API.md, "Configuration").
 *
 * It refuses a URL that could not be believed: http:// to anywhere but loopback. */
#include "broker/config_part.h"

#include "broker/cloud/http_get.h"
#include "common/json.h"

#include <stdio.h>
#include <string.h>

enum { WEEK_S = 604800, MONTH_S = 2592000 };

/* Members that are numbers, on their way to types of their own. */
struct numbers {
    int64_t pending_max;
};

static enum err
set_url(const char *url, struct fetcher_conf *amd, struct why *why)
{
    enum err e = http_get_base_check(url, why);

    if (e != ERR_OK) {
        return why_add(why, e, "in collateral.amd.url");
    }
    (void)snprintf(amd->url, sizeof amd->url, "%s", url);
    return ERR_OK;
}

static enum err
set_texts(const char *url, const char *ca_file, const char *path, struct fetcher_conf *amd,
          struct why *why)
{
    if (url == NULL) {
        return amd->fetch || ca_file != NULL
                   ? why_add(why, ERR_MALFORMED, "collateral.amd: nothing is fetched without url")
                   : ERR_OK;
    }
    TRY(set_url(url, amd, why));
    return ca_file == NULL ? ERR_OK
                           : config_file(path, ca_file, "collateral.amd.ca_file", amd->ca_file,
                                         sizeof amd->ca_file, why);
}

static enum err
read_amd(json_t *obj, const char *path, struct fetcher_conf *amd, struct why *why)
{
    const char *url = NULL;
    const char *ca_file = NULL;
    struct numbers n = {(int64_t)amd->errands.pending_max};
    const struct json_member members[] = {
        {"url", JK_TEXT, false, &url, 0, sizeof amd->url - 1},
        {"fetch", JK_BOOL, false, &amd->fetch, 0, 0},
        {"ca_file", JK_TEXT, false, &ca_file, 0, CONFIG_PATH},
        {"timeout_s", JK_INT, false, &amd->timeout_s, 1, 120},
        {"crl_refresh_s", JK_INT, false, &amd->refresh_s, 1, MONTH_S},
        {"negative_s", JK_INT, false, &amd->errands.negative_s, 1, WEEK_S},
        {"max_pending", JK_INT, false, &n.pending_max, 1, 4096},
        {"chips_per_minute", JK_INT, false, &amd->errands.new_per_minute, 1, 100000},
    };

    amd->fetch = json_object_get(obj, "url") != NULL; /* unless it says otherwise */
    TRY(json_bind(obj, "collateral.amd", members, sizeof members / sizeof members[0], why));
    amd->errands.pending_max = (size_t)n.pending_max;
    return set_texts(url, ca_file, path, amd, why);
}

enum err
config_collateral(json_t *obj, const char *config_path, struct collateral_conf *out,
                  struct why *why)
{
    struct collateral_conf c = collateral_defaults();
    json_t *amd = NULL;
    int64_t cached = (int64_t)c.cached_max;
    int64_t rows = (int64_t)c.rows_max;
    const struct json_member members[] = {
        {"cached_max", JK_INT, false, &cached, 1, 10000000},
        {"rows_max", JK_INT, false, &rows, 1, 10000000},
        {"amd", JK_OBJECT, false, &amd, 0, 0},
    };

    TRY(obj == NULL
            ? ERR_OK
            : json_bind(obj, "collateral", members, sizeof members / sizeof members[0], why));
    TRY(amd == NULL ? ERR_OK : read_amd(amd, config_path, &c.amd, why));
    c.cached_max = (size_t)cached;
    c.rows_max = (size_t)rows;
    *out = c;
    return ERR_OK;
}
