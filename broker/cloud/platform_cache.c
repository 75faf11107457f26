/* SPDX-License-Identifier: Apache-2.0 */
/* platform_cache.c - see platform_cache.h.  A key as the library has it costs a third of a verification to make from a point: it is kept. */
#include "broker/cloud/platform_cache.h"

#include "broker/cloud/lru.h"
#include "common/mem.h"

#include <pthread.h>
#include <string.h>

enum { POINT = 64 };

struct entry {
    struct lru_node node;
    uint8_t facts[offsetof(struct tdx_platform,
                           ak)]; /* of struct tdx_platform, whose last member is its key */
    uint8_t point[POINT];        /* x || y */
    void *handle;                /* owned, as that of struct sig_key */
};

struct platform_cache {
    pthread_mutex_t lock;
    struct lru table;
};

struct platform_cache *
platform_cache_new(size_t max)
{
    struct platform_cache *c = mem_new(1, sizeof *c);

    lru_init(&c->table, max, SHA256_LEN);
    (void)pthread_mutex_init(&c->lock, NULL);
    return c;
}

/* Its key as the rest of us has keys; it stays the entry's. */
static struct sig_key
key_of(const struct entry *e)
{
    struct sig_key k = {
        .type = KEY_EC, .curve = CURVE_P256, .len = sizeof e->point, .handle = e->handle};

    memcpy(k.number, e->point, sizeof e->point);
    return k;
}

static void
drop_key(struct entry *e)
{
    struct sig_key k = key_of(e);

    sig_key_done(&k);
    e->handle = NULL;
}

static struct entry *
take_oldest(struct platform_cache *c)
{
    return (struct entry *)lru_take_oldest(&c->table);
}

void
platform_cache_free(struct platform_cache **c)
{
    if (*c == NULL) {
        return;
    }
    for (struct entry *e = take_oldest(*c); e != NULL; e = take_oldest(*c)) {
        drop_key(e);
        mem_free(e);
    }
    (void)pthread_mutex_destroy(&(*c)->lock);
    lru_done(&(*c)->table);
    mem_free(*c);
    *c = NULL;
}

static struct entry *
place_of(struct platform_cache *c, const uint8_t key[SHA256_LEN])
{
    struct entry *e = (struct entry *)lru_use(&c->table, key);

    if (e != NULL) {
        drop_key(e);
        return e;
    }
    if (c->table.n == c->table.max) {
        e = take_oldest(c);
        drop_key(e);
    } else {
        e = mem_new(1, sizeof *e);
    }
    memcpy(e->node.key, key, SHA256_LEN);
    lru_add(&c->table, &e->node);
    return e;
}

void
platform_cache_put(struct platform_cache *c, const struct tdx_platform *platform)
{
    struct sig_key share = {0};

    if (platform->ak.curve != CURVE_P256 || !sig_key_share(&platform->ak, &share)) {
        return;
    }
    (void)pthread_mutex_lock(&c->lock);
    struct entry *e = place_of(c, platform->key);

    memcpy(e->facts, platform, sizeof e->facts);
    memcpy(e->point, share.number, sizeof e->point);
    e->handle = share.handle; /* handed over */
    (void)pthread_mutex_unlock(&c->lock);
}

/* With a share of the key, since the entry may be gone once the lock is. */
static bool
restore(const struct entry *e, struct tdx_platform *out)
{
    const struct sig_key key = key_of(e);
    struct sig_key share = {0};

    if (!sig_key_share(&key, &share)) {
        return false;
    }
    memcpy(out, e->facts, sizeof e->facts);
    out->ak = share;
    return true;
}

bool
platform_cache_get(struct platform_cache *c, const uint8_t key[SHA256_LEN], int64_t now,
                   struct tdx_platform *out)
{
    struct tdx_platform p = {0};

    (void)pthread_mutex_lock(&c->lock);
    const struct entry *e = (const struct entry *)lru_use(&c->table, key);
    bool found = e != NULL && restore(e, &p);

    (void)pthread_mutex_unlock(&c->lock);
    if (found && (now < p.not_before || now > p.not_after)) {
        tdx_platform_done(&p);
        return false;
    }
    if (found) {
        *out = p;
    }
    return found;
}

size_t
platform_cache_count(struct platform_cache *c)
{
    (void)pthread_mutex_lock(&c->lock);
    size_t n = c->table.n;

    (void)pthread_mutex_unlock(&c->lock);
    return n;
}
