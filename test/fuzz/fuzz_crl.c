/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_crl.c - a CRL that we decode says to us what it says to OpenSSL: signed part, times, and each entry in its place. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/x509/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static int64_t
seconds(const ASN1_TIME *t)
{
    struct tm tm;

    must(ASN1_TIME_to_tm(t, &tm) == 1);
    return timegm(&tm);
}

/* Contents of an INTEGER as OpenSSL would write them. */
static void
compare_serial(struct slice ours, const ASN1_INTEGER *theirs)
{
    uint8_t *der = NULL;
    int len = i2d_ASN1_INTEGER(theirs, &der);

    must(len > 2 && (size_t)len >= ours.len);
    must(memcmp(der + len - ours.len, ours.ptr, ours.len) == 0);
    must((size_t)len == 2 + ours.len || ours.len > 127);
    OPENSSL_free(der);
}

/* In the order of the list: OpenSSL sorts its own only when it looks one up. */
static void
compare_entries(const struct x509_crl *c, X509_CRL *theirs)
{
    STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(theirs);
    struct slice rest = c->revoked;
    struct x509_revoked e;
    int n = 0;

    while (x509_revoked_next(&rest, &e)) {
        const X509_REVOKED *r = sk_X509_REVOKED_value(list, n++);

        must(r != NULL);
        compare_serial(e.serial, X509_REVOKED_get0_serialNumber(r));
        must(e.since_unix == seconds(X509_REVOKED_get0_revocationDate(r)));
        must(x509_crl_lists(c, e.serial));
    }
    must(rest.len == 0 && n == (list == NULL ? 0 : sk_X509_REVOKED_num(list)));
}

static void
compare(const struct x509_crl *c, X509_CRL *theirs)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(theirs);

    must(seconds(X509_CRL_get0_lastUpdate(theirs)) == c->this_update);
    must(c->has_next == (next != NULL) && (next == NULL || seconds(next) == c->next_update));
    must(X509_CRL_get_version(theirs) == X509_CRL_VERSION_2);
    compare_entries(c, theirs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *at = data;
    X509_CRL *theirs = NULL;
    struct x509_crl c = {0};
    struct why why = {0};

    if (x509_crl_decode((struct slice){data, len}, &c, &why) != ERR_OK) {
        must(why.n > 0 && c.der.len == 0);
        return 0;
    }
    theirs = d2i_X509_CRL(NULL, &at, (long)len);
    if (theirs != NULL) { /* it looks into more than we do, such as names */
        must(at == data + len);
        compare(&c, theirs);
    }
    X509_CRL_free(theirs);
    ERR_clear_error();
    return 0;
}
