/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h - what this machine's TPM can show, as the JSON of POST /v1/attest (docs/API.md). */
#ifndef CLIENTS_EVIDENCE_H
#define CLIENTS_EVIDENCE_H

#include "clients/tpm_quote.h"

#define EVIDENCE_EVENT_LOG "/sys/kernel/security/tpm0/binary_bios_measurements"
#define EVIDENCE_PCRSIG    "/run/systemd/tpm2-pcr-signature.json"

struct evidence_want {
    const char *tcti;
    const char *ak;             /* ak_open() */
    const char *pcrs;           /* "sha256:0,2,4,7" */
    const char *ak_certificate; /* DER file; NULL: none */
    const char *ek;             /* persistent handle; NULL: none */
    const char *event_log;      /* file, or "off"; NULL: EVIDENCE_EVENT_LOG, if it can be read */
    const char *pcrsig;         /* file, or "off"; NULL: EVIDENCE_PCRSIG, if it can be read */
};

/* One element of `evidence`, type tpm2, quoting `binding`; owned by the caller.  ak_name_sha256: of the AK's Name; may be NULL. */
enum err evidence_collect(const struct evidence_want *want, const uint8_t binding[SHA256_LEN],
                          json_t **out, uint8_t *ak_name_sha256, struct fault *f) MUST_USE;

/* Members `quote`, `signature` and `pcrs`: a quote of the PCRs `pcrs` by this key over `binding`. */
enum err evidence_quote(const struct ak *ak, const char *pcrs, const uint8_t binding[SHA256_LEN],
                        json_t *obj, struct fault *f) MUST_USE;

/* {"sha256:0": "hex", ...} */
json_t *pcr_values_json(const struct pcr_values *v);

/* A member of bytes, as base64url. */
void json_set_bytes(json_t *obj, const char *name, struct slice bytes);

#endif
