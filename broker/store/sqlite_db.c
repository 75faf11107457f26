/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_db.c - see sqlite_db.h. */
#include "broker/store/sqlite_db.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"

enum { ROW_BYTES_MAX = 8 << 20 };

enum err
db_fail(struct db *db, int code, const char *doing, struct why *why)
{
    /* errmsg() knows the column or key, but speaks of the last call only. */
    bool last = sqlite3_extended_errcode(db->handle) == code;
    const char *text = last ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
    enum err err = ERR_IO;

    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        err = code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE
                  ? ERR_CONFLICT
                  : ERR_BUG;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM: err = ERR_UNABLE; break;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: err = ERR_BUG; break;
    default: break;
    }
    return why_add(why, err, "ledger: %s: %s (sqlite %d)", doing, text, code);
}

enum err
db_exec(struct db *db, const char *sql, struct why *why)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? ERR_OK : db_fail(db, rc, "schema or setting", why);
}

/* A file that others may have prepared gets no triggers, views, foreign functions or attached
 * files. */
static void
db_distrust(struct db *db)
{
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, ROW_BYTES_MAX);
}

static enum err
db_settings(struct db *db, const struct db_options *how, struct why *why)
{
    char synchronous[64];

    (void)snprintf(synchronous, sizeof synchronous, "PRAGMA synchronous = %s;", how->synchronous);
    TRY(db_exec(db, synchronous, why));
    TRY(db_exec(db, "PRAGMA foreign_keys = ON;", why));
    TRY(db_exec(db, "PRAGMA cell_size_check = ON;", why));
    TRY(db_exec(db, "PRAGMA temp_store = MEMORY;", why));
    /* Checkpoints run beside the writer, never inside a commit: p99 falls 4.6 times
     * (spec/reliability.md 2). */
    TRY(db_exec(db, "PRAGMA wal_autocheckpoint = 0;", why));
    return db_exec(db, "PRAGMA journal_size_limit = 67108864;", why);
}

enum err
db_open(struct db *db, const char *path, const struct db_options *how, struct why *why)
{
    int mode = how->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int flags = mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, &db->handle, flags, how->vfs);

    if (rc != SQLITE_OK) {
        return db_fail(db, rc, path, why); /* a NULL handle is fine: it means out of memory */
    }
    (void)sqlite3_busy_timeout(db->handle, how->busy_ms == 0 ? DB_BUSY_MS : how->busy_ms);
    db_distrust(db);
    return db_settings(db, how, why);
}

void
db_close(struct db *db)
{
    for (size_t i = 0; i < SQL_N; i++) {
        (void)sqlite3_finalize(db->stmt[i]);
        db->stmt[i] = NULL;
    }
    int rc = sqlite3_close(db->handle);

    assert(rc == SQLITE_OK); /* a statement of ours was left open */
    db->handle = NULL;
}

struct query
query_on(struct db *db, enum sql which)
{
    struct query q = {.db = db, .doing = sql_name(which), .next = 1};

    if (db->stmt[which] == NULL) {
        q.rc = sqlite3_prepare_v3(db->handle, sql_text(which), -1, SQLITE_PREPARE_PERSISTENT,
                                  &db->stmt[which], NULL);
    }
    q.stmt = db->stmt[which];
    return q;
}

void
query_end(struct query *q)
{
    if (q->stmt != NULL) {
        (void)sqlite3_reset(q->stmt); /* repeats the error of the last step, which was reported */
        (void)sqlite3_clear_bindings(q->stmt);
    }
}

static void
query_note(struct query *q, int rc)
{
    if (q->rc == SQLITE_OK) {
        q->rc = rc;
    }
}

void
query_put_text(struct query *q, const char *text)
{
    query_note(q, sqlite3_bind_text(q->stmt, q->next++, text, -1, SQLITE_STATIC));
}

void
query_put_bytes(struct query *q, struct slice bytes)
{
    query_note(q, sqlite3_bind_blob64(q->stmt, q->next++, bytes.ptr, bytes.len, SQLITE_STATIC));
}

void
query_put_int(struct query *q, int64_t value)
{
    query_note(q, sqlite3_bind_int64(q->stmt, q->next++, value));
}

bool
query_more(struct query *q)
{
    if (q->rc != SQLITE_OK) {
        return false;
    }
    int rc = sqlite3_step(q->stmt);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        q->rc = rc;
    }
    q->next = 0;
    return rc == SQLITE_ROW;
}

enum err
query_run(struct query *q, int64_t *changed, struct why *why)
{
    bool row = query_more(q);

    assert(!row);
    TRY(query_ok(q, why));
    if (changed != NULL) {
        *changed = sqlite3_changes64(q->db->handle);
    }
    return ERR_OK;
}

/* The current column as a C string, or NULL; notes text that has a NUL inside. */
static const char *
query_column(struct query *q, size_t *len)
{
    int column = q->next++;
    const char *text = (const char *)sqlite3_column_text(q->stmt, column);

    *len = text == NULL ? 0 : (size_t)sqlite3_column_bytes(q->stmt, column);
    q->foreign |= text != NULL && memchr(text, '\0', *len) != NULL;
    return text;
}

void
query_text(struct query *q, char *dst, size_t cap)
{
    size_t len = 0;
    const char *text = query_column(q, &len);

    dst[0] = '\0';
    if (len >= cap) {
        q->foreign = true;
    } else if (text != NULL) {
        memcpy(dst, text, len + 1);
    }
}

char *
query_text_copy(struct query *q)
{
    size_t len = 0;
    const char *text = query_column(q, &len);

    return text == NULL ? NULL : mem_text((struct slice){(const uint8_t *)text, len});
}

struct slice
query_bytes_copy(struct query *q)
{
    int column = q->next++;
    const void *bytes = sqlite3_column_blob(q->stmt, column);
    size_t len = bytes == NULL ? 0 : (size_t)sqlite3_column_bytes(q->stmt, column);

    if (len == 0) {
        return (struct slice){0};
    }
    uint8_t *copy = mem_raw(len);

    memcpy(copy, bytes, len);
    return (struct slice){copy, len};
}

int64_t
query_int(struct query *q)
{
    return sqlite3_column_int64(q->stmt, q->next++);
}

enum err
query_ok(const struct query *q, struct why *why)
{
    if (q->rc != SQLITE_OK) {
        return db_fail(q->db, q->rc, q->doing, why);
    }
    if (q->foreign) {
        return why_add(why, ERR_IO, "ledger: %s: a column holds what we never wrote", q->doing);
    }
    return ERR_OK;
}
