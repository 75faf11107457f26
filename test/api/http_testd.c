/* SPDX-License-Identifier: Apache-2.0 */
/* http_testd.c - the HTTP front alone, with a handful of routes, for test/api/test_raw.py.
 *
 * Every request is printed as "method pattern status micros" when it ends, so that a test sees
 * what ran and what did not; what a handler or stream does is printed too.  SIGHUP loads the
 * second certificate; SIGTERM stops with the grace given. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/http/form.h"
#include "broker/http/http.h"
#include "common/mem.h"

struct app {
    struct http_front *front;
};

static void
say(const char *what, const char *more)
{
    (void)printf("%s %s\n", what, more);
    (void)fflush(stdout);
}

static void
pause_ms(long ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&ts, NULL);
}

static void
answer(struct http_reply *out, const char *text)
{
    http_body(out, 200, "text/plain", mem_text(slice_text(text)));
}

static void
run_hello(struct http_request *req, struct http_reply *out)
{
    struct slice name;
    struct why why = {0};

    if (query_get(req->query, "name", &name, &why) != ERR_OK) {
        http_error(out, ERR_MALFORMED, &why);
        return;
    }
    say("ran hello", req->peer);
    http_body(out, 200, "text/plain",
              name.len > 0 ? mem_text(name) : mem_text(slice_text("hello")));
}

static void
run_echo(struct http_request *req, struct http_reply *out)
{
    say("ran echo", req->path);
    http_body(out, 200, "application/octet-stream", mem_text(req->body));
}

static void
run_form(struct http_request *req, struct http_reply *out)
{
    AUTO(form_done) struct form f = {0};
    struct why why = {0};
    enum err e = form_read(req->body, &f, &why);
    const char *value = e == ERR_OK ? form_get(&f, "value", 0) : NULL;

    if (e != ERR_OK) {
        http_error(out, e, &why);
        return;
    }
    answer(out, value == NULL ? "(absent)" : value);
}

static void
run_slow(struct http_request *req, struct http_reply *out)
{
    say("ran slow", req->param_text[0]);
    pause_ms(strtol(req->param_text[0], NULL, 10));
    answer(out, "slow");
}

static void
run_big(struct http_request *req, struct http_reply *out)
{
    char value[HTTP_VALUE_MAX];
    (void)req;

    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = 0;
    for (size_t i = 0; i < HTTP_REPLY_HEADERS; i++) {
        http_set(out, "X-Big", value);
    }
    answer(out, "big");
}

static void
run_cut(struct http_request *req, struct http_reply *out)
{
    const struct app *app = req->app;

    http_label(req,
               req->param_text[0]); /* the caller's own connection must survive until its reply */
    http_cut(app->front, req->param_text[0]);
    answer(out, "cut");
}

static void
run_cached(struct http_request *req, struct http_reply *out)
{
    (void)req;
    http_set(out, "Cache-Control", "public, max-age=60");
    http_body(out, 204, NULL, NULL);
}

static void
run_whoami(struct http_request *req, struct http_reply *out)
{
    char text[80];
    int at = snprintf(text, sizeof text, "%d ", req->has_certificate);

    for (size_t i = 0; i < sizeof req->peer_spki; i++) {
        at += snprintf(text + at, sizeof text - (size_t)at, "%02x", req->peer_spki[i]);
    }
    say("ran whoami", req->peer_spki_der.len > 0 ? "spki" : "-");
    answer(out, text);
}

static void
run_unable(struct http_request *req, struct http_reply *out)
{
    struct why why = {0};
    enum err e = why_add(&why, ERR_UNABLE, "store: the disk of %s is full", "machine-7");
    (void)req;

    http_error(out, e, &why);
}

/* A sink: counts bytes, may be slow per piece, may refuse a piece. */
struct sink {
    uint64_t bytes;
    long pause_ms;
    bool refuses;
};

static enum err
sink_open(struct http_request *req, void **state, struct http_reply *out)
{
    const char *pause = http_header(req, "X-Pause", NULL);
    const char *refuse = http_header(req, "X-Refuse", NULL);

    http_label(req, req->param_text[0]);
    if (refuse != NULL && strcmp(refuse, "open") == 0) {
        http_problem(out, 403, "denied", "not this one");
        return ERR_DENIED;
    }
    struct sink *s = mem_new(1, sizeof *s);
    s->pause_ms = pause == NULL ? 0 : strtol(pause, NULL, 10);
    s->refuses = refuse != NULL;
    *state = s;
    say("sink open", req->param_text[0]);
    return ERR_OK;
}

static enum err
sink_write(void *state, struct slice chunk, struct http_reply *out)
{
    struct sink *s = state;

    s->bytes += chunk.len;
    if (s->refuses) {
        http_problem(out, 409, "conflict", "not this piece");
        return ERR_CONFLICT;
    }
    if (s->pause_ms > 0) {
        pause_ms(s->pause_ms);
    }
    return ERR_OK;
}

static void
sink_end(void *state, struct http_request *req, struct http_reply *out)
{
    const struct sink *s = state;
    char text[32];

    (void)snprintf(text, sizeof text, "%ju", (uintmax_t)s->bytes);
    say("sink end", req->param_text[0]);
    answer(out, text);
    mem_free(state);
}

static void
sink_abandon(void *state)
{
    say("sink abandon", "");
    mem_free(state);
}

static const struct http_stream sink = {sink_open, sink_write, sink_end, sink_abandon};

enum { ALL = LISTEN_GUEST | LISTEN_ADMIN | LISTEN_LOCAL };

static const struct route routes[] = {
    {.method = "GET", .pattern = "/hello", .listeners = ALL, .deadline_s = 3, .run = run_hello},
    {.method = "POST",
     .pattern = "/json",
     .listeners = ALL,
     .body = BODY_JSON,
     .body_max = 1 << 16,
     .deadline_s = 3,
     .run = run_echo},
    {.method = "POST",
     .pattern = "/form",
     .listeners = ALL,
     .body = BODY_FORM,
     .body_max = 1 << 16,
     .deadline_s = 3,
     .run = run_form},
    {.method = "POST",
     .pattern = "/jose",
     .listeners = ALL,
     .body = BODY_JOSE,
     .body_max = 1 << 16,
     .deadline_s = 3,
     .run = run_echo},
    {.method = "GET", .pattern = "/slow/{ms}", .listeners = ALL, .deadline_s = 3, .run = run_slow},
    {.method = "POST", .pattern = "/cut/{id}", .listeners = ALL, .deadline_s = 3, .run = run_cut},
    {.method = "GET", .pattern = "/big", .listeners = ALL, .deadline_s = 3, .run = run_big},
    {.method = "GET", .pattern = "/cached", .listeners = ALL, .deadline_s = 3, .run = run_cached},
    {.method = "GET", .pattern = "/unable", .listeners = ALL, .deadline_s = 3, .run = run_unable},
    {.method = "PUT",
     .pattern = "/upload/{id}",
     .listeners = ALL,
     .body = BODY_STREAM,
     .body_max = (size_t)1 << 30,
     .deadline_s = 20,
     .stream = &sink},
    {.method = "GET",
     .pattern = "/whoami",
     .listeners = LISTEN_ADMIN,
     .deadline_s = 3,
     .run = run_whoami},
};

static void
done(void *app, const struct http_request *req, unsigned status, int64_t micros)
{
    const char *pattern = req->route == NULL ? "-" : req->route->pattern;

    (void)app;
    (void)printf("done %s %s %u %jd\n", req->method, pattern, status, (intmax_t)micros);
    (void)fflush(stdout);
}

struct settings {
    struct http_conf conf;
    const char *second[2]; /* certificate and key after SIGHUP */
    int64_t grace_s;
};

/* Read one "name=value"; false when the name is unknown. */
static bool
read_argument(struct settings *s, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **text;
        int64_t *number;
        unsigned *count;
        uint16_t *port;
    } known[] = {
        {.name = "guest", .port = &s->conf.listen[0].port},
        {.name = "admin", .port = &s->conf.listen[1].port},
        {.name = "local", .port = &s->conf.listen[2].port},
        {.name = "cert", .text = &s->conf.certificate_file},
        {.name = "key", .text = &s->conf.key_file},
        {.name = "cert2", .text = &s->second[0]},
        {.name = "key2", .text = &s->second[1]},
        {.name = "ca", .text = &s->conf.client_ca_file},
        {.name = "connections", .count = &s->conf.connections_max},
        {.name = "per_address", .count = &s->conf.per_address_max},
        {.name = "header_s", .number = &s->conf.header_deadline_s},
        {.name = "idle_s", .number = &s->conf.idle_s},
        {.name = "grace_s", .number = &s->grace_s},
    };
    size_t k = 0;

    if (strcmp(name, "host") == 0) {
        for (size_t i = 0; i < 3; i++) {
            (void)snprintf(s->conf.listen[i].host, sizeof s->conf.listen[i].host, "%s", value);
        }
        return true;
    }
    while (k < sizeof known / sizeof known[0] && strcmp(known[k].name, name) != 0) {
        k++;
    }
    if (k == sizeof known / sizeof known[0]) {
        s->conf.allow_tls12 = strcmp(name, "tls12") == 0;
        return s->conf.allow_tls12;
    }
    if (known[k].text != NULL) {
        *known[k].text = value;
    } else if (known[k].number != NULL) {
        *known[k].number = strtol(value, NULL, 10);
    } else if (known[k].count != NULL) {
        *known[k].count = (unsigned)strtoul(value, NULL, 10);
    } else {
        *known[k].port = (uint16_t)strtoul(value, NULL, 10);
    }
    return true;
}

static bool
read_arguments(int argc, char **argv, struct settings *s)
{
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value != NULL) {
            *value++ = 0;
        }
        if (value == NULL || !read_argument(s, argv[i], value)) {
            (void)fprintf(stderr, "http_testd: %s: unknown or without a value\n", argv[i]);
            return false;
        }
    }
    return true;
}

int
main(int argc, char **argv)
{
    struct app app = {NULL};
    struct settings s = {
        .conf = {.listen = {{"127.0.0.1", 0}, {"127.0.0.1", 0}, {"127.0.0.1", 0}},
                 .connections_max = 64,
                 .header_deadline_s = 2,
                 .idle_s = 2,
                 .routes = routes,
                 .routes_n = sizeof routes / sizeof routes[0],
                 .app = &app,
                 .done = done},
        .grace_s = 2,
    };
    struct why why = {0};
    sigset_t set;
    int sig = 0;

    if (!read_arguments(argc, argv, &s)) {
        return 2;
    }
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (http_start(&s.conf, &app.front, &why) != ERR_OK) {
        (void)fprintf(stderr, "http_testd: %s\n", why_text(&why));
        return 3;
    }
    say("ready", "");
    while (sigwait(&set, &sig) == 0 && sig != SIGTERM) {
        why = (struct why){0};
        enum err e = http_reload(app.front, s.second[0], s.second[1], &why);
        say("reload", e == ERR_OK ? "ok" : why_text(&why));
    }
    http_stop(&app.front, s.grace_s);
    say("stopped", "");
    return 0;
}
