/* SPDX-License-Identifier: Apache-2.0 */
/* verify_azure.c - `countersign verify azure-sev-snp`: the HCL report of an Azure guest, and a quote
 * of its vTPM by the key that the report vouches for.
 *
 * Without --policy every golden value is ignored and an accept says "authentic and sound", not
 * "approved". */
#include "clients/verify_input.h"

struct options {
    struct verify_common common;
    const char *hcl, *quote, *signature, *pcrs, *vek, *cert_table, *crl, *product;
    struct verify_asked_words asked;
};

/* Everything that a verification reads. */
struct inputs {
    struct verify_base base;
    struct verify_file hcl, quote, signature, pcrs, vek, cert_table, crl;
    enum snp_product product;
    struct verify_asked asked;
    struct verify_pcrs values;
};

static void
inputs_done(struct inputs *in)
{
    struct verify_file *all[] = {&in->hcl, &in->quote,      &in->signature, &in->pcrs,
                                 &in->vek, &in->cert_table, &in->crl};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        verify_file_done(all[i]);
    }
    verify_base_done(&in->base);
}

static struct evidence
evidence_of(const struct inputs *in)
{
    return (struct evidence){
        .type = EVIDENCE_AZURE_SEV_SNP,
        .hcl = verify_bytes(&in->hcl),
        .snp = {.vek = verify_bytes(&in->vek),
                .cert_table = verify_bytes(&in->cert_table),
                .crl = verify_bytes(&in->crl),
                .product = in->product},
        .tpm = {.quote = verify_bytes(&in->quote),
                .signature = verify_bytes(&in->signature),
                .pcrs = in->values.pcr,
                .pcrs_n = in->values.n,
                .whole_bank = in->values.whole_bank},
    };
}

static const char *
remark(const struct inputs *in, char dst[VERIFY_REMARK])
{
    bool fresh = in->asked.nonce_len > 0 || in->asked.binding_len > 0;

    return in->base.row == NULL ? NULL : verify_remark(in->base.row, "--nonce", fresh, dst);
}

/* Read everything and judge.  ERR_OK: *out has a verdict; anything else: a wrong command line. */
static enum err
run(const struct options *o, struct inputs *in, struct appraisal *out, struct why *why)
{
    const struct verify_load loads[] = {
        {o->hcl, &in->hcl, false},   {o->quote, &in->quote, false},
        {o->vek, &in->vek, false},   {o->signature, &in->signature, false},
        {o->pcrs, &in->pcrs, false}, {o->cert_table, &in->cert_table, false},
        {o->crl, &in->crl, false},
    };
    const struct verify_plan plan = {EVIDENCE_AZURE_SEV_SNP, &o->common, loads,
                                     sizeof loads / sizeof loads[0]};
    bool ready = false;

    TRY(verify_product(o->product, &in->product, why));
    TRY(verify_asked_read(&o->asked, &in->asked, why));
    TRY(verify_prepare(&plan, &in->base, &ready, out, why));
    if (!ready || !verify_pcrs_read(&in->pcrs, true, &in->values, out)) {
        return ERR_OK;
    }

    const struct evidence ev = evidence_of(in);
    struct expectation want = in->base.row->want;

    verify_asked_narrow(&in->asked, &want);
    attest_verify(&ev, &want, &in->base.roots->trust, in->base.at_unix, out);
    return ERR_OK;
}

static bool
complete(const struct options *o)
{
    return o->hcl != NULL && o->quote != NULL && o->signature != NULL && o->pcrs != NULL;
}

int
verify_azure_sev_snp(int argc, char **argv)
{
    struct options o = {0};
    struct opt common[VERIFY_COMMON];
    const struct opt own[] = {
        {"hcl", "FILE", &o.hcl, "the blob of NV index 0x01400001"},
        {"quote", "FILE", &o.quote, "TPMS_ATTEST of the vTPM"},
        {"signature", "FILE", &o.signature, "TPMT_SIGNATURE, or bare RSASSA bytes"},
        {"pcrs", "FILE", &o.pcrs, "sha256 bank, 24 x 32 bytes; or lines bank:index=hex"},
        {"vek", "FILE", &o.vek, "VCEK certificate, DER or PEM"},
        {"cert-table", "FILE", &o.cert_table, "certificates of the extended guest request"},
        {"crl", "FILE", &o.crl, "the CRL of the product's ARK, DER or PEM"},
        {"product", "NAME", &o.product, "Milan, Genoa or Turin, for a report that does not say"},
        {"nonce", "HEX", &o.asked.nonce, "what extraData must be"},
        {"binding", "HEX", &o.asked.binding, "the binding that extraData must be"},
        {"select", "PCRS", &o.asked.select, "what was asked for: sha256:0,1,7"},
    };
    const struct usage usage = {
        "countersign verify azure-sev-snp --hcl FILE --quote FILE --signature FILE --pcrs FILE "
        "[--vek FILE] [options]",
        "Judge the evidence of an Azure guest on AMD SEV-SNP.",
        {own, sizeof own / sizeof own[0]},
        {common, VERIFY_COMMON},
        0,
        0,
    };
    AUTO(inputs_done) struct inputs in = {0};
    struct appraisal out;
    struct words words;
    struct why why = {0};
    char text[VERIFY_REMARK];

    verify_common_options(&o.common, common);
    enum opt_result r = opt_parse(&usage, argc, argv, &words);
    if (r != OPT_GO_ON) {
        return opt_exit(r);
    }
    if (!complete(&o)) {
        return opt_wrong(&usage, "--hcl, --quote, --signature and --pcrs are needed", NULL);
    }
    if (run(&o, &in, &out, &why) != ERR_OK) {
        return opt_wrong(&usage, why_text(&why), NULL);
    }

    const struct evidence ev = evidence_of(&in);

    return verify_print(&out, &ev, remark(&in, text), o.common.json);
}
