/* SPDX-License-Identifier: Apache-2.0 */
/* public.c - see public.h. */
#include "attest/tpm/public.h"

#include <string.h>

#include "attest/base/rd.h"

enum { FIELD_MAX = 66, MODULUS_MAX = 512, RSA_EXPONENT_DEFAULT = 65537 };

/* What follows an algorithm number in TPMT_SYM_DEF_OBJECT, TPMT_RSA_SCHEME, TPMT_ECC_SCHEME and
 * TPMT_KDF_SCHEME. */
struct follow {
    uint16_t alg;
    uint8_t halves; /* 16-bit fields; the first is a hash, except for ciphers */
};

static const struct follow SYMMETRIC[] = {
    {TPM_ALG_NULL, 0},     {0x0003 /* TDES */, 2},     {TPM_ALG_AES, 2},
    {0x0013 /* SM4 */, 2}, {0x0026 /* CAMELLIA */, 2},
};

static const struct follow RSA_SCHEME[] = {
    {TPM_ALG_NULL, 0},   {TPM_ALG_RSASSA, 1}, {TPM_ALG_RSAES, 0},
    {TPM_ALG_RSAPSS, 1}, {TPM_ALG_OAEP, 1},
};

static const struct follow ECC_SCHEME[] = {
    {TPM_ALG_NULL, 0}, {TPM_ALG_ECDSA, 1},     {TPM_ALG_ECDH, 1},  {TPM_ALG_ECDAA, 2},
    {TPM_ALG_SM2, 1},  {TPM_ALG_ECSCHNORR, 1}, {TPM_ALG_ECMQV, 1},
};

static const struct follow KDF[] = {
    {TPM_ALG_NULL, 0},      {0x0007 /* MGF1 */, 1},           {0x0020 /* KDF1_SP800_56A */, 1},
    {0x0021 /* KDF2 */, 1}, {0x0022 /* KDF1_SP800_108 */, 1},
};

/* A TPM2B: a 16-bit length and that many bytes, at most `max`. */
static struct slice
read_sized(struct rd *r, const char *field, size_t max)
{
    size_t len = rd_be16(r, field);

    if (len > max) {
        rd_fail(r, field, "longer than the specification allows");
    }
    return rd_bytes(r, field, len);
}

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

enum { HALVES_MAX = 2 };

/* An algorithm and its parameters; returns the algorithm and writes the parameters that it has. */
static uint16_t
read_alg(struct rd *r, const char *field, const struct follow *rows, size_t n,
         uint16_t half[HALVES_MAX])
{
    uint16_t alg = rd_be16(r, field);

    for (size_t i = 0; i < n; i++) {
        if (rows[i].alg != alg) {
            continue;
        }
        for (size_t k = 0; k < rows[i].halves; k++) {
            half[k] = rd_be16(r, field);
        }
        return alg;
    }
    rd_fail(r, field, "an algorithm that does not belong here");
    return alg;
}

static void
read_symmetric(struct rd *r, struct tpm_public *p)
{
    uint16_t half[HALVES_MAX] = {0};

    p->symmetric = read_alg(r, "symmetric", SYMMETRIC, ROWS(SYMMETRIC), half);
    p->symmetric_bits = half[0];
    p->symmetric_mode = half[1];
}

static void
read_rsa(struct rd *r, struct tpm_public *p)
{
    uint16_t hash[HALVES_MAX] = {0};

    read_symmetric(r, p);
    p->scheme = read_alg(r, "scheme", RSA_SCHEME, ROWS(RSA_SCHEME), hash);
    p->scheme_hash = hash[0];
    p->key_bits = rd_be16(r, "keyBits");
    p->exponent = rd_be32(r, "exponent");
    p->modulus = read_sized(r, "unique", MODULUS_MAX);
    p->kdf = TPM_ALG_NULL;
}

static void
read_ecc(struct rd *r, struct tpm_public *p)
{
    uint16_t hash[HALVES_MAX] = {0};
    uint16_t unused[HALVES_MAX] = {0};

    read_symmetric(r, p);
    p->scheme = read_alg(r, "scheme", ECC_SCHEME, ROWS(ECC_SCHEME), hash);
    p->scheme_hash = hash[0];
    p->curve = rd_be16(r, "curveID");
    p->kdf = read_alg(r, "kdf", KDF, ROWS(KDF), unused);
    p->x = read_sized(r, "unique.x", FIELD_MAX);
    p->y = read_sized(r, "unique.y", FIELD_MAX);
}

static struct slice
unwrap(struct slice in)
{
    bool wrapped = in.len >= 2 && (size_t)(in.ptr[0] << 8 | in.ptr[1]) == in.len - 2;

    return wrapped ? (struct slice){.ptr = in.ptr + 2, .len = in.len - 2} : in;
}

enum err
tpm_public_decode(struct slice in, struct tpm_public *out, struct why *why)
{
    struct tpm_public p = {.area = unwrap(in)};
    struct rd r = rd_init(p.area, "TPMT_PUBLIC");

    if (in.len > TPM_PUBLIC_MAX) {
        return why_add(why, ERR_MALFORMED, "TPMT_PUBLIC has %zu bytes, at most %d can be", in.len,
                       TPM_PUBLIC_MAX);
    }
    p.type = rd_be16(&r, "type");
    p.name_alg = rd_be16(&r, "nameAlg");
    p.attributes = rd_be32(&r, "objectAttributes");
    p.policy = read_sized(&r, "authPolicy", HASH_MAX);
    if (p.type == TPM_ALG_RSA) {
        read_rsa(&r, &p);
    } else if (p.type == TPM_ALG_ECC) {
        read_ecc(&r, &p);
    } else {
        rd_fail(&r, "type", "neither RSA nor ECC");
    }
    TRY(rd_end(&r, why));

    *out = p;
    return ERR_OK;
}

/* A TPM may leave out leading zeros of a coordinate. */
static enum err
pad_coordinate(struct slice in, size_t len, uint8_t dst[FIELD_MAX], struct why *why)
{
    if (in.len > len || in.len == 0) {
        return why_add(why, ERR_DENIED, "a coordinate of %zu bytes, the field has %zu", in.len,
                       len);
    }
    memset(dst, 0, FIELD_MAX);
    memcpy(dst + (len - in.len), in.ptr, in.len);
    return ERR_OK;
}

static enum err
ecc_key(const struct tpm_public *p, struct sig_key *out, struct why *why)
{
    enum sig_curve curve = p->curve == TPM_ECC_NIST_P256   ? CURVE_P256
                           : p->curve == TPM_ECC_NIST_P384 ? CURVE_P384
                                                           : CURVE_NONE;
    size_t len = sig_curve_len(curve);
    uint8_t x[FIELD_MAX];
    uint8_t y[FIELD_MAX];

    if (curve == CURVE_NONE) {
        return why_add(why, ERR_DENIED, "%s 0x%04x is not taken; P-256 and P-384 are",
                       p->curve == TPM_ECC_NIST_P521 ? "curve P-521," : "curve", p->curve);
    }
    TRY(pad_coordinate(p->x, len, x, why));
    TRY(pad_coordinate(p->y, len, y, why));
    return sig_key_ec(curve, (struct slice){x, len}, (struct slice){y, len}, out, why);
}

static enum err
rsa_key(const struct tpm_public *p, struct sig_key *out, struct why *why)
{
    uint64_t e = p->exponent == 0 ? RSA_EXPONENT_DEFAULT : p->exponent;

    if (p->modulus.len != p->key_bits / 8u || p->key_bits % 8u != 0) {
        return why_add(why, ERR_DENIED, "keyBits is %u but the modulus has %zu bytes", p->key_bits,
                       p->modulus.len);
    }
    return sig_key_rsa(p->modulus, e, out, why);
}

enum err
tpm_public_key(const struct tpm_public *p, struct sig_key *out, struct why *why)
{
    return p->type == TPM_ALG_RSA ? rsa_key(p, out, why) : ecc_key(p, out, why);
}
