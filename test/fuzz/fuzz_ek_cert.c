/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ek_cert.c - the certificate of an endorsement key, trusted by nobody: it is never accepted, and what is read of it is what OpenSSL
 * reads. */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "attest/attest.h"
#include "attest/tpm/ek_certificate.h"

enum { NOW = 1800000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

/* A directory name of subjectAltName has this attribute. */
static bool
names_have(const GENERAL_NAMES *names, const char *oid)
{
    ASN1_OBJECT *wanted = OBJ_txt2obj(oid, 1);
    bool found = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        X509_NAME *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

        found = found || (type == GEN_DIRNAME && X509_NAME_get_index_by_OBJ(name, wanted, -1) >= 0);
    }
    ASN1_OBJECT_free(wanted);
    return found;
}

static void
compare(const struct tpm_ek_certificate *c)
{
    const uint8_t *at = c->wrapped.der.ptr;
    X509 *x = d2i_X509(NULL, &at, (long)c->wrapped.der.len);

    must(x != NULL && X509_get_version(x) + 1 == (long)c->version);
    must(c->has_key_usage == (X509_get_key_usage(x) != UINT32_MAX));
    if (c->identity == EK_IDENTITY_TPM) {
        GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

        must(names != NULL && names_have(names, "2.23.133.2.1"));
        must(names_have(names, "2.23.133.2.2") && names_have(names, "2.23.133.2.3"));
        GENERAL_NAMES_free(names);
    }
    X509_free(x);
}

static void
facts(struct slice in)
{
    const struct x509_anchors nobody = {0};
    const struct tpm_expect want = {.ek_crl = EK_CRL_REQUIRE};
    struct tpm_ek_certificate c;

    tpm_ek_certificate_open(in, &nobody, &want, NOW, &c);
    must(c.part.given && (!c.chain.given || c.chain.err != ERR_OK));
    if (part_ok(&c.part) && !c.tpm12 && part_ok(&c.key_part)) {
        compare(&c);
        must(c.issuer_missing && !c.chain_expired && c.revocation == EK_CRL_NONE);
    }
    tpm_ek_certificate_done(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct evidence ev = {.type = EVIDENCE_TPM2, .tpm = {.ek_certificate = {data, len}}};
    const struct expectation want = {.tpm = {.allow_ek_expired = true}};
    const struct trust nobody = {0};
    struct appraisal got;

    facts((struct slice){data, len});
    attest_verify_ek_certificate(&ev, &want, &nobody, NOW, &got);
    must(verdict_judge(&got.verdict) != JUDGE_ACCEPT);
    must(ERR_peek_error() == 0);
    return 0;
}
