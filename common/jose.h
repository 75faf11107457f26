/* SPDX-License-Identifier: Apache-2.0 */
/* jose.h - compact JWS, JWK and DPoP proofs, strict (RFC 7515, 7517, 7638, 8725, 9449).
 *
 * One reader for every JWT that we take: three segments, strict base64url, JSON objects without duplicate members, `alg`
 * dictated by the caller, `typ` exact, `crit`, `b64` and `zip` refused.  The key comes from where the caller says, never from `jku`,
 * `x5u` or a path in `kid`. */
#ifndef COMMON_JOSE_H
#define COMMON_JOSE_H

#include <jansson.h>

#include "attest/base/binding.h"
#include "attest/sig/sig.h"

/* Bytes of a token, and of a document that a person signed (a reference set may be long). */
enum { JWT_MAX = 16384, JWS_DOCUMENT_MAX = 768 * 1024 };
enum { JTI_MAX = 256, KID_MAX = 128, B64_JKT = 43 };

/* Algorithms of JOSE that we know at all. */
enum jose_alg { JOSE_NONE = 0, JOSE_ES256, JOSE_ES384, JOSE_EDDSA, JOSE_RS256 };
enum {
    JOSE_ALLOW_ES256 = 1u << JOSE_ES256,
    JOSE_ALLOW_ES384 = 1u << JOSE_ES384,
    JOSE_ALLOW_EDDSA = 1u << JOSE_EDDSA
};

/* A public key out of a JWK: EC P-256/P-384 or OKP Ed25519.  Private members (d p q dp dq qi oth k priv) and kty oct are refused. */
struct jwk {
    enum jose_alg alg; /* the one algorithm this key is for */
    uint8_t jkt[JKT_LEN];
    char jkt_text[B64_JKT + 1];
    struct sig_key key; /* owned */
};

void jwk_done(struct jwk *k);

/* Members other than kty, crv, x, y are checked for being harmless and ignored (alg, use and key_ops must agree when present).
 * ERR_MALFORMED: not a JWK; ERR_DENIED: a key that we do not take. */
enum err jwk_read(const json_t *obj, struct jwk *out, struct why *why) MUST_USE;

/* The same; keys that were read before come out of the cache (NULL: there is none). */
struct key_cache;
enum err jwk_read_cached(const json_t *obj, struct key_cache *cache, struct jwk *out,
                         struct why *why) MUST_USE;

/* A parsed, not yet verified compact JWS.  Owns its parts; release with jws_done(). */
struct jws {
    json_t *header;
    json_t *payload;        /* a JSON object, as the header */
    uint8_t *payload_bytes; /* decoded */
    size_t payload_len;
    struct slice signing_input; /* borrows from the text given */
    uint8_t sig[512];
    size_t sig_len;
    enum jose_alg alg;
    const char *kid; /* borrowed from header; NULL when absent */
};

void jws_done(struct jws *j);

/* Structure and header rules only; `typ` NULL: must be absent or anything.  allow: bits of JOSE_ALLOW_*.
 * ERR_MALFORMED, ERR_LIMIT: not a JWS of JSON objects; ERR_UNAUTHENTICATED: typ, alg or a member that is refused. */
enum err jws_read(struct slice text, const char *typ, unsigned allow, struct jws *out,
                  struct why *why) MUST_USE;

/* The same for up to JWS_DOCUMENT_MAX bytes. */
enum err jws_read_document(struct slice text, const char *typ, unsigned allow, struct jws *out,
                           struct why *why) MUST_USE;

/* ERR_UNAUTHENTICATED when the signature is not by this key, or the algorithm is not the key's. */
enum err jws_verify(const struct jws *j, const struct sig_key *key, enum jose_alg key_alg,
                    struct why *why) MUST_USE;

/* What a DPoP proof says, after every check that needs no memory: shape, typ, alg, jwk, signature, htm, htu, iat window,
 * nonce presence is left to the caller (nonce "" when absent), ath. */
struct dpop {
    struct jwk jwk;
    char jti_hash
        [65]; /* hex SHA-256(jkt || 0 || canonical htu || 0 || jti), jkt being its 32 bytes */
    char nonce[129]; /* "" when absent */
    int64_t iat;
};

void dpop_done(struct dpop *d);

struct dpop_want {
    const char *htm;          /* byte-equal */
    const char *htu;          /* our configured external URL of this endpoint */
    const char *access_token; /* NULL at the token endpoint; else ath must be its SHA-256 */
    int64_t now;              /* unix seconds */
    int64_t past_s, future_s; /* accepted iat window */
    struct key_cache *keys;   /* may be NULL */
};

/* ERR_UNAUTHENTICATED with a reason for anything that is not right (the caller maps it to invalid_dpop_proof). */
enum err dpop_check(struct slice proof, const struct dpop_want *want, struct dpop *out,
                    struct why *why) MUST_USE;

/* RFC 3986 6.2.2/6.2.3 as oauth.md 1.2 rule 9 lists it; query and fragment dropped, userinfo refused. */
enum err htu_normalise(struct slice url, char *dst, size_t cap, struct why *why) MUST_USE;

/* A private signing key (client side, tests): EC P-256 or P-384. */
struct jose_key {
    void *handle; /* owned EVP_PKEY; wiped by jose_key_done */
    enum jose_alg alg;
    char jkt_text[B64_JKT + 1];
    uint8_t jkt[JKT_LEN];
};

void jose_key_done(struct jose_key *k);
enum err jose_key_make(enum jose_alg alg, struct jose_key *out, struct why *why) MUST_USE;
/* PEM private key (PKCS#8 or SEC1). */
enum err jose_key_pem(struct slice pem, struct jose_key *out, struct why *why) MUST_USE;
/* Public JWK object, owned by the caller. */
json_t *jose_key_jwk(const struct jose_key *k);

/* Compact JWS over header (alg is set here) and payload; free with mem_free_text.  Not consumed. */
enum err jose_sign(const struct jose_key *k, const json_t *header, struct slice payload, char **out,
                   struct why *why) MUST_USE;

/* A DPoP proof; nonce and access_token may be NULL. */
enum err dpop_make(const struct jose_key *k, const char *htm, const char *htu, const char *nonce,
                   const char *access_token, int64_t now, char **out, struct why *why) MUST_USE;

#endif
