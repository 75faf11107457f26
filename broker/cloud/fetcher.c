/* SPDX-License-Identifier: Apache-2.0 */
/* fetcher.c - see fetcher.h. */
#include "broker/cloud/fetcher.h"

#include "broker/util/log.h"
#include "common/mem.h"
#include "common/sys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 60000 }; /* longest sleep: the clock may have been set */

struct fetcher {
    struct fetcher_conf conf;
    struct fetcher_vendor vendor;
    struct http_get *http;
    uint8_t *body;
    pthread_t thread;
    bool running;
    atomic_bool stop;
    pthread_mutex_t lock; /* errands and figures */
    pthread_cond_t wake;
    struct errands *errands;
    struct fetcher_figures figures;
};

/* What came of one errand. */
struct result {
    enum errand_outcome outcome;
    int64_t wait_s; /* with ERRAND_SLOW_DOWN */
    int64_t next_s; /* when to fetch it again; 0: not */
    unsigned long long *count;
    const char *word; /* for the log */
    char label[FETCH_LABEL];
    struct why why;
};

static enum errand_outcome
outcome_of(long status)
{
    if (status == 200) {
        return ERRAND_GOT;
    }
    if (status == 429) {
        return ERRAND_SLOW_DOWN;
    }
    return status >= 400 && status < 500 ? ERRAND_REFUSED : ERRAND_FAILED;
}

static void
judge_status(struct fetcher *f, const struct http_get_reply *reply, struct result *r)
{
    r->outcome = outcome_of(reply->status);
    r->wait_s = reply->retry_after_s;
    r->count = r->outcome == ERRAND_SLOW_DOWN ? &f->figures.throttled
               : r->outcome == ERRAND_REFUSED ? &f->figures.absent
                                              : &f->figures.failed;
    r->word = r->outcome == ERRAND_SLOW_DOWN ? "throttled"
              : r->outcome == ERRAND_REFUSED ? "absent"
                                             : "failed";
    if (r->outcome != ERRAND_GOT) {
        (void)!why_add(&r->why, ERR_UNABLE, "status %ld", reply->status);
    }
}

/* It is no answer to what was asked, whatever it is. */
static void
judge_wrong(struct fetcher *f, struct result *r)
{
    r->outcome = ERRAND_REFUSED;
    r->count = &f->figures.wrong;
    r->word = "wrong";
}

static bool
is_wrong(enum err e)
{
    return e == ERR_DENIED || e == ERR_MALFORMED || e == ERR_LIMIT;
}

static void
judge_body(struct fetcher *f, const struct errand_key *key, const struct fetch_aim *aim, size_t len,
           struct result *r)
{
    struct fetched got = {.body = {f->body, len}};
    enum err e =
        aim->header == NULL ? ERR_OK : http_get_header(f->http, aim->header, &got.header, &r->why);

    if (e == ERR_OK) {
        e = f->vendor.take(f->vendor.arg, key, &got, &r->next_s, &r->why);
    }
    if (e == ERR_OK) {
        r->count = &f->figures.got;
        r->word = "kept";
    } else if (is_wrong(e)) {
        judge_wrong(f, r);
    } else {
        r->outcome = ERRAND_FAILED;
        r->count = &f->figures.failed;
        r->word = "failed";
    }
}

static struct result
fetch(struct fetcher *f, const struct errand_key *key)
{
    struct result r = {.outcome = ERRAND_FAILED, .count = &f->figures.failed, .word = "failed"};
    struct http_get_reply reply = {0};
    struct fetch_aim aim = {0};
    enum err e = f->vendor.aim(f->vendor.arg, key, &aim, &r.why);

    memcpy(r.label, aim.label, sizeof r.label);
    if (e != ERR_OK) {
        return r;
    }
    e = http_get(f->http, aim.url, f->body, aim.body_max, &reply, &r.why);
    if (e == ERR_LIMIT) {
        judge_wrong(f, &r);
    }
    if (e == ERR_OK) {
        judge_status(f, &reply, &r);
    }
    if (r.outcome == ERRAND_GOT) {
        judge_body(f, key, &aim, reply.len, &r);
    }
    return r;
}

static void
do_errand(struct fetcher *f, const struct errand_key *key)
{
    uint32_t roll = 0;
    struct result r = fetch(f, key);

    if (atomic_load(&f->stop)) {
        return;
    }
    random_bytes((uint8_t *)&roll, sizeof roll);
    (void)pthread_mutex_lock(&f->lock);
    f->figures.asked++;
    (*r.count)++;
    errands_done(f->errands, key, r.outcome, r.wait_s, roll, clock_mono_ms());
    if (r.outcome == ERRAND_GOT && r.next_s > 0) {
        (void)errands_plan(f->errands, key, clock_mono_ms() + r.next_s * 1000);
    }
    (void)pthread_mutex_unlock(&f->lock);
    log_line("collateral.fetch", "%s result=%s%s%s%s", r.label, r.word,
             r.why.n > 0 ? " reason=\"" : "", r.why.n > 0 ? why_text(&r.why) : "",
             r.why.n > 0 ? "\"" : "");
}

/* Sleep until wake_ms, or until somebody asks.  Called with the lock held. */
static void
sleep_until(struct fetcher *f, int64_t wake_ms)
{
    int64_t longest = clock_mono_ms() + LOOK_MS;
    int64_t at = wake_ms < longest ? wake_ms : longest;
    const struct timespec until = {.tv_sec = at / 1000, .tv_nsec = (at % 1000) * 1000000};

    (void)pthread_cond_timedwait(&f->wake, &f->lock, &until);
}

static void *
run(void *arg)
{
    struct fetcher *f = arg;

    while (!atomic_load(&f->stop)) {
        struct errand_key key = {0};
        int64_t wake_ms = 0;

        (void)pthread_mutex_lock(&f->lock);
        bool some = errands_next(f->errands, clock_mono_ms(), &key, &wake_ms);

        if (!some && !atomic_load(&f->stop)) {
            sleep_until(f, wake_ms);
        }
        (void)pthread_mutex_unlock(&f->lock);
        if (some) {
            do_errand(f, &key);
        }
    }
    return NULL;
}

enum err
fetcher_open(const struct fetcher_conf *conf, const struct fetcher_vendor *vendor,
             struct fetcher **out, struct why *why)
{
    struct fetcher *f = mem_new(1, sizeof *f);
    const struct http_get_conf http = {conf->ca_file, conf->timeout_s, &f->stop};
    pthread_condattr_t attr;

    f->conf = *conf;
    f->vendor = *vendor;
    f->errands = errands_new(&conf->errands, clock_mono_ms());
    f->body = mem_new(FETCH_BODY_MAX, 1);
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&f->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    enum err e = http_get_open(&http, &f->http, why);

    if (e != ERR_OK) {
        fetcher_close(&f);
        return e;
    }
    *out = f;
    return ERR_OK;
}

enum err
fetcher_start(struct fetcher *f, struct why *why)
{
    if (pthread_create(&f->thread, NULL, run, f) != 0) {
        return why_add(why, ERR_UNABLE, "no thread for the fetcher");
    }
    f->running = true;
    return ERR_OK;
}

void
fetcher_close(struct fetcher **f)
{
    if (*f == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&(*f)->lock);
    atomic_store(&(*f)->stop, true);
    (void)pthread_cond_signal(&(*f)->wake);
    (void)pthread_mutex_unlock(&(*f)->lock);
    if ((*f)->running) {
        (void)pthread_join((*f)->thread, NULL);
    }
    http_get_close(&(*f)->http);
    errands_free(&(*f)->errands);
    (void)pthread_cond_destroy(&(*f)->wake);
    (void)pthread_mutex_destroy(&(*f)->lock);
    mem_free((*f)->body);
    mem_free(*f);
    *f = NULL;
}

enum errand_answer
fetcher_ask(struct fetcher *f, const struct errand_key *key, int64_t *again_ms)
{
    (void)pthread_mutex_lock(&f->lock);
    enum errand_answer a = errands_ask(f->errands, key, clock_mono_ms(), again_ms);

    f->figures.turned_away += a == ERRAND_FULL ? 1 : 0;
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
    return a;
}

void
fetcher_plan(struct fetcher *f, const struct errand_key *key, int64_t in_s)
{
    (void)pthread_mutex_lock(&f->lock);
    (void)errands_plan(f->errands, key, clock_mono_ms() + in_s * 1000);
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
}

void
fetcher_figures(struct fetcher *f, struct fetcher_figures *out)
{
    (void)pthread_mutex_lock(&f->lock);
    *out = f->figures;
    out->pending = errands_pending(f->errands);
    (void)pthread_mutex_unlock(&f->lock);
}
