/* SPDX-License-Identifier: Apache-2.0 */
/* oaep.h - RSAES-OAEP encryption with a seed of the caller's.
 *
 * Source: RFC 8017 sections 7.1.1 and B.2.1. */
#ifndef ATTEST_SIG_OAEP_H
#define ATTEST_SIG_OAEP_H

#include "attest/sig/sig.h"

/* What goes into one encryption, borrowed.  The seed is fresh randomness of exactly the hash's length, used once. */
struct oaep {
    unsigned hash_alg; /* of the label and of MGF1 */
    struct slice label, message, seed;
};

/* out: as many bytes as the modulus has, at most SIG_NUMBER_MAX.  ERR_DENIED: not an RSA key, or a hash that we do not take; ERR_LIMIT:
 * the message is too long for the key; ERR_BUG: a seed of another length. */
enum err oaep_encrypt(const struct sig_key *k, const struct oaep *in, uint8_t *out,
                      struct why *why) MUST_USE;

#endif
