/* SPDX-License-Identifier: Apache-2.0 */
/* test_sigv4.c - what sigv4 signs.
 *
 * Both signatures written out here are examples of the Amazon S3 API Reference.  Comparison with a
 * second implementation: test_sigv4_model.c; with other people's vectors:
 * test/vectors/run_presign.c; what is refused: test_sigv4_refuse.c. */
#include "test/unit/sigv4_desk.h"

static void
test_documented_url(void **state)
{
    struct desk *d = *state;

    d->req.method = "GET";
    d->req.host = text("examplebucket.s3.amazonaws.com");
    d->req.bucket = text("");
    d->req.path = text("test.txt");
    d->req.headers_n = 0;
    d->req.at_unix = 1369353600; /* 20130524T000000Z */
    d->req.expires_s = 86400;
    must_presign(d);
    must_say(url(d), "&X-Amz-Signature="
                     "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404&");
}

/* "Examples: Signature Calculations", GET with a range. */
static void
test_documented_header(void **state)
{
    struct desk *d = *state;

    d->req.method = "GET";
    d->req.host = text("examplebucket.s3.amazonaws.com");
    d->req.bucket = text("");
    d->req.path = text("test.txt");
    d->headers[0] = pair("Range", "bytes=0-9");
    d->headers[1] = pair("x-amz-content-sha256", SIGV4_EMPTY_BODY);
    d->req.headers_n = 2;
    d->req.payload = text(SIGV4_EMPTY_BODY);
    d->req.at_unix = 1369353600;
    d->req.expires_s = 0; /* not looked at */
    assert_int_equal(sigv4_header_auth(&d->cred, &d->req, &d->out, &d->why), ERR_OK);
    assert_string_equal(
        url(d), "AWS4-HMAC-SHA256 "
                "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    assert_string_equal(d->cred.date, "20130524T000000Z");
}

static void
test_encoding(void **state)
{
    static const char BEYOND[] = "\xc3\xa9\xe1\x88\xb4\xf0\x9f\x98\x80";
    struct desk *d = *state;
    char key[256];
    char wanted[1024];
    size_t len = 0;
    size_t at = (size_t)snprintf(wanted, sizeof wanted, "PUT\n/examplebucket/");

    for (int c = 0x20; c < 0x7f; c++) {
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     strchr("-_.~/", c) != NULL;

        key[len++] = (char)c;
        at += (size_t)(plain ? snprintf(&wanted[at], sizeof wanted - at, "%c", c)
                             : snprintf(&wanted[at], sizeof wanted - at, "%%%02X", (unsigned)c));
    }
    (void)snprintf(&key[len], sizeof key - len, "%s", BEYOND);
    (void)snprintf(&wanted[at], sizeof wanted - at, "%%C3%%A9%%E1%%88%%B4%%F0%%9F%%98%%80\n");
    d->req.path = text(key);
    must_presign(d);
    assert_memory_equal(canonical(d), wanted, strlen(wanted));
}

/* Three bytes for an octet, at every distance from the ends of the pieces that encoding writes. */
static void
test_encoding_long(void **state)
{
    struct desk *d = *state;
    char key[SIGV4_KEY_MAX + 1];

    for (size_t plain = 0; plain < 3; plain++) {
        char wanted[4 * SIGV4_KEY_MAX];
        size_t at = (size_t)snprintf(wanted, sizeof wanted, "PUT\n/examplebucket/");

        for (size_t i = 0; i < SIGV4_KEY_MAX; i++) {
            key[i] = i < plain ? 'k' : '+';
            at += (size_t)snprintf(&wanted[at], sizeof wanted - at, "%s", i < plain ? "k" : "%2B");
        }
        d->req.path = (struct slice){(const uint8_t *)key, SIGV4_KEY_MAX};
        must_presign(d);
        assert_memory_equal(canonical(d), wanted, strlen(wanted));
        assert_int_equal(d->canonical[at], '\n');
    }
}

/* In a query a slash and a blank are octets like others; an empty value keeps its '='. */
static void
test_query(void **state)
{
    struct desk *d = *state;

    d->params[0] = pair("uploads", "");
    d->params[1] = pair("a b/c", "+&=");
    d->params[2] = pair("a-", "2");
    d->params[3] = pair("a", "20");
    d->params[4] = pair("a", "2");
    d->req.params_n = 5;
    must_presign(d);
    must_say(canonical(d), "&X-Amz-SignedHeaders=content-type%3Bhost"
                           "&a=2&a=20&a%20b%2Fc=%2B%26%3D&a-=2&uploads=\n");
}

static void
test_headers(void **state)
{
    struct desk *d = *state;

    d->headers[0] = pair("X-Amz-Meta-Note", "  two   blanks\t and \t tabs ");
    d->headers[1] = pair("If-None-Match", "*");
    d->headers[2] = pair("x-amz-meta-NOTE", " again");
    d->headers[3] = pair("x-amz-meta-empty", "   ");
    d->req.headers_n = 4;
    must_presign(d);
    must_say(canonical(d), "\nhost:s3.us-east-1.amazonaws.com\nif-none-match:*\n"
                           "x-amz-meta-empty:\nx-amz-meta-note:two blanks and tabs,again\n\n"
                           "host;if-none-match;x-amz-meta-empty;x-amz-meta-note\n"
                           "UNSIGNED-PAYLOAD");
}

static void
test_host_port(void **state)
{
    static const struct {
        bool plain_http;
        const char *host, *written;
    } ROWS[] = {
        {false, "store.example:443", "https://store.example/"},
        {true, "store.example:80", "http://store.example/"},
        {false, "store.example:80", "https://store.example:80/"},
        {true, "store.example:443", "http://store.example:443/"},
        {false, "Store.Example:4443", "https://store.example:4443/"},
        {true, "[::1]:8000", "http://[::1]:8000/"},
        {true, "[::80]", "http://[::80]/"},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char line[128];

        d->req.plain_http = ROWS[i].plain_http;
        d->req.host = text(ROWS[i].host);
        must_presign(d);
        assert_memory_equal(url(d), ROWS[i].written, strlen(ROWS[i].written));
        (void)snprintf(line, sizeof line, "\nhost:%.*s\n",
                       (int)(strcspn(strstr(ROWS[i].written, "://") + 3, "/")),
                       strstr(ROWS[i].written, "://") + 3);
        must_say(canonical(d), line);
    }
}

static void
test_service_paths(void **state)
{
    static const struct {
        const char *sent, *normal, *verbatim;
    } ROWS[] = {
        {"/", "/", "/"},
        {"//", "/", "//"},
        {"/./", "/", "/./"},
        {"/..", "/", "/.."},
        {"/../../x", "/x", "/../../x"},
        {"/a/..", "/", "/a/.."},
        {"/a/b/../c", "/a/c", "/a/b/../c"},
        {"/a/b/..", "/a/", "/a/b/.."},
        {"//a//b//", "/a/b/", "//a//b//"},
        {"/a/./b", "/a/b", "/a/./b"},
        {"/a%20b/...", "/a%2520b/...", "/a%2520b/..."},
    };
    struct desk *d = *state;

    d->req.bucket = text("");
    for (size_t i = 0; i < 2 * sizeof ROWS / sizeof ROWS[0]; i++) {
        const char *wanted = i % 2 == 0 ? ROWS[i / 2].normal : ROWS[i / 2].verbatim;
        char line[128];

        d->req.rule = i % 2 == 0 ? SIGV4_SERVICE : SIGV4_SERVICE_VERBATIM;
        d->req.path = text(ROWS[i / 2].sent);
        must_presign(d);
        (void)snprintf(line, sizeof line, "PUT\n%s\n", wanted);
        assert_memory_equal(canonical(d), line, strlen(line));
        (void)snprintf(line, sizeof line, "https://s3.us-east-1.amazonaws.com%s?",
                       ROWS[i / 2].sent);
        assert_memory_equal(url(d), line, strlen(line));
    }
}

static void
test_session_token(void **state)
{
    struct desk *d = *state;

    other_identity(d, "tok/en+=");
    must_presign(d);
    must_say(canonical(d), "&X-Amz-Security-Token=tok%2Fen%2B%3D&X-Amz-SignedHeaders=");
    must_say(url(d), "&X-Amz-Security-Token=tok%2Fen%2B%3D&X-Amz-Signature=");

    d->req.token_unsigned = true;
    must_presign(d);
    assert_null(strstr(canonical(d), "Security-Token"));
    must_say(url(d), "content-type%3Bhost&X-Amz-Security-Token=tok%2Fen%2B%3D");
}

static void
test_session_token_header(void **state)
{
    struct desk *d = *state;

    other_identity(d, "tok/en+=");
    d->headers[1] = pair("x-amz-content-sha256", SIGV4_UNSIGNED);
    d->req.headers_n = 2;
    assert_int_equal(sigv4_header_auth(&d->cred, &d->req, &d->out, &d->why), ERR_OK);
    must_say(canonical(d), "\nx-amz-security-token:tok/en+=\n\n");
    d->req.token_unsigned = true;
    assert_int_equal(sigv4_header_auth(&d->cred, &d->req, &d->out, &d->why), ERR_OK);
    assert_null(strstr(canonical(d), "security-token"));
}

/* The key of a day is kept; it must be that of the day which is signed for, in whatever order. */
static void
test_days(void **state)
{
    static const int64_t TIMES[] = {DAY - 1, DAY, DAY + 86399, DAY + 86400, DAY - 1, 0, DAY};
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof TIMES / sizeof TIMES[0]; i++) {
        struct sigv4_cred fresh;
        char kept[2048];

        d->req.at_unix = TIMES[i];
        must_presign(d);
        (void)snprintf(kept, sizeof kept, "%s", url(d));
        assert_int_equal(sigv4_cred_init(&d->id, &fresh, &d->why), ERR_OK);
        assert_int_equal(sigv4_presign(&fresh, &d->req, &d->out, &d->why), ERR_OK);
        sigv4_cred_done(&fresh);
        assert_string_equal(url(d), kept);
    }
    must_say(url(d), "%2F20251125%2F");
    must_say(url(d), "&X-Amz-Date=20251125T000000Z&");
}

/* Every part of a request counts: changing any gives another signature. */
static void
test_everything_is_signed(void **state)
{
    struct desk *d = *state;
    const struct sigv4_request base = d->req;
    struct sigv4_request other[10];
    char signature[11][80];
    size_t n = 0;

    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        other[i] = base;
    }
    other[0].method = "GET";
    other[1].host = text("s3.us-east-2.amazonaws.com");
    other[2].bucket = text("examplebuckes");
    other[3].path = text("sb-1/r.pdg");
    d->params[0] = pair("partNumber", "1");
    other[4].params_n = 1;
    d->headers[1] = pair("content-length", "16");
    other[5].headers_n = 2;
    other[6].at_unix = DAY + 1;
    other[7].expires_s = 61;
    other[8].rule = SIGV4_SERVICE; /* another payload, where it need not be bound */
    other[8].bucket = text("");
    other[8].path = text("/examplebucket/sb-1/r.pdf");
    other[8].payload = text(SIGV4_EMPTY_BODY);
    other[9].headers_n = 0;
    must_presign(d);
    for (size_t i = 0;; i++) {
        const char *at = strstr(url(d), "X-Amz-Signature=");

        assert_non_null(at);
        (void)snprintf(signature[n++], sizeof signature[0], "%.79s", at);
        if (i == sizeof other / sizeof other[0]) {
            break;
        }
        d->req = other[i];
        must_presign(d);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(signature[i], signature[k]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_documented_url, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_documented_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_encoding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_encoding_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_query, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_host_port, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_service_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_session_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_session_token_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_days, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_everything_is_signed, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
