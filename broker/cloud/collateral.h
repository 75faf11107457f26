/* SPDX-License-Identifier: Apache-2.0 */
/* collateral.h - what AMD says about chips, kept so that no guest waits for AMD: VCEK certificates by (product, chip, TCB),
 * revocation lists by product.
 *
 * Three places: memory (verified keys, bounded), the ledger (bytes, verified again when they are read), and, behind both, a thread that
 * fetches what is missing (fetcher.h).  Every function but collateral_open() is for any thread; none of them waits for the network.
 * Nothing is kept that does not verify under the anchors: certificates by their chain, lists by the ARK's signature.
 *
 * Source: AMD 57230; DESIGN sections 5 and 7. */
#ifndef BROKER_CLOUD_COLLATERAL_H
#define BROKER_CLOUD_COLLATERAL_H

#include "attest/snp/snp.h"
#include "broker/cloud/fetcher.h"
#include "broker/cloud/intel.h"
#include "broker/store/store.h"

struct collateral_conf {
    size_t cached_max; /* VCEKs in memory */
    size_t rows_max;   /* rows of the ledger */
    struct fetcher_conf amd;
    struct intel_conf intel; /* the other vendor, which has its own file (intel.h) */
};

/* The bounds that hold unless the configuration says otherwise; nothing is fetched. */
struct collateral_conf collateral_defaults(void);

struct collateral;

/* Store and anchors are borrowed until collateral_close().  Reads the lists that are kept, and starts to fetch when conf says so. */
enum err collateral_open(const struct collateral_conf *conf, struct store *store,
                         const struct snp_anchors *anchors, struct collateral **out,
                         struct why *why) MUST_USE;
void collateral_close(struct collateral **c);

/* Where something came from. */
enum collateral_source { COLLATERAL_EVIDENCE, COLLATERAL_IMPORT, COLLATERAL_FETCH };

/* The VCEK that this report needs, when it is kept and in its time.  *out is the caller's, to be released with snp_vek_done().
 * need->product NONE (a report of version 2): looked for under each product. */
bool collateral_vek_get(struct collateral *c, const struct snp_need *need, int64_t now,
                        struct snp_vek *out);

/* A certificate that came with evidence (DER or PEM): does it verify, and is it this report's?  ERR_MALFORMED, ERR_DENIED as
 * snp_vek_open(), and ERR_DENIED when it is another's. */
enum err collateral_vek_check(const struct collateral *c, struct slice cert,
                              const struct snp_need *need, struct snp_vek *out,
                              struct why *why) MUST_USE;

/* Evidence that rests on this VCEK was accepted: from now on the ledger keeps it.  cert: its bytes (DER or PEM) when they came with
 * the evidence, else empty.  Once it is kept this costs nothing.  Only then, because AMD certifies a chip at any TCB that is asked for:
 * else whoever has one chip could fill the ledger.  ERR_BUSY: it holds as many rows as it may; the VCEK serves from memory all the same. */
enum err collateral_vek_keep(struct collateral *c, struct slice cert, const struct snp_vek *vek,
                             int64_t now, struct why *why) MUST_USE;

/* The product's revocation list as a copy (mem_free), whatever its age; empty when none is kept. */
struct slice collateral_crl_get(struct collateral *c, enum snp_product product);

/* What that list comes to for VEKs of this kind, verified before; false when there is none. */
bool collateral_crl_known(struct collateral *c, enum snp_product product, enum snp_vek_kind kind,
                          struct snp_crl_known *out);

/* Ask for the VCEK behind the scenes.  What can be fetched is a VCEK of a trusted product, by a chip id that is not masked.
 * Returns in how many seconds to come back, 1 or more. */
int64_t collateral_want(struct collateral *c, const struct snp_need *need);

enum collateral_kind { COLLATERAL_VEK, COLLATERAL_CRL };

/* What an operator brings, as bytes (DER or PEM): does it verify?  `row` says what it is, without der.  ERR_MALFORMED, ERR_DENIED:
 * it does not, or is not in its time, or is a VLEK (which evidence brings); ERR_CONFLICT: a newer list is kept. */
enum err collateral_import_check(struct collateral *c, enum collateral_kind kind,
                                 struct slice bytes, int64_t now, struct collateral_row *row,
                                 struct why *why) MUST_USE;

/* The same, and then it is kept.  ERR_BUSY: the ledger is full. */
enum err collateral_import(struct collateral *c, enum collateral_kind kind, struct slice bytes,
                           int64_t now, struct collateral_row *row, struct why *why) MUST_USE;

struct collateral_figures {
    size_t cached;
    unsigned long long from_memory, from_ledger, missing;
    struct fetcher_figures amd;
};

void collateral_figures(struct collateral *c, struct collateral_figures *out);

#endif
