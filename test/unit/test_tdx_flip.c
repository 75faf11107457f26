/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_flip.c - every byte counts up to the end of the signature data, and none after it: no single-bit flip and no truncation of a quote
 * is accepted, and none of a document, a CRL or a chain. */
#include "test/unit/tdx_court.h"

#include "attest/tdx/document.h"

enum {
    PEM_STRIDE = 5
}; /* bits; with 8 it has no common factor, so that every bit of a byte is met */

/* With everything allowed that can be: only structure and signatures stand in the way. */
static void
allow_all(struct td_scene *s)
{
    s->want.tdx.statuses = ~0U;
    s->want.tdx.allow_debug = true;
    s->want.tdx.attributes_require = 0;
    s->want.tdx.attributes_forbid = 0;
}

/* Flips of bits [from, to) of the quote that are accepted. */
static size_t
accepted_flips(struct td_scene *s, size_t from, size_t to, size_t stride)
{
    size_t accepted = 0;

    for (size_t bit = from * 8; bit < to * 8; bit += stride) {
        uint8_t mask = (uint8_t)(1U << bit % 8);

        s->quote.raw[bit / 8] ^= mask;
        if (td_judge(s) == JUDGE_ACCEPT || s->got.tdx.verified) {
            print_error("bit %zu of byte %zu does not count\n", bit % 8, bit / 8);
            accepted++;
        }
        s->quote.raw[bit / 8] ^= mask;
    }
    return accepted;
}

/* What the attestation key signs, and its signature, with a platform that is known; the rest with one that is not. */
static void
no_bit_of_a_quote_can_be_flipped(void **state)
{
    static const unsigned KINDS[][2] = {{4, 2}, {5, 3}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct td_scene *s = court(KINDS[i][0], KINDS[i][1]);
        struct tdx_platform known = {0};
        struct why why = {0};

        td_make(s);
        allow_all(s);
        assert_int_equal(td_know(s, &known, &why), ERR_OK);
        assert_accepted(s);
        assert_int_equal(accepted_flips(s, 0, s->quote.at_key, 1), 0);
        s->ev.tdx.known = NULL;
        assert_accepted(s);
        assert_int_equal(accepted_flips(s, s->quote.at_key, s->quote.at_pem, i == 0 ? 1 : 7), 0);
        assert_int_equal(accepted_flips(s, s->quote.at_pem, s->quote.end, PEM_STRIDE), 0);
        assert_int_equal(accepted_flips(s, s->quote.end - 2, s->quote.end, 1), 0);
        assert_accepted(s); /* all of them were undone */
        td_forget(s, &known);
    }
}

/* What a known platform was known by is not to be swapped under it. */
static void
no_bit_of_a_known_platform_can_be_flipped(void **state)
{
    struct td_scene *s = court(4, 2);
    struct tdx_platform known = {0};
    struct why why = {0};
    uint8_t key[SHA256_LEN];

    (void)state;
    td_make(s);
    allow_all(s);
    assert_int_equal(td_know(s, &known, &why), ERR_OK);
    assert_int_equal(accepted_flips(s, s->quote.at_key, s->quote.at_qe_signature, 1), 0);
    assert_int_equal(accepted_flips(s, s->quote.at_auth, s->quote.at_pem, 1), 0);
    for (size_t at = s->quote.at_key; at < s->quote.end; at += 3) { /* the rest is not looked up */
        s->quote.raw[at] ^= 0x10;
        assert_true(tdx_platform_key(s->ev.tdx.quote, key, &why) != ERR_OK ||
                    memcmp(key, known.key, sizeof key) != 0);
        s->quote.raw[at] ^= 0x10;
    }
    td_forget(s, &known);
}

static void
every_cut_is_refused(void **state)
{
    struct td_scene *s = court(5, 3);

    (void)state;
    td_make(s);
    for (size_t n = 0; n < s->quote.end; n++) {
        uint8_t *exact = malloc(n + 1);

        assert_non_null(exact);
        memcpy(exact, s->quote.raw, n);
        s->ev.tdx.quote = (struct slice){exact, n};
        assert_int_equal(td_judge(s), JUDGE_MALFORMED);
        free(exact);
    }
    s->ev.tdx.quote = (struct slice){s->quote.raw, s->quote.end};
    assert_accepted(s);
}

/* Guests send buffers: what stands behind the signature data is nobody's and makes no other platform. */
static void
bytes_after_it_are_ignored(void **state)
{
    static uint8_t tail[3065];
    struct td_scene *s = court(4, 2);
    uint8_t before[SHA256_LEN];
    uint8_t after[SHA256_LEN];
    struct why why = {0};

    (void)state;
    td_make(s);
    assert_int_equal(tdx_platform_key(s->ev.tdx.quote, before, &why), ERR_OK);
    for (int fill = 0; fill < 0x100; fill += 0x55) {
        memset(tail, fill, sizeof tail);
        s->quote.tail = (struct slice){tail, sizeof tail};
        td_make(s);
        assert_accepted(s);
    }
    s->quote.tail.len = 1;
    td_make(s);
    assert_accepted(s);
    for (size_t bit = 0; bit < 8; bit++) {
        uint8_t key[SHA256_LEN];

        assert_int_equal(tdx_platform_key(s->ev.tdx.quote, key, &why), ERR_OK);
        s->quote.raw[s->quote.end] ^= (uint8_t)(1U << bit);
        assert_accepted(s);
        assert_int_equal(tdx_platform_key(s->ev.tdx.quote, after, &why), ERR_OK);
        assert_memory_equal(key, after, sizeof key);
    }
    assert_memory_not_equal(before, after, sizeof before); /* signed anew: another QE signature */
}

/* ---- documents ---- */

/* A flip may leave object and signature as they are only where it turns the letter case of the signature's hex. */
static void
flip_document(const struct paper *p, const char *name, const struct tdx_signer *signer)
{
    uint8_t was[TD_RAW];
    uint8_t raw[TD_RAW];
    struct slice object = {0};
    struct tdx_document_facts f;
    struct why why = {0};
    uint8_t *text = malloc(p->len);
    size_t letters = 0;

    assert_non_null(text);
    memcpy(text, p->text, p->len);
    assert_int_equal(tdx_document_open((struct slice){text, p->len}, name, &object, was, &why),
                     ERR_OK);
    tdx_document_judge(object, was, signer, &f);
    assert_true(f.signature_ok);
    for (size_t bit = 0; bit < p->len * 8; bit++) {
        text[bit / 8] ^= (uint8_t)(1U << bit % 8);
        why = (struct why){0};
        if (tdx_document_open((struct slice){text, p->len}, name, &object, raw, &why) == ERR_OK) {
            f = (struct tdx_document_facts){0};
            tdx_document_judge(object, raw, signer, &f);
            letters += f.signature_ok;
            assert_true(!f.signature_ok || (memcmp(was, raw, sizeof was) == 0 &&
                                            memcmp(object.ptr, p->object, p->object_len) == 0));
        }
        text[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t i = p->len - 2 - 128; i < p->len - 2; i++) {
        letters -= text[i] >= 'a';
    }
    assert_int_equal(letters, 0);
    free(text);
}

static void
no_bit_of_a_document_can_be_flipped(void **state)
{
    struct td_scene *s = court(4, 2);
    const struct tdx_lean lean = {.anchor = &s->trust.tdx};
    AUTO(tdx_signer_done) struct tdx_signer signer = {0};

    (void)state;
    s->tcb.levels = 2; /* short, but whole */
    td_make(s);
    tdx_signer_open(td_pem(&s->tcb_chain), &lean, &signer);
    assert_true(part_ok(&signer.part));
    flip_document(&s->tcb, "tcbInfo", &signer);
    flip_document(&s->qe, "enclaveIdentity", &signer);
}

static void
no_bit_of_a_signing_chain_can_be_flipped(void **state)
{
    struct td_scene *s = court(4, 2);
    const struct tdx_lean lean = {.anchor = &s->trust.tdx};
    uint8_t *pem = s->tcb_chain.pem;

    (void)state;
    td_make(s);
    for (size_t bit = 0; bit < s->tcb_chain.len * 8; bit += PEM_STRIDE) {
        AUTO(tdx_signer_done) struct tdx_signer signer = {0};

        pem[bit / 8] ^= (uint8_t)(1U << bit % 8);
        tdx_signer_open(td_pem(&s->tcb_chain), &lean, &signer);
        if (part_ok(&signer.part)) {
            fail_msg("bit %zu of byte %zu does not count", bit % 8, bit / 8);
        }
        pem[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* ---- CRLs ---- */

static bool
crl_holds(const struct tdx_crl_facts *c)
{
    return part_ok(&c->decode) && c->issuer_ok && c->signature_ok;
}

static void
no_bit_of_a_crl_can_be_flipped(void **state)
{
    static struct tdx_collateral_facts facts;
    struct td_scene *s = court(4, 2);
    struct tdx_collateral crls = {0};

    (void)state;
    s->root_crl.serial[0] = s->pck_crl.serial[0] = 77;
    s->root_crl.serials = s->pck_crl.serials = 1;
    td_make(s);
    crls.root_crl = s->bytes.root_crl;
    crls.pck_crl = s->bytes.pck_crl;
    tdx_collateral_judge(&crls, &s->trust.tdx, td_ca_der(s), &facts);
    assert_true(crl_holds(&facts.root_crl) && crl_holds(&facts.pck_crl));
    for (size_t bit = 0; bit < crls.root_crl.len * 8 || bit < crls.pck_crl.len * 8; bit++) {
        uint8_t mask = (uint8_t)(1U << bit % 8);

        s->root_crl.der[bit / 8] ^= mask;
        s->pck_crl.der[bit / 8] ^= mask;
        tdx_collateral_judge(&crls, &s->trust.tdx, td_ca_der(s), &facts);
        assert_true(bit / 8 >= crls.root_crl.len || !crl_holds(&facts.root_crl));
        assert_true(bit / 8 >= crls.pck_crl.len || !crl_holds(&facts.pck_crl));
        s->root_crl.der[bit / 8] ^= mask;
        s->pck_crl.der[bit / 8] ^= mask;
    }
    for (size_t n = 0; n < crls.root_crl.len; n++) {
        crls.root_crl.len = n;
        tdx_collateral_judge(&crls, &s->trust.tdx, td_ca_der(s), &facts);
        assert_false(crl_holds(&facts.root_crl));
        crls.root_crl = s->bytes.root_crl;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bit_of_a_quote_can_be_flipped),
        cmocka_unit_test(no_bit_of_a_known_platform_can_be_flipped),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(bytes_after_it_are_ignored),
        cmocka_unit_test(no_bit_of_a_document_can_be_flipped),
        cmocka_unit_test(no_bit_of_a_signing_chain_can_be_flipped),
        cmocka_unit_test(no_bit_of_a_crl_can_be_flipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
