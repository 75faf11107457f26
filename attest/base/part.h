/* SPDX-License-Identifier: Apache-2.0 */
/* part.h - how reading one input went, kept until its rule is asked. */
#ifndef ATTEST_BASE_PART_H
#define ATTEST_BASE_PART_H

#include "attest/base/err.h"
#include "attest/base/verdict.h"

struct part {
    bool given; /* false: the caller has none, and `err` means nothing */
    enum err err;
    char why[FINDING_TEXT]; /* the innermost cause; "" when it went well */
};

struct part part_note(enum err err, const struct why *why);

/* Was it read and did it decode? */
bool part_ok(const struct part *p);

/* Nobody's fault but ours: to be reported as unable, never as denied. */
bool part_unable(const struct part *p);

#endif
