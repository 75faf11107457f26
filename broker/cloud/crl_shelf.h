/* SPDX-License-Identifier: Apache-2.0 */
/* crl_shelf.h - the revocation list of each product, verified, in memory.
 *
 * A list is put there only when its product's ARK has signed it, and never in place of one that is newer: nobody takes a
 * revocation back by bringing an older list.  It stays until a newer one comes, also beyond its nextUpdate, so that a verdict can say
 * that it is stale.  Source: AMD 57230, chapter "Certificate Revocation List"; RFC 5280 section 5. */
#ifndef BROKER_CLOUD_CRL_SHELF_H
#define BROKER_CLOUD_CRL_SHELF_H

#include "attest/snp/snp.h"

struct crl_shelf;

/* Anchors are borrowed. */
struct crl_shelf *crl_shelf_new(const struct snp_anchors *anchors);
void crl_shelf_free(struct crl_shelf **s);

struct crl_said {
    enum snp_product product; /* whose ARK has signed it */
    int64_t next_update;      /* unix seconds */
};

/* der: one list.  ERR_MALFORMED; ERR_DENIED: not signed by an ARK that is trusted; ERR_CONFLICT: a newer one is there. */
enum err crl_shelf_check(struct crl_shelf *s, struct slice der, struct crl_said *out,
                         struct why *why) MUST_USE;

/* The same, and a copy is put in its place. */
enum err crl_shelf_put(struct crl_shelf *s, struct slice der, struct crl_said *out,
                       struct why *why) MUST_USE;

/* A copy (mem_free); empty when there is none. */
struct slice crl_shelf_get(struct crl_shelf *s, enum snp_product product);

/* What the product's list comes to for the intermediate that signs VEKs of this kind; false when there is none, or no such
 * intermediate is trusted. */
bool crl_shelf_known(struct crl_shelf *s, enum snp_product product, enum snp_vek_kind kind,
                     struct snp_crl_known *out);

/* Seconds until half of its life is over, when it is time for a new one; 0 when it is over, or when there is none. */
int64_t crl_shelf_half_s(struct crl_shelf *s, enum snp_product product, int64_t now);

#endif
