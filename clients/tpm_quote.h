/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_quote.h - a quote together with the PCR values that it is about.
 *
 * PCRs may be extended between reading and quoting; the pair is taken again until the values give
 * the signed digest, at most QUOTE_TRIES times. */
#ifndef CLIENTS_TPM_QUOTE_H
#define CLIENTS_TPM_QUOTE_H

#include "clients/tpm.h"

enum { QUOTE_TRIES = 5 };

struct pcr_choice { /* exactly these, in this order */
    struct tpm_selection select[TPM_BANKS_MAX];
    size_t n;
};

struct pcr_values {
    struct tpm_pcr pcr[TPM_PCR_VALUES_MAX]; /* in the order of the choice, ascending index */
    size_t n;
};

struct quote_pair {
    uint8_t attest[TPM_ATTEST_MAX]; /* TPMS_ATTEST */
    size_t attest_len;
    uint8_t signature[TPM_SIGNATURE_MAX]; /* TPMT_SIGNATURE */
    size_t signature_len;
    struct pcr_values values;
};

/* text: "sha256:0,2,4,7+sha384:0". */
enum err pcr_choice_parse(const char *text, struct pcr_choice *out, struct fault *f) MUST_USE;

/* ERR_UNABLE, code tpm_bank: the TPM has not allocated a bank. */
enum err pcrs_read(struct device *d, const struct pcr_choice *which, struct pcr_values *out,
                   struct fault *f) MUST_USE;

/* *same: the values give the digest that was signed.  ERR_UNABLE, code tpm_bank: another selection
 * was quoted, as happens for a bank that is not allocated. */
enum err quote_check(const struct quote_pair *pair, const struct pcr_choice *which, bool *same,
                     struct fault *f) MUST_USE;

/* extra: the quote's extraData, BINDING_LEN bytes for our broker. */
enum err quote_take(const struct ak *ak, const struct pcr_choice *which, struct slice extra,
                    struct quote_pair *out, struct fault *f) MUST_USE;

#endif
