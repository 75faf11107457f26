/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_x509_leaf.c - a certificate as its fields: they lie in order inside the input, are those that x509_cert_decode() finds, and
 * where that and OpenSSL take a certificate, this does too unless it says why. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "attest/x509/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

/* Where `s` ends, which begins at or after `at`. */
static const uint8_t *
after(const uint8_t *at, struct slice s)
{
    must(s.ptr >= at);
    return s.ptr + s.len;
}

static void
order(const struct x509_leaf *c)
{
    const uint8_t *at = after(c->der.ptr, c->serial);

    at = after(at, c->algorithm);
    at = after(at, c->issuer);
    at = after(at, c->subject);
    at = after(at, c->spki);
    at = c->extensions.len > 0 ? after(at, c->extensions) : at;
    must(at <= c->tbs.ptr + c->tbs.len);
    must(c->signature.len == 0 || c->signature.ptr + c->signature.len == c->der.ptr + c->der.len);
}

/* Each extension is found, and is the first of its name. */
static void
extensions(const struct x509_leaf *c)
{
    struct slice rest = c->extensions;
    struct x509_extension e;
    size_t n = 0;

    while (x509_extension_next(&rest, &e)) {
        struct x509_extension found;

        must(x509_extension_find(c->extensions, e.oid, &found));
        must(found.oid.ptr == e.oid.ptr && found.critical == e.critical);
        must(++n <= X509_EXTENSIONS_MAX);
    }
    must(rest.len == 0);
}

static void
compare(const struct x509_leaf *c, const struct x509_cert *full)
{
    must(slice_same(c->serial, full->serial) && slice_same(c->issuer, full->issuer));
    must(slice_same(c->subject, full->subject) && slice_same(c->spki, full->spki));
    must(c->not_before == full->not_before && c->not_after == full->not_after);
    must(slice_same(c->extensions, full->extensions));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    struct x509_leaf c = {0};
    struct x509_cert full = {0};
    struct why why = {0};
    struct why other = {0};
    bool taken = x509_leaf_decode(in, &c, &why) == ERR_OK;
    bool full_taken = x509_cert_decode(in, &full, &other) == ERR_OK;

    must(taken == (why.n == 0) && taken == (c.der.len > 0));
    if (taken) {
        order(&c);
        extensions(&c);
    }
    if (taken && full_taken) {
        compare(&c, &full);
    }
    /* The two algorithms are all that the full decoder leaves to its chain check. */
    must(taken || !full_taken || strstr(why_text(&why), "another inside than outside") != NULL);
    x509_cert_done(&full);
    must(ERR_peek_error() == 0);
    return 0;
}
