/* SPDX-License-Identifier: Apache-2.0 */
/* bench_snp.c - whole verdicts on SNP reports per CPU-second, beside the bare signature verification.
 *
 * Prints JSON lines.  `snp.verify.warm`: attest_verify() with a certificate and a CRL that were verified before: decode, look the key
 * up, one P-384 verification, every rule, claims.  `snp.verify.cold`: the certificate comes as DER in a certificate table and is judged
 * again, one RSA-4096 verification more.  `snp.verify.warm.100000`: the warm verdict when the key is one of 100,000, against one of
 * one: what the cache costs as it grows.  The floor is EVP_DigestVerify() of the same signature over the same 672 bytes with a key that
 * is ready, and nothing else.  All are measured in turns, so that a busy machine disturbs them alike; the medians are printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/attest.h"
#include "test/unit/amd_desk.h"

enum {
    ROUNDS = 15,
    BATCH_MS = 40,
    CHIPS = 100000,
    SLOTS = 1 << 18, /* of the cache; a power of two */
    REPORTS = 512,   /* of chips all over the cache */
    TABLE_MAX = 8192,
    TABLE_ENTRIES = 3,
    ENTRY_LEN = 24,
};

/* Certified keys by chip and level, as a verifier keeps them. */
struct cache {
    struct snp_vek *vek; /* owned; CHIPS of them */
    uint32_t *slot;      /* owned; SLOTS; index + 1 */
    size_t n;
};

struct load {
    struct evidence ev;
    struct expectation want;
    struct trust trust;
    struct appraisal out;
    struct cache one, many;
    struct cache *cache;               /* the one in use */
    uint8_t (*report)[SNP_REPORT_LEN]; /* owned; REPORTS */
    size_t reports_n, next;
    uint8_t table[TABLE_MAX];
    size_t table_len;
    struct amd_der vcek;
    struct snp_crl_known crl;
    EVP_PKEY *chip;    /* owned */
    EVP_MD_CTX *floor; /* owned */
    uint8_t der[128];
    size_t der_len;
};

static void
must(bool statement, const char *what)
{
    if (!statement) {
        (void)fprintf(stderr, "bench_snp: %s\n", what);
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

/* ---- what comes with the report ---- */

static const uint8_t GUIDS[TABLE_ENTRIES][16] = {
    {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
     0xcd},
    {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
     0x82},
    {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
     0xae},
};

/* The certificate table of an extended guest request: VCEK, ASK, ARK as DER. */
static void
table_write(struct load *l)
{
    const struct amd_cert vcek = amd_vek(SNP_GENOA, false, l->chip);
    const struct amd_der der[TABLE_ENTRIES] = {amd_make(&vcek), amd_ca_der(SNP_GENOA, AMD_ASK),
                                               amd_ca_der(SNP_GENOA, AMD_ARK)};

    l->table_len = (TABLE_ENTRIES + 1) * ENTRY_LEN;
    for (size_t i = 0; i < TABLE_ENTRIES; i++) {
        must(l->table_len + der[i].n <= TABLE_MAX, "certificates are too large");
        memcpy(l->table + i * ENTRY_LEN, GUIDS[i], sizeof GUIDS[i]);
        soft_put(l->table, i * ENTRY_LEN + 16, l->table_len, 4);
        soft_put(l->table, i * ENTRY_LEN + 20, der[i].n, 4);
        memcpy(l->table + l->table_len, der[i].b, der[i].n);
        l->table_len += der[i].n;
    }
    l->vcek = amd_make(&vcek);
}

static void
crl_read(struct load *l)
{
    const struct amd_crl list = amd_crl(SNP_GENOA);
    const struct amd_der der = amd_crl_make(&list);
    struct why why = {0};

    must(snp_crl_keep(amd_slice(&der), &l->trust.snp, SNP_GENOA, SNP_VCEK, &l->crl, &why) == ERR_OK,
         why_text(&why));
    l->ev.snp.known_crl = &l->crl;
    l->want.snp.crl = SNP_CRL_REQUIRE;
}

/* ---- the cache ---- */

static uint32_t
hash_of(const uint8_t *chip, const uint8_t *tcb)
{
    uint64_t h = 0;
    uint64_t word = 0;

    for (size_t i = 0; i <= SNP_CHIP_LEN; i += 8) {
        memcpy(&word, i < SNP_CHIP_LEN ? chip + i : tcb, 8);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 16) & (SLOTS - 1);
}

static const struct snp_vek *
cache_find(const struct cache *c, const struct snp_need *need)
{
    for (uint32_t i = hash_of(need->chip, need->tcb_raw);; i = (i + 1) & (SLOTS - 1)) {
        const struct snp_vek *v = c->slot[i] == 0 ? NULL : &c->vek[c->slot[i] - 1];

        if (v == NULL || (v->product == need->product && v->kind == need->kind &&
                          memcmp(v->hwid, need->chip, SNP_CHIP_LEN) == 0 &&
                          memcmp(&v->tcb, &need->tcb, sizeof v->tcb) == 0)) {
            return v;
        }
    }
}

/* A chip id that differs all over, and is spread over the cache. */
static void
chip_write(uint32_t number, uint8_t chip[SNP_CHIP_LEN])
{
    if (number == 0) { /* the one that has a certificate */
        memset(chip, AMD_CHIP_BYTE, SNP_CHIP_LEN);
        return;
    }
    for (size_t i = 0; i < SNP_CHIP_LEN; i++) {
        number = number * 1664525 + 1013904223;
        chip[i] = (uint8_t)(number >> 24);
    }
}

static void
cache_open(struct cache *c, size_t n, const struct snp_vek *first)
{
    uint8_t tcb[8];

    *c = (struct cache){.n = n, .vek = calloc(n, sizeof *c->vek), .slot = calloc(SLOTS, 4)};
    must(c->vek != NULL && c->slot != NULL, "no memory");
    memcpy(tcb, soft_product(SNP_GENOA)->tcb, sizeof tcb);
    for (size_t i = 0; i < n; i++) {
        c->vek[i] = *first;
        chip_write((uint32_t)i, c->vek[i].hwid);

        uint32_t at = hash_of(c->vek[i].hwid, tcb);

        while (c->slot[at] != 0) {
            at = (at + 1) & (SLOTS - 1);
        }
        c->slot[at] = (uint32_t)i + 1;
    }
}

/* ---- what is measured ---- */

static void
floor_open(struct load *l)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    l->der_len = sizeof l->der;
    l->floor = EVP_MD_CTX_new();
    must(ctx != NULL && l->floor != NULL &&
             EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, l->chip) == 1 &&
             EVP_DigestSign(ctx, l->der, &l->der_len, l->report[0], SNP_SIGNED_LEN) == 1,
         "no signature");
    EVP_MD_CTX_free(ctx);
}

static void
load_open(struct load *l)
{
    struct snp_vek vek = {0};
    struct why why = {0};

    *l = (struct load){.ev = {.type = EVIDENCE_SEV_SNP}};
    l->chip = EVP_EC_gen("P-384");
    l->report = calloc(REPORTS, sizeof *l->report);
    must(l->chip != NULL && l->report != NULL, "no keys");
    for (uint32_t i = 0; i < REPORTS; i++) {
        soft_report(SNP_GENOA, 5, l->report[i]);
        chip_write(i * (CHIPS / REPORTS), l->report[i] + AT_CHIP);
        soft_sign(l->chip, l->report[i]);
    }
    snp_expect_default(&l->want.snp);
    amd_trust(SNP_GENOA, &l->trust.snp);
    table_write(l);
    crl_read(l);
    must(snp_vek_open(amd_slice(&l->vcek), &l->trust.snp, &vek, &why) == ERR_OK, why_text(&why));
    cache_open(&l->one, 1, &vek);
    cache_open(&l->many, CHIPS, &vek);
    floor_open(l);
}

static void
cache_done(struct cache *c)
{
    free(c->vek);
    free(c->slot);
}

static void
load_done(struct load *l)
{
    cache_done(&l->one);
    cache_done(&l->many);
    free(l->report);
    EVP_MD_CTX_free(l->floor);
    EVP_PKEY_free(l->chip);
    snp_anchors_done(&l->trust.snp);
}

static void
verdict_once(struct load *l)
{
    attest_verify(&l->ev, &l->want, &l->trust, AMD_NOW, &l->out);
    must(verdict_judge(&l->out.verdict) == JUDGE_ACCEPT && l->out.snp.product == SNP_GENOA,
         "refused");
}

static void
warm_once(struct load *l)
{
    struct snp_need need = {0};
    struct why why = {0};

    l->next = l->next + 1 < l->reports_n ? l->next + 1 : 0;
    l->ev.snp.report = (struct slice){l->report[l->next], SNP_REPORT_LEN};
    must(snp_need_read(l->ev.snp.report, &need, &why) == ERR_OK, "no report");
    l->ev.snp.known = cache_find(l->cache, &need);
    must(l->ev.snp.known != NULL, "not in the cache");
    verdict_once(l);
}

static void
warm_of_one(struct load *l)
{
    l->cache = &l->one;
    l->reports_n = 1;
    warm_once(l);
}

static void
warm_of_many(struct load *l)
{
    l->cache = &l->many;
    l->reports_n = REPORTS;
    warm_once(l);
}

static void
cold_once(struct load *l)
{
    l->ev.snp.report = (struct slice){l->report[0], SNP_REPORT_LEN};
    l->ev.snp.known = NULL;
    l->ev.snp.cert_table = (struct slice){l->table, l->table_len};
    verdict_once(l);
    l->ev.snp.cert_table = (struct slice){0};
}

static void
floor_once(struct load *l)
{
    must(EVP_DigestVerifyInit(l->floor, NULL, EVP_sha384(), NULL, l->chip) == 1 &&
             EVP_DigestVerify(l->floor, l->der, l->der_len, l->report[0], SNP_SIGNED_LEN) == 1 &&
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

/* Both rates in turns. */
static void
run(struct load *l, const char *name, void (*once)(struct load *l), const char *floor_name,
    void (*floor)(struct load *l))
{
    double ours[ROUNDS];
    double floors[ROUNDS];
    double ratios[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = rate(once, l);
        floors[i] = rate(floor, l);
        ratios[i] = ours[i] / floors[i];
    }

    double per_s = median(ours, ROUNDS);

    (void)printf("{\"bench\": \"%s\", \"per_s\": %.0f, \"cpu_us\": %.2f, \"floor\": \"%s\", "
                 "\"floor_per_s\": %.0f, \"ratio\": %.3f}\n",
                 name, per_s, 1e6 / per_s, floor_name, median(floors, ROUNDS),
                 median(ratios, ROUNDS));
}

int
main(void)
{
    static struct load l;

    load_open(&l);
    run(&l, "snp.verify.warm", warm_of_one, "p384.verify.openssl", floor_once);
    run(&l, "snp.verify.cold", cold_once, "p384.verify.openssl", floor_once);
    run(&l, "snp.verify.warm.100000", warm_of_many, "snp.verify.warm", warm_of_one);
    load_done(&l);
    return 0;
}
