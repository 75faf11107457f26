/* SPDX-License-Identifier: Apache-2.0 */
/* keyring.c - see keyring.h. */
#include "broker/mint/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "broker/mint/secret.h"
#include "common/mem.h"
#include "common/sys.h"

enum { COORD = 32, DER_SIG_MAX = 80, CHALLENGE_TEXT = 65 /* hex and a line end */ };

static const char FOLDER[] = "keys";
static const char FRESH[] = "keys.new"; /* becomes FOLDER once it is whole */
static const char TOKEN_FILE[] = "token-es256.pem";
static const char LOG_FILE[] = "log-ed25519.pem";
static const char CHALLENGE_FILE[] = "challenge.key";

struct keyring {
    EVP_PKEY *token;
    EVP_PKEY *log;
    EVP_PKEY_CTX *signer; /* set up for `token` once */
    uint8_t x[COORD];
    uint8_t y[COORD];
    uint8_t log_pub[NOTE_PUB];
    uint8_t challenge[KEYRING_SECRET];
    char kid[KEYRING_KID];
};

static void
pkey_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
    *k = NULL;
}

static void
bio_free(BIO **b)
{
    (void)BIO_free(*b);
    *b = NULL;
}

static void
ctx_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
    *c = NULL;
}

static void
ecdsa_sig_free(ECDSA_SIG **s)
{
    ECDSA_SIG_free(*s);
    *s = NULL;
}

void
keyring_free(struct keyring **k)
{
    if (*k == NULL) {
        return;
    }
    EVP_PKEY_CTX_free((*k)->signer);
    pkey_free(&(*k)->token);
    pkey_free(&(*k)->log);
    sec_zero(*k, sizeof **k);
    mem_free(*k);
    *k = NULL;
}

/* Without it OpenSSL would ask for a passphrase at the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *ctx) /* the shape that OpenSSL wants */
{
    buf[0] = '\0';
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static enum err
key_read(int dir, const char *name, EVP_PKEY **out, struct why *why)
{
    AUTO(secret_done) struct secret pem;
    AUTO(bio_free) BIO *in = NULL;

    TRY(secret_read(dir, name, &pem, why));
    in = BIO_new_mem_buf(pem.bytes, (int)pem.len);
    *out = in == NULL ? NULL : PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
    if (*out == NULL) {
        return why_add(why, ERR_UNABLE, "%s is not a PEM private key", name);
    }
    return ERR_OK;
}

static enum err
key_write(int dir, const char *name, const EVP_PKEY *key, struct why *why)
{
    AUTO(bio_free) BIO *out = BIO_new(BIO_s_mem()); /* clears its memory when freed */
    char *pem = NULL;

    if (key == NULL || out == NULL ||
        PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1) {
        return why_add(why, ERR_UNABLE, "cannot make the key of %s", name);
    }

    long len = BIO_get_mem_data(out, &pem);

    return secret_write(dir, name, (struct slice){(const uint8_t *)pem, (size_t)len}, why);
}

static enum err
challenge_write(int dir, struct why *why)
{
    uint8_t raw[KEYRING_SECRET];
    char hex[CHALLENGE_TEXT];
    enum err err = ERR_OK;

    random_bytes(raw, sizeof raw);
    hex_encode((struct slice){raw, sizeof raw}, hex);
    hex[CHALLENGE_TEXT - 1] = '\n';
    err = secret_write(dir, CHALLENGE_FILE, (struct slice){(const uint8_t *)hex, sizeof hex}, why);
    sec_zero(raw, sizeof raw);
    sec_zero(hex, sizeof hex);
    return err;
}

static enum err
fill(int dir, struct why *why)
{
    AUTO(pkey_free) EVP_PKEY *token = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    AUTO(pkey_free) EVP_PKEY *log = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    TRY(key_write(dir, TOKEN_FILE, token, why));
    TRY(key_write(dir, LOG_FILE, log, why));
    TRY(challenge_write(dir, why));
    if (fsync(dir) != 0) {
        return why_add(why, ERR_UNABLE, "cannot sync %s: %s", FRESH, strerrordesc_np(errno));
    }
    return ERR_OK;
}

/* What a start that was interrupted here has left; its keys have signed nothing. */
static void
leftovers_remove(int data)
{
    AUTO(fd_done) int dir = openat(data, FRESH, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (dir >= 0) {
        (void)unlinkat(dir, TOKEN_FILE, 0);
        (void)unlinkat(dir, LOG_FILE, 0);
        (void)unlinkat(dir, CHALLENGE_FILE, 0);
        (void)unlinkat(data, FRESH, AT_REMOVEDIR);
    }
}

static enum err
keys_make(int data, struct why *why)
{
    leftovers_remove(data);
    if (mkdirat(data, FRESH, S_IRWXU) != 0) {
        return why_add(why, ERR_UNABLE, "cannot make %s: %s", FRESH, strerrordesc_np(errno));
    }

    AUTO(fd_done) int dir = openat(data, FRESH, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (dir < 0) {
        return why_add(why, ERR_UNABLE, "cannot open %s: %s", FRESH, strerrordesc_np(errno));
    }
    TRY(fill(dir, why));
    if (renameat(data, FRESH, data, FOLDER) != 0 || fsync(data) != 0) {
        return why_add(why, ERR_UNABLE, "cannot put %s in place: %s", FOLDER,
                       strerrordesc_np(errno));
    }
    return ERR_OK;
}

static enum err
folder_check(int dir, struct why *why)
{
    struct stat st;

    if (fstat(dir, &st) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
        return why_add(why, ERR_UNABLE, "%s belongs to another user", FOLDER);
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return why_add(why, ERR_UNABLE, "%s is open to group or others: mode %04o, wanted 0700",
                       FOLDER, (unsigned)(st.st_mode & 07777));
    }
    return ERR_OK;
}

static enum err
token_check(struct keyring *k, struct why *why)
{
    char group[32] = "";
    uint8_t point[1 + 2 * COORD];
    size_t len = 0;
    const EVP_PKEY *key = k->token;

    if (EVP_PKEY_get_id(key) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1 ||
        strcmp(group, "prime256v1") != 0) {
        return why_add(why, ERR_UNABLE, "%s is not a P-256 key", TOKEN_FILE);
    }
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) !=
            1 ||
        len != sizeof point) {
        return why_add(why, ERR_UNABLE, "%s: public point is not uncompressed", TOKEN_FILE);
    }
    memcpy(k->x, point + 1, COORD);
    memcpy(k->y, point + 1 + COORD, COORD);
    return ERR_OK;
}

/* The private and the public half belong together, and the point is on the curve. */
static enum err
pair_check(EVP_PKEY *key, const char *name, struct why *why)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool good = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1 && EVP_PKEY_public_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return good ? ERR_OK : why_add(why, ERR_UNABLE, "%s: key does not check", name);
}

static enum err
log_check(struct keyring *k, struct why *why)
{
    size_t len = sizeof k->log_pub;

    if (EVP_PKEY_get_id(k->log) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(k->log, k->log_pub, &len) != 1 || len != sizeof k->log_pub) {
        return why_add(why, ERR_UNABLE, "%s is not an Ed25519 key", LOG_FILE);
    }
    return ERR_OK;
}

static enum err
challenge_read(int dir, struct keyring *k, struct why *why)
{
    AUTO(secret_done) struct secret text;
    size_t len = 0;

    TRY(secret_read(dir, CHALLENGE_FILE, &text, why));
    if (text.len != CHALLENGE_TEXT || text.bytes[text.len - 1] != '\n' ||
        hex_decode((struct slice){text.bytes, text.len - 1}, k->challenge, sizeof k->challenge,
                   &len, why) != ERR_OK) {
        return why_add(why, ERR_UNABLE, "%s is not %d hex digits and a line end", CHALLENGE_FILE,
                       CHALLENGE_TEXT - 1);
    }
    return ERR_OK;
}

/* RFC 7638 section 3: the required members in lexical order. */
static enum err
thumbprint(struct keyring *k, struct why *why)
{
    uint8_t text[256];
    uint8_t hash[SHA256_LEN];
    struct wr w = wr_init(text, sizeof text, "jwk");

    wr_text(&w, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    wr_b64url(&w, (struct slice){k->x, COORD});
    wr_text(&w, "\",\"y\":\"");
    wr_b64url(&w, (struct slice){k->y, COORD});
    wr_text(&w, "\"}");
    TRY(wr_end(&w, why));
    hash_sha256(wr_done(&w), hash);
    b64url_encode((struct slice){hash, sizeof hash}, k->kid);
    return ERR_OK;
}

static enum err
prepare(struct keyring *k, struct why *why)
{
    k->signer = EVP_PKEY_CTX_new_from_pkey(NULL, k->token, NULL);
    if (k->signer == NULL || EVP_PKEY_sign_init(k->signer) != 1) {
        return why_add(why, ERR_UNABLE, "%s: cannot prepare to sign", TOKEN_FILE);
    }
    return ERR_OK;
}

static enum err
load(int dir, struct keyring *k, struct why *why)
{
    TRY(key_read(dir, TOKEN_FILE, &k->token, why));
    TRY(key_read(dir, LOG_FILE, &k->log, why));
    return challenge_read(dir, k, why);
}

static enum err
check(struct keyring *k, struct why *why)
{
    TRY(token_check(k, why));
    TRY(pair_check(k->token, TOKEN_FILE, why));
    TRY(log_check(k, why));
    TRY(thumbprint(k, why));
    return prepare(k, why);
}

static bool
folder_missing(int data)
{
    struct stat st;

    return fstatat(data, FOLDER, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

static enum err
folder_open(int data, int *dir, struct why *why)
{
    *dir = openat(data, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*dir < 0) {
        return why_add(why, ERR_UNABLE, "cannot open %s: %s", FOLDER, strerrordesc_np(errno));
    }
    return folder_check(*dir, why);
}

enum err
keyring_open(int data, struct keyring **out, struct why *why)
{
    AUTO(keyring_free) struct keyring *k = mem_new(1, sizeof *k);
    AUTO(fd_done) int dir = -1;
    enum err made = ERR_OK;

    if (folder_missing(data)) {
        made = keys_make(data, why);
    }
    TRY(made);
    TRY(folder_open(data, &dir, why));
    TRY(load(dir, k, why));
    TRY(check(k, why));
    *out = k;
    k = NULL;
    return ERR_OK;
}

/* DER SEQUENCE of two integers to r || s, each the field's size. */
static bool
raw_signature(const uint8_t *der, size_t len, uint8_t sig[KEYRING_SIG])
{
    AUTO(ecdsa_sig_free) ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)len);

    return parsed != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parsed), sig, COORD) == COORD &&
           BN_bn2binpad(ECDSA_SIG_get0_s(parsed), sig + COORD, COORD) == COORD;
}

enum err
keyring_sign_token(struct keyring *k, struct slice input, uint8_t sig[KEYRING_SIG], struct why *why)
{
    uint8_t digest[SHA256_LEN];
    uint8_t der[DER_SIG_MAX];
    size_t len = sizeof der;

    hash_sha256(input, digest);
    if (EVP_PKEY_sign(k->signer, der, &len, digest, sizeof digest) != 1 ||
        !raw_signature(der, len, sig)) {
        return why_add(why, ERR_UNABLE, "token key: signing failed");
    }
    return ERR_OK;
}

enum err
keyring_sign_log(struct keyring *k, struct slice text, uint8_t sig[KEYRING_SIG], struct why *why)
{
    AUTO(ctx_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = KEYRING_SIG;

    if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->log) != 1 ||
        EVP_DigestSign(ctx, sig, &len, text.ptr, text.len) != 1 || len != KEYRING_SIG) {
        return why_add(why, ERR_UNABLE, "log key: signing failed");
    }
    return ERR_OK;
}

const char *
keyring_kid(const struct keyring *k)
{
    return k->kid;
}

const uint8_t *
keyring_challenge(const struct keyring *k)
{
    return k->challenge;
}

const uint8_t *
keyring_log_pub(const struct keyring *k)
{
    return k->log_pub;
}

enum err
keyring_jwks(const struct keyring *k, struct wr *w, struct why *why)
{
    wr_text(w, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
    wr_b64url(w, (struct slice){k->x, COORD});
    wr_text(w, "\",\"y\":\"");
    wr_b64url(w, (struct slice){k->y, COORD});
    wr_fmt(w, "\",\"kid\":\"%s\",\"alg\":\"ES256\",\"use\":\"sig\"}]}", k->kid);
    return wr_cstr(w, why);
}
