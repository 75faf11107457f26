/* SPDX-License-Identifier: Apache-2.0 */
/* dpop_read.h - what a DPoP proof says, before any of it is judged; for common/dpop.c and its tests only.
 *
 * Two readers of one language.  Nearly every proof is plain: the members of RFC 9449 section 4.2 and
 * no other, and texts without escapes; it is read in place.  Whatever is not plain, wrong or merely
 * unusual, is read as every other JWS is, and only that reader refuses. */
#ifndef COMMON_DPOP_READ_H
#define COMMON_DPOP_READ_H

#include "common/jose_alg.h"

#define DPOP_TYP "dpop+jwt"

enum { DPOP_HTU_MAX = 2048 };

struct proof_text {
    struct jws jws;             /* owned; no trees when the proof was plain */
    struct slice jti, htm, htu; /* borrowed from jws */
    struct slice nonce, ath;    /* the same; empty when absent */
    int64_t iat;                /* unix seconds */
    bool plain;
    enum jose_alg alg;       /* of the key below, where plain */
    struct jose_point point; /* the key in it, where plain */
};

void proof_text_done(struct proof_text *p);

/* *out starts zeroed; release it with proof_text_done() whatever is answered. ERR_MALFORMED, ERR_LIMIT: not a proof;
 * ERR_UNAUTHENTICATED: typ, alg or a member that is refused. */
enum err proof_text_read(struct slice proof, struct proof_text *out, struct why *why) MUST_USE;

/* The two readers.  False when the proof is not plain; *out then holds nothing that counts. */
bool proof_text_plain(struct slice proof, struct proof_text *out);
enum err proof_text_tree(struct slice proof, struct proof_text *out, struct why *why) MUST_USE;

/* The proof's own key; see jwk_read_cached(). */
enum err proof_text_key(const struct proof_text *p, struct key_cache *keys, struct jwk *out,
                        struct why *why) MUST_USE;

#endif
