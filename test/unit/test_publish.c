/* SPDX-License-Identifier: Apache-2.0 */
/* test_publish.c - tiles, bundles and checkpoints say what the log says, and nobody else's
 * checkpoint is believed. */
#include "test/unit/log_rig.h"

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
    char path[SCRATCH_NAME];

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
    rig_add(r, 1000, 64); /* however many */
    assert_int_equal(publish_wait_ms(r->view, 5001), PUBLISH_EVERY_MS - 1);
    assert_int_equal(publish_wait_ms(r->view, 4000), PUBLISH_EVERY_MS); /* a clock that went back */
    fine(publish_now(r->view, 6000, &why), &why);
    assert_int_equal(publish_wait_ms(r->view, 9999), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rewritten_history_refuses_to_start),
        TEST(foreign_and_edited_checkpoints_refuse_to_start),
        TEST(the_view_is_the_tree_of_the_log),
        TEST(the_second_level_is_written),
        TEST(the_view_is_rebuilt_from_the_log),
        TEST(publishing_waits_for_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
