/* SPDX-License-Identifier: Apache-2.0 */
/* test_pem.c - blocks of PEM one by one, strictly: base64 with nothing left over, ends of lines between blocks and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/base/pem.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

enum { ROOM = 64 };

/* The first block of a text; what is left of the text in *rest. */
static enum err
first(const char *text, uint8_t out[ROOM], size_t *len, struct slice *rest)
{
    struct why why = {0};

    *rest = slice_text(text);

    enum err e = pem_next(rest, "CERTIFICATE", out, ROOM, len, &why);

    assert_true((e == ERR_OK) == (why.n == 0));
    return e;
}

static void
good_blocks(void **state)
{
    static const char *const ROWS[][2] = {
        {BEGIN "\nYWJj\n" END "\n", "abc"},     {BEGIN "\r\nYWJj\r\n" END "\r\n", "abc"},
        {"\n\r\n" BEGIN "\nYWJj\n" END, "abc"}, {BEGIN "YWJj" END, "abc"},
        {BEGIN "\nYW\nJj\n" END "\n", "abc"},   {BEGIN "\n YWJj\t\n" END "\n", "abc"},
        {BEGIN "\nYWI=\n" END, "ab"},           {BEGIN "\nYQ==\n" END, "a"},
        {BEGIN "\n+/+/\n" END, "\xfb\xff\xbf"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        uint8_t out[ROOM];
        size_t len = 0;
        struct slice rest;

        assert_true(pem_looks_like(slice_text(ROWS[i][0])));
        assert_int_equal(first(ROWS[i][0], out, &len, &rest), ERR_OK);
        assert_int_equal(len, strlen(ROWS[i][1]));
        assert_memory_equal(out, ROWS[i][1], len);
        assert_int_equal(first((const char *)rest.ptr, out, &len, &rest), ERR_NOT_FOUND);
        assert_int_equal(len, 0);
    }
}

static void
refused_blocks(void **state)
{
    static const char *const ROWS[] = {
        " " BEGIN "\nYWJj\n" END,           /* a space before it */
        "x" BEGIN "\nYWJj\n" END,           /* text before it */
        "-----BEGIN CERT-----\nYWJj\n" END, /* another label */
        "-----begin CERTIFICATE-----\nYWJj\n" END,
        BEGIN "\nYWJj\n",                   /* no end */
        BEGIN "\nYWJj\n-----END CERT-----", /* another end */
        BEGIN "\n" END,                     /* nothing in it */
        BEGIN "\nYWJ\n" END,                /* three of four */
        BEGIN "\nYWJjY\n" END,
        BEGIN "\nYW=j\n" END, /* padding in the middle */
        BEGIN "\nYQ=\n" END,
        BEGIN "\nY===\n" END,
        BEGIN "\n====\n" END,
        BEGIN "\nYQ==YQ==\n" END, /* after padding */
        BEGIN "\nYR==\n" END,     /* bits that are lost */
        BEGIN "\nYWJ=\n" END "",
        BEGIN "\nYW*j\n" END,
        BEGIN "\nYW-j\n" END, /* base64url */
        BEGIN "\nProc-Type: 4,ENCRYPTED\n\nYWJj\n" END,
        BEGIN BEGIN "\nYWJj\n" END,
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        uint8_t out[ROOM];
        size_t len = 1;
        struct slice rest;

        if (first(ROWS[i], out, &len, &rest) != ERR_MALFORMED) {
            fail_msg("taken: %s", ROWS[i]);
        }
        assert_int_equal(len, 0);
        assert_ptr_equal(rest.ptr, ROWS[i]); /* nothing is passed over */
    }
}

static void
one_after_the_other(void **state)
{
    static const char TEXT[] =
        BEGIN "\nYQ==\n" END "\n\n" BEGIN "\nYg==\n" END BEGIN "\nYw==\n" END "\n tail";
    uint8_t out[ROOM];
    size_t len = 0;
    struct slice rest;

    (void)state;
    assert_int_equal(first(TEXT, out, &len, &rest), ERR_OK);
    assert_int_equal(out[0], 'a');
    assert_int_equal(first((const char *)rest.ptr, out, &len, &rest), ERR_OK);
    assert_int_equal(out[0], 'b');
    assert_int_equal(first((const char *)rest.ptr, out, &len, &rest), ERR_OK);
    assert_int_equal(out[0], 'c');
    assert_int_equal(first((const char *)rest.ptr, out, &len, &rest), ERR_MALFORMED);
}

/* Exactly as many bytes as there is room for, and one more. */
static void
room(void **state)
{
    uint8_t bytes[ROOM + 1];
    uint8_t out[ROOM + 1];
    char text[256];
    struct why why = {0};

    (void)state;
    memset(bytes, 0x5c, sizeof bytes);
    for (size_t n = ROOM - 3; n <= ROOM + 1; n++) {
        int at = snprintf(text, sizeof text, BEGIN "\n");
        size_t len = 0;

        at += EVP_EncodeBlock((uint8_t *)text + at, bytes, (int)n);
        (void)snprintf(text + at, sizeof text - (size_t)at, "\n" END "\n");
        out[ROOM] = 0xee;

        struct slice rest = slice_text(text);
        enum err e = pem_next(&rest, "CERTIFICATE", out, ROOM, &len, &why);

        assert_int_equal(e, n <= ROOM ? ERR_OK : ERR_LIMIT);
        assert_int_equal(out[ROOM], 0xee);
        assert_true(e != ERR_OK || (len == n && memcmp(out, bytes, n) == 0));
    }
}

static void
looks(void **state)
{
    (void)state;
    assert_true(pem_looks_like(slice_text("\r\n-----BEGIN X509 CRL-----")));
    assert_false(pem_looks_like(slice_text("-----BEGIN")));
    assert_false(pem_looks_like(slice_text("0\x82")));
    assert_false(pem_looks_like(slice_text("\n")));
    assert_false(pem_looks_like((struct slice){0}));
}

static void
nothing(void **state)
{
    uint8_t out[ROOM];
    size_t len = 1;
    struct slice rest;

    (void)state;
    assert_int_equal(first("", out, &len, &rest), ERR_NOT_FOUND);
    assert_int_equal(first("\n\r\n", out, &len, &rest), ERR_NOT_FOUND);
    assert_int_equal(rest.len, 0);
    assert_int_equal(first(" ", out, &len, &rest), ERR_MALFORMED);
}

/* Bytes of every length as OpenSSL writes them, and cut at every place. */
static void
as_openssl_writes_it(void **state)
{
    uint8_t bytes[ROOM];
    char text[256];

    (void)state;
    for (size_t n = 1; n <= ROOM; n++) {
        int at = snprintf(text, sizeof text, BEGIN "\n");
        uint8_t out[ROOM];
        size_t len = 0;
        struct slice rest;

        for (size_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)(i * 37 + n);
        }
        at += EVP_EncodeBlock((uint8_t *)text + at, bytes, (int)n);
        at += snprintf(text + at, sizeof text - (size_t)at, "\n" END);
        assert_int_equal(first(text, out, &len, &rest), ERR_OK);
        assert_int_equal(len, n);
        assert_memory_equal(out, bytes, n);
        for (int cut = at - 1; cut > 0; cut--) {
            text[cut] = '\0';
            assert_int_equal(first(text, out, &len, &rest), ERR_MALFORMED);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_blocks),
        cmocka_unit_test(refused_blocks),
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(room),
        cmocka_unit_test(looks),
        cmocka_unit_test(nothing),
        cmocka_unit_test(as_openssl_writes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
