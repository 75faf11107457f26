/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h - the outcome of every check, in order, each with its reason.
 *
 * A verdict starts as a refusal and becomes an acceptance only when every row of every check table has
 * run and either passed or been set aside by the policy in so many words.  Nothing here allocates.
 */
#ifndef ATTEST_BASE_VERDICT_H
#define ATTEST_BASE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "attest/base/err.h"

enum outcome {
    OUTCOME_NOT_RUN = 0, /* counts against the verdict */
    OUTCOME_PASS,
    OUTCOME_IGNORED, /* the policy did not ask for it, or it cannot apply to this evidence; text says which */
    OUTCOME_WARN, /* reported, never refuses (for example quote.clock_unsafe) */
    OUTCOME_FAIL,
    OUTCOME_UNABLE,    /* something needed is missing or out of date; a later try may decide */
    OUTCOME_MALFORMED, /* the bytes cannot be decoded */
};

enum { VERDICT_MAX = 160, FINDING_TEXT = 160 };

struct finding {
    const char *id;   /* stable check id, e.g. "quote.magic"; static storage */
    const char *spec; /* document and section the rule comes from; static storage */
    enum outcome outcome;
    char seen[FINDING_TEXT];   /* what the evidence says; no secrets */
    char wanted[FINDING_TEXT]; /* what would have passed, or why the row was ignored */
};

struct verdict {
    size_t n; /* findings in use */
    size_t wanted;
    struct finding finding[VERDICT_MAX];
};

/* What the verdict comes to.  The order of the values is the exit code of `countersign verify`. */
enum judgement { JUDGE_ACCEPT = 0, JUDGE_REJECT, JUDGE_MALFORMED, JUDGE_UNABLE };

struct tpm_in;
struct snp_in;
struct tdx_in;
struct azure_in;

/* Everything a rule may look at; the member of the evidence at hand is set, the others are NULL. */
struct check_in {
    const struct tpm_in *tpm;     /* attest/tpm/checks.h */
    const struct snp_in *snp;     /* attest/snp/checks.h */
    const struct tdx_in *tdx;     /* attest/tdx/checks.h */
    const struct azure_in *azure; /* attest/azure/azure.h */
};

/* One rule. */
struct check {
    const char *id;
    const char *spec;
    enum outcome (*run)(const struct check_in *in, struct finding *out);
    bool
        gate; /* when this does not pass (nor warn, nor is ignored), later rows of the table are not run */
};

/* Run a table and append its findings. */
void verdict_run(struct verdict *v, const struct check *table, size_t rows,
                 const struct check_in *in);

/* Append the rows of a table as not run, where an earlier refusal has left them nothing to judge. */
void verdict_skip(struct verdict *v, const struct check *table, size_t rows);

/* Append one finding made outside a table, such as a decoder's refusal. */
void verdict_add(struct verdict *v, const char *id, const char *spec, enum outcome outcome,
                 const char *seen, const char *wanted);

/* True only if at least one check passed and all wanted checks passed, warned or were ignored. */
bool verdict_passed(const struct verdict *v);

/* MALFORMED if a finding is; else REJECT if one failed; else UNABLE if one could not be decided; else
 * ACCEPT if verdict_passed(), and REJECT otherwise. */
enum judgement verdict_judge(const struct verdict *v);

const char *outcome_name(
    enum outcome o); /* "pass", "ignored", "warn", "fail", "unable", "malformed", "not-run" */
const char *judgement_name(enum judgement j); /* "accept", "reject", "malformed", "unable" */

enum outcome finding_pass(struct finding *f, const char *fmt, ...) PRINTF(2, 3);
enum outcome finding_ignored(struct finding *f, const char *fmt, ...) PRINTF(2, 3);
enum outcome finding_fail(struct finding *f, const char *wanted, const char *fmt, ...) PRINTF(3, 4);
enum outcome finding_unable(struct finding *f, const char *wanted, const char *fmt, ...)
    PRINTF(3, 4);

#endif
