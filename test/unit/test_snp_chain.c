/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_chain.c - certificates without a report: kept for many reports, cut and flipped at every place, and intermediates in
 * their place or beside them. */
#include "test/unit/snp_court.h"

/* ---- kept ---- */

static void
opened_for_keeps(void **state)
{
    AUTO(court_done) struct court c;
    AUTO(snp_vek_done) struct snp_vek v = {0};
    struct why why = {0};
    uint8_t digest[SHA256_LEN];
    uint8_t chip[SNP_CHIP_LEN] = {0};

    (void)state;
    court_open(&c, SNP_TURIN, false);
    court_fill(&c);
    memset(chip, AMD_CHIP_BYTE, 8);
    assert_int_equal(snp_vek_open(amd_slice(&c.der), &c.scene.trust.snp, &v, &why), ERR_OK);
    assert_int_equal(v.product, SNP_TURIN);
    assert_int_equal(v.kind, SNP_VCEK);
    assert_memory_equal(&v.tcb, (&(struct snp_tcb){1, 2, 3, 4, 81}), sizeof v.tcb);
    assert_int_equal(v.hwid_len, 8);
    assert_memory_equal(v.hwid, chip, sizeof chip);
    assert_string_equal(v.csp_id, "");
    assert_true(v.not_before == c.cert.since && v.not_after == c.cert.until);
    assert_int_equal(sig_key_digest(&v.key, digest, &why), ERR_OK);
    assert_memory_equal(digest, v.spki_sha256, sizeof digest);
    assert_true(sig_key_same(&v.key, scene_public()));
}

static void
known_is_judged_by_what_can_change(void **state)
{
    AUTO(court_done) struct court c;
    AUTO(snp_vek_done) struct snp_vek v = {0};
    struct why why = {0};

    (void)state;
    court_open(&c, SNP_MILAN, false);
    court_fill(&c);
    assert_int_equal(snp_vek_open(amd_slice(&c.der), &c.scene.trust.snp, &v, &why), ERR_OK);
    c.scene.ev.snp.known = &v;
    c.no_vek = true;
    court_accepts(&c, AMD_NOW);
    assert_string_equal(finding(&c.scene, "chain.signature")->seen, "verified before");
    assert_int_equal(court_judge(&c, c.cert.until + 1), JUDGE_REJECT);
    assert_only(&c.scene, "vek.validity", "valid", "a time in it");
    c.scene.report[AT_CHIP] ^= 1;
    court_refuses(&c, "vek.hwid", "CHIP_ID 18", "1919");
    c.scene.report[AT_CHIP] ^= 1;
    c.scene.trust.snp.product[SNP_MILAN - 1].ark.present = false;
    court_refuses(&c, "chain.root", "no root for Milan", "ARK-Milan among the roots");
}

/* ---- every byte and bit ---- */

static void
every_truncation_is_refused(void **state)
{
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    court_fill(&c);
    for (size_t n = 0; n < c.der.n; n++) {
        AUTO(snp_vek_done) struct snp_vek v = {0};
        struct why why = {0};
        uint8_t *copy = malloc(n + 1); /* of its size, for a sanitizer to watch */

        assert_non_null(copy);
        memcpy(copy, c.der.b, n);
        assert_int_equal(snp_vek_open((struct slice){copy, n}, &c.scene.trust.snp, &v, &why),
                         ERR_MALFORMED);
        free(copy);
    }
    c.der.b[c.der.n++] = 0;

    AUTO(snp_vek_done) struct snp_vek v = {0};
    struct why why = {0};

    assert_int_equal(snp_vek_open(amd_slice(&c.der), &c.scene.trust.snp, &v, &why), ERR_MALFORMED);
}

static void
flip_each_bit(struct court *c)
{
    for (size_t bit = 0; bit < 8 * c->der.n; bit++) {
        AUTO(snp_vek_done) struct snp_vek v = {0};
        struct why why = {0};
        uint8_t mask = (uint8_t)(1u << bit % 8);

        c->der.b[bit / 8] ^= mask;
        if (snp_vek_open(amd_slice(&c->der), &c->scene.trust.snp, &v, &why) == ERR_OK) {
            fail_msg("bit %zu of byte %zu flipped: accepted", bit % 8, bit / 8);
        }
        assert_true(why.n > 0);
        c->der.b[bit / 8] ^= mask;
    }
}

static void
no_flipped_bit_is_accepted(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        AUTO(court_done) struct court c;

        court_open(&c, i == 0 ? SNP_MILAN : SNP_TURIN, i == 1);
        amd_scheme_set(&c.cert, i == 0 ? AMD_OLD : AMD_NEW);
        court_fill(&c);
        flip_each_bit(&c);
    }
}

static void
refusals_name_their_row(void **state)
{
    AUTO(court_done) struct court c;
    AUTO(snp_vek_done) struct snp_vek v = {0};
    struct why why = {0};

    (void)state;
    court_open(&c, SNP_MILAN, false);
    c.cert.signer = amd_key(AMD_ARK);
    court_fill(&c);
    assert_int_equal(snp_vek_open(amd_slice(&c.der), &c.scene.trust.snp, &v, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "chain.signature: the signature does not verify; want "
                                        "signed by SEV-Milan, serial 0x010001");
    why = (struct why){0};
    assert_int_equal(snp_vek_open((struct slice){0}, &c.scene.trust.snp, &v, &why), ERR_MALFORMED);

    const struct amd_der ask = amd_ca_der(SNP_MILAN, AMD_ASK);

    why = (struct why){0};
    assert_int_equal(snp_vek_open(amd_slice(&ask), &c.scene.trust.snp, &v, &why), ERR_DENIED);
    assert_int_equal(v.key.type, KEY_NONE);
}

/* ---- a certificate without a report, and intermediates ---- */

static void
chain_is(struct court *c, enum judgement want, const char *id, const char *seen)
{
    enum judgement got = court_chain(c, AMD_NOW);

    if (got != want) {
        court_print(c);
    }
    assert_int_equal(got, want);
    if (id != NULL) {
        assert_only(&c->scene, id, seen, "");
    }
}

static void
chains_alone(void **state)
{
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    chain_is(&c, JUDGE_ACCEPT, NULL, NULL);
    c.cert.signer = amd_key(AMD_ARK);
    chain_is(&c, JUDGE_REJECT, "chain.signature", "does not verify");
    for (enum amd_key role = AMD_ASK; role <= AMD_ASVK; role++) {
        c.cert = amd_ca(SNP_MILAN, role);
        chain_is(&c, JUDGE_ACCEPT, NULL, NULL);
    }
    c.cert = amd_ca(SNP_MILAN, AMD_ASK);
    c.cert.signer = amd_key(AMD_ASK);
    chain_is(&c, JUDGE_REJECT, "chain.signature", "does not verify");
    c.cert = amd_ca(SNP_MILAN, AMD_ARK);
    chain_is(&c, JUDGE_REJECT, "chain.intermediate", "\"ARK-Milan\", which is no ASK");
    c.cert = amd_ca(SNP_MILAN, AMD_ASK);
    c.cert.subject.cn = "SEV-Genoa";
    chain_is(&c, JUDGE_REJECT, "chain.intermediate", "\"SEV-Genoa\", issued by \"ARK-Milan\"");
    c.cert = amd_ca(SNP_MILAN, AMD_ASK);
    c.cert.until = AMD_NOW - 1;
    chain_is(&c, JUDGE_REJECT, "vek.validity", "certificate valid");
    c.cert = amd_ca(SNP_MILAN, AMD_ASK);
    c.cert.ext.n = 0;
    amd_ca_exts(AMD_ASK, true, 1, 0x04, &c.cert.ext);
    chain_is(&c, JUDGE_REJECT, "chain.intermediate", "pathLenConstraint 1, want 0");
}

static void
intermediate_signs_no_report(void **state)
{
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    c.cert = amd_ca(SNP_MILAN, AMD_ASK);
    assert_int_equal(court_judge(&c, AMD_NOW), JUDGE_REJECT);
    assert_int_equal(finding(&c.scene, "vek.kind")->outcome, OUTCOME_FAIL);
    assert_int_not_equal(finding(&c.scene, "report.signature")->outcome, OUTCOME_PASS);
}

static void
given_intermediate_replaces_the_anchor(void **state)
{
    AUTO(court_done) struct court c;
    struct amd_cert ask = amd_ca(SNP_MILAN, AMD_ASK);

    (void)state;
    court_open(&c, SNP_MILAN, false);
    c.scene.trust.snp.product[SNP_MILAN - 1].ask.present = false;
    ask.serial = 0x10077;
    ask.until = AMD_NOW + AMD_DAY;

    struct amd_der der = amd_make(&ask);

    c.ask = amd_slice(&der);
    chain_is(&c, JUDGE_ACCEPT, NULL, NULL);
    assert_string_equal(finding(&c.scene, "chain.intermediate")->seen,
                        "SEV-Milan, serial 0x010077, as given");
    assert_true(c.scene.got.valid_until == AMD_NOW + AMD_DAY);

    char *pem = amd_pem(&der, "CERTIFICATE");

    c.ask = slice_text(pem);
    chain_is(&c, JUDGE_ACCEPT, NULL, NULL);
    free(pem);

    ask.signer = amd_key(AMD_ASK);
    der = amd_make(&ask);
    c.ask = amd_slice(&der);
    chain_is(&c, JUDGE_REJECT, "chain.intermediate", "signature does not verify");
    der = amd_ca_der(SNP_MILAN, AMD_ASVK);
    c.ask = amd_slice(&der);
    chain_is(&c, JUDGE_REJECT, "chain.intermediate", "CN is \"SEV-VLEK-Milan\"");
    der = amd_ca_der(SNP_GENOA, AMD_ASK);
    c.ask = amd_slice(&der);
    chain_is(&c, JUDGE_REJECT, "chain.intermediate", "CN is \"SEV-Genoa\"");
    c.ask = (struct slice){(const uint8_t *)"0", 1};
    chain_is(&c, JUDGE_REJECT, "chain.intermediate", "Certificate");
    c.cert = amd_ca(SNP_MILAN, AMD_ASK);
    der = amd_ca_der(SNP_MILAN, AMD_ASK);
    c.ask = amd_slice(&der);
    chain_is(&c, JUDGE_REJECT, "chain.intermediate", "and an intermediate given beside it");
}

static void
revoked_key_needs_no_crl(void **state)
{
    AUTO(court_done) struct court c;
    const struct amd_der ask = amd_ca_der(SNP_GENOA, AMD_ASK);
    struct snp_revoked fact = {.since = 1667223286};
    struct why why = {0};

    (void)state;
    court_open(&c, SNP_GENOA, false);
    assert_int_equal(
        sig_key_digest(&c.scene.trust.snp.product[SNP_GENOA - 1].ask.key, fact.spki_sha256, &why),
        ERR_OK);
    c.scene.trust.snp.revoked = &fact;
    c.scene.trust.snp.revoked_n = 1;
    c.ask = amd_slice(&ask);
    chain_is(&c, JUDGE_REJECT, "crl.revoked", "serial 0x020001 revoked 2022-10-31T13:34:46Z");
    c.scene.want.snp.crl = SNP_CRL_OFF;
    chain_is(&c, JUDGE_REJECT, "crl.revoked", "serial 0x020001");
    c.ask = (struct slice){0};
    c.cert = amd_ca(SNP_GENOA, AMD_ASK);
    chain_is(&c, JUDGE_REJECT, "crl.revoked", "serial 0x020001");
    fact.spki_sha256[31] ^= 1;
    chain_is(&c, JUDGE_ACCEPT, NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opened_for_keeps),
        cmocka_unit_test(known_is_judged_by_what_can_change),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(no_flipped_bit_is_accepted),
        cmocka_unit_test(refusals_name_their_row),
        cmocka_unit_test(chains_alone),
        cmocka_unit_test(intermediate_signs_no_report),
        cmocka_unit_test(given_intermediate_replaces_the_anchor),
        cmocka_unit_test(revoked_key_needs_no_crl),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
