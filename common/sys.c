/* SPDX-License-Identifier: Apache-2.0 */
/* sys.c - see sys.h. */
#include "common/sys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "attest/base/text.h"
#include "common/mem.h"

enum { FIRST_READ = 4096 };

static int64_t
clock_ms(clockid_t which)
{
    struct timespec t;

    if (clock_gettime(which, &t) != 0) {
        abort(); /* both clocks always exist; without time nothing can be judged */
    }
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_unix(void)
{
    return clock_unix_ms() / 1000;
}

int64_t
clock_unix_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

void
random_bytes(uint8_t *dst, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(dst, len, 0);

        if (got < 0 && errno != EINTR) {
            abort(); /* a guessable key is worse than no service */
        }
        if (got > 0) {
            dst += got;
            len -= (size_t)got;
        }
    }
}

void
random_id(const char *prefix, char *dst, size_t cap)
{
    uint8_t id[16];
    uint64_t ms = (uint64_t)clock_unix_ms();
    size_t len = strlen(prefix);

    assert(cap > len + 2 * sizeof id);
    random_bytes(id, sizeof id);
    for (size_t i = 0; i < 6; i++) {
        id[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    (void)snprintf(dst, cap, "%s", prefix);
    hex_encode((struct slice){id, sizeof id}, dst + len);
}

static void
fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* `error` is errno as it was when the call failed. */
static enum err
refuse(struct why *why, const char *doing, const char *path, int error)
{
    enum err code = error == ENOENT ? ERR_NOT_FOUND : ERR_IO;

    return why_add(why, code, "%s %s: %s", doing, path, strerrordesc_np(error));
}

/* Make room for at least one byte more, up to one byte more than is allowed. */
static void
grow(uint8_t **buf, size_t *cap, size_t max)
{
    size_t next = *cap == 0 ? FIRST_READ : *cap * 2;

    next = next > max ? max + 1 : next;
    *buf = mem_grow(*buf, *cap, next + 1, 1); /* and the NUL */
    *cap = next;
}

static enum err
read_all(int fd, size_t max, uint8_t **buf, size_t *have, struct why *why)
{
    size_t cap = 0;
    ssize_t got = 0;

    do {
        if (*have == cap) {
            grow(buf, &cap, max);
        }
        got = read(fd, *buf + *have, cap - *have);
        if (got < 0 && errno != EINTR) {
            return why_add(why, ERR_IO, "read: %s", strerrordesc_np(errno));
        }
        *have += got > 0 ? (size_t)got : 0;
    } while (got != 0 && *have <= max);
    return *have > max ? why_add(why, ERR_LIMIT, "more than %zu bytes", max) : ERR_OK;
}

enum err
file_read(const char *path, size_t max, uint8_t **out, size_t *len, struct why *why)
{
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO(mem_free_bytes) uint8_t *buf = NULL;
    size_t have = 0;

    assert(max < SIZE_MAX / 2);
    if (fd < 0) {
        return refuse(why, "cannot open", path, errno);
    }

    enum err err = read_all(fd, max, &buf, &have, why);

    if (err != ERR_OK) {
        return why_add(why, err, "reading %s", path);
    }
    buf[have] = '\0';
    *len = have;
    *out = buf;
    buf = NULL;
    return ERR_OK;
}

static enum err
write_all(int fd, const char *path, struct slice data, struct why *why)
{
    while (data.len > 0) {
        ssize_t put = write(fd, data.ptr, data.len);

        if (put < 0 && errno != EINTR) {
            return refuse(why, "cannot write", path, errno);
        }
        if (put > 0) {
            data.ptr += put;
            data.len -= (size_t)put;
        }
    }
    return fsync(fd) == 0 ? ERR_OK : refuse(why, "cannot sync", path, errno);
}

/* A rename is durable only when the folder is. */
static enum err
sync_folder(const char *path, struct why *why)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (slash == NULL) {
        (void)snprintf(folder, sizeof folder, ".");
    } else {
        (void)snprintf(folder, sizeof folder, "%.*s", len == 0 ? 1 : (int)len, path);
    }

    AUTO(fd_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0) {
        return refuse(why, "cannot sync folder", folder, errno);
    }
    return ERR_OK;
}

static enum err
write_and_rename(int fd, const char *temp, const char *path, struct slice data, struct why *why)
{
    TRY(write_all(fd, temp, data, why));
    if (rename(temp, path) != 0) {
        return refuse(why, "cannot rename to", path, errno);
    }
    return sync_folder(path, why);
}

enum err
file_write(const char *path, struct slice data, unsigned mode, struct why *why)
{
    char temp[PATH_MAX];
    int len = snprintf(temp, sizeof temp, "%s.XXXXXX", path);

    if (len < 0 || (size_t)len >= sizeof temp) {
        return why_add(why, ERR_LIMIT, "path of %zu bytes is too long", strlen(path));
    }

    AUTO(fd_close) int fd = mkostemp(temp, O_CLOEXEC); /* 0600 until it is whole */

    if (fd < 0 || fchmod(fd, (mode_t)mode) != 0) {
        int error = errno;

        if (fd >= 0) {
            (void)unlink(temp);
        }
        return refuse(why, "cannot make", temp, error);
    }

    enum err err = write_and_rename(fd, temp, path, data, why);

    if (err != ERR_OK) {
        (void)unlink(temp); /* after a rename there is nothing of that name */
    }
    return err;
}

static enum err
folder_make(const char *path, unsigned mode, struct why *why)
{
    struct stat st;

    if (mkdir(path, (mode_t)mode) == 0) {
        return ERR_OK;
    }

    int error = errno;

    if (error == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return ERR_OK;
    }
    return why_add(why, ERR_IO, "cannot make folder %s: %s", path, strerrordesc_np(error));
}

enum err
dir_make(const char *path, unsigned mode, struct why *why)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof part) {
        return why_add(why, ERR_LIMIT, "folder name of %zu bytes", len);
    }
    memcpy(part, path, len + 1);

    enum err err = ERR_OK;

    for (size_t i = 1; i < len && err == ERR_OK; i++) {
        if (path[i] == '/') {
            part[i] = '\0';
            err = folder_make(part, mode, why);
            part[i] = '/';
        }
    }
    return err == ERR_OK ? folder_make(path, mode, why) : err;
}
