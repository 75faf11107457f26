/* SPDX-License-Identifier: Apache-2.0 */
/* test_azure_decode.c - the HCL report and its runtime claims: what is read of them, and each way in which they are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/azure_soft.h"

/* One key for all tests: making one takes a while. */
static const struct soft_ak *
ak(void)
{
    static struct soft_ak made;

    if (made.key == NULL) {
        soft_ak_open(SOFT_RSASSA, &made);
    }
    return &made;
}

static struct soft_hcl
good(void)
{
    struct soft_hcl h;
    char n[1024];

    soft_modulus(ak(), n);
    soft_hcl_open(n, &h);
    return h;
}

static enum err
decode(struct slice blob, struct azure_hcl *out, struct why *why)
{
    enum err e = ERR_OK;

    *out = (struct azure_hcl){0};
    *why = (struct why){0};
    e = azure_hcl_decode(blob, out, why);
    assert_true((e == ERR_OK) == (why->n == 0));
    return e;
}

static void
a_blob_reads_as_it_was_written(void **state)
{
    struct soft_hcl h = good();
    struct azure_hcl got;
    struct why why;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        h.version = version;
        soft_hcl_write(&h);
        assert_int_equal(decode(soft_blob(&h), &got, &why), ERR_OK);
        assert_int_equal(got.version, version);
        assert_int_equal(got.request_type, 2);
        assert_int_equal(got.hash_type, 1);
        assert_int_equal(got.hardware, AZURE_HW_SNP);
        assert_ptr_equal(got.report.ptr, h.blob + SOFT_REPORT_AT);
        assert_int_equal(got.report.len, SOFT_REPORT_LEN);
        assert_ptr_equal(got.claims.ptr, h.blob + SOFT_CLAIMS_AT);
        assert_int_equal(got.claims.len, strlen(h.claims));
    }
    h.zeros = 0;
    soft_hcl_write(&h);
    assert_int_equal(decode(soft_blob(&h), &got, &why), ERR_OK);
    h.report_type = 4;
    soft_hcl_write(&h);
    assert_int_equal(decode(soft_blob(&h), &got, &why), ERR_OK);
    assert_int_equal(got.hardware, AZURE_HW_TDX);
    h.report_type = 3;
    soft_hcl_write(&h);
    assert_int_equal(decode(soft_blob(&h), &got, &why), ERR_OK);
    assert_int_equal(got.hardware, AZURE_HW_NONE);
}

/* Fixed fields of the layout: where, what is put there, what the refusal names. */
struct wrong_field {
    size_t at;
    uint8_t value;
    const char *says;
};

static void
each_fixed_field_is_refused_by_name(void **state)
{
    static const struct wrong_field WRONG[] = {
        {0, 'h', "signature"},     {4, 0, "version"},       {4, 3, "version"},
        {8, 1, "report_size"},     {16, 1, "status"},       {20, 1, "reserved"},
        {31, 1, "reserved"},       {0x4c0, 1, "data_size"}, {0x4c4, 2, "data_version"},
        {0x4d2, 1, "claims_size"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        struct soft_hcl h = good();
        struct azure_hcl got;
        struct why why;

        h.blob[WRONG[i].at] = WRONG[i].value;
        assert_int_equal(decode(soft_blob(&h), &got, &why), ERR_MALFORMED);
        assert_non_null(strstr(why_text(&why), WRONG[i].says));
        assert_int_equal(got.claims.len, 0);
    }
}

static void
what_follows_the_claims_must_be_zero(void **state)
{
    struct soft_hcl h = good();
    struct azure_hcl got;
    struct why why;

    (void)state;
    for (size_t i = 0; i < h.zeros; i++) {
        h.blob[h.len - 1 - i] = 1;
        assert_int_equal(decode(soft_blob(&h), &got, &why), ERR_MALFORMED);
        assert_non_null(strstr(why_text(&why), "after the claims"));
        h.blob[h.len - 1 - i] = 0;
    }
}

static void
no_truncation_and_no_oversize_is_accepted(void **state)
{
    struct soft_hcl h = good();
    struct azure_hcl got;
    struct why why;
    size_t end = SOFT_CLAIMS_AT + strlen(h.claims);

    (void)state;
    for (size_t len = 0; len < end; len++) {
        assert_int_equal(decode((struct slice){h.blob, len}, &got, &why), ERR_MALFORMED);
    }
    h.zeros = AZURE_HCL_MAX - end;
    soft_hcl_write(&h);
    assert_int_equal(decode(soft_blob(&h), &got, &why), ERR_OK);
    h.zeros++;
    soft_hcl_write(&h);
    assert_int_equal(decode(soft_blob(&h), &got, &why), ERR_MALFORMED);
    assert_non_null(strstr(why_text(&why), "at most 8192"));
}

/* Whatever bit is turned outside of report, claims and types, the blob does not decode. */
static void
no_bit_of_the_layout_is_free(void **state)
{
    struct soft_hcl h = good();
    size_t end = SOFT_CLAIMS_AT + strlen(h.claims);
    struct azure_hcl got;
    struct why why;

    (void)state;
    for (size_t bit = 0; bit < h.len * 8; bit++) {
        size_t at = bit / 8;
        bool judged = (at >= 12 && at < 16) || (at >= 0x4c8 && at < 0x4d0); /* hcl.type */
        bool content = (at >= 0x20 && at < 0x4c0) || (at >= SOFT_CLAIMS_AT && at < end);

        h.blob[at] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(decode(soft_blob(&h), &got, &why),
                         judged || content ? ERR_OK : ERR_MALFORMED);
        h.blob[at] ^= (uint8_t)(1U << bit % 8);
    }
}

static enum err
read_claims(const char *json, struct azure_claims *out, struct why *why)
{
    enum err e = ERR_OK;

    *out = (struct azure_claims){0};
    *why = (struct why){0};
    e = azure_claims_read(slice_text(json), out, why);
    assert_true((e == ERR_OK) == (why->n == 0));
    assert_true((e == ERR_OK) == (out->ak.type == KEY_RSA));
    return e;
}

static void
the_claims_give_the_attestation_key(void **state)
{
    struct soft_hcl h = good();
    struct azure_claims got;
    struct why why;
    struct sig_key want = {0};
    uint8_t n[256];

    (void)state;
    soft_number(ak(), OSSL_PKEY_PARAM_RSA_N, n, sizeof n);
    assert_int_equal(sig_key_rsa((struct slice){n, sizeof n}, 65537, &want, &why), ERR_OK);
    assert_int_equal(read_claims(h.claims, &got, &why), ERR_OK);
    assert_true(sig_key_same(&got.ak, &want));
    assert_int_equal(got.ak_n.len, 342);
    assert_int_equal(got.vm_config.ptr[0], '{');
    assert_true(slice_zero((struct slice){got.user_data, sizeof got.user_data}));
    sig_key_done(&want);
    azure_claims_done(&got);
}

static void
user_data_is_taken(void **state)
{
    struct soft_hcl h = good();
    struct azure_claims got;
    struct why why;

    (void)state;
    soft_edit(&h, "\"user-data\":\"0000", "\"user-data\":\"98Ff");
    assert_int_equal(read_claims(h.claims, &got, &why), ERR_OK);
    assert_int_equal(got.user_data[0], 0x98);
    assert_int_equal(got.user_data[1], 0xff);
    azure_claims_done(&got);
}

/* The paravisor's next version may say more; the old ones said less. */
static void
more_and_fewer_members_are_taken(void **state)
{
    struct soft_hcl h = good();
    struct azure_claims got;
    struct why why;
    char *vm = NULL;

    (void)state;
    soft_edit(&h, "\"tpm-enabled\":true", "\"tpm-enabled\":true,\"tpm-persisted\":true");
    soft_edit(&h, "\"kty\":\"RSA\"", "\"alg\":\"RS256\",\"kty\":\"RSA\"");
    soft_edit(&h, "{\"keys\"", " { \"next\" : [ { } , \"]}\\\"\" ] , \"keys\"");
    assert_int_equal(read_claims(h.claims, &got, &why), ERR_OK);
    azure_claims_done(&got);
    vm = strstr(h.claims, ",\"vm-configuration\"");
    assert_non_null(vm);
    (void)snprintf(vm, 2, "}");
    assert_int_equal(read_claims(h.claims, &got, &why), ERR_OK);
    assert_int_equal(got.vm_config.len, 0);
    azure_claims_done(&got);
}

struct edit {
    const char *old, *fresh;
    enum err err;
    const char *says;
};

static void
each_wrong_claim_is_refused_by_name(void **state)
{
    static const struct edit EDITS[] = {
        {"\"keys\"", "\"kezs\"", ERR_MALFORMED, "no array `keys`"},
        {"\"keys\":[", "\"keys\":1,\"k\":[", ERR_MALFORMED, "no array `keys`"},
        {"\"keys\":[", "\"keys\":[],\"keys\":[", ERR_MALFORMED, "duplicate name"},
        {"\"keys\":[", "\"keys\":[1,", ERR_MALFORMED, "keys[0] is no object"},
        {"\"kid\":\"HCLEkPub\",", "", ERR_MALFORMED, "keys[1] is no object with a plain kid"},
        {"\"kid\":\"HCLEkPub\"", "\"kid\":7", ERR_MALFORMED, "plain kid"},
        {"\"kid\":\"HCLAkPub\"", "\"kid\":\"HCL\\u0041kPub\"", ERR_MALFORMED, "plain kid"},
        {"\"kty\":\"RSA\"", "\"kty\":\"RSA\",\"kty\":\"RSA\"", ERR_MALFORMED, "duplicate name"},
        {"\"kty\":\"RSA\"", "\"kty\":\"RSA\",\"\\u006bty\":\"EC\"", ERR_MALFORMED, "escape in"},
        {"\"vm-configuration\":{", "\"vm-configuration\":[],\"v\":{", ERR_MALFORMED, "no object"},
        {"\"user-data\":\"00", "\"user-data\":\"", ERR_MALFORMED, "64 bytes"},
        {"\"user-data\":\"0", "\"user-data\":\"x", ERR_MALFORMED, "not a digit"},
        {"HCLEkPub", "HCLAkPub", ERR_DENIED, "two keys named HCLAkPub"},
        {"HCLAkPub", "HCLAkPuc", ERR_DENIED, "no key named HCLAkPub"},
        {"HCLAkPub", "HCLAkPub ", ERR_DENIED, "no key named HCLAkPub"},
        {"HCLAkPub", "hclakpub", ERR_DENIED, "no key named HCLAkPub"},
        {"\"kty\":\"RSA\"", "\"kty\":\"EC\"", ERR_DENIED, "kty"},
        {"\"kty\":\"RSA\",", "", ERR_DENIED, "kty"},
        {"\"e\":\"AQAB\"", "\"e\":\"Aw\"", ERR_DENIED, "e is not \"AQAB\""},
        {"\"e\":\"AQAB\"", "\"e\":\"AAEAAQ\"", ERR_DENIED, "e is not \"AQAB\""},
        {"\"e\":\"AQAB\"", "\"e\":65537", ERR_DENIED, "e is not \"AQAB\""},
        {"\"e\":\"AQAB\",", "", ERR_DENIED, "e is not \"AQAB\""},
        {"\"n\":\"", "\"n\":\"AAAA", ERR_DENIED, "leading zero"},
        {"\"n\":\"", "\"n\":\"=", ERR_DENIED, "n: base64url"},
        {"\"n\":\"", "\"n\":\"\",\"m\":\"", ERR_DENIED, "n is empty"},
        {"\"n\":\"", "\"n\":[],\"m\":\"", ERR_DENIED, "n is no plain text"},
        {"\"n\":\"", "\"n\":\"w7_9\",\"m\":\"", ERR_DENIED, "2048"},
        {"}]", "}", ERR_MALFORMED, "claims"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof EDITS / sizeof EDITS[0]; i++) {
        struct soft_hcl h = good();
        struct azure_claims got;
        struct why why;

        soft_edit(&h, EDITS[i].old, EDITS[i].fresh);
        assert_int_equal(read_claims(h.claims, &got, &why), EDITS[i].err);
        if (strstr(why_text(&why), EDITS[i].says) == NULL) {
            fail_msg("edit %zu: %s", i, why_text(&why));
        }
    }
}

static void
no_truncation_and_no_oversize_of_the_claims_is_accepted(void **state)
{
    struct soft_hcl h = good();
    struct azure_claims got = {0};
    struct why why = {0};
    size_t len = strlen(h.claims);
    static char long_one[AZURE_CLAIMS_MAX + 2];

    (void)state;
    for (size_t i = 0; i < len; i++) {
        assert_int_not_equal(
            azure_claims_read((struct slice){(const uint8_t *)h.claims, i}, &got, &why), ERR_OK);
    }
    memset(long_one, ' ', sizeof long_one);
    memcpy(long_one, h.claims, len);
    long_one[AZURE_CLAIMS_MAX] = '\0';
    assert_int_equal(read_claims(long_one, &got, &why), ERR_OK);
    azure_claims_done(&got);
    long_one[AZURE_CLAIMS_MAX] = ' ';
    long_one[AZURE_CLAIMS_MAX + 1] = '\0';
    assert_int_equal(read_claims(long_one, &got, &why), ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_reads_as_it_was_written),
        cmocka_unit_test(each_fixed_field_is_refused_by_name),
        cmocka_unit_test(what_follows_the_claims_must_be_zero),
        cmocka_unit_test(no_truncation_and_no_oversize_is_accepted),
        cmocka_unit_test(no_bit_of_the_layout_is_free),
        cmocka_unit_test(the_claims_give_the_attestation_key),
        cmocka_unit_test(user_data_is_taken),
        cmocka_unit_test(more_and_fewer_members_are_taken),
        cmocka_unit_test(each_wrong_claim_is_refused_by_name),
        cmocka_unit_test(no_truncation_and_no_oversize_of_the_claims_is_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
