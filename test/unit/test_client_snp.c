/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_snp.c - reports through configfs-tsm and through the sev-guest device: what is asked, what is taken, what each refusal says,
 * and that no entry stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/collect.h"
#include "clients/snp.h"
#include "common/json.h"
#include "test/unit/snp_kernel.h"

enum { PATIENCE_MS = SNP_ASK_MS + 500 };

static int
setup(void **state)
{
    static char dir[] = "/tmp/countersign-snp-XXXXXX";

    (void)snprintf(dir, sizeof dir, "/tmp/countersign-snp-XXXXXX");
    assert_non_null(mkdtemp(dir));
    kernel = (struct kernel){.fill = fill_report,
                             .provider = "sev_guest\n",
                             .generation = 3,
                             .report_len = KERNEL_REPORT,
                             .vmpl = -1};
    driver = (struct driver){.size = KERNEL_REPORT};
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

static struct snp_ask
ask_of(int vmpl)
{
    struct snp_ask ask = {.vmpl = vmpl};

    memset(ask.report_data, 0xa5, sizeof ask.report_data);
    ask.report_data[63] = 1;
    return ask;
}

/* ERR_OK with a report that has our data, else a fault with a reason. */
static enum err
tsm(int vmpl, struct snp_answer *out, struct fault *f)
{
    const struct snp_ask ask = ask_of(vmpl);
    enum err err = ERR_OK;

    *out = (struct snp_answer){.table = NULL};
    *f = (struct fault){0};
    kernel.slept_ms = 0;
    err = snp_tsm_report(kernel.root, &ask, out, f);
    if (err == ERR_OK) {
        assert_memory_equal(out->report + 0x50, ask.report_data, sizeof ask.report_data);
    } else {
        assert_string_equal(f->code, "snp");
        assert_null(out->table);
    }
    return err;
}

static void
assert_refused(enum err want, const char *says)
{
    struct snp_answer a;
    struct fault f;

    assert_int_equal(tsm(-1, &a, &f), want);
    if (strstr(why_text(&f.why), says) == NULL) {
        fail_msg("%s, not %s", why_text(&f.why), says);
    }
}

static void
a_report_is_taken_with_its_table(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    kernel.table[17] = 9;
    kernel.table_len = 4096;
    assert_int_equal(tsm(-1, &a, &f), ERR_OK);
    assert_int_equal(a.table_len, 4096);
    assert_int_equal(a.table[17], 9);
    assert_int_equal(kernel.vmpl, -1); /* no level was written */
    assert_int_equal(kernel.made, 1);
    assert_int_equal(kernel.removed, 1);
    snp_answer_done(&a);
}

static void
no_table_is_no_fault(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    assert_int_equal(tsm(-1, &a, &f), ERR_OK); /* empty */
    assert_null(a.table);
    kernel.table_len = 2784; /* zeros */
    assert_int_equal(tsm(-1, &a, &f), ERR_OK);
    assert_null(a.table);
    kernel.no_auxblob = true;
    assert_int_equal(tsm(-1, &a, &f), ERR_OK);
    assert_null(a.table);
}

static void
a_level_is_asked_for_by_number(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    assert_int_equal(tsm(2, &a, &f), ERR_OK);
    assert_int_equal(a.report[0x30], 2);
}

static void
what_is_busy_is_asked_again_for_a_while(void **state)
{
    static const int PASSING[] = {EBUSY, EAGAIN, EINTR};
    struct snp_answer a;
    struct fault f;

    (void)state;
    for (size_t i = 0; i < sizeof PASSING / sizeof PASSING[0]; i++) {
        kernel.open_error = PASSING[i];
        kernel.open_errors = 50;
        assert_int_equal(tsm(-1, &a, &f), ERR_OK);
        kernel.open_errors = 1U << 30;
        assert_refused(ERR_UNABLE, "outblob");
        assert_in_range(kernel.slept_ms, SNP_ASK_MS - 500, PATIENCE_MS);
    }
    kernel.open_error = EIO;
    kernel.open_errors = 1;
    assert_refused(ERR_UNABLE, "outblob: Input/output error");
    assert_int_equal(kernel.slept_ms, 0);
}

static void
an_attribute_may_come_late_but_not_never(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    kernel.late = 20;
    assert_int_equal(tsm(-1, &a, &f), ERR_OK);
    kernel.late = 1U << 30;
    assert_refused(ERR_UNABLE, "inblob: No such file");
    assert_in_range(kernel.slept_ms, 1500, 2500);
}

static void
a_report_that_others_wrote_into_is_not_taken(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    kernel.strangers = 2;
    assert_int_equal(tsm(-1, &a, &f), ERR_OK);
    kernel.table[0] = 1;
    kernel.table_len = 64;
    kernel.strangers = 100;
    assert_refused(ERR_UNABLE, "somebody else writes");
    assert_int_equal(kernel.strangers, 97); /* three tries */
    kernel.generation_text = "many\n";
    assert_refused(ERR_UNABLE, "generation is no number");
}

static void
another_provider_is_refused_by_name(void **state)
{
    (void)state;
    assert_true(snp_tsm_there(kernel.root));
    kernel.provider = "tdx_guest\n";
    assert_refused(ERR_UNABLE, "is tdx_guest, not sev_guest");
    assert_false(snp_tsm_there(kernel.root));
    kernel.provider = "sev_guest2";
    assert_refused(ERR_UNABLE, "is sev_guest2");
    kernel.provider = "";
    assert_refused(ERR_UNABLE, "not sev_guest");
    kernel.provider = "a provider with a name that is longer than any provider's name is";
    assert_refused(ERR_LIMIT, "provider");
}

static void
wrong_sizes_are_refused(void **state)
{
    (void)state;
    kernel.report_len = KERNEL_REPORT - 1;
    assert_refused(ERR_UNABLE, "a report of 1183 bytes, want 1184");
    kernel.report_len = 0;
    assert_refused(ERR_UNABLE, "a report of 0 bytes");
    kernel.report_len = KERNEL_REPORT + 1;
    assert_refused(ERR_LIMIT, "outblob: more than 1184");
    kernel.report_len = KERNEL_REPORT;
    kernel.table_len = SNP_CERT_TABLE_MAX + 1;
    assert_refused(ERR_LIMIT, "auxblob: more than 65536");
}

static void
no_folder_is_no_report(void **state)
{
    const struct snp_ask ask = ask_of(-1);
    struct snp_answer a = {.table = NULL};
    struct fault f = {0};

    (void)state;
    assert_int_equal(snp_tsm_report("/nonexistent/tsm", &ask, &a, &f), ERR_UNABLE);
    assert_non_null(strstr(why_text(&f.why), "making an entry in /nonexistent/tsm"));
    assert_false(snp_tsm_there("/nonexistent/tsm"));
}

/* ---- the device */

static enum err
device(int vmpl, struct snp_answer *out, struct fault *f)
{
    const struct snp_ask ask = ask_of(vmpl);
    enum err err = ERR_OK;

    *out = (struct snp_answer){.table = NULL};
    *f = (struct fault){0};
    kernel.slept_ms = 0;
    driver.plain = driver.extended = 0;
    err = snp_device_report("/dev/null", &ask, out, f);
    if (err == ERR_OK) {
        assert_memory_equal(out->report + 0x50, ask.report_data, sizeof ask.report_data);
    } else {
        assert_string_equal(f->code, "snp");
        assert_null(out->table);
    }
    return err;
}

static void
assert_device_refused(enum err want, const char *says)
{
    struct snp_answer a;
    struct fault f;

    assert_int_equal(device(-1, &a, &f), want);
    if (strstr(why_text(&f.why), says) == NULL) {
        fail_msg("%s, not %s", why_text(&f.why), says);
    }
}

static void
the_device_gives_a_report_without_certificates(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    assert_int_equal(device(-1, &a, &f), ERR_OK);
    assert_null(a.table);
    assert_int_equal(a.report[0x30], 0);
    assert_int_equal(driver.extended, 1);
    assert_int_equal(driver.plain, 0);
    assert_int_equal(device(3, &a, &f), ERR_OK);
    assert_int_equal(a.report[0x30], 3);
}

static void
the_device_is_given_the_room_that_it_asks_for(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    kernel.table[4095] = 7;
    driver.pages = 4096;
    assert_int_equal(device(-1, &a, &f), ERR_OK);
    assert_int_equal(driver.extended, 2);
    assert_int_equal(a.table_len, 4096);
    assert_int_equal(a.table[4095], 7);
    snp_answer_done(&a);

    driver.grows = 1; /* between the two requests */
    assert_int_equal(device(-1, &a, &f), ERR_OK);
    assert_int_equal(a.table_len, 8192);
    snp_answer_done(&a);

    memset(kernel.table, 0, sizeof kernel.table);
    assert_int_equal(device(-1, &a, &f), ERR_OK);
    assert_null(a.table);
}

/* What a host that never has enough, or asks for nonsense, comes to: a report without certificates, or a refusal. */
static void
a_host_that_asks_for_ever_more_is_given_up(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    driver.pages = 4096;
    driver.grows = 100;
    assert_int_equal(device(-1, &a, &f), ERR_OK);
    assert_int_equal(driver.extended, 4);
    assert_int_equal(driver.plain, 1);
    assert_null(a.table);
    driver.grows = 0;
    driver.pages = SNP_CERT_TABLE_MAX + 4096;
    assert_device_refused(ERR_UNABLE, "wants to give 69632 bytes");
    driver.pages = 5000;
    assert_device_refused(ERR_UNABLE, "wants to give 5000 bytes");
}

static void
the_plain_request_serves_where_the_other_is_unknown(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    driver.plain_only = true;
    assert_int_equal(device(1, &a, &f), ERR_OK);
    assert_int_equal(driver.extended, 1);
    assert_int_equal(driver.plain, 1);
    assert_int_equal(a.report[0x30], 1);
}

static void
a_busy_host_is_asked_again_for_a_while(void **state)
{
    struct snp_answer a;
    struct fault f;

    (void)state;
    driver.busy = 5;
    assert_int_equal(device(-1, &a, &f), ERR_OK);
    assert_int_equal(kernel.slept_ms, 500);
    driver.busy = 1U << 30;
    assert_device_refused(ERR_BUSY, "the host is busy");
    assert_in_range(kernel.slept_ms, SNP_ASK_MS - 500, PATIENCE_MS);
}

static void
what_the_firmware_says_is_told(void **state)
{
    (void)state;
    driver.io_error = EIO;
    driver.fw_error = 0x16;
    assert_device_refused(ERR_UNABLE, "firmware 0x16 (a parameter is wrong)");
    driver.fw_error = 0x77;
    assert_device_refused(ERR_UNABLE, "firmware 0x77 (unknown)");
    driver.fw_error = 0;
    driver.io_error = EPERM;
    assert_device_refused(ERR_UNABLE, "Operation not permitted");
    driver.io_error = 0;
    driver.status = 0x27;
    assert_device_refused(ERR_UNABLE, "answers 0x27 (the key asked for is not available)");
    driver.status = 0;
    driver.size = 1183;
    assert_device_refused(ERR_UNABLE, "a report of 1183 bytes");
}

static void
no_device_is_no_report(void **state)
{
    const struct snp_ask ask = ask_of(-1);
    struct snp_answer a = {.table = NULL};
    struct fault f = {0};

    (void)state;
    assert_int_equal(snp_device_report("/nonexistent/sev-guest", &ask, &a, &f), ERR_UNABLE);
    assert_non_null(strstr(why_text(&f.why), "opening /nonexistent/sev-guest"));
}

/* ---- the piece of evidence */

static const uint8_t CHALLENGE[32] = {1, 2, 3};
static const uint8_t JKT[JKT_LEN] = {4, 5, 6};

static json_t *
collect(const struct collect_want *want)
{
    const struct collect_bound bound = {{CHALLENGE, sizeof CHALLENGE}, JKT};
    json_t *pieces AUTO(json_free) = NULL;
    struct fault f = {0};

    if (collect_evidence(want, &bound, &pieces, &f) != ERR_OK) {
        fail_msg("%s", why_text(&f.why));
    }
    assert_int_equal(json_array_size(pieces), 1);
    return json_incref(json_array_get(pieces, 0));
}

/* The report has the binding of this type, then zeros. */
static void
assert_bound(void)
{
    uint8_t want[SNP_REPORT_DATA_LEN] = {0};
    struct why why = {0};

    assert_int_equal(binding_make(EVIDENCE_SEV_SNP, (struct slice){CHALLENGE, sizeof CHALLENGE},
                                  JKT, (struct slice){0}, want, &why),
                     ERR_OK);
    assert_memory_equal(kernel.report_data, want, sizeof want);
}

static void
a_piece_by_each_door(void **state)
{
    struct collect_want want = {.types = "sev-snp", .from.tsm = kernel.root, .vmpl = -1};
    json_t *a AUTO(json_free) = collect(&want);
    json_t *b AUTO(json_free) = NULL;
    json_t *c AUTO(json_free) = NULL;
    json_t *d AUTO(json_free) = NULL;

    (void)state;
    assert_bound();
    assert_int_equal(kernel.made, 1);
    assert_int_equal(json_object_size(a), 2);
    assert_string_equal(json_string_value(json_object_get(a, "type")), "sev-snp");
    assert_int_equal(json_string_length(json_object_get(a, "report")),
                     (SNP_REPORT_LEN * 4 + 2) / 3);

    want = (struct collect_want){.types = "sev-snp", .from.sev_guest = "/dev/null", .vmpl = -1};
    memset(kernel.report_data, 0, sizeof kernel.report_data);
    b = collect(&want);
    assert_bound();
    assert_int_equal(driver.extended, 1);
    assert_true(json_equal(a, b));

    want = (struct collect_want){.types = "auto", .from.tsm = kernel.root, .vmpl = -1};
    c = collect(&want); /* by the provider's name */
    assert_true(json_equal(a, c));

    want = (struct collect_want){.types = NULL, .from.sev_guest = "/dev/null", .vmpl = -1};
    d = collect(&want); /* by the device being there */
    assert_int_equal(driver.extended, 2);
    assert_true(json_equal(a, d));
}

/* A certificate table of one VCEK. */
static void
table_of_vcek(const char *vek)
{
    static const uint8_t VCEK[16] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                     0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};

    memcpy(kernel.table, VCEK, sizeof VCEK);
    kernel.table[16] = 48; /* offset, length; then the entry that ends the list */
    kernel.table[20] = (uint8_t)strlen(vek);
    memcpy(kernel.table + 48, vek, strlen(vek));
    kernel.table_len = 4096;
}

static void
of_a_table_the_vek_goes_along(void **state)
{
    struct collect_want want = {.types = "sev-snp", .from.tsm = kernel.root, .vmpl = -1};
    json_t *a AUTO(json_free) = NULL;
    json_t *b AUTO(json_free) = NULL;

    (void)state;
    table_of_vcek("abc");
    a = collect(&want);
    assert_string_equal(json_string_value(json_object_get(a, "vek")), "YWJj");
    assert_null(json_object_get(a, "cert_table"));
    kernel.table[19] = 0x7f; /* offset far beyond */
    b = collect(&want);
    assert_null(json_object_get(b, "vek"));
    assert_int_equal(json_string_length(json_object_get(b, "cert_table")), (4096 * 4 + 2) / 3);
}

static void
types_are_checked_by_name(void **state)
{
    static const char *const GOOD[] = {"auto",         "tpm2", "sev-snp",       "azure-sev-snp",
                                       "sev-snp,tpm2", "tdx",  "azure-tdx,tpm2"};
    static const char *const BAD[] = {"",          "snp",          "sev-snp,", ",tpm2", "tpm2,tpm2",
                                      "auto,tpm2", "tpm2 sev-snp", "SEV-SNP",  "td",    "azure-td"};
    struct fault f = {0};

    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        assert_int_equal(collect_types_check(GOOD[i], &f), ERR_OK);
    }
    assert_int_equal(collect_types_check(NULL, &f), ERR_OK);
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        f = (struct fault){0};
        assert_int_equal(collect_types_check(BAD[i], &f), ERR_MALFORMED);
        assert_string_equal(f.code, "evidence_type");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_report_is_taken_with_its_table, setup, teardown),
        cmocka_unit_test_setup_teardown(no_table_is_no_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(a_level_is_asked_for_by_number, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_busy_is_asked_again_for_a_while, setup, teardown),
        cmocka_unit_test_setup_teardown(an_attribute_may_come_late_but_not_never, setup, teardown),
        cmocka_unit_test_setup_teardown(a_report_that_others_wrote_into_is_not_taken, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_provider_is_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_sizes_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(no_folder_is_no_report, setup, teardown),
        cmocka_unit_test_setup_teardown(the_device_gives_a_report_without_certificates, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_device_is_given_the_room_that_it_asks_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_host_that_asks_for_ever_more_is_given_up, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_plain_request_serves_where_the_other_is_unknown, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_busy_host_is_asked_again_for_a_while, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_firmware_says_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(no_device_is_no_report, setup, teardown),
        cmocka_unit_test_setup_teardown(a_piece_by_each_door, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_table_the_vek_goes_along, setup, teardown),
        cmocka_unit_test_setup_teardown(types_are_checked_by_name, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
