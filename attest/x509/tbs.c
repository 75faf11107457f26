/* SPDX-License-Identifier: Apache-2.0 */
/* tbs.c - see tbs.h. */
#include "attest/x509/tbs.h"

#include "attest/base/der.h"
#include "attest/base/text.h"

enum { V3 = 2, UTC_LEN = 13, GENERALIZED_LEN = 15, CENTURY_PIVOT = '5' };

bool
tbs_time(unsigned tag, struct slice text, int64_t *unix_s)
{
    /* Where each digit goes; the rest stays. */
    static const uint8_t PLACE[] = {0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18};
    uint8_t iso[] = "0000-00-00T00:00:00Z";
    size_t skip = tag == DER_UTC_TIME ? 2 : 0; /* digits of the century */
    struct why unused = {0};

    if (text.len != (skip > 0 ? UTC_LEN : GENERALIZED_LEN) || text.ptr[text.len - 1] != 'Z') {
        return false;
    }
    if (skip > 0) {
        iso[0] = text.ptr[0] >= CENTURY_PIVOT ? '1' : '2';
        iso[1] = text.ptr[0] >= CENTURY_PIVOT ? '9' : '0';
    }
    for (size_t i = skip; i < sizeof PLACE; i++) {
        iso[PLACE[i]] = text.ptr[i - skip];
    }
    return rfc3339_parse((struct slice){iso, sizeof iso - 1}, unix_s, &unused) == ERR_OK;
}

static int64_t
time_read(struct rd *r, const char *field)
{
    unsigned tag = der_next_is(r, DER_UTC_TIME) ? DER_UTC_TIME : DER_GENERALIZED_TIME;
    struct slice text = der_value(r, field, tag);
    int64_t unix_s = 0;

    if (rd_ok(r) && !tbs_time(tag, text, &unix_s)) {
        rd_fail(r, field, "not a time of RFC 5280, or before 1970");
    }
    return unix_s;
}

struct tbs_extension
tbs_extension_next(struct rd *r)
{
    struct rd e = der_enter(r, "Extension", DER_SEQUENCE);
    struct tbs_extension out = {.oid = der_oid(&e, "extnID")};
    struct why unused = {0};

    if (der_next_is(&e, DER_BOOLEAN)) {
        out.critical = der_bool(&e, "critical");
    }
    out.value = der_value(&e, "extnValue", DER_OCTET_STRING);
    if (rd_end(&e, &unused) != ERR_OK) {
        rd_fail(r, "Extension", "not an identifier, a flag and a value");
        return (struct tbs_extension){0};
    }
    return out;
}

static enum err
validity_read(struct rd *tbs, struct tbs *out, struct why *why)
{
    struct rd r = der_enter(tbs, "validity", DER_SEQUENCE);

    out->not_before = time_read(&r, "notBefore");
    out->not_after = time_read(&r, "notAfter");
    return rd_end(&r, why);
}

/* [0] EXPLICIT INTEGER DEFAULT v1. */
static uint64_t
version_read(struct rd *tbs)
{
    if (!der_next_is(tbs, DER_CONTEXT_CONSTRUCTED)) {
        return 0;
    }

    struct slice v = der_value(tbs, "version", DER_CONTEXT_CONSTRUCTED);
    struct rd r = rd_init(v, "version");
    uint64_t version = der_u64(&r, "version", DER_INTEGER);
    struct why unused = {0};

    if (rd_end(&r, &unused) != ERR_OK || version > V3) {
        rd_fail(tbs, "version", "not 1, 2 or 3");
    }
    return version;
}

/* [3] EXPLICIT SEQUENCE OF Extension, after two identifiers that nobody uses. */
static enum err
tail_read(struct rd *tbs, uint64_t version, struct tbs *out, struct why *why)
{
    if (der_next_is(tbs, DER_CONTEXT | 1)) {
        (void)der_value(tbs, "issuerUniqueID", DER_CONTEXT | 1);
    }
    if (der_next_is(tbs, DER_CONTEXT | 2)) {
        (void)der_value(tbs, "subjectUniqueID", DER_CONTEXT | 2);
    }
    if (version == V3 && der_next_is(tbs, DER_CONTEXT_CONSTRUCTED | 3)) {
        struct rd r = der_enter(tbs, "extensions", DER_CONTEXT_CONSTRUCTED | 3);

        out->extensions = der_value(&r, "extensions", DER_SEQUENCE);
        return rd_end(&r, why);
    }
    return ERR_OK;
}

static enum err
fields_read(struct rd *tbs, struct tbs *out, struct why *why)
{
    uint64_t version = version_read(tbs);

    out->serial = der_value(tbs, "serialNumber", DER_INTEGER);
    (void)der_value(tbs, "signature", DER_SEQUENCE);
    out->issuer = der_whole(tbs, "issuer", DER_SEQUENCE);
    TRY(validity_read(tbs, out, why));
    out->subject = der_whole(tbs, "subject", DER_SEQUENCE);
    out->spki = der_whole(tbs, "subjectPublicKeyInfo", DER_SEQUENCE);
    TRY(tail_read(tbs, version, out, why));
    return rd_end(tbs, why);
}

enum err
tbs_decode(struct slice der, struct tbs *out, struct why *why)
{
    struct rd r = rd_init(der, "Certificate");
    struct rd cert = der_enter(&r, "Certificate", DER_SEQUENCE);
    struct rd tbs = der_enter(&cert, "tbsCertificate", DER_SEQUENCE);

    *out = (struct tbs){0};
    (void)der_value(&cert, "signatureAlgorithm", DER_SEQUENCE);
    (void)der_bytes(&cert, "signatureValue");
    TRY(rd_end(&r, why));
    TRY(rd_end(&cert, why));
    return fields_read(&tbs, out, why);
}
