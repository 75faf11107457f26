/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_report.c - ATTESTATION_REPORT byte for byte, in all versions; product lines, TCB layouts and names. */
#include "attest/snp/product.h"
#include "attest/snp/report.h"
#include "test/unit/snp_scene.h"

static void
assert_field(struct slice field, const uint8_t *report, size_t at, size_t len)
{
    assert_ptr_equal(field.ptr, report + at);
    assert_int_equal(field.len, len);
}

static void
decoded(const uint8_t *report, struct snp_report *out)
{
    struct why why = {0};

    assert_int_equal(snp_report_decode((struct slice){report, SNP_REPORT_LEN}, out, &why), ERR_OK);
}

/* Numbers that differ in each byte, so that an offset or an order that is wrong shows. */
static void
every_field_is_where_the_specification_says(void **state)
{
    uint8_t report[SNP_REPORT_LEN];
    struct snp_report r;

    (void)state;
    for (size_t i = 0; i < sizeof report; i++) {
        report[i] = (uint8_t)(i * 7 + i / 256);
    }
    soft_put(report, AT_VERSION, 5, 4);
    decoded(report, &r);
    assert_int_equal(r.version, 5);
    assert_int_equal(r.guest_svn, 0x312a231c);
    assert_int_equal(r.policy, UINT64_C(0x69625b544d463f38));
    assert_field(r.family_id, report, 0x10, 16);
    assert_field(r.image_id, report, 0x20, 16);
    assert_int_equal(r.vmpl, 0x655e5750);
    assert_int_equal(r.signature_algo, 0x817a736c);
    assert_memory_equal(r.current, report + 0x38, 8);
    assert_int_equal(r.platform_info, UINT64_C(0xf1eae3dcd5cec7c0));
    assert_int_equal(r.flags, 0x0d06fff8);
    assert_false(r.author_key_en);
    assert_false(r.mask_chip_key);
    assert_int_equal(r.signing_key, 6);
    assert_field(r.report_data, report, 0x50, 64);
    assert_field(r.measurement, report, 0x90, 48);
    assert_field(r.host_data, report, 0xc0, 32);
    assert_field(r.id_key, report, 0xe0, 48);
    assert_field(r.author_key, report, 0x110, 48);
    assert_field(r.report_id, report, 0x140, 32);
    assert_field(r.report_id_ma, report, 0x160, 32);
    assert_memory_equal(r.reported, report + 0x180, 8);
    assert_true(r.has_cpuid);
    assert_int_equal(r.cpu_family, report[0x188]);
    assert_int_equal(r.cpu_model, report[0x189]);
    assert_int_equal(r.cpu_stepping, report[0x18a]);
    assert_field(r.chip, report, 0x1a0, 64);
    assert_memory_equal(r.committed, report + 0x1e0, 8);
    assert_int_equal(r.firmware_current, report[0x1ea] << 16 | report[0x1e9] << 8 | report[0x1e8]);
    assert_int_equal(r.firmware_committed,
                     report[0x1ee] << 16 | report[0x1ed] << 8 | report[0x1ec]);
    assert_memory_equal(r.launch, report + 0x1f0, 8);
    assert_true(r.has_mit);
    assert_int_equal(r.mit_launch, UINT64_C(0xfaf3ece5ded7d0c9));
    assert_int_equal(r.mit_current & 0xff, report[0x200]);
    assert_int_equal(r.mit_current >> 56, report[0x207]);
    assert_field(r.raw, report, 0, 1184);
    assert_field(r.signed_part, report, 0, 672);
    for (size_t i = 0; i < 48; i++) {
        assert_int_equal(r.signature[i], report[0x2a0 + 47 - i]);
        assert_int_equal(r.signature[48 + i], report[0x2e8 + 47 - i]);
    }
    assert_false(r.signature_high_zero);
    assert_int_equal(r.reserved_at, 0x4c);
}

static void
flags_are_taken_apart(void **state)
{
    uint8_t report[SNP_REPORT_LEN];
    struct snp_report r;

    (void)state;
    soft_report(SNP_MILAN, 3, report);
    soft_put(report, AT_FLAGS, 0x1f, 4);
    decoded(report, &r);
    assert_true(r.author_key_en);
    assert_true(r.mask_chip_key);
    assert_int_equal(r.signing_key, 7);
    soft_put(report, AT_FLAGS, 4, 4);
    decoded(report, &r);
    assert_false(r.author_key_en);
    assert_false(r.mask_chip_key);
    assert_int_equal(r.signing_key, 1);
}

static void
any_other_length_is_refused(void **state)
{
    uint8_t report[SNP_REPORT_LEN + 1] = {0};

    (void)state;
    soft_report(SNP_GENOA, 5, report);
    for (size_t len = 0; len <= SNP_REPORT_LEN + 1; len++) {
        struct snp_report r = {.version = 99};
        struct snp_need need = {.kind = SNP_VLEK};
        struct why why = {0};
        char text[32];

        if (len == SNP_REPORT_LEN) {
            continue;
        }
        (void)snprintf(text, sizeof text, "%zu bytes, not 1184", len);
        assert_int_equal(snp_report_decode((struct slice){report, len}, &r, &why), ERR_MALFORMED);
        assert_string_equal(why_text(&why), text);
        assert_int_equal(r.version, 99); /* untouched */
        assert_int_equal(snp_need_read((struct slice){report, len}, &need, &why), ERR_MALFORMED);
        assert_int_equal(need.kind, SNP_VLEK);
    }
}

static bool
within(size_t at, size_t first, size_t len)
{
    return at >= first && at < first + len;
}

/* Reserved in this version, by the table. */
static bool
is_reserved(size_t at, uint32_t version)
{
    return within(at, 0x4c, 4) || within(at, 0x18b, 21) || at == 0x1eb || at == 0x1ef ||
           within(at, 0x208, 152) || within(at, 0x330, 368) ||
           (version < 3 && within(at, 0x188, 3)) || (version < 5 && within(at, 0x1f8, 16));
}

static bool
is_high(size_t at)
{
    return within(at, AT_R + 48, 24) || within(at, AT_S + 48, 24);
}

static void
each_reserved_byte_is_seen_and_no_other(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 5; version++) {
        for (size_t at = 4; at < SNP_REPORT_LEN; at++) {
            uint8_t report[SNP_REPORT_LEN];
            struct snp_report r;

            soft_report(SNP_MILAN, version, report);
            report[at] ^= 0x80;
            decoded(report, &r);
            assert_int_equal(r.reserved_at, is_reserved(at, version) ? (int)at : -1);
            assert_int_equal(r.signature_high_zero, !is_high(at));
        }
    }
}

static void
versions_say_what_they_say(void **state)
{
    (void)state;
    for (uint32_t version = 0; version < 8; version++) {
        uint8_t report[SNP_REPORT_LEN];
        struct snp_report r;

        soft_report(SNP_TURIN, version, report);
        decoded(report, &r);
        assert_int_equal(r.has_cpuid, version >= 3);
        assert_int_equal(r.has_mit, version >= 5);
        assert_int_equal(r.mit_launch, version >= 5 ? 0x3b : 0);
        assert_int_equal(r.mit_current, version >= 5 ? 0x3f : 0);
        assert_int_equal(snp_report_product(&r), version >= 3 ? SNP_TURIN : SNP_PRODUCT_NONE);
    }
}

struct cpu {
    unsigned family, first, last;
    enum snp_product product;
};

static enum snp_product
expected(unsigned family, unsigned model)
{
    static const struct cpu CPUS[] = {
        {0x19, 0x00, 0x0f, SNP_MILAN},
        {0x19, 0x10, 0x1f, SNP_GENOA},
        {0x19, 0xa0, 0xaf, SNP_GENOA},
        {0x1a, 0x00, 0x11, SNP_TURIN},
    };
    enum snp_product p = SNP_PRODUCT_NONE;

    for (size_t i = 0; i < 4; i++) {
        const struct cpu *c = &CPUS[i];

        p = family == c->family && model >= c->first && model <= c->last ? c->product : p;
    }
    return p;
}

static void
products_are_known_by_their_cpu(void **state)
{
    (void)state;
    for (unsigned family = 0; family < 256; family++) {
        for (unsigned model = 0; model < 256; model++) {
            assert_int_equal(snp_product_by_cpu(family, model), expected(family, model));
        }
    }
    assert_int_equal(snp_product_by_cpu(0x119, 0x01), SNP_PRODUCT_NONE);
}

static void
layouts_differ_by_product(void **state)
{
    static const uint8_t RAW[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const struct snp_tcb milan = {0, 1, 2, 7, 8};
    const struct snp_tcb turin = {1, 2, 3, 4, 8};
    const struct snp_tcb none = {0};
    struct snp_tcb got = snp_tcb_of(SNP_MILAN, RAW);

    (void)state;
    assert_memory_equal(&got, &milan, sizeof got);
    got = snp_tcb_of(SNP_GENOA, RAW);
    assert_memory_equal(&got, &milan, sizeof got);
    got = snp_tcb_of(SNP_TURIN, RAW);
    assert_memory_equal(&got, &turin, sizeof got);
    got = snp_tcb_of(SNP_PRODUCT_NONE, RAW);
    assert_memory_equal(&got, &none, sizeof got);
    got = snp_tcb_of(SNP_PRODUCTS, RAW);
    assert_memory_equal(&got, &none, sizeof got);
}

static void
bytes_of_no_component_are_found(void **state)
{
    static const unsigned OWNED[] = {
        [SNP_PRODUCT_NONE] = 0xcf, [SNP_MILAN] = 0xc3, [SNP_GENOA] = 0xc3, [SNP_TURIN] = 0x8f};

    (void)state;
    for (unsigned p = SNP_PRODUCT_NONE; p < SNP_PRODUCTS; p++) {
        for (int i = 0; i < 8; i++) {
            uint8_t raw[8] = {0};

            raw[i] = 1;
            assert_int_equal(snp_tcb_stray((enum snp_product)p, raw), OWNED[p] & 1U << i ? -1 : i);
        }
    }
}

static void
tcbs_are_compared_by_component(void **state)
{
    const struct snp_tcb low = {1, 1, 1, 1, 1};

    (void)state;
    assert_int_equal(snp_tcb_below(&low, &low, SNP_COMPONENT_ALL), -1);
    for (unsigned i = 0; i < SNP_COMPONENTS; i++) {
        struct snp_tcb high = {i == 0 ? 2 : 0, i == 1 ? 2 : 0, i == 2 ? 2 : 0, i == 3 ? 2 : 0,
                               i == 4 ? 2 : 0};

        assert_int_equal(snp_tcb_below(&low, &high, SNP_COMPONENT_ALL), (int)i);
        assert_int_equal(snp_tcb_below(&low, &high, 1U << i), (int)i);
        assert_int_equal(snp_tcb_below(&low, &high, SNP_COMPONENT_ALL & ~(1U << i)), -1);
        assert_int_equal(snp_tcb_part(&high, i), 2);
        assert_int_equal(snp_component_bit(slice_text(snp_tcb_part_name(i))), 1U << i);
    }
    assert_int_equal(snp_component_bit(slice_text("SNP")), 0);
    assert_int_equal(snp_component_bit((struct slice){0}), 0);
    assert_int_equal(snp_tcb_part(&low, SNP_COMPONENTS), 0);
}

static void
tcbs_are_written_by_component(void **state)
{
    const struct snp_tcb tcb = {255, 254, 253, 252, 251};
    char text[SNP_TCB_TEXT];

    (void)state;
    snp_tcb_format(SNP_GENOA, &tcb, text);
    assert_string_equal(text, "bootloader 254, tee 253, snp 252, microcode 251");
    snp_tcb_format(SNP_TURIN, &tcb, text);
    assert_string_equal(text, "fmc 255, bootloader 254, tee 253, snp 252, microcode 251");
    snp_tcb_format(SNP_PRODUCT_NONE, &tcb, text);
    assert_string_equal(text, "bootloader 254, tee 253, snp 252, microcode 251");
}

static void
names_are_exact(void **state)
{
    static const char *const POLICY[] = {"smt",
                                         "migrate_ma",
                                         "debug",
                                         "single_socket",
                                         "cxl",
                                         "xts",
                                         "rapl_dis",
                                         "ciphertext_hiding",
                                         "page_swap_disable"};
    static const char *const PLATFORM[] = {
        "smt", "tsme", "ecc", "rapl_dis", "ciphertext_hiding", "alias_check", "iommu_write_safe",
        "tio"};

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(snp_policy_bit(slice_text(POLICY[i])), 1U << i);
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(snp_platform_bit(slice_text(PLATFORM[i])), 1U << i);
    }
    assert_int_equal(snp_policy_bit(slice_text("tsme")), 0);
    assert_int_equal(snp_platform_bit(slice_text("debug")), 0);
    assert_int_equal(snp_policy_bit((struct slice){(const uint8_t *)"debug\0", 6}), 0);
    assert_int_equal(snp_product_by_name(slice_text("Milan")), SNP_MILAN);
    assert_int_equal(snp_product_by_name(slice_text("Genoa")), SNP_GENOA);
    assert_int_equal(snp_product_by_name(slice_text("Turin")), SNP_TURIN);
    assert_int_equal(snp_product_by_name(slice_text("milan")), SNP_PRODUCT_NONE);
    assert_int_equal(snp_product_by_name(slice_text("none")), SNP_PRODUCT_NONE);
    assert_string_equal(snp_product_name(SNP_PRODUCTS), "none");
    assert_string_equal(snp_vek_kind_name(SNP_VCEK), "VCEK");
    assert_string_equal(snp_vek_kind_name(SNP_VLEK), "VLEK");
    assert_string_equal(snp_vek_kind_name(SNP_VEK_NONE), "none");
}

static struct snp_need
need_of(const uint8_t *report)
{
    struct snp_need need = {0};
    struct why why = {0};

    assert_int_equal(snp_need_read((struct slice){report, SNP_REPORT_LEN}, &need, &why), ERR_OK);
    return need;
}

static void
what_to_look_up_is_read_without_belief(void **state)
{
    uint8_t report[SNP_REPORT_LEN];
    struct snp_need need;

    (void)state;
    soft_report(SNP_TURIN, 5, report);
    need = need_of(report);
    assert_int_equal(need.product, SNP_TURIN);
    assert_int_equal(need.kind, SNP_VCEK);
    assert_false(need.chip_masked);
    assert_memory_equal(need.chip, report + AT_CHIP, 64);
    assert_memory_equal(need.tcb_raw, report + AT_REPORTED, 8);
    assert_int_equal(need.tcb.fmc, 1);
    assert_int_equal(need.tcb.snp, 4);

    soft_report(SNP_MILAN, 2, report);
    soft_put(report, AT_FLAGS, 4, 4);
    memset(report + AT_CHIP, 0, 64);
    need = need_of(report);
    assert_int_equal(need.product, SNP_PRODUCT_NONE);
    assert_int_equal(need.kind, SNP_VLEK);
    assert_true(need.chip_masked);
    assert_int_equal(need.tcb.snp, 0);
    assert_int_equal(need.tcb_raw[6], 24);

    for (unsigned key = 2; key < 8; key++) {
        soft_put(report, AT_FLAGS, key << 2, 4);
        assert_int_equal(need_of(report).kind, SNP_VEK_NONE);
    }
}

static void
defaults_refuse(void **state)
{
    struct snp_expect want;

    (void)state;
    memset(&want, 0xff, sizeof want);
    snp_expect_default(&want);
    assert_int_equal(want.vmpl_max, 0);
    assert_false(want.allow_debug || want.allow_provisional || want.allow_masked_chip);
    assert_int_equal(want.policy_forbid, SNP_POLICY_MIGRATE_MA);
    assert_int_equal(want.own.guest_svn_min, -1);
    assert_false(want.golden_wanted || want.own.measurement.wanted);
    assert_int_equal(want.crl, SNP_CRL_IF_PRESENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_where_the_specification_says),
        cmocka_unit_test(flags_are_taken_apart),
        cmocka_unit_test(any_other_length_is_refused),
        cmocka_unit_test(each_reserved_byte_is_seen_and_no_other),
        cmocka_unit_test(versions_say_what_they_say),
        cmocka_unit_test(products_are_known_by_their_cpu),
        cmocka_unit_test(layouts_differ_by_product),
        cmocka_unit_test(bytes_of_no_component_are_found),
        cmocka_unit_test(tcbs_are_compared_by_component),
        cmocka_unit_test(tcbs_are_written_by_component),
        cmocka_unit_test(names_are_exact),
        cmocka_unit_test(what_to_look_up_is_read_without_belief),
        cmocka_unit_test(defaults_refuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
