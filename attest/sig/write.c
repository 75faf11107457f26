/* SPDX-License-Identifier: Apache-2.0 */
/* write.c - a key to its DER SubjectPublicKeyInfo, and what identifies it; see sig.h.
 *
 * The reverse of spki.c: what that reads is written here, byte for byte.  Sources are those of spki.c. */
#include "attest/base/der.h"
#include "attest/sig/curve.h"
#include "attest/sig/element.h"

enum { UNCOMPRESSED = 0x04 };

/* AlgorithmIdentifier of RSA (with NULL) and of Ed25519 (without parameters), and what precedes namedCurve. */
static const uint8_t ALG_RSA[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
static const uint8_t ALG_ED25519[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
static const uint8_t OID_EC[] = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};

/* Everything but the key: `bits` are the contents of subjectPublicKey after the count of unused bits. */
static void
frame_write(struct wr *w, size_t algorithm, size_t bits)
{
    element_open(w, DER_SEQUENCE, algorithm + element_len(1 + bits));
}

static void
bits_open(struct wr *w, size_t bits)
{
    element_open(w, DER_BIT_STRING, 1 + bits);
    wr_u8(w, 0);
}

static void
rsa_write(const struct sig_key *k, struct wr *w)
{
    uint8_t bytes[sizeof k->exponent];
    struct wr e = wr_init(bytes, sizeof bytes, "exponent");
    const struct slice n = {k->number, k->len};

    wr_be64(&e, k->exponent);

    size_t body = element_integer_len(n) + element_integer_len(wr_done(&e));

    frame_write(w, sizeof ALG_RSA, element_len(body));
    wr_bytes(w, (struct slice){ALG_RSA, sizeof ALG_RSA});
    bits_open(w, element_len(body));
    element_open(w, DER_SEQUENCE, body);
    element_integer(w, n);
    element_integer(w, wr_done(&e));
}

static void
ec_write(const struct sig_key *k, struct wr *w)
{
    const struct curve_facts *facts = curve_facts(k->curve);
    size_t algorithm = sizeof OID_EC + element_len(facts->oid.len);

    frame_write(w, element_len(algorithm), 1 + k->len);
    element_open(w, DER_SEQUENCE, algorithm);
    wr_bytes(w, (struct slice){OID_EC, sizeof OID_EC});
    element_open(w, DER_OID, facts->oid.len);
    wr_bytes(w, facts->oid);
    bits_open(w, 1 + k->len);
    wr_u8(w, UNCOMPRESSED);
    wr_bytes(w, (struct slice){k->number, k->len});
}

static void
ed25519_write(const struct sig_key *k, struct wr *w)
{
    frame_write(w, sizeof ALG_ED25519, k->len);
    wr_bytes(w, (struct slice){ALG_ED25519, sizeof ALG_ED25519});
    bits_open(w, k->len);
    wr_bytes(w, (struct slice){k->number, k->len});
}

enum err
sig_key_write(const struct sig_key *k, struct wr *w, struct why *why)
{
    switch (k->type) {
    case KEY_RSA: rsa_write(k, w); break;
    case KEY_EC: ec_write(k, w); break;
    case KEY_ED25519: ed25519_write(k, w); break;
    case KEY_NONE: return why_add(why, ERR_UNABLE, "key cannot be encoded: there is none");
    }
    return wr_end(w, why);
}

enum err
sig_key_digest(const struct sig_key *k, uint8_t out[SHA256_LEN], struct why *why)
{
    uint8_t der[SIG_SPKI_MAX];
    struct wr w = wr_init(der, sizeof der, "SubjectPublicKeyInfo");

    TRY(sig_key_write(k, &w, why));
    hash_sha256(wr_done(&w), out);
    return ERR_OK;
}

bool
sig_key_same(const struct sig_key *a, const struct sig_key *b)
{
    return a->type != KEY_NONE && a->type == b->type && a->curve == b->curve &&
           a->exponent == b->exponent &&
           slice_same((struct slice){a->number, a->len}, (struct slice){b->number, b->len});
}
