/* SPDX-License-Identifier: Apache-2.0 */
/* test_der.c - one encoding for each value: whatever else BER allows is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/der.h"
#include "attest/base/text.h"

enum { IN_MAX = 512 };

/* The reader functions in one shape, so that tables can name them. */
static void
read_value(struct rd *r)
{
    (void)der_value(r, "f", DER_SEQUENCE);
}

static void
read_whole(struct rd *r)
{
    (void)der_whole(r, "f", DER_SEQUENCE);
}

static void
read_unsigned(struct rd *r)
{
    (void)der_unsigned(r, "f");
}

static void
read_u64(struct rd *r)
{
    (void)der_u64(r, "f", DER_INTEGER);
}

static void
read_bool(struct rd *r)
{
    (void)der_bool(r, "f");
}

static void
read_null(struct rd *r)
{
    der_null(r, "f");
}

static void
read_oid(struct rd *r)
{
    (void)der_oid(r, "f");
}

static void
read_bytes(struct rd *r)
{
    (void)der_bytes(r, "f");
}

static void
read_flags(struct rd *r)
{
    (void)der_flags(r, "f");
}

static void
read_high_tag(struct rd *r)
{
    (void)der_value(r, "f", 0xbf);
}

struct row {
    void (*read)(struct rd *r);
    const char *hex;
    const char *why; /* part of the reason; NULL: passes */
};

static const struct row ROWS[] = {
    {read_value, "3000", NULL},
    {read_value, "30020500", NULL},
    {read_value, "3000ff", "after the end"},
    {read_value, "3100", "another tag"},
    {read_value, "", "input too short"},
    {read_value, "30", "input too short"},
    {read_value, "3001", "input too short"},
    {read_value, "30800000", "indefinite"},
    {read_value, "30810100", "shortest"},
    {read_value, "30817f", "shortest"},
    {read_value, "3082008000", "shortest"},
    {read_value, "308180", "input too short"},
    {read_value, "308401000000", "too large"},
    {read_value, "30ff", "too large"},
    {read_whole, "3000", NULL},
    {read_whole, "3001", "input too short"},
    {read_whole, "3101ff", "another tag"},
    {read_whole, "30810100", "shortest"},
    {read_high_tag, "bf1f00", "tag number above 30"},
    {read_unsigned, "020100", NULL},
    {read_unsigned, "02020080", NULL},
    {read_unsigned, "0200", "without contents"},
    {read_unsigned, "0201ff", "negative"},
    {read_unsigned, "02020001", "shortest"},
    {read_unsigned, "0203000080", "shortest"},
    {read_unsigned, "0a0100", "another tag"},
    {read_u64, "020900ffffffffffffffff", NULL},
    {read_u64, "0209010000000000000000", "more than 64 bits"},
    {read_bool, "010100", NULL},
    {read_bool, "0101ff", NULL},
    {read_bool, "010101", "neither 00 nor ff"},
    {read_bool, "0100", "neither 00 nor ff"},
    {read_bool, "01020000", "neither 00 nor ff"},
    {read_null, "0500", NULL},
    {read_null, "050100", "null with contents"},
    {read_oid, "06032b6570", NULL},
    {read_oid, "06028837", NULL},
    {read_oid, "0600", "not canonical"},
    {read_oid, "06022b80", "not canonical"},
    {read_oid, "06042b800165", "not canonical"},
    {read_oid, "0602802b", "not canonical"},
    {read_bytes, "030100", NULL},
    {read_bytes, "030200ff", NULL},
    {read_bytes, "0300", "unused bits"},
    {read_bytes, "030101", "unused bits"},
    {read_bytes, "030208ff", "unused bits"},
    {read_bytes, "030201fe", "not of whole bytes"},
    {read_flags, "03020780", NULL},
    {read_flags, "0303070080", NULL},
    {read_flags, "030100", NULL},
    {read_flags, "03020080", NULL}, /* as real CAs write it */
    {read_flags, "03020106", NULL},
    {read_flags, "030207c0", "unused bits are not zero"},
    {read_flags, "03020107", "unused bits are not zero"},
    {read_flags, "0306000000000001", "more than 32"},
};

static size_t
bytes_of(const char *hex, uint8_t out[IN_MAX])
{
    struct why why = {0};
    size_t len = 0;

    assert_int_equal(hex_decode(slice_text(hex), out, IN_MAX, &len, &why), ERR_OK);
    return len;
}

static void
run(const struct row *row)
{
    uint8_t in[IN_MAX];
    struct rd r = rd_init((struct slice){in, bytes_of(row->hex, in)}, "row");
    struct why why = {0};

    row->read(&r);
    assert_int_equal(rd_end(&r, &why), row->why == NULL ? ERR_OK : ERR_MALFORMED);
    if (row->why != NULL && strstr(why_text(&why), row->why) == NULL) {
        fail_msg("%s: \"%s\", want \"%s\"", row->hex, why_text(&why), row->why);
    }
}

static void
vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        run(&ROWS[i]);
    }
}

static void
values(void **state)
{
    uint8_t in[IN_MAX];
    struct rd r = rd_init((struct slice){in, bytes_of("020200ff"
                                                      "0a0105"
                                                      "0101ff"
                                                      "030203a8"
                                                      "06032b6570"
                                                      "03030001ff",
                                                      in)},
                          "v");
    struct why why = {0};

    (void)state;
    assert_true(der_next_is(&r, DER_INTEGER));
    assert_false(der_next_is(&r, DER_SEQUENCE));

    struct slice n = der_unsigned(&r, "n");

    assert_int_equal(n.len, 1);
    assert_int_equal(n.ptr[0], 0xff);
    assert_int_equal(der_u64(&r, "e", DER_ENUMERATED), 5);
    assert_true(der_bool(&r, "b"));
    assert_int_equal(der_flags(&r, "f"), 1 | 1 << 2 | 1 << 4);
    assert_true(slice_same(der_oid(&r, "o"), (struct slice){(const uint8_t *)"\x2b\x65\x70", 3}));
    assert_true(slice_same(der_bytes(&r, "s"), (struct slice){(const uint8_t *)"\x01\xff", 2}));
    assert_false(der_next_is(&r, DER_NULL));
    assert_int_equal(rd_end(&r, &why), ERR_OK);
}

/* Lengths of one, two and three bytes at their edges, whole and entered. */
static void
lengths(void **state)
{
    static const size_t LENS[] = {0, 127, 128, 255, 256, 300};

    (void)state;
    for (size_t i = 0; i < sizeof LENS / sizeof LENS[0]; i++) {
        uint8_t in[IN_MAX] = {DER_SEQUENCE};
        size_t head = LENS[i] < 128 ? 2 : LENS[i] < 256 ? 3 : 4;
        struct why why = {0};

        in[1] = (uint8_t)(head == 2 ? LENS[i] : 0x80 + head - 2);
        in[2] = (uint8_t)(head == 3 ? LENS[i] : head == 4 ? LENS[i] >> 8 : 0);
        in[3] = (uint8_t)(head == 4 ? LENS[i] : 0);

        struct rd r = rd_init((struct slice){in, head + LENS[i]}, "len");
        struct slice whole = der_whole(&r, "whole", DER_SEQUENCE);

        assert_int_equal(whole.len, head + LENS[i]);
        assert_int_equal(rd_end(&r, &why), ERR_OK);

        r = rd_init((struct slice){in, head + LENS[i]}, "len");

        struct rd sub = der_enter(&r, "inner", DER_SEQUENCE);

        assert_int_equal(rd_left(&sub), LENS[i]);
        assert_int_equal(sub.base, head);
        assert_int_equal(rd_end(&r, &why), ERR_OK);
    }
}

static void
optional_elements(void **state)
{
    uint8_t in[IN_MAX];
    struct rd r = rd_init((struct slice){in, bytes_of("a00302010281020707"
                                                      "0500",
                                                      in)},
                          "v");
    struct why why = {0};

    (void)state;
    assert_true(der_next_is(&r, DER_CONTEXT_CONSTRUCTED | 0));

    struct rd v = der_enter(&r, "version", DER_CONTEXT_CONSTRUCTED | 0);

    assert_int_equal(der_u64(&v, "version", DER_INTEGER), 2);
    assert_int_equal(rd_end(&v, &why), ERR_OK);
    assert_true(der_next_is(&r, DER_CONTEXT | 1));
    assert_int_equal(der_value(&r, "one", DER_CONTEXT | 1).len, 2);
    assert_false(der_next_is(&r, DER_CONTEXT | 2));
    der_null(&r, "last");
    assert_int_equal(rd_end(&r, &why), ERR_OK);
}

/* After a failure nothing is seen any more, not even by functions that only look. */
static void
failure_sticks(void **state)
{
    uint8_t in[IN_MAX];
    struct rd r = rd_init((struct slice){in, bytes_of("02010105000500", in)}, "v");
    struct why why = {0};

    (void)state;
    der_null(&r, "first");
    assert_false(der_next_is(&r, DER_INTEGER));
    assert_int_equal(der_whole(&r, "second", DER_INTEGER).len, 0);
    assert_int_equal(der_u64(&r, "third", DER_INTEGER), 0);
    assert_int_equal(rd_end(&r, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "v: first at byte 0: another tag than wanted");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),        cmocka_unit_test(values),
        cmocka_unit_test(lengths),        cmocka_unit_test(optional_elements),
        cmocka_unit_test(failure_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
