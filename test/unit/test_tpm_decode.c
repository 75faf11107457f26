/* SPDX-License-Identifier: Apache-2.0 */
/* test_tpm_decode.c - TPMS_ATTEST, TPMT_PUBLIC, TPMT_SIGNATURE and Names against an independent
 * implementation: structures are written by tss2-mu and read by us, and what we take after any
 * change of a bit tss2-mu must take too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <tss2/tss2_mu.h>

#include "attest/base/text.h"
#include "attest/tpm/name.h"
#include "attest/tpm/quote.h"
#include "attest/tpm/signature.h"

struct bytes {
    uint8_t at[1200];
    size_t len;
};

static struct slice
slice_of(const struct bytes *b)
{
    return (struct slice){b->at, b->len};
}

static void
fill(uint8_t *dst, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++) {
        dst[i] = (uint8_t)(first + i);
    }
}

static TPMS_ATTEST
an_attest(void)
{
    TPMS_ATTEST a = {.magic = TPM2_GENERATED_VALUE,
                     .type = TPM2_ST_ATTEST_QUOTE,
                     .qualifiedSigner = {.size = 34},
                     .extraData = {.size = 32},
                     .clockInfo = {0x1122334455667788, 0x99aabbcc, 0xddeeff00, 1},
                     .firmwareVersion = 0x0123456789abcdef};

    fill(a.qualifiedSigner.name, 34, 1);
    fill(a.extraData.buffer, 32, 101);
    a.attested.quote.pcrSelect =
        (TPML_PCR_SELECTION){.count = 2,
                             .pcrSelections = {{TPM2_ALG_SHA256, 3, {0x81, 0x02, 0x40}},
                                               {TPM2_ALG_SHA384, 3, {0xff, 0xff, 0xff}}}};
    a.attested.quote.pcrDigest.size = 32;
    fill(a.attested.quote.pcrDigest.buffer, 32, 201);
    return a;
}

static void
write_attest(const TPMS_ATTEST *a, struct bytes *out)
{
    out->len = 0;
    assert_int_equal(Tss2_MU_TPMS_ATTEST_Marshal(a, out->at, sizeof out->at, &out->len), 0);
}

static enum err
decode_quote(const struct bytes *in, struct tpm_quote *q)
{
    struct why why = {0};
    enum err e = tpm_quote_decode(slice_of(in), q, &why);

    assert_true((e == ERR_OK) == (why.n == 0));
    assert_true(e == ERR_OK || e == ERR_MALFORMED);
    return e;
}

static void
a_quote_reads_as_it_was_written(void **state)
{
    TPMS_ATTEST a = an_attest();
    struct tpm_attest_header h = {0};
    struct tpm_quote q = {0};
    struct why why = {0};
    struct bytes b;

    (void)state;
    write_attest(&a, &b);
    assert_int_equal(tpm_attest_header_decode(slice_of(&b), &h, &why), ERR_OK);
    assert_int_equal(h.magic, 0xff544347);
    assert_int_equal(h.type, 0x8018);
    assert_int_equal(decode_quote(&b, &q), ERR_OK);
    assert_int_equal(q.qualified_signer.len, 34);
    assert_memory_equal(q.qualified_signer.ptr, a.qualifiedSigner.name, 34);
    assert_int_equal(q.extra_data.len, 32);
    assert_memory_equal(q.extra_data.ptr, a.extraData.buffer, 32);
    assert_true(q.clock_ms == 0x1122334455667788);
    assert_int_equal(q.reset_count, 0x99aabbcc);
    assert_int_equal(q.restart_count, 0xddeeff00);
    assert_true(q.safe);
    assert_true(q.firmware_version == 0x0123456789abcdef);
    assert_int_equal(q.select_n, 2);
    assert_int_equal(q.select[0].bank, HASH_SHA256);
    assert_int_equal(q.select[0].size, 3);
    assert_int_equal(q.select[0].mask, 0x400281); /* PCRs 0, 7, 9, 22 */
    assert_false(q.select[0].beyond_last);
    assert_int_equal(q.select[1].mask, 0xffffff);
    assert_int_equal(q.pcr_digest.len, 32);
    assert_memory_equal(q.pcr_digest.ptr, a.attested.quote.pcrDigest.buffer, 32);
}

static void
a_quote_is_its_whole_length(void **state)
{
    TPMS_ATTEST a = an_attest();
    struct tpm_quote q = {0};
    struct bytes b;

    (void)state;
    write_attest(&a, &b);
    for (size_t len = b.len + 1, whole = b.len; len-- > 0;) {
        b.len = len;
        assert_true((decode_quote(&b, &q) == ERR_OK) == (len == whole));
    }
    write_attest(&a, &b);
    b.at[b.len++] = 0;
    assert_int_equal(decode_quote(&b, &q), ERR_MALFORMED);
}

/* tss2 keeps selections of at most four bytes. */
static bool
fits_tss2(const struct tpm_quote *q)
{
    bool fits = true;

    for (size_t i = 0; i < q->select_n; i++) {
        fits = fits && q->select[i].size <= TPM2_PCR_SELECT_MAX;
    }
    return fits;
}

static void
compare_quotes(const struct tpm_quote *ours, const TPMS_ATTEST *theirs)
{
    const TPML_PCR_SELECTION *sel = &theirs->attested.quote.pcrSelect;

    assert_int_equal(ours->extra_data.len, theirs->extraData.size);
    assert_int_equal(ours->qualified_signer.len, theirs->qualifiedSigner.size);
    assert_true(ours->clock_ms == theirs->clockInfo.clock);
    assert_true(ours->firmware_version == theirs->firmwareVersion);
    assert_int_equal(ours->select_n, sel->count);
    for (size_t i = 0; i < ours->select_n; i++) {
        assert_int_equal(ours->select[i].bank, sel->pcrSelections[i].hash);
        assert_int_equal(ours->select[i].size, sel->pcrSelections[i].sizeofSelect);
        assert_int_equal(ours->select[i].mask & 0xff, sel->pcrSelections[i].pcrSelect[0]);
    }
    assert_int_equal(ours->pcr_digest.len, theirs->attested.quote.pcrDigest.size);
}

static void
what_we_take_after_a_flip_the_reference_takes_too(void **state)
{
    enum { HEADER_BITS = 48 }; /* the type decides which union tss2 reads */
    TPMS_ATTEST a = an_attest();
    size_t taken = 0;
    struct bytes b;

    (void)state;
    write_attest(&a, &b);
    for (size_t bit = HEADER_BITS; bit < 8 * b.len; bit++) {
        TPMS_ATTEST theirs = {0};
        struct tpm_quote q = {0};
        size_t used = 0;

        b.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (decode_quote(&b, &q) == ERR_OK && fits_tss2(&q)) {
            assert_int_equal(Tss2_MU_TPMS_ATTEST_Unmarshal(b.at, b.len, &used, &theirs), 0);
            assert_int_equal(used, b.len);
            compare_quotes(&q, &theirs);
            taken++;
        }
        b.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(taken > 400); /* most bits are of values, not of lengths */
}

static void
selections_of_any_shape_are_read_not_judged(void **state)
{
    static const uint8_t TAIL[] = {0, 0,    0, 3,                /* count */
                                   0, 0x0b, 0,                   /* no bytes at all */
                                   0, 0x0b, 1, 0x80,             /* PCR 7 */
                                   0, 0x99, 5, 1,    0, 0, 0, 1, /* PCRs 0 and 32 */
                                   0, 0};                        /* pcrDigest empty */
    TPMS_ATTEST a = an_attest();
    struct tpm_quote q = {0};
    struct bytes b;

    (void)state;
    write_attest(&a, &b);
    b.len = 4 + 2 + 36 + 34 + 17 + 8;
    memcpy(b.at + b.len, TAIL, sizeof TAIL);
    b.len += sizeof TAIL;
    assert_int_equal(decode_quote(&b, &q), ERR_OK);
    assert_int_equal(q.select_n, 3);
    assert_int_equal(q.select[0].mask, 0);
    assert_int_equal(q.select[1].mask, 0x80);
    assert_int_equal(q.select[1].size, 1);
    assert_int_equal(q.select[2].mask, 1);
    assert_true(q.select[2].beyond_last);
    assert_int_equal(q.pcr_digest.len, 0);
}

struct patch {
    size_t at; /* offset in the quote written by an_attest() */
    uint8_t byte;
    const char *why;
};

static void
impossible_fields_are_malformed(void **state)
{
    static const struct patch PATCHES[] = {
        {6, 0x01, "qualifiedSigner"},
        {42, 0x01, "extraData"},
        {92, 2, "safe"},
        {101, 1, "count"},
        {104, 17, "count"},
        {104, 3, "pcrSelect"},
        {117, 0x01, "pcrDigest"},
    };
    TPMS_ATTEST a = an_attest();

    (void)state;
    for (size_t i = 0; i < sizeof PATCHES / sizeof PATCHES[0]; i++) {
        struct tpm_quote q = {0};
        struct why why = {0};
        struct bytes b;

        write_attest(&a, &b);
        b.at[PATCHES[i].at] = PATCHES[i].byte;
        assert_int_equal(tpm_quote_decode(slice_of(&b), &q, &why), ERR_MALFORMED);
        print_message("%s\n", why_text(&why));
        assert_non_null(strstr(why_text(&why), PATCHES[i].why));
    }
}

static void
inputs_beyond_every_real_size_are_malformed(void **state)
{
    static const uint8_t BIG[TPM_SIGNATURE_MAX + 1];
    struct tpm_signature sig = {0};
    struct tpm_public p = {0};
    struct tpm_quote q = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(tpm_quote_decode((struct slice){BIG, TPM_ATTEST_MAX + 1}, &q, &why),
                     ERR_MALFORMED);
    assert_int_equal(tpm_public_decode((struct slice){BIG, TPM_PUBLIC_MAX + 1}, &p, &why),
                     ERR_MALFORMED);
    assert_int_equal(
        tpm_signature_decode((struct slice){BIG, TPM_SIGNATURE_MAX + 1}, 0, &sig, &why),
        ERR_MALFORMED);
}

/* ---- public areas */

static TPMT_PUBLIC
an_rsa_key(void)
{
    TPMT_PUBLIC p = {.type = TPM2_ALG_RSA,
                     .nameAlg = TPM2_ALG_SHA256,
                     .objectAttributes = 0x00050072,
                     .authPolicy = {.size = 32}};

    fill(p.authPolicy.buffer, 32, 7);
    p.parameters.rsaDetail = (TPMS_RSA_PARMS){
        .symmetric = {.algorithm = TPM2_ALG_NULL},
        .scheme = {.scheme = TPM2_ALG_RSASSA, .details.rsassa.hashAlg = TPM2_ALG_SHA384},
        .keyBits = 2048,
        .exponent = 0};
    p.unique.rsa.size = 256;
    fill(p.unique.rsa.buffer, 256, 129);
    return p;
}

static TPMT_PUBLIC
an_ecc_key(void)
{
    TPMT_PUBLIC p = {.type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA384, .objectAttributes = 114};

    p.parameters.eccDetail =
        (TPMS_ECC_PARMS){.symmetric = {TPM2_ALG_AES, {.aes = 128}, {.aes = TPM2_ALG_CFB}},
                         .scheme = {TPM2_ALG_ECDAA, {.ecdaa = {TPM2_ALG_SHA256, 5}}},
                         .curveID = TPM2_ECC_NIST_P256,
                         .kdf = {TPM2_ALG_KDF1_SP800_56A, {.kdf1_sp800_56a = {TPM2_ALG_SHA256}}}};
    p.unique.ecc.x.size = 32;
    p.unique.ecc.y.size = 31;
    fill(p.unique.ecc.x.buffer, 32, 1);
    fill(p.unique.ecc.y.buffer, 31, 2);
    return p;
}

static void
write_public(const TPMT_PUBLIC *p, struct bytes *out)
{
    out->len = 0;
    assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(p, out->at, sizeof out->at, &out->len), 0);
}

static enum err
decode_public(const struct bytes *in, struct tpm_public *p)
{
    struct why why = {0};
    enum err e = tpm_public_decode(slice_of(in), p, &why);

    assert_true((e == ERR_OK) == (why.n == 0));
    return e;
}

static void
public_areas_read_as_they_were_written(void **state)
{
    TPMT_PUBLIC rsa = an_rsa_key();
    TPMT_PUBLIC ecc = an_ecc_key();
    struct tpm_public p = {0};
    struct bytes b;

    (void)state;
    write_public(&rsa, &b);
    assert_int_equal(decode_public(&b, &p), ERR_OK);
    assert_int_equal(p.type, TPM_ALG_RSA);
    assert_int_equal(p.name_alg, HASH_SHA256);
    assert_int_equal(p.attributes, 0x00050072);
    assert_int_equal(p.policy.len, 32);
    assert_int_equal(p.symmetric, TPM_ALG_NULL);
    assert_int_equal(p.kdf, TPM_ALG_NULL);
    assert_int_equal(p.scheme, TPM_ALG_RSASSA);
    assert_int_equal(p.scheme_hash, HASH_SHA384);
    assert_int_equal(p.key_bits, 2048);
    assert_int_equal(p.exponent, 0);
    assert_int_equal(p.modulus.len, 256);
    assert_memory_equal(p.modulus.ptr, rsa.unique.rsa.buffer, 256);
    assert_int_equal(p.area.len, b.len);

    write_public(&ecc, &b);
    assert_int_equal(decode_public(&b, &p), ERR_OK);
    assert_int_equal(p.symmetric, 0x0006);
    assert_int_equal(p.scheme, TPM_ALG_ECDAA);
    assert_int_equal(p.scheme_hash, HASH_SHA256);
    assert_int_equal(p.curve, TPM_ECC_NIST_P256);
    assert_int_equal(p.kdf, 0x0020);
    assert_int_equal(p.x.len, 32);
    assert_int_equal(p.y.len, 31);
    assert_memory_equal(p.y.ptr, ecc.unique.ecc.y.buffer, 31);
}

static void
the_wrapped_form_reads_the_same(void **state)
{
    TPM2B_PUBLIC wrapped = {.publicArea = an_rsa_key()};
    TPMT_PUBLIC area = an_rsa_key();
    struct tpm_public p = {0};
    struct bytes b = {.len = 0};
    struct bytes inner;

    (void)state;
    write_public(&area, &inner);
    assert_int_equal(Tss2_MU_TPM2B_PUBLIC_Marshal(&wrapped, b.at, sizeof b.at, &b.len), 0);
    assert_int_equal(b.len, inner.len + 2);
    assert_int_equal(decode_public(&b, &p), ERR_OK);
    assert_true(slice_same(p.area, slice_of(&inner)));
}

static void
flips_of(const TPMT_PUBLIC *area, size_t at_least)
{
    size_t taken = 0;
    struct bytes b;

    write_public(area, &b);
    for (size_t bit = 0; bit < 8 * b.len; bit++) {
        TPMT_PUBLIC theirs = {0};
        struct tpm_public p = {0};
        size_t used = 0;

        b.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (decode_public(&b, &p) == ERR_OK && p.kdf != 0x0021 /* KDF2: not in tss2 */) {
            assert_int_equal(Tss2_MU_TPMT_PUBLIC_Unmarshal(b.at, b.len, &used, &theirs), 0);
            assert_int_equal(used, b.len);
            assert_int_equal(p.attributes, theirs.objectAttributes);
            assert_int_equal(p.name_alg, theirs.nameAlg);
            taken++;
        }
        b.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(taken > at_least);
}

static void
public_areas_after_a_flip(void **state)
{
    TPMT_PUBLIC rsa = an_rsa_key();
    TPMT_PUBLIC ecc = an_ecc_key();

    (void)state;
    flips_of(&rsa, 2300);
    flips_of(&ecc, 500);
}

static void
public_areas_are_their_whole_length(void **state)
{
    TPMT_PUBLIC areas[] = {an_rsa_key(), an_ecc_key()};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct tpm_public p = {0};
        struct bytes b;

        write_public(&areas[i], &b);
        for (size_t len = b.len + 1, whole = b.len; len-- > 0;) {
            b.len = len;
            assert_true((decode_public(&b, &p) == ERR_OK) == (len == whole));
        }
        write_public(&areas[i], &b);
        b.at[b.len++] = 0;
        assert_int_equal(decode_public(&b, &p), ERR_MALFORMED);
    }
}

static void
keys_that_cannot_sign_quotes_are_no_keys(void **state)
{
    static const uint16_t TYPES[] = {0x0008 /* KEYEDHASH */, 0x0025 /* SYMCIPHER */, 0, 0xffff};
    TPMT_PUBLIC area = an_rsa_key();

    (void)state;
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        struct tpm_public p = {0};
        struct bytes b;

        write_public(&area, &b);
        b.at[0] = (uint8_t)(TYPES[i] >> 8);
        b.at[1] = (uint8_t)TYPES[i];
        assert_int_equal(decode_public(&b, &p), ERR_MALFORMED);
    }
}

/* ---- Names: the AK of a Google Compute Engine machine, with the Name that its TPM says */

static void
a_name_is_the_digest_of_the_area(void **state)
{
    TPMT_PUBLIC area = an_ecc_key();
    struct tpm_public p = {0};
    struct tpm_name name = {0};
    struct tpm_name qualified = {0};
    struct why why = {0};
    uint8_t digest[HASH_MAX];
    struct bytes b;

    (void)state;
    write_public(&area, &b);
    assert_int_equal(decode_public(&b, &p), ERR_OK);
    assert_int_equal(tpm_name_make(&p, &name, &why), ERR_OK);
    assert_int_equal(name.len, 2 + 48);
    assert_int_equal(name.bytes[0], 0);
    assert_int_equal(name.bytes[1], HASH_SHA384);

    const struct slice whole = slice_of(&b);

    assert_int_equal(hash_parts(HASH_SHA384, &whole, 1, digest, &why), ERR_OK);
    assert_memory_equal(name.bytes + 2, digest, 48);
    assert_int_equal(tpm_name_primary(&name, TPM_RH_OWNER, &qualified, &why), ERR_OK);
    assert_int_equal(qualified.len, name.len);
    assert_memory_not_equal(qualified.bytes, name.bytes, name.len);
    p.name_alg = HASH_SHA1;
    assert_int_equal(tpm_name_make(&p, &name, &why), ERR_DENIED);
    p.name_alg = TPM_ALG_NULL;
    assert_int_equal(tpm_name_make(&p, &name, &why), ERR_DENIED);
    assert_int_equal(tpm_name_primary(&(struct tpm_name){.len = 0}, TPM_RH_OWNER, &name, &why),
                     ERR_DENIED);
}

/* ---- signatures */

static void
write_signature(const TPMT_SIGNATURE *s, struct bytes *out)
{
    out->len = 0;
    assert_int_equal(Tss2_MU_TPMT_SIGNATURE_Marshal(s, out->at, sizeof out->at, &out->len), 0);
}

static enum err
decode_signature(const struct bytes *in, size_t modulus, struct tpm_signature *s)
{
    struct why why = {0};

    return tpm_signature_decode(slice_of(in), modulus, s, &why);
}

static void
signatures_read_as_they_were_written(void **state)
{
    TPMT_SIGNATURE ecdsa = {TPM2_ALG_ECDSA,
                            {.ecdsa = {TPM2_ALG_SHA384, {.size = 48}, {.size = 47}}}};
    TPMT_SIGNATURE pss = {TPM2_ALG_RSAPSS, {.rsapss = {TPM2_ALG_SHA256, {.size = 256}}}};
    struct tpm_signature s = {0};
    struct bytes b;

    (void)state;
    fill(ecdsa.signature.ecdsa.signatureR.buffer, 48, 1);
    fill(ecdsa.signature.ecdsa.signatureS.buffer, 47, 2);
    write_signature(&ecdsa, &b);
    assert_int_equal(decode_signature(&b, 0, &s), ERR_OK);
    assert_int_equal(s.scheme, TPM_ALG_ECDSA);
    assert_int_equal(s.hash, HASH_SHA384);
    assert_int_equal(s.r.len, 48);
    assert_int_equal(s.s.len, 47);
    assert_memory_equal(s.s.ptr, ecdsa.signature.ecdsa.signatureS.buffer, 47);

    fill(pss.signature.rsapss.sig.buffer, 256, 3);
    write_signature(&pss, &b);
    assert_int_equal(decode_signature(&b, 256, &s), ERR_OK);
    assert_int_equal(s.scheme, TPM_ALG_RSAPSS);
    assert_int_equal(s.rsa.len, 256);
    assert_false(s.bare);
    for (size_t len = b.len, whole = b.len; len-- > 0;) {
        b.len = len;
        assert_true((decode_signature(&b, 0, &s) == ERR_OK) == (len == whole));
    }
}

static void
bare_bytes_only_when_exactly_as_long_as_the_modulus(void **state)
{
    struct tpm_signature s = {0};
    struct bytes b = {.len = 256};

    (void)state;
    fill(b.at, 256, 77);
    assert_int_equal(decode_signature(&b, 256, &s), ERR_OK);
    assert_true(s.bare);
    assert_int_equal(s.scheme, TPM_ALG_RSASSA);
    assert_int_equal(s.hash, HASH_SHA256);
    assert_int_equal(s.rsa.len, 256);
    assert_int_equal(decode_signature(&b, 384, &s),
                     ERR_OK); /* an unknown scheme, not read further */
    assert_false(s.bare);
    assert_int_equal(s.scheme, 77 << 8 | 78);
    assert_int_equal(s.rsa.len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_reads_as_it_was_written),
        cmocka_unit_test(a_quote_is_its_whole_length),
        cmocka_unit_test(what_we_take_after_a_flip_the_reference_takes_too),
        cmocka_unit_test(selections_of_any_shape_are_read_not_judged),
        cmocka_unit_test(impossible_fields_are_malformed),
        cmocka_unit_test(inputs_beyond_every_real_size_are_malformed),
        cmocka_unit_test(public_areas_read_as_they_were_written),
        cmocka_unit_test(the_wrapped_form_reads_the_same),
        cmocka_unit_test(public_areas_after_a_flip),
        cmocka_unit_test(public_areas_are_their_whole_length),
        cmocka_unit_test(keys_that_cannot_sign_quotes_are_no_keys),
        cmocka_unit_test(a_name_is_the_digest_of_the_area),
        cmocka_unit_test(signatures_read_as_they_were_written),
        cmocka_unit_test(bare_bytes_only_when_exactly_as_long_as_the_modulus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
