/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tpm_log.c - any bytes as an event log of a TPM, judged with every predicate; what decodes is the same when it is read again,
 * and its events make up the whole of it. */
#include <assert.h>

#include "attest/attest.h"
#include "attest/tpm/log_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A policy that reads every PCR that can be read. */
static void
judge(struct slice bytes)
{
    static const uint8_t digest[SHA256_LEN] = {1};
    static const struct slice value[] = {{digest, SHA256_LEN}};
    static const struct tpm_one_of one = {value, 1};
    static const struct tpm_uki uki = {.bank = HASH_SHA256, .digest = {{digest, SHA256_LEN}}};
    const struct evidence ev = {.type = EVIDENCE_TPM2, .tpm = {.event_log = bytes}};
    const struct expectation want = {
        .tpm.must = {.secure_boot = true,
                     .sb_authority = one,
                     .dbx = one,
                     .dbx_count = 1,
                     .apps_bank = HASH_SHA256,
                     .app = &one,
                     .apps_n = 1,
                     .no_option_rom = true,
                     .scrtm_version = one,
                     .cmdline = one,
                     .initrd = one,
                     .uki = &uki,
                     .uki_n = 1},
    };
    struct appraisal out;

    attest_verify_event_log(&ev, &want, &out);
    assert(verdict_judge(&out.verdict) != JUDGE_ACCEPT);
}

static void
events(struct tpm_log *log)
{
    struct tpm_log_cursor c = tpm_log_events(log);
    struct tpm_event e;
    size_t n = 0;

    while (tpm_log_next(&c, &e)) {
        struct slice content = {0};

        n++;
        assert(e.number == n && (e.pcr < TPM_PCRS || !tpm_event_extends(&e)));
        assert(!tpm_event_content(&e, log->banks, &content) || content.len <= e.data.len);
    }
    assert(n == log->events && rd_left(&c.r) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice bytes = {data, len};
    struct tpm_log log;
    struct tpm_replay replay;
    struct why why = {0};

    judge(bytes);
    if (tpm_log_header(bytes, &log, &why) != ERR_OK || tpm_log_scan(&log, &why) != ERR_OK) {
        assert(why.n > 0);
        return 0;
    }
    assert(!tpm_log_is_legacy(bytes) || log.events < TPM_LOG_EVENTS_MAX);
    events(&log);
    assert(tpm_log_replay(&log, log.banks, &replay, &why) == ERR_OK);
    assert(replay.banks == log.banks);
    return 0;
}
