/* SPDX-License-Identifier: Apache-2.0 */
/* missing.c - whose certificate a chain lacks, and where it is said to be published; see x509.h.
 *
 * Only for the words of a refusal: nothing is trusted, followed or fetched.  Source: RFC 5280 section 4.2.2.1 (authority
 * information access). */
#include <openssl/err.h>
#include <openssl/x509.h>

#include "attest/base/der.h"
#include "attest/x509/tbs.h"

enum { URI = DER_CONTEXT | 6 };

static const uint8_t OID_AIA[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01};
static const uint8_t OID_CA_ISSUERS[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02};

/* A certificate below the gap: what is needed of it. */
struct rung {
    struct slice issuer, subject, extensions;
};

static void
name_free(X509_NAME **n)
{
    X509_NAME_free(*n);
}

static void
name_text(struct slice name, char dst[X509_NAME_TEXT])
{
    const uint8_t *at = name.ptr;
    AUTO(name_free) X509_NAME *n = d2i_X509_NAME(NULL, &at, (long)name.len);

    if (n == NULL || X509_NAME_oneline(n, dst, X509_NAME_TEXT) == NULL) {
        dst[0] = '\0';
    }
    ERR_clear_error();
}

/* One AccessDescription; the URI of a caIssuers, or nothing. */
static struct slice
read_access(struct rd *list)
{
    struct rd r = der_enter(list, "AccessDescription", DER_SEQUENCE);
    struct slice method = der_oid(&r, "accessMethod");
    struct slice url = {0};
    struct why unused = {0};

    if (slice_same(method, (struct slice){OID_CA_ISSUERS, sizeof OID_CA_ISSUERS}) &&
        der_next_is(&r, URI)) {
        url = der_value(&r, "accessLocation", URI);
    }
    return rd_end(&r, &unused) == ERR_OK ? url : (struct slice){0};
}

/* The first http or https address of a caIssuers; "" when there is none that fits. */
static void
url_text(struct slice extensions, char dst[X509_URL_TEXT])
{
    struct x509_extension e = {0};
    struct slice url = {0};

    dst[0] = '\0';
    if (!x509_extension_find(extensions, (struct slice){OID_AIA, sizeof OID_AIA}, &e)) {
        return;
    }

    struct rd r = rd_init(e.value, "authorityInfoAccess");
    struct rd list = der_enter(&r, "authorityInfoAccess", DER_SEQUENCE);

    while (url.len == 0 && rd_ok(&list) && rd_left(&list) > 0) {
        url = read_access(&list);
    }
    for (size_t i = 0; url.len < X509_URL_TEXT && i < url.len; i++) {
        dst[i] = '?';
        if (url.ptr[i] > ' ' && url.ptr[i] < 0x7f) {
            dst[i] = (char)url.ptr[i];
        }
        dst[i + 1] = '\0';
    }
}

static bool
find_in(const struct slice *certs, size_t n, struct slice name, struct rung *out)
{
    for (size_t i = 0; i < n; i++) {
        struct why unused = {0};
        struct tbs t;

        if (certs[i].len <= X509_DER_MAX && tbs_decode(certs[i], &t, &unused) == ERR_OK &&
            slice_same(t.subject, name)) {
            *out = (struct rung){t.issuer, t.subject, t.extensions};
            return true;
        }
    }
    return false;
}

bool
x509_chain_missing(const struct x509_chain *chain, struct x509_missing *out)
{
    const struct x509_anchors *a = chain->anchors;
    struct rung at = {chain->leaf->issuer, chain->leaf->subject, chain->leaf->extensions};

    for (size_t depth = 0; depth <= X509_DEPTH_MAX; depth++) {
        if (find_in(a->anchor, a->anchor_n, at.issuer, &at)) {
            return false;
        }
        if (!find_in(a->intermediate, a->intermediate_n, at.issuer, &at) &&
            !find_in(chain->extra, chain->extra_n, at.issuer, &at)) {
            name_text(at.issuer, out->issuer);
            url_text(at.extensions, out->url);
            return true;
        }
    }
    return false;
}
