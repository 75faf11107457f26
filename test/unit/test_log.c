/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - the append file and its published view: what is written comes back, what is damaged is named, what cannot be written
 * ends it. */
#include "test/unit/mint_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "broker/mint/log.h"
#include "broker/mint/publish.h"

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

/* A data folder, opened as the mint opens it. */
struct rig {
    char path[SCRATCH_PATH];
    char audit[SCRATCH_PATH + 8];
    int data;
    int dir;
    struct keyring *keys;
    struct log *log;
    struct publish *view;
    struct log_tail tail;
    uint64_t seen; /* records of the scan */
};

static int
setup(void **state)
{
    struct rig *r = mem_new(1, sizeof *r);

    scratch_make(r->path);
    (void)snprintf(r->audit, sizeof r->audit, "%s/audit", r->path);
    assert_int_equal(mkdir(r->audit, 0700), 0);
    r->data = scratch_open(r->path);
    r->dir = scratch_open(r->audit);
    *state = r;
    return 0;
}

static void
rig_close(struct rig *r)
{
    publish_free(&r->view);
    log_free(&r->log);
    keyring_free(&r->keys);
}

static int
teardown(void **state)
{
    struct rig *r = *state;

    sync_fails = false;
    rig_close(r);
    (void)close(r->data);
    (void)close(r->dir);
    scratch_remove(r->path);
    mem_free(r);
    return 0;
}

static enum err
visit(void *ctx, struct slice entry, struct why *why)
{
    struct rig *r = ctx;

    r->seen++;
    return publish_push(r->view, entry, why);
}

static enum err
rig_open(struct rig *r, const char *origin, struct why *why)
{
    const struct log_visitor visitor = {.record = visit, .ctx = r};

    r->seen = 0;
    TRY(log_open(r->dir, &r->log, why));
    TRY(keyring_open(r->data, &r->keys, why));
    TRY(publish_open(r->dir, origin, r->keys, &r->view, why));
    return log_scan(r->log, publish_covered(r->view), &visitor, &r->tail, why);
}

static void
rig_start(struct rig *r)
{
    struct why why = {0};

    fine(rig_open(r, "test.example/log", &why), &why);
}

static void
entry_of(uint64_t i, char dst[64])
{
    (void)snprintf(dst, 64, "{\"v\":1,\"seq\":%llu,\"text\":\"%0*d\"}", (unsigned long long)i,
                   (int)(i % 29) + 1, 7);
}

/* n records in batches of `batch`. */
static void
rig_add(struct rig *r, size_t n, size_t batch)
{
    struct why why = {0};

    for (size_t i = 0; i < n; i++) {
        char text[64];

        entry_of(log_next(r->log), text);
        log_append(r->log, 1795543727000, slice_text(text));
        fine(publish_push(r->view, slice_text(text), &why), &why);
        if (i % batch == batch - 1 || i == n - 1) {
            fine(log_commit(r->log, &why), &why);
        }
    }
}

static void
rig_publish(struct rig *r)
{
    struct why why = {0};

    fine(publish_now(r->view, 0, &why), &why);
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

/* Entries of the greatest length, so that every window of the scan ends inside a frame. */
static void
long_entries_come_back(void **state)
{
    struct rig *r = *state;
    struct why why = {0};
    uint8_t text[TLOG_ENTRY_MAX];

    rig_start(r);
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < 300; i++) {
        struct slice entry = {text, sizeof text - i % 7};

        log_append(r->log, 1, entry);
        fine(log_commit(r->log, &why), &why);
        fine(publish_push(r->view, entry, &why), &why);
    }
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

/* Change the append file behind the mint's back. */
static void
damage(const struct rig *r, struct slice bytes)
{
    scratch_write(r->audit, "log", bytes, 0640);
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

static void
each_kind_of_tail_is_named(void **state)
{
    static const struct {
        size_t at; /* byte of the last frame that is changed */
        const char *reason;
    } ROWS[] = {{0, "magic or length"}, {4, "magic or length"}, {9, "checksum"}, {15, "checksum"},
                {20, "checksum"},       {40, "checksum"},       {60, "checksum"}};
    struct rig *r = *state;
    struct slice whole = {0};
    size_t last = 0;

    rig_start(r);
    rig_add(r, 4, 1);
    rig_close(r);
    whole = scratch_read(r->audit, "log");
    last = whole.len;
    scratch_free(whole);
    rig_start(r);
    rig_add(r, 1, 1);
    rig_close(r);
    whole = scratch_read(r->audit, "log");
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        uint8_t *copy = mem_new(whole.len, 1);

        memcpy(copy, whole.ptr, whole.len);
        copy[last + ROWS[i].at] ^= 0x40;
        damage(r, (struct slice){copy, whole.len});
        rig_start(r);
        assert_int_equal(r->seen, 4);
        if (strstr(r->tail.reason, ROWS[i].reason) == NULL) {
            fail_msg("cut because \"%s\", wanted \"%s\"", r->tail.reason, ROWS[i].reason);
        }
        rig_close(r);
        mem_free(copy);
    }
    scratch_free(whole);
}

static void
a_hole_of_zeros_is_cut(void **state)
{
    struct rig *r = *state;
    char path[2 * SCRATCH_PATH];
    struct stat st;

    rig_start(r);
    rig_add(r, 4, 1);
    rig_close(r);
    (void)snprintf(path, sizeof path, "%s/log", r->audit);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size + 4096), 0);
    rig_start(r);
    assert_int_equal(r->seen, 4);
    assert_int_equal(r->tail.bytes, 4096);
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
does_not_open(struct rig *r, const char *origin, const char *reason)
{
    struct why why = {0};

    refused(rig_open(r, origin, &why), ERR_UNABLE, &why, reason);
    rig_close(r);
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

/* Somebody rewrote the file with good checksums and a good chain, but could not sign. */
static void
a_rewritten_history_refuses_to_start(void **state)
{
    struct rig *r = *state;
    struct slice checkpoint = {0};
    struct why why = {0};

    rig_start(r);
    rig_add(r, 10, 1);
    rig_publish(r);
    rig_close(r);
    checkpoint = scratch_read(r->audit, "checkpoint");
    damage(r, (struct slice){0});
    assert_int_equal(unlinkat(r->dir, "checkpoint", 0), 0);
    rig_start(r);
    rig_add(r, 9, 1);
    log_append(r->log, 1, slice_text("{\"v\":1,\"seq\":9,\"text\":\"nothing to see\"}"));
    fine(log_commit(r->log, &why), &why);
    rig_close(r);
    scratch_write(r->audit, "checkpoint", checkpoint, 0640);
    does_not_open(r, "test.example/log", "first 10 records are not those of the signed checkpoint");
    scratch_free(checkpoint);
}

static void
foreign_and_edited_checkpoints_refuse_to_start(void **state)
{
    struct rig *r = *state;
    struct slice good = {0};
    char text[NOTE_MAX];

    rig_start(r);
    rig_add(r, 10, 1);
    rig_publish(r);
    rig_close(r);
    good = scratch_read(r->audit, "checkpoint");
    does_not_open(r, "other.example/log", "is not one of this log and key");
    (void)snprintf(text, sizeof text, "%.*s", (int)good.len, (const char *)good.ptr);
    assert_int_equal(strncmp(text, "test.example/log\n10\n", 20), 0);
    text[18] = '1'; /* 10 becomes 11 */
    scratch_write(r->audit, "checkpoint", slice_text(text), 0640);
    does_not_open(r, "test.example/log", "does not verify");
    scratch_write(r->audit, "checkpoint", (struct slice){0}, 0640);
    does_not_open(r, "test.example/log", "note: 0 bytes");
    scratch_write(r->audit, "checkpoint", good, 0640);
    rig_start(r);
    scratch_free(good);
}

/* RFC 6962 section 2.1 once more, over the entries as they should be. */
static void
naive_root(uint64_t first, uint64_t n, uint8_t out[SHA256_LEN])
{
    uint8_t in[1 + 2 * SHA256_LEN];
    char text[64];
    uint64_t k = 1;

    if (n == 1) {
        entry_of(first, text);
        in[0] = 0;
        memcpy(in + 1, text, strlen(text));
        hash_sha256((struct slice){in, 1 + strlen(text)}, out);
        return;
    }
    while (2 * k < n) {
        k *= 2;
    }
    in[0] = 1;
    naive_root(first, k, in + 1);
    naive_root(first + k, n - k, in + 1 + SHA256_LEN);
    hash_sha256((struct slice){in, sizeof in}, out);
}

static void
checkpoint_says(const struct rig *r, uint64_t size)
{
    struct slice note = scratch_read(r->audit, "checkpoint");
    struct slice vkey = scratch_read(r->audit, "log.vkey");
    struct note_key key;
    struct slice text = {0};
    struct checkpoint cp = {0};
    struct why why = {0};
    uint8_t root[SHA256_LEN];

    fine(note_key_read((struct slice){vkey.ptr, vkey.len - 1}, &key, &why), &why);
    fine(note_open(note, &key, &text, &why), &why);
    fine(checkpoint_read(text, &cp, &why), &why);
    assert_string_equal(cp.origin, "test.example/log");
    assert_int_equal(cp.size, size);
    naive_root(0, size, root);
    assert_memory_equal(cp.root, root, sizeof root);
    scratch_free(note);
    scratch_free(vkey);
}

/* A bundle or tile of the given width has what the entries say it has. */
static void
files_say(const struct rig *r, uint64_t index, size_t width)
{
    char path[TLOG_PATH];
    struct slice bundle = {0};
    struct slice tile = {0};
    size_t at = 0;

    tlog_bundle_path(index, width, path);
    bundle = scratch_read(r->audit, path);
    tlog_tile_path(0, index, width, path);
    tile = scratch_read(r->audit, path);
    assert_int_equal(tile.len, width * SHA256_LEN);
    for (size_t i = 0; i < width; i++) {
        char text[64];
        uint8_t leaf[SHA256_LEN];

        entry_of(index * TLOG_TILE + i, text);
        assert_true(at + 2 + strlen(text) <= bundle.len);
        assert_int_equal(bundle.ptr[at] << 8 | bundle.ptr[at + 1], strlen(text));
        assert_memory_equal(bundle.ptr + at + 2, text, strlen(text));
        at += 2 + strlen(text);
        naive_root(index * TLOG_TILE + i, 1, leaf);
        assert_memory_equal(tile.ptr + i * SHA256_LEN, leaf, SHA256_LEN);
    }
    assert_int_equal(at, bundle.len);
    scratch_free(bundle);
    scratch_free(tile);
}

static void
the_view_is_the_tree_of_the_log(void **state)
{
    struct rig *r = *state;

    rig_start(r);
    rig_add(r, 100, 64);
    rig_publish(r);
    checkpoint_says(r, 100);
    files_say(r, 0, 100);
    rig_add(r, 60, 64);
    rig_publish(r);
    checkpoint_says(r, 160);
    files_say(r, 0, 160);
    files_say(r, 0, 100); /* a reader with the older checkpoint still finds its tile */
    rig_add(r, 600, 64);
    rig_publish(r);
    checkpoint_says(r, 760);
    files_say(r, 0, 256);
    files_say(r, 1, 256);
    files_say(r, 2, 248);
    assert_int_equal(faccessat(r->dir, "tile/0/000.p", F_OK, 0), -1);
    assert_int_equal(faccessat(r->dir, "tile/entries/000.p", F_OK, 0), -1);
}

static void
the_second_level_is_written(void **state)
{
    struct rig *r = *state;
    struct slice tile = {0};
    uint8_t root[SHA256_LEN];

    rig_start(r);
    rig_add(r, 70000, 64);
    rig_publish(r);
    checkpoint_says(r, 70000);
    tile = scratch_read(r->audit, "tile/1/000");
    assert_int_equal(tile.len, TLOG_TILE * SHA256_LEN);
    for (size_t i = 0; i < TLOG_TILE; i += 51) {
        naive_root(i * TLOG_TILE, TLOG_TILE, root);
        assert_memory_equal(tile.ptr + i * SHA256_LEN, root, SHA256_LEN);
    }
    scratch_free(tile);
    tile = scratch_read(r->audit, "tile/2/000.p/1");
    naive_root(0, 65536, root);
    assert_memory_equal(tile.ptr, root, SHA256_LEN);
    scratch_free(tile);
    tile = scratch_read(r->audit, "tile/1/001.p/17");
    assert_int_equal(tile.len, 17 * SHA256_LEN);
    scratch_free(tile);
}

static void
the_view_is_rebuilt_from_the_log(void **state)
{
    struct rig *r = *state;
    char path[2 * SCRATCH_PATH];

    rig_start(r);
    rig_add(r, 600, 64);
    rig_publish(r);
    rig_close(r);
    (void)snprintf(path, sizeof path, "%s/tile", r->audit);
    scratch_remove(path);
    rig_start(r);
    rig_publish(r);
    checkpoint_says(r, 600);
    files_say(r, 0, 256);
    files_say(r, 1, 256);
    files_say(r, 2, 88);
    rig_close(r);
    (void)snprintf(path, sizeof path, "%s/tile/0/001", r->audit);
    assert_int_equal(truncate(path, 100), 0);
    rig_start(r);
    files_say(r, 1, 256);
}

static void
publishing_waits_for_its_time(void **state)
{
    struct rig *r = *state;
    struct why why = {0};

    rig_start(r);
    assert_int_equal(publish_wait_ms(r->view, 1000), 0); /* nothing published yet: at once */
    fine(publish_now(r->view, 5000, &why), &why);
    assert_int_equal(publish_wait_ms(r->view, 5001), -1);
    rig_add(r, 1, 1);
    assert_int_equal(publish_wait_ms(r->view, 5001), PUBLISH_EVERY_MS - 1);
    assert_int_equal(publish_wait_ms(r->view, 6000), 0);
    rig_add(r, PUBLISH_RECORDS - 1, 64);
    assert_int_equal(publish_wait_ms(r->view, 5001), PUBLISH_LEAST_MS - 1);
    assert_int_equal(publish_wait_ms(r->view, 5100), 0);
    fine(publish_now(r->view, 5100, &why), &why);
    assert_int_equal(publish_wait_ms(r->view, 9999), -1);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_committed_comes_back),
        TEST(long_entries_come_back),
        TEST(uncommitted_records_are_not_there),
        TEST(every_torn_tail_above_the_checkpoint_is_cut),
        TEST(each_kind_of_tail_is_named),
        TEST(a_hole_of_zeros_is_cut),
        TEST(a_missing_record_is_named),
        TEST(damage_below_the_checkpoint_refuses_to_start),
        TEST(a_rewritten_history_refuses_to_start),
        TEST(foreign_and_edited_checkpoints_refuse_to_start),
        TEST(the_view_is_the_tree_of_the_log),
        TEST(the_second_level_is_written),
        TEST(the_view_is_rebuilt_from_the_log),
        TEST(publishing_waits_for_its_time),
        TEST(a_failed_fdatasync_is_an_error),
        TEST(a_full_disk_is_an_error),
        TEST(one_log_has_one_mint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
