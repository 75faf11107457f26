/* SPDX-License-Identifier: Apache-2.0 */
/* lru.c - see lru.h.  Chains from a table of buckets, and one list of all entries by last use. */
#include "broker/cloud/lru.h"

#include "common/mem.h"
#include "common/sys.h"

#include <string.h>

void
lru_init(struct lru *l, size_t max, size_t key_len)
{
    *l = (struct lru){.max = max, .key_len = key_len, .buckets = 1};
    while (l->buckets < max) {
        l->buckets *= 2;
    }
    l->bucket = mem_new(l->buckets, sizeof(struct lru_node *));
    random_bytes((uint8_t *)&l->seed, sizeof l->seed);
}

void
lru_done(struct lru *l)
{
    mem_free(l->bucket);
    *l = (struct lru){0};
}

/* FNV-1a from a secret start: the keys are those of certified hardware, so nobody can make many that collide. */
static struct lru_node **
bucket_of(const struct lru *l, const uint8_t *key)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ l->seed;

    for (size_t i = 0; i < l->key_len; i++) {
        h = (h ^ key[i]) * UINT64_C(0x100000001b3);
    }
    return &l->bucket[(h ^ h >> 32) & (l->buckets - 1)];
}

static void
list_remove(struct lru *l, struct lru_node *e)
{
    *(e->newer != NULL ? &e->newer->older : &l->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &l->oldest) = e->newer;
    e->newer = NULL;
    e->older = NULL;
}

static void
list_push(struct lru *l, struct lru_node *e)
{
    e->older = l->newest;
    *(l->newest != NULL ? &l->newest->newer : &l->oldest) = e;
    l->newest = e;
}

struct lru_node *
lru_use(struct lru *l, const uint8_t *key)
{
    struct lru_node *e = *bucket_of(l, key);

    while (e != NULL && memcmp(e->key, key, l->key_len) != 0) {
        e = e->chain;
    }
    if (e != NULL) {
        list_remove(l, e);
        list_push(l, e);
    }
    return e;
}

struct lru_node *
lru_take_oldest(struct lru *l)
{
    struct lru_node *e = l->oldest;

    if (e == NULL) {
        return NULL;
    }
    struct lru_node **at = bucket_of(l, e->key);

    while (*at != e) {
        at = &(*at)->chain;
    }
    *at = e->chain;
    list_remove(l, e);
    l->n--;
    return e;
}

void
lru_add(struct lru *l, struct lru_node *node)
{
    struct lru_node **at = bucket_of(l, node->key);

    node->chain = *at;
    *at = node;
    list_push(l, node);
    l->n++;
}
