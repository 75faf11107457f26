/* SPDX-License-Identifier: Apache-2.0 */
/* leaf.c - one certificate as its fields, without a library; see x509.h.
 *
 * Refuses what is not DER, what follows it, an extension twice, and a signature algorithm that is not the same
 * inside and outside.  Source: RFC 5280 section 4.1. */
#include "attest/x509/tbs.h"

enum err
x509_leaf_read(struct slice der, struct x509_leaf *out, struct why *why)
{
    struct tbs t;

    if (der.len > X509_DER_MAX) {
        return why_add(why, ERR_LIMIT, "certificate of %zu bytes, at most %d", der.len,
                       X509_DER_MAX);
    }
    TRY(tbs_decode(der, &t, why));
    TRY(tbs_algorithm_check(t.algorithm, &t.outside, why));
    *out = (struct x509_leaf){
        .der = der,
        .tbs = t.outside.whole,
        .version = t.version,
        .serial = t.serial,
        .algorithm = t.algorithm,
        .issuer = t.issuer,
        .subject = t.subject,
        .not_before = t.not_before,
        .not_after = t.not_after,
        .spki = t.spki,
        .extensions = t.extensions,
        .signature = t.outside.signature,
    };
    return ERR_OK;
}

enum err
x509_leaf_decode(struct slice der, struct x509_leaf *out, struct why *why)
{
    struct x509_leaf leaf = {0};

    TRY(x509_leaf_read(der, &leaf, why));
    TRY(x509_extensions_check(leaf.extensions, why));
    *out = leaf;
    return ERR_OK;
}

enum err
x509_extensions_check(struct slice extensions, struct why *why)
{
    return tbs_extensions_check(extensions, why);
}
