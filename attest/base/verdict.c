/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c - see verdict.h. */
#include "attest/base/verdict.h"

#include <stdarg.h>
#include <stdio.h>

static bool
acceptable(enum outcome o)
{
    return o == OUTCOME_PASS || o == OUTCOME_IGNORED || o == OUTCOME_WARN;
}

void
verdict_run(struct verdict *v, const struct check *table, size_t rows, const struct check_in *in)
{
    bool stopped = false;

    v->wanted += rows; /* rows that find no place stay wanted and refuse */
    for (size_t i = 0; i < rows && v->n < VERDICT_MAX; i++) {
        struct finding *f = &v->finding[v->n++];

        *f = (struct finding){.id = table[i].id, .spec = table[i].spec};
        if (stopped) {
            continue;
        }
        f->outcome = table[i].run(in, f);
        stopped = table[i].gate && !acceptable(f->outcome);
    }
}

void
verdict_skip(struct verdict *v, const struct check *table, size_t rows)
{
    v->wanted += rows;
    for (size_t i = 0; i < rows && v->n < VERDICT_MAX; i++) {
        v->finding[v->n++] = (struct finding){.id = table[i].id, .spec = table[i].spec};
    }
}

void
verdict_add(struct verdict *v, const char *id, const char *spec, enum outcome outcome,
            const char *seen, const char *wanted)
{
    v->wanted++;
    if (v->n == VERDICT_MAX) {
        return; /* wanted now exceeds what can ever pass */
    }

    struct finding *f = &v->finding[v->n++];

    *f = (struct finding){.id = id, .spec = spec, .outcome = outcome};
    (void)snprintf(f->seen, sizeof f->seen, "%s", seen == NULL ? "" : seen);
    (void)snprintf(f->wanted, sizeof f->wanted, "%s", wanted == NULL ? "" : wanted);
}

static size_t
count(const struct verdict *v, enum outcome o)
{
    size_t found = 0;

    for (size_t i = 0; i < v->n; i++) {
        found += v->finding[i].outcome == o;
    }
    return found;
}

bool
verdict_passed(const struct verdict *v)
{
    size_t passed = count(v, OUTCOME_PASS);

    return passed > 0 && passed + count(v, OUTCOME_IGNORED) + count(v, OUTCOME_WARN) == v->wanted;
}

enum judgement
verdict_judge(const struct verdict *v)
{
    if (count(v, OUTCOME_MALFORMED) > 0) {
        return JUDGE_MALFORMED;
    }
    if (count(v, OUTCOME_FAIL) > 0) {
        return JUDGE_REJECT;
    }
    if (count(v, OUTCOME_UNABLE) > 0) {
        return JUDGE_UNABLE;
    }
    return verdict_passed(v) ? JUDGE_ACCEPT : JUDGE_REJECT;
}

const char *
outcome_name(enum outcome o)
{
    switch (o) {
    case OUTCOME_NOT_RUN: return "not-run";
    case OUTCOME_PASS: return "pass";
    case OUTCOME_IGNORED: return "ignored";
    case OUTCOME_WARN: return "warn";
    case OUTCOME_FAIL: return "fail";
    case OUTCOME_UNABLE: return "unable";
    case OUTCOME_MALFORMED: return "malformed";
    }
    return "not-run";
}

const char *
judgement_name(enum judgement j)
{
    switch (j) {
    case JUDGE_ACCEPT: return "accept";
    case JUDGE_REJECT: return "reject";
    case JUDGE_MALFORMED: return "malformed";
    case JUDGE_UNABLE: return "unable";
    }
    return "reject";
}

static enum outcome
fill(struct finding *f, enum outcome outcome, const char *wanted)
{
    (void)snprintf(f->wanted, sizeof f->wanted, "%s", wanted);
    return outcome;
}

enum outcome
finding_pass(struct finding *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f->seen, sizeof f->seen, fmt, ap);
    va_end(ap);
    return fill(f, OUTCOME_PASS, "");
}

enum outcome
finding_ignored(struct finding *f, const char *fmt, ...)
{
    va_list ap;

    f->seen[0] = '\0';
    va_start(ap, fmt);
    (void)vsnprintf(f->wanted, sizeof f->wanted, fmt, ap);
    va_end(ap);
    return OUTCOME_IGNORED;
}

enum outcome
finding_fail(struct finding *f, const char *wanted, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f->seen, sizeof f->seen, fmt, ap);
    va_end(ap);
    return fill(f, OUTCOME_FAIL, wanted);
}

enum outcome
finding_unable(struct finding *f, const char *wanted, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f->seen, sizeof f->seen, fmt, ap);
    va_end(ap);
    return fill(f, OUTCOME_UNABLE, wanted);
}
