/* SPDX-License-Identifier: Apache-2.0 */
/* token_floor.h - the least that one operation over HTTPS can cost: its cryptography, bare, by OpenSSL's EVP (spec/oauth.md section 5).
 *
 * A token: import of the proof's key with the check that it is on the curve, its signature verified, its thumbprint, the token signed
 * and encoded, and the TLS 1.3 records of request and reply.  No HTTP, JSON, ledger, audit record or system call.  An attestation has
 * in addition a quote by a key that comes with it, and the records of the challenge. */
#ifndef TEST_BENCH_TOKEN_FLOOR_H
#define TEST_BENCH_TOKEN_FLOOR_H

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/base/text.h"

enum mode { MODE_TOKEN, MODE_NEWCONN, MODE_ATTEST };

static inline void
die(const char *what)
{
    (void)fprintf(stderr, "load_https: %s\n", what);
    exit(1);
}

static inline double
clock_s(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The bare cryptography of one operation. */
struct floor {
    EVP_PKEY *key;
    uint8_t point[65], input[480], sig[80];
    size_t sig_len;
};

/* NULL for a point that is not on the curve. */
static inline EVP_PKEY *
import_any(const uint8_t point[65])
{
    EVP_PKEY *out = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    char group[] = "P-256";
    uint8_t copy[65];

    memcpy(copy, point, sizeof copy);
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("group", group, 5),
                           OSSL_PARAM_octet_string("pub", copy, sizeof copy), OSSL_PARAM_END};

    if (EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        out = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return out;
}

static inline EVP_PKEY *
import_point(const uint8_t point[65])
{
    EVP_PKEY *out = import_any(point);

    if (out == NULL) {
        die("import");
    }
    return out;
}

/* The import of the floor is one that checks: seen here once. */
static inline void
floor_checks_points(const uint8_t point[65])
{
    uint8_t off[65];

    memcpy(off, point, sizeof off);
    off[64] ^= 1;
    if (import_any(off) != NULL) {
        die("a point off the curve was imported");
    }
}

static inline void
floor_sign(struct floor *f)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    f->sig_len = sizeof f->sig;
    if (EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, f->key) != 1 ||
        EVP_DigestSign(md, f->sig, &f->sig_len, f->input, sizeof f->input) != 1) {
        die("sign");
    }
    EVP_MD_CTX_free(md);
}

static inline void
floor_verify(const struct floor *f, EVP_PKEY *key)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    if (EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestVerify(md, f->sig, f->sig_len, f->input, sizeof f->input) != 1) {
        die("verify");
    }
    EVP_MD_CTX_free(md);
}

/* TLS 1.3 records of one request and its reply: 1.2 kB in, 0.8 kB out, AES-256-GCM. */
static inline void
floor_records(void)
{
    static const uint8_t KEY[32] = {1}, IV[12] = {2};
    uint8_t in[1200] = {0}, out[1200], tag[16];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;

    if (EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, KEY, IV) != 1 ||
        EVP_EncryptUpdate(c, out, &n, in, sizeof in) != 1 || EVP_EncryptFinal_ex(c, out, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, tag) != 1 ||
        EVP_EncryptInit_ex(c, NULL, NULL, KEY, IV) != 1 ||
        EVP_EncryptUpdate(c, out, &n, in, 800) != 1 || EVP_EncryptFinal_ex(c, out, &n) != 1) {
        die("records");
    }
    EVP_CIPHER_CTX_free(c);
}

static inline void
floor_once(struct floor *f, enum mode mode)
{
    uint8_t digest[32];
    char text[1400];
    EVP_PKEY *key = import_point(f->point);

    floor_verify(f, key);
    EVP_PKEY_free(key);
    if (EVP_Digest(f->input, 120, digest, NULL, EVP_sha256(), NULL) != 1) {
        die("thumbprint");
    }
    b64url_encode((struct slice){f->input, sizeof f->input}, text);
    floor_records();
    if (mode == MODE_ATTEST) { /* the quote, by a key that comes with it, and a second request */
        key = import_point(f->point);
        floor_verify(f, key);
        EVP_PKEY_free(key);
        floor_records();
    }
    uint8_t keep[80];
    size_t keep_len = f->sig_len;

    memcpy(keep, f->sig, sizeof keep);
    floor_sign(f);
    memcpy(f->sig, keep, sizeof keep);
    f->sig_len = keep_len;
}

static inline double
floor_us(enum mode mode)
{
    enum { ROUNDS = 4000 };
    struct floor f = {.key = EVP_EC_gen("P-256")};
    size_t len = 0;

    if (EVP_PKEY_get_octet_string_param(f.key, "pub", f.point, sizeof f.point, &len) != 1) {
        die("public point");
    }
    floor_checks_points(f.point);
    floor_sign(&f);
    for (int i = 0; i < 200; i++) {
        floor_once(&f, mode);
    }
    double start = clock_s(CLOCK_THREAD_CPUTIME_ID);

    for (int i = 0; i < ROUNDS; i++) {
        floor_once(&f, mode);
    }
    double us = (clock_s(CLOCK_THREAD_CPUTIME_ID) - start) * 1e6 / ROUNDS;

    EVP_PKEY_free(f.key);
    return us;
}

#endif
