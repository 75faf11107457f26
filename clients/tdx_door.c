/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_door.c - see tdx.h.
 *
 * The driver's request is written out here because its header is younger than the oldest system that we build on. */
#include "clients/tdx.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "clients/lib/agent_wire.h"
#include "clients/tsm.h"
#include "common/mem.h"

/* linux/tdx-guest.h: struct tdx_report_req, TDX_CMD_GET_REPORT0. */
struct report_request {
    uint8_t report_data[TDX_REPORT_DATA_LEN];
    uint8_t report[TD_REPORT_LEN];
};

#define GET_REPORT0 _IOWR('T', 1, struct report_request)

static const struct tsm_kind tdx_kind = {"tdx_guest", "tdx", TDX_QUOTE_MAX, 0};

enum err
tdx_tsm_quote(const char *root, const uint8_t report_data[TDX_REPORT_DATA_LEN],
              struct tdx_answer *out, struct fault *f)
{
    struct tsm_ask question = {.level = -1}; /* a TD has no levels */
    struct tsm_answer got AUTO(tsm_answer_done) = {.out = NULL};

    memcpy(question.inblob, report_data, sizeof question.inblob);
    TRY(tsm_report(root, &tdx_kind, &question, &got, f));
    if (got.out_len == 0) {
        return fault_add(f, ERR_UNABLE, "tdx", "a quote of 0 bytes");
    }
    *out = (struct tdx_answer){got.out, got.out_len};
    got.out = NULL;
    return ERR_OK;
}

bool
tdx_tsm_there(const char *root)
{
    return tsm_there(root, &tdx_kind);
}

enum err
tdx_device_report(const char *device, const uint8_t report_data[TDX_REPORT_DATA_LEN],
                  uint8_t report[TD_REPORT_LEN], struct fault *f)
{
    int fd AUTO(fd_close) = open(device, O_RDWR | O_CLOEXEC);
    struct report_request q = {.report = {0}};

    if (fd < 0) {
        return fault_add(f, ERR_UNABLE, "tdx", "opening %s: %s", device, strerrordesc_np(errno));
    }
    memcpy(q.report_data, report_data, sizeof q.report_data);
    if (ioctl(fd, GET_REPORT0, &q) != 0) {
        return fault_add(f, ERR_UNABLE, "tdx", "%s: a TD report: %s", device,
                         strerrordesc_np(errno));
    }
    memcpy(report, q.report, TD_REPORT_LEN);
    return ERR_OK;
}

enum err
tdx_device_quote(const char *device, const char *qgs,
                 const uint8_t report_data[TDX_REPORT_DATA_LEN], struct tdx_answer *out,
                 struct fault *f)
{
    struct qgs_address address;
    uint8_t report[TD_REPORT_LEN];

    TRY(qgs_address_read(qgs, &address, f));
    TRY(tdx_device_report(device, report_data, report, f));
    return qgs_quote(&address, report, QGS_ASK_MS, &out->quote, &out->len, f);
}

void
tdx_answer_done(struct tdx_answer *a)
{
    mem_free_bytes(&a->quote);
    a->len = 0;
}
