/* SPDX-License-Identifier: Apache-2.0 */
/* vek_cache.c - see vek_cache.h.  Chains from a table of buckets, and one list of all entries by last use. */
#include "broker/cloud/vek_cache.h"

#include "common/mem.h"
#include "common/sys.h"

#include <pthread.h>
#include <string.h>

enum { FIELD = 48, KEY_BYTES = 1 + SNP_CHIP_LEN + 5 };

struct entry {
    struct entry *chain;         /* the next in the same bucket */
    struct entry *newer, *older; /* by last use */
    uint8_t key[KEY_BYTES];
    uint8_t hwid_len;
    uint8_t point[2 * FIELD]; /* x || y */
    uint8_t spki_sha256[SHA256_LEN];
    int64_t not_before, not_after;
    uint8_t *der; /* owned; NULL when it is kept elsewhere, or nowhere */
    size_t der_len;
};

struct vek_cache {
    pthread_mutex_t lock;
    uint64_t seed; /* where an entry falls is not for outsiders to choose */
    size_t max, n;
    size_t buckets; /* a power of two */
    struct entry **bucket;
    struct entry *newest, *oldest;
};

bool
vek_key_same(const struct vek_key *a, const struct vek_key *b)
{
    return a->product == b->product && memcmp(a->chip, b->chip, sizeof a->chip) == 0 &&
           memcmp(&a->tcb, &b->tcb, sizeof a->tcb) == 0; /* five bytes without padding */
}

struct vek_cache *
vek_cache_new(size_t max)
{
    struct vek_cache *c = mem_new(1, sizeof *c);

    c->max = max;
    c->buckets = 1;
    while (c->buckets < max) {
        c->buckets *= 2;
    }
    c->bucket = mem_new(c->buckets, sizeof(struct entry *));
    random_bytes((uint8_t *)&c->seed, sizeof c->seed);
    (void)pthread_mutex_init(&c->lock, NULL);
    return c;
}

void
vek_cache_free(struct vek_cache **c)
{
    if (*c == NULL) {
        return;
    }
    for (struct entry *e = (*c)->newest; e != NULL;) {
        struct entry *older = e->older;

        mem_free(e->der);
        mem_free(e);
        e = older;
    }
    (void)pthread_mutex_destroy(&(*c)->lock);
    mem_free((*c)->bucket);
    mem_free(*c);
    *c = NULL;
}

static void
key_bytes(const struct vek_key *key, uint8_t out[KEY_BYTES])
{
    const uint8_t tcb[5] = {key->tcb.fmc, key->tcb.bootloader, key->tcb.tee, key->tcb.snp,
                            key->tcb.microcode};

    out[0] = (uint8_t)key->product;
    memcpy(out + 1, key->chip, SNP_CHIP_LEN);
    memcpy(out + 1 + SNP_CHIP_LEN, tcb, sizeof tcb);
}

/* FNV-1a from a secret start: the keys are those of chips that AMD has certified, so nobody can make many that collide. */
static struct entry **
bucket_of(const struct vek_cache *c, const uint8_t key[KEY_BYTES])
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ c->seed;

    for (size_t i = 0; i < KEY_BYTES; i++) {
        h = (h ^ key[i]) * UINT64_C(0x100000001b3);
    }
    return &c->bucket[(h ^ h >> 32) & (c->buckets - 1)];
}

static struct entry *
find(const struct vek_cache *c, const uint8_t key[KEY_BYTES])
{
    struct entry *e = *bucket_of(c, key);

    while (e != NULL && memcmp(e->key, key, KEY_BYTES) != 0) {
        e = e->chain;
    }
    return e;
}

static void
list_remove(struct vek_cache *c, struct entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
    e->newer = NULL;
    e->older = NULL;
}

static void
list_push(struct vek_cache *c, struct entry *e)
{
    e->older = c->newest;
    *(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

/* The one used longest ago, out of its chain and the list, to be used anew. */
static struct entry *
evict(struct vek_cache *c)
{
    struct entry *e = c->oldest;
    struct entry **at = bucket_of(c, e->key);

    while (*at != e) {
        at = &(*at)->chain;
    }
    *at = e->chain;
    list_remove(c, e);
    c->n--;
    return e;
}

static struct entry *
insert(struct vek_cache *c, const uint8_t key[KEY_BYTES])
{
    struct entry *e = c->n == c->max ? evict(c) : mem_new(1, sizeof *e);
    struct entry **at = bucket_of(c, key);

    memcpy(e->key, key, KEY_BYTES);
    e->chain = *at;
    *at = e;
    c->n++;
    return e;
}

static void
fill(struct entry *e, const struct snp_vek *vek, struct slice der)
{
    mem_free(e->der);
    e->der = NULL;
    e->der_len = der.len;
    if (der.len > 0) {
        e->der = mem_raw(der.len);
        memcpy(e->der, der.ptr, der.len);
    }
    e->hwid_len = (uint8_t)vek->hwid_len;
    memcpy(e->point, vek->key.number, sizeof e->point);
    memcpy(e->spki_sha256, vek->spki_sha256, sizeof e->spki_sha256);
    e->not_before = vek->not_before;
    e->not_after = vek->not_after;
}

void
vek_cache_put(struct vek_cache *c, const struct vek_key *key, const struct snp_vek *vek,
              struct slice der)
{
    uint8_t bytes[KEY_BYTES];

    if (vek->kind != SNP_VCEK || vek->key.curve != CURVE_P384 || vek->hwid_len > SNP_CHIP_LEN) {
        return;
    }
    key_bytes(key, bytes);
    (void)pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, bytes);

    if (e != NULL) {
        list_remove(c, e);
    } else {
        e = insert(c, bytes);
    }
    fill(e, vek, der);
    list_push(c, e);
    (void)pthread_mutex_unlock(&c->lock);
}

static bool
restore(const struct entry *e, const struct vek_key *key, struct snp_vek *out)
{
    struct snp_vek v = {
        .product = key->product,
        .kind = SNP_VCEK,
        .tcb = key->tcb,
        .hwid_len = e->hwid_len,
        .not_before = e->not_before,
        .not_after = e->not_after,
    };
    struct why why = {0};

    memcpy(v.hwid, key->chip, sizeof v.hwid);
    memcpy(v.spki_sha256, e->spki_sha256, sizeof v.spki_sha256);
    if (sig_key_ec(CURVE_P384, (struct slice){e->point, FIELD},
                   (struct slice){e->point + FIELD, FIELD}, &v.key, &why) != ERR_OK) {
        return false;
    }
    *out = v;
    return true;
}

bool
vek_cache_get(struct vek_cache *c, const struct vek_key *key, struct snp_vek *out)
{
    uint8_t bytes[KEY_BYTES];
    struct entry copy = {0};

    key_bytes(key, bytes);
    (void)pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, bytes);

    if (e != NULL) {
        list_remove(c, e);
        list_push(c, e);
        copy = *e; /* of which the pointers are not looked at */
    }
    (void)pthread_mutex_unlock(&c->lock);
    return e != NULL && restore(&copy, key, out);
}

size_t
vek_cache_take(struct vek_cache *c, const struct vek_key *key, uint8_t **der)
{
    uint8_t bytes[KEY_BYTES];
    size_t len = 0;

    key_bytes(key, bytes);
    (void)pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, bytes);

    if (e != NULL && e->der != NULL) {
        len = e->der_len;
        *der = e->der;
        e->der = NULL;
        e->der_len = 0;
    }
    (void)pthread_mutex_unlock(&c->lock);
    return len;
}

size_t
vek_cache_count(struct vek_cache *c)
{
    (void)pthread_mutex_lock(&c->lock);
    size_t n = c->n;

    (void)pthread_mutex_unlock(&c->lock);
    return n;
}
