/* SPDX-License-Identifier: Apache-2.0 */
/* test_sig_key.c - public keys from their numbers, DER and PEM, and back; each weakness is refused by name. */
#include "test/unit/sig_desk.h"

static void
ec_point_must_be_on_the_curve(void **state)
{
    AUTO(pair_done) struct pair p = ec_pair("P-256");
    struct sig_key out = {0};
    struct why why = {0};
    uint8_t *point = p.spki + p.spki_len - 64;
    const struct slice x = {point, 32};
    const struct slice y = {point + 32, 32};
    uint8_t zero[32] = {0};
    uint8_t ones[32];

    (void)state;
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(sig_key_ec(CURVE_P256, x, y, &out, &why), ERR_OK);
    assert_true(sig_key_same(&out, &p.pub));
    sig_key_done(&out);
    assert_int_equal(out.type, KEY_NONE);

    assert_int_equal(sig_key_ec(CURVE_P256, y, x, &out, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "EC key: point is not on P-256");
    assert_int_equal(
        sig_key_ec(CURVE_P256, (struct slice){zero, 32}, (struct slice){zero, 32}, &out, &why),
        ERR_DENIED);
    assert_int_equal(sig_key_ec(CURVE_P256, (struct slice){ones, 32}, y, &out, &why), ERR_DENIED);
    assert_int_equal(sig_key_ec(CURVE_P256, (struct slice){point, 31}, y, &out, &why),
                     ERR_MALFORMED);
    assert_int_equal(sig_key_ec(CURVE_P384, x, y, &out, &why), ERR_MALFORMED);
    assert_int_equal(sig_key_ec(CURVE_NONE, x, y, &out, &why), ERR_DENIED);
    point[5] ^= 1;
    assert_int_equal(sig_key_ec(CURVE_P256, x, y, &out, &why), ERR_DENIED);
    assert_int_equal(sig_key_spki((struct slice){p.spki, p.spki_len}, &out, &why), ERR_DENIED);
    assert_int_equal(out.type, KEY_NONE);
}

/* The same of P-384, which another library judges: off the curve, at infinity, at and above the prime, where y = 0. */
static void
p384_point_must_be_on_the_curve(void **state)
{
    AUTO(pair_done) struct pair p = ec_pair("P-384");
    const struct slice x = {p.pub.number, 48};
    const struct slice y = {p.pub.number + 48, 48};
    struct sig_key out = {0};
    uint8_t zero[48] = {0};
    uint8_t prime[48];
    struct why why = {0};

    (void)state;
    memset(prime, 0xff, sizeof prime); /* 2^384 - 2^128 - 2^96 + 2^32 - 1 */
    prime[31] = 0xfe;
    memset(prime + 36, 0, 8);
    assert_int_equal(sig_key_ec(CURVE_P384, x, y, &out, &why), ERR_OK);
    assert_true(sig_key_same(&out, &p.pub));
    sig_key_done(&out);
    assert_int_equal(sig_key_ec(CURVE_P384, y, x, &out, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "EC key: point is not on P-384");

    const struct slice bad[] = {{zero, 48}, {prime, 48}};

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sig_key_ec(CURVE_P384, bad[i], bad[i], &out, &why), ERR_DENIED);
        assert_int_equal(sig_key_ec(CURVE_P384, bad[i], y, &out, &why), ERR_DENIED);
        assert_int_equal(sig_key_ec(CURVE_P384, x, bad[i], &out, &why), ERR_DENIED);
    }
    assert_int_equal(sig_key_ec(CURVE_P384, (struct slice){x.ptr, 47}, y, &out, &why),
                     ERR_MALFORMED);
    assert_int_equal(out.type, KEY_NONE);
}

/* A share outlives what it was taken from, and says and does the same. */
static void
share_stands_on_its_own(void **state)
{
    static const char *const GROUPS[] = {"P-256", "P-384"};
    const struct sig_key none = {0};
    struct sig_key out = {0};

    (void)state;
    assert_false(sig_key_share(&none, &out));
    for (size_t i = 0; i < 3; i++) {
        AUTO(pair_done) struct pair p = i < 2 ? ec_pair(GROUPS[i]) : rsa_pair();
        enum sig_scheme scheme = i < 2 ? SCHEME_ECDSA : SCHEME_RSASSA;
        uint8_t sig[SIG_MAX];
        size_t len = sign(p.priv, EVP_sha256(), i < 2 ? 0 : RSA_PKCS1_PADDING, sig);

        assert_true(sig_key_share(&p.pub, &out));
        assert_true(sig_key_same(&out, &p.pub));
        sig_key_done(&p.pub);
        assert_false(sig_key_same(&out, &p.pub));
        assert_int_equal(verify(&out, scheme, HASH_SHA256, sig, len), ERR_OK);
        sig_key_done(&out);
        assert_int_equal(verify(&out, scheme, HASH_SHA256, sig, len), ERR_MALFORMED);
    }
}

static void
weak_rsa_is_refused(void **state)
{
    static const uint64_t EXPONENTS[] = {0, 1, 3, 17, 65535, 65536, 65538};
    uint8_t n[1025];
    struct sig_key out = {0};
    struct why why = {0};

    (void)state;
    memset(n, 0xab, sizeof n);
    for (size_t i = 0; i < sizeof EXPONENTS / sizeof EXPONENTS[0]; i++) {
        assert_int_equal(sig_key_rsa((struct slice){n, 256}, EXPONENTS[i], &out, &why), ERR_DENIED);
    }
    assert_int_equal(sig_key_rsa((struct slice){n, 128}, 65537, &out, &why), ERR_DENIED);
    assert_int_equal(sig_key_rsa((struct slice){n, 1025}, 65537, &out, &why), ERR_MALFORMED);
    assert_int_equal(sig_key_rsa((struct slice){n, 0}, 65537, &out, &why), ERR_MALFORMED);
    n[0] = 0x7f; /* 2047 bits */
    why = (struct why){0};
    assert_int_equal(sig_key_rsa((struct slice){n, 256}, 65537, &out, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "RSA key: 2047 bits, want at least 2048");
    n[0] = 0;
    assert_int_equal(sig_key_rsa((struct slice){n, 257}, 65537, &out, &why), ERR_MALFORMED);
    n[0] = 0x80;
    n[255] = 0xaa;
    assert_int_equal(sig_key_rsa((struct slice){n, 256}, 65537, &out, &why), ERR_DENIED);
    assert_int_equal(out.type, KEY_NONE);
    n[255] = 0xab;
    assert_int_equal(sig_key_rsa((struct slice){n, 256}, UINT64_MAX, &out, &why), ERR_OK);
    sig_key_done(&out);
}

static void
spki_refuses(struct slice der, enum err want)
{
    struct sig_key out = {0};
    struct why why = {0};

    assert_int_equal(sig_key_spki(der, &out, &why), want);
    assert_int_equal(out.type, KEY_NONE);
}

static void
spki_is_strict(void **state)
{
    AUTO(pair_done) struct pair ec = ec_pair("P-384");
    AUTO(pair_done) struct pair rsa = rsa_pair();
    EVP_PKEY *weak = EVP_RSA_gen(1024);
    EVP_PKEY *other = EVP_EC_gen("secp256k1");
    EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    uint8_t der[DER_MAX];

    (void)state;
    for (size_t n = 0; n < ec.spki_len; n++) {
        spki_refuses((struct slice){ec.spki, n}, ERR_MALFORMED);
    }
    ec.spki[ec.spki_len] = 0;
    spki_refuses((struct slice){ec.spki, ec.spki_len + 1}, ERR_MALFORMED);
    rsa.spki[rsa.spki_len] = 0;
    spki_refuses((struct slice){rsa.spki, rsa.spki_len + 1}, ERR_MALFORMED);
    spki_refuses((struct slice){der, spki_of(weak, der)}, ERR_DENIED);
    spki_refuses((struct slice){der, spki_of(other, der)}, ERR_DENIED);
    spki_refuses((struct slice){der, spki_of(x25519, der)}, ERR_MALFORMED);
    EVP_PKEY_free(weak);
    EVP_PKEY_free(other);
    EVP_PKEY_free(x25519);
}

static void
explicit_and_compressed_curves_are_refused(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t der[DER_MAX];

    (void)state;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                                    "compressed"),
                     1);
    spki_refuses((struct slice){der, spki_of(key, der)}, ERR_MALFORMED);
    EVP_PKEY_free(key);

    key = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
                                                    OSSL_PKEY_EC_ENCODING_EXPLICIT),
                     1);
    spki_refuses((struct slice){der, spki_of(key, der)}, ERR_MALFORMED);
    EVP_PKEY_free(key);
}

static size_t
pem_of(EVP_PKEY *key, bool priv, char out[DER_MAX])
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len = 0;

    assert_int_equal(priv ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
                          : PEM_write_bio_PUBKEY(bio, key),
                     1);
    len = BIO_read(bio, out, DER_MAX - 1);
    assert_true(len > 0);
    out[len] = '\0';
    BIO_free(bio);
    return (size_t)len;
}

static void
pem_is_one_public_key(void **state)
{
    AUTO(pair_done) struct pair p = ec_pair("P-256");
    struct sig_key out = {0};
    struct why why = {0};
    char pem[2 * DER_MAX];
    size_t len = pem_of(p.priv, false, pem);

    (void)state;
    assert_int_equal(sig_key_pem((struct slice){(uint8_t *)pem, len}, &out, &why), ERR_OK);
    assert_true(sig_key_same(&out, &p.pub));
    sig_key_done(&out);
    for (size_t n = 0; n + 1 < len; n++) { /* the last line feed is not missed */
        assert_int_not_equal(sig_key_pem((struct slice){(uint8_t *)pem, n}, &out, &why), ERR_OK);
    }
    (void)pem_of(p.priv, false, pem + len);
    why = (struct why){0};
    assert_int_equal(sig_key_pem(slice_text(pem), &out, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "PEM key: something follows the block");

    (void)pem_of(p.priv, true, pem);
    why = (struct why){0};
    assert_int_equal(sig_key_pem(slice_text(pem), &out, &why), ERR_MALFORMED);
    assert_string_equal(why_text(&why), "PEM key: block \"PRIVATE KEY\", want \"PUBLIC KEY\"");
    assert_int_equal(out.type, KEY_NONE);
}

static void
digest_and_equality(void **state)
{
    AUTO(pair_done) struct pair a = ec_pair("P-256");
    AUTO(pair_done) struct pair b = ec_pair("P-256");
    AUTO(pair_done) struct pair rsa = rsa_pair();
    const struct sig_key none = {0};
    uint8_t got[SHA256_LEN];
    uint8_t want[SHA256_LEN];
    struct why why = {0};

    (void)state;
    hash_sha256((struct slice){a.spki, a.spki_len}, want);
    assert_int_equal(sig_key_digest(&a.pub, got, &why), ERR_OK);
    assert_memory_equal(got, want, SHA256_LEN);
    AUTO(pair_done) struct pair p384 = ec_pair("P-384");
    AUTO(pair_done) struct pair ed = pair_make(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));

    for (size_t i = 0; i < 2; i++) {
        const struct pair *p = i == 0 ? &p384 : &ed;

        hash_sha256((struct slice){p->spki, p->spki_len}, want);
        assert_int_equal(sig_key_digest(&p->pub, got, &why), ERR_OK);
        assert_memory_equal(got, want, SHA256_LEN);
    }
    hash_sha256((struct slice){rsa.spki, rsa.spki_len}, want);
    assert_int_equal(sig_key_digest(&rsa.pub, got, &why), ERR_OK);
    assert_memory_equal(got, want, SHA256_LEN);
    assert_int_equal(sig_key_digest(&none, got, &why), ERR_UNABLE);
    assert_true(sig_key_same(&a.pub, &a.pub));
    assert_false(sig_key_same(&a.pub, &b.pub));
    assert_false(sig_key_same(&a.pub, &rsa.pub));
    assert_false(sig_key_same(&none, &none));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ec_point_must_be_on_the_curve),
        cmocka_unit_test(p384_point_must_be_on_the_curve),
        cmocka_unit_test(share_stands_on_its_own),
        cmocka_unit_test(weak_rsa_is_refused),
        cmocka_unit_test(spki_is_strict),
        cmocka_unit_test(explicit_and_compressed_curves_are_refused),
        cmocka_unit_test(pem_is_one_public_key),
        cmocka_unit_test(digest_and_equality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
