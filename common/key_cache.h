/* SPDX-License-Identifier: Apache-2.0 */
/* key_cache.h - public keys that were read before, by their RFC 7638 thumbprint.
 *
 * Reading a key (curve, point on it) costs a third of a verification; a guest comes back with the same key.  Bounded: a newer key takes the place of an
 * older one.  Holds nothing secret, and decides nothing: a thumbprint is the hash of the key itself. */
#ifndef COMMON_KEY_CACHE_H
#define COMMON_KEY_CACHE_H

#include "attest/base/binding.h"
#include "attest/sig/sig.h"

struct key_cache;

struct key_cache *key_cache_new(size_t slots);
void key_cache_free(struct key_cache **c);

/* On a hit *out is the caller's own, to be released with sig_key_done(). */
bool key_cache_get(struct key_cache *c, const uint8_t jkt[JKT_LEN], struct sig_key *out);

/* Keeps a share of the key; the caller's stays the caller's. */
void key_cache_put(struct key_cache *c, const uint8_t jkt[JKT_LEN], const struct sig_key *key);

#endif
