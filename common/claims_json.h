/* SPDX-License-Identifier: Apache-2.0 */
/* claims_json.h - how claims of every kind of hardware are written: digests and numbers as hex, what is absent as null. */
#ifndef COMMON_CLAIMS_JSON_H
#define COMMON_CLAIMS_JSON_H

#include <jansson.h>

#include "attest/base/slice.h"

enum { CLAIM_BYTES_MAX = 64 };

/* Takes the value over. */
void claim_set(json_t *o, const char *name, json_t *value);

/* Each returns a value that the caller owns. */
json_t *claim_hex(const uint8_t *bytes, size_t len); /* at most CLAIM_BYTES_MAX */
json_t *claim_u64(uint64_t v);                       /* "0x" and 16 digits */
json_t *claim_text(const char *text);                /* null for NULL and "" */

/* Where a bit stands, and what it is called. */
struct claim_bit {
    const char *name;
    unsigned at;
};

/* Names of the bits that are set, in the order of the table. */
json_t *claim_bits(uint64_t value, const struct claim_bit *bit, size_t n);

#endif
