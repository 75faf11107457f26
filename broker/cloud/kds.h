/* SPDX-License-Identifier: Apache-2.0 */
/* kds.h - where AMD's Key Distribution Service has a certificate or a revocation list, as a URL, and the
 * errands that lead there.  Asks nobody.
 *
 * Source: AMD 57230 "Versioned Chip Endorsement Key Certificate and KDS Interface", chapter 4. */
#ifndef BROKER_CLOUD_KDS_H
#define BROKER_CLOUD_KDS_H

#include "broker/cloud/errands.h"
#include "broker/cloud/http_get.h"
#include "broker/cloud/vek_cache.h"

/* base: as http_get_base_check() wants it, at most 255 bytes.  ERR_UNABLE: a product that KDS has no name for. */
enum err kds_vcek_url(const char *base, const struct vek_key *key, char dst[HTTP_GET_URL],
                      struct why *why) MUST_USE;
enum err kds_crl_url(const char *base, enum snp_product product, char dst[HTTP_GET_URL],
                     struct why *why) MUST_USE;

/* What is fetched from there. */
enum kds_what { KDS_VCEK, KDS_CRL };

struct errand_key kds_vcek_errand(const struct vek_key *key);
struct errand_key kds_crl_errand(enum snp_product product);

/* Which key an errand is for; of KDS_CRL only its product counts. */
struct vek_key kds_errand_key(const struct errand_key *errand);

#endif
