/* SPDX-License-Identifier: Apache-2.0 */
/* vek_cache.h - VCEKs that were verified before, in memory, by (product, chip, TCB).
 *
 * Never by a certificate's hash: AMD issues the same key again with other dates.  A look-up costs the same whether one chip is known
 * or all that fit; the one used longest ago makes room for a new one.  What comes out is the caller's own copy, so an entry may be
 * replaced meanwhile.  Some 350 bytes for each chip, and its certificate while nobody has kept that elsewhere.  Holds VCEKs only: which VLEK
 * signed a report does not show in the report, so a VLEK comes with it. */
#ifndef BROKER_CLOUD_VEK_CACHE_H
#define BROKER_CLOUD_VEK_CACHE_H

#include "attest/snp/snp.h"

/* What names a VCEK.  chip: padded with zeros as in a report. */
struct vek_key {
    enum snp_product product;
    uint8_t chip[SNP_CHIP_LEN];
    struct snp_tcb tcb;
};

enum { VEK_KEY_BYTES = 1 + SNP_CHIP_LEN + 5 };

bool vek_key_same(const struct vek_key *a, const struct vek_key *b);

/* The same as bytes that name it: product, chip, TCB. */
void vek_key_write(const struct vek_key *key, uint8_t out[VEK_KEY_BYTES]);
struct vek_key vek_key_read(const uint8_t in[VEK_KEY_BYTES]);

struct vek_cache;

/* At most `max` (at least 1) entries; memory is taken as they come. */
struct vek_cache *vek_cache_new(size_t max);
void vek_cache_free(struct vek_cache **c);

/* On a hit *out is the caller's, to be released with snp_vek_done(). */
bool vek_cache_get(struct vek_cache *c, const struct vek_key *key, struct snp_vek *out);

/* Copies; the place of one with the same key is taken.  Anything but a VCEK with a P-384 key is left out.  der: its certificate
 * for vek_cache_take(), or empty. */
void vek_cache_put(struct vek_cache *c, const struct vek_key *key, const struct snp_vek *vek,
                   struct slice der);

/* The certificate that was put there, for whoever comes first, and how many bytes it has; 0 ever after.  *der is the caller's (mem_free). */
size_t vek_cache_take(struct vek_cache *c, const struct vek_key *key, uint8_t **der);

size_t vek_cache_count(struct vek_cache *c);

#endif
