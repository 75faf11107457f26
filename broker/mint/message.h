/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - what travels between the network process and the mint, byte by byte.
 *
 * One datagram is one message; but answers that are ready together travel together, each after
 * its u32 length.  Everything is big-endian; a text is u16 length and so many bytes.
 *
 *     ask     u32 "MAS1", u64 id, u8 kind, u8 action, i64 life, i64 status index, i64 size,
 *             u8 n, n audiences,
 *             then every text of enum ask_field in that order
 *     answer  u32 "MAN1", u64 id, u8 enum err, i64 iat, i64 exp, u64 seq, jti, headers, text,
 *             u8 n, n reasons
 *     hello   u32 "MHE1", u8 enum err, 32 bytes challenge key, jwks, log verifier key,
 *             u8 n, n reasons
 *
 * An ask comes from a process that may have been taken over.  Refused by field name: a length
 * that does not fit, a text longer than its member, NUL or another control character (of a JSON
 * object: NUL), bytes that are not UTF-8, anything after the end.
 *
 * Source: DESIGN.md section 3. */
#ifndef BROKER_MINT_MESSAGE_H
#define BROKER_MINT_MESSAGE_H

#include "attest/base/wr.h"
#include "broker/mint/mint.h"

enum {
    MESSAGE_ASK_MAX = 20480,     /* bytes; the longest ask fits */
    MESSAGE_ANSWER_MAX = 20480,  /* bytes; the longest answer fits */
    MESSAGE_ANSWERS_MAX = 65536, /* bytes of a datagram of answers */
    MESSAGE_HELLO_MAX = 8192,
    MESSAGE_KEY = 32,
};

/* The texts of an ask, in the order of the wire. */
enum ask_field {
    ASK_SUB = 0,
    ASK_CLIENT_ID,
    ASK_SCOPE,
    ASK_JKT,
    ASK_TIER,
    ASK_PURPOSE_DIGEST,
    ASK_STORE,
    ASK_KEY,
    ASK_CONTENT_TYPE,
    ASK_SHA256,
    ASK_TAGS,
    ASK_ACTOR,
    ASK_OBJECT,
    ASK_SANDBOX,
    ASK_SESSION,
    ASK_CONSENT,
    ASK_POLICY,
    ASK_POLICY_DIGEST,
    ASK_VERDICT,
    ASK_REASONS,
    ASK_EXTRA,
    ASK_FIELDS,
};

/* "sub", "client_id", ... */
const char *ask_field_name(enum ask_field f);

/* Borrowed from the ask. */
const char *ask_field_text(const struct mint_ask *ask, enum ask_field f);

/* ERR_LIMIT: a member of the ask is not NUL-terminated, or there are too many audiences. */
enum err ask_encode(struct wr *w, uint64_t id, const struct mint_ask *ask,
                    struct why *why) MUST_USE;

/* *id is set as soon as it could be read, so that even a refusal can be addressed; 0 otherwise.
 * The kind is not judged here. */
enum err ask_decode(struct slice in, uint64_t *id, struct mint_ask *out, struct why *why) MUST_USE;

/* When code is not ERR_OK only the reasons of `why` travel, and `a` may be NULL. */
void answer_encode(struct wr *w, uint64_t id, enum err code, const struct mint_answer *a,
                   const struct why *why);

/* Append an answer to a datagram of answers; as answer_encode() otherwise.  MESSAGE_ANSWER_MAX and its length must fit. */
void answers_put(struct wr *w, uint64_t id, enum err code, const struct mint_answer *a,
                 const struct why *why);

/* Whether one more fits, however long. */
bool answers_room(const struct wr *w);

/* The next answer of a datagram, borrowed from it; false at the end, or where it makes no sense any more. */
bool answers_next(struct slice *rest, struct slice *answer);

/* The id alone, so that the waiting thread can be found first. */
enum err answer_id(struct slice in, uint64_t *id, struct why *why) MUST_USE;

/* Returns the code that the mint gave, with its reasons in `why`, or ERR_UNABLE when the message
 * is not an answer. */
enum err answer_decode(struct slice in, struct mint_answer *out, struct why *why) MUST_USE;

struct hello {
    uint8_t challenge_key[MESSAGE_KEY];
    char jwks[4096];
    char vkey[512];
};

void hello_encode(struct wr *w, enum err code, const struct hello *h, const struct why *why);

/* Returns the code that the mint gave, with its reasons, or ERR_UNABLE when the message is not a
 * hello. */
enum err hello_decode(struct slice in, struct hello *out, struct why *why) MUST_USE;

#endif
