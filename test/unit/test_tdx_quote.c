/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_quote.c - the quote's shape and who signed it: every row up to tdquote.signature refuses for its own reason, and quotes of every
 * version, body and CA pass. */
#include "test/unit/tdx_court.h"

#include "attest/tdx/quote.h"

/* ---- what is accepted ---- */

static void
good_quotes(void **state)
{
    static const unsigned KINDS[][3] = {{4, 2, 0}, {5, 2, 0}, {5, 3, 0}, {4, 2, 1}, {5, 3, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        struct td_scene *s = court(KINDS[i][0], KINDS[i][1]);

        if (KINDS[i][2] != 0) {
            td_processor(s);
        }
        td_make(s);
        assert_accepted(s);
        assert_int_equal(s->got.tdx.version, KINDS[i][0]);
        assert_int_equal(s->got.tdx.body_type, KINDS[i][1]);
        assert_true(s->got.tdx.has_svn2 == (KINDS[i][1] == 3));
        assert_int_equal(s->got.tdx.tcb.status, TDX_UP_TO_DATE);
        assert_memory_equal(s->got.tdx.fmspc, td_fmspc(), 6);
        assert_int_equal(s->got.tdx.field[TDX_RTMR3][47], 0x33);
        assert_int_equal(s->got.tdx.field[TDX_MROWNERCONFIG][0], 0x25);
        assert_int_equal(s->got.tdx.ppid[15], 0x5a);
        assert_true(s->got.valid_until == s->pck_crl.until);
    }
}

static void
other_lengths_of_qe_data(void **state)
{
    static const uint16_t LENGTHS[] = {0, 1, 31, 33, SGX_VALUE};

    (void)state;
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++) {
        struct td_scene *s = court(4, 2);

        s->quote.auth_len = LENGTHS[i];
        td_make(s);
        assert_accepted(s);
    }
}

/* An ECDSA signature can be turned over without the key: two quotes, one platform. */
static void
the_other_s(void **state)
{
    struct td_scene *s = court(5, 3);
    uint8_t before[SHA256_LEN];
    uint8_t after[SHA256_LEN];
    struct why why = {0};

    (void)state;
    td_make(s);
    assert_int_equal(tdx_platform_key(s->ev.tdx.quote, before, &why), ERR_OK);
    td_turn_s(s->quote.raw + s->quote.at_signature);
    assert_accepted(s);
    assert_int_equal(tdx_platform_key(s->ev.tdx.quote, after, &why), ERR_OK);
    assert_memory_equal(before, after, sizeof before);
    td_turn_s(s->quote.raw + s->quote.at_qe_signature);
    assert_accepted(s);
    assert_int_equal(tdx_platform_key(s->ev.tdx.quote, after, &why), ERR_OK);
    assert_memory_not_equal(before, after,
                            sizeof before); /* what was certified is other bytes now */
}

/* ---- structure ---- */

static void
cut_size(struct td_scene *s)
{
    td_put(s->quote.raw + s->quote.at_size, s->quote.end - s->quote.at_signature - 1, 4);
}

static void
long_size(struct td_scene *s)
{
    td_put(s->quote.raw + s->quote.at_size, 0xffffffff, 4);
}

static void
long_outer(struct td_scene *s)
{
    td_put(s->quote.raw + s->quote.at_outer + 2, 0xffffffff, 4);
}

static void
short_outer(struct td_scene *s)
{
    td_put(s->quote.raw + s->quote.at_outer + 2, s->quote.end - s->quote.at_qe - 1, 4);
}

static void
long_auth(struct td_scene *s)
{
    td_put(s->quote.raw + s->quote.at_auth, 0xffff, 2);
}

static void
long_inner(struct td_scene *s)
{
    td_put(s->quote.raw + s->quote.at_inner + 2, 0xffffffff, 4);
}

static void
short_inner(struct td_scene *s)
{
    td_put(s->quote.raw + s->quote.at_inner + 2, s->pck.len - 1, 4);
}

static void
too_large(struct td_scene *s)
{
    static uint8_t large[TDX_QUOTE_MAX + 1];

    memcpy(large, s->quote.raw, s->quote.len);
    s->ev.tdx.quote = (struct slice){large, sizeof large};
}

static void
only_header(struct td_scene *s)
{
    s->ev.tdx.quote.len = HEAD_LEN - 1;
}

static void
version_3(struct td_scene *s)
{
    td_put(s->quote.head + HEAD_VERSION, 3, 2);
}

static void
version_6(struct td_scene *s)
{
    td_put(s->quote.head + HEAD_VERSION, 6, 2);
}

static void
key_p384(struct td_scene *s)
{
    td_put(s->quote.head + HEAD_KEY_TYPE, 3, 2);
}

static void
tee_sgx(struct td_scene *s)
{
    td_put(s->quote.head + HEAD_TEE_TYPE, 0, 4);
}

static void
tee_other(struct td_scene *s)
{
    td_put(s->quote.head + HEAD_TEE_TYPE, 0x01000081, 4);
}

static void
vendor(struct td_scene *s)
{
    s->quote.head[HEAD_VENDOR + 15] ^= 1;
}

static void
body_type_1(struct td_scene *s)
{
    s->quote.type = 1;
}

static void
body_type_4(struct td_scene *s)
{
    s->quote.type = 4;
    s->quote.size = 885;
}

static void
body_size(struct td_scene *s)
{
    s->quote.size = BODY_15_LEN;
}

static void
outer_5(struct td_scene *s)
{
    s->quote.outer = 5;
}

static void
inner_1(struct td_scene *s)
{
    s->quote.inner = 1;
}

static void
structure(void **state)
{
    static const struct bend ROWS[] = {
        {"tdquote.malformed", "47 bytes, a header has 48", "", NULL, JUDGE_MALFORMED, 0, 0,
         only_header},
        {"tdquote.malformed", "65537 bytes, at most 65536", "", NULL, JUDGE_MALFORMED, 0, 0,
         too_large},
        {"tdquote.malformed", "signature_data", "", NULL, JUDGE_MALFORMED, 0, 0, cut_size},
        {"tdquote.malformed", "signature_data", "", NULL, JUDGE_MALFORMED, 0, 0, long_size},
        {"tdquote.malformed", "signature_data", "", NULL, JUDGE_MALFORMED, 0, 0, long_outer},
        {"tdquote.malformed", "signature_data", "", NULL, JUDGE_MALFORMED, 0, 0, short_outer},
        {"tdquote.malformed", "tdx.certification", "", NULL, JUDGE_MALFORMED, 0, 0, long_auth},
        {"tdquote.malformed", "tdx.certification", "", NULL, JUDGE_MALFORMED, 0, 0, long_inner},
        {"tdquote.malformed", "tdx.certification", "", NULL, JUDGE_MALFORMED, 0, 0, short_inner},
        {"tdquote.version", "3", "4 or 5", version_3, 0, 0, 0, NULL},
        {"tdquote.version", "6", "4 or 5", version_6, 0, 5, 3, NULL},
        {"tdquote.key_type", "3", "2 (ECDSA P-256)", key_p384, 0, 0, 0, NULL},
        {"tdquote.tee_type", "0x0 (SGX)", "0x81 (TDX)", tee_sgx, 0, 0, 0, NULL},
        {"tdquote.tee_type", "0x1000081", "0x81 (TDX)", tee_other, 0, 0, 0, NULL},
        {"tdquote.vendor", "939a7233f79c4ca9940a0db3957f0606", "(Intel)", vendor, 0, 0, 0, NULL},
        {"tdquote.body", "body type is 1", "type 2 with 584 bytes or type 3 with 648", body_type_1,
         0, 5, 2, NULL},
        {"tdquote.body", "body type is 4", "type 2 with 584 bytes", body_type_4, 0, 5, 3, NULL},
        {"tdquote.body", "body type 2 with size 648, want 584", "", body_size, 0, 5, 2, NULL},
        {"tdquote.cert_type", "outer certification data type is 5, want 6", "type 6", outer_5, 0, 0,
         0, NULL},
        {"tdquote.cert_type", "certification data of type 1 has no chain, want 5 (PEM)", "type 6",
         inner_1, 0, 0, 0, NULL},
    };

    (void)state;
    COURT_ROWS(ROWS);
}

/* ---- who signed ---- */

static void
qe_forged(struct td_scene *s)
{
    s->qe_signer = TD_STRANGER;
}

static void
qe_vouches_for_another(struct td_scene *s)
{
    s->quote.own_data = true;
}

static void
qe_says_more(struct td_scene *s)
{
    s->quote.qe[QE_LEN - 1] = 1;
}

static void
off_curve(struct td_scene *s)
{
    td_point(td_key(TD_AK), s->quote.xy);
    s->quote.xy[TD_RAW - 1] ^= 1;
    s->quote.own_key = true;
}

static void
zero_key(struct td_scene *s)
{
    s->quote.own_key = true;
}

static void
quote_forged(struct td_scene *s)
{
    td_point(td_key(TD_AK), s->quote.xy);
    s->quote.own_key = true;
    s->quote_signer = TD_STRANGER;
}

static void
no_signature(struct td_scene *s)
{
    memset(s->quote.raw + s->quote.at_signature, 0, TD_RAW);
}

static void
r_too_large(struct td_scene *s)
{
    memset(s->quote.raw + s->quote.at_signature, 0xff, TD_RAW / 2);
}

static void
signers(void **state)
{
    static const struct bend ROWS[] = {
        {"qe.signature", "does not verify", "signed by the PCK key", qe_forged, 0, 0, 0, NULL},
        {"qe.report_data", "another value", "SHA-256(attestation key || QE auth data)",
         qe_vouches_for_another, 0, 0, 0, NULL},
        {"qe.report_data", "another value", "then zeros", qe_says_more, 0, 0, 0, NULL},
        {"tdquote.key", "point is not on P-256", "a point on P-256", off_curve, 0, 0, 0, NULL},
        {"tdquote.key", "point is not on P-256", "a point on P-256", zero_key, 0, 0, 0, NULL},
        {"tdquote.signature", "does not verify", "signed by the attestation key", quote_forged, 0,
         0, 0, NULL},
        {"tdquote.signature", "does not verify", "", NULL, 0, 5, 3, no_signature},
        {"tdquote.signature", "does not verify", "", NULL, 0, 0, 0, r_too_large},
    };

    (void)state;
    COURT_ROWS(ROWS);
}

/* ---- decoding alone ---- */

static void
slices_lie_where_they_should(void **state)
{
    struct td_scene *s = court(5, 3);
    struct tdx_quote q;
    struct why why = {0};

    (void)state;
    td_make(s);
    assert_int_equal(tdx_quote_decode(s->ev.tdx.quote, &q, &why), ERR_OK);
    assert_ptr_equal(q.signature.ptr, s->quote.raw + s->quote.at_signature);
    assert_ptr_equal(q.ak.ptr, s->quote.raw + s->quote.at_key);
    assert_ptr_equal(q.qe_report.ptr, s->quote.raw + s->quote.at_qe);
    assert_ptr_equal(q.qe_signature.ptr, s->quote.raw + s->quote.at_qe_signature);
    assert_ptr_equal(q.qe_auth.ptr, s->quote.raw + s->quote.at_auth + 2);
    assert_ptr_equal(q.chain.ptr, s->quote.raw + s->quote.at_pem);
    assert_int_equal(q.chain.len, s->pck.len);
    assert_int_equal(q.signed_part.len, s->quote.at_size);
    assert_int_equal(q.stage, TDX_STAGE_DONE);
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        assert_int_equal(tdx_body_field(&q.body, i).len, TDX_MR_LEN);
    }
    assert_int_equal(tdx_body_field(&q.body, TDX_FIELDS).len, 0);
}

static void
bodies_alone(void **state)
{
    uint8_t bytes[BODY_15_LEN + 1] = {0};
    struct tdx_body b;
    struct why why = {0};

    (void)state;
    assert_int_equal(tdx_body_decode((struct slice){bytes, BODY_10_LEN}, 2, &b, &why), ERR_OK);
    assert_int_equal(b.mrservicetd.len, 0);
    assert_int_equal(tdx_body_decode((struct slice){bytes, BODY_15_LEN}, 3, &b, &why), ERR_OK);
    assert_int_equal(b.mrservicetd.len, TDX_MR_LEN);
    assert_int_equal(tdx_body_decode((struct slice){bytes, BODY_15_LEN}, 2, &b, &why),
                     ERR_MALFORMED);
    assert_int_equal(tdx_body_decode((struct slice){bytes, BODY_10_LEN}, 3, &b, &why),
                     ERR_MALFORMED);
    assert_int_equal(tdx_body_decode((struct slice){bytes, sizeof bytes}, 3, &b, &why),
                     ERR_MALFORMED);
    assert_int_equal(tdx_body_decode((struct slice){bytes, BODY_10_LEN}, 1, &b, &why), ERR_DENIED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_quotes),  cmocka_unit_test(other_lengths_of_qe_data),
        cmocka_unit_test(the_other_s),  cmocka_unit_test(structure),
        cmocka_unit_test(signers),      cmocka_unit_test(slices_lie_where_they_should),
        cmocka_unit_test(bodies_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
