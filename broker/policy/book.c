/* SPDX-License-Identifier: Apache-2.0 */
/* book.c - see policy.h: the shelf that is being read now, and its replacement when documents
 * change. */
#include <pthread.h>

#include "broker/policy/policy.h"
#include "broker/policy/shelf.h"
#include "common/mem.h"

struct policy_book {
    struct store *store;
    const struct principals *who;
    size_t needed;

    pthread_rwlock_t reading; /* guards shelf */
    struct shelf *shelf;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t loaded;
    int64_t epoch; /* of shelf; -1 before the first */
    bool loading;
};

/* True when the caller shall load; false when somebody else's load has reached `epoch`. */
static bool
claim(struct policy_book *b, int64_t epoch)
{
    (void)pthread_mutex_lock(&b->lock);
    while (b->loading && b->epoch < epoch) {
        (void)pthread_cond_wait(&b->loaded, &b->lock);
    }
    bool mine = b->epoch < epoch;

    b->loading |= mine;
    (void)pthread_mutex_unlock(&b->lock);
    return mine;
}

/* Put the new shelf up, or none when loading failed; *shelf is the old one then, or NULL. */
static void
publish(struct policy_book *b, struct shelf **shelf)
{
    struct shelf *old = b->shelf; /* only who loads replaces it */
    int64_t epoch = *shelf == NULL ? b->epoch : (*shelf)->epoch;

    if (*shelf != NULL) {
        (void)pthread_rwlock_wrlock(&b->reading);
        b->shelf = *shelf;
        (void)pthread_rwlock_unlock(&b->reading);
        *shelf = old;
    }
    (void)pthread_mutex_lock(&b->lock);
    b->epoch = epoch;
    b->loading = false;
    (void)pthread_cond_broadcast(&b->loaded);
    (void)pthread_mutex_unlock(&b->lock);
}

enum err
policy_book_refresh(struct policy_book *b, struct why *why)
{
    AUTO(shelf_free) struct shelf *shelf = NULL;
    int64_t epoch = 0;

    TRY(b->store->ops->document_epoch(b->store, &epoch, why));
    if (!claim(b, epoch)) {
        return ERR_OK;
    }
    enum err err = shelf_load(b->store, b->who, b->needed, &shelf, why);

    publish(b, &shelf);
    return err;
}

enum err
policy_book_open(struct store *store, const struct principals *who, size_t approvals_needed,
                 struct policy_book **out, struct why *why)
{
    struct policy_book *b = mem_new(1, sizeof *b);
    pthread_rwlockattr_t attr;

    b->store = store;
    b->who = who;
    b->needed = approvals_needed;
    b->epoch = -1;
    /* A steady stream of readers must not keep a revocation out. */
    (void)pthread_rwlockattr_init(&attr);
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&b->reading, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
    (void)pthread_mutex_init(&b->lock, NULL);
    (void)pthread_cond_init(&b->loaded, NULL);
    enum err err = policy_book_refresh(b, why);

    if (err != ERR_OK) {
        policy_book_close(&b);
        return err;
    }
    *out = b;
    return ERR_OK;
}

void
policy_book_close(struct policy_book **b)
{
    if (*b == NULL) {
        return;
    }
    shelf_free(&(*b)->shelf);
    (void)pthread_cond_destroy(&(*b)->loaded);
    (void)pthread_mutex_destroy(&(*b)->lock);
    (void)pthread_rwlock_destroy(&(*b)->reading);
    mem_free(*b);
    *b = NULL;
}

void
policy_book_enter(struct policy_book *b)
{
    (void)pthread_rwlock_rdlock(&b->reading);
}

void
policy_book_leave(struct policy_book *b)
{
    (void)pthread_rwlock_unlock(&b->reading);
}

const struct policy *
policy_book_policy(const struct policy_book *b, const char *id)
{
    return policy_book_version(b, id, 0);
}

const struct policy *
policy_book_version(const struct policy_book *b, const char *id, int64_t version)
{
    const struct document *d = shelf_find(&b->shelf->policies, id, version);

    return d == NULL ? NULL : d->policy;
}

const struct reference_set *
policy_book_set(const struct policy_book *b, const char *id)
{
    const struct document *d = shelf_find(&b->shelf->sets, id, 0);

    return d == NULL ? NULL : d->set;
}

const struct policy_complaint *
policy_book_complaints(const struct policy_book *b, size_t *n)
{
    *n = b->shelf->complaints;
    return b->shelf->complaint;
}

int64_t
policy_book_epoch(const struct policy_book *b)
{
    return b->shelf->epoch;
}
