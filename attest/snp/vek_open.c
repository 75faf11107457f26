/* SPDX-License-Identifier: Apache-2.0 */
/* vek_open.c - a VEK certificate for keeps: judged once by the rows that never change, then used by many reports; see snp.h.
 *
 * Time, CRL and what a report says are left to the report's verdict.  An intermediate in its place is refused. */
#include "attest/snp/checks.h"

static const struct check ROWS[] = {
    {"vek.malformed", "", snp_rule_vek_malformed, .gate = true},
    {"vek.extensions", "", snp_rule_vek_extensions, .gate = true},
    {"chain.root", "", snp_rule_chain_root, .gate = true},
    {"chain.intermediate", "", snp_rule_chain_intermediate, .gate = true},
    {"vek.issuer", "", snp_rule_vek_issuer, .gate = true},
    {"vek.algorithm", "", snp_rule_vek_algorithm, .gate = true},
    {"chain.signature", "", snp_rule_chain_signature, .gate = true},
    {"vek.kind", "", snp_rule_vek_kind, .gate = true},
    {"vek.product", "", snp_rule_vek_product, .gate = true},
};

enum { ROWS_N = sizeof ROWS / sizeof ROWS[0] };

static enum err
refuse(const struct check *row, const struct finding *f, struct why *why)
{
    enum err code = f->outcome == OUTCOME_MALFORMED ? ERR_MALFORMED
                    : f->outcome == OUTCOME_UNABLE  ? ERR_UNABLE
                                                    : ERR_DENIED;

    return why_add(why, code, "%s: %.70s; want %.60s", row->id, f->seen, f->wanted);
}

/* Only a pass will do: what is set aside was not judged. */
static enum err
rows_pass(const struct snp_in *s, struct why *why)
{
    const struct check_in in = {.snp = s};

    for (size_t i = 0; i < ROWS_N; i++) {
        struct finding f = {0};

        f.outcome = ROWS[i].run(&in, &f);
        if (f.outcome != OUTCOME_PASS) {
            return refuse(&ROWS[i], &f, why);
        }
    }
    return ERR_OK;
}

enum err
snp_vek_open(struct slice cert, const struct snp_anchors *anchors, struct snp_vek *out,
             struct why *why)
{
    static const struct snp_evidence NONE;
    static const struct snp_expect ANY;
    struct snp_in s = {.ev = &NONE, .want = &ANY, .anchors = anchors, .vek_only = true};
    enum err e = ERR_OK;

    if (cert.len == 0) {
        return why_add(why, ERR_MALFORMED, "vek.malformed: empty");
    }
    snp_vek_judge(cert, (struct slice){0}, NULL, anchors, &s.vek);
    e = rows_pass(&s, why);
    if (e == ERR_OK) {
        *out = s.vek.out;
        s.vek.out.key = (struct sig_key){0};
    }
    snp_vek_facts_done(&s.vek);
    return e;
}
