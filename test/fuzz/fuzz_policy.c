/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_policy.c - policies from arbitrary bytes: no crash, and whatever is accepted keeps the
 * limits that later code relies on. */
#include <assert.h>
#include <string.h>

#include "broker/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
upload_holds(const struct policy_upload *u)
{
    size_t len = strlen(u->prefix);

    assert(len > 0 && u->prefix[len - 1] == '/' && u->prefix[0] != '/');
    assert(strstr(u->prefix, "${sandbox}") != NULL);
    assert(strstr(u->prefix, "/../") == NULL && strncmp(u->prefix, "../", 3) != 0);
    assert(u->max_bytes >= 1 && u->ttl_s >= 1 && u->ttl_s <= 3600);
    assert(u->content_types >= 1 && u->content_types <= POLICY_TYPES && u->tags <= POLICY_TAGS);
    for (size_t i = 0; i < u->content_types; i++) {
        assert(strchr(u->content_type[i], '/') != NULL);
    }
}

static void
token_holds(const struct policy_grant *g)
{
    assert(g->token_ttl_s >= 5 && g->token_ttl_s <= 3600);
    assert(g->audiences >= 1 && g->audiences <= POLICY_AUDIENCES);
    assert(g->scopes >= 1 && g->scopes <= POLICY_SCOPES);
    for (size_t i = 0; i < g->audiences; i++) {
        assert(strncmp(g->audience[i], "http", 4) == 0);
    }
    for (size_t i = 0; i < g->scopes; i++) {
        assert(g->scope[i][0] != '\0' && strpbrk(g->scope[i], " \"\\") == NULL);
    }
}

static void
grant_holds(const struct policy_grant *g)
{
    assert(g->heartbeat_s >= 5 && g->heartbeat_s <= g->max_s && g->max_s <= 604800);
    assert(g->uploads <= POLICY_UPLOADS);
    token_holds(g);
    for (size_t i = 0; i < g->uploads; i++) {
        upload_holds(&g->upload[i]);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(policy_free) struct policy *p = NULL;
    struct why why = {0};

    if (policy_read((struct slice){data, len}, &p, &why) != ERR_OK) {
        assert(p == NULL && why.n > 0);
        return 0;
    }
    assert(p->id[0] != '\0' && p->version >= 1 && strlen(p->digest) == 64);
    assert(p->alternatives >= 1 && p->alternatives <= POLICY_ALTERNATIVES);
    for (size_t a = 0; a < p->alternatives; a++) {
        assert(p->row[a][0] != NULL);
    }
    assert(!p->consent_required || p->consent_issuer[0] != '\0');
    grant_holds(&p->grant);
    return 0;
}
