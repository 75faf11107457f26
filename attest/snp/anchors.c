/* SPDX-License-Identifier: Apache-2.0 */
/* anchors.c - AMD's certificate authorities, read and verified; see ca.h and snp.h.
 *
 * A certificate here is believed for what the operator gave it as: the product and the role are said by the caller and must be
 * those of its name.  Refuses any other profile than AMD's, whoever signed it.  Source: AMD 57230, chapter "Certificates". */
#include <string.h>

#include "attest/base/der.h"
#include "attest/base/text.h"
#include "attest/snp/ca.h"
#include "attest/snp/vek.h"

enum { RSA_BITS = 4096, SALT_LEN = 48, V3 = 3, CN_WITHOUT_END = SNP_CN_MAX - 1 };

_Static_assert((int)CN_WITHOUT_END == (int)SHOWN_MAX, "a common name is shown whole");

static const struct {
    const char *cn;
    enum snp_product product;
    enum snp_role role;
} NAMES[] = {
    {"ARK-Milan", SNP_MILAN, SNP_ROLE_ARK},       {"SEV-Milan", SNP_MILAN, SNP_ROLE_ASK},
    {"SEV-VLEK-Milan", SNP_MILAN, SNP_ROLE_ASVK}, {"ARK-Genoa", SNP_GENOA, SNP_ROLE_ARK},
    {"SEV-Genoa", SNP_GENOA, SNP_ROLE_ASK},       {"SEV-VLEK-Genoa", SNP_GENOA, SNP_ROLE_ASVK},
    {"ARK-Turin", SNP_TURIN, SNP_ROLE_ARK},       {"SEV-Turin", SNP_TURIN, SNP_ROLE_ASK},
    {"SEV-VLEK-Turin", SNP_TURIN, SNP_ROLE_ASVK},
};

enum { NAMES_N = sizeof NAMES / sizeof NAMES[0] };

static const uint8_t BASIC_CONSTRAINTS[] = {0x55, 0x1d, 0x13};
static const uint8_t KEY_USAGE[] = {0x55, 0x1d, 0x0f};

static const struct slice OID_BASIC_CONSTRAINTS = {BASIC_CONSTRAINTS, sizeof BASIC_CONSTRAINTS};
static const struct slice OID_KEY_USAGE = {KEY_USAGE, sizeof KEY_USAGE};

void
snp_ca_done(struct snp_ca *ca)
{
    sig_key_done(&ca->key);
    *ca = (struct snp_ca){0};
}

void
snp_anchors_done(struct snp_anchors *a)
{
    for (size_t i = 0; i < SNP_PRODUCTS - 1; i++) {
        snp_ca_done(&a->product[i].ark);
        snp_ca_done(&a->product[i].ask);
        snp_ca_done(&a->product[i].asvk);
    }
    *a = (struct snp_anchors){0};
}

bool
snp_ca_by_cn(struct slice cn, enum snp_product *product, enum snp_role *role)
{
    for (size_t i = 0; i < NAMES_N; i++) {
        if (slice_same(cn, slice_text(NAMES[i].cn))) {
            *product = NAMES[i].product;
            *role = NAMES[i].role;
            return true;
        }
    }
    return false;
}

/* NULL for what is no CA. */
static const char *
name_of(enum snp_product product, enum snp_role role)
{
    for (size_t i = 0; i < NAMES_N; i++) {
        if (NAMES[i].product == product && NAMES[i].role == role) {
            return NAMES[i].cn;
        }
    }
    return NULL;
}

enum snp_vek_kind
snp_ca_signs(enum snp_role role)
{
    switch (role) {
    case SNP_ROLE_ASK: return SNP_VCEK;
    case SNP_ROLE_ASVK: return SNP_VLEK;
    case SNP_ROLE_ARK:
    case SNP_ROLE_NONE: break;
    }
    return SNP_VEK_NONE;
}

const struct snp_ca *
snp_ca_find(const struct snp_anchors *anchors, enum snp_product product, enum snp_role role)
{
    const struct snp_ca *ca = NULL;

    if (product <= SNP_PRODUCT_NONE || product >= SNP_PRODUCTS) {
        return NULL;
    }
    switch (role) {
    case SNP_ROLE_ARK: ca = &anchors->product[product - 1].ark; break;
    case SNP_ROLE_ASK: ca = &anchors->product[product - 1].ask; break;
    case SNP_ROLE_ASVK: ca = &anchors->product[product - 1].asvk; break;
    case SNP_ROLE_NONE: break;
    }
    return ca != NULL && ca->present ? ca : NULL;
}

/* cA and pathLenConstraint, -1 without one (RFC 5280 section 4.2.1.9). */
static enum err
constraints_read(struct slice value, bool *ca, int64_t *path_len, struct why *why)
{
    struct rd r = rd_init(value, "basicConstraints");
    struct rd in = der_enter(&r, "basicConstraints", DER_SEQUENCE);

    *ca = der_next_is(&in, DER_BOOLEAN) && der_bool(&in, "cA");
    *path_len = -1;
    if (der_next_is(&in, DER_INTEGER)) {
        uint64_t len = der_u64(&in, "pathLenConstraint", DER_INTEGER);

        *path_len = len > INT32_MAX ? INT32_MAX : (int64_t)len;
    }
    TRY(rd_end(&in, why));
    return rd_end(&r, why);
}

bool
snp_ca_claims(const struct x509_leaf *leaf)
{
    struct x509_extension e;
    struct why unused = {0};
    int64_t path_len = 0;
    bool ca = false;

    return x509_extension_find(leaf->extensions, OID_BASIC_CONSTRAINTS, &e) &&
           constraints_read(e.value, &ca, &path_len, &unused) == ERR_OK && ca;
}

/* pathLenConstraint: 0 below the root, so that the next is no CA; at the root any but that. */
static enum err
constraints_check(const struct x509_leaf *leaf, enum snp_role role, struct why *why)
{
    struct x509_extension e;
    int64_t path_len = 0;
    bool ca = false;

    if (!x509_extension_find(leaf->extensions, OID_BASIC_CONSTRAINTS, &e)) {
        return why_add(why, ERR_DENIED, "no basicConstraints, want critical, CA");
    }
    TRY(constraints_read(e.value, &ca, &path_len, why));
    if (!ca || !e.critical) {
        return why_add(why, ERR_DENIED, "basicConstraints %s, want critical, CA",
                       ca ? "not critical" : "without CA");
    }
    if ((role == SNP_ROLE_ARK) == (path_len == 0)) {
        return why_add(why, ERR_DENIED, "pathLenConstraint %lld, want %s", (long long)path_len,
                       role == SNP_ROLE_ARK ? "none" : "0");
    }
    return ERR_OK;
}

static enum err
usage_check(const struct x509_leaf *leaf, enum snp_role role, struct why *why)
{
    uint32_t want = X509_KU_KEY_CERT_SIGN | (role == SNP_ROLE_ARK ? X509_KU_CRL_SIGN : 0);
    struct x509_extension e;

    if (!x509_extension_find(leaf->extensions, OID_KEY_USAGE, &e)) {
        return why_add(why, ERR_DENIED, "no keyUsage, want keyCertSign");
    }

    struct rd r = rd_init(e.value, "keyUsage");
    uint32_t usage = der_flags(&r, "keyUsage");

    TRY(rd_end(&r, why));
    if (usage != want) {
        return why_add(why, ERR_DENIED, "keyUsage 0x%x, want 0x%x (keyCertSign%s)", usage, want,
                       role == SNP_ROLE_ARK ? ", cRLSign" : "");
    }
    return ERR_OK;
}

static enum err
critical_check(struct slice extensions, struct why *why)
{
    struct x509_extension e;

    while (x509_extension_next(&extensions, &e)) {
        if (e.critical && !slice_same(e.oid, OID_BASIC_CONSTRAINTS) &&
            !slice_same(e.oid, OID_KEY_USAGE)) {
            return why_add(why, ERR_DENIED, "a critical extension that we do not know");
        }
    }
    return ERR_OK;
}

static enum err
subject_check(struct slice subject, const char *want, struct why *why)
{
    struct slice cn;

    TRY(snp_amd_name(subject, &cn, why));
    if (!slice_same(cn, slice_text(want))) {
        return why_add(why, ERR_DENIED, "CN is \"%s\", want \"%s\"", text_show(cn).text, want);
    }
    return ERR_OK;
}

/* A positive number of at most 20 bytes (RFC 5280 section 4.1.2.2), as AMD gives its CAs and not their leaves. */
static enum err
serial_read(struct slice serial, struct snp_ca *out, struct why *why)
{
    struct rd r = rd_init(serial, "serialNumber");
    size_t sign = serial.len > 1 && serial.ptr[0] == 0;
    struct slice v = {0};

    (void)rd_bytes(&r, "sign", sign);
    v = rd_bytes(&r, "serialNumber", rd_left(&r));
    if (v.len == 0 || v.len > sizeof out->serial || slice_zero(v) || serial.ptr[0] >= 0x80) {
        return why_add(why, ERR_DENIED, "serial number of %zu bytes, zero or negative", v.len);
    }
    memcpy(out->serial, v.ptr, v.len);
    out->serial_len = v.len;
    return ERR_OK;
}

static enum err
key_read(struct slice spki, struct sig_key *out, struct why *why)
{
    AUTO(sig_key_done) struct sig_key key = {0};

    TRY(sig_key_spki(spki, &key, why));
    if (key.type != KEY_RSA || key.bits != RSA_BITS) {
        return why_add(why, ERR_DENIED, "a key of %zu bits, want RSA of %d", key.bits, RSA_BITS);
    }
    *out = key;
    key = (struct sig_key){0};
    return ERR_OK;
}

static enum err
profile_check(const struct x509_leaf *leaf, enum snp_role role, struct why *why)
{
    if (leaf->version != V3) {
        return why_add(why, ERR_DENIED, "X.509 version %u, want %d", leaf->version, V3);
    }
    TRY(x509_extensions_check(leaf->extensions, why));
    TRY(constraints_check(leaf, role, why));
    TRY(usage_check(leaf, role, why));
    return critical_check(leaf->extensions, why);
}

enum err
snp_ca_read(const struct x509_leaf *leaf, enum snp_product product, enum snp_role role,
            struct snp_ca *out, struct why *why)
{
    struct snp_ca ca = {.present = true,
                        .cn = name_of(product, role),
                        .not_before = leaf->not_before,
                        .not_after = leaf->not_after};

    if (ca.cn == NULL) {
        return why_add(why, ERR_BUG, "a CA of no product, or without a role");
    }
    TRY(subject_check(leaf->subject, ca.cn, why));
    TRY(profile_check(leaf, role, why));
    TRY(serial_read(leaf->serial, &ca, why));
    TRY(key_read(leaf->spki, &ca.key, why));
    *out = ca;
    return ERR_OK;
}

enum err
snp_ca_verify(const struct snp_ca *ca, struct slice tbs, struct slice signature, struct why *why)
{
    return sig_verify_pss(&ca->key, HASH_SHA384, SALT_LEN, tbs, signature, why);
}

enum err
snp_ca_issued(const struct x509_leaf *leaf, enum snp_product product, const struct snp_ca *ark,
              struct why *why)
{
    TRY(subject_check(leaf->issuer, name_of(product, SNP_ROLE_ARK), why));
    TRY(snp_pss_algorithm(leaf->algorithm, why));
    return snp_ca_verify(ark, leaf->tbs, leaf->signature, why);
}

/* `ark` NULL: self-signed. */
static enum err
ca_open(struct slice der, enum snp_product product, enum snp_role role, const struct snp_ca *ark,
        struct snp_ca *out, struct why *why)
{
    AUTO(snp_ca_done) struct snp_ca ca = {0};
    struct x509_leaf leaf;

    TRY(x509_leaf_decode(der, &leaf, why));
    TRY(snp_ca_read(&leaf, product, role, &ca, why));
    TRY(snp_ca_issued(&leaf, product, ark != NULL ? ark : &ca, why));
    snp_ca_done(out);
    *out = ca;
    ca = (struct snp_ca){0};
    return ERR_OK;
}

/* DER or PEM; empty leaves `out` alone. */
static enum err
given_open(struct slice in, enum snp_product product, enum snp_role role, const struct snp_ca *ark,
           struct snp_ca *out, struct why *why)
{
    AUTO(x509_pem_done) struct x509_pem text = {0};
    enum err e = ERR_OK;

    if (in.len == 0) {
        return ERR_OK;
    }
    e = x509_pem_open(in, X509_PEM_CERTIFICATE, X509_DER_MAX, &text, why);
    if (e == ERR_OK) {
        e = ca_open(text.der, product, role, ark, out, why);
    }
    return e == ERR_OK ? ERR_OK : why_add(why, e, "as %s", name_of(product, role));
}

static void
moved(struct snp_ca *from, struct snp_ca *to)
{
    snp_ca_done(to);
    *to = *from;
    *from = (struct snp_ca){0};
}

enum err
snp_anchors_add(enum snp_product product, struct slice ark, struct slice ask, struct slice asvk,
                struct snp_anchors *out, struct why *why)
{
    AUTO(snp_ca_done) struct snp_ca root = {0};
    AUTO(snp_ca_done) struct snp_ca vcek = {0};
    AUTO(snp_ca_done) struct snp_ca vlek = {0};

    if (product <= SNP_PRODUCT_NONE || product >= SNP_PRODUCTS || ark.len == 0) {
        return why_add(why, ERR_MALFORMED, "no ARK, or of no product");
    }
    TRY(given_open(ark, product, SNP_ROLE_ARK, NULL, &root, why));
    TRY(given_open(ask, product, SNP_ROLE_ASK, &root, &vcek, why));
    TRY(given_open(asvk, product, SNP_ROLE_ASVK, &root, &vlek, why));
    moved(&root, &out->product[product - 1].ark);
    moved(&vcek, &out->product[product - 1].ask);
    moved(&vlek, &out->product[product - 1].asvk);
    return ERR_OK;
}
