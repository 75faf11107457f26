/* SPDX-License-Identifier: Apache-2.0 */
/* snp.h - an attestation report of this SEV-SNP guest, by the two doors that Linux has.
 *
 * Nothing is judged here: what the firmware and the host gave is handed on as it is.  Both doors are root's as a rule.
 *
 * Sources: Linux Documentation/ABI/testing/configfs-tsm and Documentation/virt/coco/sev-guest.rst; AMD 56860 chapter 7
 * (MSG_REPORT_RSP); AMD 56421 (GHCB) for the certificate table. */
#ifndef CLIENTS_SNP_H
#define CLIENTS_SNP_H

#include "attest/snp/snp.h"
#include "clients/fault.h"

enum { SNP_ASK_MS = 10000 }; /* how long the device may take, all tries together */

/* Release with snp_answer_done(). */
struct snp_answer {
    uint8_t report[SNP_REPORT_LEN];
    uint8_t *table; /* owned; certificates of the host's choice; NULL: it gave none */
    size_t table_len;
};

void snp_answer_done(struct snp_answer *a);

struct snp_ask {
    uint8_t report_data[SNP_REPORT_DATA_LEN];
    int vmpl; /* 0..3; -1: what the door does by itself (configfs-tsm the guest's own level, the device 0) */
};

/* ---- snp_tsm.c: configfs-tsm, Linux 6.7 and later */

/* root: the folder of reports, e.g. /sys/kernel/config/tsm/report.  An entry of our own is made in it and removed again.
 * ERR_UNABLE: code snp says what the kernel said. */
enum err snp_tsm_report(const char *root, const struct snp_ask *ask, struct snp_answer *out,
                        struct fault *f) MUST_USE;

/* Is there a configfs-tsm whose provider is sev_guest? */
bool snp_tsm_there(const char *root);

/* ---- snp_device.c: ioctls of the sev-guest driver, Linux 5.19 and later */

/* device: e.g. /dev/sev-guest. */
enum err snp_device_report(const char *device, const struct snp_ask *ask, struct snp_answer *out,
                           struct fault *f) MUST_USE;

#endif
