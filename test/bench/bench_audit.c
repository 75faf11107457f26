/* SPDX-License-Identifier: Apache-2.0 */
/* bench_audit.c - how many records per second a real, forked, sandboxed mint makes durable.
 *
 * One JSON line for 1, 16 and 64 requesters, each a thread that waits for its record before it
 * asks for the next.  The floor is one thread that appends as many bytes as a record has and
 * calls fdatasync, in the same folder and the same run.  per_s is per second of the clock: the
 * disk is what is waited for; cpu_us is CPU time of both processes for one record.
 *
 *     bench_audit [DIR [SECONDS]] */
#include "broker/mint/mint.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "attest/base/slice.h"
#include "common/mem.h"

enum { THREADS_MAX = 64, SAMPLES_MAX = 200000, PATH_CAP = 512 };

struct requester {
    struct mint *mint;
    const atomic_bool *stop;
    pthread_t thread;
    size_t n;
    uint32_t *us; /* of each call, up to SAMPLES_MAX */
    bool failed;
};

static int64_t
now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A record as the broker's daily work makes them. */
static struct mint_record
sample(void)
{
    return (struct mint_record){
        .action = ACTION_ASKED,
        .actor = "guest",
        .object = "upload/up-01a20ebefbbbb4e503ca89d9bcba488f",
        .sandbox = "sb-01a20ebefbbbb4e503ca89d9bcba488f",
        .session = "user-session-7f3a",
        .consent = "consent-41c2",
        .policy = "summarizer/7",
        .policy_digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        .verdict = "vd-01a20ebefbbbb4e503ca89d9bcba488f",
    };
}

static void *
request(void *arg)
{
    struct requester *r = arg;
    struct mint_record record = sample();

    while (!atomic_load(r->stop)) {
        struct why why = {0};
        int64_t begun = now_us();

        if (mint_note(r->mint, &record, &why) != ERR_OK) {
            (void)fprintf(stderr, "bench_audit: %s\n", why_text(&why));
            r->failed = true;
            break;
        }
        if (r->n < SAMPLES_MAX) {
            r->us[r->n] = (uint32_t)(now_us() - begun);
        }
        r->n++;
    }
    return NULL;
}

static int
by_size(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* CPU time of this process, and of the mint by its /proc/PID/stat (fields 14 and 15), in
 * microseconds. */
static double
cpu_us(pid_t mint)
{
    struct rusage self;
    char path[PATH_CAP];
    char text[1024] = "";
    unsigned long ticks[2] = {0};

    (void)getrusage(RUSAGE_SELF, &self);
    (void)snprintf(path, sizeof path, "/proc/%d/stat", mint);

    FILE *f = fopen(path, "re");

    if (f != NULL) {
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        (void)fclose(f);
    }

    char *at = strrchr(text, ')');

    for (int field = 2; at != NULL && field < 14; field++) {
        at = strchr(at + 1, ' ');
    }
    for (int i = 0; at != NULL && i < 2; i++) {
        ticks[i] = strtoul(at + 1, &at, 10);
    }
    return (double)(self.ru_utime.tv_sec + self.ru_stime.tv_sec) * 1e6 +
           (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec) +
           (double)(ticks[0] + ticks[1]) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

/* The bare disk: what one thread could do without a mint. */
static double
floor_rate(const char *dir, size_t bytes, double seconds)
{
    char path[PATH_CAP];
    uint8_t block[4096];
    size_t n = 0;

    memset(block, 'x', sizeof block);
    (void)snprintf(path, sizeof path, "%s/floor", dir);

    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int64_t begun = now_us();
    int64_t end = begun + (int64_t)(seconds * 1e6);

    while (fd >= 0 && now_us() < end) {
        if (write(fd, block, bytes) != (ssize_t)bytes || fdatasync(fd) != 0) {
            break;
        }
        n++;
    }

    double rate = (double)n * 1e6 / (double)(now_us() - begun);

    (void)close(fd);
    (void)unlink(path);
    return rate;
}

struct outcome {
    double per_s, cpu_us, p50_ms, p99_ms;
    bool failed;
};

static void
percentiles(struct requester *all, size_t threads, struct outcome *out)
{
    uint32_t *merged = mem_new(threads * SAMPLES_MAX, sizeof *merged);
    size_t n = 0;

    for (size_t i = 0; i < threads; i++) {
        size_t have = all[i].n < SAMPLES_MAX ? all[i].n : SAMPLES_MAX;

        memcpy(merged + n, all[i].us, have * sizeof *merged);
        n += have;
    }
    if (n > 0) {
        qsort(merged, n, sizeof *merged, by_size);
        out->p50_ms = merged[n / 2] / 1000.0;
        out->p99_ms = merged[n * 99 / 100] / 1000.0;
    }
    mem_free(merged);
}

static struct outcome
measure(struct mint *m, size_t threads, double seconds)
{
    struct requester all[THREADS_MAX] = {0};
    atomic_bool stop = false;
    struct outcome out = {0};
    pid_t pid = mint_public(m)->pid;
    double cpu = cpu_us(pid);
    int64_t begun = now_us();
    size_t n = 0;

    for (size_t i = 0; i < threads; i++) {
        all[i] = (struct requester){.mint = m, .stop = &stop};
        all[i].us = mem_new(SAMPLES_MAX, sizeof *all[i].us);
        if (pthread_create(&all[i].thread, NULL, request, &all[i]) != 0) {
            abort();
        }
    }
    (void)usleep((useconds_t)(seconds * 1e6));
    atomic_store(&stop, true);
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(all[i].thread, NULL);
        n += all[i].n;
        out.failed = out.failed || all[i].failed;
    }
    out.per_s = (double)n * 1e6 / (double)(now_us() - begun);
    out.cpu_us = n == 0 ? 0 : (cpu_us(pid) - cpu) / (double)n;
    percentiles(all, threads, &out);
    for (size_t i = 0; i < threads; i++) {
        mem_free(all[i].us);
    }
    return out;
}

/* Bytes of one frame, as the log has them. */
static size_t
frame_size(const char *dir, struct mint *m)
{
    char path[PATH_CAP];
    struct stat before;
    struct stat after;
    struct why why = {0};
    struct mint_record record = sample();

    (void)snprintf(path, sizeof path, "%s/audit/log", dir);
    if (stat(path, &before) != 0 || mint_note(m, &record, &why) != ERR_OK ||
        stat(path, &after) != 0) {
        return 0;
    }
    return (size_t)(after.st_size - before.st_size);
}

static int
bench(const char *dir, struct mint *m, double seconds)
{
    static const size_t THREADS[] = {1, 16, 64};
    size_t bytes = frame_size(dir, m);
    double floor = floor_rate(dir, bytes, seconds);
    bool failed = bytes == 0;

    for (size_t i = 0; i < sizeof THREADS / sizeof THREADS[0]; i++) {
        struct outcome o = measure(m, THREADS[i], seconds);

        (void)printf("{\"bench\": \"audit.append\", \"requesters\": %zu, \"per_s\": %.0f, "
                     "\"cpu_us\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"bytes\": %zu, "
                     "\"floor\": \"append.fdatasync\", \"floor_per_s\": %.0f, \"ratio\": %.2f}\n",
                     THREADS[i], o.per_s, o.cpu_us, o.p50_ms, o.p99_ms, bytes, floor,
                     floor > 0 ? o.per_s / floor : 0);
        failed = failed || o.failed;
    }
    return failed ? 1 : 0;
}

int
main(int argc, char **argv)
{
    char temp[] =
        "/var/tmp/bench_audit.XXXXXX"; /* /tmp may be memory, where syncing costs nothing */
    const char *dir = argc > 1 ? argv[1] : mkdtemp(temp);
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 2;
    struct mint_conf conf = {.issuer = "https://broker.example", .log_origin = "bench.example/log"};
    struct mint *m = NULL;
    struct why why = {0};

    if (dir == NULL) {
        return 1;
    }
    (void)snprintf(conf.data_dir, sizeof conf.data_dir, "%s", dir);
    if (mint_start(&conf, &m, &why) != ERR_OK || mint_listen(m, &why) != ERR_OK) {
        (void)fprintf(stderr, "bench_audit: %s\n", why_text(&why));
        return 1;
    }

    int rc = bench(dir, m, seconds);

    mint_stop(&m);
    return rc;
}
