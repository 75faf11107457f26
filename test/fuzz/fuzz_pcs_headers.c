/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pcs_headers.c - a reply of Intel's service or of a PCCS: first byte the kind, then the header up to a NUL, then the body.  A chain that is
 * read is text that a percent-encoder would give back; and no input of ours is believed under Intel's own root. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/cloud/intel_piece.h"
#include "common/crl_text.h"
#include "common/issuer_chain.h"
#include "common/mem.h"
#include "common/roots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static const struct tdx_anchor *
intel_anchor(void)
{
    static struct roots *roots;
    struct why why = {0};

    if (roots == NULL) {
        must(roots_read("", &roots, &why) == ERR_OK);
    }
    return &roots->trust.tdx;
}

/* Every character by its number: as wide as an encoding can be. */
static void
comes_back(struct slice pem)
{
    AUTO(mem_free_bytes) uint8_t *again = NULL;
    AUTO(mem_free_text) char *text = mem_new(3 * pem.len + 1, 1);
    struct why why = {0};
    size_t n = 0;

    for (size_t i = 0; i < pem.len; i++) {
        must(snprintf(text + 3 * i, 4, "%%%02X", pem.ptr[i]) == 3);
    }
    must(issuer_chain_pem(slice_text(text), &again, &n, &why) == ERR_OK);
    must(slice_same((struct slice){again, n}, pem));
}

static struct slice
header_of(struct slice in)
{
    const uint8_t *nul = in.len > 0 ? memchr(in.ptr, 0, in.len) : NULL;

    return (struct slice){in.ptr, nul != NULL ? (size_t)(nul - in.ptr) : in.len};
}

static void
judge(enum pcs_kind kind, struct slice body, struct slice chain)
{
    const struct intel_piece p = {.kind = kind, .body = body, .chain = chain};
    struct intel_said said;
    struct why why = {0};

    must(intel_piece_judge(&p, intel_anchor(), &said, &why) != ERR_OK && why.n > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(mem_free_bytes) uint8_t *pem = NULL;
    AUTO(mem_free_bytes) uint8_t *der = NULL;
    struct why why = {0};
    size_t pem_len = 0;
    size_t der_len = 0;

    if (len == 0) {
        return 0;
    }
    const enum pcs_kind kind = (enum pcs_kind)(data[0] % PCS_KINDS);
    const struct slice rest = {data + 1, len - 1};
    const struct slice header = header_of(rest);
    size_t used = header.len < rest.len ? header.len + 1 : header.len;
    struct slice body = {rest.ptr + used, rest.len - used};

    if (issuer_chain_pem(header, &pem, &pem_len, &why) == ERR_OK) {
        must(pem_len <= ISSUER_CHAIN_MAX && memchr(pem, 0, pem_len) == NULL);
        comes_back((struct slice){pem, pem_len});
    }
    if ((kind == PCS_PCK_CRL || kind == PCS_ROOT_CRL) &&
        crl_der(body, &der, &der_len, &why) == ERR_OK) {
        body = (struct slice){der, der_len};
    }
    judge(kind, body, (struct slice){pem, pem_len});
    must(ERR_peek_error() == 0);
    return 0;
}
