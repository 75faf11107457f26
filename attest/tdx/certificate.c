/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.c - see certificate.h. */
#include "attest/tdx/certificate.h"

#include <string.h>

#include "attest/base/der.h"
#include "attest/base/pem.h"
#include "attest/base/text.h"

enum { RAW_HALF = 32, COORDINATE_LEN = 32, KU_CERT_SIGN = 1 << 5 };

/* SEQUENCE { ecdsa-with-SHA256 }, RFC 5758 section 3.2 */
static const uint8_t ECDSA_SHA256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
/* SubjectPublicKeyInfo of a key on P-256, up to x || y: there is one way to write it (RFC 5480 section 2). */
static const uint8_t P256_SPKI[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t OID_CN[] = {0x55, 0x04, 0x03};
static const uint8_t OID_KEY_USAGE[] = {0x55, 0x1d, 0x0f};
static const uint8_t OID_BASIC_CONSTRAINTS[] = {0x55, 0x1d, 0x13};

#define SLICE(array) ((struct slice){(array), sizeof(array)})

bool
tdx_is_ecdsa_sha256(struct slice algorithm)
{
    return slice_same(algorithm, SLICE(ECDSA_SHA256));
}

void
tdx_cert_done(struct tdx_cert *c)
{
    sig_key_done(&c->key);
}

void
tdx_chain_done(struct tdx_chain *c)
{
    for (size_t i = 0; i < TDX_CHAIN_MAX; i++) {
        tdx_cert_done(&c->cert[i]);
    }
}

/* The one commonName of a Name; ERR_DENIED when there are none or two. */
static enum err
find_cn(struct slice name, struct slice *cn, struct why *why)
{
    struct rd r = rd_init(name, "x509.name");
    struct rd rdns = der_enter(&r, "name", DER_SEQUENCE);
    size_t found = 0;

    while (rd_ok(&rdns) && rd_left(&rdns) > 0) {
        struct rd set = der_enter(&rdns, "rdn", DER_SET);
        struct rd pair = der_enter(&set, "attribute", DER_SEQUENCE);
        bool is_cn = slice_same(der_oid(&pair, "type"), SLICE(OID_CN));
        unsigned tag = rd_left(&pair) > 0 ? pair.in.ptr[pair.at] : 0;
        struct slice value = der_value(&pair, "value", tag);

        if (!rd_ok(&set) || !rd_ok(&pair) || rd_left(&set) + rd_left(&pair) > 0) {
            rd_fail(&rdns, "rdn", "want one attribute");
        }
        *cn = is_cn ? value : *cn;
        found += is_cn;
    }
    TRY(rd_end(&rdns, why));
    return found == 1 ? ERR_OK : why_add(why, ERR_DENIED, "subject has %zu common names", found);
}

static void
read_basic_constraints(struct slice value, struct tdx_cert *c, struct rd *errors)
{
    struct rd r = rd_init(value, "basicConstraints");
    struct rd s = der_enter(&r, "basicConstraints", DER_SEQUENCE);

    c->is_ca = der_next_is(&s, DER_BOOLEAN) && der_bool(&s, "cA");
    c->path_len = -1;
    if (der_next_is(&s, DER_INTEGER)) {
        c->path_len = (int64_t)(der_u64(&s, "pathLen", DER_INTEGER) & INT32_MAX);
    }
    if (!rd_ok(&s) || !rd_ok(&r) || rd_left(&s) + rd_left(&r) > 0) {
        rd_fail(errors, "basicConstraints", "not as RFC 5280 has it");
    }
}

static void
read_key_usage(struct slice value, struct tdx_cert *c, struct rd *errors)
{
    struct rd r = rd_init(value, "keyUsage");

    c->signs_certs = (der_flags(&r, "keyUsage") & KU_CERT_SIGN) != 0;
    if (!rd_ok(&r) || rd_left(&r) > 0) {
        rd_fail(errors, "keyUsage", "not as RFC 5280 has it");
    }
}

/* The extensions that decide what a certificate may do; others must not be critical. */
static enum err
read_extensions(struct tdx_cert *c, struct why *why)
{
    struct slice rest = c->x.extensions;
    struct x509_extension e = {0};
    struct rd errors = rd_init(rest, "extensions");

    c->path_len = -1;
    while (x509_extension_next(&rest, &e)) {
        if (slice_same(e.oid, SLICE(OID_BASIC_CONSTRAINTS))) {
            read_basic_constraints(e.value, c, &errors);
        } else if (slice_same(e.oid, SLICE(OID_KEY_USAGE))) {
            read_key_usage(e.value, c, &errors);
        } else if (e.critical) {
            return why_add(why, ERR_DENIED, "a critical extension that is not known");
        }
    }
    return rd_ok(&errors) ? ERR_OK
                          : why_add(why, ERR_MALFORMED, "%s is %s", errors.field, errors.cause);
}

static enum err
check_profile(const struct tdx_cert *c, struct why *why)
{
    if (c->x.version != 3) {
        return why_add(why, ERR_DENIED, "certificate version %u, want 3", c->x.version);
    }
    if (!tdx_is_ecdsa_sha256(c->x.algorithm)) {
        return why_add(why, ERR_DENIED, "signed with another algorithm than ecdsa-with-SHA256");
    }
    return ERR_OK;
}

enum err
tdx_cert_read(struct slice der, struct tdx_cert *out, struct why *why)
{
    memset(out, 0, sizeof *out);
    TRY(x509_leaf_decode(der, &out->x, why));
    TRY(find_cn(out->x.subject, &out->cn, why));
    TRY(read_extensions(out, why));
    return check_profile(out, why);
}

static bool
pinned(const struct tdx_cert *c, const struct tdx_anchor *anchor)
{
    uint8_t spki[SHA256_LEN];

    if (anchor == NULL || !anchor->present) {
        return false;
    }
    tdx_cert_spki(c, spki);
    return memcmp(spki, anchor->spki_sha256, sizeof spki) == 0;
}

static bool
begins(struct slice s, struct slice with)
{
    return s.len >= with.len && memcmp(s.ptr, with.ptr, with.len) == 0;
}

static enum err
take_key(struct tdx_cert *c, const struct tdx_anchor *anchor, struct why *why)
{
    struct slice x = {0};
    struct slice y = {0};

    if (pinned(c, anchor) && sig_key_share(&anchor->key, &c->key)) {
        return ERR_OK;
    }
    if (!begins(c->x.spki, SLICE(P256_SPKI)) ||
        c->x.spki.len != sizeof P256_SPKI + (size_t)2 * COORDINATE_LEN) {
        return why_add(why, ERR_DENIED, "its key is not on P-256");
    }
    x = (struct slice){c->x.spki.ptr + sizeof P256_SPKI, COORDINATE_LEN};
    y = (struct slice){x.ptr + x.len, COORDINATE_LEN};
    return sig_key_ec_like(anchor == NULL ? NULL : &anchor->key, CURVE_P256, x, y, &c->key, why);
}

enum err
tdx_cert_decode(struct slice der, struct tdx_cert *out, struct why *why)
{
    TRY(tdx_cert_read(der, out, why));
    return take_key(out, NULL, why);
}

static void
take_half(struct rd *r, const char *field, uint8_t out[RAW_HALF])
{
    struct slice n = der_unsigned(r, field);

    if (n.len > RAW_HALF) {
        rd_fail(r, field, "longer than the order of P-256");
        return;
    }
    memset(out, 0, RAW_HALF);
    if (n.len > 0) {
        memcpy(out + RAW_HALF - n.len, n.ptr, n.len);
    }
}

enum err
tdx_signature_raw(struct slice der, uint8_t out[2 * RAW_HALF], struct why *why)
{
    struct rd r = rd_init(der, "ECDSA-Sig-Value");
    struct rd s = der_enter(&r, "signature", DER_SEQUENCE);

    take_half(&s, "r", out);
    take_half(&s, "s", out + RAW_HALF);
    TRY(rd_end(&s, why));
    return rd_end(&r, why);
}

static enum err
may_issue(const struct tdx_cert *issuer, size_t below, struct why *why)
{
    struct shown cn = text_show(issuer->cn);

    if (!issuer->is_ca || !issuer->signs_certs) {
        return why_add(why, ERR_DENIED, "\"%s\" is not a CA that signs certificates", cn.text);
    }
    if (issuer->path_len >= 0 && (uint64_t)issuer->path_len < below) {
        return why_add(why, ERR_DENIED, "\"%s\" may have %lld CAs below it, has %zu", cn.text,
                       (long long)issuer->path_len, below);
    }
    return ERR_OK;
}

enum err
tdx_cert_issued_by(const struct tdx_cert *c, const struct tdx_cert *issuer, size_t below,
                   struct why *why)
{
    uint8_t raw[2 * RAW_HALF];
    struct why inner = {0};
    enum err e = ERR_OK;

    if (!slice_same(c->x.issuer, issuer->x.subject)) {
        return why_add(why, ERR_DENIED, "the issuer of \"%s\" is not \"%s\"", text_show(c->cn).text,
                       text_show(issuer->cn).text);
    }
    TRY(may_issue(issuer, below, why));
    TRY(tdx_signature_raw(c->x.signature, raw, why));
    e = sig_verify(&issuer->key, SCHEME_ECDSA, HASH_SHA256, c->x.tbs, SLICE(raw), &inner);
    if (e == ERR_UNABLE) {
        return why_add(why, e, "%s", why_text(&inner));
    }
    return e == ERR_OK ? e
                       : why_add(why, ERR_DENIED, "\"%s\" is not signed by \"%s\"",
                                 text_show(c->cn).text, text_show(issuer->cn).text);
}

/* A C string's NUL may be counted in, and more behind it: Intel's library reads no further than that. */
static struct slice
text_of(struct slice pem)
{
    const uint8_t *nul = pem.len > 0 ? memchr(pem.ptr, 0, pem.len) : NULL;

    return (struct slice){pem.ptr, nul == NULL ? pem.len : (size_t)(nul - pem.ptr)};
}

static enum err
read_certs(struct slice rest, struct tdx_chain *c, struct why *why)
{
    struct why end = {0};
    enum err e = ERR_OK;

    while (e == ERR_OK && c->n < TDX_CHAIN_MAX) {
        size_t len = 0;

        e = pem_next(&rest, "CERTIFICATE", c->bytes[c->n], TDX_CERT_MAX, &len, &end);
        if (e == ERR_OK) {
            e = tdx_cert_read((struct slice){c->bytes[c->n], len}, &c->cert[c->n], &end);
            c->n += e == ERR_OK;
        }
    }
    if (e == ERR_OK) { /* the room is full: nothing may follow */
        uint8_t spare[TDX_CERT_MAX];
        size_t len = 0;

        e = pem_next(&rest, "CERTIFICATE", spare, sizeof spare, &len, &end);
        c->n += e == ERR_OK;
    }
    return e == ERR_NOT_FOUND || e == ERR_OK
               ? ERR_OK
               : why_add(why, e, "certificate %zu of the chain: %.100s", c->n + 1, why_text(&end));
}

enum err
tdx_chain_read(struct slice pem, size_t n, struct tdx_chain *out, struct why *why)
{
    TRY(read_certs(text_of(pem), out, why));
    if (out->n != n) {
        return why_add(why, ERR_DENIED, "the chain has %s%zu certificates, want %zu",
                       out->n > TDX_CHAIN_MAX ? "at least " : "", out->n, n);
    }
    return ERR_OK;
}

/* The last one: issued by itself, unless these very bytes were found to be so before. */
static enum err
check_root(const struct tdx_cert *root, size_t below, const struct tdx_lean *lean, struct why *why)
{
    return slice_same(root->x.der, lean->root) ? ERR_OK
                                               : tdx_cert_issued_by(root, root, below, why);
}

enum err
tdx_chain_decode(struct slice pem, size_t n, const struct tdx_lean *lean, struct tdx_chain *out,
                 struct why *why)
{
    enum err e = tdx_chain_read(pem, n, out, why);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        struct why inner = {0};

        e = take_key(&out->cert[i], lean->anchor, &inner);
        e = e == ERR_OK
                ? e
                : why_add(why, e, "certificate %zu of the chain: %.100s", i + 1, why_text(&inner));
    }
    for (size_t i = 0; i + 1 < n && e == ERR_OK; i++) {
        e = tdx_cert_issued_by(&out->cert[i], &out->cert[i + 1], i, why);
    }
    return e == ERR_OK ? check_root(&out->cert[n - 1], n - 2, lean, why) : e;
}

size_t
tdx_serial(struct slice serial, uint8_t out[TDX_SERIAL_MAX])
{
    while (serial.len > 1 && serial.ptr[0] == 0) {
        serial = (struct slice){serial.ptr + 1, serial.len - 1};
    }
    if (serial.len > TDX_SERIAL_MAX) {
        return 0;
    }
    memcpy(out, serial.ptr, serial.len);
    return serial.len;
}

void
tdx_cert_spki(const struct tdx_cert *c, uint8_t out[SHA256_LEN])
{
    hash_sha256(c->x.spki, out);
}
