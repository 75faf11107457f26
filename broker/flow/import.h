/* SPDX-License-Identifier: Apache-2.0 */
/* import.h - collateral that an operator brings: verified first, then on record, then kept. */
#ifndef BROKER_FLOW_IMPORT_H
#define BROKER_FLOW_IMPORT_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

/* As much as our JSON reader takes: a list of some 700 kB. */
enum { IMPORT_BODY_MAX = 1 << 20 };

/* Of AMD {"kind": "vek", "certificate": b64url} or {"kind": "crl", "crl": b64url}, DER or PEM.  Of Intel {"kind": "tcb_info" | "qe_identity", "document":
 * b64url of the service's reply byte for byte, "issuer_chain": b64url of PEM, "track": "standard" | "early"} (standard unless it is said),
 * {"kind": "pck_crl", "crl": b64url, "issuer_chain"} (which may be left out once it is known) or {"kind": "root_crl", "crl"}; these CRLs are DER, PEM or hex.
 * *out: what is kept, without its bytes.  Codes: malformed, collateral_malformed, collateral_refused (it does not verify under the anchors, is not in
 * its time, or is a VLEK), collateral_older. */
enum err flow_collateral_import(struct broker *b, const struct principal *who, struct slice body,
                                struct collateral_row *out, struct fault *f) MUST_USE;

#endif
