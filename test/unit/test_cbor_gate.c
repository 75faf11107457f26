/* SPDX-License-Identifier: Apache-2.0 */
/* test_cbor_gate.c - what may reach libcbor: RFC 8949 appendix A's definite examples pass; what allocates, hides or has a second
 * spelling does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/cbor_gate.h"
#include "attest/base/text.h"

enum { ITEM_MAX = 64 };

struct row {
    const char *hex;
    const char *why; /* part of the reason; NULL: passes */
};

static const struct row ROWS[] = {
    {"00", NULL},
    {"17", NULL},
    {"1818", NULL},
    {"1903e8", NULL},
    {"1a000f4240", NULL},
    {"1b000000e8d4a51000", NULL},
    {"3bffffffffffffffff", NULL},
    {"f90000", NULL},
    {"fa47c35000", NULL},
    {"fb3ff199999999999a", NULL},
    {"f4", NULL},
    {"f6", NULL},
    {"c11a514b67b0", NULL},
    {"d818456449455446", NULL},
    {"40", NULL},
    {"4401020304", NULL},
    {"6449455446", NULL},
    {"83010203", NULL},
    {"8301820203820405", NULL},
    {"a201020304", NULL},
    {"a26161016162820203", NULL},
    {"", "input too short"},
    {"18", "input too short"},
    {"44010203", "input too short"},
    {"830102", "elements declared"},
    {"a101", "elements declared"},
    {"c1", "elements declared"},
    {"0000", "after the end"},
    {"1817", "shortest"},
    {"1900ff", "shortest"},
    {"1a0000ffff", "shortest"},
    {"1b00000000ffffffff", "shortest"},
    {"5803010203", "shortest"},
    {"9a0fffffff", "elements declared"},
    {"9b7fffffffffffffff", "elements declared"},
    {"ba0fffffff", "elements declared"},
    {"bb8000000000000000", "elements declared"},
    {"5affffffff", "input too short"},
    {"5bffffffffffffffff", "input too short"},
    {"9f01ff", "indefinite"},
    {"bf6101ff", "indefinite"},
    {"5f4101ff", "indefinite"},
    {"7f6161ff", "indefinite"},
    {"ff", "unassigned"},
    {"1c", "indefinite length or reserved"},
    {"f820", "unassigned"},
    {"e0", "unassigned"},
    {"fc", "unassigned"},
};

static void
run(const struct row *row)
{
    uint8_t in[ITEM_MAX];
    struct why why = {0};
    size_t len = 0;

    assert_int_equal(hex_decode(slice_text(row->hex), in, sizeof in, &len, &why), ERR_OK);

    enum err got = cbor_gate((struct slice){in, len}, "vector", &why);

    assert_int_equal(got, row->why == NULL ? ERR_OK : ERR_MALFORMED);
    if (row->why != NULL) {
        assert_non_null(strstr(why_text(&why), row->why));
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

/* No prefix of a good item is a good item, and no good item stays good with a byte behind it. */
static void
truncation_and_one_byte_more(void **state)
{
    static const uint8_t ITEM[] = {0xa2, 0x61, 'a', 0x83, 0x01, 0x19, 0x03, 0xe8, 0x42, 1,
                                   2,    0x61, 'b', 0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0, 0x00};
    struct why why = {0};

    (void)state;
    assert_int_equal(cbor_gate((struct slice){ITEM, sizeof ITEM - 1}, "item", &why), ERR_OK);
    for (size_t n = 0; n < sizeof ITEM - 1; n++) {
        assert_int_equal(cbor_gate((struct slice){ITEM, n}, "item", &why), ERR_MALFORMED);
    }
    assert_int_equal(cbor_gate((struct slice){ITEM, sizeof ITEM}, "item", &why), ERR_MALFORMED);
}

static void
depth_is_bounded(void **state)
{
    static const uint8_t KINDS[] = {0x81, 0xc1}; /* array, tag */

    (void)state;
    for (size_t k = 0; k < sizeof KINDS; k++) {
        uint8_t deep[CBOR_DEPTH_MAX + 2];
        struct why why = {0};

        memset(deep, KINDS[k], sizeof deep);
        deep[CBOR_DEPTH_MAX] = 0;
        assert_int_equal(cbor_gate((struct slice){deep, CBOR_DEPTH_MAX + 1}, "deep", &why), ERR_OK);
        deep[CBOR_DEPTH_MAX] = KINDS[k];
        deep[CBOR_DEPTH_MAX + 1] = 0;
        assert_int_equal(cbor_gate((struct slice){deep, sizeof deep}, "deep", &why), ERR_MALFORMED);
        assert_non_null(strstr(why_text(&why), "deeper than CBOR_DEPTH_MAX"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(truncation_and_one_byte_more),
        cmocka_unit_test(depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
