/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_azure.c - what an Azure guest collects, against a real TPM (swtpm) that holds an HCL report and the key of its claims, and a
 * metadata service of our own; our own verifier accepts it.  Also evidence of several types over one challenge. */
#include "test/unit/azure_scene.h"

#include "clients/collect.h"
#include "clients/nv.h"
#include "clients/thim.h"
#include "common/json.h"
#include "common/mem.h"
#include "test/unit/azure_vm.h"

enum { ANSWER = 200000 };

static const char THIM[] = "/metadata/THIM/amd/certification";

/* Claims with this TPM's key alone, under a signed report, as long as the index may be. */
static void
make_hcl(const struct vm *v, struct scene *s)
{
    char n[1024];

    scene_open(s);
    b64url_encode((struct slice){v->modulus, v->modulus_len}, n);
    soft_claims(n, &s->hcl);
    soft_drop_ek(&s->hcl);
    s->hcl.zeros = INDEX_MAX - SOFT_CLAIMS_AT - strlen(s->hcl.claims);
    scene_make(s);
}

#define ANSWER_OK                                                                            \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"         \
    "{\"vcekCert\":\"-----BEGIN CERTIFICATE-----\\nAA==\\n-----END CERTIFICATE-----\\n\","   \
    "\"tcbm\":\"DB18000000000004\",\"certificateChain\":\"-----BEGIN CERTIFICATE-----\\n\"," \
    "\"cacheControl\":\"86400\"}"

static void
the_metadata_service_gives_the_vek(void **state)
{
    struct service s;
    char *pem AUTO(mem_free_text) = NULL;
    struct fault f = {0};

    (void)state;
    service_start(&s, THIM, ANSWER_OK);
    assert_int_equal(thim_vek(s.url, &pem, &f), ERR_OK);
    service_stop(&s);
    assert_string_equal(pem, "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    assert_non_null(strstr(s.request, "GET /metadata/THIM/amd/certification HTTP/1.1\r\n"));
    assert_non_null(strstr(s.request, "Metadata: true\r\n"));
}

/* None of these hangs, and none gives a certificate. */
static void
nothing_else_of_the_metadata_service_is_taken(void **state)
{
    static const char *const ANSWERS[] = {
        "",
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{\"vcekCert\":\"x\"}",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nvcekCert",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"vcekCert\":7}",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"vcekCert\":\"\"}",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[\"vcekCert\"]",
        NULL,
    };

    (void)state;
    for (size_t i = 0; i < sizeof ANSWERS / sizeof ANSWERS[0]; i++) {
        struct service s;
        char *pem AUTO(mem_free_text) = NULL;
        struct fault f = {0};
        int64_t start_ms = clock_mono_ms();

        service_start(&s, THIM, ANSWERS[i]);
        assert_int_equal(thim_vek(s.url, &pem, &f), ERR_UNABLE);
        service_stop(&s);
        assert_string_equal(f.code, "thim");
        assert_null(pem);
        assert_in_range(clock_mono_ms() - start_ms, 0, THIM_MS + 2000);
    }
}

static void
a_large_answer_and_other_schemes_are_refused(void **state)
{
    static char large[ANSWER];
    static const char HEAD[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"vcekCert\":\"";
    struct service s;
    char *pem AUTO(mem_free_text) = NULL;
    struct fault f = {0};

    (void)state;
    memset(large, 'x', sizeof large - 1);
    memcpy(large, HEAD, sizeof HEAD - 1);
    service_start(&s, THIM, large);
    assert_int_equal(thim_vek(s.url, &pem, &f), ERR_UNABLE);
    service_stop(&s);
    assert_non_null(strstr(why_text(&f.why), "too large"));
    f = (struct fault){0};
    assert_int_equal(thim_vek("file:///etc/hostname", &pem, &f), ERR_UNABLE);
    assert_null(pem);
}

/* ---- NV indices */

static void
an_index_is_read_whole_whoever_may_read_it(void **state)
{
    static const TPMA_NV WAYS[] = {TPMA_NV_AUTHREAD, TPMA_NV_OWNERREAD};
    static uint8_t bytes[2048];
    struct vm *v = *state;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
        struct device d AUTO(device_close) = {0};
        uint8_t *got AUTO(mem_free_bytes) = NULL;
        size_t len = 0;
        struct fault f = {0};

        define_index(v, 0x01500001, WAYS[i], (struct slice){bytes, sizeof bytes - i});
        assert_int_equal(device_open(v->tpm.tcti, &d, &f), ERR_OK);
        assert_true(nv_there(&d, 0x01500001));
        assert_false(nv_there(&d, 0x01500000));
        assert_int_equal(nv_read(&d, 0x01500001, sizeof bytes, &got, &len, &f), ERR_OK);
        assert_int_equal(len, sizeof bytes - i);
        assert_memory_equal(got, bytes, len);
        assert_int_equal(nv_read(&d, 0x01500001, 1000, &got, &len, &f), ERR_LIMIT);
        f = (struct fault){0};
        assert_int_equal(nv_read(&d, 0x01500002, 1000, &got, &len, &f), ERR_UNABLE);
        assert_non_null(strstr(why_text(&f.why), "no NV index 0x01500002"));
        device_close(&d);
        d = (struct device){0};
        undefine_index(v, 0x01500001);
    }
}

static void
an_index_for_a_policy_is_not_read(void **state)
{
    static const uint8_t BYTES[8] = {1};
    struct vm *v = *state;
    struct device d AUTO(device_close) = {0};
    uint8_t *got AUTO(mem_free_bytes) = NULL;
    size_t len = 0;
    struct fault f = {0};

    define_index(v, 0x01500003, TPMA_NV_POLICYREAD, (struct slice){BYTES, sizeof BYTES});
    assert_int_equal(device_open(v->tpm.tcti, &d, &f), ERR_OK);
    assert_int_equal(nv_read(&d, 0x01500003, 100, &got, &len, &f), ERR_UNABLE);
    assert_non_null(strstr(why_text(&f.why), "by policy only"));
}

/* ---- evidence */

static const uint8_t CHALLENGE[32] = {9, 8, 7};
static const uint8_t JKT[JKT_LEN] = {6, 5, 4};

static json_t *
collect(const struct collect_want *want)
{
    const struct collect_bound bound = {{CHALLENGE, sizeof CHALLENGE}, JKT};
    json_t *pieces = NULL;
    struct fault f = {0};

    if (collect_evidence(want, &bound, &pieces, &f) != ERR_OK) {
        fail_msg("%s", why_text(&f.why));
    }
    return pieces;
}

static void
member(const json_t *piece, const char *name, struct soft_bytes *out)
{
    struct why why = {0};

    assert_int_equal(b64url_decode(slice_text(json_string_value(json_object_get(piece, name))),
                                   out->at, sizeof out->at, &out->len, &why),
                     ERR_OK);
}

/* The pcrs of a piece, as a broker reads them. */
static void
take_pcrs(const json_t *piece, struct scene *s)
{
    const char *name = NULL;
    json_t *value = NULL;
    struct why why = {0};

    s->ev.tpm.pcrs_n = 0;
    json_object_foreach(json_object_get(piece, "pcrs"), name, value)
    {
        struct tpm_pcr *p = &s->sent[s->ev.tpm.pcrs_n++];
        size_t len = 0;

        assert_int_equal(tpm_pcr_name_parse(slice_text(name), &p->bank, &p->index, &why), ERR_OK);
        assert_int_equal(
            hex_decode(slice_text(json_string_value(value)), p->digest, HASH_MAX, &len, &why),
            ERR_OK);
    }
}

static void
what_is_collected_is_accepted(void **state)
{
    static uint8_t hcl[SOFT_HCL_MAX];
    struct vm *v = *state;
    struct scene s;
    struct service m;
    struct collect_want want = {.tpm = {.tcti = v->tpm.tcti, .ak = "ecc", .pcrs = "sha256:0,7,14"},
                                .from.tsm = "/nonexistent/tsm",
                                .from.sev_guest = "/nonexistent/sev-guest"};
    json_t *pieces AUTO(json_free) = NULL;
    const json_t *piece = NULL;
    uint8_t binding[BINDING_LEN];
    size_t len = 0;
    struct why why = {0};

    make_hcl(v, &s);
    define_index(v, HCL_INDEX, TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD, soft_blob(&s.hcl));
    service_start(&m, THIM, ANSWER_OK);
    want.from.thim = m.url;
    pieces = collect(&want); /* auto: by the index */
    service_stop(&m);
    assert_int_equal(json_array_size(pieces), 1);
    piece = json_array_get(pieces, 0);
    assert_int_equal(json_object_size(piece), 6);
    assert_string_equal(json_string_value(json_object_get(piece, "type")), "azure-sev-snp");
    assert_int_equal(json_string_length(json_object_get(piece, "vek")), 79);

    assert_int_equal(b64url_decode(slice_text(json_string_value(json_object_get(piece, "hcl"))),
                                   hcl, sizeof hcl, &len, &why),
                     ERR_OK);
    assert_int_equal(len, s.hcl.len);
    assert_memory_equal(hcl, s.hcl.blob, len);
    member(piece, "quote", &s.msg);
    member(piece, "signature", &s.sig);
    take_pcrs(piece, &s);
    assert_int_equal(s.ev.tpm.pcrs_n, 3);
    s.ev.tpm.quote = (struct slice){s.msg.at, s.msg.len};
    s.ev.tpm.signature = (struct slice){s.sig.at, s.sig.len};
    assert_int_equal(binding_make(EVIDENCE_AZURE_SEV_SNP,
                                  (struct slice){CHALLENGE, sizeof CHALLENGE}, JKT,
                                  (struct slice){0}, binding, &why),
                     ERR_OK);
    s.want.binding = (struct slice){binding, sizeof binding};
    assert_accepted(&s);
    binding[0] ^= 1;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    undefine_index(v, HCL_INDEX);
}

/* No metadata service, and none asked: the rest goes without. */
static void
a_vek_is_not_needed(void **state)
{
    static const char *const URLS[] = {"off", "http://127.0.0.1:1/"};
    struct vm *v = *state;
    struct scene s;

    make_hcl(v, &s);
    define_index(v, HCL_INDEX, TPMA_NV_OWNERREAD, soft_blob(&s.hcl));
    for (size_t i = 0; i < 2; i++) {
        const struct collect_want want = {
            .types = "azure-sev-snp",
            .tpm = {.tcti = v->tpm.tcti, .ak = "ecc", .pcrs = "sha256:0"},
            .from.thim = URLS[i]};
        json_t *pieces AUTO(json_free) = collect(&want);

        assert_int_equal(json_object_size(json_array_get(pieces, 0)), 5);
        assert_null(json_object_get(json_array_get(pieces, 0), "vek"));
    }
    undefine_index(v, HCL_INDEX);
}

static void
without_the_index_there_is_no_such_evidence(void **state)
{
    struct vm *v = *state;
    const struct collect_bound bound = {{CHALLENGE, sizeof CHALLENGE}, JKT};
    struct collect_want want = {.types = "azure-sev-snp",
                                .tpm = {.tcti = v->tpm.tcti, .ak = "ecc", .pcrs = "sha256:0"},
                                .from.tsm = "/nonexistent/tsm",
                                .from.sev_guest = "/nonexistent/sev-guest",
                                .from.thim = "off"};
    json_t *pieces AUTO(json_free) = NULL;
    struct fault f = {0};

    assert_int_equal(collect_evidence(&want, &bound, &pieces, &f), ERR_UNABLE);
    assert_non_null(strstr(why_text(&f.why), "no NV index 0x01400001"));
    assert_null(pieces);
    want.types = NULL; /* then a TPM is what there is */
    pieces = collect(&want);
    assert_string_equal(json_string_value(json_object_get(json_array_get(pieces, 0), "type")),
                        "tpm2");
}

/* Two types, one challenge: each has the binding of its own type. */
static void
several_types_go_together(void **state)
{
    struct vm *v = *state;
    struct scene s;
    const struct collect_want want = {.types = "azure-sev-snp,tpm2",
                                      .tpm = {.tcti = v->tpm.tcti, .ak = "ecc", .pcrs = "sha256:0"},
                                      .from.thim = "off"};
    static const enum evidence_type TYPES[] = {EVIDENCE_TPM2, EVIDENCE_AZURE_SEV_SNP};
    json_t *pieces AUTO(json_free) = NULL;

    make_hcl(v, &s);
    define_index(v, HCL_INDEX, TPMA_NV_OWNERREAD, soft_blob(&s.hcl));
    pieces = collect(&want);
    undefine_index(v, HCL_INDEX);
    assert_int_equal(json_array_size(pieces), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *piece = json_array_get(pieces, i);
        struct soft_bytes quote;
        uint8_t binding[BINDING_LEN];
        struct why why = {0};

        assert_string_equal(json_string_value(json_object_get(piece, "type")),
                            evidence_name(TYPES[i]));
        member(piece, "quote", &quote);
        assert_int_equal(binding_make(TYPES[i], (struct slice){CHALLENGE, sizeof CHALLENGE}, JKT,
                                      (struct slice){0}, binding, &why),
                         ERR_OK);
        assert_non_null(memmem(quote.at, quote.len, binding, sizeof binding));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_metadata_service_gives_the_vek),
        cmocka_unit_test(nothing_else_of_the_metadata_service_is_taken),
        cmocka_unit_test(a_large_answer_and_other_schemes_are_refused),
        cmocka_unit_test(an_index_is_read_whole_whoever_may_read_it),
        cmocka_unit_test(an_index_for_a_policy_is_not_read),
        cmocka_unit_test(what_is_collected_is_accepted),
        cmocka_unit_test(a_vek_is_not_needed),
        cmocka_unit_test(without_the_index_there_is_no_such_evidence),
        cmocka_unit_test(several_types_go_together),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
