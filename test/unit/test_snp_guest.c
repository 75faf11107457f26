/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_guest.c - rules on the guest: privilege level, golden values alone and together, and REPORT_DATA.
 * Each refuses for its own reason, in signed reports that are right in everything else. */
#include "attest/snp/checks.h"
#include "test/unit/snp_scene.h"

static void
privilege_levels(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 3);
    soft_put(s.report, AT_VMPL, 1, 4);
    assert_refused(&s, "vmpl", "VMPL is 1", "<= 0");
    s.want.snp.vmpl_max = -1; /* no level at all: not any level */
    assert_refused(&s, "vmpl", "VMPL is 1", "<= 0");
    s.want.snp.vmpl_max = 1;
    assert_accepted(&s);
    assert_int_equal(s.got.snp.vmpl, 1);
    soft_put(s.report, AT_VMPL, 0, 4);
    assert_accepted(&s); /* a bound, not an exact value */
    s.want.snp.vmpl_max = 3;
    soft_put(s.report, AT_VMPL, 4, 4);
    assert_refused(&s, "vmpl", "VMPL is 4", "VMPL 0 to 3");
    soft_put(s.report, AT_VMPL, UINT32_MAX, 4);
    assert_refused(&s, "vmpl", "0xffffffff: the host asked for it", "the guest asked for");
    s.want.snp.vmpl_max = 0;
    assert_refused(&s, "vmpl", "0xffffffff: the host asked for it", "the guest asked for");
}

struct list_case {
    const char *id;
    size_t at, len;
};

static const struct list_case LISTS[] = {
    {"measurement", AT_MEASUREMENT, 48}, {"host_data", AT_HOST_DATA, 32},
    {"id_key", AT_ID_KEY, 48},           {"author_key", AT_AUTHOR_KEY, 48},
    {"family_id", AT_FAMILY_ID, 16},     {"image_id", AT_IMAGE_ID, 16},
};

enum { LISTS_N = sizeof LISTS / sizeof LISTS[0], FIRST_THAT_NEEDS_A_KEY = 4 };

static struct snp_values *
list_of(struct snp_golden *g, size_t i)
{
    struct snp_values *const lists[LISTS_N] = {&g->measurement, &g->host_data, &g->id_key,
                                               &g->author_key,  &g->family_id, &g->image_id};

    return lists[i];
}

static void
one_field_against_a_list(const struct list_case *c, size_t i)
{
    uint8_t good[48];
    uint8_t other[48] = {0xab};
    const struct slice list[] = {{other, c->len}, {good, c->len}};
    uint8_t id_key[48];
    const struct slice key[] = {{id_key, sizeof id_key}};
    struct scene s;

    scene_open(&s, SNP_TURIN, 5);
    memcpy(good, s.report + c->at, c->len);
    memcpy(id_key, s.report + AT_ID_KEY, sizeof id_key);
    if (i >= FIRST_THAT_NEEDS_A_KEY) {
        s.want.snp.own.id_key = (struct snp_values){true, key, 1};
    }
    assert_accepted(&s);
    assert_ignored(&s, c->id);
    *list_of(&s.want.snp.own, i) = (struct snp_values){true, list, 2};
    assert_accepted(&s);
    assert_int_equal(finding(&s, c->id)->outcome, OUTCOME_PASS);
    *list_of(&s.want.snp.own, i) = (struct snp_values){true, list, 1};
    assert_refused(&s, c->id, c->id, "ab0000");
    *list_of(&s.want.snp.own, i) = (struct snp_values){true, NULL, 0};
    assert_refused(&s, c->id, c->id, "nothing: the list is empty");
}

static void
each_field_against_a_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTS_N; i++) {
        one_field_against_a_list(&LISTS[i], i);
    }
}

static void
the_message_has_both_values(void **state)
{
    uint8_t a[48];
    uint8_t b[48];
    const struct slice list[] = {{a, 48}, {b, 48}, {b, 48}};
    struct scene s;

    (void)state;
    memset(a, 0xaa, sizeof a);
    memset(b, 0xbb, sizeof b);
    scene_open(&s, SNP_GENOA, 5);
    s.want.snp.own.measurement = (struct snp_values){true, list, 3};
    assert_refused(
        &s, "measurement",
        "measurement is 1414141414141414141414141414141414141414141414141414141414141414"
        "14141414141414141414141414141414",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaa or one of 2 more");
}

static void
a_value_of_another_length_is_not_equal(void **state)
{
    struct slice list[1];
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    list[0] = (struct slice){s.report + AT_MEASUREMENT, 47};
    s.want.snp.own.measurement = (struct snp_values){true, list, 1};
    assert_refused(&s, "measurement", "measurement is 1414", "1414");
}

static void
an_author_key_must_be_in_force(void **state)
{
    static const uint8_t ZERO[48];
    static const struct slice LIST[] = {{ZERO, 48}};
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    soft_put(s.report, AT_FLAGS, 0, 4);
    memset(s.report + AT_AUTHOR_KEY, 0, 48);
    s.want.snp.own.author_key = (struct snp_values){true, LIST, 1};
    assert_refused(&s, "author_key", "AUTHOR_KEY_EN is 0", "an author key");
}

/* What only an ID block says. */
static void
ask_for_id_block(struct scene *s, const struct slice list[1])
{
    s->want.snp.own.family_id = (struct snp_values){true, list, 1};
}

static void
ids_count_only_under_a_listed_key(void **state)
{
    struct slice family[1];
    struct slice key[1];
    struct slice author[1];
    uint8_t other[48] = {1};
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    family[0] = (struct slice){s.report + AT_FAMILY_ID, 16};
    key[0] = (struct slice){s.report + AT_ID_KEY, 48};
    author[0] = (struct slice){s.report + AT_AUTHOR_KEY, 48};
    ask_for_id_block(&s, family);
    assert_refused(&s, "family_id", "host's choice without one", "id_key or author_key");
    s.want.snp.own.id_key = (struct snp_values){true, key, 1};
    assert_accepted(&s);
    s.want.snp.own.id_key.wanted = false;
    s.want.snp.own.author_key = (struct snp_values){true, author, 1};
    assert_accepted(&s); /* the author signed for the ID key */
    author[0] = (struct slice){other, 48};
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_true(refuses(finding(&s, "author_key")));
    assert_true(refuses(finding(&s, "family_id")));
}

static void
no_id_key_is_no_key(void **state)
{
    static const uint8_t ZERO[48];
    static const struct slice NO_KEY[] = {{ZERO, 48}};
    struct slice family[1];
    struct scene s;

    (void)state;
    scene_open(&s, SNP_MILAN, 3);
    family[0] = (struct slice){s.report + AT_FAMILY_ID, 16};
    memset(s.report + AT_ID_KEY, 0, 48);
    s.want.snp.own.id_key = (struct snp_values){true, NO_KEY, 1};
    assert_accepted(&s); /* a policy may list "none" */
    ask_for_id_block(&s, family);
    assert_refused(&s, "family_id", "host's choice without one", "id_key or author_key");
}

static void
minimum_of_guest_svn(void **state)
{
    struct slice key[1];
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 3); /* 7 */
    key[0] = (struct slice){s.report + AT_ID_KEY, 48};
    assert_accepted(&s);
    assert_ignored(&s, "guest_svn");
    s.want.snp.own.guest_svn_min = 0; /* every one reaches it, whoever chose it */
    assert_accepted(&s);
    s.want.snp.own.guest_svn_min = 7;
    assert_refused(&s, "guest_svn", "guest_svn is the host's choice", "id_key or author_key");
    s.want.snp.own.id_key = (struct snp_values){true, key, 1};
    assert_accepted(&s);
    s.want.snp.own.guest_svn_min = 8;
    assert_refused(&s, "guest_svn", "guest_svn is 7", ">= 8");
    soft_put(s.report, AT_GUEST_SVN, UINT32_MAX, 4);
    s.want.snp.own.guest_svn_min = UINT32_MAX;
    assert_accepted(&s);
}

static void
report_ids_against_a_list(void **state)
{
    struct slice list[1];
    uint8_t other[32] = {0xcd};
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 3);
    list[0] = (struct slice){s.report + AT_REPORT_ID, 32};
    s.want.snp.report_id = (struct snp_values){true, list, 1};
    assert_accepted(&s);
    list[0] = (struct slice){other, 32};
    assert_refused(&s, "report_id", "REPORT_ID is 1818", "cd0000");
}

static void
report_data_of_64_bytes(void **state)
{
    uint8_t wanted[65];
    struct scene s;

    (void)state;
    memset(wanted, 0x13, sizeof wanted);
    scene_open(&s, SNP_GENOA, 3);
    assert_accepted(&s);
    assert_ignored(&s, "report_data");
    assert_non_null(strstr(finding(&s, "report_data")->wanted, "freshness is not judged"));
    for (size_t len = 1; len <= 65; len++) {
        s.want.snp.report_data = (struct slice){wanted, len};
        if (len == 64) {
            assert_accepted(&s);
        } else {
            assert_refused(&s, "report_data", len > 64 ? "65 bytes" : "REPORT_DATA is 1313", "");
        }
    }
    for (size_t i = 0; i < 64; i++) {
        s.want.snp.report_data.len = 64;
        wanted[i] ^= 1;
        assert_refused(&s, "report_data", "REPORT_DATA is 1313", "12");
        wanted[i] ^= 1;
    }
}

static void
a_binding_fills_all_64_bytes(void **state)
{
    uint8_t binding[BINDING_LEN];
    uint8_t tail[32];
    struct scene s;

    (void)state;
    memset(binding, 0xb1, sizeof binding);
    memset(tail, 0x7a, sizeof tail);
    scene_open(&s, SNP_GENOA, 3);
    s.want.binding = (struct slice){binding, sizeof binding};
    assert_refused(&s, "report_data", "the binding, is 1313", "b1b1");
    memset(s.report + AT_REPORT_DATA, 0xb1, 32);
    assert_refused(&s, "report_data", "REPORT_DATA[32:64] is 1313", "0000");
    memset(s.report + AT_REPORT_DATA + 32, 0, 32);
    assert_accepted(&s);
    assert_int_equal(finding(&s, "report_data")->outcome, OUTCOME_PASS);
    for (size_t i = 0; i < 64; i++) {
        s.report[AT_REPORT_DATA + i] ^= 0x80;
        assert_refused(&s, "report_data", i < 32 ? "the binding" : "[32:64]", "");
        s.report[AT_REPORT_DATA + i] ^= 0x80;
    }
    s.want.snp.report_data_tail = (struct slice){tail, sizeof tail};
    assert_refused(&s, "report_data", "REPORT_DATA[32:64] is 0000", "7a7a");
    memset(s.report + AT_REPORT_DATA + 32, 0x7a, 32);
    assert_accepted(&s);
    s.want.snp.report_data_tail.len = 31;
    assert_refused(&s, "report_data", "REPORT_DATA[32:64] is 7a7a", "7a7a");
    s.want.snp.report_data_tail.len = 32;
    s.want.binding.len = 31;
    assert_refused(&s, "report_data", "the binding, is b1b1", "b1b1");
}

/* Two things asked at once: both hold. */
static void
a_binding_and_exact_bytes_must_agree(void **state)
{
    uint8_t binding[BINDING_LEN];
    uint8_t exact[64] = {0};
    struct scene s;

    (void)state;
    memset(binding, 0xb1, sizeof binding);
    memset(exact, 0xb1, 32);
    scene_open(&s, SNP_GENOA, 3);
    memcpy(s.report + AT_REPORT_DATA, exact, 64);
    s.want.binding = (struct slice){binding, sizeof binding};
    s.want.snp.report_data = (struct slice){exact, sizeof exact};
    assert_accepted(&s);
    exact[63] = 1;
    assert_refused(&s, "report_data", "REPORT_DATA is b1b1", "b1b1");
    exact[63] = 0;
    binding[0] = 0;
    assert_refused(&s, "report_data", "the binding, is b1b1", "00b1");
}

/* A compound of everything that the report of a scene says. */
struct compound {
    struct slice value[LISTS_N];
    struct snp_golden golden;
};

static void
compound_of(const struct scene *s, const char *label, struct compound *out)
{
    *out = (struct compound){.golden = {.label = label, .guest_svn_min = 5}};
    for (size_t i = 0; i < LISTS_N; i++) {
        out->value[i] = (struct slice){s->report + LISTS[i].at, LISTS[i].len};
        *list_of(&out->golden, i) = (struct snp_values){true, &out->value[i], 1};
    }
}

static void
a_reference_value_holds_entirely(void **state)
{
    static const uint8_t OTHER[48] = {0xee};
    struct compound c;
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    compound_of(&s, "image-7", &c);
    s.want.snp.golden_wanted = true;
    s.want.snp.golden = &c.golden;
    s.want.snp.golden_n = 1;
    assert_accepted(&s);
    assert_string_equal(s.got.snp.golden_label, "image-7");
    assert_string_equal(finding(&s, "reference_value")->seen, "image-7");
    assert_non_null(strstr(finding(&s, "measurement")->wanted, "see reference_value"));
    for (size_t i = 0; i < LISTS_N; i++) {
        struct slice good = c.value[i];

        c.value[i] = (struct slice){OTHER, good.len};
        assert_refused(&s, "reference_value", LISTS[i].id, "ee0000");
        assert_non_null(strstr(finding(&s, "reference_value")->wanted, "(\"image-7\")"));
        list_of(&c.golden, i)->wanted = false; /* ignored in so many words */
        assert_accepted(&s);
        list_of(&c.golden, i)->wanted = true;
        c.value[i] = good;
    }
    c.golden.guest_svn_min = 8;
    assert_refused(&s, "reference_value", "guest_svn is 7", ">= 8 (\"image-7\")");
}

static void
the_nearest_reference_value_is_named(void **state)
{
    static const uint8_t OTHER[48] = {0xee};
    struct compound c[3];
    struct snp_golden golden[3];
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    for (size_t i = 0; i < 3; i++) {
        compound_of(&s, i == 0 ? "far" : i == 1 ? "near" : "other", &c[i]);
        c[i].value[1] = (struct slice){OTHER, 32}; /* host_data of all */
    }
    c[0].value[0] = (struct slice){OTHER, 48};
    c[2].value[0] = (struct slice){OTHER, 48};
    for (size_t i = 0; i < 3; i++) {
        golden[i] = c[i].golden;
    }
    s.want.snp.golden_wanted = true;
    s.want.snp.golden = golden;
    s.want.snp.golden_n = 3;
    assert_refused(&s, "reference_value", "host_data is 1515", "(\"near\")");
    c[1].value[1] = (struct slice){s.report + AT_HOST_DATA, 32};
    assert_accepted(&s);
    assert_string_equal(s.got.snp.golden_label, "near");
}

/* Half of one and half of another is neither. */
static void
reference_values_do_not_mix(void **state)
{
    static const uint8_t OTHER[48] = {0xee};
    struct compound c[2];
    struct snp_golden golden[2];
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    for (size_t i = 0; i < 2; i++) {
        compound_of(&s, "half", &c[i]);
        c[i].value[i] = (struct slice){OTHER, LISTS[i].len};
        golden[i] = c[i].golden;
    }
    s.want.snp.golden_wanted = true;
    s.want.snp.golden = golden;
    s.want.snp.golden_n = 2;
    assert_refused(&s, "reference_value", "measurement is 1414", "(\"half\")");
}

static void
no_reference_value_is_a_refusal(void **state)
{
    struct snp_golden empty = {.label = "empty", .guest_svn_min = -1};
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    assert_accepted(&s);
    assert_ignored(&s, "reference_value");
    s.want.snp.golden_wanted = true;
    assert_refused(&s, "reference_value", "there is none to compare with", "an active reference");
    s.want.snp.golden = &empty;
    s.want.snp.golden_n = 1;
    assert_refused(&s, "reference_value", "all ask for nothing", "asks for something");
}

static void
ids_of_a_reference_value_need_a_key_too(void **state)
{
    struct compound c;
    struct slice key[1];
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    compound_of(&s, "image", &c);
    c.golden.id_key.wanted = false;
    c.golden.author_key.wanted = false;
    s.want.snp.golden_wanted = true;
    s.want.snp.golden = &c.golden;
    s.want.snp.golden_n = 1;
    assert_refused(&s, "reference_value", "family_id is the host's choice", "id_key or author");
    key[0] = (struct slice){s.report + AT_ID_KEY, 48};
    s.want.snp.own.id_key = (struct snp_values){true, key, 1};
    assert_accepted(&s); /* the policy's own key vouches */
}

static void
own_lists_and_a_reference_value_both_count(void **state)
{
    static const uint8_t OTHER[48] = {0xee};
    static const struct slice WRONG[] = {{OTHER, 48}};
    struct compound c;
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 5);
    compound_of(&s, "image", &c);
    s.want.snp.golden_wanted = true;
    s.want.snp.golden = &c.golden;
    s.want.snp.golden_n = 1;
    s.want.snp.own.measurement = (struct snp_values){true, WRONG, 1};
    assert_refused(&s, "measurement", "measurement is 1414", "ee00");
}

/* Under a paravisor REPORT_DATA is not the guest's, and the report is the paravisor's own: whatever the policy says. */
static void
a_paravisor_reports_from_level_0(void **state)
{
    static const uint8_t DATA[64];
    const struct snp_expect want = {.vmpl_max = 3, .report_data = {DATA, sizeof DATA}};
    const uint8_t other[64] = {1};
    struct snp_in s = {.want = &want, .paravisor = true};
    const struct check_in in = {.snp = &s};
    struct finding f = {0};

    (void)state;
    s.report.report_data = (struct slice){other, sizeof other};
    assert_int_equal(snp_rule_report_data(&in, &f), OUTCOME_IGNORED);
    assert_string_equal(f.wanted, "REPORT_DATA belongs to the paravisor: claims.hash");
    assert_int_equal(snp_rule_vmpl(&in, &f), OUTCOME_PASS);
    s.report.vmpl = 1;
    assert_int_equal(snp_rule_vmpl(&in, &f), OUTCOME_FAIL);
    assert_string_equal(f.seen, "VMPL is 1");
    assert_string_equal(f.wanted, "<= 0 (the paravisor's own)");
    s.paravisor = false;
    assert_int_equal(snp_rule_vmpl(&in, &f), OUTCOME_PASS);
    assert_int_equal(snp_rule_report_data(&in, &f), OUTCOME_FAIL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(privilege_levels),
        cmocka_unit_test(each_field_against_a_list),
        cmocka_unit_test(the_message_has_both_values),
        cmocka_unit_test(a_value_of_another_length_is_not_equal),
        cmocka_unit_test(an_author_key_must_be_in_force),
        cmocka_unit_test(ids_count_only_under_a_listed_key),
        cmocka_unit_test(no_id_key_is_no_key),
        cmocka_unit_test(minimum_of_guest_svn),
        cmocka_unit_test(report_ids_against_a_list),
        cmocka_unit_test(report_data_of_64_bytes),
        cmocka_unit_test(a_binding_fills_all_64_bytes),
        cmocka_unit_test(a_binding_and_exact_bytes_must_agree),
        cmocka_unit_test(a_reference_value_holds_entirely),
        cmocka_unit_test(the_nearest_reference_value_is_named),
        cmocka_unit_test(reference_values_do_not_mix),
        cmocka_unit_test(no_reference_value_is_a_refusal),
        cmocka_unit_test(ids_of_a_reference_value_need_a_key_too),
        cmocka_unit_test(own_lists_and_a_reference_value_both_count),
        cmocka_unit_test(a_paravisor_reports_from_level_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
