/* SPDX-License-Identifier: Apache-2.0 */
/* test_binding.c - the binding value: known answers, computed from its definition by another program (Python's hashlib), and
 * that no two inputs share one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/binding.h"
#include "attest/base/text.h"

struct inputs {
    uint8_t challenge[CHALLENGE_LEN];
    uint8_t jkt[JKT_LEN];
};

static struct inputs
inputs_make(void)
{
    struct inputs in;

    for (size_t i = 0; i < CHALLENGE_LEN; i++) {
        in.challenge[i] = (uint8_t)i;
        in.jkt[i] = (uint8_t)(32 + i);
    }
    return in;
}

static void
check(enum evidence_type type, struct slice challenge, const char *launch, const char *want)
{
    const struct inputs in = inputs_make();
    uint8_t out[BINDING_LEN];
    char text[2 * BINDING_LEN + 1];
    struct why why = {0};

    assert_int_equal(binding_make(type, challenge, in.jkt, slice_text(launch), out, &why), ERR_OK);
    hex_encode((struct slice){out, sizeof out}, text);
    assert_string_equal(text, want);
}

static void
known_answers(void **state)
{
    static const uint8_t ZEROS[UINT16_MAX];
    const struct inputs in = inputs_make();
    const struct slice challenge = {in.challenge, sizeof in.challenge};

    (void)state;
    check(EVIDENCE_TPM2, challenge, NULL,
          "a1864fd1250880a9eee2cfa759b107ad0e99a2919f1ea9c2e00a851b89bbc3ad");
    check(EVIDENCE_SEV_SNP, challenge, "launch",
          "f0f1c8ca13c9bd687c80b6ea722487aab50329fc9476e7abc70d98b692a7b527");
    check(EVIDENCE_AZURE_TDX, (struct slice){ZEROS, sizeof ZEROS}, "",
          "72486132dc5feb6fdfdb3e3270f23520509a5c44f72e5d4fa6664eaa2bfea449");
}

/* Each input on its own changes the value: another type, challenge, key, launch token. */
static void
every_input_counts(void **state)
{
    enum { VARIANTS = 9 };
    uint8_t out[VARIANTS][BINDING_LEN];
    struct why why = {0};
    size_t n = 0;

    (void)state;
    for (int type = EVIDENCE_TPM2; type <= EVIDENCE_AZURE_TDX; type++) {
        const struct inputs in = inputs_make();

        assert_int_equal(binding_make((enum evidence_type)type, (struct slice){in.challenge, 32},
                                      in.jkt, slice_text(NULL), out[n++], &why),
                         ERR_OK);
    }
    for (int variant = 0; variant < 4; variant++) {
        struct inputs in = inputs_make();
        const struct slice challenge = {in.challenge, variant == 0 ? 31 : 32};

        in.challenge[31] ^= variant == 1;
        in.jkt[0] ^= variant == 2;
        assert_int_equal(binding_make(EVIDENCE_TPM2, challenge, in.jkt,
                                      slice_text(variant == 3 ? "x" : NULL), out[n++], &why),
                         ERR_OK);
    }
    assert_int_equal(n, VARIANTS);
    for (size_t i = 0; i < n * n; i++) {
        bool same = memcmp(out[i / n], out[i % n], BINDING_LEN) == 0;

        assert_int_equal(same, i / n == i % n);
    }
}

static void
refuses(void **state)
{
    static const uint8_t BIG[UINT16_MAX + 1];
    const struct inputs in = inputs_make();
    uint8_t out[BINDING_LEN];
    struct why why = {0};

    (void)state;
    assert_int_equal(binding_make(EVIDENCE_NONE, (struct slice){in.challenge, 32}, in.jkt,
                                  slice_text(NULL), out, &why),
                     ERR_MALFORMED);
    assert_string_equal(why_text(&why), "binding: no evidence type");
    why = (struct why){0};
    assert_int_equal(
        binding_make(EVIDENCE_TPM2, (struct slice){NULL, 0}, in.jkt, slice_text(NULL), out, &why),
        ERR_MALFORMED);
    assert_string_equal(why_text(&why), "binding: challenge of 0 bytes, want 1 to 65535");
    why = (struct why){0};
    assert_int_equal(binding_make(EVIDENCE_TPM2, (struct slice){BIG, sizeof BIG}, in.jkt,
                                  slice_text(NULL), out, &why),
                     ERR_MALFORMED);
    assert_string_equal(why_text(&why), "binding: challenge of 65536 bytes, want 1 to 65535");
}

static void
names_go_both_ways(void **state)
{
    static const char *const NAMES[] = {"none", "tpm2",          "sev-snp",
                                        "tdx",  "azure-sev-snp", "azure-tdx"};

    (void)state;
    for (int type = EVIDENCE_NONE; type <= EVIDENCE_AZURE_TDX; type++) {
        assert_string_equal(evidence_name((enum evidence_type)type), NAMES[type]);
        assert_int_equal(evidence_by_name(slice_text(NAMES[type])), type);
    }
    assert_int_equal(evidence_by_name(slice_text("TPM2")), EVIDENCE_NONE);
    assert_int_equal(evidence_by_name(slice_text("tpm")), EVIDENCE_NONE);
    assert_int_equal(evidence_by_name(slice_text("")), EVIDENCE_NONE);
    assert_string_equal(evidence_name((enum evidence_type)99), "none");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(every_input_counts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(names_go_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
