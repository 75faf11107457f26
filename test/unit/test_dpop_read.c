/* SPDX-License-Identifier: Apache-2.0 */
/* test_dpop_read.c - the two readers of a DPoP proof: what is plain is read in place, everything else with trees, and where the first
 * accepts the second says the same of every member. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/dpop_read.h"
#include "test/unit/jose_desk.h"

#define HEAD "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@}"
#define CLAIM \
    "\"jti\":\"j1\",\"htm\":\"POST\",\"htu\":\"https://a.example/token\",\"iat\":1800000000"

static struct desk_text
proof_of(const struct jose_key *k, const char *header, const char *payload)
{
    struct desk_text jwk = desk_jwk(k);
    struct desk_text filled = desk_fill(header, jwk.text);

    return desk_jws(k, filled.text, payload);
}

static bool
is_plain(const char *proof)
{
    AUTO(proof_text_done) struct proof_text p = {0};

    return proof_text_plain(slice_text(proof), &p);
}

static void
assert_same(struct slice a, struct slice b)
{
    assert_int_equal(a.len, b.len);
    assert_true(slice_same(a, b));
}

static void
assert_same_key(const struct proof_text *plain, const struct proof_text *tree)
{
    AUTO(jwk_done) struct jwk a = {0};
    AUTO(jwk_done) struct jwk b = {0};
    struct why why = {0};
    enum err err = proof_text_key(tree, NULL, &b, &why);

    assert_int_equal(proof_text_key(plain, NULL, &a, &why), err);
    assert_int_equal(a.alg, b.alg);
    assert_string_equal(a.jkt_text, b.jkt_text);
}

/* True when the proof was plain; then the trees must say the same. */
static bool
agree(struct slice proof)
{
    AUTO(proof_text_done) struct proof_text plain = {0};
    AUTO(proof_text_done) struct proof_text tree = {0};
    struct why why = {0};

    if (!proof_text_plain(proof, &plain)) {
        return false;
    }
    assert_int_equal(proof_text_tree(proof, &tree, &why), ERR_OK);
    assert_same(plain.jti, tree.jti);
    assert_same(plain.htm, tree.htm);
    assert_same(plain.htu, tree.htu);
    assert_same(plain.ath, tree.ath);
    assert_same(plain.nonce, tree.nonce);
    assert_true(plain.iat == tree.iat);
    assert_int_equal(plain.jws.alg, tree.jws.alg);
    assert_same(plain.jws.signing_input, tree.jws.signing_input);
    assert_int_equal(plain.jws.sig_len, tree.jws.sig_len);
    assert_memory_equal(plain.jws.sig, tree.jws.sig, tree.jws.sig_len);
    assert_same_key(&plain, &tree);
    return true;
}

/* Ours, and as browsers and libraries write them: white space and any order of members. */
static void
usual_proofs_are_plain(void **state)
{
    static const enum jose_alg ALGS[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        AUTO(jose_key_done) struct jose_key key = desk_key(ALGS[i]);
        AUTO(mem_free_text) char *bare = NULL;
        AUTO(mem_free_text) char *full = NULL;
        struct why why = {0};

        assert_int_equal(dpop_make(&key, "GET", "https://a.example/", NULL, NULL, 5, &bare, &why),
                         ERR_OK);
        assert_int_equal(dpop_make(&key, "GET", "https://a.example/", "n", "t", 5, &full, &why),
                         ERR_OK);
        assert_true(agree(slice_text(bare)));
        assert_true(agree(slice_text(full)));
    }
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    struct desk_text spaced =
        proof_of(&key, " {\"jwk\" : @ ,\n\"alg\":\t\"ES256\",\"typ\":\"dpop+jwt\"}\r\n",
                 "{ \"nonce\":\"n\",\"ath\":\"a\", \"iat\" : 7 "
                 ",\"htu\":\"u\",\"htm\":\"m\",\"jti\":\"j\"} ");

    assert_true(agree(slice_text(spaced.text)));
}

struct unusual {
    const char *header, *payload;
    bool read; /* by the trees */
};

static const struct unusual UNUSUAL[] = {
    /* headers */
    {"{\"typ\":\"DPoP+jwt\",\"alg\":\"ES256\",\"jwk\":@}", "{" CLAIM "}", true},
    {"{\"typ\":\"application/dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@}", "{" CLAIM "}", true},
    {"{\"typ\":\"dpop\\u002bjwt\",\"alg\":\"ES256\",\"jwk\":@}", "{" CLAIM "}", true},
    {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@,\"kid\":\"k\"}", "{" CLAIM "}", true},
    {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@,\"crit\":[]}", "{" CLAIM "}", false},
    {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@,\"b64\":true}", "{" CLAIM "}", false},
    {"{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":@}", "{" CLAIM "}", false},
    {"{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":@}", "{" CLAIM "}", false},
    {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"alg\":\"ES256\",\"jwk\":@}", "{" CLAIM "}", false},
    {"{\"typ\":\"jwt\",\"alg\":\"ES256\",\"jwk\":@}", "{" CLAIM "}", false},
    {"{\"typ\":\"dpop+jwt\",\"jwk\":@}", "{" CLAIM "}", false},
    {"[@]", "{" CLAIM "}", false},
    /* payloads */
    {HEAD, "{" CLAIM ",\"exp\":1800000060}", true},
    {HEAD, "{" CLAIM ",\"nonce\":\"\\u006e\"}", true},
    {HEAD, "{" CLAIM ",\"\\u0065xp\":0}", true},
    {HEAD, "{" CLAIM ",\"nonce\":\"\"}", false},
    {HEAD, "{" CLAIM ",\"nonce\":7}", false},
    {HEAD, "{" CLAIM ",\"ath\":null}", false},
    {HEAD, "{" CLAIM ",\"iat\":1800000000}", false},
    {HEAD, "{" CLAIM "} {}", false},
    {HEAD, "[" CLAIM "]", false},
    {HEAD, "{\"jti\":\"j\",\"htm\":\"m\",\"htu\":\"u\",\"iat\":-1}", true},
    {HEAD, "{\"jti\":\"j\",\"htm\":\"m\",\"htu\":\"u\",\"iat\":1.0}", false},
    {HEAD, "{\"jti\":\"j\",\"htm\":\"m\",\"htu\":\"u\",\"iat\":\"1\"}", false},
    {HEAD, "{\"jti\":\"j\",\"htm\":\"m\",\"htu\":\"u\",\"iat\":9223372036854775808}", false},
    {HEAD, "{\"jti\":\"j\",\"htm\":\"m\",\"htu\":\"u\",\"iat\":1e3}", false},
    {HEAD, "{\"jti\":\"\",\"htm\":\"m\",\"htu\":\"u\",\"iat\":1}", false},
    {HEAD, "{\"htm\":\"m\",\"htu\":\"u\",\"iat\":1}", false},
    {HEAD, "{\"jti\":\"\xff\",\"htm\":\"m\",\"htu\":\"u\",\"iat\":1}", false},
};

static void
unusual_proofs_are_left_to_the_trees(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);

    (void)state;
    for (size_t i = 0; i < sizeof UNUSUAL / sizeof UNUSUAL[0]; i++) {
        struct desk_text proof = proof_of(&key, UNUSUAL[i].header, UNUSUAL[i].payload);
        AUTO(proof_text_done) struct proof_text tree = {0};
        struct why why = {0};

        if (is_plain(proof.text)) {
            fail_msg("plain: %s %s", UNUSUAL[i].header, UNUSUAL[i].payload);
        }
        bool read = proof_text_read(slice_text(proof.text), &tree, &why) == ERR_OK;

        if (read != UNUSUAL[i].read || tree.plain) {
            fail_msg("%s %s: %s", UNUSUAL[i].header, UNUSUAL[i].payload, why_text(&why));
        }
    }
}

/* A key's private half, or another key's shape, is not plain: the reader that names it refuses it. */
static void
keys_with_more_or_less_than_their_numbers(void **state)
{
    static const char PLAIN[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@\",\"y\":\"@\"}";
    static const char *const KEYS[] = {
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@\",\"y\":\"@\",\"d\":\"@\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@\",\"y\":\"@\",\"use\":\"sig\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"@\",\"y\":\"@\"}",
        "{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"@\",\"y\":\"@\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@A\",\"y\":\"@\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@\",\"z\":\"@\"}",
    };
    static const char X[] = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    struct desk_text jwk = desk_fill(PLAIN, X);
    struct desk_text head = desk_fill(HEAD, jwk.text);
    struct desk_text proof = desk_jws(&key, head.text, "{" CLAIM "}");

    (void)state;
    assert_true(is_plain(proof.text)); /* so that what follows fails for its own reason */
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        jwk = desk_fill(KEYS[i], X);
        head = desk_fill(HEAD, jwk.text);
        proof = desk_jws(&key, head.text, "{" CLAIM "}");
        if (is_plain(proof.text)) {
            fail_msg("plain: %s", jwk.text);
        }
    }
}

/* Every byte of header and payload changed to each of a few that mean something: never read in place as something else. */
static void
changed_bytes_never_divide_the_readers(void **state)
{
    static const char BYTES[] = "\"\\{}[]:,0-9e.n \n\x01\x80z";
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    struct desk_text jwk = desk_jwk(&key);
    struct desk_text text[2] = {desk_fill(HEAD, jwk.text), desk_fill("{" CLAIM "}", "")};
    size_t plain = 0;
    size_t tried = 0;

    (void)state;
    for (size_t part = 0; part < 2; part++) {
        for (size_t at = 0; text[part].text[at] != '\0'; at++) {
            char was = text[part].text[at];

            for (size_t b = 0; b < sizeof BYTES - 1; b++) {
                text[part].text[at] = BYTES[b];
                struct desk_text proof = desk_jws(&key, text[0].text, text[1].text);

                plain += agree(slice_text(proof.text));
                tried++;
            }
            text[part].text[at] = was;
        }
    }
    assert_true(plain > 100 && plain < tried); /* both answers were met */
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_proofs_are_plain),
        cmocka_unit_test(unusual_proofs_are_left_to_the_trees),
        cmocka_unit_test(keys_with_more_or_less_than_their_numbers),
        cmocka_unit_test(changed_bytes_never_divide_the_readers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
