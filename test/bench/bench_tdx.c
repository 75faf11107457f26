/* SPDX-License-Identifier: Apache-2.0 */
/* bench_tdx.c - whole verdicts on TDX quotes per CPU-second, beside the bare signature verification.
 *
 * Prints JSON lines.  `tdx.verify.warm`: the platform is looked up by the quote's own bytes and was verified before, the collateral was
 * judged before: decode, one P-256 verification, every rule, levels, claims.  `tdx.verify.cold`: quote, chain, documents and CRLs come as
 * bytes and are judged anew; `p256_verifications` is what that costs in units of the floor.  `tdx.verify.warm.10000`: the warm verdict
 * when the platform is one of 10,000, against one of one.  The floor is EVP_DigestVerify() of the quote's signature over the bytes that it
 * signs with a key that is ready, and nothing else.
 * All are measured in turns, so that a busy machine disturbs them alike; the medians are printed. */
#include <time.h>

#include "test/unit/tdx_scene.h"

enum {
    ROUNDS = 15,
    BATCH_MS = 40,
    PLATFORMS = 10000,
    SLOTS = 1 << 15, /* of the cache; a power of two */
    QUOTES = 64,     /* of platforms all over the cache */
};

/* Platforms by what their certification data hash to, as a verifier keeps them. */
struct cache {
    struct tdx_platform *platform; /* owned */
    uint32_t *slot;                /* owned; SLOTS; index + 1 */
    size_t n;
};

struct load {
    struct td_scene scene;
    struct tdx_collateral_facts facts;
    uint8_t (*quote)[TD_QUOTE_MAX]; /* owned; QUOTES */
    size_t len[QUOTES];
    struct cache one, many;
    const struct cache *cache; /* the one in use */
    size_t quotes_n, next;
    EVP_MD_CTX *floor; /* owned */
    uint8_t der[128];
    size_t der_len, signed_len;
};

static void
must(bool statement, const char *what)
{
    if (!statement) {
        (void)fprintf(stderr, "bench_tdx: %s\n", what);
        exit(1);
    }
}

static double
cpu_s(void)
{
    struct timespec t = {0};

    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "no CPU clock");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the cache ---- */

static uint32_t
slot_of(const uint8_t key[SHA256_LEN])
{
    uint32_t v = 0;

    memcpy(&v, key, sizeof v); /* a digest is spread already */
    return v & (SLOTS - 1);
}

static const struct tdx_platform *
cache_find(const struct cache *c, const uint8_t key[SHA256_LEN])
{
    for (uint32_t i = slot_of(key);; i = (i + 1) & (SLOTS - 1)) {
        const struct tdx_platform *p = c->slot[i] == 0 ? NULL : &c->platform[c->slot[i] - 1];

        if (p == NULL || memcmp(p->key, key, SHA256_LEN) == 0) {
            return p;
        }
    }
}

static void
cache_put(struct cache *c, const struct tdx_platform *p)
{
    uint32_t at = slot_of(p->key);

    while (c->slot[at] != 0) {
        at = (at + 1) & (SLOTS - 1);
    }
    c->platform[c->n++] = *p;
    c->slot[at] = (uint32_t)c->n;
}

/* The quotes' own platforms, and others up to `n`. */
static void
cache_open(struct cache *c, size_t n, struct tdx_platform *of_quotes, size_t quotes)
{
    *c = (struct cache){.platform = calloc(n, sizeof *c->platform), .slot = calloc(SLOTS, 4)};
    must(c->platform != NULL && c->slot != NULL, "no memory");
    for (size_t i = 0; i < quotes; i++) {
        cache_put(c, &of_quotes[i]);
    }
    for (size_t i = c->n; i < n; i++) {
        struct tdx_platform other = of_quotes[0];

        hash_sha256((struct slice){(const uint8_t *)&i, sizeof i}, other.key);
        cache_put(c, &other);
    }
}

static void
cache_done(struct cache *c)
{
    free(c->platform);
    free(c->slot);
}

/* ---- what is measured ---- */

static void
floor_open(struct load *l)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    l->der_len = sizeof l->der;
    l->signed_len = l->scene.quote.at_size;
    l->floor = EVP_MD_CTX_new();
    must(ctx != NULL && l->floor != NULL &&
             EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, td_key(TD_AK)) == 1 &&
             EVP_DigestSign(ctx, l->der, &l->der_len, l->quote[0], l->signed_len) == 1,
         "no signature");
    EVP_MD_CTX_free(ctx);
}

/* Quotes of one attestation key whose QEs say different things of it: different platforms to a cache. */
static void
quotes_make(struct load *l, struct tdx_platform *platform)
{
    struct td_scene *s = &l->scene;
    struct why why = {0};

    for (size_t i = 0; i < QUOTES; i++) {
        td_put(s->quote.auth, i, 8);
        td_quote_make(&s->quote, td_key(TD_AK), td_key(TD_LEAF), td_pem(&s->pck));
        memcpy(l->quote[i], s->quote.raw, s->quote.len);
        l->len[i] = s->quote.len;
        must(tdx_platform_open((struct slice){l->quote[i], l->len[i]}, &s->trust.tdx, &platform[i],
                               &why) == ERR_OK,
             why_text(&why));
    }
}

static void
load_open(struct load *l, struct tdx_platform *platform)
{
    l->quote = calloc(QUOTES, sizeof *l->quote);
    must(l->quote != NULL, "no memory");
    td_open(&l->scene, 5, 3);
    td_make(&l->scene);
    quotes_make(l, platform);
    tdx_collateral_judge(&l->scene.bytes, &l->scene.trust.tdx, td_ca_der(&l->scene), &l->facts);
    cache_open(&l->one, 1, platform, 1);
    cache_open(&l->many, PLATFORMS, platform, QUOTES);
    floor_open(l);
}

static void
load_done(struct load *l, struct tdx_platform *platform)
{
    cache_done(&l->one);
    cache_done(&l->many);
    for (size_t i = 0; i < QUOTES; i++) {
        tdx_platform_done(&platform[i]);
    }
    free(l->quote);
    EVP_MD_CTX_free(l->floor);
    td_done(&l->scene);
}

static void
verdict_once(struct load *l)
{
    must(td_judge(&l->scene) == JUDGE_ACCEPT && l->scene.got.tdx.verified, "refused");
}

static void
warm_once(struct load *l)
{
    uint8_t key[SHA256_LEN];
    struct why why = {0};

    l->next = l->next + 1 < l->quotes_n ? l->next + 1 : 0;
    l->scene.ev.tdx.quote = (struct slice){l->quote[l->next], l->len[l->next]};
    must(tdx_platform_key(l->scene.ev.tdx.quote, key, &why) == ERR_OK, "no quote");
    l->scene.ev.tdx.known = cache_find(l->cache, key);
    l->scene.ev.tdx.facts = &l->facts;
    must(l->scene.ev.tdx.known != NULL, "not in the cache");
    verdict_once(l);
}

static void
warm_of_one(struct load *l)
{
    l->cache = &l->one;
    l->quotes_n = 1;
    warm_once(l);
}

static void
warm_of_many(struct load *l)
{
    l->cache = &l->many;
    l->quotes_n = QUOTES;
    warm_once(l);
}

static void
cold_once(struct load *l)
{
    l->scene.ev.tdx.quote = (struct slice){l->quote[0], l->len[0]};
    l->scene.ev.tdx.known = NULL;
    l->scene.ev.tdx.facts = NULL;
    verdict_once(l);
}

static void
floor_once(struct load *l)
{
    must(EVP_DigestVerifyInit(l->floor, NULL, EVP_sha256(), NULL, td_key(TD_AK)) == 1 &&
             EVP_DigestVerify(l->floor, l->der, l->der_len, l->quote[0], l->signed_len) == 1 &&
             EVP_MD_CTX_reset(l->floor) == 1,
         "floor");
}

/* How often `once` runs in a CPU-second. */
static double
rate(void (*once)(struct load *l), struct load *l)
{
    double begin = cpu_s();
    double spent = 0;
    int64_t n = 0;

    while (spent < BATCH_MS / 1e3) {
        for (int i = 0; i < 8; i++) {
            once(l);
        }
        n += 8;
        spent = cpu_s() - begin;
    }
    return (double)n / spent;
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median(double *v, size_t n)
{
    qsort(v, n, sizeof v[0], by_size);
    return v[n / 2];
}

struct bench {
    const char *name;
    void (*once)(struct load *l);
    const char *floor_name;
    void (*floor)(struct load *l);
    bool in_floors; /* also how many floors one takes */
};

/* Both rates in turns. */
static void
run(struct load *l, const struct bench *b)
{
    double ours[ROUNDS];
    double floors[ROUNDS];
    double ratios[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = rate(b->once, l);
        floors[i] = rate(b->floor, l);
        ratios[i] = ours[i] / floors[i];
    }

    double per_s = median(ours, ROUNDS);
    double ratio = median(ratios, ROUNDS);

    (void)printf("{\"bench\": \"%s\", \"per_s\": %.0f, \"cpu_us\": %.2f, \"floor\": \"%s\", "
                 "\"floor_per_s\": %.0f, \"ratio\": %.3f",
                 b->name, per_s, 1e6 / per_s, b->floor_name, median(floors, ROUNDS), ratio);
    if (b->in_floors) {
        (void)printf(", \"p256_verifications\": %.1f", 1 / ratio);
    }
    (void)printf("}\n");
}

int
main(void)
{
    static const struct bench BENCHES[] = {
        {"tdx.verify.warm", warm_of_one, "p256.verify.openssl", floor_once, false},
        {"tdx.verify.cold", cold_once, "p256.verify.openssl", floor_once, true},
        {"tdx.verify.warm.10000", warm_of_many, "tdx.verify.warm", warm_of_one, false},
    };
    static struct tdx_platform platform[QUOTES];
    static struct load l;

    load_open(&l, platform);
    for (size_t i = 0; i < sizeof BENCHES / sizeof BENCHES[0]; i++) {
        run(&l, &BENCHES[i]);
    }
    load_done(&l, platform);
    return 0;
}
