/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_td.c - the TD itself against the policy: attributes, XFAM, measurements, machine, REPORTDATA, reference values. */
#include "test/unit/tdx_court.h"

#include "attest/base/text.h"

static void
attributes(struct td_scene *s, uint64_t bits)
{
    td_put(s->quote.body + BODY_ATTRIBUTES, bits, 8);
}

/* Every bit of TDATTRIBUTES: reserved, refused by default, or free. */
static void
each_attribute(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        struct td_scene *s = court(4, 2);
        uint64_t one = UINT64_C(1) << bit;

        attributes(s, TD_SEPT_VE_DISABLE | one);
        td_make(s);
        if (bit == TDX_ATTR_DEBUG) {
            assert_refused(s, JUDGE_REJECT, "td.debug", "TDATTRIBUTES.DEBUG is set",
                           "cannot be debugged");
            s->want.tdx.allow_debug = true;
            assert_accepted(s);
        } else if (bit == TDX_ATTR_MIGRATABLE || bit == TDX_ATTR_PERFMON) {
            assert_refused(s, JUDGE_REJECT, "td.attributes", "0x",
                           bit == TDX_ATTR_PERFMON ? "perfmon not set" : "migratable not set");
            s->want.tdx.attributes_forbid = 0;
            assert_accepted(s);
        } else if (bit == TDX_ATTR_LASS || bit == TDX_ATTR_PKS || bit == TDX_ATTR_KL ||
                   bit == TDX_ATTR_SEPT_VE_DISABLE) {
            assert_accepted(s);
            assert_true(s->got.tdx.td_attributes == (TD_SEPT_VE_DISABLE | one));
        } else {
            assert_refused(s, JUDGE_REJECT, "td.attributes_reserved", "0x", "reserved bits zero");
        }
    }
}

static void
attributes_of_the_policy(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    attributes(s, 0);
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "td.attributes", "0x0000000000000000", "sept_ve_disable set");
    s->want.tdx.attributes_require = 0;
    assert_accepted(s);
    s->want.tdx.attributes_require = tdx_attribute_bit(slice_text("pks"));
    assert_refused(s, JUDGE_REJECT, "td.attributes", "0x0000000000000000", "pks set");
    s->want.tdx.attributes_require = 0;
    s->want.tdx.attributes_forbid = tdx_attribute_bit(slice_text("lass"));
    attributes(s, UINT64_C(1) << TDX_ATTR_LASS);
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "td.attributes", "0x0000000008000000", "lass not set");
    assert_int_equal(tdx_attribute_bit(slice_text("nothing")), 0);
}

/* Fixed to one, allowed, or refused. */
static void
each_bit_of_xfam(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        struct td_scene *s = court(4, 2);
        uint64_t one = UINT64_C(1) << bit;

        td_put(s->quote.body + BODY_XFAM, bit < 2 ? 3 ^ one : 3 | one, 8);
        td_make(s);
        if (bit < 2) {
            assert_refused(s, JUDGE_REJECT, "td.xfam", "0x", "bits 0 and 1 (x87, SSE) set");
        } else if (one & UINT64_C(0x6dbe7)) {
            assert_accepted(s);
        } else {
            assert_refused(s, JUDGE_REJECT, "td.xfam", "0x", "no bit outside 0x6dbe7");
        }
    }
}

static void
xfam_of_the_policy(void **state)
{
    static const uint64_t LIST[] = {0x3, 0x600e7};
    struct td_scene *s = court(4, 2);

    (void)state;
    s->want.tdx.xfam = LIST;
    s->want.tdx.xfam_n = 2;
    td_make(s);
    assert_accepted(s);
    s->want.tdx.xfam_n = 1;
    assert_refused(s, JUDGE_REJECT, "td.xfam", "0x600e7", "0x3");
}

/* ---- measurements ---- */

/* Values as td_quote_open() has them: one byte over and over. */
static const struct {
    const char *id;
    unsigned field;
    uint8_t byte;
} FIELDS[] = {
    {"mrtd", TDX_MRTD, 0x22},
    {"rtmr0", TDX_RTMR0, 0x30},
    {"rtmr1", TDX_RTMR1, 0x31},
    {"rtmr2", TDX_RTMR2, 0x32},
    {"rtmr3", TDX_RTMR3, 0x33},
    {"mrseam", TDX_MRSEAM, 0x21},
    {"mrconfigid", TDX_MRCONFIGID, 0x23},
    {"mrowner", TDX_MROWNER, 0x24},
    {"mrownerconfig", TDX_MROWNERCONFIG, 0x25},
    {"mrservicetd", TDX_MRSERVICETD, 0},
};

static void
golden_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDX_FIELDS; i++) {
        struct td_scene *s = court(5, 3);
        struct tdx_values *v = &s->want.tdx.own.field[FIELDS[i].field];
        uint8_t good[48];
        uint8_t other[48];
        char text[2 * 48 + 1];
        const struct slice list[] = {{other, 48}, {good, 48}};

        memset(good, FIELDS[i].byte, sizeof good);
        memcpy(other, good, sizeof other);
        other[47] ^= 1;
        td_make(s);
        assert_accepted(s);
        assert_row(s, FIELDS[i].id, OUTCOME_IGNORED, "no golden value");
        *v = (struct tdx_values){true, list, 2};
        assert_accepted(s);
        assert_row(s, FIELDS[i].id, OUTCOME_PASS, "");
        v->n = 1;
        hex_encode(list[0], text);
        assert_refused(s, JUDGE_REJECT, FIELDS[i].id, "", text);
        v->n = 0; /* wanted, and nothing would do */
        assert_refused(s, JUDGE_REJECT, FIELDS[i].id, "", "");
        *v = (struct tdx_values){true, &(struct slice){good, 47}, 1};
        assert_refused(s, JUDGE_REJECT, FIELDS[i].id, "", "");
        assert_string_equal(tdx_field_name(FIELDS[i].field), FIELDS[i].id);
    }
}

static void
rtmr3_by_golden_value(void **state)
{
    struct td_scene *s = court(4, 2);
    uint8_t value[48];
    const struct slice list = {value, sizeof value};

    (void)state;
    memset(value, 0x33, sizeof value);
    td_make(s);
    assert_accepted(s);
    assert_int_equal(s->got.tdx.rtmr3, TDX_RTMR3_UNCHECKED);
    s->want.tdx.own.field[TDX_RTMR3] = (struct tdx_values){true, &list, 1};
    assert_accepted(s);
    assert_int_equal(s->got.tdx.rtmr3, TDX_RTMR3_GOLDEN);
}

static void
service_td(void **state)
{
    struct td_scene *s = court(5, 3);
    uint8_t value[48];
    const struct slice list = {value, sizeof value};

    (void)state;
    memset(value, 0x5d, sizeof value);
    memcpy(s->quote.body + BODY_MRSERVICETD, value, sizeof value);
    td_make(s);
    assert_accepted(s);
    assert_row(s, "mrservicetd", OUTCOME_WARN, "a service TD is bound");
    s->want.tdx.own.field[TDX_MRSERVICETD] = (struct tdx_values){true, &list, 1};
    assert_accepted(s);
    assert_row(s, "mrservicetd", OUTCOME_PASS, "5d5d");
    s = court(4, 2);
    s->want.tdx.own.field[TDX_MRSERVICETD] = (struct tdx_values){true, &list, 1};
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "mrservicetd", "a TDX 1.0 report", "a TDX 1.5 report");
}

static void
machines(void **state)
{
    struct td_scene *s = court(4, 2);
    uint8_t ppid[2][16];
    const struct slice list[] = {{ppid[0], 16}, {ppid[1], 16}};

    (void)state;
    memset(ppid[0], 0x59, 16);
    memset(ppid[1], 0x5a, 16);
    s->want.tdx.ppid_allow = (struct tdx_values){true, list, 2};
    td_make(s);
    assert_accepted(s);
    s->want.tdx.ppid_allow.n = 1;
    assert_refused(s, JUDGE_REJECT, "ppid", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "5959");
}

/* ---- for whom ---- */

static void
report_data(void **state)
{
    struct td_scene *s = court(4, 2);
    uint8_t data[64];
    uint8_t zeros[32] = {0};

    (void)state;
    memset(data, 0x26, sizeof data);
    td_make(s);
    assert_accepted(s);
    assert_row(s, "report_data", OUTCOME_IGNORED, "freshness is not judged");
    s->want.tdx.report_data = (struct slice){data, 64};
    assert_accepted(s);
    assert_row(s, "report_data", OUTCOME_PASS, "as asked");
    data[63] ^= 1;
    assert_refused(s, JUDGE_REJECT, "report_data", "2626", "REPORTDATA 2626");
    s->want.tdx.report_data = (struct slice){0};

    s->want.binding = (struct slice){data, 32};
    assert_refused(s, JUDGE_REJECT, "report_data", "2626", "REPORTDATA[32:64]"); /* zeros wanted */
    s->want.tdx.report_data_tail = (struct slice){data + 1, 32};
    assert_accepted(s);
    data[31] ^= 1;
    assert_refused(s, JUDGE_REJECT, "report_data", "2626", "REPORTDATA[0:32], the binding,");
    data[31] ^= 1;
    s->want.tdx.report_data_tail = (struct slice){0};
    memcpy(s->quote.body + BODY_REPORT_DATA + 32, zeros, sizeof zeros);
    td_make(s);
    assert_accepted(s);
    assert_row(s, "report_data", OUTCOME_PASS, "the binding");
}

/* ---- reference values ---- */

static void
reference_values(void **state)
{
    struct td_scene *s = court(4, 2);
    uint8_t value[3][48];
    const struct slice mrtd = {value[0], 48};
    const struct slice rtmr1 = {value[1], 48};
    const struct slice wrong = {value[2], 48};
    struct tdx_golden golden[3] = {{.label = "one"}, {.label = "two"}, {.label = "empty"}};

    (void)state;
    memset(value[0], 0x22, 48);
    memset(value[1], 0x31, 48);
    memset(value[2], 0x99, 48);
    golden[0].field[TDX_MRTD] = (struct tdx_values){true, &mrtd, 1};
    golden[0].field[TDX_RTMR1] = (struct tdx_values){true, &wrong, 1};
    golden[1].field[TDX_MRTD] = (struct tdx_values){true, &mrtd, 1};
    golden[1].field[TDX_RTMR1] = (struct tdx_values){true, &rtmr1, 1};
    s->want.tdx.golden_wanted = true;
    s->want.tdx.golden = golden;
    s->want.tdx.golden_n = 2;
    td_make(s);
    assert_accepted(s);
    assert_string_equal(s->got.tdx.golden_label, "two");
    s->want.tdx.golden_n = 1;
    assert_refused(s, JUDGE_REJECT, "reference_value", "rtmr1 is 313131", "nearest is \"one\"");
    golden[0].field[TDX_MRSERVICETD] = (struct tdx_values){true, &wrong, 1};
    assert_refused(s, JUDGE_REJECT, "reference_value", "nor are others", "nearest is \"one\"");
    s->want.tdx.golden_n = 0;
    assert_refused(s, JUDGE_REJECT, "reference_value", "the set has none", "in force");
    s->want.tdx.golden = &golden[2]; /* a compound that says nothing would fit anything */
    s->want.tdx.golden_n = 1;
    assert_refused(s, JUDGE_REJECT, "reference_value", "the set has none", "in force");
    s->want.tdx.golden_wanted = false;
    assert_accepted(s);
    assert_null(s->got.tdx.golden_label);
    s->want.tdx.golden = NULL; /* the scene outlives them */
}

/* What is genuine is told even where the policy refuses it, and nothing is told of what is not. */
static void
claims(void **state)
{
    struct td_scene *s = court(5, 3);

    (void)state;
    attributes(s, 1);
    td_make(s);
    assert_int_equal(td_judge(s), JUDGE_REJECT);
    assert_true(s->got.tdx.verified);
    assert_int_equal(s->got.tdx.td_attributes, 1);
    assert_int_equal(s->got.tdx.tee_tcb_svn[0], 6);
    assert_int_equal(s->got.tdx.tee_tcb_svn2[1], 1);
    assert_int_equal(s->got.tdx.report_data[63], 0x26);
    s->quote.raw[s->quote.at_signature] ^= 1;
    assert_int_equal(td_judge(s), JUDGE_REJECT);
    assert_false(s->got.tdx.verified);
    assert_int_equal(s->got.tdx.tcb.status, TDX_STATUS_NONE);
    assert_int_equal(s->got.tdx.ppid[0], 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attribute),   cmocka_unit_test(attributes_of_the_policy),
        cmocka_unit_test(each_bit_of_xfam), cmocka_unit_test(xfam_of_the_policy),
        cmocka_unit_test(golden_values),    cmocka_unit_test(rtmr3_by_golden_value),
        cmocka_unit_test(service_td),       cmocka_unit_test(machines),
        cmocka_unit_test(report_data),      cmocka_unit_test(reference_values),
        cmocka_unit_test(claims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
