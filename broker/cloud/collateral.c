/* SPDX-License-Identifier: Apache-2.0 */
/* collateral.c - see collateral.h. */
#include "broker/cloud/collateral.h"

#include "attest/base/text.h"
#include "attest/x509/pem.h"
#include "attest/x509/x509.h"
#include "broker/cloud/crl_shelf.h"
#include "broker/cloud/kds.h"
#include "broker/util/log.h"
#include "common/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define VENDOR "amd"

enum {
    CACHED_MAX = 100000,
    ROWS_MAX = 200000,
    TIMEOUT_S = 10,
    CRL_REFRESH_S = 3600,
    NEGATIVE_S = 600,
    PENDING_MAX = 256,
    CHIPS_PER_MINUTE = 60,
    TURIN_CHIP_LEN = 8,
    AGAIN_NEVER_S = 60, /* nothing is on its way; an operator may bring it */
    AGAIN_SOON_S = 2,
    AGAIN_MAX_S = 600,
};

struct collateral {
    struct collateral_conf conf;
    struct store *store;
    const struct snp_anchors *anchors;
    struct vek_cache *cache;
    struct fetcher *fetcher; /* NULL: nothing is fetched */
    struct crl_shelf *shelf;
    atomic_ullong from_memory, from_ledger, missing;
};

static const char *const SOURCES[] = {
    [COLLATERAL_EVIDENCE] = "evidence",
    [COLLATERAL_IMPORT] = "import",
    [COLLATERAL_FETCH] = "fetch",
};

struct collateral_conf
collateral_defaults(void)
{
    return (struct collateral_conf){
        .cached_max = CACHED_MAX,
        .rows_max = ROWS_MAX,
        .intel = intel_defaults(),
        .amd = {.timeout_s = TIMEOUT_S,
                .refresh_s = CRL_REFRESH_S,
                .errands = {.pending_max = PENDING_MAX,
                            .planned_max = SNP_PRODUCTS,
                            .negative_s = NEGATIVE_S,
                            .new_per_minute = CHIPS_PER_MINUTE}},
    };
}

static const struct snp_ca *
ark_of(const struct collateral *c, enum snp_product product)
{
    const struct snp_ca *ark = &c->anchors->product[product - 1].ark;

    return ark->present ? ark : NULL;
}

/* ---- keys ---- */

static struct vek_key
key_of_need(const struct snp_need *need, enum snp_product product)
{
    struct vek_key k = {.product = product, .tcb = snp_tcb_of(product, need->tcb_raw)};

    memcpy(k.chip, need->chip, sizeof k.chip);
    return k;
}

static struct vek_key
key_of_vek(const struct snp_vek *vek)
{
    struct vek_key k = {.product = vek->product, .tcb = vek->tcb};

    memcpy(k.chip, vek->hwid, sizeof k.chip);
    return k;
}

static struct collateral_key
row_key(const char *kind, enum snp_product product)
{
    struct collateral_key k = {.vendor = VENDOR};

    (void)snprintf(k.kind, sizeof k.kind, "%s", kind);
    (void)snprintf(k.product, sizeof k.product, "%s", snp_product_name(product));
    return k;
}

static struct collateral_key
row_key_of_vek(const struct vek_key *key)
{
    struct collateral_key k = row_key("vek", key->product);
    const struct snp_tcb *t = &key->tcb;

    hex_encode((struct slice){key->chip, sizeof key->chip}, k.chip);
    (void)snprintf(k.tcb, sizeof k.tcb, "%02x%02x%02x%02x%02x", t->fmc, t->bootloader, t->tee,
                   t->snp, t->microcode);
    return k;
}

static struct collateral_row
row_of(enum collateral_source source, int64_t now)
{
    struct collateral_row row = {.at = now};

    (void)snprintf(row.source, sizeof row.source, "%s", SOURCES[source]);
    return row;
}

/* ---- VCEKs ---- */

/* Bytes of the ledger, believed no more than those of evidence. */
static bool
load_vek(struct collateral *c, const struct vek_key *key, struct snp_vek *out)
{
    AUTO(collateral_row_done) struct collateral_row row = {0};
    const struct collateral_key k = row_key_of_vek(key);
    struct snp_vek vek = {0};
    struct why why = {0};
    enum err e = c->store->ops->collateral_get(c->store, &k, &row, &why);

    if (e == ERR_OK) {
        e = snp_vek_open(row.der, c->anchors, &vek, &why);
    }
    if (e != ERR_OK) {
        return false;
    }
    const struct vek_key said = key_of_vek(&vek);

    if (vek.kind != SNP_VCEK || !vek_key_same(&said, key)) {
        snp_vek_done(&vek);
        return false;
    }
    *out = vek;
    return true;
}

static bool
in_time(const struct snp_vek *vek, int64_t now)
{
    return vek->not_before <= now && now <= vek->not_after;
}

/* A certificate that has expired is as good as none: AMD issues the same key anew. */
static bool
find_vek(struct collateral *c, const struct vek_key *key, int64_t now, struct snp_vek *out)
{
    struct snp_vek vek = {0};

    if (vek_cache_get(c->cache, key, &vek) && in_time(&vek, now)) {
        (void)atomic_fetch_add(&c->from_memory, 1);
        *out = vek;
        return true;
    }
    snp_vek_done(&vek);
    vek = (struct snp_vek){0};
    if (load_vek(c, key, &vek) && in_time(&vek, now)) {
        (void)atomic_fetch_add(&c->from_ledger, 1);
        vek_cache_put(c->cache, key, &vek, (struct slice){0});
        *out = vek;
        return true;
    }
    snp_vek_done(&vek);
    return false;
}

bool
collateral_vek_get(struct collateral *c, const struct snp_need *need, int64_t now,
                   struct snp_vek *out)
{
    bool found = false;

    if (need->kind != SNP_VCEK || need->chip_masked) {
        return false;
    }
    for (int p = SNP_MILAN; p < SNP_PRODUCTS && !found; p++) {
        if (need->product == SNP_PRODUCT_NONE || need->product == (enum snp_product)p) {
            const struct vek_key key = key_of_need(need, (enum snp_product)p);

            found = find_vek(c, &key, now, out);
        }
    }
    (void)atomic_fetch_add(&c->missing, found ? 0 : 1);
    return found;
}

/* The report's product, chip and TCB; a VLEK shows no chip. */
static bool
fits(const struct snp_vek *vek, const struct snp_need *need)
{
    const struct snp_tcb tcb = snp_tcb_of(vek->product, need->tcb_raw);

    return vek->kind == need->kind && memcmp(&vek->tcb, &tcb, sizeof tcb) == 0 &&
           (need->product == SNP_PRODUCT_NONE || need->product == vek->product) &&
           (vek->kind == SNP_VLEK || memcmp(vek->hwid, need->chip, sizeof need->chip) == 0);
}

enum err
collateral_vek_check(const struct collateral *c, struct slice cert, const struct snp_need *need,
                     struct snp_vek *out, struct why *why)
{
    struct snp_vek vek = {0};

    TRY(snp_vek_open(cert, c->anchors, &vek, why));
    if (!fits(&vek, need)) {
        snp_vek_done(&vek);
        return why_add(why, ERR_DENIED, "the certificate is of another kind, product, chip or TCB");
    }
    *out = vek;
    return ERR_OK;
}

/* Into memory and into the ledger. */
static enum err
store_vek(struct collateral *c, struct slice cert, const struct snp_vek *vek,
          struct collateral_row *row, struct why *why)
{
    AUTO(x509_pem_done) struct x509_pem pem = {0};
    const struct vek_key key = key_of_vek(vek);

    TRY(x509_pem_open(cert, X509_PEM_CERTIFICATE, SNP_VEK_MAX, &pem, why));
    vek_cache_put(c->cache, &key, vek, (struct slice){0});
    row->key = row_key_of_vek(&key);
    row->until = vek->not_after;
    row->der = pem.der;
    enum err e = c->store->ops->collateral_put(c->store, row, c->conf.rows_max, why);

    row->der = (struct slice){0};
    return e;
}

/* Is it in memory, as good as this one? */
static bool
in_memory(struct collateral *c, const struct vek_key *key, const struct snp_vek *vek)
{
    struct snp_vek known = {0};
    bool is = vek_cache_get(c->cache, key, &known) && known.not_after >= vek->not_after;

    snp_vek_done(&known);
    return is;
}

enum err
collateral_vek_keep(struct collateral *c, struct slice cert, const struct snp_vek *vek, int64_t now,
                    struct why *why)
{
    const struct vek_key key = key_of_vek(vek);
    struct collateral_row row = row_of(COLLATERAL_EVIDENCE, now);

    if (vek->kind != SNP_VCEK) {
        return ERR_OK;
    }
    if (cert.len > 0) {
        return in_memory(c, &key, vek) ? ERR_OK : store_vek(c, cert, vek, &row, why);
    }
    AUTO(mem_free_bytes) uint8_t *fetched = NULL;
    size_t len = vek_cache_take(c->cache, &key, &fetched);

    row = row_of(COLLATERAL_FETCH, now);
    return len == 0 ? ERR_OK : store_vek(c, (struct slice){fetched, len}, vek, &row, why);
}

static enum err
check_vcek(const struct snp_vek *vek, int64_t now, struct why *why)
{
    if (vek->kind != SNP_VCEK) {
        return why_add(why, ERR_DENIED,
                       "a VLEK comes with its evidence and is not kept, want a VCEK");
    }
    return in_time(vek, now)
               ? ERR_OK
               : why_add(why, ERR_DENIED, "the certificate or its issuer is not in its time");
}

/* ---- revocation lists ---- */

struct slice
collateral_crl_get(struct collateral *c, enum snp_product product)
{
    return product == SNP_PRODUCT_NONE ? (struct slice){0} : crl_shelf_get(c->shelf, product);
}

bool
collateral_crl_known(struct collateral *c, enum snp_product product, enum snp_vek_kind kind,
                     struct snp_crl_known *out)
{
    return product != SNP_PRODUCT_NONE && crl_shelf_known(c->shelf, product, kind, out);
}

/* A list that has ended already says nothing, whoever brings it. */
static enum err
check_list(struct collateral *c, struct slice der, struct collateral_row *row, struct why *why)
{
    struct crl_said said = {0};

    TRY(crl_shelf_check(c->shelf, der, &said, why));
    row->key = row_key("crl", said.product);
    row->until = said.next_update;
    return said.next_update > row->at
               ? ERR_OK
               : why_add(why, ERR_DENIED, "the list's nextUpdate has passed");
}

static enum err
take_list(struct collateral *c, struct slice der, struct collateral_row *row, struct why *why)
{
    struct crl_said said = {0};

    TRY(check_list(c, der, row, why));
    TRY(crl_shelf_put(c->shelf, der, &said, why));
    row->der = der;
    enum err e = c->store->ops->collateral_put(c->store, row, c->conf.rows_max, why);

    row->der = (struct slice){0};
    return e;
}

/* Half of a list's life, so that a new one is there long before the old one ends; but not more often than the configuration says. */
static int64_t
next_list_s(struct collateral *c, enum snp_product product, int64_t now)
{
    int64_t half = crl_shelf_half_s(c->shelf, product, now);

    return half > c->conf.amd.refresh_s ? half : c->conf.amd.refresh_s;
}

/* ---- what an operator brings ---- */

static enum err
import_vek(struct collateral *c, struct slice cert, bool keep, struct collateral_row *row,
           struct why *why)
{
    AUTO(snp_vek_done) struct snp_vek vek = {0};

    TRY(snp_vek_open(cert, c->anchors, &vek, why));
    TRY(check_vcek(&vek, row->at, why));
    const struct vek_key key = key_of_vek(&vek);

    row->key = row_key_of_vek(&key);
    row->until = vek.not_after;
    return keep ? store_vek(c, cert, &vek, row, why) : ERR_OK;
}

static enum err
import_crl(struct collateral *c, struct slice bytes, bool keep, struct collateral_row *row,
           struct why *why)
{
    AUTO(x509_pem_done) struct x509_pem pem = {0};

    TRY(x509_pem_open(bytes, X509_PEM_CRL, X509_CRL_MAX, &pem, why));
    return keep ? take_list(c, pem.der, row, why) : check_list(c, pem.der, row, why);
}

enum err
collateral_import_check(struct collateral *c, enum collateral_kind kind, struct slice bytes,
                        int64_t now, struct collateral_row *row, struct why *why)
{
    *row = row_of(COLLATERAL_IMPORT, now);
    return kind == COLLATERAL_VEK ? import_vek(c, bytes, false, row, why)
                                  : import_crl(c, bytes, false, row, why);
}

enum err
collateral_import(struct collateral *c, enum collateral_kind kind, struct slice bytes, int64_t now,
                  struct collateral_row *row, struct why *why)
{
    *row = row_of(COLLATERAL_IMPORT, now);
    return kind == COLLATERAL_VEK ? import_vek(c, bytes, true, row, why)
                                  : import_crl(c, bytes, true, row, why);
}

/* ---- fetched ---- */

/* Into memory only, until evidence that rests on it is accepted (collateral_vek_keep). */
static enum err
take_vek(struct collateral *c, const struct vek_key *asked, struct slice body, int64_t now,
         struct why *why)
{
    AUTO(snp_vek_done) struct snp_vek vek = {0};

    TRY(snp_vek_open(body, c->anchors, &vek, why));
    TRY(check_vcek(&vek, now, why));
    const struct vek_key said = key_of_vek(&vek);

    if (!vek_key_same(&said, asked)) {
        return why_add(why, ERR_DENIED, "a certificate of another product, chip or TCB came");
    }
    vek_cache_put(c->cache, &said, &vek, body);
    return ERR_OK;
}

/* The product's, and neither an older one nor another's. */
static enum err
take_crl(struct collateral *c, enum snp_product product, struct slice body, int64_t now,
         struct why *why)
{
    AUTO(x509_pem_done) struct x509_pem pem = {0};
    struct collateral_row row = row_of(COLLATERAL_FETCH, now);
    const struct collateral_key wanted = row_key("crl", product);

    TRY(x509_pem_open(body, X509_PEM_CRL, X509_CRL_MAX, &pem, why));
    enum err e = check_list(c, pem.der, &row, why);

    if (e == ERR_CONFLICT ||
        e == ERR_UNABLE) { /* older, or with an extension that we do not know */
        return ERR_DENIED;
    }
    TRY(e);
    if (strcmp(row.key.product, wanted.product) != 0) {
        return why_add(why, ERR_DENIED, "a list of %s came", row.key.product);
    }
    return take_list(c, pem.der, &row, why);
}

/* It serves from memory although the ledger did not take it; that is worth a line and no second request to the vendor. */
static enum err
served(enum err e, const struct why *why)
{
    if (e == ERR_OK || e == ERR_DENIED || e == ERR_MALFORMED || e == ERR_LIMIT) {
        return e;
    }
    log_line("collateral.unkept", "reason=\"%s\"", why_text(why));
    return ERR_OK;
}

static enum err
take(void *arg, const struct errand_key *key, const struct fetched *got, int64_t *next_s,
     struct why *why)
{
    struct collateral *c = arg;
    const struct vek_key asked = kds_errand_key(key);
    bool crl = key->what == KDS_CRL;
    int64_t now = clock_unix();
    enum err e = crl ? take_crl(c, asked.product, got->body, now, why)
                     : take_vek(c, &asked, got->body, now, why);

    *next_s = crl ? next_list_s(c, asked.product, now) : 0;
    return served(e, why);
}

static enum err
aim(void *arg, const struct errand_key *key, struct fetch_aim *out, struct why *why)
{
    const struct collateral *c = arg;
    const struct vek_key asked = kds_errand_key(key);
    bool crl = key->what == KDS_CRL;

    (void)snprintf(out->label, sizeof out->label, "vendor=amd kind=%s product=%s",
                   crl ? "crl" : "vek", snp_product_name(asked.product));
    out->body_max = crl ? FETCH_BODY_MAX : SNP_VEK_MAX;
    return crl ? kds_crl_url(c->conf.amd.url, asked.product, out->url, why)
               : kds_vcek_url(c->conf.amd.url, &asked, out->url, why);
}

/* ---- wanted ---- */

/* A chip id that AMD could have given out: not masked, and on Turin no longer than it is there. */
static bool
nameable(const struct snp_need *need)
{
    static const uint8_t ZERO[SNP_CHIP_LEN];
    size_t len = need->product == SNP_TURIN ? TURIN_CHIP_LEN : SNP_CHIP_LEN;

    return need->kind == SNP_VCEK && !need->chip_masked &&
           memcmp(need->chip + len, ZERO, SNP_CHIP_LEN - len) == 0;
}

static int64_t
seconds(int64_t ms)
{
    int64_t s = AGAIN_SOON_S + ms / 1000;

    return s < AGAIN_MAX_S ? s : AGAIN_MAX_S;
}

int64_t
collateral_want(struct collateral *c, const struct snp_need *need)
{
    int64_t again_ms = 0;

    if (c->fetcher == NULL || need->product == SNP_PRODUCT_NONE || !nameable(need) ||
        ark_of(c, need->product) == NULL) {
        return AGAIN_NEVER_S;
    }
    const struct vek_key key = key_of_need(need, need->product);

    const struct errand_key errand = kds_vcek_errand(&key);

    (void)fetcher_ask(c->fetcher, &errand, &again_ms);
    return seconds(again_ms);
}

void
collateral_figures(struct collateral *c, struct collateral_figures *out)
{
    *out = (struct collateral_figures){
        .cached = vek_cache_count(c->cache),
        .from_memory = atomic_load(&c->from_memory),
        .from_ledger = atomic_load(&c->from_ledger),
        .missing = atomic_load(&c->missing),
    };
    if (c->fetcher != NULL) {
        fetcher_figures(c->fetcher, &out->amd);
    }
}

/* ---- life ---- */

/* A kept list that does not verify any more, after a change of roots for example, is as good as none. */
static void
load_list(struct collateral *c, enum snp_product product)
{
    AUTO(collateral_row_done) struct collateral_row row = {0};
    const struct collateral_key key = row_key("crl", product);
    struct crl_said said = {0};
    struct why why = {0};
    enum err e = c->store->ops->collateral_get(c->store, &key, &row, &why);

    if (e == ERR_OK) {
        e = crl_shelf_put(c->shelf, row.der, &said, &why);
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        log_line("collateral.unread", "kind=crl product=%s reason=\"%s\"",
                 snp_product_name(product), why_text(&why));
    }
}

static enum err
start_fetcher(struct collateral *c, struct why *why)
{
    const struct fetcher_vendor vendor = {c, aim, take};
    int64_t now = clock_unix();

    if (!c->conf.amd.fetch || c->conf.amd.url[0] == '\0') {
        return ERR_OK;
    }
    TRY(fetcher_open(&c->conf.amd, &vendor, &c->fetcher, why));
    for (int p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        if (ark_of(c, (enum snp_product)p) != NULL) {
            const struct errand_key list = kds_crl_errand((enum snp_product)p);

            fetcher_plan(c->fetcher, &list, crl_shelf_half_s(c->shelf, (enum snp_product)p, now));
        }
    }
    return fetcher_start(c->fetcher, why);
}

enum err
collateral_open(const struct collateral_conf *conf, struct store *store,
                const struct snp_anchors *anchors, struct collateral **out, struct why *why)
{
    AUTO(collateral_close) struct collateral *c = mem_new(1, sizeof *c);

    c->conf = *conf;
    c->store = store;
    c->anchors = anchors;
    c->cache = vek_cache_new(conf->cached_max);
    c->shelf = crl_shelf_new(anchors);
    for (int p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        if (ark_of(c, (enum snp_product)p) != NULL) {
            load_list(c, (enum snp_product)p);
        }
    }
    TRY(start_fetcher(c, why));
    *out = c;
    c = NULL;
    return ERR_OK;
}

void
collateral_close(struct collateral **c)
{
    if (*c == NULL) {
        return;
    }
    fetcher_close(&(*c)->fetcher);
    vek_cache_free(&(*c)->cache);
    crl_shelf_free(&(*c)->shelf);
    mem_free(*c);
    *c = NULL;
}
