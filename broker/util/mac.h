/* SPDX-License-Identifier: Apache-2.0 */
/* mac.h - HMAC-SHA-256 over short messages (RFC 2104), cut to MAC_LEN bytes.
 *
 * nettle's, which needs no algorithm to be fetched first: challenges and nonces are checked with every request. */
#ifndef BROKER_UTIL_MAC_H
#define BROKER_UTIL_MAC_H

#include "attest/base/slice.h"

enum { MAC_LEN = 16, MAC_KEY = 32 };

/* Over label || 0 || message, so that one key cannot serve two purposes. */
void mac_make(const uint8_t key[MAC_KEY], const char *label, struct slice message,
              uint8_t out[MAC_LEN]);

#endif
