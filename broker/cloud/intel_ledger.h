/* SPDX-License-Identifier: Apache-2.0 */
/* intel_ledger.h - pieces of Intel's collateral in the ledger: bytes by what they are, with the chain that came with them.
 *
 * Nothing is believed here: whoever reads verifies.  That something is not there is remembered for a while, because each quote would ask again; for a
 * while only, because other brokers may share the ledger. */
#ifndef BROKER_CLOUD_INTEL_LEDGER_H
#define BROKER_CLOUD_INTEL_LEDGER_H

#include "broker/cloud/intel_piece.h"
#include "broker/store/store.h"

struct intel_ledger;

/* The store is borrowed.  rows_max: of all vendors. */
struct intel_ledger *intel_ledger_new(struct store *store, size_t rows_max);
void intel_ledger_free(struct intel_ledger **l);

/* The row of a piece, without its bytes. */
void intel_ledger_row(const struct intel_said *said, const char *source, int64_t now,
                      struct collateral_row *out);

/* row: as intel_ledger_row() made it.  ERR_BUSY: the ledger is full. */
enum err intel_ledger_put(struct intel_ledger *l, const struct intel_piece *p,
                          struct collateral_row *row, struct why *why) MUST_USE;

/* *out points into *row, which is released with collateral_row_done().  ERR_NOT_FOUND, also when it was not there a moment ago. */
enum err intel_ledger_get(struct intel_ledger *l, const struct pcs_item *item,
                          struct collateral_row *row, struct intel_piece *out,
                          struct why *why) MUST_USE;

/* What is there is of no use: it counts as not there for a while. */
void intel_ledger_pass_over(struct intel_ledger *l, const struct pcs_item *item);

#endif
