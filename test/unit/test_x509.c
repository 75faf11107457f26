/* SPDX-License-Identifier: Apache-2.0 */
/* test_x509.c - certificates and chains of a throw-away PKI, each fault alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/text.h"
#include "test/unit/x509_desk.h"

static const uint8_t OID_CLIENT_AUTH[] = {0x2b, 6, 1, 5, 5, 7, 3, 2};
static const uint8_t OID_SERVER_AUTH[] = {0x2b, 6, 1, 5, 5, 7, 3, 1};

/* root <- inter <- leaf, all sound. */
struct pki {
    struct desk_cert root, inter, leaf;
};

static void
pki_done(struct pki *p)
{
    desk_cert_done(&p->root);
    desk_cert_done(&p->inter);
    desk_cert_done(&p->leaf);
}

static struct pki
pki_make(void)
{
    struct pki p;

    p.root = desk_ca("root", NULL);
    p.inter = desk_ca("inter", &p.root);
    p.leaf = desk_leaf("leaf", &p.inter);
    return p;
}

/* What a chain check is asked; the lists have one or no element. */
struct ask {
    const struct desk_cert *leaf, *extra, *anchor, *intermediate;
    const struct desk_crl *crl;
    bool crl_for_all;
    int64_t at_unix; /* 0: DESK_NOW */
};

static enum err
check(const struct ask *a, int64_t *until, struct why *why)
{
    AUTO(x509_cert_done) struct x509_cert leaf = {0};
    const struct slice extra = a->extra != NULL ? desk_der(a->extra) : (struct slice){0};
    const struct slice anchor = a->anchor != NULL ? desk_der(a->anchor) : (struct slice){0};
    const struct slice own =
        a->intermediate != NULL ? desk_der(a->intermediate) : (struct slice){0};
    const struct slice crl =
        a->crl != NULL ? (struct slice){a->crl->der, a->crl->len} : (struct slice){0};
    const struct x509_anchors anchors = {.anchor = &anchor,
                                         .anchor_n = a->anchor != NULL,
                                         .intermediate = &own,
                                         .intermediate_n = a->intermediate != NULL};
    const struct x509_chain chain = {
        .leaf = &leaf,
        .extra = &extra,
        .extra_n = a->extra != NULL,
        .anchors = &anchors,
        .crl = &crl,
        .crl_n = a->crl != NULL,
        .crl_for_all = a->crl_for_all,
        .at_unix = a->at_unix != 0 ? a->at_unix : DESK_NOW,
    };

    assert_int_equal(x509_cert_decode(desk_der(a->leaf), &leaf, why), ERR_OK);
    return x509_chain_check(&chain, until, why);
}

static void
holds(const struct ask *a, int64_t want_until)
{
    struct why why = {0};
    int64_t until = 0;

    if (check(a, &until, &why) != ERR_OK) {
        fail_msg("refused: %s", why_text(&why));
    }
    assert_true(until == want_until);
}

/* `reason`: in the same link as `subject`. */
static void
fails(const struct ask *a, enum err want, const char *subject, const char *reason)
{
    struct why why = {0};
    int64_t until = 77;
    enum err got = check(a, &until, &why);

    if (got != want || strstr(why_text(&why), reason) == NULL ||
        strstr(why_text(&why), subject) == NULL) {
        fail_msg("%d \"%s\", want %d \"%s\" \"%s\"", (int)got, why_text(&why), (int)want, subject,
                 reason);
    }
    assert_true(until == 77);
}

/* --- one certificate --- */

static void
certificate_is_decoded(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    AUTO(x509_cert_done) struct x509_cert c = {0};
    AUTO(x509_cert_done) struct x509_cert issuer = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(x509_cert_decode(desk_der(&p.leaf), &c, &why), ERR_OK);
    assert_int_equal(x509_cert_decode(desk_der(&p.inter), &issuer, &why), ERR_OK);
    assert_true(slice_same(c.issuer, issuer.subject));
    assert_false(slice_same(c.subject, issuer.subject));
    assert_true(c.not_before == DESK_NOW - DESK_DAY && c.not_after == DESK_NOW + DESK_DAY);
    assert_true(slice_same(c.serial, (struct slice){(const uint8_t *)"\x1e\x61", 2}));
    assert_false(c.is_ca);
    assert_true(c.has_key_usage && c.key_usage == X509_KU_DIGITAL_SIGNATURE);
    assert_true(issuer.is_ca && issuer.path_len == -1);
    assert_int_equal(issuer.key_usage, X509_KU_KEY_CERT_SIGN | X509_KU_CRL_SIGN);
    assert_int_equal(c.key.type, KEY_EC);
    assert_true(x509_cert_has_eku(&c, (struct slice){OID_CLIENT_AUTH, sizeof OID_CLIENT_AUTH}));
    assert_false(x509_cert_has_eku(&c, (struct slice){OID_SERVER_AUTH, sizeof OID_SERVER_AUTH}));
    assert_false(
        x509_cert_has_eku(&issuer, (struct slice){OID_CLIENT_AUTH, sizeof OID_CLIENT_AUTH}));
}

static void
times_of_every_form(void **state)
{
    static const struct {
        int64_t from, to;
    } ROWS[] = {
        {1, 2524607999},            /* 2049, the last UTCTime */
        {2524608000, 253402300799}, /* 2050 to 9999: GeneralizedTime */
        {946684800, 4102444800},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(desk_cert_done)
        struct desk_cert c = desk_make(&(struct desk_ask){
            .subject = "t", .not_before = ROWS[i].from, .not_after = ROWS[i].to});
        AUTO(x509_cert_done) struct x509_cert x = {0};
        struct why why = {0};

        assert_int_equal(x509_cert_decode(desk_der(&c), &x, &why), ERR_OK);
        assert_true(x.not_before == ROWS[i].from && x.not_after == ROWS[i].to);
    }
}

static void
every_truncation_and_a_byte_more_are_malformed(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    struct x509_cert c = {0};
    struct why why = {0};

    (void)state;
    for (size_t n = 0; n < p.leaf.len; n++) {
        why = (struct why){0};
        assert_int_equal(x509_cert_decode((struct slice){p.leaf.der, n}, &c, &why), ERR_MALFORMED);
    }
    p.leaf.der[p.leaf.len] = 0;
    assert_int_equal(x509_cert_decode((struct slice){p.leaf.der, p.leaf.len + 1}, &c, &why),
                     ERR_MALFORMED);
    assert_null(c.handle);
}

/* Whatever is flipped, the certificate is refused, or it is decoded and its chain is not. */
static void
no_flipped_bit_is_accepted(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    const struct ask a = {.leaf = &p.leaf, .extra = &p.inter, .anchor = &p.root};

    (void)state;
    for (size_t bit = 0; bit < 8 * p.leaf.len; bit++) {
        struct x509_cert c = {0};
        struct why why = {0};
        int64_t until = 0;

        p.leaf.der[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (x509_cert_decode(desk_der(&p.leaf), &c, &why) == ERR_OK) {
            x509_cert_done(&c);
            assert_int_not_equal(check(&a, &until, &why), ERR_OK);
        }
        p.leaf.der[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    holds(&a, DESK_NOW + DESK_DAY);
}

static void
weak_leaf_key_is_refused(void **state)
{
    AUTO(desk_cert_done)
    struct desk_cert weak =
        desk_make(&(struct desk_ask){.subject = "weak", .key = EVP_RSA_gen(1024)});
    struct x509_cert c = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(x509_cert_decode(desk_der(&weak), &c, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "RSA key: 1024 bits, want at least 2048");
}

static void
extension_twice_is_malformed(void **state)
{
    AUTO(desk_cert_done)
    struct desk_cert twice = desk_make(&(struct desk_ask){
        .subject = "twice",
        .ext = {{NID_key_usage, "digitalSignature"}, {NID_key_usage, "keyCertSign"}}});
    struct x509_cert c = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(x509_cert_decode(desk_der(&twice), &c, &why), ERR_MALFORMED);
    assert_non_null(strstr(why_text(&why), "the same identifier twice"));
}

/* --- chains --- */

static void
sound_chains_hold(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    AUTO(desk_cert_done) struct desk_cert direct = desk_leaf("direct", &p.root);

    (void)state;
    holds(&(struct ask){.leaf = &p.leaf, .extra = &p.inter, .anchor = &p.root},
          DESK_NOW + DESK_DAY);
    holds(&(struct ask){.leaf = &p.leaf, .intermediate = &p.inter, .anchor = &p.root},
          DESK_NOW + DESK_DAY);
    holds(&(struct ask){.leaf = &direct, .anchor = &p.root}, DESK_NOW + DESK_DAY);
    holds(&(struct ask){.leaf = &p.root, .anchor = &p.root}, DESK_NOW + DESK_DAY);
}

static void
every_kind_of_key_and_signature(void **state)
{
    EVP_PKEY *const keys[] = {EVP_RSA_gen(2048), EVP_EC_gen("P-384"), EVP_EC_gen("P-521"),
                              EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        AUTO(desk_cert_done)
        struct desk_cert root =
            desk_make(&(struct desk_ask){.subject = "root",
                                         .key = keys[i],
                                         .md = EVP_sha384(),
                                         .ext = {{NID_basic_constraints, "critical,CA:TRUE"}}});
        AUTO(desk_cert_done)
        struct desk_cert leaf =
            desk_make(&(struct desk_ask){.subject = "leaf", .issuer = &root, .md = EVP_sha512()});

        holds(&(struct ask){.leaf = &leaf, .anchor = &root}, DESK_NOW + DESK_DAY);
    }
}

static void
valid_until_is_the_least(void **state)
{
    AUTO(desk_cert_done)
    struct desk_cert root =
        desk_make(&(struct desk_ask){.subject = "root",
                                     .not_after = 253402300799,
                                     .ext = {{NID_basic_constraints, "critical,CA:TRUE"}}});
    AUTO(desk_cert_done)
    struct desk_cert inter =
        desk_make(&(struct desk_ask){.subject = "inter",
                                     .issuer = &root,
                                     .not_after = DESK_NOW + 100,
                                     .ext = {{NID_basic_constraints, "critical,CA:TRUE"}}});
    AUTO(desk_cert_done) struct desk_cert leaf = desk_leaf("leaf", &inter);
    AUTO(desk_cert_done)
    struct desk_cert late = desk_make(
        &(struct desk_ask){.subject = "late", .issuer = &root, .not_after = 253402300799});
    struct desk_crl crl = desk_crl_make(&root, &root, 0, DESK_NOW + 50);

    (void)state;
    holds(&(struct ask){.leaf = &leaf, .extra = &inter, .anchor = &root}, DESK_NOW + 100);
    holds(&(struct ask){.leaf = &late, .anchor = &root}, 253402300799);
    holds(&(struct ask){.leaf = &leaf, .extra = &inter, .anchor = &root, .crl = &crl},
          DESK_NOW + 50);
}

static void
chain_without_an_anchor(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    AUTO(pki_done) struct pki other = pki_make(); /* the same names, other keys */
    AUTO(desk_cert_done) struct desk_cert rogue = desk_leaf("rogue", NULL);

    (void)state;
    fails(&(struct ask){.leaf = &p.leaf, .extra = &p.inter}, ERR_DENIED, "CN=inter", "issuer");
    fails(&(struct ask){.leaf = &p.leaf, .anchor = &p.root}, ERR_DENIED, "CN=leaf", "issuer");
    fails(&(struct ask){.leaf = &p.leaf, .extra = &p.inter, .anchor = &other.root}, ERR_DENIED,
          "CN=inter", "signature failure");
    fails(&(struct ask){.leaf = &p.leaf, .extra = &other.inter, .anchor = &p.root}, ERR_DENIED,
          "CN=", "signature failure");
    fails(&(struct ask){.leaf = &rogue, .anchor = &p.root}, ERR_DENIED, "CN=rogue", "self");
    /* A root that the evidence brings along is no anchor; nor is an intermediate in the place of one. */
    fails(&(struct ask){.leaf = &p.inter, .extra = &p.root}, ERR_DENIED, "CN=root", "self");
    fails(&(struct ask){.leaf = &p.leaf, .anchor = &p.inter}, ERR_DENIED, "CN=inter", "issuer");
    fails(&(struct ask){.leaf = &p.inter, .intermediate = &p.root}, ERR_DENIED, "CN=root", "self");
}

static void
wrong_times(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    AUTO(desk_cert_done)
    struct desk_cert old = desk_make(
        &(struct desk_ask){.subject = "old", .issuer = &p.root, .not_after = DESK_NOW - 1});
    AUTO(desk_cert_done)
    struct desk_cert early = desk_make(
        &(struct desk_ask){.subject = "early", .issuer = &p.root, .not_before = DESK_NOW + 1});
    AUTO(desk_cert_done)
    struct desk_cert gone =
        desk_make(&(struct desk_ask){.subject = "gone",
                                     .issuer = &p.root,
                                     .not_after = DESK_NOW - 1,
                                     .ext = {{NID_basic_constraints, "critical,CA:TRUE"}}});
    AUTO(desk_cert_done) struct desk_cert below = desk_leaf("below", &gone);
    AUTO(desk_cert_done)
    struct desk_cert root =
        desk_make(&(struct desk_ask){.subject = "old root",
                                     .not_after = DESK_NOW - 1,
                                     .ext = {{NID_basic_constraints, "critical,CA:TRUE"}}});
    AUTO(desk_cert_done) struct desk_cert under = desk_leaf("under", &root);
    struct ask a = {.leaf = &p.leaf, .extra = &p.inter, .anchor = &p.root};

    (void)state;
    fails(&(struct ask){.leaf = &old, .anchor = &p.root}, ERR_DENIED, "CN=old", "expired");
    fails(&(struct ask){.leaf = &early, .anchor = &p.root}, ERR_DENIED, "CN=early",
          "not yet valid");
    fails(&(struct ask){.leaf = &below, .extra = &gone, .anchor = &p.root}, ERR_DENIED, "CN=gone",
          "expired");
    fails(&(struct ask){.leaf = &under, .anchor = &root}, ERR_DENIED, "CN=old root", "expired");

    /* It is the time given that counts. */
    a.at_unix = DESK_NOW + DESK_DAY + 1;
    fails(&a, ERR_DENIED, "CN=", "expired");
    a.at_unix = DESK_NOW - DESK_DAY - 1;
    fails(&a, ERR_DENIED, "CN=", "not yet valid");
    a.at_unix = DESK_NOW + DESK_DAY - 1;
    holds(&a, DESK_NOW + DESK_DAY);
}

static void
intermediate_that_is_no_ca(void **state)
{
    static const struct {
        struct desk_extension ext[DESK_EXTENSIONS];
        const char *why;
    } ROWS[] = {
        {{{NID_basic_constraints, "critical,CA:FALSE"}}, "invalid CA"},
        {{{0, NULL}}, "invalid CA"},
        {{{NID_basic_constraints, "critical,CA:TRUE"}, {NID_key_usage, "digitalSignature"}},
         "invalid CA"},
        {{{NID_key_usage, "keyCertSign"}}, "invalid CA"},
    };
    AUTO(pki_done) struct pki p = pki_make();

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct desk_ask ask = {.subject = "no ca", .issuer = &p.root};

        memcpy(ask.ext, ROWS[i].ext, sizeof ask.ext);

        AUTO(desk_cert_done) struct desk_cert bad = desk_make(&ask);
        AUTO(desk_cert_done) struct desk_cert leaf = desk_leaf("leaf", &bad);

        fails(&(struct ask){.leaf = &leaf, .extra = &bad, .anchor = &p.root}, ERR_DENIED,
              "CN=", ROWS[i].why);
    }
}

static void
path_length_is_obeyed(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    AUTO(desk_cert_done)
    struct desk_cert zero = desk_make(
        &(struct desk_ask){.subject = "zero",
                           .issuer = &p.root,
                           .ext = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"}}});
    AUTO(desk_cert_done) struct desk_cert below = desk_ca("below", &zero);
    AUTO(desk_cert_done) struct desk_cert deep = desk_leaf("deep", &below);
    AUTO(desk_cert_done) struct desk_cert good = desk_leaf("good", &zero);
    AUTO(x509_cert_done) struct x509_cert view = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(x509_cert_decode(desk_der(&zero), &view, &why), ERR_OK);
    assert_int_equal(view.path_len, 0);
    holds(&(struct ask){.leaf = &good, .extra = &zero, .anchor = &p.root}, DESK_NOW + DESK_DAY);
    fails(&(struct ask){.leaf = &deep, .extra = &below, .intermediate = &zero, .anchor = &p.root},
          ERR_DENIED, "CN=zero", "path length");
}

static void
weak_signatures_and_keys_in_the_chain(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    AUTO(desk_cert_done)
    struct desk_cert sha1 =
        desk_make(&(struct desk_ask){.subject = "sha1", .issuer = &p.root, .md = EVP_sha1()});
    AUTO(desk_cert_done)
    struct desk_cert sha224 =
        desk_make(&(struct desk_ask){.subject = "sha224", .issuer = &p.root, .md = EVP_sha224()});
    AUTO(desk_cert_done)
    struct desk_cert small =
        desk_make(&(struct desk_ask){.subject = "small",
                                     .issuer = &p.root,
                                     .key = EVP_RSA_gen(1024),
                                     .ext = {{NID_basic_constraints, "critical,CA:TRUE"}}});
    AUTO(desk_cert_done) struct desk_cert below = desk_leaf("below", &small);
    AUTO(desk_cert_done)
    struct desk_cert old_root =
        desk_make(&(struct desk_ask){.subject = "old root",
                                     .md = EVP_sha1(),
                                     .ext = {{NID_basic_constraints, "critical,CA:TRUE"}}});
    AUTO(desk_cert_done) struct desk_cert fine = desk_leaf("fine", &old_root);

    (void)state;
    fails(&(struct ask){.leaf = &sha1, .anchor = &p.root}, ERR_DENIED, "CN=sha1", "too weak");
    fails(&(struct ask){.leaf = &sha224, .anchor = &p.root}, ERR_DENIED, "CN=sha224",
          "other than SHA-2");
    fails(&(struct ask){.leaf = &below, .extra = &small, .anchor = &p.root}, ERR_DENIED, "CN=small",
          "key too weak");
    /* The anchor is trusted for what it is, not for its signature over itself. */
    holds(&(struct ask){.leaf = &fine, .anchor = &old_root}, DESK_NOW + DESK_DAY);
}

static void
anchor_must_have_signed_itself(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();

    (void)state;
    p.root.der[p.root.len - 1] ^= 1;
    fails(&(struct ask){.leaf = &p.leaf, .extra = &p.inter, .anchor = &p.root}, ERR_DENIED,
          "CN=root", "signature failure");
}

static void
unknown_critical_extension(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    AUTO(desk_cert_done)
    struct desk_cert leaf = desk_make(&(struct desk_ask){
        .subject = "leaf", .issuer = &p.root, .ext = {{NID_netscape_comment, "critical,x"}}});

    (void)state;
    fails(&(struct ask){.leaf = &leaf, .anchor = &p.root}, ERR_DENIED, "CN=leaf",
          "critical extension");
}

static void
revocation(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    struct desk_crl revoked = desk_crl_make(&p.inter, &p.inter, 7777, DESK_NOW + DESK_DAY);
    struct desk_crl none = desk_crl_make(&p.inter, &p.inter, 4444, DESK_NOW + DESK_DAY);
    struct desk_crl old = desk_crl_make(&p.inter, &p.inter, 0, DESK_NOW - 1);
    struct desk_crl forged = desk_crl_make(&p.inter, &p.root, 0, DESK_NOW + DESK_DAY);
    struct desk_crl inter = desk_crl_make(&p.root, &p.root, 1, DESK_NOW + DESK_DAY);
    struct ask a = {.leaf = &p.leaf, .extra = &p.inter, .anchor = &p.root, .crl = &revoked};

    (void)state;
    fails(&a, ERR_DENIED, "CN=leaf", "revoked");
    a.crl = &none;
    holds(&a, DESK_NOW + DESK_DAY);
    a.crl = &old;
    fails(&a, ERR_UNABLE, "CN=leaf", "CRL has expired");
    a.crl = &forged;
    fails(&a, ERR_UNABLE, "CN=leaf", "CRL signature failure");
    a.crl = &inter;
    fails(&a, ERR_DENIED, "CN=inter", "revoked");
    a.crl = &none;
    a.crl_for_all = true;
    fails(&a, ERR_UNABLE, "CN=inter", "unable to get certificate CRL");
    none.der[none.len] = 0;
    none.len++;
    fails(&a, ERR_MALFORMED, "", "CRL cannot be decoded");
}

static void
what_is_sent_is_malformed(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();

    (void)state;
    p.inter.len--;
    fails(&(struct ask){.leaf = &p.leaf, .extra = &p.inter, .anchor = &p.root}, ERR_MALFORMED, "",
          "input too short");
    /* The same fault in what we hold ourselves is not the caller's. */
    fails(&(struct ask){.leaf = &p.leaf, .intermediate = &p.inter, .anchor = &p.root}, ERR_UNABLE,
          "", "input too short");
}

static void
too_many_are_refused(void **state)
{
    AUTO(pki_done) struct pki p = pki_make();
    AUTO(x509_cert_done) struct x509_cert leaf = {0};
    struct slice extra[X509_EXTRA_MAX + 1];
    struct slice anchors[X509_CERTS_MAX];
    struct x509_anchors a = {.anchor = anchors, .anchor_n = X509_CERTS_MAX};
    struct x509_chain chain = {.leaf = &leaf,
                               .extra = extra,
                               .extra_n = X509_EXTRA_MAX,
                               .anchors = &a,
                               .at_unix = DESK_NOW};
    struct why why = {0};
    int64_t until = 0;

    (void)state;
    assert_int_equal(x509_cert_decode(desk_der(&p.leaf), &leaf, &why), ERR_OK);
    for (size_t i = 0; i < X509_EXTRA_MAX + 1; i++) {
        extra[i] = desk_der(&p.inter);
    }
    for (size_t i = 0; i < X509_CERTS_MAX; i++) {
        anchors[i] = desk_der(&p.leaf); /* not asked for by any name */
    }
    anchors[X509_CERTS_MAX - 1] = desk_der(&p.root);
    assert_int_equal(x509_chain_check(&chain, &until, &why), ERR_OK);
    chain.extra_n++;
    assert_int_equal(x509_chain_check(&chain, &until, &why), ERR_LIMIT);
    chain.extra_n = 1;
    a.anchor_n++;
    assert_int_equal(x509_chain_check(&chain, &until, &why), ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_is_decoded),
        cmocka_unit_test(times_of_every_form),
        cmocka_unit_test(every_truncation_and_a_byte_more_are_malformed),
        cmocka_unit_test(no_flipped_bit_is_accepted),
        cmocka_unit_test(weak_leaf_key_is_refused),
        cmocka_unit_test(extension_twice_is_malformed),
        cmocka_unit_test(sound_chains_hold),
        cmocka_unit_test(every_kind_of_key_and_signature),
        cmocka_unit_test(valid_until_is_the_least),
        cmocka_unit_test(chain_without_an_anchor),
        cmocka_unit_test(wrong_times),
        cmocka_unit_test(intermediate_that_is_no_ca),
        cmocka_unit_test(path_length_is_obeyed),
        cmocka_unit_test(weak_signatures_and_keys_in_the_chain),
        cmocka_unit_test(anchor_must_have_signed_itself),
        cmocka_unit_test(unknown_critical_extension),
        cmocka_unit_test(revocation),
        cmocka_unit_test(what_is_sent_is_malformed),
        cmocka_unit_test(too_many_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
