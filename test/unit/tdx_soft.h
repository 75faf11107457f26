/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_soft.h - a TDX module and its Quoting Enclave in software: writes a quote byte by byte at the offsets of the specification, right or
 * wrong in any one field, and signs it.  It shares no code with the decoder and computes with OpenSSL, so that it can disagree with it.
 *
 * Sources: Intel TDX DCAP Quoting Library API, appendix A; Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5. */
#ifndef TEST_UNIT_TDX_SOFT_H
#define TEST_UNIT_TDX_SOFT_H

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "attest/tdx/tdx.h"
#include "test/unit/x509_desk.h"

/* Where a field of the header and of a body begins. */
enum td_at {
    HEAD_VERSION = 0,
    HEAD_KEY_TYPE = 2,
    HEAD_TEE_TYPE = 4,
    HEAD_VENDOR = 12,
    HEAD_USER_DATA = 28,
    HEAD_LEN = 48,
    DESCRIPTOR_LEN = 6, /* of v5: type, size */
    BODY_SVN = 0,
    BODY_MRSEAM = 16,
    BODY_MRSIGNERSEAM = 64,
    BODY_SEAMATTRIBUTES = 112,
    BODY_ATTRIBUTES = 120,
    BODY_XFAM = 128,
    BODY_MRTD = 136,
    BODY_MRCONFIGID = 184,
    BODY_MROWNER = 232,
    BODY_MROWNERCONFIG = 280,
    BODY_RTMR0 = 328,
    BODY_REPORT_DATA = 520,
    BODY_10_LEN = 584,
    BODY_SVN2 = 584,
    BODY_MRSERVICETD = 600,
    BODY_15_LEN = 648,
    QE_AT_MISCSELECT = 16,
    QE_AT_ATTRIBUTES = 48,
    QE_AT_MRSIGNER = 128,
    QE_AT_PRODID = 256,
    QE_AT_ISVSVN = 258,
    QE_AT_DATA = 320,
    QE_LEN = 384,
    TD_RAW = 64, /* r || s, x || y */
    TD_QUOTE_MAX = 16384,
    TD_PEM_MAX = 8192,
};

enum { TD_SEPT_VE_DISABLE = 1 << 28 };

/* Little-endian. */
static inline void
td_put(uint8_t *dst, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        dst[i] = (uint8_t)(value >> 8 * i);
    }
}

/* ---- signatures ---- */

static inline void
td_raw_of(const BIGNUM *n, uint8_t *dst)
{
    desk_must(BN_bn2binpad(n, dst, TD_RAW / 2) == TD_RAW / 2);
}

static inline void
td_sign(EVP_PKEY *key, struct slice msg, uint8_t raw[TD_RAW])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[128];
    size_t len = sizeof der;
    const uint8_t *at = der;

    desk_must(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(ctx, der, &len, msg.ptr, msg.len) == 1);
    EVP_MD_CTX_free(ctx);

    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);

    desk_must(sig != NULL);
    td_raw_of(ECDSA_SIG_get0_r(sig), raw);
    td_raw_of(ECDSA_SIG_get0_s(sig), raw + TD_RAW / 2);
    ECDSA_SIG_free(sig);
}

/* s -> n - s: another signature over the same bytes, made without the key. */
static inline void
td_turn_s(uint8_t raw[TD_RAW])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *s = BN_bin2bn(raw + TD_RAW / 2, TD_RAW / 2, NULL);

    desk_must(BN_sub(s, EC_GROUP_get0_order(group), s) == 1);
    td_raw_of(s, raw + TD_RAW / 2);
    BN_free(s);
    EC_GROUP_free(group);
}

static inline void
td_point(EVP_PKEY *key, uint8_t xy[TD_RAW])
{
    BIGNUM *x = NULL;
    BIGNUM *y = NULL;

    desk_must(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
              EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1);
    td_raw_of(x, xy);
    td_raw_of(y, xy + TD_RAW / 2);
    BN_free(x);
    BN_free(y);
}

/* ---- the SGX extension ---- */

enum { SGX_ITEMS = 24, SGX_VALUE = 64, SGX_DER = 2048, SGX_ARC_TCB = 2 };

/* One SEQUENCE { OID, value } under the extension's OID; `value` is a whole TLV. */
struct td_item {
    uint8_t arc;
    uint8_t value[SGX_VALUE];
    size_t len;
};

struct td_sgx {
    struct td_item top[SGX_ITEMS], tcb[SGX_ITEMS];
    size_t top_n, tcb_n;
    uint8_t after[4]; /* bytes behind the list, inside the extension */
    size_t after_len;
};

struct td_der {
    uint8_t b[SGX_DER];
    size_t n;
};

static inline void
td_der_put(struct td_der *d, const void *bytes, size_t n)
{
    desk_must(d->n + n <= sizeof d->b);
    memcpy(d->b + d->n, bytes, n);
    d->n += n;
}

/* What was put since `from` becomes the contents of a SEQUENCE. */
static inline void
td_der_sequence(struct td_der *d, size_t from)
{
    size_t len = d->n - from;
    const uint8_t head[] = {0x30, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    const uint8_t mid[] = {0x30, 0x81, (uint8_t)len};
    const uint8_t small[] = {0x30, (uint8_t)len};
    const uint8_t *h = len < 0x80 ? small : len < 0x100 ? mid : head;
    size_t n = len < 0x80 ? sizeof small : len < 0x100 ? sizeof mid : sizeof head;

    desk_must(d->n + n <= sizeof d->b);
    memmove(d->b + from + n, d->b + from, len);
    memcpy(d->b + from, h, n);
    d->n += n;
}

/* 1.2.840.113741.1.13.1, then .arc, or .2.arc of the TCB. */
static inline void
td_item_put(struct td_der *d, const struct td_item *item, bool of_tcb)
{
    static const uint8_t PREFIX[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    const uint8_t head[] = {0x06, (uint8_t)(sizeof PREFIX + 1 + of_tcb)};
    const uint8_t tcb = SGX_ARC_TCB;
    size_t from = d->n;

    td_der_put(d, head, sizeof head);
    td_der_put(d, PREFIX, sizeof PREFIX);
    td_der_put(d, &tcb, of_tcb);
    td_der_put(d, &item->arc, 1);
    td_der_put(d, item->value, item->len);
    td_der_sequence(d, from);
}

/* The TCB item with its list in it. */
static inline void
td_tcb_put(struct td_der *d, const struct td_sgx *s)
{
    static const uint8_t HEAD[] = {0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86,
                                   0xf8, 0x4d, 0x01, 0x0d, 0x01, SGX_ARC_TCB};
    size_t from = d->n;

    td_der_put(d, HEAD, sizeof HEAD);

    size_t list = d->n;

    for (size_t i = 0; i < s->tcb_n; i++) {
        td_item_put(d, &s->tcb[i], true);
    }
    td_der_sequence(d, list);
    td_der_sequence(d, from);
}

static inline struct td_der
td_sgx_der(const struct td_sgx *s)
{
    struct td_der d = {.n = 0};

    for (size_t i = 0; i < s->top_n; i++) {
        if (s->top[i].arc == SGX_ARC_TCB && s->top[i].len == 0) {
            td_tcb_put(&d, s);
        } else {
            td_item_put(&d, &s->top[i], false);
        }
    }
    td_der_put(&d, s->after, s->after_len);
    td_der_sequence(&d, 0);
    return d;
}

static inline struct td_item *
td_item_find(struct td_item *list, size_t n, uint8_t arc)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].arc == arc) {
            return &list[i];
        }
    }
    desk_must(false);
    return NULL;
}

static inline void
td_item_number(struct td_item *item, uint8_t tag, unsigned v)
{
    const uint8_t wide[] = {tag, 3, (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    const uint8_t two[] = {tag, 2, (uint8_t)(v >> 8), (uint8_t)v};
    const uint8_t one[] = {tag, 1, (uint8_t)v};
    const uint8_t *from = v < 0x80 ? one : v < 0x8000 ? two : wide;

    item->len = v < 0x80 ? sizeof one : v < 0x8000 ? sizeof two : sizeof wide;
    memcpy(item->value, from, item->len);
}

static inline void
td_item_octets(struct td_item *item, const void *bytes, size_t len)
{
    desk_must(len + 2 <= sizeof item->value);
    item->value[0] = 0x04;
    item->value[1] = (uint8_t)len;
    memcpy(item->value + 2, bytes, len);
    item->len = len + 2;
}

static inline void
td_svn(struct td_sgx *s, uint8_t arc, unsigned v)
{
    td_item_number(td_item_find(s->tcb, s->tcb_n, arc), 0x02, v);
}

static inline void
td_item_drop(struct td_item *list, size_t *n, uint8_t arc)
{
    struct td_item *item = td_item_find(list, *n, arc);
    size_t at = (size_t)(item - list);

    memmove(item, item + 1, (--*n - at) * sizeof *item);
}

enum { SGX_PPID = 1, SGX_PCEID = 3, SGX_FMSPC = 4, SGX_TYPE = 5, SGX_INSTANCE = 6, SGX_CONFIG = 7 };
enum { SGX_PCESVN = 17, SGX_CPUSVN = 18, TD_PCESVN = 13 };

/* The machine that the tests have: components and PCESVN are those of the highest level of tdx_papers.h. */
static inline const uint8_t *
td_components(void)
{
    static const uint8_t SVN[TDX_COMPONENTS] = {7, 7, 2, 2, 4, 1, 0, 5};

    return SVN;
}

static inline const uint8_t *
td_fmspc(void)
{
    static const uint8_t FMSPC[6] = {0xb0, 0xc0, 0x6f, 0, 0, 0};

    return FMSPC;
}

/* As the Platform CA writes it, or the Processor CA: without instance and configuration. */
static inline void
td_sgx_open(struct td_sgx *s, bool processor)
{
    static const uint8_t ARCS[] = {SGX_PPID, SGX_ARC_TCB,  SGX_PCEID, SGX_FMSPC,
                                   SGX_TYPE, SGX_INSTANCE, SGX_CONFIG};
    static const uint8_t CONFIG[] = {0x30, 0x12, 0x30, 0x10, 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86,
                                     0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x07, 0x01, 0x01, 0x01, 0xff};
    uint8_t bytes[16];

    *s = (struct td_sgx){.top_n = processor ? 5 : 7, .tcb_n = TDX_COMPONENTS + 2};
    for (size_t i = 0; i < s->top_n; i++) {
        s->top[i].arc = ARCS[i];
    }
    memset(bytes, 0x5a, sizeof bytes);
    td_item_octets(&s->top[0], bytes, sizeof bytes);
    td_item_octets(&s->top[2], "\0\0", 2);
    td_item_octets(&s->top[3], td_fmspc(), 6);
    td_item_number(&s->top[4], 0x0a, 1);
    memset(bytes, 0x5b, sizeof bytes);
    td_item_octets(&s->top[5], bytes, sizeof bytes);
    memcpy(s->top[6].value, CONFIG, sizeof CONFIG);
    s->top[6].len = sizeof CONFIG;
    for (size_t i = 0; i < TDX_COMPONENTS; i++) {
        s->tcb[i].arc = (uint8_t)(i + 1);
        td_item_number(&s->tcb[i], 0x02, td_components()[i]);
    }
    s->tcb[TDX_COMPONENTS].arc = SGX_PCESVN;
    td_item_number(&s->tcb[TDX_COMPONENTS], 0x02, TD_PCESVN);
    s->tcb[TDX_COMPONENTS + 1].arc = SGX_CPUSVN;
    td_item_octets(&s->tcb[TDX_COMPONENTS + 1], td_components(), TDX_COMPONENTS);
}

/* ---- the quote ---- */

struct td_quote {
    uint8_t head[HEAD_LEN];
    unsigned type; /* of the body; in v4 not written */
    uint32_t size;
    uint8_t body[BODY_15_LEN];
    size_t body_len;
    uint8_t qe[QE_LEN];
    uint8_t auth[SGX_VALUE];
    uint16_t auth_len;
    unsigned outer, inner;
    bool own_data;      /* the QE report's REPORTDATA is left as it is */
    uint8_t xy[TD_RAW]; /* the attestation key as sent, where own_key */
    bool own_key;
    struct slice tail; /* after the signature data */

    uint8_t raw[TD_QUOTE_MAX];
    size_t len, end; /* in all; of the signature data */
    size_t at_size, at_signature, at_key, at_outer, at_qe, at_qe_signature, at_auth, at_inner,
        at_pem;
};

static inline void
td_qe_open(uint8_t qe[QE_LEN])
{
    static const uint8_t CPUSVN[16] = {7, 7, 2, 2, 4, 1, 0, 5};

    memset(qe, 0, QE_LEN);
    memcpy(qe, CPUSVN, sizeof CPUSVN);
    qe[QE_AT_ATTRIBUTES] = 0x11;
    memset(qe + 64, 0x61, 32); /* MRENCLAVE */
    memset(qe + QE_AT_MRSIGNER, 0xdc, 32);
    td_put(qe + QE_AT_PRODID, 2, 2);
    td_put(qe + QE_AT_ISVSVN, 4, 2);
}

/* Every field that may have a value has one of its own. */
static inline void
td_quote_open(struct td_quote *q, unsigned version, unsigned type)
{
    static const uint8_t VENDOR[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    static const uint8_t SVN[] = {6, 1, 3};

    *q = (struct td_quote){.type = type, .auth_len = 32, .outer = 6, .inner = 5};
    td_put(q->head + HEAD_VERSION, version, 2);
    td_put(q->head + HEAD_KEY_TYPE, 2, 2);
    td_put(q->head + HEAD_TEE_TYPE, 0x81, 4);
    memcpy(q->head + HEAD_VENDOR, VENDOR, sizeof VENDOR);
    memset(q->head + HEAD_USER_DATA, 0x77, HEAD_LEN - HEAD_USER_DATA);
    memcpy(q->body + BODY_SVN, SVN, sizeof SVN);
    memset(q->body + BODY_MRSEAM, 0x21, 48);
    td_put(q->body + BODY_ATTRIBUTES, TD_SEPT_VE_DISABLE, 8);
    td_put(q->body + BODY_XFAM, 0x600e7, 8);
    memset(q->body + BODY_MRTD, 0x22, 48);
    memset(q->body + BODY_MRCONFIGID, 0x23, 48);
    memset(q->body + BODY_MROWNER, 0x24, 48);
    memset(q->body + BODY_MROWNERCONFIG, 0x25, 48);
    for (int i = 0; i < TDX_RTMRS; i++) {
        memset(q->body + BODY_RTMR0 + 48 * i, 0x30 + i, 48);
    }
    memset(q->body + BODY_REPORT_DATA, 0x26, 64);
    memcpy(q->body + BODY_SVN2, SVN, sizeof SVN);
    q->body_len = type == 3 ? BODY_15_LEN : BODY_10_LEN;
    q->size = (uint32_t)q->body_len;
    td_qe_open(q->qe);
    memset(q->auth, 0x1f, sizeof q->auth);
}

static inline void
td_append(struct td_quote *q, const void *bytes, size_t n)
{
    desk_must(q->len + n <= sizeof q->raw);
    if (n > 0) {
        memcpy(q->raw + q->len, bytes, n);
    }
    q->len += n;
}

static inline void
td_append_number(struct td_quote *q, uint64_t v, size_t n)
{
    uint8_t le[8];

    td_put(le, v, n);
    td_append(q, le, n);
}

static inline void
td_qe_vouch(struct td_quote *q)
{
    uint8_t msg[TD_RAW + SGX_VALUE];

    memcpy(msg, q->xy, TD_RAW);
    memcpy(msg + TD_RAW, q->auth, q->auth_len);
    if (!q->own_data) {
        (void)SHA256(msg, TD_RAW + (size_t)q->auth_len, q->qe + QE_AT_DATA);
    }
}

/* Header, descriptor, body; then the signature's place. */
static inline void
td_quote_signed(struct td_quote *q, EVP_PKEY *ak)
{
    q->len = 0;
    td_append(q, q->head, sizeof q->head);
    if (q->head[HEAD_VERSION] == 5) {
        td_append_number(q, q->type, 2);
        td_append_number(q, q->size, 4);
    }
    td_append(q, q->body, q->body_len);
    q->at_size = q->len;
    q->at_signature = q->at_size + 4;
    td_sign(ak, (struct slice){q->raw, q->at_size}, q->raw + q->at_signature);
}

/* The whole quote: signed by `ak`, whose QE report is signed by `pck`. */
static inline void
td_quote_make(struct td_quote *q, EVP_PKEY *ak, EVP_PKEY *pck, struct slice pem)
{
    uint8_t raw[TD_RAW];

    if (!q->own_key) {
        td_point(ak, q->xy);
    }
    td_qe_vouch(q);
    td_quote_signed(q, ak);
    q->len = q->at_key = q->at_signature + TD_RAW;
    td_append(q, q->xy, TD_RAW);
    q->at_outer = q->len;
    td_append_number(q, q->outer, 2);
    td_append_number(q, QE_LEN + TD_RAW + 2 + (size_t)q->auth_len + 6 + pem.len, 4);
    q->at_qe = q->len;
    td_append(q, q->qe, QE_LEN);
    q->at_qe_signature = q->len;
    td_sign(pck, (struct slice){q->qe, QE_LEN}, raw);
    td_append(q, raw, TD_RAW);
    q->at_auth = q->len;
    td_append_number(q, q->auth_len, 2);
    td_append(q, q->auth, q->auth_len);
    q->at_inner = q->len;
    td_append_number(q, q->inner, 2);
    td_append_number(q, pem.len, 4);
    q->at_pem = q->len;
    td_append(q, pem.ptr, pem.len);
    q->end = q->len;
    td_put(q->raw + q->at_size, q->end - q->at_signature, 4);
    td_append(q, q->tail.ptr, q->tail.len);
}

#endif
