/* SPDX-License-Identifier: Apache-2.0 */
/* test_x509_crl.c - a CRL as its fields: what OpenSSL wrote is read, what is signed verifies, and each thing that is refused is
 * refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/x509_desk.h"

enum { CRL_DER = 1 << 16, ENTRIES = 3, HOUR = 3600 };

/* An entry's extension, or the list's; nid 0: none. */
struct said {
    int nid;
    const char *der; /* contents of extnValue: one short element, which says its own length */
    bool critical;
};

struct crl_ask {
    long version; /* as it is encoded */
    size_t entries;
    bool no_next;
    struct said list[2], entry[2];
};

struct crl {
    uint8_t der[CRL_DER];
    size_t len;
    struct desk_cert issuer;
};

static void
crl_done(struct crl *c)
{
    desk_cert_done(&c->issuer);
}

static X509_EXTENSION *
extension_of(const struct said *s)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *e = NULL;

    desk_must(ASN1_OCTET_STRING_set(value, (const uint8_t *)s->der, 2 + s->der[1]) == 1);
    e = X509_EXTENSION_create_by_NID(NULL, s->nid, s->critical, value);
    ASN1_OCTET_STRING_free(value);
    desk_must(e != NULL);
    return e;
}

/* Serial numbers 1000, 1001 ...; revoked one hour apart from DESK_NOW. */
static X509_REVOKED *
entry_of(const struct crl_ask *ask, size_t i)
{
    X509_REVOKED *r = X509_REVOKED_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_TIME *when = ASN1_TIME_set(NULL, DESK_NOW + HOUR * (time_t)i);

    desk_must(ASN1_INTEGER_set_uint64(serial, 1000 + i) == 1);
    desk_must(X509_REVOKED_set_serialNumber(r, serial) == 1);
    desk_must(X509_REVOKED_set_revocationDate(r, when) == 1);
    for (size_t k = 0; k < 2 && ask->entry[k].nid != 0; k++) {
        X509_EXTENSION *e = extension_of(&ask->entry[k]);

        desk_must(X509_REVOKED_add_ext(r, e, -1) == 1);
        X509_EXTENSION_free(e);
    }
    ASN1_TIME_free(when);
    ASN1_INTEGER_free(serial);
    return r;
}

static void
times_set(X509_CRL *x, bool no_next)
{
    ASN1_TIME *when = ASN1_TIME_set(NULL, DESK_NOW - DESK_DAY);

    desk_must(X509_CRL_set1_lastUpdate(x, when) == 1);
    desk_must(ASN1_TIME_set(when, DESK_NOW + DESK_DAY) != NULL);
    desk_must(no_next || X509_CRL_set1_nextUpdate(x, when) == 1);
    ASN1_TIME_free(when);
}

static struct crl
crl_make(const struct crl_ask *ask)
{
    struct crl c = {.issuer = desk_ca("root", NULL)};
    X509_CRL *x = X509_CRL_new();
    uint8_t *at = c.der;

    desk_must(X509_CRL_set_version(x, ask->version) == 1);
    desk_must(X509_CRL_set_issuer_name(x, X509_get_subject_name(c.issuer.x)) == 1);
    times_set(x, ask->no_next);
    for (size_t i = 0; i < ask->entries; i++) {
        desk_must(X509_CRL_add0_revoked(x, entry_of(ask, i)) == 1);
    }
    for (size_t k = 0; k < 2 && ask->list[k].nid != 0; k++) {
        X509_EXTENSION *e = extension_of(&ask->list[k]);

        desk_must(X509_CRL_add_ext(x, e, -1) == 1);
        X509_EXTENSION_free(e);
    }
    desk_must(X509_CRL_sign(x, c.issuer.key, EVP_sha384()) > 0);
    c.len = (size_t)i2d_X509_CRL(x, NULL);
    desk_must(c.len <= CRL_DER && i2d_X509_CRL(x, &at) > 0);
    X509_CRL_free(x);
    return c;
}

static struct slice
der_of(const struct crl *c)
{
    return (struct slice){c->der, c->len};
}

static const struct crl_ask USUAL = {
    .version = X509_CRL_VERSION_2,
    .entries = ENTRIES,
    .list = {{NID_crl_number, "\x02\x01\x07", false},
             {NID_authority_key_identifier, "\x30\x03\x80\x01\x2a", false}},
    .entry = {{NID_crl_reason, "\x0a\x01\x01", false}},
};

static void
refuses(struct slice der, enum err want, const char *reason)
{
    struct x509_crl out = {.this_update = 77};
    struct why why = {0};
    enum err got = x509_crl_decode(der, &out, &why);

    if (got != want || strstr(why_text(&why), reason) == NULL) {
        fail_msg("%d \"%s\", want %d \"%s\"", (int)got, why_text(&why), (int)want, reason);
    }
    assert_true(out.this_update == 77);
}

static struct x509_crl
decoded(struct slice der)
{
    struct x509_crl out = {0};
    struct why why = {0};

    if (x509_crl_decode(der, &out, &why) != ERR_OK) {
        fail_msg("refused: %s", why_text(&why));
    }
    return out;
}

/* r || s of the ECDSA-Sig-Value in a list. */
static void
raw_signature(struct slice der, uint8_t out[64])
{
    const uint8_t *at = der.ptr;
    ECDSA_SIG *rs = d2i_ECDSA_SIG(NULL, &at, (long)der.len);

    assert_non_null(rs);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(rs), out, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(rs), out + 32, 32), 32);
    ECDSA_SIG_free(rs);
}

static void
fields(void **state)
{
    AUTO(crl_done) struct crl c = crl_make(&USUAL);
    AUTO(x509_cert_done) struct x509_cert issuer = {0};
    struct x509_crl crl = decoded(der_of(&c));
    struct x509_extension e = {0};
    struct why why = {0};
    uint8_t rs[64];

    (void)state;
    assert_int_equal(x509_cert_decode(desk_der(&c.issuer), &issuer, &why), ERR_OK);
    assert_true(slice_same(crl.der, der_of(&c)));
    assert_true(slice_same(crl.issuer, issuer.subject));
    assert_true(crl.this_update == DESK_NOW - DESK_DAY);
    assert_true(crl.has_next && crl.next_update == DESK_NOW + DESK_DAY);
    /* ecdsa-with-SHA384, and what it says is signed is. */
    assert_true(slice_same(
        crl.algorithm,
        (struct slice){(const uint8_t *)"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03", 12}));
    raw_signature(crl.signature, rs);
    assert_int_equal(sig_verify(&issuer.key, SCHEME_ECDSA, HASH_SHA384, crl.tbs,
                                (struct slice){rs, sizeof rs}, &why),
                     ERR_OK);
    assert_true(x509_extension_find(crl.extensions,
                                    (struct slice){(const uint8_t *)"\x55\x1d\x14", 3}, &e));
    assert_true(slice_same(e.value, (struct slice){(const uint8_t *)"\x02\x01\x07", 3}));
}

static void
entries_one_by_one(void **state)
{
    AUTO(crl_done) struct crl c = crl_make(&USUAL);
    struct x509_crl crl = decoded(der_of(&c));
    struct slice rest = crl.revoked;
    struct x509_revoked e = {0};

    (void)state;
    for (unsigned i = 0; i < ENTRIES; i++) {
        const uint8_t serial[] = {(uint8_t)((1000 + i) >> 8), (uint8_t)(1000 + i)};

        assert_true(x509_revoked_next(&rest, &e));
        assert_true(slice_same(e.serial, (struct slice){serial, 2}));
        assert_true(e.since_unix == DESK_NOW + (int64_t)HOUR * i);
        assert_true(x509_crl_lists(&crl, (struct slice){serial, 2}));
    }
    assert_true(rest.len == 0 && !x509_revoked_next(&rest, &e));
    assert_false(x509_crl_lists(&crl, (struct slice){(const uint8_t *)"\x03\xe7", 2})); /* 999 */
    assert_false(x509_crl_lists(&crl, (struct slice){(const uint8_t *)"\x03", 1}));
    assert_false(x509_crl_lists(&crl, (struct slice){0}));
}

static void
what_may_be_absent(void **state)
{
    AUTO(crl_done)
    struct crl c = crl_make(&(struct crl_ask){.version = X509_CRL_VERSION_2, .no_next = true});
    struct x509_crl crl = decoded(der_of(&c));
    struct x509_revoked e = {0};
    struct slice rest = crl.revoked;

    (void)state;
    assert_true(!crl.has_next && crl.next_update == 0);
    assert_true(crl.revoked.len == 0 && crl.extensions.len == 0);
    assert_false(x509_revoked_next(&rest, &e));
    assert_false(x509_crl_lists(&crl, (struct slice){(const uint8_t *)"\x01", 1}));
}

static void
version_1_is_refused(void **state)
{
    AUTO(crl_done) struct crl c = crl_make(&(struct crl_ask){.version = X509_CRL_VERSION_1});

    (void)state;
    refuses(der_of(&c), ERR_MALFORMED, "version");
}

static void
critical_extensions(void **state)
{
    static const struct {
        struct said list, entry;
        enum err want;
        const char *reason;
    } ROWS[] = {
        {{NID_crl_number, "\x02\x01\x07", true}, {0}, ERR_OK, ""},
        {{NID_delta_crl, "\x02\x01\x07", true}, {0}, ERR_UNABLE, "critical extension"},
        {{NID_delta_crl, "\x02\x01\x07", false}, {0}, ERR_OK, ""},
        {{NID_issuing_distribution_point, "\x30\x03\x84\x01\xff", true},
         {0},
         ERR_UNABLE,
         "critical extension"},
        {{0}, {NID_crl_reason, "\x0a\x01\x01", true}, ERR_OK, ""},
        {{0}, {NID_certificate_issuer, "\x30\x00", true}, ERR_UNABLE, "critical extension"},
        {{0}, {NID_invalidity_date, "\x30\x00", false}, ERR_OK, ""},
        /* What is known of a list is not of an entry, and the other way round. */
        {{0}, {NID_crl_number, "\x02\x01\x07", true}, ERR_UNABLE, "critical extension"},
        {{NID_crl_reason, "\x0a\x01\x01", true}, {0}, ERR_UNABLE, "critical extension"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(crl_done)
        struct crl c = crl_make(&(struct crl_ask){.version = X509_CRL_VERSION_2,
                                                  .entries = 2,
                                                  .list = {ROWS[i].list},
                                                  .entry = {ROWS[i].entry}});

        if (ROWS[i].want == ERR_OK) {
            assert_int_equal(decoded(der_of(&c)).has_next, true);
        } else {
            refuses(der_of(&c), ROWS[i].want, ROWS[i].reason);
        }
    }
}

static void
extension_twice_is_malformed(void **state)
{
    const struct said number = {NID_crl_number, "\x02\x01\x07", false};
    AUTO(crl_done)
    struct crl list =
        crl_make(&(struct crl_ask){.version = X509_CRL_VERSION_2, .list = {number, number}});
    AUTO(crl_done)
    struct crl entry = crl_make(
        &(struct crl_ask){.version = X509_CRL_VERSION_2, .entries = 1, .entry = {number, number}});

    (void)state;
    refuses(der_of(&list), ERR_MALFORMED, "the same identifier twice");
    refuses(der_of(&entry), ERR_MALFORMED, "the same identifier twice");
}

static void
every_truncation_and_a_byte_more_are_malformed(void **state)
{
    AUTO(crl_done) struct crl c = crl_make(&USUAL);

    (void)state;
    for (size_t n = 0; n < c.len; n++) {
        refuses((struct slice){c.der, n}, ERR_MALFORMED, "");
    }
    c.der[c.len] = 0;
    refuses((struct slice){c.der, c.len + 1}, ERR_MALFORMED, "1 bytes after the end");
}

static bool
same(const struct x509_crl *a, const struct x509_crl *b)
{
    return slice_same(a->algorithm, b->algorithm) && slice_same(a->issuer, b->issuer) &&
           a->this_update == b->this_update && a->next_update == b->next_update &&
           a->has_next == b->has_next && slice_same(a->revoked, b->revoked) &&
           slice_same(a->extensions, b->extensions) && slice_same(a->signature, b->signature);
}

/* No bit is without meaning: flipped, it makes the list one that is refused, or one of its fields another. */
static void
every_bit_counts(void **state)
{
    AUTO(crl_done) struct crl c = crl_make(&USUAL);
    struct crl copy = c;
    struct x509_crl good = decoded(der_of(&c));
    size_t taken = 0;

    (void)state;
    for (size_t bit = 0; bit < 8 * copy.len; bit++) {
        struct x509_crl crl = {0};
        struct why why = {0};

        copy.der[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (x509_crl_decode(der_of(&copy), &crl, &why) == ERR_OK) {
            assert_false(same(&crl, &good));
            taken++;
        }
        copy.der[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(taken > 8 * good.signature.len);
}

static void
bytes_that_are_refused_by_name(void **state)
{
    AUTO(crl_done) struct crl c = crl_make(&USUAL);
    struct x509_crl crl = decoded(der_of(&c));
    uint8_t *bits = c.der + (crl.signature.ptr - c.der);
    uint8_t *entry = c.der + (crl.revoked.ptr - c.der);

    (void)state;
    bits[-4] ^= 1; /* the last byte of the algorithm's identifier outside */
    refuses(der_of(&c), ERR_MALFORMED, "another inside than outside");
    bits[-4] ^= 1;
    bits[-1] = 1;
    refuses(der_of(&c), ERR_MALFORMED, "bit string is not of whole bytes");
    bits[-1] = 0;

    /* SEQUENCE, INTEGER 03 e8, UTCTime. */
    assert_memory_equal(entry + 2, "\x02\x02\x03\xe8\x17\x0d", 6);
    entry[4] = 0;
    entry[5] = 1;
    refuses(der_of(&c), ERR_MALFORMED, "not a serial number, a time and extensions");
    entry[4] = 3;
    entry[20] = 'z';
    refuses(der_of(&c), ERR_MALFORMED, "not a serial number, a time and extensions");
}

/* 40 entries of which the last is bad: all of them are read. */
static void
every_entry_is_read(void **state)
{
    AUTO(crl_done)
    struct crl c = crl_make(&(struct crl_ask){.version = X509_CRL_VERSION_2, .entries = 40});
    struct x509_crl crl = decoded(der_of(&c));

    (void)state;
    c.der[crl.revoked.ptr - c.der + (ptrdiff_t)crl.revoked.len - 1] = 'z';
    refuses(der_of(&c), ERR_MALFORMED, "revokedCertificate at byte");
}

static void
limits(void **state)
{
    static uint8_t big[X509_CRL_MAX + 1];

    (void)state;
    refuses((struct slice){big, sizeof big}, ERR_LIMIT, "1048577 bytes, at most 1048576");
    refuses((struct slice){big, sizeof big - 1}, ERR_MALFORMED, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(entries_one_by_one),
        cmocka_unit_test(what_may_be_absent),
        cmocka_unit_test(version_1_is_refused),
        cmocka_unit_test(critical_extensions),
        cmocka_unit_test(extension_twice_is_malformed),
        cmocka_unit_test(every_truncation_and_a_byte_more_are_malformed),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(bytes_that_are_refused_by_name),
        cmocka_unit_test(every_entry_is_read),
        cmocka_unit_test(limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
