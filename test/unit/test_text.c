/* SPDX-License-Identifier: Apache-2.0 */
/* test_text.c - hex, base64url, RFC 3339, UTF-8: strict in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "attest/base/text.h"

enum { N = 96 };

static void
hex_goes_both_ways(void **state)
{
    uint8_t bytes[256];
    uint8_t back[256];
    char text[513];
    struct why why = {0};
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < 256; i++) {
        bytes[i] = (uint8_t)i;
    }
    hex_encode((struct slice){bytes, 256}, text);
    assert_int_equal(strlen(text), 512);
    assert_int_equal(hex_decode(slice_text(text), back, 256, &len, &why), ERR_OK);
    assert_int_equal(len, 256);
    assert_memory_equal(bytes, back, 256);
    assert_int_equal(hex_decode(slice_text("aBcD"), back, 2, &len, &why), ERR_OK);
    assert_memory_equal(back, "\xab\xcd", 2);
    assert_int_equal(hex_decode(slice_text(""), back, 0, &len, &why), ERR_OK);
    assert_int_equal(len, 0);
}

static void
hex_refuses(void **state)
{
    uint8_t out[4];
    size_t len = 77;

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t in[2] = {(uint8_t)c, '0'};
        struct why why = {0};
        bool digit = c != 0 && strchr("0123456789abcdefABCDEF", (int)c) != NULL;

        assert_int_equal(hex_decode((struct slice){in, 2}, out, 4, &len, &why),
                         digit ? ERR_OK : ERR_MALFORMED);
    }

    struct why why = {0};

    len = 77;
    assert_int_equal(hex_decode(slice_text("abc"), out, 4, &len, &why), ERR_MALFORMED);
    assert_int_equal(hex_decode(slice_text("0011223344"), out, 4, &len, &why), ERR_LIMIT);
    assert_int_equal(len, 77);
}

/* RFC 4648 section 10, without padding, and the two characters of section 5. */
static void
b64url_vectors(void **state)
{
    static const char *const PAIRS[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof PAIRS / sizeof PAIRS[0]; i++) {
        struct slice in = slice_text(PAIRS[i][0]);
        struct why why = {0};
        uint8_t back[8];
        char text[16];
        size_t len = 0;

        b64url_encode(in, text);
        assert_string_equal(text, PAIRS[i][1]);
        assert_int_equal(strlen(text), b64url_len(in.len));
        assert_int_equal(b64url_decode(slice_text(text), back, in.len, &len, &why), ERR_OK);
        assert_true(slice_same((struct slice){back, len}, in));
    }
}

/* Whether `in` decodes, and then that encoding gives it back. */
static bool
decodes(struct slice in)
{
    struct why why = {0};
    uint8_t out[3];
    char back[5];
    size_t got = 0;

    if (b64url_decode(in, out, sizeof out, &got, &why) != ERR_OK) {
        return false;
    }
    b64url_encode((struct slice){out, got}, back);
    assert_true(slice_same(slice_text(back), in));
    return true;
}

/* One text per value: of all texts of two and three characters, as many decode as there are values. */
static void
b64url_is_canonical(void **state)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \n";
    const size_t n = strlen(ALPHABET);
    size_t good[4] = {0};

    (void)state;
    for (size_t i = 0; i < n * n * n; i++) {
        const uint8_t in[3] = {(uint8_t)ALPHABET[i / n / n], (uint8_t)ALPHABET[i / n % n],
                               (uint8_t)ALPHABET[i % n]};

        good[2] += i % n == 0 && decodes((struct slice){in, 2});
        good[3] += decodes((struct slice){in, 3});
    }
    assert_int_equal(good[2], 1 << 8);
    assert_int_equal(good[3], 1 << 16);
}

static void
b64url_refuses(void **state)
{
    static const char *const BAD[] = {
        "Zg==",  "Zg=",    "Z",  "Zm9vY", "Zm+v",   "Zm/v",
        "Zm 9v", "Zm9v\n", "Zh", "Zm9",   "Zm9vYh", "\xc3z",
    };
    uint8_t out[N];
    size_t len = 77;

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct why why = {0};

        assert_int_equal(b64url_decode(slice_text(BAD[i]), out, sizeof out, &len, &why),
                         ERR_MALFORMED);
        assert_true(why.n == 1);
    }

    struct why why = {0};

    assert_int_equal(b64url_decode(slice_text("Zm9vYmFy"), out, 5, &len, &why), ERR_LIMIT);
    assert_int_equal(len, 77);
}

static void
b64url_len_is_exact(void **state)
{
    uint8_t in[N] = {0};
    char text[2 * N];

    (void)state;
    for (size_t n = 0; n <= N; n++) {
        b64url_encode((struct slice){in, n}, text);
        assert_int_equal(strlen(text), b64url_len(n));
    }
}

static void
time_vectors(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_s;
    } ROWS[] = {
        {"1970-01-01T00:00:00Z", 0},           {"1970-12-31T23:59:59Z", 31535999},
        {"1972-02-29T00:00:00Z", 68169600},    {"1999-12-31T23:59:59Z", 946684799},
        {"2000-02-29T12:00:00Z", 951825600},   {"2000-03-01T00:00:00Z", 951868800},
        {"2026-11-24T12:00:00Z", 1795521600},  {"2038-01-19T03:14:08Z", 2147483648},
        {"2100-02-28T23:59:59Z", 4107542399},  {"2100-03-01T00:00:00Z", 4107542400},
        {"2400-02-29T00:00:00Z", 13574563200}, {"9999-12-31T23:59:59Z", 253402300799},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct why why = {0};
        char text[RFC3339_LEN + 1];
        int64_t got = -1;

        assert_int_equal(rfc3339_parse(slice_text(ROWS[i].text), &got, &why), ERR_OK);
        assert_true(got == ROWS[i].unix_s);
        rfc3339_format(ROWS[i].unix_s, text);
        assert_string_equal(text, ROWS[i].text);
    }
}

/* Against the C library, one moment a day from 1970 to 2500 and then in larger steps. */
static void
time_agrees_with_the_library(void **state)
{
    (void)state;
    for (int64_t t = 86399; t <= 253402300799; t += t < 16725225600 ? 86461 : 86400 * 97 + 7) {
        time_t when = (time_t)t;
        char want[RFC3339_LEN + 1];
        char got[RFC3339_LEN + 1];
        struct tm tm;
        struct why why = {0};
        int64_t back = 0;

        assert_non_null(gmtime_r(&when, &tm));
        assert_int_equal(strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm), RFC3339_LEN);
        rfc3339_format(t, got);
        assert_string_equal(got, want);
        assert_int_equal(rfc3339_parse(slice_text(got), &back, &why), ERR_OK);
        assert_true(back == t);
    }
}

static void
time_refuses(void **state)
{
    static const char *const BAD[] = {
        "",
        "2026-11-24",
        "2026-11-24T12:00:00",
        "2026-11-24T12:00:00z",
        "2026-11-24t12:00:00Z",
        "2026-11-24 12:00:00Z",
        "2026-11-24T12:00:00.5Z",
        "2026-11-24T12:00:00+00:00",
        "2026-11-24T12:00:00ZZ",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2016-12-31T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "2O26-11-24T12:00:00Z",
        "+026-11-24T12:00:00Z",
        "2026-1 -24T12:00:00Z",
        "2026-11-24T12:00: 0Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct why why = {0};
        int64_t out = 77;

        assert_int_equal(rfc3339_parse(slice_text(BAD[i]), &out, &why), ERR_MALFORMED);
        assert_true(out == 77);
    }
}

static void
time_is_clamped(void **state)
{
    char text[RFC3339_LEN + 1];

    (void)state;
    rfc3339_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    rfc3339_format(INT64_MIN, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
}

/* Every code point encoded by hand, and every two- and three-byte sequence that is not one. */
static void
utf8_knows_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x120000; c++) {
        uint8_t s[4] = {(uint8_t)c};
        size_t len = 1;
        bool good = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);

        if (c >= 0x10000) {
            len = 4;
            s[0] = (uint8_t)(0xf0 | c >> 18);
            s[1] = (uint8_t)(0x80 | (c >> 12 & 63));
            s[2] = (uint8_t)(0x80 | (c >> 6 & 63));
            s[3] = (uint8_t)(0x80 | (c & 63));
        } else if (c >= 0x800) {
            len = 3;
            s[0] = (uint8_t)(0xe0 | c >> 12);
            s[1] = (uint8_t)(0x80 | (c >> 6 & 63));
            s[2] = (uint8_t)(0x80 | (c & 63));
        } else if (c >= 0x80) {
            len = 2;
            s[0] = (uint8_t)(0xc0 | c >> 6);
            s[1] = (uint8_t)(0x80 | (c & 63));
        }
        assert_int_equal(utf8_len((struct slice){s, len}), good ? len : 0);
        assert_int_equal(utf8_len((struct slice){s, len - 1}), 0);
    }
}

static void
utf8_refuses(void **state)
{
    static const char *const BAD[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "a\xe2\x82",
        "\xe2\x82\xac\xe2\x28\xa1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_false(utf8_ok(slice_text(BAD[i])));
    }
    assert_true(utf8_ok(slice_text("\xe2\x82\xac uro \xf0\x9f\x98\x80")));
    assert_true(utf8_ok((struct slice){NULL, 0}));
}

/* Each byte at each place of texts of each length, and what lies before it in memory makes no difference. */
static void
plain_text_ends_where_it_must(void **state)
{
    uint8_t text[40];
    (void)state;

    for (size_t i = 0; i < 256 * (size_t)27; i++) {
        uint8_t c = (uint8_t)(i / 27);
        size_t at = i % 27;
        bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';

        memset(text, at % 2 == 0 ? ' ' : '~', sizeof text);
        text[1 + at] = c;
        for (size_t len = at + 1; len <= 27; len++) {
            assert_int_equal(text_plain((struct slice){text + 1, len}), plain ? len : at);
        }
        assert_int_equal(text_plain((struct slice){text + 1, at}), at);
    }
    assert_int_equal(text_plain((struct slice){NULL, 0}), 0);
}

/* Two bytes that are not plain in one word: the first one counts. */
static void
plain_text_ends_at_the_first(void **state)
{
    static const uint8_t SPECIAL[] = {0, 0x1f, '"', '\\', 0x7f, 0x80, 0xff};
    const size_t kinds = sizeof SPECIAL;
    uint8_t text[16];

    (void)state;
    for (size_t i = 0; i < kinds * kinds * 64; i++) {
        size_t a = i % 8;
        size_t b = i / 8 % 8;

        memset(text, 'x', sizeof text);
        text[a] = SPECIAL[i / 64 % sizeof SPECIAL];
        text[b] = SPECIAL[i / 64 / sizeof SPECIAL];
        assert_int_equal(text_plain((struct slice){text, sizeof text}), a < b ? a : b);
    }
}

static void
shown_text_is_printable_and_short(void **state)
{
    (void)state;
    assert_string_equal(text_show(slice_text("a\"b\\c\n\x7f\xc3\xa9z")).text, "a?b?c????z");
    assert_int_equal(
        strlen(text_show(slice_text("0123456789012345678901234567890123456789012345")).text),
        SHOWN_MAX);
    assert_string_equal(text_show((struct slice){NULL, 0}).text, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(hex_refuses),
        cmocka_unit_test(b64url_vectors),
        cmocka_unit_test(b64url_is_canonical),
        cmocka_unit_test(b64url_refuses),
        cmocka_unit_test(b64url_len_is_exact),
        cmocka_unit_test(time_vectors),
        cmocka_unit_test(time_agrees_with_the_library),
        cmocka_unit_test(time_refuses),
        cmocka_unit_test(time_is_clamped),
        cmocka_unit_test(utf8_knows_every_code_point),
        cmocka_unit_test(utf8_refuses),
        cmocka_unit_test(plain_text_ends_where_it_must),
        cmocka_unit_test(plain_text_ends_at_the_first),
        cmocka_unit_test(shown_text_is_printable_and_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
