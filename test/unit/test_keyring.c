/* SPDX-License-Identifier: Apache-2.0 */
/* test_keyring.c - keys are made once, only for us, and taken from nowhere else. */
#include "test/unit/mint_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "broker/mint/keyring.h"
#include "common/jose.h"
#include "common/json.h"

static const char *const FILES[] = {"keys/token-es256.pem", "keys/log-ed25519.pem",
                                    "keys/challenge.key"};

struct place {
    char path[SCRATCH_PATH];
    int fd;
};

static int
setup(void **state)
{
    struct place *p = mem_new(1, sizeof *p);

    scratch_make(p->path);
    p->fd = scratch_open(p->path);
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    struct place *p = *state;

    (void)close(p->fd);
    scratch_remove(p->path);
    mem_free(p);
    return 0;
}

static mode_t
mode_of(const struct place *p, const char *name)
{
    struct stat st;

    assert_int_equal(fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st.st_mode & 07777;
}

static void
start(const struct place *p)
{
    struct keyring *k = NULL;
    struct why why = {0};

    fine(keyring_open(p->fd, &k, &why), &why);
    keyring_free(&k);
    assert_null(k);
}

static void
does_not_start(const struct place *p, const char *reason)
{
    struct keyring *k = NULL;
    struct why why = {0};

    refused(keyring_open(p->fd, &k, &why), ERR_UNABLE, &why, reason);
    assert_null(k);
}

static void
first_start_makes_private_files_and_later_ones_keep_them(void **state)
{
    struct place *p = *state;
    struct slice before[3];

    start(p);
    assert_int_equal(mode_of(p, "keys"), 0700);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(mode_of(p, FILES[i]), 0600);
        before[i] = scratch_read(p->path, FILES[i]);
    }
    assert_int_equal(faccessat(p->fd, "keys.new", F_OK, 0), -1);
    start(p);
    for (size_t i = 0; i < 3; i++) {
        struct slice after = scratch_read(p->path, FILES[i]);

        assert_true(slice_same(before[i], after));
        scratch_free(before[i]);
        scratch_free(after);
    }
}

static void
what_an_interrupted_start_left_is_replaced(void **state)
{
    struct place *p = *state;

    assert_int_equal(mkdirat(p->fd, "keys.new", 0700), 0);
    scratch_write(p->path, "keys.new/token-es256.pem", slice_text("half a k"), 0600);
    start(p);
    assert_int_equal(faccessat(p->fd, "keys.new", F_OK, 0), -1);
}

static void
signatures_verify_by_the_published_key(void **state)
{
    struct place *p = *state;
    struct keyring *k = NULL;
    struct why why = {0};
    char text[1024];
    struct wr w = wr_init((uint8_t *)text, sizeof text, "test");
    json_t *set = NULL;
    struct jwk jwk = {0};
    uint8_t sig[KEYRING_SIG];

    fine(keyring_open(p->fd, &k, &why), &why);
    fine(keyring_jwks(k, &w, &why), &why);
    fine(json_read(slice_text(text), &set, &why), &why);
    fine(jwk_read(json_array_get(json_object_get(set, "keys"), 0), &jwk, &why), &why);
    assert_string_equal(jwk.jkt_text, keyring_kid(k));
    assert_int_equal(jwk.alg, JOSE_ES256);
    for (int i = 0; i < 50; i++) {
        char message[32];

        (void)snprintf(message, sizeof message, "message %d", i);
        fine(keyring_sign_token(k, slice_text(message), sig, &why), &why);
        fine(sig_verify(&jwk.key, SCHEME_ECDSA, HASH_SHA256, slice_text(message),
                        (struct slice){sig, sizeof sig}, &why),
             &why);
        sig[i] ^= 1;
        assert_int_not_equal(sig_verify(&jwk.key, SCHEME_ECDSA, HASH_SHA256, slice_text(message),
                                        (struct slice){sig, sizeof sig}, &why),
                             ERR_OK);
        why.n = 0;
    }
    jwk_done(&jwk);
    json_free(&set);
    keyring_free(&k);
}

static void
the_log_key_signs_for_its_verifier_key(void **state)
{
    struct place *p = *state;
    struct keyring *k = NULL;
    struct why why = {0};
    struct sig_key pub = {0};
    uint8_t sig[KEYRING_SIG];

    fine(keyring_open(p->fd, &k, &why), &why);
    fine(keyring_sign_log(k, slice_text("text\n"), sig, &why), &why);
    fine(sig_key_ed25519((struct slice){keyring_log_pub(k), NOTE_PUB}, &pub, &why), &why);
    fine(sig_verify(&pub, SCHEME_ED25519, 0, slice_text("text\n"), (struct slice){sig, sizeof sig},
                    &why),
         &why);
    sig_key_done(&pub);
    keyring_free(&k);
}

static void
files_open_to_others_are_refused(void **state)
{
    struct place *p = *state;

    start(p);
    for (size_t i = 0; i < 3; i++) {
        static const mode_t MODES[] = {0640, 0604, 0620, 0601};

        for (size_t m = 0; m < 4; m++) {
            assert_int_equal(fchmodat(p->fd, FILES[i], MODES[m], 0), 0);
            does_not_start(p, "open to group or others");
        }
        assert_int_equal(fchmodat(p->fd, FILES[i], 0600, 0), 0);
    }
    assert_int_equal(fchmodat(p->fd, "keys", 0750, 0), 0);
    does_not_start(p, "keys is open to group or others");
    assert_int_equal(fchmodat(p->fd, "keys", 0700, 0), 0);
    start(p);
}

static void
files_of_another_user_are_refused(void **state)
{
    struct place *p = *state;

    if (geteuid() != 0) {
        print_message("not root: files of another user are NOT TESTED\n");
        skip();
    }
    start(p);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fchownat(p->fd, FILES[i], 12345, 0, 0), 0);
        does_not_start(p, "belongs to user 12345");
        assert_int_equal(fchownat(p->fd, FILES[i], 0, 0, 0), 0);
    }
    assert_int_equal(fchownat(p->fd, "keys", 12345, 0, 0), 0);
    does_not_start(p, "keys belongs to another user");
}

static void
missing_files_are_not_made_anew(void **state)
{
    struct place *p = *state;

    start(p);
    for (size_t i = 0; i < 3; i++) {
        struct slice was = scratch_read(p->path, FILES[i]);

        assert_int_equal(unlinkat(p->fd, FILES[i], 0), 0);
        does_not_start(p, "No such file or directory");
        assert_int_equal(faccessat(p->fd, FILES[i], F_OK, 0), -1);
        scratch_write(p->path, FILES[i], was, 0600);
        scratch_free(was);
    }
    start(p);
}

static void
links_and_strange_files_are_refused(void **state)
{
    struct place *p = *state;

    start(p);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(renameat(p->fd, FILES[i], p->fd, "moved"), 0);
        assert_int_equal(symlinkat("../moved", p->fd, FILES[i]), 0);
        does_not_start(p, "symbolic links");
        assert_int_equal(unlinkat(p->fd, FILES[i], 0), 0);
        assert_int_equal(mkfifoat(p->fd, FILES[i], 0600), 0);
        does_not_start(p, "not a regular file");
        assert_int_equal(renameat(p->fd, "moved", p->fd, FILES[i]), 0);
    }
    start(p);
    assert_int_equal(renameat(p->fd, "keys", p->fd, "moved"), 0);
    assert_int_equal(symlinkat("moved", p->fd, "keys"), 0);
    does_not_start(p, "cannot open keys");
}

static void
sizes_are_bounded(void **state)
{
    struct place *p = *state;
    static const char LONG[9000] = {0};

    start(p);
    scratch_write(p->path, FILES[0], (struct slice){0}, 0600);
    does_not_start(p, "has 0 bytes");
    scratch_write(p->path, FILES[0], (struct slice){(const uint8_t *)LONG, sizeof LONG}, 0600);
    does_not_start(p, "has 9000 bytes");
}

/* PEM of a fresh key; `pass` encrypts it. */
static void
put_key(const struct place *p, const char *name, EVP_PKEY *key, const char *pass)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *pem = NULL;

    assert_non_null(key);
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(out, key, pass == NULL ? NULL : EVP_aes_256_cbc(), pass,
                                      pass == NULL ? 0 : (int)strlen(pass), NULL, NULL),
        1);

    long len = BIO_get_mem_data(out, &pem);

    scratch_write(p->path, name, (struct slice){(const uint8_t *)pem, (size_t)len}, 0600);
    (void)BIO_free(out);
    EVP_PKEY_free(key);
}

static void
keys_of_another_type_are_refused(void **state)
{
    struct place *p = *state;
    struct slice token = {0};

    start(p);
    token = scratch_read(p->path, FILES[0]);
    put_key(p, FILES[0], EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), NULL);
    does_not_start(p, "token-es256.pem is not a P-256 key");
    put_key(p, FILES[0], EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
    does_not_start(p, "token-es256.pem is not a P-256 key");
    put_key(p, FILES[0], EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), "secret");
    does_not_start(p, "token-es256.pem is not a PEM private key");
    scratch_write(p->path, FILES[0], slice_text("-----BEGIN PRIVATE KEY-----\nAAAA\n"), 0600);
    does_not_start(p, "token-es256.pem is not a PEM private key");
    scratch_write(p->path, FILES[0], token, 0600);
    put_key(p, FILES[1], EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), NULL);
    does_not_start(p, "log-ed25519.pem is not an Ed25519 key");
    put_key(p, FILES[1], EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), NULL);
    does_not_start(p, "log-ed25519.pem is not an Ed25519 key");
    scratch_free(token);
}

static void
malformed_challenge_keys_are_refused(void **state)
{
    static const char HEX[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    struct place *p = *state;
    char text[128];

    start(p);
    scratch_write(p->path, FILES[2], slice_text(HEX), 0600);
    does_not_start(p, "is not 64 hex digits");
    (void)snprintf(text, sizeof text, "%s\n\n", HEX);
    scratch_write(p->path, FILES[2], slice_text(text), 0600);
    does_not_start(p, "is not 64 hex digits");
    (void)snprintf(text, sizeof text, "%.63sx\n", HEX);
    scratch_write(p->path, FILES[2], slice_text(text), 0600);
    does_not_start(p, "is not 64 hex digits");
    (void)snprintf(text, sizeof text, "%s\n", HEX);
    scratch_write(p->path, FILES[2], slice_text(text), 0600);
    start(p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_start_makes_private_files_and_later_ones_keep_them),
        TEST(what_an_interrupted_start_left_is_replaced),
        TEST(signatures_verify_by_the_published_key),
        TEST(the_log_key_signs_for_its_verifier_key),
        TEST(files_open_to_others_are_refused),
        TEST(files_of_another_user_are_refused),
        TEST(missing_files_are_not_made_anew),
        TEST(links_and_strange_files_are_refused),
        TEST(sizes_are_bounded),
        TEST(keys_of_another_type_are_refused),
        TEST(malformed_challenge_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
