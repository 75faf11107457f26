/* SPDX-License-Identifier: Apache-2.0 */
/* sig.h - public keys and signatures, with the algorithm that the caller pinned.
 *
 * Nothing here tries a second algorithm, padding or encoding.  A key is refused when it is weak: RSA below 2048
 * bits or with an exponent that is even or below 65537, a point that is not on its curve.
 *
 * Three libraries, each where it is fastest on the machines that we measured: GMP for RSA, nettle for P-384, OpenSSL for P-256,
 * P-521 and Ed25519.  GMP ends the process when it gets no memory; a verification asks for a few kilobytes.
 *
 * Sources: FIPS 186-5; RFC 8017; RFC 7518 section 3.4 (r || s). */
#ifndef ATTEST_SIG_SIG_H
#define ATTEST_SIG_SIG_H

#include "attest/base/hash.h"
#include "attest/base/wr.h"

enum sig_curve { CURVE_NONE = 0, CURVE_P256, CURVE_P384, CURVE_P521 };

enum key_type { KEY_NONE = 0, KEY_RSA, KEY_EC, KEY_ED25519 };

enum sig_scheme { SCHEME_NONE = 0, SCHEME_RSASSA, SCHEME_RSAPSS, SCHEME_ECDSA, SCHEME_ED25519 };

enum {
    SIG_NUMBER_MAX = 1024,              /* bytes; RSA of 8192 bits */
    SIG_SPKI_MAX = SIG_NUMBER_MAX + 64, /* bytes of the longest DER SubjectPublicKeyInfo */
};

/* A public key, fit to be read by many threads at once; release with sig_key_done().  Copying the struct does not copy `handle`. */
struct sig_key {
    enum key_type type;
    enum sig_curve curve; /* KEY_EC */
    size_t bits;          /* KEY_RSA: of the modulus */
    uint64_t exponent;    /* KEY_RSA */
    size_t len;           /* bytes of `number` */
    uint8_t
        number[SIG_NUMBER_MAX]; /* big-endian: RSA the modulus, EC x || y; Ed25519 its 32 bytes */
    void *handle; /* owned; OpenSSL's object, where it is the one to verify; else NULL */
};

void sig_key_done(struct sig_key *k);

/* A second handle on the same key, to be released on its own; false when there is no key. */
bool sig_key_share(const struct sig_key *k, struct sig_key *out);

/* x and y: exactly the curve's field size, big-endian. */
enum err sig_key_ec(enum sig_curve curve, struct slice x, struct slice y, struct sig_key *out,
                    struct why *why) MUST_USE;

/* The same key in less time: `like`, a key that is there already, lends its curve.  NULL, or a key of another curve, lends nothing. */
enum err sig_key_ec_like(const struct sig_key *like, enum sig_curve curve, struct slice x,
                         struct slice y, struct sig_key *out, struct why *why) MUST_USE;

/* n: big-endian modulus, 2048..8192 bits; e: public exponent. */
enum err sig_key_rsa(struct slice n, uint64_t e, struct sig_key *out, struct why *why) MUST_USE;

/* raw: 32 bytes. */
enum err sig_key_ed25519(struct slice raw, struct sig_key *out, struct why *why) MUST_USE;

/* DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), nothing after it. */
enum err sig_key_spki(struct slice der, struct sig_key *out, struct why *why) MUST_USE;

/* One PEM block "PUBLIC KEY". */
enum err sig_key_pem(struct slice pem, struct sig_key *out, struct why *why) MUST_USE;

/* Write the key's DER SubjectPublicKeyInfo, at most SIG_SPKI_MAX bytes.  ERR_UNABLE: there is no key. */
enum err sig_key_write(const struct sig_key *k, struct wr *w, struct why *why) MUST_USE;

/* SHA-256 of the key's DER SubjectPublicKeyInfo. */
enum err sig_key_digest(const struct sig_key *k, uint8_t out[SHA256_LEN], struct why *why) MUST_USE;

/* Same type and same numbers. */
bool sig_key_same(const struct sig_key *a, const struct sig_key *b);

/* Field size in bytes: 32, 48, 66; 0 for CURVE_NONE. */
size_t sig_curve_len(enum sig_curve curve);

/* Verify over the message.  sig: RSA big-endian, exactly as long as the modulus; ECDSA r || s, each exactly the field size,
 * 1 <= r,s < n; Ed25519 64 bytes.  PSS salt length is read from the signature.
 * ERR_DENIED: it does not verify, or its hash is not accepted.  ERR_MALFORMED: the signature's shape or the pairing of key and scheme is wrong. */
enum err sig_verify(const struct sig_key *k, enum sig_scheme scheme, unsigned hash_alg,
                    struct slice msg, struct slice sig, struct why *why) MUST_USE;

/* RSASSA-PSS (RFC 8017 section 8.1) with MGF1 of the same hash and exactly `salt_len` bytes of salt; as sig_verify() otherwise. */
enum err sig_verify_pss(const struct sig_key *k, unsigned hash_alg, size_t salt_len,
                        struct slice msg, struct slice sig, struct why *why) MUST_USE;

#endif
