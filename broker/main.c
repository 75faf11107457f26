/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - arguments, the two processes, signals.
 *
 *   countersignd --config FILE        serve
 *   countersignd --check-config FILE  say whether the configuration is good
 *   countersignd --print routes       the table of routes as Markdown */
#include "broker/api/api.h"
#include "broker/config.h"
#include "broker/flow/claims.h"
#include "broker/flow/inflight.h"
#include "broker/flow/keeper.h"
#include "broker/flow/replay.h"
#include "broker/util/log.h"
#include "common/key_cache.h"
#include "common/mem.h"
#include "common/roots.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum {
    REPLAY_SLOTS = 1 << 19, /* more than all proofs of two nonce steps at full speed */
    TOKEN_SLOTS = 1024,
    KEY_SLOTS = 4096,
    STOP_DEADLINE_S = 10,
    MINT_GONE_S =
        10, /* refuse service this long, then end so that the supervisor starts both anew */
    EXIT_USAGE = 64,
    EXIT_MINT_GONE = 75,
};

/* Everything that lives as long as the process, in the order in which it is made. */
struct server {
    struct config *config;
    struct roots *roots;
    struct keeper *keeper;
    struct route *routes; /* the table with the configuration's deadlines */
    struct broker broker;
};

static void
server_done(struct server *s)
{
    struct broker *b = &s->broker;

    keeper_stop(&s->keeper); /* it cuts connections of the front */
    http_stop(&b->front, STOP_DEADLINE_S);
    mem_free(s->routes);
    policy_book_close(&b->book);
    collateral_close(&b->collateral);
    intel_close(&b->intel);
    store_close(&b->store);
    mint_stop(&b->mint);
    inflight_free(&b->inflight);
    budget_done(&b->refusals);
    key_cache_free(&b->keys);
    token_cache_free(&b->tokens);
    replay_free(&b->replay);
    roots_free(&s->roots);
    config_free(&s->config);
}

/* One line for each request, without anything that a reader of the log could use. */
static void
request_done(void *app, const struct http_request *req, unsigned status, int64_t micros)
{
    struct broker *b = app;

    (void)atomic_fetch_add(&b->metrics.requests, 1);
    if (status >= 400 && status < 500) {
        (void)atomic_fetch_add(&b->metrics.refused, 1);
    }
    if (status >= 500) {
        (void)atomic_fetch_add(&b->metrics.unable, 1);
    }
    log_line("request", "method=%.16s route=%s status=%u us=%lld peer=%s",
             req->route != NULL ? req->method : "-", req->route != NULL ? req->route->pattern : "-",
             status, (long long)micros, req->peer);
}

static enum err
make_stores(const struct config *c, struct why *why)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < c->stores && e == ERR_OK; i++) {
        e = c->store[i].path[0] != '\0' ? dir_make(c->store[i].path, 0700, why) : ERR_OK;
    }
    return e;
}

static enum err
make_folders(struct server *s, struct why *why)
{
    struct broker *b = &s->broker;

    (void)snprintf(b->upload_dir, sizeof b->upload_dir, "%.480s/uploads", s->config->data_dir);
    TRY(dir_make(s->config->data_dir, 0700, why));
    TRY(dir_make(b->upload_dir, 0700, why));
    return make_stores(s->config, why);
}

static void
fill_broker(struct server *s)
{
    struct broker *b = &s->broker;
    struct config *c = s->config;

    memcpy(b->issuer, c->issuer, sizeof b->issuer);
    memcpy(b->store_conf, c->store, sizeof b->store_conf);
    b->stores = c->stores;
    memcpy(b->client, c->client, sizeof b->client); /* the keys stay the configuration's */
    b->clients = c->clients;
    b->who = (struct principals){c->principal, c->principals};
    b->approvals_needed = (size_t)c->approvals;
    b->trust = s->roots->trust;
    random_bytes(b->nonce_key, sizeof b->nonce_key);
    b->replay = replay_new(REPLAY_SLOTS);
    b->tokens = token_cache_new(TOKEN_SLOTS);
    b->inflight = inflight_new();
    b->keys = key_cache_new(KEY_SLOTS);
    budget_init(&b->refusals, clock_mono_ms());
    b->started_unix = clock_unix();
}

static enum err
open_ledger(struct server *s, struct why *why)
{
    struct broker *b = &s->broker;
    char path[CONFIG_PATH + 32];

    (void)snprintf(path, sizeof path, "%s/ledger.db", s->config->data_dir);
    TRY(store_open_sqlite(path, &b->store, why));
    TRY(policy_book_open(b->store, &b->who, b->approvals_needed, &b->book, why));
    TRY(collateral_open(&s->config->collateral, b->store, &b->trust.snp, &b->collateral, why));
    TRY(intel_open(&s->config->collateral.intel, b->store, &b->trust.tdx, &b->intel, why));
    return keeper_recover(b, why);
}

static struct route *
routes_with_deadlines(const struct config *c)
{
    struct route *routes = mem_new(API_ROUTES_N, sizeof *routes);

    memcpy(routes, API_ROUTES, API_ROUTES_N * sizeof *routes);
    for (size_t i = 0; i < API_ROUTES_N; i++) {
        routes[i].deadline_s =
            routes[i].body == BODY_STREAM ? c->upload_deadline_s : c->request_deadline_s;
    }
    return routes;
}

static enum err
open_front(struct server *s, struct why *why)
{
    const struct config *c = s->config;

    s->routes = routes_with_deadlines(c);
    struct http_conf conf = {
        .certificate_file = c->certificate,
        .key_file = c->key,
        .client_ca_file = c->client_ca,
        .allow_tls12 = c->allow_tls12,
        .connections_max = (unsigned)c->connections,
        .per_address_max = (unsigned)c->per_address,
        .header_deadline_s = c->header_deadline_s,
        .idle_s = c->idle_s,
        .routes = s->routes,
        .routes_n = API_ROUTES_N,
        .app = &s->broker,
        .done = request_done,
    };

    memcpy(conf.listen, c->listen, sizeof conf.listen);
    return http_start(&conf, &s->broker.front, why);
}

/* The mint is forked first, while there is one thread and nothing that it must not have. */
static enum err
start_mint(const char *config_path, struct server *s, struct why *why)
{
    TRY(config_read(config_path, &s->config, why));
    TRY(make_folders(s, why));
    return mint_start(&s->config->mint, &s->broker.mint, why);
}

static enum err
server_start(const char *config_path, struct server *s, struct why *why)
{
    const struct config *c = NULL;

    TRY(start_mint(config_path, s, why));
    c = s->config;
    TRY(roots_read(c->roots, &s->roots, why));
    fill_broker(s);
    TRY(mint_listen(s->broker.mint, why));
    TRY(open_ledger(s, why));
    TRY(open_front(s, why));
    return keeper_start(&s->broker, &s->keeper, why);
}

static void
reload(struct server *s)
{
    struct why why = {0};
    enum err e = http_reload(s->broker.front, s->config->certificate, s->config->key, &why);

    log_line("reload", "result=%s%s", e == ERR_OK ? "ok" : "failed: ", why_text(&why));
}

/* Wait for signals, and watch the mint: without it nothing can be handed out. */
static int
serve(struct server *s, const sigset_t *signals)
{
    const char *reason = NULL;
    int64_t gone_since = 0;

    for (;;) {
        const struct timespec second = {.tv_sec = 1};
        int sig = sigtimedwait(signals, NULL, &second);

        if (sig == SIGTERM || sig == SIGINT) {
            return 0;
        }
        if (sig == SIGHUP) {
            reload(s);
        }
        if (mint_alive(s->broker.mint, &reason)) {
            continue;
        }
        if (gone_since == 0) {
            gone_since = clock_mono_ms();
            log_line("mint.gone", "reason=\"%s\"", reason != NULL ? reason : "");
        }
        if (clock_mono_ms() - gone_since > (int64_t)MINT_GONE_S * 1000) {
            return EXIT_MINT_GONE;
        }
    }
}

static int
run(const char *config_path)
{
    AUTO(server_done) struct server s = {0};
    struct why why = {0};
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    if (server_start(config_path, &s, &why) != ERR_OK) {
        log_line("start.failed", "reason=\"%s\" in=\"%s\"", why_text(&why),
                 why.n > 1 ? why.link[why.n - 1] : "");
        return 1;
    }
    log_line("start", "issuer=%s mint=%d", s.broker.issuer, (int)mint_public(s.broker.mint)->pid);
    (void)sd_notify(0, "READY=1");
    int code = serve(&s, &signals);

    (void)sd_notify(0, "STOPPING=1");
    log_line("stop", "code=%d", code);
    return code;
}

static int
check_config(const char *path)
{
    AUTO(config_free) struct config *c = NULL;
    struct why why = {0};

    if (config_read(path, &c, &why) != ERR_OK) {
        (void)fprintf(stderr, "%s: %s\n", path, why_text(&why));
        return 2;
    }
    (void)printf("%s: good\n", path);
    return 0;
}

static const char *
listener_names(unsigned listeners)
{
    if (listeners == (LISTEN_GUEST | LISTEN_ADMIN)) {
        return "guest, admin";
    }
    return listeners == LISTEN_GUEST ? "guest" : listeners == LISTEN_ADMIN ? "admin" : "local";
}

static int
print_routes(void)
{
    (void)printf("# Routes\n\nPrinted by `countersignd --print routes`.\n\n"
                 "| method | route | listener | who proves itself how | body at most | schema |\n"
                 "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < API_ROUTES_N; i++) {
        const struct route *r = &API_ROUTES[i];

        (void)printf("| %s | `%s` | %s | %s | %zu | %s |\n", r->method, r->pattern,
                     listener_names(r->listeners), api_auth_name(r->auth), r->body_max,
                     r->schema != NULL ? r->schema : "");
    }
    return 0;
}

static int
usage(void)
{
    (void)fprintf(stderr,
                  "usage: countersignd --config FILE | --check-config FILE | --print routes\n");
    return EXIT_USAGE;
}

/* No credential may end in a core file, and files are ours alone. */
static void
harden(void)
{
    const struct rlimit none = {0, 0};

    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    /* Requests borrow and return some ten kilobytes each: giving them back to the kernel every time costs more than it saves. */
    (void)mallopt(M_MXFAST, 0);
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        return usage();
    }
    if (strcmp(argv[1], "--check-config") == 0) {
        return check_config(argv[2]);
    }
    if (strcmp(argv[1], "--print") == 0 && strcmp(argv[2], "routes") == 0) {
        return print_routes();
    }
    if (strcmp(argv[1], "--config") != 0) {
        return usage();
    }
    harden();
    return run(argv[2]);
}
