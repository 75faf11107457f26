/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - see log.h. */
#include "broker/mint/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "broker/mint/secret.h"
#include "common/mem.h"
#include "common/sys.h"

enum { WINDOW = 1 << 18, LOCK_STEP_MS = 10, FILE_MODE = 0640 };

struct log {
    int fd;
    struct log_cursor at;
    size_t used; /* bytes of the batch */
    size_t n;    /* records of the batch */
    uint8_t batch[LOG_BATCH * LOG_FRAME_MAX];
};

void
log_free(struct log **l)
{
    if (*l == NULL) {
        return;
    }
    fd_done(&(*l)->fd);
    mem_free(*l);
    *l = NULL;
}

/* The mint before us may still be writing its last batch: wait for it, but not for ever. */
static enum err
lock(int fd, struct why *why)
{
    int64_t deadline = clock_mono_ms() + LOG_LOCK_MS;
    const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || clock_mono_ms() > deadline) {
            return why_add(why, ERR_UNABLE, "audit log is held by another mint");
        }
        (void)nanosleep(&step, NULL);
    }
    return ERR_OK;
}

enum err
log_open(int dir, struct log **out, struct why *why)
{
    AUTO(log_free) struct log *l = mem_new(1, sizeof *l);

    l->fd = openat(dir, "log", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (l->fd < 0 || fsync(dir) != 0) {
        return why_add(why, ERR_UNABLE, "cannot open the audit log: %s", strerrordesc_np(errno));
    }
    TRY(lock(l->fd, why));
    *out = l;
    l = NULL;
    return ERR_OK;
}

/* A window that moves over the file, always holding one whole frame if the file does. */
struct window {
    int fd;
    uint64_t next; /* file offset of the byte after the window */
    size_t at;     /* first byte not yet consumed */
    size_t len;    /* bytes held */
    uint8_t *buf;  /* WINDOW bytes */
};

static enum err
window_fill(struct window *w, struct why *why)
{
    if (w->len - w->at >= LOG_FRAME_MAX) {
        return ERR_OK;
    }
    memmove(w->buf, w->buf + w->at, w->len - w->at);
    w->len -= w->at;
    w->at = 0;

    ssize_t got = pread(w->fd, w->buf + w->len, WINDOW - w->len, (off_t)w->next);

    if (got < 0) {
        return why_add(why, ERR_UNABLE, "audit log at byte %llu: %s", (unsigned long long)w->next,
                       strerrordesc_np(errno));
    }
    w->len += (size_t)got;
    w->next += (uint64_t)got;
    return ERR_OK;
}

/* Step over sound frames; stops at the first that is not one, with the reason in `end`, or at the
 * end of the file. */
static enum err
walk(struct log *l, struct window *w, const struct log_visitor *visitor, struct why *end,
     struct why *why)
{
    enum err err = window_fill(w, why);

    while (err == ERR_OK && w->len > w->at) {
        struct log_frame f = {0};
        struct slice in = {w->buf + w->at, w->len - w->at};

        if (log_cursor_next(&l->at, in, &f, end) != ERR_OK) {
            return ERR_OK;
        }
        err = visitor->record(visitor->ctx, f.entry, why);
        w->at += f.len;
        if (err == ERR_OK) {
            err = window_fill(w, why);
        }
    }
    return err;
}

/* What lies after the last sound frame. */
static enum err
cut(struct log *l, const struct why *end, struct log_tail *tail, struct why *why)
{
    struct stat st;

    *tail = (struct log_tail){0};
    if (fstat(l->fd, &st) != 0) {
        return why_add(why, ERR_UNABLE, "audit log: %s", strerrordesc_np(errno));
    }
    if ((uint64_t)st.st_size == l->at.offset) {
        return ERR_OK;
    }
    tail->bytes = (uint64_t)st.st_size - l->at.offset;
    (void)snprintf(tail->reason, sizeof tail->reason, "%s", why_text(end));
    if (ftruncate(l->fd, (off_t)l->at.offset) != 0 || fsync(l->fd) != 0) {
        return why_add(why, ERR_UNABLE, "audit log: torn tail cannot be cut: %s",
                       strerrordesc_np(errno));
    }
    return ERR_OK;
}

enum err
log_scan(struct log *l, uint64_t least, const struct log_visitor *visitor, struct log_tail *tail,
         struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *buf = mem_new(WINDOW, 1);
    struct window w = {.fd = l->fd, .buf = buf};
    struct why end = {0};

    TRY(walk(l, &w, visitor, &end, why));
    if (l->at.seq < least) {
        return why_add(why, ERR_UNABLE,
                       "audit log: %llu records are sound, the signed checkpoint covers %llu: %s",
                       (unsigned long long)l->at.seq, (unsigned long long)least,
                       end.n > 0 ? why_text(&end) : "the file ends");
    }
    return cut(l, &end, tail, why);
}

uint64_t
log_next(const struct log *l)
{
    return l->at.seq;
}

void
log_append(struct log *l, int64_t time_ms, struct slice entry)
{
    uint8_t *frame = l->batch + l->used;
    struct wr w = wr_init(frame, sizeof l->batch - l->used, "log.batch");
    struct log_frame f = {.seq = l->at.seq, .time_ms = time_ms, .entry = entry};

    assert(l->n < LOG_BATCH && entry.len > 0 && entry.len <= TLOG_ENTRY_MAX);
    memcpy(f.chain, l->at.chain, sizeof f.chain);
    log_frame_encode(&w, &f);
    hash_sha256(wr_done(&w), l->at.chain);
    l->at.seq++;
    l->used += w.len;
    l->n++;
}

enum err
log_commit(struct log *l, struct why *why)
{
    size_t done = 0;

    while (done < l->used) {
        ssize_t put = pwrite(l->fd, l->batch + done, l->used - done, (off_t)(l->at.offset + done));

        if (put == 0 || (put < 0 && errno != EINTR)) {
            return why_add(why, ERR_IO, "audit log: write: %s", strerrordesc_np(errno));
        }
        done += put > 0 ? (size_t)put : 0;
    }
    if (l->used > 0 && fdatasync(l->fd) != 0) {
        return why_add(why, ERR_IO, "audit log: fdatasync: %s", strerrordesc_np(errno));
    }
    l->at.offset += l->used;
    l->used = 0;
    l->n = 0;
    return ERR_OK;
}
