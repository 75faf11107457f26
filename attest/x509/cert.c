/* SPDX-License-Identifier: Apache-2.0 */
/* cert.c - one certificate, decoded; see x509.h.
 *
 * Read twice on purpose: by our reader for the fields that we use, which refuses what is not DER, and by OpenSSL for the chain
 * check.  Both must take it. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "attest/base/der.h"
#include "attest/x509/tbs.h"
#include "attest/x509/x509.h"

static const uint8_t OID_KEY_USAGE[] = {0x55, 0x1d, 0x0f};
static const uint8_t OID_BASIC_CONSTRAINTS[] = {0x55, 0x1d, 0x13};
static const uint8_t OID_EXT_KEY_USAGE[] = {0x55, 0x1d, 0x25};

void
x509_cert_done(struct x509_cert *c)
{
    X509_free(c->handle);
    sig_key_done(&c->key);
    *c = (struct x509_cert){0};
}

bool
x509_cert_extension(const struct x509_cert *c, struct slice oid, struct slice *value,
                    bool *critical)
{
    struct x509_extension e;

    if (!x509_extension_find(c->extensions, oid, &e)) {
        return false;
    }
    *value = e.value;
    *critical = e.critical;
    return true;
}

static enum err
basic_constraints(struct x509_cert *c, struct why *why)
{
    struct slice value = {0};
    bool critical = false;

    c->path_len = -1;
    if (!x509_cert_extension(c, (struct slice){OID_BASIC_CONSTRAINTS, sizeof OID_BASIC_CONSTRAINTS},
                             &value, &critical)) {
        return ERR_OK;
    }

    struct rd r = rd_init(value, "basicConstraints");
    struct rd body = der_enter(&r, "basicConstraints", DER_SEQUENCE);

    if (der_next_is(&body, DER_BOOLEAN)) {
        c->is_ca = der_bool(&body, "cA");
    }
    if (der_next_is(&body, DER_INTEGER)) {
        uint64_t len = der_u64(&body, "pathLenConstraint", DER_INTEGER);

        c->path_len = len > INT32_MAX ? INT32_MAX : (int64_t)len;
    }
    TRY(rd_end(&body, why));
    return rd_end(&r, why);
}

static enum err
key_usage(struct x509_cert *c, struct why *why)
{
    struct slice value = {0};
    bool critical = false;

    c->has_key_usage = x509_cert_extension(c, (struct slice){OID_KEY_USAGE, sizeof OID_KEY_USAGE},
                                           &value, &critical);
    if (!c->has_key_usage) {
        return ERR_OK;
    }

    struct rd r = rd_init(value, "keyUsage");

    c->key_usage = der_flags(&r, "keyUsage");
    return rd_end(&r, why);
}

bool
x509_cert_has_eku(const struct x509_cert *c, struct slice oid)
{
    struct slice value = {0};
    struct why unused = {0};
    bool critical = false;
    bool found = false;

    if (!x509_cert_extension(c, (struct slice){OID_EXT_KEY_USAGE, sizeof OID_EXT_KEY_USAGE}, &value,
                             &critical)) {
        return false;
    }

    struct rd r = rd_init(value, "extKeyUsage");
    struct rd list = der_enter(&r, "extKeyUsage", DER_SEQUENCE);

    while (rd_ok(&list) && rd_left(&list) > 0) {
        found = slice_same(der_oid(&list, "KeyPurposeId"), oid) || found;
    }
    return found && rd_end(&list, &unused) == ERR_OK && rd_end(&r, &unused) == ERR_OK;
}

/* What OpenSSL makes of it, whole and with extensions that parse. */
static enum err
library_decode(struct slice der, struct x509_cert *c, struct why *why)
{
    const uint8_t *at = der.ptr;

    c->handle = d2i_X509(NULL, &at, (long)der.len);
    if (c->handle == NULL || at != der.ptr + der.len) {
        ERR_clear_error();
        return why_add(why, ERR_MALFORMED, "certificate: the library cannot decode it");
    }
    if ((X509_get_extension_flags(c->handle) & EXFLAG_INVALID) != 0) {
        ERR_clear_error();
        return why_add(why, ERR_MALFORMED, "certificate: an extension cannot be decoded");
    }
    return ERR_OK;
}

static enum err
view(struct slice der, struct x509_cert *c, struct why *why)
{
    struct tbs tbs;

    TRY(tbs_decode(der, &tbs, why));
    *c = (struct x509_cert){
        .der = der,
        .serial = tbs.serial,
        .issuer = tbs.issuer,
        .subject = tbs.subject,
        .not_before = tbs.not_before,
        .not_after = tbs.not_after,
        .spki = tbs.spki,
        .extensions = tbs.extensions,
    };
    TRY(tbs_extensions_check(c->extensions, why));
    TRY(basic_constraints(c, why));
    return key_usage(c, why);
}

enum err
x509_cert_decode(struct slice der, struct x509_cert *out, struct why *why)
{
    AUTO(x509_cert_done) struct x509_cert c = {0};

    if (der.len > X509_DER_MAX) {
        return why_add(why, ERR_LIMIT, "certificate of %zu bytes, at most %d", der.len,
                       X509_DER_MAX);
    }
    TRY(view(der, &c, why));
    TRY(library_decode(der, &c, why));
    TRY(sig_key_spki(c.spki, &c.key, why));
    *out = c;
    c = (struct x509_cert){0};
    return ERR_OK;
}
