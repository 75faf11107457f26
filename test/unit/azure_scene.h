/* SPDX-License-Identifier: Apache-2.0 */
/* azure_scene.h - one verification of an Azure guest from both sides: the chip's report, the paravisor's claims, the vTPM's quote, and
 * what is wanted.  Everything is right until a test makes one thing wrong. */
#ifndef TEST_UNIT_AZURE_SCENE_H
#define TEST_UNIT_AZURE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attest/attest.h"
#include "test/unit/azure_soft.h"

/* Both software makers have helpers of these names. */
#define soft_number snp_soft_number
#define soft_sign   snp_soft_sign
#include "test/unit/snp_soft.h"
#undef soft_number
#undef soft_sign

enum { SCENE_NOW = 1800000000 };

struct scene {
    struct soft_ak ak;
    struct soft_quote quote;
    struct soft_hcl hcl;
    struct soft_bytes msg, sig;
    struct tpm_pcr sent[TPM_PCR_VALUES_MAX];
    struct snp_vek vek; /* key owned by scene_public() */
    struct evidence ev;
    struct expectation want;
    struct trust trust;
    struct appraisal got;
};

/* Keys are made once: the chip's, and two attestation keys. */
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

static inline const struct soft_ak *
scene_ak(size_t which)
{
    static struct soft_ak made[2];

    for (size_t i = 0; i < 2 && made[i].key == NULL; i++) {
        soft_ak_open(SOFT_RSASSA, &made[i]);
    }
    return &made[which];
}

static inline void
scene_trust(struct scene *s)
{
    for (size_t i = 0; i < SNP_PRODUCTS - 1; i++) {
        struct snp_ca ca = {.present = true, .cn = "test", .not_after = 4000000000};

        s->trust.snp.product[i].ark = ca;
        s->trust.snp.product[i].ask = ca;
        s->trust.snp.product[i].asvk = ca;
    }
    s->vek = (struct snp_vek){
        .product = SNP_MILAN,
        .kind = SNP_VCEK,
        .hwid_len = SNP_CHIP_LEN,
        .not_after = 1900000000,
        .key = *scene_public(),
        .tcb = {0, 4, 0, 24, 219},
    };
    memcpy(s->vek.hwid, s->hcl.report + AT_CHIP, SNP_CHIP_LEN);
    s->ev.snp.known = &s->vek;
}

static inline void
scene_open(struct scene *s)
{
    char n[1024];

    *s = (struct scene){.ak = *scene_ak(0), .ev = {.type = EVIDENCE_AZURE_SEV_SNP}};
    soft_modulus(&s->ak, n);
    soft_hcl_open(n, &s->hcl);
    soft_report(SNP_MILAN, 3, s->hcl.report);
    soft_commit(&s->hcl);
    scene_trust(s);
    soft_quote_open(&s->ak, &s->quote);
    for (size_t i = 0; i < s->quote.pcr_n; i++) {
        if (soft_selected(&s->quote.select[0], &s->quote.pcr[i])) {
            s->sent[s->ev.tpm.pcrs_n++] = s->quote.pcr[i];
        }
    }
    s->want.binding = (struct slice){s->quote.extra, BINDING_LEN};
    snp_expect_default(&s->want.snp);
}

/* The report is signed, the blob written, the quote made, by what the fields say now. */
static inline void
scene_make(struct scene *s)
{
    snp_soft_sign(scene_key(), s->hcl.report);
    soft_hcl_write(&s->hcl);
    soft_attest(&s->ak, &s->quote, &s->msg);
    soft_sign(&s->ak, &s->quote, &s->msg, &s->sig);
    s->ev.hcl = soft_blob(&s->hcl);
    s->ev.tpm.quote = (struct slice){s->msg.at, s->msg.len};
    s->ev.tpm.signature = (struct slice){s->sig.at, s->sig.len};
    s->ev.tpm.pcrs = s->sent;
}

static inline enum judgement
judge(struct scene *s)
{
    attest_verify(&s->ev, &s->want, &s->trust, SCENE_NOW, &s->got);
    return verdict_judge(&s->got.verdict);
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

/* Nothing that was not accepted is claimed. */
static inline void
assert_unclaimed(const struct scene *s)
{
    assert_false(verdict_passed(&s->got.verdict));
    assert_int_equal(s->got.snp.version, 0);
    assert_int_equal(s->got.tpm.pcr_n, 0);
    assert_int_equal(s->got.tpm.ak_trust, AK_TRUST_NONE);
}

/* Exactly these rows refuse; ids ends with NULL. */
static inline void
assert_rows(const struct scene *s, const char *const *ids)
{
    size_t want = 0;
    size_t seen = 0;

    for (; ids[want] != NULL; want++) {
        if (!refuses(finding(s, ids[want]))) {
            fail_msg("%s does not refuse", ids[want]);
        }
    }
    for (size_t i = 0; i < s->got.verdict.n; i++) {
        const struct finding *f = &s->got.verdict.finding[i];

        seen += refuses(f);
        if (refuses(f)) {
            print_message("  %s: %s; want %s\n", f->id, f->seen, f->wanted);
        }
    }
    assert_int_equal(seen, want);
    assert_unclaimed(s);
}

static inline void
assert_accepted(struct scene *s)
{
    enum judgement j = judge(s);

    for (size_t i = 0; i < s->got.verdict.n; i++) {
        const struct finding *f = &s->got.verdict.finding[i];

        if (refuses(f) || f->outcome == OUTCOME_NOT_RUN) {
            print_error("%s: %s: %s, want %s\n", f->id, outcome_name(f->outcome), f->seen,
                        f->wanted);
        }
    }
    assert_int_equal(j, JUDGE_ACCEPT);
}

#endif
