/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_x509.c - a certificate that we decode says to us what it says to OpenSSL, and its chain check stops. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "attest/x509/x509.h"

enum { NOW = 1800000000 };

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

/* Our key, written, is read by OpenSSL as the one that it read itself. */
static void
compare_key(const struct sig_key *ours, const EVP_PKEY *theirs)
{
    uint8_t der[SIG_SPKI_MAX];
    const uint8_t *at = der;
    struct wr w = wr_init(der, sizeof der, "key");
    struct why why = {0};
    EVP_PKEY *again = NULL;

    must(theirs != NULL && sig_key_write(ours, &w, &why) == ERR_OK);
    again = d2i_PUBKEY(NULL, &at, (long)w.len);
    must(again != NULL && EVP_PKEY_eq(theirs, again) == 1);
    EVP_PKEY_free(again);
}

static void
compare(const struct x509_cert *c)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(c->handle);

    compare_key(&c->key, X509_get0_pubkey(c->handle));
    must(seconds(X509_get0_notBefore(c->handle)) == c->not_before);
    must(seconds(X509_get0_notAfter(c->handle)) == c->not_after);
    must(serial != NULL && c->serial.len > 0);
    must(c->has_key_usage == (X509_get_key_usage(c->handle) != UINT32_MAX));
    must(c->path_len == X509_get_pathlen(c->handle) || c->path_len > INT32_MAX / 2 || !c->is_ca);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    struct x509_cert c = {0};
    struct why why = {0};
    int64_t until = 0;

    if (x509_cert_decode(in, &c, &why) == ERR_OK) {
        const struct x509_anchors anchors = {
            .anchor = &in, .anchor_n = 1, .intermediate = &in, .intermediate_n = 1};
        const struct x509_chain chain = {
            .leaf = &c, .extra = &in, .extra_n = 1, .anchors = &anchors, .at_unix = NOW};

        compare(&c);
        if (x509_chain_check(&chain, &until, &why) == ERR_OK) {
            must(until == c.not_after && slice_same(c.subject, c.issuer));
        }
        x509_cert_done(&c);
    } else {
        must(why.n > 0 && c.handle == NULL && c.key.type == KEY_NONE);
    }

    /* The same bytes as a CRL, too, under no chain at all. */
    const struct x509_cert nobody = {0};
    const struct x509_anchors none = {0};
    const struct x509_chain crl = {
        .leaf = &nobody, .anchors = &none, .crl = &in, .crl_n = 1, .at_unix = NOW};

    must(x509_chain_check(&crl, &until, &why) != ERR_OK);
    must(ERR_peek_error() == 0);
    return 0;
}
