/* SPDX-License-Identifier: Apache-2.0 */
/* test_x509_leaf.c - a certificate as its fields: they are those that OpenSSL and x509_cert_decode() see, what is signed verifies,
 * and each thing that is refused is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/rsa.h>

#include "attest/base/der.h"
#include "attest/x509/tbs.h"
#include "test/unit/x509_desk.h"

enum { EXTENSIONS = 3, BIG = X509_DER_MAX + 64 };

static const uint8_t OID_KEY_USAGE[] = {0x55, 0x1d, 0x0f};
static const uint8_t OID_BASIC_CONSTRAINTS[] = {0x55, 0x1d, 0x13};
static const uint8_t OID_EXT_KEY_USAGE[] = {0x55, 0x1d, 0x25};
static const uint8_t OID_POLICIES[] = {0x55, 0x1d, 0x20};

/* A root of RSA 2048 that signs with PSS as AMD does, and a leaf of P-384 below it. */
struct pair {
    struct desk_cert root, leaf;
};

static void
pair_done(struct pair *p)
{
    desk_cert_done(&p->root);
    desk_cert_done(&p->leaf);
}

static struct desk_cert
signed_again(struct desk_cert c, EVP_PKEY *key)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;

    desk_must(EVP_DigestSignInit(ctx, &how, EVP_sha384(), NULL, key) == 1);
    desk_must(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1);
    desk_must(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, SHA384_LEN) == 1);
    desk_must(X509_sign_ctx(c.x, ctx) > 0);
    EVP_MD_CTX_free(ctx);
    desk_encode(&c);
    return c;
}

static struct pair
pair_make(void)
{
    struct pair p;

    p.root = desk_make(&(struct desk_ask){.subject = "root", .key = EVP_RSA_gen(2048)});
    p.leaf = desk_make(&(struct desk_ask){.subject = "leaf",
                                          .issuer = &p.root,
                                          .key = EVP_EC_gen("P-384"),
                                          .serial = 0x1234567,
                                          .ext = {{NID_basic_constraints, "CA:FALSE"},
                                                  {NID_key_usage, "critical,digitalSignature"},
                                                  {NID_ext_key_usage, "clientAuth"}}});
    p.leaf = signed_again(p.leaf, p.root.key);
    return p;
}

/* `reason` is part of the cause; `out` is left alone. */
static void
refuses(struct slice der, enum err want, const char *reason)
{
    struct x509_leaf out = {.version = 77};
    struct why why = {0};
    enum err got = x509_leaf_decode(der, &out, &why);

    if (got != want || strstr(why_text(&why), reason) == NULL) {
        fail_msg("%d \"%s\", want %d \"%s\"", (int)got, why_text(&why), (int)want, reason);
    }
    assert_int_equal(out.version, 77);
}

static void
fields_are_those_of_the_full_decoder(void **state)
{
    AUTO(pair_done) struct pair p = pair_make();
    AUTO(x509_cert_done) struct x509_cert full = {0};
    struct x509_leaf c = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(x509_leaf_decode(desk_der(&p.leaf), &c, &why), ERR_OK);
    assert_int_equal(x509_cert_decode(desk_der(&p.leaf), &full, &why), ERR_OK);
    assert_true(slice_same(c.der, full.der));
    assert_int_equal(c.version, 3);
    assert_true(slice_same(c.serial, (struct slice){(const uint8_t *)"\x01\x23\x45\x67", 4}));
    assert_true(slice_same(c.serial, full.serial));
    assert_true(slice_same(c.issuer, full.issuer) && slice_same(c.subject, full.subject));
    assert_false(slice_same(c.issuer, c.subject));
    assert_true(c.not_before == full.not_before && c.not_after == full.not_after);
    assert_true(c.not_before == DESK_NOW - DESK_DAY && c.not_after == DESK_NOW + DESK_DAY);
    assert_true(slice_same(c.spki, full.spki));
    assert_true(slice_same(c.extensions, full.extensions));
}

/* What is said to be signed is, with what is said to be the signature, and by the algorithm that OpenSSL reads there. */
static void
what_is_signed_verifies(void **state)
{
    AUTO(pair_done) struct pair p = pair_make();
    AUTO(x509_cert_done) struct x509_cert root = {0};
    struct x509_leaf c = {0};
    struct why why = {0};
    const X509_ALGOR *alg = NULL;
    uint8_t der[256];
    uint8_t *at = der;

    (void)state;
    assert_int_equal(x509_leaf_decode(desk_der(&p.leaf), &c, &why), ERR_OK);
    assert_int_equal(x509_cert_decode(desk_der(&p.root), &root, &why), ERR_OK);
    assert_int_equal(sig_verify_pss(&root.key, HASH_SHA384, SHA384_LEN, c.tbs, c.signature, &why),
                     ERR_OK);
    assert_int_equal(
        sig_verify_pss(&root.key, HASH_SHA384, SHA384_LEN - 1, c.tbs, c.signature, &why),
        ERR_DENIED);
    X509_get0_signature(NULL, &alg, p.leaf.x);
    assert_true(slice_same(c.algorithm, (struct slice){der, (size_t)i2d_X509_ALGOR(alg, &at)}));
}

static void
extensions_one_by_one_and_by_identifier(void **state)
{
    static const struct slice WANT[EXTENSIONS] = {
        {OID_BASIC_CONSTRAINTS, sizeof OID_BASIC_CONSTRAINTS},
        {OID_KEY_USAGE, sizeof OID_KEY_USAGE},
        {OID_EXT_KEY_USAGE, sizeof OID_EXT_KEY_USAGE}};
    AUTO(pair_done) struct pair p = pair_make();
    struct x509_extension e = {0};
    struct x509_leaf c = {0};
    struct why why = {0};
    struct slice rest = {0};

    (void)state;
    assert_false(x509_extension_next(&rest, &e));
    assert_int_equal(x509_leaf_decode(desk_der(&p.leaf), &c, &why), ERR_OK);
    rest = c.extensions;
    for (size_t i = 0; i < EXTENSIONS; i++) {
        struct x509_extension found = {0};

        assert_true(x509_extension_next(&rest, &e));
        assert_true(slice_same(e.oid, WANT[i]));
        assert_int_equal(e.critical, i == 1);
        assert_true(x509_extension_find(c.extensions, WANT[i], &found));
        assert_ptr_equal(found.value.ptr, e.value.ptr);
        assert_int_equal(found.critical, e.critical);
    }
    assert_true(rest.len == 0 && !x509_extension_next(&rest, &e));
    assert_false(
        x509_extension_find(c.extensions, (struct slice){OID_POLICIES, sizeof OID_POLICIES}, &e));
    assert_true(x509_extension_find(c.extensions, WANT[1], &e));
    assert_true(slice_same(e.value, (struct slice){(const uint8_t *)"\x03\x02\x07\x80", 4}));
}

static void
older_versions(void **state)
{
    AUTO(pair_done) struct pair p = pair_make();
    AUTO(desk_cert_done) struct desk_cert old = desk_make(&(struct desk_ask){.subject = "old"});
    struct x509_leaf c = {0};
    struct why why = {0};

    (void)state;
    for (long version = X509_VERSION_1; version <= X509_VERSION_3; version++) {
        assert_int_equal(X509_set_version(old.x, version), 1);
        assert_true(X509_sign(old.x, old.key, EVP_sha256()) > 0);
        desk_encode(&old);
        assert_int_equal(x509_leaf_decode(desk_der(&old), &c, &why), ERR_OK);
        assert_int_equal(c.version, version + 1);
        assert_true(c.extensions.len == 0);
    }
    /* Extensions are of version 3. */
    assert_int_equal(X509_set_version(p.leaf.x, X509_VERSION_2), 1);
    assert_true(X509_sign(p.leaf.x, p.root.key, EVP_sha256()) > 0);
    desk_encode(&p.leaf);
    refuses(desk_der(&p.leaf), ERR_MALFORMED, "bytes after the end");
}

static void
every_truncation_and_a_byte_more_are_malformed(void **state)
{
    AUTO(pair_done) struct pair p = pair_make();

    (void)state;
    for (size_t n = 0; n < p.leaf.len; n++) {
        refuses((struct slice){p.leaf.der, n}, ERR_MALFORMED, "");
    }
    p.leaf.der[p.leaf.len] = 0;
    refuses((struct slice){p.leaf.der, p.leaf.len + 1}, ERR_MALFORMED, "1 bytes after the end");
}

/* The same fields: bytes and numbers, wherever they lie. */
static bool
same(const struct x509_leaf *a, const struct x509_leaf *b)
{
    return a->version == b->version && slice_same(a->serial, b->serial) &&
           slice_same(a->algorithm, b->algorithm) && slice_same(a->issuer, b->issuer) &&
           slice_same(a->subject, b->subject) && a->not_before == b->not_before &&
           a->not_after == b->not_after && slice_same(a->spki, b->spki) &&
           slice_same(a->extensions, b->extensions) && slice_same(a->signature, b->signature);
}

/* No bit is without meaning: flipped, it makes the certificate malformed or one of its fields another. */
static void
every_bit_counts(void **state)
{
    AUTO(pair_done) struct pair p = pair_make();
    struct desk_cert copy = p.leaf;
    struct x509_leaf good = {0};
    struct why why = {0};
    size_t decoded = 0;

    (void)state;
    assert_int_equal(x509_leaf_decode(desk_der(&p.leaf), &good, &why), ERR_OK);
    for (size_t bit = 0; bit < 8 * copy.len; bit++) {
        struct x509_leaf c = {0};

        why = (struct why){0};
        copy.der[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (x509_leaf_decode(desk_der(&copy), &c, &why) == ERR_OK) {
            assert_false(same(&c, &good));
            decoded++;
        }
        copy.der[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(decoded > 8 * (good.signature.len + 96)); /* signature and key, at least */
}

static void
extension_twice_is_malformed(void **state)
{
    AUTO(desk_cert_done)
    struct desk_cert twice = desk_make(&(struct desk_ask){
        .subject = "twice",
        .ext = {{NID_key_usage, "digitalSignature"}, {NID_key_usage, "keyCertSign"}}});

    (void)state;
    refuses(desk_der(&twice), ERR_MALFORMED, "the same identifier twice");
}

/* So many different extensions. */
static struct desk_cert
crowded(size_t n)
{
    struct desk_cert c = desk_make(&(struct desk_ask){.subject = "crowded"});

    for (size_t i = 0; i < n; i++) {
        char oid[32];
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        ASN1_OBJECT *name = NULL;
        X509_EXTENSION *e = NULL;

        (void)snprintf(oid, sizeof oid, "1.3.6.1.4.1.99999.%zu", i + 1);
        name = OBJ_txt2obj(oid, 1);
        e = X509_EXTENSION_create_by_OBJ(NULL, name, 0, value);
        desk_must(e != NULL && X509_add_ext(c.x, e, -1) == 1);
        X509_EXTENSION_free(e);
        ASN1_OBJECT_free(name);
        ASN1_OCTET_STRING_free(value);
    }
    desk_must(X509_sign(c.x, c.key, EVP_sha256()) > 0);
    desk_encode(&c);
    return c;
}

static void
limits(void **state)
{
    static uint8_t big[BIG];
    AUTO(desk_cert_done) struct desk_cert most = crowded(X509_EXTENSIONS_MAX);
    AUTO(desk_cert_done) struct desk_cert more = crowded(X509_EXTENSIONS_MAX + 1);
    struct x509_leaf c = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(x509_leaf_decode(desk_der(&most), &c, &why), ERR_OK);
    refuses(desk_der(&more), ERR_LIMIT, "more than 32 extensions");
    refuses((struct slice){big, X509_DER_MAX + 1}, ERR_LIMIT, "16385 bytes, at most 16384");
    refuses((struct slice){big, X509_DER_MAX}, ERR_MALFORMED, "");
}

/* The place in `der` of a field that was decoded from it. */
static uint8_t *
at(struct desk_cert *c, struct slice field)
{
    return c->der + (field.ptr - c->der);
}

static void
bytes_that_are_refused_by_name(void **state)
{
    AUTO(pair_done) struct pair p = pair_make();
    AUTO(desk_cert_done) struct desk_cert ec = desk_leaf("ec", NULL);
    struct x509_leaf c = {0};
    struct why why = {0};
    uint8_t *serial = NULL;
    uint8_t *bits = NULL;
    uint8_t *inside = NULL;

    (void)state;
    assert_int_equal(x509_leaf_decode(desk_der(&ec), &c, &why), ERR_OK);
    bits = at(&ec, c.signature);

    /* ecdsa-with-SHA256 inside, ecdsa-with-SHA384 outside: the last byte of the identifier, before BIT STRING. */
    bits[-4] ^= 1;
    refuses(desk_der(&ec), ERR_MALFORMED, "another inside than outside");
    bits[-4] ^= 1;
    bits[-1] = 1; /* unused bits */
    refuses(desk_der(&ec), ERR_MALFORMED, "bit string is not of whole bytes");
    bits[-1] = 8;
    refuses(desk_der(&ec), ERR_MALFORMED, "wrong count of unused bits");

    assert_int_equal(x509_leaf_decode(desk_der(&p.leaf), &c, &why), ERR_OK);
    serial = at(&p.leaf, c.serial);
    serial[0] = 0; /* and the next begins with a zero bit */
    refuses(desk_der(&p.leaf), ERR_MALFORMED, "serialNumber at byte");
    serial[0] = 0xff;
    serial[1] = 0x80;
    refuses(desk_der(&p.leaf), ERR_MALFORMED, "integer not in its shortest form");
    serial[0] = 0;
    assert_int_equal(x509_leaf_decode(desk_der(&p.leaf), &c, &why), ERR_OK);
    inside = serial - 3; /* [0] 3 bytes: INTEGER 1 byte: 2 */
    assert_int_equal(*inside, 2);
    *inside = 3;
    refuses(desk_der(&p.leaf), ERR_MALFORMED, "not 1, 2 or 3");
}

/* A serial number of no bytes, of one, and negative ones. */
static void
serial_numbers(void **state)
{
    static const struct {
        struct slice der;
        bool good;
    } ROWS[] = {
        {{(const uint8_t *)"\x02\x00", 2}, false},
        {{(const uint8_t *)"\x02\x01\x00", 3}, true},
        {{(const uint8_t *)"\x02\x01\xff", 3}, true},
        {{(const uint8_t *)"\x02\x02\x00\x7f", 4}, false},
        {{(const uint8_t *)"\x02\x02\x00\x80", 4}, true},
        {{(const uint8_t *)"\x02\x02\xff\x7f", 4}, true},
        {{(const uint8_t *)"\x02\x02\xff\x80", 4}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct rd r = rd_init(ROWS[i].der, "serial");
        struct slice got = tbs_serial_read(&r, "serial");
        struct why why = {0};

        assert_int_equal(rd_end(&r, &why) == ERR_OK, ROWS[i].good);
        assert_int_equal(got.len, ROWS[i].good ? ROWS[i].der.len - 2 : 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_those_of_the_full_decoder),
        cmocka_unit_test(what_is_signed_verifies),
        cmocka_unit_test(extensions_one_by_one_and_by_identifier),
        cmocka_unit_test(older_versions),
        cmocka_unit_test(every_truncation_and_a_byte_more_are_malformed),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(extension_twice_is_malformed),
        cmocka_unit_test(limits),
        cmocka_unit_test(bytes_that_are_refused_by_name),
        cmocka_unit_test(serial_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
