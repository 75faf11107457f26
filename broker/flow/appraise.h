/* SPDX-License-Identifier: Apache-2.0 */
/* appraise.h - evidence against a policy: which alternative, which reference values, what comes of it. */
#ifndef BROKER_FLOW_APPRAISE_H
#define BROKER_FLOW_APPRAISE_H

#include "broker/flow/evidence.h"
#include "broker/policy/policy.h"

/* What the alternative came to that was accepted, or else that came nearest. */
struct appraised {
    enum judgement judgement;
    struct appraisal *piece[POLICY_ROWS]; /* owned; one per row of the alternative */
    enum evidence_type type[POLICY_ROWS];
    bool compared[POLICY_ROWS]; /* what runs there was compared with reference values */
    size_t pieces;
    int64_t valid_until;
    struct {
        char id[64];
        int64_t version;
    } set[POLICY_ROWS]; /* reference sets it rested on */
    size_t sets;
};

void appraised_free(struct appraised **a);

/* Judge every alternative whose types are those of the evidence, until one accepts.  Never fails: what cannot be judged is a verdict too.
 * The book must be entered while this runs. */
void appraise(const struct attest_ask *ask, const struct policy *policy,
              const struct policy_book *book, const struct trust *trust, int64_t now,
              struct appraised **out);

/* JSON text of all findings: [{"evidence","id","spec","outcome","seen","wanted"}]; mem_free_text. */
char *appraised_findings(const struct appraised *a);

/* Ids of the checks that did not pass, separated by one blank, cut at cap. */
void appraised_failed(const struct appraised *a, char *dst, size_t cap);

/* The submods object of an EAR (protocols.md 3.2): one appraisal per piece of evidence; mem_free_text. */
char *appraised_submods(const struct appraised *a, const struct policy *policy);

#endif
