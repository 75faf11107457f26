/* SPDX-License-Identifier: Apache-2.0 */
/* curve.h - facts about the curves; for attest/sig only.
 *
 * Source: SP 800-186 section 3.2.1 (orders), RFC 5480 section 2.1.1.1 (object identifiers). */
#ifndef ATTEST_SIG_CURVE_H
#define ATTEST_SIG_CURVE_H

#include "attest/sig/sig.h"

enum { FIELD_MAX = 66 };

struct curve_facts {
    size_t len;           /* bytes of a coordinate, and of the order */
    const char *group;    /* OpenSSL's name */
    struct slice oid;     /* contents of the OBJECT IDENTIFIER */
    const uint8_t *order; /* big-endian, `len` bytes */
};

/* NULL for CURVE_NONE and anything unknown. */
const struct curve_facts *curve_facts(enum sig_curve curve);

/* CURVE_NONE when it is none of ours. */
enum sig_curve curve_by_oid(struct slice oid);

#endif
