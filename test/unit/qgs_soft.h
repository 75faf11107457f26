/* SPDX-License-Identifier: Apache-2.0 */
/* qgs_soft.h - a quoting service on a Unix socket: one connection, one answer, right or wrong in any one field.  It shares no code with the
 * client.
 *
 * Source: Intel SGX/TDX DCAP, qgs_msg_lib. */
#ifndef TEST_UNIT_QGS_SOFT_H
#define TEST_UNIT_QGS_SOFT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    SOFT_QGS_REQUEST = 4 + 24 + 1024,
    SOFT_QGS_MAX = 100000,
};

/* The fields of an answer. */
struct soft_qgs_answer {
    uint32_t prefix; /* the length before the message */
    uint16_t major, minor;
    uint32_t type, size, error, id_len, quote_len;
    size_t id_here, quote_here; /* bytes that are there, whatever the fields say */
};

struct soft_qgs {
    char dir[64], path[96], address[128];
    int listener;
    pthread_t thread;
    uint8_t answer[SOFT_QGS_MAX];
    size_t answer_len;
    size_t chunk; /* bytes that are sent at a time; 0: all at once */
    bool silent;  /* takes the request and says nothing */
    uint8_t request[2 * SOFT_QGS_REQUEST];
    size_t request_len;
};

static inline void
soft_le(uint8_t *dst, uint64_t v, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        dst[i] = (uint8_t)(v >> 8 * i);
    }
}

/* A right answer with this many bytes of quote and of key id. */
static inline struct soft_qgs_answer
soft_qgs_right(uint32_t quote_len, uint32_t id_len)
{
    const uint32_t size = 24 + id_len + quote_len;

    return (struct soft_qgs_answer){.prefix = size,
                                    .major = 1,
                                    .type = 1,
                                    .size = size,
                                    .id_len = id_len,
                                    .quote_len = quote_len,
                                    .id_here = id_len,
                                    .quote_here = quote_len};
}

/* Each byte of a quote: none of them is that of the id or of a field's zero. */
static inline uint8_t
soft_qgs_byte(size_t i)
{
    return (uint8_t)(i % 251 + 1);
}

/* Is it that quote, or a report made alike? */
static inline bool
soft_qgs_same(const uint8_t *quote, size_t len, size_t want)
{
    size_t i = 0;

    while (len == want && i < len && quote[i] == soft_qgs_byte(i)) {
        i++;
    }
    return i == want;
}

static inline void
soft_qgs_put(struct soft_qgs *s, const struct soft_qgs_answer *a)
{
    uint8_t *at = s->answer;

    for (size_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(a->prefix >> (24 - 8 * i));
    }
    soft_le(at + 4, a->major, 2);
    soft_le(at + 6, a->minor, 2);
    soft_le(at + 8, a->type, 4);
    soft_le(at + 12, a->size, 4);
    soft_le(at + 16, a->error, 4);
    soft_le(at + 20, a->id_len, 4);
    soft_le(at + 24, a->quote_len, 4);
    memset(at + 28, 0xee, a->id_here);
    at += 28 + a->id_here;
    for (size_t i = 0; i < a->quote_here; i++) {
        at[i] = soft_qgs_byte(i);
    }
    s->answer_len = (size_t)(at - s->answer) + a->quote_here;
}

/* What came of the request is kept; a client that hangs up ends it. */
static inline void
soft_qgs_hear(struct soft_qgs *s, int fd)
{
    const size_t want = s->silent ? sizeof s->request : SOFT_QGS_REQUEST;
    ssize_t n = 1;

    while (s->request_len < want && n > 0) {
        n = read(fd, s->request + s->request_len, want - s->request_len);
        s->request_len += n > 0 ? (size_t)n : 0;
    }
}

static inline void *
soft_qgs_serve(void *arg)
{
    struct soft_qgs *s = arg;
    int fd = accept(s->listener, NULL, NULL);
    ssize_t n = 1;

    if (fd < 0) {
        return NULL;
    }
    soft_qgs_hear(s, fd);
    for (size_t at = 0; !s->silent && at < s->answer_len && n > 0; at += (size_t)n) {
        size_t left = s->answer_len - at;

        n = send(fd, s->answer + at, s->chunk > 0 && s->chunk < left ? s->chunk : left,
                 MSG_NOSIGNAL);
    }
    (void)close(fd);
    return NULL;
}

/* Fields that are set stay. */
static inline void
soft_qgs_start(struct soft_qgs *s)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    (void)snprintf(s->dir, sizeof s->dir, "/tmp/countersign-qgs-XXXXXX");
    if (mkdtemp(s->dir) == NULL) {
        abort();
    }
    (void)snprintf(s->path, sizeof s->path, "%s/s", s->dir);
    (void)snprintf(s->address, sizeof s->address, "unix:%s", s->path);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", s->path);
    s->request_len = 0;
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->listener, (const struct sockaddr *)&at, sizeof at) != 0 ||
        listen(s->listener, 4) != 0 || pthread_create(&s->thread, NULL, soft_qgs_serve, s) != 0) {
        abort();
    }
}

static inline void
soft_qgs_stop(struct soft_qgs *s)
{
    (void)shutdown(s->listener, SHUT_RDWR);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->listener);
    (void)unlink(s->path);
    (void)rmdir(s->dir);
}

#endif
