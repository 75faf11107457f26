/* SPDX-License-Identifier: Apache-2.0 */
/* intel.h - what Intel says about TDX platforms, kept so that no guest waits for Intel: tcbInfo by FMSPC, the identity of the QE, CRLs of the PCK CAs
 * and of the root; and platforms that were verified before.
 *
 * As collateral.h does for AMD: memory (judged, bounded), the ledger (bytes, verified again when they are read), and, behind both, a thread that
 * fetches what is missing and renews at half of its life what is there.  Every function but intel_open() is for any thread; none of them waits
 * for the network.
 *
 * Source: Intel PCS API v4; DESIGN sections 5 and 7. */
#ifndef BROKER_CLOUD_INTEL_H
#define BROKER_CLOUD_INTEL_H

#include "broker/cloud/fetcher.h"
#include "broker/cloud/intel_shelf.h"
#include "broker/store/store.h"

/* Which documents are fetched.  The standard track decides, and the early one is told beside it; with EARLY alone, that one decides. */
enum intel_update { INTEL_STANDARD, INTEL_EARLY, INTEL_BOTH };

struct intel_conf {
    struct fetcher_conf pcs; /* PCS, or a PCCS */
    char root_crl_url[256];  /* of the root's CRL; "": of the PCCS */
    enum intel_update update;
    size_t platforms_max; /* in memory */
    size_t fmspc_max;     /* whose tcbInfo is in memory */
    size_t rows_max;      /* rows of the ledger, of all vendors */
};

/* The bounds that hold unless the configuration says otherwise; nothing is fetched. */
struct intel_conf intel_defaults(void);

struct intel;

/* Store and anchor are borrowed until intel_close(). */
enum err intel_open(const struct intel_conf *conf, struct store *store,
                    const struct tdx_anchor *anchor, struct intel **out, struct why *why) MUST_USE;
void intel_close(struct intel **i);

/* The platform of a quote when it is known: *out is the caller's, to be released with tdx_platform_done(). */
bool intel_platform_get(struct intel *i, const uint8_t key[SHA256_LEN], int64_t now,
                        struct tdx_platform *out);

/* Evidence of this platform was accepted: it is known from now on.  Only then, because whoever has one platform can write its certification data in many
 * ways. */
void intel_platform_keep(struct intel *i, const struct tdx_platform *platform);

/* What such a platform is judged by, as far as it is kept; NULL: nothing is.  To be given back with intel_set_free(). */
struct intel_set *intel_set_get(struct intel *i, const struct tdx_need *need, int64_t now);

/* What the early track says beside it; NULL: it is not kept, or decides itself.  Asked for behind the scenes when it is to be fetched and
 * lacks. */
struct intel_set *intel_early_get(struct intel *i, const struct tdx_need *need, int64_t now);

/* Ask behind the scenes for what such a platform lacks, or what has ended.  This and intel_early_get() only for platforms whose
 * certificates were verified: then an FMSPC is Intel's and not anybody's invention.  Returns in how many seconds to come back, 1 or more. */
int64_t intel_want(struct intel *i, const struct tdx_need *need, int64_t now);

/* What an operator brings: does it verify, and is it in its time?  `row` says what it is, without der.  A PCK CRL may come without its chain when one is
 * kept.  ERR_MALFORMED, ERR_DENIED: no; ERR_CONFLICT: a newer one is kept. */
enum err intel_import_check(struct intel *i, const struct intel_piece *piece, int64_t now,
                            struct collateral_row *row, struct why *why) MUST_USE;

/* The same, and then it is kept.  ERR_BUSY: the ledger is full. */
enum err intel_import(struct intel *i, const struct intel_piece *piece, int64_t now,
                      struct collateral_row *row, struct why *why) MUST_USE;

struct intel_figures {
    size_t platforms;
    unsigned long long known, verified; /* platforms of quotes: from memory, and anew */
    struct fetcher_figures pcs;
};

void intel_figures(struct intel *i, struct intel_figures *out);

#endif
