/* SPDX-License-Identifier: Apache-2.0 */
/* snp_device.c - a report through the ioctls of the sev-guest driver (snp.h).
 *
 * The extended request is asked first without room for certificates: the driver then says how much the host wants to give.  Where
 * the host gives none, or does not know that request, the plain one serves.
 *
 * Source: linux/sev-guest.h; the words for what firmware says are those of AMD 56860, table "Status Codes". */
#include "clients/snp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sev-guest.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "attest/base/rd.h"
#include "clients/lib/agent_wire.h"
#include "common/mem.h"

enum {
    LENGTH_TRIES = 3, /* the host may replace its certificates between two requests */
    AGAIN_MS = 100,
    PAGE = 4096,
    MESSAGE_VERSION = 1,
};

struct word {
    uint32_t code;
    const char *text;
};

static const struct word firmware_words[] = {
    {0x01, "platform state is wrong"},
    {0x02, "guest state is wrong"},
    {0x04, "a length is wrong"},
    {0x11, "unknown command"},
    {0x14, "needs a reset"},
    {0x15, "not supported"},
    {0x16, "a parameter is wrong"},
    {0x17, "out of resources"},
    {0x27, "the key asked for is not available"},
    {0xff, "the firmware was not called"},
};

static const char *
firmware_word(uint32_t code)
{
    for (size_t i = 0; i < sizeof firmware_words / sizeof firmware_words[0]; i++) {
        if (firmware_words[i].code == code) {
            return firmware_words[i].text;
        }
    }
    return "unknown";
}

/* One request with its answer; `error` is errno of the last try, 0 when it went well. */
struct exchange {
    int fd;
    unsigned long request;
    void *question;
    struct snp_report_resp answer;
    uint32_t fw_error, vmm_error;
    int error;
};

/* Deadline: the host may say "busy", which the driver hands on. */
static void
exchange_run(struct exchange *x, int64_t until_ms)
{
    const struct timespec nap = {.tv_nsec = AGAIN_MS * 1000000L};
    bool again = true;

    while (again) {
        struct snp_guest_request_ioctl io = {
            .msg_version = MESSAGE_VERSION,
            .req_data = (uintptr_t)x->question,
            .resp_data = (uintptr_t)&x->answer,
        };

        x->error = ioctl(x->fd, x->request, &io) == 0 ? 0 : errno;
        x->fw_error = io.fw_error;
        x->vmm_error = io.vmm_error;
        again = x->error != 0 && clock_mono_ms() < until_ms &&
                (x->error == EAGAIN || x->error == EINTR || x->vmm_error == SNP_GUEST_VMM_ERR_BUSY);
        if (again) {
            (void)nanosleep(&nap, NULL);
        }
    }
}

static enum err
exchange_fault(const struct exchange *x, struct fault *f)
{
    if (x->vmm_error == SNP_GUEST_VMM_ERR_BUSY) {
        return fault_add(f, ERR_BUSY, "snp", "the host is busy");
    }
    if (x->fw_error != 0) {
        return fault_add(f, ERR_UNABLE, "snp", "firmware 0x%" PRIx32 " (%s): %s", x->fw_error,
                         firmware_word(x->fw_error), strerrordesc_np(x->error));
    }
    return fault_add(f, ERR_UNABLE, "snp", "host 0x%" PRIx32 ": %s", x->vmm_error,
                     strerrordesc_np(x->error));
}

/* MSG_REPORT_RSP: status, size, 24 reserved bytes, report. */
static enum err
take_report(const struct exchange *x, struct snp_answer *out, struct fault *f)
{
    struct rd r = rd_init((struct slice){x->answer.data, sizeof x->answer.data}, "report");
    uint32_t status = rd_le32(&r, "status");
    uint32_t size = rd_le32(&r, "size");

    (void)rd_bytes(&r, "reserved", 24);
    if (status != 0) {
        return fault_add(f, ERR_UNABLE, "snp", "firmware answers 0x%" PRIx32 " (%s)", status,
                         firmware_word(status));
    }
    if (size != SNP_REPORT_LEN) {
        return fault_add(f, ERR_UNABLE, "snp", "a report of %" PRIu32 " bytes, want %d", size,
                         SNP_REPORT_LEN);
    }
    rd_copy(&r, "report", out->report, SNP_REPORT_LEN);
    return ERR_OK;
}

static struct snp_report_req
question(const struct snp_ask *ask)
{
    struct snp_report_req q = {.vmpl = ask->vmpl >= 0 ? (uint32_t)ask->vmpl : 0};

    memcpy(q.user_data, ask->report_data, sizeof q.user_data);
    return q;
}

static bool
wants_room(const struct exchange *x)
{
    return x->error != 0 && x->vmm_error == SNP_GUEST_VMM_ERR_INVALID_LEN;
}

/* Room for certificates as the driver asked for it: whole pages. */
static enum err
room_make(uint32_t len, struct snp_answer *out, struct fault *f)
{
    snp_answer_done(out);
    if (len == 0 || len > SNP_CERT_TABLE_MAX || len % PAGE != 0) {
        return fault_add(f, ERR_UNABLE, "snp", "the host wants to give %" PRIu32 " bytes", len);
    }
    out->table = mem_new(len, 1);
    out->table_len = len;
    return ERR_OK;
}

/* The extended request; x->error says how it went. */
static enum err
ask_extended(struct exchange *x, const struct snp_ask *ask, int64_t until_ms,
             struct snp_answer *out, struct fault *f)
{
    struct snp_ext_report_req q = {.data = question(ask)};
    enum err err = ERR_OK;

    x->request = SNP_GET_EXT_REPORT;
    x->question = &q;
    exchange_run(x, until_ms);
    for (unsigned i = 0; i < LENGTH_TRIES && wants_room(x) && err == ERR_OK; i++) {
        err = room_make(q.certs_len, out, f);
        q.certs_address = (uintptr_t)out->table;
        if (err == ERR_OK) {
            exchange_run(x, until_ms);
        }
    }
    if (x->error != 0 || slice_zero((struct slice){out->table, out->table_len})) {
        snp_answer_done(out);
    }
    return err;
}

static void
ask_plain(struct exchange *x, const struct snp_ask *ask, int64_t until_ms)
{
    struct snp_report_req q = question(ask);

    x->request = SNP_GET_REPORT;
    x->question = &q;
    exchange_run(x, until_ms);
    x->question = NULL;
}

enum err
snp_device_report(const char *device, const struct snp_ask *ask, struct snp_answer *out,
                  struct fault *f)
{
    int fd AUTO(fd_close) = open(device, O_RDWR | O_CLOEXEC);
    struct snp_answer got AUTO(snp_answer_done) = {.table = NULL};
    struct exchange x = {.fd = fd};
    int64_t until_ms = clock_mono_ms() + SNP_ASK_MS;

    if (fd < 0) {
        return fault_add(f, ERR_UNABLE, "snp", "opening %s: %s", device, strerrordesc_np(errno));
    }
    TRY(ask_extended(&x, ask, until_ms, &got, f));
    if (x.error != 0) {
        ask_plain(&x, ask, until_ms);
    }
    if (x.error != 0) {
        return exchange_fault(&x, f);
    }
    TRY(take_report(&x, &got, f));
    *out = got;
    got.table = NULL;
    return ERR_OK;
}
