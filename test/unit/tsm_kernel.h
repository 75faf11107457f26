/* SPDX-License-Identifier: Apache-2.0 */
/* tsm_kernel.h - configfs-tsm in the test's own process: it puts its own mkdir(), rmdir(), open(), nanosleep() and clock_gettime() before
 * libc's, so that the client's code runs as it is.
 *
 * A folder made under `root` has the attributes at once, as on configfs, and removing it removes them.  Time passes only by
 * sleeping.  Include it in one file of a program. */
#ifndef TEST_UNIT_TSM_KERNEL_H
#define TEST_UNIT_TSM_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { KERNEL_PATH = 256, KERNEL_BLOB_MAX = 70000 };

struct kernel {
    char root[KERNEL_PATH];
    void (*fill)(uint8_t report[KERNEL_BLOB_MAX]); /* what report_data is made into */
    const char *provider;
    const char *generation_text; /* NULL: the number */
    long generation;
    unsigned strangers; /* how many reports somebody else's write comes between */
    int open_error;     /* of outblob, while open_errors > 0 */
    unsigned open_errors;
    unsigned late; /* how often inblob is not there yet */
    size_t report_len;
    uint8_t table[KERNEL_BLOB_MAX]; /* auxblob */
    size_t table_len;
    bool no_auxblob;
    unsigned made, removed; /* entries */
    uint8_t report_data[64];
    int vmpl; /* asked for; -1: none was */
    int64_t slept_ms;
};

static struct kernel kernel;

static bool
under_root(const char *path)
{
    size_t n = strlen(kernel.root);

    return n > 0 && strncmp(path, kernel.root, n) == 0 && path[n] == '/';
}

static int
plain_open(const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void
put(const char *path, const void *data, size_t len)
{
    int fd = plain_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, data, len) != (ssize_t)len) {
        abort();
    }
    (void)close(fd);
}

static void
put_beside(const char *path, const char *name, const void *data, size_t len)
{
    char full[2 * KERNEL_PATH];
    const char *slash = strrchr(path, '/');

    (void)snprintf(full, sizeof full, "%.*s/%s", (int)(slash - path), path, name);
    put(full, data, len);
}

static void
take_beside(const char *path, const char *name, void *data, size_t len)
{
    char full[2 * KERNEL_PATH];
    const char *slash = strrchr(path, '/');
    int fd = -1;

    (void)snprintf(full, sizeof full, "%.*s/%s", (int)(slash - path), path, name);
    fd = plain_open(full, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 || read(fd, data, len) != (ssize_t)len) {
        abort();
    }
    (void)close(fd);
}

/* The firmware runs when the report is read. */
static void
put_answer(const char *path)
{
    static uint8_t report[KERNEL_BLOB_MAX];
    char level[2] = "";

    take_beside(path, "inblob", kernel.report_data, sizeof kernel.report_data);
    if (kernel.vmpl >= 0) {
        take_beside(path, "privlevel", level, 1);
        kernel.vmpl = level[0] - '0';
    }
    kernel.fill(report);
    put(path, report, kernel.report_len);
    if (!kernel.no_auxblob) {
        put_beside(path, "auxblob", kernel.table, kernel.table_len);
    }
    if (kernel.strangers > 0) {
        kernel.strangers--;
        kernel.generation++;
    }
}

static int
open_attribute(const char *path, int flags)
{
    const char *name = strrchr(path, '/') + 1;
    char number[24];

    if (flags & O_WRONLY) {
        if (strcmp(name, "inblob") == 0 && kernel.late > 0) {
            kernel.late--;
            return ENOENT;
        }
        kernel.generation++;
        kernel.vmpl = strcmp(name, "privlevel") == 0 ? 0 : kernel.vmpl;
        return 0;
    }
    if (strcmp(name, "generation") == 0) {
        (void)snprintf(number, sizeof number, "%ld\n", kernel.generation);
        put(path, kernel.generation_text != NULL ? kernel.generation_text : number,
            strlen(kernel.generation_text != NULL ? kernel.generation_text : number));
    }
    if (strcmp(name, "outblob") == 0) {
        if (kernel.open_errors > 0) {
            kernel.open_errors--;
            return kernel.open_error;
        }
        put_answer(path);
    }
    return 0;
}

int
open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    int error = 0;

    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list ap;

        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    if (under_root(path)) {
        error = open_attribute(path, flags);
    }
    if (error != 0) {
        errno = error;
        return -1;
    }
    return plain_open(path, flags, mode);
}

int
mkdir(const char *path, mode_t mode)
{
    static const char *const attributes[] = {"inblob", "outblob", "auxblob", "privlevel",
                                             "generation"};
    char full[2 * KERNEL_PATH];

    if (syscall(SYS_mkdirat, AT_FDCWD, path, mode) != 0) {
        return -1;
    }
    if (under_root(path)) {
        kernel.made++;
        kernel.vmpl = -1;
        for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
            (void)snprintf(full, sizeof full, "%s/%s", path, attributes[i]);
            if (!kernel.no_auxblob || strcmp(attributes[i], "auxblob") != 0) {
                put(full, "", 0);
            }
        }
        (void)snprintf(full, sizeof full, "%s/provider", path);
        put(full, kernel.provider, strlen(kernel.provider));
    }
    return 0;
}

int
rmdir(const char *path)
{
    static const char *const attributes[] = {"inblob",    "outblob",    "auxblob",
                                             "privlevel", "generation", "provider"};
    char full[2 * KERNEL_PATH];

    if (under_root(path)) {
        for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
            (void)snprintf(full, sizeof full, "%s/%s", path, attributes[i]);
            (void)unlink(full);
        }
        kernel.removed++;
    }
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

int
nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)left;
    kernel.slept_ms += t->tv_sec * 1000 + t->tv_nsec / 1000000;
    return 0;
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
    (void)id;
    *t = (struct timespec){.tv_sec = 1000 + kernel.slept_ms / 1000,
                           .tv_nsec = kernel.slept_ms % 1000 * 1000000};
    return 0;
}

#endif
