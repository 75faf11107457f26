/* SPDX-License-Identifier: Apache-2.0 */
/* snp_soft.h - a secure processor in software: writes a report byte by byte at the offsets of the specification, right or wrong in
 * any one field, and signs it.  It shares no code with the decoder and computes with OpenSSL, so that it can disagree with it.
 *
 * Source: AMD 56860, tables ATTESTATION_REPORT and TCB_VERSION. */
#ifndef TEST_UNIT_SNP_SOFT_H
#define TEST_UNIT_SNP_SOFT_H

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

#include "attest/snp/snp.h"

/* Where a field begins. */
enum at {
    AT_VERSION = 0x000,
    AT_GUEST_SVN = 0x004,
    AT_POLICY = 0x008,
    AT_FAMILY_ID = 0x010,
    AT_IMAGE_ID = 0x020,
    AT_VMPL = 0x030,
    AT_SIGALGO = 0x034,
    AT_CURRENT = 0x038,
    AT_PLATFORM = 0x040,
    AT_FLAGS = 0x048,
    AT_REPORT_DATA = 0x050,
    AT_MEASUREMENT = 0x090,
    AT_HOST_DATA = 0x0c0,
    AT_ID_KEY = 0x0e0,
    AT_AUTHOR_KEY = 0x110,
    AT_REPORT_ID = 0x140,
    AT_REPORT_ID_MA = 0x160,
    AT_REPORTED = 0x180,
    AT_CPUID = 0x188,
    AT_CHIP = 0x1a0,
    AT_COMMITTED = 0x1e0,
    AT_FW_CURRENT = 0x1e8,   /* build, minor, major */
    AT_FW_COMMITTED = 0x1ec, /* build, minor, major */
    AT_LAUNCH = 0x1f0,
    AT_MIT_LAUNCH = 0x1f8,
    AT_MIT_CURRENT = 0x200,
    AT_R = 0x2a0,
    AT_S = 0x2e8,
    AT_UNSIGNED = 0x330, /* reserved and not signed */
};

enum { SOFT_POLICY = 0x30000, SOFT_NUMBER = 48, SOFT_FLAG_AUTHOR = 1, SOFT_FLAG_VLEK = 4 };

/* A product as its reports show it. */
struct soft_product {
    uint8_t cpuid[3]; /* family, model, stepping */
    uint8_t tcb[8];
    uint8_t fw[3]; /* build, minor, major */
    size_t chip_len;
};

static inline const struct soft_product *
soft_product(enum snp_product p)
{
    static const struct soft_product ROWS[] = {
        [SNP_MILAN] = {{0x19, 0x01, 0x01}, {4, 0, 0, 0, 0, 0, 24, 219}, {29, 55, 1}, 64},
        [SNP_GENOA] = {{0x19, 0x11, 0x01}, {10, 0, 0, 0, 0, 0, 23, 84}, {40, 55, 1}, 64},
        [SNP_TURIN] = {{0x1a, 0x02, 0x01}, {1, 2, 3, 4, 0, 0, 0, 81}, {65, 55, 1}, 8},
    };

    return &ROWS[p];
}

/* Little-endian. */
static inline void
soft_put(uint8_t *report, size_t at, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        report[at + i] = (uint8_t)(value >> 8 * i);
    }
}

/* A good report, not signed yet: every field that may have a value has one of its own. */
static inline void
soft_report(enum snp_product product, uint32_t version, uint8_t out[SNP_REPORT_LEN])
{
    const struct soft_product *p = soft_product(product);

    memset(out, 0, SNP_REPORT_LEN);
    soft_put(out, AT_VERSION, version, 4);
    soft_put(out, AT_GUEST_SVN, 7, 4);
    soft_put(out, AT_POLICY, SOFT_POLICY, 8);
    memset(out + AT_FAMILY_ID, 0x11, SNP_ID_LEN);
    memset(out + AT_IMAGE_ID, 0x12, SNP_ID_LEN);
    soft_put(out, AT_SIGALGO, 1, 4);
    soft_put(out, AT_PLATFORM, 0x25, 8);
    soft_put(out, AT_FLAGS, SOFT_FLAG_AUTHOR, 4);
    memset(out + AT_REPORT_DATA, 0x13, SNP_REPORT_DATA_LEN);
    memset(out + AT_MEASUREMENT, 0x14, SNP_MEASUREMENT_LEN);
    memset(out + AT_HOST_DATA, 0x15, SNP_HOST_DATA_LEN);
    memset(out + AT_ID_KEY, 0x16, SNP_KEY_DIGEST_LEN);
    memset(out + AT_AUTHOR_KEY, 0x17, SNP_KEY_DIGEST_LEN);
    memset(out + AT_REPORT_ID, 0x18, SNP_REPORT_ID_LEN);
    memset(out + AT_REPORT_ID_MA, 0xff, SNP_REPORT_ID_LEN);
    memset(out + AT_CHIP, 0x19, p->chip_len);
    memcpy(out + AT_CURRENT, p->tcb, sizeof p->tcb);
    memcpy(out + AT_REPORTED, p->tcb, sizeof p->tcb);
    memcpy(out + AT_COMMITTED, p->tcb, sizeof p->tcb);
    memcpy(out + AT_LAUNCH, p->tcb, sizeof p->tcb);
    memcpy(out + AT_FW_CURRENT, p->fw, sizeof p->fw);
    memcpy(out + AT_FW_COMMITTED, p->fw, sizeof p->fw);
    if (version >= 3) {
        memcpy(out + AT_CPUID, p->cpuid, sizeof p->cpuid);
    }
    if (version >= 5) {
        soft_put(out, AT_MIT_LAUNCH, 0x3b, 8);
        soft_put(out, AT_MIT_CURRENT, 0x3f, 8);
    }
}

static inline void
soft_number(const BIGNUM *n, uint8_t *dst)
{
    int put = BN_bn2lebinpad(n, dst, SOFT_NUMBER);

    assert(put == SOFT_NUMBER);
    (void)put;
}

static inline void
soft_sign(EVP_PKEY *key, uint8_t report[SNP_REPORT_LEN])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[128];
    size_t len = sizeof der;
    const uint8_t *at = der;
    int ok = EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, key);

    assert(ok == 1);
    ok = EVP_DigestSign(ctx, der, &len, report, SNP_SIGNED_LEN);
    assert(ok == 1);
    (void)ok;
    EVP_MD_CTX_free(ctx);

    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);

    soft_number(ECDSA_SIG_get0_r(sig), report + AT_R);
    soft_number(ECDSA_SIG_get0_s(sig), report + AT_S);
    ECDSA_SIG_free(sig);
}

/* S -> n - S: another signature over the same bytes, made without the key. */
static inline void
soft_turn_s(uint8_t report[SNP_REPORT_LEN])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
    BIGNUM *s = BN_lebin2bn(report + AT_S, SOFT_NUMBER, NULL);
    int ok = BN_sub(s, EC_GROUP_get0_order(group), s);

    assert(ok == 1);
    (void)ok;
    soft_number(s, report + AT_S);
    BN_free(s);
    EC_GROUP_free(group);
}

/* The public half, as the verifier keeps it. */
static inline void
soft_key(EVP_PKEY *key, struct sig_key *out)
{
    BIGNUM *x = NULL;
    BIGNUM *y = NULL;
    uint8_t point[2][SOFT_NUMBER];
    struct why why = {0};
    int ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
             EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
             BN_bn2binpad(x, point[0], SOFT_NUMBER) == SOFT_NUMBER &&
             BN_bn2binpad(y, point[1], SOFT_NUMBER) == SOFT_NUMBER &&
             sig_key_ec(CURVE_P384, (struct slice){point[0], SOFT_NUMBER},
                        (struct slice){point[1], SOFT_NUMBER}, out, &why) == ERR_OK;

    assert(ok);
    (void)ok;
    BN_free(x);
    BN_free(y);
}

#endif
