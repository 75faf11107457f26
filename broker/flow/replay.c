/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - see replay.h.  A table with open addressing: a key may live in any of PROBES slots after its hash, so looking and
 * inserting touch a bounded number of slots however full the table is. */
#include "broker/flow/replay.h"

#include "attest/base/hash.h"
#include "common/mem.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { PROBES = 64, TAG_LEN = 16 };

struct slot {
    uint8_t tag[TAG_LEN];
    int64_t until; /* unix seconds; 0: never used */
};

struct replay {
    pthread_mutex_t lock;
    size_t slots;
    struct slot *slot;
};

struct replay *
replay_new(size_t slots)
{
    struct replay *r = mem_new(1, sizeof *r);

    assert(slots >= PROBES && (slots & (slots - 1)) == 0);
    r->slots = slots;
    r->slot = mem_new(slots, sizeof *r->slot);
    (void)pthread_mutex_init(&r->lock, NULL);
    return r;
}

void
replay_free(struct replay **r)
{
    if (*r == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&(*r)->lock);
    mem_free((*r)->slot);
    mem_free(*r);
    *r = NULL;
}

/* The slot to take, or NULL when the table is full there; *seen when the key is there already. */
static struct slot *
find_slot(struct replay *r, const uint8_t tag[TAG_LEN], int64_t now, bool *seen)
{
    struct slot *unused = NULL;
    size_t start = 0;

    memcpy(&start, tag, sizeof start);
    for (size_t i = 0; i < PROBES; i++) {
        struct slot *s = &r->slot[(start + i) & (r->slots - 1)];

        if (s->until <= now) {
            unused = unused == NULL ? s : unused;
        } else if (memcmp(s->tag, tag, TAG_LEN) == 0) {
            *seen = true;
            return NULL;
        }
        if (s->until == 0) {
            break; /* nothing was ever put beyond a slot that was never used */
        }
    }
    return unused;
}

enum err
replay_add(struct replay *r, struct slice key, int64_t until, int64_t now, struct why *why)
{
    uint8_t digest[SHA256_LEN];
    bool seen = false;

    hash_sha256(key, digest);
    (void)pthread_mutex_lock(&r->lock);
    struct slot *s = find_slot(r, digest, now, &seen);

    if (s != NULL) {
        memcpy(s->tag, digest, TAG_LEN);
        s->until = until;
    }
    (void)pthread_mutex_unlock(&r->lock);
    if (seen) {
        return why_add(why, ERR_CONFLICT, "this DPoP proof was used before");
    }
    if (s == NULL) {
        return why_add(why, ERR_BUSY, "the memory of used proofs is full");
    }
    return ERR_OK;
}
