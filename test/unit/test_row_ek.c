/* SPDX-License-Identifier: Apache-2.0 */
/* test_row_ek.c - what a tpm2 row says of endorsement keys: the words that there are, what they become, and which are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/row.h"

#define ROW(members) "{\"type\":\"tpm2\",\"values\":\"ignore\"," members "}"
#define A32          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B32          "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static enum err
read_row(const char *text, struct evidence_row **row, struct why *why)
{
    AUTO(json_free) json_t *j = NULL;

    assert_int_equal(json_read(slice_text(text), &j, why), ERR_OK);
    return evidence_row_read(j, row, why);
}

static void
what_is_not_said_refuses(void **state)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(read_row(ROW("\"pcrs\":\"sha256:7\""), &row, &why), ERR_OK);
    assert_int_equal(row->want.tpm.ek_crl, EK_CRL_IF_PRESENT);
    assert_false(row->want.tpm.allow_ek_expired);
    assert_false(row->want.tpm.allow_ek_crl_stale);
    assert_int_equal(row->want.tpm.ek_pinned_n, 0);
}

static void
words_become_what_they_say(void **state)
{
    static const struct {
        const char *text;
        enum tpm_ek_crl crl;
        bool expired, stale;
    } CASES[] = {
        {ROW("\"ek_crl\":\"require\""), EK_CRL_REQUIRE, false, false},
        {ROW("\"ek_crl\":\"if-present\""), EK_CRL_IF_PRESENT, false, false},
        {ROW("\"ek_crl\":\"off\""), EK_CRL_OFF, false, false},
        {ROW("\"ek_expired\":\"accept\""), EK_CRL_IF_PRESENT, true, false},
        {ROW("\"ek_expired\":\"refuse\""), EK_CRL_IF_PRESENT, false, false},
        {ROW("\"ek_crl_stale\":\"accept\""), EK_CRL_IF_PRESENT, false, true},
        {ROW("\"ek_crl_stale\":\"refuse\""), EK_CRL_IF_PRESENT, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        struct why why = {0};

        assert_int_equal(read_row(CASES[i].text, &row, &why), ERR_OK);
        assert_int_equal(row->want.tpm.ek_crl, CASES[i].crl);
        assert_int_equal(row->want.tpm.allow_ek_expired, CASES[i].expired);
        assert_int_equal(row->want.tpm.allow_ek_crl_stale, CASES[i].stale);
    }
}

static void
pins_are_digests(void **state)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(read_row(ROW("\"ek_pinned\":[\"" A32 "\",\"" B32 "\"]"), &row, &why), ERR_OK);
    assert_int_equal(row->want.tpm.ek_pinned_n, 2);
    assert_int_equal(row->want.tpm.ek_pinned[0].len, SHA256_LEN);
    assert_int_equal(row->want.tpm.ek_pinned[0].ptr[31], 0xaa);
    assert_int_equal(row->want.tpm.ek_pinned[1].ptr[0], 0xbb);
}

static void
other_words_are_refused_by_name(void **state)
{
    static const struct {
        const char *text, *word;
    } CASES[] = {
        {ROW("\"ek_crl\":\"always\""), "ek_crl: \"always\""},
        {ROW("\"ek_crl\":true"), "ek_crl"},
        {ROW("\"ek_expired\":\"ignore\""), "ek_expired: \"ignore\""},
        {ROW("\"ek_expired\":\"\""), "ek_expired"},
        {ROW("\"ek_crl_stale\":\"yes\""), "ek_crl_stale: \"yes\""},
        {ROW("\"ek_pinned\":[]"), "ek_pinned: an empty list"},
        {ROW("\"ek_pinned\":\"" A32 "\""), "ek_pinned"},
        {ROW("\"ek_pinned\":[\"aabb\"]"), "ek_pinned: 2 bytes"},
        {ROW("\"ek_pinned\":[\"" A32 "aa\"]"), "33 bytes, at most 32"},
        {ROW("\"ek_pinned\":[7]"), "ek_pinned"},
        {ROW("\"ek_trust\":\"tofu\""), "ek_trust"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        struct why why = {0};
        bool named = false;
        enum err e = read_row(CASES[i].text, &row, &why);

        for (size_t k = 0; k < why.n; k++) {
            named = named || strstr(why.link[k], CASES[i].word) != NULL;
        }
        if ((e != ERR_MALFORMED && e != ERR_LIMIT) || row != NULL || !named) {
            fail_msg("%s: %d \"%s\", want \"%s\"", CASES[i].text, (int)e, why_text(&why),
                     CASES[i].word);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_refuses),
        cmocka_unit_test(words_become_what_they_say),
        cmocka_unit_test(pins_are_digests),
        cmocka_unit_test(other_words_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
