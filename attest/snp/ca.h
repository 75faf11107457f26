/* SPDX-License-Identifier: Apache-2.0 */
/* ca.h - AMD's certificate authorities: ARK, the ASK that signs VCEKs, the ASVK that signs VLEKs; for attest/snp only.
 *
 * Source: AMD 57230, chapter "Certificates": names, RSA-4096, RSASSA-PSS with SHA-384, CA with pathLenConstraint 0 below the
 * root. */
#ifndef ATTEST_SNP_CA_H
#define ATTEST_SNP_CA_H

#include "attest/snp/snp.h"
#include "attest/x509/x509.h"

enum snp_role { SNP_ROLE_NONE = 0, SNP_ROLE_ARK, SNP_ROLE_ASK, SNP_ROLE_ASVK };

/* "ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan": which are they; false for any other name. */
bool snp_ca_by_cn(struct slice cn, enum snp_product *product, enum snp_role *role);

/* VCEK of an ASK, VLEK of an ASVK; NONE of an ARK. */
enum snp_vek_kind snp_ca_signs(enum snp_role role);

/* The anchor in that role; NULL when it is not present. */
const struct snp_ca *snp_ca_find(const struct snp_anchors *anchors, enum snp_product product,
                                 enum snp_role role);

/* basicConstraints says CA. */
bool snp_ca_claims(const struct x509_leaf *leaf);

/* AMD's profile of a CA in this role: v3, its subject, a positive serial number, RSA-4096, critical basicConstraints (pathLen 0
 * below the root), keyCertSign (and cRLSign at the root), nothing else critical.  Signature and issuer are not looked at.
 * `out` owns its key.  ERR_MALFORMED, ERR_DENIED. */
enum err snp_ca_read(const struct x509_leaf *leaf, enum snp_product product, enum snp_role role,
                     struct snp_ca *out, struct why *why) MUST_USE;

/* Issued by this ARK: its name as issuer, AMD's signature algorithm, its signature. */
enum err snp_ca_issued(const struct x509_leaf *leaf, enum snp_product product,
                       const struct snp_ca *ark, struct why *why) MUST_USE;

/* AMD's signature over what is signed, by this CA; the algorithm was looked at. */
enum err snp_ca_verify(const struct snp_ca *ca, struct slice tbs, struct slice signature,
                       struct why *why) MUST_USE;

void snp_ca_done(struct snp_ca *ca);

#endif
