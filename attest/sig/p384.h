/* SPDX-License-Identifier: Apache-2.0 */
/* p384.h - points and ECDSA on P-384 by nettle; for attest/sig only.
 *
 * Source: FIPS 186-5 section 6.4.2, SP 800-186 section 3.2.1.4. */
#ifndef ATTEST_SIG_P384_H
#define ATTEST_SIG_P384_H

#include "attest/sig/sig.h"

enum { P384_LEN = 48 }; /* bytes of a coordinate, of r and of s */

/* Both below the prime, and on the curve; infinity has no coordinates.  x and y: P384_LEN bytes. */
bool p384_on_curve(struct slice x, struct slice y);

/* point: x || y of a point on the curve; sig: r || s, each in 1..n-1.  False: it does not verify. */
bool p384_verify(const uint8_t point[2 * P384_LEN], struct slice digest,
                 const uint8_t sig[2 * P384_LEN]);

#endif
