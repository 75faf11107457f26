/* SPDX-License-Identifier: Apache-2.0 */
/* agent.c - see agent.h. */
#include "clients/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/agent_ops.h"
#include "clients/agent_socket.h"
#include "common/json.h"

/* The one flag that a signal handler sets. */
static volatile sig_atomic_t stop_asked;

struct visitor {
    int fd; /* -1: a free place */
    int64_t until_ms;
};

struct agent {
    int listener;
    int64_t idle_s;
    int64_t quiet_since_ms; /* when somebody last asked for something, or the sandbox ended */
    struct visitor visitor[AGENT_CONNECTIONS];
    struct session session;
    bool stop;
};

static void
agent_done(struct agent *a)
{
    for (size_t i = 0; i < AGENT_CONNECTIONS; i++) {
        fd_close(&a->visitor[i].fd);
    }
    fd_close(&a->listener);
    session_done(&a->session);
}

static void
on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

/* A second signal ends the process at once, for when the first waits for a TPM that hangs. */
static void
catch_signals(void)
{
    struct sigaction end = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)sigaction(SIGTERM, &end, NULL);
    (void)sigaction(SIGINT, &end, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
}

static struct visitor *
free_place(struct agent *a)
{
    for (size_t i = 0; i < AGENT_CONNECTIONS; i++) {
        if (a->visitor[i].fd < 0) {
            return &a->visitor[i];
        }
    }
    return NULL;
}

/* Callers beyond the bound wait in the kernel's queue, which is as short. */
static void
let_in(struct agent *a)
{
    struct visitor *v = free_place(a);
    int fd AUTO(fd_close) = -1;

    if (v == NULL) {
        return;
    }
    fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 || !peer_ours(fd)) {
        return;
    }
    v->fd = fd_take(&fd);
    v->until_ms = clock_mono_ms() + AGENT_READ_MS;
}

static enum err
answer(struct agent *a, int fd, json_t **ok, struct fault *f)
{
    json_t *message AUTO(json_free) = NULL;
    struct agent_request r AUTO(agent_request_done) = {0};

    TRY(packet_take(fd, AGENT_REQUEST_MAX, &message, f));
    if (agent_request_bind(message, &r, &f->why) != ERR_OK) {
        return fault_add(f, ERR_MALFORMED, "request", "not a request of this agent");
    }
    a->stop = a->stop || r.op == AGENT_STOP;
    return agent_op_run(&a->session, &r, &stop_asked, ok, f);
}

static void
serve(struct agent *a, struct visitor *v)
{
    json_t *ok AUTO(json_free) = NULL;
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};
    struct fault ignored = {0};
    enum err err = answer(a, v->fd, &ok, &f);

    if (err == ERR_OK) {
        reply = json_pack("{s:O}", "ok", ok);
    } else {
        reply = json_pack("{s:o}", "error", fault_json(err, &f));
    }
    err = packet_send(v->fd, reply, AGENT_REPLY_MAX, &ignored);
    (void)err; /* a caller that has gone away has nothing to be told */
    fd_close(&v->fd);
    a->quiet_since_ms = clock_mono_ms();
}

static void
beat_if_due(struct agent *a)
{
    struct session *s = &a->session;
    struct fault f = {0};

    if (s->state != SESSION_LIVE || clock_mono_ms() < s->beat_at_ms) {
        return;
    }
    enum err err = session_beat(s, &f);

    (void)err; /* it plans the next one, or has ended the session, which `status` shows */
    a->quiet_since_ms = clock_mono_ms();
}

static bool
is_over(const struct agent *a)
{
    bool idle =
        a->session.state != SESSION_LIVE && clock_mono_ms() - a->quiet_since_ms >= a->idle_s * 1000;

    return a->stop || stop_asked != 0 || idle;
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Until the next thing that happens by itself. */
static int
wait_ms(const struct agent *a)
{
    int64_t now = clock_mono_ms();
    int64_t until = a->session.state == SESSION_LIVE ? a->session.beat_at_ms
                                                     : a->quiet_since_ms + a->idle_s * 1000;

    for (size_t i = 0; i < AGENT_CONNECTIONS; i++) {
        if (a->visitor[i].fd >= 0) {
            until = sooner(until, a->visitor[i].until_ms);
        }
    }
    return until <= now ? 0 : (int)sooner(until - now, 60000);
}

/* Those with a message, and those who have been silent for too long. */
static void
look_at_visitors(struct agent *a, const struct pollfd *p)
{
    for (size_t i = 0; i < AGENT_CONNECTIONS; i++) {
        struct visitor *v = &a->visitor[i];

        if (v->fd < 0 || p[i].fd != v->fd) {
            continue;
        }
        if (p[i].revents != 0) {
            serve(a, v);
        } else if (clock_mono_ms() >= v->until_ms) {
            fd_close(&v->fd);
        }
    }
}

/* Signals are let in only while waiting, so none can slip in between test and wait. */
static void
loop(struct agent *a)
{
    sigset_t waiting;
    sigset_t working;

    (void)sigemptyset(&working);
    (void)sigaddset(&working, SIGTERM);
    (void)sigaddset(&working, SIGINT);
    while (!is_over(a)) {
        struct pollfd p[AGENT_CONNECTIONS + 1];
        int ms = wait_ms(a);
        const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
        int ready = 0;

        for (size_t i = 0; i < AGENT_CONNECTIONS; i++) {
            p[i] = (struct pollfd){.fd = a->visitor[i].fd, .events = POLLIN};
        }
        p[AGENT_CONNECTIONS] =
            (struct pollfd){.fd = free_place(a) != NULL ? a->listener : -1, .events = POLLIN};
        (void)sigprocmask(SIG_BLOCK, &working, &waiting);
        ready = stop_asked != 0 ? 0 : ppoll(p, AGENT_CONNECTIONS + 1, &wait, &waiting);
        (void)sigprocmask(SIG_SETMASK, &waiting, NULL);
        if (ready >= 0) {
            look_at_visitors(a, p);
        }
        if (ready > 0 && p[AGENT_CONNECTIONS].revents != 0) {
            let_in(a);
        }
        beat_if_due(a);
    }
}

/* Tell the starter that we are ready: nothing more will be said. */
static void
close_stderr(void)
{
    int null AUTO(fd_close) = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0) {
        (void)dup2(null, STDERR_FILENO);
    }
}

enum err
agent_serve(const struct agent_options *o, struct fault *f)
{
    struct agent a AUTO(agent_done) = {.listener = -1, .idle_s = o->idle_s};

    for (size_t i = 0; i < AGENT_CONNECTIONS; i++) {
        a.visitor[i].fd = -1;
    }
    TRY(agent_protect(f));
    catch_signals();
    TRY(agent_listen(o->socket, AGENT_CONNECTIONS, &a.listener, f));
    if (o->started) {
        close_stderr();
    }
    a.quiet_since_ms = clock_mono_ms();
    loop(&a);
    (void)unlink(o->socket);
    return ERR_OK;
}
