/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_tdx.c - quotes through configfs-tsm, and through the tdx_guest device and a quoting service: what is asked, what is taken, what
 * each refusal says, and the piece of evidence that comes of it, with its event log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/ioctl.h>

#include "attest/base/text.h"
#include "clients/collect.h"
#include "clients/tdx.h"
#include "common/json.h"
#include "common/mem.h"
#include "test/unit/qgs_soft.h"
#include "test/unit/tsm_kernel.h"

enum { QUOTE = 5006, REPORT_REQUEST = 64 + 1024, LOG_AREA = 4096, LOG_PATH = 2 * KERNEL_PATH };

/* ---- the driver: _IOWR('T', 1, 64 bytes in, 1024 out) */

static struct {
    unsigned long request; /* the last one */
    int error;
    unsigned calls;
} driver;

int
ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    uint8_t *arg = NULL;

    va_start(ap, request);
    arg = va_arg(ap, uint8_t *);
    va_end(ap);
    if ((request >> 8 & 0xff) != 'T') {
        return (int)syscall(SYS_ioctl, fd, request, arg);
    }
    driver.request = request;
    driver.calls++;
    if (driver.error != 0) {
        errno = driver.error;
        return -1;
    }
    memcpy(kernel.report_data, arg, 64);
    for (size_t i = 0; i < 1024; i++) {
        arg[64 + i] = soft_qgs_byte(i);
    }
    return 0;
}

static void
fill_report(uint8_t report[KERNEL_BLOB_MAX])
{
    for (size_t i = 0; i < kernel.report_len; i++) {
        report[i] = soft_qgs_byte(i);
    }
}

static int
setup(void **state)
{
    static char dir[64];

    (void)snprintf(dir, sizeof dir, "/tmp/countersign-tdx-XXXXXX");
    assert_non_null(mkdtemp(dir));
    kernel = (struct kernel){.fill = fill_report,
                             .provider = "tdx_guest\n",
                             .report_len = QUOTE,
                             .no_auxblob = true,
                             .vmpl = -1};
    driver.error = 0;
    driver.calls = 0;
    (void)snprintf(kernel.root, sizeof kernel.root, "%s", dir);
    *state = dir;
    return 0;
}

/* Nothing stays behind, however a test went. */
static int
teardown(void **state)
{
    unsigned left = kernel.made - kernel.removed;

    kernel.root[0] = '\0';
    assert_int_equal(left, 0);
    assert_int_equal(rmdir(*state), 0);
    return 0;
}

static void
assert_says(const struct fault *f, const char *says)
{
    assert_string_equal(f->code, "tdx");
    if (strstr(why_text(&f->why), says) == NULL) {
        fail_msg("%s, not %s", why_text(&f->why), says);
    }
}

static const uint8_t DATA[TDX_REPORT_DATA_LEN] = {0xa5, 1, 2, 3, [63] = 9};

/* ---- configfs-tsm */

static enum err
tsm(struct tdx_answer *out, struct fault *f)
{
    *out = (struct tdx_answer){.quote = NULL};
    *f = (struct fault){0};
    return tdx_tsm_quote(kernel.root, DATA, out, f);
}

static void
a_quote_is_taken_as_it_comes(void **state)
{
    static const size_t LENS[] = {1, QUOTE, 8000, TDX_QUOTE_MAX};
    struct tdx_answer a;
    struct fault f;

    (void)state;
    for (size_t i = 0; i < sizeof LENS / sizeof LENS[0]; i++) {
        kernel.report_len = LENS[i];
        assert_int_equal(tsm(&a, &f), ERR_OK);
        assert_true(soft_qgs_same(a.quote, a.len, LENS[i]));
        assert_memory_equal(kernel.report_data, DATA, sizeof DATA);
        assert_int_equal(kernel.vmpl, -1); /* no level was written */
        tdx_answer_done(&a);
    }
    assert_int_equal(kernel.made, 4);
}

static void
other_sizes_are_refused(void **state)
{
    struct tdx_answer a;
    struct fault f;

    (void)state;
    kernel.report_len = 0;
    assert_int_equal(tsm(&a, &f), ERR_UNABLE);
    assert_says(&f, "a quote of 0 bytes");
    kernel.report_len = TDX_QUOTE_MAX + 1;
    assert_int_equal(tsm(&a, &f), ERR_LIMIT);
    assert_says(&f, "outblob: more than 65536");
    assert_null(a.quote);
}

static void
another_provider_is_refused_by_name(void **state)
{
    struct tdx_answer a;
    struct fault f;

    (void)state;
    assert_true(tdx_tsm_there(kernel.root));
    kernel.provider = "sev_guest\n";
    assert_false(tdx_tsm_there(kernel.root));
    assert_int_equal(tsm(&a, &f), ERR_UNABLE);
    assert_says(&f, "is sev_guest, not tdx_guest");
}

static void
a_service_that_is_busy_or_fails_is_told(void **state)
{
    struct tdx_answer a;
    struct fault f;

    (void)state;
    kernel.open_error = EBUSY;
    kernel.open_errors = 20;
    assert_int_equal(tsm(&a, &f), ERR_OK);
    tdx_answer_done(&a);
    kernel.open_error = EIO; /* what the driver says when the host gives no quote */
    kernel.open_errors = 1;
    assert_int_equal(tsm(&a, &f), ERR_UNABLE);
    assert_says(&f, "outblob: Input/output error");
    kernel.strangers = 100;
    assert_int_equal(tsm(&a, &f), ERR_UNABLE);
    assert_says(&f, "somebody else writes");
}

/* ---- the device */

static void
the_driver_gives_a_td_report(void **state)
{
    uint8_t report[TD_REPORT_LEN] = {0};
    struct fault f = {0};

    (void)state;
    assert_int_equal(tdx_device_report("/dev/null", DATA, report, &f), ERR_OK);
    assert_true(soft_qgs_same(report, sizeof report, 1024));
    assert_memory_equal(kernel.report_data, DATA, sizeof DATA);
    assert_int_equal(driver.request, _IOC(_IOC_READ | _IOC_WRITE, 'T', 1, REPORT_REQUEST));

    driver.error = EIO;
    assert_int_equal(tdx_device_report("/dev/null", DATA, report, &f), ERR_UNABLE);
    assert_says(&f, "/dev/null: a TD report: Input/output error");
    f = (struct fault){0};
    assert_int_equal(tdx_device_report("/nonexistent/tdx", DATA, report, &f), ERR_UNABLE);
    assert_says(&f, "opening /nonexistent/tdx: No such");
}

static struct soft_qgs service; /* large */

static void
service_start(void)
{
    const struct soft_qgs_answer right = soft_qgs_right(QUOTE, 16);

    service = (struct soft_qgs){.chunk = 0};
    soft_qgs_put(&service, &right);
    soft_qgs_start(&service);
}

static void
the_service_quotes_the_drivers_report(void **state)
{
    struct tdx_answer a = {.quote = NULL};
    struct fault f = {0};

    (void)state;
    service_start();
    assert_int_equal(tdx_device_quote("/dev/null", service.address, DATA, &a, &f), ERR_OK);
    soft_qgs_stop(&service);
    assert_true(soft_qgs_same(a.quote, a.len, QUOTE));
    assert_int_equal(service.request_len, SOFT_QGS_REQUEST);
    assert_true(soft_qgs_same(service.request + 28, 1024, 1024));
    tdx_answer_done(&a);

    assert_int_equal(tdx_device_quote("/dev/null", "tcp:1", DATA, &a, &f), ERR_MALFORMED);
    assert_string_equal(f.code, "usage");
    assert_int_equal(driver.calls, 1); /* not asked in vain */
    f = (struct fault){0};
    assert_int_equal(tdx_device_quote("/dev/null", "unix:/nonexistent/qgs", DATA, &a, &f),
                     ERR_UNABLE);
    assert_says(&f, "connecting to the quoting service: No such");
    driver.error = EPERM;
    f = (struct fault){0};
    assert_int_equal(tdx_device_quote("/dev/null", "unix:/nonexistent/qgs", DATA, &a, &f),
                     ERR_UNABLE);
    assert_says(&f, "Operation not permitted");
}

/* ---- the piece of evidence */

static const uint8_t CHALLENGE[32] = {1, 2, 3};
static const uint8_t JKT[JKT_LEN] = {4, 5, 6};

static enum err
try_collect(const struct collect_want *want, json_t **piece, struct fault *f)
{
    const struct collect_bound bound = {{CHALLENGE, sizeof CHALLENGE}, JKT};
    json_t *pieces AUTO(json_free) = NULL;

    *f = (struct fault){0};
    TRY(collect_evidence(want, &bound, &pieces, f));
    assert_int_equal(json_array_size(pieces), 1);
    *piece = json_incref(json_array_get(pieces, 0));
    return ERR_OK;
}

static json_t *
collect(const struct collect_want *want)
{
    json_t *piece = NULL;
    struct fault f;

    if (try_collect(want, &piece, &f) != ERR_OK) {
        fail_msg("%s", why_text(&f.why));
    }
    return piece;
}

/* A member's bytes; free with mem_free_bytes(). */
static uint8_t *
member(const json_t *piece, const char *name, size_t *len)
{
    uint8_t *bytes = NULL;
    struct why why = {0};
    const char *text = json_string_value(json_object_get(piece, name));

    assert_non_null(text);
    assert_int_equal(json_b64url(text, name, TDX_CCEL_MAX, &bytes, len, &why), ERR_OK);
    return bytes;
}

/* The quote, which was asked for with the binding of this type, then zeros. */
static void
assert_piece(const json_t *piece)
{
    uint8_t want[TDX_REPORT_DATA_LEN] = {0};
    size_t len = 0;
    struct why why = {0};
    uint8_t *quote AUTO(mem_free_bytes) = member(piece, "quote", &len);

    assert_true(soft_qgs_same(quote, len, QUOTE));
    assert_string_equal(json_string_value(json_object_get(piece, "type")), "tdx");
    assert_int_equal(binding_make(EVIDENCE_TDX, (struct slice){CHALLENGE, sizeof CHALLENGE}, JKT,
                                  (struct slice){0}, want, &why),
                     ERR_OK);
    assert_memory_equal(kernel.report_data, want, sizeof want);
    memset(kernel.report_data, 0, sizeof kernel.report_data);
}

static void
a_piece_by_each_door(void **state)
{
    const struct places tsm_named = {.tsm = kernel.root, .ccel = "off"};
    const struct places by_tsm = {
        .tsm = kernel.root, .tdx_guest = "/dev/null", .sev_guest = "/nonexistent", .ccel = "off"};
    const struct collect_want wants[] = {
        {.types = "tdx", .from = tsm_named},
        {.types = "tdx", .from = by_tsm}, /* a folder that was named counts before the device */
        {.types = "auto", .from = by_tsm},
        {.types = NULL, .from = tsm_named}, /* by the provider's name */
    };
    struct collect_want want = {.types = "tdx", .from = {.tdx_guest = "/dev/null", .ccel = "off"}};
    json_t *d AUTO(json_free) = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        json_t *piece AUTO(json_free) = collect(&wants[i]);

        assert_int_equal(json_object_size(piece), 2);
        assert_piece(piece);
        assert_int_equal(driver.calls, 0);
    }
    service_start();
    want.from.qgs = service.address;
    d = collect(&want);
    soft_qgs_stop(&service);
    assert_int_equal(driver.calls, 1);
    assert_piece(d);
}

/* Only the quoting service is named: then the device is meant, at its usual place. */
static void
a_named_service_means_the_device(void **state)
{
    const struct collect_want want = {.types = "tdx",
                                      .from = {.qgs = "unix:/nonexistent/qgs", .ccel = "off"}};
    json_t *piece AUTO(json_free) = NULL;
    struct fault f;

    (void)state;
    assert_int_equal(try_collect(&want, &piece, &f), ERR_UNABLE);
    assert_says(&f, "opening /dev/tdx_guest");
}

/* ---- the event log: a "Spec ID Event03" header and one event of RTMR0, then fill */

enum { SPEC_LEN = 32 + 28 + 4 + 1, EVENT_LEN = 12 + 2 + 48 + 4 + 3 };

static size_t
put_log(uint8_t area[LOG_AREA], uint8_t fill)
{
    uint8_t *at = area;

    memset(area, fill, LOG_AREA);
    memset(at, 0, SPEC_LEN + EVENT_LEN);
    soft_le(at + 4, 3, 4); /* EV_NO_ACTION */
    soft_le(at + 28, SPEC_LEN - 32, 4);
    memcpy(at + 32, "Spec ID Event03", 16);
    soft_le(at + 56, 1, 4); /* algorithms */
    soft_le(at + 60, 0x000c, 2);
    soft_le(at + 62, 48, 2);
    at += SPEC_LEN;
    soft_le(at, 1, 4);      /* RTMR0 */
    soft_le(at + 4, 13, 4); /* EV_IPL */
    soft_le(at + 8, 1, 4);  /* digests */
    soft_le(at + 12, 0x000c, 2);
    memset(at + 14, 0x77, 48);
    soft_le(at + 62, 3, 4);
    memset(at + 66, 0xff, 3); /* its data looks like fill */
    return SPEC_LEN + EVENT_LEN;
}

static void
log_file(char path[LOG_PATH], const uint8_t *bytes, size_t len)
{
    (void)snprintf(path, LOG_PATH, "%s.ccel", kernel.root);
    put(path, bytes, len);
}

static void
the_log_goes_along_without_its_fill(void **state)
{
    static const uint8_t FILLS[] = {0xff, 0};
    static uint8_t area[LOG_AREA];
    char path[LOG_PATH];
    const struct collect_want want = {.types = "tdx", .from = {.tsm = kernel.root, .ccel = path}};

    (void)state;
    for (size_t i = 0; i < sizeof FILLS; i++) {
        size_t used = put_log(area, FILLS[i]);
        size_t len = 0;
        json_t *piece AUTO(json_free) = NULL;
        uint8_t *log AUTO(mem_free_bytes) = NULL;

        log_file(path, area, sizeof area);
        piece = collect(&want);
        assert_int_equal(json_object_size(piece), 3);
        log = member(piece, "ccel", &len);
        assert_int_equal(len, used);
        assert_memory_equal(log, area, used);
    }
    (void)unlink(path);
}

static void
a_log_that_breaks_its_rules_goes_along_as_it_is(void **state)
{
    static uint8_t area[LOG_AREA];
    char path[LOG_PATH];
    const struct collect_want want = {.types = "tdx", .from = {.tsm = kernel.root, .ccel = path}};
    size_t len = 0;
    json_t *piece AUTO(json_free) = NULL;
    uint8_t *log AUTO(mem_free_bytes) = NULL;

    (void)state;
    (void)put_log(area, 0xff);
    area[32] = 's';
    log_file(path, area, sizeof area);
    piece = collect(&want);
    log = member(piece, "ccel", &len);
    assert_int_equal(len, sizeof area);
    assert_memory_equal(log, area, len);
    (void)unlink(path);
}

/* One that was named must serve; the usual one need not be there. */
static void
a_log_that_is_not_there(void **state)
{
    static uint8_t large[TDX_CCEL_MAX + 1];
    char path[LOG_PATH];
    struct collect_want want = {.types = "tdx",
                                .from = {.tsm = kernel.root, .ccel = "/nonexistent/CCEL"}};
    json_t *piece AUTO(json_free) = NULL;
    json_t *without AUTO(json_free) = NULL;
    struct fault f;

    (void)state;
    assert_int_equal(try_collect(&want, &piece, &f), ERR_UNABLE);
    assert_string_equal(f.code, "ccel");
    assert_non_null(strstr(why_text(&f.why), "/nonexistent/CCEL"));
    log_file(path, large, sizeof large);
    want.from.ccel = path;
    assert_int_equal(try_collect(&want, &piece, &f), ERR_UNABLE);
    assert_string_equal(f.code, "ccel");
    (void)unlink(path);
    assert_null(piece);
    if (access(PLACE_CCEL, F_OK) != 0) {
        want.from.ccel = NULL;
        without = collect(&want);
        assert_null(json_object_get(without, "ccel"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_quote_is_taken_as_it_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(other_sizes_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(another_provider_is_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_service_that_is_busy_or_fails_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(the_driver_gives_a_td_report, setup, teardown),
        cmocka_unit_test_setup_teardown(the_service_quotes_the_drivers_report, setup, teardown),
        cmocka_unit_test_setup_teardown(a_piece_by_each_door, setup, teardown),
        cmocka_unit_test_setup_teardown(a_named_service_means_the_device, setup, teardown),
        cmocka_unit_test_setup_teardown(the_log_goes_along_without_its_fill, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_breaks_its_rules_goes_along_as_it_is, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_log_that_is_not_there, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
