/* SPDX-License-Identifier: Apache-2.0 */
/* test_tpm_refuse.c - every rule for a TPM quote: one thing wrong is refused by its own id, and by
 * no other. */
#include "test/unit/tpm_scene.h"

static void
wrong_magic(struct scene *s)
{
    s->quote.magic = 0x00544347;
}

static void
certify(struct scene *s)
{
    s->quote.type = 0x8017;
}

static void
sha1_signature(struct scene *s)
{
    s->ak.scheme_hash = HASH_SHA1;
    s->quote.sign_hash = HASH_SHA1;
}

static void
area_too_long(struct scene *s)
{
    s->ak.extra_len = 1;
}

static void
wrapped_area_too_long(struct scene *s)
{
    s->ak.wrap = true;
    s->ak.extra_len = 1;
}

static void
not_restricted(struct scene *s)
{
    s->ak.attributes &= ~0x00010000u;
}

static void
not_fixed_tpm(struct scene *s)
{
    s->ak.attributes &= ~0x2u;
}

static void
not_fixed_parent(struct scene *s)
{
    s->ak.attributes &= ~0x10u;
}

static void
not_made_in_the_tpm(struct scene *s)
{
    s->ak.attributes &= ~0x20u;
}

static void
does_not_sign(struct scene *s)
{
    s->ak.attributes &= ~0x00040000u;
}

static void
also_decrypts(struct scene *s)
{
    s->ak.attributes |= 0x00020000;
}

static void
encrypted_duplication(struct scene *s)
{
    s->ak.attributes |= 0x800;
}

static void
reserved_attribute(struct scene *s)
{
    s->ak.attributes |= 0x80000000;
}

static void
signs_certificates(struct scene *s)
{
    s->ak.attributes |= 0x00080000;
}

static void
has_a_cipher(struct scene *s)
{
    s->ak.symmetric = 0x0006;
}

static void
has_a_kdf(struct scene *s)
{
    s->ak.kdf = 0x0020;
}

static void
has_a_policy(struct scene *s)
{
    s->ak.policy_len = 32;
}

static void
off_curve(struct scene *s)
{
    s->ak.off_curve = true;
}

static void
curve_p521(struct scene *s)
{
    s->ak.curve = 0x0005;
}

static void
curve_of_another_length(struct scene *s)
{
    s->ak.curve = 0x0004;
}

static void
another_hash_than_the_key_says(struct scene *s)
{
    s->quote.sign_hash = HASH_SHA384;
}

static void
key_says_another_scheme(struct scene *s)
{
    s->quote.sign_scheme = 0x001b; /* SM2 */
}

static void
another_nonce(struct scene *s)
{
    s->quote.extra[31] ^= 1;
    s->want.nonce = (struct slice){s->quote.pcr[0].digest, 20};
}

static void
nonce_too_long(struct scene *s)
{
    s->quote.extra_len = 33;
}

static void
nonce_too_short(struct scene *s)
{
    s->quote.extra_len = 31;
}

static void
nonce_empty(struct scene *s)
{
    s->quote.extra_len = 0;
    s->want.nonce = (struct slice){0};
}

static void
another_binding(struct scene *s)
{
    static const uint8_t OTHER[BINDING_LEN] = {1};

    s->want.nonce = (struct slice){0};
    s->want.binding = (struct slice){OTHER, sizeof OTHER};
}

static void
owner_hierarchy(struct scene *s)
{
    s->quote.handle = 0x40000001;
}

static void
value_outside_the_selection(struct scene *s)
{
    s->sent[s->ev.tpm.pcrs_n++] = (struct tpm_pcr){.bank = HASH_SHA256, .index = 23};
}

static void
value_differs(struct scene *s)
{
    s->sent[2].digest[31] ^= 1;
}

static void
value_missing(struct scene *s)
{
    s->ev.tpm.pcrs_n--;
}

static void
value_twice(struct scene *s)
{
    s->sent[s->ev.tpm.pcrs_n++] = s->sent[0];
}

static void
digest_too_short(struct scene *s)
{
    s->quote.digest_short = true;
}

static void
digest_too_short_without_values(struct scene *s)
{
    s->quote.digest_short = true;
    s->ev.tpm.pcrs_n = 0;
}

static void
nobody_vouches(struct scene *s)
{
    s->want.tpm.ak_vouched = false;
}

static void
pins_are_not_allowed(struct scene *s)
{
    s->want.tpm.ak_trust_allowed = AK_TRUST_CERTIFICATE | AK_TRUST_PINNED_KEY;
}

static void
certificate_is_garbage(struct scene *s)
{
    s->ev.tpm.ak_certificate = (struct slice){s->quote.extra, 20};
}

static void
ek_certificate_is_garbage(struct scene *s)
{
    s->ev.tpm.ek_certificate = (struct slice){s->quote.extra, 20};
}

static void
event_log_is_garbage(struct scene *s)
{
    s->ev.tpm.event_log = (struct slice){s->quote.extra, 20};
}

static void
no_reference_value(struct scene *s)
{
    s->want.tpm.golden_wanted = true;
}

static void
unsafe_yes_no(struct scene *s)
{
    s->quote.safe = 2;
}

static const struct wrong WRONGS[] = {
    {"unsafe_yes_no", unsafe_yes_no, "quote.malformed", JUDGE_MALFORMED},
    {"wrong_magic", wrong_magic, "quote.magic", JUDGE_REJECT},
    {"certify", certify, "quote.type", JUDGE_REJECT},
    {"sha1_signature", sha1_signature, "quote.weak_hash", JUDGE_REJECT},
    {"area_too_long", area_too_long, "ak.malformed", JUDGE_MALFORMED},
    {"wrapped_area_too_long", wrapped_area_too_long, "ak.malformed", JUDGE_MALFORMED},
    {"not_restricted", not_restricted, "ak.attributes", JUDGE_REJECT},
    {"not_fixed_tpm", not_fixed_tpm, "ak.attributes", JUDGE_REJECT},
    {"not_fixed_parent", not_fixed_parent, "ak.attributes", JUDGE_REJECT},
    {"not_made_in_the_tpm", not_made_in_the_tpm, "ak.attributes", JUDGE_REJECT},
    {"does_not_sign", does_not_sign, "ak.attributes", JUDGE_REJECT},
    {"also_decrypts", also_decrypts, "ak.attributes", JUDGE_REJECT},
    {"encrypted_duplication", encrypted_duplication, "ak.attributes", JUDGE_REJECT},
    {"reserved_attribute", reserved_attribute, "ak.attributes", JUDGE_REJECT},
    {"signs_certificates", signs_certificates, "ak.attributes", JUDGE_REJECT},
    {"has_a_cipher", has_a_cipher, "ak.scheme", JUDGE_REJECT},
    {"has_a_kdf", has_a_kdf, "ak.scheme", JUDGE_REJECT},
    {"has_a_policy", has_a_policy, "ak.policy", JUDGE_REJECT},
    {"off_curve", off_curve, "ak.weak_key", JUDGE_REJECT},
    {"curve_p521", curve_p521, "ak.weak_key", JUDGE_REJECT},
    {"curve_of_another_length", curve_of_another_length, "ak.weak_key", JUDGE_REJECT},
    {"another_hash", another_hash_than_the_key_says, "quote.sigalg", JUDGE_REJECT},
    {"another_scheme", key_says_another_scheme, "quote.sigalg", JUDGE_REJECT},
    {"another_nonce", another_nonce, "quote.nonce", JUDGE_REJECT},
    {"nonce_too_long", nonce_too_long, "quote.nonce", JUDGE_REJECT},
    {"nonce_too_short", nonce_too_short, "quote.nonce", JUDGE_REJECT},
    {"nonce_empty", nonce_empty, "quote.nonce", JUDGE_REJECT},
    {"another_binding", another_binding, "quote.binding", JUDGE_REJECT},
    {"owner_hierarchy", owner_hierarchy, "quote.signer", JUDGE_REJECT},
    {"value_outside", value_outside_the_selection, "quote.unquoted_pcr", JUDGE_REJECT},
    {"value_differs", value_differs, "quote.pcrdigest", JUDGE_REJECT},
    {"value_missing", value_missing, "quote.pcrdigest", JUDGE_REJECT},
    {"value_twice", value_twice, "quote.pcrdigest", JUDGE_REJECT},
    {"digest_too_short", digest_too_short, "quote.pcrdigest", JUDGE_REJECT},
    {"digest_too_short_without_values", digest_too_short_without_values, "quote.pcrdigest",
     JUDGE_REJECT},
    {"nobody_vouches", nobody_vouches, "ak.untrusted", JUDGE_REJECT},
    {"pins_are_not_allowed", pins_are_not_allowed, "ak.untrusted", JUDGE_REJECT},
    {"certificate_is_garbage", certificate_is_garbage, "ak.cert_malformed", JUDGE_MALFORMED},
    {"ek_certificate_is_garbage", ek_certificate_is_garbage, "ek.cert_malformed", JUDGE_MALFORMED},
    {"event_log_is_garbage", event_log_is_garbage, "log.header", JUDGE_MALFORMED},
    {"no_reference_value", no_reference_value, "pcr.values", JUDGE_REJECT},
};

static void
each_wrong_thing_is_refused_by_its_rule_alone(void **state)
{
    (void)state;
    assert_refused_alone(WRONGS, sizeof WRONGS / sizeof WRONGS[0]);
}

/* The table above is of use only if the scene is accepted without the wrong thing. */
static void
nothing_wrong_is_accepted(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    assert_accepted(&s);
}

static void
the_same_value_twice_or_two_values_for_one_pcr(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.sent[4] = s.sent[0];
    s.sent[4].digest[0] ^= 1;
    s.ev.tpm.pcrs_n = 5;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_only(&s, "quote.pcrdigest");
}

static void
signature_of_another_key(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SOFT_KINDS; kind++) {
        struct scene s;
        struct soft_ak other;

        scene_open(&s, (enum soft_kind)kind);
        scene_make(&s);
        soft_ak_open((enum soft_kind)kind, &other);
        soft_sign(&other, &s.quote, &s.msg, &s.sig);
        s.ev.tpm.signature.len = s.sig.len;
        assert_int_equal(judge(&s), JUDGE_REJECT);
        assert_only(&s, "quote.signature");
        soft_ak_done(&other);
    }
}

/* The scheme is the key's: a PSS signature by an RSASSA key and the reverse are not tried. */
static void
padding_is_never_tried(void **state)
{
    static const enum soft_kind KINDS[] = {SOFT_RSASSA, SOFT_RSAPSS};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene s;

        scene_open(&s, KINDS[i]);
        s.quote.sign_scheme = KINDS[i] == SOFT_RSASSA ? 0x0016 : 0x0014;
        assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
        assert_only(&s, "quote.sigalg");
        scene_make(&s);
        s.sig.at[1] = KINDS[i] == SOFT_RSASSA ? 0x14 : 0x16; /* a lie about the padding */
        assert_int_equal(judge(&s), JUDGE_REJECT);
        assert_only(&s, "quote.signature");
    }
}

static void
weak_rsa_exponents_and_sizes(void **state)
{
    static const uint32_t EXPONENTS[] = {1, 3, 17, 65536, 65539 - 4};

    (void)state;
    for (size_t i = 0; i < sizeof EXPONENTS / sizeof EXPONENTS[0]; i++) {
        struct scene s;

        scene_open(&s, SOFT_RSASSA);
        s.ak.exponent = EXPONENTS[i];
        assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
        assert_only(&s, "ak.weak_key");
    }

    struct scene s;

    scene_open(&s, SOFT_RSASSA);
    s.ak.key_bits = 3072; /* and a modulus of 2048 bits */
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_only(&s, "ak.weak_key");
    scene_open(&s, SOFT_RSASSA);
    s.ak.exponent = 65537; /* 0 means the same */
    assert_int_equal(make_and_judge(&s), JUDGE_ACCEPT);
}

static void
rsa_1024_is_weak(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_RSASSA);
    s.ak.key = EVP_RSA_gen(1024);
    s.ak.key_bits = 1024;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_only(&s, "ak.weak_key");
    soft_ak_done(&s.ak);
}

static void
a_name_by_sha1_is_no_name(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.ak.name_alg = HASH_SHA1;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "ak.scheme")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "ak.untrusted")->outcome, OUTCOME_FAIL);
    assert_int_equal(s.got.tpm.ak_name_len, 0);
}

static void
a_key_without_name_algorithm_has_no_name(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.ak.name_alg = SOFT_NULL;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "ak.name")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "ak.scheme")->outcome, OUTCOME_PASS);
}

static void
a_key_that_names_no_scheme(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.ak.scheme = SOFT_NULL;
    assert_int_equal(make_and_judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "ak.scheme")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "quote.sigalg")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "quote.signature")->outcome, OUTCOME_NOT_RUN);
}

/* What a verifier without a key can still say. */
static void
without_a_key_the_weak_algorithms_are_named(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    s.quote.select[0].bank = HASH_SHA1;
    s.quote.sign_hash = HASH_SHA1;
    scene_make(&s);
    s.ev.tpm.ak = (struct slice){0};
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_int_equal(finding(&s, "pcr.weak_bank")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "quote.weak_hash")->outcome, OUTCOME_FAIL);
    assert_int_equal(finding(&s, "ak.malformed")->outcome, OUTCOME_NOT_RUN);

    scene_open(&s, SOFT_P256);
    scene_make(&s);
    s.ev.tpm.ak = (struct slice){0};
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "ak.malformed");
}

/* Attestations of other types are refused by their type, although their bodies are not quotes. */
static void
another_type_with_another_body(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    certify(&s);
    scene_make(&s);
    s.ev.tpm.quote.len = s.msg.len - 10;
    assert_int_equal(judge(&s), JUDGE_REJECT);
    assert_only(&s, "quote.type");
}

static void
evidence_of_no_type_is_unable(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, SOFT_P256);
    scene_make(&s);
    s.ev.type = EVIDENCE_NONE;
    assert_int_equal(judge(&s), JUDGE_UNABLE);
    assert_only(&s, "evidence.unsupported");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_wrong_is_accepted),
        cmocka_unit_test(each_wrong_thing_is_refused_by_its_rule_alone),
        cmocka_unit_test(the_same_value_twice_or_two_values_for_one_pcr),
        cmocka_unit_test(signature_of_another_key),
        cmocka_unit_test(padding_is_never_tried),
        cmocka_unit_test(weak_rsa_exponents_and_sizes),
        cmocka_unit_test(rsa_1024_is_weak),
        cmocka_unit_test(a_name_by_sha1_is_no_name),
        cmocka_unit_test(a_key_without_name_algorithm_has_no_name),
        cmocka_unit_test(a_key_that_names_no_scheme),
        cmocka_unit_test(without_a_key_the_weak_algorithms_are_named),
        cmocka_unit_test(another_type_with_another_body),
        cmocka_unit_test(evidence_of_no_type_is_unable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
