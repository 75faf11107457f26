/* SPDX-License-Identifier: Apache-2.0 */
/* keyring.h - where the mint's keys live and what they do; nobody else sees a private key.
 *
 * Today they are files: DATA/keys (0700) with token-es256.pem and log-ed25519.pem (PKCS#8) and
 * challenge.key (64 hex digits), each 0600, all made together on the first start by filling a
 * folder and renaming it.  Refused: files that are not ours alone (secret.h), a key of another
 * type or curve, a point off its curve, a folder in which one of the three is missing: a broker
 * that came back with another log key would break its own log.
 *
 * Sources: RFC 7517, RFC 7638 (the kid is the thumbprint), RFC 7518 section 3.4. */
#ifndef BROKER_MINT_KEYRING_H
#define BROKER_MINT_KEYRING_H

#include "attest/base/wr.h"
#include "attest/tlog/note.h"

enum {
    KEYRING_SECRET = 32, /* bytes of the challenge key */
    KEYRING_SIG = 64,    /* bytes of either signature */
    KEYRING_KID = 44,    /* characters of a thumbprint, with NUL */
};

struct keyring;

/* `data` is the open data folder. Every failure is ERR_UNABLE. */
enum err keyring_open(int data, struct keyring **out, struct why *why) MUST_USE;

/* Wipes and frees. */
void keyring_free(struct keyring **k);

/* ES256: r || s. */
enum err keyring_sign_token(struct keyring *k, struct slice input, uint8_t sig[KEYRING_SIG],
                            struct why *why) MUST_USE;

/* Ed25519 over the text of a note. */
enum err keyring_sign_log(struct keyring *k, struct slice text, uint8_t sig[KEYRING_SIG],
                          struct why *why) MUST_USE;

/* Borrowed, as long as the ring lives. */
const char *keyring_kid(const struct keyring *k);
const uint8_t *keyring_challenge(const struct keyring *k); /* KEYRING_SECRET bytes */
const uint8_t *keyring_log_pub(const struct keyring *k);   /* NOTE_PUB bytes */

/* {"keys":[...]}, public members only, NUL-terminated. */
enum err keyring_jwks(const struct keyring *k, struct wr *w, struct why *why) MUST_USE;

#endif
