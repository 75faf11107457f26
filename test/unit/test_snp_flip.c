/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_flip.c - every byte of a report counts: no single-bit flip, no truncation, no added byte and no other key is accepted, for
 * each product and both kinds of key. */
#include "test/unit/snp_scene.h"

enum { BITS = SNP_REPORT_LEN * 8 };

static size_t
accepted_flips(struct scene *s)
{
    size_t accepted = 0;

    for (size_t bit = 0; bit < BITS; bit++) {
        uint8_t mask = (uint8_t)(1U << bit % 8);

        s->report[bit / 8] ^= mask;
        if (judge(s) == JUDGE_ACCEPT) {
            print_error("bit %zu of byte 0x%03zx does not count\n", bit % 8, bit / 8);
            accepted++;
        }
        s->report[bit / 8] ^= mask;
    }
    return accepted;
}

/* With everything allowed that can be: only structure and signature stand in the way. */
static void
no_bit_can_be_flipped(void **state)
{
    static const enum snp_product PRODUCTS[] = {SNP_MILAN, SNP_TURIN};
    static const uint32_t VERSIONS[] = {2, 5};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene s;

        scene_open(&s, PRODUCTS[i], VERSIONS[i]);
        s.want.snp.vmpl_max = 3;
        s.want.snp.allow_debug = true;
        s.want.snp.allow_provisional = true;
        s.want.snp.policy_forbid = 0;
        assert_accepted(&s);
        assert_int_equal(accepted_flips(&s), 0);
        assert_int_equal(judge(&s), JUDGE_ACCEPT); /* all of them were undone */
    }
}

static void
no_other_length_is_accepted(void **state)
{
    uint8_t longer[SNP_REPORT_LEN + 1] = {0};
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 3);
    assert_accepted(&s);
    memcpy(longer, s.report, SNP_REPORT_LEN);
    for (size_t len = 0; len <= sizeof longer; len++) {
        s.ev.snp.report = (struct slice){longer, len};
        attest_verify(&s.ev, &s.want, &s.trust, SCENE_NOW, &s.got);
        assert_int_equal(verdict_judge(&s.got.verdict),
                         len == SNP_REPORT_LEN ? JUDGE_ACCEPT : JUDGE_MALFORMED);
    }
}

/* The certified key of another product, chip or level is another key, even with the same point. */
static void
a_certificate_of_something_else_is_refused(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SNP_GENOA, 3);
    assert_accepted(&s);
    s.vek.tcb.snp--;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_true(refuses(finding(&s, "vek.tcb")));
    s.vek.tcb.snp++;
    s.vek.hwid[63] ^= 1;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_true(refuses(finding(&s, "vek.hwid")));
    s.vek.hwid[63] ^= 1;
    s.vek.product = SNP_MILAN;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_true(refuses(finding(&s, "vek.product")));
    s.vek.product = SNP_GENOA;
    s.vek.kind = SNP_VLEK;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_true(refuses(finding(&s, "vek.kind")));
    s.vek.kind = SNP_VCEK;
    s.vek.not_after = SCENE_NOW - 1;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_true(refuses(finding(&s, "vek.validity")));
    s.vek.not_after = SCENE_NOW + 1;
    assert_int_equal(judge(&s), JUDGE_ACCEPT);
    assert_int_equal(s.got.valid_until, SCENE_NOW + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bit_can_be_flipped),
        cmocka_unit_test(no_other_length_is_accepted),
        cmocka_unit_test(a_certificate_of_something_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
