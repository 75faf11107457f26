/* SPDX-License-Identifier: Apache-2.0 */
/* platform.h - the certification data of a quote: PCK chain, SGX extension, QE report and attestation key.
 *
 * tdx_platform_judge() decodes and computes; rows in checks.c only read the facts. */
#ifndef ATTEST_TDX_PLATFORM_H
#define ATTEST_TDX_PLATFORM_H

#include "attest/tdx/pck.h"
#include "attest/tdx/quote.h"

struct tdx_platform_facts {
    bool from_known;
    struct part
        chain; /* pck.chain: three certificates, each issued by the next, with Intel's names */
    bool root_pinned;        /* pck.root */
    struct part extension;   /* pck.extension */
    bool qe_signature_ok;    /* qe.signature: by the PCK leaf */
    bool qe_data_ok;         /* qe.report_data: SHA-256(attestation key || QE auth data) || zeros */
    struct part ak;          /* tdquote.key: a point on P-256 */
    struct tdx_platform out; /* as far as decoded; `ak` owned */
    struct tdx_chain certs;  /* owned; none when the platform was known */
};

/* Places in the chain of a quote. */
enum { TDX_PCK_LEAF = 0, TDX_PCK_CA = 1, TDX_PCK_ROOT = 2, TDX_PCK_CHAIN = 3 };

/* *out is zeroed, and is not copied afterwards: it borrows from itself. */
void tdx_platform_judge(const struct tdx_quote *q, const struct tdx_anchor *anchor,
                        struct tdx_platform_facts *out);
void tdx_platform_facts_done(struct tdx_platform_facts *f);

/* The QE report vouches for the attestation key of this quote: REPORTDATA is SHA-256(key || QE authentication data), then zeros. */
bool tdx_quote_vouches(const struct tdx_quote *q);

/* Every fact holds. */
bool tdx_platform_holds(const struct tdx_platform_facts *f);

#endif
