/* SPDX-License-Identifier: Apache-2.0 */
/* snp_court.h - a report with its certificate, chain and CRL before the whole table of rows; everything is right until a test makes one
 * thing wrong.  The scene of snp_scene.h, with a certificate of amd_desk.h in place of a key that is known already. */
#ifndef TEST_UNIT_SNP_COURT_H
#define TEST_UNIT_SNP_COURT_H

#include "test/unit/snp_scene.h"

#include "test/unit/amd_desk.h"

struct court {
    struct scene scene;
    struct amd_cert cert;
    struct amd_der der; /* of the certificate; court_close() makes it */
    struct slice sent;  /* instead of it, when not empty */
    struct slice crl, table, ask;
    bool no_vek;
};

static inline void
court_open(struct court *c, enum snp_product product, bool vlek)
{
    *c = (struct court){.cert = amd_vek(product, vlek, scene_key())};
    scene_open(&c->scene, product, 3);
    c->scene.trust.snp = (struct snp_anchors){0};
    amd_trust(product, &c->scene.trust.snp);
    if (vlek) {
        scene_vlek(&c->scene);
    }
}

static inline void
court_done(struct court *c)
{
    snp_anchors_done(&c->scene.trust.snp);
}

static inline void
court_fill(struct court *c)
{
    struct snp_evidence *ev = &c->scene.ev.snp;

    c->der = amd_make(&c->cert);
    ev->report = (struct slice){c->scene.report, sizeof c->scene.report};
    ev->vek = c->no_vek ? (struct slice){0} : c->sent.len > 0 ? c->sent : amd_slice(&c->der);
    ev->crl = c->crl;
    ev->cert_table = c->table;
}

/* The report and its certificate. */
static inline enum judgement
court_judge(struct court *c, int64_t at_unix)
{
    court_fill(c);
    soft_sign(scene_key(), c->scene.report);
    attest_verify(&c->scene.ev, &c->scene.want, &c->scene.trust, at_unix, &c->scene.got);
    return verdict_judge(&c->scene.got.verdict);
}

/* The certificate alone. */
static inline enum judgement
court_chain(struct court *c, int64_t at_unix)
{
    court_fill(c);
    attest_verify_amd_chain(&c->scene.ev.snp, c->ask, &c->scene.want, &c->scene.trust, at_unix,
                            &c->scene.got);
    return verdict_judge(&c->scene.got.verdict);
}

static inline void
court_print(const struct court *c)
{
    for (size_t i = 0; i < c->scene.got.verdict.n; i++) {
        const struct finding *f = &c->scene.got.verdict.finding[i];

        if (refuses(f)) {
            print_error("%s: %s: %s; want %s\n", f->id, outcome_name(f->outcome), f->seen,
                        f->wanted);
        }
    }
}

static inline void
court_accepts(struct court *c, int64_t at_unix)
{
    enum judgement j = court_judge(c, at_unix);

    if (j != JUDGE_ACCEPT) {
        court_print(c);
    }
    assert_int_equal(j, JUDGE_ACCEPT);
}

/* That row alone refuses, in these words. */
static inline void
court_refuses(struct court *c, const char *id, const char *seen, const char *wanted)
{
    enum judgement j = court_judge(c, AMD_NOW);

    if (j == JUDGE_ACCEPT) {
        fail_msg("accepted, want %s: %s", id, seen);
    }
    assert_only(&c->scene, id, seen, wanted);
}

/* One fault: which row refuses, in which words. */
struct bend {
    const char *id, *seen, *wanted;
    void (*bend)(struct court *c);
};

static inline void
court_refuses_each(enum snp_product product, bool vlek, const struct bend *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO(court_done) struct court c;

        court_open(&c, product, vlek);
        rows[i].bend(&c);
        court_refuses(&c, rows[i].id, rows[i].seen, rows[i].wanted);
    }
}

#endif
