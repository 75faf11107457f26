/* SPDX-License-Identifier: Apache-2.0 */
/* test_tpm_select.c - which PCRs a quote is about: selections as text, and selections that are
 * refused. */
#include "test/unit/tpm_scene.h"

static void
sha1_bank(struct scene *s)
{
    s->quote.select[0].bank = HASH_SHA1;
    send_selected(s);
}

static void
unknown_bank(struct scene *s)
{
    s->quote.select[0].bank = 0x0012;
    s->ev.tpm.pcrs_n = 0;
}

static void
nothing_selected(struct scene *s)
{
    s->quote.select_n = 0;
    s->ev.tpm.pcrs_n = 0;
}

static void
empty_bitmap(struct scene *s)
{
    s->quote.select[0].mask = 0;
    s->ev.tpm.pcrs_n = 0;
}

static void
sha1_not_allocated(struct scene *s)
{
    s->quote.select[0] = (struct soft_select){HASH_SHA1, 3, 0};
    s->ev.tpm.pcrs_n = 0;
}

static void
one_empty_bank_of_two(struct scene *s)
{
    s->quote.select[1] = (struct soft_select){HASH_SHA384, 3, 0};
    s->quote.select_n = 2;
}

static void
bank_twice(struct scene *s)
{
    s->quote.select[1] = (struct soft_select){HASH_SHA256, 3, 0x100};
    s->quote.select_n = 2;
    send_selected(s);
}

static void
five_banks(struct scene *s)
{
    s->quote.select_n = 5;
    for (size_t i = 1; i < 5; i++) {
        s->quote.select[i] = (struct soft_select){(uint16_t)(0x0020 + i), 3, 1};
    }
    s->ev.tpm.pcrs_n = 0;
}

static void
short_bitmap(struct scene *s)
{
    s->quote.select[0].size = 2;
}

static void
long_bitmap(struct scene *s)
{
    s->quote.select[0].size = 4;
}

static void
pcr_24(struct scene *s)
{
    s->quote.select[0].size = 4;
    s->quote.select[0].mask |= 1u << 24;
}

static void
resettable_only(struct scene *s)
{
    s->quote.select[0].mask = 1u << 16 | 1u << 23;
    send_selected(s);
}

static void
drtm_only(struct scene *s)
{
    s->quote.select[0].mask = 0x7e0000;
    send_selected(s);
}

static void
asked_for_more(struct scene *s)
{
    s->want.tpm.select[0] = (struct tpm_selection){HASH_SHA256, 0x8f};
    s->want.tpm.select_n = 1;
}

static void
asked_for_less(struct scene *s)
{
    s->want.tpm.select[0] = (struct tpm_selection){HASH_SHA256, 0x07};
    s->want.tpm.select_n = 1;
}

static void
asked_for_another_bank(struct scene *s)
{
    s->want.tpm.select[0] = (struct tpm_selection){HASH_SHA384, 0x87};
    s->want.tpm.select_n = 1;
}

static void
asked_in_another_order(struct scene *s)
{
    s->quote.select[1] = (struct soft_select){HASH_SHA384, 3, 0x87};
    s->quote.select_n = 2;
    send_selected(s);
    s->want.tpm.select[0] = (struct tpm_selection){HASH_SHA384, 0x87};
    s->want.tpm.select[1] = (struct tpm_selection){HASH_SHA256, 0x87};
    s->want.tpm.select_n = 2;
}

static void
needed_pcr_not_covered(struct scene *s)
{
    s->want.tpm.need[0] = (struct tpm_selection){HASH_SHA256, 0x81 | 1u << 11};
    s->want.tpm.need_n = 1;
}

static const struct wrong WRONGS[] = {
    {"sha1_bank", sha1_bank, "pcr.weak_bank", JUDGE_REJECT},
    {"unknown_bank", unknown_bank, "pcr.weak_bank", JUDGE_REJECT},
    {"nothing_selected", nothing_selected, "quote.selection", JUDGE_REJECT},
    {"empty_bitmap", empty_bitmap, "quote.selection", JUDGE_REJECT},
    {"sha1_not_allocated", sha1_not_allocated, "quote.selection", JUDGE_REJECT},
    {"one_empty_bank_of_two", one_empty_bank_of_two, "quote.selection", JUDGE_REJECT},
    {"bank_twice", bank_twice, "quote.selection", JUDGE_REJECT},
    {"five_banks", five_banks, "quote.selection", JUDGE_REJECT},
    {"short_bitmap", short_bitmap, "quote.selection", JUDGE_REJECT},
    {"long_bitmap", long_bitmap, "quote.selection", JUDGE_REJECT},
    {"pcr_24", pcr_24, "quote.selection", JUDGE_REJECT},
    {"resettable_only", resettable_only, "quote.selection", JUDGE_REJECT},
    {"drtm_only", drtm_only, "quote.selection", JUDGE_REJECT},
    {"asked_for_more", asked_for_more, "quote.selection", JUDGE_REJECT},
    {"asked_for_less", asked_for_less, "quote.selection", JUDGE_REJECT},
    {"asked_for_another_bank", asked_for_another_bank, "quote.selection", JUDGE_REJECT},
    {"asked_in_another_order", asked_in_another_order, "quote.selection", JUDGE_REJECT},
    {"needed_pcr_not_covered", needed_pcr_not_covered, "quote.selection", JUDGE_REJECT},
};

static void
each_wrong_selection_is_refused_by_its_rule_alone(void **state)
{
    (void)state;
    assert_refused_alone(WRONGS, sizeof WRONGS / sizeof WRONGS[0]);
}

static enum err
parse(const char *text, struct tpm_selection out[TPM_BANKS_MAX], size_t *n)
{
    struct why why = {0};
    enum err e = tpm_select_parse(slice_text(text), out, TPM_BANKS_MAX, n, &why);

    assert_true(e == ERR_OK || why.n > 0);
    return e;
}

static void
text_becomes_a_selection_and_text_again(void **state)
{
    static const char *const TEXTS[] = {
        "sha256:0",
        "sha1:23",
        "sha256:0,2,4,7,11+sha384:0",
        "sha512:9,10,19,20+sha384:1+sha256:2+sha1:3",
        "sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23",
    };

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        struct tpm_selection sel[TPM_BANKS_MAX];
        char text[TPM_SELECT_TEXT];
        size_t n = 0;

        assert_int_equal(parse(TEXTS[i], sel, &n), ERR_OK);
        tpm_select_format(sel, n, text, sizeof text);
        assert_string_equal(text, TEXTS[i]);
    }
}

static void
the_longest_selection_fits_its_text(void **state)
{
    static const uint16_t BANKS[] = {HASH_SHA512, HASH_SHA384, HASH_SHA256, HASH_SHA1};
    struct tpm_selection sel[TPM_BANKS_MAX];
    struct tpm_selection back[TPM_BANKS_MAX];
    char text[TPM_SELECT_TEXT];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < TPM_BANKS_MAX; i++) {
        sel[i] = (struct tpm_selection){BANKS[i], 0xffffff};
    }
    tpm_select_format(sel, TPM_BANKS_MAX, text, sizeof text);
    assert_int_equal(parse(text, back, &n), ERR_OK);
    assert_int_equal(n, TPM_BANKS_MAX);
    assert_int_equal(back[3].mask, 0xffffff);
}

static void
indices_in_any_order_make_the_same_selection(void **state)
{
    struct tpm_selection sel[TPM_BANKS_MAX];
    size_t n = 0;

    (void)state;
    assert_int_equal(parse("sha256:7,0,2", sel, &n), ERR_OK);
    assert_int_equal(sel[0].mask, 0x85);
    assert_int_equal(sel[0].bank, HASH_SHA256);
    assert_int_equal(n, 1);
}

static void
text_that_is_no_selection(void **state)
{
    static const char *const TEXTS[] = {
        "",           "sha256",     "sha256:",           "sha256:,",   "sha256:0,",
        "sha256:,0",  "sha256:24",  "sha256:00",         "sha256:07",  "sha256:-1",
        "sha256:+1",  "sha256: 1",  "sha256:1 ",         "sha256:1;2", "sha256:0x1",
        "sha256:100", "sha256:0,0", "sha256:0+",         "+sha256:0",  "sha256:0++sha384:0",
        "SHA256:0",   "md5:0",      "sha256:0+sha256:1", "sha256:0-7", "sha256:999999999999",
        "sm3_256:0",  "sha256:0:1", "sha256::0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        struct tpm_selection sel[TPM_BANKS_MAX];
        size_t n = 77;

        print_message("%s\n", TEXTS[i]);
        assert_int_equal(parse(TEXTS[i], sel, &n), ERR_MALFORMED);
        assert_int_equal(n, 77);
    }
}

static void
more_banks_than_there_is_room_for(void **state)
{
    struct tpm_selection sel[2];
    struct why why = {0};
    size_t n = 0;

    (void)state;
    assert_int_equal(tpm_select_parse(slice_text("sha1:0+sha256:0+sha384:0"), sel, 2, &n, &why),
                     ERR_LIMIT);
}

static enum err
values(const char *text, struct tpm_pcr *out, size_t cap, size_t *n)
{
    struct why why = {0};

    return tpm_pcrs_parse(slice_text(text), out, cap, n, &why);
}

#define SHA1_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
lines_become_values(void **state)
{
    struct tpm_pcr pcr[3];
    size_t n = 0;

    (void)state;
    assert_int_equal(values("sha1:3=" SHA1_A "\nsha1:23=" SHA1_A, pcr, 3, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(pcr[1].bank, HASH_SHA1);
    assert_int_equal(pcr[1].index, 23);
    assert_int_equal(pcr[1].digest[19], 0xaa);
    assert_int_equal(pcr[1].digest[20], 0);
    assert_int_equal(values("", pcr, 3, &n), ERR_OK);
    assert_int_equal(n, 0);
}

static void
lines_that_are_no_values(void **state)
{
    static const char *const TEXTS[] = {
        "\n",
        "sha1:3",
        "sha1:3=",
        "sha1:3=aa",
        "sha1:3=" SHA1_A "aa",
        "sha1:3=" SHA1_A "\n\n",
        "sha1:3=" SHA1_A "\r\n",
        "sha1:3= " SHA1_A,
        "sha1:24=" SHA1_A,
        "sha256:3=" SHA1_A,
        "sha2:3=" SHA1_A,
        "=" SHA1_A,
        "sha1:3=" SHA1_A "\nsha1:3=" SHA1_A "\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        struct tpm_pcr pcr[3];
        size_t n = 77;

        assert_int_equal(values(TEXTS[i], pcr, 3, &n), ERR_MALFORMED);
        assert_int_equal(n, 77);
    }
}

static void
more_values_than_there_is_room_for(void **state)
{
    struct tpm_pcr pcr[1];
    size_t n = 77;

    (void)state;
    assert_int_equal(values("sha1:3=" SHA1_A "\nsha1:4=" SHA1_A, pcr, 1, &n), ERR_LIMIT);
    assert_int_equal(n, 77);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_selection_is_refused_by_its_rule_alone),
        cmocka_unit_test(text_becomes_a_selection_and_text_again),
        cmocka_unit_test(the_longest_selection_fits_its_text),
        cmocka_unit_test(indices_in_any_order_make_the_same_selection),
        cmocka_unit_test(text_that_is_no_selection),
        cmocka_unit_test(more_banks_than_there_is_room_for),
        cmocka_unit_test(lines_become_values),
        cmocka_unit_test(lines_that_are_no_values),
        cmocka_unit_test(more_values_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
