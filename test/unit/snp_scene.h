/* SPDX-License-Identifier: Apache-2.0 */
/* snp_scene.h - one verification from both sides: the report that a chip made, the certified key that the verifier knows, what is
 * wanted.  Everything is right until a test makes one thing wrong. */
#ifndef TEST_UNIT_SNP_SCENE_H
#define TEST_UNIT_SNP_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attest/attest.h"
#include "test/unit/snp_soft.h"

enum { SCENE_NOW = 1800000000 };

struct scene {
    enum snp_product product;
    uint8_t report[SNP_REPORT_LEN];
    struct snp_vek vek; /* key owned by scene_key() */
    struct evidence ev;
    struct expectation want;
    struct trust trust;
    struct appraisal got;
};

/* The chip's key and its public half are made once. */
static inline EVP_PKEY *
scene_key(void)
{
    static EVP_PKEY *key;

    if (key == NULL) {
        key = EVP_EC_gen("P-384");
    }
    return key;
}

static inline const struct sig_key *
scene_public(void)
{
    static struct sig_key key;

    if (key.type == KEY_NONE) {
        soft_key(scene_key(), &key);
    }
    return &key;
}

static inline void
scene_open(struct scene *s, enum snp_product product, uint32_t version)
{
    static const char *const CN[] = {"none", "Milan", "Genoa", "Turin"};

    *s = (struct scene){.product = product, .ev = {.type = EVIDENCE_SEV_SNP}};
    soft_report(product, version, s->report);
    for (size_t i = 0; i < SNP_PRODUCTS - 1; i++) {
        struct snp_ca ca = {.present = true, .cn = CN[i + 1], .not_after = 4000000000};

        s->trust.snp.product[i].ark = ca;
        s->trust.snp.product[i].ask = ca;
        s->trust.snp.product[i].asvk = ca;
    }
    s->vek = (struct snp_vek){
        .product = product,
        .kind = SNP_VCEK,
        .hwid_len = soft_product(product)->chip_len,
        .not_after = 1900000000,
        .key = *scene_public(),
    };
    snp_expect_default(&s->want.snp);
}

/* A key for the cloud provider's whole fleet, and a chip that does not tell who it is. */
static inline void
scene_vlek(struct scene *s)
{
    s->vek.kind = SNP_VLEK;
    s->vek.hwid_len = 0;
    (void)snprintf(s->vek.csp_id, sizeof s->vek.csp_id, "CN=cc-test.example");
    s->report[AT_FLAGS] |= SOFT_FLAG_VLEK;
    memset(s->report + AT_CHIP, 0, SNP_CHIP_LEN);
    s->want.snp.allow_masked_chip = true;
}

/* What AMD would certify for this report: the level by the product's layout, and the chip. */
static inline void
scene_certify(struct scene *s)
{
    const uint8_t *t = s->report + AT_REPORTED;

    if (s->product == SNP_TURIN) {
        s->vek.tcb = (struct snp_tcb){t[0], t[1], t[2], t[3], t[7]};
    } else {
        s->vek.tcb = (struct snp_tcb){0, t[0], t[1], t[6], t[7]};
    }
    memcpy(s->vek.hwid, s->report + AT_CHIP, s->vek.hwid_len);
}

static inline enum judgement
judge(struct scene *s)
{
    s->ev.snp.report = (struct slice){s->report, sizeof s->report};
    s->ev.snp.known = &s->vek;
    attest_verify(&s->ev, &s->want, &s->trust, SCENE_NOW, &s->got);
    return verdict_judge(&s->got.verdict);
}

static inline enum judgement
make_and_judge(struct scene *s)
{
    scene_certify(s);
    soft_sign(scene_key(), s->report);
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
    return &s->got.verdict.finding[0];
}

static inline bool
refuses(const struct finding *f)
{
    return f->outcome == OUTCOME_FAIL || f->outcome == OUTCOME_UNABLE ||
           f->outcome == OUTCOME_MALFORMED;
}

static inline void
assert_accepted(struct scene *s)
{
    enum judgement j = make_and_judge(s);

    for (size_t i = 0; i < s->got.verdict.n; i++) {
        const struct finding *f = &s->got.verdict.finding[i];

        if (refuses(f) || f->outcome == OUTCOME_NOT_RUN) {
            print_error("%s: %s: %s, want %s\n", f->id, outcome_name(f->outcome), f->seen,
                        f->wanted);
        }
    }
    assert_int_equal(j, JUDGE_ACCEPT);
}

/* This row refuses, with these words, and no other row does. */
static inline void
assert_only(const struct scene *s, const char *id, const char *seen, const char *wanted)
{
    const struct finding *f = finding(s, id);

    assert_true(refuses(f));
    if (strstr(f->seen, seen) == NULL || strstr(f->wanted, wanted) == NULL) {
        fail_msg("%s says \"%s\", want \"%s\"; not \"%s\", want \"%s\"", id, f->seen, f->wanted,
                 seen, wanted);
    }
    for (size_t i = 0; i < s->got.verdict.n; i++) {
        const struct finding *other = &s->got.verdict.finding[i];

        if (other != f && refuses(other)) {
            fail_msg("%s refuses too: %s, want %s", other->id, other->seen, other->wanted);
        }
    }
    assert_false(verdict_passed(&s->got.verdict));
    assert_int_equal(s->got.snp.version, 0); /* nothing is claimed */
}

static inline void
assert_refused(struct scene *s, const char *id, const char *seen, const char *wanted)
{
    assert_int_not_equal(make_and_judge(s), JUDGE_ACCEPT);
    assert_only(s, id, seen, wanted);
}

/* A row that says that the policy left it open. */
static inline void
assert_ignored(const struct scene *s, const char *id)
{
    assert_int_equal(finding(s, id)->outcome, OUTCOME_IGNORED);
    assert_true(finding(s, id)->wanted[0] != '\0');
}

#endif
