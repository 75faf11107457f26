/* SPDX-License-Identifier: Apache-2.0 */
/* quote.h - TPMS_ATTEST of type TPM_ST_ATTEST_QUOTE: bytes to struct (all integers big-endian).
 *
 * Decoding checks shape only: which magic, type, selection and digest are right is the business of
 * the checks.  Slices borrow from the input. Source: TPM 2.0 Library Part 2 sections 10.12.12
 * (TPMS_ATTEST), 10.12.4 (TPMS_QUOTE_INFO), 10.11.1 (TPMS_CLOCK_INFO), 10.6.2
 * (TPMS_PCR_SELECTION). */
#ifndef ATTEST_TPM_QUOTE_H
#define ATTEST_TPM_QUOTE_H

#include "attest/tpm/tpm.h"

enum { TPM_WIRE_SELECTIONS_MAX = 16, TPM_EXTRA_MAX = 2 + HASH_MAX /* sizeof TPMT_HA */ };

/* TPMS_PCR_SELECTION as it came; bit i of byte i / 8 is PCR i. */
struct tpm_wire_selection {
    uint16_t bank;
    uint8_t size;     /* sizeofSelect, bytes */
    uint32_t mask;    /* PCRs 0..23 */
    bool beyond_last; /* a bit for PCR 24 or later is set */
};

struct tpm_quote {
    struct slice qualified_signer;
    struct slice extra_data;
    uint64_t clock_ms;
    uint32_t reset_count, restart_count;
    bool safe;
    uint64_t firmware_version;
    struct tpm_wire_selection select[TPM_WIRE_SELECTIONS_MAX];
    size_t select_n;
    struct slice pcr_digest;
};

struct tpm_attest_header {
    uint32_t magic;
    uint16_t type;
};

/* The first six bytes, which every TPMS_ATTEST has; what follows is not looked at. */
enum err tpm_attest_header_decode(struct slice in, struct tpm_attest_header *out,
                                  struct why *why) MUST_USE;

/* The whole structure, nothing after it; magic and type are read and not judged. */
enum err tpm_quote_decode(struct slice in, struct tpm_quote *out, struct why *why) MUST_USE;

#endif
