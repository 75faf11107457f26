/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_key.h - a credential's key for one day.  Internal to sigv4: others include sigv4.h. */
#ifndef BROKER_MINT_SIGV4_KEY_H
#define BROKER_MINT_SIGV4_KEY_H

#include "attest/base/hash.h"
#include "broker/mint/sigv4.h"

/* Bring date, scope and key to the second that is signed for.  ERR_BUG when OpenSSL fails. */
enum err sigv4_cred_at(struct sigv4_cred *c, int64_t at_unix, struct why *why) MUST_USE;

/* SHA-256 of a text that is not empty. */
enum err sigv4_hash(struct sigv4_cred *c, struct slice text, uint8_t out[SHA256_LEN],
                    struct why *why) MUST_USE;

/* HMAC of a text that is not empty, under the key of c->day. */
enum err sigv4_mac(struct sigv4_cred *c, struct slice text, uint8_t out[SHA256_LEN],
                   struct why *why) MUST_USE;

#endif
