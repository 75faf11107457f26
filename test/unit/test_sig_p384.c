/* SPDX-License-Identifier: Apache-2.0 */
/* test_sig_p384.c - P-384, which we leave to nettle, judged by OpenSSL too: of every point, signature and mutation both say
 * the same, or, in one case that is named, ours refuses.
 *
 * Besides random ones: the sums of points that have a formula of their own, scalars and keys near zero and near the order, an x
 * coordinate above the order. */
#include "test/unit/sig_peer.h"

static void
ec_sign(const struct peer *p, struct ask *a)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[SIG_MAX];
    const uint8_t *at = der;
    size_t len = sizeof der;
    ECDSA_SIG *rs = NULL;

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, a->md, NULL, p->priv), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &len, a->msg, sizeof a->msg), 1);
    EVP_MD_CTX_free(ctx);
    rs = d2i_ECDSA_SIG(NULL, &at, (long)len);
    a->len = (size_t)2 * FIELD;
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(rs), a->sig, FIELD), FIELD);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(rs), a->sig + FIELD, FIELD), FIELD);
    ECDSA_SIG_free(rs);
}

static void
p384_random(void **state)
{
    struct count n = {0};
    uint32_t seed = 2;

    (void)state;
    for (int i = 0; i < 60; i++) {
        AUTO(peer_done) struct peer p = peer_make(EVP_EC_gen("P-384"));
        struct ask good = {.scheme = SCHEME_ECDSA,
                           .md = HASHES[i % 3].md(),
                           .hash = HASHES[i % 3].hash,
                           .msg = {(uint8_t)i}};

        assert_null(p.pub.handle);
        ec_sign(&p, &good);
        agree(&p, &good, &n);
        for (int m = 0; m < 6; m++) {
            struct ask a = good;

            if (m == 0) {
                a.msg[dice(&seed, MSG_LEN)] ^= 1;
            } else {
                a.sig[dice(&seed, 2 * FIELD)] ^= (uint8_t)(1u << dice(&seed, 8));
            }
            agree(&p, &a, &n);
        }
    }
    assert_true(n.accepted == 60 && n.refused == 360);
}

/* A key is taken or not as OpenSSL's own equation says. */
static void
p384_points(void **state)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
    EC_POINT *point = EC_POINT_new(group);
    size_t taken = 0;
    uint32_t seed = 3;

    (void)state;
    for (int i = 0; i < 240; i++) {
        AUTO(peer_done) struct peer p = peer_make(EVP_EC_gen("P-384"));
        AUTO(sig_key_done) struct sig_key out = {0};
        uint8_t xy[1 + 2 * FIELD] = {4};
        struct why why = {0};
        bool want = false;

        memcpy(xy + 1, p.pub.number, 2 * FIELD);
        if (i % 8 == 0) { /* the other point with this x */
            BIGNUM *y = BN_bin2bn(xy + 1 + FIELD, FIELD, NULL);
            BIGNUM *prime = BN_new();

            assert_int_equal(EC_GROUP_get_curve(group, prime, NULL, NULL, NULL), 1);
            assert_int_equal(BN_sub(y, prime, y), 1);
            assert_int_equal(BN_bn2binpad(y, xy + 1 + FIELD, FIELD), FIELD);
            BN_free(prime);
            BN_free(y);
        } else if (i % 8 == 1) {
            memset(xy + 1 + FIELD * (i / 8 % 2), i / 16 % 2 == 0 ? 0xff : 0, FIELD);
        } else {
            xy[1 + dice(&seed, 2 * FIELD)] ^= (uint8_t)(1u << dice(&seed, 8));
        }
        want = EC_POINT_oct2point(group, point, xy, sizeof xy, NULL) == 1;
        assert_int_equal(sig_key_ec(CURVE_P384, (struct slice){xy + 1, FIELD},
                                    (struct slice){xy + 1 + FIELD, FIELD}, &out, &why) == ERR_OK,
                         want);
        taken += want;
    }
    assert_int_equal(taken, 30);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* Numbers modulo the order, for signatures that no signer makes. */
struct bench {
    EC_GROUP *group;
    BN_CTX *ctx;
    const BIGNUM *n;
    BIGNUM *h; /* of the message of `ask` */
    struct ask ask;
};

static struct bench
bench_open(uint8_t nonce)
{
    struct bench b = {.group = EC_GROUP_new_by_curve_name(NID_secp384r1),
                      .ctx = BN_CTX_new(),
                      .ask = {.scheme = SCHEME_ECDSA,
                              .md = EVP_sha384(),
                              .hash = HASH_SHA384,
                              .msg = {nonce},
                              .len = (size_t)2 * FIELD}};
    uint8_t digest[HASH_MAX];

    b.n = EC_GROUP_get0_order(b.group);
    assert_int_equal(EVP_Digest(b.ask.msg, MSG_LEN, digest, NULL, EVP_sha384(), NULL), 1);
    b.h = BN_bin2bn(digest, FIELD, NULL);
    return b;
}

static void
bench_done(struct bench *b)
{
    BN_free(b->h);
    BN_CTX_free(b->ctx);
    EC_GROUP_free(b->group);
}

static void
put_rs(struct bench *b, const BIGNUM *r, const BIGNUM *s)
{
    assert_int_equal(BN_bn2binpad(r, b->ask.sig, FIELD), FIELD);
    assert_int_equal(BN_bn2binpad(s, b->ask.sig + FIELD, FIELD), FIELD);
}

static struct peer
peer_of_point(const struct bench *b, const EC_POINT *q)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    uint8_t xy[1 + 2 * FIELD];
    char group[] = "P-384";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, xy, sizeof xy),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;

    assert_int_equal(
        EC_POINT_point2oct(b->group, q, POINT_CONVERSION_UNCOMPRESSED, xy, sizeof xy, b->ctx),
        sizeof xy);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    return peer_make(key);
}

/* A signature over the hash h with k known, R = k G and r = x(R), that makes the verifier's u1 = h / s, u2 = r / s or the key d special. */
enum special {
    U1_IS,    /* s = h / c, d = (k - c) s / r */
    U2_IS,    /* s = r / c, d = (k - h / s) / c */
    D_IS,     /* d = c, s = (h + r d) / k */
    SAME,     /* u1 G = u2 Q: d = h / r, s = 2 h / k */
    OPPOSITE, /* u1 G = -u2 Q, whose sum is infinity: d = -h / r, any s; never good */
};

struct numbers {
    BIGNUM *k, *r, *s, *d, *c, *t; /* t: for what is between */
};

static struct numbers
numbers_open(void)
{
    return (struct numbers){BN_new(), BN_new(), BN_new(), BN_new(), BN_new(), BN_new()};
}

static void
numbers_done(struct numbers *x)
{
    BIGNUM *const all[] = {x->k, x->r, x->s, x->d, x->c, x->t};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        BN_free(all[i]);
    }
}

static void
divide(const struct bench *b, BIGNUM *out, const BIGNUM *over, const BIGNUM *under)
{
    BIGNUM *inverse = BN_mod_inverse(NULL, under, b->n, b->ctx);

    assert_non_null(inverse);
    assert_int_equal(BN_mod_mul(out, over, inverse, b->n, b->ctx), 1);
    BN_free(inverse);
}

static void
solve(const struct bench *b, enum special special, struct numbers *x)
{
    switch (special) {
    case U1_IS:
        divide(b, x->s, b->h, x->c);
        assert_int_equal(BN_mod_sub(x->t, x->k, x->c, b->n, b->ctx), 1);
        assert_int_equal(BN_mod_mul(x->t, x->t, x->s, b->n, b->ctx), 1);
        divide(b, x->d, x->t, x->r);
        break;
    case U2_IS:
        divide(b, x->s, x->r, x->c);
        divide(b, x->t, b->h, x->s);
        assert_int_equal(BN_mod_sub(x->t, x->k, x->t, b->n, b->ctx), 1);
        divide(b, x->d, x->t, x->c);
        break;
    case D_IS:
        assert_non_null(BN_copy(x->d, x->c));
        assert_int_equal(BN_mod_mul(x->t, x->r, x->d, b->n, b->ctx), 1);
        assert_int_equal(BN_mod_add(x->t, x->t, b->h, b->n, b->ctx), 1);
        divide(b, x->s, x->t, x->k);
        break;
    case SAME:
    case OPPOSITE:
        divide(b, x->d, b->h, x->r);
        assert_int_equal(special == SAME || BN_sub(x->d, b->n, x->d) == 1, 1);
        assert_int_equal(BN_mod_lshift1(x->t, b->h, b->n, b->ctx), 1);
        divide(b, x->s, x->t, x->k);
        break;
    }
}

/* Asked of both: did OpenSSL, did we? */
static void
ask_special(enum special special, int64_t c, bool *they, bool *we)
{
    AUTO(bench_done) struct bench b = bench_open((uint8_t)((uint64_t)c * 7 + special));
    AUTO(numbers_done) struct numbers x = numbers_open();
    EC_POINT *point = EC_POINT_new(b.group);
    struct why why = {0};

    assert_int_equal(BN_set_word(x.c, (uint64_t)(c < 0 ? -c : c)), 1);
    assert_int_equal(c >= 0 || BN_sub(x.c, b.n, x.c) == 1, 1);
    assert_int_equal(BN_priv_rand_range(x.k, b.n), 1);
    assert_int_equal(EC_POINT_mul(b.group, point, x.k, NULL, NULL, b.ctx), 1);
    assert_int_equal(EC_POINT_get_affine_coordinates(b.group, point, x.r, NULL, b.ctx), 1);
    assert_int_equal(BN_nnmod(x.r, x.r, b.n, b.ctx), 1);
    solve(&b, special, &x);
    assert_int_equal(EC_POINT_mul(b.group, point, x.d, NULL, NULL, b.ctx), 1);
    put_rs(&b, x.r, x.s);

    AUTO(peer_done) struct peer p = peer_of_point(&b, point);

    *they = theirs(&p, &b.ask);
    *we = ours(&p, &b.ask, &why) == ERR_OK;
    EC_POINT_free(point);
}

static void
p384_special_scalars(void **state)
{
    static const int64_t SCALARS[] = {1,  2,  3,  4,   15,  16,  17,   31,         32,       33,
                                      -1, -2, -3, -16, -32, 255, 1024, 4294967296, INT64_MAX};

    enum { SCALARS_N = sizeof SCALARS / sizeof SCALARS[0], CASES = D_IS + 1 };

    (void)state;
    for (size_t i = 0; i < (size_t)SCALARS_N * CASES; i++) {
        enum special special = (enum special)(i % CASES);
        int64_t c = SCALARS[i / CASES];
        bool they = false;
        bool we = false;

        ask_special(special, c, &they, &we);
        if (!they || !we) {
            fail_msg("case %d, scalar %lld: ours %d, theirs %d", (int)special, (long long)c, we,
                     they);
        }
    }
}

/* Opposite points are never accepted.  The same point twice is a good signature by the letter; nettle 3.8 has no formula for it
 * and refuses.  Only the owner of a key can make one, and only on purpose (p384.c). */
static void
p384_sum_of_the_same_and_of_opposite_points(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        bool they = false;
        bool we = true;

        ask_special(OPPOSITE, i, &they, &we);
        assert_false(they || we);
        ask_special(SAME, i, &they, &we);
        assert_true(they);
    }
}

/* R with an x between order and prime, so that r is x minus the order; Q is what makes it good: (s R - h G) / r. */
static void
p384_x_above_the_order(void **state)
{
    AUTO(bench_done) struct bench b = bench_open(9);
    BIGNUM *x = BN_dup(b.n);
    BIGNUM *r = BN_new();
    BIGNUM *s = BN_new();
    BIGNUM *u = BN_new();
    BIGNUM *v = BN_new();
    EC_POINT *big_r = EC_POINT_new(b.group);
    EC_POINT *q = EC_POINT_new(b.group);
    struct count n = {0};

    (void)state;
    do {
        assert_int_equal(BN_add_word(x, 1), 1);
    } while (EC_POINT_set_compressed_coordinates(b.group, big_r, x, 0, b.ctx) != 1);
    assert_int_equal(BN_sub(r, x, b.n), 1);
    assert_int_equal(BN_priv_rand_range(s, b.n), 1);
    assert_non_null(BN_mod_inverse(u, r, b.n, b.ctx));
    assert_int_equal(BN_mod_mul(v, u, s, b.n, b.ctx), 1);   /* s / r */
    assert_int_equal(BN_mod_mul(u, u, b.h, b.n, b.ctx), 1); /* h / r */
    assert_int_equal(BN_sub(u, b.n, u), 1);
    assert_int_equal(EC_POINT_mul(b.group, q, u, big_r, v, b.ctx), 1);
    put_rs(&b, r, s);

    AUTO(peer_done) struct peer p = peer_of_point(&b, q);

    agree(&p, &b.ask, &n);
    assert_int_equal(n.accepted, 1);
    EC_POINT_free(q);
    EC_POINT_free(big_r);
    BN_free(v);
    BN_free(u);
    BN_free(s);
    BN_free(r);
    BN_free(x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p384_random),
        cmocka_unit_test(p384_points),
        cmocka_unit_test(p384_special_scalars),
        cmocka_unit_test(p384_sum_of_the_same_and_of_opposite_points),
        cmocka_unit_test(p384_x_above_the_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
