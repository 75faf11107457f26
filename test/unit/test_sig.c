/* SPDX-License-Identifier: Apache-2.0 */
/* test_sig.c - keys and signatures: OpenSSL makes them here, ours judges them; each weakness is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "attest/sig/sig.h"

enum { SIG_MAX = 1024, DER_MAX = 2048 };

static const struct slice MESSAGE = {(const uint8_t *)"message", 7};

/* A private key of the test with what ours makes of its public half. */
struct pair {
    EVP_PKEY *priv;
    struct sig_key pub;
    uint8_t spki[DER_MAX];
    size_t spki_len;
};

static void
pair_done(struct pair *p)
{
    EVP_PKEY_free(p->priv);
    sig_key_done(&p->pub);
}

static size_t
spki_of(EVP_PKEY *key, uint8_t out[DER_MAX])
{
    uint8_t *at = out;
    int len = i2d_PUBKEY(key, NULL);

    assert_true(len > 0 && len <= DER_MAX);
    assert_int_equal(i2d_PUBKEY(key, &at), len);
    return (size_t)len;
}

static struct pair
pair_make(EVP_PKEY *priv)
{
    struct pair p = {.priv = priv};
    struct why why = {0};

    assert_non_null(priv);
    p.spki_len = spki_of(priv, p.spki);
    assert_int_equal(sig_key_spki((struct slice){p.spki, p.spki_len}, &p.pub, &why), ERR_OK);
    return p;
}

static struct pair
ec_pair(const char *group)
{
    return pair_make(EVP_EC_gen(group));
}

static struct pair
rsa_pair(void)
{
    return pair_make(EVP_RSA_gen(2048));
}

/* RSA and Ed25519 as they come, ECDSA turned into r || s. */
static size_t
sign(EVP_PKEY *key, const EVP_MD *md, int padding, uint8_t out[SIG_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    uint8_t sig[SIG_MAX];
    size_t len = sizeof sig;

    assert_int_equal(EVP_DigestSignInit(ctx, &pctx, md, NULL, key), 1);
    if (padding != 0) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, padding), 1);
    }
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, MESSAGE.ptr, MESSAGE.len), 1);
    EVP_MD_CTX_free(ctx);
    memcpy(out, sig, len);
    if (EVP_PKEY_is_a(key, "EC")) {
        const uint8_t *at = sig;
        ECDSA_SIG *rs = d2i_ECDSA_SIG(NULL, &at, (long)len);
        int field = (EVP_PKEY_get_bits(key) + 7) / 8;

        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(rs), out, field), field);
        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(rs), out + field, field), field);
        ECDSA_SIG_free(rs);
        len = 2 * (size_t)field;
    }
    return len;
}

static enum err
verify(const struct sig_key *k, enum sig_scheme scheme, unsigned hash, const uint8_t *sig,
       size_t len)
{
    struct why why = {0};
    enum err err = sig_verify(k, scheme, hash, MESSAGE, (struct slice){sig, len}, &why);

    assert_int_equal(why.n > 0, err != ERR_OK);
    return err;
}

static void
ecdsa_on_every_curve_and_hash(void **state)
{
    static const struct {
        const char *group;
        const EVP_MD *(*md)(void);
        size_t len;
        enum sig_curve curve;
        unsigned hash;
    } ROWS[] = {
        {"P-256", EVP_sha256, 32, CURVE_P256, HASH_SHA256},
        {"P-384", EVP_sha384, 48, CURVE_P384, HASH_SHA384},
        {"P-521", EVP_sha512, 66, CURVE_P521, HASH_SHA512},
        {"P-256", EVP_sha384, 32, CURVE_P256, HASH_SHA384},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(pair_done) struct pair p = ec_pair(ROWS[i].group);
        uint8_t sig[SIG_MAX];
        size_t len = sign(p.priv, ROWS[i].md(), 0, sig);

        assert_int_equal(p.pub.type, KEY_EC);
        assert_int_equal(p.pub.curve, ROWS[i].curve);
        assert_int_equal(sig_curve_len(p.pub.curve), ROWS[i].len);
        assert_int_equal(verify(&p.pub, SCHEME_ECDSA, ROWS[i].hash, sig, len), ERR_OK);
        assert_int_equal(verify(&p.pub, SCHEME_ECDSA, ROWS[i].hash, sig, len - 1), ERR_MALFORMED);
        sig[len] = 0;
        assert_int_equal(verify(&p.pub, SCHEME_ECDSA, ROWS[i].hash, sig, len + 1), ERR_MALFORMED);
    }
    assert_int_equal(sig_curve_len(CURVE_NONE), 0);
}

/* Short r or s in the DER form: leading zeros of r || s must be stripped and put back rightly. */
static void
ecdsa_with_leading_zeros(void **state)
{
    AUTO(pair_done) struct pair p = ec_pair("P-256");
    unsigned short_ones = 0;

    (void)state;
    for (int i = 0; i < 2000 && short_ones < 4; i++) {
        uint8_t sig[SIG_MAX];
        size_t len = sign(p.priv, EVP_sha256(), 0, sig);

        if (sig[0] == 0 || sig[32] == 0) {
            short_ones++;
            assert_int_equal(verify(&p.pub, SCHEME_ECDSA, HASH_SHA256, sig, len), ERR_OK);
        }
    }
    assert_int_equal(short_ones, 4); /* one in 128 is short */
}

static void
every_bit_of_a_signature_counts(void **state)
{
    AUTO(pair_done) struct pair p = ec_pair("P-256");
    uint8_t sig[SIG_MAX];
    size_t len = sign(p.priv, EVP_sha256(), 0, sig);

    (void)state;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(verify(&p.pub, SCHEME_ECDSA, HASH_SHA256, sig, len), ERR_OK);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(verify(&p.pub, SCHEME_ECDSA, HASH_SHA256, sig, len), ERR_OK);
}

/* r and s of 0, n-1, n, n+1 and all ones.  The orders here are OpenSSL's own, which checks our table too. */
static void
ecdsa_range(void **state)
{
    static const char *const GROUPS[] = {"P-256", "P-384", "P-521"};

    (void)state;
    for (size_t g = 0; g < 3; g++) {
        AUTO(pair_done) struct pair p = ec_pair(GROUPS[g]);
        size_t field = sig_curve_len(p.pub.curve);
        BIGNUM *n = NULL;
        uint8_t good[SIG_MAX];
        uint8_t bad[SIG_MAX];

        assert_int_equal(EVP_PKEY_get_bn_param(p.priv, OSSL_PKEY_PARAM_EC_ORDER, &n), 1);
        (void)sign(p.priv, EVP_sha256(), 0, good);
        for (int half = 0; half < 2; half++) {
            uint8_t *at = bad + (half == 0 ? 0 : field);

            memcpy(bad, good, 2 * field);
            memset(at, 0, field);
            assert_int_equal(verify(&p.pub, SCHEME_ECDSA, HASH_SHA256, bad, 2 * field),
                             ERR_MALFORMED);
            memset(at, 0xff, field);
            assert_int_equal(verify(&p.pub, SCHEME_ECDSA, HASH_SHA256, bad, 2 * field),
                             ERR_MALFORMED);
            assert_int_equal(BN_bn2binpad(n, at, (int)field), (int)field);
            assert_int_equal(verify(&p.pub, SCHEME_ECDSA, HASH_SHA256, bad, 2 * field),
                             ERR_MALFORMED);
            at[field - 1] -= 1; /* n is odd */
            assert_int_equal(verify(&p.pub, SCHEME_ECDSA, HASH_SHA256, bad, 2 * field), ERR_DENIED);
            at[field - 1] += 2;
            assert_int_equal(verify(&p.pub, SCHEME_ECDSA, HASH_SHA256, bad, 2 * field),
                             ERR_MALFORMED);
        }
        BN_free(n);
    }
}

static void
rsa_both_paddings_never_mixed(void **state)
{
    AUTO(pair_done) struct pair p = rsa_pair();
    uint8_t sig[SIG_MAX];
    size_t len = 0;

    (void)state;
    assert_int_equal(p.pub.type, KEY_RSA);
    assert_int_equal(p.pub.bits, 2048);
    len = sign(p.priv, EVP_sha256(), RSA_PKCS1_PADDING, sig);
    assert_int_equal(verify(&p.pub, SCHEME_RSASSA, HASH_SHA256, sig, len), ERR_OK);
    assert_int_equal(verify(&p.pub, SCHEME_RSAPSS, HASH_SHA256, sig, len), ERR_DENIED);
    assert_int_equal(verify(&p.pub, SCHEME_RSASSA, HASH_SHA384, sig, len), ERR_DENIED);
    assert_int_equal(verify(&p.pub, SCHEME_RSASSA, HASH_SHA256, sig, len - 1), ERR_MALFORMED);
    memmove(sig + 1, sig, len);
    sig[0] = 0;
    assert_int_equal(verify(&p.pub, SCHEME_RSASSA, HASH_SHA256, sig, len + 1), ERR_MALFORMED);
    memset(sig, 0xff, len); /* above the modulus */
    assert_int_equal(verify(&p.pub, SCHEME_RSASSA, HASH_SHA256, sig, len), ERR_DENIED);

    len = sign(p.priv, EVP_sha384(), RSA_PKCS1_PSS_PADDING, sig);
    assert_int_equal(verify(&p.pub, SCHEME_RSAPSS, HASH_SHA384, sig, len), ERR_OK);
    assert_int_equal(verify(&p.pub, SCHEME_RSASSA, HASH_SHA384, sig, len), ERR_DENIED);
}

static void
pss_salt_of_any_length(void **state)
{
    static const int SALTS[] = {0, 20, RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX};
    AUTO(pair_done) struct pair p = rsa_pair();

    (void)state;
    for (size_t i = 0; i < sizeof SALTS / sizeof SALTS[0]; i++) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        EVP_PKEY_CTX *pctx = NULL;
        uint8_t sig[SIG_MAX];
        size_t len = sizeof sig;

        assert_int_equal(EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, p.priv), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, SALTS[i]), 1);
        assert_int_equal(EVP_DigestSign(ctx, sig, &len, MESSAGE.ptr, MESSAGE.len), 1);
        EVP_MD_CTX_free(ctx);
        assert_int_equal(verify(&p.pub, SCHEME_RSAPSS, HASH_SHA256, sig, len), ERR_OK);
        sig[len / 2] ^= 1;
        assert_int_equal(verify(&p.pub, SCHEME_RSAPSS, HASH_SHA256, sig, len), ERR_DENIED);
    }
}

static void
ed25519(void **state)
{
    AUTO(pair_done) struct pair p = pair_make(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    uint8_t sig[SIG_MAX];
    size_t len = sign(p.priv, NULL, 0, sig);

    (void)state;
    assert_int_equal(p.pub.type, KEY_ED25519);
    assert_int_equal(len, 64);
    assert_int_equal(verify(&p.pub, SCHEME_ED25519, 0, sig, len), ERR_OK);
    assert_int_equal(verify(&p.pub, SCHEME_ED25519, 0, sig, 63), ERR_MALFORMED);
    sig[63] ^= 0x80;
    assert_int_equal(verify(&p.pub, SCHEME_ED25519, 0, sig, len), ERR_DENIED);
}

static void
scheme_must_fit_the_key(void **state)
{
    AUTO(pair_done) struct pair ec = ec_pair("P-256");
    AUTO(pair_done) struct pair rsa = rsa_pair();
    const struct sig_key none = {0};
    uint8_t sig[SIG_MAX] = {1};

    (void)state;
    assert_int_equal(verify(&ec.pub, SCHEME_RSASSA, HASH_SHA256, sig, 64), ERR_MALFORMED);
    assert_int_equal(verify(&ec.pub, SCHEME_ED25519, HASH_SHA256, sig, 64), ERR_MALFORMED);
    assert_int_equal(verify(&ec.pub, SCHEME_NONE, HASH_SHA256, sig, 64), ERR_MALFORMED);
    assert_int_equal(verify(&rsa.pub, SCHEME_ECDSA, HASH_SHA256, sig, 256), ERR_MALFORMED);
    assert_int_equal(verify(&none, SCHEME_ECDSA, HASH_SHA256, sig, 64), ERR_MALFORMED);
    assert_int_equal(verify(&none, SCHEME_NONE, HASH_SHA256, sig, 64), ERR_MALFORMED);
}

static void
sha1_is_denied(void **state)
{
    AUTO(pair_done) struct pair p = rsa_pair();
    uint8_t sig[SIG_MAX];
    size_t len = sign(p.priv, EVP_sha1(), RSA_PKCS1_PADDING, sig);

    (void)state;
    assert_int_equal(verify(&p.pub, SCHEME_RSASSA, HASH_SHA1, sig, len), ERR_DENIED);
    assert_int_equal(verify(&p.pub, SCHEME_RSASSA, 0, sig, len), ERR_DENIED);
}

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
        cmocka_unit_test(ecdsa_on_every_curve_and_hash),
        cmocka_unit_test(ecdsa_with_leading_zeros),
        cmocka_unit_test(every_bit_of_a_signature_counts),
        cmocka_unit_test(ecdsa_range),
        cmocka_unit_test(rsa_both_paddings_never_mixed),
        cmocka_unit_test(pss_salt_of_any_length),
        cmocka_unit_test(ed25519),
        cmocka_unit_test(scheme_must_fit_the_key),
        cmocka_unit_test(sha1_is_denied),
        cmocka_unit_test(ec_point_must_be_on_the_curve),
        cmocka_unit_test(weak_rsa_is_refused),
        cmocka_unit_test(spki_is_strict),
        cmocka_unit_test(explicit_and_compressed_curves_are_refused),
        cmocka_unit_test(pem_is_one_public_key),
        cmocka_unit_test(digest_and_equality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
