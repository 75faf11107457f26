/* SPDX-License-Identifier: Apache-2.0 */
/* platform_cache.h - TDX platforms that were verified before, in memory, by the digest of a quote's attestation key and certification data.
 *
 * These stay as they are for as long as a machine is up, so all that is left to verify of a further quote is one signature.  Time and collateral are no
 * part of it: they are judged with each quote.  A look-up costs the same whether one platform is known or all that fit; the one used longest ago makes
 * room.  Some 700 bytes for each, and OpenSSL's key. */
#ifndef BROKER_CLOUD_PLATFORM_CACHE_H
#define BROKER_CLOUD_PLATFORM_CACHE_H

#include "attest/tdx/tdx.h"

struct platform_cache;

/* At most `max` (at least 1) entries; memory is taken as they come. */
struct platform_cache *platform_cache_new(size_t max);
void platform_cache_free(struct platform_cache **c);

/* On a hit *out is the caller's, to be released with tdx_platform_done().  One whose certificates have ended is none. */
bool platform_cache_get(struct platform_cache *c, const uint8_t key[SHA256_LEN], int64_t now,
                        struct tdx_platform *out);

/* Keeps a share of its key; the caller's stays the caller's.  By platform->key. */
void platform_cache_put(struct platform_cache *c, const struct tdx_platform *platform);

size_t platform_cache_count(struct platform_cache *c);

#endif
