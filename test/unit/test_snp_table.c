/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_table.c - certificate tables of the extended guest request, as hosts write them and as an attacker would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attest/snp/snp.h"

enum { GUID = 16, ENTRY = 24, TABLE = SNP_CERT_TABLE_MAX + 1 };

/* In the order of the text. */
static const uint8_t VCEK[GUID] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                   0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static const uint8_t VLEK[GUID] = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e,
                                   0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};
static const uint8_t ARK[GUID] = {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
                                  0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};
static const uint8_t OTHER[GUID] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
static const uint8_t NOBODY[GUID];

struct table {
    uint8_t *b; /* TABLE bytes, zero; owned */
    size_t n;   /* entries written */
};

static struct table
table_make(void)
{
    struct table t = {.b = calloc(1, TABLE)};

    assert_non_null(t.b);
    return t;
}

static void
table_done(struct table *t)
{
    free(t->b);
}

static void
put_le32(uint8_t *dst, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        dst[i] = (uint8_t)(v >> 8 * i);
    }
}

static void
entry(struct table *t, const uint8_t guid[GUID], uint32_t offset, uint32_t len)
{
    uint8_t *at = t->b + ENTRY * t->n++;

    memcpy(at, guid, GUID);
    put_le32(at + GUID, offset);
    put_le32(at + GUID + 4, len);
}

/* In memory of exactly that length, for a sanitizer to watch. */
static enum err
read_exact(const struct table *t, size_t len, size_t *offset, size_t *found, struct why *why)
{
    uint8_t *copy = malloc(len + 1);
    struct slice vek = {(const uint8_t *)"", 77};
    enum err e = ERR_OK;

    assert_non_null(copy);
    memcpy(copy, t->b, len);
    e = snp_cert_table_vek((struct slice){copy, len}, SNP_VCEK, &vek, why);
    *found = vek.len;
    *offset = e == ERR_OK && vek.len > 0 ? (size_t)(vek.ptr - copy) : 0;
    free(copy);
    return e;
}

/* `want` bytes of a VEK at that offset; 0: none. */
static void
good(const struct table *t, size_t len, size_t want_offset, size_t want)
{
    struct why why = {0};
    size_t offset = 0;
    size_t found = 0;

    if (read_exact(t, len, &offset, &found, &why) != ERR_OK) {
        fail_msg("refused: %s", why_text(&why));
    }
    assert_int_equal(found, want);
    assert_int_equal(offset, want_offset);
}

static void
bad(const struct table *t, size_t len, const char *reason)
{
    struct why why = {0};
    size_t offset = 0;
    size_t found = 0;

    assert_int_equal(read_exact(t, len, &offset, &found, &why), ERR_MALFORMED);
    assert_int_equal(found, 77); /* nothing is written */
    if (strstr(why_text(&why), reason) == NULL) {
        fail_msg("\"%s\", want \"%s\"", why_text(&why), reason);
    }
}

static void
as_hosts_write_it(void **state)
{
    AUTO(table_done) struct table t = table_make();
    AUTO(table_done) struct table vlek = table_make();

    (void)state;
    good(&t, 0, 0, 0);
    good(&t, ENTRY, 0, 0); /* only the end */
    good(&t, 2784, 0, 0);  /* nothing but zeros */
    good(&t, ENTRY + 5, 0, 0);
    entry(&t, ARK, 4 * ENTRY, 100);
    entry(&t, VCEK, 4 * ENTRY + 100, 50);
    entry(&t, OTHER, 4 * ENTRY, 0); /* ours to ignore */
    good(&t, 4 * ENTRY + 150, 4 * ENTRY + 100, 50);
    good(&t, 16384, 4 * ENTRY + 100, 50); /* longer than its contents */
    good(&t, SNP_CERT_TABLE_MAX, 4 * ENTRY + 100, 50);
    entry(&vlek, VLEK, 2 * ENTRY, 1);
    good(&vlek, 2 * ENTRY + 1, 2 * ENTRY, 1);
}

static void
certificates_may_share_bytes(void **state)
{
    AUTO(table_done) struct table t = table_make();

    (void)state;
    entry(&t, ARK, 3 * ENTRY, 100);
    entry(&t, VCEK, 3 * ENTRY + 50, 50);
    good(&t, 3 * ENTRY + 100, 3 * ENTRY + 50, 50);
}

static void
as_an_attacker_writes_it(void **state)
{
    static const struct {
        const uint8_t *guid;
        uint32_t offset, len;
        const char *reason;
    } ROWS[] = {
        {VCEK, 0xfffffff0, 0x20, "offset 4294967280, length 32"}, /* 16 in 32 bits */
        {VCEK, 2 * ENTRY, 0xffffffff, "length 4294967295"},
        {VCEK, 0xffffffff, 0xffffffff, "offset 4294967295"},
        {VCEK, 2 * ENTRY, 1001 - 2 * ENTRY, "want within 48 and 1000"},
        {VCEK, 1000, 1, "want within 48 and 1000"},
        {VCEK, 0x7fffffff, 8, "offset 2147483647"},
        {VCEK, 0, 100, "offset 0"},
        {VCEK, ENTRY, ENTRY, "offset 24"},
        {VCEK, 2 * ENTRY - 1, 100, "offset 47"},
        {VCEK, 2 * ENTRY, 0, "an empty certificate"},
        {ARK, 2 * ENTRY, 0, "an empty certificate"},
        {ARK, 0, 10, "offset 0"},
        {OTHER, 990, 11, "want within 48 and 1000"},
        {OTHER, 0, 0, "offset 0"},
        {NOBODY, 2 * ENTRY, 10, "an entry without a GUID"},
        {NOBODY, 0, 1, "an entry without a GUID"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(table_done) struct table t = table_make();

        entry(&t, ROWS[i].guid, ROWS[i].offset, ROWS[i].len);
        bad(&t, 1000, ROWS[i].reason);
    }
}

static void
one_kind_once(void **state)
{
    AUTO(table_done) struct table t = table_make();
    AUTO(table_done) struct table chain = table_make();
    AUTO(table_done) struct table other = table_make();

    (void)state;
    entry(&t, VCEK, 500, 10);
    entry(&t, VCEK, 500, 10);
    bad(&t, 1000, "one GUID twice");
    entry(&chain, ARK, 500, 10);
    entry(&chain, VCEK, 500, 10);
    entry(&chain, ARK, 510, 10);
    bad(&chain, 1000, "one GUID twice");
    entry(&other, OTHER, 500, 10);
    entry(&other, OTHER, 510, 10);
    bad(&other, 1000, "one GUID twice");
}

/* Both kinds may be there, in any order: the report says which one is looked for. */
static void
kinds(void **state)
{
    AUTO(table_done) struct table both = table_make();
    AUTO(table_done) struct table alone = table_make();
    const enum snp_vek_kind wanted[] = {SNP_VCEK, SNP_VLEK};
    const size_t offset[] = {500, 510};
    struct why why = {0};

    (void)state;
    entry(&both, VLEK, 510, 10);
    entry(&both, VCEK, 500, 10);
    entry(&alone, VLEK, 510, 10);
    for (size_t i = 0; i < 2; i++) {
        struct slice vek = {0};

        assert_int_equal(snp_cert_table_vek((struct slice){both.b, 1000}, wanted[i], &vek, &why),
                         ERR_OK);
        assert_ptr_equal(vek.ptr, both.b + offset[i]);
        assert_int_equal(snp_cert_table_vek((struct slice){alone.b, 1000}, wanted[i], &vek, &why),
                         ERR_OK);
        assert_ptr_equal(vek.ptr, alone.b + 510);
    }
}

static void
without_an_end(void **state)
{
    AUTO(table_done) struct table t = table_make();
    AUTO(table_done) struct table full = table_make();

    (void)state;
    bad(&t, 1, "of 1 bytes without an end");
    bad(&t, ENTRY - 1, "without an end");
    entry(&t, VCEK, 2 * ENTRY, 10);
    for (size_t n = 1; n < (size_t)2 * ENTRY; n++) {
        bad(&t, n, "without an end");
    }
    for (size_t n = (size_t)2 * ENTRY; n < (size_t)2 * ENTRY + 10; n++) {
        bad(&t, n, "want within");
    }
    bad(&t, TABLE, "at most 65536");
    for (uint8_t i = 0; i < 200; i++) {
        const uint8_t guid[GUID] = {1, i};

        entry(&full, guid, 8000, 1);
    }
    bad(&full, 10000, "more than 128 entries");
}

/* Whatever bit of a header is flipped: what is found lies behind the header and within the table. */
static void
flipped_headers_stay_inside(void **state)
{
    enum { LEN = 3 * ENTRY + 200, HEADER = 3 * ENTRY };
    AUTO(table_done) struct table t = table_make();

    (void)state;
    entry(&t, ARK, HEADER, 100);
    entry(&t, VCEK, HEADER + 100, 100);
    memset(t.b + HEADER, 0xab, LEN - HEADER);
    for (size_t bit = 0; bit < (size_t)8 * HEADER; bit++) {
        struct why why = {0};
        size_t offset = 0;
        size_t found = 0;

        t.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (read_exact(&t, LEN, &offset, &found, &why) == ERR_OK && found > 0) {
            assert_true(offset >= (size_t)HEADER && offset + found <= (size_t)LEN);
        }
        t.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_hosts_write_it),
        cmocka_unit_test(certificates_may_share_bytes),
        cmocka_unit_test(as_an_attacker_writes_it),
        cmocka_unit_test(one_kind_once),
        cmocka_unit_test(kinds),
        cmocka_unit_test(without_an_end),
        cmocka_unit_test(flipped_headers_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
