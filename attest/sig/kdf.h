/* SPDX-License-Identifier: Apache-2.0 */
/* kdf.h - keys out of secrets, and what is done with them: two derivations, HMAC, AES in CFB mode.
 *
 * Sources: SP 800-108 section 4.1 (counter mode), SP 800-56C revision 2 section 4 (one step, with a hash), FIPS 198-1, SP 800-38A
 * section 6.3 (CFB128). */
#ifndef ATTEST_SIG_KDF_H
#define ATTEST_SIG_KDF_H

#include "attest/base/hash.h"

enum { CFB_KEY_MAX = 32 };

/* Where a derived key goes. */
struct kdf_out {
    uint8_t *key;
    size_t len; /* bytes wanted */
};

/* HMAC-based, a 32-bit counter before and the bits wanted after label, zero byte and context. */
enum err kdf_counter(unsigned hash_alg, struct slice secret, struct slice label,
                     struct slice context, const struct kdf_out *out, struct why *why) MUST_USE;

/* H(counter || secret || info), a 32-bit counter. */
enum err kdf_one_step(unsigned hash_alg, struct slice secret, struct slice info,
                      const struct kdf_out *out, struct why *why) MUST_USE;

/* mac: hash_len(hash_alg) bytes. */
enum err kdf_hmac(unsigned hash_alg, struct slice key, struct slice data, uint8_t *mac,
                  struct why *why) MUST_USE;

/* AES-128 or AES-256 by the key's length, IV of zeros, out: as long as `in`; encrypts. */
enum err kdf_cfb_encrypt(struct slice key, struct slice in, uint8_t *out, struct why *why) MUST_USE;

/* All of them: ERR_DENIED, a hash or key length that we do not take; ERR_UNABLE, the library fails. */

#endif
