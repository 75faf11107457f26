/* SPDX-License-Identifier: Apache-2.0 */
/* audit_log.c - see audit_log.h. */
#include "clients/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"

enum { WINDOW = 1 << 18, TRIES = 4, TRY_MS = 50 };

struct window {
    int fd;
    uint64_t next; /* file offset of the byte after the window */
    size_t at;     /* first byte not yet consumed */
    size_t len;    /* bytes held */
    uint8_t *buf;  /* WINDOW bytes, owned */
};

static void
window_done(struct window *w)
{
    if (w->fd >= 0) {
        (void)close(w->fd);
    }
    mem_free(w->buf);
}

static struct slice
rest(const struct window *w)
{
    return (struct slice){w->buf + w->at, w->len - w->at};
}

static enum err
cannot_read(uint64_t offset, struct why *why)
{
    return why_add(why, ERR_UNABLE, "log: cannot be read at byte %llu: %s",
                   (unsigned long long)offset, strerrordesc_np(errno));
}

static enum err
read_more(struct window *w, struct why *why)
{
    memmove(w->buf, w->buf + w->at, w->len - w->at);
    w->len -= w->at;
    w->at = 0;

    ssize_t got = pread(w->fd, w->buf + w->len, WINDOW - w->len, (off_t)w->next);

    if (got < 0) {
        return cannot_read(w->next, why);
    }
    w->len += (size_t)got;
    w->next += (uint64_t)got;
    return ERR_OK;
}

static bool
whole_frame(const struct window *w)
{
    size_t need = log_frame_need(rest(w));

    return need == 0 || need <= w->len - w->at; /* what cannot be a frame is not waited for */
}

static enum err
fill(struct window *w, struct why *why)
{
    return whole_frame(w) ? ERR_OK : read_more(w, why);
}

/* Zeros from here to the end of the file are room that the mint has made ahead. */
static enum err
room_only(int fd, uint64_t from, bool *out, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *buf = mem_new(WINDOW, 1);
    ssize_t got = 0;

    do {
        got = pread(fd, buf, WINDOW, (off_t)from);
        if (got < 0) {
            return cannot_read(from, why);
        }
        from += (uint64_t)got;
    } while (got > 0 && slice_zero((struct slice){buf, (size_t)got}));
    *out = got == 0;
    return ERR_OK;
}

static enum err
broken(const struct window *w, const struct log_cursor *at, struct why *why)
{
    bool no_log = at->seq == 0 && log_frame_need(rest(w)) == 0;

    return why_add(why, no_log ? ERR_MALFORMED : ERR_DENIED,
                   "log: record %llu at byte %llu is not sound", (unsigned long long)at->seq,
                   (unsigned long long)at->offset);
}

enum sight { RECORD, END, DAMAGE };

static enum err
look(const struct window *w, struct log_cursor *at, struct log_frame *f, enum sight *out,
     struct why *why)
{
    bool room = false;

    if (log_cursor_next(at, rest(w), f, why) == ERR_OK) {
        *out = RECORD;
        return ERR_OK;
    }
    TRY(room_only(w->fd, at->offset, &room, why));
    *out = room ? END : DAMAGE;
    return ERR_OK;
}

/* At what may have been written since. */
static enum err
look_again(struct window *w, struct log_cursor *at, struct log_frame *f, enum sight *out,
           struct why *why)
{
    const struct timespec pause = {.tv_nsec = TRY_MS * 1000000L};

    (void)nanosleep(&pause, NULL);
    w->next = at->offset;
    w->at = 0;
    w->len = 0;
    TRY(fill(w, why));
    return look(w, at, f, out, why);
}

/* The next record; one of length 0 at the end.  In the room a record may be seen half written, or
 * as the zeros that it has overwritten meanwhile. */
static enum err
next(struct window *w, struct log_cursor *at, struct log_frame *f, struct why *why)
{
    size_t said = why->n;
    enum sight sight = DAMAGE;
    enum err err = fill(w, why);

    *f = (struct log_frame){0};
    if (err == ERR_OK) {
        err = look(w, at, f, &sight, why);
    }
    for (int i = 0; i < TRIES && err == ERR_OK && sight == DAMAGE; i++) {
        why->n = said;
        err = look_again(w, at, f, &sight, why);
    }
    TRY(err);
    if (sight == DAMAGE) {
        return broken(w, at, why);
    }
    why->n = said;
    return ERR_OK;
}

enum err
audit_log_walk(const char *path, const struct audit_visitor *v, struct log_cursor *at,
               struct why *why)
{
    AUTO(window_done)
    struct window w = {.fd = open(path, O_RDONLY | O_CLOEXEC), .buf = mem_new(WINDOW, 1)};
    struct log_frame f = {0};
    enum err err = ERR_OK;

    *at = (struct log_cursor){0};
    if (w.fd < 0) {
        return why_add(why, ERR_UNABLE, "%s: %s", path, strerrordesc_np(errno));
    }
    do {
        err = next(&w, at, &f, why);
        if (err == ERR_OK && f.len > 0) {
            err = v->record(v->ctx, &f, why);
        }
        w.at += f.len;
    } while (err == ERR_OK && f.len > 0);
    return err;
}
