/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - see serve.h. */
#include "broker/mint/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/mint/job.h"
#include "broker/mint/publish.h"
#include "broker/mint/record.h"
#include "broker/mint/sandbox.h"
#include "broker/mint/secret.h"
#include "common/mem.h"

enum { DATA_MODE = 0700, AUDIT_MODE = 0750 };

struct server {
    int fd;
    bool closing; /* the other side wants nothing more */
    int data;
    int audit;
    struct keyring *keys;
    struct urls *urls;
    struct log *log;
    struct publish *view;
    struct log_tail tail;
    struct job_tools tools;
    struct mmsghdr in[LOG_BATCH];
    struct iovec in_at[LOG_BATCH];
    struct job job[LOG_BATCH];
    uint8_t ask[LOG_BATCH][MESSAGE_ASK_MAX];
    uint8_t answers[MESSAGE_ANSWERS_MAX];
};

static const struct {
    enum serve_exit code;
    const char *text;
} EXITS[] = {
    {SERVE_DONE, "left because its socket was closed"},
    {SERVE_START, "could not start"},
    {SERVE_LOG, "the audit log could not be written"},
    {SERVE_VIEW, "audit tiles or checkpoint could not be written"},
    {SERVE_SOCKET, "its socket failed"},
};

const char *
serve_exit_text(int code)
{
    for (size_t i = 0; i < sizeof EXITS / sizeof EXITS[0]; i++) {
        if ((int)EXITS[i].code == code) {
            return EXITS[i].text;
        }
    }
    return "left for an unknown reason";
}

/* Keys are wiped here and not by exit(), whose handlers belong to the parent's libraries. */
static void
server_free(struct server **s)
{
    publish_free(&(*s)->view);
    urls_free(&(*s)->urls);
    keyring_free(&(*s)->keys);
    log_free(&(*s)->log);
    fd_done(&(*s)->audit);
    fd_done(&(*s)->data);
    mem_free(*s);
    *s = NULL;
}

static enum err
folder_open(int parent, const char *path, unsigned mode, int *fd, struct why *why)
{
    if (mkdirat(parent, path, (mode_t)mode) != 0 && errno != EEXIST) {
        return why_add(why, ERR_UNABLE, "cannot make %s: %s", path, strerrordesc_np(errno));
    }
    *fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) {
        return why_add(why, ERR_UNABLE, "cannot open %s: %s", path, strerrordesc_np(errno));
    }
    return ERR_OK;
}

static enum err
open_all(struct server *s, const struct mint_conf *conf, struct why *why)
{
    TRY(folder_open(AT_FDCWD, conf->data_dir, DATA_MODE, &s->data, why));
    TRY(folder_open(s->data, "audit", AUDIT_MODE, &s->audit, why));
    TRY(log_open(s->audit, &s->log, why)); /* locked: from here on we are the only mint */
    TRY(keyring_open(s->data, &s->keys, why));
    return publish_open(s->audit, conf->log_origin, s->keys, &s->view, why);
}

static enum err
scanned(void *ctx, struct slice entry, struct why *why)
{
    return publish_push(ctx, entry, why);
}

static enum err
record_durable(struct server *s, int64_t now_ms, struct slice entry, struct why *why)
{
    log_append(s->log, now_ms, entry);
    TRY(log_commit(s->log, why));
    return publish_push(s->view, entry, why);
}

/* Every start is a record, and what was cut is part of it. */
static enum err
start_record(struct server *s, struct why *why)
{
    uint8_t text[TLOG_ENTRY_MAX];
    struct wr w = wr_init(text, sizeof text, "mint.record");
    struct mint_ask about = {.kind = MINT_NOTE, .record = {.actor = "mint", .object = "audit/log"}};
    const struct record r = {
        .seq = log_next(s->log),
        .time_ms = clock_unix_ms(),
        .action = ACTION_CHANGED,
        .kind = "start",
        .ask = &about,
    };

    if (s->tail.bytes > 0) {
        (void)snprintf(about.record.reasons, sizeof about.record.reasons, "log.tail-cut:%llu-bytes",
                       (unsigned long long)s->tail.bytes);
    }
    TRY(record_write(&w, &r, why));
    return record_durable(s, r.time_ms, wr_done(&w), why);
}

static enum err
read_log(struct server *s, struct why *why)
{
    const struct log_visitor visitor = {.record = scanned, .ctx = s->view};

    TRY(log_scan(s->log, publish_covered(s->view), &visitor, &s->tail, why));
    TRY(start_record(s, why));
    return publish_now(s->view, clock_mono_ms(), why);
}

/* Whatever OpenSSL loads at a first use, it loads before the sandbox closes. */
static enum err
warm_up(struct server *s, struct why *why)
{
    uint8_t sig[KEYRING_SIG];

    return keyring_sign_token(s->keys, slice_text("warm"), sig, why);
}

static void
vectors(struct server *s)
{
    for (size_t i = 0; i < LOG_BATCH; i++) {
        s->in_at[i] = (struct iovec){s->ask[i], sizeof s->ask[i]};
        s->in[i].msg_hdr = (struct msghdr){.msg_iov = &s->in_at[i], .msg_iovlen = 1};
    }
}

static enum err
start(struct server *s, const struct mint_conf *conf, struct why *why)
{
    TRY(sandbox_begin(s->fd, why));
    TRY(open_all(s, conf, why));
    TRY(urls_open(conf, &s->urls, why));
    TRY(read_log(s, why));
    TRY(warm_up(s, why));
    fd_done(&s->data); /* the keys are read, and nothing leads back to them */
    s->tools = (struct job_tools){conf->issuer, s->keys, s->urls, s->log};
    vectors(s);
    return sandbox_close(s->audit, publish_open_flags(), why);
}

static enum err
hello_fill(const struct server *s, struct hello *h, struct why *why)
{
    struct wr w = wr_init((uint8_t *)h->jwks, sizeof h->jwks, "mint.jwks");

    memcpy(h->challenge_key, keyring_challenge(s->keys), sizeof h->challenge_key);
    (void)snprintf(h->vkey, sizeof h->vkey, "%s", publish_vkey(s->view));
    TRY(keyring_jwks(s->keys, &w, why));
    return s->tail.bytes == 0 ? ERR_OK
                              : why_add(why, ERR_OK, "audit log: torn tail of %llu bytes cut: %s",
                                        (unsigned long long)s->tail.bytes, s->tail.reason);
}

/* Good news or bad, the other side hears it. */
static bool
say_hello(struct server *s, enum err code, struct why *why)
{
    struct hello h = {.jwks = ""};
    uint8_t text[MESSAGE_HELLO_MAX];
    struct wr w = wr_init(text, sizeof text, "mint.hello");

    if (code == ERR_OK) {
        code = hello_fill(s, &h, why);
    }
    hello_encode(&w, code, &h, why);

    struct iovec at = {text, w.len};
    const struct msghdr m = {.msg_iov = &at, .msg_iovlen = 1};
    bool sent = !w.full && sendmsg(s->fd, &m, MSG_NOSIGNAL) == (ssize_t)w.len;

    explicit_bzero(&h, sizeof h);
    explicit_bzero(text, sizeof text);
    return sent && code == ERR_OK;
}

/* How many asks have come, negative on failure.  Waits until there is one or the other side has
 * closed. */
static int
receive(struct server *s)
{
    int n = 0;

    do {
        n = recvmmsg(s->fd, s->in, LOG_BATCH, MSG_WAITFORONE, NULL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ECONNRESET) {
        s->closing = true;
        return 0;
    }
    for (int i = 0; i < n; i++) {
        if (s->in[i].msg_len == 0) {
            s->closing = true; /* what came before the end is still answered */
            return i;
        }
    }
    return n;
}

/* A datagram that was cut off has lost its end, and is refused as too short. */
static struct slice
message(const struct server *s, size_t i)
{
    bool cut_off = (s->in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;

    return (struct slice){s->ask[i], cut_off ? s->in[i].msg_len - 1 : s->in[i].msg_len};
}

static enum serve_exit
send_datagram(int fd, const struct wr *w)
{
    struct iovec at = {w->buf, w->len};
    const struct msghdr m = {.msg_iov = &at, .msg_iovlen = 1};
    ssize_t put = 0;

    do {
        put = sendmsg(fd, &m, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put == (ssize_t)w->len || errno == EPIPE || errno == ECONNRESET) {
        return SERVE_DONE; /* who has gone wants no answer */
    }
    return SERVE_SOCKET;
}

/* As few datagrams as they fit in: each costs the other side a system call, and often a wake-up. */
static enum serve_exit
send_answers(struct server *s, size_t n)
{
    enum serve_exit code = SERVE_DONE;
    struct wr w = wr_init(s->answers, sizeof s->answers, "mint.answers");

    for (size_t i = 0; i < n && code == SERVE_DONE; i++) {
        struct job *j = &s->job[i];

        answers_put(&w, j->id, j->code, &j->answer, &j->why);
        if (i + 1 == n || !answers_room(&w)) {
            code = send_datagram(s->fd, &w);
            w.len = 0;
        }
    }
    return code;
}

/* Records are durable before anything is signed, and all of them by one fdatasync. */
static enum serve_exit
batch(struct server *s, size_t n)
{
    struct why why = {0};

    for (size_t i = 0; i < n; i++) {
        job_judge(&s->job[i], message(s, i), &s->tools);
    }
    if (log_commit(s->log, &why) != ERR_OK) {
        return SERVE_LOG;
    }
    for (size_t i = 0; i < n; i++) {
        job_sign(&s->job[i], &s->tools);
    }
    if (send_answers(s, n) != SERVE_DONE) {
        return SERVE_SOCKET;
    }
    for (size_t i = 0; i < n; i++) {
        if (publish_push(s->view, wr_done(&s->job[i].entry), &why) != ERR_OK) {
            return SERVE_VIEW;
        }
    }
    return SERVE_DONE;
}

/* Wait for an ask, publishing when it is time. */
static enum serve_exit
wait_and_publish(struct server *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    struct why why = {0};
    int left = publish_wait_ms(s->view, clock_mono_ms());

    while (left == 0 || (left > 0 && poll(&p, 1, left) == 0)) {
        if (publish_now(s->view, clock_mono_ms(), &why) != ERR_OK) {
            return SERVE_VIEW;
        }
        left = publish_wait_ms(s->view, clock_mono_ms());
    }
    return SERVE_DONE;
}

/* One round: everything that is waiting. */
static enum serve_exit
turn(struct server *s)
{
    int n = receive(s);

    return n < 0 ? SERVE_SOCKET : batch(s, (size_t)n);
}

static enum serve_exit
run(struct server *s)
{
    struct why why = {0};
    enum serve_exit code = SERVE_DONE;

    while (code == SERVE_DONE && !s->closing) {
        code = wait_and_publish(s);
        if (code == SERVE_DONE) {
            code = turn(s);
        }
    }
    if (code == SERVE_DONE && publish_now(s->view, clock_mono_ms(), &why) != ERR_OK) {
        return SERVE_VIEW;
    }
    return code;
}

enum serve_exit
serve(const struct mint_conf *conf, int fd)
{
    AUTO(server_free) struct server *s = mem_new(1, sizeof *s);
    struct why why = {0};
    enum err err = ERR_OK;

    s->fd = fd;
    s->data = -1;
    s->audit = -1;
    err = start(s, conf, &why);
    if (!say_hello(s, err, &why)) {
        return SERVE_START;
    }
    return run(s);
}
