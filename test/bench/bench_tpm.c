/* SPDX-License-Identifier: Apache-2.0 */
/* bench_tpm.c - whole verdicts on TPM quotes per CPU-second, beside the bare signature
 * verification.
 *
 * Prints JSON lines `tpm.quote.p256`, `tpm.quote.rsa2048` and `tpm.eventlog`.  A verdict is attest_verify() on
 * bytes: decode quote, signature and public area, make the key, run every rule, fill the claims.
 * The floor is EVP_DigestVerify() of the same signature over the same bytes with a key that is
 * ready (and has its tables), and nothing else.  Both are measured in turns, so that a busy
 * machine disturbs them alike; the medians are printed.
 *
 * tpm.eventlog is attest_verify_event_log() on 40 KB with digests of SHA-1 and SHA-256: form, replay, all data that digests cover,
 * Secure Boot.  Its floor is one SHA-256 over the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/attest.h"
#include "test/unit/log_soft.h"
#include "test/unit/tpm_soft.h"

enum { ROUNDS = 15, BATCH_MS = 20, LOG_BYTES = 40 * 1024, LOG_REVOKED = 430, LOG_FILES = 100 };

struct bench {
    const char *name, *floor;
    enum soft_kind kind;
};

struct load {
    struct evidence ev;
    struct expectation want;
    struct trust trust;
    struct appraisal out;
    struct soft_ak ak;
    struct soft_quote quote;
    struct soft_bytes area, msg, sig;
    struct tpm_pcr sent[4];
    EVP_MD_CTX *floor; /* owned */
    uint8_t raw[SOFT_MAX];
    size_t raw_len;
};

static void
must(bool statement, const char *what)
{
    if (!statement) {
        (void)fprintf(stderr, "bench_tpm: %s\n", what);
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

static void
send_selected(struct load *l)
{
    for (size_t i = 0; i < l->quote.pcr_n && l->ev.tpm.pcrs_n < 4; i++) {
        if (soft_selected(&l->quote.select[0], &l->quote.pcr[i])) {
            l->sent[l->ev.tpm.pcrs_n++] = l->quote.pcr[i];
        }
    }
    l->ev.tpm.pcrs = l->sent;
}

static void
load_open(struct load *l, enum soft_kind kind)
{
    *l = (struct load){.ev = {.type = EVIDENCE_TPM2}};
    soft_ak_open(kind, &l->ak);
    soft_quote_open(&l->ak, &l->quote);
    soft_public(&l->ak, &l->area);
    soft_attest(&l->ak, &l->quote, &l->msg);
    soft_sign(&l->ak, &l->quote, &l->msg, &l->sig);
    send_selected(l);
    l->ev.tpm.quote = (struct slice){l->msg.at, l->msg.len};
    l->ev.tpm.signature = (struct slice){l->sig.at, l->sig.len};
    l->ev.tpm.ak = (struct slice){l->area.at, l->area.len};
    l->want.nonce = (struct slice){l->quote.extra, l->quote.extra_len};
    l->want.tpm.ak_trust_allowed = AK_TRUST_PINNED_NAME;
    l->want.tpm.ak_vouched = true;

    l->raw_len = soft_sign_raw(&l->ak, &l->quote, &l->msg, l->raw);
    l->floor = EVP_MD_CTX_new();
    must(l->floor != NULL, "no memory");
}

static void
load_done(struct load *l)
{
    EVP_MD_CTX_free(l->floor);
    soft_ak_done(&l->ak);
}

static void
verdict_once(struct load *l)
{
    attest_verify(&l->ev, &l->want, &l->trust, 1800000000, &l->out);
    must(verdict_judge(&l->out.verdict) == JUDGE_ACCEPT && l->out.tpm.pcr_n == 4, "refused");
}

static void
floor_once(struct load *l)
{
    must(EVP_DigestVerifyInit(l->floor, NULL, EVP_sha256(), NULL, l->ak.key) == 1 &&
             EVP_DigestVerify(l->floor, l->raw, l->raw_len, l->msg.at, l->msg.len) == 1 &&
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
        for (int i = 0; i < 16; i++) {
            once(l);
        }
        n += 16;
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

static void
run(const struct bench *b)
{
    static struct load l;
    double ours[ROUNDS];
    double floors[ROUNDS];
    double ratios[ROUNDS];

    load_open(&l, b->kind);
    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = rate(verdict_once, &l);
        floors[i] = rate(floor_once, &l);
        ratios[i] = ours[i] / floors[i];
    }
    load_done(&l);

    double per_s = median(ours, ROUNDS);

    (void)printf("{\"bench\": \"%s\", \"per_s\": %.0f, \"cpu_us\": %.2f, \"floor\": \"%s\", "
                 "\"floor_per_s\": %.0f, \"ratio\": %.3f}\n",
                 b->name, per_s, 1e6 / per_s, b->floor, median(floors, ROUNDS),
                 median(ratios, ROUNDS));
}

/* ---- event log */

struct log_load {
    struct log_soft log;
    struct evidence ev;
    struct expectation want;
    struct appraisal out;
};

/* Configuration, dbx as long as those of today, files that a loader read. */
static void
log_load_open(struct log_load *l)
{
    static char text[128];

    log_boot(&l->log, true, LOG_REVOKED);
    for (int i = 0; i < LOG_FILES; i++) {
        (void)snprintf(text, sizeof text,
                       "grub_cmd: menuentry number %03d of a configuration that is long enough to "
                       "be one of those that are seen in the field",
                       i);
        log_text(&l->log, 8, EV_IPL, text);
    }
    l->ev = (struct evidence){.type = EVIDENCE_TPM2, .tpm.event_log = log_bytes(&l->log)};
    l->want.tpm.must = (struct tpm_predicates){.secure_boot = true, .no_option_rom = true};
    must(l->ev.tpm.event_log.len > LOG_BYTES - 1024 && l->ev.tpm.event_log.len < LOG_BYTES + 1024,
         "not a log of 40 KB");
}

static double
log_rate(struct log_load *l, bool floor)
{
    double begin = cpu_s();
    double spent = 0;
    uint8_t digest[SHA256_LEN];
    int64_t n = 0;

    while (spent < BATCH_MS / 1e3) {
        if (floor) {
            hash_sha256(l->ev.tpm.event_log, digest);
        } else {
            attest_verify_event_log(&l->ev, &l->want, &l->out);
            must(verdict_judge(&l->out.verdict) == JUDGE_ACCEPT, "log refused");
        }
        n++;
        spent = cpu_s() - begin;
    }
    return (double)n / spent;
}

static void
run_log(void)
{
    static struct log_load l;
    double ours[ROUNDS];
    double floors[ROUNDS];

    log_load_open(&l);
    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = log_rate(&l, false);
        floors[i] = log_rate(&l, true);
    }

    double per_s = median(ours, ROUNDS);
    double floor_per_s = median(floors, ROUNDS);

    (void)printf("{\"bench\": \"tpm.eventlog\", \"per_s\": %.0f, \"cpu_us\": %.2f, \"floor\": "
                 "\"sha256.40k\", \"floor_per_s\": %.0f, \"ratio\": %.3f}\n",
                 per_s, 1e6 / per_s, floor_per_s, per_s / floor_per_s);
}

int
main(void)
{
    static const struct bench BENCHES[] = {
        {"tpm.quote.p256", "p256.verify.openssl", SOFT_P256},
        {"tpm.quote.rsa2048", "rsa2048.verify.openssl", SOFT_RSASSA},
    };

    for (size_t i = 0; i < sizeof BENCHES / sizeof BENCHES[0]; i++) {
        run(&BENCHES[i]);
    }
    run_log();
    return 0;
}
