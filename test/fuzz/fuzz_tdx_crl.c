/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tdx_crl.c - any bytes as the CRLs of root and PCK CA: never signed by a root that nobody has the key of, and what is listed for us is what
 * is listed for the reader of CRLs, whatever zeros stand in front. */
#include "attest/tdx/collateral.h"
#include "test/fuzz/tdx_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_listed(const struct tdx_crl_facts *f)
{
    struct slice rest = f->crl.revoked;
    struct x509_revoked r;
    uint8_t serial[TDX_SERIAL_MAX];

    while (x509_revoked_next(&rest, &r)) {
        size_t len = tdx_serial(r.serial, serial);

        must(len == 0 || tdx_crl_lists(f, serial, len));
        must(x509_crl_lists(&f->crl, r.serial));
    }
    must(!tdx_crl_lists(f, (const uint8_t *)"no serial number of 28 bytes", 28));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct tdx_collateral_facts facts;
    const struct slice in = {data, len};
    const struct tdx_collateral bytes = {.root_crl = in, .pck_crl = in};

    tdx_collateral_judge(&bytes, nobody(), (struct slice){0}, &facts);
    must(!facts.root_crl.signature_ok && !facts.pck_crl.signature_ok);
    must(facts.root_crl.present == (len > 0));
    must(!facts.tcb_document.present && !facts.qe_document.present);
    if (part_ok(&facts.root_crl.decode)) {
        must(facts.root_crl.crl.has_next && within(facts.root_crl.crl.tbs, in));
        check_listed(&facts.root_crl);
    } else {
        must(len == 0 || facts.root_crl.decode.why[0] != '\0');
    }
    return 0;
}
