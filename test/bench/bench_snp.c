/* SPDX-License-Identifier: Apache-2.0 */
/* bench_snp.c - whole verdicts on SNP reports per CPU-second, beside the bare signature verification.
 *
 * Prints JSON lines.  `snp.verify.warm`: attest_verify() with a certificate that was verified before: decode, look the key up, one
 * P-384 verification, every rule, claims.  `snp.verify.cold`: the certificate comes as DER and is judged again, one RSA-4096
 * verification more.  `snp.verify.warm.100000`: the warm verdict when the key is one of 100,000, against one of one: what the cache
 * costs as it grows.  The floor is EVP_DigestVerify() of the same signature over the same 672 bytes with a key that is ready, and
 * nothing else.  All are measured in turns, so that a busy machine disturbs them alike; the medians are printed.  The CA is made for
 * the run and thrown away. */
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/attest.h"
#include "test/unit/snp_soft.h"

enum {
    ROUNDS = 15,
    BATCH_MS = 40,
    CHIPS = 100000,
    SLOTS = 1 << 18, /* of the cache; a power of two */
    REPORTS = 512,   /* of chips all over the cache */
    CERT_MAX = 4096,
    NOW = 1800000000,
    YEAR = 365 * 24 * 3600,
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
    uint8_t cert[CERT_MAX];
    size_t cert_len;
    EVP_PKEY *chip, *ask; /* owned */
    EVP_MD_CTX *floor;    /* owned */
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

/* ---- a certificate as AMD writes it ---- */

static X509_NAME *
amd_name(const char *cn)
{
    X509_NAME *n = X509_NAME_new();
    const char *const rows[][2] = {
        {"OU", "Engineering"},           {"C", "US"}, {"L", "Santa Clara"}, {"ST", "CA"},
        {"O", "Advanced Micro Devices"}, {"CN", cn}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        must(X509_NAME_add_entry_by_txt(n, rows[i][0], MBSTRING_ASC, (const uint8_t *)rows[i][1],
                                        -1, -1, 0) == 1,
             "no name");
    }
    return n;
}

static void
extend(X509 *x, const char *tail, const uint8_t *value, size_t len)
{
    char oid[64];
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

    (void)snprintf(oid, sizeof oid, "1.3.6.1.4.1.3704.1.%s", tail);
    must(ASN1_OCTET_STRING_set(octets, value, (int)len) == 1, "no memory");

    ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
    X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, obj, 0, octets);

    must(ext != NULL && X509_add_ext(x, ext, -1) == 1, "no extension");
    X509_EXTENSION_free(ext);
    ASN1_OBJECT_free(obj);
    ASN1_OCTET_STRING_free(octets);
}

/* A DER INTEGER of 0..255. */
static void
extend_number(X509 *x, const char *tail, uint8_t value)
{
    const uint8_t small[] = {0x02, 0x01, value};
    const uint8_t large[] = {0x02, 0x02, 0x00, value};

    if (value < 0x80) {
        extend(x, tail, small, sizeof small);
    } else {
        extend(x, tail, large, sizeof large);
    }
}

static void
sign_pss(X509 *x, EVP_PKEY *by)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = NULL;

    must(EVP_DigestSignInit(ctx, &key, EVP_sha384(), NULL, by) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(key, 48) == 1 && X509_sign_ctx(x, ctx) > 0,
         "no certificate");
    EVP_MD_CTX_free(ctx);
}

/* The VCEK of a Genoa: for REPORTED_TCB and CHIP_ID of this report. */
static void
certify(struct load *l, const uint8_t *report)
{
    static const uint8_t NAME[] = {0x16, 5, 'G', 'e', 'n', 'o', 'a'};
    const uint8_t *t = report + AT_REPORTED;
    X509 *x = X509_new();
    X509_NAME *subject = amd_name("SEV-VCEK");
    X509_NAME *issuer = amd_name("SEV-Genoa");

    must(X509_set_version(x, 2) == 1 && X509_set_subject_name(x, subject) == 1 &&
             X509_set_issuer_name(x, issuer) == 1 && X509_set_pubkey(x, l->chip) == 1 &&
             ASN1_INTEGER_set(X509_get_serialNumber(x), 0) == 1 &&
             ASN1_TIME_set(X509_getm_notBefore(x), NOW - YEAR) != NULL &&
             ASN1_TIME_set(X509_getm_notAfter(x), NOW + 6L * YEAR) != NULL,
         "no certificate");
    extend_number(x, "1", 0);
    extend(x, "2", NAME, sizeof NAME);
    extend_number(x, "3.1", t[0]);
    extend_number(x, "3.2", t[1]);
    extend_number(x, "3.3", t[6]);
    extend_number(x, "3.4", 0);
    extend_number(x, "3.5", 0);
    extend_number(x, "3.6", 0);
    extend_number(x, "3.7", 0);
    extend_number(x, "3.8", t[7]);
    extend(x, "4", report + AT_CHIP, SNP_CHIP_LEN);
    sign_pss(x, l->ask);

    uint8_t *at = l->cert;
    int len = i2d_X509(x, NULL);

    must(len > 0 && len <= CERT_MAX && i2d_X509(x, &at) == len, "certificate is too large");
    l->cert_len = (size_t)len;
    X509_NAME_free(subject);
    X509_NAME_free(issuer);
    X509_free(x);
}

static void
trust_ask(struct load *l)
{
    static const char *const CN[] = {"ARK-Genoa", "SEV-Genoa"};
    struct snp_ca *const ca[] = {&l->trust.snp.product[SNP_GENOA - 1].ark,
                                 &l->trust.snp.product[SNP_GENOA - 1].ask};
    BIGNUM *n = NULL;
    uint8_t modulus[512];
    struct why why = {0};

    must(EVP_PKEY_get_bn_param(l->ask, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
             BN_bn2binpad(n, modulus, sizeof modulus) == sizeof modulus,
         "no modulus");
    BN_free(n);
    for (size_t i = 0; i < 2; i++) {
        *ca[i] = (struct snp_ca){.present = true, .cn = CN[i], .not_after = NOW + 20L * YEAR};
        must(sig_key_rsa((struct slice){modulus, sizeof modulus}, 65537, &ca[i]->key, &why) ==
                 ERR_OK,
             "no key");
    }
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
    l->ask = EVP_RSA_gen(4096);
    l->report = calloc(REPORTS, sizeof *l->report);
    must(l->chip != NULL && l->ask != NULL && l->report != NULL, "no keys");
    for (uint32_t i = 0; i < REPORTS; i++) {
        soft_report(SNP_GENOA, 5, l->report[i]);
        chip_write(i * (CHIPS / REPORTS), l->report[i] + AT_CHIP);
        soft_sign(l->chip, l->report[i]);
    }
    trust_ask(l);
    certify(l, l->report[0]);
    snp_expect_default(&l->want.snp);
    must(snp_vek_open((struct slice){l->cert, l->cert_len}, &l->trust.snp, &vek, &why) == ERR_OK,
         why_text(&why));
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
    EVP_PKEY_free(l->ask);
}

static void
verdict_once(struct load *l)
{
    attest_verify(&l->ev, &l->want, &l->trust, NOW, &l->out);
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
    l->ev.snp.vek = (struct slice){l->cert, l->cert_len};
    verdict_once(l);
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
