/* SPDX-License-Identifier: Apache-2.0 */
/* snp_kernel.h - the part of Linux that gives SNP reports, in the test's own process: configfs-tsm (tsm_kernel.h), and an ioctl() of its own
 * with the requests of the sev-guest driver.  Include it in one file of a program. */
#ifndef TEST_UNIT_SNP_KERNEL_H
#define TEST_UNIT_SNP_KERNEL_H

#include <linux/sev-guest.h>
#include <sys/ioctl.h>

#include "test/unit/tsm_kernel.h"

enum { KERNEL_REPORT = 1184 };

struct driver {
    bool plain_only;
    unsigned busy;  /* how often the host says so */
    uint32_t pages; /* what the host wants to give, in bytes */
    unsigned grows; /* how often that becomes a page more */
    int io_error;   /* errno of each call */
    uint32_t fw_error, status, size;
    unsigned plain, extended; /* calls */
};

static struct driver driver;

/* A report that says what was asked; everything else of it is zero. */
static void
fill_report(uint8_t report[KERNEL_BLOB_MAX])
{
    memset(report, 0, KERNEL_BLOB_MAX);
    report[0] = 5;
    report[0x30] = (uint8_t)(kernel.vmpl < 0 ? 0 : kernel.vmpl);
    memcpy(report + 0x50, kernel.report_data, sizeof kernel.report_data);
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
    static uint8_t report[KERNEL_BLOB_MAX];

    memcpy(kernel.report_data, q->user_data, sizeof kernel.report_data);
    kernel.vmpl = (int)q->vmpl;
    fill_report(report);
    memset(resp->data, 0, sizeof resp->data);
    memcpy(resp->data, &driver.status, 4);
    memcpy(resp->data + 4, &driver.size, 4);
    memcpy(resp->data + 32, report, KERNEL_REPORT);
}

/* 0, or errno with what the host said in *io. */
static int
extended(struct snp_guest_request_ioctl *io)
{
    struct snp_ext_report_req *q = pointer(io->req_data);

    driver.extended++;
    if (driver.plain_only) {
        return ENOTTY;
    }
    if (driver.pages > 0 && (q->certs_address == 0 || q->certs_len < driver.pages)) {
        q->certs_len = driver.pages;
        io->vmm_error = SNP_GUEST_VMM_ERR_INVALID_LEN;
        driver.pages += driver.grows > 0 ? 4096 : 0;
        driver.grows -= driver.grows > 0;
        return EIO;
    }
    if (driver.pages > 0) {
        memcpy(pointer(q->certs_address), kernel.table, driver.pages);
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
    if (driver.busy > 0) {
        driver.busy--;
        io->vmm_error = SNP_GUEST_VMM_ERR_BUSY;
        return EAGAIN;
    }
    if (driver.io_error != 0) {
        io->fw_error = driver.fw_error;
        return driver.io_error;
    }
    if (request == SNP_GET_EXT_REPORT) {
        return extended(io);
    }
    if (request != SNP_GET_REPORT) {
        return ENOTTY;
    }
    driver.plain++;
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

#endif
