/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_db.h - one connection to the SQLite ledger and its kept statements.
 *
 * A connection is used by one thread at a time. A query is a cursor over a kept statement:
 * values are put in the order of the parameters and taken in the order of the columns, the
 * first fault sticks, and the next call that returns `enum err` reports it. Every query is
 * ended by its AUTO(query_end). */
#ifndef BROKER_STORE_SQLITE_DB_H
#define BROKER_STORE_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"
#include "broker/store/sqlite_sql.h"

enum { DB_BUSY_MS = 5000 };

struct db {
    sqlite3 *handle;
    sqlite3_stmt *stmt[SQL_N]; /* prepared when first used */
};

struct db_options {
    const char *vfs;         /* NULL for the default */
    const char *synchronous; /* "FULL"; tests show what "OFF" loses */
    bool read_only;
    int busy_ms; /* longest wait for another process that holds the file; 0 means DB_BUSY_MS */
};

/* Opens an existing file.  ERR_IO with SQLite's reason. */
enum err db_open(struct db *db, const char *path, const struct db_options *how,
                 struct why *why) MUST_USE;

/* Ends the statements and the connection; accepts one that was never opened. */
void db_close(struct db *db);

/* Run text without parameters and rows. */
enum err db_exec(struct db *db, const char *sql, struct why *why) MUST_USE;

/* What an (extended) error code of SQLite means to a caller of the store:
 * ERR_CONFLICT   a key is there already
 * ERR_BUG        a constraint or statement that our own code should have kept
 * ERR_UNABLE     another process holds the file
 * ERR_IO         everything else: full, read-only, corrupt, not a database, ... */
enum err db_fail(struct db *db, int code, const char *doing, struct why *why) MUST_USE;

struct query {
    struct db *db;
    sqlite3_stmt *stmt;
    const char *doing; /* for messages */
    int next;          /* parameter or column */
    int rc;            /* SQLITE_OK until the first fault of a value */
    bool foreign;      /* a column held what we never wrote */
};

struct query query_on(struct db *db, enum sql which);
void query_end(struct query *q);

/* Parameters are borrowed until query_end(). */
void query_put_text(struct query *q, const char *text); /* NULL is SQL's NULL */
void query_put_bytes(struct query *q, struct slice bytes);
void query_put_int(struct query *q, int64_t value);

/* Step to the next row: false at the end, and after a fault, which query_ok() then reports. */
bool query_more(struct query *q);

/* Step to the end; no row is expected. `changed` (may be NULL) is how many rows the statement
 * changed. */
enum err query_run(struct query *q, int64_t *changed, struct why *why) MUST_USE;

/* Columns of the current row. */
void query_text(struct query *q, char *dst, size_t cap); /* NULL gives "" */
char *query_text_copy(struct query *q);         /* NULL gives NULL; free with mem_free_text */
struct slice query_bytes_copy(struct query *q); /* NULL gives empty; free the bytes with mem_free */
int64_t query_int(struct query *q);

/* Every step and column so far was good; a column that we never wrote like that is ERR_IO. */
enum err query_ok(const struct query *q, struct why *why) MUST_USE;

#endif
