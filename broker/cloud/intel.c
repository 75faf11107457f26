/* SPDX-License-Identifier: Apache-2.0 */
/* intel.c - see intel.h. */
#include "broker/cloud/intel.h"

#include "broker/cloud/intel_ledger.h"
#include "broker/cloud/platform_cache.h"
#include "broker/util/log.h"
#include "common/crl_text.h"
#include "common/issuer_chain.h"
#include "common/mem.h"
#include "common/sys.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    PLATFORMS_MAX = 10000,
    FMSPC_MAX = 64,
    ROWS_MAX = 200000,
    TIMEOUT_S = 10,
    REFRESH_S = 3600,
    NEGATIVE_S = 600,
    PENDING_MAX = 64,
    NEW_PER_MINUTE = 60,
    PIECES = 4,         /* that one platform is judged by */
    AGAIN_NEVER_S = 60, /* nothing is on its way; an operator may bring it */
    AGAIN_SOON_S = 2,
    AGAIN_MAX_S = 600,
};

struct intel {
    struct intel_conf conf;
    const struct tdx_anchor *anchor;
    struct platform_cache *platforms;
    struct intel_shelf *shelf;
    struct intel_ledger *ledger;
    struct fetcher *fetcher; /* NULL: nothing is fetched */
    atomic_ullong known, verified;
};

/* Pieces that no FMSPC names. */
static const struct pcs_item SHARED[] = {
    {.kind = PCS_QE_IDENTITY, .track = PCS_STANDARD},
    {.kind = PCS_QE_IDENTITY, .track = PCS_EARLY},
    {.kind = PCS_PCK_CRL, .ca = TDX_CA_PLATFORM},
    {.kind = PCS_PCK_CRL, .ca = TDX_CA_PROCESSOR},
    {.kind = PCS_ROOT_CRL},
};

enum { SHARED_N = sizeof SHARED / sizeof SHARED[0] };

struct intel_conf
intel_defaults(void)
{
    return (struct intel_conf){
        .platforms_max = PLATFORMS_MAX,
        .fmspc_max = FMSPC_MAX,
        .rows_max = ROWS_MAX,
        .root_crl_url = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
        .pcs = {.timeout_s = TIMEOUT_S,
                .refresh_s = REFRESH_S,
                .errands = {.pending_max = PENDING_MAX,
                            .negative_s = NEGATIVE_S,
                            .new_per_minute = NEW_PER_MINUTE}},
    };
}

/* ---- platforms ---- */

bool
intel_platform_get(struct intel *i, const uint8_t key[SHA256_LEN], int64_t now,
                   struct tdx_platform *out)
{
    bool found = platform_cache_get(i->platforms, key, now, out);

    (void)atomic_fetch_add(found ? &i->known : &i->verified, 1);
    return found;
}

void
intel_platform_keep(struct intel *i, const struct tdx_platform *platform)
{
    platform_cache_put(i->platforms, platform);
}

/* ---- when to fetch again ---- */

static void
plan(struct intel *i, const struct pcs_item *item, int64_t in_s)
{
    const struct errand_key key = pcs_errand(item);

    if (i->fetcher != NULL) {
        fetcher_plan(i->fetcher, &key, in_s);
    }
}

/* Until half of its life is over, so that a new one is there long before the old one ends. */
static int64_t
half_s(const struct intel_said *said, int64_t now)
{
    int64_t half = said->issued + (said->next_update - said->issued) / 2;

    return half > now ? half - now : 0;
}

/* ---- out of the ledger ---- */

/* Bytes of the ledger are believed no more than those of the network.  What does not verify any more, after a change of roots for example, is as good as
 * none. */
static void
load(struct intel *i, const struct pcs_item *item, int64_t now)
{
    AUTO(collateral_row_done) struct collateral_row row = {0};
    struct intel_piece p = {0};
    struct intel_said said = {0};
    struct why why = {0};
    enum err e = intel_ledger_get(i->ledger, item, &row, &p, &why);

    if (e == ERR_OK) {
        e = intel_shelf_put(i->shelf, &p, now, &said, &why);
    }
    if (e == ERR_OK) {
        plan(i, &said.item, half_s(&said, now));
    } else if (e != ERR_NOT_FOUND && e != ERR_CONFLICT) {
        intel_ledger_pass_over(i->ledger, item);
        log_line("collateral.unread", "vendor=intel kind=%s reason=\"%s\"",
                 pcs_kind_name(item->kind), why_text(&why));
    }
}

/* ---- sets ---- */

/* What a platform is judged by on this track, and how many pieces these are.  ca NONE: documents only. */
static size_t
pieces_of(const struct intel_choice *c, struct pcs_item out[PIECES])
{
    size_t n = 0;

    out[n++] = pcs_tcb_info(c->fmspc, c->track);
    out[n++] = pcs_qe_identity(c->track);
    if (c->ca != TDX_CA_NONE) {
        out[n++] = pcs_pck_crl(c->ca);
        out[n++] = pcs_root_crl();
    }
    return n;
}

static struct intel_choice
choice_of(const struct tdx_need *need, enum tdx_pck_ca ca, enum pcs_track track)
{
    struct intel_choice c = {.ca = ca, .track = track};

    memcpy(c.fmspc, need->fmspc, sizeof c.fmspc);
    return c;
}

static struct intel_choice
deciding(const struct intel *i, const struct tdx_need *need)
{
    return choice_of(need, need->ca, i->conf.update == INTEL_EARLY ? PCS_EARLY : PCS_STANDARD);
}

/* What memory lacks may be in the ledger. */
static void
complete(struct intel *i, const struct intel_choice *choice, int64_t now)
{
    struct pcs_item item[PIECES];
    size_t n = pieces_of(choice, item);

    for (size_t k = 0; k < n; k++) {
        int64_t until = 0;

        if (!intel_shelf_until(i->shelf, &item[k], &until)) {
            load(i, &item[k], now);
        }
    }
}

/* A set that has all its pieces needs no look at the ledger. */
static bool
is_whole(const struct intel_set *set, const struct intel_choice *choice)
{
    const struct tdx_collateral_facts *f = set == NULL ? NULL : intel_set_facts(set);

    return f != NULL && f->tcb_document.present && f->qe_document.present &&
           (choice->ca == TDX_CA_NONE || (f->pck_crl.present && f->root_crl.present));
}

static struct intel_set *
set_get(struct intel *i, const struct intel_choice *choice, int64_t now)
{
    struct intel_set *set = intel_shelf_get(i->shelf, choice);

    if (is_whole(set, choice)) {
        return set;
    }
    intel_set_free(&set);
    complete(i, choice, now);
    return intel_shelf_get(i->shelf, choice);
}

/* ---- wanted ---- */

/* What is not there or has ended is asked for.  Returns when asking again makes sense, in milliseconds from now. */
static int64_t
ask(struct intel *i, const struct intel_choice *choice, int64_t now)
{
    struct pcs_item item[PIECES];
    size_t n = pieces_of(choice, item);
    int64_t longest_ms = 0;

    for (size_t k = 0; k < n; k++) {
        const struct errand_key key = pcs_errand(&item[k]);
        int64_t again_ms = 0;
        int64_t until = 0;

        if (!intel_shelf_until(i->shelf, &item[k], &until) || until <= now) {
            (void)fetcher_ask(i->fetcher, &key, &again_ms);
        }
        longest_ms = again_ms > longest_ms ? again_ms : longest_ms;
    }
    return longest_ms;
}

struct intel_set *
intel_set_get(struct intel *i, const struct tdx_need *need, int64_t now)
{
    const struct intel_choice choice = deciding(i, need);

    return set_get(i, &choice, now);
}

/* It decides nothing, so no verdict is ever "unable" for it: what lacks is asked for here. */
struct intel_set *
intel_early_get(struct intel *i, const struct tdx_need *need, int64_t now)
{
    const struct intel_choice choice = choice_of(need, TDX_CA_NONE, PCS_EARLY);

    if (i->conf.update == INTEL_EARLY) {
        return NULL;
    }
    struct intel_set *set = set_get(i, &choice, now);

    if (i->conf.update == INTEL_BOTH && i->fetcher != NULL) {
        (void)ask(i, &choice, now);
    }
    return set;
}

int64_t
intel_want(struct intel *i, const struct tdx_need *need, int64_t now)
{
    const struct intel_choice choice = deciding(i, need);

    if (i->fetcher == NULL) {
        return AGAIN_NEVER_S;
    }
    int64_t s = AGAIN_SOON_S + ask(i, &choice, now) / 1000;

    return s < AGAIN_MAX_S ? s : AGAIN_MAX_S;
}

/* ---- kept ---- */

/* Verified, in its time, and not older than what is kept. */
static enum err
check(struct intel *i, const struct intel_piece *p, int64_t now, struct intel_said *said,
      struct why *why)
{
    TRY(intel_piece_judge(p, i->anchor, said, why));
    TRY(intel_piece_in_time(said, now, why));
    return intel_shelf_newest(i->shelf, said, now, why);
}

/* Into memory and into the ledger. */
static enum err
keep(struct intel *i, const struct intel_piece *p, struct collateral_row *row, struct why *why)
{
    struct intel_said said = {0};

    TRY(intel_shelf_put(i->shelf, p, row->at, &said, why));
    return intel_ledger_put(i->ledger, p, row, why);
}

/* ---- what an operator brings ---- */

/* A CRL without its chain: that of the CA that it names, when one is kept.  *owned: to be freed. */
static struct intel_piece
with_chain(struct intel *i, const struct intel_piece *p, uint8_t **owned)
{
    struct intel_piece out = *p;

    if (p->kind == PCS_PCK_CRL && p->chain.len == 0) {
        out.chain = intel_shelf_chain(i->shelf, p->body, owned);
    }
    return out;
}

enum err
intel_import_check(struct intel *i, const struct intel_piece *piece, int64_t now,
                   struct collateral_row *row, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *owned = NULL;
    const struct intel_piece p = with_chain(i, piece, &owned);
    struct intel_said said = {0};

    TRY(check(i, &p, now, &said, why));
    intel_ledger_row(&said, "import", now, row);
    return ERR_OK;
}

enum err
intel_import(struct intel *i, const struct intel_piece *piece, int64_t now,
             struct collateral_row *row, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *owned = NULL;
    const struct intel_piece p = with_chain(i, piece, &owned);
    struct intel_said said = {0};

    TRY(check(i, &p, now, &said, why));
    intel_ledger_row(&said, "import", now, row);
    TRY(keep(i, &p, row, why));
    plan(i, &said.item, half_s(&said, now));
    return ERR_OK;
}

/* ---- fetched ---- */

static bool
is_crl(const struct pcs_item *item)
{
    return item->kind == PCS_PCK_CRL || item->kind == PCS_ROOT_CRL;
}

/* A reply in our own terms: a CRL as DER, the chain as PEM. */
struct reply {
    struct intel_piece piece;
    uint8_t *der, *pem;
};

static void
reply_done(struct reply *r)
{
    mem_free(r->der);
    mem_free(r->pem);
}

static enum err
read_chain(const struct fetched *got, struct reply *r, struct why *why)
{
    const char *name = pcs_header(r->piece.kind);
    size_t len = 0;

    if (name == NULL) {
        return ERR_OK;
    }
    if (got->header.len == 0) {
        return why_add(why, ERR_DENIED, "there is no header %s", name);
    }
    TRY(issuer_chain_pem(got->header, &r->pem, &len, why));
    r->piece.chain = (struct slice){r->pem, len};
    return ERR_OK;
}

static enum err
read_reply(const struct pcs_item *asked, const struct fetched *got, struct reply *r,
           struct why *why)
{
    size_t len = 0;

    r->piece = (struct intel_piece){asked->kind, asked->track, got->body, {0}};
    TRY(read_chain(got, r, why));
    if (!is_crl(asked)) {
        return ERR_OK;
    }
    TRY(crl_der(got->body, &r->der, &len, why));
    r->piece.body = (struct slice){r->der, len};
    return ERR_OK;
}

/* What was asked for, and neither an older one nor another's. */
static enum err
check_reply(struct intel *i, const struct pcs_item *asked, const struct intel_piece *p, int64_t now,
            struct intel_said *said, struct why *why)
{
    enum err e = check(i, p, now, said, why);

    if (e == ERR_CONFLICT) {
        return ERR_DENIED;
    }
    TRY(e);
    return pcs_item_same(&said->item, asked)
               ? ERR_OK
               : why_add(why, ERR_DENIED, "one of another FMSPC or CA came");
}

/* It serves from memory although the ledger did not take it; that is worth a line and no second request. */
static void
keep_reply(struct intel *i, const struct intel_piece *p, const struct intel_said *said, int64_t now)
{
    struct collateral_row row = {0};
    struct why why = {0};

    intel_ledger_row(said, "fetch", now, &row);
    if (keep(i, p, &row, &why) != ERR_OK) {
        log_line("collateral.unkept", "reason=\"%s\"", why_text(&why));
    }
}

static enum err
take(void *arg, const struct errand_key *key, const struct fetched *got, int64_t *next_s,
     struct why *why)
{
    struct intel *i = arg;
    AUTO(reply_done) struct reply r = {0};
    const struct pcs_item asked = pcs_errand_item(key);
    struct intel_said said = {0};
    int64_t now = clock_unix();

    TRY(read_reply(&asked, got, &r, why));
    TRY(check_reply(i, &asked, &r.piece, now, &said, why));
    keep_reply(i, &r.piece, &said, now);
    *next_s = half_s(&said, now);
    *next_s = *next_s > i->conf.pcs.refresh_s ? *next_s : i->conf.pcs.refresh_s;
    return ERR_OK;
}

static enum err
aim(void *arg, const struct errand_key *key, struct fetch_aim *out, struct why *why)
{
    const struct intel *i = arg;
    const struct pcs_item item = pcs_errand_item(key);
    const struct pcs_place place = {i->conf.pcs.url, i->conf.root_crl_url};
    char product[PCS_PRODUCT_TEXT];

    pcs_product_name(&item, product);
    (void)snprintf(out->label, sizeof out->label, "vendor=intel kind=%s product=%s%s%s",
                   pcs_kind_name(item.kind), product,
                   is_crl(&item) ? "" : " track=", is_crl(&item) ? "" : pcs_track_name(item.track));
    out->body_max = is_crl(&item) ? FETCH_BODY_MAX : TDX_COLLATERAL_JSON_MAX;
    out->header = pcs_header(item.kind);
    return pcs_url(&place, &item, out->url, why);
}

void
intel_figures(struct intel *i, struct intel_figures *out)
{
    *out = (struct intel_figures){
        .platforms = platform_cache_count(i->platforms),
        .known = atomic_load(&i->known),
        .verified = atomic_load(&i->verified),
    };
    if (i->fetcher != NULL) {
        fetcher_figures(i->fetcher, &out->pcs);
    }
}

/* ---- life ---- */

static enum err
make_fetcher(struct intel *i, struct why *why)
{
    const struct fetcher_vendor vendor = {i, aim, take};

    i->conf.pcs.errands.planned_max = SHARED_N + PCS_TRACKS * i->conf.fmspc_max;
    return i->conf.pcs.fetch && i->conf.pcs.url[0] != '\0' && i->anchor->present
               ? fetcher_open(&i->conf.pcs, &vendor, &i->fetcher, why)
               : ERR_OK;
}

enum err
intel_open(const struct intel_conf *conf, struct store *store, const struct tdx_anchor *anchor,
           struct intel **out, struct why *why)
{
    AUTO(intel_close) struct intel *i = mem_new(1, sizeof *i);

    i->conf = *conf;
    i->anchor = anchor;
    i->platforms = platform_cache_new(conf->platforms_max);
    i->shelf = intel_shelf_new(anchor, conf->fmspc_max);
    i->ledger = intel_ledger_new(store, conf->rows_max);
    TRY(make_fetcher(i, why));
    for (size_t k = 0; k < SHARED_N && anchor->present; k++) {
        load(i, &SHARED[k], clock_unix());
    }
    TRY(i->fetcher == NULL ? ERR_OK : fetcher_start(i->fetcher, why));
    *out = i;
    i = NULL;
    return ERR_OK;
}

void
intel_close(struct intel **i)
{
    if (*i == NULL) {
        return;
    }
    fetcher_close(&(*i)->fetcher);
    platform_cache_free(&(*i)->platforms);
    intel_shelf_free(&(*i)->shelf);
    intel_ledger_free(&(*i)->ledger);
    mem_free(*i);
    *i = NULL;
}
