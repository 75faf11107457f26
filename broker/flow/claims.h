/* SPDX-License-Identifier: Apache-2.0 */
/* claims.h - what our own tokens say, after their signature, type, issuer and times have been checked.
 *
 * Whether the credential is still good is another question: broker/flow/validity.h. */
#ifndef BROKER_FLOW_CLAIMS_H
#define BROKER_FLOW_CLAIMS_H

#include "broker/flow/broker.h"

/* Kinds of our own tokens that come back to us; bits, so that a caller can allow several. */
enum claims_kind { CLAIMS_ACCESS = 1, CLAIMS_EAR = 2, CLAIMS_UPLOAD = 4 };

struct claims {
    enum claims_kind kind;
    char jti[ID_MAX];
    char sandbox[ID_MAX];
    char sub[MINT_TEXT];
    char client_id[MINT_TEXT];
    char aud[MINT_AUDIENCES][MINT_TEXT];
    size_t aud_n;
    char scope[MINT_SCOPE];
    char jkt[B64_JKT + 1]; /* "" when the kind has none */
    char policy[MINT_TEXT];
    char upload[ID_MAX]; /* CLAIMS_UPLOAD */
    int64_t iat, exp;
};

/* Bounded memory of tokens whose signature has been verified, by SHA-256 of their text. */
struct token_cache *token_cache_new(size_t slots);
void token_cache_free(struct token_cache **c);

/* Signature, kind and issuer, but not the times: to explain why a credential that once was good is refused. */
enum err claims_open(struct broker *b, struct slice text, unsigned kinds, struct claims *out,
                     struct why *why) MUST_USE;

/* ERR_UNAUTHENTICATED unless the text is one of the allowed kinds, signed by our key, from our issuer and within its times. */
enum err claims_read(struct broker *b, struct slice text, unsigned kinds, int64_t now,
                     struct claims *out, struct why *why) MUST_USE;

bool claims_for(const struct claims *c, const char *audience);

/* Is this scope value one of the blank-separated list? */
bool scope_has(const char *list, const char *value);

#endif
