/* SPDX-License-Identifier: Apache-2.0 */
/* places.h - where the evidence of this machine comes from: devices, folders, services (clients/collect.h says what each is for). */
#ifndef CLIENTS_PLACES_H
#define CLIENTS_PLACES_H

#define PLACE_TSM       "/sys/kernel/config/tsm/report"
#define PLACE_SEV_GUEST "/dev/sev-guest"
#define PLACE_THIM      "http://169.254.169.254/metadata/THIM/amd/certification"
#define PLACE_TDX_GUEST "/dev/tdx_guest"
#define PLACE_QGS       "vsock:2:4050"
#define PLACE_CCEL      "/sys/firmware/acpi/tables/data/CCEL"
#define PLACE_TD_QUOTE  "http://169.254.169.254/acc/tdquote"

/* Texts are borrowed; NULL is the usual place. */
struct places {
    const char *tsm;       /* folder of configfs-tsm's reports */
    const char *sev_guest; /* device */
    const char *thim;      /* URL; "off": not asked */
    const char *tdx_guest; /* device */
    const char *qgs;       /* Intel's Quote Generation Service: clients/qgs.h */
    const char *ccel;      /* file with a TD's event log; "off": not shown */
    const char *td_quote;  /* URL of Azure's quoting service */
};

#endif
