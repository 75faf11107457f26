/* SPDX-License-Identifier: Apache-2.0 */
/* test_base.c - errors, reader, writer, hashes, secrets: what everything else stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/hash.h"
#include "attest/base/rd.h"
#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "attest/base/wr.h"

static void
assert_hex(struct slice got, const char *want)
{
    char text[2 * 256 + 1];

    assert_true(got.len <= 256);
    hex_encode(got, text);
    assert_string_equal(text, want);
}

static void
innermost_cause_survives_a_full_chain(void **state)
{
    struct why why = {0};

    (void)state;
    assert_string_equal(why_text(&why), "");
    for (int i = 0; i < WHY_LINKS + 3; i++) {
        assert_int_equal(why_add(&why, ERR_IO, "link %d", i), ERR_IO);
    }
    assert_int_equal(why.n, WHY_LINKS);
    assert_string_equal(why_text(&why), "link 0");
    assert_string_equal(why.link[WHY_LINKS - 1], "link 8");
}

static void
long_reason_is_cut_not_overrun(void **state)
{
    struct why why = {0};
    char big[4 * WHY_TEXT];

    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(why_add(&why, ERR_LIMIT, "%s", big), ERR_LIMIT);
    assert_int_equal(strlen(why.link[0]), WHY_TEXT - 1);
}

static void
reader_reads_both_orders(void **state)
{
    static const uint8_t IN[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct rd r = rd_init((struct slice){IN, sizeof IN}, "t");
    struct why why = {0};

    (void)state;
    assert_int_equal(rd_u8(&r, "a"), 1);
    assert_int_equal(rd_le16(&r, "b"), 0x0302);
    assert_int_equal(rd_be16(&r, "c"), 0x0405);
    assert_int_equal(rd_le32(&r, "d"), 0x09080706);
    assert_int_equal(rd_be32(&r, "e"), 0x0a0b0c0d);
    assert_int_equal(rd_left(&r), 2);
    assert_int_equal(rd_be16(&r, "f"), 0x0e0f);
    assert_int_equal(rd_end(&r, &why), ERR_OK);

    r = rd_init((struct slice){IN, 8}, "t");
    assert_true(rd_le64(&r, "g") == UINT64_C(0x0807060504030201));
    r = rd_init((struct slice){IN, 8}, "t");
    assert_true(rd_be64(&r, "h") == UINT64_C(0x0102030405060708));
}

static void
reader_remembers_the_first_failure(void **state)
{
    static const uint8_t IN[] = {1, 2, 3};
    struct rd r = rd_init((struct slice){IN, sizeof IN}, "thing");
    struct why why = {0};
    uint8_t copy[4] = {9, 9, 9, 9};

    (void)state;
    assert_int_equal(rd_u8(&r, "first"), 1);
    assert_int_equal(rd_be32(&r, "second"), 0);
    assert_int_equal(rd_u8(&r, "third"), 0); /* the two bytes left are out of reach now */
    rd_copy(&r, "fourth", copy, sizeof copy);
    assert_memory_equal(copy, "\0\0\0\0", 4);
    rd_fail(&r, "fifth", "later");
    assert_int_equal(rd_end(&r, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "thing: second at byte 1: input too short");
}

static void
reader_refuses_leftovers_and_reserved_bytes(void **state)
{
    static const uint8_t IN[] = {0, 0, 7, 0};
    struct rd r = rd_init((struct slice){IN, sizeof IN}, "thing");
    struct why why = {0};

    (void)state;
    rd_zero(&r, "reserved", 2);
    assert_int_equal(rd_end(&r, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "thing: 2 bytes after the end, from byte 2");

    why = (struct why){0};
    r = rd_init((struct slice){IN, sizeof IN}, "thing");
    rd_zero(&r, "reserved", 4);
    assert_int_equal(rd_end(&r, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "thing: reserved at byte 2: reserved byte is not zero");
}

static void
sub_reader_counts_from_the_outside(void **state)
{
    static const uint8_t IN[] = {0, 0, 0, 1, 2};
    struct rd r = rd_init((struct slice){IN, sizeof IN}, "outer");
    struct why why = {0};

    (void)state;
    (void)rd_bytes(&r, "skip", 3);

    struct rd sub = rd_sub(&r, "inner", 2);

    (void)rd_be32(&sub, "field");
    assert_int_equal(rd_end(&sub, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "inner: field at byte 3: input too short");
    assert_int_equal(rd_end(&r, &why), ERR_OK);

    /* A sub-reader of a failed reader has failed too. */
    (void)rd_u8(&r, "gone");
    sub = rd_sub(&r, "inner", 0);
    assert_false(rd_ok(&sub));
}

static void
writer_writes_what_the_reader_reads(void **state)
{
    uint8_t buf[64];
    struct wr w = wr_init(buf, sizeof buf, "t");
    struct why why = {0};

    (void)state;
    wr_u8(&w, 1);
    wr_be16(&w, 0x0203);
    wr_be32(&w, 0x04050607);
    wr_be64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    wr_le16(&w, 0x0203);
    wr_le32(&w, 0x04050607);
    wr_le64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    wr_bytes(&w, (struct slice){NULL, 0});
    assert_int_equal(wr_end(&w, &why), ERR_OK);
    assert_hex(wr_done(&w), "0102030405060708090a0b0c0d0e0f0302070605040f0e0d0c0b0a0908");
}

static void
writer_writes_text(void **state)
{
    static const uint8_t BYTES[] = {0xfb, 0xff, 0x00, 0x10};
    char buf[128];
    struct wr w = wr_init((uint8_t *)buf, sizeof buf, "t");
    struct why why = {0};

    (void)state;
    wr_text(&w, "a");
    wr_fmt(&w, "%d", 42);
    wr_hex(&w, (struct slice){BYTES, 2});
    wr_u8(&w, '.');
    wr_b64url(&w, (struct slice){BYTES, 4});
    assert_int_equal(wr_cstr(&w, &why), ERR_OK);
    assert_string_equal(buf, "a42fbff.-_8AEA");
    assert_int_equal(w.len, strlen(buf));
}

static void
writer_escapes_json(void **state)
{
    static const char IN[] = "a\"\\/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9\xf0\x9f\x98\x80";
    char buf[128];
    struct wr w = wr_init((uint8_t *)buf, sizeof buf, "t");
    struct why why = {0};

    (void)state;
    wr_json(&w, slice_text(IN));
    assert_int_equal(wr_cstr(&w, &why), ERR_OK);
    assert_string_equal(buf,
                        "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f \xc3\xa9\xf0\x9f\x98\x80\"");

    w = wr_init((uint8_t *)buf, sizeof buf, "t");
    wr_json(&w, slice_text("\xc0\xaf"));
    assert_int_equal(wr_end(&w, &why), ERR_LIMIT);
}

/* Into every capacity too small for it: nothing is written beyond, and the end says so. */
static void
writer_never_passes_its_end(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 8 + 10 + 1; cap++) {
        uint8_t buf[24];
        struct wr w = wr_init(buf, cap, "small");
        struct why why = {0};

        memset(buf, 0xee, sizeof buf);
        wr_be64(&w, UINT64_MAX);
        wr_fmt(&w, "%s", "0123456789");
        wr_u8(&w, 1);
        assert_int_equal(wr_end(&w, &why), ERR_LIMIT);
        assert_int_equal(wr_cstr(&w, &why), ERR_LIMIT);
        assert_true(w.len <= cap);
        for (size_t i = cap; i < sizeof buf; i++) {
            assert_int_equal(buf[i], 0xee);
        }
    }
}

static void
hashes_match_fips_180(void **state)
{
    uint8_t out[HASH_MAX];
    struct why why = {0};
    const struct slice abc[] = {slice_text("a"), {NULL, 0}, slice_text("bc")};

    (void)state;
    assert_int_equal(hash_parts(HASH_SHA256, abc, 3, out, &why), ERR_OK);
    assert_hex((struct slice){out, 32},
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256(slice_text("abc"), out);
    assert_hex((struct slice){out, 32},
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256((struct slice){NULL, 0}, out);
    assert_hex((struct slice){out, 32},
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(hash_parts(HASH_SHA384, abc, 3, out, &why), ERR_OK);
    assert_hex((struct slice){out, 48},
               "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
               "8086072ba1e7cc2358baeca134c825a7");
    assert_int_equal(hash_parts(HASH_SHA512, abc, 3, out, &why), ERR_OK);
    assert_hex((struct slice){out, 64},
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

static void
sha1_and_unknown_are_named_and_refused(void **state)
{
    uint8_t out[HASH_MAX];
    struct why why = {0};

    (void)state;
    assert_int_equal(hash_parts(HASH_SHA1, NULL, 0, out, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "hash algorithm 0x0004 (sha1) is not accepted");
    why = (struct why){0};
    assert_int_equal(hash_parts(0x0012, NULL, 0, out, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "hash algorithm 0x0012 (unknown) is not accepted");

    assert_int_equal(hash_len(HASH_SHA1), 20);
    assert_int_equal(hash_len(0), 0);
    assert_string_equal(hash_name(HASH_SHA384), "sha384");
    assert_int_equal(hash_by_name(slice_text("sha512")), HASH_SHA512);
    assert_int_equal(hash_by_name(slice_text("SHA512")), 0);
    assert_int_equal(hash_by_name(slice_text("sha51")), 0);
}

static void
secrets_are_compared_whole_and_wiped(void **state)
{
    char secret[] = "secret";

    (void)state;
    assert_true(sec_equal(slice_text("abc"), slice_text("abc")));
    assert_false(sec_equal(slice_text("abc"), slice_text("abd")));
    assert_false(sec_equal(slice_text("abc"), slice_text("ab")));
    assert_true(sec_equal((struct slice){NULL, 0}, slice_text("")));
    sec_zero(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0\0", sizeof secret);
    assert_true(slice_same((struct slice){NULL, 0}, slice_text(NULL)));
}

static void
numbers_are_written_in_decimal(void **state)
{
    static const struct {
        int64_t number;
        const char *text;
    } ROWS[] = {{0, "0"},
                {9, "9"},
                {10, "10"},
                {-1, "-1"},
                {1795543727, "1795543727"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        uint8_t buf[24];
        struct why why = {0};
        struct slice wanted = slice_text(ROWS[i].text);
        struct wr w = wr_init(buf, wanted.len, "exact");

        wr_dec(&w, ROWS[i].number);
        assert_int_equal(wr_end(&w, &why), ERR_OK);
        assert_true(slice_same(wr_done(&w), wanted));
        w = wr_init(buf, wanted.len - 1, "small");
        wr_dec(&w, ROWS[i].number);
        assert_int_equal(wr_end(&w, &why), ERR_LIMIT);
    }
}

static void
zero_bytes_are_seen(void **state)
{
    uint8_t bytes[17] = {0};

    (void)state;
    assert_true(slice_zero((struct slice){NULL, 0}));
    for (size_t len = 1; len <= sizeof bytes; len++) {
        assert_true(slice_zero((struct slice){bytes, len}));
        for (size_t at = 0; at < len; at++) {
            bytes[at] = 1;
            assert_false(slice_zero((struct slice){bytes, len}));
            bytes[at] = 0;
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_in_decimal),
        cmocka_unit_test(zero_bytes_are_seen),
        cmocka_unit_test(innermost_cause_survives_a_full_chain),
        cmocka_unit_test(long_reason_is_cut_not_overrun),
        cmocka_unit_test(reader_reads_both_orders),
        cmocka_unit_test(reader_remembers_the_first_failure),
        cmocka_unit_test(reader_refuses_leftovers_and_reserved_bytes),
        cmocka_unit_test(sub_reader_counts_from_the_outside),
        cmocka_unit_test(writer_writes_what_the_reader_reads),
        cmocka_unit_test(writer_writes_text),
        cmocka_unit_test(writer_escapes_json),
        cmocka_unit_test(writer_never_passes_its_end),
        cmocka_unit_test(hashes_match_fips_180),
        cmocka_unit_test(sha1_and_unknown_are_named_and_refused),
        cmocka_unit_test(secrets_are_compared_whole_and_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
