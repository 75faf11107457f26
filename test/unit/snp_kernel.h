/* SPDX-License-Identifier: Apache-2.0 */
/* snp_kernel.h - the part of Linux that gives SNP reports, in the test's own process: it puts its own mkdir(), rmdir(), open(), ioctl(),
 * nanosleep() and clock_gettime() before libc's, so that the client's code runs as it is.
 *
 * A folder made under `root` has configfs-tsm's attributes at once, as on configfs, and removing it removes them.  Time passes only by
 * sleeping.  Include it in one file of a program. */
#ifndef TEST_UNIT_SNP_KERNEL_H
#define TEST_UNIT_SNP_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sev-guest.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { KERNEL_PATH = 256, KERNEL_REPORT = 1184, KERNEL_TABLE_MAX = 70000, KERNEL_ERRORS = 256 };

struct kernel {
    /* configfs-tsm */
    char root[KERNEL_PATH];
    const char *provider;
    const char *generation_text; /* NULL: the number */
    long generation;
    unsigned strangers; /* how many reports somebody else's write comes between */
    int open_error;     /* of outblob, while open_errors > 0 */
    unsigned open_errors;
    unsigned late; /* how often inblob is not there yet */
    size_t report_len;
    uint8_t table[KERNEL_TABLE_MAX];
    size_t table_len;
    bool no_auxblob;
    unsigned made, removed; /* entries */
    /* sev-guest */
    int device; /* its descriptor */
    bool plain_only;
    unsigned busy;  /* how often the host says so */
    uint32_t pages; /* what the host wants to give, in bytes */
    unsigned grows; /* how often that becomes a page more */
    int io_error;   /* errno of each call */
    uint32_t fw_error, status, size;
    unsigned plain, extended; /* calls */
    /* both */
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

/* A report that says what was asked; everything else of it is zero. */
static void
fill_report(uint8_t report[2 * KERNEL_REPORT])
{
    memset(report, 0, 2 * KERNEL_REPORT);
    report[0] = 5;
    report[0x30] = (uint8_t)(kernel.vmpl < 0 ? 0 : kernel.vmpl);
    memcpy(report + 0x50, kernel.report_data, sizeof kernel.report_data);
}

/* The firmware runs when the report is read. */
static void
put_answer(const char *path)
{
    uint8_t report[2 * KERNEL_REPORT];
    char level[2] = "";

    take_beside(path, "inblob", kernel.report_data, sizeof kernel.report_data);
    if (kernel.vmpl >= 0) {
        take_beside(path, "privlevel", level, 1);
        kernel.vmpl = level[0] - '0';
    }
    fill_report(report);
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

static void *
pointer(uint64_t at)
{
    return (void *)(uintptr_t)at; /* NOLINT(performance-no-int-to-ptr): the driver's interface */
}

static void
answer_device(const struct snp_guest_request_ioctl *io, const struct snp_report_req *q)
{
    struct snp_report_resp *resp = pointer(io->resp_data);
    uint8_t report[2 * KERNEL_REPORT];

    memcpy(kernel.report_data, q->user_data, sizeof kernel.report_data);
    kernel.vmpl = (int)q->vmpl;
    fill_report(report);
    memset(resp->data, 0, sizeof resp->data);
    memcpy(resp->data, &kernel.status, 4);
    memcpy(resp->data + 4, &kernel.size, 4);
    memcpy(resp->data + 32, report, KERNEL_REPORT);
}

/* 0, or errno with what the host said in *io. */
static int
extended(struct snp_guest_request_ioctl *io)
{
    struct snp_ext_report_req *q = pointer(io->req_data);

    kernel.extended++;
    if (kernel.plain_only) {
        return ENOTTY;
    }
    if (kernel.pages > 0 && (q->certs_address == 0 || q->certs_len < kernel.pages)) {
        q->certs_len = kernel.pages;
        io->vmm_error = SNP_GUEST_VMM_ERR_INVALID_LEN;
        kernel.pages += kernel.grows > 0 ? 4096 : 0;
        kernel.grows -= kernel.grows > 0;
        return EIO;
    }
    if (kernel.pages > 0) {
        memcpy(pointer(q->certs_address), kernel.table, kernel.pages);
    }
    answer_device(io, &q->data);
    return 0;
}

static int
serve(unsigned long request, struct snp_guest_request_ioctl *io)
{
    if (io->msg_version != 1) {
        return EINVAL;
    }
    if (kernel.busy > 0) {
        kernel.busy--;
        io->vmm_error = SNP_GUEST_VMM_ERR_BUSY;
        return EAGAIN;
    }
    if (kernel.io_error != 0) {
        io->fw_error = kernel.fw_error;
        return kernel.io_error;
    }
    if (request == SNP_GET_EXT_REPORT) {
        return extended(io);
    }
    if (request != SNP_GET_REPORT) {
        return ENOTTY;
    }
    kernel.plain++;
    answer_device(io, pointer(io->req_data));
    return 0;
}

int
ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    void *arg = NULL;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    if (request != SNP_GET_REPORT && request != SNP_GET_EXT_REPORT) {
        return (int)syscall(SYS_ioctl, fd, request, arg);
    }
    errno = serve(request, arg);
    return errno == 0 ? 0 : -1;
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
