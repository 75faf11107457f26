/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_qgs.c - the host's quoting service: its address, its messages, a connection that answers, drips, lies or says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/syscall.h>

#include <linux/vm_sockets.h>

#include "attest/tdx/tdx.h"
#include "clients/qgs.h"
#include "common/mem.h"
#include "test/unit/qgs_soft.h"

enum { PATIENCE_MS = 4000, QUOTE = 5006 };

/* ---- a vsock that this machine need not have: its connections go to a Unix socket */

static struct {
    const char *path; /* where to; NULL: none */
    struct sockaddr_vm at;
    socklen_t len;
    int begun;      /* connect() says that it is not done yet */
    int late_error; /* what it comes to then */
} vsock;

int
socket(int domain, int type, int protocol)
{
    return (int)syscall(SYS_socket, domain == AF_VSOCK ? AF_UNIX : domain, type, protocol);
}

int
connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
    const struct sockaddr *at = to.__sockaddr__;
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (at->sa_family != AF_VSOCK) {
        return (int)syscall(SYS_connect, fd, at, len);
    }
    memcpy(&vsock.at, at, sizeof vsock.at);
    vsock.len = len;
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s", vsock.path);
    if (syscall(SYS_connect, fd, &un, sizeof un) != 0) {
        return -1;
    }
    errno = EINPROGRESS;
    return vsock.begun ? -1 : 0;
}

int
getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
    int done = (int)syscall(SYS_getsockopt, fd, level, name, value, len);

    if (done == 0 && name == SO_ERROR && vsock.late_error != 0) {
        memcpy(value, &vsock.late_error, sizeof vsock.late_error);
    }
    return done;
}

/* ---- addresses */

/* Longer than a socket's path can be. */
#define TEN       "0123456789"
#define LONG_PATH "unix:/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void
addresses_are_read(void **state)
{
    struct qgs_address a;
    struct fault f = {0};
    struct sockaddr_vm vm;
    struct sockaddr_un un;

    (void)state;
    assert_int_equal(qgs_address_read("vsock:2:4050", &a, &f), ERR_OK);
    memcpy(&vm, &a.at, sizeof vm);
    assert_int_equal(a.len, sizeof vm);
    assert_int_equal(vm.svm_family, AF_VSOCK);
    assert_int_equal(vm.svm_cid, 2);
    assert_int_equal(vm.svm_port, 4050);
    assert_int_equal(qgs_address_read("vsock:4294967295:4294967295", &a, &f), ERR_OK);
    memcpy(&vm, &a.at, sizeof vm);
    assert_int_equal(vm.svm_cid, UINT32_MAX);
    assert_int_equal(vm.svm_port, UINT32_MAX);
    assert_int_equal(qgs_address_read("unix:/run/qgs.socket", &a, &f), ERR_OK);
    memcpy(&un, &a.at, sizeof un);
    assert_int_equal(un.sun_family, AF_UNIX);
    assert_string_equal(un.sun_path, "/run/qgs.socket");
}

static void
other_addresses_are_refused(void **state)
{
    static const char *const BAD[] = {
        "",
        "vsock",
        "vsock:",
        "vsock:2",
        "vsock:2:",
        "vsock::4050",
        "vsock:2:0",
        "vsock:-1:4050",
        "vsock:2:4294967296",
        "vsock:4294967296:1",
        "vsock:2:4050 ",
        "vsock:2:4050:1",
        "vsock:00000000002:1",
        "tcp:127.0.0.1:4050",
        "unix:",
        "unix:run/qgs",
        "VSOCK:2:4050",
        LONG_PATH,
    };
    struct qgs_address a;

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct fault f = {0};

        assert_int_equal(qgs_address_read(BAD[i], &a, &f), ERR_MALFORMED);
        assert_string_equal(f.code, "usage");
        assert_int_equal(a.len, 0);
    }
}

/* ---- messages */

static void
a_request_is_written_as_the_service_reads_it(void **state)
{
    static const uint8_t HEAD[24] = {1, 0, 0, 0, 0, 0, 0, 0, 0x18, 4, 0, 0,
                                     0, 0, 0, 0, 0, 4, 0, 0, 0,    0, 0, 0};
    uint8_t report[TD_REPORT_LEN];
    uint8_t message[QGS_REQUEST_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof report; i++) {
        report[i] = soft_qgs_byte(i);
    }
    qgs_request_write(report, message);
    assert_int_equal(sizeof message, 1048);
    assert_memory_equal(message, HEAD, sizeof HEAD);
    assert_memory_equal(message + sizeof HEAD, report, sizeof report);
}

static struct soft_qgs service; /* large */

static enum err
read_answer(const struct soft_qgs_answer *a, struct slice *quote, struct why *why)
{
    *why = (struct why){0};
    soft_qgs_put(&service, a);
    return qgs_answer_read((struct slice){service.answer + 4, service.answer_len - 4}, quote, why);
}

static void
the_quote_of_an_answer_is_found(void **state)
{
    static const uint32_t LENS[] = {1, QUOTE, TDX_QUOTE_MAX};
    struct soft_qgs_answer a;
    struct slice quote;
    struct why why;

    (void)state;
    for (size_t i = 0; i < sizeof LENS / sizeof LENS[0]; i++) {
        a = soft_qgs_right(LENS[i], i == 0 ? 0 : 16);
        assert_int_equal(read_answer(&a, &quote, &why), ERR_OK);
        assert_true(soft_qgs_same(quote.ptr, quote.len, LENS[i]));
    }
    a.minor = 7; /* a later one is compatible */
    assert_int_equal(read_answer(&a, &quote, &why), ERR_OK);
}

static void
assert_answer_refused(const struct soft_qgs_answer *a, enum err want, const char *says)
{
    struct slice quote = {0};
    struct why why;

    assert_int_equal(read_answer(a, &quote, &why), want);
    assert_null(quote.ptr);
    if (strstr(why_text(&why), says) == NULL) {
        fail_msg("%s, not %s", why_text(&why), says);
    }
}

#define REFUSED(field, value, err, says)      \
    do {                                      \
        a = soft_qgs_right(QUOTE, 16);        \
        a.field = (value);                    \
        assert_answer_refused(&a, err, says); \
    } while (0)

static void
each_field_of_an_answer_counts(void **state)
{
    struct soft_qgs_answer a;

    (void)state;
    REFUSED(major, 2, ERR_MALFORMED, "major version");
    REFUSED(major, 0, ERR_MALFORMED, "major version");
    REFUSED(type, 0, ERR_MALFORMED, "type");
    REFUSED(type, 3, ERR_MALFORMED, "type");
    REFUSED(size, a.size - 1, ERR_MALFORMED, "size");
    REFUSED(size, a.size + 1, ERR_MALFORMED, "size");
    REFUSED(id_len, UINT32_MAX, ERR_MALFORMED, "id");
    REFUSED(quote_len, UINT32_MAX, ERR_MALFORMED, "quote");
    REFUSED(quote_len, QUOTE + 1, ERR_MALFORMED, "quote");
    REFUSED(quote_len, QUOTE - 1, ERR_MALFORMED, "after the end");
    REFUSED(error, 0x12001, ERR_UNABLE, "0x12001 (it failed)");
    REFUSED(error, 0x12004, ERR_UNABLE, "0x12004 (the message's version is unknown)");
    REFUSED(error, 0xffffffff, ERR_UNABLE, "0xffffffff (unknown)");
    a = soft_qgs_right(0, 0);
    assert_answer_refused(&a, ERR_MALFORMED, "quote length");
    a = soft_qgs_right(TDX_QUOTE_MAX + 1, 0);
    assert_answer_refused(&a, ERR_MALFORMED, "quote length");
}

static void
a_cut_answer_is_refused(void **state)
{
    const struct soft_qgs_answer a = soft_qgs_right(100, 16);
    struct slice quote = {0};
    struct why why;

    (void)state;
    assert_int_equal(read_answer(&a, &quote, &why), ERR_OK);
    for (size_t len = 0; len < service.answer_len - 4; len++) {
        why = (struct why){0};
        assert_int_equal(qgs_answer_read((struct slice){service.answer + 4, len}, &quote, &why),
                         ERR_MALFORMED);
    }
}

/* ---- connections */

static enum err
ask(const char *address, int64_t wait_ms, uint8_t **quote, size_t *len, struct fault *f)
{
    struct qgs_address a;
    uint8_t report[TD_REPORT_LEN];

    memset(report, 0x5a, sizeof report);
    *f = (struct fault){0};
    assert_int_equal(qgs_address_read(address, &a, f), ERR_OK);
    return qgs_quote(&a, report, wait_ms, quote, len, f);
}

/* The report that ask() sends is in the request, and its length before it. */
static void
assert_asked(void)
{
    assert_int_equal(service.request_len, SOFT_QGS_REQUEST);
    assert_memory_equal(service.request, "\0\0\4\x18\1\0", 6);
    for (size_t i = 28; i < SOFT_QGS_REQUEST; i++) {
        assert_int_equal(service.request[i], 0x5a);
    }
}

static void
a_quote_comes_whole_or_in_pieces(void **state)
{
    static const size_t CHUNKS[] = {0, 1, 4, 1000};
    const struct soft_qgs_answer right = soft_qgs_right(QUOTE, 16);

    (void)state;
    for (size_t i = 0; i < sizeof CHUNKS / sizeof CHUNKS[0]; i++) {
        uint8_t *quote AUTO(mem_free_bytes) = NULL;
        size_t len = 0;
        struct fault f;

        service = (struct soft_qgs){.chunk = CHUNKS[i]};
        soft_qgs_put(&service, &right);
        soft_qgs_start(&service);
        assert_int_equal(ask(service.address, PATIENCE_MS, &quote, &len, &f), ERR_OK);
        soft_qgs_stop(&service);
        assert_asked();
        assert_true(soft_qgs_same(quote, len, QUOTE));
    }
}

static void
a_host_is_asked_by_vsock(void **state)
{
    const struct soft_qgs_answer right = soft_qgs_right(QUOTE, 0);

    (void)state;
    for (int begun = 0; begun < 2; begun++) {
        uint8_t *quote AUTO(mem_free_bytes) = NULL;
        size_t len = 0;
        struct fault f;

        service = (struct soft_qgs){.chunk = 0};
        soft_qgs_put(&service, &right);
        soft_qgs_start(&service);
        vsock.path = service.path;
        vsock.begun = begun;
        assert_int_equal(ask("vsock:2:4050", PATIENCE_MS, &quote, &len, &f), ERR_OK);
        soft_qgs_stop(&service);
        assert_asked();
        assert_int_equal(vsock.len, sizeof vsock.at);
        assert_int_equal(vsock.at.svm_cid, 2);
        assert_int_equal(vsock.at.svm_port, 4050);
    }
    vsock.begun = 0;
}

/* ERR_UNABLE with code tdx and these words; how long it took. */
static int64_t
assert_unable(const char *address, int64_t wait_ms, const char *says)
{
    uint8_t *quote = NULL;
    size_t len = 0;
    struct fault f;
    int64_t start_ms = clock_mono_ms();

    assert_int_equal(ask(address, wait_ms, &quote, &len, &f), ERR_UNABLE);
    assert_string_equal(f.code, "tdx");
    assert_null(quote);
    if (strstr(why_text(&f.why), says) == NULL) {
        fail_msg("%s, not %s", why_text(&f.why), says);
    }
    return clock_mono_ms() - start_ms;
}

static void
a_connection_that_fails_later_is_told(void **state)
{
    (void)state;
    service = (struct soft_qgs){.silent = true};
    soft_qgs_start(&service);
    vsock.path = service.path;
    vsock.begun = 1;
    vsock.late_error = ECONNRESET;
    assert_unable("vsock:2:4050", PATIENCE_MS,
                  "connecting to the quoting service: Connection reset");
    vsock.begun = 0;
    vsock.late_error = 0;
    soft_qgs_stop(&service);
    assert_unable("unix:/nonexistent/qgs", PATIENCE_MS,
                  "connecting to the quoting service: No such");
}

static void
a_service_that_says_nothing_is_given_up(void **state)
{
    int64_t took_ms = 0;

    (void)state;
    service = (struct soft_qgs){.silent = true};
    soft_qgs_start(&service);
    took_ms =
        assert_unable(service.address, 300, "hearing the quoting service: Connection timed out");
    soft_qgs_stop(&service);
    assert_in_range(took_ms, 290, 3000);
    assert_int_equal(service.request_len, SOFT_QGS_REQUEST);
}

static void
a_service_that_breaks_off_is_told(void **state)
{
    static const size_t LENS[] = {0, 3, 4, 30, QUOTE};
    const struct soft_qgs_answer right = soft_qgs_right(QUOTE, 16);

    (void)state;
    for (size_t i = 0; i < sizeof LENS / sizeof LENS[0]; i++) {
        service = (struct soft_qgs){.chunk = 0};
        soft_qgs_put(&service, &right);
        service.answer_len = LENS[i];
        soft_qgs_start(&service);
        assert_unable(service.address, PATIENCE_MS, "hung up");
        soft_qgs_stop(&service);
    }
}

/* Nothing is allocated, and nothing awaited, by a length that no answer has. */
static void
a_length_that_no_answer_has_is_refused(void **state)
{
    static const uint32_t LENS[] = {0, QGS_ANSWER_MAX + 1, UINT32_MAX};
    struct soft_qgs_answer a = soft_qgs_right(QUOTE, 0);

    (void)state;
    for (size_t i = 0; i < sizeof LENS / sizeof LENS[0]; i++) {
        a.prefix = LENS[i];
        service = (struct soft_qgs){.chunk = 0};
        soft_qgs_put(&service, &a);
        soft_qgs_start(&service);
        assert_unable(service.address, PATIENCE_MS, "wants to give");
        soft_qgs_stop(&service);
    }
}

static void
what_the_service_says_is_told(void **state)
{
    struct soft_qgs_answer a = soft_qgs_right(0, 0);

    (void)state;
    a.error = 0x12003;
    service = (struct soft_qgs){.chunk = 0};
    soft_qgs_put(&service, &a);
    soft_qgs_start(&service);
    assert_unable(service.address, PATIENCE_MS, "0x12003 (a parameter is wrong)");
    soft_qgs_stop(&service);
    a = soft_qgs_right(QUOTE, 0);
    a.major = 9;
    soft_qgs_put(&service, &a);
    soft_qgs_start(&service);
    assert_unable(service.address, PATIENCE_MS, "major version");
    soft_qgs_stop(&service);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(other_addresses_are_refused),
        cmocka_unit_test(a_request_is_written_as_the_service_reads_it),
        cmocka_unit_test(the_quote_of_an_answer_is_found),
        cmocka_unit_test(each_field_of_an_answer_counts),
        cmocka_unit_test(a_cut_answer_is_refused),
        cmocka_unit_test(a_quote_comes_whole_or_in_pieces),
        cmocka_unit_test(a_host_is_asked_by_vsock),
        cmocka_unit_test(a_connection_that_fails_later_is_told),
        cmocka_unit_test(a_service_that_says_nothing_is_given_up),
        cmocka_unit_test(a_service_that_breaks_off_is_told),
        cmocka_unit_test(a_length_that_no_answer_has_is_refused),
        cmocka_unit_test(what_the_service_says_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
