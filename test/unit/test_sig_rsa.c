/* SPDX-License-Identifier: Apache-2.0 */
/* test_sig_rsa.c - RSA, whose power is GMP's and whose encodings are ours, judged by OpenSSL too: of every key, signature
 * and mutation both say the same.
 *
 * Besides random ones: each part of an encoded message altered and signed as it then is, encodings of another shape,
 * moduli of lengths modulo 8 that matter. */
#include "test/unit/sig_peer.h"

static EVP_PKEY *
rsa_make(size_t bits, int primes, uint64_t e)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *exponent = BN_new();
    EVP_PKEY *key = NULL;

    assert_int_equal(BN_set_word(exponent, e), 1);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, primes), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    BN_free(exponent);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void
rsa_sign(const struct peer *p, struct ask *a)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = NULL;

    a->len = sizeof a->sig;
    assert_int_equal(EVP_DigestSignInit(ctx, &key, a->md, NULL, p->priv), 1);
    if (a->scheme == SCHEME_RSAPSS) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key, a->salt), 1);
    }
    assert_int_equal(EVP_DigestSign(ctx, a->sig, &a->len, a->msg, sizeof a->msg), 1);
    EVP_MD_CTX_free(ctx);
}

/* What a signature opens to. */
static void
em_of(const struct peer *p, const struct ask *a, uint8_t em[SIG_MAX])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(p->priv, NULL);
    size_t len = SIG_MAX;

    assert_int_equal(EVP_PKEY_verify_recover_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_verify_recover(ctx, em, &len, a->sig, a->len), 1);
    assert_int_equal(len, a->len);
    EVP_PKEY_CTX_free(ctx);
}

/* A signature that opens to `em`; false when that is not below the modulus. */
static bool
em_sign(const struct peer *p, const uint8_t *em, struct ask *a)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(p->priv, NULL);
    size_t len = sizeof a->sig;
    bool done = false;

    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    done = EVP_PKEY_sign(ctx, a->sig, &len, em, a->len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done;
}

/* The good signature, and then bits of it, of the message, its length and the question altered. */
static void
rsa_mutations(const struct peer *p, const struct ask *good, uint32_t *state, struct count *n)
{
    struct ask a = *good;

    agree(p, &a, n);
    for (int i = 0; i < 10; i++) {
        a = *good;
        a.sig[dice(state, (uint32_t)a.len)] ^= (uint8_t)(1u << dice(state, 8));
        agree(p, &a, n);
    }
    a = *good;
    a.msg[dice(state, MSG_LEN)] ^= 1;
    agree(p, &a, n);
    for (size_t i = 0; i < 3; i++) {
        a = *good;
        a.md = HASHES[i].md();
        a.hash = HASHES[i].hash;
        agree(p, &a, n);
    }
    a = *good;
    a.scheme = a.scheme == SCHEME_RSAPSS ? SCHEME_RSASSA : SCHEME_RSAPSS;
    agree(p, &a, n);
    a = *good;
    a.len--;
    agree(p, &a, n);
    a.len += 2;
    a.sig[good->len] = 0;
    agree(p, &a, n);
    memset(a.sig, 0, sizeof a.sig);
    a.len = good->len;
    agree(p, &a, n);
    a.sig[a.len - 1] = 1;
    agree(p, &a, n);
    memset(a.sig, 0xff, sizeof a.sig);
    agree(p, &a, n);
}

/* A salt of the length asked for, and not one byte more or less. */
static void
pss_salts(const struct peer *p, struct ask *a, uint32_t *state, struct count *n)
{
    int most = (int)(p->pub.bits + 6) / 8 - EVP_MD_get_size(a->md) - 2;
    const int salts[] = {0, 1, 20, EVP_MD_get_size(a->md), most};

    a->scheme = SCHEME_RSAPSS;
    for (size_t i = 0; i < sizeof salts / sizeof salts[0]; i++) {
        a->salt = salts[i];
        rsa_sign(p, a);
        rsa_mutations(p, a, state, n);
        for (int off = -1; off <= 1; off++) {
            a->salt = salts[i] + off;
            if (a->salt >= 0) {
                struct count one = {0};

                agree(p, a, &one);
                assert_int_equal(one.accepted, off == 0);
            }
        }
        a->salt = RSA_PSS_SALTLEN_AUTO;
        rsa_mutations(p, a, state, n);
    }
}

/* Of every length modulo 8 that matters: 2049 has a first byte of its own, 3071 no zero byte in front in DER. */
static const struct {
    size_t bits;
    int primes; /* more than two are found sooner; a verifier does not see them */
    uint64_t e;
} MODULI[] = {
    {2048, 2, 65537},     {2049, 3, 65537}, {2050, 2, 4294967311},      {2055, 3, 65539},
    {3071, 3, 16777259u}, {3072, 3, 65537}, {4096, 4, UINT64_MAX - 58},
};

static void
rsa_of_many_lengths(void **state)
{
    struct count n = {0};
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof MODULI / sizeof MODULI[0]; i++) {
        AUTO(peer_done)
        struct peer p = peer_make(rsa_make(MODULI[i].bits, MODULI[i].primes, MODULI[i].e));

        assert_int_equal(p.pub.bits, MODULI[i].bits);
        for (size_t h = 0; h < 3; h++) {
            struct ask a = {.scheme = SCHEME_RSASSA, .md = HASHES[h].md(), .hash = HASHES[h].hash};

            a.msg[0] = (uint8_t)i;
            rsa_sign(&p, &a);
            rsa_mutations(&p, &a, &seed, &n);
            if (h == i % 3) { /* a third of them: time */
                pss_salts(&p, &a, &seed, &n);
            }
        }
    }
    assert_true(n.accepted > 90 && n.refused > 1200);
}

enum { TAIL = 52 }; /* bytes: DigestInfo, or the salt of a short one and H */

/* Bits all over the encoded message altered, one of each byte near its end and all of them where it begins and ends, signed as it then is. */
static void
em_bits(const struct peer *p, const struct ask *good, struct count *n)
{
    uint8_t em[SIG_MAX];

    em_of(p, good, em);
    for (size_t bit = 0; bit < 8 * good->len; bit++) {
        bool edge = bit < 16 || bit / 8 + 1 == good->len;
        bool tail = bit / 8 + TAIL >= good->len && bit % 8 == bit / 8 % 8;
        struct ask a = *good;

        if (!edge && !tail && bit % 19 != 0) {
            continue;
        }
        em[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        if (em_sign(p, em, &a)) {
            agree(p, &a, n);
        }
        em[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
}

static void
rsa_encodings_bit_by_bit(void **state)
{
    static const struct {
        size_t bits;
        enum sig_scheme scheme;
        int salt;
    } ROWS[] = {
        {2048, SCHEME_RSASSA, 0},
        {2048, SCHEME_RSAPSS, 32},
        {2049, SCHEME_RSAPSS, 0},
        {2050, SCHEME_RSAPSS, RSA_PSS_SALTLEN_AUTO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(peer_done) struct peer p = peer_make(rsa_make(ROWS[i].bits, 3, 65537));
        struct ask a = {.scheme = ROWS[i].scheme,
                        .md = EVP_sha256(),
                        .hash = HASH_SHA256,
                        .salt = ROWS[i].salt == RSA_PSS_SALTLEN_AUTO ? 100 : ROWS[i].salt};
        struct count n = {0};

        assert_int_equal(p.pub.bits, ROWS[i].bits);
        rsa_sign(&p, &a);
        a.salt = ROWS[i].salt;
        em_bits(&p, &a, &n);
        assert_int_equal(n.accepted, 0);
        assert_true(n.refused > 160);
    }
}

/* The bit of the modulus that is `down` below its highest. */
static bool
modulus_bit(const struct sig_key *k, size_t down)
{
    size_t at = k->bits - 1 - down;

    return (k->number[k->len - 1 - at / 8] >> at % 8 & 1) == 1;
}

/* A modulus at least a quarter above the power of two below it, so that a number of as many bits is often smaller. */
static struct peer
peer_with_room(size_t bits)
{
    struct peer p = peer_make(rsa_make(bits, 3, 65537));

    for (int i = 0; i < 50 && !modulus_bit(&p.pub, 1) && !modulus_bit(&p.pub, 2); i++) {
        peer_done(&p);
        p = peer_make(rsa_make(bits, 3, 65537));
    }
    return p;
}

/* Bits above those of the encoding (RFC 8017 section 9.1.2, step 6), set in a message that is good but for them. */
static void
pss_bits_above_the_encoding(void **state)
{
    static const struct {
        size_t bits;
        uint8_t above; /* in the first byte */
    } ROWS[] = {{2048, 0x80}, {2049, 0x01}, {2050, 0x02}, {2055, 0x40}};

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(peer_done) struct peer p = peer_with_room(ROWS[i].bits);
        struct ask a = {
            .scheme = SCHEME_RSAPSS, .md = EVP_sha256(), .hash = HASH_SHA256, .salt = 32};
        struct count n = {0};
        uint8_t em[SIG_MAX];

        /* Only some are still below the modulus. */
        for (int tries = 0; n.refused < 3 && tries < 200; tries++) {
            rsa_sign(&p, &a);
            em_of(&p, &a, em);
            em[0] |= ROWS[i].above;
            if (em_sign(&p, em, &a)) {
                agree(&p, &a, &n);
            }
        }
        assert_true(n.accepted == 0 && n.refused == 3);
    }
}

/* The same power modulo n, and another number. */
static void
rsa_signature_plus_the_modulus(void **state)
{
    AUTO(peer_done) struct peer p = peer_make(rsa_make(2050, 3, 65537));
    struct ask a = {.scheme = SCHEME_RSASSA, .md = EVP_sha256(), .hash = HASH_SHA256};
    BIGNUM *modulus = BN_bin2bn(p.pub.number, (int)p.pub.len, NULL);
    BIGNUM *sum = NULL;
    struct count n = {0};

    (void)state;
    rsa_sign(&p, &a);
    agree(&p, &a, &n);
    sum = BN_bin2bn(a.sig, (int)a.len, NULL);
    assert_int_equal(BN_add(sum, sum, modulus), 1);
    assert_int_equal(BN_bn2binpad(sum, a.sig, (int)a.len), (int)a.len);
    agree(&p, &a, &n);
    assert_true(n.accepted == 1 && n.refused == 1);
    BN_free(sum);
    BN_free(modulus);
}

/* Encodings of PKCS #1 v1.5 that say the same and are not the one: short padding with the digest not at the end, a DigestInfo
 * without NULL, with a longer length, or none. */
static void
rsa_encodings_of_other_shape(void **state)
{
    static const uint8_t NO_NULL[] = {0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                      0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20};
    static const uint8_t BER[] = {0x30, 0x81, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                  0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    static const uint8_t USUAL[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    static const struct {
        struct slice prefix;
        size_t behind; /* bytes after the digest */
        bool good;
    } ROWS[] = {
        {{USUAL, sizeof USUAL}, 0, true},    {{USUAL, sizeof USUAL}, 1, false},
        {{USUAL, sizeof USUAL}, 190, false}, {{NO_NULL, sizeof NO_NULL}, 0, false},
        {{BER, sizeof BER}, 0, false},       {{USUAL, 0}, 0, false},
    };
    AUTO(peer_done) struct peer p = peer_make(rsa_make(2048, 2, 65537));

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct ask a = {
            .scheme = SCHEME_RSASSA, .md = EVP_sha256(), .hash = HASH_SHA256, .len = 256};
        uint8_t em[SIG_MAX] = {0, 1};
        uint8_t *digest = em + 256 - ROWS[i].behind - 32;
        uint8_t *prefix = digest - ROWS[i].prefix.len;
        struct count n = {0};

        memset(em + 2, 0xff, (size_t)(prefix - em) - 3);
        memcpy(prefix, ROWS[i].prefix.ptr, ROWS[i].prefix.len);
        hash_sha256((struct slice){a.msg, sizeof a.msg}, digest);
        assert_true(em_sign(&p, em, &a));
        agree(&p, &a, &n);
        assert_int_equal(n.accepted, ROWS[i].good);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_of_many_lengths),
        cmocka_unit_test(rsa_encodings_bit_by_bit),
        cmocka_unit_test(pss_bits_above_the_encoding),
        cmocka_unit_test(rsa_signature_plus_the_modulus),
        cmocka_unit_test(rsa_encodings_of_other_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
