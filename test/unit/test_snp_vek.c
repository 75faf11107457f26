/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_vek.c - a VCEK certificate of a throw-away AMD, wrong in one thing at a time, before the whole table of rows. */
#include "test/unit/snp_court.h"

/* Contents of an INTEGER of one octet. */
#define NUMBER(v)      ((const uint8_t[]){2, 1, (v)})
#define BYTES(x, a, b) amd_ext_set(&c->cert.ext, a, b, x, sizeof(x))

static void
no_vek(struct court *c)
{
    c->no_vek = true;
}

static void
version_2(struct court *c)
{
    c->cert.version = 1;
    c->cert.ext.n = 0; /* v2 has none */
}

static void
version_1(struct court *c)
{
    c->cert.version = 0;
    c->cert.ext.n = 0;
}

static void
key_rsa(struct court *c)
{
    c->cert.spki = amd_key(AMD_ASK);
}

static void
two_algorithms(struct court *c)
{
    c->cert.outer = AMD_NEW;
}

static void
drop_bl(struct court *c)
{
    amd_ext_drop(&c->cert.ext, 3, 1);
}

static void
drop_spl4(struct court *c)
{
    amd_ext_drop(&c->cert.ext, 3, 4);
}

static void
drop_hwid(struct court *c)
{
    amd_ext_drop(&c->cert.ext, 4, 0);
}

static void
drop_version(struct court *c)
{
    amd_ext_drop(&c->cert.ext, 1, 0);
}

static void
drop_name(struct court *c)
{
    amd_ext_drop(&c->cert.ext, 2, 0);
}

static void
fmc_on_milan(struct court *c)
{
    amd_ext_number(&c->cert.ext, 9, 0);
}

static void
snp_twice(struct court *c)
{
    amd_ext_number(&c->cert.ext, 3, 24);
}

static void
snp_256(struct court *c)
{
    BYTES(((const uint8_t[]){2, 2, 1, 0}), 3, 3);
}

static void
snp_negative(struct court *c)
{
    BYTES(((const uint8_t[]){2, 1, 0x98}), 3, 3);
}

static void
snp_long(struct court *c)
{
    BYTES(((const uint8_t[]){2, 2, 0, 24}), 3, 3);
}

static void
snp_trailing(struct court *c)
{
    BYTES(((const uint8_t[]){2, 1, 24, 0}), 3, 3);
}

static void
snp_octets(struct court *c)
{
    BYTES(((const uint8_t[]){4, 1, 24}), 3, 3);
}

static void
snp_empty(struct court *c)
{
    BYTES(((const uint8_t[]){2, 0}), 3, 3);
}

static void
ucode_one_octet(struct court *c)
{
    BYTES(((const uint8_t[]){2, 1, 219}), 3, 8);
}

static void
name_utf8(struct court *c)
{
    BYTES(((const uint8_t[]){0x0c, 5, 'M', 'i', 'l', 'a', 'n'}), 2, 0);
}

static void
name_control(struct court *c)
{
    BYTES(((const uint8_t[]){0x16, 5, 'M', 'i', 'l', 'a', '\n'}), 2, 0);
}

static void
hwid_65(struct court *c)
{
    static const uint8_t CHIP[65] = {4, 63};

    BYTES(CHIP, 4, 0);
}

static void
hwid_wrong_wrap(struct court *c)
{
    static const uint8_t CHIP[66] = {2, 64};

    BYTES(CHIP, 4, 0);
}

static void
hwid_short(struct court *c)
{
    BYTES("12345678", 4, 0); /* nine bytes with its end */
    c->cert.ext.at[c->cert.ext.n - 1].len = 8;
}

static void
amd_unknown(struct court *c)
{
    amd_ext_number(&c->cert.ext, 10, 0);
}

static void
other_critical(struct court *c)
{
    static const uint8_t POLICIES[] = {0x55, 0x1d, 0x20};

    amd_ext_add(&c->cert.ext, POLICIES, sizeof POLICIES, "\x30", 2)->critical = true;
}

static void
usage_without_signing(struct court *c)
{
    static const uint8_t USAGE[] = {0x55, 0x1d, 0x0f};

    (void)amd_ext_add(&c->cert.ext, USAGE, sizeof USAGE, "\3\2\3\x08", 4);
}

static void
root_missing(struct court *c)
{
    c->scene.trust.snp.product[SNP_MILAN - 1].ark.present = false;
}

static void
intermediate_missing(struct court *c)
{
    c->scene.trust.snp.product[SNP_MILAN - 1].ask.present = false;
}

static void
issued_by_nobody(struct court *c)
{
    c->cert.issuer.cn = "SEV-Siena";
}

static void
issued_by_ark(struct court *c)
{
    c->cert.issuer.cn = "ARK-Milan";
    c->cert.signer = amd_key(AMD_ARK);
}

static void
issuer_organization(struct court *c)
{
    c->cert.issuer.organization = "Advanced Micro Device";
}

static void
issuer_cn_twice(struct court *c)
{
    c->cert.issuer.cn_twice = true;
}

static void
issuer_short(struct court *c)
{
    c->cert.issuer.short_one = true;
}

static void
salt_32(struct court *c)
{
    amd_scheme_set(&c->cert, AMD_SALT32);
}

static void
mgf_256(struct court *c)
{
    amd_scheme_set(&c->cert, AMD_MGF256);
}

static void
hash_256(struct court *c)
{
    amd_scheme_set(&c->cert, AMD_HASH256);
}

static void
pkcs1(struct court *c)
{
    amd_scheme_set(&c->cert, AMD_PKCS1);
}

static void
salt_lied(struct court *c)
{
    c->cert.does = AMD_SALT32;
}

static void
mgf_lied(struct court *c)
{
    c->cert.does = AMD_MGF256;
}

static void
pkcs1_lied(struct court *c)
{
    c->cert.does = AMD_PKCS1;
}

static void
signed_by_ark(struct court *c)
{
    c->cert.signer = amd_key(AMD_ARK);
}

static void
signed_by_asvk(struct court *c)
{
    c->cert.signer = amd_key(AMD_ASVK);
}

static void
expired(struct court *c)
{
    c->cert.until = AMD_NOW - 1;
}

static void
not_yet(struct court *c)
{
    c->cert.since = AMD_NOW + 1;
}

static void
ask_expired(struct court *c)
{
    c->scene.trust.snp.product[SNP_MILAN - 1].ask.not_after = AMD_NOW - 1;
}

static void
ark_not_yet(struct court *c)
{
    c->scene.trust.snp.product[SNP_MILAN - 1].ark.not_before = AMD_NOW + 1;
}

static void
report_says_vlek(struct court *c)
{
    c->scene.report[AT_FLAGS] |= SOFT_FLAG_VLEK;
}

static void
called_vlek(struct court *c)
{
    c->cert.subject.cn = "SEV-VLEK";
}

static void
called_vcek2(struct court *c)
{
    c->cert.subject.cn = "VCEK";
}

static void
subject_organization(struct court *c)
{
    c->cert.subject.organization = "AMD";
}

static void
csp_too(struct court *c)
{
    amd_ext_text(&c->cert.ext, 5, AMD_CSP);
}

static void
csp_instead(struct court *c)
{
    drop_hwid(c);
    csp_too(c);
}

static void
by_asvk(struct court *c)
{
    c->cert.issuer.cn = "SEV-VLEK-Milan";
    c->cert.signer = amd_key(AMD_ASVK);
}

static void
name_genoa(struct court *c)
{
    BYTES(((const uint8_t[]){0x16, 5, 'G', 'e', 'n', 'o', 'a'}), 2, 0);
}

static void
name_longer(struct court *c)
{
    BYTES(((const uint8_t[]){0x16, 6, 'M', 'i', 'l', 'a', 'n', '2'}), 2, 0);
}

static void
name_empty(struct court *c)
{
    BYTES(((const uint8_t[]){0x16, 0}), 2, 0);
}

static void
struct_version_2(struct court *c)
{
    BYTES(NUMBER(2), 1, 0);
}

static void
cpuid_genoa(struct court *c)
{
    memcpy(c->scene.report + AT_CPUID, soft_product(SNP_GENOA)->cpuid, 3);
}

static void
asked_for_genoa(struct court *c)
{
    c->scene.ev.snp.product = SNP_GENOA;
}

static void
csp_list_and_vcek(struct court *c)
{
    static const struct slice CSP = {(const uint8_t *)"CN=x", 4};

    c->scene.want.snp.csp_id = &CSP;
    c->scene.want.snp.csp_id_n = 1;
}

static void
tcb_older_key(struct court *c)
{
    BYTES(NUMBER(23), 3, 3);
}

static void
tcb_newer_key(struct court *c)
{
    BYTES(NUMBER(5), 3, 1);
}

static void
spl5_set(struct court *c)
{
    BYTES(NUMBER(1), 3, 5);
}

static void
spl4_set(struct court *c)
{
    BYTES(NUMBER(1), 3, 4);
}

static void
other_chip(struct court *c)
{
    c->scene.report[AT_CHIP + SNP_CHIP_LEN - 1] ^= 1;
}

static void
chip_masked(struct court *c)
{
    memset(c->scene.report + AT_CHIP, 0, SNP_CHIP_LEN);
    c->scene.want.snp.allow_masked_chip = true;
}

static const struct bend MILAN[] = {
    {"vek.missing", "neither sent nor at hand", "the VCEK of Milan, chip 1919191919191919..",
     no_vek},
    {"vek.malformed", "X.509 version 2, want 3", "one X.509 certificate", version_2},
    {"vek.malformed", "X.509 version 1, want 3", "one X.509 certificate", version_1},
    {"vek.malformed", "not on P-384", "a key on P-384", key_rsa},
    {"vek.malformed", "another inside than outside", "one X.509 certificate", two_algorithms},
    {"vek.extensions", "no blSPL, which Milan has", "each once", drop_bl},
    {"vek.extensions", "no spl4, which Milan has", "each once", drop_spl4},
    {"vek.extensions", "neither hwID nor CSP_ID", "each once", drop_hwid},
    {"vek.extensions", "no structVersion", "each once", drop_version},
    {"vek.extensions", "no productName", "each once", drop_name},
    {"vek.extensions", "fmcSPL, which Milan does not have", "each once", fmc_on_milan},
    {"vek.extensions", "twice", "each once", snp_twice},
    {"vek.extensions", "integer above 255", "in DER", snp_256},
    {"vek.extensions", "negative integer", "in DER", snp_negative},
    {"vek.extensions", "not in its shortest form", "in DER", snp_long},
    {"vek.extensions", "AMD extension", "in DER", snp_trailing},
    {"vek.extensions", "another tag", "in DER", snp_octets},
    {"vek.extensions", "integer without contents", "in DER", snp_empty},
    {"vek.extensions", "negative integer", "in DER", ucode_one_octet},
    {"vek.extensions", "another tag", "in DER", name_utf8},
    {"vek.extensions", "printable", "in DER", name_control},
    {"vek.extensions", "neither 64 nor 8 bytes", "in DER", hwid_65},
    {"vek.extensions", "another tag", "in DER", hwid_wrong_wrap},
    {"vek.extensions", "hwID of 8 bytes, want 64 for Milan", "each once", hwid_short},
    {"vek.extensions", "AMD's that we do not know", "each once", amd_unknown},
    {"vek.extensions", "a critical extension that we do not know", "each once", other_critical},
    {"vek.extensions", "keyUsage without digitalSignature", "each once", usage_without_signing},
    {"chain.root", "no root for Milan", "ARK-Milan among the roots", root_missing},
    {"chain.root", "issued by \"SEV-Siena\"", "SEV-Milan, SEV-Genoa, SEV-Turin", issued_by_nobody},
    {"chain.intermediate", "it is not there", "SEV-Milan among the roots", intermediate_missing},
    {"chain.intermediate", "issued by \"ARK-Milan\"", "an ASK or ASVK", issued_by_ark},
    {"vek.issuer", "O is \"Advanced Micro Device\"", "AMD's distinguished name",
     issuer_organization},
    {"vek.issuer", "CN twice", "AMD's distinguished name", issuer_cn_twice},
    {"vek.issuer", "no OU", "AMD's distinguished name", issuer_short},
    {"vek.algorithm", "another hash, mask, salt", "a salt of 48 bytes", salt_32},
    {"vek.algorithm", "another hash, mask, salt", "MGF1 with SHA-384", mgf_256},
    {"vek.algorithm", "another hash, mask, salt", "RSASSA-PSS, SHA-384", hash_256},
    {"vek.algorithm", "another algorithm than RSASSA-PSS", "RSASSA-PSS", pkcs1},
    {"chain.signature", "does not verify", "signed by SEV-Milan, serial 0x010001", salt_lied},
    {"chain.signature", "does not verify", "signed by SEV-Milan", mgf_lied},
    {"chain.signature", "does not verify", "signed by SEV-Milan", pkcs1_lied},
    {"chain.signature", "does not verify", "signed by SEV-Milan", signed_by_ark},
    {"chain.signature", "does not verify", "signed by SEV-Milan", signed_by_asvk},
    {"vek.validity", "certificate valid", "a time in it; this is 2027-01-15T08:00:00Z", expired},
    {"vek.validity", "certificate valid", "a time in it", not_yet},
    {"vek.validity", "SEV-Milan valid", "a time in it", ask_expired},
    {"vek.validity", "ARK-Milan valid", "a time in it", ark_not_yet},
    {"vek.kind", "a VCEK", "a VLEK, as SIGNING_KEY 1", report_says_vlek},
    {"vek.kind", "SEV-VLEK issued by \"SEV-Milan\"", "an issuer of VLEKs", called_vlek},
    {"vek.kind", "\"VCEK\"", "SEV-VCEK or SEV-VLEK", called_vcek2},
    {"vek.kind", "O is \"AMD\"", "AMD's distinguished name", subject_organization},
    {"vek.kind", "with hwID and with CSP_ID", "hwID and no CSP_ID", csp_too},
    {"vek.kind", "SEV-VCEK issued by \"SEV-VLEK-Milan\"", "an issuer of VCEKs", by_asvk},
    {"vek.product", "productName \"Genoa\" under \"SEV-Milan\"", "Milan", name_genoa},
    {"vek.product", "productName \"Milan2\"", "Milan", name_longer},
    {"vek.product", "productName \"\"", "Milan", name_empty},
    {"vek.product", "structVersion 2", "structVersion 0 for Milan", struct_version_2},
    {"vek.product", "a certificate for Milan", "Genoa, as the report's CPUID", cpuid_genoa},
    {"vek.product", "a certificate for Milan", "Genoa, as was asked for", asked_for_genoa},
    {"vek.csp_id", "none: not a VLEK", "one of 1, the first \"CN=x\"", csp_list_and_vcek},
    {"vek.tcb", "REPORTED_TCB: bootloader 4, tee 0, snp 24", "snp 23", tcb_older_key},
    {"vek.tcb", "REPORTED_TCB: bootloader 4", "bootloader 5", tcb_newer_key},
    {"vek.tcb", "spl4 to spl7", "zero", spl5_set},
    {"vek.tcb", "spl4 to spl7", "zero", spl4_set},
    {"vek.hwid", "CHIP_ID 1919", "1919", other_chip},
    {"vek.hwid", "CHIP_ID is masked", "the chip that the VCEK is for", chip_masked},
};

static void
each_fault_is_refused_by_its_row(void **state)
{
    (void)state;
    court_refuses_each(SNP_MILAN, false, MILAN, sizeof MILAN / sizeof MILAN[0]);
}

/* A kind that its extensions contradict, beside the chip that is then not certified. */
static void
csp_without_hwid_is_no_vcek(void **state)
{
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    csp_instead(&c);
    assert_int_equal(court_judge(&c, AMD_NOW), JUDGE_REJECT);
    assert_non_null(strstr(finding(&c.scene, "vek.kind")->seen, "without hwID and with CSP_ID"));
    assert_int_equal(finding(&c.scene, "vek.hwid")->outcome, OUTCOME_FAIL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_refused_by_its_row),
        cmocka_unit_test(csp_without_hwid_is_no_vcek),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
