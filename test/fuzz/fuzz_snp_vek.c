/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_snp_vek.c - a VEK certificate under AMD's own roots, for which no input of ours is signed: it is never accepted, what is read
 * of it lies inside the input, and what AMD's extensions say is what OpenSSL finds in them.
 *
 * The first byte: 1 gives the certificate as an intermediate of the operator's, too. */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "attest/attest.h"
#include "attest/snp/vek.h"
#include "common/roots.h"

enum { NOW = 1800000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

/* Made once. */
static const struct trust *
amd(void)
{
    static struct roots *roots;
    struct why why = {0};

    if (roots == NULL) {
        must(roots_read("", &roots, &why) == ERR_OK);
    }
    return &roots->trust;
}

static bool
inside(struct slice s, struct slice in)
{
    return s.len == 0 ||
           (s.ptr >= in.ptr && s.len <= in.len && (size_t)(s.ptr - in.ptr) <= in.len - s.len);
}

/* The extension's INTEGER by OpenSSL; -1 without one. */
static int64_t
theirs(X509 *x, const char *oid)
{
    ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
    int at = X509_get_ext_by_OBJ(x, obj, -1);
    int64_t v = -1;

    ASN1_OBJECT_free(obj);
    if (at >= 0) {
        const ASN1_OCTET_STRING *s = X509_EXTENSION_get_data(X509_get_ext(x, at));
        const uint8_t *p = ASN1_STRING_get0_data(s);
        ASN1_INTEGER *n = d2i_ASN1_INTEGER(NULL, &p, ASN1_STRING_length(s));

        must(n != NULL && ASN1_INTEGER_get_int64(&v, n) == 1);
        ASN1_INTEGER_free(n);
    }
    return v;
}

static void
compare(struct slice der, const struct snp_vek_extensions *ext)
{
    const uint8_t *p = der.ptr;
    X509 *x = d2i_X509(NULL, &p, (long)der.len);

    if (x != NULL) {
        int64_t snp = theirs(x, "1.3.6.1.4.1.3704.1.3.3");
        int64_t microcode = theirs(x, "1.3.6.1.4.1.3704.1.3.8");
        int64_t fmc = theirs(x, "1.3.6.1.4.1.3704.1.3.9");

        must((snp < 0 ? 0 : snp) == ext->tcb.snp);
        must((microcode < 0 ? 0 : microcode) == ext->tcb.microcode);
        must((fmc >= 0) == ext->has_fmc && (fmc < 0 || fmc == ext->tcb.fmc));
    }
    X509_free(x);
    ERR_clear_error();
}

static void
facts(struct slice cert, struct slice ask)
{
    struct snp_vek_facts f;

    snp_vek_judge(cert, ask, NULL, &amd()->snp, &f);
    must(!f.signature_ok && f.present == (cert.len > 0));
    must(!f.given_part.given || f.is_ca || !part_ok(&f.given_part)); /* no ASK of ours holds */
    if (part_ok(&f.extensions)) {
        must(inside(f.ext.product_name, f.text.der) && inside(f.ext.hwid, f.text.der));
        must(inside(f.ext.csp_id, f.text.der) && f.ext.csp_id.len < SNP_CSP_MAX);
        must(f.ext.hwid.len == 0 || f.ext.hwid.len == 8 || f.ext.hwid.len == 64);
        must(f.ext.has_hwid == (f.ext.hwid.len > 0));
        compare(f.text.der, &f.ext);
    }
    if (part_ok(&f.decode) && !f.is_ca) {
        must(f.out.key.type == KEY_EC && f.out.key.curve == CURVE_P384);
    } else {
        must(f.out.key.type == KEY_NONE);
    }
    snp_vek_facts_done(&f);
}

static void
verdict(struct slice cert, struct slice ask)
{
    const struct snp_evidence ev = {.vek = cert};
    struct expectation want = {0};
    struct appraisal got;

    snp_expect_default(&want.snp);
    attest_verify_amd_chain(&ev, ask, &want, amd(), NOW, &got);
    must(verdict_judge(&got.verdict) != JUDGE_ACCEPT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }

    const struct slice cert = {data + 1, len - 1};
    const struct slice ask = data[0] == 1 ? cert : (struct slice){0};
    struct snp_vek kept = {0};
    struct why why = {0};

    facts(cert, ask);
    verdict(cert, ask);
    must(snp_vek_open(cert, &amd()->snp, &kept, &why) != ERR_OK && why.n > 0);
    must(ERR_peek_error() == 0);
    return 0;
}
