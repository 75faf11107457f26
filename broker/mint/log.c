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

enum { WINDOW = 1 << 18, LOCK_STEP_MS = 10, FILE_MODE = 0640, ZEROS = 1 << 16 };

static_assert(LOG_ROOM_STEP % ZEROS == 0, "room is written in whole blocks of zeros");

struct log {
    int fd;
    struct log_cursor at;
    uint64_t begun; /* where this life began to append */
    uint64_t room;  /* where the zeros end that were written ahead; 0 before there are any */
    size_t used;    /* bytes of the batch */
    size_t n;       /* records of the batch */
    uint8_t batch[LOG_BATCH * LOG_FRAME_MAX];
    uint8_t zeros[ZEROS]; /* stay zero */
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

/* Does the file hold nothing but zeros from here to its end? */
static enum err
only_zeros(const struct log *l, uint64_t from, uint8_t *buf, bool *out, struct why *why)
{
    ssize_t got = 0;
    bool zero = true;

    do {
        got = pread(l->fd, buf, WINDOW, (off_t)from);
        if (got < 0) {
            return why_add(why, ERR_UNABLE, "audit log at byte %llu: %s", (unsigned long long)from,
                           strerrordesc_np(errno));
        }
        zero = slice_zero((struct slice){buf, (size_t)got});
        from += (uint64_t)got;
    } while (got > 0 && zero);
    *out = zero;
    return ERR_OK;
}

/* What lies after the last sound frame goes, and is a torn tail unless it is room. */
static enum err
cut(struct log *l, uint8_t *buf, const struct why *end, struct log_tail *tail, struct why *why)
{
    struct stat st;
    bool room = false;

    *tail = (struct log_tail){0};
    if (fstat(l->fd, &st) != 0) {
        return why_add(why, ERR_UNABLE, "audit log: %s", strerrordesc_np(errno));
    }
    if ((uint64_t)st.st_size == l->at.offset) {
        return ERR_OK;
    }
    TRY(only_zeros(l, l->at.offset, buf, &room, why));
    if (!room) {
        tail->bytes = (uint64_t)st.st_size - l->at.offset;
        (void)snprintf(tail->reason, sizeof tail->reason, "%s", why_text(end));
    }
    if (ftruncate(l->fd, (off_t)l->at.offset) != 0 || fsync(l->fd) != 0) {
        return why_add(why, ERR_UNABLE, "audit log: tail cannot be cut: %s",
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
    l->begun = l->at.offset;
    return cut(l, buf, &end, tail, why);
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

static enum err
write_at(const struct log *l, struct slice bytes, uint64_t offset, struct why *why)
{
    size_t done = 0;

    while (done < bytes.len) {
        ssize_t put = pwrite(l->fd, bytes.ptr + done, bytes.len - done, (off_t)(offset + done));

        if (put == 0 || (put < 0 && errno != EINTR)) {
            return why_add(why, ERR_IO, "audit log: write: %s", strerrordesc_np(errno));
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return ERR_OK;
}

/* Zeros after the batch, made durable together with it.  A log that grows slowly is spared them:
 * a megabyte for a few records would cost more than it saves. */
static enum err
room_make(struct log *l, struct why *why)
{
    uint64_t end = l->at.offset + l->used;
    uint64_t from = l->room > end ? l->room : end;
    enum err err = ERR_OK;

    if (end - l->begun < LOG_ROOM_STEP || from - end >= LOG_ROOM_LEAST) {
        return ERR_OK;
    }
    l->room = from + LOG_ROOM_STEP;
    for (uint64_t at = from; at < l->room && err == ERR_OK; at += ZEROS) {
        err = write_at(l, (struct slice){l->zeros, ZEROS}, at, why);
    }
    return err;
}

enum err
log_commit(struct log *l, struct why *why)
{
    if (l->used == 0) {
        return ERR_OK;
    }
    TRY(room_make(l, why));
    TRY(write_at(l, (struct slice){l->batch, l->used}, l->at.offset, why));
    if (fdatasync(l->fd) != 0) {
        return why_add(why, ERR_IO, "audit log: fdatasync: %s", strerrordesc_np(errno));
    }
    l->at.offset += l->used;
    l->used = 0;
    l->n = 0;
    return ERR_OK;
}
