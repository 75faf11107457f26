/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_schema.c - see sqlite_schema.h. */
#include "broker/store/sqlite_schema.h"

#include <stdio.h>
#include <string.h>

#include "broker/store/migrations.h"

static void
statement_free(sqlite3_stmt **stmt)
{
    (void)sqlite3_finalize(*stmt);
}

/* The first column of a one-row query that is asked once, before any table of ours need exist. */
static enum err
ask(struct db *db, const char *sql, int64_t *number, char text[16], struct why *why)
{
    AUTO(statement_free) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc != SQLITE_ROW) {
        return db_fail(db, rc, "read schema", why);
    }
    *number = sqlite3_column_int64(stmt, 0);
    (void)snprintf(text, 16, "%s", (const char *)sqlite3_column_text(stmt, 0));
    return ERR_OK;
}

static enum err
wal_mode(struct db *db, struct why *why)
{
    int64_t number = 0;
    char mode[16] = "";

    TRY(ask(db, "PRAGMA journal_mode = WAL", &number, mode, why));
    if (strcmp(mode, "wal") != 0) {
        return why_add(why, ERR_IO, "ledger: journal mode is %s, wanted wal", mode);
    }
    return ERR_OK;
}

/* 0 for an empty file. */
static enum err
schema_version(struct db *db, int64_t *version, struct why *why)
{
    int64_t tables = 0;
    char text[16];

    TRY(ask(db, "SELECT count(*) FROM sqlite_schema", &tables, text, why));
    *version = 0;
    if (tables == 0) {
        return ERR_OK;
    }
    TRY(ask(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'", &tables, text,
            why));
    if (tables == 0) {
        return why_add(why, ERR_CONFLICT, "ledger: the file is another program's database");
    }
    return ask(db, "SELECT coalesce(max(version), 0) FROM schema_version", version, text, why);
}

/* Inside a transaction: two instances may start at once, and the second must find the work
 * done. */
static enum err
migrate_one(struct db *db, const struct migration *m, struct why *why)
{
    char done[128];
    int64_t version = 0;

    TRY(schema_version(db, &version, why));
    if (version >= m->version) {
        return ERR_OK;
    }
    enum err err = ERR_OK;

    for (size_t i = 0; m->sql[i] != NULL && err == ERR_OK; i++) {
        err = db_exec(db, m->sql[i], why);
    }
    (void)snprintf(done, sizeof done, "INSERT INTO schema_version VALUES (%d, '%s');", m->version,
                   m->name);
    return err == ERR_OK ? db_exec(db, done, why) : err;
}

static enum err
migrate(struct db *db, const struct migration *m, struct why *why)
{
    TRY(db_exec(db, "BEGIN IMMEDIATE;", why));
    enum err err = migrate_one(db, m, why);

    if (err == ERR_OK) {
        err = db_exec(db, "COMMIT;", why);
    }
    if (err != ERR_OK && sqlite3_get_autocommit(db->handle) == 0) {
        (void)sqlite3_exec(db->handle, "ROLLBACK;", NULL, NULL, NULL);
    }
    return err == ERR_OK ? ERR_OK : why_add(why, err, "migration %s", m->name);
}

enum err
schema_migrate(struct db *db, struct why *why)
{
    size_t n = 0;
    const struct migration *m = migrations(&n);
    int64_t version = 0;

    TRY(schema_version(db, &version, why));
    if (version > m[n - 1].version) {
        return why_add(why, ERR_CONFLICT,
                       "ledger: the file has schema %lld, this program knows up to %d",
                       (long long)version, m[n - 1].version);
    }
    enum err err = wal_mode(db, why);

    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        err = migrate(db, &m[i], why); /* looks for itself what is done */
    }
    return err;
}
