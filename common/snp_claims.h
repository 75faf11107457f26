/* SPDX-License-Identifier: Apache-2.0 */
/* snp_claims.h - what a verified SEV-SNP report says, as JSON: for `countersign verify --json` and
 * for attestation results.  Names of components and bits are those of a policy row (row.h).
 *
 * { "product": "Genoa", "kind": "VCEK", "version": 3, "vmpl": 0, "guest_svn": 0,
 *   "policy": { "value": "0x0000000000030000", "abi": "0.0", "bits": ["smt"] },
 *   "platform_info": { "value": "0x0000000000000025", "bits": ["smt", "ecc", "alias_check"] },
 *   "tcb": { "reported": { "bootloader": 9, "tee": 0, "snp": 23, "microcode": 72 }, "current",
 *            "committed", "launch" },          "fmc" is there on Turin only
 *   "firmware": { "current": "1.55.40", "committed": "1.55.40" },
 *   "mit_vector": { "launch": "0x...", "current": "0x..." },   null before version 5
 *   "measurement", "host_data", "id_key", "author_key", "family_id", "image_id", "report_id",
 *   "chip_id", "report_data": hex;  author_key null when the guest has none, chip_id when it is
 *   masked;  "csp_id": text, null for a VCEK;  "crl_checked": bool;  "reference_value": label or
 *   null }
 *
 * Source: AMD 56860, table "ATTESTATION_REPORT". */
#ifndef COMMON_SNP_CLAIMS_H
#define COMMON_SNP_CLAIMS_H

#include <jansson.h>

#include "attest/snp/snp.h"

/* Owned by the caller. */
json_t *snp_claims_json(const struct snp_claims *c);

/* Of a certificate that was judged without a report: product, kind, tcb, chip_id, csp_id,
 * crl_checked.  The kind of an intermediate is that of the keys it certifies, and its tcb is null.
 * Owned by the caller. */
json_t *snp_chain_claims_json(const struct snp_claims *c);

#endif
