/* SPDX-License-Identifier: Apache-2.0 */
/* lru.h - a bounded table by keys of one length, in which the one used longest ago makes room for a new one.
 *
 * A look-up costs the same whether one is known or all that fit.  Where an entry falls is not for outsiders to choose: keys are hashed from a
 * secret start.  It has no lock and owns no entry: whoever has the table has both. */
#ifndef BROKER_CLOUD_LRU_H
#define BROKER_CLOUD_LRU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LRU_KEY_MAX = 72 };

/* The first member of an entry; its owner sets `key`, the rest is the table's. */
struct lru_node {
    struct lru_node *chain;         /* the next in the same bucket */
    struct lru_node *newer, *older; /* by last use */
    uint8_t key[LRU_KEY_MAX];
};

struct lru {
    uint64_t seed;
    size_t key_len, max, n;
    size_t buckets; /* a power of two */
    struct lru_node **bucket;
    struct lru_node *newest, *oldest;
};

/* At most `max` (at least 1) entries by keys of key_len (at most LRU_KEY_MAX) bytes. */
void lru_init(struct lru *l, size_t max, size_t key_len);

/* Entries are taken out before, with lru_take_oldest(). */
void lru_done(struct lru *l);

/* NULL: there is none.  It is then the newest. */
struct lru_node *lru_use(struct lru *l, const uint8_t *key);

/* The one used longest ago, out of the table and the caller's again; NULL when it is empty. */
struct lru_node *lru_take_oldest(struct lru *l);

/* There is room, and none of this key. */
void lru_add(struct lru *l, struct lru_node *node);

#endif
