/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - one kind of evidence through its tables; for attest/attest.c only.  *out is begun. */
#ifndef ATTEST_RUN_H
#define ATTEST_RUN_H

#include "attest/attest.h"

void run_tdx(const struct evidence *ev, const struct expectation *want, const struct trust *trust,
             int64_t at_unix, struct appraisal *out);
void run_azure_tdx(const struct evidence *ev, const struct expectation *want,
                   const struct trust *trust, int64_t at_unix, struct appraisal *out);

#endif
