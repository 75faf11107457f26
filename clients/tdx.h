/* SPDX-License-Identifier: Apache-2.0 */
/* tdx.h - a quote of this TDX guest, by the two doors that Linux has.
 *
 *   configfs-tsm       Linux 6.7 and later: the kernel takes the TD report to the host's quoting service and back
 *   /dev/tdx_guest     Linux 6.2 and later: the driver gives the TD report, which we take to the host's Quote Generation Service (qgs.h)
 *
 * Nothing is judged here: what the module and the host gave is handed on as it is.  Both doors are root's as a rule.
 *
 * Sources: Linux Documentation/ABI/testing/configfs-tsm and Documentation/virt/coco/tdx-guest.rst; Intel TDX Module ABI
 * (TDREPORT_STRUCT). */
#ifndef CLIENTS_TDX_H
#define CLIENTS_TDX_H

#include "attest/tdx/tdx.h"
#include "clients/fault.h"
#include "clients/qgs.h"

/* Owned; release with tdx_answer_done(). */
struct tdx_answer {
    uint8_t *quote;
    size_t len; /* 1..TDX_QUOTE_MAX; what a host fills its buffer up with is part of it */
};

void tdx_answer_done(struct tdx_answer *a);

/* root: the folder of configfs-tsm's reports.  ERR_UNABLE, ERR_LIMIT: code tdx says what the kernel said. */
enum err tdx_tsm_quote(const char *root, const uint8_t report_data[TDX_REPORT_DATA_LEN],
                       struct tdx_answer *out, struct fault *f) MUST_USE;

/* Is there a configfs-tsm whose provider is tdx_guest? */
bool tdx_tsm_there(const char *root);

/* The TD report of subtype 0, by ioctl of the driver.  device: e.g. /dev/tdx_guest. */
enum err tdx_device_report(const char *device, const uint8_t report_data[TDX_REPORT_DATA_LEN],
                           uint8_t report[TD_REPORT_LEN], struct fault *f) MUST_USE;

/* The same, quoted.  qgs: an address as qgs_address_read() takes it. */
enum err tdx_device_quote(const char *device, const char *qgs,
                          const uint8_t report_data[TDX_REPORT_DATA_LEN], struct tdx_answer *out,
                          struct fault *f) MUST_USE;

#endif
