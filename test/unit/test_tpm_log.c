/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of attest/tpm/log.c and its rules: each truncation, one byte too many, each bit; bounds; what is told of a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attest/attest.h"
#include "attest/tpm/log_data.h"
#include "common/mem.h"
#include "test/unit/log_soft.h"

enum { PCRS_TOLD = 16 };

/* A log with what it must lead to, and a policy that reads all that firmware has measured. */
struct desk {
    struct log_soft log;
    struct evidence ev;
    struct expectation want;
    struct tpm_pcr pcr[PCRS_TOLD];
    struct slice app, version;
    struct tpm_one_of app_list;
    uint8_t app_digest[SHA256_LEN];
    struct appraisal out;
};

static void
want_values(struct desk *d)
{
    struct tpm_log log;
    struct tpm_replay replay;
    struct why why = {0};

    assert_int_equal(tpm_log_header(log_bytes(&d->log), &log, &why), ERR_OK);
    assert_int_equal(tpm_log_scan(&log, &why), ERR_OK);
    assert_int_equal(tpm_log_replay(&log, log.banks, &replay, &why), ERR_OK);
    for (unsigned n = 0; n < PCRS_TOLD; n++) {
        const uint8_t i = (uint8_t)n;

        d->pcr[i] = (struct tpm_pcr){.bank = HASH_SHA256, .index = i};
        memcpy(d->pcr[i].digest, tpm_replay_value(&replay, HASH_SHA256, i).ptr, SHA256_LEN);
    }
}

static void
want_predicates(struct desk *d)
{
    struct tpm_predicates *must = &d->want.tpm.must;

    hash_sha256(slice_text("the loader"), d->app_digest);
    d->app = (struct slice){d->app_digest, SHA256_LEN};
    d->app_list = (struct tpm_one_of){&d->app, 1};
    d->version = slice_text("Firmware 1.2");
    must->secure_boot = true;
    must->no_option_rom = true;
    must->apps_bank = HASH_SHA256;
    must->app = &d->app_list;
    must->apps_n = 1;
    must->scrtm_version = (struct tpm_one_of){&d->version, 1};
}

static struct desk *
desk_open(bool sha1)
{
    struct desk *d = mem_new(1, sizeof *d);

    log_boot(&d->log, sha1, 2);
    want_values(d);
    want_predicates(d);
    d->ev.tpm.event_log = log_bytes(&d->log);
    d->ev.tpm.pcrs = d->pcr;
    d->ev.tpm.pcrs_n = PCRS_TOLD;
    return d;
}

static enum judgement
judge(struct desk *d)
{
    attest_verify_event_log(&d->ev, &d->want, &d->out);
    return verdict_judge(&d->out.verdict);
}

static const struct finding *
finding_of(const struct desk *d, const char *id)
{
    for (size_t i = 0; i < d->out.verdict.n; i++) {
        if (strcmp(d->out.verdict.finding[i].id, id) == 0) {
            return &d->out.verdict.finding[i];
        }
    }
    fail_msg("no finding %s", id);
    return NULL;
}

static void
a_good_log_is_accepted(void **state)
{
    struct desk *d = desk_open(true);

    (void)state;
    assert_int_equal(judge(d), JUDGE_ACCEPT);
    assert_true(d->out.tpm.log_replayed);
    assert_int_equal(d->out.tpm.predicates,
                     1U << TPM_PREDICATE_SECURE_BOOT | 1U << TPM_PREDICATE_BOOT_APPS |
                         1U << TPM_PREDICATE_NO_OPTION_ROM | 1U << TPM_PREDICATE_SCRTM_VERSION);
    mem_free(d);
}

static void
each_truncation_is_refused(void **state)
{
    struct desk *d = desk_open(true);
    size_t len = d->ev.tpm.event_log.len;

    (void)state;
    for (size_t n = 1; n < len; n++) {
        /* Exactly as long: a read beyond it is an error under the sanitizers. */
        uint8_t *copy = mem_new(n, 1);

        memcpy(copy, d->log.at, n);
        d->ev.tpm.event_log = (struct slice){copy, n};
        if (judge(d) == JUDGE_ACCEPT) {
            fail_msg("accepted at %zu of %zu bytes", n, len);
        }
        mem_free(copy);
    }
    mem_free(d);
}

static void
one_byte_too_many_is_refused(void **state)
{
    struct desk *d = desk_open(true);

    (void)state;
    d->log.at[d->ev.tpm.event_log.len] = 0;
    d->ev.tpm.event_log.len++;
    assert_int_equal(judge(d), JUDGE_MALFORMED);
    assert_int_equal(finding_of(d, "log.malformed")->outcome, OUTCOME_MALFORMED);
    mem_free(d);
}

/* Types of event, labels, data of PCRs that nobody reads and SHA-1 digests are what nothing covers; every other bit counts. */
static void
no_bit_of_what_counts_can_be_flipped(void **state)
{
    struct desk *d = desk_open(true);
    size_t flipped = 0;

    (void)state;
    for (size_t bit = 0; bit < 8 * d->ev.tpm.event_log.len; bit++) {
        if (d->log.loose[bit / 8]) {
            continue;
        }
        d->log.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (judge(d) == JUDGE_ACCEPT) {
            fail_msg("accepted with bit %zu of byte %zu flipped", bit % 8, bit / 8);
        }
        d->log.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        flipped++;
    }
    assert_true(flipped > 8000);
    assert_int_equal(judge(d), JUDGE_ACCEPT);
    mem_free(d);
}

/* Whatever a type is changed into: never may a boot without Secure Boot pass for one with it. */
static void
no_type_makes_secure_boot_of_none(void **state)
{
    static const uint32_t TYPES[] = {
        EV_NO_ACTION,
        EV_SEPARATOR,
        EV_ACTION,
        EV_IPL,
        EV_EVENT_TAG,
        EV_EFI_VARIABLE_DRIVER_CONFIG,
        EV_EFI_ACTION,
        EV_EFI_VARIABLE_AUTHORITY,
        EV_EFI_VARIABLE_BOOT,
        EV_EFI_BOOT_SERVICES_APPLICATION,
    };
    static const uint8_t off[] = {0};
    static const uint8_t on[] = {1};
    struct desk *d = desk_open(false);
    struct log_soft *l = &d->log;
    size_t place = 0;

    (void)state;
    log_begin(l, false);
    place = l->w.len + 4;
    log_variable(l, EV_EFI_VARIABLE_DRIVER_CONFIG, LOG_GLOBAL, "SecureBoot", (struct slice){off, 1},
                 0);
    log_config(l, 1);
    log_variable(l, EV_EFI_VARIABLE_DRIVER_CONFIG, LOG_GLOBAL, "SecureBoot", (struct slice){on, 1},
                 0);
    d->ev.tpm.event_log = log_bytes(l);
    want_values(d);
    d->want.tpm.must = (struct tpm_predicates){.secure_boot = true};
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        for (size_t k = 0; k < 4; k++) {
            l->at[place + k] = (uint8_t)(TYPES[i] >> 8 * k);
        }
        assert_int_not_equal(judge(d), JUDGE_ACCEPT);
    }
    mem_free(d);
}

static void
a_refusal_names_the_event(void **state)
{
    struct desk *d = desk_open(false);

    (void)state;
    log_label(&d->log, 7, 0x8401, "vendor", "vendor");
    d->ev.tpm.event_log = log_bytes(&d->log);
    want_values(d);
    assert_int_equal(judge(d), JUDGE_REJECT);
    assert_string_equal(finding_of(d, "log.type")->seen,
                        "PCR 7, event 19, unknown type (0x00008401)");
    mem_free(d);
}

static void
a_value_that_differs_is_told(void **state)
{
    struct desk *d = desk_open(false);

    (void)state;
    d->pcr[4].digest[0] ^= 1;
    assert_int_equal(judge(d), JUDGE_REJECT);
    assert_memory_equal(finding_of(d, "log.replay")->seen, "sha256:4 by event 18", 20);
    assert_memory_equal(finding_of(d, "log.replay")->wanted, "sha256:4 ", 9);
    mem_free(d);
}

static void
a_value_of_a_bank_without_digests_is_refused(void **state)
{
    struct desk *d = desk_open(false);

    (void)state;
    d->pcr[0].bank = HASH_SHA384;
    assert_int_equal(judge(d), JUDGE_REJECT);
    assert_string_equal(finding_of(d, "log.replay")->wanted, "sha384");
    mem_free(d);
}

static void
sizes_are_bounded(void **state)
{
    uint8_t *big = mem_new(1, TPM_LOG_MAX + 1);
    struct tpm_log log;
    struct why why = {0};

    (void)state;
    assert_int_equal(tpm_log_header((struct slice){big, TPM_LOG_MAX + 1}, &log, &why), ERR_LIMIT);
    assert_false(tpm_log_is_legacy((struct slice){big, TPM_LOG_MAX + 1}));
    mem_free(big);
}

static void
drtm_pcrs_begin_with_ones(void **state)
{
    uint8_t ones[SHA256_LEN];
    static struct log_soft l;
    struct tpm_log log;
    struct tpm_replay r;
    struct why why = {0};

    (void)state;
    memset(ones, 0xff, sizeof ones);
    log_boot(&l, false, 1);
    assert_int_equal(tpm_log_header(log_bytes(&l), &log, &why), ERR_OK);
    assert_int_equal(tpm_log_scan(&log, &why), ERR_OK);
    assert_int_equal(tpm_log_replay(&log, log.banks, &r, &why), ERR_OK);
    for (size_t i = 17; i <= 22; i++) {
        assert_memory_equal(tpm_replay_value(&r, HASH_SHA256, i).ptr, ones, SHA256_LEN);
    }
    assert_true(slice_zero(tpm_replay_value(&r, HASH_SHA256, 23)));
    assert_int_equal(tpm_replay_value(&r, HASH_SHA384, 0).len, 0);
    assert_int_equal(tpm_replay_value(&r, HASH_SHA1, 0).len, 0);
    assert_int_equal(tpm_replay_value(&r, HASH_SHA256, 24).len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_log_is_accepted),
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(one_byte_too_many_is_refused),
        cmocka_unit_test(no_bit_of_what_counts_can_be_flipped),
        cmocka_unit_test(no_type_makes_secure_boot_of_none),
        cmocka_unit_test(a_refusal_names_the_event),
        cmocka_unit_test(a_value_that_differs_is_told),
        cmocka_unit_test(a_value_of_a_bank_without_digests_is_refused),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(drtm_pcrs_begin_with_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
