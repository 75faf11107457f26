/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_anchors.c - certificate authorities that an operator gives as AMD's: read and verified, each fault alone. */
#include "test/unit/snp_court.h"

struct given {
    struct amd_cert ark, ask, asvk;
};

static struct given
given_make(void)
{
    return (struct given){amd_ca(SNP_MILAN, AMD_ARK), amd_ca(SNP_MILAN, AMD_ASK),
                          amd_ca(SNP_MILAN, AMD_ASVK)};
}

static enum err
add(const struct given *g, struct snp_anchors *out, struct why *why)
{
    const struct amd_der ark = amd_make(&g->ark);
    const struct amd_der ask = amd_make(&g->ask);
    const struct amd_der asvk = amd_make(&g->asvk);

    return snp_anchors_add(SNP_MILAN, amd_slice(&ark), amd_slice(&ask), amd_slice(&asvk), out, why);
}

static void
added(void **state)
{
    AUTO(snp_anchors_done) struct snp_anchors a = {0};
    const struct given g = given_make();
    const struct snp_ca *ask = &a.product[SNP_MILAN - 1].ask;
    struct why why = {0};

    (void)state;
    assert_int_equal(add(&g, &a, &why), ERR_OK);
    assert_true(ask->present && ask->serial_len == 3);
    assert_memory_equal(ask->serial, "\1\0\1", 3);
    assert_string_equal(ask->cn, "SEV-Milan");
    assert_true(ask->not_before == g.ask.since && ask->not_after == g.ask.until);
    assert_int_equal(ask->key.bits, 4096);
    assert_string_equal(a.product[SNP_MILAN - 1].ark.cn, "ARK-Milan");
    assert_string_equal(a.product[SNP_MILAN - 1].asvk.cn, "SEV-VLEK-Milan");
    assert_false(a.product[SNP_GENOA - 1].ark.present);
}

static void
intermediates_may_be_absent(void **state)
{
    AUTO(snp_anchors_done) struct snp_anchors a = {0};
    const struct amd_der ark = amd_ca_der(SNP_TURIN, AMD_ARK);
    const struct slice none = {0};
    struct why why = {0};
    char *pem = amd_pem(&ark, "CERTIFICATE");

    (void)state;
    assert_int_equal(snp_anchors_add(SNP_TURIN, slice_text(pem), none, none, &a, &why), ERR_OK);
    free(pem);
    assert_true(a.product[SNP_TURIN - 1].ark.present);
    assert_false(a.product[SNP_TURIN - 1].ask.present || a.product[SNP_TURIN - 1].asvk.present);
    assert_int_equal(snp_anchors_add(SNP_TURIN, none, none, none, &a, &why), ERR_MALFORMED);
    assert_int_equal(snp_anchors_add(SNP_PRODUCT_NONE, amd_slice(&ark), none, none, &a, &why),
                     ERR_MALFORMED);
    assert_int_equal(snp_anchors_add(SNP_PRODUCTS, amd_slice(&ark), none, none, &a, &why),
                     ERR_MALFORMED);
}

static void
ark_not_self_signed(struct given *g)
{
    g->ark.signer = amd_key(AMD_ASK);
}

static void
ark_of_genoa(struct given *g)
{
    g->ark = amd_ca(SNP_GENOA, AMD_ARK);
}

static void
ark_issued_by_another(struct given *g)
{
    g->ark.issuer.cn = "ARK-Genoa";
}

static void
ask_by_ask(struct given *g)
{
    g->ask.signer = amd_key(AMD_ASK);
}

static void
ask_named_asvk(struct given *g)
{
    g->ask = g->asvk;
}

static void
ask_organization(struct given *g)
{
    g->ask.subject.organization = "Advanced Micro Devices Inc";
}

static void
ask_issuer(struct given *g)
{
    g->ask.issuer.cn = "ARK-Turin";
}

static void
ask_v1(struct given *g)
{
    g->ask.version = 0;
    g->ask.ext.n = 0;
}

static void
ask_exts(struct given *g, bool ca, int path_len, uint8_t usage)
{
    g->ask.ext.n = 0;
    amd_ca_exts(AMD_ASK, ca, path_len, usage, &g->ask.ext);
}

static void
ask_no_ca(struct given *g)
{
    ask_exts(g, false, -1, 0x04);
}

static void
ask_path_free(struct given *g)
{
    ask_exts(g, true, -1, 0x04);
}

static void
ask_path_one(struct given *g)
{
    ask_exts(g, true, 1, 0x04);
}

static void
ask_usage_leaf(struct given *g)
{
    ask_exts(g, true, 0, 0x80);
}

static void
ask_constraints_not_critical(struct given *g)
{
    g->ask.ext.at[0].critical = false;
}

static void
ask_no_usage(struct given *g)
{
    g->ask.ext.n = 1;
}

static void
ask_critical(struct given *g)
{
    amd_ext_add(&g->ask.ext, "\x55\x1d\x20", 3, "\x30", 2)->critical = true;
}

static void
ask_ext_twice(struct given *g)
{
    g->ask.ext.at[g->ask.ext.n++] = g->ask.ext.at[0];
}

static void
ask_serial_zero(struct given *g)
{
    g->ask.serial = 0;
}

static void
ask_pkcs1(struct given *g)
{
    amd_scheme_set(&g->ask, AMD_PKCS1);
}

static void
ask_salt(struct given *g)
{
    amd_scheme_set(&g->ask, AMD_SALT32);
}

static void
ask_two_algorithms(struct given *g)
{
    g->ask.outer = AMD_NEW;
}

static void
ask_ec(struct given *g)
{
    g->ask.spki = scene_key();
}

static void
asvk_by_asvk(struct given *g)
{
    g->asvk.signer = amd_key(AMD_ASVK);
}

static void
ark_usage(struct given *g)
{
    g->ark.ext.n = 0;
    amd_ca_exts(AMD_ARK, true, -1, 0x04, &g->ark.ext);
}

static void
each_fault_is_refused(void **state)
{
    static const struct {
        void (*bend)(struct given *g);
        enum err err;
        const char *reason, *role;
    } ROWS[] = {
        {ark_not_self_signed, ERR_DENIED, "signature does not verify", "as ARK-Milan"},
        {ark_of_genoa, ERR_DENIED, "CN is \"ARK-Genoa\", want \"ARK-Milan\"", "as ARK-Milan"},
        {ark_issued_by_another, ERR_DENIED, "CN is \"ARK-Genoa\"", "as ARK-Milan"},
        {ark_usage, ERR_DENIED, "want 0x60 (keyCertSign, cRLSign)", "as ARK-Milan"},
        {ask_by_ask, ERR_DENIED, "signature does not verify", "as SEV-Milan"},
        {ask_named_asvk, ERR_DENIED, "CN is \"SEV-VLEK-Milan\"", "as SEV-Milan"},
        {ask_organization, ERR_DENIED, "O is \"Advanced Micro Devices Inc\"", "as SEV-Milan"},
        {ask_issuer, ERR_DENIED, "CN is \"ARK-Turin\"", "as SEV-Milan"},
        {ask_v1, ERR_DENIED, "X.509 version 1", "as SEV-Milan"},
        {ask_no_ca, ERR_DENIED, "basicConstraints without CA", "as SEV-Milan"},
        {ask_path_free, ERR_DENIED, "pathLenConstraint -1, want 0", "as SEV-Milan"},
        {ask_path_one, ERR_DENIED, "pathLenConstraint 1, want 0", "as SEV-Milan"},
        {ask_usage_leaf, ERR_DENIED, "keyUsage 0x1, want 0x20", "as SEV-Milan"},
        {ask_constraints_not_critical, ERR_DENIED, "basicConstraints not critical", "as SEV-Milan"},
        {ask_no_usage, ERR_DENIED, "no keyUsage", "as SEV-Milan"},
        {ask_critical, ERR_DENIED, "a critical extension", "as SEV-Milan"},
        {ask_ext_twice, ERR_MALFORMED, "twice", "as SEV-Milan"},
        {ask_serial_zero, ERR_DENIED, "serial number", "as SEV-Milan"},
        {ask_pkcs1, ERR_DENIED, "another algorithm than RSASSA-PSS", "as SEV-Milan"},
        {ask_salt, ERR_DENIED, "another hash, mask, salt", "as SEV-Milan"},
        {ask_two_algorithms, ERR_MALFORMED, "another inside than outside", "as SEV-Milan"},
        {ask_ec, ERR_DENIED, "want RSA of 4096", "as SEV-Milan"},
        {asvk_by_asvk, ERR_DENIED, "signature does not verify", "as SEV-VLEK-Milan"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(snp_anchors_done) struct snp_anchors a = {0};
        struct given g = given_make();
        struct why why = {0};

        ROWS[i].bend(&g);
        assert_int_equal(add(&g, &a, &why), ROWS[i].err);
        if (strstr(why_text(&why), ROWS[i].reason) == NULL) {
            fail_msg("row %zu: \"%s\", want \"%s\"", i, why_text(&why), ROWS[i].reason);
        }
        assert_string_equal(why.link[why.n - 1], ROWS[i].role);
        assert_false(a.product[SNP_MILAN - 1].ark.present); /* all or nothing */
    }
}

static void
small_keys_are_refused(void **state)
{
    AUTO(snp_anchors_done) struct snp_anchors a = {0};
    EVP_PKEY *small = EVP_RSA_gen(2048);
    struct given g = given_make();
    struct why why = {0};

    (void)state;
    g.ask.spki = small;
    assert_int_equal(add(&g, &a, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "a key of 2048 bits, want RSA of 4096");
    EVP_PKEY_free(small);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added),
        cmocka_unit_test(intermediates_may_be_absent),
        cmocka_unit_test(each_fault_is_refused),
        cmocka_unit_test(small_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
