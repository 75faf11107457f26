/* SPDX-License-Identifier: Apache-2.0 */
/* collect.h - evidence of each type that this machine can give, all of it over one challenge and one guest key.
 *
 *   tpm2           a quote of the TPM (evidence.h)
 *   sev-snp        a report by configfs-tsm, or by the sev-guest device where there is no configfs-tsm (snp.h); needs root as a rule
 *   azure-sev-snp  the HCL report of NV index 0x01400001, a quote by the key at 0x81000003, and the VEK of the host's metadata service
 *
 * REPORT_DATA is binding || SHA-256 of the AK's Name when a tpm2 quote goes along, else binding || 32 zero bytes (DESIGN section 6).
 * "auto" is the first of sev-snp, azure-sev-snp, tpm2 that the machine has. */
#ifndef CLIENTS_COLLECT_H
#define CLIENTS_COLLECT_H

#include "attest/base/binding.h"
#include "clients/evidence.h"

#define COLLECT_TSM       "/sys/kernel/config/tsm/report"
#define COLLECT_SEV_GUEST "/dev/sev-guest"
#define COLLECT_THIM      "http://169.254.169.254/metadata/THIM/amd/certification"

/* A NULL is the usual place. */
struct collect_want {
    const char *types; /* "auto", or names separated by commas, each once; NULL: auto */
    struct evidence_want tpm;
    const char *tsm;       /* folder of configfs-tsm's reports */
    const char *sev_guest; /* device */
    const char *thim;      /* URL; "off": not asked */
    int vmpl;              /* of a sev-snp report, 0..3; -1: see struct snp_ask */
};

/* What every piece commits to. */
struct collect_bound {
    struct slice challenge;
    const uint8_t *jkt; /* JKT_LEN bytes */
};

/* "auto", or a list of types that this client collects?  ERR_MALFORMED, code evidence_type, names the word. */
enum err collect_types_check(const char *types, struct fault *f) MUST_USE;

/* The array `evidence` of POST /v1/attest; owned by the caller. */
enum err collect_evidence(const struct collect_want *want, const struct collect_bound *bound,
                          json_t **out, struct fault *f) MUST_USE;

#endif
