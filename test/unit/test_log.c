/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - the append file: what is written comes back, what is damaged is named, what cannot
 * be written ends it. */
#include "test/unit/log_rig.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The program's own fdatasync comes before the C library's: the disk can be made to fail. */
static bool sync_fails;

int
fdatasync(int fd)
{
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static void
what_was_committed_comes_back(void **state)
{
    struct rig *r = *state;

    rig_start(r);
    assert_int_equal(r->seen, 0);
    rig_add(r, 1000, LOG_BATCH);
    rig_add(r, 7, 1);
    rig_close(r);
    rig_start(r);
    assert_int_equal(r->seen, 1007);
    assert_int_equal(log_next(r->log), 1007);
    assert_int_equal(r->tail.bytes, 0);
    rig_add(r, 1, 1);
    rig_close(r);
    rig_start(r);
    assert_int_equal(r->seen, 1008);
}

static off_t
log_size(const struct rig *r)
{
    struct stat st;

    assert_int_equal(fstatat(r->dir, "log", &st, 0), 0);
    return st.st_size;
}

/* Bytes of the n records that add_long() makes when it is called once. */
static off_t
long_bytes(size_t n)
{
    off_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += (off_t)(LOG_FRAME_MAX - i % 7);
    }
    return sum;
}

/* Entries of the greatest length, so that every window of the scan ends inside a frame. */
static void
add_long(struct rig *r, size_t n)
{
    struct why why = {0};
    uint8_t text[TLOG_ENTRY_MAX];

    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < n; i++) {
        struct slice entry = {text, sizeof text - i % 7};

        log_append(r->log, 1, entry);
        fine(log_commit(r->log, &why), &why);
        fine(publish_push(r->view, entry, &why), &why);
    }
}

static void
long_entries_come_back(void **state)
{
    struct rig *r = *state;

    rig_start(r);
    add_long(r, 300);
    rig_publish(r);
    rig_close(r);
    rig_start(r);
    assert_int_equal(r->seen, 300);
}

static void
uncommitted_records_are_not_there(void **state)
{
    struct rig *r = *state;

    rig_start(r);
    rig_add(r, 3, 1);
    log_append(r->log, 1, slice_text("{}"));
    rig_close(r);
    rig_start(r);
    assert_int_equal(r->seen, 3);
}

static void
every_torn_tail_above_the_checkpoint_is_cut(void **state)
{
    struct rig *r = *state;
    struct slice whole = {0};
    struct slice short_by_one = {0};

    rig_start(r);
    rig_add(r, 5, 1);
    rig_close(r);
    short_by_one = scratch_read(r->audit, "log");
    rig_start(r);
    rig_add(r, 1, 1);
    rig_close(r);
    whole = scratch_read(r->audit, "log");
    for (size_t n = short_by_one.len; n < whole.len; n++) {
        damage(r, (struct slice){whole.ptr, n});
        rig_start(r);
        assert_int_equal(r->seen, 5);
        assert_int_equal(r->tail.bytes, n - short_by_one.len);
        assert_int_equal(r->tail.reason[0] != '\0', n > short_by_one.len);
        rig_close(r);

        struct slice left = scratch_read(r->audit, "log");

        assert_true(slice_same(left, short_by_one));
        scratch_free(left);
    }
    scratch_free(whole);
    scratch_free(short_by_one);
}

/* The last record is damaged at one byte: it is cut, for this reason. */
static void
tail_is_cut(struct rig *r, struct slice whole, size_t at, const char *reason)
{
    uint8_t *copy = mem_new(whole.len, 1);

    memcpy(copy, whole.ptr, whole.len);
    copy[at] ^= 0x40;
    damage(r, (struct slice){copy, whole.len});
    mem_free(copy);
    rig_start(r);
    assert_int_equal(r->seen, 4);
    if (strstr(r->tail.reason, reason) == NULL) {
        fail_msg("cut because \"%s\", wanted \"%s\"", r->tail.reason, reason);
    }
    rig_close(r);
}

static void
each_kind_of_tail_is_named(void **state)
{
    static const struct {
        size_t at; /* byte of the last frame that is changed */
        const char *reason;
    } ROWS[] = {{0, "magic or length"}, {4, "magic or length"}, {9, "checksum"}, {15, "checksum"},
                {20, "checksum"},       {40, "checksum"},       {60, "checksum"}};
    struct rig *r = *state;
    struct slice four = {0};
    struct slice whole = {0};

    rig_start(r);
    rig_add(r, 4, 1);
    rig_close(r);
    four = scratch_read(r->audit, "log");
    rig_start(r);
    rig_add(r, 1, 1);
    rig_close(r);
    whole = scratch_read(r->audit, "log");
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        tail_is_cut(r, whole, four.len + ROWS[i].at, ROWS[i].reason);
    }
    scratch_free(four);
    scratch_free(whole);
}

static void
zeros_after_the_last_record_are_room(void **state)
{
    static const size_t LENGTHS[] = {1, 7, 59, 60, 4096, 3 << 20};
    struct rig *r = *state;
    off_t size = 0;

    rig_start(r);
    rig_add(r, 4, 1);
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++) {
        rig_close(r);
        size = log_size(r);
        lengthen(r, LENGTHS[i], "");
        rig_start(r);
        assert_int_equal(r->seen, 4 + i);
        assert_int_equal(r->tail.bytes, 0);
        assert_string_equal(r->tail.reason, "");
        assert_int_equal(log_size(r), size);
        rig_add(r, 1, 1);
    }
}

static void
zeros_and_then_something_are_torn(void **state)
{
    static const size_t ZEROS[] = {8, 512, 4096, 1 << 18, 1000001};
    struct rig *r = *state;
    off_t size = 0;

    rig_start(r);
    rig_add(r, 4, 1);
    rig_close(r);
    size = log_size(r);
    for (size_t i = 0; i < sizeof ZEROS / sizeof ZEROS[0]; i++) {
        lengthen(r, ZEROS[i], "x");
        rig_start(r);
        assert_int_equal(r->seen, 4);
        assert_int_equal(r->tail.bytes, ZEROS[i] + 1);
        assert_non_null(strstr(r->tail.reason, "magic or length"));
        assert_int_equal(log_size(r), size);
        rig_close(r);
    }
}

/* Of the last record only the beginning has reached the disk, and where its rest belongs there
 * still is room. */
static void
a_record_torn_inside_the_room_is_cut(void **state)
{
    struct rig *r = *state;
    size_t size = 0;
    struct slice whole = {0};

    rig_start(r);
    rig_add(r, 4, 1);
    size = (size_t)log_size(r);
    rig_add(r, 1, 1);
    rig_close(r);
    lengthen(r, 8192, "");
    whole = scratch_read(r->audit, "log");

    uint8_t *copy = mem_new(whole.len, 1);

    for (size_t kept = 1; size + kept < whole.len - 8192; kept++) {
        memcpy(copy, whole.ptr, size + kept);
        damage(r, (struct slice){copy, whole.len});
        rig_start(r);
        assert_int_equal(r->seen, 4);
        assert_int_equal(r->tail.bytes, whole.len - size);
        assert_true(r->tail.reason[0] != '\0');
        assert_int_equal(log_size(r), size);
        rig_close(r);
    }
    mem_free(copy);
    scratch_free(whole);
}

/* Zeros below the checkpoint are no room: records were there. */
static void
zeros_in_place_of_published_records_refuse_to_start(void **state)
{
    struct rig *r = *state;
    char path[SCRATCH_NAME];
    off_t size = 0;

    rig_start(r);
    rig_add(r, 4, 1);
    size = log_size(r);
    rig_add(r, 1, 1);
    rig_publish(r);
    rig_close(r);
    (void)snprintf(path, sizeof path, "%s/log", r->audit);
    assert_int_equal(truncate(path, size), 0);
    lengthen(r, 4096, "");
    does_not_open(r, "test.example/log", "4 records are sound, the signed checkpoint covers 5");
    assert_int_equal(log_size(r), size + 4096);
}

static void
a_log_that_grows_quickly_gets_room(void **state)
{
    struct rig *r = *state;
    struct slice whole = {0};
    off_t end = 0;
    size_t n = 0;

    rig_start(r);
    while (long_bytes(n) < LOG_ROOM_STEP) {
        assert_int_equal(log_size(r), long_bytes(n)); /* a log that does not gets none */
        add_long(r, 7);
        n += 7;
    }
    end = log_size(r);
    for (int steps = 0; steps < 3; n += 7) {
        assert_true(log_size(r) - long_bytes(n) >= LOG_ROOM_LEAST - 7 * LOG_FRAME_MAX);
        add_long(r, 7);
        if (log_size(r) != end) {
            assert_int_equal(log_size(r), end + LOG_ROOM_STEP);
            assert_true(end - long_bytes(n) < LOG_ROOM_LEAST + 7 * LOG_FRAME_MAX);
            end = log_size(r);
            steps++;
        }
    }
    rig_close(r);
    whole = scratch_read(r->audit, "log");
    assert_true(
        slice_zero((struct slice){whole.ptr + long_bytes(n), whole.len - (size_t)long_bytes(n)}));
    scratch_free(whole);
    rig_start(r);
    assert_int_equal(r->seen, n);
    assert_int_equal(r->tail.bytes, 0);
    assert_int_equal(log_size(r), long_bytes(n));
    add_long(r, 7); /* another life, which has done little yet */
    assert_int_equal(log_size(r), long_bytes(n + 7));
}

/* A record that was taken out, with everything before and after it whole. */
static void
a_missing_record_is_named(void **state)
{
    struct rig *r = *state;
    struct slice whole = {0};
    size_t second = 0;
    size_t third = 0;

    rig_start(r);
    rig_add(r, 4, 1);
    rig_close(r);
    whole = scratch_read(r->audit, "log");
    second = log_frame_need(whole);
    third = second + log_frame_need((struct slice){whole.ptr + second, whole.len - second});

    uint8_t *copy = mem_new(whole.len, 1);

    memcpy(copy, whole.ptr, second);
    memcpy(copy + second, whole.ptr + third, whole.len - third);
    damage(r, (struct slice){copy, whole.len - (third - second)});
    rig_start(r);
    assert_int_equal(r->seen, 1);
    assert_non_null(strstr(r->tail.reason, "sequence 2, wanted 1"));
    mem_free(copy);
    scratch_free(whole);
}

static void
damage_below_the_checkpoint_refuses_to_start(void **state)
{
    struct rig *r = *state;
    struct slice whole = {0};
    struct slice after = {0};

    rig_start(r);
    rig_add(r, 300, 50);
    rig_publish(r);
    rig_close(r);
    whole = scratch_read(r->audit, "log");

    uint8_t *copy = mem_new(whole.len, 1);

    for (size_t at = 1; at < whole.len; at += whole.len / 37) {
        memcpy(copy, whole.ptr, whole.len);
        copy[at] ^= 0x10;
        damage(r, (struct slice){copy, whole.len});
        does_not_open(r, "test.example/log", "the signed checkpoint covers 300");
        after = scratch_read(r->audit, "log"); /* and nothing was cut */
        assert_int_equal(after.len, whole.len);
        scratch_free(after);
    }
    damage(r, (struct slice){whole.ptr, whole.len - 1});
    does_not_open(r, "test.example/log", "299 records are sound, the signed checkpoint covers 300");
    damage(r, (struct slice){0});
    does_not_open(r, "test.example/log", "0 records are sound");
    damage(r, whole);
    rig_start(r);
    assert_int_equal(r->seen, 300);
    mem_free(copy);
    scratch_free(whole);
}

static void
a_failed_fdatasync_is_an_error(void **state)
{
    struct rig *r = *state;
    struct why why = {0};

    rig_start(r);
    rig_add(r, 3, 1);
    log_append(r->log, 1, slice_text("{}"));
    sync_fails = true;
    refused(log_commit(r->log, &why), ERR_IO, &why, "fdatasync: Input/output error");
    sync_fails = false;
}

static void
a_full_disk_is_an_error(void **state)
{
    struct rig *r = *state;
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        const struct rlimit limit = {.rlim_cur = 100, .rlim_max = 100};
        struct why why = {0};

        (void)signal(SIGXFSZ, SIG_IGN);
        rig_start(r);
        log_append(r->log, 1, slice_text("{\"v\":1,\"seq\":0,\"text\":\"longer than that\"}"));
        log_append(r->log, 1, slice_text("{\"v\":1,\"seq\":1,\"text\":\"longer than that\"}"));
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
            _exit(2);
        }
        _exit(log_commit(r->log, &why) == ERR_IO && strstr(why_text(&why), "write:") != NULL ? 0
                                                                                             : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    rig_start(r); /* half a frame is there, of a record that nobody was told about */
    assert_int_equal(r->seen, 0);
    assert_int_equal(r->tail.bytes, 100);
}

/* The same while room is made: what does not fit ahead ends it before anything is torn. */
static void
a_disk_without_room_is_an_error(void **state)
{
    const struct rlimit limit = {.rlim_cur = 3 << 19, .rlim_max = 3 << 19};
    struct rig *r = *state;
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        uint8_t text[TLOG_ENTRY_MAX] = {'x'};
        struct why why = {0};
        enum err err = ERR_OK;

        (void)signal(SIGXFSZ, SIG_IGN);
        rig_start(r);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
            _exit(2);
        }
        for (size_t i = 0; i < 300 && err == ERR_OK; i++) {
            log_append(r->log, 1, (struct slice){text, sizeof text});
            err = log_commit(r->log, &why);
        }
        _exit(err == ERR_IO && strstr(why_text(&why), "write:") != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    rig_start(r);
    assert_int_equal(r->seen, LOG_ROOM_STEP / LOG_FRAME_MAX);
    assert_int_equal(r->tail.bytes, 0);
}

static void
one_log_has_one_mint(void **state)
{
    struct rig *r = *state;
    struct log *second = NULL;
    struct why why = {0};

    rig_start(r);
    refused(log_open(r->dir, &second, &why), ERR_UNABLE, &why, "held by another mint");
    rig_close(r);
    fine(log_open(r->dir, &second, &why), &why);
    log_free(&second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_committed_comes_back),
        TEST(long_entries_come_back),
        TEST(uncommitted_records_are_not_there),
        TEST(every_torn_tail_above_the_checkpoint_is_cut),
        TEST(each_kind_of_tail_is_named),
        TEST(zeros_after_the_last_record_are_room),
        TEST(zeros_and_then_something_are_torn),
        TEST(a_record_torn_inside_the_room_is_cut),
        TEST(zeros_in_place_of_published_records_refuse_to_start),
        TEST(a_log_that_grows_quickly_gets_room),
        TEST(a_missing_record_is_named),
        TEST(damage_below_the_checkpoint_refuses_to_start),
        TEST(a_failed_fdatasync_is_an_error),
        TEST(a_full_disk_is_an_error),
        TEST(a_disk_without_room_is_an_error),
        TEST(one_log_has_one_mint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
