/* SPDX-License-Identifier: Apache-2.0 */
/* test_sigv4_refuse.c - each thing that sigv4 refuses, for the reason it names, and without
 * repeating what it was given. */
#include "test/unit/sigv4_desk.h"

#define MARK "markof7zeal" /* in every field of a bad request; never in a message */

static void
must_refuse(struct desk *d, enum err err, const char *reason)
{
    d->why = (struct why){0};
    assert_int_equal(sigv4_presign(&d->cred, &d->req, &d->out, &d->why), err);
    must_say(why_text(&d->why), reason);
    assert_null(strstr(why_text(&d->why), MARK));
    assert_int_equal(d->why.n, 1);
}

static void
test_refused_keys(void **state)
{
    static const struct {
        const char *key, *reason;
    } ROWS[] = {
        {MARK "\n", "sigv4.key: control character at 11"},
        {"\x1f" MARK, "sigv4.key: control character at 0"},
        {MARK "\x7f", "sigv4.key: control character at 11"},
        {MARK "\t", "sigv4.key: control character at 11"},
        {MARK "\xc2\x80", "sigv4.key: control character at 11"},
        {MARK "\xc2\x9f", "sigv4.key: control character at 11"},
        {MARK "\xff", "sigv4.key: not UTF-8 at 11"},
        {MARK "\xc0\xaf", "sigv4.key: not UTF-8 at 11"},     /* overlong */
        {MARK "\xed\xa0\x80", "sigv4.key: not UTF-8 at 11"}, /* surrogate */
        {MARK "\xe1\x88", "sigv4.key: not UTF-8 at 11"},     /* cut short */
        {MARK "\xf4\x90\x80\x80", "sigv4.key: not UTF-8 at 11"},
    };
    struct desk *d = *state;
    char longest[SIGV4_KEY_MAX + 2];

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        d->req.path = text(ROWS[i].key);
        must_refuse(d, ERR_MALFORMED, ROWS[i].reason);
    }
    d->req.path = (struct slice){(const uint8_t *)"a\0b", 3};
    must_refuse(d, ERR_MALFORMED, "sigv4.key: control character at 1");
    memset(longest, 'k', sizeof longest);
    d->req.path = (struct slice){(const uint8_t *)longest, SIGV4_KEY_MAX};
    must_presign(d);
    d->req.path.len++;
    must_refuse(d, ERR_LIMIT, "sigv4.key: 1025 bytes, at most 1024");
    d->req.path = text("\xc2\xa0"); /* U+00A0 is no control character */
    must_presign(d);
}

static void
test_refused_lines(void **state)
{
    static const struct {
        enum sigv4_path rule;
        const char *method, *host, *bucket, *path, *reason;
    } ROWS[] = {
        {SIGV4_OBJECT, "put", "h", "", "k", "sigv4.method: not upper case at 0"},
        {SIGV4_OBJECT, "PUT\n", "h", "", "k", "sigv4.method: not upper case at 3"},
        {SIGV4_OBJECT, "", "h", "", "k", "sigv4.method: 0 bytes"},
        {SIGV4_OBJECT, NULL, "h", "", "k", "sigv4.method: 0 bytes"},
        {SIGV4_OBJECT, "PUT", "", "", "k", "sigv4.host: 0 bytes"},
        {SIGV4_OBJECT, "PUT", "/" MARK, "", "k", "sigv4.host: no name or address"},
        {SIGV4_OBJECT, "PUT", "h/" MARK, "", "k", "sigv4.host: not a port at 1"},
        {SIGV4_OBJECT, "PUT", "u@h", "", "k", "sigv4.host: not a port at 1"},
        {SIGV4_OBJECT, "PUT", "h\nx:y", "", "k", "sigv4.host: not a port at 1"},
        {SIGV4_OBJECT, "PUT", "h:", "", "k", "sigv4.host: not a port at 1"},
        {SIGV4_OBJECT, "PUT", "h:1a", "", "k", "sigv4.host: not a port at 1"},
        {SIGV4_OBJECT, "PUT", "h:123456", "", "k", "sigv4.host: not a port at 1"},
        {SIGV4_OBJECT, "PUT", ":80", "", "k", "sigv4.host: no name or address"},
        {SIGV4_OBJECT, "PUT", "[::1", "", "k", "sigv4.host: no name or address"},
        {SIGV4_OBJECT, "PUT", "[]", "", "k", "sigv4.host: no name or address"},
        {SIGV4_OBJECT, "PUT", "h", "ab", "k", "sigv4.bucket: 2 bytes, at least 3"},
        {SIGV4_OBJECT, "PUT", "h", "Abc", "k", "sigv4.bucket: character at 0"},
        {SIGV4_OBJECT, "PUT", "h", "a/c", "k", "sigv4.bucket: character at 1"},
        {SIGV4_OBJECT, "PUT", "h", "...", "k", "sigv4.bucket: character at 0"},
        {SIGV4_OBJECT, "PUT", "h", "ab-", "k", "sigv4.bucket: character at 2"},
        {SIGV4_SERVICE, "PUT", "h", "abc", "/k", "sigv4.bucket: given for another service"},
        {SIGV4_SERVICE, "PUT", "h", "", "k", "sigv4.path: character at 0"},
        {SIGV4_SERVICE, "PUT", "h", "", "", "sigv4.path: 0 bytes"},
        {SIGV4_SERVICE, "PUT", "h", "", "/k?a", "sigv4.path: character at 2"},
        {SIGV4_SERVICE_VERBATIM, "PUT", "h", "", "/k#a", "sigv4.path: character at 2"},
        {SIGV4_SERVICE, "PUT", "h", "", "/" MARK "\r", "sigv4.path: control character at 12"},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        d->req.rule = ROWS[i].rule;
        d->req.method = ROWS[i].method;
        d->req.host = text(ROWS[i].host);
        d->req.bucket = text(ROWS[i].bucket);
        d->req.path = text(ROWS[i].path);
        must_refuse(d, ERR_MALFORMED, ROWS[i].reason);
    }
}

static void
test_refused_params(void **state)
{
    static const struct {
        const char *name, *value, *reason;
    } ROWS[] = {
        {"", MARK, "sigv4.param name: 0 bytes"},
        {"a\n", MARK, "sigv4.param name: control character at 1"},
        {"a\xff", MARK, "sigv4.param name: not UTF-8 at 1"},
        {"a", MARK "\n", "sigv4.param value: control character at 11"},
        {"a", MARK "\xff", "sigv4.param value: not UTF-8 at 11"},
        {"X-Amz-Algorithm", MARK, "sigv4.params: X-Amz-Algorithm is ours to set"},
        {"x-amz-credential", MARK, "sigv4.params: X-Amz-Credential is ours to set"},
        {"X-Amz-Date", MARK, "sigv4.params: X-Amz-Date is ours to set"},
        {"X-AMZ-EXPIRES", MARK, "sigv4.params: X-Amz-Expires is ours to set"},
        {"X-Amz-Security-Token", MARK, "sigv4.params: X-Amz-Security-Token is ours to set"},
        {"X-Amz-Signature", MARK, "sigv4.params: X-Amz-Signature is ours to set"},
        {"X-Amz-SignedHeaders", MARK, "sigv4.params: X-Amz-SignedHeaders is ours to set"},
    };
    struct desk *d = *state;

    d->params[0] = pair("good", "1");
    d->req.params_n = 2;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        d->params[1] = pair(ROWS[i].name, ROWS[i].value);
        must_refuse(d, ERR_MALFORMED, ROWS[i].reason);
    }
    for (size_t i = 0; i < MANY; i++) {
        d->params[i] = pair("a", "b");
    }
    d->req.params_n = SIGV4_PARAMS_MAX;
    must_presign(d);
    d->req.params_n++;
    must_refuse(d, ERR_LIMIT, "sigv4.params: 17, at most 16");
}

static void
test_refused_headers(void **state)
{
    static const struct {
        const char *name, *value, *reason;
    } ROWS[] = {
        {"", MARK, "sigv4.header name: 0 bytes"},
        {"a b", MARK, "sigv4.header name: character at 1"},
        {"a:", MARK, "sigv4.header name: character at 1"},
        {"a\xc3\xa9", MARK, "sigv4.header name: character at 1"},
        {"a", MARK "\r\nx: y", "sigv4.header value: control character at 11"},
        {"a", MARK "\n", "sigv4.header value: control character at 11"},
        {"a", MARK "\xe1\x88", "sigv4.header value: not UTF-8 at 11"},
        {"Host", MARK, "sigv4.headers: host is ours to set"},
        {"Authorization", MARK, "sigv4.headers: authorization is ours to set"},
        {"X-Amz-Date", MARK, "sigv4.headers: x-amz-date is ours to set"},
        {"x-amz-security-token", MARK, "sigv4.headers: x-amz-security-token is ours to set"},
    };
    struct desk *d = *state;

    d->req.headers_n = 2;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        d->headers[1] = pair(ROWS[i].name, ROWS[i].value);
        must_refuse(d, ERR_MALFORMED, ROWS[i].reason);
    }
    for (size_t i = 0; i < MANY; i++) {
        d->headers[i] = pair("a", "b");
    }
    d->req.headers_n = SIGV4_HEADERS_MAX;
    must_presign(d);
    d->req.headers_n++;
    must_refuse(d, ERR_LIMIT, "sigv4.headers: 33, at most 32");
}

/* The list of signed headers has its own bound: 32 names of 32 bytes are one too many. */
static void
test_refused_signed_headers(void **state)
{
    struct desk *d = *state;
    char name[SIGV4_HEADERS_MAX][40];

    for (int i = 0; i < SIGV4_HEADERS_MAX; i++) {
        (void)snprintf(name[i], sizeof name[i], "x-amz-meta-%02d-%018d", i, 0);
        assert_int_equal(strlen(name[i]), 32);
        d->headers[i] = pair(name[i], "v");
    }
    d->req.headers_n = 30; /* "host" and 30 * 33 bytes */
    must_presign(d);
    d->req.headers_n = 31;
    must_refuse(d, ERR_LIMIT, "sigv4.signed headers: does not fit 1024 bytes");
}

/* A hash that S3 would not look at must not be signed; nor may the two differ. */
static void
test_refused_payloads(void **state)
{
    static const char UPPER[] = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
    static const struct {
        const char *payload, *header, *param, *reason; /* reason NULL: accepted */
    } ROWS[] = {
        {SIGV4_UNSIGNED, NULL, NULL, NULL},
        {SIGV4_UNSIGNED, SIGV4_UNSIGNED, SIGV4_UNSIGNED, NULL},
        {SIGV4_EMPTY_BODY, SIGV4_EMPTY_BODY, NULL, NULL},
        {SIGV4_EMPTY_BODY, NULL, SIGV4_EMPTY_BODY, NULL},
        {SIGV4_EMPTY_BODY, NULL, NULL, "sigv4.payload: x-amz-content-sha256 is not signed"},
        {SIGV4_UNSIGNED, SIGV4_EMPTY_BODY, NULL, "sigv4.payload: differs from x-amz-content-sha"},
        {SIGV4_EMPTY_BODY, SIGV4_UNSIGNED, NULL, "sigv4.payload: differs from x-amz-content-sha"},
        {SIGV4_EMPTY_BODY, SIGV4_EMPTY_BODY, SIGV4_UNSIGNED, "sigv4.payload: differs from"},
        {"", NULL, NULL, "sigv4.payload: neither SHA-256 nor UNSIGNED-PAYLOAD"},
        {"unsigned-payload", NULL, NULL, "sigv4.payload: not lower-case hex at 0"},
        {"e3b0", "e3b0", NULL, "sigv4.payload: neither SHA-256 nor UNSIGNED-PAYLOAD"},
        {UPPER, UPPER, NULL, "sigv4.payload: not lower-case hex at 0"},
        {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", NULL, NULL, "sigv4.payload: not lower-case hex"},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        d->req.payload = text(ROWS[i].payload);
        d->req.headers_n = ROWS[i].header != NULL;
        d->headers[0] = pair("X-Amz-Content-SHA256", ROWS[i].header);
        d->req.params_n = ROWS[i].param != NULL;
        d->params[0] = pair("X-Amz-Content-Sha256", ROWS[i].param);
        if (ROWS[i].reason == NULL) {
            must_presign(d);
        } else {
            must_refuse(d, ERR_MALFORMED, ROWS[i].reason);
        }
    }
}

/* S3 wants the header in the header form whatever it says; a parameter does not do. */
static void
test_refused_header_form(void **state)
{
    struct desk *d = *state;

    d->params[0] = pair("X-Amz-Content-Sha256", SIGV4_UNSIGNED);
    d->req.params_n = 1;
    assert_int_equal(sigv4_header_auth(&d->cred, &d->req, &d->out, &d->why), ERR_MALFORMED);
    must_say(why_text(&d->why), "sigv4.payload: x-amz-content-sha256 is not signed");
    d->headers[0] = pair("x-amz-content-sha256", SIGV4_UNSIGNED);
    assert_int_equal(sigv4_header_auth(&d->cred, &d->req, &d->out, &d->why), ERR_OK);
}

static void
test_refused_times(void **state)
{
    static const struct {
        int64_t at_unix, expires_s;
        enum err err;
        const char *reason; /* NULL: accepted */
    } ROWS[] = {
        {DAY, 1, ERR_OK, NULL},
        {DAY, SIGV4_EXPIRES_MAX, ERR_OK, NULL},
        {0, 1, ERR_OK, NULL},
        {253402300799, 1, ERR_OK, NULL},
        {DAY, 0, ERR_LIMIT, "sigv4.expires: 0 s, 1 to 604800"},
        {DAY, -1, ERR_LIMIT, "sigv4.expires: -1 s, 1 to 604800"},
        {DAY, 604801, ERR_LIMIT, "sigv4.expires: 604801 s, 1 to 604800"},
        {DAY, INT64_MAX, ERR_LIMIT, "sigv4.expires: 9223372036854775807 s"},
        {-1, 60, ERR_MALFORMED, "sigv4.time: outside 1970..9999"},
        {253402300800, 60, ERR_MALFORMED, "sigv4.time: outside 1970..9999"},
        {INT64_MIN, 60, ERR_MALFORMED, "sigv4.time: outside 1970..9999"},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        d->req.at_unix = ROWS[i].at_unix;
        d->req.expires_s = ROWS[i].expires_s;
        if (ROWS[i].reason == NULL) {
            must_presign(d);
        } else {
            must_refuse(d, ROWS[i].err, ROWS[i].reason);
        }
    }
    must_say(url(d), "X-Amz-Date=99991231T235959Z"); /* what the last good one left */
}

enum { CANARY = 0xa5 };

/* Each buffer, one byte at a time, until it is large enough. */
static void
test_refused_buffers(void **state)
{
    static const char *const REASONS[] = {"sigv4.canonical request: does not fit",
                                          "sigv4.string to sign: does not fit",
                                          "sigv4.result: does not fit"};
    struct desk *d = *state;

    must_presign(d);
    for (size_t which = 0; which < 3; which++) {
        struct sigv4_out whole = d->out;
        struct wr *w = which == 0   ? &d->out.canonical
                       : which == 1 ? &d->out.string_to_sign
                                    : &d->out.result;
        size_t need = w->len + (which == 2 ? 1 : 0); /* the NUL */

        for (size_t cap = 0; cap < need; cap++) {
            w->cap = cap;
            w->buf[cap] = CANARY;
            must_refuse(d, ERR_LIMIT, REASONS[which]);
            assert_int_equal(w->buf[cap], CANARY);
        }
        w->cap = need;
        must_presign(d);
        d->out = whole;
    }
}

static void
test_refused_identities(void **state)
{
    static const struct {
        const char *id, *secret, *token, *region, *service;
        enum err err;
        const char *reason; /* NULL: accepted */
    } ROWS[] = {
        {"test:tester", "s", "t", "RegionOne", "s3", ERR_OK, NULL},
        {"", MARK, "", "r", "s3", ERR_MALFORMED, "sigv4.access key id: 0 bytes, at least 1"},
        {"a/b", MARK, "", "r", "s3", ERR_MALFORMED, "sigv4.access key id: character at 1"},
        {"a,b", MARK, "", "r", "s3", ERR_MALFORMED, "sigv4.access key id: character at 1"},
        {"a", "", "", "r", "s3", ERR_MALFORMED, "sigv4.secret: 0 bytes, at least 1"},
        {"a", MARK "\n", "", "r", "s3", ERR_MALFORMED, "sigv4.secret: character at 11"},
        {"a", MARK " x", "", "r", "s3", ERR_MALFORMED, "sigv4.secret: character at 11"},
        {"a", "s", MARK "\r", "r", "s3", ERR_MALFORMED, "sigv4.session token: character at 11"},
        {"a", "s", "", "", "s3", ERR_MALFORMED, "sigv4.region: 0 bytes, at least 1"},
        {"a", "s", "", "r/s", "s3", ERR_MALFORMED, "sigv4.region: character at 1"},
        {"a", "s", "", "r", "", ERR_MALFORMED, "sigv4.service: 0 bytes, at least 1"},
        {"a", "s", "", "r", "s3\n", ERR_MALFORMED, "sigv4.service: character at 2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const struct sigv4_identity id = {
            .access_key_id = text(ROWS[i].id),
            .secret = text(ROWS[i].secret),
            .session_token = text(ROWS[i].token),
            .region = text(ROWS[i].region),
            .service = text(ROWS[i].service),
        };
        struct sigv4_cred c = {0};
        struct why why = {0};

        assert_int_equal(sigv4_cred_init(&id, &c, &why), ROWS[i].err);
        must_say(why_text(&why), ROWS[i].reason != NULL ? ROWS[i].reason : "");
        assert_null(strstr(why_text(&why), MARK));
        assert_true((c.md != NULL) == (ROWS[i].err == ERR_OK)); /* written on success only */
        sigv4_cred_done(&c);
        sigv4_cred_done(&c); /* twice is fine */
    }
}

/* An identity whose part number `at` is `len` bytes long. */
static enum err
init_long(struct desk *d, size_t at, size_t len)
{
    static uint8_t filler[SIGV4_TOKEN_MAX + 1];
    struct slice part[5] = {text("a"), text("s"), text("t"), text("r"), text("s3")};
    struct sigv4_cred c = {0};
    enum err err = ERR_OK;

    memset(filler, 'f', sizeof filler);
    part[at] = (struct slice){filler, len};
    d->id = (struct sigv4_identity){part[0], part[1], part[2], part[3], part[4]};
    d->why = (struct why){0};
    err = sigv4_cred_init(&d->id, &c, &d->why);
    if (err == ERR_OK) {
        assert_int_equal(sigv4_presign(&c, &d->req, &d->out, &d->why), ERR_OK);
    }
    sigv4_cred_done(&c);
    return err;
}

static void
test_refused_lengths(void **state)
{
    static const struct {
        size_t max;
        const char *reason;
    } ROWS[] = {
        {SIGV4_ID_MAX, "sigv4.access key id: 129 bytes, at most 128"},
        {SIGV4_SECRET_MAX, "sigv4.secret: 257 bytes, at most 256"},
        {SIGV4_TOKEN_MAX, "sigv4.session token: 8193 bytes, at most 8192"},
        {SIGV4_NAME_MAX, "sigv4.region: 65 bytes, at most 64"},
        {SIGV4_NAME_MAX, "sigv4.service: 65 bytes, at most 64"},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_int_equal(init_long(d, i, ROWS[i].max), ERR_OK);
        assert_int_equal(init_long(d, i, ROWS[i].max + 1), ERR_LIMIT);
        must_say(why_text(&d->why), ROWS[i].reason);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refused_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_params, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_signed_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_payloads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_header_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_buffers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_identities, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_lengths, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
