/* SPDX-License-Identifier: Apache-2.0 */
/* ecdh.h - one-pass Diffie-Hellman with a P-256 or P-384 key: an ephemeral key out of the caller's randomness.
 *
 * Source: SP 800-56A revision 3 section 6.2.2.2 (C(1e, 1s, ECC CDH)); FIPS 186-5 section A.2.2 (rejection of candidates). */
#ifndef ATTEST_SIG_ECDH_H
#define ATTEST_SIG_ECDH_H

#include "attest/sig/sig.h"

enum { ECDH_FIELD_MAX = 48, ECDH_RANDOM = 2 * ECDH_FIELD_MAX };

/* Wipe with ecdh_done(). */
struct ecdh {
    size_t len; /* bytes of a coordinate; all of them are as long as the field */
    uint8_t x[ECDH_FIELD_MAX], y[ECDH_FIELD_MAX]; /* the ephemeral public key */
    uint8_t peer_x[ECDH_FIELD_MAX];
    uint8_t z[ECDH_FIELD_MAX]; /* secret: x of the shared point */
};

void ecdh_done(struct ecdh *e);

/* random: fresh, used once; a first candidate for the private key, and a second for when that is no number of the group.
 * ERR_DENIED: not a key on P-256 or P-384; ERR_UNABLE: neither candidate will do, once in 2^64 times. */
enum err ecdh_make(const struct sig_key *peer, const uint8_t random[ECDH_RANDOM], struct ecdh *out,
                   struct why *why) MUST_USE;

#endif
