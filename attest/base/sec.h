/* SPDX-License-Identifier: Apache-2.0 */
/* sec.h - the two things one does with secrets: compare without leaking where, and wipe. */
#ifndef ATTEST_BASE_SEC_H
#define ATTEST_BASE_SEC_H

#include "attest/base/slice.h"

/* Equal length and equal bytes; the time depends on the lengths only. */
bool sec_equal(struct slice a, struct slice b);

/* Overwrite; never optimised away. */
void sec_zero(void *ptr, size_t len);

#endif
