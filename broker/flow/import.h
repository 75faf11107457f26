/* SPDX-License-Identifier: Apache-2.0 */
/* import.h - collateral that an operator brings: verified first, then on record, then kept. */
#ifndef BROKER_FLOW_IMPORT_H
#define BROKER_FLOW_IMPORT_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

/* As much as our JSON reader takes: a list of some 700 kB. */
enum { IMPORT_BODY_MAX = 1 << 20 };

/* {"kind": "vek", "certificate": b64url} or {"kind": "crl", "crl": b64url}, DER or PEM.  *out: what is kept, without its bytes.  Codes:
 * malformed, collateral_malformed, collateral_refused (it does not verify under the anchors, is not in its time, or is a VLEK), collateral_older. */
enum err flow_collateral_import(struct broker *b, const struct principal *who, struct slice body,
                                struct collateral_row *out, struct fault *f) MUST_USE;

#endif
