/* SPDX-License-Identifier: Apache-2.0 */
/* test_tpm_ek.c - endorsement keys' certificates: wrappers to the byte, no bit of a good certificate to spare, words for what is missing,
 * revocation by lists in and out of their time, templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attest/attest.h"
#include "attest/tpm/ek_template.h"
#include "attest/tpm/ek_wrapper.h"
#include "test/unit/x509_desk.h"

/* subjectAltName: a directory name of manufacturer, model and version. */
#define SAN                                                                                       \
    "critical,DER:30:38:A4:36:30:34:31:32:30:0E:06:05:67:81:05:02:01:0C:05:69:64:3A:34:44:30:0E:" \
    "06:05:67:81:05:02:02:0C:05:6D:6F:64:65:6C:30:10:06:05:67:81:05:02:03:0C:07:69:64:3A:30:30:"  \
    "30:31"

/* caIssuers at http://a.example/ca.crt, after an ocsp of the same length. */
#define AIA "OCSP;URI:http://a.example/ocsp.x,caIssuers;URI:http://a.example/ca.crt"

struct vendor {
    struct desk_cert root, inter, ek;
};

static struct vendor
vendor_make(void)
{
    struct vendor v = {.root = desk_ca("root", NULL)};

    v.inter = desk_ca("inter", &v.root);
    v.ek = desk_make(&(struct desk_ask){.subject = "ek",
                                        .issuer = &v.inter,
                                        .serial = 7777,
                                        .ext = {{NID_key_usage, "critical,keyAgreement"},
                                                {NID_subject_alt_name, SAN},
                                                {NID_info_access, AIA},
                                                {NID_basic_constraints, "critical,CA:FALSE"}}});
    return v;
}

static void
vendor_done(struct vendor *v)
{
    desk_cert_done(&v->root);
    desk_cert_done(&v->inter);
    desk_cert_done(&v->ek);
}

/* What a verification is given; the rest is sound. */
struct ask {
    struct slice certificate;
    const struct desk_crl *crl;
    struct tpm_expect want;
    bool no_intermediate;
    int64_t at_unix;
};

static enum judgement
judge(const struct vendor *v, const struct ask *a, struct appraisal *got)
{
    const struct slice root = desk_der(&v->root);
    const struct slice inter = desk_der(&v->inter);
    const struct slice crl =
        a->crl != NULL ? (struct slice){a->crl->der, a->crl->len} : (struct slice){0};
    const struct evidence ev = {
        .type = EVIDENCE_TPM2,
        .tpm = {.ek_certificate = a->certificate.len > 0 ? a->certificate : desk_der(&v->ek)},
    };
    const struct expectation want = {.tpm = a->want};
    const struct trust trust = {.tpm = {.anchor = &root,
                                        .anchor_n = 1,
                                        .intermediate = &inter,
                                        .intermediate_n = !a->no_intermediate,
                                        .crl = &crl,
                                        .crl_n = a->crl != NULL}};

    attest_verify_ek_certificate(&ev, &want, &trust, a->at_unix != 0 ? a->at_unix : DESK_NOW, got);
    return verdict_judge(&got->verdict);
}

static const struct finding *
finding(const struct appraisal *got, const char *id)
{
    for (size_t i = 0; i < got->verdict.n; i++) {
        if (strcmp(got->verdict.finding[i].id, id) == 0) {
            return &got->verdict.finding[i];
        }
    }
    fail_msg("no finding %s", id);
    return NULL;
}

/* The verdict, by this rule alone. */
static void
refused(const struct vendor *v, const struct ask *a, enum judgement want, const char *id)
{
    struct appraisal got;
    enum judgement j = judge(v, a, &got);

    if (j != want) {
        fail_msg("%s: %s, want %s", id, judgement_name(j), judgement_name(want));
    }
    for (size_t i = 0; i < got.verdict.n; i++) {
        const struct finding *f = &got.verdict.finding[i];
        bool passed = f->outcome == OUTCOME_PASS || f->outcome == OUTCOME_IGNORED ||
                      f->outcome == OUTCOME_NOT_RUN;

        if (passed == (strcmp(f->id, id) == 0)) {
            fail_msg("%s is %s where %s should be refused", f->id, outcome_name(f->outcome), id);
        }
    }
}

static void
a_good_one_is_accepted(void **state)
{
    AUTO(vendor_done) struct vendor v = vendor_make();
    struct appraisal got;

    (void)state;
    assert_int_equal(judge(&v, &(struct ask){0}, &got), JUDGE_ACCEPT);
    assert_true(got.valid_until == DESK_NOW + DESK_DAY);
}

/* ---- wrappers ---- */

enum { WRAPPED_MAX = DESK_DER + 64 };

struct wrapped {
    uint8_t bytes[WRAPPED_MAX];
    size_t len;
};

static struct wrapped
wrap(struct slice der, size_t padding, uint8_t value)
{
    struct wrapped w = {.len = 7 + der.len + padding};
    size_t size = der.len + 2;
    const uint8_t head[] = {0x10, 0x01, 0x00, (uint8_t)(size >> 8), (uint8_t)size, 0x10, 0x02};

    memcpy(w.bytes, head, sizeof head);
    memcpy(w.bytes + sizeof head, der.ptr, der.len);
    memset(w.bytes + sizeof head + der.len, value, padding);
    return w;
}

static void
every_truncation_of_a_wrapped_one_is_malformed(void **state)
{
    AUTO(vendor_done) struct vendor v = vendor_make();
    struct wrapped w = wrap(desk_der(&v.ek), 0, 0);
    struct appraisal got;

    (void)state;
    assert_int_equal(judge(&v, &(struct ask){.certificate = {w.bytes, w.len}}, &got), JUDGE_ACCEPT);
    for (size_t n = 1; n < w.len; n++) {
        refused(&v, &(struct ask){.certificate = {w.bytes, n}}, JUDGE_MALFORMED,
                "ek.cert_malformed");
    }
}

static void
only_three_values_are_padding(void **state)
{
    AUTO(vendor_done) struct vendor v = vendor_make();

    (void)state;
    for (unsigned value = 0; value <= 0xff; value++) {
        struct wrapped w = wrap(desk_der(&v.ek), 3, (uint8_t)value);
        struct tpm_ek_wrapped got = {0};
        struct why why = {0};
        bool good = value == 0 || value == 0xff || value == 0x11;

        assert_int_equal(tpm_ek_unwrap((struct slice){w.bytes, w.len}, &got, &why),
                         good ? ERR_OK : ERR_MALFORMED);
        assert_int_equal(got.padding, good ? 3 : 0);
        w.bytes[w.len - 1] ^= 1; /* not all of one value */
        assert_int_equal(tpm_ek_unwrap((struct slice){w.bytes, w.len}, &got, &why), ERR_MALFORMED);
    }
}

static void
more_than_an_nv_index_is_too_much(void **state)
{
    static const uint8_t LARGE[TPM_EK_NV_MAX + 1] = {0x30, 0x00};
    struct tpm_ek_wrapped got = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(tpm_ek_unwrap((struct slice){LARGE, TPM_EK_NV_MAX}, &got, &why), ERR_OK);
    assert_int_equal(tpm_ek_unwrap((struct slice){LARGE, sizeof LARGE}, &got, &why), ERR_LIMIT);
}

/* ---- the certificate ---- */

static void
no_bit_can_be_turned(void **state)
{
    AUTO(vendor_done) struct vendor v = vendor_make();
    uint8_t copy[DESK_DER];

    (void)state;
    memcpy(copy, v.ek.der, v.ek.len);
    for (size_t bit = 0; bit < 8 * v.ek.len; bit++) {
        struct appraisal got;

        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (judge(&v, &(struct ask){.certificate = {copy, v.ek.len}}, &got) == JUDGE_ACCEPT) {
            fail_msg("accepted with bit %zu turned", bit);
        }
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void
a_missing_issuer_is_named_with_its_address(void **state)
{
    AUTO(vendor_done) struct vendor v = vendor_make();
    struct appraisal got;

    (void)state;
    refused(&v, &(struct ask){.no_intermediate = true}, JUDGE_REJECT, "ek.cert_chain");
    assert_int_equal(judge(&v, &(struct ask){.no_intermediate = true}, &got), JUDGE_REJECT);

    const struct finding *f = finding(&got, "ek.cert_chain");

    assert_non_null(strstr(f->seen, "issuer /CN=inter"));
    assert_non_null(strstr(f->wanted, "http://a.example/ca.crt"));
    assert_null(strstr(f->wanted, "ocsp"));
}

static void
dates_of_the_leaf_are_the_policys(void **state)
{
    AUTO(vendor_done) struct vendor v = vendor_make();
    AUTO(desk_cert_done)
    struct desk_cert old = desk_make(
        &(struct desk_ask){.subject = "ek",
                           .issuer = &v.inter,
                           .not_after = DESK_NOW - 1,
                           .ext = {{NID_key_usage, "keyAgreement"}, {NID_subject_alt_name, SAN}}});
    struct ask a = {.certificate = desk_der(&old)};
    struct appraisal got;

    (void)state;
    refused(&v, &a, JUDGE_REJECT, "ek.cert_expired");
    a.want.allow_ek_expired = true;
    assert_int_equal(judge(&v, &a, &got), JUDGE_ACCEPT);
    assert_true(got.valid_until == DESK_NOW + DESK_DAY); /* of those above it */
    a.at_unix = DESK_NOW + DESK_DAY + 1;                 /* they have run out */
    refused(&v, &a, JUDGE_REJECT, "ek.cert_expired");
    a.at_unix = DESK_NOW - 2 * DESK_DAY; /* before it was made */
    refused(&v, &a, JUDGE_REJECT, "ek.cert_expired");
}

static void
revoked_stays_revoked_and_stale_is_undecided(void **state)
{
    AUTO(vendor_done) struct vendor v = vendor_make();
    struct desk_crl listed = desk_crl_make(&v.inter, &v.inter, 7777, DESK_NOW + 60);
    struct desk_crl old_listed = desk_crl_make(&v.inter, &v.inter, 7777, DESK_NOW - 1);
    struct desk_crl other = desk_crl_make(&v.inter, &v.inter, 4444, DESK_NOW + 60);
    struct desk_crl old = desk_crl_make(&v.inter, &v.inter, 4444, DESK_NOW - 1);
    struct desk_crl forged = desk_crl_make(&v.inter, &v.root, 4444, DESK_NOW + 60);
    struct desk_crl above = desk_crl_make(&v.root, &v.root, 1, DESK_NOW + 60);
    struct ask a = {.crl = &listed};
    struct appraisal got;

    (void)state;
    for (unsigned stale_ok = 0; stale_ok < 2; stale_ok++) {
        a.want.allow_ek_crl_stale = stale_ok == 1;
        a.crl = &listed;
        refused(&v, &a, JUDGE_REJECT, "ek.cert_revoked");
        a.crl = &old_listed;
        refused(&v, &a, JUDGE_REJECT, "ek.cert_revoked");
        a.crl = &above;
        refused(&v, &a, JUDGE_REJECT, "ek.cert_revoked");
        a.crl = &forged;
        refused(&v, &a, JUDGE_UNABLE, "ek.crl_stale");
        a.crl = &other;
        assert_int_equal(judge(&v, &a, &got), JUDGE_ACCEPT);
        assert_true(got.valid_until == DESK_NOW + 60);
    }
    a = (struct ask){.crl = &old};
    refused(&v, &a, JUDGE_UNABLE, "ek.crl_stale");
    a.want.allow_ek_crl_stale = true;
    assert_int_equal(judge(&v, &a, &got), JUDGE_ACCEPT);
    assert_int_equal(finding(&got, "ek.crl_stale")->outcome, OUTCOME_WARN);
    assert_true(got.valid_until == DESK_NOW + DESK_DAY);
    a = (struct ask){.want = {.ek_crl = EK_CRL_REQUIRE}};
    refused(&v, &a, JUDGE_UNABLE, "ek.crl_stale");
    a = (struct ask){.crl = &listed, .want = {.ek_crl = EK_CRL_OFF}};
    assert_int_equal(judge(&v, &a, &got), JUDGE_ACCEPT);
}

static void
a_pin_must_be_met(void **state)
{
    AUTO(vendor_done) struct vendor v = vendor_make();
    uint8_t spki[256];
    uint8_t *at = spki;
    uint8_t digest[2][SHA256_LEN] = {{0}, {0}};
    int len = i2d_PUBKEY(v.ek.key, &at);
    const struct slice pins[] = {{digest[0], SHA256_LEN}, {digest[1], SHA256_LEN}};
    struct ask a = {.want = {.ek_pinned = pins, .ek_pinned_n = 2}};
    struct appraisal got;

    (void)state;
    assert_true(len > 0 && len < (int)sizeof spki);
    refused(&v, &a, JUDGE_REJECT, "ek.unknown");
    hash_sha256((struct slice){spki, (size_t)len}, digest[1]);
    assert_int_equal(judge(&v, &a, &got), JUDGE_ACCEPT);
}

/* ---- templates ---- */

static void
templates_are_taken_whole(void **state)
{
    static const struct {
        struct tpm_public area;
        bool known;
    } CASES[] = {
        {{.type = TPM_ALG_RSA, .key_bits = 2048, .name_alg = HASH_SHA256, .symmetric_bits = 128},
         true},
        {{.type = TPM_ALG_RSA, .key_bits = 3072, .name_alg = HASH_SHA384, .symmetric_bits = 256},
         true},
        {{.type = TPM_ALG_ECC, .curve = 3, .name_alg = HASH_SHA256, .symmetric_bits = 128}, true},
        {{.type = TPM_ALG_ECC, .curve = 4, .name_alg = HASH_SHA384, .symmetric_bits = 256}, true},
        {{.type = TPM_ALG_RSA, .key_bits = 2048, .name_alg = HASH_SHA256, .symmetric_bits = 256},
         false},
        {{.type = TPM_ALG_RSA, .key_bits = 2048, .name_alg = HASH_SHA384, .symmetric_bits = 256},
         false},
        {{.type = TPM_ALG_RSA, .key_bits = 1024, .name_alg = HASH_SHA256, .symmetric_bits = 128},
         false},
        {{.type = TPM_ALG_ECC, .curve = 3, .name_alg = HASH_SHA1, .symmetric_bits = 128}, false},
        {{.type = TPM_ALG_ECC, .curve = 4, .name_alg = HASH_SHA256, .symmetric_bits = 128}, false},
        {{.type = TPM_ALG_ECC, .curve = 5, .name_alg = HASH_SHA512, .symmetric_bits = 256}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct tpm_public p = CASES[i].area;
        struct why why = {0};

        p.symmetric = TPM_ALG_AES;
        p.symmetric_mode = TPM_ALG_CFB;
        p.attributes = 0x000300b2;
        assert_int_equal(tpm_ek_template_check(&p, &why), CASES[i].known ? ERR_OK : ERR_DENIED);
        p.attributes = 0x000300f2; /* may be used with a password, as the high-range ones */
        assert_int_equal(tpm_ek_template_check(&p, &why), CASES[i].known ? ERR_OK : ERR_DENIED);
        p.symmetric_mode = 0x0042;
        assert_int_equal(tpm_ek_template_check(&p, &why), ERR_DENIED);
        p.symmetric_mode = TPM_ALG_CFB;
        p.symmetric = 0x0013; /* SM4 */
        assert_int_equal(tpm_ek_template_check(&p, &why), ERR_DENIED);
    }
}

static void
each_attribute_of_a_template_counts(void **state)
{
    static const uint32_t BITS[] = {0x2, 0x10, 0x20, 0x800, 0x10000, 0x20000, 0x40000};
    struct tpm_public p = {.type = TPM_ALG_RSA,
                           .key_bits = 2048,
                           .name_alg = HASH_SHA256,
                           .symmetric = TPM_ALG_AES,
                           .symmetric_bits = 128,
                           .symmetric_mode = TPM_ALG_CFB};

    (void)state;
    for (size_t i = 0; i < sizeof BITS / sizeof BITS[0]; i++) {
        struct why why = {0};

        p.attributes = 0x000300b2 ^ BITS[i];
        assert_int_equal(tpm_ek_template_check(&p, &why), ERR_DENIED);
        assert_non_null(strstr(why_text(&why), "objectAttributes"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_is_accepted),
        cmocka_unit_test(every_truncation_of_a_wrapped_one_is_malformed),
        cmocka_unit_test(only_three_values_are_padding),
        cmocka_unit_test(more_than_an_nv_index_is_too_much),
        cmocka_unit_test(no_bit_can_be_turned),
        cmocka_unit_test(a_missing_issuer_is_named_with_its_address),
        cmocka_unit_test(dates_of_the_leaf_are_the_policys),
        cmocka_unit_test(revoked_stays_revoked_and_stale_is_undecided),
        cmocka_unit_test(a_pin_must_be_met),
        cmocka_unit_test(templates_are_taken_whole),
        cmocka_unit_test(each_attribute_of_a_template_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
