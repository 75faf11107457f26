/* SPDX-License-Identifier: Apache-2.0 */
/* collect_piece.h - one piece of evidence: what collect.c asks of the files that know a technology.  For clients/collect*.c only. */
#ifndef CLIENTS_COLLECT_PIECE_H
#define CLIENTS_COLLECT_PIECE_H

#include "clients/collect.h"

/* What one attestation has so far. */
struct collection {
    const struct collect_want *want;
    struct places from; /* want->from with the usual places filled in */
    const struct collect_bound *bound;
    json_t *pieces;                     /* borrowed */
    uint8_t ak_name_sha256[SHA256_LEN]; /* zero without a tpm2 piece */
};

/* The binding of a piece of this type. */
enum err collect_bind(const struct collection *c, enum evidence_type type, uint8_t out[BINDING_LEN],
                      struct fault *f) MUST_USE;

/* REPORT_DATA of a report that the guest itself asks for: the binding, then the Name of the key of a quote at its side. */
enum err collect_report_data(const struct collection *c, enum evidence_type type,
                             uint8_t out[BINDING_LEN + SHA256_LEN], struct fault *f) MUST_USE;

/* The kernel's doors.  A place that was named must serve; of the usual ones the one that is there. */
bool collect_by_tsm(const struct collection *c, const char *device_named);

/* Each appends its piece. */
enum err collect_snp(struct collection *c, struct fault *f) MUST_USE;
enum err collect_tdx(struct collection *c, struct fault *f) MUST_USE;
enum err collect_azure_snp(struct collection *c, struct fault *f) MUST_USE;
enum err collect_azure_tdx(struct collection *c, struct fault *f) MUST_USE;

/* Is this machine one of that kind? */
bool collect_snp_there(const struct collection *c);
bool collect_tdx_there(const struct collection *c);

/* EVIDENCE_AZURE_SEV_SNP or EVIDENCE_AZURE_TDX by what the TPM's HCL report says; EVIDENCE_NONE where it has none. */
enum evidence_type collect_azure_there(const struct collection *c);

#endif
