/* SPDX-License-Identifier: Apache-2.0 */
/* intel_piece.h - one piece of Intel's collateral by itself: what is it, and has Intel signed it?
 *
 * Documents by Intel's TCB signer, CRLs by the CA that they are of, all of it under the pinned root.  Source: Intel PCS API v4; Intel SGX PCK
 * Certificate and CRL Profile Specification. */
#ifndef BROKER_CLOUD_INTEL_PIECE_H
#define BROKER_CLOUD_INTEL_PIECE_H

#include "broker/cloud/pcs.h"

/* As it came; borrowed. */
struct intel_piece {
    enum pcs_kind kind;
    enum pcs_track track; /* of documents, which do not say it themselves */
    struct slice body;    /* a document byte for byte, or a CRL in DER */
    struct slice chain;   /* PEM, who signed it first; of ROOT_CRL empty */
};

/* What a piece says.  Times are unix seconds. */
struct intel_said {
    struct pcs_item item;
    uint32_t eval; /* tcbEvaluationDataNumber; of CRLs 0 */
    int64_t issued, next_update;
    int64_t since, until; /* of the certificates that signed it */
};

/* At no time in particular.  ERR_MALFORMED, ERR_DENIED: it is none, of SGX for example, or is not signed by whom it must be. */
enum err intel_piece_judge(const struct intel_piece *p, const struct tdx_anchor *anchor,
                           struct intel_said *out, struct why *why) MUST_USE;

/* ERR_DENIED: now is not its time, or not that of who signed it. */
enum err intel_piece_in_time(const struct intel_said *said, int64_t now, struct why *why) MUST_USE;

/* The first certificate of a chain that was judged before, as DER into dst. */
enum err intel_chain_ca(struct slice chain, uint8_t *dst, size_t cap, size_t *len,
                        struct why *why) MUST_USE;

#endif
