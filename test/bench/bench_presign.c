/* SPDX-License-Identifier: Apache-2.0 */
/* bench_presign.c - presigned PUT URLs per CPU-second, beside the bare hashing that one needs.
 *
 * Prints JSON lines `presign.s3` (long-lived key) and `presign.s3.session` (1400-byte session
 * token).  The request is what the mint signs for mode `direct`; every URL has another key, and
 * the second changes every thousand URLs.  The floor hashes a canonical request of the same length
 * and computes the HMAC from prepared SHA-256 states, and does nothing else.  Both are measured in
 * turns, so that a busy machine disturbs them alike; the medians are printed. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/base/hash.h"
#include "attest/base/text.h"
#include "broker/mint/sigv4.h"

enum { ROUNDS = 21, BATCH = 4000, TOKEN_LEN = 1400, HEADERS = 5, START_UNIX = 1795521600 };

static const char KEY_START[] = "summaries/sb-";

struct bench {
    struct sigv4_cred cred;
    struct sigv4_request req;
    struct sigv4_out out;
    char key[64];
    int64_t made;
    uint8_t canonical[SIGV4_CANONICAL_CAP];
    uint8_t string[SIGV4_STRING_CAP];
    uint8_t url[SIGV4_URL_CAP];
};

struct floor {
    EVP_MD *md;
    EVP_MD_CTX *inner, *outer, *work;
};

static struct slice
text(const char *s)
{
    return slice_text(s);
}

static void
must(bool statement, const char *what)
{
    if (!statement) {
        (void)fprintf(stderr, "bench_presign: %s\n", what);
        exit(1);
    }
}

static double
cpu_s(void)
{
    struct timespec t = {0};

    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "no CPU clock");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Another key each time: a counter in its hex digits. */
static void
next_key(struct bench *b)
{
    static const char HEX[] = "0123456789abcdef";

    for (size_t i = 0; i < 8; i++) {
        b->key[sizeof KEY_START - 1 + i] = HEX[(uint64_t)b->made >> (28 - 4 * i) & 15u];
    }
    b->made++;
}

static void
sign_batch(struct bench *b)
{
    struct why why = {0};

    for (int i = 0; i < BATCH; i++) {
        next_key(b);
        b->req.at_unix = START_UNIX + b->made / 1000;
        must(sigv4_presign(&b->cred, &b->req, &b->out, &why) == ERR_OK, "refused");
    }
}

static void
hash_batch(const struct floor *f, struct slice canonical, uint8_t *string, size_t string_len)
{
    uint8_t digest[SHA256_LEN];
    bool ok = true;

    for (int i = 0; i < BATCH; i++) {
        ok = ok && EVP_DigestInit_ex2(f->work, f->md, NULL) == 1 &&
             EVP_DigestUpdate(f->work, canonical.ptr, canonical.len) == 1 &&
             EVP_DigestFinal_ex(f->work, digest, NULL) == 1;
        memcpy(string, digest, sizeof digest); /* another text each time, of the same length */
        ok = ok && EVP_MD_CTX_copy_ex(f->work, f->inner) == 1 &&
             EVP_DigestUpdate(f->work, string, string_len) == 1 &&
             EVP_DigestFinal_ex(f->work, digest, NULL) == 1 &&
             EVP_MD_CTX_copy_ex(f->work, f->outer) == 1 &&
             EVP_DigestUpdate(f->work, digest, sizeof digest) == 1 &&
             EVP_DigestFinal_ex(f->work, digest, NULL) == 1;
    }
    must(ok, "SHA-256 failed");
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median(double *v, size_t n)
{
    qsort(v, n, sizeof v[0], by_size);
    return v[n / 2];
}

static void
measure(const char *name, struct bench *b, const struct floor *f)
{
    double ours[ROUNDS];
    double bare[ROUNDS];
    uint8_t string[SIGV4_STRING_CAP] = {0};

    sign_batch(b); /* the key of the day, and warm caches */
    for (size_t i = 0; i < ROUNDS; i++) {
        double begin = cpu_s();

        sign_batch(b);

        double between = cpu_s();

        hash_batch(f, wr_done(&b->out.canonical), string, b->out.string_to_sign.len);
        ours[i] = BATCH / (between - begin);
        bare[i] = BATCH / (cpu_s() - between);
    }

    double per_s = median(ours, ROUNDS);
    double floor_per_s = median(bare, ROUNDS);

    (void)printf("{\"bench\": \"%s\", \"per_s\": %.0f, \"cpu_us\": %.3f, \"floor\": "
                 "\"sha256.midstates.evp\", \"floor_per_s\": %.0f, \"ratio\": %.3f, "
                 "\"canonical_bytes\": %zu, \"url_bytes\": %zu}\n",
                 name, per_s, 1e6 / per_s, floor_per_s, per_s / floor_per_s, b->out.canonical.len,
                 b->out.result.len);
}

static void
bench_init(struct bench *b, const char *token)
{
    static const struct {
        const char *name, *value;
    } ROWS[HEADERS] = {
        {"content-length", "104857"},
        {"content-type", "application/pdf"},
        {"if-none-match", "*"},
        {"x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
        {"x-amz-tagging", "classification=restricted&purpose=summary&retention=P30D"},
    };
    static struct sigv4_pair headers[HEADERS];
    const struct sigv4_identity id = {
        .access_key_id = text("AKIAIOSFODNN7EXAMPLE"),
        .secret = text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        .session_token = text(token),
        .region = text("us-east-1"),
        .service = text("s3"),
    };
    struct why why = {0};

    for (size_t i = 0; i < HEADERS; i++) {
        headers[i] = (struct sigv4_pair){text(ROWS[i].name), text(ROWS[i].value)};
    }
    must(sigv4_cred_init(&id, &b->cred, &why) == ERR_OK, "no credential");
    (void)snprintf(b->key, sizeof b->key, "%s00000000/report.pdf", KEY_START);
    b->req = (struct sigv4_request){
        .method = "PUT",
        .host = text("s3.us-east-1.amazonaws.com"),
        .bucket = text("examplebucket"),
        .path = text(b->key),
        .headers = headers,
        .headers_n = HEADERS,
        .payload = text(SIGV4_UNSIGNED),
        .expires_s = 60,
    };
    b->out = (struct sigv4_out){
        .canonical = wr_init(b->canonical, sizeof b->canonical, "canonical"),
        .string_to_sign = wr_init(b->string, sizeof b->string, "string"),
        .result = wr_init(b->url, sizeof b->url, "url"),
    };
}

/* As STS makes them: base64 of bytes that look random. */
static void
make_token(char token[TOKEN_LEN + 1])
{
    static const char B64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint64_t seed = 0x9e3779b97f4a7c15;

    for (size_t i = 0; i < TOKEN_LEN; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        token[i] = B64[seed >> 58];
    }
    token[TOKEN_LEN] = '\0';
}

int
main(void)
{
    static struct bench plain;
    static struct bench session;
    char token[TOKEN_LEN + 1];
    const uint8_t block[64] = {0};
    struct floor f = {EVP_MD_fetch(NULL, "SHA256", NULL), EVP_MD_CTX_new(), EVP_MD_CTX_new(),
                      EVP_MD_CTX_new()};

    must(f.md != NULL && EVP_DigestInit_ex2(f.inner, f.md, NULL) == 1 &&
             EVP_DigestUpdate(f.inner, block, sizeof block) == 1 &&
             EVP_MD_CTX_copy_ex(f.outer, f.inner) == 1,
         "no SHA-256");
    make_token(token);
    bench_init(&plain, "");
    bench_init(&session, token);
    measure("presign.s3", &plain, &f);
    measure("presign.s3.session", &session, &f);
    sigv4_cred_done(&plain.cred);
    sigv4_cred_done(&session.cred);
    EVP_MD_CTX_free(f.inner);
    EVP_MD_CTX_free(f.outer);
    EVP_MD_CTX_free(f.work);
    EVP_MD_free(f.md);
    return 0;
}
