/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_azure_td.c - what an Azure guest on TDX collects: the HCL report out of a real TPM (swtpm), a quote by the key of its claims, and
 * the TD quote that the host's service makes of the TD report in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attest/tdx/tdx.h"
#include "clients/collect.h"
#include "clients/td_quote.h"
#include "common/json.h"
#include "common/mem.h"
#include "test/unit/azure_soft.h"
#include "test/unit/azure_vm.h"

enum { TD_REPORT = 1024, QUOTE = 700, ANSWER = 300000, HARDWARE_SNP = 2, HARDWARE_TDX = 4 };

static const char PATH[] = "/acc/tdquote";

#define ANSWER_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"

/* An HCL report over a TD report whose bytes can be told apart, with this TPM's key in its claims. */
static void
make_hcl(const struct vm *v, uint32_t hardware, struct soft_hcl *h)
{
    char n[1024];

    b64url_encode((struct slice){v->modulus, v->modulus_len}, n);
    soft_hcl_open(n, h);
    soft_drop_ek(h);
    for (size_t i = 0; i < sizeof h->report; i++) {
        h->report[i] = (uint8_t)(i % 251 + 1);
    }
    h->report_type = hardware;
    h->zeros = INDEX_MAX - SOFT_CLAIMS_AT - strlen(h->claims);
    soft_hcl_write(h);
}

/* A right answer of the service, and the quote in it as text. */
static const char *
answer_right(char text[1100])
{
    static char answer[2048];
    uint8_t quote[QUOTE];

    for (size_t i = 0; i < sizeof quote; i++) {
        quote[i] = (uint8_t)(i * 5 + 4);
    }
    b64url_encode((struct slice){quote, sizeof quote}, text);
    (void)snprintf(answer, sizeof answer, ANSWER_HEAD "{\"quote\":\"%s\"}", text);
    return answer;
}

/* ---- the service */

/* A POST of exactly the TD report of this blob. */
static void
assert_posted(const struct service *s, const struct soft_hcl *h)
{
    const char *body = strstr(s->request, "\r\n\r\n") + 4;
    json_t *posted AUTO(json_free) = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    uint8_t report[TD_REPORT];
    size_t len = 0;
    struct why why = {0};

    assert_memory_equal(s->request, "POST /acc/tdquote HTTP/1.1\r\n", 28);
    assert_non_null(strstr(s->request, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(s->request, "Metadata: true\r\n"));
    assert_null(strstr(s->request, "Expect:"));
    assert_int_equal(json_object_size(posted), 1);
    assert_int_equal(b64url_decode(slice_text(json_string_value(json_object_get(posted, "report"))),
                                   report, sizeof report, &len, &why),
                     ERR_OK);
    assert_int_equal(len, TD_REPORT);
    assert_memory_equal(report, h->report, TD_REPORT);
}

static void
the_service_quotes_the_td_report(void **state)
{
    static struct soft_hcl h;
    struct service s;
    char want[1100];
    char *got AUTO(mem_free_text) = NULL;
    struct fault f = {0};

    make_hcl(*state, HARDWARE_TDX, &h);
    service_start(&s, PATH, answer_right(want));
    assert_int_equal(td_quote_take(s.url, soft_blob(&h), &got, &f), ERR_OK);
    service_stop(&s);
    assert_string_equal(got, want);
    assert_posted(&s, &h);
}

static void
assert_no_quote(struct slice hcl, const char *answer, const char *says)
{
    struct service s;
    char *got AUTO(mem_free_text) = NULL;
    struct fault f = {0};

    service_start(&s, PATH, answer);
    assert_int_equal(td_quote_take(s.url, hcl, &got, &f), ERR_UNABLE);
    service_stop(&s);
    assert_string_equal(f.code, "td_quote");
    assert_null(got);
    for (size_t i = 0; i < f.why.n; i++) {
        if (strstr(f.why.link[i], says) != NULL) {
            return;
        }
    }
    fail_msg("%s, not %s", why_text(&f.why), says);
}

static void
nothing_else_of_the_service_is_taken(void **state)
{
    static const struct {
        const char *answer, *says;
    } ROWS[] = {
        {"", "nothing"},
        {"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{\"quote\":\"AAAA\"}", "status 404"},
        {"HTTP/1.1 429 Slow\r\nConnection: close\r\n\r\n{\"quote\":\"AAAA\"}", "status 429"},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n",
         "status 302"},
        {ANSWER_HEAD "quote", "not JSON"},
        {ANSWER_HEAD "{\"quote\":\"AAAA\",\"quote\":\"AAAA\"}", "not JSON"},
        {ANSWER_HEAD "{}", "no usable quote"},
        {ANSWER_HEAD "{\"quote\":7}", "no usable quote"},
        {ANSWER_HEAD "{\"quote\":\"\"}", "no usable quote"},
        {ANSWER_HEAD "{\"quote\":\"AAA=\"}", "no usable quote"},
        {ANSWER_HEAD "{\"quote\":\"A+/A\"}", "no usable quote"},
        {ANSWER_HEAD "[\"quote\"]", "no usable quote"},
    };
    static struct soft_hcl h;

    make_hcl(*state, HARDWARE_TDX, &h);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_no_quote(soft_blob(&h), ROWS[i].answer, ROWS[i].says);
    }
}

static void
an_answer_that_is_too_large_is_refused(void **state)
{
    static const char HEAD[] = ANSWER_HEAD "{\"quote\":\"";
    static char large[ANSWER];
    static struct soft_hcl h;
    size_t end = sizeof HEAD - 1 + b64url_len(TDX_QUOTE_MAX) + 4;

    make_hcl(*state, HARDWARE_TDX, &h);
    memset(large, 'A', sizeof large - 1);
    memcpy(large, HEAD, sizeof HEAD - 1);
    assert_no_quote(soft_blob(&h), large, "too large");
    memcpy(large + end, "\"}", 3); /* a little more than a quote may have */
    assert_no_quote(soft_blob(&h), large, "more than 65536 bytes");
}

/* The service is not asked for what is no TD report. */
static void
a_blob_without_a_td_report_is_refused(void **state)
{
    static struct soft_hcl h;
    const char *nowhere = "http://127.0.0.1:1/";
    char *got AUTO(mem_free_text) = NULL;
    struct fault f = {0};

    make_hcl(*state, HARDWARE_SNP, &h);
    assert_int_equal(td_quote_take(nowhere, soft_blob(&h), &got, &f), ERR_UNABLE);
    assert_string_equal(f.code, "td_quote");
    assert_non_null(strstr(why_text(&f.why), "holds no TD report"));
    make_hcl(*state, HARDWARE_TDX, &h);
    f = (struct fault){0};
    assert_int_equal(td_quote_take(nowhere, (struct slice){h.blob, 1000}, &got, &f), ERR_UNABLE);
    assert_non_null(strstr(f.why.link[f.why.n - 1], "cannot be read"));
    f = (struct fault){0};
    assert_int_equal(td_quote_take("file:///etc/hostname", soft_blob(&h), &got, &f), ERR_UNABLE);
    assert_null(got);
}

/* ---- the piece of evidence */

static const uint8_t CHALLENGE[32] = {9, 8, 7};
static const uint8_t JKT[JKT_LEN] = {6, 5, 4};

static enum err
collect(const struct collect_want *want, json_t **piece, struct fault *f)
{
    const struct collect_bound bound = {{CHALLENGE, sizeof CHALLENGE}, JKT};
    json_t *pieces AUTO(json_free) = NULL;

    *f = (struct fault){0};
    TRY(collect_evidence(want, &bound, &pieces, f));
    assert_int_equal(json_array_size(pieces), 1);
    *piece = json_incref(json_array_get(pieces, 0));
    return ERR_OK;
}

static void
assert_member(const json_t *piece, const char *name, struct slice want)
{
    static uint8_t got[SOFT_HCL_MAX];
    size_t len = 0;
    struct why why = {0};

    assert_int_equal(b64url_decode(slice_text(json_string_value(json_object_get(piece, name))), got,
                                   sizeof got, &len, &why),
                     ERR_OK);
    assert_int_equal(len, want.len);
    assert_memory_equal(got, want.ptr, len);
}

/* The vTPM's quote holds the binding of this type. */
static void
assert_bound(const json_t *piece)
{
    uint8_t quote[TPM_ATTEST_MAX];
    uint8_t binding[BINDING_LEN];
    size_t len = 0;
    struct why why = {0};

    assert_int_equal(b64url_decode(slice_text(json_string_value(json_object_get(piece, "quote"))),
                                   quote, sizeof quote, &len, &why),
                     ERR_OK);
    assert_int_equal(binding_make(EVIDENCE_AZURE_TDX, (struct slice){CHALLENGE, sizeof CHALLENGE},
                                  JKT, (struct slice){0}, binding, &why),
                     ERR_OK);
    assert_non_null(memmem(quote, len, binding, sizeof binding));
}

/* By name, and by what the HCL report says of its hardware. */
static void
an_azure_td_shows_both_quotes(void **state)
{
    static const char *const TYPES[] = {"azure-tdx", "auto"};
    static struct soft_hcl h;
    struct vm *v = *state;
    struct collect_want want = {.tpm = {.tcti = v->tpm.tcti, .ak = "ecc", .pcrs = "sha256:0,7"},
                                .from = {.tsm = "/nonexistent/tsm",
                                         .sev_guest = "/nonexistent/sev-guest",
                                         .tdx_guest = "/nonexistent/tdx-guest",
                                         .thim = "off"}};

    make_hcl(v, HARDWARE_TDX, &h);
    define_index(v, HCL_INDEX, TPMA_NV_OWNERREAD, soft_blob(&h));
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        struct service s;
        char quote[1100];
        json_t *piece AUTO(json_free) = NULL;
        struct fault f;

        service_start(&s, PATH, answer_right(quote));
        want.types = TYPES[i];
        want.from.td_quote = s.url;
        assert_int_equal(collect(&want, &piece, &f), ERR_OK);
        service_stop(&s);
        assert_posted(&s, &h);
        assert_int_equal(json_object_size(piece), 6);
        assert_string_equal(json_string_value(json_object_get(piece, "type")), "azure-tdx");
        assert_string_equal(json_string_value(json_object_get(piece, "td_quote")), quote);
        assert_member(piece, "hcl", soft_blob(&h));
        assert_int_equal(json_object_size(json_object_get(piece, "pcrs")), 2);
        assert_bound(piece);
    }
    undefine_index(v, HCL_INDEX);
}

static void
without_a_quote_there_is_no_evidence(void **state)
{
    static struct soft_hcl h;
    struct vm *v = *state;
    struct collect_want want = {.types = "azure-tdx",
                                .tpm = {.tcti = v->tpm.tcti, .ak = "ecc", .pcrs = "sha256:0"},
                                .from = {.td_quote = "http://127.0.0.1:1/"}};
    json_t *piece AUTO(json_free) = NULL;
    struct fault f;

    assert_int_equal(collect(&want, &piece, &f), ERR_UNABLE);
    assert_string_equal(f.code, "tpm");
    assert_non_null(strstr(why_text(&f.why), "no NV index 0x01400001"));
    make_hcl(v, HARDWARE_TDX, &h);
    define_index(v, HCL_INDEX, TPMA_NV_OWNERREAD, soft_blob(&h));
    assert_int_equal(collect(&want, &piece, &f), ERR_UNABLE);
    assert_string_equal(f.code, "td_quote");
    undefine_index(v, HCL_INDEX);
    make_hcl(v, HARDWARE_SNP, &h);
    define_index(v, HCL_INDEX, TPMA_NV_OWNERREAD, soft_blob(&h));
    assert_int_equal(collect(&want, &piece, &f), ERR_UNABLE);
    assert_non_null(strstr(why_text(&f.why), "holds no TD report"));
    undefine_index(v, HCL_INDEX);
    assert_null(piece);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_quotes_the_td_report),
        cmocka_unit_test(nothing_else_of_the_service_is_taken),
        cmocka_unit_test(an_answer_that_is_too_large_is_refused),
        cmocka_unit_test(a_blob_without_a_td_report_is_refused),
        cmocka_unit_test(an_azure_td_shows_both_quotes),
        cmocka_unit_test(without_a_quote_there_is_no_evidence),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
