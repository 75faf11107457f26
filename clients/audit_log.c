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
read_more(struct window *w, struct why *why)
{
    memmove(w->buf, w->buf + w->at, w->len - w->at);
    w->len -= w->at;
    w->at = 0;

    ssize_t got = pread(w->fd, w->buf + w->len, WINDOW - w->len, (off_t)w->next);

    if (got < 0) {
        return why_add(why, ERR_UNABLE, "log: cannot be read at byte %llu: %s",
                       (unsigned long long)w->next, strerrordesc_np(errno));
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

/* Until the next frame is whole, or the file ends for good. */
static enum err
fill(struct window *w, struct why *why)
{
    const struct timespec pause = {.tv_nsec = TRY_MS * 1000000L};
    enum err err = ERR_OK;

    for (int i = 0; err == ERR_OK && i < TRIES && !whole_frame(w); i++) {
        if (i > 1 && w->len > w->at) {
            (void)nanosleep(&pause, NULL);
        }
        err = read_more(w, why);
    }
    return err;
}

static enum err
broken(const struct window *w, const struct log_cursor *at, struct why *why)
{
    bool no_log = at->seq == 0 && log_frame_need(rest(w)) == 0;

    return why_add(why, no_log ? ERR_MALFORMED : ERR_DENIED,
                   "log: record %llu at byte %llu is not sound", (unsigned long long)at->seq,
                   (unsigned long long)at->offset);
}

enum err
audit_log_walk(const char *path, const struct audit_visitor *v, struct log_cursor *at,
               struct why *why)
{
    AUTO(window_done)
    struct window w = {.fd = open(path, O_RDONLY | O_CLOEXEC), .buf = mem_new(WINDOW, 1)};
    enum err err = ERR_OK;

    *at = (struct log_cursor){0};
    if (w.fd < 0) {
        return why_add(why, ERR_UNABLE, "%s: %s", path, strerrordesc_np(errno));
    }
    err = fill(&w, why);
    while (err == ERR_OK && w.len > w.at) {
        struct log_frame f = {0};

        if (log_cursor_next(at, rest(&w), &f, why) != ERR_OK) {
            return broken(&w, at, why);
        }
        err = v->record(v->ctx, &f, why);
        w.at += f.len;
        if (err == ERR_OK) {
            err = fill(&w, why);
        }
    }
    return err;
}
