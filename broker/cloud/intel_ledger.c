/* SPDX-License-Identifier: Apache-2.0 */
/* intel_ledger.c - see intel_ledger.h. */
#include "broker/cloud/intel_ledger.h"

#include "attest/base/rd.h"
#include "attest/base/wr.h"
#include "broker/cloud/lru.h"
#include "common/mem.h"
#include "common/sys.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { LEN_BYTES = 4, ABSENT_MAX = 512, ABSENT_MS = 30000 };

/* Something that was not there. */
struct absent {
    struct lru_node node; /* by its errand */
    int64_t at_ms;
};

struct intel_ledger {
    struct store *store;
    size_t rows_max;
    pthread_mutex_t lock;
    struct lru absent;
};

struct intel_ledger *
intel_ledger_new(struct store *store, size_t rows_max)
{
    struct intel_ledger *l = mem_new(1, sizeof *l);

    l->store = store;
    l->rows_max = rows_max;
    lru_init(&l->absent, ABSENT_MAX, sizeof(struct errand_key));
    (void)pthread_mutex_init(&l->lock, NULL);
    return l;
}

void
intel_ledger_free(struct intel_ledger **l)
{
    if (*l == NULL) {
        return;
    }
    for (struct lru_node *n = lru_take_oldest(&(*l)->absent); n != NULL;
         n = lru_take_oldest(&(*l)->absent)) {
        mem_free(n);
    }
    (void)pthread_mutex_destroy(&(*l)->lock);
    lru_done(&(*l)->absent);
    mem_free(*l);
    *l = NULL;
}

/* ---- what is not there ---- */

/* Called with the lock held. */
static struct absent *
find(struct intel_ledger *l, const struct pcs_item *item)
{
    const struct errand_key key = pcs_errand(item);

    return (struct absent *)lru_use(&l->absent, (const uint8_t *)&key);
}

static bool
was_absent(struct intel_ledger *l, const struct pcs_item *item)
{
    (void)pthread_mutex_lock(&l->lock);
    const struct absent *a = find(l, item);
    bool is = a != NULL && clock_mono_ms() - a->at_ms < ABSENT_MS;

    (void)pthread_mutex_unlock(&l->lock);
    return is;
}

static struct absent *
place_of(struct intel_ledger *l, const struct pcs_item *item)
{
    struct absent *a = find(l, item);

    if (a != NULL) {
        return a;
    }
    const struct errand_key key = pcs_errand(item);

    a = l->absent.n == l->absent.max ? (struct absent *)lru_take_oldest(&l->absent)
                                     : mem_new(1, sizeof *a);
    memcpy(a->node.key, &key, sizeof key);
    lru_add(&l->absent, &a->node);
    return a;
}

void
intel_ledger_pass_over(struct intel_ledger *l, const struct pcs_item *item)
{
    (void)pthread_mutex_lock(&l->lock);
    place_of(l, item)->at_ms = clock_mono_ms();
    (void)pthread_mutex_unlock(&l->lock);
}

/* ---- rows ---- */

/* The track stands where AMD's certificates have their TCB. */
static struct collateral_key
key_of(const struct pcs_item *item)
{
    struct collateral_key k = {.vendor = "intel"};

    (void)snprintf(k.kind, sizeof k.kind, "%s", pcs_kind_name(item->kind));
    pcs_product_name(item, k.product);
    if (item->kind == PCS_TCB_INFO || item->kind == PCS_QE_IDENTITY) {
        (void)snprintf(k.tcb, sizeof k.tcb, "%s", pcs_track_name(item->track));
    }
    return k;
}

void
intel_ledger_row(const struct intel_said *said, const char *source, int64_t now,
                 struct collateral_row *out)
{
    *out = (struct collateral_row){.at = now, .until = said->next_update};
    out->key = key_of(&said->item);
    (void)snprintf(out->source, sizeof out->source, "%s", source);
}

/* Length of the body, body, chain: what came with one reply is one row. */
enum err
intel_ledger_put(struct intel_ledger *l, const struct intel_piece *p, struct collateral_row *row,
                 struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *bytes = NULL;
    size_t len = LEN_BYTES + p->body.len + p->chain.len;

    bytes = mem_raw(len);
    struct wr w = wr_init(bytes, len, "collateral");

    wr_be32(&w, (uint32_t)p->body.len);
    wr_bytes(&w, p->body);
    wr_bytes(&w, p->chain);
    TRY(wr_end(&w, why));
    row->der = wr_done(&w);
    enum err e = l->store->ops->collateral_put(l->store, row, l->rows_max, why);

    row->der = (struct slice){0};
    return e;
}

static enum err
read_piece(struct slice der, const struct pcs_item *item, struct intel_piece *out, struct why *why)
{
    struct rd r = rd_init(der, "collateral");

    *out = (struct intel_piece){.kind = item->kind, .track = item->track};
    out->body = rd_bytes(&r, "body", rd_be32(&r, "length"));
    out->chain = rd_bytes(&r, "chain", rd_left(&r));
    return rd_end(&r, why);
}

enum err
intel_ledger_get(struct intel_ledger *l, const struct pcs_item *item, struct collateral_row *row,
                 struct intel_piece *out, struct why *why)
{
    const struct collateral_key key = key_of(item);

    if (was_absent(l, item)) {
        return ERR_NOT_FOUND;
    }
    enum err e = l->store->ops->collateral_get(l->store, &key, row, why);

    if (e == ERR_OK) {
        return read_piece(row->der, item, out, why);
    }
    if (e == ERR_NOT_FOUND) {
        intel_ledger_pass_over(l, item);
    }
    return e;
}
