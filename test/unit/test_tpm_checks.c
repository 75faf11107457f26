/* SPDX-License-Identifier: Apache-2.0 */
/* test_tpm_checks.c - a TPM quote from bytes to verdict and claims: what is accepted and what it
 * says, who is trusted, which values count, and that every byte counts. */
#include <openssl/pem.h>

#include "test/unit/tpm_scene.h"

static void
every_kind_of_key_is_accepted(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SOFT_KINDS; kind++) {
        struct scene s;

        scene_open(&s, (enum soft_kind)kind);
        assert_accepted(&s);
        assert_int_equal(s.got.tpm.ak_trust, AK_TRUST_PINNED_NAME);
        assert_int_equal(s.got.tpm.hierarchy, HIERARCHY_ENDORSEMENT);
        assert_int_equal(s.got.tpm.pcr_n, 4);
        assert_int_equal(s.got.tpm.pcr[3].index, 7);
        assert_int_equal(s.got.tpm.reset_count, 7);
        assert_int_equal(s.got.tpm.restart_count, 3);
        assert_true(s.got.tpm.clock_safe);
        assert_int_equal(s.got.valid_until, INT64_MAX);
        assert_null(s.got.tpm.golden_label);
    }
}

static void
a_wrapped_public_area_is_accepted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.ak.wrap = true;
    assert_accepted(&s);
}

static void
stronger_name_algorithms_are_accepted(void **state)
{
    static const uint16_t ALGS[] = {HASH_SHA384, HASH_SHA512};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene s;

        scene_open(&s, SOFT_P256);
        s.ak.name_alg = ALGS[i];
        assert_accepted(&s);
        assert_int_equal(s.got.tpm.ak_name_len, 2 + hash_len(ALGS[i]));
        assert_int_equal(s.got.tpm.hierarchy, HIERARCHY_ENDORSEMENT);
    }
}

static void
two_banks_count_together(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.quote.select[1] = (struct soft_select){HASH_SHA384, 3, 0x81};
    s.quote.select_n = 2;
    send_selected(&s);
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.select_n, 2);
    assert_int_equal(s.got.tpm.pcr_n, 6);
    s.sent[5].digest[0] ^= 1;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "quote.pcrdigest");
}

static void
values_of_sha1_beside_another_bank_are_not_claimed(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.quote.select[1] = (struct soft_select){HASH_SHA1, 3, 0x81};
    s.quote.select_n = 2;
    send_selected(&s);
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.select_n, 2);
    assert_int_equal(s.got.tpm.pcr_n, 4);
    for (size_t i = 0; i < s.got.tpm.pcr_n; i++) {
        assert_int_equal(s.got.tpm.pcr[i].bank, HASH_SHA256);
    }
}

/* The place of a value is its bank and index; where it stands in the list means nothing. */
static void
the_order_of_the_list_means_nothing(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    for (size_t i = 0; i < 2; i++) {
        struct tpm_pcr p = s.sent[i];

        s.sent[i] = s.sent[3 - i];
        s.sent[3 - i] = p;
    }
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.pcr[0].index, 0);
    assert_int_equal(s.got.tpm.pcr[0].digest[0], 1);
}

static void
values_of_unquoted_banks_are_dropped_and_counted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    memcpy(s.sent, s.quote.pcr, sizeof s.sent);
    s.ev.tpm.pcrs_n = TPM_PCR_VALUES_MAX;
    s.quote.select[0].mask = 0xffffff;
    assert_accepted(&s);
    assert_non_null(strstr(finding(&s, "quote.unquoted_pcr")->seen, "72 values"));
    assert_int_equal(s.got.tpm.pcr_n, TPM_PCRS);
}

static void
the_rest_of_a_whole_bank_is_dropped(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    memcpy(s.sent, s.quote.pcr + TPM_PCRS, TPM_PCRS * sizeof s.sent[0]); /* all of sha256 */
    s.ev.tpm.pcrs_n = TPM_PCRS;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "quote.unquoted_pcr")->outcome, OUTCOME_FAIL);

    s.ev.tpm.whole_bank = true;
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.pcr_n, 4); /* and none of them is claimed */

    s.sent[s.got.tpm.pcr[0].index].digest[0] ^= 1;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "quote.pcrdigest")->outcome, OUTCOME_FAIL);
}

/* ---- trust in the key */

static void
a_pinned_name_is_trusted_and_another_is_not(void **state)
{
    struct soft_bytes name;
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    soft_name(&s.ak, &name);

    struct slice names[] = {{s.quote.extra, 34}, {name.at, name.len}};

    s.want.tpm.ak_vouched = false;
    s.want.tpm.ak_names = names;
    s.want.tpm.ak_names_n = 2;
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.ak_trust, AK_TRUST_PINNED_NAME);
    name.at[33] ^= 1;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "ak.untrusted");
    name.at[33] ^= 1;
    names[1].len--;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "ak.untrusted");
}

static size_t
pem_of(const struct soft_ak *ak, char *dst, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len = 0;

    assert_int_equal(PEM_write_bio_PUBKEY(bio, ak->key), 1);
    len = BIO_read(bio, dst, (int)cap);
    assert_true(len > 0);
    BIO_free(bio);
    return (size_t)len;
}

static void
give_pem(struct scene *s, const char *pem, size_t len)
{
    s->ev.tpm.ak = (struct slice){0};
    s->ev.tpm.ak_pem = (struct slice){(const uint8_t *)pem, len};
}

static void
a_bare_key_is_trusted_only_when_asked_for_by_name(void **state)
{
    static const enum soft_kind KINDS[] = {SOFT_RSASSA, SOFT_P256, SOFT_P384};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char pem[2048];
        struct scene s;

        scene_open(&s, KINDS[i]);
        scene_make(&s);
        give_pem(&s, pem, pem_of(&s.ak, pem, sizeof pem));
        assert_int_equal(judge(&s), JUDGE_REJECT);
        assert_only(&s, "ak.untrusted");
        assert_non_null(strstr(finding(&s, "ak.untrusted")->wanted, "pinned-key"));
        s.want.tpm.ak_trust_allowed = ALL_TRUST;
        assert_int_equal(judge(&s), JUDGE_ACCEPT);
        assert_int_equal(s.got.tpm.ak_trust, AK_TRUST_PINNED_KEY);
        assert_int_equal(s.got.tpm.hierarchy, HIERARCHY_UNKNOWN);
        assert_int_equal(s.got.tpm.ak_name_len, 0);
        assert_int_equal(finding(&s, "ak.attributes")->outcome, OUTCOME_IGNORED);
        s.want.tpm.ak_vouched = false;
        assert_int_equal(judge(&s), JUDGE_REJECT);
        assert_only(&s, "ak.untrusted");
    }
}

static void
a_bare_rsa_key_takes_bare_bytes_and_no_pss(void **state)
{
    uint8_t raw[SOFT_MAX];
    char pem[2048];
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_RSASSA);
    scene_make(&s);
    give_pem(&s, pem, pem_of(&s.ak, pem, sizeof pem));
    s.want.tpm.ak_trust_allowed = ALL_TRUST;
    s.ev.tpm.signature = (struct slice){raw, soft_sign_raw(&s.ak, &s.quote, &s.msg, raw)};
    assert_int_equal(s.ev.tpm.signature.len, 256);
    assert_int_equal(judge(&s), JUDGE_ACCEPT);
    raw[255] ^= 1;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "quote.signature");
    s.ev.tpm.signature.len = 255;
    assert_int_not_equal(judge(&s), JUDGE_ACCEPT);

    s.quote.sign_scheme = 0x0016;
    soft_sign(&s.ak, &s.quote, &s.msg, &s.sig);
    s.ev.tpm.signature = (struct slice){s.sig.at, s.sig.len};
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "quote.sigalg");
}

static void
a_broken_pem_is_malformed(void **state)
{
    char pem[2048];
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    scene_make(&s);
    give_pem(&s, pem, pem_of(&s.ak, pem, sizeof pem));
    s.want.tpm.ak_trust_allowed = ALL_TRUST;
    pem[40] = '!';
    assert_int_equal(judge(&s), JUDGE_MALFORMED);
    assert_only(&s, "ak.malformed");
}

/* ---- the hierarchy */

static void
hierarchies_are_told_apart(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.quote.handle = 0x4000000c;
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.hierarchy, HIERARCHY_PLATFORM);
    s.quote.handle = 0x40000001;
    s.want.tpm.allow_owner_hierarchy = true;
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.hierarchy, HIERARCHY_OWNER);
    s.quote.handle = 0x12345678; /* a parent that we do not know */
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.hierarchy, HIERARCHY_UNKNOWN);
    assert_int_equal(finding(&s, "quote.signer")->outcome, OUTCOME_IGNORED);
}

static void
the_child_of_the_given_ek_and_no_other(void **state)
{
    struct soft_ak ek;
    struct soft_bytes ek_area;
    struct soft_bytes parent;
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    soft_ak_open(SOFT_P384, &ek);
    ek.name_alg = HASH_SHA384;
    soft_public(&ek, &ek_area);
    soft_qualified(&ek, &s.quote, &parent); /* a primary key of the endorsement hierarchy */
    s.quote.parent_qualified = (struct slice){parent.at, parent.len};
    s.ev.tpm.ek = (struct slice){ek_area.at, ek_area.len};
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.hierarchy, HIERARCHY_ENDORSEMENT);

    parent.at[20] ^= 1; /* the child of another key */
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_only(&s, "quote.signer");

    s.ev.tpm.ek.len--;
    assert_int_equal(judge(&s), JUDGE_MALFORMED);
    assert_only(&s, "quote.signer");
    soft_ak_done(&ek);
}

/* ---- freshness and values */

static void
freshness_that_is_not_judged_is_said(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.want.nonce = (struct slice){0};
    assert_accepted(&s);
    assert_int_equal(finding(&s, "quote.nonce")->outcome, OUTCOME_IGNORED);
    assert_non_null(strstr(finding(&s, "quote.nonce")->wanted, "freshness is not judged"));
    s.want.binding = (struct slice){s.quote.extra, BINDING_LEN};
    assert_accepted(&s);
    assert_int_equal(finding(&s, "quote.binding")->outcome, OUTCOME_PASS);
    s.quote.extra[0] ^= 1;
    s.msg.at[44] ^= 1; /* extraData of the quote as made: 4 + 2 + 2 + 34 + 2 */
    assert_int_not_equal(judge(&s), JUDGE_ACCEPT);
}

static void
an_unsafe_clock_is_reported_and_accepted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.quote.safe = 0;
    assert_accepted(&s);
    assert_int_equal(finding(&s, "quote.clock_unsafe")->outcome, OUTCOME_WARN);
    assert_false(s.got.tpm.clock_safe);
}

static void
without_values_nothing_is_claimed(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.ev.tpm.pcrs_n = 0;
    assert_accepted(&s);
    assert_int_equal(s.got.tpm.pcr_n, 0);
    assert_int_equal(finding(&s, "quote.pcrdigest")->outcome, OUTCOME_IGNORED);
}

static void
covered_need_is_accepted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.want.tpm.select[0] = (struct tpm_selection){HASH_SHA256, 0x87};
    s.want.tpm.select_n = 1;
    s.want.tpm.need[0] = (struct tpm_selection){HASH_SHA256, 0x81};
    s.want.tpm.need_n = 1;
    assert_accepted(&s);
}

static void
golden_of(struct tpm_golden *g, struct tpm_pcr *pcr, const struct scene *s, const char *label)
{
    pcr[0] = s->sent[0];
    pcr[1] = s->sent[3];
    pcr[1].digest[5] ^= 1; /* an alternative that does not hold */
    pcr[2] = s->sent[3];
    *g = (struct tpm_golden){label, pcr, 3};
}

static void
reference_values_hold_together_or_not_at_all(void **state)
{
    struct tpm_pcr pcr[2][3];
    struct tpm_golden golden[2];
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    golden_of(&golden[0], pcr[0], &s, "old");
    golden_of(&golden[1], pcr[1], &s, "new");
    pcr[0][0].digest[0] ^= 1; /* "old" has another PCR 0 */
    s.want.tpm.golden_wanted = true;
    s.want.tpm.golden = golden;
    s.want.tpm.golden_n = 2;
    assert_accepted(&s);
    assert_string_equal(s.got.tpm.golden_label, "new");

    pcr[1][2].digest[5] ^= 1; /* "new" has another PCR 7: now each is right in one PCR only */
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "pcr.values");
    assert_null(s.got.tpm.golden_label);
    s.want.tpm.golden_n = 0;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "pcr.values");
}

static void
reference_values_of_unquoted_pcrs_are_never_met(void **state)
{
    struct tpm_pcr pcr[3];
    struct tpm_golden golden;
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    golden_of(&golden, pcr, &s, "g");
    pcr[0] = s.quote.pcr[TPM_PCRS + 23]; /* sha256:23, the machine's true value */
    s.want.tpm.golden_wanted = true;
    s.want.tpm.golden = &golden;
    s.want.tpm.golden_n = 1;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "quote.selection")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "pcr.values")->outcome, OUTCOME_FAIL);

    s.sent[s.ev.tpm.pcrs_n++] = pcr[0]; /* sending it does not help */
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "quote.unquoted_pcr")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "pcr.values")->outcome, OUTCOME_FAIL);
}

/* Proven by pcrDigest and true, but of a bank whose digests can be made to collide. */
static void
reference_values_of_sha1_are_never_met(void **state)
{
    struct tpm_golden golden;
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.quote.select[1] = (struct soft_select){HASH_SHA1, 3, 0x01};
    s.quote.select_n = 2;
    send_selected(&s);
    golden = (struct tpm_golden){"sha1", &s.sent[4], 1};
    assert_int_equal(s.sent[4].bank, HASH_SHA1);
    s.want.tpm.golden_wanted = true;
    s.want.tpm.golden = &golden;
    s.want.tpm.golden_n = 1;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_only(&s, "pcr.values");
}

static void
an_empty_compound_never_holds(void **state)
{
    const struct tpm_golden empty = {"empty", NULL, 0};
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.want.tpm.golden_wanted = true;
    s.want.tpm.golden = &empty;
    s.want.tpm.golden_n = 1;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_only(&s, "pcr.values");
}

static void
golden_values_without_any_sent_are_missing(void **state)
{
    struct tpm_pcr pcr[3];
    struct tpm_golden golden;
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    golden_of(&golden, pcr, &s, "g");
    s.want.tpm.golden_wanted = true;
    s.want.tpm.golden = &golden;
    s.want.tpm.golden_n = 1;
    s.ev.tpm.pcrs_n = 0;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "quote.pcrdigest")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "pcr.values")->outcome, OUTCOME_FAIL);
}

/* ---- every byte counts */

static void
no_flip_in(struct scene *s, struct soft_bytes *bytes)
{
    for (size_t bit = 0; bit < 8 * bytes->len; bit++) {
        bytes->at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(judge(s), JUDGE_ACCEPT);
        bytes->at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(judge(s), JUDGE_ACCEPT);
}

static void
no_single_bit_flip_is_accepted(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SOFT_KINDS; kind++) {
        struct soft_bytes name;
        struct scene s;

        scene_open(&s, (enum soft_kind)kind);
        soft_name(&s.ak, &name);

        const struct slice pin = {name.at, name.len};

        s.want.tpm.ak_vouched = false; /* or a flip in an unsigned key would be vouched for */
        s.want.tpm.ak_names = &pin;
        s.want.tpm.ak_names_n = 1;
        assert_accepted(&s);
        no_flip_in(&s, &s.msg);
        no_flip_in(&s, &s.sig);
        no_flip_in(&s, &s.area);
    }
}

/* One byte too many is a byte of the buffer behind it, which is zero. */
static void
only_the_whole_is_accepted(struct scene *s, struct slice *part)
{
    size_t len = part->len;

    for (part->len = 0; part->len <= len + 1; part->len++) {
        assert_true((judge(s) == JUDGE_ACCEPT) == (part->len == len));
    }
    part->len = len;
}

static void
no_truncation_and_no_extra_byte_is_accepted(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SOFT_KINDS; kind++) {
        struct scene s;

        scene_open(&s, (enum soft_kind)kind);
        assert_accepted(&s);
        only_the_whole_is_accepted(&s, &s.ev.tpm.quote);
        only_the_whole_is_accepted(&s, &s.ev.tpm.signature);
        only_the_whole_is_accepted(&s, &s.ev.tpm.ak);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_key_is_accepted),
        cmocka_unit_test(a_wrapped_public_area_is_accepted),
        cmocka_unit_test(stronger_name_algorithms_are_accepted),
        cmocka_unit_test(two_banks_count_together),
        cmocka_unit_test(values_of_sha1_beside_another_bank_are_not_claimed),
        cmocka_unit_test(the_order_of_the_list_means_nothing),
        cmocka_unit_test(values_of_unquoted_banks_are_dropped_and_counted),
        cmocka_unit_test(the_rest_of_a_whole_bank_is_dropped),
        cmocka_unit_test(a_pinned_name_is_trusted_and_another_is_not),
        cmocka_unit_test(a_bare_key_is_trusted_only_when_asked_for_by_name),
        cmocka_unit_test(a_bare_rsa_key_takes_bare_bytes_and_no_pss),
        cmocka_unit_test(a_broken_pem_is_malformed),
        cmocka_unit_test(hierarchies_are_told_apart),
        cmocka_unit_test(the_child_of_the_given_ek_and_no_other),
        cmocka_unit_test(freshness_that_is_not_judged_is_said),
        cmocka_unit_test(an_unsafe_clock_is_reported_and_accepted),
        cmocka_unit_test(without_values_nothing_is_claimed),
        cmocka_unit_test(covered_need_is_accepted),
        cmocka_unit_test(reference_values_hold_together_or_not_at_all),
        cmocka_unit_test(reference_values_of_unquoted_pcrs_are_never_met),
        cmocka_unit_test(reference_values_of_sha1_are_never_met),
        cmocka_unit_test(an_empty_compound_never_holds),
        cmocka_unit_test(golden_values_without_any_sent_are_missing),
        cmocka_unit_test(no_single_bit_flip_is_accepted),
        cmocka_unit_test(no_truncation_and_no_extra_byte_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
