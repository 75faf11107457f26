/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_attest_ask.c - any bytes as the body of an attestation request. */
#include <assert.h>
#include <string.h>

#include "broker/flow/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Every byte of it, so that a sanitizer sees what does not live as long as the request. */
static unsigned
sum(struct slice s)
{
    unsigned n = 0;

    for (size_t i = 0; i < s.len; i++) {
        n += s.ptr[i];
    }
    return n;
}

static void
check_piece(const struct evidence *ev)
{
    const struct tpm_evidence *t = &ev->tpm;
    unsigned n =
        sum(t->quote) + sum(t->signature) + sum(t->ak) + sum(t->ak_certificate) + sum(t->ek);

    n += sum(ev->snp.report) + sum(ev->snp.vek) + sum(ev->snp.cert_table) + sum(ev->hcl) +
         sum(ev->tdx.quote) + sum(ev->tdx.ccel);
    assert(ev->type != EVIDENCE_NONE);
    assert(ev->snp.vek.len <= SNP_VEK_MAX && ev->snp.cert_table.len <= SNP_CERT_TABLE_MAX);
    assert(ev->hcl.len <= AZURE_HCL_MAX && ev->tdx.quote.len <= TDX_QUOTE_MAX);
    assert(ev->tdx.ccel.len <= TDX_CCEL_MAX);
    assert(ev->tdx.known == NULL && ev->tdx.facts == NULL && ev->snp.known == NULL);
    assert(t->quote.len <= TPM_ATTEST_MAX && t->signature.len <= TPM_SIGNATURE_MAX);
    assert(t->ak.len <= TPM_PUBLIC_MAX && t->ek.len <= TPM_PUBLIC_MAX);
    assert(t->ak_certificate.len <= X509_DER_MAX);
    assert(t->pcrs_n <= TPM_PCR_VALUES_MAX);
    for (size_t i = 0; i < t->pcrs_n; i++) {
        assert(t->pcrs[i].index < TPM_PCRS && hash_len(t->pcrs[i].bank) > 0);
        n += t->pcrs[i].digest[0];
    }
    (void)n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(attest_ask_free) struct attest_ask *ask = NULL;
    struct why why = {0};

    if (attest_ask_read((struct slice){data, len}, &ask, &why) != ERR_OK) {
        assert(why.n > 0 && ask == NULL);
        return 0;
    }
    assert(strlen(ask->policy) < 64);
    assert(ask->challenge_len <= sizeof ask->challenge);
    assert(strlen(ask->key.jkt_text) == B64_JKT);
    assert(ask->pieces > 0 && ask->pieces <= EVIDENCE_PIECES);
    for (size_t i = 0; i < ask->pieces; i++) {
        check_piece(&ask->piece[i]);
    }
    return 0;
}
