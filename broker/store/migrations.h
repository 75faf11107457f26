/* SPDX-License-Identifier: Apache-2.0 */
/* migrations.h - how the ledger's schema came to be, one numbered step after the other.
 *
 * The steps are the files schema/sql/NNNN_name.sql. They are added, never edited: a ledger
 * that has taken a step is never shown it again. */
#ifndef BROKER_STORE_MIGRATIONS_H
#define BROKER_STORE_MIGRATIONS_H

#include <stddef.h>

struct migration {
    int version;            /* 1, 2, ... without a gap */
    const char *name;       /* the file's, without .sql */
    const char *const *sql; /* statements, NULL after the last */
};

/* In order; static storage. */
const struct migration *migrations(size_t *n);

#endif
