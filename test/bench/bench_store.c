/* SPDX-License-Identifier: Apache-2.0 */
/* bench_store.c - the ledger's hot path: is this credential good, among a million sandboxes?
 *
 * The floor is SQLite itself on the same file in the same run: one kept statement, found by primary key, three columns.
 * Rates are per second of CPU time; the two take turns. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker/store/store.h"
#include "common/sys.h"

enum { SANDBOXES = 1000000, TURNS = 5, CALLS = 100000 };

static int64_t
cpu_ns(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_store: %s\n", what);
        exit(1);
    }
}

/* The id of the i-th sandbox, as preload() writes it: time first, as random_id() makes them. */
static void
name_of(unsigned i, char id[ID_MAX])
{
    (void)snprintf(id, ID_MAX, "sb-%012llx%020x", 1790000000000ULL + i, i);
}

/* All sandboxes in one statement; durability is not what is measured here. */
static void
preload(const char *path)
{
    static const char sql[] =
        "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN;"
        "INSERT INTO verdict VALUES ('vd-1', '', 1790000000, 'accept', 'summarizer', 7, "
        " hex(zeroblob(32)), hex(zeroblob(32)), '[]', NULL);"
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999) "
        "INSERT INTO sandbox SELECT printf('sb-%012x%020x', 1790000000000 + i, i), 1, "
        "'summarizer', 7, "
        " hex(zeroblob(32)), substr(hex(zeroblob(22)), 1, 43), 'vd-1', 'user-session-1', "
        "'consent-1', "
        " 1790000000, 1790003600, 1790086400, 9223372036854775807, i, 0, '', 0 FROM n;"
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
        "INSERT INTO revoked_token SELECT printf('jti-%032x', i), 1790003600 FROM n;"
        "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);";
    sqlite3 *db = NULL;

    need(sqlite3_open(path, &db) == SQLITE_OK, "open for preload");
    need(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(db));
    need(sqlite3_close(db) == SQLITE_OK, "close after preload");
}

static int64_t
measure_store(struct store *s, unsigned *seed)
{
    struct credential_row row;
    struct why why = {0};
    char id[ID_MAX];
    int64_t begun = cpu_ns();

    for (int i = 0; i < CALLS; i++) {
        name_of((unsigned)rand_r(seed) % SANDBOXES, id);
        enum err err =
            s->ops->credential_get(s, id, "jti-c0ffeec0ffeec0ffeec0ffeec0ffee00", &row, &why);

        need(err == ERR_OK && row.sandbox.state == SANDBOX_LIVE && !row.jti_revoked, "credential");
    }
    return cpu_ns() - begun;
}

static int64_t
measure_floor(sqlite3_stmt *stmt, unsigned *seed)
{
    char id[ID_MAX];
    int64_t begun = cpu_ns();

    for (int i = 0; i < CALLS; i++) {
        name_of((unsigned)rand_r(seed) % SANDBOXES, id);
        (void)sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
        need(sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) == 1, "floor");
        (void)sqlite3_column_int64(stmt, 1);
        (void)sqlite3_column_int64(stmt, 2);
        (void)sqlite3_reset(stmt);
    }
    return cpu_ns() - begun;
}

static void
run(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    struct store *s = NULL;
    struct why why = {0};
    int64_t ours = 0;
    int64_t floor = 0;
    unsigned seed = 1;

    need(store_open_sqlite(path, &s, &why) == ERR_OK, why_text(&why));
    need(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
                 SQLITE_OK &&
             sqlite3_prepare_v3(db,
                                "SELECT state, lease_until, hard_until FROM sandbox WHERE id = ?",
                                -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) == SQLITE_OK,
         "open the floor");
    (void)measure_store(s, &seed); /* fill the caches of both */
    (void)measure_floor(stmt, &seed);
    for (int turn = 0; turn < TURNS; turn++) {
        ours += measure_store(s, &seed);
        floor += measure_floor(stmt, &seed);
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    store_close(&s);

    double calls = (double)TURNS * CALLS;
    double rate = calls * 1e9 / (double)ours;
    double floor_rate = calls * 1e9 / (double)floor;

    (void)printf("{\"bench\": \"store.sandboxes.1e6\", \"per_s\": %.0f, \"cpu_us\": %.2f, "
                 "\"floor\": \"sqlite3.primary_key\", \"floor_per_s\": %.0f, \"ratio\": %.3f}\n",
                 rate, 1e6 / rate, floor_rate, rate / floor_rate);
}

int
main(void)
{
    static const char *const suffix[] = {"", "-wal", "-shm"};
    const char *tmp = getenv("TMPDIR");
    char folder[256];
    char path[300];
    char name[320];
    struct store *s = NULL;
    struct why why = {0};

    (void)snprintf(folder, sizeof folder, "%s/countersign-bench-XXXXXX",
                   tmp == NULL ? "/tmp" : tmp);
    need(mkdtemp(folder) != NULL, folder);
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    need(store_open_sqlite(path, &s, &why) == ERR_OK, why_text(&why));
    store_close(&s);
    preload(path);
    run(path);
    for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, suffix[i]);
        (void)unlink(name);
    }
    return rmdir(folder) == 0 ? 0 : 1;
}
