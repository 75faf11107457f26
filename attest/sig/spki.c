/* SPDX-License-Identifier: Apache-2.0 */
/* spki.c - SubjectPublicKeyInfo, DER and PEM, to a key; see sig.h.
 *
 * Read by our own DER reader so that there is one encoding per key: no explicit curve parameters, no compressed
 * points, no BER.  Source: RFC 5280 section 4.1.2.7, RFC 3279 section 2.3.1, RFC 5480 section 2, RFC 8410 section 4. */
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "attest/base/der.h"
#include "attest/sig/curve.h"

enum { PEM_BYTES_MAX = 8192 };

static const uint8_t OID_RSA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t OID_EC[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t OID_ED25519[] = {0x2b, 0x65, 0x70};

/* The fields of it, decoded and not yet judged. */
struct spki {
    enum key_type type;
    enum sig_curve curve;
    struct slice bits; /* subjectPublicKey */
};

static bool
is(struct slice oid, const uint8_t *want, size_t len)
{
    return slice_same(oid, (struct slice){want, len});
}

static void
algorithm(struct rd *r, struct spki *out)
{
    struct slice oid = der_oid(r, "algorithm");

    if (is(oid, OID_RSA, sizeof OID_RSA)) {
        out->type = KEY_RSA;
        der_null(r, "parameters");
    } else if (is(oid, OID_EC, sizeof OID_EC)) {
        out->type = KEY_EC;
        out->curve = curve_by_oid(der_oid(r, "namedCurve"));
    } else if (is(oid, OID_ED25519, sizeof OID_ED25519)) {
        out->type = KEY_ED25519; /* parameters absent: RFC 8410 section 3 */
    } else {
        rd_fail(r, "algorithm", "not RSA, EC or Ed25519");
    }
}

static enum err
spki_decode(struct slice der, struct spki *out, struct why *why)
{
    struct rd r = rd_init(der, "SubjectPublicKeyInfo");
    struct rd info = der_enter(&r, "SubjectPublicKeyInfo", DER_SEQUENCE);
    struct rd alg = der_enter(&info, "AlgorithmIdentifier", DER_SEQUENCE);

    algorithm(&alg, out);
    out->bits = der_bytes(&info, "subjectPublicKey");
    TRY(rd_end(&alg, why));
    TRY(rd_end(&info, why));
    return rd_end(&r, why);
}

static enum err
rsa_key(struct slice bits, struct sig_key *out, struct why *why)
{
    struct rd r = rd_init(bits, "RSAPublicKey");
    struct rd key = der_enter(&r, "RSAPublicKey", DER_SEQUENCE);
    struct slice n = der_unsigned(&key, "modulus");
    uint64_t e = der_u64(&key, "publicExponent", DER_INTEGER);

    TRY(rd_end(&key, why));
    TRY(rd_end(&r, why));
    return sig_key_rsa(n, e, out, why);
}

static enum err
ec_key(enum sig_curve curve, struct slice bits, struct sig_key *out, struct why *why)
{
    struct rd r = rd_init(bits, "ECPoint");
    size_t len = sig_curve_len(curve);

    if (curve == CURVE_NONE) {
        return why_add(why, ERR_DENIED, "EC key: curve is not P-256, P-384 or P-521");
    }
    if (rd_u8(&r, "form") != POINT_CONVERSION_UNCOMPRESSED) {
        rd_fail(&r, "form", "not an uncompressed point");
    }

    struct slice x = rd_bytes(&r, "x", len);
    struct slice y = rd_bytes(&r, "y", len);

    TRY(rd_end(&r, why));
    return sig_key_ec(curve, x, y, out, why);
}

enum err
sig_key_spki(struct slice der, struct sig_key *out, struct why *why)
{
    struct spki spki = {0};

    TRY(spki_decode(der, &spki, why));
    switch (spki.type) {
    case KEY_RSA: return rsa_key(spki.bits, out, why);
    case KEY_EC: return ec_key(spki.curve, spki.bits, out, why);
    case KEY_ED25519: return sig_key_ed25519(spki.bits, out, why);
    case KEY_NONE: break;
    }
    return why_add(why, ERR_BUG, "SubjectPublicKeyInfo: decoded to no type");
}

static void
bio_free(BIO **b)
{
    BIO_free_all(*b);
}

static void
text_free(char **p)
{
    OPENSSL_free(*p);
}

static void
bytes_free(unsigned char **p)
{
    OPENSSL_free(*p);
}

static bool
only_space(BIO *rest)
{
    char *at = NULL;
    long len = BIO_get_mem_data(rest, &at);

    for (long i = 0; i < len; i++) {
        if (strchr(" \t\r\n", at[i]) == NULL || at[i] == '\0') {
            return false;
        }
    }
    return true;
}

enum err
sig_key_pem(struct slice pem, struct sig_key *out, struct why *why)
{
    AUTO(bio_free) BIO *bio = NULL;
    AUTO(text_free) char *name = NULL;
    AUTO(text_free) char *header = NULL;
    AUTO(bytes_free) unsigned char *der = NULL;
    long len = 0;

    if (pem.len == 0 || pem.len > PEM_BYTES_MAX) {
        return why_add(why, ERR_LIMIT, "PEM key: %zu bytes, want 1 to %d", pem.len, PEM_BYTES_MAX);
    }
    bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (bio == NULL) {
        return why_add(why, ERR_UNABLE, "PEM key: out of memory");
    }
    if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
        ERR_clear_error();
        return why_add(why, ERR_MALFORMED, "PEM key: no complete PEM block");
    }
    if (strcmp(name, "PUBLIC KEY") != 0 || header[0] != '\0') {
        return why_add(why, ERR_MALFORMED, "PEM key: block \"%.40s\", want \"PUBLIC KEY\"", name);
    }
    if (!only_space(bio)) {
        return why_add(why, ERR_MALFORMED, "PEM key: something follows the block");
    }
    return sig_key_spki((struct slice){der, (size_t)len}, out, why);
}
