/* SPDX-License-Identifier: Apache-2.0 */
/* tsm.c - see tsm.h. */
#include "clients/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients/opt.h"
#include "common/mem.h"

enum {
    ENTRY_TRIES = 4,
    READ_TRIES = 3,
    AGAIN_MS = 10,
    APPEAR_MS =
        2000, /* attributes come with their folder; a slow server of the folder may be later */
    ENTRY_PATH = 512,
    ATTRIBUTE_PATH = ENTRY_PATH + 64,
};

struct entry {
    const struct tsm_kind *kind;
    char path[ENTRY_PATH]; /* "" when there is none */
    int64_t until_ms;      /* monotonic */
};

/* Whatever happened.  On configfs attributes go with their folder. */
static void
entry_remove(struct entry *e)
{
    if (e->path[0] != '\0') {
        (void)rmdir(e->path);
    }
}

static void
nap(void)
{
    const struct timespec t = {.tv_nsec = AGAIN_MS * 1000000L};

    (void)nanosleep(&t, NULL);
}

static enum err
failed(const struct entry *e, const char *what, const char *path, int error, struct fault *f)
{
    return fault_add(f, ERR_UNABLE, e->kind->code, "%s %s: %s", what, path, strerrordesc_np(error));
}

/* A new folder with a name that nobody else has. */
static enum err
entry_make(const char *root, struct entry *e, struct fault *f)
{
    char path[ENTRY_PATH];
    int made = -1;
    int n = 0;

    for (unsigned i = 0; i < ENTRY_TRIES && made != 0; i++) {
        uint64_t r = 0;

        random_bytes((uint8_t *)&r, sizeof r);
        n = snprintf(path, sizeof path, "%s/countersign-%016" PRIx64, root, r);
        if (n < 0 || (size_t)n >= sizeof path) {
            return fault_add(f, ERR_LIMIT, e->kind->code, "%s: path too long", root);
        }
        made = mkdir(path, 0700);
        if (made != 0 && errno != EEXIST) {
            return failed(e, "making an entry in", root, errno, f);
        }
    }
    if (made != 0) {
        return failed(e, "making an entry in", root, EEXIST, f);
    }
    (void)snprintf(e->path, sizeof e->path, "%s", path);
    e->until_ms = clock_mono_ms() + TSM_ASK_MS;
    return ERR_OK;
}

static void
attribute(const struct entry *e, const char *name, char dst[ATTRIBUTE_PATH])
{
    (void)snprintf(dst, ATTRIBUTE_PATH, "%s/%s", e->path, name);
}

/* May the next try of the same go otherwise? */
static bool
passing(const struct entry *e, int error)
{
    int64_t now_ms = clock_mono_ms();

    if (error == ENOENT) {
        return now_ms < e->until_ms - TSM_ASK_MS + APPEAR_MS;
    }
    return (error == EBUSY || error == EAGAIN || error == EINTR) && now_ms < e->until_ms;
}

/* Everything up to the end or `cap`; -1 with errno. */
static ssize_t
read_all(int fd, uint8_t *dst, size_t cap)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t n = read(fd, dst + len, cap - len);

        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static ssize_t
read_once(const char *path, uint8_t *dst, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    int error = 0;

    if (fd < 0) {
        return -1;
    }
    n = read_all(fd, dst, cap);
    error = errno;
    (void)close(fd);
    errno = error;
    return n;
}

/* cap: one more than the longest that is taken. */
static enum err
attribute_read(const struct entry *e, const char *name, uint8_t *dst, size_t cap, size_t *len,
               struct fault *f)
{
    char path[ATTRIBUTE_PATH];
    ssize_t n = -1;

    attribute(e, name, path);
    n = read_once(path, dst, cap);
    while (n < 0 && passing(e, errno)) {
        nap();
        n = read_once(path, dst, cap);
    }
    if (n < 0) {
        return failed(e, "reading", path, errno, f);
    }
    if ((size_t)n >= cap) {
        return fault_add(f, ERR_LIMIT, e->kind->code, "%s: more than %zu bytes", path, cap - 1);
    }
    *len = (size_t)n;
    return ERR_OK;
}

/* One write: the kernel takes the value as a whole. */
static int
write_once(const char *path, struct slice value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int error = 0;

    if (fd < 0) {
        return errno;
    }
    errno = EIO;
    if (write(fd, value.ptr, value.len) != (ssize_t)value.len) {
        error = errno;
    }
    if (close(fd) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

static enum err
attribute_write(const struct entry *e, const char *name, struct slice value, struct fault *f)
{
    char path[ATTRIBUTE_PATH];
    int error = 0;

    attribute(e, name, path);
    error = write_once(path, value);
    while (error != 0 && passing(e, error)) {
        nap();
        error = write_once(path, value);
    }
    return error == 0 ? ERR_OK : failed(e, "writing", path, error, f);
}

/* A line of text without its end. */
static enum err
text_read(const struct entry *e, const char *name, char *dst, size_t cap, struct fault *f)
{
    size_t len = 0;

    TRY(attribute_read(e, name, (uint8_t *)dst, cap, &len, f));
    dst[len] = '\0';
    dst[strcspn(dst, "\n")] = '\0';
    return ERR_OK;
}

static enum err
generation(const struct entry *e, int64_t *out, struct fault *f)
{
    char text[24];
    long v = 0;

    TRY(text_read(e, "generation", text, sizeof text, f));
    if (!opt_int(text, 0, INT32_MAX, &v)) {
        return fault_add(f, ERR_UNABLE, e->kind->code, "%s/generation is no number", e->path);
    }
    *out = v;
    return ERR_OK;
}

static enum err
check_provider(const struct entry *e, struct fault *f)
{
    char name[64];

    TRY(text_read(e, "provider", name, sizeof name, f));
    if (strcmp(name, e->kind->provider) != 0) {
        return fault_add(f, ERR_UNABLE, e->kind->code, "the provider of configfs-tsm is %s, not %s",
                         name, e->kind->provider);
    }
    return ERR_OK;
}

static enum err
put_level(const struct entry *e, int level, struct fault *f)
{
    char text[12];

    if (level < 0) {
        return ERR_OK;
    }
    (void)snprintf(text, sizeof text, "%d", level);
    return attribute_write(e, "privlevel", slice_text(text), f);
}

/* The level first: a report is made for what is there when it is read. */
static enum err
put_question(const struct entry *e, const struct tsm_ask *ask, struct fault *f)
{
    TRY(put_level(e, ask->level, f));
    return attribute_write(e, "inblob", (struct slice){ask->inblob, sizeof ask->inblob}, f);
}

/* An attribute as a whole, in memory of its own. */
static enum err
take_blob(const struct entry *e, const char *name, size_t max, uint8_t **out, size_t *len,
          struct fault *f)
{
    uint8_t *bytes AUTO(mem_free_bytes) = mem_new(max + 1, 1);

    TRY(attribute_read(e, name, bytes, max + 1, len, f));
    *out = bytes;
    bytes = NULL;
    return ERR_OK;
}

/* A host that has nothing to say gives an empty blob, one of zeros only, or no attribute. */
static enum err
take_aux(const struct entry *e, struct tsm_answer *out, struct fault *f)
{
    char path[ATTRIBUTE_PATH];
    uint8_t *bytes AUTO(mem_free_bytes) = NULL;
    size_t len = 0;

    attribute(e, "auxblob", path);
    if (e->kind->aux_max == 0 || access(path, F_OK) != 0) {
        return ERR_OK;
    }
    TRY(take_blob(e, "auxblob", e->kind->aux_max, &bytes, &len, f));
    if (!slice_zero((struct slice){bytes, len})) {
        out->aux = bytes;
        out->aux_len = len;
        bytes = NULL;
    }
    return ERR_OK;
}

/* How often put_question() writes, which is what `generation` moves by. */
static int64_t
writes_of(const struct tsm_ask *ask)
{
    return ask->level < 0 ? 1 : 2;
}

/* *whole: nobody wrote into the entry meanwhile. */
static enum err
ask_once(const struct entry *e, const struct tsm_ask *ask, struct tsm_answer *out, bool *whole,
         struct fault *f)
{
    int64_t before = 0;
    int64_t after = 0;

    TRY(generation(e, &before, f));
    TRY(put_question(e, ask, f));
    TRY(take_blob(e, "outblob", e->kind->out_max, &out->out, &out->out_len, f));
    TRY(take_aux(e, out, f));
    TRY(generation(e, &after, f));
    *whole = after == before + writes_of(ask);
    return ERR_OK;
}

enum err
tsm_report(const char *root, const struct tsm_kind *kind, const struct tsm_ask *ask,
           struct tsm_answer *out, struct fault *f)
{
    struct entry e AUTO(entry_remove) = {.kind = kind};
    struct tsm_answer got AUTO(tsm_answer_done) = {.out = NULL};
    bool whole = false;
    enum err err = ERR_OK;

    TRY(entry_make(root, &e, f));
    TRY(check_provider(&e, f));
    for (unsigned i = 0; i < READ_TRIES && err == ERR_OK && !whole; i++) {
        tsm_answer_done(&got);
        err = ask_once(&e, ask, &got, &whole, f);
    }
    TRY(err);
    if (!whole) {
        return fault_add(f, ERR_UNABLE, kind->code, "%s: somebody else writes into this entry",
                         e.path);
    }
    *out = got;
    got = (struct tsm_answer){.out = NULL};
    return ERR_OK;
}

bool
tsm_there(const char *root, const struct tsm_kind *kind)
{
    struct entry e AUTO(entry_remove) = {.kind = kind};
    struct fault ignored = {0};

    return entry_make(root, &e, &ignored) == ERR_OK && check_provider(&e, &ignored) == ERR_OK;
}

void
tsm_answer_done(struct tsm_answer *a)
{
    mem_free_bytes(&a->out);
    mem_free_bytes(&a->aux);
    a->out_len = 0;
    a->aux_len = 0;
}
