/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_tpm.c - the guest's TPM code against a real TPM (swtpm): the same key each time, its
 * Name as the bytes say, quotes that our own verifier accepts, and nothing left behind. */
#include "test/unit/emulator.h"

#include <string.h>

#include "attest/attest.h"
#include "attest/base/text.h"
#include "attest/tpm/public.h"
#include "clients/evidence.h"
#include "clients/key.h"
#include "common/json.h"
#include "common/mem.h"

#define TRANSIENT_FIRST UINT32_C(0x80000000) /* Part 2 section 7.2 */

static struct emulator *
emulator_of(void **state)
{
    return *state;
}

static int
setup(void **state)
{
    struct emulator *e = calloc(1, sizeof *e);

    emulator_start(e);
    *state = e;
    return 0;
}

static int
teardown(void **state)
{
    emulator_stop(*state);
    free(*state);
    return 0;
}

static size_t
transient_objects(const char *tcti)
{
    struct device d AUTO(device_close) = {0};
    TPMS_CAPABILITY_DATA *data AUTO(tss_free) = NULL;
    TPMI_YES_NO more = 0;
    struct fault f = {0};

    assert_int_equal(device_open(tcti, &d, &f), ERR_OK);
    assert_int_equal(Esys_GetCapability(d.esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        TPM2_CAP_HANDLES, TRANSIENT_FIRST, 64, &more, &data),
                     TSS2_RC_SUCCESS);
    return data->data.handles.count;
}

/* The Name as the TPM says and as the bytes of the public area say. */
static void
check_name(const struct ak *ak)
{
    uint8_t digest[SHA256_LEN];

    assert_int_equal(ak->name_len, 2 + SHA256_LEN);
    assert_int_equal(ak->area[0] << 8 | ak->area[1], (int)ak->area_len - 2);
    hash_sha256((struct slice){ak->area + 2, ak->area_len - 2}, digest);
    assert_int_equal(ak->name[0] << 8 | ak->name[1], HASH_SHA256);
    assert_memory_equal(ak->name + 2, digest, sizeof digest);
}

/* Open the key once and give its Name. */
static void
ak_name(const char *tcti, const char *choice, uint8_t name[TPM_NAME_MAX])
{
    struct device d AUTO(device_close) = {0};
    struct ak ak AUTO(ak_done) = {0};
    struct tpm_public pub = {0};
    struct fault f = {0};
    struct why why = {0};

    assert_int_equal(device_open(tcti, &d, &f), ERR_OK);
    assert_int_equal(ak_open(&d, choice, &ak, &f), ERR_OK);
    check_name(&ak);
    assert_int_equal(tpm_public_decode((struct slice){ak.area, ak.area_len}, &pub, &why), ERR_OK);
    assert_int_equal(pub.attributes, 0x00050072);
    assert_int_equal(pub.policy.len, 0);
    memcpy(name, ak.name, ak.name_len);
}

static void
test_ak_is_the_same_each_time(void **state)
{
    static const char *const choices[] = {"ecc", "rsa"};
    uint8_t first[2][TPM_NAME_MAX] = {0};
    uint8_t second[2][TPM_NAME_MAX] = {0};

    for (size_t i = 0; i < 2; i++) {
        ak_name(emulator_of(state)->tcti, choices[i], first[i]);
        ak_name(emulator_of(state)->tcti, choices[i], second[i]);
        assert_memory_equal(first[i], second[i], TPM_NAME_MAX);
    }
    assert_memory_not_equal(first[0], first[1], TPM_NAME_MAX);
    assert_int_equal(transient_objects(emulator_of(state)->tcti), 0);
}

static void
test_refused_choices(void **state)
{
    static const char *const rows[][2] = {
        {"ed25519", "handle"},  {"0x80000001", "handle"}, {"0x8100", "handle"},
        {"81010001", "handle"}, {"0x8101000g", "handle"}, {"0x81000077", "tpm"},
    };
    struct device d AUTO(device_close) = {0};
    struct fault f = {0};

    assert_int_equal(device_open(emulator_of(state)->tcti, &d, &f), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ak ak AUTO(ak_done) = {0};

        f = (struct fault){0};
        assert_int_not_equal(ak_open(&d, rows[i][0], &ak, &f), ERR_OK);
        assert_string_equal(f.code, rows[i][1]);
    }
}

static void
test_no_tpm(void **state)
{
    struct device d AUTO(device_close) = {0};
    struct fault f = {0};

    (void)state;
    assert_int_equal(device_open("swtpm:path=/nonexistent/s", &d, &f), ERR_UNABLE);
    assert_string_equal(f.code, "tpm_open");
    f = (struct fault){0};
    assert_int_equal(device_open("no-such-tcti:x", &d, &f), ERR_UNABLE);
    assert_string_equal(f.code, "tpm_open");
}

static void
extend(const char *tcti, unsigned pcr)
{
    struct device d AUTO(device_close) = {0};
    struct fault f = {0};
    TPML_DIGEST_VALUES v = {.count = 1};

    v.digests[0].hashAlg = TPM2_ALG_SHA256;
    memset(&v.digests[0].digest, 0x5a, 32);
    assert_int_equal(device_open(tcti, &d, &f), ERR_OK);
    assert_int_equal(Esys_PCR_Extend(d.esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &v),
                     TSS2_RC_SUCCESS);
}

static void
quote(const char *tcti, const char *ak_choice, const char *pcrs, const uint8_t binding[32],
      struct ak *ak, struct quote_pair *pair)
{
    struct device d AUTO(device_close) = {0};
    struct pcr_choice which = {0};
    struct fault f = {0};

    assert_int_equal(pcr_choice_parse(pcrs, &which, &f), ERR_OK);
    assert_int_equal(device_open(tcti, &d, &f), ERR_OK);
    assert_int_equal(ak_open(&d, ak_choice, ak, &f), ERR_OK);
    if (quote_take(ak, &which, (struct slice){binding, 32}, pair, &f) != ERR_OK) {
        fail_msg("%s %s: %s", ak_choice, pcrs, why_text(&f.why));
    }
    ak_done(ak);
}

static enum judgement
judge(const struct ak *ak, const struct quote_pair *pair, const char *pcrs,
      const uint8_t binding[32])
{
    struct appraisal *a = calloc(1, sizeof *a);
    struct evidence ev = {.type = EVIDENCE_TPM2};
    struct expectation want = {.binding = {binding, 32}};
    const struct trust nobody = {0};
    const struct slice name = {ak->name, ak->name_len};
    struct why why = {0};
    enum judgement j = JUDGE_REJECT;

    ev.tpm = (struct tpm_evidence){.quote = {pair->attest, pair->attest_len},
                                   .signature = {pair->signature, pair->signature_len},
                                   .ak = {ak->area, ak->area_len},
                                   .pcrs = pair->values.pcr,
                                   .pcrs_n = pair->values.n};
    want.tpm.ak_trust_allowed = AK_TRUST_PINNED_NAME;
    want.tpm.ak_names = &name;
    want.tpm.ak_names_n = 1;
    assert_int_equal(tpm_select_parse(slice_text(pcrs), want.tpm.select, TPM_BANKS_MAX,
                                      &want.tpm.select_n, &why),
                     ERR_OK);
    attest_verify(&ev, &want, &nobody, clock_unix(), a);
    j = verdict_judge(&a->verdict);
    free(a);
    return j;
}

static void
test_quote_verifies(void **state)
{
    static const char *const selections[] = {
        "sha256:0,2,4,7",
        "sha256:7",
        "sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14",
        "sha256:0,7+sha384:0,7",
        "sha384:1,2,3,4,5,6,7,8,9,10",
    };
    uint8_t binding[32];
    uint8_t other[32] = {0};

    memset(binding, 0xb1, sizeof binding);
    extend(emulator_of(state)->tcti, 7);
    extend(emulator_of(state)->tcti, 4);
    for (size_t i = 0; i < sizeof selections / sizeof selections[0]; i++) {
        for (int rsa = 0; rsa < 2; rsa++) {
            struct ak ak = {0};
            struct quote_pair pair = {0};

            quote(emulator_of(state)->tcti, rsa ? "rsa" : "ecc", selections[i], binding, &ak,
                  &pair);
            assert_int_equal(judge(&ak, &pair, selections[i], binding), JUDGE_ACCEPT);
            assert_int_equal(judge(&ak, &pair, selections[i], other), JUDGE_REJECT);
        }
    }
    assert_int_equal(transient_objects(emulator_of(state)->tcti), 0);
}

/* Values that are not those of the quote are noticed before they are sent. */
static void
test_pair_is_checked(void **state)
{
    struct ak ak = {0};
    struct quote_pair pair = {0};
    struct pcr_choice which = {0};
    struct fault f = {0};
    const uint8_t binding[32] = {1};
    bool same = false;

    quote(emulator_of(state)->tcti, "ecc", "sha256:0,7", binding, &ak, &pair);
    assert_int_equal(pcr_choice_parse("sha256:0,7", &which, &f), ERR_OK);
    assert_int_equal(quote_check(&pair, &which, &same, &f), ERR_OK);
    assert_true(same);
    pair.values.pcr[1].digest[0] ^= 1;
    assert_int_equal(quote_check(&pair, &which, &same, &f), ERR_OK);
    assert_false(same);
    assert_int_equal(pcr_choice_parse("sha256:0,8", &which, &f), ERR_OK);
    assert_int_equal(quote_check(&pair, &which, &same, &f), ERR_UNABLE);
    assert_string_equal(f.code, "tpm_bank");
}

static void
test_bank_not_allocated(void **state)
{
    struct device d AUTO(device_close) = {0};
    struct pcr_choice which = {.select = {{HASH_SHA256, 1}, {0x0027 /* SHA3-256 */, 1}}, .n = 2};
    struct pcr_values v = {.n = 0};
    struct fault f = {0};

    assert_int_equal(device_open(emulator_of(state)->tcti, &d, &f), ERR_OK);
    assert_int_equal(pcrs_read(&d, &which, &v, &f), ERR_UNABLE);
}

/* What the broker will get, and that it commits to the binding. */
static void
test_evidence(void **state)
{
    const struct evidence_want want = {
        .tcti = emulator_of(state)->tcti, .ak = "ecc", .pcrs = "sha256:0,7"};
    const uint8_t binding[32] = {7};
    json_t *e AUTO(json_free) = NULL;
    struct fault f = {0};

    assert_int_equal(evidence_collect(&want, binding, &e, NULL, &f), ERR_OK);
    assert_string_equal(json_string_value(json_object_get(e, "type")), "tpm2");
    assert_int_equal(json_object_size(json_object_get(e, "pcrs")), 2);
    assert_int_equal(
        strlen(json_string_value(json_object_get(json_object_get(e, "pcrs"), "sha256:7"))), 64);
    assert_true(json_is_string(json_object_get(e, "quote")));
    assert_true(json_is_string(json_object_get(e, "signature")));
    assert_true(json_is_string(json_object_get(e, "ak")));
    assert_int_equal(json_object_size(e), 5);
}

/* A guest key in the TPM, and that its proofs hold; gives its thumbprint. */
static void
guest_key(const char *tcti, uint8_t jkt[JKT_LEN])
{
    struct guest_key k AUTO(guest_key_done) = {0};
    struct fault f = {0};
    struct why why = {0};
    char *proof AUTO(mem_free_text) = NULL;
    struct dpop read AUTO(dpop_done) = {0};
    const struct proof_want want = {"POST", "https://b.example/token?x=1", "n-1", "tok"};
    const struct dpop_want check = {.htm = "POST",
                                    .htu = "https://b.example/token",
                                    .access_token = "tok",
                                    .now = clock_unix(),
                                    .past_s = 5,
                                    .future_s = 5};

    assert_int_equal(guest_key_make("tpm", tcti, &k, &f), ERR_OK);
    assert_int_equal(guest_key_proof(&k, &want, &proof, &f), ERR_OK);
    assert_int_equal(dpop_check(slice_text(proof), &check, &read, &why), ERR_OK);
    assert_string_equal(read.nonce, "n-1");
    assert_memory_equal(read.jwk.jkt, k.jkt, JKT_LEN);
    memcpy(jkt, k.jkt, JKT_LEN);
}

/* Fresh each time. */
static void
test_guest_key(void **state)
{
    uint8_t first[JKT_LEN] = {0};
    uint8_t second[JKT_LEN] = {0};

    guest_key(emulator_of(state)->tcti, first);
    guest_key(emulator_of(state)->tcti, second);
    assert_memory_not_equal(first, second, JKT_LEN);
    assert_int_equal(transient_objects(emulator_of(state)->tcti), 0);
}

static void
test_guest_key_in_memory(void **state)
{
    struct guest_key k AUTO(guest_key_done) = {0};
    struct fault f = {0};
    struct why why = {0};
    char *proof AUTO(mem_free_text) = NULL;
    struct dpop read AUTO(dpop_done) = {0};
    const struct proof_want want = {"GET", "https://b.example/x", "", NULL};
    const struct dpop_want check = {.htm = "GET",
                                    .htu = "https://b.example/x",
                                    .now = clock_unix(),
                                    .past_s = 5,
                                    .future_s = 5};

    (void)state;
    assert_int_equal(guest_key_make("paper", "", &k, &f), ERR_MALFORMED);
    assert_int_equal(guest_key_make("memory", "", &k, &f), ERR_OK);
    assert_int_equal(guest_key_proof(&k, &want, &proof, &f), ERR_OK);
    assert_int_equal(dpop_check(slice_text(proof), &check, &read, &why), ERR_OK);
    assert_string_equal(read.nonce, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ak_is_the_same_each_time),
        cmocka_unit_test(test_refused_choices),
        cmocka_unit_test(test_no_tpm),
        cmocka_unit_test(test_quote_verifies),
        cmocka_unit_test(test_pair_is_checked),
        cmocka_unit_test(test_bank_not_allocated),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_guest_key),
        cmocka_unit_test(test_guest_key_in_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
