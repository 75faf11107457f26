/* SPDX-License-Identifier: Apache-2.0 */
/* shelf.h - the active documents of one moment, each verified from its bytes; does not change
 * once loaded.
 *
 * What is active in the ledger but does not verify is not on the shelf; it has a complaint
 * instead. */
#ifndef BROKER_POLICY_SHELF_H
#define BROKER_POLICY_SHELF_H

#include "broker/policy/document.h"

enum { SHELF_DOCUMENTS_MAX = 16384, SHELF_APPROVALS_MAX = 64 };

/* The documents of one kind, ordered by id, then version. */
struct shelf_row {
    struct document *document;
    size_t n;
};

struct shelf {
    int64_t epoch; /* of the ledger, read before the documents were */
    struct shelf_row policies;
    struct shelf_row sets;
    struct policy_complaint *complaint;
    size_t complaints;
};

void shelf_free(struct shelf **s);

/* Fails only when the store does: ERR_UNABLE, ERR_IO, ERR_BUSY; ERR_LIMIT over
 * SHELF_DOCUMENTS_MAX of a kind. */
enum err shelf_load(struct store *store, const struct principals *who, size_t approvals_needed,
                    struct shelf **out, struct why *why) MUST_USE;

/* version 0: the newest; NULL when there is none. */
const struct document *shelf_find(const struct shelf_row *row, const char *id, int64_t version);

#endif
