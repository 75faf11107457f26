/* SPDX-License-Identifier: Apache-2.0 */
/* tbs.c - see tbs.h. */
#include "attest/x509/tbs.h"

#include "attest/base/der.h"
#include "attest/base/text.h"

enum { V1 = 1, V3 = 3, UTC_LEN = 13, GENERALIZED_LEN = 15, CENTURY_PIVOT = '5' };

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

int64_t
tbs_time_read(struct rd *r, const char *field)
{
    unsigned tag = der_next_is(r, DER_UTC_TIME) ? DER_UTC_TIME : DER_GENERALIZED_TIME;
    struct slice text = der_value(r, field, tag);
    int64_t unix_s = 0;

    if (rd_ok(r) && !tbs_time(tag, text, &unix_s)) {
        rd_fail(r, field, "not a time of RFC 5280, or before 1970");
    }
    return unix_s;
}

struct slice
tbs_serial_read(struct rd *r, const char *field)
{
    struct slice v = der_value(r, field, DER_INTEGER);
    unsigned nine = v.len > 1 ? (unsigned)v.ptr[0] << 1 | v.ptr[1] >> 7 : 1; /* its first bits */

    if (rd_ok(r) && (v.len == 0 || nine == 0 || nine == 0x1ff)) {
        rd_fail(r, field, "integer not in its shortest form");
        return (struct slice){0};
    }
    return v;
}

static enum err
validity_read(struct rd *tbs, struct tbs *out, struct why *why)
{
    struct rd r = der_enter(tbs, "validity", DER_SEQUENCE);

    out->not_before = tbs_time_read(&r, "notBefore");
    out->not_after = tbs_time_read(&r, "notAfter");
    return rd_end(&r, why);
}

/* [0] EXPLICIT INTEGER DEFAULT v1; v1 is 0 there and 1 here. */
static unsigned
version_read(struct rd *tbs)
{
    if (!der_next_is(tbs, DER_CONTEXT_CONSTRUCTED)) {
        return V1;
    }

    struct slice v = der_value(tbs, "version", DER_CONTEXT_CONSTRUCTED);
    struct rd r = rd_init(v, "version");
    uint64_t version = der_u64(&r, "version", DER_INTEGER);
    struct why unused = {0};

    if (rd_end(&r, &unused) != ERR_OK || version >= V3) {
        rd_fail(tbs, "version", "not 1, 2 or 3");
        return V1;
    }
    return V1 + (unsigned)version;
}

/* [3] EXPLICIT SEQUENCE OF Extension, after two identifiers that nobody uses. */
static enum err
tail_read(struct rd *tbs, struct tbs *out, struct why *why)
{
    if (der_next_is(tbs, DER_CONTEXT | 1)) {
        (void)der_value(tbs, "issuerUniqueID", DER_CONTEXT | 1);
    }
    if (der_next_is(tbs, DER_CONTEXT | 2)) {
        (void)der_value(tbs, "subjectUniqueID", DER_CONTEXT | 2);
    }
    if (out->version == V3 && der_next_is(tbs, DER_CONTEXT_CONSTRUCTED | 3)) {
        struct rd r = der_enter(tbs, "extensions", DER_CONTEXT_CONSTRUCTED | 3);

        out->extensions = der_value(&r, "extensions", DER_SEQUENCE);
        return rd_end(&r, why);
    }
    return ERR_OK;
}

static enum err
fields_read(struct rd *tbs, struct tbs *out, struct why *why)
{
    out->version = version_read(tbs);
    out->serial = tbs_serial_read(tbs, "serialNumber");
    out->algorithm = der_whole(tbs, "signature", DER_SEQUENCE);
    out->issuer = der_whole(tbs, "issuer", DER_SEQUENCE);
    TRY(validity_read(tbs, out, why));
    out->subject = der_whole(tbs, "subject", DER_SEQUENCE);
    out->spki = der_whole(tbs, "subjectPublicKeyInfo", DER_SEQUENCE);
    TRY(tail_read(tbs, out, why));
    return rd_end(tbs, why);
}

enum err
tbs_signed_decode(struct slice der, const char *what, struct tbs_signed *out, struct why *why)
{
    struct rd r = rd_init(der, what);
    struct rd body = der_enter(&r, what, DER_SEQUENCE);
    struct rd ahead = body;

    out->whole = der_whole(&ahead, "what is signed", DER_SEQUENCE);
    out->tbs = der_enter(&body, "what is signed", DER_SEQUENCE);
    out->algorithm = der_whole(&body, "signatureAlgorithm", DER_SEQUENCE);
    out->signature = der_bytes(&body, "signatureValue");
    TRY(rd_end(&r, why));
    return rd_end(&body, why);
}

enum err
tbs_algorithm_check(struct slice inside, const struct tbs_signed *s, struct why *why)
{
    if (!slice_same(inside, s->algorithm)) {
        return why_add(why, ERR_MALFORMED,
                       "signature algorithm: another inside than outside of what is signed");
    }
    return ERR_OK;
}

enum err
tbs_decode(struct slice der, struct tbs *out, struct why *why)
{
    *out = (struct tbs){0};
    TRY(tbs_signed_decode(der, "Certificate", &out->outside, why));

    struct rd tbs = out->outside.tbs;

    return fields_read(&tbs, out, why);
}
