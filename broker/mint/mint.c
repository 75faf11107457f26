/* SPDX-License-Identifier: Apache-2.0 */
/* mint.c - starting and stopping the mint, and what it has made public; see mint.h.
 *
 * The network process never opens a file of keys: all that it knows of them comes over the pair. */
#include "broker/mint/pair.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attest/base/sec.h"
#include "broker/mint/secret.h"
#include "broker/mint/serve.h"
#include "common/json.h"
#include "common/mem.h"

enum {
    START_MS = 300000, /* a long log is read from its beginning */
    STOP_MS = 5000,
};

static void
locks_done(struct mint *m)
{
    if (!m->locks) {
        return;
    }
    for (size_t i = 0; i < PAIR_WAITING; i++) {
        (void)sem_destroy(&m->wait[i].ready);
    }
    (void)pthread_cond_destroy(&m->gone);
    (void)pthread_mutex_destroy(&m->lock);
}

static void
mint_free(struct mint **m)
{
    if (*m == NULL) {
        return;
    }
    fd_done(&(*m)->fd);
    fd_done(&(*m)->bell);
    locks_done(*m);
    jwk_done(&(*m)->token_key);
    sec_zero(*m, sizeof **m);
    mem_free(*m);
    *m = NULL;
}

/* Until the mint has gone by itself, or its time is over. */
static void
wait_gone(struct mint *m)
{
    int64_t until_ms = clock_mono_ms() + STOP_MS;
    const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int rc = 0;

    (void)pthread_mutex_lock(&m->lock);
    while (!atomic_load(&m->dead) && rc != ETIMEDOUT) {
        rc = pthread_cond_timedwait(&m->gone, &m->lock, &until);
    }
    if (!atomic_load(&m->dead)) {
        (void)kill(m->pid, SIGKILL); /* not waited for yet, so the number is still its own */
    }
    (void)pthread_mutex_unlock(&m->lock);
}

/* The same without a listener. */
static void
wait_gone_alone(struct mint *m)
{
    struct pollfd p = {.fd = m->fd, .events = POLLIN};

    if (atomic_load(&m->dead)) {
        return;
    }
    if (poll(&p, 1, STOP_MS) == 0) {
        (void)kill(m->pid, SIGKILL);
    }
    pair_bury(m);
}

void
mint_stop(struct mint **m)
{
    if (*m == NULL) {
        return;
    }
    (void)shutdown((*m)->fd, SHUT_WR);
    if ((*m)->listening) {
        wait_gone(*m);
        (void)pthread_join((*m)->listener, NULL);
    } else {
        wait_gone_alone(*m);
    }
    mint_free(m);
}

/* The mint's first word. */
static enum err
hello_wait(struct mint *m, struct why *why)
{
    struct pollfd p = {.fd = m->fd, .events = POLLIN};
    uint8_t text[MESSAGE_HELLO_MAX];
    ssize_t got = 0;

    if (poll(&p, 1, START_MS) <= 0) {
        return why_add(why, ERR_UNABLE, "mint did not start within %d s", START_MS / 1000);
    }
    got = recv(m->fd, text, sizeof text, 0);
    if (got <= 0) {
        return why_add(why, ERR_UNABLE, "mint ended before it said hello");
    }

    enum err err = hello_decode((struct slice){text, (size_t)got}, &m->hello, why);

    sec_zero(text, sizeof text);
    return err;
}

static enum err
token_key_read(struct mint *m, struct why *why)
{
    AUTO(json_free) json_t *set = NULL;
    const json_t *keys = NULL;
    json_t *first = NULL;
    const char *kid = NULL;

    TRY(json_read(slice_text(m->hello.jwks), &set, why));
    keys = json_object_get(set, "keys");
    first = json_array_get(keys, 0);
    kid = json_string_value(json_object_get(first, "kid"));
    if (first == NULL || kid == NULL) {
        return why_add(why, ERR_UNABLE, "mint: JWKS without a key");
    }
    (void)snprintf(m->kid, sizeof m->kid, "%s", kid);
    return jwk_read(first, &m->token_key, why);
}

static enum err
greet(struct mint *m, struct why *why)
{
    TRY(hello_wait(m, why));
    TRY(token_key_read(m, why));
    m->open.jwks = m->hello.jwks;
    m->open.log_vkey = m->hello.vkey;
    memcpy(m->open.challenge_key, m->hello.challenge_key, sizeof m->open.challenge_key);
    m->open.token_key = &m->token_key;
    m->open.token_kid = m->kid;
    m->open.pid = m->pid;
    return ERR_OK;
}

/* A full socket holds an asking thread no longer than a missing answer would. */
static enum err
send_deadline(int fd, struct why *why)
{
    const struct timeval wait = {.tv_sec = MINT_WAIT_MS / 1000};

    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0) {
        return why_add(why, ERR_UNABLE, "mint: SO_SNDTIMEO: %s", strerrordesc_np(errno));
    }
    return ERR_OK;
}

static enum err
fork_off(struct mint *m, const struct mint_conf *conf, struct why *why)
{
    int fd[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0) {
        return why_add(why, ERR_UNABLE, "mint: socketpair: %s", strerrordesc_np(errno));
    }
    m->fd = fd[0];
    m->pid = fork();
    if (m->pid == 0) {
        _exit((int)serve(conf, fd[1]));
    }
    (void)close(fd[1]);
    if (m->pid < 0) {
        return why_add(why, ERR_UNABLE, "mint: fork: %s", strerrordesc_np(errno));
    }
    return send_deadline(m->fd, why);
}

enum err
mint_start(const struct mint_conf *conf, struct mint **out, struct why *why)
{
    AUTO(mint_free) struct mint *m = mem_new(1, sizeof *m);
    enum err err = ERR_OK;

    m->fd = -1;
    m->bell = -1;
    TRY(pair_init(m, why));
    TRY(fork_off(m, conf, why));
    err = greet(m, why);
    if (err != ERR_OK) {
        (void)kill(m->pid, SIGKILL);
        (void)waitpid(m->pid, NULL, 0);
        return ERR_UNABLE;
    }
    *out = m;
    m = NULL;
    return ERR_OK;
}

static void *
listen_on(void *arg)
{
    struct mint *m = arg;

    while (pair_take(m)) {
        pair_rest(m);
    }
    pair_bury(m);
    return NULL;
}

enum err
mint_listen(struct mint *m, struct why *why)
{
    m->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->bell < 0) {
        return why_add(why, ERR_UNABLE, "mint: eventfd: %s", strerrordesc_np(errno));
    }
    m->ear = EAR_LISTENER;
    if (pthread_create(&m->listener, NULL, listen_on, m) != 0) {
        return why_add(why, ERR_UNABLE, "mint: no thread to listen");
    }
    m->listening = true;
    return ERR_OK;
}

bool
mint_alive(const struct mint *m, const char **reason)
{
    bool alive = !atomic_load(&m->dead);

    if (reason != NULL) {
        *reason = alive ? "" : m->reason;
    }
    return alive;
}

const struct mint_public *
mint_public(const struct mint *m)
{
    return &m->open;
}
