/* SPDX-License-Identifier: Apache-2.0 */
/* verify.h - `countersign verify TYPE ...`: judge evidence offline, with the code the broker uses.
 *
 * What was wanted and could not be done is a verdict too (`unable`, exit code 3), never silence: a
 * file that cannot be read, a rule of a policy that this version has not.  A wrong command line is
 * exit code 64 and no verdict. */
#ifndef CLIENTS_VERIFY_H
#define CLIENTS_VERIFY_H

#include <jansson.h>

#include "attest/attest.h"
#include "clients/opt.h"
#include "common/roots.h"

/* argv[0] is "verify".  Exit code: 0 accept, 1 reject, 2 malformed, 3 unable, 64 usage. */
int cmd_verify(int argc, char **argv);

/* argv[0] is the type. */
int verify_tpm(int argc, char **argv);
int verify_sev_snp(int argc, char **argv);
int verify_azure_sev_snp(int argc, char **argv);
int verify_tdx(int argc, char **argv);
int verify_azure_tdx(int argc, char **argv);
int verify_event_log(int argc, char **argv);
int verify_amd_chain(int argc, char **argv);
int verify_ak_cert(int argc, char **argv);
int verify_ek_cert(int argc, char **argv);

/* Findings that are made here and not by a check table; for schema/checks.md. */
struct verify_row {
    const char *id;
    const char *spec;
    const char *what;
};

const struct verify_row *verify_rows(size_t *n);

/* A verdict without findings, and no claims. */
void verify_nothing(struct appraisal *a);

/* A verdict of one finding, by the id of a row above. */
void verify_alone(struct appraisal *a, const char *id, enum outcome outcome, const char *seen,
                  const char *wanted);

/* Options that every type has. */
struct verify_common {
    const char *policy, *roots, *at;
    bool json;
};

enum { VERIFY_COMMON = 4 };

void verify_common_options(struct verify_common *c, struct opt rows[VERIFY_COMMON]);

/* --at, or now. */
enum err verify_time(const struct verify_common *c, int64_t *unix_s, struct why *why) MUST_USE;

/* --roots, or the pinned roots of the vendors; release with roots_free().  A folder that is not there is an error, so that a
 * typing error does not look like a missing trust anchor. */
enum err verify_roots(const struct verify_common *c, struct roots **out, struct why *why) MUST_USE;

/* Say what a report of SEV-SNP says, field by field: as proven when it was accepted, else as the word
 * of nobody.  Nothing when there is none that can be read. */
void verify_explain(const struct appraisal *a, const struct evidence *ev);

/* The same of a TD quote, proven when it was verified; then its levels: which were missed, and by what. */
void verify_explain_tdx(const struct appraisal *a, const struct evidence *ev);

/* Print the verdict on `ev`, of which type and report are used (NULL: a certificate);
 * `remark` is what a person should know about an accept, or NULL.  Returns the exit code. */
int verify_print(const struct appraisal *a, const struct evidence *ev, const char *remark,
                 bool as_json);

/* The same of evidence that has claims of its own: an object, borrowed, or NULL; `title` stands above them for a person. */
int verify_print_claims(const struct appraisal *a, json_t *claims, const char *title,
                        const char *remark, bool as_json);

#endif
