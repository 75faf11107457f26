/* SPDX-License-Identifier: Apache-2.0 */
/* test_sigv4_model.c - sigv4 against a second, slow implementation, over thousands of random
 * requests with a fixed seed.
 *
 * The model shares no code with sigv4: it encodes first and sorts the encoded text, derives the
 * key anew each time, and takes the calendar from libc. */
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <time.h>

#include "test/unit/sigv4_desk.h"

enum { ROUNDS = 4000, TEXT_CAP = 600, MODEL_CAP = 65536 };

struct model_pair {
    char name[TEXT_CAP];
    char value[4 * TEXT_CAP];
};

struct model {
    struct model_pair query[MANY], header[MANY];
    size_t query_n, header_n;
    char date[32];
    char scope[256];
    char names[4096];
    char canonical[MODEL_CAP];
    char string[512];
    char signature[65];
    char result[MODEL_CAP];
};

static void
append(char *dst, const char *s)
{
    size_t len = strlen(dst);

    (void)snprintf(&dst[len], MODEL_CAP - len, "%s", s);
}

static void
encode(const char *s, const char *keep, char *dst, size_t cap)
{
    size_t at = 0;

    dst[0] = '\0';
    for (; *s != '\0' && at + 4 < cap; s++) {
        unsigned char c = (unsigned char)*s;
        bool plain = c < 0x80 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_.~",
                                        c) != NULL;

        if (plain || strchr(keep, c) != NULL) {
            at += (size_t)snprintf(&dst[at], cap - at, "%c", (char)c);
        } else {
            at += (size_t)snprintf(&dst[at], cap - at, "%%%02X", (unsigned)c);
        }
    }
}

static void
hex(const unsigned char *in, char *dst)
{
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(&dst[2 * i], 3, "%02x", (unsigned)in[i]);
    }
}

static int
by_pair(const void *a, const void *b)
{
    const struct model_pair *x = a;
    const struct model_pair *y = b;
    int by_name = strcmp(x->name, y->name);

    return by_name != 0 ? by_name : strcmp(x->value, y->value);
}

static void
add_query(struct model *m, const char *name, const char *value)
{
    struct model_pair *p = &m->query[m->query_n++];

    encode(name, "", p->name, sizeof p->name);
    encode(value, "", p->value, sizeof p->value);
}

/* Words with one blank between them. */
static void
fold(const char *s, char *dst, size_t cap)
{
    size_t at = 0;

    for (s += strspn(s, " \t"); *s != '\0'; s += strspn(s, " \t")) {
        size_t len = strcspn(s, " \t");

        at += (size_t)snprintf(&dst[at], cap - at, "%s%.*s", at > 0 ? " " : "", (int)len, s);
        s += len;
    }
}

/* Lower case, trimmed, blanks folded; a second value of a name joins the first. */
static void
add_header(struct model *m, const char *name, const char *value)
{
    struct model_pair fresh = {0};

    for (size_t i = 0; name[i] != '\0'; i++) {
        fresh.name[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    }
    fold(value, fresh.value, sizeof fresh.value);
    for (size_t i = 0; i < m->header_n; i++) {
        if (strcmp(m->header[i].name, fresh.name) == 0) {
            size_t at = strlen(m->header[i].value);

            (void)snprintf(&m->header[i].value[at], sizeof fresh.value - at, ",%s", fresh.value);
            return;
        }
    }
    m->header[m->header_n++] = fresh;
}

/* One request in plain C strings. */
struct plan {
    char method[8], host[64], bucket[64], key[512], token[TEXT_CAP];
    char name[MANY][64], value[MANY][256];
    size_t params_n, headers_n; /* in name and value: first parameters, then headers */
    int64_t at_unix, expires_s;
    bool plain_http, token_unsigned;
};

static void
model_sign(struct model *m, const char *secret)
{
    const char *const chain[] = {"us-east-1", "s3", "aws4_request", m->string};
    unsigned char digest[32];
    unsigned char key[32];
    char start[300];

    (void)SHA256((const unsigned char *)m->canonical, strlen(m->canonical), digest);
    hex(digest, m->signature);
    (void)snprintf(m->string, sizeof m->string, "AWS4-HMAC-SHA256\n%s\n%s\n%s", m->date, m->scope,
                   m->signature);
    (void)snprintf(start, sizeof start, "AWS4%s", secret);
    (void)HMAC(EVP_sha256(), start, (int)strlen(start), (const unsigned char *)m->date, 8, key,
               NULL);
    for (size_t i = 0; i < sizeof chain / sizeof chain[0]; i++) {
        struct slice part = text(chain[i]);

        (void)HMAC(EVP_sha256(), key, 32, part.ptr, part.len, digest, NULL);
        memcpy(key, digest, sizeof key);
    }
    hex(key, m->signature);
}

static void
model_begin(struct model *m, const struct plan *p)
{
    time_t at = (time_t)p->at_unix;
    struct tm tm = {0};

    (void)gmtime_r(&at, &tm);
    (void)strftime(m->date, sizeof m->date, "%Y%m%dT%H%M%SZ", &tm);
    (void)snprintf(m->scope, sizeof m->scope, "%.8s/us-east-1/s3/aws4_request", m->date);
    add_header(m, "host", p->host);
    for (size_t i = 0; i < p->params_n; i++) {
        add_query(m, p->name[i], p->value[i]);
    }
    for (size_t i = p->params_n; i < p->params_n + p->headers_n; i++) {
        add_header(m, p->name[i], p->value[i]);
    }
}

static void
model_names(struct model *m)
{
    qsort(m->header, m->header_n, sizeof m->header[0], by_pair);
    for (size_t i = 0; i < m->header_n; i++) {
        size_t at = strlen(m->names);

        (void)snprintf(&m->names[at], sizeof m->names - at, i > 0 ? ";%s" : "%s",
                       m->header[i].name);
    }
}

static void
model_path(const struct plan *p, char *dst, size_t cap)
{
    char raw[1024];

    (void)snprintf(raw, sizeof raw, "/%s%s%s", p->bucket, p->bucket[0] != '\0' ? "/" : "", p->key);
    encode(raw, "/", dst, cap);
}

static void
model_query(const struct model *m, char *dst)
{
    for (size_t i = 0; i < m->query_n; i++) {
        append(dst, i > 0 ? "&" : "");
        append(dst, m->query[i].name);
        append(dst, "=");
        append(dst, m->query[i].value);
    }
}

static void
model_canonical(struct model *m, const struct plan *p)
{
    char path[4096];

    model_path(p, path, sizeof path);
    qsort(m->query, m->query_n, sizeof m->query[0], by_pair);
    append(m->canonical, p->method);
    append(m->canonical, "\n");
    append(m->canonical, path);
    append(m->canonical, "\n");
    model_query(m, m->canonical);
    append(m->canonical, "\n");
    for (size_t i = 0; i < m->header_n; i++) {
        append(m->canonical, m->header[i].name);
        append(m->canonical, ":");
        append(m->canonical, m->header[i].value);
        append(m->canonical, "\n");
    }
    append(m->canonical, "\n");
    append(m->canonical, m->names);
    append(m->canonical, "\nUNSIGNED-PAYLOAD");
}

static void
model_presign(struct model *m, const struct plan *p, const char *secret)
{
    char text_of[300];
    char path[4096];

    model_begin(m, p);
    model_names(m);
    add_query(m, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    (void)snprintf(text_of, sizeof text_of, "AKIAIOSFODNN7EXAMPLE/%s", m->scope);
    add_query(m, "X-Amz-Credential", text_of);
    add_query(m, "X-Amz-Date", m->date);
    (void)snprintf(text_of, sizeof text_of, "%lld", (long long)p->expires_s);
    add_query(m, "X-Amz-Expires", text_of);
    add_query(m, "X-Amz-SignedHeaders", m->names);
    if (p->token[0] != '\0' && !p->token_unsigned) {
        add_query(m, "X-Amz-Security-Token", p->token);
    }
    model_canonical(m, p);
    model_sign(m, secret);
    add_query(m, "X-Amz-Signature", m->signature);
    qsort(m->query, m->query_n, sizeof m->query[0], by_pair);
    if (p->token[0] != '\0' && p->token_unsigned) {
        add_query(m, "X-Amz-Security-Token", p->token);
    }
    model_path(p, path, sizeof path);
    append(m->result, p->plain_http ? "http://" : "https://");
    append(m->result, p->host);
    append(m->result, path);
    append(m->result, "?");
    model_query(m, m->result);
}

static void
model_header(struct model *m, const struct plan *p, const char *secret)
{
    model_begin(m, p);
    add_header(m, "x-amz-date", m->date);
    if (p->token[0] != '\0' && !p->token_unsigned) {
        add_header(m, "x-amz-security-token", p->token);
    }
    model_names(m);
    model_canonical(m, p);
    model_sign(m, secret);
    append(m->result, "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/");
    append(m->result, m->scope);
    append(m->result, ", SignedHeaders=");
    append(m->result, m->names);
    append(m->result, ", Signature=");
    append(m->result, m->signature);
}

/* ---- random requests ---- */

static unsigned
roll(uint64_t *seed, unsigned below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (unsigned)(*seed >> 20) % below;
}

/* Up to `max` pieces out of a set of texts, so that equal prefixes and equal names are common. */
static void
mix(uint64_t *seed, const char *const *set, unsigned set_n, unsigned max, char *dst, size_t cap)
{
    unsigned n = roll(seed, max + 1);
    size_t at = 0;

    dst[0] = '\0';
    for (unsigned i = 0; i < n; i++) {
        const char *piece = set[roll(seed, set_n)];

        if (at + strlen(piece) + 1 > cap) {
            return;
        }
        at += (size_t)snprintf(&dst[at], cap - at, "%s", piece);
    }
}

static void
random_plan(uint64_t *seed, struct plan *p)
{
    static const char *const METHODS[] = {"PUT", "GET", "POST", "DELETE", "HEAD"};
    static const char *const HOSTS[] = {"s3.us-east-1.amazonaws.com", "127.0.0.1:8000", "a",
                                        "[::1]:9"};
    static const char *const KEY[] = {"a", "/", "..",       ".", "~", " ", "%2F", "+", "=", "&",
                                      "*", "?", "\xc3\xa9", "#", "'", "(", "Z",   "7", "-", "_"};
    static const char *const NAME[] = {"a",           "a", "b", "-",       "/",
                                       "X-Amz-Meta-", "~", "A", "\xc3\xa9"};
    static const char *const HEAD[] = {"x-amz-meta-", "X-AMZ-", "a", "B", "-", "z", "_"};
    static const char *const VALUE[] = {"a", "b", " ", "  ", "\t", "=", "/", ",", "\xe1\x88\xb4"};
    static const char *const TOKEN[] = {"abcdefghijklmnop", "/", "+", "=", "QRSTUVWXYZ0123456789"};

    memset(p, 0, sizeof *p);
    (void)snprintf(p->method, sizeof p->method, "%s", METHODS[roll(seed, 5)]);
    (void)snprintf(p->host, sizeof p->host, "%s", HOSTS[roll(seed, 4)]);
    (void)snprintf(p->bucket, sizeof p->bucket, "%s", roll(seed, 2) == 0 ? "my-bucket" : "");
    mix(seed, KEY, sizeof KEY / sizeof KEY[0], 30, p->key, sizeof p->key);
    mix(seed, TOKEN, 5, roll(seed, 2) * 20, p->token, sizeof p->token);
    p->params_n = roll(seed, SIGV4_PARAMS_MAX + 1);
    p->headers_n = roll(seed, 13);
    for (size_t i = 0; i < p->params_n + p->headers_n; i++) {
        bool header = i >= p->params_n;

        mix(seed, header ? HEAD : NAME, header ? 7 : 9, 4, p->name[i], sizeof p->name[i] - 2);
        if (p->name[i][0] == '\0') {
            p->name[i][0] = 'q';
        }
        mix(seed, VALUE, 9, 8, p->value[i], sizeof p->value[i]);
        while (!header && strchr(p->value[i], '\t') != NULL) {
            *strchr(p->value[i], '\t') = 't';
        }
    }
    p->at_unix = (int64_t)roll(seed, 4000000) * 1000 + roll(seed, 1000);
    p->expires_s = 1 + roll(seed, SIGV4_EXPIRES_MAX);
    p->plain_http = roll(seed, 2) == 0;
    p->token_unsigned = roll(seed, 4) == 0;
}

static void
load_plan(struct desk *d, const struct plan *p)
{
    for (size_t i = 0; i < p->params_n; i++) {
        d->params[i] = pair(p->name[i], p->value[i]);
    }
    for (size_t i = 0; i < p->headers_n; i++) {
        d->headers[i] = pair(p->name[p->params_n + i], p->value[p->params_n + i]);
    }
    d->req = (struct sigv4_request){
        .method = p->method,
        .host = text(p->host),
        .plain_http = p->plain_http,
        .token_unsigned = p->token_unsigned,
        .bucket = text(p->bucket),
        .path = text(p->key),
        .params = d->params,
        .params_n = p->params_n,
        .headers = d->headers,
        .headers_n = p->headers_n,
        .payload = text(SIGV4_UNSIGNED),
        .at_unix = p->at_unix,
        .expires_s = p->expires_s,
    };
    other_identity(d, p->token);
}

static void
must_equal(struct desk *d, const struct model *m)
{
    assert_string_equal(canonical(d), m->canonical);
    assert_int_equal(d->out.string_to_sign.len, strlen(m->string));
    assert_memory_equal(d->string, m->string, strlen(m->string));
    assert_string_equal(url(d), m->result);
}

static void
test_presign_model(void **state)
{
    struct desk *d = *state;
    struct plan *p = test_calloc(1, sizeof *p);
    struct model *m = test_calloc(1, sizeof *m);
    uint64_t seed = 0x636f756e74657273;

    for (int i = 0; i < ROUNDS; i++) {
        memset(m, 0, sizeof *m);
        random_plan(&seed, p);
        load_plan(d, p);
        must_presign(d);
        model_presign(m, p, (const char *)d->id.secret.ptr);
        must_equal(d, m);
    }
    test_free(m);
    test_free(p);
}

static void
test_header_model(void **state)
{
    struct desk *d = *state;
    struct plan *p = test_calloc(1, sizeof *p);
    struct model *m = test_calloc(1, sizeof *m);
    uint64_t seed = 0x69676e2d34;

    for (int i = 0; i < ROUNDS; i++) {
        memset(m, 0, sizeof *m);
        random_plan(&seed, p);
        (void)snprintf(p->name[p->params_n + p->headers_n], 64, "x-amz-content-sha256");
        (void)snprintf(p->value[p->params_n + p->headers_n++], 256, SIGV4_UNSIGNED);
        load_plan(d, p);
        assert_int_equal(sigv4_header_auth(&d->cred, &d->req, &d->out, &d->why), ERR_OK);
        model_header(m, p, (const char *)d->id.secret.ptr);
        must_equal(d, m);
    }
    test_free(m);
    test_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_presign_model, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_header_model, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
