/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - SHA-2 over up to HASH_PARTS slices.  SHA-1 exists only so that it can be named and refused.
 *
 * Source: FIPS 180-4; the numbers of enum hash_alg are TPM_ALG_ID (TCG Algorithm Registry). */
#ifndef ATTEST_BASE_HASH_H
#define ATTEST_BASE_HASH_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum hash_alg {
    HASH_SHA1 = 0x0004,
    HASH_SHA256 = 0x000b,
    HASH_SHA384 = 0x000c,
    HASH_SHA512 = 0x000d
};

enum { HASH_MAX = 64, SHA256_LEN = 32, SHA384_LEN = 48, SHA512_LEN = 64 };

/* Digest size in bytes; 0 for anything that is not one of the four. */
size_t hash_len(unsigned alg);

/* "sha256" and so on; "unknown" otherwise. */
const char *hash_name(unsigned alg);

/* TPM_ALG_ID of "sha1", "sha256", "sha384", "sha512"; 0 if none of them. */
unsigned hash_by_name(struct slice name);

/* Hash the concatenation of `n` parts into out[hash_len(alg)].  ERR_DENIED for SHA-1 and unknown. */
enum err hash_parts(unsigned alg, const struct slice *parts, size_t n, uint8_t out[HASH_MAX],
                    struct why *why) MUST_USE;

/* SHA-256 of one slice; cannot fail. */
void hash_sha256(struct slice in, uint8_t out[SHA256_LEN]);

#endif
