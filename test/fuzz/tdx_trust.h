/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_trust.h - a root that nobody has the key of, for the fuzzers of attest/tdx: whatever they are fed, nothing is signed by it. */
#ifndef TEST_FUZZ_TDX_TRUST_H
#define TEST_FUZZ_TDX_TRUST_H

#include <stdlib.h>
#include <string.h>

#include "attest/tdx/tdx.h"

/* Kept in release builds, unlike assert(). */
static inline void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static inline bool
within(struct slice inner, struct slice outer)
{
    return inner.len == 0 ||
           (inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len);
}

/* A point of P-256 whose logarithm nobody knows: x is SHA-256("countersign") + 1, the first one from there on the curve. */
static inline const struct tdx_anchor *
nobody(void)
{
    static const uint8_t X[32] = {0xee, 0xdf, 0xd7, 0x49, 0xe2, 0x64, 0x6d, 0xe3, 0xfb, 0x66, 0xb4,
                                  0x71, 0xce, 0x39, 0x21, 0x77, 0xa3, 0x5f, 0x36, 0x29, 0x5d, 0x66,
                                  0x51, 0x42, 0x34, 0x62, 0x7f, 0x7b, 0x5a, 0x28, 0x09, 0x7c};
    static const uint8_t Y[32] = {0xda, 0xa4, 0x94, 0x29, 0xb5, 0xcb, 0xa2, 0x95, 0x7d, 0xc6, 0x5e,
                                  0x73, 0x67, 0x93, 0x96, 0xd5, 0x61, 0xd1, 0x3e, 0xaa, 0xe1, 0xd2,
                                  0x92, 0xd4, 0x1a, 0x6d, 0xe7, 0x03, 0x00, 0xa0, 0x65, 0x60};
    static struct tdx_anchor anchor;
    struct why why = {0};

    if (!anchor.present) {
        must(sig_key_ec(CURVE_P256, (struct slice){X, sizeof X}, (struct slice){Y, sizeof Y},
                        &anchor.key, &why) == ERR_OK);
        must(sig_key_digest(&anchor.key, anchor.spki_sha256, &why) == ERR_OK);
        anchor.present = true;
    }
    return &anchor;
}

#endif
