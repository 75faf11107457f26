/* SPDX-License-Identifier: Apache-2.0 */
/* test_tlog.c - Merkle tree, tiles, frames and notes: against published vectors, a second
 * implementation, and damage. */
#include "attest/base/b64.h"
#include "attest/tlog/frame.h"
#include "attest/tlog/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/text.h"
#include "common/mem.h"

static void
refused(enum err got, enum err wanted, const struct why *why, const char *reason)
{
    assert_int_equal(got, wanted);
    for (size_t i = 0; i < why->n; i++) {
        if (strstr(why->link[i], reason) != NULL) {
            return;
        }
    }
    fail_msg("refused because \"%s\", wanted \"%s\"", why_text(why), reason);
}

static struct slice
bytes_of(const void *p, size_t len)
{
    return (struct slice){p, len};
}

static void
same_hex(const uint8_t hash[SHA256_LEN], const char *hex)
{
    char text[2 * SHA256_LEN + 1];

    hex_encode(bytes_of(hash, SHA256_LEN), text);
    assert_string_equal(text, hex);
}

/* The definition of RFC 6962 section 2.1, word by word; shares nothing with the code under test
 * but SHA-256. */
static void
naive_root(const uint8_t (*leaf)[SHA256_LEN], size_t n, uint8_t out[SHA256_LEN])
{
    uint8_t in[1 + 2 * SHA256_LEN] = {0x01};
    size_t k = 1;

    if (n == 0) {
        hash_sha256(bytes_of("", 0), out);
        return;
    }
    if (n == 1) {
        memcpy(out, leaf[0], SHA256_LEN);
        return;
    }
    while (2 * k < n) {
        k *= 2;
    }
    naive_root(leaf, k, in + 1);
    naive_root(leaf + k, n - k, in + 1 + SHA256_LEN);
    hash_sha256(bytes_of(in, sizeof in), out);
}

static void
naive_leaf(const uint8_t *entry, size_t len, uint8_t out[SHA256_LEN])
{
    uint8_t in[64] = {0x00};

    memcpy(in + 1, entry, len);
    hash_sha256(bytes_of(in, 1 + len), out);
}

/* The tree that Certificate Transparency implementations test themselves with. */
static void
published_roots(void **state)
{
    static const struct {
        const char *entry; /* hex */
        const char *root;  /* of the tree up to and with it */
    } TREE[] = {
        {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"606162636465666768696a6b6c6d6e6f",
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct tlog_tree t = {0};
    uint8_t root[SHA256_LEN];
    struct why why = {0};

    (void)state;
    tlog_root(&t, root);
    same_hex(root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof TREE / sizeof TREE[0]; i++) {
        uint8_t entry[32];
        uint8_t leaf[SHA256_LEN];
        size_t len = 0;

        assert_int_equal(hex_decode(slice_text(TREE[i].entry), entry, sizeof entry, &len, &why),
                         ERR_OK);
        tlog_leaf(bytes_of(entry, len), leaf);
        tlog_push(&t, leaf);
        tlog_root(&t, root);
        same_hex(root, TREE[i].root);
    }
}

enum { MANY = TLOG_TILE * TLOG_TILE + 3 * TLOG_TILE + 17 };

static uint8_t (*many_leaves(void))[SHA256_LEN]
{
    uint8_t(*leaf)[SHA256_LEN] = mem_new(MANY, SHA256_LEN);

    for (size_t i = 0; i < MANY; i++) {
        uint8_t entry[4] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), 7};
        uint8_t mine[SHA256_LEN];

        naive_leaf(entry, sizeof entry, leaf[i]);
        tlog_leaf(bytes_of(entry, sizeof entry), mine);
        assert_memory_equal(mine, leaf[i], SHA256_LEN);
    }
    return leaf;
}

static void
every_size_has_the_root_of_the_definition(void **state)
{
    uint8_t(*leaf)[SHA256_LEN] = many_leaves();
    struct tlog_tree t = {0};
    uint8_t mine[SHA256_LEN];
    uint8_t theirs[SHA256_LEN];

    (void)state;
    for (size_t n = 0; n < MANY; n++) {
        if (n < 600 || n % 4099 == 0 || n == MANY - 1) {
            tlog_root(&t, mine);
            naive_root((const uint8_t(*)[SHA256_LEN])leaf, n, theirs);
            assert_memory_equal(mine, theirs, SHA256_LEN);
        }
        tlog_push(&t, leaf[n]);
    }
    mem_free(leaf);
}

/* Every hash of a full tile of level L is the root over the 256^L leaves below it. */
static void
tile_is_right(const struct tlog_tiles *t, size_t level, const uint8_t (*leaf)[SHA256_LEN])
{
    size_t below = level == 0 ? 1 : TLOG_TILE;
    size_t first = (size_t)((t->size >> 8 * (level + 1)) - 1) * TLOG_TILE * below;
    uint8_t root[SHA256_LEN];

    for (size_t i = 0; i < TLOG_TILE; i += level == 0 ? 1 : 85) {
        naive_root(leaf + first + i * below, below, root);
        assert_memory_equal(t->edge[level] + i * SHA256_LEN, root, SHA256_LEN);
    }
}

static void
tiles_hold_the_roots_below_them(void **state)
{
    uint8_t(*leaf)[SHA256_LEN] = many_leaves();
    struct tlog_tiles *t = mem_new(1, sizeof *t);
    size_t full[2] = {0};

    (void)state;
    for (size_t n = 0; n < MANY; n++) {
        size_t levels = tlog_tiles_push(t, leaf[n]);

        assert_true(levels <= 2);
        for (size_t l = 0; l < levels; l++) {
            tile_is_right(t, l, (const uint8_t(*)[SHA256_LEN])leaf);
            full[l]++;
        }
    }
    assert_int_equal(full[0], MANY / TLOG_TILE);
    assert_int_equal(full[1], 1);
    assert_int_equal(tlog_tiles_width(MANY, 0), 17);
    assert_int_equal(tlog_tiles_width(MANY, 1), 3);
    assert_int_equal(tlog_tiles_width(MANY, 2), 1);
    mem_free(t);
    mem_free(leaf);
}

static void
paths_are_those_of_the_specification(void **state)
{
    char path[TLOG_PATH];

    (void)state;
    tlog_tile_path(0, 0, TLOG_TILE, path);
    assert_string_equal(path, "tile/0/000");
    tlog_tile_path(3, 1234067, TLOG_TILE, path);
    assert_string_equal(path, "tile/3/x001/x234/067");
    tlog_tile_path(0, 999, 5, path);
    assert_string_equal(path, "tile/0/999.p/5");
    tlog_tile_path(0, 1000, 255, path);
    assert_string_equal(path, "tile/0/x001/000.p/255");
    tlog_bundle_path(1000000, 1, path);
    assert_string_equal(path, "tile/entries/x001/x000/000.p/1");
    tlog_bundle_path(UINT64_MAX, 255, path);
    assert_string_equal(path, "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255");
}

/* RFC 3720 appendix B.4. */
static void
crc_vectors(void **state)
{
    uint8_t block[32] = {0};

    (void)state;
    assert_int_equal(crc32c(0, bytes_of("123456789", 9)), 0xe3069283);
    assert_int_equal(crc32c(0, bytes_of(block, sizeof block)), 0x8a9136aa);
    memset(block, 0xff, sizeof block);
    assert_int_equal(crc32c(0, bytes_of(block, sizeof block)), 0x62a8ab43);
    assert_int_equal(crc32c(crc32c(0, bytes_of("1234", 4)), bytes_of("56789", 5)), 0xe3069283);
}

static size_t
frame_make(uint8_t dst[LOG_FRAME_MAX], const struct log_cursor *at, const char *entry)
{
    struct wr w = wr_init(dst, LOG_FRAME_MAX, "test.frame");
    struct log_frame f = {.seq = at->seq, .time_ms = 1795543727000, .entry = slice_text(entry)};

    memcpy(f.chain, at->chain, sizeof f.chain);
    log_frame_encode(&w, &f);
    assert_false(w.full);
    return w.len;
}

static void
frames_come_back(void **state)
{
    uint8_t buf[3 * LOG_FRAME_MAX];
    struct log_cursor w = {0};
    struct log_cursor r = {0};
    struct log_frame f = {0};
    struct why why = {0};
    size_t len = 0;

    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        size_t n = frame_make(buf + len, &w, "{\"v\":1}");

        assert_int_equal(n, LOG_HEAD + 7);
        assert_int_equal(log_cursor_next(&w, bytes_of(buf + len, n), &f, &why), ERR_OK);
        len += n;
    }
    for (uint64_t i = 0; i < 3; i++) {
        struct slice in = bytes_of(buf + r.offset, len - r.offset);

        assert_int_equal(log_frame_need(in), LOG_HEAD + 7);
        assert_int_equal(log_cursor_next(&r, in, &f, &why), ERR_OK);
        assert_int_equal(f.seq, i);
        assert_int_equal(f.time_ms, 1795543727000);
        assert_true(slice_same(f.entry, slice_text("{\"v\":1}")));
    }
    assert_int_equal(r.offset, len);
    assert_memory_equal(r.chain, w.chain, sizeof r.chain);
}

static void
every_truncation_and_every_bit_of_a_frame(void **state)
{
    uint8_t buf[LOG_FRAME_MAX];
    struct log_cursor at = {0};
    size_t len = frame_make(buf, &at, "{\"v\":1,\"seq\":0}");
    struct log_frame f = {0};

    (void)state;
    for (size_t n = 0; n < len; n++) {
        struct why why = {0};

        assert_int_equal(log_frame_decode(bytes_of(buf, n), &f, &why), ERR_MALFORMED);
        assert_true(why.n > 0);
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct why why = {0};

        buf[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(log_frame_decode(bytes_of(buf, len), &f, &why), ERR_MALFORMED);
        buf[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void
frames_out_of_order_are_named(void **state)
{
    uint8_t buf[LOG_FRAME_MAX];
    struct log_cursor at = {.seq = 4};
    struct log_cursor other = {.seq = 5};
    struct log_frame f = {0};
    struct why why = {0};
    size_t len = frame_make(buf, &at, "{}");

    (void)state;
    refused(log_cursor_next(&other, bytes_of(buf, len), &f, &why), ERR_MALFORMED, &why,
            "sequence 4, wanted 5");
    other = at;
    other.chain[31] ^= 1;
    why.n = 0;
    refused(log_cursor_next(&other, bytes_of(buf, len), &f, &why), ERR_MALFORMED, &why,
            "chain of record 4");
    assert_int_equal(other.seq, 4);
    assert_int_equal(other.offset, 0);
    buf[50] ^= 1;
    why.n = 0;
    refused(log_cursor_next(&at, bytes_of(buf, len), &f, &why), ERR_MALFORMED, &why, "checksum");
    why.n = 0;
    memset(buf, 0, sizeof buf);
    refused(log_frame_decode(bytes_of(buf, sizeof buf), &f, &why), ERR_MALFORMED, &why,
            "magic or length");
}

static void
base64_is_strict(void **state)
{
    static const struct {
        const char *text;
        const char *reason; /* NULL: good */
    } ROWS[] = {
        {"", NULL},
        {"Zg==", NULL},
        {"Zm8=", NULL},
        {"Zm9v", NULL},
        {"Zm9vYmFy", NULL},
        {"Zg=", "multiple of 4"},
        {"Zg", "multiple of 4"},
        {"Zh==", "unused bits"},
        {"Zm9=", "unused bits"},
        {"Zg==Zg==", "bad character"},
        {"Z===", "bad character"},
        {"====", "bad character"},
        {"Zm9-", "bad character"},
        {"Zm9_", "bad character"},
        {"Zm9 ", "bad character"},
        {"Zm9\n", "bad character"},
    };
    uint8_t raw[16];
    char back[32];

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct why why = {0};
        size_t len = 0;
        enum err err = b64_decode(slice_text(ROWS[i].text), raw, sizeof raw, &len, &why);

        if (ROWS[i].reason != NULL) {
            refused(err, ERR_MALFORMED, &why, ROWS[i].reason);
            continue;
        }

        struct wr w = wr_init((uint8_t *)back, sizeof back, "test");

        assert_int_equal(err, ERR_OK);
        b64_write(&w, bytes_of(raw, len));
        assert_int_equal(wr_cstr(&w, &why), ERR_OK);
        assert_string_equal(back, ROWS[i].text);
    }

    struct why why = {0};
    size_t len = 0;

    refused(b64_decode(slice_text("Zm9vYmFy"), raw, 5, &len, &why), ERR_LIMIT, &why, "at most 5");
}

/* The example in the documentation of golang.org/x/mod/sumdb/note: made by another
 * implementation. */
static const char VKEY[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char NOTE[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg"
    "KvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static void
a_note_of_another_implementation_verifies(void **state)
{
    struct note_key key;
    struct slice text = {0};
    struct why why = {0};
    char back[NOTE_VKEY_MAX];

    (void)state;
    assert_int_equal(note_key_read(slice_text(VKEY), &key, &why), ERR_OK);
    note_key_text(&key, back);
    assert_string_equal(back, VKEY);
    assert_int_equal(note_open(slice_text(NOTE), &key, &text, &why), ERR_OK);
    assert_int_equal(text.len, strstr(NOTE, "\n\n") + 1 - NOTE);
}

static void
no_bit_of_a_note_can_change(void **state)
{
    struct note_key key;
    struct why why = {0};
    char note[sizeof NOTE];
    struct slice text = {0};

    (void)state;
    assert_int_equal(note_key_read(slice_text(VKEY), &key, &why), ERR_OK);
    memcpy(note, NOTE, sizeof note);
    for (size_t bit = 0; bit < 8 * (sizeof note - 1); bit++) {
        struct why reason = {0};

        note[bit / 8] = (char)(note[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(note_open(bytes_of(note, sizeof note - 1), &key, &text, &reason),
                             ERR_OK);
        note[bit / 8] = (char)(note[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t n = 0; n < sizeof note - 1; n++) {
        struct why reason = {0};

        assert_int_not_equal(note_open(bytes_of(note, n), &key, &text, &reason), ERR_OK);
    }
}

static void
notes_are_refused_by_name(void **state)
{
    static const struct {
        const char *note;
        enum err err;
        const char *reason;
    } ROWS[] = {
        {"text\n", ERR_MALFORMED, "no signature block"},
        {"text\n\n", ERR_MALFORMED, "no signature block"},
        {"te\txt\n\n\xe2\x80\x94 a AAAAAAA=\n", ERR_MALFORMED, "control character at byte 2"},
        {"text\n\n- a AAAAAAA=\n", ERR_MALFORMED, "without em dash"},
        {"text\n\n\xe2\x80\x94 a\n", ERR_MALFORMED, "without a blank"},
        {"text\n\n\xe2\x80\x94 a+b AAAAAAA=\n", ERR_MALFORMED, "byte 0x2b"},
        {"text\n\n\xe2\x80\x94 a AAAA\n", ERR_MALFORMED, "signature of 3 bytes"},
        {"text\n\n\xe2\x80\x94 a !!!!\n", ERR_MALFORMED, "bad character"},
        {"text\n\n\xe2\x80\x94 other AAAAAAA=\n", ERR_DENIED, "no signature by PeterNeumann"},
        {"text\n\n\xe2\x80\x94 PeterNeumann x08gowAA\n", ERR_DENIED, "does not verify"},
    };
    struct note_key key;
    struct why why = {0};

    (void)state;
    assert_int_equal(note_key_read(slice_text(VKEY), &key, &why), ERR_OK);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct slice text = {0};

        why.n = 0;
        refused(note_open(slice_text(ROWS[i].note), &key, &text, &why), ROWS[i].err, &why,
                ROWS[i].reason);
    }
}

/* A witness may sign beside us, but seventeen signatures are a flood. */
static void
signatures_of_others_are_passed_over_and_counted(void **state)
{
    struct note_key key;
    struct why why = {0};
    struct slice text = {0};
    char note[NOTE_MAX];
    struct wr w = wr_init((uint8_t *)note, sizeof note, "test");

    (void)state;
    assert_int_equal(note_key_read(slice_text(VKEY), &key, &why), ERR_OK);
    wr_text(&w, NOTE);
    for (int i = 0; i < 15; i++) {
        wr_text(&w, "\xe2\x80\x94 witness AAAAAAA=\n");
    }
    assert_int_equal(note_open(wr_done(&w), &key, &text, &why), ERR_OK);
    wr_text(&w, "\xe2\x80\x94 witness AAAAAAA=\n");
    refused(note_open(wr_done(&w), &key, &text, &why), ERR_LIMIT, &why, "more than 16");
}

static void
verifier_keys_are_refused_by_name(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } ROWS[] = {
        {"", "NAME+HASH+KEY"},
        {"PeterNeumann+c74f20a3", "NAME+HASH+KEY"},
        {"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key name of 0 bytes"},
        {"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "byte 0x20"},
        {"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "not of this key"},
        {"PeterNeumann+c74f20+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "not of this key"},
        {"PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "not of Ed25519"},
        {"PeterNeumann+c74f20a3+ARpc2QcU", "not of Ed25519"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct note_key key;
        struct why why = {0};

        refused(note_key_read(slice_text(ROWS[i].text), &key, &why), ERR_MALFORMED, &why,
                ROWS[i].reason);
    }
}

static void
checkpoints(void **state)
{
    static const struct {
        const char *text;
        const char *reason; /* NULL: good */
    } ROWS[] = {
        {"a/log\n17\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", NULL},
        {"a/log\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", NULL},
        {"a/log\n017\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "size is not a number"},
        {"a/log\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "size is not a number"},
        {"a/log\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "size is not a number"},
        {"a/log\n99999999999999999999\nAAAA\n", "size is not a number"},
        {"\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "origin of 0 bytes"},
        {"a/log\n1\nAAAA\n", "root of 3 bytes"},
        {"a/log\n1\n", "three lines"},
        {"a/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n", "three lines"},
        {"a/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "three lines"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct checkpoint cp = {0};
        struct why why = {0};
        enum err err = checkpoint_read(slice_text(ROWS[i].text), &cp, &why);

        if (ROWS[i].reason != NULL) {
            refused(err, ERR_MALFORMED, &why, ROWS[i].reason);
            continue;
        }

        char back[256];
        struct wr w = wr_init((uint8_t *)back, sizeof back, "test");

        assert_int_equal(err, ERR_OK);
        checkpoint_write(&w, &cp);
        assert_int_equal(wr_cstr(&w, &why), ERR_OK);
        assert_string_equal(back, ROWS[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_roots),
        cmocka_unit_test(every_size_has_the_root_of_the_definition),
        cmocka_unit_test(tiles_hold_the_roots_below_them),
        cmocka_unit_test(paths_are_those_of_the_specification),
        cmocka_unit_test(crc_vectors),
        cmocka_unit_test(frames_come_back),
        cmocka_unit_test(every_truncation_and_every_bit_of_a_frame),
        cmocka_unit_test(frames_out_of_order_are_named),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(a_note_of_another_implementation_verifies),
        cmocka_unit_test(no_bit_of_a_note_can_change),
        cmocka_unit_test(notes_are_refused_by_name),
        cmocka_unit_test(signatures_of_others_are_passed_over_and_counted),
        cmocka_unit_test(verifier_keys_are_refused_by_name),
        cmocka_unit_test(checkpoints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
