/* SPDX-License-Identifier: Apache-2.0 */
/* collateral.h - what the rules ask of judged collateral; the judging itself is declared in tdx.h. */
#ifndef ATTEST_TDX_COLLATERAL_H
#define ATTEST_TDX_COLLATERAL_H

#include "attest/tdx/tdx.h"

/* `serial`: big-endian without leading zeros. */
bool tdx_crl_lists(const struct tdx_crl_facts *f, const uint8_t *serial, size_t len);

#endif
