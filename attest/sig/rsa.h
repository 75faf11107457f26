/* SPDX-License-Identifier: Apache-2.0 */
/* rsa.h - RSA signatures by number and encoding; for attest/sig only.
 *
 * Source: RFC 8017 sections 8.1.2, 8.2.2, 9.1.2, 9.2 and B.2.1. */
#ifndef ATTEST_SIG_RSA_H
#define ATTEST_SIG_RSA_H

#include "attest/sig/sig.h"

/* Any length of salt that the encoding shows. */
#define RSA_SALT_ANY SIZE_MAX

/* Key: one of KEY_RSA.  sig: as long as the modulus, which the caller has seen to.  The hash is one that hash_len() knows.
 * ERR_DENIED: it does not verify; ERR_UNABLE: the hash could not be computed. */
enum err rsa_verify_pkcs1(const struct sig_key *k, unsigned hash_alg, struct slice msg,
                          struct slice sig, struct why *why) MUST_USE;
enum err rsa_verify_pss(const struct sig_key *k, unsigned hash_alg, size_t salt_len,
                        struct slice msg, struct slice sig, struct why *why) MUST_USE;

/* MGF1 (appendix B.2.1) of the seed, added to `block`, which has fewer than 256 digests. */
enum err rsa_mask(unsigned hash_alg, struct slice seed, uint8_t *block, size_t len,
                  struct why *why) MUST_USE;

#endif
