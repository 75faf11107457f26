/* SPDX-License-Identifier: Apache-2.0 */
/* intel_shelf.c - see intel_shelf.h.
 *
 * Pieces change some times in a month, sets are asked for with every quote: so a change forgets all sets, and each is put together again, outside the
 * lock, by whoever needs it first. */
#include "broker/cloud/intel_shelf.h"

#include "attest/tdx/certificate.h"
#include "common/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    SHARED =
        3, /* pieces that no FMSPC names: CRLs of two CAs and of the root; and one QE identity for each track */
    SETS_MAX = 128,
};

/* A piece that is kept. */
struct kept {
    struct intel_said said;
    uint8_t *bytes; /* body, then chain; owned */
    size_t body_len, chain_len;
    uint64_t used; /* of TCB_INFO: when, by the shelf's own count */
};

struct intel_set {
    atomic_uint shares;
    struct intel_choice choice;
    uint8_t *bytes; /* what the facts point into; owned */
    struct tdx_collateral_facts facts;
};

struct intel_shelf {
    const struct tdx_anchor *anchor;
    pthread_mutex_t lock;
    uint64_t count, generation;
    size_t kept_max, kept_n;
    struct kept *kept;
    size_t set_n;
    struct intel_set *set[SETS_MAX];
};

struct intel_shelf *
intel_shelf_new(const struct tdx_anchor *anchor, size_t fmspc_max)
{
    struct intel_shelf *s = mem_new(1, sizeof *s);

    s->anchor = anchor;
    s->kept_max = SHARED + PCS_TRACKS * (1 + fmspc_max);
    s->kept = mem_new(s->kept_max, sizeof *s->kept);
    (void)pthread_mutex_init(&s->lock, NULL);
    return s;
}

void
intel_set_free(struct intel_set **set)
{
    struct intel_set *s = *set;

    *set = NULL;
    if (s != NULL && atomic_fetch_sub(&s->shares, 1) == 1) {
        mem_free(s->bytes);
        mem_free(s);
    }
}

const struct tdx_collateral_facts *
intel_set_facts(const struct intel_set *set)
{
    return &set->facts;
}

/* Called with the lock held, or by whoever has the shelf alone. */
static void
forget_sets(struct intel_shelf *s)
{
    for (size_t i = 0; i < s->set_n; i++) {
        intel_set_free(&s->set[i]);
    }
    s->set_n = 0;
    s->generation++;
}

void
intel_shelf_free(struct intel_shelf **s)
{
    if (*s == NULL) {
        return;
    }
    forget_sets(*s);
    for (size_t i = 0; i < (*s)->kept_n; i++) {
        mem_free((*s)->kept[i].bytes);
    }
    (void)pthread_mutex_destroy(&(*s)->lock);
    mem_free((*s)->kept);
    mem_free(*s);
    *s = NULL;
}

/* ---- pieces; everything here is called with the lock held ---- */

static struct kept *
find(const struct intel_shelf *s, const struct pcs_item *item)
{
    for (size_t i = 0; i < s->kept_n; i++) {
        if (pcs_item_same(&s->kept[i].said.item, item)) {
            return &s->kept[i];
        }
    }
    return NULL;
}

static struct slice
body_of(const struct kept *k)
{
    return k == NULL ? (struct slice){0} : (struct slice){k->bytes, k->body_len};
}

static struct slice
chain_of(const struct kept *k)
{
    return k == NULL ? (struct slice){0} : (struct slice){k->bytes + k->body_len, k->chain_len};
}

/* Nobody takes a revocation back by bringing an older CRL.  A document that has ended does not stand in the way of one with a lower number. */
static bool
is_newer(const struct kept *k, const struct intel_said *said, int64_t now)
{
    bool document = said->item.kind == PCS_TCB_INFO || said->item.kind == PCS_QE_IDENTITY;

    if (document && k->said.next_update <= now) {
        return false;
    }
    return k->said.eval > said->eval ||
           (k->said.eval == said->eval && k->said.issued > said->issued);
}

static enum err
check_newest(const struct intel_shelf *s, const struct intel_said *said, int64_t now,
             struct why *why)
{
    const struct kept *k = find(s, &said->item);

    return k == NULL || !is_newer(k, said, now)
               ? ERR_OK
               : why_add(why, ERR_CONFLICT, "a newer %s (evaluation %u) is kept",
                         pcs_kind_name(said->item.kind), k->said.eval);
}

/* A free place, or that of the FMSPC used longest ago: there is room for all else, so one of these has the last place. */
static struct kept *
place_take(struct intel_shelf *s)
{
    struct kept *oldest = s->kept;

    if (s->kept_n < s->kept_max) {
        return &s->kept[s->kept_n++];
    }
    for (size_t i = 1; i < s->kept_n; i++) {
        struct kept *k = &s->kept[i];
        bool named = k->said.item.kind == PCS_TCB_INFO;

        if (named && (oldest->said.item.kind != PCS_TCB_INFO || k->used < oldest->used)) {
            oldest = k;
        }
    }
    return oldest;
}

static void
keep(struct intel_shelf *s, const struct intel_piece *p, const struct intel_said *said)
{
    struct kept *k = find(s, &said->item);
    uint8_t *bytes = mem_raw(p->body.len + p->chain.len);

    k = k != NULL ? k : place_take(s);
    mem_free(k->bytes);
    *k = (struct kept){.said = *said,
                       .bytes = bytes,
                       .body_len = p->body.len,
                       .chain_len = p->chain.len,
                       .used = ++s->count};
    memcpy(bytes, p->body.ptr, p->body.len);
    if (p->chain.len > 0) {
        memcpy(bytes + p->body.len, p->chain.ptr, p->chain.len);
    }
    forget_sets(s);
}

/* ---- pieces, for callers ---- */

/* Is the chain that of the CA with this name? */
static bool
names(struct slice chain, struct slice issuer)
{
    uint8_t der[TDX_CERT_MAX];
    struct x509_leaf ca;
    struct why none = {0};
    size_t len = 0;

    return chain.len > 0 && intel_chain_ca(chain, der, sizeof der, &len, &none) == ERR_OK &&
           x509_leaf_decode((struct slice){der, len}, &ca, &none) == ERR_OK &&
           slice_same(ca.subject, issuer);
}

struct slice
intel_shelf_chain(struct intel_shelf *s, struct slice crl, uint8_t **owned)
{
    const struct pcs_item items[] = {pcs_pck_crl(TDX_CA_PLATFORM), pcs_pck_crl(TDX_CA_PROCESSOR)};
    struct slice out = {0};
    struct x509_crl c;
    struct why none = {0};

    if (x509_crl_decode(crl, &c, &none) != ERR_OK) {
        return out;
    }
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < sizeof items / sizeof items[0] && out.len == 0; i++) {
        struct slice chain = chain_of(find(s, &items[i]));

        if (names(chain, c.issuer)) {
            *owned = mem_raw(chain.len);
            memcpy(*owned, chain.ptr, chain.len);
            out = (struct slice){*owned, chain.len};
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
    return out;
}

bool
intel_shelf_until(struct intel_shelf *s, const struct pcs_item *item, int64_t *next_update)
{
    (void)pthread_mutex_lock(&s->lock);
    const struct kept *k = find(s, item);

    if (k != NULL) {
        *next_update = k->said.next_update;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return k != NULL;
}

enum err
intel_shelf_newest(struct intel_shelf *s, const struct intel_said *said, int64_t now,
                   struct why *why)
{
    (void)pthread_mutex_lock(&s->lock);
    enum err e = check_newest(s, said, now, why);

    (void)pthread_mutex_unlock(&s->lock);
    return e;
}

enum err
intel_shelf_put(struct intel_shelf *s, const struct intel_piece *p, int64_t now,
                struct intel_said *out, struct why *why)
{
    TRY(intel_piece_judge(p, s->anchor, out, why));
    (void)pthread_mutex_lock(&s->lock);
    enum err e = check_newest(s, out, now, why);

    if (e == ERR_OK) {
        keep(s, p, out);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return e;
}

/* ---- sets ---- */

/* What a set is made of; borrowed from the shelf. */
struct parts {
    struct slice tcb, tcb_chain, qe, qe_chain, pck_crl, pck_chain, root_crl;
};

/* Called with the lock held. */
static struct parts
parts_of(struct intel_shelf *s, const struct intel_choice *c)
{
    const struct pcs_item items[] = {pcs_tcb_info(c->fmspc, c->track), pcs_qe_identity(c->track),
                                     pcs_pck_crl(c->ca), pcs_root_crl()};
    struct kept *tcb = find(s, &items[0]);
    const struct kept *qe = find(s, &items[1]);
    const struct kept *pck = c->ca == TDX_CA_NONE ? NULL : find(s, &items[2]);
    const struct kept *root = pck == NULL ? NULL : find(s, &items[3]);

    if (tcb != NULL) {
        tcb->used = ++s->count;
    }
    /* Without a PCK CA nobody could say whose CRL the root's is: then it is missing as well. */
    return (struct parts){body_of(tcb), chain_of(tcb), body_of(qe),  chain_of(qe),
                          body_of(pck), chain_of(pck), body_of(root)};
}

static struct slice
copy_to(uint8_t *dst, size_t *at, struct slice s)
{
    struct slice out = {dst + *at, s.len};

    if (s.len > 0) {
        memcpy(dst + *at, s.ptr, s.len);
    }
    *at += s.len;
    return out;
}

/* A set of its own bytes, not judged yet; NULL: there is nothing to put into it.  Called with the lock held. */
static struct intel_set *
gather(struct intel_shelf *s, const struct intel_choice *choice, struct tdx_collateral *bytes,
       struct slice *pck_chain)
{
    const struct parts p = parts_of(s, choice);
    size_t len = p.tcb.len + p.tcb_chain.len + p.qe.len + p.qe_chain.len + p.pck_crl.len +
                 p.pck_chain.len + p.root_crl.len;
    size_t at = 0;

    if (len == 0) {
        return NULL;
    }
    struct intel_set *set = mem_new(1, sizeof *set);

    atomic_init(&set->shares, 1);
    set->choice = *choice;
    set->bytes = mem_raw(len);
    *bytes = (struct tdx_collateral){
        .tcb_info = copy_to(set->bytes, &at, p.tcb),
        .tcb_info_chain = copy_to(set->bytes, &at, p.tcb_chain),
        .qe_identity = copy_to(set->bytes, &at, p.qe),
        .qe_identity_chain = copy_to(set->bytes, &at, p.qe_chain),
        .pck_crl = copy_to(set->bytes, &at, p.pck_crl),
        .root_crl = copy_to(set->bytes, &at, p.root_crl),
    };
    *pck_chain = copy_to(set->bytes, &at, p.pck_chain);
    return set;
}

static bool
chosen_alike(const struct intel_choice *a, const struct intel_choice *b)
{
    return a->ca == b->ca && a->track == b->track &&
           memcmp(a->fmspc, b->fmspc, sizeof a->fmspc) == 0;
}

/* Called with the lock held. */
static struct intel_set *
find_set(struct intel_shelf *s, const struct intel_choice *choice)
{
    for (size_t i = 0; i < s->set_n; i++) {
        if (chosen_alike(&s->set[i]->choice, choice)) {
            (void)atomic_fetch_add(&s->set[i]->shares, 1);
            return s->set[i];
        }
    }
    return NULL;
}

/* Unless the pieces have changed meanwhile: then it serves whoever made it and nobody else. */
static void
share_set(struct intel_shelf *s, struct intel_set *set, uint64_t generation)
{
    struct intel_set *gone = NULL;

    (void)pthread_mutex_lock(&s->lock);
    if (s->generation == generation) {
        size_t at = s->set_n < SETS_MAX ? s->set_n++ : (size_t)(s->count++ % SETS_MAX);

        gone = s->set[at];
        s->set[at] = set;
        (void)atomic_fetch_add(&set->shares, 1);
    }
    (void)pthread_mutex_unlock(&s->lock);
    intel_set_free(&gone);
}

static void
judge(const struct intel_shelf *s, const struct tdx_collateral *bytes, struct slice pck_chain,
      struct intel_set *set)
{
    uint8_t ca[TDX_CERT_MAX];
    size_t len = 0;
    struct why none = {0};

    if (pck_chain.len > 0 && intel_chain_ca(pck_chain, ca, sizeof ca, &len, &none) != ERR_OK) {
        len = 0; /* it was judged before it was kept */
    }
    tdx_collateral_judge(bytes, s->anchor, (struct slice){ca, len}, &set->facts);
}

struct intel_set *
intel_shelf_get(struct intel_shelf *s, const struct intel_choice *choice)
{
    struct tdx_collateral bytes = {0};
    struct slice pck_chain = {0};
    bool fresh = false;

    (void)pthread_mutex_lock(&s->lock);
    uint64_t generation = s->generation;
    struct intel_set *set = find_set(s, choice);

    if (set == NULL) {
        set = gather(s, choice, &bytes, &pck_chain);
        fresh = set != NULL;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (fresh) {
        judge(s, &bytes, pck_chain, set);
        share_set(s, set, generation);
    }
    return set;
}
