/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_crl.c - a throw-away AMD's CRLs beside a good report, each wrong in one thing; cut and flipped at every place. */
#include "test/unit/snp_court.h"

#include <stdio.h>

#include "attest/base/text.h"
#include "attest/snp/crl.h"

enum { SERIAL_ASK = 0x10001, SERIAL_ASVK = 0x10101 };

/* A court whose CRL is made of `list`. */
struct crl_court {
    struct court court;
    struct amd_crl list;
    struct amd_der der;
};

static void
crl_open(struct crl_court *c, bool vlek)
{
    court_open(&c->court, SNP_MILAN, vlek);
    c->list = amd_crl(SNP_MILAN);
}

static void
crl_done(struct crl_court *c)
{
    court_done(&c->court);
}

static void
crl_make(struct crl_court *c)
{
    c->der = amd_crl_make(&c->list);
    c->court.crl = amd_slice(&c->der);
}

static void
accepted(struct crl_court *c)
{
    crl_make(c);
    court_accepts(&c->court, AMD_NOW);
}

static void
refused(struct crl_court *c, enum judgement want, const char *id, const char *seen)
{
    crl_make(c);

    enum judgement got = court_judge(&c->court, AMD_NOW);

    if (got != want) {
        court_print(&c->court);
    }
    assert_int_equal(got, want);
    assert_only(&c->court.scene, id, seen, "");
}

static void
good_lists(void **state)
{
    AUTO(crl_done) struct crl_court c;

    (void)state;
    crl_open(&c, false);
    c.court.scene.want.snp.crl = SNP_CRL_REQUIRE;
    accepted(&c);
    assert_int_equal(finding(&c.court.scene, "crl.revoked")->outcome, OUTCOME_PASS);
    assert_true(c.court.scene.got.snp.crl_checked);
    assert_true(c.court.scene.got.valid_until == c.list.until);
    c.list.scheme = c.list.outer = c.list.does = AMD_NEW;
    accepted(&c);
    c.list.revoked_n = 5; /* others, also those that begin or end like ours */
    memcpy(c.list.revoked, (const uint64_t[]){0x1000101, 0x100, 1, 0x10101, 0x10000},
           5 * sizeof c.list.revoked[0]);
    accepted(&c);

    char *pem = amd_pem(&c.der, "X509 CRL");

    c.court.crl = slice_text(pem);
    court_accepts(&c.court, AMD_NOW);
    free(pem);
}

static void
absent_lists(void **state)
{
    AUTO(court_done) struct court c;

    (void)state;
    court_open(&c, SNP_MILAN, false);
    court_accepts(&c, AMD_NOW);
    assert_int_equal(finding(&c.scene, "crl.missing")->outcome, OUTCOME_IGNORED);
    assert_false(c.scene.got.snp.crl_checked);
    c.scene.want.snp.crl = SNP_CRL_REQUIRE;
    assert_int_equal(court_judge(&c, AMD_NOW), JUDGE_UNABLE);
    assert_only(&c.scene, "crl.missing", "no CRL is at hand", "the CRL of ARK-Milan");
}

static void
revoked_intermediates(void **state)
{
    AUTO(crl_done) struct crl_court c;
    AUTO(crl_done) struct crl_court vlek;

    (void)state;
    crl_open(&c, false);
    c.list.revoked_n = 2;
    c.list.revoked[0] = 5;
    c.list.revoked[1] = SERIAL_ASK;
    refused(&c, JUDGE_REJECT, "crl.revoked", "serial 0x010001 revoked 2027-01-05T08:00:00Z");
    c.court.scene.want.snp.crl = SNP_CRL_OFF;
    court_accepts(&c.court, AMD_NOW);
    assert_int_equal(finding(&c.court.scene, "crl.revoked")->outcome, OUTCOME_IGNORED);

    crl_open(&vlek, true);
    vlek.list.revoked_n = 1;
    vlek.list.revoked[0] = SERIAL_ASK;
    accepted(&vlek);
    vlek.list.revoked[0] = SERIAL_ASVK;
    refused(&vlek, JUDGE_REJECT, "crl.revoked", "serial 0x010101 revoked");
}

static void
reason_code_is_no_excuse(void **state)
{
    static const uint8_t REASON[] = {0x55, 0x1d, 0x15};
    AUTO(crl_done) struct crl_court c;

    (void)state;
    crl_open(&c, false);
    c.list.revoked_n = 1;
    c.list.revoked[0] = SERIAL_ASK;
    (void)amd_ext_add(&c.list.each, REASON, sizeof REASON, "\x0a\1\4", 3);
    refused(&c, JUDGE_REJECT, "crl.revoked", "serial 0x010001");
}

/* An anchor whose serial number has its highest bit set: in the list it has a zero before it, and a negative number of the same
 * bytes is another. */
static void
serials_are_numbers(void **state)
{
    static const uint8_t HIGH[] = {0x80, 0x01};
    AUTO(crl_done) struct crl_court c;
    struct snp_crl_facts facts;

    (void)state;
    crl_open(&c, false);
    c.list.revoked_n = 1;
    c.list.revoked[0] = 0x8001;
    crl_make(&c);

    const struct snp_ca *ark = &c.court.scene.trust.snp.product[0].ark;

    snp_crl_judge(c.court.crl, ark, (struct slice){HIGH, sizeof HIGH}, &facts);
    assert_true(facts.signature_ok && facts.revoked);
    assert_true(facts.revoked_since == c.list.since);
    snp_crl_judge(c.court.crl, ark, (struct slice){(const uint8_t *)"\0\x80\1", 3}, &facts);
    assert_true(facts.signature_ok && !facts.revoked);
    snp_crl_judge(c.court.crl, ark, (struct slice){0}, &facts);
    assert_true(facts.signature_ok && !facts.revoked);
    c.list.revoked_n = 0;
    c.list.revoked_raw = (struct slice){HIGH, sizeof HIGH};
    crl_make(&c);
    snp_crl_judge(c.court.crl, ark, (struct slice){HIGH, sizeof HIGH}, &facts);
    assert_true(facts.signature_ok && !facts.revoked);
}

static void
times(void **state)
{
    AUTO(crl_done) struct crl_court c;

    (void)state;
    crl_open(&c, false);
    c.list.until = AMD_NOW;
    accepted(&c);
    c.list.until = AMD_NOW - 1;
    refused(&c, JUDGE_UNABLE, "crl.stale", "nextUpdate 2027-01-15T07:59:59Z");
    assert_non_null(strstr(finding(&c.court.scene, "crl.stale")->wanted, "2027-01-15T08:00:00Z"));
    c.list.until = AMD_NOW + AMD_DAY;
    c.list.since = AMD_NOW;
    accepted(&c);
    c.list.since = AMD_NOW + 1;
    refused(&c, JUDGE_UNABLE, "crl.stale", "thisUpdate 2027-01-15T08:00:01Z");
    c.list.since = AMD_NOW - AMD_DAY;
    c.list.until = AMD_NOW - 1;
    c.list.revoked_n = 1;
    c.list.revoked[0] = SERIAL_ASK; /* an old list does not unsay it */
    crl_make(&c);
    assert_int_equal(court_judge(&c.court, AMD_NOW), JUDGE_REJECT);
    assert_int_equal(finding(&c.court.scene, "crl.revoked")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&c.court.scene, "crl.stale")->outcome, OUTCOME_UNABLE);
}

/* ---- what is no list ---- */

static void
no_next(struct amd_crl *l)
{
    l->until = 0;
}

static void
backwards(struct amd_crl *l)
{
    l->until = l->since - 1;
}

static void
version_1(struct amd_crl *l)
{
    l->version = 0;
    l->ext.n = 0;
}

static void
critical(struct amd_crl *l)
{
    amd_ext_add(&l->ext, "\x2a\3\4", 3, "\2\1\1", 3)->critical = true;
}

static void
delta(struct amd_crl *l)
{
    amd_ext_add(&l->ext, "\x55\x1d\x1b", 3, "\2\1\1", 3)->critical = true;
}

static void
entry_critical(struct amd_crl *l)
{
    l->revoked_n = 1;
    l->revoked[0] = 5;
    amd_ext_add(&l->each, "\x55\x1d\x1d", 3, "\x30", 2)->critical = true;
}

static void
number_twice(struct amd_crl *l)
{
    (void)amd_ext_add(&l->ext, "\x55\x1d\x14", 3, "\2\1\2", 3);
}

static void
two_algorithms(struct amd_crl *l)
{
    l->outer = AMD_NEW;
}

static void
malformed_lists(void **state)
{
    static const struct {
        void (*bend)(struct amd_crl *l);
        const char *seen;
    } ROWS[] = {
        {no_next, "without nextUpdate"},
        {backwards, "nextUpdate before thisUpdate"},
        {version_1, "version"},
        {critical, "a critical extension that we do not know"},
        {delta, "a critical extension that we do not know"},
        {entry_critical, "a critical extension that we do not know"},
        {number_twice, "twice"},
        {two_algorithms, "another inside than outside"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(crl_done) struct crl_court c;

        crl_open(&c, false);
        ROWS[i].bend(&c.list);
        refused(&c, JUDGE_MALFORMED, "crl.malformed", ROWS[i].seen);
    }
}

static void
malformed_bytes(void **state)
{
    AUTO(crl_done) struct crl_court c;
    const struct amd_der ark = amd_ca_der(SNP_MILAN, AMD_ARK);

    (void)state;
    crl_open(&c, false);
    c.court.crl = amd_slice(&ark);
    assert_int_equal(court_judge(&c.court, AMD_NOW), JUDGE_MALFORMED);
    assert_only(&c.court.scene, "crl.malformed", "", "one CRL of version 2");

    char *pem = amd_pem(&ark, "CERTIFICATE");

    c.court.crl = slice_text(pem);
    assert_int_equal(court_judge(&c.court, AMD_NOW), JUDGE_MALFORMED);
    assert_only(&c.court.scene, "crl.malformed", "a PEM block \"CERTIFICATE\"", "");
    free(pem);
}

/* ---- who signed it ---- */

static void
by_ask(struct amd_crl *l)
{
    l->signer = amd_key(AMD_ASK);
}

static void
named_ask(struct amd_crl *l)
{
    l->issuer.cn = "SEV-Milan";
}

static void
of_genoa(struct amd_crl *l)
{
    l->issuer.cn = "ARK-Genoa";
}

static void
organization(struct amd_crl *l)
{
    l->issuer.organization = "AMD";
}

static void
pkcs1(struct amd_crl *l)
{
    l->scheme = l->outer = l->does = AMD_PKCS1;
}

static void
salt_32(struct amd_crl *l)
{
    l->scheme = l->outer = l->does = AMD_SALT32;
}

static void
salt_lied(struct amd_crl *l)
{
    l->does = AMD_SALT32;
}

static void
by_ask_and_stale(struct amd_crl *l)
{
    by_ask(l);
    l->until = AMD_NOW - 1;
    l->revoked_n = 1;
    l->revoked[0] = SERIAL_ASK;
}

static void
unbelieved_lists(void **state)
{
    static const struct {
        void (*bend)(struct amd_crl *l);
        const char *seen;
    } ROWS[] = {
        {by_ask, "the signature does not verify"},
        {named_ask, "a CRL of another issuer"},
        {of_genoa, "a CRL of another issuer"},
        {organization, "a CRL of another issuer"},
        {pkcs1, "the signature does not verify"},
        {salt_32, "the signature does not verify"},
        {salt_lied, "the signature does not verify"},
        {by_ask_and_stale, "the signature does not verify"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(crl_done) struct crl_court c;

        crl_open(&c, false);
        ROWS[i].bend(&c.list);
        refused(&c, JUDGE_REJECT, "crl.signature", ROWS[i].seen);
    }
}

/* ---- for a store ---- */

static enum err
open_list(struct slice crl, const struct snp_ca *ark, int64_t *until, struct why *why)
{
    int64_t since = 0;

    return snp_crl_open(crl, ark, &since, until, why);
}

static void
opened_for_a_store(void **state)
{
    AUTO(crl_done) struct crl_court c;
    struct why why = {0};
    int64_t since = 0;
    int64_t until = 0;

    (void)state;
    crl_open(&c, false);
    crl_make(&c);

    const struct snp_ca *ark = &c.court.scene.trust.snp.product[0].ark;
    const struct snp_ca none = {0};

    assert_int_equal(snp_crl_open(c.court.crl, ark, &since, &until, &why), ERR_OK);
    assert_true(since == c.list.since && until == c.list.until);
    assert_int_equal(open_list(c.court.crl, &none, &until, &why), ERR_DENIED);
    assert_non_null(strstr(why_text(&why), "an ARK that is trusted"));
    why = (struct why){0};
    c.list.issuer.cn = "ARK-Genoa";
    crl_make(&c);
    assert_int_equal(open_list(c.court.crl, ark, &until, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "CRL of \"ARK-Genoa\", want \"ARK-Milan\"");
    why = (struct why){0};
    assert_int_equal(open_list((struct slice){0}, ark, &until, &why), ERR_MALFORMED);
}

static void
cut_and_flipped(void **state)
{
    AUTO(crl_done) struct crl_court c;

    (void)state;
    crl_open(&c, false);
    c.list.revoked_n = 1;
    c.list.revoked[0] = SERIAL_ASK;
    crl_make(&c);

    const struct snp_ca *ark = &c.court.scene.trust.snp.product[0].ark;

    for (size_t n = 0; n < c.der.n; n++) {
        struct why why = {0};
        int64_t until = 0;
        uint8_t *copy = malloc(n + 1);

        assert_non_null(copy);
        memcpy(copy, c.der.b, n);
        assert_int_equal(open_list((struct slice){copy, n}, ark, &until, &why), ERR_MALFORMED);
        free(copy);
    }
    for (size_t bit = 0; bit < 8 * c.der.n; bit++) {
        struct why why = {0};
        int64_t until = 0;

        c.der.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(open_list(c.court.crl, ark, &until, &why), ERR_OK);
        c.der.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    c.der.b[c.der.n] = 0;

    struct why why = {0};
    int64_t until = 0;

    assert_int_equal(open_list((struct slice){c.der.b, c.der.n + 1}, ark, &until, &why),
                     ERR_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lists),
        cmocka_unit_test(absent_lists),
        cmocka_unit_test(revoked_intermediates),
        cmocka_unit_test(reason_code_is_no_excuse),
        cmocka_unit_test(serials_are_numbers),
        cmocka_unit_test(times),
        cmocka_unit_test(malformed_lists),
        cmocka_unit_test(malformed_bytes),
        cmocka_unit_test(unbelieved_lists),
        cmocka_unit_test(opened_for_a_store),
        cmocka_unit_test(cut_and_flipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
