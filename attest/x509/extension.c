/* SPDX-License-Identifier: Apache-2.0 */
/* extension.c - extensions of certificates, CRLs and entries of CRLs, one after the other and by identifier.
 *
 * Refuses the same identifier twice, and more than can be compared.  Source: RFC 5280 section 4.2. */
#include "attest/base/der.h"
#include "attest/x509/tbs.h"

struct x509_extension
tbs_extension_next(struct rd *r)
{
    struct rd e = der_enter(r, "Extension", DER_SEQUENCE);
    struct x509_extension out = {.oid = der_oid(&e, "extnID")};
    struct why unused = {0};

    if (der_next_is(&e, DER_BOOLEAN)) {
        out.critical = der_bool(&e, "critical");
    }
    out.value = der_value(&e, "extnValue", DER_OCTET_STRING);
    if (rd_end(&e, &unused) != ERR_OK) {
        rd_fail(r, "Extension", "not an identifier, a flag and a value");
        return (struct x509_extension){0};
    }
    return out;
}

static bool
listed(const struct slice *list, size_t n, struct slice oid)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_same(list[i], oid)) {
            return true;
        }
    }
    return false;
}

enum err
tbs_extensions_check(struct slice extensions, struct why *why)
{
    struct rd r = rd_init(extensions, "extensions");
    struct slice seen[X509_EXTENSIONS_MAX];
    size_t n = 0;

    while (rd_ok(&r) && rd_left(&r) > 0) {
        struct slice oid = tbs_extension_next(&r).oid;

        if (listed(seen, n, oid)) {
            rd_fail(&r, "Extension", "the same identifier twice");
        }
        if (n == X509_EXTENSIONS_MAX) {
            return why_add(why, ERR_LIMIT, "more than %d extensions", X509_EXTENSIONS_MAX);
        }
        seen[n++] = oid;
    }
    return rd_end(&r, why);
}

bool
x509_extension_next(struct slice *rest, struct x509_extension *out)
{
    struct rd r = rd_init(*rest, "extensions");
    struct x509_extension e;

    if (rd_left(&r) == 0) {
        return false;
    }
    e = tbs_extension_next(&r);
    if (!rd_ok(&r)) {
        return false;
    }
    *out = e;
    *rest = rd_bytes(&r, "the rest", rd_left(&r));
    return true;
}

bool
x509_extension_find(struct slice extensions, struct slice oid, struct x509_extension *out)
{
    struct x509_extension e;

    while (x509_extension_next(&extensions, &e)) {
        if (slice_same(e.oid, oid)) {
            *out = e;
            return true;
        }
    }
    return false;
}
