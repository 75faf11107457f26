/* SPDX-License-Identifier: Apache-2.0 */
/* test_sig.c - signatures: OpenSSL makes them here, ours judges them; each refusal by name. */
#include "test/unit/sig_desk.h"

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
refuses_pss(const struct sig_key *k, unsigned hash, size_t salt_len, struct slice sig,
            enum err want, const char *reason)
{
    struct why why = {0};
    enum err got = sig_verify_pss(k, hash, salt_len, MESSAGE, sig, &why);

    if (got != want || strstr(why_text(&why), reason) == NULL) {
        fail_msg("%d \"%s\", want %d \"%s\"", (int)got, why_text(&why), (int)want, reason);
    }
}

static void
pss_with_a_salt_of_one_length(void **state)
{
    AUTO(pair_done) struct pair p = rsa_pair();
    AUTO(pair_done) struct pair ec = ec_pair("P-384");
    const struct sig_key none = {0};
    uint8_t bytes[SIG_MAX];
    const struct slice sig = {bytes, sign(p.priv, EVP_sha384(), RSA_PKCS1_PSS_PADDING, bytes)};
    struct why why = {0};

    (void)state;
    /* OpenSSL signs with the longest salt when it is not told: 256 - 48 - 2. */
    assert_int_equal(sig_verify_pss(&p.pub, HASH_SHA384, 206, MESSAGE, sig, &why), ERR_OK);
    refuses_pss(&p.pub, HASH_SHA384, 48, sig, ERR_DENIED, "does not verify");
    refuses_pss(&p.pub, HASH_SHA384, 205, sig, ERR_DENIED, "does not verify");
    refuses_pss(&p.pub, HASH_SHA384, 207, sig, ERR_DENIED, "does not verify");
    refuses_pss(&p.pub, HASH_SHA256, 206, sig, ERR_DENIED, "does not verify");
    refuses_pss(&p.pub, HASH_SHA384, SIZE_MAX, sig, ERR_DENIED, "does not fit");
    refuses_pss(&p.pub, HASH_SHA1, 206, sig, ERR_DENIED, "sha1");
    refuses_pss(&p.pub, HASH_SHA384, 206, (struct slice){bytes, 255}, ERR_MALFORMED,
                "signature of 255 bytes, want 256");
    refuses_pss(&ec.pub, HASH_SHA384, 206, sig, ERR_MALFORMED, "is not for a key of type");
    refuses_pss(&none, HASH_SHA384, 206, sig, ERR_MALFORMED, "is not for a key of type");
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
        cmocka_unit_test(pss_with_a_salt_of_one_length),
        cmocka_unit_test(ed25519),
        cmocka_unit_test(scheme_must_fit_the_key),
        cmocka_unit_test(sha1_is_denied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
