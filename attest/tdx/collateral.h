/* SPDX-License-Identifier: Apache-2.0 */
/* collateral.h - collateral judged beside the quote that it is for, and what the rules ask of it; the rest is declared in tdx.h. */
#ifndef ATTEST_TDX_COLLATERAL_H
#define ATTEST_TDX_COLLATERAL_H

#include "attest/tdx/certificate.h"

/* The PCK CA as far as a CRL of it is judged by it; borrowed. */
struct tdx_crl_ca {
    struct slice subject, issuer; /* DER Names */
    const struct sig_key *key;    /* NULL: there is no CA to judge by */
    uint8_t spki[SHA256_LEN];
};

/* tdx_collateral_judge() with a CA that was decoded, leaning on what was verified with it. */
void tdx_collateral_judge_by(const struct tdx_collateral *bytes, const struct tdx_lean *lean,
                             const struct tdx_crl_ca *ca, struct tdx_collateral_facts *out);

/* `serial`: big-endian without leading zeros. */
bool tdx_crl_lists(const struct tdx_crl_facts *f, const uint8_t *serial, size_t len);

#endif
