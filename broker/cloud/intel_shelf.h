/* SPDX-License-Identifier: Apache-2.0 */
/* intel_shelf.h - Intel's collateral in memory: pieces as bytes, and what a quote is judged by put together and verified once.
 *
 * A piece is put there only when it verifies, and never in place of one that is newer: a CRL by its thisUpdate, a document of the same track by its
 * evaluation number and then its issueDate, for as long as the kept one is in its time.  It stays beyond its nextUpdate, so that a verdict can say that
 * it is stale, and a policy that it serves a little longer.  For any thread. */
#ifndef BROKER_CLOUD_INTEL_SHELF_H
#define BROKER_CLOUD_INTEL_SHELF_H

#include "broker/cloud/intel_piece.h"

struct intel_shelf;

/* The anchor is borrowed.  At most fmspc_max (at least 1) FMSPCs: the one used longest ago makes room. */
struct intel_shelf *intel_shelf_new(const struct tdx_anchor *anchor, size_t fmspc_max);
void intel_shelf_free(struct intel_shelf **s);

/* ERR_CONFLICT: a newer one is there. */
enum err intel_shelf_newest(struct intel_shelf *s, const struct intel_said *said, int64_t now,
                            struct why *why) MUST_USE;

/* intel_piece_judge() and intel_shelf_newest(), and copies are put in its place. */
enum err intel_shelf_put(struct intel_shelf *s, const struct intel_piece *p, int64_t now,
                         struct intel_said *out, struct why *why) MUST_USE;

/* Its nextUpdate, unix seconds; false: it is not there. */
bool intel_shelf_until(struct intel_shelf *s, const struct pcs_item *item, int64_t *next_update);

/* The chain of the CA that this CRL (DER) names as its issuer, in *owned (mem_free); empty when none is kept. */
struct slice intel_shelf_chain(struct intel_shelf *s, struct slice crl, uint8_t **owned);

/* Documents of one track for one FMSPC, and the CRLs of one CA; judged, fixed, and shared by all who are given it. */
struct intel_set;

/* What names a set.  ca NONE: documents only, as the early track is asked for. */
struct intel_choice {
    uint8_t fmspc[6];
    enum tdx_pck_ca ca;
    enum pcs_track track;
};

/* To be given back with intel_set_free().  What is not kept is not in it; NULL: nothing at all is. */
struct intel_set *intel_shelf_get(struct intel_shelf *s, const struct intel_choice *choice);
void intel_set_free(struct intel_set **set);

/* They live as long as the set. */
const struct tdx_collateral_facts *intel_set_facts(const struct intel_set *set);

#endif
