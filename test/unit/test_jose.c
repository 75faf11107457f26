/* SPDX-License-Identifier: Apache-2.0 */
/* test_jose.c - JWK, JWS and signing keys: vectors of the RFCs, and a named refusal for every rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "test/unit/jose_desk.h"

static const unsigned ALL = JOSE_ALLOW_ES256 | JOSE_ALLOW_ES384 | JOSE_ALLOW_EDDSA;

#define RFC9449_JWK                                                          \
    "{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\"," \
    "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\"}"

struct bad {
    const char *text;
    const char *why; /* part of the innermost reason */
};

static void
assert_reason(const struct bad *row, const struct why *why)
{
    if (strstr(why_text(why), row->why) == NULL) {
        fail_msg("%s: \"%s\", want \"%s\"", row->text, why_text(why), row->why);
    }
}

static enum err
read_jwk(const char *text, struct jwk *out, struct why *why)
{
    AUTO(json_free) json_t *obj = NULL;

    assert_int_equal(json_read(slice_text(text), &obj, why), ERR_OK);
    return jwk_read(obj, out, why);
}

/* --- JWK --- */

static void
thumbprints_of_the_rfcs(void **state)
{
    static const struct {
        const char *jwk, *jkt;
        enum jose_alg alg;
    } ROWS[] = {
        {RFC9449_JWK, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", JOSE_ES256},
        /* RFC 8037 appendix A.3 */
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
         "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", JOSE_EDDSA},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(jwk_done) struct jwk k = {0};
        struct why why = {0};
        char text[B64_JKT + 1];

        assert_int_equal(read_jwk(ROWS[i].jwk, &k, &why), ERR_OK);
        assert_int_equal(k.alg, ROWS[i].alg);
        assert_string_equal(k.jkt_text, ROWS[i].jkt);
        b64url_encode((struct slice){k.jkt, JKT_LEN}, text);
        assert_string_equal(text, ROWS[i].jkt);
    }
}

/* P-384 by its definition, computed here without the code under test. */
static void
thumbprint_of_p384(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES384);
    AUTO(json_free) json_t *obj = jose_key_jwk(&key);
    char canonical[512];
    uint8_t digest[SHA256_LEN];
    char text[B64_JKT + 1];
    unsigned len = 0;

    (void)state;
    (void)snprintf(
        canonical, sizeof canonical, "{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
        json_string_value(json_object_get(obj, "x")), json_string_value(json_object_get(obj, "y")));
    assert_int_equal(EVP_Digest(canonical, strlen(canonical), digest, &len, EVP_sha256(), NULL), 1);
    b64url_encode((struct slice){digest, len}, text);
    assert_string_equal(key.jkt_text, text);
}

static void
harmless_members_are_ignored(void **state)
{
    AUTO(jwk_done) struct jwk k = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(
        read_jwk("{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
                 "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\","
                 "\"kid\":\"1\",\"ext\":true,\"alg\":\"ES256\",\"use\":\"sig\","
                 "\"key_ops\":[\"verify\"]}",
                 &k, &why),
        ERR_OK);
    assert_string_equal(k.jkt_text, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

#define XY                                                   \
    "\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\"," \
    "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\""
#define EC256 "\"kty\":\"EC\",\"crv\":\"P-256\","

static const struct bad BAD_JWKS[] = {
    {"[]", "not an object"},
    {"{}", "member \"kty\" is missing"},
    {"{\"kty\":1}", "member \"kty\" is of another type"},
    {"{\"kty\":\"EC\"," XY "}", "member \"crv\" is missing"},
    {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", "private member \"k\""},
    {"{\"kty\":\"oct\"}", "kty \"oct\" is a secret"},
    {"{" EC256 XY ",\"d\":\"AA\"}", "private member \"d\""},
    {"{" EC256 XY ",\"p\":null}", "private member \"p\""},
    {"{" EC256 XY ",\"q\":\"AA\"}", "private member \"q\""},
    {"{" EC256 XY ",\"dp\":\"AA\"}", "private member \"dp\""},
    {"{" EC256 XY ",\"dq\":\"AA\"}", "private member \"dq\""},
    {"{" EC256 XY ",\"qi\":\"AA\"}", "private member \"qi\""},
    {"{" EC256 XY ",\"oth\":[]}", "private member \"oth\""},
    {"{" EC256 XY ",\"priv\":\"AA\"}", "private member \"priv\""},
    {"{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}", "member \"crv\" is missing"},
    {"{\"kty\":\"EC\",\"crv\":\"secp256k1\"," XY "}", "crv \"secp256k1\" is not accepted"},
    {"{\"kty\":\"EC\",\"crv\":\"P-521\"," XY "}", "crv \"P-521\" is not accepted"},
    {"{\"kty\":\"EC\",\"crv\":\"Ed25519\"," XY "}", "crv \"Ed25519\" is not accepted"},
    {"{\"kty\":\"OKP\",\"crv\":\"X25519\"," XY "}", "crv \"X25519\" is not accepted"},
    {"{\"kty\":\"ec\",\"crv\":\"P-256\"," XY "}", "kty \"ec\" crv \"P-256\" is not accepted"},
    {"{\"kty\":\"EC\",\"crv\":\"P-384\"," XY "}", "x has 43 characters, want 64"},
    {"{" EC256 "\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\"}", "member \"y\" is missing"},
    {"{" EC256 "\"x\":\"AA\",\"y\":\"AA\"}", "x has 2 characters, want 43"},
    /* 33 bytes: a leading zero is another spelling of the same number */
    {"{" EC256 "\"x\":\"AJfLRa4cft-LVd4USAkQ2PcwpA5aQYReNlEFH1lQFgRb\","
     "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\"}",
     "x has 44 characters, want 43"},
    /* the last character's unused bits */
    {"{" EC256 "\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFt\","
     "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\"}",
     "unused bits are not zero"},
    {"{" EC256 "\"x\":\"l8tFrhx+34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
     "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\"}",
     "not in the alphabet"},
    {"{" EC256 "\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
     "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDB\"}",
     "unused bits are not zero"},
    {"{" EC256 "\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
     "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDE\"}",
     "point is not on P-256"},
    {"{" EC256 XY ",\"alg\":\"ES384\"}", "alg is not ES256"},
    {"{" EC256 XY ",\"alg\":1}", "alg is not ES256"},
    {"{" EC256 XY ",\"alg\":\"HS256\"}", "alg is not ES256"},
    {"{" EC256 XY ",\"use\":\"enc\"}", "use is not \"sig\""},
    {"{" EC256 XY ",\"key_ops\":[\"sign\"]}", "key_ops lacks \"verify\""},
};

static void
bad_jwks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD_JWKS / sizeof BAD_JWKS[0]; i++) {
        struct jwk k = {0};
        struct why why = {0};

        assert_int_not_equal(read_jwk(BAD_JWKS[i].text, &k, &why), ERR_OK);
        assert_reason(&BAD_JWKS[i], &why);
        assert_int_equal(k.key.type, KEY_NONE);
    }
}

/* --- JWS --- */

static void
every_algorithm_signs_and_verifies(void **state)
{
    static const enum jose_alg ALGS[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        AUTO(jose_key_done) struct jose_key key = desk_key(ALGS[i]);
        AUTO(json_free) json_t *jwk = jose_key_jwk(&key);
        AUTO(json_free) json_t *header = json_pack("{s:s, s:s}", "typ", "at+jwt", "kid", "k1");
        AUTO(mem_free_text) char *text = NULL;
        AUTO(jws_done) struct jws j = {0};
        AUTO(jwk_done) struct jwk pub = {0};
        struct why why = {0};

        assert_int_equal(jose_sign(&key, header, slice_text("{\"a\":1}"), &text, &why), ERR_OK);
        assert_null(json_object_get(header, "alg")); /* the caller's header is untouched */
        assert_int_equal(jws_read(slice_text(text), "at+jwt", ALL, &j, &why), ERR_OK);
        assert_string_equal(j.kid, "k1");
        assert_int_equal(j.alg, ALGS[i]);
        assert_int_equal(json_integer_value(json_object_get(j.payload, "a")), 1);
        assert_memory_equal(j.payload_bytes, "{\"a\":1}", j.payload_len);
        assert_int_equal(jwk_read(jwk, &pub, &why), ERR_OK);
        assert_int_equal(jws_verify(&j, &pub.key, pub.alg, &why), ERR_OK);
        j.sig[5] ^= 1;
        assert_int_equal(jws_verify(&j, &pub.key, pub.alg, &why), ERR_UNAUTHENTICATED);
    }
}

/* RFC 7515 appendix A.3: signed by somebody else's software. */
static void
rfc7515_es256(void **state)
{
    static const char TEXT[] = "eyJhbGciOiJFUzI1NiJ9"
                               ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                               "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
                               ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
                               "pmWQxfKTUJqPP3-Kg6NU1Q";
    AUTO(jws_done) struct jws j = {0};
    AUTO(jwk_done) struct jwk k = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(read_jwk("{\"kty\":\"EC\",\"crv\":\"P-256\","
                              "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                              "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
                              &k, &why),
                     ERR_OK);
    assert_int_equal(jws_read(slice_text(TEXT), NULL, JOSE_ALLOW_ES256, &j, &why), ERR_OK);
    assert_null(j.kid);
    assert_int_equal(jws_verify(&j, &k.key, k.alg, &why), ERR_OK);
}

static void
typ_may_be_spelled_as_a_media_type(void **state)
{
    static const char *const GOOD[] = {"at+jwt", "AT+JWT", "application/at+jwt",
                                       "Application/At+jwt"};
    static const char *const BAD[] = {"jwt",          "at+jwt ", "text/at+jwt",
                                      "application/", "",        "at+jwtx"};
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);

    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0] + sizeof BAD / sizeof BAD[0]; i++) {
        bool good = i < sizeof GOOD / sizeof GOOD[0];
        const char *typ = good ? GOOD[i] : BAD[i - sizeof GOOD / sizeof GOOD[0]];
        struct desk_text header = desk_fill("{\"alg\":\"ES256\",\"typ\":\"@\"}", typ);
        struct desk_text text = desk_jws(&key, header.text, "{}");
        AUTO(jws_done) struct jws j = {0};
        struct why why = {0};

        assert_int_equal(jws_read(slice_text(text.text), "at+jwt", ALL, &j, &why),
                         good ? ERR_OK : ERR_UNAUTHENTICATED);
    }
}

static const struct bad BAD_HEADERS[] = {
    {"[]", "not a JSON object"},
    {"\"x\"", "not a JSON object"},
    {"{", "no opening quote"},
    {"{}{}", "after the end"},
    {"{\"alg\":\"ES256\"}", "member \"typ\" is missing"},
    {"{\"alg\":\"ES256\",\"typ\":1}", "member \"typ\" is of another type"},
    {"{\"alg\":\"ES256\",\"typ\":\"JWT\"}", "typ \"JWT\", want \"at+jwt\""},
    {"{\"typ\":\"at+jwt\"}", "member \"alg\" is missing"},
    {"{\"typ\":\"at+jwt\",\"alg\":null}", "member \"alg\" is of another type"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"none\"}", "alg \"none\" is not accepted"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"None\"}", "alg \"None\" is not accepted"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"es256\"}", "alg \"es256\" is not accepted"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"HS256\"}", "alg \"HS256\" is not accepted"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"RS256\"}", "alg \"RS256\" is not accepted"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES384\"}", "alg \"ES384\" is not accepted"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"alg\":\"ES256\"}", "duplicate member"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"crit\":[\"exp\"]}", "member \"crit\" is refused"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"crit\":[]}", "member \"crit\" is refused"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"b64\":false}", "member \"b64\" is refused"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"b64\":true}", "member \"b64\" is refused"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"zip\":\"DEF\"}", "member \"zip\" is refused"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"jku\":\"https://e\"}", "member \"jku\" is refused"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"x5u\":\"https://e\"}", "member \"x5u\" is refused"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"\"}", "kid is not a text"},
    {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":7}", "kid is not a text"},
};

static void
bad_headers(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);

    (void)state;
    for (size_t i = 0; i < sizeof BAD_HEADERS / sizeof BAD_HEADERS[0]; i++) {
        struct desk_text text = desk_jws(&key, BAD_HEADERS[i].text, "{}");
        struct jws j = {0};
        struct why why = {0};

        assert_int_not_equal(jws_read(slice_text(text.text), "at+jwt", JOSE_ALLOW_ES256, &j, &why),
                             ERR_OK);
        assert_reason(&BAD_HEADERS[i], &why);
        assert_null(j.header);
    }
}

static void
unknown_header_members_are_allowed(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    struct desk_text text = desk_jws(
        &key, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"cty\":\"x\",\"x\":{\"y\":[1]}}", "{}");
    AUTO(jws_done) struct jws j = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(jws_read(slice_text(text.text), "at+jwt", ALL, &j, &why), ERR_OK);
}

static void
kid_is_bounded(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);

    (void)state;
    for (size_t len = KID_MAX; len <= KID_MAX + 1; len++) {
        char kid[KID_MAX + 2] = "";
        AUTO(jws_done) struct jws j = {0};
        struct why why = {0};

        memset(kid, '/', len);

        struct desk_text header = desk_fill("{\"alg\":\"ES256\",\"kid\":\"@\"}", kid);
        struct desk_text text = desk_jws(&key, header.text, "{}");

        assert_int_equal(jws_read(slice_text(text.text), NULL, ALL, &j, &why),
                         len <= KID_MAX ? ERR_OK : ERR_MALFORMED);
    }
}

static const struct bad BAD_SHAPES[] = {
    {"", "fewer than three"},
    {".", "fewer than three"},
    {"..", "empty segment"},
    {"a.b", "fewer than three"},
    {"eyJhbGciOiJFUzI1NiJ9.e30.", "empty segment"},
    {"eyJhbGciOiJFUzI1NiJ9..AAAA", "empty segment"},
    {".e30.AAAA", "empty segment"},
    {"eyJhbGciOiJFUzI1NiJ9.e30.AAAA.AAAA", "more than three"},
    {"eyJhbGciOiJFUzI1NiJ9.e30.AAAA.", "more than three"},
    {"eyJhbGciOiJFUzI1NiJ9.e30.A", "impossible length"},
    {"eyJhbGciOiJFUzI1NiJ9.e30=.AAAA", "not in the alphabet"},
    {"eyJhbGciOiJFUzI1NiJ9.e31.AAAA", "unused bits"},
    {"eyJhbGciOiJFUzI1NiJ9.e30.AA==", "not in the alphabet"},
    {"eyJhbGciOiJFUzI1NiJ9.e30.AB", "unused bits"},
    {"eyJhbGciOiJFUzI1NiJ9.e30.AAA AAA", "not in the alphabet"},
    {" eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "impossible length"},
    {"eyJhbGciOiJFUzI1NiJ9.W10.AAAA", "not a JSON object"},
    {"eyJhbGciOiJFUzI1NiJ9.bnVsbA.AAAA", "not a JSON object"},
    {"eyJhbGciOiJFUzI1NiJ9.eyJhIjoxLCJhIjoyfQ.AAAA", "duplicate member"},
};

static void
bad_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD_SHAPES / sizeof BAD_SHAPES[0]; i++) {
        struct jws j = {0};
        struct why why = {0};

        assert_int_equal(jws_read(slice_text(BAD_SHAPES[i].text), NULL, ALL, &j, &why),
                         ERR_MALFORMED);
        assert_reason(&BAD_SHAPES[i], &why);
    }
}

static void
length_is_bounded_before_anything_is_done(void **state)
{
    AUTO(mem_free_bytes) uint8_t *big = mem_new(JWT_MAX + 1, 1);
    struct jws j = {0};
    struct why why = {0};

    (void)state;
    memset(big, 'A', JWT_MAX + 1);
    big[4] = big[9] = '.';
    assert_int_equal(jws_read((struct slice){big, JWT_MAX + 1}, NULL, ALL, &j, &why), ERR_LIMIT);
    why = (struct why){0};
    assert_int_equal(jws_read((struct slice){big, JWT_MAX}, NULL, ALL, &j, &why), ERR_MALFORMED);
    assert_null(j.header);
}

static void
key_and_algorithm_must_agree(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    AUTO(jose_key_done) struct jose_key p384 = desk_key(JOSE_ES384);
    AUTO(jose_key_done) struct jose_key other = desk_key(JOSE_ES256);
    struct desk_text text = desk_jws(&key, "{\"alg\":\"ES256\"}", "{}");
    AUTO(jws_done) struct jws j = {0};
    struct why why = {0};
    const struct jose_key *const wrong[] = {&p384, &other};

    (void)state;
    assert_int_equal(jws_read(slice_text(text.text), NULL, ALL, &j, &why), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        AUTO(jwk_done) struct jwk k = {0};
        struct desk_text jwk = desk_jwk(wrong[i]);

        why = (struct why){0};
        assert_int_equal(read_jwk(jwk.text, &k, &why), ERR_OK);
        assert_int_equal(jws_verify(&j, &k.key, k.alg, &why), ERR_UNAUTHENTICATED);
        assert_int_equal(jws_verify(&j, &k.key, JOSE_ES256, &why), ERR_UNAUTHENTICATED);
        assert_int_equal(jws_verify(&j, &k.key, JOSE_RS256, &why), ERR_UNAUTHENTICATED);
    }
}

/* --- signing keys --- */

static void
private_keys_from_pem(void **state)
{
    static const enum jose_alg ALGS[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        AUTO(jose_key_done) struct jose_key key = desk_key(ALGS[i]);
        AUTO(jose_key_done) struct jose_key back = {0};
        BIO *bio = BIO_new(BIO_s_mem());
        char pem[1024] = "";
        struct why why = {0};

        assert_int_equal(PEM_write_bio_PrivateKey(bio, key.handle, NULL, NULL, 0, NULL, NULL), 1);
        assert_true(BIO_read(bio, pem, sizeof pem - 1) > 0);
        BIO_free(bio);
        assert_int_equal(jose_key_pem(slice_text(pem), &back, &why), ERR_OK);
        assert_int_equal(back.alg, ALGS[i]);
        assert_string_equal(back.jkt_text, key.jkt_text);
    }
}

static void
bad_private_keys(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    char pem[4096] = "";
    struct jose_key k = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(jose_key_pem(slice_text("nonsense"), &k, &why), ERR_MALFORMED);
    assert_int_equal(jose_key_pem(slice_text(""), &k, &why), ERR_LIMIT);
    assert_int_equal(PEM_write_bio_PrivateKey(bio, rsa, NULL, NULL, 0, NULL, NULL), 1);
    assert_true(BIO_read(bio, pem, sizeof pem - 1) > 0);
    why = (struct why){0};
    assert_int_equal(jose_key_pem(slice_text(pem), &k, &why), ERR_DENIED);
    assert_string_equal(why_text(&why), "signing key: want EC P-256, EC P-384 or Ed25519");

    /* With a passphrase: refused, and nobody is asked for it. */
    memset(pem, 0, sizeof pem);
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, ec, EVP_aes_128_cbc(), "pass", 4, NULL, NULL), 1);
    assert_true(BIO_read(bio, pem, sizeof pem - 1) > 0);
    assert_int_equal(jose_key_pem(slice_text(pem), &k, &why), ERR_MALFORMED);
    assert_int_equal(jose_key_make(JOSE_RS256, &k, &why), ERR_DENIED);
    assert_null(k.handle);
    BIO_free(bio);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static void
own_jwk_is_public(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    AUTO(json_free) json_t *obj = jose_key_jwk(&key);

    (void)state;
    assert_int_equal(json_object_size(obj), 4);
    assert_null(json_object_get(obj, "d"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thumbprints_of_the_rfcs),
        cmocka_unit_test(thumbprint_of_p384),
        cmocka_unit_test(harmless_members_are_ignored),
        cmocka_unit_test(bad_jwks),
        cmocka_unit_test(every_algorithm_signs_and_verifies),
        cmocka_unit_test(rfc7515_es256),
        cmocka_unit_test(typ_may_be_spelled_as_a_media_type),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(unknown_header_members_are_allowed),
        cmocka_unit_test(kid_is_bounded),
        cmocka_unit_test(bad_shapes),
        cmocka_unit_test(length_is_bounded_before_anything_is_done),
        cmocka_unit_test(key_and_algorithm_must_agree),
        cmocka_unit_test(private_keys_from_pem),
        cmocka_unit_test(bad_private_keys),
        cmocka_unit_test(own_jwk_is_public),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
