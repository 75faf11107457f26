/* SPDX-License-Identifier: Apache-2.0 */
/* What the SQLite ledger promises beyond the contract: its file, its bounds, and what it says
 * when the file or the disk is not as it should be. Power loss: test/fault/powerloss_sqlite.c. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "broker/store/sqlite_internal.h"
#include "test/unit/store_fixture.h"

enum { KILLS = 20, ACK_LEN = 24 };

static void
pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    (void)nanosleep(&t, NULL);
}

/* SQL by another connection, as a stranger with access to the file would run it. */
static int
stranger(const struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(f->where, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 2000);
    (void)sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return rc;
}

static enum err
try_open(struct fixture *f)
{
    store_close(&f->s);
    enum err err = store_open_sqlite(f->where, &f->s, &f->why);

    assert_true((err == ERR_OK) == (f->s != NULL));
    return err;
}

static void
reopen_with(struct fixture *f, const struct sqlite_options *options)
{
    store_close(&f->s);
    expect_ok(f, store_open_sqlite_with(f->where, options, &f->s, &f->why));
    f->op = f->s->ops;
}

static unsigned
mode_of(const struct fixture *f, const char *suffix)
{
    char path[300];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s%s", f->where, suffix);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void
file_is_ours_alone(void **state)
{
    struct fixture *f = *state;

    (void)admit(f, "sb-1");
    assert_int_equal(mode_of(f, ""), 0600);
    assert_int_equal(mode_of(f, "-wal"), 0600);
    store_close(&f->s);
    assert_int_equal(chmod(f->where, 0644), 0);
    reopen(f);
    assert_int_equal(mode_of(f, ""), 0600);
}

static void
file_that_is_a_link_is_refused(void **state)
{
    struct fixture *f = *state;
    char other[300];

    store_close(&f->s);
    (void)snprintf(other, sizeof other, "%s-shm", f->where); /* a name that teardown removes */
    assert_int_equal(rename(f->where, other), 0);
    assert_int_equal(symlink(other, f->where), 0);
    expect(f, try_open(f), ERR_IO, "is not a file of this user");
}

static void
file_of_another_kind_is_refused(void **state)
{
    struct fixture *f = *state;
    char text[8192];

    store_close(&f->s);
    int fd = open(f->where, O_WRONLY | O_TRUNC);

    memset(text, 'x', sizeof text);
    assert_int_equal(write(fd, text, sizeof text), (int)sizeof text);
    (void)close(fd);
    expect(f, try_open(f), ERR_IO, "file is not a database");
}

static void
database_of_another_program_is_refused(void **state)
{
    struct fixture *f = *state;

    store_close(&f->s);
    assert_int_equal(unlink(f->where), 0);
    assert_int_equal(stranger(f, "CREATE TABLE notes (text)"), SQLITE_OK);
    expect(f, try_open(f), ERR_CONFLICT, "another program's database");
    assert_int_equal(stranger(f, "SELECT * FROM sandbox"), SQLITE_ERROR); /* nothing was added */
}

static void
newer_schema_is_refused_naming_both(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(stranger(f, "INSERT INTO schema_version VALUES (99, '0099_future')"),
                     SQLITE_OK);
    expect(f, try_open(f), ERR_CONFLICT, "schema 99, this program knows up to");
}

static void
half_a_migration_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    store_close(&f->s);
    assert_int_equal(unlink(f->where), 0);
    assert_int_equal(stranger(f, "CREATE TABLE schema_version (version INTEGER, name TEXT)"),
                     SQLITE_OK); /* in the way of the first migration */
    expect(f, try_open(f), ERR_IO, "already exists");
    assert_int_equal(stranger(f, "SELECT * FROM counter"), SQLITE_ERROR);
    assert_int_equal(stranger(f, "DROP TABLE schema_version"), SQLITE_OK);
    reopen(f);
    (void)admit(f, "sb-1");
}

static void
missing_folder_is_named(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;

    expect(f, store_open_sqlite("/nonexistent/ledger.db", &s, &f->why), ERR_IO,
           "/nonexistent/ledger.db: No such file");
    assert_null(s);
}

/* Every page but the first is overwritten under a closed store. */
static void
corrupt_pages_are_io_errors_not_answers(void **state)
{
    struct fixture *f = *state;
    struct credential_row c;
    struct sandbox_row row;
    char page[4096];
    struct stat st;

    (void)admit(f, "sb-1");
    store_close(&f->s);
    int fd = open(f->where, O_WRONLY);

    assert_int_equal(fstat(fd, &st), 0);
    memset(page, 0xa5, sizeof page);
    for (off_t at = sizeof page; at < st.st_size; at += (off_t)sizeof page) {
        assert_int_equal(pwrite(fd, page, sizeof page, at), (int)sizeof page);
    }
    (void)close(fd);
    enum err err = try_open(f);

    if (err == ERR_OK) {
        f->op = f->s->ops;
        expect(f, f->op->credential_get(f->s, "sb-1", "j", &c, &f->why), ERR_IO, "malformed");
        expect(f, f->op->sandbox_renew(f->s, "sb-1", NOW, &row, &f->why), ERR_IO, "malformed");
        expect(f, f->op->ping(f->s, &f->why), ERR_IO, "malformed");
        return;
    }
    expect(f, err, ERR_IO, "malformed");
}

static void
column_that_we_never_wrote_is_an_io_error(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row row;

    (void)admit(f, "sb-1");
    assert_int_equal(stranger(f, "UPDATE sandbox SET policy = hex(zeroblob(100))"), SQLITE_OK);
    expect(f, f->op->sandbox_get(f->s, "sb-1", &row, &f->why), ERR_IO, "never wrote");
    assert_int_equal(stranger(f, "UPDATE sandbox SET policy = 'a' || char(0) || 'b'"), SQLITE_OK);
    expect(f, f->op->sandbox_get(f->s, "sb-1", &row, &f->why), ERR_IO, "never wrote");
}

static void
schema_refuses_states_and_strangers(void **state)
{
    struct fixture *f = *state;

    (void)admit(f, "sb-1");
    assert_int_equal(stranger(f, "UPDATE sandbox SET state = 5"), SQLITE_CONSTRAINT);
    assert_int_equal(stranger(f, "UPDATE sandbox SET state = 3"), SQLITE_CONSTRAINT); /* no time */
    assert_int_equal(stranger(f, "UPDATE sandbox SET lease_until = hard_until + 1"),
                     SQLITE_CONSTRAINT);
    assert_int_equal(stranger(f, "UPDATE sandbox SET status_index = 'x'"), SQLITE_CONSTRAINT);
    assert_int_equal(stranger(f, "DELETE FROM verdict"), SQLITE_CONSTRAINT); /* foreign key */
    assert_int_equal(stranger(f, "INSERT INTO receipt VALUES ('sb-9', 'j')"), SQLITE_CONSTRAINT);
}

static void
trigger_in_the_file_does_not_run(void **state)
{
    struct fixture *f = *state;
    struct sandbox_row row;

    assert_int_equal(stranger(f, "CREATE TRIGGER t AFTER INSERT ON sandbox BEGIN "
                                 "UPDATE sandbox SET hard_until = 9999999999999; END"),
                     SQLITE_OK);
    reopen(f);
    (void)admit(f, "sb-1");
    expect_ok(f, f->op->sandbox_get(f->s, "sb-1", &row, &f->why));
    assert_int_equal(row.hard_until, HARD);
}

/* Two brokers on one file: a challenge is good once for both together. */
static void
challenge_is_taken_once_by_any_instance(void **state)
{
    struct fixture *f = *state;
    struct verdict_row v = verdict_for("2", "");
    struct store *second = NULL;

    (void)snprintf(v.outcome, sizeof v.outcome, "reject");
    expect_ok(f, store_open_sqlite(f->where, &second, &f->why));
    (void)admit(f, "one");
    expect(f, second->ops->attest_put(second, slice_text("one"), NOW, &v, NULL, NULL, 0, &f->why),
           ERR_CONFLICT, "used before");
    expect_ok(f,
              second->ops->attest_put(second, slice_text("two"), NOW, &v, NULL, NULL, 0, &f->why));
    expect(f, f->op->attest_put(f->s, slice_text("two"), NOW, &v, NULL, NULL, 0, &f->why),
           ERR_CONFLICT, "used before");
    store_close(&second);
}

/* --- bounds --- */

struct waiter {
    struct fixture *f;
    enum err result;
    struct why why;
};

static void *
wait_for_write(void *arg)
{
    struct waiter *w = arg;

    w->result = w->f->op->token_revoke(w->f->s, "jti", NOW, &w->why);
    return NULL;
}

/* While somebody else holds the file, one write is being tried and one waits; the queue of one
 * is full then. */
static void
full_queue_refuses_and_long_wait_ends(void **state)
{
    struct fixture *f = *state;
    struct sqlite_options tight = {.synchronous = "FULL", .queue_max = 1, .wait_ms = 300};
    struct waiter w[3] = {{.f = f}, {.f = f}, {.f = f}};
    pthread_t thread[3];
    sqlite3 *db = NULL;

    reopen_with(f, &tight);
    assert_int_equal(sqlite3_open(f->where, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, wait_for_write, &w[i]), 0);
        pause_ms(60);
    }
    (void)pthread_join(thread[1], NULL);
    (void)pthread_join(thread[2], NULL);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    (void)pthread_join(thread[0], NULL);
    assert_int_equal(w[0].result, ERR_OK);
    assert_int_equal(w[1].result, ERR_BUSY);
    assert_string_equal(why_text(&w[1].why), "ledger: the writer is busy for 300 ms");
    assert_int_equal(w[2].result, ERR_BUSY);
    assert_string_equal(why_text(&w[2].why), "ledger: 1 writes are waiting");
}

static void
readers_all_out_is_busy(void **state)
{
    struct fixture *f = *state;
    struct reader out[READERS + 1] = {{NULL, NULL}};
    struct sandbox_row row;

    for (size_t i = 0; i < READERS; i++) {
        expect_ok(f, sqlite_read(f->s, &out[i], &f->why));
    }
    expect(f, f->op->sandbox_get(f->s, "sb-1", &row, &f->why), ERR_BUSY, "all readers are busy");
    reader_end(&out[0]);
    expect(f, f->op->sandbox_get(f->s, "sb-1", &row, &f->why), ERR_NOT_FOUND, "no sandbox");
    for (size_t i = 1; i < READERS; i++) {
        reader_end(&out[i]);
    }
}

/* A refused verdict of 64 KiB, so that a few of them are a long log. */
static enum err
put_big(struct fixture *f, int i)
{
    static char big[1 << 16];
    struct verdict_row v = verdict_for("", "");

    memset(big, 'x', sizeof big - 1);
    (void)snprintf(v.id, sizeof v.id, "vd-%04d", i);
    (void)snprintf(v.outcome, sizeof v.outcome, "reject");
    v.findings = big;
    return f->op->attest_put(f->s, slice_text(v.id), NOW, &v, NULL, NULL, 0, &f->why);
}

static off_t
size_of(const struct fixture *f, const char *suffix)
{
    char path[300];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s%s", f->where, suffix);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* Nobody asks for it, and yet the log moves into the file. */
static void
log_is_moved_beside_the_writer(void **state)
{
    struct fixture *f = *state;
    off_t moved = 0;

    for (int i = 0; i < 100; i++) { /* 6.4 MB: more than CHECKPOINT_PAGES */
        expect_ok(f, put_big(f, i));
    }
    for (int i = 0; i < 100 && moved < 4 << 20; i++) {
        pause_ms(50);
        moved = size_of(f, "");
    }
    assert_true(moved >= 4 << 20);
}

/* When the checkpoints do not keep up, the writer makes the room itself. */
static void
log_stays_bounded(void **state)
{
    struct sqlite_options tight = {.synchronous = "FULL", .bound_pages = 200};
    struct fixture *f = *state;

    reopen_with(f, &tight);
    for (int i = 0; i < 100; i++) {
        expect_ok(f, put_big(f, i));
        assert_true(size_of(f, "-wal") < 2 << 20);
    }
}

/* Somebody who reads for ever keeps the log from beginning anew: then nothing more is written,
 * and it says so. */
static void
log_that_cannot_be_shortened_refuses(void **state)
{
    struct sqlite_options tight = {.synchronous = "FULL", .bound_pages = 200, .busy_ms = 50};
    struct fixture *f = *state;
    enum err err = ERR_OK;
    sqlite3 *db = NULL;

    reopen_with(f, &tight);
    expect_ok(f, put_big(f, 1000));
    assert_int_equal(sqlite3_open(f->where, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT * FROM counter", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 100 && err == ERR_OK; i++) {
        err = put_big(f, i);
    }
    expect(f, err, ERR_IO, "the write-ahead log has");
    expect(f, f->op->ping(f->s, &f->why), ERR_IO, "the write-ahead log has");
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    expect_ok(f, f->op->ping(f->s, &f->why)); /* a ping finds that it works again */
    expect_ok(f, put_big(f, 2000));
}

static void
file_held_by_another_process_is_an_io_error(void **state)
{
    struct sqlite_options hasty = {.synchronous = "FULL", .busy_ms = 50};
    struct fixture *f = *state;
    sqlite3 *db = NULL;

    reopen_with(f, &hasty);
    assert_int_equal(sqlite3_open(f->where, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    expect(f, put_big(f, 1), ERR_IO, "database is locked");
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    expect_ok(f, put_big(f, 1));
}

/* --- crashes and full disks --- */

static void
write_until_killed(const char *where, int acks, unsigned round)
{
    struct why why = {0};
    struct store *s = NULL;
    char id[ACK_LEN] = "";

    if (store_open_sqlite(where, &s, &why) != ERR_OK) {
        _exit(1);
    }
    for (unsigned i = 0;; i++) {
        (void)snprintf(id, sizeof id, "sb-%04u-%08u", round, i);
        struct verdict_row v = verdict_for(id, id);
        struct sandbox_row row = sandbox_for(id);

        if (s->ops->attest_put(s, slice_text(id), NOW, &v, &row, NULL, 0, &why) != ERR_OK) {
            _exit(2);
        }
        if (write(acks, id, sizeof id) != (ssize_t)sizeof id) {
            _exit(3);
        }
    }
}

/* One life of a writer: killed ms after it got to work, then everything that it acknowledged
 * must be there. */
static size_t
kill_once(struct fixture *f, unsigned round, long ms)
{
    char id[ACK_LEN];
    struct sandbox_row row;
    int acks[2];
    size_t n = 0;

    assert_int_equal(pipe(acks), 0);
    pid_t child = fork();

    if (child == 0) {
        (void)close(acks[0]);
        write_until_killed(f->where, acks[1], round);
    }
    (void)close(acks[1]);
    assert_int_equal(poll(&(struct pollfd){.fd = acks[0], .events = POLLIN}, 1, 20000), 1);
    pause_ms(ms);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    reopen(f);
    while (read(acks[0], id, sizeof id) == (ssize_t)sizeof id) {
        expect_ok(f, f->op->sandbox_get(f->s, id, &row, &f->why));
        n++;
    }
    (void)close(acks[0]);
    store_close(&f->s);
    return n;
}

static void
kill_loses_nothing_acknowledged(void **state)
{
    struct fixture *f = *state;
    size_t acknowledged = 0;

    store_close(&f->s); /* no thread of ours may be in the children */
    for (unsigned round = 0; round < KILLS; round++) {
        acknowledged += kill_once(f, round, (long)(round * 7 % 45));
    }
    assert_true(acknowledged >= KILLS);
    print_message("%zu acknowledged over %d kills\n", acknowledged, KILLS);
}

static enum err
put_numbered(struct store *s, size_t i, char id[32], struct why *why)
{
    (void)snprintf(id, 32, "sb-%08zu", i);
    struct verdict_row v = verdict_for(id, id);
    struct sandbox_row row = sandbox_for(id);

    return s->ops->attest_put(s, slice_text(id), NOW, &v, &row, NULL, 0, why);
}

static void
limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};

    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(9);
    }
}

/* In a child: the limit on file size plays the full disk.  0 only if all is as it should be. */
static int
fill_disk(const char *where)
{
    struct why why = {0};
    struct store *s = NULL;
    struct sandbox_row row;
    enum err err = ERR_OK;
    char id[32] = "";
    size_t acknowledged = 0;

    (void)signal(SIGXFSZ, SIG_IGN);
    if (store_open_sqlite(where, &s, &why) != ERR_OK) {
        return 1;
    }
    limit_files(400 << 10);
    while (err == ERR_OK && acknowledged < 10000) {
        err = put_numbered(s, acknowledged, id, &why);
        acknowledged += err == ERR_OK;
    }
    if (err != ERR_IO || acknowledged < 10) {
        return 2;
    }
    limit_files(1024); /* not even a page more */
    /* The ledger still reads, what failed is not there, and ping tells that it cannot write... */
    if (s->ops->sandbox_get(s, id, &row, &why) != ERR_NOT_FOUND ||
        s->ops->sandbox_get(s, "sb-00000000", &row, &why) != ERR_OK ||
        s->ops->ping(s, &why) != ERR_IO) {
        return 3;
    }
    limit_files(RLIM_INFINITY); /* ...until there is room again. */
    return s->ops->ping(s, &why) == ERR_OK && put_numbered(s, acknowledged, id, &why) == ERR_OK ? 0
                                                                                                : 4;
}

static void
full_disk_is_an_io_error_and_acknowledges_nothing(void **state)
{
    struct fixture *f = *state;
    int status = -1;

    store_close(&f->s);
    pid_t child = fork();

    if (child == 0) {
        _exit(fill_disk(f->where));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    reopen(f);
    expect_ok(f, f->op->ping(f->s, &f->why));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(file_is_ours_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(file_that_is_a_link_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(file_of_another_kind_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(database_of_another_program_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(newer_schema_is_refused_naming_both, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_migration_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_folder_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(corrupt_pages_are_io_errors_not_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(column_that_we_never_wrote_is_an_io_error, setup, teardown),
        cmocka_unit_test_setup_teardown(schema_refuses_states_and_strangers, setup, teardown),
        cmocka_unit_test_setup_teardown(trigger_in_the_file_does_not_run, setup, teardown),
        cmocka_unit_test_setup_teardown(challenge_is_taken_once_by_any_instance, setup, teardown),
        cmocka_unit_test_setup_teardown(full_queue_refuses_and_long_wait_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(readers_all_out_is_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(log_is_moved_beside_the_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(log_stays_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(log_that_cannot_be_shortened_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(file_held_by_another_process_is_an_io_error, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(kill_loses_nothing_acknowledged, setup, teardown),
        cmocka_unit_test_setup_teardown(full_disk_is_an_io_error_and_acknowledges_nothing, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("store sqlite", tests, NULL, NULL);
}
