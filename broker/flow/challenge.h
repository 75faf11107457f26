/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.h - stateless challenges and DPoP nonces: a MAC over a time.
 *
 * A challenge is u32be time || 12 random bytes || 16 bytes of HMAC-SHA-256, so any instance with the same key knows it again; that it is used once is
 * the ledger's business.  A DPoP nonce is a MAC over a time step under a key that lives and dies with this process, because the memory of used
 * proofs does too (RFC 9449 section 8). */
#ifndef BROKER_FLOW_CHALLENGE_H
#define BROKER_FLOW_CHALLENGE_H

#include "attest/base/binding.h"

enum { CHALLENGE_LIFE_S = 120, NONCE_STEP_S = 60, NONCE_TEXT = 33 };

void challenge_make(const uint8_t key[32], int64_t now, uint8_t out[CHALLENGE_LEN]);

/* ERR_MALFORMED: wrong length.  ERR_DENIED: not one of ours.  ERR_GONE: older than CHALLENGE_LIFE_S. */
enum err challenge_check(const uint8_t key[32], struct slice challenge, int64_t now, int64_t *until,
                         struct why *why) MUST_USE;

/* The nonce of this time step, as text. */
void nonce_make(const uint8_t key[32], int64_t now, char out[NONCE_TEXT]);

/* This step's or the last one's; *until is when it stops being accepted. */
bool nonce_known(const uint8_t key[32], const char *nonce, int64_t now, int64_t *until);

#endif
