/* SPDX-License-Identifier: Apache-2.0 */
/* collect.h - evidence of each type that this machine can give, all of it over one challenge and one guest key.
 *
 *   tpm2           a quote of the TPM (evidence.h)
 *   sev-snp        a report by configfs-tsm, or by the sev-guest device where there is no configfs-tsm (snp.h)
 *   tdx            a quote by configfs-tsm, or by the tdx_guest device and the host's quoting service (tdx.h), and the event log of the
 *                  TD's firmware (CCEL) where there is one
 *   azure-sev-snp  the HCL report of NV index 0x01400001, a quote by the key at 0x81000003, and the VEK of the host's metadata service
 *   azure-tdx      the same two, and a quote of the HCL report's TD report by the host's quoting service (td_quote.h)
 *
 * sev-snp and tdx need root as a rule.  REPORT_DATA of both is binding || SHA-256 of the AK's Name when a tpm2 quote goes along, else
 * binding || 32 zero bytes (DESIGN section 6).  "auto" is the first of sev-snp, tdx, azure-*, tpm2 that the machine has. */
#ifndef CLIENTS_COLLECT_H
#define CLIENTS_COLLECT_H

#include "attest/base/binding.h"
#include "clients/evidence.h"
#include "clients/places.h"

struct collect_want {
    const char *types; /* "auto", or names separated by commas, each once; NULL: auto */
    struct evidence_want tpm;
    struct places from;
    int vmpl; /* of a sev-snp report, 0..3; -1: see struct snp_ask */
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
