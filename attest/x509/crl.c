/* SPDX-License-Identifier: Apache-2.0 */
/* crl.c - one CRL as its fields, without a library; see x509.h.
 *
 * Refuses what is not DER, what follows it, another version than 2, an extension twice, and critical extensions that
 * we do not know: those of delta and of indirect CRLs are among them, so that an entry always speaks of a certificate
 * of the list's own issuer.  Source: RFC 5280 section 5. */
#include "attest/base/der.h"
#include "attest/x509/tbs.h"

enum { V2 = 1 }; /* as it is encoded */

static const uint8_t OID_AUTHORITY_KEY[] = {0x55, 0x1d, 0x23};
static const uint8_t OID_CRL_NUMBER[] = {0x55, 0x1d, 0x14};
static const uint8_t OID_REASON_CODE[] = {0x55, 0x1d, 0x15};

static const struct slice OF_LIST[] = {
    {OID_AUTHORITY_KEY, sizeof OID_AUTHORITY_KEY},
    {OID_CRL_NUMBER, sizeof OID_CRL_NUMBER},
    {0},
};
static const struct slice OF_ENTRY[] = {
    {OID_REASON_CODE, sizeof OID_REASON_CODE},
    {0},
};

/* One of revokedCertificates (section 5.1.2.6); `extensions` are of the entry. */
static struct x509_revoked
entry_next(struct rd *list, struct slice *extensions)
{
    struct rd e = der_enter(list, "revokedCertificate", DER_SEQUENCE);
    struct x509_revoked out = {.serial = tbs_serial_read(&e, "userCertificate")};
    struct why unused = {0};

    out.since_unix = tbs_time_read(&e, "revocationDate");
    *extensions = (struct slice){0};
    if (der_next_is(&e, DER_SEQUENCE)) {
        *extensions = der_value(&e, "crlEntryExtensions", DER_SEQUENCE);
    }
    if (rd_end(&e, &unused) != ERR_OK) {
        rd_fail(list, "revokedCertificate", "not a serial number, a time and extensions");
        return (struct x509_revoked){0};
    }
    return out;
}

static bool
known(const struct slice *list, struct slice oid)
{
    for (size_t i = 0; list[i].len > 0; i++) {
        if (slice_same(list[i], oid)) {
            return true;
        }
    }
    return false;
}

/* `list` of those that we know ends with an empty one. */
static enum err
extensions_check(struct slice extensions, const struct slice *list, struct why *why)
{
    struct x509_extension e;

    TRY(tbs_extensions_check(extensions, why));
    while (x509_extension_next(&extensions, &e)) {
        if (e.critical && !known(list, e.oid)) {
            return why_add(why, ERR_UNABLE, "CRL: a critical extension that we do not know");
        }
    }
    return ERR_OK;
}

static enum err
entries_check(struct slice revoked, struct why *why)
{
    struct rd r = rd_init(revoked, "revokedCertificates");
    enum err err = ERR_OK;

    while (err == ERR_OK && rd_ok(&r) && rd_left(&r) > 0) {
        struct slice extensions;

        (void)entry_next(&r, &extensions);
        err = extensions_check(extensions, OF_ENTRY, why);
    }
    return err == ERR_OK ? rd_end(&r, why) : err;
}

/* [0] EXPLICIT SEQUENCE OF Extension. */
static enum err
tail_read(struct rd *tbs, struct x509_crl *out, struct why *why)
{
    enum err err = ERR_OK;

    if (der_next_is(tbs, DER_CONTEXT_CONSTRUCTED)) {
        struct rd r = der_enter(tbs, "crlExtensions", DER_CONTEXT_CONSTRUCTED);

        out->extensions = der_value(&r, "crlExtensions", DER_SEQUENCE);
        err = rd_end(&r, why);
    }
    return err == ERR_OK ? rd_end(tbs, why) : err;
}

static bool
next_is_time(const struct rd *r)
{
    return der_next_is(r, DER_UTC_TIME) || der_next_is(r, DER_GENERALIZED_TIME);
}

static enum err
fields_read(struct rd *tbs, struct x509_crl *out, struct why *why)
{
    if (der_u64(tbs, "version", DER_INTEGER) != V2) {
        rd_fail(tbs, "version", "not 2");
    }
    out->algorithm = der_whole(tbs, "signature", DER_SEQUENCE);
    out->issuer = der_whole(tbs, "issuer", DER_SEQUENCE);
    out->this_update = tbs_time_read(tbs, "thisUpdate");
    out->has_next = next_is_time(tbs);
    if (out->has_next) {
        out->next_update = tbs_time_read(tbs, "nextUpdate");
    }
    if (der_next_is(tbs, DER_SEQUENCE)) {
        out->revoked = der_value(tbs, "revokedCertificates", DER_SEQUENCE);
    }
    return tail_read(tbs, out, why);
}

static enum err
lists_check(const struct x509_crl *crl, struct why *why)
{
    TRY(entries_check(crl->revoked, why));
    return extensions_check(crl->extensions, OF_LIST, why);
}

enum err
x509_crl_decode(struct slice der, struct x509_crl *out, struct why *why)
{
    struct x509_crl crl = {.der = der};
    struct tbs_signed s;

    if (der.len > X509_CRL_MAX) {
        return why_add(why, ERR_LIMIT, "CRL of %zu bytes, at most %d", der.len, X509_CRL_MAX);
    }
    TRY(tbs_signed_decode(der, "CertificateList", &s, why));
    crl.tbs = s.whole;
    crl.signature = s.signature;
    TRY(fields_read(&s.tbs, &crl, why));
    TRY(tbs_algorithm_check(crl.algorithm, &s, why));
    TRY(lists_check(&crl, why));
    *out = crl;
    return ERR_OK;
}

bool
x509_revoked_next(struct slice *rest, struct x509_revoked *out)
{
    struct rd r = rd_init(*rest, "revokedCertificates");
    struct slice extensions;
    struct x509_revoked e;

    if (rd_left(&r) == 0) {
        return false;
    }
    e = entry_next(&r, &extensions);
    if (!rd_ok(&r)) {
        return false;
    }
    *out = e;
    *rest = rd_bytes(&r, "the rest", rd_left(&r));
    return true;
}

bool
x509_crl_lists(const struct x509_crl *crl, struct slice serial)
{
    struct slice rest = crl->revoked;
    struct x509_revoked e;

    while (x509_revoked_next(&rest, &e)) {
        if (slice_same(e.serial, serial)) {
            return true;
        }
    }
    return false;
}
