/* SPDX-License-Identifier: Apache-2.0 */
/* pcs.h - what a TDX quote is judged by, piece by piece, and where Intel's Provisioning Certification Service or a caching service (PCCS) of
 * the operator's own has it, as a URL.  Asks nobody.
 *
 * Source: Intel PCS API v4; Intel SGX PCCS design guide (the same paths below another base, and the root's CRL). */
#ifndef BROKER_CLOUD_PCS_H
#define BROKER_CLOUD_PCS_H

#include "attest/tdx/tdx.h"
#include "broker/cloud/errands.h"
#include "broker/cloud/http_get.h"

enum pcs_kind { PCS_TCB_INFO, PCS_QE_IDENTITY, PCS_PCK_CRL, PCS_ROOT_CRL, PCS_KINDS };

/* Intel publishes a TCB recovery early, and makes it the standard some months later. */
enum pcs_track { PCS_STANDARD, PCS_EARLY, PCS_TRACKS };

/* What names a piece; a member that its kind has no use for is zero. */
struct pcs_item {
    enum pcs_kind kind;
    enum pcs_track track; /* TCB_INFO, QE_IDENTITY */
    enum tdx_pck_ca ca;   /* PCK_CRL */
    uint8_t fmspc[6];     /* TCB_INFO */
};

struct pcs_item pcs_tcb_info(const uint8_t fmspc[6], enum pcs_track track);
struct pcs_item pcs_qe_identity(enum pcs_track track);
struct pcs_item pcs_pck_crl(enum tdx_pck_ca ca);
struct pcs_item pcs_root_crl(void);

bool pcs_item_same(const struct pcs_item *a, const struct pcs_item *b);

const char *
pcs_kind_name(enum pcs_kind kind); /* "tcb_info", "qe_identity", "pck_crl", "root_crl" */
const char *pcs_track_name(enum pcs_track track); /* "standard", "early" */

enum { PCS_PRODUCT_TEXT = 16 };

/* FMSPC in lower-case hex, "TD_QE", "platform", "processor" or "root". */
void pcs_product_name(const struct pcs_item *item, char dst[PCS_PRODUCT_TEXT]);

struct errand_key pcs_errand(const struct pcs_item *item);
struct pcs_item pcs_errand_item(const struct errand_key *errand);

/* As http_get_base_check() wants them, at most 255 bytes each. */
struct pcs_place {
    const char *base;
    const char *root_crl; /* of the root's CRL; "": that of a PCCS at `base` */
};

enum err pcs_url(const struct pcs_place *place, const struct pcs_item *item, char dst[HTTP_GET_URL],
                 struct why *why) MUST_USE;

/* The header with the issuer chain; NULL: there is none, the root has signed it. */
const char *pcs_header(enum pcs_kind kind);

#endif
