/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_snp_crl.c - a CRL under AMD's own roots, for which no input of ours is signed: it revokes nothing and is never opened; and
 * what is said of its times is what OpenSSL says. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <time.h>

#include "attest/snp/crl.h"
#include "common/roots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static const struct snp_anchors *
amd(void)
{
    static struct roots *roots;
    struct why why = {0};

    if (roots == NULL) {
        must(roots_read("", &roots, &why) == ERR_OK);
    }
    return &roots->trust.snp;
}

static int64_t
seconds(const ASN1_TIME *t)
{
    struct tm tm;

    must(ASN1_TIME_to_tm(t, &tm) == 1);
    return timegm(&tm);
}

static void
compare(struct slice in, const struct snp_crl_facts *f)
{
    const uint8_t *p = in.ptr;
    X509_CRL *theirs = d2i_X509_CRL(NULL, &p, (long)in.len);

    if (theirs != NULL) {
        must(seconds(X509_CRL_get0_lastUpdate(theirs)) == f->this_update);
        must(seconds(X509_CRL_get0_nextUpdate(theirs)) == f->next_update);
    }
    X509_CRL_free(theirs);
    ERR_clear_error();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};

    for (enum snp_product p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        const struct snp_ca *ark = &amd()->product[p - 1].ark;
        const struct snp_ca *ask = &amd()->product[p - 1].ask;
        struct snp_crl_facts f;
        struct why why = {0};
        int64_t since = 0;
        int64_t until = 0;

        snp_crl_judge(in, ark, (struct slice){ask->serial, ask->serial_len}, &f);
        must(f.present == (len > 0) && !f.signature_ok && !f.revoked);
        if (part_ok(&f.decode)) {
            must(f.this_update <= f.next_update);
            compare(in, &f);
        }
        must(snp_crl_open(in, ark, &since, &until, &why) != ERR_OK && why.n > 0);
        must(since == 0 && until == 0);
    }
    must(ERR_peek_error() == 0);
    return 0;
}
