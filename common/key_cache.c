/* SPDX-License-Identifier: Apache-2.0 */
/* key_cache.c - see key_cache.h. */
#include "common/key_cache.h"

#include "common/mem.h"

#include <pthread.h>
#include <string.h>

struct slot {
    uint8_t jkt[JKT_LEN];
    struct sig_key key; /* type KEY_NONE: free */
};

struct key_cache {
    pthread_mutex_t lock;
    size_t slots;
    struct slot *slot;
};

struct key_cache *
key_cache_new(size_t slots)
{
    struct key_cache *c = mem_new(1, sizeof *c);

    c->slots = slots;
    c->slot = mem_new(slots, sizeof *c->slot);
    (void)pthread_mutex_init(&c->lock, NULL);
    return c;
}

void
key_cache_free(struct key_cache **c)
{
    if (*c == NULL) {
        return;
    }
    for (size_t i = 0; i < (*c)->slots; i++) {
        sig_key_done(&(*c)->slot[i].key);
    }
    (void)pthread_mutex_destroy(&(*c)->lock);
    mem_free((*c)->slot);
    mem_free(*c);
    *c = NULL;
}

static struct slot *
slot_of(struct key_cache *c, const uint8_t jkt[JKT_LEN])
{
    size_t at = 0;

    memcpy(&at, jkt, sizeof at);
    return &c->slot[at % c->slots];
}

bool
key_cache_get(struct key_cache *c, const uint8_t jkt[JKT_LEN], struct sig_key *out)
{
    bool hit = false;

    (void)pthread_mutex_lock(&c->lock);
    const struct slot *s = slot_of(c, jkt);

    if (s->key.type != KEY_NONE && memcmp(s->jkt, jkt, JKT_LEN) == 0) {
        hit = sig_key_share(&s->key, out);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return hit;
}

void
key_cache_put(struct key_cache *c, const uint8_t jkt[JKT_LEN], const struct sig_key *key)
{
    struct sig_key mine = {0};
    struct sig_key old = {0};

    if (!sig_key_share(key, &mine)) {
        return;
    }
    (void)pthread_mutex_lock(&c->lock);
    struct slot *s = slot_of(c, jkt);

    old = s->key;
    memcpy(s->jkt, jkt, JKT_LEN);
    s->key = mine;
    (void)pthread_mutex_unlock(&c->lock);
    sig_key_done(&old);
}
