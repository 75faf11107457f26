/* SPDX-License-Identifier: Apache-2.0 */
/* test_dpop.c - DPoP proofs: the vectors of RFC 9449, every rule of its section 4.3 broken once, and URLs that must, or must not,
 * be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test/unit/jose_desk.h"

enum { NOW = 1800000000 };

#define URL   "https://broker.example/token"
#define HEAD  "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@}"
#define CLAIM "{\"jti\":\"j1\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}"

static const struct dpop_want WANT = {
    .htm = "POST", .htu = URL, .now = NOW, .past_s = 60, .future_s = 10};

/* Accepted or not, and never anything between. */
static enum err
check(const char *proof, const struct dpop_want *want, struct dpop *out, struct why *why)
{
    enum err err = dpop_check(slice_text(proof), want, out, why);

    assert_true(err == ERR_OK || err == ERR_UNAUTHENTICATED);
    assert_int_equal(why->n > 0, err != ERR_OK);
    assert_int_equal(out->jwk.key.type == KEY_NONE, err != ERR_OK);
    return err;
}

static bool
accepted(const char *proof, const struct dpop_want *want)
{
    AUTO(dpop_done) struct dpop d = {0};
    struct why why = {0};

    return check(proof, want, &d, &why) == ERR_OK;
}

static struct desk_text
proof_of(const struct jose_key *k, const char *header, const char *payload)
{
    struct desk_text jwk = desk_jwk(k);
    struct desk_text filled = desk_fill(header, jwk.text);

    return desk_jws(k, filled.text, payload);
}

/* RFC 9449 section 4.1 and, with an access token, section 7.1. */
static void
rfc9449_examples(void **state)
{
    static const char TOKEN_PROOF[] =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0"
        "VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10"
        "NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj"
        "oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2f"
        "Q.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    static const char RESOURCE_PROOF[] =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0"
        "VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10"
        "NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIj"
        "oiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhd"
        "CI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9"
        ".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    struct dpop_want want = {.htm = "POST",
                             .htu = "https://server.example.com/token",
                             .now = 1562262616,
                             .past_s = 60,
                             .future_s = 5};
    AUTO(dpop_done) struct dpop d = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(check(TOKEN_PROOF, &want, &d, &why), ERR_OK);
    assert_string_equal(d.jwk.jkt_text, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_true(d.iat == 1562262616);
    assert_string_equal(d.nonce, "");
    want.now += 3600;
    assert_false(accepted(TOKEN_PROOF, &want));

    want = (struct dpop_want){.htm = "GET",
                              .htu = "https://resource.example.org/protectedresource",
                              .access_token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
                              .now = 1562262618,
                              .past_s = 60,
                              .future_s = 5};
    assert_true(accepted(RESOURCE_PROOF, &want));
    want.access_token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxV";
    assert_false(accepted(RESOURCE_PROOF, &want));
}

static void
made_proofs_are_accepted(void **state)
{
    static const enum jose_alg ALGS[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        AUTO(jose_key_done) struct jose_key key = desk_key(ALGS[i]);
        AUTO(mem_free_text) char *proof = NULL;
        AUTO(dpop_done) struct dpop d = {0};
        struct dpop_want want = WANT;
        struct why why = {0};

        want.access_token = "the-token";
        assert_int_equal(dpop_make(&key, "POST", URL, "n-1", "the-token", NOW, &proof, &why),
                         ERR_OK);
        assert_int_equal(check(proof, &want, &d, &why), ERR_OK);
        assert_int_equal(d.jwk.alg, ALGS[i]);
        assert_memory_equal(d.jwk.jkt, key.jkt, JKT_LEN);
        assert_string_equal(d.nonce, "n-1");
        assert_int_equal(strlen(d.jti_hash), 64);
        want.access_token = "another-token";
        assert_false(accepted(proof, &want));
    }
}

/* The newer name of the same algorithm (RFC 9864). */
static void
ed25519_by_either_name(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_EDDSA);
    struct desk_text a =
        proof_of(&key, "{\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\",\"jwk\":@}", CLAIM);
    struct desk_text b =
        proof_of(&key, "{\"typ\":\"dpop+jwt\",\"alg\":\"Ed25519\",\"jwk\":@}", CLAIM);
    struct desk_text c =
        proof_of(&key, "{\"typ\":\"dpop+jwt\",\"alg\":\"ed25519\",\"jwk\":@}", CLAIM);

    (void)state;
    assert_true(accepted(a.text, &WANT));
    assert_true(accepted(b.text, &WANT));
    assert_false(accepted(c.text, &WANT));
}

/* The numbers are those of the list of negative cases in the token endpoint's specification. */
struct bad {
    const char *header;
    const char *payload;
    const char *why; /* part of the innermost reason */
};

#define P(htm, htu, iat) "{\"jti\":\"j1\",\"htm\":\"" htm "\",\"htu\":\"" htu "\",\"iat\":" iat "}"
#define H(members)       "{\"typ\":\"dpop+jwt\"," members ",\"jwk\":@}"

static const struct bad BAD[] = {
    /* 5 */ {"{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":@}", CLAIM, "typ \"JWT\""},
    /* 6 */ {"{\"alg\":\"ES256\",\"jwk\":@}", CLAIM, "\"typ\" is missing"},
    /* 7 */ {H("\"alg\":\"none\""), CLAIM, "alg \"none\""},
    /* 8 */ {H("\"alg\":\"HS256\""), CLAIM, "alg \"HS256\""},
    /* 9 */ {H("\"alg\":\"RS256\""), CLAIM, "alg \"RS256\""},
    /* 10 */ {H("\"alg\":\"ES384\""), CLAIM, "not the one the key is for"},
    {"{\"typ\":\"dpop+jwt\",\"jwk\":@}", CLAIM, "\"alg\" is missing"},
    /* 12 */
    {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\"}}", CLAIM, "is a secret"},
    /* 13 */ {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}", CLAIM, "jwk: missing"},
    {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":\"x\"}", CLAIM, "jwk: missing or not"},
    /* 17 */ {H("\"alg\":\"ES256\",\"crit\":[\"x\"]"), CLAIM, "\"crit\" is refused"},
    /* 18 */ {H("\"alg\":\"ES256\",\"b64\":false"), CLAIM, "\"b64\" is refused"},
    /* 21 */
    {HEAD,
     "{\"jti\":\"j1\",\"htm\":\"GET\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}",
     "duplicate member"},
    /* 22 */ {HEAD, P("GET", URL, "1800000000"), "htm is \"GET\", want \"POST\""},
    /* 23 */ {HEAD, P("post", URL, "1800000000"), "htm is \"post\""},
    {HEAD, P("POST ", URL, "1800000000"), "htm is \"POST \""},
    {HEAD, "{\"jti\":\"j1\",\"htu\":\"" URL "\",\"iat\":1800000000}", "htm is missing"},
    {HEAD, "{\"jti\":\"j1\",\"htm\":7,\"htu\":\"" URL "\",\"iat\":1800000000}",
     "htm is of another type"},
    /* 24 */ {HEAD, P("POST", "https://broker.example/tokens", "1800000000"), "htu is"},
    /* 25 */ {HEAD, P("POST", "https://broker.example/Token", "1800000000"), "htu is"},
    /* 26 */ {HEAD, P("POST", "http://broker.example/token", "1800000000"), "htu is"},
    /* 27 */ {HEAD, P("POST", "https://evil.example/token", "1800000000"), "htu is"},
    {HEAD, P("POST", "https://broker.example:8443/token", "1800000000"), "htu is"},
    {HEAD, P("POST", "https://broker.example/token/", "1800000000"), "htu is"},
    {HEAD, P("POST", "https://broker.example@evil.example/token", "1800000000"),
     "user information"},
    {HEAD, P("POST", "/token", "1800000000"), "not absolute"},
    /* 29 */ {HEAD, "{\"jti\":\"j1\",\"htm\":\"POST\",\"iat\":1800000000}", "htu is missing"},
    /* 32 */ {HEAD, "{\"jti\":\"j1\",\"htm\":\"POST\",\"htu\":\"" URL "\"}", "iat is missing"},
    /* 33 */ {HEAD, P("POST", URL, "\"1800000000\""), "iat is of another type"},
    {HEAD, P("POST", URL, "1800000000.0"), "iat is of another type"},
    {HEAD, P("POST", URL, "18e8"), "iat is of another type"},
    {HEAD, P("POST", URL, "null"), "iat is of another type"},
    /* 34, 35 */ {HEAD, P("POST", URL, "1799996400"), "iat is 1799996400"},
    {HEAD, P("POST", URL, "1800003600"), "iat is 1800003600"},
    {HEAD, P("POST", URL, "1799999939"), "want -60 to +10 s"},
    {HEAD, P("POST", URL, "1800000011"), "want -60 to +10 s"},
    {HEAD, P("POST", URL, "9223372036854775807"), "want -60 to +10 s"},
    {HEAD, P("POST", URL, "-9223372036854775808"), "want -60 to +10 s"},
    {HEAD, P("POST", URL, "9223372036854775808"), "number out of range"},
    /* 36 */ {HEAD, "{\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}", "jti is missing"},
    /* 37 */
    {HEAD, "{\"jti\":\"\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}",
     "jti has 0 bytes"},
    {HEAD, "{\"jti\":5,\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}",
     "jti is of another"},
    /* 45 */
    {HEAD, "{\"jti\":\"j\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000,\"nonce\":1}",
     "nonce is of another type"},
    {HEAD, "{\"jti\":\"j\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000,\"nonce\":\"\"}",
     "nonce has 0 bytes"},
    {HEAD,
     "{\"jti\":\"j\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000,\"nonce\":\"a b\"}",
     "nonce holds a character"},
    {HEAD, "{\"jti\":\"j\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000,\"ath\":1}",
     "ath is of another type"},
    {HEAD, "[]", "not a JSON object"},
};

static void
assert_reason(size_t row, const struct why *why)
{
    if (strstr(why_text(why), BAD[row].why) == NULL) {
        fail_msg("row %zu: \"%s\", want \"%s\"", row, why_text(why), BAD[row].why);
    }
}

static void
every_rule_refuses_by_name(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct desk_text proof = proof_of(&key, BAD[i].header, BAD[i].payload);
        struct dpop d = {0};
        struct why why = {0};

        assert_int_equal(check(proof.text, &WANT, &d, &why), ERR_UNAUTHENTICATED);
        assert_reason(i, &why);
    }
}

/* Cases 30 and 31, and what else only looks different: refusing these would be over-strict. */
static void
equal_urls_are_accepted(void **state)
{
    static const char *const URLS[] = {
        "https://broker.example/token?query#fragment",
        "HTTPS://broker.example/token",
        "https://BROKER.example/token",
        "https://broker.example:443/token",
        "https://broker.example:/token",
        "https://broker.example/%74oken",
        "https://broker.example/a/../token",
        "https://broker.example/./token",
    };
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    char first[65] = "";

    (void)state;
    for (size_t i = 0; i < sizeof URLS / sizeof URLS[0]; i++) {
        struct desk_text claims = desk_fill(
            "{\"jti\":\"j1\",\"htm\":\"POST\",\"htu\":\"@\",\"iat\":1800000000}", URLS[i]);
        struct desk_text proof = proof_of(&key, HEAD, claims.text);
        AUTO(dpop_done) struct dpop d = {0};
        struct why why = {0};

        assert_int_equal(check(proof.text, &WANT, &d, &why), ERR_OK);
        if (i == 0) {
            memcpy(first, d.jti_hash, sizeof first);
        }
        assert_string_equal(d.jti_hash, first); /* no spelling makes a replay look new */
    }
}

static void
window_is_inclusive(void **state)
{
    static const char *const IATS[] = {"1799999940", "1800000010"};
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct desk_text claims =
            desk_fill("{\"jti\":\"j1\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":@}", IATS[i]);
        struct desk_text proof = proof_of(&key, HEAD, claims.text);

        assert_true(accepted(proof.text, &WANT));
    }
}

static void
jti_is_bounded_and_hashed_with_its_place(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    char jti[JTI_MAX + 2] = "";
    uint8_t input[JKT_LEN + 1 + sizeof URL + JTI_MAX] = {0};
    uint8_t digest[SHA256_LEN];
    char want[65];
    AUTO(dpop_done) struct dpop d = {0};
    struct why why = {0};

    (void)state;
    memset(jti, 'j', JTI_MAX);
    for (size_t len = JTI_MAX; len <= JTI_MAX + 1; len++) {
        jti[JTI_MAX] = (char)(len > JTI_MAX ? 'j' : '\0');

        struct desk_text claims = desk_fill(
            "{\"jti\":\"@\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}", jti);
        struct desk_text proof = proof_of(&key, HEAD, claims.text);

        assert_int_equal(accepted(proof.text, &WANT), len == JTI_MAX);
    }

    /* SHA-256(jkt || 0 || htu || 0 || jti), put together by hand. */
    struct desk_text proof = proof_of(&key, HEAD, CLAIM);

    memcpy(input, key.jkt, JKT_LEN);
    memcpy(input + JKT_LEN + 1, URL, sizeof URL);
    input[JKT_LEN + 1 + sizeof URL] = 'j';
    input[JKT_LEN + 1 + sizeof URL + 1] = '1';
    hash_sha256((struct slice){input, JKT_LEN + 1 + sizeof URL + 2}, digest);
    hex_encode((struct slice){digest, sizeof digest}, want);
    assert_int_equal(check(proof.text, &WANT, &d, &why), ERR_OK);
    assert_string_equal(d.jti_hash, want);
}

/* Cases 3, 4, 11, 14, 15, 16, 19, 20: wrong in the text or the key rather than in a claim. */
static void
wrong_texts_and_keys(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    AUTO(jose_key_done) struct jose_key other = desk_key(JOSE_ES256);
    struct desk_text good = proof_of(&key, HEAD, CLAIM);
    struct desk_text theirs = desk_jwk(&other);
    struct desk_text header = desk_fill(HEAD, theirs.text);
    struct desk_text bad = desk_jws(&key, header.text, CLAIM); /* 15 */
    struct desk_text pair = {""};
    AUTO(json_free) json_t *jwk = jose_key_jwk(&key);

    (void)state;
    assert_true(accepted(good.text, &WANT));
    assert_false(accepted(bad.text, &WANT));
    (void)snprintf(pair.text, sizeof pair.text, "%.1500s,%.1500s", good.text, good.text); /* 3 */
    assert_false(accepted(pair.text, &WANT));
    (void)snprintf(pair.text, sizeof pair.text, " %.1500s", good.text);
    assert_false(accepted(pair.text, &WANT));
    (void)snprintf(pair.text, sizeof pair.text, "%.1500s=", good.text); /* 19 */
    assert_false(accepted(pair.text, &WANT));
    assert_false(accepted("not a jwt", &WANT)); /* 4 */
    assert_false(accepted("", &WANT));

    (void)json_object_set_new(jwk, "d", json_string("AA")); /* 11 */
    AUTO(mem_free_text) char *with_d = json_text(jwk);
    struct desk_text private_header = desk_fill(HEAD, with_d);

    bad = desk_jws(&key, private_header.text, CLAIM);
    assert_false(accepted(bad.text, &WANT));

    (void)json_object_del(jwk, "d");
    (void)json_object_set(jwk, "x", json_object_get(jwk, "y")); /* 14 */
    AUTO(mem_free_text) char *off_curve = json_text(jwk);
    struct desk_text off_header = desk_fill(HEAD, off_curve);

    bad = desk_jws(&key, off_header.text, CLAIM);
    assert_false(accepted(bad.text, &WANT));
}

static void
der_signature_is_refused(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    struct desk_text proof = proof_of(&key, HEAD, CLAIM);
    char *dot = strrchr(proof.text, '.');
    uint8_t sig[DESK_SIG];
    struct dpop d = {0};
    struct why why = {0};

    (void)state;
    *dot = '\0';

    size_t len = desk_sign(key.handle, EVP_sha256(), true, slice_text(proof.text), sig);

    *dot = '.';
    b64url_encode((struct slice){sig, len}, dot + 1);
    assert_int_equal(check(proof.text, &WANT, &d, &why), ERR_UNAUTHENTICATED);
    assert_non_null(strstr(why_text(&why), "bytes, want 64"));
}

static void
p384_key_signed_as_es256_is_refused(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES384);
    struct desk_text proof = proof_of(&key, HEAD, CLAIM); /* alg ES256, key P-384: case 10 */
    struct dpop d = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(check(proof.text, &WANT, &d, &why), ERR_UNAUTHENTICATED);
    assert_non_null(strstr(why_text(&why), "not the one the key is for"));
}

static void
no_truncation_and_no_flipped_bit_is_accepted(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    struct desk_text good = proof_of(&key, HEAD, CLAIM);
    size_t len = strlen(good.text);

    (void)state;
    for (size_t n = 0; n < len; n++) {
        struct desk_text cut = good;

        cut.text[n] = '\0';
        assert_false(accepted(cut.text, &WANT));
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct desk_text flipped = good;

        flipped.text[bit / 8] = (char)(flipped.text[bit / 8] ^ (1 << bit % 8));
        assert_false(accepted(flipped.text, &WANT));
    }
    assert_true(accepted(good.text, &WANT));
}

static void
ath_is_checked_when_a_token_is_given(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    struct desk_text without = proof_of(&key, HEAD, CLAIM);
    struct dpop_want want = WANT;
    struct dpop d = {0};
    struct why why = {0};

    (void)state;
    want.access_token = "secret-token";
    assert_int_equal(check(without.text, &want, &d, &why), ERR_UNAUTHENTICATED);
    assert_string_equal(why_text(&why), "ath is missing");
}

static void
reasons_hold_no_token_bytes(void **state)
{
    AUTO(jose_key_done) struct jose_key key = desk_key(JOSE_ES256);
    struct dpop_want want = WANT;

    (void)state;
    want.access_token = "secret-token";
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct desk_text proof = proof_of(&key, BAD[i].header, BAD[i].payload);
        const char *sig = strrchr(proof.text, '.') + 1;
        struct dpop d = {0};
        struct why why = {0};
        char start[9] = "";

        memcpy(start, sig, sizeof start - 1);
        assert_int_equal(check(proof.text, &want, &d, &why), ERR_UNAUTHENTICATED);
        for (size_t link = 0; link < why.n; link++) {
            assert_null(strstr(why.link[link], start));
            assert_null(strstr(why.link[link], "secret-token"));
        }
    }
}

/* --- htu_normalise --- */

/* A URL and what it becomes; NULL: refused. */
static const char *const PAIRS[][2] = {
    {"https://a", "https://a/"},
    {"HtTpS://A.Example", "https://a.example/"},
    {"https://a/?q", "https://a/"},
    {"https://a?q=/x", "https://a/"},
    {"https://a#f", "https://a/"},
    {"https://a:443/x", "https://a/x"},
    {"http://a:80/x", "http://a/x"},
    {"http://a:443/x", "http://a:443/x"},
    {"https://a:0443/x", "https://a:0443/x"},
    {"https://a:/x", "https://a/x"},
    {"https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x"},
    {"https://a/%7euser/%41%2d%2E%5f", "https://a/~user/A-._"},
    {"https://a/%2f%c3%a9", "https://a/%2F%C3%A9"},
    {"https://%41.b/x", "https://a.b/x"},
    {"https://a%c3%a9/x", "https://a%C3%A9/x"},
    {"https://a/x/./y", "https://a/x/y"},
    {"https://a/x/../y", "https://a/y"},
    {"https://a/x/%2e%2E/y", "https://a/y"},
    {"https://a/../../y", "https://a/y"},
    {"https://a/x/..", "https://a/"},
    {"https://a/x/y/..", "https://a/x/"},
    {"https://a/x/.", "https://a/x/"},
    {"https://a/.", "https://a/"},
    {"https://a/..", "https://a/"},
    {"https://a/x//y", "https://a/x//y"},
    {"https://a/x/...", "https://a/x/..."},
    {"https://a/x;p=1,2/@:!$&'()*+=", "https://a/x;p=1,2/@:!$&'()*+="},
    {"https://a/mi%64/%6x", NULL},
    {"https://a/%", NULL},
    {"https://a/%4", NULL},
    {"https://a/ x", NULL},
    {"https://a/\\x", NULL},
    {"https://a/\xc3\xa9", NULL},
    {"https://a/\"", NULL},
    {"https://u@a/", NULL},
    {"https://u:p@a/", NULL},
    {"https://@a/", NULL},
    {"https:///x", NULL},
    {"https://:443/x", NULL},
    {"https://a:b/x", NULL},
    {"https://a:1:2/x", NULL},
    {"https://[::1/x", NULL},
    {"https://[::1]x/", NULL},
    {"https://a[b/x", NULL},
    {"https:/a/x", NULL},
    {"https:a", NULL},
    {"//a/x", NULL},
    {"a", NULL},
    {"", NULL},
    {"ftp://a/x", NULL},
    {"file:///x", NULL},
    {" https://a/", NULL},
};

static void
becomes(const char *in, const char *want)
{
    struct why why = {0};
    char out[128] = "?";
    char again[128] = "?";
    enum err err = htu_normalise(slice_text(in), out, sizeof out, &why);

    assert_int_equal(err, want == NULL ? ERR_MALFORMED : ERR_OK);
    if (want != NULL) {
        assert_string_equal(out, want);
        assert_int_equal(htu_normalise(slice_text(out), again, sizeof again, &why), ERR_OK);
        assert_string_equal(again, out);
    }
}

static void
urls_become(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PAIRS / sizeof PAIRS[0]; i++) {
        becomes(PAIRS[i][0], PAIRS[i][1]);
    }
}

static void
url_must_fit(void **state)
{
    static const char IN[] = "https://a.example/path";

    (void)state;
    for (size_t cap = 0; cap < sizeof IN; cap++) {
        char out[sizeof IN + 1];
        struct why why = {0};

        memset(out, 0x5a, sizeof out);
        assert_int_equal(htu_normalise(slice_text(IN), out, cap, &why), ERR_LIMIT);
        assert_int_equal(out[cap], 0x5a);
    }

    char out[sizeof IN];
    struct why why = {0};

    assert_int_equal(htu_normalise(slice_text(IN), out, sizeof out, &why), ERR_OK);
    assert_int_equal(
        htu_normalise((struct slice){(const uint8_t *)"https://a/\0b", 12}, out, sizeof out, &why),
        ERR_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9449_examples),
        cmocka_unit_test(made_proofs_are_accepted),
        cmocka_unit_test(ed25519_by_either_name),
        cmocka_unit_test(every_rule_refuses_by_name),
        cmocka_unit_test(equal_urls_are_accepted),
        cmocka_unit_test(window_is_inclusive),
        cmocka_unit_test(jti_is_bounded_and_hashed_with_its_place),
        cmocka_unit_test(wrong_texts_and_keys),
        cmocka_unit_test(der_signature_is_refused),
        cmocka_unit_test(p384_key_signed_as_es256_is_refused),
        cmocka_unit_test(no_truncation_and_no_flipped_bit_is_accepted),
        cmocka_unit_test(ath_is_checked_when_a_token_is_given),
        cmocka_unit_test(reasons_hold_no_token_bytes),
        cmocka_unit_test(urls_become),
        cmocka_unit_test(url_must_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
