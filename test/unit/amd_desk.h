/* SPDX-License-Identifier: Apache-2.0 */
/* amd_desk.h - a throw-away AMD in C: certificates of its CAs, VCEKs and VLEKs, and CRLs, sound until a test bends one field.
 *
 * Writes DER by hand, in the order of AMD's own certificates, and signs with OpenSSL, so that it can write what no library would.
 * Sources: AMD 57230; RFC 5280; RFC 4055. */
#ifndef TEST_UNIT_AMD_DESK_H
#define TEST_UNIT_AMD_DESK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/snp/snp.h"
#include "test/unit/amd_der.h"
#include "test/unit/snp_soft.h"

enum {
    AMD_NOW = 1800000000,
    AMD_DAY = 86400,
    AMD_EXTS = 20,
    AMD_VALUE = 132,
    AMD_CHIP_BYTE = 0x19, /* as soft_report() has it */
    AMD_CA_PATH_NONE = -1,
};

#define AMD_CSP "CN=cc-test.example"

/* ---- extensions ---- */

struct amd_ext {
    uint8_t oid[12];
    size_t oid_len;
    uint8_t value[AMD_VALUE]; /* contents of the OCTET STRING */
    size_t len;
    bool critical;
};

struct amd_exts {
    struct amd_ext at[AMD_EXTS];
    size_t n;
};

static inline void
amd_exts_put(struct amd_der *d, const struct amd_exts *x)
{
    static const uint8_t TRUE[] = {1, 1, 0xff};
    size_t from = d->n;

    if (x->n == 0) {
        return;
    }
    for (size_t i = 0; i < x->n; i++) {
        size_t one = d->n;

        amd_tlv(d, 0x06, x->at[i].oid, x->at[i].oid_len);
        amd_put(d, TRUE, x->at[i].critical ? sizeof TRUE : 0);
        amd_tlv(d, 0x04, x->at[i].value, x->at[i].len);
        amd_wrap(d, one, 0x30);
    }
    amd_wrap(d, from, 0x30);
}

static inline struct amd_ext *
amd_ext_add(struct amd_exts *x, const void *oid, size_t oid_len, const void *value, size_t len)
{
    struct amd_ext *e = &x->at[x->n++];

    amd_must(x->n <= AMD_EXTS && oid_len <= sizeof e->oid && len <= sizeof e->value);
    *e = (struct amd_ext){.oid_len = oid_len, .len = len};
    memcpy(e->oid, oid, oid_len);
    memcpy(e->value, value, len);
    return e;
}

/* 1.3.6.1.4.1.3704.1.a, or .a.b when b is not zero. */
static inline size_t
amd_oid(uint8_t a, uint8_t b, uint8_t oid[10])
{
    const uint8_t arc[] = {0x2b, 6, 1, 4, 1, 0x9c, 0x78, 1, a, b};

    memcpy(oid, arc, sizeof arc);
    return b != 0 ? 10 : 9;
}

static inline struct amd_ext *
amd_ext_own(struct amd_exts *x, uint8_t a, uint8_t b, const void *value, size_t len)
{
    uint8_t oid[10];
    size_t n = amd_oid(a, b, oid);

    return amd_ext_add(x, oid, n, value, len);
}

/* NULL when it is not there. */
static inline struct amd_ext *
amd_ext_find(struct amd_exts *x, uint8_t a, uint8_t b)
{
    uint8_t oid[10];
    size_t n = amd_oid(a, b, oid);

    for (size_t i = 0; i < x->n; i++) {
        if (x->at[i].oid_len == n && memcmp(x->at[i].oid, oid, n) == 0) {
            return &x->at[i];
        }
    }
    return NULL;
}

static inline void
amd_ext_drop(struct amd_exts *x, uint8_t a, uint8_t b)
{
    struct amd_ext *e = amd_ext_find(x, a, b);

    amd_must(e != NULL);
    *e = x->at[--x->n];
}

static inline void
amd_ext_set(struct amd_exts *x, uint8_t a, uint8_t b, const void *value, size_t len)
{
    struct amd_ext *e = amd_ext_find(x, a, b);

    amd_must(e != NULL && len <= sizeof e->value);
    memcpy(e->value, value, len);
    e->len = len;
}

static inline void
amd_ext_number(struct amd_exts *x, uint8_t b, uint8_t v)
{
    const uint8_t wide[] = {2, 2, 0, v};
    const uint8_t one[] = {2, 1, v};

    (void)amd_ext_own(x, 3, b, v >= 0x80 ? wide : one, v >= 0x80 ? sizeof wide : sizeof one);
}

static inline void
amd_ext_text(struct amd_exts *x, uint8_t a, const char *text)
{
    struct amd_der d = {.n = 0};

    amd_tlv(&d, 0x16, text, strlen(text));
    (void)amd_ext_own(x, a, 0, d.b, d.n);
}

static inline void
amd_vek_exts(enum snp_product product, bool vlek, struct amd_exts *x)
{
    static const char *const NAMES[] = {"", "Milan", "Genoa", "Turin"};
    const struct soft_product *p = soft_product(product);
    bool turin = product == SNP_TURIN;
    const uint8_t version[] = {2, 1, turin};
    uint8_t chip[SNP_CHIP_LEN];

    memset(chip, AMD_CHIP_BYTE, sizeof chip);
    (void)amd_ext_own(x, 1, 0, version, sizeof version);
    amd_ext_text(x, 2, product == SNP_MILAN && !vlek ? "Milan-B0" : NAMES[product]);
    if (turin) {
        amd_ext_number(x, 9, p->tcb[0]);
    } else {
        amd_ext_number(x, 4, 0);
    }
    amd_ext_number(x, 1, p->tcb[turin ? 1 : 0]);
    amd_ext_number(x, 2, p->tcb[turin ? 2 : 1]);
    amd_ext_number(x, 3, p->tcb[turin ? 3 : 6]);
    amd_ext_number(x, 5, 0);
    amd_ext_number(x, 6, 0);
    amd_ext_number(x, 7, 0);
    amd_ext_number(x, 8, p->tcb[7]);
    if (vlek) {
        amd_ext_text(x, 5, AMD_CSP);
    } else {
        (void)amd_ext_own(x, 4, 0, chip, p->chip_len);
    }
}

/* ---- certificates ---- */

struct amd_cert {
    unsigned version; /* as it is written: 2 for v3; 0 leaves it out */
    uint64_t serial;
    enum amd_scheme scheme, outer, does; /* inside, outside, and what is done */
    struct amd_name issuer, subject;
    int64_t since, until;
    EVP_PKEY *spki;   /* borrowed */
    EVP_PKEY *signer; /* borrowed */
    struct amd_exts ext;
};

static inline void
amd_scheme_set(struct amd_cert *c, enum amd_scheme s)
{
    c->scheme = s;
    c->outer = s;
    c->does = s;
}

static inline struct amd_der
amd_make(const struct amd_cert *c)
{
    struct amd_der d = {.n = 0};
    uint8_t *spki = NULL;
    int spki_len = i2d_PUBKEY(c->spki, &spki);
    size_t from = 0;

    if (c->version > 0) {
        amd_integer(&d, c->version);
        amd_wrap(&d, 0, 0xa0);
    }
    amd_integer(&d, c->serial);
    amd_algorithm(&d, c->scheme);
    amd_name(&d, &c->issuer);
    from = d.n;
    amd_time(&d, c->since);
    amd_time(&d, c->until);
    amd_wrap(&d, from, 0x30);
    amd_name(&d, &c->subject);
    amd_must(spki_len > 0);
    amd_put(&d, spki, (size_t)spki_len);
    OPENSSL_free(spki);
    from = d.n;
    amd_exts_put(&d, &c->ext);
    if (d.n > from) {
        amd_wrap(&d, from, 0xa3);
    }
    amd_wrap(&d, 0, 0x30);
    amd_seal(&d, c->outer, c->does, c->signer);
    return d;
}

/* A VCEK or VLEK for the chip and the TCB of soft_report(). */
static inline struct amd_cert
amd_vek(enum snp_product product, bool vlek, EVP_PKEY *key)
{
    enum amd_key by = vlek ? AMD_ASVK : AMD_ASK;
    struct amd_cert c = {
        .version = 2,
        .issuer = {.cn = amd_ca_cn(product, by)},
        .subject = {.cn = vlek ? "SEV-VLEK" : "SEV-VCEK"},
        .since = AMD_NOW - 30 * (int64_t)AMD_DAY,
        .until = AMD_NOW + 335 * (int64_t)AMD_DAY,
        .spki = key,
        .signer = amd_key(by),
    };

    amd_vek_exts(product, vlek, &c.ext);
    return c;
}

static inline void
amd_ca_exts(enum amd_key role, bool ca, int path_len, uint8_t usage, struct amd_exts *x)
{
    static const uint8_t BASIC[] = {0x55, 0x1d, 0x13};
    static const uint8_t USAGE[] = {0x55, 0x1d, 0x0f};
    const uint8_t bits[] = {3, 2, (uint8_t)(role == AMD_ARK ? 1 : 2), usage};
    struct amd_der d = {.n = 0};
    static const uint8_t TRUE[] = {1, 1, 0xff};

    amd_put(&d, TRUE, ca ? sizeof TRUE : 0);
    if (path_len >= 0) {
        amd_integer(&d, (uint64_t)path_len);
    }
    amd_wrap(&d, 0, 0x30);
    amd_ext_add(x, BASIC, sizeof BASIC, d.b, d.n)->critical = true;
    amd_ext_add(x, USAGE, sizeof USAGE, bits, sizeof bits)->critical = true;
}

static inline uint8_t
amd_ca_usage(enum amd_key role)
{
    return role == AMD_ARK ? 0x06 : 0x04; /* keyCertSign, and cRLSign of the root */
}

static inline uint64_t
amd_ca_serial(enum snp_product product, enum amd_key role)
{
    static const uint64_t TAIL[] = {0, 1, 0x101};

    return (uint64_t)product * 0x10000 + TAIL[role];
}

static inline struct amd_cert
amd_ca(enum snp_product product, enum amd_key role)
{
    struct amd_cert c = {
        .version = 2,
        .serial = amd_ca_serial(product, role),
        .issuer = {.cn = amd_ca_cn(product, AMD_ARK)},
        .subject = {.cn = amd_ca_cn(product, role)},
        .since = AMD_NOW - 1000 * (int64_t)AMD_DAY,
        .until = AMD_NOW + 3000 * (int64_t)AMD_DAY,
        .spki = amd_key(role),
        .signer = amd_key(AMD_ARK),
    };

    amd_ca_exts(role, true, role == AMD_ARK ? AMD_CA_PATH_NONE : 0, amd_ca_usage(role), &c.ext);
    return c;
}

static inline struct amd_der
amd_ca_der(enum snp_product product, enum amd_key role)
{
    const struct amd_cert c = amd_ca(product, role);

    return amd_make(&c);
}

/* ARK, ASK and ASVK of one product as anchors; release with snp_anchors_done(). */
static inline void
amd_trust(enum snp_product product, struct snp_anchors *out)
{
    const struct amd_der ark = amd_ca_der(product, AMD_ARK);
    const struct amd_der ask = amd_ca_der(product, AMD_ASK);
    const struct amd_der asvk = amd_ca_der(product, AMD_ASVK);
    struct why why = {0};
    enum err e =
        snp_anchors_add(product, amd_slice(&ark), amd_slice(&ask), amd_slice(&asvk), out, &why);

    if (e != ERR_OK) {
        (void)fprintf(stderr, "amd_trust: %s\n", why_text(&why));
        abort();
    }
}

/* As PEM; free() it. */
static inline char *
amd_pem(const struct amd_der *d, const char *label)
{
    size_t cap = 2 * d->n + 200;
    char *out = calloc(1, cap);
    size_t n = 0;

    amd_must(out != NULL);
    n = (size_t)snprintf(out, cap, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < d->n; at += 48) {
        size_t len = d->n - at < 48 ? d->n - at : 48;

        n += (size_t)EVP_EncodeBlock((uint8_t *)out + n, d->b + at, (int)len);
        out[n++] = '\n';
    }
    (void)snprintf(out + n, cap - n, "-----END %s-----\n", label);
    return out;
}

/* ---- CRLs ---- */

struct amd_crl {
    unsigned version; /* as it is written: 1 for v2; 0 leaves it out */
    enum amd_scheme scheme, outer, does;
    struct amd_name issuer;
    int64_t since, until; /* until 0: no nextUpdate */
    uint64_t revoked[8];
    size_t revoked_n;
    struct slice revoked_raw; /* one more serial number, its contents as they are; empty: none */
    EVP_PKEY *signer;         /* borrowed */
    struct amd_exts ext;      /* of the list */
    struct amd_exts each;     /* of each entry */
};

static inline struct amd_crl
amd_crl(enum snp_product product)
{
    static const uint8_t NUMBER[] = {0x55, 0x1d, 0x14};
    static const uint8_t TWO[] = {2, 1, 2};
    struct amd_crl c = {
        .version = 1,
        .issuer = {.cn = amd_ca_cn(product, AMD_ARK)},
        .since = AMD_NOW - 10 * (int64_t)AMD_DAY,
        .until = AMD_NOW + 300 * (int64_t)AMD_DAY,
        .signer = amd_key(AMD_ARK),
    };

    (void)amd_ext_add(&c.ext, NUMBER, sizeof NUMBER, TWO, sizeof TWO);
    return c;
}

static inline struct amd_der
amd_crl_make(const struct amd_crl *c)
{
    struct amd_der d = {.n = 0};
    size_t from = 0;

    if (c->version > 0) {
        amd_integer(&d, c->version);
    }
    amd_algorithm(&d, c->scheme);
    amd_name(&d, &c->issuer);
    amd_time(&d, c->since);
    if (c->until != 0) {
        amd_time(&d, c->until);
    }
    from = d.n;
    for (size_t i = 0; i < c->revoked_n + (c->revoked_raw.len > 0); i++) {
        size_t one = d.n;

        if (i < c->revoked_n) {
            amd_integer(&d, c->revoked[i]);
        } else {
            amd_tlv(&d, 0x02, c->revoked_raw.ptr, c->revoked_raw.len);
        }
        amd_time(&d, c->since);
        amd_exts_put(&d, &c->each);
        amd_wrap(&d, one, 0x30);
    }
    if (d.n > from) {
        amd_wrap(&d, from, 0x30);
    }
    from = d.n;
    amd_exts_put(&d, &c->ext);
    if (d.n > from) {
        amd_wrap(&d, from, 0xa0);
    }
    amd_wrap(&d, 0, 0x30);
    amd_seal(&d, c->outer, c->does, c->signer);
    return d;
}

#endif
