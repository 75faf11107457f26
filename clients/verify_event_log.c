/* SPDX-License-Identifier: Apache-2.0 */
/* verify_event_log.c - `countersign verify event-log`: a TPM's log (verify_log.h), or with --ccel a TD's (CCEL) replayed, and
 * compared with the registers that are given; of a CCEL that proves the list of digests and not what the events say of themselves
 * (UEFI 2.10, 38.4). */
#include "attest/base/text.h"
#include "attest/tdx/ccel.h"
#include "clients/claims_say.h"
#include "clients/fault.h"
#include "clients/say.h"
#include "clients/verify_input.h"
#include "clients/verify_log.h"
#include "common/claims_json.h"
#include "common/json.h"

#define SPEC "UEFI 2.10, 38.4"

struct options {
    struct verify_common common;
    bool ccel;
    const char *pcrs, *pcrsig, *rtmr[TDX_RTMRS];
};

struct registers {
    uint8_t bytes[TDX_RTMRS][SHA384_LEN];
    struct slice rtmr[TDX_RTMRS]; /* empty: not given */
};

/* "2=HEX": RTMR2 must be this. */
static enum err
read_register(const char *word, struct registers *r, struct why *why)
{
    struct slice s = slice_text(word);
    size_t len = 0;

    if (s.len < 2 || s.ptr[0] < '0' || s.ptr[0] >= '0' + TDX_RTMRS || s.ptr[1] != '=') {
        return why_add(why, ERR_MALFORMED, "--rtmr: \"%s\", want 0 to 3, \"=\" and hex",
                       text_show(s).text);
    }

    size_t i = (size_t)(s.ptr[0] - '0');
    enum err e =
        hex_decode((struct slice){s.ptr + 2, s.len - 2}, r->bytes[i], SHA384_LEN, &len, why);

    if (r->rtmr[i].len > 0) {
        return why_add(why, ERR_MALFORMED, "--rtmr: RTMR%zu was given twice", i);
    }
    if (e != ERR_OK || len != SHA384_LEN) {
        return why_add(why, ERR_MALFORMED, "--rtmr: want %d bytes of hex", SHA384_LEN);
    }
    r->rtmr[i] = (struct slice){r->bytes[i], SHA384_LEN};
    return ERR_OK;
}

static enum err
read_registers(const struct options *o, struct registers *out, struct why *why)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < TDX_RTMRS && e == ERR_OK; i++) {
        e = o->rtmr[i] == NULL ? ERR_OK : read_register(o->rtmr[i], out, why);
    }
    return e;
}

/* What the log comes to, whatever is expected of it. */
static json_t *
replay_json(const struct ccel_replay *log)
{
    json_t *o = json_object();
    json_t *events = json_array();

    for (unsigned i = 0; i < TDX_RTMRS; i++) {
        claim_set(o, tdx_field_name(TDX_RTMR0 + i), claim_hex(log->rtmr[i], SHA384_LEN));
        (void)json_array_append_new(events, json_integer((json_int_t)log->events[i]));
    }
    claim_set(o, "events", events);
    claim_set(o, "bytes", json_integer((json_int_t)log->used));
    return o;
}

/* Returns the claims; the caller owns them. */
static json_t *
judge(struct slice bytes, const struct registers *want, struct appraisal *out)
{
    struct ccel_replay log;
    struct finding f = {0};
    struct why why = {0};

    verify_nothing(out);
    if (ccel_replay(bytes, &log, &why) != ERR_OK) {
        verdict_add(&out->verdict, "ccel.malformed", SPEC, OUTCOME_MALFORMED, why_text(&why),
                    "a CCEL event log");
        return json_object();
    }
    (void)finding_pass(&f, "%zu bytes", log.used);
    verdict_add(&out->verdict, "ccel.malformed", SPEC, OUTCOME_PASS, f.seen, "");
    f.outcome = tdx_ccel_compare(&log, want->rtmr, &f);
    verdict_add(&out->verdict, "ccel.replay", SPEC, f.outcome, f.seen, f.wanted);
    return replay_json(&log);
}

static int
run_ccel(const char *path, const struct options *o, const struct registers *want)
{
    AUTO(verify_file_done) struct verify_file log = {.len = 0};
    AUTO(json_free) json_t *claims = NULL;
    struct appraisal out;
    struct why why = {0};

    if (verify_file_read(path, &log, &why) != ERR_OK) {
        verify_unreadable(&out, &why);
    } else {
        claims = judge(verify_bytes(&log), want, &out);
    }
    return verify_print_claims(
        &out, claims, "The log leads to:",
        "the list of digests holds; what events say of themselves was not judged", o->common.json);
}

/* What belongs to the other kind of log; NULL when nothing does. */
static const char *
misplaced(const struct options *o)
{
    if (!o->ccel) {
        return o->rtmr[0] != NULL ? "--rtmr goes with --ccel" : NULL;
    }
    if (o->common.policy != NULL) {
        return "--policy has no rule for it";
    }
    return o->pcrs != NULL || o->pcrsig != NULL ? "--pcrs and --pcrsig do not go with --ccel"
                                                : NULL;
}

static int
run(const struct usage *usage, const char *path, const struct options *o)
{
    const struct verify_log_files files = {path, o->pcrs, o->pcrsig};
    struct registers want = {.rtmr = {{0}}};
    struct why why = {0};
    int code = 0;

    if (!o->ccel) {
        return verify_log(&files, &o->common, &code, &why) == ERR_OK
                   ? code
                   : opt_wrong(usage, why_text(&why), NULL);
    }
    if (read_registers(o, &want, &why) != ERR_OK) {
        return opt_wrong(usage, why_text(&why), NULL);
    }
    return run_ccel(path, o, &want);
}

int
verify_event_log(int argc, char **argv)
{
    struct options o = {0};
    struct opt common[VERIFY_COMMON];
    const struct opt own[] = {
        {"ccel", NULL, &o.ccel, "it is the log of a TD (CCEL)"},
        {"rtmr", "N=HEX", &o.rtmr[0], "what RTMR N must come to; up to four times"},
        {"rtmr", "N=HEX", &o.rtmr[1], NULL},
        {"rtmr", "N=HEX", &o.rtmr[2], NULL},
        {"rtmr", "N=HEX", &o.rtmr[3], NULL},
        {"pcrs", "FILE", &o.pcrs, "PCR values that the log must lead to, lines bank:index=hex"},
        {"pcrsig", "FILE", &o.pcrsig, "signatures of PCR policies (.pcrsig of a UKI)"},
    };
    const struct usage usage = {
        "countersign verify event-log FILE [--pcrs FILE | --ccel [--rtmr N=HEX]...] [options]",
        "Judge the event log of a TPM, or replay that of a TD.",
        {own, sizeof own / sizeof own[0]},
        {common, VERIFY_COMMON},
        1,
        1,
    };
    struct words words;
    struct why why = {0};
    int64_t at_unix = 0;

    verify_common_options(&o.common, common);

    enum opt_result r = opt_parse(&usage, argc, argv, &words);

    if (r != OPT_GO_ON) {
        return opt_exit(r);
    }
    if (misplaced(&o) != NULL) {
        return opt_wrong(&usage, misplaced(&o), NULL);
    }
    if (verify_time(&o.common, &at_unix, &why) != ERR_OK) {
        return opt_wrong(&usage, "--at", why_text(&why));
    }
    return run(&usage, words.word[0], &o);
}
