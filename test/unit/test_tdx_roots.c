/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_roots.c - Intel's root as the programs read it, out of a folder or built in; the facts of certs/intel.h, where the real
 * certificate is at hand; and CRLs in the forms in which Intel's services give them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/base/text.h"
#include "certs/intel.h"
#include "common/crl_text.h"
#include "common/mem.h"
#include "common/roots.h"
#include "common/sys.h"

enum { PATH = 512, PEM_MAX = 8192, DAY_S = 86400 };

/* ---- a folder ---- */

struct folder {
    char dir[PATH], file[2 * PATH];
};

static void
folder_open(struct folder *f)
{
    char path[2 * PATH];

    (void)snprintf(f->dir, sizeof f->dir, "/tmp/test_tdx_roots.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(path, sizeof path, "%s/intel", f->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(f->file, sizeof f->file, "%s/intel/root.pem", f->dir);
}

static void
folder_done(struct folder *f)
{
    char path[2 * PATH];

    (void)unlink(f->file);
    (void)snprintf(path, sizeof path, "%s/intel", f->dir);
    (void)rmdir(path);
    (void)rmdir(f->dir);
}

static void
put(const struct folder *f, const char *text)
{
    struct why why = {0};

    assert_int_equal(file_write(f->file, slice_text(text), 0600, &why), ERR_OK);
}

/* A self-signed certificate with this key, and its SubjectPublicKeyInfo's digest. */
static void
make_pem(EVP_PKEY *key, char pem[PEM_MAX], uint8_t spki_sha256[SHA256_LEN])
{
    X509 *x = X509_new();
    BIO *out = BIO_new(BIO_s_mem());
    uint8_t *der = NULL;
    int n = 0;

    assert_non_null(key);
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 7), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), DAY_S));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                                (const uint8_t *)"Intel SGX Root CA", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(x)), 1);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(out, x), 1);
    n = BIO_read(out, pem, PEM_MAX - 1);
    assert_true(n > 0);
    pem[n] = '\0';
    n = i2d_PUBKEY(key, &der);
    assert_true(n > 0);
    hash_sha256((struct slice){der, (size_t)n}, spki_sha256);
    OPENSSL_free(der);
    BIO_free(out);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void
refused(const struct folder *f, enum err want, const char *reason)
{
    AUTO(roots_free) struct roots *r = NULL;
    struct why why = {0};
    enum err e = roots_read(f->dir, &r, &why);
    bool named = false;
    bool placed = false;

    for (size_t i = 0; i < why.n; i++) {
        named = named || strstr(why.link[i], reason) != NULL;
        placed = placed || strstr(why.link[i], "intel/root.pem") != NULL;
    }
    if (e != want || !named || !placed) {
        fail_msg("%d \"%s\", want %d \"%s\"", (int)e, why_text(&why), (int)want, reason);
    }
    assert_null(r);
}

static void
a_folder_replaces_what_is_built_in(void **state)
{
    AUTO(folder_done) struct folder f;
    AUTO(roots_free) struct roots *r = NULL;
    uint8_t digest[SHA256_LEN];
    uint8_t spki[SHA256_LEN];
    char pem[PEM_MAX];
    struct why why = {0};

    (void)state;
    folder_open(&f);
    assert_int_equal(roots_read(f.dir, &r, &why), ERR_OK);
    assert_false(r->trust.tdx.present); /* a vendor without its file */
    assert_int_equal(r->trust.tdx.spki.len, 0);
    roots_free(&r);
    make_pem(EVP_EC_gen("P-256"), pem, digest);
    put(&f, pem);
    assert_int_equal(roots_read(f.dir, &r, &why), ERR_OK);
    assert_true(r->trust.tdx.present);
    assert_memory_equal(r->trust.tdx.spki_sha256, digest, sizeof digest);
    hash_sha256(r->trust.tdx.spki, spki);
    assert_memory_equal(spki, digest, sizeof digest);
    assert_int_equal(r->trust.tdx.key.curve, CURVE_P256);
    assert_false(r->trust.snp.product[0].ark.present);
}

static void
a_folder_must_hold(void **state)
{
    AUTO(folder_done) struct folder f;
    uint8_t digest[SHA256_LEN];
    char pem[PEM_MAX];
    char two[2 * PEM_MAX];

    (void)state;
    folder_open(&f);
    put(&f, "");
    refused(&f, ERR_MALFORMED, "empty");
    put(&f, "no certificate");
    refused(&f, ERR_MALFORMED, "neither DER nor a complete PEM block");
    make_pem(EVP_EC_gen("P-256"), pem, digest);
    (void)snprintf(two, sizeof two, "%s%s", pem, pem);
    put(&f, two);
    refused(&f, ERR_MALFORMED, "something follows the PEM block");
    make_pem(EVP_EC_gen("P-384"), pem, digest);
    put(&f, pem);
    refused(&f, ERR_DENIED, "not on P-256");
    make_pem(EVP_RSA_gen(2048), pem, digest);
    put(&f, pem);
    refused(&f, ERR_DENIED, "not on P-256");
}

/* ---- what is built in ---- */

static void
hex_is(struct slice bytes, const char *want)
{
    char text[2 * SHA512_LEN + 1];

    hex_encode(bytes, text);
    assert_string_equal(text, want);
}

static void
facts_agree(void **state)
{
    AUTO(roots_free) struct roots *r = NULL;
    const struct intel_root *fact = intel_root();
    struct why why = {0};

    (void)state;
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    assert_true(r->trust.tdx.present);
    assert_int_equal(r->trust.tdx.spki.len, 91);
    hex_is((struct slice){r->trust.tdx.spki_sha256, SHA256_LEN}, fact->spki_sha256);
}

static void
times_are(const struct x509_cert *c, const struct intel_root *fact)
{
    char text[RFC3339_LEN + 1];

    rfc3339_format(c->not_before, text);
    assert_string_equal(text, fact->not_before);
    rfc3339_format(c->not_after, text);
    assert_string_equal(text, fact->not_after);
}

/* Loudly, when there is no evidence. */
static void
facts_are_those_of_the_certificate(void **state)
{
    AUTO(roots_free) struct roots *r = NULL;
    AUTO(mem_free_bytes) uint8_t *der = NULL;
    AUTO(x509_cert_done) struct x509_cert c = {0};
    const char *dir = getenv("COUNTERSIGN_EVIDENCE");
    const struct intel_root *fact = intel_root();
    uint8_t digest[SHA256_LEN];
    char path[PATH];
    size_t len = 0;
    struct why why = {0};

    (void)state;
    (void)snprintf(path, sizeof path,
                   "%s/tdx/root"
                   "/intel-sgx-root-ca.der",
                   dir != NULL && *dir != '\0' ? dir : "../shared/evidence");
    if (file_read(path, 1 << 16, &der, &len, &why) != ERR_OK) {
        print_message("NOTICE: no evidence at %s: nothing was compared with Intel's root (set "
                      "COUNTERSIGN_EVIDENCE)\n",
                      path);
        skip();
    }
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    hash_sha256((struct slice){der, len}, digest);
    hex_is((struct slice){digest, sizeof digest}, fact->sha256);
    assert_int_equal(x509_cert_decode((struct slice){der, len}, &c, &why), ERR_OK);
    assert_true(slice_same(c.spki, r->trust.tdx.spki));
    hex_is(c.serial, fact->serial);
    times_are(&c, fact);
}

/* ---- CRLs as they come ---- */

static void
a_crl_is_der_or_pem_or_hex(void **state)
{
    static const uint8_t DER[] = {0x30, 0x03, 0x02, 0x01, 0x05};
    static const char *const SAME[] = {
        "-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\n",
        "3003020105",
        "3003020105\r\n",
        "3003020105 \t\n\n",
    };

    (void)state;
    for (size_t i = 0; i <= sizeof SAME / sizeof SAME[0]; i++) {
        AUTO(mem_free_bytes) uint8_t *der = NULL;
        struct slice text = i == 0 ? (struct slice){DER, sizeof DER} : slice_text(SAME[i - 1]);
        struct why why = {0};
        size_t len = 0;

        if (crl_der(text, &der, &len, &why) != ERR_OK) {
            fail_msg("%zu: %s", i, why_text(&why));
        }
        assert_int_equal(len, sizeof DER);
        assert_memory_equal(der, DER, sizeof DER);
    }
}

static void
what_is_no_crl_is_refused(void **state)
{
    static const char *const TEXTS[] = {
        "",
        "{\"statusCode\":404}",
        "300302010",      /* half a byte */
        "30 03 02 01 05", /* white space inside */
        "3003020105\n3003020105",
        "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n",
        "-----BEGIN X509 CRL-----\nMAMCAQU=\n",
        "-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\nmore",
    };

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        uint8_t *der = NULL;
        struct why why = {0};
        size_t len = 0;

        print_message("\"%s\"\n", TEXTS[i]);
        assert_int_equal(crl_der(slice_text(TEXTS[i]), &der, &len, &why), ERR_MALFORMED);
        assert_null(der);
    }
}

static void
a_crl_has_an_end(void **state)
{
    size_t n = 2 * (size_t)X509_CRL_MAX + 2;
    uint8_t *text = mem_new(n, 1);
    uint8_t *der = NULL;
    struct why why = {0};
    size_t len = 0;

    (void)state;
    memset(text, '3', n);
    assert_int_equal(crl_der((struct slice){text, n}, &der, &len, &why), ERR_LIMIT);
    assert_int_equal(crl_der((struct slice){text, n - 2}, &der, &len, &why), ERR_OK);
    assert_int_equal(len, X509_CRL_MAX);
    mem_free(der);
    mem_free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_replaces_what_is_built_in),
        cmocka_unit_test(a_folder_must_hold),
        cmocka_unit_test(facts_agree),
        cmocka_unit_test(facts_are_those_of_the_certificate),
        cmocka_unit_test(a_crl_is_der_or_pem_or_hex),
        cmocka_unit_test(what_is_no_crl_is_refused),
        cmocka_unit_test(a_crl_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
