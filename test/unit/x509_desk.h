/* SPDX-License-Identifier: Apache-2.0 */
/* x509_desk.h - throw-away certificates and CRLs for tests, made with OpenSSL as asked, sound or not. */
#ifndef TEST_UNIT_X509_DESK_H
#define TEST_UNIT_X509_DESK_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "attest/x509/x509.h"

enum {
    DESK_NOW = 1800000000,
    DESK_DAY = 86400,
    DESK_DER = 4096,
    DESK_EXTENSIONS = 4,
};

/* A certificate with its key; release with desk_cert_done(). */
struct desk_cert {
    EVP_PKEY *key;
    X509 *x;
    uint8_t der[DESK_DER];
    size_t len;
};

struct desk_extension {
    int nid;
    const char *value; /* as in openssl.cnf */
};

/* What is not said is sound: valid for a day around DESK_NOW, P-256, SHA-256. */
struct desk_ask {
    const char *subject;            /* common name */
    const struct desk_cert *issuer; /* NULL: self-signed */
    EVP_PKEY *key;                  /* NULL: a new P-256 key; taken */
    const EVP_MD *md;
    int64_t not_before, not_after;
    int64_t serial;
    struct desk_extension ext[DESK_EXTENSIONS]; /* nid 0 ends */
};

static inline void
desk_cert_done(struct desk_cert *c)
{
    EVP_PKEY_free(c->key);
    X509_free(c->x);
}

static inline void
desk_must(bool good)
{
    if (!good) {
        abort();
    }
}

static inline void
desk_name(X509_NAME *name, const char *text)
{
    desk_must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)text, -1, -1,
                                         0) == 1);
}

static inline void
desk_extend(X509 *x, X509 *issuer, const struct desk_extension *e)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext = NULL;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, e->nid, e->value);
    desk_must(ext != NULL && X509_add_ext(x, ext, -1) == 1);
    X509_EXTENSION_free(ext);
}

static inline struct slice
desk_der(const struct desk_cert *c)
{
    return (struct slice){c->der, c->len};
}

/* Write the DER again, after `x` was changed or signed. */
static inline void
desk_encode(struct desk_cert *c)
{
    uint8_t *at = c->der;
    int len = i2d_X509(c->x, NULL);

    desk_must(len > 0 && len <= DESK_DER && i2d_X509(c->x, &at) == len);
    c->len = (size_t)len;
}

static inline struct desk_cert
desk_make(const struct desk_ask *ask)
{
    struct desk_cert c = {.key = ask->key != NULL ? ask->key : EVP_EC_gen("P-256"),
                          .x = X509_new()};
    X509 *issuer = ask->issuer != NULL ? ask->issuer->x : c.x;
    EVP_PKEY *signer = ask->issuer != NULL ? ask->issuer->key : c.key;
    bool bare = EVP_PKEY_is_a(signer, "ED25519");
    int64_t from = ask->not_before != 0 ? ask->not_before : DESK_NOW - DESK_DAY;
    int64_t to = ask->not_after != 0 ? ask->not_after : DESK_NOW + DESK_DAY;

    desk_must(c.key != NULL && c.x != NULL && X509_set_version(c.x, X509_VERSION_3) == 1);
    desk_must(
        ASN1_INTEGER_set_int64(X509_get_serialNumber(c.x), ask->serial != 0 ? ask->serial : 1));
    desk_name(X509_get_subject_name(c.x), ask->subject);
    desk_must(X509_set_issuer_name(c.x, X509_get_subject_name(issuer)) == 1);
    desk_must(ASN1_TIME_adj(X509_getm_notBefore(c.x), (time_t)from, 0, 0) != NULL);
    desk_must(ASN1_TIME_adj(X509_getm_notAfter(c.x), (time_t)to, 0, 0) != NULL);
    desk_must(X509_set_pubkey(c.x, c.key) == 1);
    for (size_t i = 0; i < DESK_EXTENSIONS && ask->ext[i].nid != 0; i++) {
        desk_extend(c.x, issuer, &ask->ext[i]);
    }
    desk_must(X509_sign(c.x, signer, bare ? NULL : ask->md != NULL ? ask->md : EVP_sha256()) > 0);
    desk_encode(&c);
    return c;
}

/* The usual: a self-signed root, an intermediate below it, or a leaf. */
static inline struct desk_cert
desk_ca(const char *subject, const struct desk_cert *issuer)
{
    const struct desk_ask ask = {.subject = subject,
                                 .issuer = issuer,
                                 .ext = {{NID_basic_constraints, "critical,CA:TRUE"},
                                         {NID_key_usage, "critical,keyCertSign,cRLSign"}}};

    return desk_make(&ask);
}

static inline struct desk_cert
desk_leaf(const char *subject, const struct desk_cert *issuer)
{
    const struct desk_ask ask = {.subject = subject,
                                 .issuer = issuer,
                                 .serial = 7777,
                                 .ext = {{NID_basic_constraints, "CA:FALSE"},
                                         {NID_key_usage, "critical,digitalSignature"},
                                         {NID_ext_key_usage, "clientAuth"}}};

    return desk_make(&ask);
}

struct desk_crl {
    uint8_t der[DESK_DER];
    size_t len;
};

/* serial 0: an empty list. */
static inline struct desk_crl
desk_crl_make(const struct desk_cert *issuer, const struct desk_cert *signer, int64_t serial,
              int64_t next_update)
{
    struct desk_crl out;
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = ASN1_TIME_set(NULL, DESK_NOW - DESK_DAY);
    uint8_t *at = out.der;

    desk_must(crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1);
    desk_must(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x)) == 1);
    desk_must(X509_CRL_set1_lastUpdate(crl, t) == 1);
    if (serial != 0) {
        X509_REVOKED *r = X509_REVOKED_new();
        ASN1_INTEGER *n = ASN1_INTEGER_new();

        desk_must(ASN1_INTEGER_set_int64(n, serial) == 1);
        desk_must(X509_REVOKED_set_serialNumber(r, n) == 1);
        desk_must(X509_REVOKED_set_revocationDate(r, t) == 1 && X509_CRL_add0_revoked(crl, r) == 1);
        ASN1_INTEGER_free(n);
    }
    desk_must(ASN1_TIME_adj(t, (time_t)next_update, 0, 0) != NULL);
    desk_must(X509_CRL_set1_nextUpdate(crl, t) == 1);
    desk_must(X509_CRL_sign(crl, signer->key, EVP_sha256()) > 0);
    out.len = (size_t)i2d_X509_CRL(crl, NULL);
    desk_must(out.len <= DESK_DER && i2d_X509_CRL(crl, &at) > 0);
    ASN1_TIME_free(t);
    X509_CRL_free(crl);
    return out;
}

#endif
