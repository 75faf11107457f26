/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_vek_kinds.c - what differs between VCEK and VLEK and between product lines, and all that is good: encodings, forms of
 * hwID, PEM, the ends of a window. */
#include "test/unit/snp_court.h"

/* Contents of an INTEGER of one octet. */
#define NUMBER(v)      ((const uint8_t[]){2, 1, (v)})
#define BYTES(x, a, b) amd_ext_set(&c->cert.ext, a, b, x, sizeof(x))

static void
every_kind_is_accepted(void **state)
{
    static const enum snp_product PRODUCTS[] = {SNP_MILAN, SNP_GENOA, SNP_TURIN};
    static const enum amd_scheme SCHEMES[] = {AMD_OLD, AMD_NEW};

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        AUTO(court_done) struct court c;
        const enum snp_product product = PRODUCTS[i % 3];
        bool vlek = i / 6 != 0;

        court_open(&c, product, vlek);
        amd_scheme_set(&c.cert, SCHEMES[i / 3 % 2]);
        court_accepts(&c, AMD_NOW);
        assert_int_equal(c.scene.got.snp.product, product);
        assert_int_equal(c.scene.got.snp.kind, vlek ? SNP_VLEK : SNP_VCEK);
        assert_string_equal(c.scene.got.snp.csp_id, vlek ? AMD_CSP : "");
        assert_true(c.scene.got.valid_until == c.cert.until);
    }
}

static void
pem_is_accepted(void **state)
{
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    court_fill(&c);

    char *pem = amd_pem(&c.der, "CERTIFICATE");

    c.sent = slice_text(pem);
    court_accepts(&c, AMD_NOW);

    char two[2 * AMD_DER];

    (void)snprintf(two, sizeof two, "%s \r\n\t", pem);
    c.sent = slice_text(two);
    court_accepts(&c, AMD_NOW);
    (void)snprintf(two, sizeof two, "%s%s", pem, pem);
    c.sent = slice_text(two);
    court_refuses(&c, "vek.malformed", "something follows", "nothing after it");
    free(pem);
    pem = amd_pem(&c.der, "X509 CRL");
    c.sent = slice_text(pem);
    court_refuses(&c, "vek.malformed", "a PEM block \"X509 CRL\"", "one X.509 certificate");
    pem[strlen(pem) - 12] = '\0';
    c.sent = slice_text(pem);
    court_refuses(&c, "vek.malformed", "neither DER nor a complete PEM block", "DER or PEM");
    free(pem);
}

static void
turin_spl4(struct court *c)
{
    amd_ext_number(&c->cert.ext, 4, 0);
}

static void
turin_no_fmc(struct court *c)
{
    amd_ext_drop(&c->cert.ext, 3, 9);
}

static void
turin_long_hwid(struct court *c)
{
    static const uint8_t CHIP[64] = {AMD_CHIP_BYTE};

    BYTES(CHIP, 4, 0);
}

static void
turin_fmc(struct court *c)
{
    BYTES(NUMBER(2), 3, 9);
}

static void
turin_chip_tail(struct court *c)
{
    c->scene.report[AT_CHIP + 8] = 1;
}

static void
turin_struct_version(struct court *c)
{
    BYTES(NUMBER(0), 1, 0);
}

static const struct bend TURIN[] = {
    {"vek.extensions", "spl4, which Turin does not have", "each once", turin_spl4},
    {"vek.extensions", "no fmcSPL, which Turin has", "each once", turin_no_fmc},
    {"vek.extensions", "hwID of 64 bytes, want 8", "each once", turin_long_hwid},
    {"vek.tcb", "REPORTED_TCB: fmc 1", "fmc 2", turin_fmc},
    {"vek.hwid", "CHIP_ID 191919191919191901", "1919191919191919", turin_chip_tail},
    {"vek.product", "structVersion 0", "structVersion 1 for Turin", turin_struct_version},
};

static void
turin_has_its_own_profile(void **state)
{
    (void)state;
    court_refuses_each(SNP_TURIN, false, TURIN, sizeof TURIN / sizeof TURIN[0]);
}

static void
vlek_masked_not_allowed(struct court *c)
{
    c->scene.want.snp.allow_masked_chip = false;
}

static void
vlek_hwid_too(struct court *c)
{
    static const uint8_t CHIP[64] = {1};

    (void)amd_ext_own(&c->cert.ext, 4, 0, CHIP, sizeof CHIP);
}

static void
vlek_no_csp(struct court *c)
{
    amd_ext_drop(&c->cert.ext, 5, 0);
}

static void
vlek_csp_empty(struct court *c)
{
    BYTES(((const uint8_t[]){0x16, 0}), 5, 0);
}

static void
vlek_csp_long(struct court *c)
{
    uint8_t text[3 + 128] = {0x16, 0x81, 128};

    memset(text + 3, 'a', 128);
    BYTES(text, 5, 0);
}

static void
vlek_by_ask(struct court *c)
{
    c->cert.issuer.cn = "SEV-Milan";
    c->cert.signer = amd_key(AMD_ASK);
}

static void
vlek_csp_list(struct court *c)
{
    static const struct slice CSP[] = {{(const uint8_t *)AMD_CSP "m", sizeof AMD_CSP},
                                       {(const uint8_t *)AMD_CSP, sizeof AMD_CSP - 2}};

    c->scene.want.snp.csp_id = CSP;
    c->scene.want.snp.csp_id_n = 2;
}

static const struct bend VLEK[] = {
    {"vek.hwid", "CHIP_ID is masked", "allow_masked_chip in the policy", vlek_masked_not_allowed},
    {"vek.kind", "with hwID and with CSP_ID", "CSP_ID and no hwID", vlek_hwid_too},
    {"vek.extensions", "neither hwID nor CSP_ID", "each once", vlek_no_csp},
    {"vek.extensions", "at most 127 printable", "each once", vlek_csp_empty},
    {"vek.extensions", "at most 127 printable", "each once", vlek_csp_long},
    {"vek.csp_id", "\"" AMD_CSP "\"", "one of 2, the first", vlek_csp_list},
};

static void
vlek_has_its_own_rules(void **state)
{
    (void)state;
    court_refuses_each(SNP_MILAN, true, VLEK, sizeof VLEK / sizeof VLEK[0]);
}

/* Not only refused by that row: the issuer makes it a VCEK for the rows that follow. */
static void
vlek_by_ask_is_refused(void **state)
{
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, true);
    vlek_by_ask(&c);
    assert_int_equal(court_judge(&c, AMD_NOW), JUDGE_REJECT);
    assert_non_null(
        strstr(finding(&c.scene, "vek.kind")->seen, "SEV-VLEK issued by \"SEV-Milan\""));
}

static void
csp_of_the_list_is_accepted(void **state)
{
    static const struct slice CSP[] = {{(const uint8_t *)"CN=y", 4},
                                       {(const uint8_t *)AMD_CSP, sizeof AMD_CSP - 1}};
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_GENOA, true);
    c.scene.want.snp.csp_id = CSP;
    c.scene.want.snp.csp_id_n = 2;
    court_accepts(&c, AMD_NOW);
    assert_int_equal(finding(&c.scene, "vek.csp_id")->outcome, OUTCOME_PASS);
}

static void
hwid_wrapped_or_raw(void **state)
{
    static const enum snp_product PRODUCTS[] = {SNP_MILAN, SNP_TURIN};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t len = soft_product(PRODUCTS[i])->chip_len;
        AUTO(court_done) struct court c;
        uint8_t wrapped[2 + SNP_CHIP_LEN] = {4, (uint8_t)len};

        court_open(&c, PRODUCTS[i], false);
        memset(wrapped + 2, AMD_CHIP_BYTE, len);
        amd_ext_set(&c.cert.ext, 4, 0, wrapped, 2 + len);
        court_accepts(&c, AMD_NOW);
        /* A bare identifier that looks like an OCTET STRING, and one like an INTEGER. */
        for (uint8_t tag = 2; tag <= 4; tag += 2) {
            uint8_t bare[SNP_CHIP_LEN] = {tag, (uint8_t)(len - 2)};

            amd_ext_set(&c.cert.ext, 4, 0, bare, len);
            memset(c.scene.report + AT_CHIP, 0, SNP_CHIP_LEN);
            memcpy(c.scene.report + AT_CHIP, bare, len);
            court_accepts(&c, AMD_NOW);
        }
    }
}

static void
usage_with_signing_is_fine(void **state)
{
    static const uint8_t USAGE[] = {0x55, 0x1d, 0x0f};
    static const uint8_t BASIC[] = {0x55, 0x1d, 0x13};
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    amd_ext_add(&c.cert.ext, USAGE, sizeof USAGE, "\3\2\7\x80", 4)->critical = true;
    amd_ext_add(&c.cert.ext, BASIC, sizeof BASIC, "\x30", 2)->critical = true; /* not a CA */
    court_accepts(&c, AMD_NOW);
}

static void
windows_end_where_they_say(void **state)
{
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    court_accepts(&c, c.cert.since);
    court_accepts(&c, c.cert.until);
    assert_int_equal(court_judge(&c, c.cert.since - 1), JUDGE_REJECT);
    assert_only(&c.scene, "vek.validity", "certificate valid", "a time in it");
    assert_int_equal(court_judge(&c, c.cert.until + 1), JUDGE_REJECT);
    assert_only(&c.scene, "vek.validity", "certificate valid", "a time in it");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_accepted),     cmocka_unit_test(pem_is_accepted),
        cmocka_unit_test(turin_has_its_own_profile),  cmocka_unit_test(vlek_has_its_own_rules),
        cmocka_unit_test(vlek_by_ask_is_refused),     cmocka_unit_test(csp_of_the_list_is_accepted),
        cmocka_unit_test(hwid_wrapped_or_raw),        cmocka_unit_test(usage_with_signing_is_fine),
        cmocka_unit_test(windows_end_where_they_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
