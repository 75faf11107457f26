/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_scene.h - one verification from both sides: what a TPM made, what the client sends, what is
 * wanted.  Everything is right until a test makes one thing wrong. */
#ifndef TEST_UNIT_TPM_SCENE_H
#define TEST_UNIT_TPM_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attest/attest.h"
#include "test/unit/tpm_soft.h"

enum { ALL_TRUST = 31, DEFAULT_TRUST = 15 };

/* One case: what the TPM made, what the client sends, what is wanted. */
struct scene {
    struct soft_ak ak;
    struct soft_quote quote;
    struct evidence ev;
    struct expectation want;
    struct trust trust;
    struct soft_bytes area, msg, sig;
    struct tpm_pcr sent[TPM_PCR_VALUES_MAX];
    struct appraisal got;
};

/* Keys are made once: RSA takes a while. */
static inline struct soft_ak *
keys(void)
{
    static struct soft_ak made[SOFT_KINDS];

    for (size_t i = 0; i < SOFT_KINDS && made[i].key == NULL; i++) {
        soft_ak_open((enum soft_kind)i, &made[i]);
    }
    return made;
}

static inline void
send_bank(struct scene *s, const struct soft_select *sel)
{
    for (size_t i = 0; i < s->quote.pcr_n; i++) {
        if (soft_selected(sel, &s->quote.pcr[i]) && s->ev.tpm.pcrs_n < TPM_PCR_VALUES_MAX) {
            s->sent[s->ev.tpm.pcrs_n++] = s->quote.pcr[i];
        }
    }
}

/* The values of the selection, as an honest client sends them. */
static inline void
send_selected(struct scene *s)
{
    s->ev.tpm.pcrs_n = 0;
    for (size_t i = 0; i < s->quote.select_n; i++) {
        send_bank(s, &s->quote.select[i]);
    }
}

static inline void
scene_open(struct scene *s, enum soft_kind kind)
{
    *s = (struct scene){.ak = keys()[kind]};
    soft_quote_open(&s->ak, &s->quote);
    s->want.nonce = (struct slice){s->quote.extra, 32};
    s->want.tpm.ak_trust_allowed = DEFAULT_TRUST;
    s->want.tpm.ak_vouched = true;
    s->ev.type = EVIDENCE_TPM2;
    send_selected(s);
}

/* Write, sign and put in place what the fields say. */
static inline void
scene_make(struct scene *s)
{
    soft_public(&s->ak, &s->area);
    soft_attest(&s->ak, &s->quote, &s->msg);
    soft_sign(&s->ak, &s->quote, &s->msg, &s->sig);
    s->ev.tpm.quote = (struct slice){s->msg.at, s->msg.len};
    s->ev.tpm.signature = (struct slice){s->sig.at, s->sig.len};
    s->ev.tpm.ak = (struct slice){s->area.at, s->area.len};
    s->ev.tpm.pcrs = s->sent;
}

static inline enum judgement
judge(struct scene *s)
{
    attest_verify(&s->ev, &s->want, &s->trust, 1800000000, &s->got);
    return verdict_judge(&s->got.verdict);
}

static inline enum judgement
make_and_judge(struct scene *s)
{
    scene_make(s);
    return judge(s);
}

static inline const struct finding *
finding(const struct scene *s, const char *id)
{
    for (size_t i = 0; i < s->got.verdict.n; i++) {
        if (strcmp(s->got.verdict.finding[i].id, id) == 0) {
            return &s->got.verdict.finding[i];
        }
    }
    fail_msg("no row %s", id);
    return NULL;
}

static inline bool
refuses(const struct finding *f)
{
    return f->outcome == OUTCOME_FAIL || f->outcome == OUTCOME_UNABLE ||
           f->outcome == OUTCOME_MALFORMED;
}

static inline void
show(const struct scene *s)
{
    for (size_t i = 0; i < s->got.verdict.n; i++) {
        const struct finding *f = &s->got.verdict.finding[i];

        if (refuses(f)) {
            print_message("%s: %s; wanted: %s\n", f->id, f->seen, f->wanted);
        }
    }
}

/* `id` refuses, and nothing else does. */
static inline void
assert_only(const struct scene *s, const char *id)
{
    bool only = true;

    for (size_t i = 0; i < s->got.verdict.n; i++) {
        const struct finding *f = &s->got.verdict.finding[i];

        only = only && refuses(f) == (strcmp(f->id, id) == 0);
    }
    if (!only) {
        show(s);
    }
    assert_true(only);
    assert_false(verdict_passed(&s->got.verdict));
}

static inline void
assert_accepted(struct scene *s)
{
    enum judgement j = make_and_judge(s);

    show(s);
    assert_int_equal(j, JUDGE_ACCEPT);
}

struct wrong {
    const char *name;
    void (*spoil)(struct scene *s);
    const char *id;
    enum judgement judgement;
};

/* Each of them, alone, is refused by its rule and by no other, and nothing is claimed. */
static inline void
assert_refused_alone(const struct wrong *wrongs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct scene s;

        scene_open(&s, SOFT_P256);
        wrongs[i].spoil(&s);
        print_message("%s\n", wrongs[i].name);
        assert_int_equal(make_and_judge(&s), wrongs[i].judgement);
        assert_only(&s, wrongs[i].id);
        assert_int_equal(s.got.tpm.pcr_n, 0);
        assert_int_equal(s.got.tpm.ak_trust, AK_TRUST_NONE);
    }
}

#endif
