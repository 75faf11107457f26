/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_schema.h - bring a ledger file to the schema that this program knows. */
#ifndef BROKER_STORE_SQLITE_SCHEMA_H
#define BROKER_STORE_SQLITE_SCHEMA_H

#include "broker/store/sqlite_db.h"

/* Sets WAL mode and runs the missing migrations, each in a transaction of its own.
 * ERR_CONFLICT: the file is newer than this program, or is somebody else's database; ERR_IO:
 * not a database, corrupt, read-only, full. */
enum err schema_migrate(struct db *db, struct why *why) MUST_USE;

#endif
