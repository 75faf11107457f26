/* SPDX-License-Identifier: Apache-2.0 */
/* shortfall.h - which SVN is short of a level, and by how much. */
#ifndef ATTEST_TDX_SHORTFALL_H
#define ATTEST_TDX_SHORTFALL_H

#include "attest/tdx/evaluate.h"

/* What this level asks for and the platform has not, at most `cap` of it; returns how many there are in all. */
size_t tdx_shortfalls(const struct tdx_tcb_info *tcb, const struct tdx_level *level,
                      const struct tdx_svns *s, struct slice svn, struct tdx_shortfall *out,
                      size_t cap);

/* Fill out->missed with the levels above `matched` (NULL: all), the nearest first. */
void tdx_explain(const struct tdx_tcb_info *tcb, const struct tdx_svns *s,
                 const struct tdx_level *matched, struct tdx_tcb_result *out);

#endif
