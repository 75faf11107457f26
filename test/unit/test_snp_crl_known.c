/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_crl_known.c - a CRL that was verified before says the same as the list itself: about time, about revocation, and only about
 * the intermediate that it was kept for. */
#include "test/unit/snp_court.h"

static struct snp_crl_known
kept(const struct court *c, const struct amd_crl *list, enum snp_product product,
     enum snp_vek_kind kind)
{
    const struct amd_der der = amd_crl_make(list);
    struct snp_crl_known out = {0};
    struct why why = {0};

    assert_int_equal(snp_crl_keep(amd_slice(&der), &c->scene.trust.snp, product, kind, &out, &why),
                     ERR_OK);
    return out;
}

static void
it_stands_for_the_list(void **state)
{
    const struct amd_crl list = amd_crl(SNP_GENOA);
    struct snp_crl_known known;
    struct court c;

    (void)state;
    court_open(&c, SNP_GENOA, false);
    c.scene.want.snp.crl = SNP_CRL_REQUIRE;
    court_refuses(&c, "crl.missing", "", "");
    known = kept(&c, &list, SNP_GENOA, SNP_VCEK);
    assert_int_equal(known.this_update, list.since);
    assert_int_equal(known.next_update, list.until);
    assert_false(known.revoked);
    c.scene.ev.snp.known_crl = &known;
    court_accepts(&c, AMD_NOW);
    assert_true(c.scene.got.snp.crl_checked);
    assert_int_equal(c.scene.got.valid_until, list.until);
    assert_string_equal(finding(&c.scene, "crl.missing")->seen, "verified before");
    court_done(&c);
}

static void
its_time_is_judged_each_time(void **state)
{
    struct amd_crl list = amd_crl(SNP_GENOA);
    struct snp_crl_known known;
    struct court c;

    (void)state;
    court_open(&c, SNP_GENOA, false);
    list.until = AMD_NOW + 10;
    known = kept(&c, &list, SNP_GENOA, SNP_VCEK);
    c.scene.ev.snp.known_crl = &known;
    court_accepts(&c, AMD_NOW + 10);
    assert_int_equal(court_judge(&c, AMD_NOW + 11), JUDGE_UNABLE);
    assert_only(&c.scene, "crl.stale", "", "");
    assert_int_equal(court_judge(&c, list.since - 1), JUDGE_UNABLE);
    assert_only(&c.scene, "crl.stale", "", "");
    court_done(&c);
}

static void
it_revokes(void **state)
{
    struct amd_crl list = amd_crl(SNP_GENOA);
    struct snp_crl_known known;
    struct court c;

    (void)state;
    court_open(&c, SNP_GENOA, false);
    list.revoked[list.revoked_n++] = amd_ca_serial(SNP_GENOA, AMD_ASK);
    known = kept(&c, &list, SNP_GENOA, SNP_VCEK);
    assert_true(known.revoked);
    assert_int_equal(known.revoked_since, list.since);
    c.scene.ev.snp.known_crl = &known;
    court_refuses(&c, "crl.revoked", "", "");
    c.scene.want.snp.crl = SNP_CRL_OFF;
    court_accepts(&c, AMD_NOW);
    assert_false(c.scene.got.snp.crl_checked);
    court_done(&c);
}

/* Kept for the other intermediate of the same product: it says nothing, and the list itself counts. */
static void
it_is_of_one_intermediate(void **state)
{
    struct amd_crl list = amd_crl(SNP_GENOA);
    struct amd_der der;
    struct snp_crl_known known;
    struct court c;

    (void)state;
    court_open(&c, SNP_GENOA, false);
    known = kept(&c, &list, SNP_GENOA, SNP_VLEK);
    c.scene.ev.snp.known_crl = &known;
    c.scene.want.snp.crl = SNP_CRL_REQUIRE;
    court_refuses(&c, "crl.missing", "", "");
    list.revoked[list.revoked_n++] = amd_ca_serial(SNP_GENOA, AMD_ASK);
    der = amd_crl_make(&list);
    c.crl = amd_slice(&der);
    court_refuses(&c, "crl.revoked", "", "");
    known.product = SNP_MILAN;
    court_refuses(&c, "crl.revoked", "", "");
    court_done(&c);
}

static void
refused(const struct court *c, struct slice crl, enum snp_product product, enum snp_vek_kind kind,
        enum err want)
{
    struct snp_crl_known out = {.product = SNP_TURIN, .serial_len = 99};
    struct why why = {0};

    assert_int_equal(snp_crl_keep(crl, &c->scene.trust.snp, product, kind, &out, &why), want);
    assert_true(why.n > 0);
    assert_int_equal(out.serial_len, 99); /* untouched */
}

static void
only_a_verified_list_is_kept(void **state)
{
    static const uint8_t JUNK[] = {0x30, 0};
    struct amd_crl list = amd_crl(SNP_GENOA);
    struct amd_der good = amd_crl_make(&list);
    struct amd_der forged;
    struct court c;

    (void)state;
    court_open(&c, SNP_GENOA, false);
    list.signer = amd_key(AMD_ASK);
    forged = amd_crl_make(&list);
    refused(&c, amd_slice(&forged), SNP_GENOA, SNP_VCEK, ERR_DENIED);
    refused(&c, amd_slice(&good), SNP_MILAN, SNP_VCEK, ERR_DENIED); /* not trusted */
    refused(&c, amd_slice(&good), SNP_PRODUCT_NONE, SNP_VCEK, ERR_DENIED);
    refused(&c, amd_slice(&good), SNP_GENOA, SNP_VEK_NONE, ERR_DENIED);
    refused(&c, (struct slice){JUNK, sizeof JUNK}, SNP_GENOA, SNP_VCEK, ERR_MALFORMED);
    c.scene.trust.snp.product[SNP_GENOA - 1].ask.present = false;
    refused(&c, amd_slice(&good), SNP_GENOA, SNP_VCEK, ERR_DENIED);
    c.scene.trust.snp.product[SNP_GENOA - 1].ask.present = true;
    court_done(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stands_for_the_list),
        cmocka_unit_test(its_time_is_judged_each_time),
        cmocka_unit_test(it_revokes),
        cmocka_unit_test(it_is_of_one_intermediate),
        cmocka_unit_test(only_a_verified_list_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
