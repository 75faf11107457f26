/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - see verify.h: the types of evidence, and how a verdict is printed. */
#include "clients/verify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attest/base/text.h"
#include "clients/claims_say.h"
#include "clients/fault.h"
#include "clients/say.h"
#include "clients/verify_claims.h"
#include "common/json.h"
#include "common/sys.h"

struct type_row {
    const char *name;
    int (*run)(int argc, char **argv);
};

static const struct type_row TYPES[] = {
    {"tpm", verify_tpm},
    {"sev-snp", verify_sev_snp},
    {"azure-sev-snp", verify_azure_sev_snp},
    {"ak-cert", verify_ak_cert},
    {"amd-chain", verify_amd_chain},
    {"tdx", verify_tdx},
    {"azure-tdx", verify_azure_tdx},
    {"event-log", verify_event_log},
    {"ek-cert", verify_ek_cert},
};

static const struct verify_row ROWS[] = {
    {"input.unreadable", "Countersign verify",
     "Every file that the command line names can be read."},
    {"pcrs.malformed", "Countersign verify",
     "The PCR values are lines \"bank:index=hex\", each PCR once; of an Azure guest, also 24 x 32 "
     "bytes."},
    {"policy.resettable_pcr", "Countersign policy",
     "The policy relies on no PCR that software can reset (16 and 23)."},
    {"policy.weak_bank", "Countersign policy", "The policy relies on no value of a SHA-1 bank."},
    {"policy.unsupported", "Countersign policy", "This version has every rule the policy names."},
};

const struct verify_row *
verify_rows(size_t *n)
{
    *n = sizeof ROWS / sizeof ROWS[0];
    return ROWS;
}

void
verify_nothing(struct appraisal *a)
{
    a->verdict.n = 0;
    a->verdict.wanted = 0;
    a->valid_until = INT64_MAX;
    a->tpm = (struct tpm_claims){0};
    a->snp = (struct snp_claims){0};
    a->tdx.verified = false; /* the rest is meaningful only with it */
}

void
verify_alone(struct appraisal *a, const char *id, enum outcome outcome, const char *seen,
             const char *wanted)
{
    const struct verify_row *row = &ROWS[0];

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        row = strcmp(ROWS[i].id, id) == 0 ? &ROWS[i] : row;
    }
    verify_nothing(a);
    verdict_add(&a->verdict, row->id, row->spec, outcome, seen, wanted);
}

void
verify_common_options(struct verify_common *c, struct opt rows[VERIFY_COMMON])
{
    rows[0] = (struct opt){"policy", "FILE", &c->policy, "one evidence row of a policy (JSON)"};
    rows[1] = (struct opt){"roots", "DIR", &c->roots,
                           "trusted roots instead of the pinned ones, DIR/{tpm,amd,intel}/*.pem"};
    rows[2] = (struct opt){"at", "TIME", &c->at, "time of verification, RFC 3339; default now"};
    rows[3] = (struct opt){"json", NULL, &c->json, "print the verdict as JSON"};
}

enum err
verify_time(const struct verify_common *c, int64_t *unix_s, struct why *why)
{
    *unix_s = clock_unix();
    return c->at == NULL ? ERR_OK : rfc3339_parse(slice_text(c->at), unix_s, why);
}

enum err
verify_roots(const struct verify_common *c, struct roots **out, struct why *why)
{
    if (c->roots != NULL && access(c->roots, R_OK | X_OK) != 0) {
        return why_add(why, ERR_NOT_FOUND, "cannot open %s", c->roots);
    }
    return roots_read(c->roots == NULL ? "" : c->roots, out, why);
}

static bool
failed(enum outcome o)
{
    return o == OUTCOME_FAIL || o == OUTCOME_UNABLE || o == OUTCOME_MALFORMED;
}

/* Text of a finding may have been cut within a character. */
static json_t *
text_json(const char *text)
{
    json_t *j = json_string(text);

    return j != NULL ? j : json_string(text_show(slice_text(text)).text);
}

static json_t *
finding_json(const struct finding *f)
{
    json_t *o = json_object();

    (void)json_object_set_new(o, "id", json_string(f->id));
    (void)json_object_set_new(o, "spec", json_string(f->spec));
    (void)json_object_set_new(o, "outcome", json_string(outcome_name(f->outcome)));
    (void)json_object_set_new(o, "seen", text_json(f->seen));
    (void)json_object_set_new(o, "wanted", text_json(f->wanted));
    return o;
}

static json_t *
verdict_json(const struct appraisal *a, json_t *claims)
{
    enum judgement j = verdict_judge(&a->verdict);
    char until[RFC3339_LEN + 1];
    json_t *o = json_object();
    json_t *ids = json_array();
    json_t *findings = json_array();

    for (size_t i = 0; i < a->verdict.n; i++) {
        const struct finding *f = &a->verdict.finding[i];

        if (failed(f->outcome)) {
            (void)json_array_append_new(ids, json_string(f->id));
        }
        (void)json_array_append_new(findings, finding_json(f));
    }
    rfc3339_format(a->valid_until, until);
    (void)json_object_set_new(o, "verdict", json_string(judgement_name(j)));
    (void)json_object_set_new(o, "failed", ids);
    (void)json_object_set_new(o, "findings", findings);
    (void)json_object_set_new(o, "claims", claims);
    (void)json_object_set_new(o, "valid_until",
                              j == JUDGE_ACCEPT ? json_string(until) : json_null());
    return o;
}

static const char *
outcome_label(enum outcome o)
{
    switch (o) {
    case OUTCOME_PASS: return "pass";
    case OUTCOME_IGNORED: return "-";
    case OUTCOME_WARN: return "WARN";
    case OUTCOME_FAIL: return "FAIL";
    case OUTCOME_UNABLE: return "UNABLE";
    case OUTCOME_MALFORMED: return "MALFORMED";
    case OUTCOME_NOT_RUN: return "not run";
    }
    return "not run";
}

/* One finding a line: what was seen and, when it did not do, what would have. */
static void
finding_say(const struct finding *f)
{
    bool aside = f->outcome == OUTCOME_IGNORED;
    bool both = f->seen[0] != '\0' && f->wanted[0] != '\0';

    say("%-9s  %-31s  %s%s%s", outcome_label(f->outcome), f->id, aside ? f->wanted : f->seen,
        both ? "; wanted: " : "", both ? f->wanted : "");
}

static void
findings_say(const struct appraisal *a)
{
    for (size_t i = 0; i < a->verdict.n; i++) {
        finding_say(&a->verdict.finding[i]);
    }
}

static void
explain(const struct appraisal *a, const struct evidence *ev)
{
    enum evidence_type type = ev == NULL ? EVIDENCE_NONE : ev->type;

    if (type == EVIDENCE_SEV_SNP || type == EVIDENCE_AZURE_SEV_SNP) {
        verify_explain(a, ev);
    }
    if (type == EVIDENCE_TDX || type == EVIDENCE_AZURE_TDX) {
        verify_explain_tdx(a, ev);
    }
}

static void
judgement_say(const struct appraisal *a, const char *remark)
{
    enum judgement j = verdict_judge(&a->verdict);
    char until[RFC3339_LEN + 1];

    say("\nverdict: %s", judgement_name(j));
    if (j != JUDGE_ACCEPT) {
        return;
    }
    if (remark != NULL) {
        say("%s", remark);
    }
    rfc3339_format(a->valid_until, until);
    if (a->valid_until != INT64_MAX) {
        say("valid until %s, when something that it rests on expires", until);
    }
}

int
verify_print(const struct appraisal *a, const struct evidence *ev, const char *remark, bool as_json)
{
    if (as_json) {
        say_json(verdict_json(a, claims_json(a, ev)));
    } else {
        findings_say(a);
        explain(a, ev);
        judgement_say(a, remark);
    }
    return (int)verdict_judge(&a->verdict); /* the order of enum judgement is that of exit codes */
}

int
verify_print_claims(const struct appraisal *a, json_t *claims, const char *title,
                    const char *remark, bool as_json)
{
    if (as_json) {
        say_json(verdict_json(a, claims != NULL ? json_incref(claims) : json_object()));
        return (int)verdict_judge(&a->verdict);
    }
    findings_say(a);
    if (claims != NULL && json_object_size(claims) > 0) {
        say("\n%s", title);
        claims_say(claims);
    }
    judgement_say(a, remark);
    return (int)verdict_judge(&a->verdict);
}

static void
help(void)
{
    say("usage: countersign verify TYPE [options]\n\nJudge evidence offline.  Types:");
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        say("  %s", TYPES[i].name);
    }
    say("\n`countersign verify TYPE --help` tells more.  Exit codes: 0 accept, 1 reject, 2 "
        "malformed,"
        "\n3 unable, 64 wrong command line.");
}

int
cmd_verify(int argc, char **argv)
{
    if (argc < 2) {
        complain(
            "usage: countersign verify TYPE [options]; `countersign verify --help` lists them");
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0) {
        help();
        return EXIT_OK;
    }
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (strcmp(argv[1], TYPES[i].name) == 0) {
            return TYPES[i].run(argc - 1, argv + 1);
        }
    }
    complain("countersign: verify: no such type of evidence: %s", argv[1]);
    return EXIT_USAGE;
}
