/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_court.h - the scene of tdx_scene.h before cmocka: what is accepted, and which row alone refuses, in which words. */
#ifndef TEST_UNIT_TDX_COURT_H
#define TEST_UNIT_TDX_COURT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test/unit/tdx_scene.h"

/* One scene for a test program: it is large. */
static inline struct td_scene *
court(unsigned version, unsigned type)
{
    static struct td_scene s;

    td_done(&s);
    td_open(&s, version, type);
    return &s;
}

static inline bool
court_refusal(const struct finding *f)
{
    return f->outcome == OUTCOME_FAIL || f->outcome == OUTCOME_UNABLE ||
           f->outcome == OUTCOME_MALFORMED;
}

static inline const struct finding *
court_finding(const struct td_scene *s, const char *id)
{
    for (size_t i = 0; i < s->got.verdict.n; i++) {
        if (strcmp(s->got.verdict.finding[i].id, id) == 0) {
            return &s->got.verdict.finding[i];
        }
    }
    fail_msg("no row %s", id);
    return &s->got.verdict.finding[0];
}

static inline void
court_print(const struct td_scene *s, bool not_run)
{
    for (size_t i = 0; i < s->got.verdict.n; i++) {
        const struct finding *f = &s->got.verdict.finding[i];

        if (court_refusal(f) || (not_run && f->outcome == OUTCOME_NOT_RUN)) {
            print_error("%s: %s: %s, want %s\n", f->id, outcome_name(f->outcome), f->seen,
                        f->wanted);
        }
    }
}

static inline void
assert_accepted(struct td_scene *s)
{
    if (td_judge(s) != JUDGE_ACCEPT) {
        court_print(s, true);
        fail_msg("not accepted");
    }
    assert_true(s->got.tdx.verified);
}

/* This row refuses, with these words, and no other row does. */
static inline void
assert_only(const struct td_scene *s, const char *id, const char *seen, const char *wanted)
{
    const struct finding *f = court_finding(s, id);

    if (!court_refusal(f)) {
        court_print(s, true);
        fail_msg("%s does not refuse: %s: %s", id, outcome_name(f->outcome), f->seen);
    }
    if (strstr(f->seen, seen) == NULL || strstr(f->wanted, wanted) == NULL) {
        fail_msg("%s says \"%s\", want \"%s\"; not \"%s\", want \"%s\"", id, f->seen, f->wanted,
                 seen, wanted);
    }
    for (size_t i = 0; i < s->got.verdict.n; i++) {
        const struct finding *other = &s->got.verdict.finding[i];

        if (other != f && court_refusal(other)) {
            fail_msg("%s refuses too: %s, want %s", other->id, other->seen, other->wanted);
        }
    }
    assert_false(verdict_passed(&s->got.verdict));
}

static inline void
assert_refused(struct td_scene *s, enum judgement want, const char *id, const char *seen,
               const char *wanted)
{
    enum judgement got = td_judge(s);

    assert_only(s, id, seen, wanted);
    assert_int_equal(got, want);
}

static inline void
assert_row(const struct td_scene *s, const char *id, enum outcome want, const char *words)
{
    const struct finding *f = court_finding(s, id);

    if (f->outcome != want ||
        (strstr(f->seen, words) == NULL && strstr(f->wanted, words) == NULL)) {
        fail_msg("%s: %s: %s, %s", id, outcome_name(f->outcome), f->seen, f->wanted);
    }
}

/* One fault: which row refuses, in which words. */
struct bend {
    const char *id, *seen, *wanted;
    void (*bend)(struct td_scene *s);
    enum judgement want;               /* JUDGE_ACCEPT: JUDGE_REJECT is meant */
    unsigned version, type;            /* of the quote; 0: 4 and 2 */
    void (*after)(struct td_scene *s); /* once all is made; may be NULL */
};

static inline void
court_refuses_each(const struct bend *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct bend *b = &rows[i];
        struct td_scene *s = court(b->version != 0 ? b->version : 4, b->type != 0 ? b->type : 2);

        if (b->bend != NULL) {
            b->bend(s);
        }
        td_make(s);
        if (b->after != NULL) {
            b->after(s);
        }
        assert_refused(s, b->want == JUDGE_ACCEPT ? JUDGE_REJECT : b->want, b->id, b->seen,
                       b->wanted);
    }
}

#define COURT_ROWS(rows) court_refuses_each((rows), sizeof(rows) / sizeof(rows)[0])

#endif
