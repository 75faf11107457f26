/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite.c - the embedded ledger: one file, WAL, synchronous=FULL, one writer with group
 * commit.
 *
 * It refuses a file that is newer than this program, that is not a ledger, or that others
 * could read. Measured and decided in spec/reliability.md sections 2, 5 and 7. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "broker/store/sqlite_internal.h"
#include "broker/store/sqlite_schema.h"
#include "common/mem.h"

/* Rows forgotten per transaction, so that a long sweep lets other writers in between. */
enum { SWEEP_ROWS = 5000 };

static struct sqlite_store *
sqlite_of(struct store *s)
{
    return s->impl;
}

enum err
sqlite_read(struct store *s, struct reader *out, struct why *why)
{
    return reader_begin(&sqlite_of(s)->readers, out, why);
}

enum err
sqlite_write(struct store *s, enum err (*run)(struct db *db, void *arg, struct why *why), void *arg,
             struct why *why)
{
    return writer_do(&sqlite_of(s)->writer, run, arg, why);
}

static void
sqlite_close(struct store *s)
{
    struct sqlite_store *q = sqlite_of(s);

    writer_stop(&q->writer);
    checkpoint_stop(&q->checkpoint);
    readers_close(&q->readers);
    db_close(&q->writer_db); /* last: closing it moves the log into the file */
    mem_free(q);
}

static enum err
ping_write(struct db *db, void *arg, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_PING_WRITE);

    (void)arg;
    return query_run(&q, NULL, why);
}

/* A write only when the last one failed: then it is the way to know whether the fault has
 * passed. */
static enum err
sqlite_ping(struct store *s, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    if (atomic_load(&sqlite_of(s)->writer.faulty)) {
        return sqlite_write(s, ping_write, NULL, why);
    }
    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_PING_READ);

    (void)query_more(&q);
    return query_ok(&q, why);
}

struct sweep {
    enum sql which;
    int64_t now;
    int64_t gone;
};

static enum err
sweep_some(struct db *db, void *arg, struct why *why)
{
    struct sweep *sweep = arg;
    AUTO(query_end) struct query q = query_on(db, sweep->which);

    query_put_int(&q, sweep->now);
    query_put_int(&q, SWEEP_ROWS);
    return query_run(&q, &sweep->gone, why);
}

static enum err
sweep_table(struct store *s, enum sql which, int64_t now, struct why *why)
{
    struct sweep sweep = {which, now, SWEEP_ROWS};
    enum err err = ERR_OK;

    while (err == ERR_OK && sweep.gone == SWEEP_ROWS) {
        err = sqlite_write(s, sweep_some, &sweep, why);
    }
    return err;
}

static enum err
sqlite_sweep(struct store *s, int64_t now, struct why *why)
{
    TRY(sweep_table(s, SQL_SWEEP_CHALLENGES, now, why));
    return sweep_table(s, SQL_SWEEP_TOKENS, now, why);
}

static const struct store_ops ops = {
    .close = sqlite_close,
    .ping = sqlite_ping,
    .attest_put = sqlite_attest_put,
    .credential_get = sqlite_credential_get,
    .sandbox_get = sqlite_sandbox_get,
    .sandbox_list = sqlite_sandbox_list,
    .sandbox_renew = sqlite_sandbox_renew,
    .sandbox_end = sqlite_sandbox_end,
    .sandbox_due = sqlite_sandbox_due,
    .sandbox_unreceipted = sqlite_sandbox_unreceipted,
    .receipt_put = sqlite_receipt_put,
    .receipt_get = sqlite_receipt_get,
    .token_revoke = sqlite_token_revoke,
    .verdict_get = sqlite_verdict_get,
    .verdict_list = sqlite_verdict_list,
    .upload_put = sqlite_upload_put,
    .upload_get = sqlite_upload_get,
    .upload_move = sqlite_upload_move,
    .upload_list = sqlite_upload_list,
    .upload_sum = sqlite_upload_sum,
    .upload_unsettled = sqlite_upload_unsettled,
    .upload_settle = sqlite_upload_settle,
    .document_put = sqlite_document_put,
    .document_get = sqlite_document_get,
    .document_list = sqlite_document_list,
    .document_approve = sqlite_document_approve,
    .approval_list = sqlite_approval_list,
    .document_revoke = sqlite_document_revoke,
    .document_epoch = sqlite_document_epoch,
    .collateral_put = sqlite_collateral_put,
    .collateral_get = sqlite_collateral_get,
    .collateral_list = sqlite_collateral_list,
    .sweep = sqlite_sweep,
};

static enum err
folder_sync(const char *path, struct why *why)
{
    AUTO(mem_free_text) char *folder = mem_text(slice_text(path));
    char *slash = strrchr(folder, '/');

    if (slash == folder) {
        slash++;
    }
    if (slash != NULL) {
        *slash = '\0';
    }
    int fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0) {
        (void)close(fd);
    }
    return rc == 0 ? ERR_OK
                   : why_add(why, ERR_IO, "ledger: folder of %s: %s", path, strerror(errno));
}

/* SQLite would make the file readable for others, and gives its log the same mode as the file.
 * A file that exists is not opened here: closing it would drop the locks that another
 * connection of this process has on it. */
static enum err
file_make(const char *path, struct why *why)
{
    struct stat st;

    if (lstat(path, &st) == 0) {
        bool ours = S_ISREG(st.st_mode) && st.st_uid == geteuid();

        if (!ours) {
            return why_add(why, ERR_IO, "ledger: %s is not a file of this user", path);
        }
        if ((st.st_mode & 077) != 0 && chmod(path, 0600) != 0) {
            return why_add(why, ERR_IO, "ledger: %s: %s", path, strerror(errno));
        }
        return ERR_OK;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        return why_add(why, ERR_IO, "ledger: %s: %s", path, strerror(errno));
    }
    (void)close(fd);
    return folder_sync(path, why);
}

static enum err
sqlite_start(struct sqlite_store *q, const char *path, const struct sqlite_options *options,
             struct why *why)
{
    struct db_options how = {
        .vfs = options->vfs, .synchronous = options->synchronous, .busy_ms = options->busy_ms};

    q->checkpoint.bound_pages = options->bound_pages;

    TRY(db_open(&q->writer_db, path, &how, why));
    TRY(schema_migrate(&q->writer_db, why));
    TRY(readers_open(&q->readers, path, &how, why));
    TRY(checkpoint_start(&q->checkpoint, &q->writer_db, path, &how, why));
    return writer_start(&q->writer, &q->writer_db, &q->checkpoint, options->queue_max,
                        options->wait_ms, why);
}

enum err
store_open_sqlite_with(const char *path, const struct sqlite_options *options, struct store **out,
                       struct why *why)
{
    struct sqlite_store *q = mem_new(1, sizeof *q);

    /* Without its statistics SQLite's allocator takes no lock that all connections share.  Too late, and refused, when it is in use already. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    q->store = (struct store){.ops = &ops, .impl = q};
    enum err err = file_make(path, why);

    if (err == ERR_OK) {
        err = sqlite_start(q, path, options, why);
    }
    if (err != ERR_OK) {
        sqlite_close(&q->store);
        return err;
    }
    *out = &q->store;
    return ERR_OK;
}

enum err
store_open_sqlite(const char *path, struct store **out, struct why *why)
{
    struct sqlite_options defaults = {.synchronous = "FULL"};

    return store_open_sqlite_with(path, &defaults, out, why);
}
