/* SPDX-License-Identifier: Apache-2.0 */
/* log_in.h - what the rules of event logs and the predicates share; private to attest/tpm. */
#ifndef ATTEST_TPM_LOG_IN_H
#define ATTEST_TPM_LOG_IN_H

#include "attest/tpm/checks.h"

/* Decode the log once, after the quote; nothing is judged. */
void tpm_log_in_open(struct tpm_in *t);

/* Fill in the values that were not sent; after those that were sent are in their places. */
void tpm_log_lead(struct tpm_in *t);

/* PCRs that predicates read through the log, as bits. */
uint32_t tpm_predicates_logged(const struct tpm_predicates *p);

enum { TPM_EVENT_TEXT = 96 };

struct tpm_event_text {
    char text[TPM_EVENT_TEXT];
};

/* "PCR 7, event 34, EV_EFI_ACTION". */
struct tpm_event_text tpm_event_show(const struct tpm_event *e);

/* Events of one PCR that were extended, in order. */
bool tpm_log_next_of(struct tpm_log_cursor *c, uint32_t pcr, struct tpm_event *out);

/* May a predicate read this PCR through the log, in the banks *banks?  OUTCOME_PASS: yes; anything else is its outcome. */
enum outcome tpm_log_readable(const struct tpm_in *t, size_t pcr, unsigned *banks,
                              struct finding *f);

/* Banks in which the PCR is quoted (without a quote: which the log has), as bits. */
unsigned tpm_banks_of(const struct tpm_in *t, size_t pcr);

#endif
