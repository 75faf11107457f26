/* SPDX-License-Identifier: Apache-2.0 */
/* vek_cache.c - see vek_cache.h. */
#include "broker/cloud/vek_cache.h"

#include "broker/cloud/lru.h"
#include "common/mem.h"

#include <pthread.h>
#include <string.h>

enum { FIELD = 48 };

struct entry {
    struct lru_node node;
    uint8_t hwid_len;
    uint8_t point[2 * FIELD]; /* x || y */
    uint8_t spki_sha256[SHA256_LEN];
    int64_t not_before, not_after;
    uint8_t *der; /* owned; NULL when it is kept elsewhere, or nowhere */
    size_t der_len;
};

struct vek_cache {
    pthread_mutex_t lock;
    struct lru table;
};

bool
vek_key_same(const struct vek_key *a, const struct vek_key *b)
{
    return a->product == b->product && memcmp(a->chip, b->chip, sizeof a->chip) == 0 &&
           memcmp(&a->tcb, &b->tcb, sizeof a->tcb) == 0; /* five bytes without padding */
}

void
vek_key_write(const struct vek_key *key, uint8_t out[VEK_KEY_BYTES])
{
    const uint8_t tcb[5] = {key->tcb.fmc, key->tcb.bootloader, key->tcb.tee, key->tcb.snp,
                            key->tcb.microcode};

    out[0] = (uint8_t)key->product;
    memcpy(out + 1, key->chip, SNP_CHIP_LEN);
    memcpy(out + 1 + SNP_CHIP_LEN, tcb, sizeof tcb);
}

struct vek_key
vek_key_read(const uint8_t in[VEK_KEY_BYTES])
{
    const uint8_t *tcb = in + 1 + SNP_CHIP_LEN;
    struct vek_key key = {.product = (enum snp_product)in[0],
                          .tcb = {.fmc = tcb[0],
                                  .bootloader = tcb[1],
                                  .tee = tcb[2],
                                  .snp = tcb[3],
                                  .microcode = tcb[4]}};

    memcpy(key.chip, in + 1, sizeof key.chip);
    return key;
}

struct vek_cache *
vek_cache_new(size_t max)
{
    struct vek_cache *c = mem_new(1, sizeof *c);

    lru_init(&c->table, max, VEK_KEY_BYTES);
    (void)pthread_mutex_init(&c->lock, NULL);
    return c;
}

static struct entry *
take_oldest(struct vek_cache *c)
{
    return (struct entry *)lru_take_oldest(&c->table);
}

static struct entry *
use(struct vek_cache *c, const uint8_t key[VEK_KEY_BYTES])
{
    return (struct entry *)lru_use(&c->table, key);
}

void
vek_cache_free(struct vek_cache **c)
{
    if (*c == NULL) {
        return;
    }
    for (struct entry *e = take_oldest(*c); e != NULL; e = take_oldest(*c)) {
        mem_free(e->der);
        mem_free(e);
    }
    (void)pthread_mutex_destroy(&(*c)->lock);
    lru_done(&(*c)->table);
    mem_free(*c);
    *c = NULL;
}

static struct entry *
insert(struct vek_cache *c, const uint8_t key[VEK_KEY_BYTES])
{
    struct entry *e = c->table.n == c->table.max ? take_oldest(c) : mem_new(1, sizeof *e);

    memcpy(e->node.key, key, VEK_KEY_BYTES);
    lru_add(&c->table, &e->node);
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
    uint8_t bytes[VEK_KEY_BYTES];

    if (vek->kind != SNP_VCEK || vek->key.curve != CURVE_P384 || vek->hwid_len > SNP_CHIP_LEN) {
        return;
    }
    vek_key_write(key, bytes);
    (void)pthread_mutex_lock(&c->lock);
    struct entry *e = use(c, bytes);

    e = e != NULL ? e : insert(c, bytes);
    fill(e, vek, der);
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
    uint8_t bytes[VEK_KEY_BYTES];
    struct entry copy = {0};

    vek_key_write(key, bytes);
    (void)pthread_mutex_lock(&c->lock);
    struct entry *e = use(c, bytes);

    if (e != NULL) {
        copy = *e; /* of which the pointers are not looked at */
    }
    (void)pthread_mutex_unlock(&c->lock);
    return e != NULL && restore(&copy, key, out);
}

size_t
vek_cache_take(struct vek_cache *c, const struct vek_key *key, uint8_t **der)
{
    uint8_t bytes[VEK_KEY_BYTES];
    size_t len = 0;

    vek_key_write(key, bytes);
    (void)pthread_mutex_lock(&c->lock);
    struct entry *e = use(c, bytes);

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
    size_t n = c->table.n;

    (void)pthread_mutex_unlock(&c->lock);
    return n;
}
