/* SPDX-License-Identifier: Apache-2.0 */
/* verify_input.h - what all types of `countersign verify` read alike: files, hex, PCR values, the
 * policy's row, trusted roots, the time.
 *
 * A file or a policy that cannot be used is a verdict; a word of the command line is not. */
#ifndef CLIENTS_VERIFY_INPUT_H
#define CLIENTS_VERIFY_INPUT_H

#include "clients/verify.h"
#include "common/row.h"

enum { VERIFY_FILE_MAX = 1 << 20, VERIFY_NONCE_MAX = 66, VERIFY_RAW_BANK = 24 * 32 };

/* A file as it was read; bytes NULL: not given. */
struct verify_file {
    uint8_t *bytes;
    size_t len;
};

struct slice verify_bytes(const struct verify_file *f);
void verify_file_done(struct verify_file *f);

struct verify_load {
    const char *path; /* NULL: not given */
    struct verify_file *into;
    bool certificate; /* DER or PEM, kept as DER; else the bytes as they are */
};

/* One file that must be there and not be empty; at most VERIFY_FILE_MAX bytes. */
enum err verify_file_read(const char *path, struct verify_file *into, struct why *why) MUST_USE;

/* The verdict on files that cannot be used. */
void verify_unreadable(struct appraisal *out, const struct why *why);

/* What every type has. */
struct verify_base {
    struct verify_file policy;
    struct roots *roots;
    struct evidence_row *row;
    int64_t at_unix;
};

void verify_base_done(struct verify_base *b);

struct verify_plan {
    enum evidence_type type; /* of the row; without --policy the safe defaults of it hold */
    const struct verify_common *common;
    const struct verify_load *load;
    size_t loads;
};

/* Read the time, the files of `plan`, roots and policy.  ERR_OK and *ready: all of it is there.
 * ERR_OK and not *ready: *out has the verdict.  Anything else: a wrong command line. */
enum err verify_prepare(const struct verify_plan *plan, struct verify_base *base, bool *ready,
                        struct appraisal *out, struct why *why) MUST_USE;

/* Hex of at least one byte, or nothing when the option was not given. */
enum err verify_hex(const char *text, uint8_t *dst, size_t cap, size_t *len,
                    struct why *why) MUST_USE;

/* A product's name, or nothing when the option was not given. */
enum err verify_product(const char *text, enum snp_product *out, struct why *why) MUST_USE;

/* What a quote was asked for. */
struct verify_asked {
    uint8_t nonce[VERIFY_NONCE_MAX], binding[BINDING_LEN];
    size_t nonce_len, binding_len;
    struct tpm_selection select[TPM_BANKS_MAX];
    size_t select_n;
};

struct verify_asked_words {
    const char *nonce, *binding, *select; /* NULL: not given */
};

enum err verify_asked_read(const struct verify_asked_words *w, struct verify_asked *out,
                           struct why *why) MUST_USE;

/* The selection is what was asked for; then the PCRs of the policy must be among them.  `want`
 * borrows from `asked`. */
void verify_asked_narrow(const struct verify_asked *asked, struct expectation *want);

enum { VERIFY_REMARK = 192 };

/* What an accept under this row does not say; NULL when it says all.  `option`: the one that makes
 * it fresh. */
const char *verify_remark(const struct evidence_row *row, const char *option, bool fresh,
                          char dst[VERIFY_REMARK]);

/* PCR values of a file. */
struct verify_pcrs {
    struct tpm_pcr pcr[TPM_PCR_VALUES_MAX];
    size_t n;
    bool whole_bank; /* it was 24 x 32 raw bytes, the sha256 bank */
};

/* Lines "bank:index=hex", and where `raw` says so VERIFY_RAW_BANK bytes too.  False: *out has the
 * verdict. */
bool verify_pcrs_read(const struct verify_file *f, bool raw, struct verify_pcrs *pcrs,
                      struct appraisal *out);

#endif
