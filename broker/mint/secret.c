/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c - see secret.h. */
#include "broker/mint/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/base/sec.h"

void
fd_done(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

void
secret_done(struct secret *s)
{
    sec_zero(s, sizeof *s);
}

static enum err
file_check(int fd, const char *path, struct why *why)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return why_add(why, ERR_UNABLE, "%s is not a regular file", path);
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        return why_add(why, ERR_UNABLE, "%s belongs to user %u, not to %u", path, st.st_uid,
                       geteuid());
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return why_add(why, ERR_UNABLE, "%s is open to group or others: mode %04o, wanted 0600",
                       path, (unsigned)(st.st_mode & 07777));
    }
    if (st.st_size <= 0 || st.st_size > SECRET_MAX) {
        return why_add(why, ERR_UNABLE, "%s has %lld bytes, wanted 1 to %d", path,
                       (long long)st.st_size, SECRET_MAX);
    }
    return ERR_OK;
}

enum err
secret_read(int dir, const char *path, struct secret *out, struct why *why)
{
    AUTO(fd_done) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    *out = (struct secret){0};
    if (fd < 0) {
        return why_add(why, ERR_UNABLE, "cannot open %s: %s", path, strerrordesc_np(errno));
    }
    TRY(file_check(fd, path, why));

    ssize_t got = read(fd, out->bytes, SECRET_MAX); /* a regular file of that size comes at once */

    if (got <= 0) {
        return why_add(why, ERR_UNABLE, "cannot read %s", path);
    }
    out->len = (size_t)got;
    return ERR_OK;
}

enum err
secret_write(int dir, const char *path, struct slice bytes, struct why *why)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    AUTO(fd_done) int fd = openat(dir, path, flags, S_IRUSR | S_IWUSR);

    if (fd < 0) {
        return why_add(why, ERR_UNABLE, "cannot make %s: %s", path, strerrordesc_np(errno));
    }
    if (write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len || fsync(fd) != 0) {
        return why_add(why, ERR_UNABLE, "cannot write %s: %s", path, strerrordesc_np(errno));
    }
    return ERR_OK;
}
