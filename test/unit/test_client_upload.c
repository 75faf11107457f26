/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_upload.c - a file on its way to a signed URL: what is hashed, what is sent, and what the
 * store's answer means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "clients/upload_put.h"
#include "common/json.h"
#include "test/unit/client_desk.h"

/* printf 'hello\n' | sha256sum */
static const char hello_sha256[] =
    "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

static void
make_file(char path[64], const char *text)
{
    int fd = -1;

    (void)snprintf(path, 64, "/tmp/countersign-upload-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static void
test_file(void **state)
{
    struct upload_file u AUTO(upload_file_done) = {.fd = -1};
    struct fault f = {0};
    char path[64];
    char byte = 0;

    (void)state;
    make_file(path, "hello\n");
    assert_int_equal(upload_file_open(path, &u, &f), ERR_OK);
    assert_int_equal(u.size, 6);
    assert_string_equal(u.sha256, hello_sha256);
    assert_int_equal(read(u.fd, &byte, 1), 1); /* it stands at its beginning again */
    assert_int_equal(byte, 'h');
    assert_int_equal(unlink(path), 0);
}

static void
test_empty_file(void **state)
{
    struct upload_file u AUTO(upload_file_done) = {.fd = -1};
    struct fault f = {0};
    char path[64];

    (void)state;
    make_file(path, "");
    assert_int_equal(upload_file_open(path, &u, &f), ERR_OK);
    assert_int_equal(u.size, 0);
    assert_string_equal(u.sha256,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(unlink(path), 0);
}

static void
test_refused_files(void **state)
{
    struct upload_file u AUTO(upload_file_done) = {.fd = -1};
    struct fault f = {0};
    char fifo[64];

    (void)state;
    make_file(fifo, "");
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(upload_file_open("/nonexistent", &u, &f), ERR_NOT_FOUND);
    assert_int_equal(upload_file_open("/tmp", &u, &f), ERR_MALFORMED);
    assert_int_equal(upload_file_open("/dev/zero", &u, &f), ERR_MALFORMED);
    assert_int_equal(upload_file_open(fifo, &u, &f), ERR_MALFORMED); /* and does not wait */
    assert_string_equal(f.code, "file");
    assert_int_equal(unlink(fifo), 0);
}

/* Put "hello\n" to a desk that answers `reply`; *f says how it went. */
static enum err
put(struct desk *d, const struct desk_reply *reply, struct fault *f)
{
    struct upload_file u AUTO(upload_file_done) = {.fd = -1};
    json_t *grant AUTO(json_free) = NULL;
    char path[64];
    char url[128];
    enum err err = ERR_OK;

    desk_open(d, reply, 1, "127.0.0.1", DESK_TLS13);
    (void)snprintf(url, sizeof url, "%s/v1/uploads/up-1/content?t=a.b.c", d->url);
    grant = json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "method", "PUT", "url", url, "headers",
                      "content-type", "text/plain", "x-amz-meta-a", "b", "Content-Length", "6");
    make_file(path, "hello\n");
    assert_int_equal(upload_file_open(path, &u, f), ERR_OK);
    err = upload_put(&u, grant, d->ca, f);
    desk_close(d);
    assert_int_equal(unlink(path), 0);
    return err;
}

static size_t
times(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *p = strcasestr(text, part); p != NULL; p = strcasestr(p + 1, part)) {
        n++;
    }
    return n;
}

static void
test_put(void **state)
{
    static const struct desk_reply reply = {201, "", "{\"id\":\"up-1\",\"state\":\"stored\"}", 0};
    struct desk d;
    struct fault f = {0};

    (void)state;
    assert_int_equal(put(&d, &reply, &f), ERR_OK);
    assert_int_equal(d.served, 1);
    assert_memory_equal(d.request[0], "PUT /v1/uploads/up-1/content?t=a.b.c HTTP/1.1\r\n", 47);
    assert_non_null(strstr(d.request[0], "\r\ncontent-type: text/plain\r\n"));
    assert_non_null(strstr(d.request[0], "\r\nx-amz-meta-a: b\r\n"));
    assert_non_null(strstr(d.request[0], "\r\n\r\nhello\n"));
    assert_int_equal(times(d.request[0], "content-length: 6\r\n"), 1);
    assert_int_equal(times(d.request[0], "transfer-encoding"), 0);
    assert_int_equal(times(d.request[0], "authorization"), 0);
    assert_int_equal(times(d.request[0], "dpop"), 0);
    desk_free(&d);
}

static void
test_put_refused(void **state)
{
    static const struct {
        struct desk_reply reply;
        const char *code;
        enum err err;
    } rows[] = {
        {{403, "", "{\"code\":\"digest_mismatch\"}", 0}, "digest_mismatch", ERR_DENIED},
        {{410, "", "{\"code\":\"sandbox_ended\"}", 0}, "sandbox_ended", ERR_GONE},
        {{403, "", "<Error><Code>SignatureDoesNotMatch</Code></Error>", 0}, "", ERR_DENIED},
        {{503, "Retry-After: 3\r\n", "", 0}, "", ERR_UNABLE},
        {{307, "Location: https://127.0.0.1:1/\r\n", "", 0}, "", ERR_UNABLE},
        {{201, "", "{\"sha256\":\"00\"}", 0}, "file_changed", ERR_CONFLICT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk d;
        struct fault f = {0};

        assert_int_equal(put(&d, &rows[i].reply, &f), rows[i].err);
        assert_string_equal(f.code, rows[i].code);
        assert_int_equal(d.served, 1);
        desk_free(&d);
    }
}

/* A grant that is not one. */
static void
test_bad_grants(void **state)
{
    static const char too_many[] =
        "{\"method\":\"PUT\",\"url\":\"https://127.0.0.1:1/\",\"headers\":{\"a\":\"1\",\"b\":\"1\","
        "\"c\":\"1\",\"d\":\"1\",\"e\":\"1\",\"f\":\"1\",\"g\":\"1\",\"h\":\"1\",\"i\":\"1\"}}";
    static const char *const rows[] = {
        "{}",
        "{\"method\":\"PUT\"}",
        "{\"url\":\"https://127.0.0.1:1/\"}",
        "{\"method\":\"PUT\",\"url\":\"https://127.0.0.1:1/\",\"headers\":{\"a\":1}}",
        too_many,
    };
    struct upload_file u AUTO(upload_file_done) = {.fd = -1};
    char path[64];
    struct fault f = {0};

    (void)state;
    make_file(path, "hello\n");
    assert_int_equal(upload_file_open(path, &u, &f), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *grant AUTO(json_free) = json_loads(rows[i], 0, NULL);

        f = (struct fault){0};
        assert_int_equal(upload_put(&u, grant, NULL, &f), ERR_UNABLE);
        assert_string_equal(f.code, "reply");
    }
    json_t *plain AUTO(json_free) =
        json_loads("{\"method\":\"PUT\",\"url\":\"http://127.0.0.1:1/\"}", 0, NULL);

    assert_int_equal(upload_put(&u, plain, NULL, &f), ERR_DENIED);
    assert_string_equal(f.code, "not_https");
    assert_int_equal(unlink(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),          cmocka_unit_test(test_empty_file),
        cmocka_unit_test(test_refused_files), cmocka_unit_test(test_put),
        cmocka_unit_test(test_put_refused),   cmocka_unit_test(test_bad_grants),
    };

    if (!http_global()) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
