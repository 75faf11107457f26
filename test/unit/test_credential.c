/* SPDX-License-Identifier: Apache-2.0 */
/* test_credential.c - what credentials are made of: OAEP against OpenSSL's decryption, Diffie-Hellman from both sides, the derivations and
 * the cipher against values computed elsewhere; and what no credential is made for.  Whole credentials are opened by
 * test/vectors/run_credential.py and by a TPM there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "attest/base/text.h"
#include "attest/sig/ecdh.h"
#include "attest/sig/kdf.h"
#include "attest/sig/oaep.h"
#include "attest/tpm/credential.h"

enum { SPKI_MAX = 1100, RSA_BITS = 2048, RSA_LEN = RSA_BITS / 8 };

static struct sig_key
public_of(EVP_PKEY *key)
{
    uint8_t spki[SPKI_MAX];
    uint8_t *at = spki;
    int len = i2d_PUBKEY(key, NULL);
    struct sig_key out = {0};
    struct why why = {0};

    assert_true(len > 0 && len <= SPKI_MAX && i2d_PUBKEY(key, &at) == len);
    assert_int_equal(sig_key_spki((struct slice){spki, (size_t)len}, &out, &why), ERR_OK);
    return out;
}

static void
fill(uint8_t *dst, size_t len, uint8_t from)
{
    for (size_t i = 0; i < len; i++) {
        dst[i] = (uint8_t)(from + 7 * i);
    }
}

/* ---- OAEP ---- */

/* Decrypted by OpenSSL; false when it finds no message. */
static bool
decrypt(EVP_PKEY *key, const EVP_MD *md, const char *label, const uint8_t *in, uint8_t *out,
        size_t *len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    char *copy = OPENSSL_strdup(label);
    bool ok = EVP_PKEY_decrypt_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
              EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
              EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)strlen(label)) == 1;

    assert_true(ok);
    *len = RSA_LEN;
    ok = EVP_PKEY_decrypt(ctx, out, len, in, RSA_LEN) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static void
oaep_is_what_openssl_decrypts(void **state)
{
    static const unsigned HASHES[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
    EVP_PKEY *key = EVP_RSA_gen(RSA_BITS);
    struct sig_key public = public_of(key);
    uint8_t message[RSA_LEN];
    uint8_t seed[HASH_MAX];

    (void)state;
    fill(message, sizeof message, 3);
    for (size_t i = 0; i < 3 * 64; i++) {
        unsigned alg = HASHES[i % 3];
        const EVP_MD *md = alg == HASH_SHA256   ? EVP_sha256()
                           : alg == HASH_SHA384 ? EVP_sha384()
                                                : EVP_sha512();
        size_t most = RSA_LEN - 2 * hash_len(alg) - 2;
        struct oaep in = {
            alg, slice_text("label"), {message, i % (most + 1)}, {seed, hash_len(alg)}};
        uint8_t sealed[SIG_NUMBER_MAX], opened[RSA_LEN];
        struct why why = {0};
        size_t len = 0;

        fill(seed, sizeof seed, (uint8_t)i);
        assert_int_equal(oaep_encrypt(&public, &in, sealed, &why), ERR_OK);
        assert_true(decrypt(key, md, "label", sealed, opened, &len));
        assert_true(len == in.message.len && memcmp(opened, message, len) == 0);
        assert_false(decrypt(key, md, "Label", sealed, opened, &len));
        in.message.len = most;
        assert_int_equal(oaep_encrypt(&public, &in, sealed, &why), ERR_OK);
        in.message.len = most + 1;
        assert_int_equal(oaep_encrypt(&public, &in, sealed, &why), ERR_LIMIT);
    }
    sig_key_done(&public);
    EVP_PKEY_free(key);
}

static void
oaep_refuses(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(RSA_BITS);
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    struct sig_key rsa_public = public_of(rsa);
    struct sig_key ec_public = public_of(ec);
    uint8_t seed[HASH_MAX] = {0};
    uint8_t sealed[SIG_NUMBER_MAX];
    struct oaep in = {HASH_SHA256, slice_text(""), slice_text("m"), {seed, SHA256_LEN}};
    struct why why = {0};

    (void)state;
    assert_int_equal(oaep_encrypt(&ec_public, &in, sealed, &why), ERR_DENIED);
    in.seed.len--;
    assert_int_equal(oaep_encrypt(&rsa_public, &in, sealed, &why), ERR_BUG);
    in.seed.len = 20;
    in.hash_alg = HASH_SHA1;
    assert_int_equal(oaep_encrypt(&rsa_public, &in, sealed, &why), ERR_DENIED);
    sig_key_done(&rsa_public);
    sig_key_done(&ec_public);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

/* ---- Diffie-Hellman ---- */

/* The other side, by OpenSSL. */
static void
agrees(EVP_PKEY *key, const char *group, const struct ecdh *e)
{
    uint8_t point[1 + 2 * ECDH_FIELD_MAX] = {0x04};
    uint8_t z[ECDH_FIELD_MAX];
    size_t len = sizeof z;
    EVP_PKEY *peer = EVP_EC_gen(group); /* for its group */

    memcpy(point + 1, e->x, e->len);
    memcpy(point + 1 + e->len, e->y, e->len);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, point, 1 + 2 * e->len), 1);

    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

    assert_true(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1);
    assert_int_equal(EVP_PKEY_derive(ctx, z, &len), 1);
    assert_true(len == e->len && memcmp(z, e->z, len) == 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
}

static void
both_sides_agree(void **state)
{
    static const char *const GROUPS[] = {"P-256", "P-384"};

    (void)state;
    for (size_t i = 0; i < 2 * 40; i++) {
        EVP_PKEY *key = EVP_EC_gen(GROUPS[i % 2]);
        struct sig_key public = public_of(key);
        uint8_t random[ECDH_RANDOM];
        struct ecdh e = {0};
        struct why why = {0};

        fill(random, sizeof random, (uint8_t)i);
        assert_int_equal(ecdh_make(&public, random, &e, &why), ERR_OK);
        assert_int_equal(e.len, i % 2 == 0 ? 32 : 48);
        assert_memory_equal(e.peer_x, public.number, e.len);
        agrees(key, GROUPS[i % 2], &e);
        ecdh_done(&e);
        sig_key_done(&public);
        EVP_PKEY_free(key);
    }
}

static void
no_private_key_and_other_curves(void **state)
{
    static const char *const OTHERS[] = {"P-521", NULL};
    static const uint8_t NOTHING[ECDH_RANDOM] = {0};
    uint8_t ones[ECDH_RANDOM];
    EVP_PKEY *key = EVP_EC_gen("P-384");
    struct sig_key public = public_of(key);
    struct ecdh e = {0};
    struct why why = {0};

    (void)state;
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(ecdh_make(&public, NOTHING, &e, &why), ERR_UNABLE);
    assert_int_equal(ecdh_make(&public, ones, &e, &why), ERR_UNABLE);
    ones[ECDH_FIELD_MAX] = 0; /* the second candidate is below the order */
    assert_int_equal(ecdh_make(&public, ones, &e, &why), ERR_OK);
    sig_key_done(&public);
    EVP_PKEY_free(key);
    for (size_t i = 0; i < 2; i++) {
        key = OTHERS[i] != NULL ? EVP_EC_gen(OTHERS[i]) : EVP_RSA_gen(RSA_BITS);
        public = public_of(key);
        ones[0] = 1;
        assert_int_equal(ecdh_make(&public, ones, &e, &why), ERR_DENIED);
        sig_key_done(&public);
        EVP_PKEY_free(key);
    }
}

/* ---- derivations ---- */

static void
is_hex(const uint8_t *got, size_t len, const char *want)
{
    char hex[2 * HASH_MAX + 1];

    hex_encode((struct slice){got, len}, hex);
    assert_string_equal(hex, want);
}

/* Of Python's hmac, hashlib and cryptography, by the formulas of the two publications. */
static void
derivations_by_the_formulas(void **state)
{
    uint8_t secret[SHA256_LEN], key[HASH_MAX];
    const struct slice s = {secret, sizeof secret};
    struct why why = {0};

    (void)state;
    fill(secret, sizeof secret, 1);
    assert_int_equal(kdf_counter(HASH_SHA256, s, slice_text("STORAGE"), slice_text("name"),
                                 &(struct kdf_out){key, 16}, &why),
                     ERR_OK);
    is_hex(key, 16, "d6e7ae7d22e2094195d303b5fb334350");
    assert_int_equal(kdf_counter(HASH_SHA384, s, slice_text("INTEGRITY"), (struct slice){0},
                                 &(struct kdf_out){key, 48}, &why),
                     ERR_OK);
    is_hex(key, 48,
           "fffaed2c22341633d62fc85923954562d66f1e2225d3ef02e75031ef0bfaa5cd"
           "5d97a7f7a6d495cab2093af0c6ab9acd");
    assert_int_equal(
        kdf_one_step(HASH_SHA256, s, slice_text("info"), &(struct kdf_out){key, 32}, &why), ERR_OK);
    is_hex(key, 32, "a007d67ceadd8bb43feab6a1469a1479fc5e8e909b19f5f68f65840ba8d0ae7a");
    assert_int_equal(kdf_hmac(HASH_SHA512, s, slice_text("data"), key, &why), ERR_OK);
    is_hex(key, 64,
           "df22f979ddb5b64fa8751084418d91e18afe013f51563eb161ed6dbf73d2dd17"
           "3e71ef08e577ab65d5f44eb803fa046a4ceb5c5a88aab74cad824f03b47d2910");
    assert_int_equal(
        kdf_cfb_encrypt(s, slice_text("thirty-four bytes are not a block!"), key, &why), ERR_OK);
    is_hex(key, 34,
           "804ca5310f9d1267d2bac78c9dd56a8e182d7893c6a6969fb9d85a12124148f2"
           "7926");
}

static void
derivations_refuse(void **state)
{
    uint8_t key[HASH_MAX];
    const struct kdf_out out = {key, 16};
    const struct slice s = slice_text("0123456789abcdef");
    struct why why = {0};

    (void)state;
    assert_int_equal(kdf_counter(HASH_SHA1, s, s, s, &out, &why), ERR_DENIED);
    assert_int_equal(kdf_one_step(HASH_SHA1, s, s, &out, &why), ERR_DENIED);
    assert_int_equal(kdf_hmac(HASH_SHA1, s, s, key, &why), ERR_DENIED);
    assert_int_equal(kdf_cfb_encrypt(slice_text("15 bytes of key"), s, key, &why), ERR_DENIED);
    assert_int_equal(kdf_cfb_encrypt(slice_text("24 bytes are AES-192, no"), s, key, &why),
                     ERR_DENIED);
}

/* ---- refusals ---- */

struct scene {
    uint8_t modulus[RSA_LEN], name[TPM_NAME_MAX], secret[TPM_CREDENTIAL_SECRET + 1];
    uint8_t random[TPM_CREDENTIAL_RANDOM];
    struct tpm_public ek;
    struct tpm_credential_in in;
};

static void
scene_open(struct scene *s)
{
    *s = (struct scene){0};
    memset(s->modulus, 0xc5, sizeof s->modulus); /* odd; nobody decrypts */
    s->ek = (struct tpm_public){.type = TPM_ALG_RSA,
                                .name_alg = HASH_SHA256,
                                .attributes = 0x000300b2,
                                .symmetric = TPM_ALG_AES,
                                .symmetric_bits = 128,
                                .symmetric_mode = TPM_ALG_CFB,
                                .key_bits = RSA_BITS,
                                .modulus = {s->modulus, sizeof s->modulus}};
    s->in = (struct tpm_credential_in){.ek = &s->ek,
                                       .ak_name = {s->name, 34},
                                       .secret = {s->secret, TPM_CREDENTIAL_SECRET},
                                       .random = {s->random, sizeof s->random}};
}

static void
gives(const struct scene *s, enum err want)
{
    struct tpm_credential made;
    struct why why = {0};
    enum err e = tpm_credential_make(&s->in, &made, &why);

    assert_int_equal(e, want);
    assert_int_equal(why.n > 0, want != ERR_OK);
    assert_int_equal(made.id_object_len, want == ERR_OK ? 2 + 2 + 32 + 2 + s->in.secret.len : 0);
    assert_int_equal(made.encrypted_secret_len, want == ERR_OK ? 2 + RSA_LEN : 0);
}

static void
nothing_is_made_out_of_shape(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    gives(&s, ERR_OK);
    s.in.secret.len = 1;
    gives(&s, ERR_OK);
    s.in.secret.len = 0;
    gives(&s, ERR_BUG);
    s.in.secret.len = TPM_CREDENTIAL_SECRET + 1;
    gives(&s, ERR_BUG);
    scene_open(&s);
    s.in.random.len--;
    gives(&s, ERR_BUG);
    scene_open(&s);
    s.in.ak_name.len = 33;
    gives(&s, ERR_BUG);
    s.in.ak_name.len = TPM_NAME_MAX + 1;
    gives(&s, ERR_BUG);
    scene_open(&s);
    s.ek.attributes |= 0x00040000; /* it signs */
    gives(&s, ERR_DENIED);
    scene_open(&s);
    s.ek.name_alg = HASH_SHA384;
    gives(&s, ERR_DENIED);
    scene_open(&s);
    s.modulus[RSA_LEN - 1] = 0x04; /* even */
    s.ek.exponent = 3;
    gives(&s, ERR_DENIED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oaep_is_what_openssl_decrypts),
        cmocka_unit_test(oaep_refuses),
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(no_private_key_and_other_curves),
        cmocka_unit_test(derivations_by_the_formulas),
        cmocka_unit_test(derivations_refuse),
        cmocka_unit_test(nothing_is_made_out_of_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
