/* SPDX-License-Identifier: Apache-2.0 */
/* verify_snp.c - `countersign verify sev-snp` and `verify amd-chain`.
 *
 * Without --policy every golden value is ignored and an accept says "authentic and sound", not
 * "approved".  A certificate alone says nothing about any guest. */
#include "clients/fault.h"
#include "clients/verify_input.h"

struct options {
    struct verify_common common;
    const char *report, *vek, *ask, *cert_table, *crl, *product, *report_data;
};

/* Everything that a verification reads. */
struct inputs {
    struct verify_base base;
    struct verify_file report, vek, ask, cert_table, crl;
    enum snp_product product;
    uint8_t report_data[SNP_REPORT_DATA_LEN]; /* filled up with zeros */
    size_t report_data_len;                   /* as it was given; 0: not */
};

static void
inputs_done(struct inputs *in)
{
    verify_file_done(&in->report);
    verify_file_done(&in->vek);
    verify_file_done(&in->ask);
    verify_file_done(&in->cert_table);
    verify_file_done(&in->crl);
    verify_base_done(&in->base);
}

/* Words, files and policy; `ready` as of verify_prepare(). */
static enum err
read_all(const struct options *o, struct inputs *in, bool *ready, struct appraisal *out,
         struct why *why)
{
    const struct verify_load loads[] = {
        {o->report, &in->report, false}, {o->vek, &in->vek, false},
        {o->ask, &in->ask, false},       {o->cert_table, &in->cert_table, false},
        {o->crl, &in->crl, false},
    };
    const struct verify_plan plan = {EVIDENCE_SEV_SNP, &o->common, loads,
                                     sizeof loads / sizeof loads[0]};

    TRY(verify_product(o->product, &in->product, why));
    TRY(verify_hex(o->report_data, in->report_data, sizeof in->report_data, &in->report_data_len,
                   why));
    return verify_prepare(&plan, &in->base, ready, out, why);
}

static struct snp_evidence
evidence_of(const struct inputs *in)
{
    return (struct snp_evidence){
        .report = verify_bytes(&in->report),
        .vek = verify_bytes(&in->vek),
        .cert_table = verify_bytes(&in->cert_table),
        .crl = verify_bytes(&in->crl),
        .product = in->product,
    };
}

static enum err
run_report(const struct options *o, struct inputs *in, struct appraisal *out, struct why *why)
{
    bool ready = false;

    TRY(read_all(o, in, &ready, out, why));
    if (!ready) {
        return ERR_OK;
    }

    const struct evidence ev = {.type = EVIDENCE_SEV_SNP, .snp = evidence_of(in)};
    struct expectation want = in->base.row->want;

    if (in->report_data_len > 0) {
        want.snp.report_data = (struct slice){in->report_data, sizeof in->report_data};
    }
    attest_verify(&ev, &want, &in->base.roots->trust, in->base.at_unix, out);
    return ERR_OK;
}

static const char *
remark(const struct inputs *in, char dst[VERIFY_REMARK])
{
    bool fresh = in->report_data_len > 0;

    return in->base.row == NULL ? NULL : verify_remark(in->base.row, "--report-data", fresh, dst);
}

int
verify_sev_snp(int argc, char **argv)
{
    struct options o = {0};
    struct opt common[VERIFY_COMMON];
    const struct opt own[] = {
        {"report", "FILE", &o.report, "attestation report, 1184 bytes"},
        {"vek", "FILE", &o.vek, "VCEK or VLEK certificate, DER or PEM"},
        {"cert-table", "FILE", &o.cert_table, "certificates of the extended guest request"},
        {"crl", "FILE", &o.crl, "the CRL of the product's ARK, DER or PEM"},
        {"product", "NAME", &o.product, "Milan, Genoa or Turin, for a report that does not say"},
        {"report-data", "HEX", &o.report_data,
         "what REPORT_DATA must be; zeros follow to 64 bytes"},
    };
    const struct usage usage = {
        "countersign verify sev-snp --report FILE [--vek FILE] [options]",
        "Judge an AMD SEV-SNP attestation report.",
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
    if (o.report == NULL) {
        return opt_wrong(&usage, "--report is needed", NULL);
    }
    if (run_report(&o, &in, &out, &why) != ERR_OK) {
        return opt_wrong(&usage, why_text(&why), NULL);
    }

    const struct evidence ev = {.type = EVIDENCE_SEV_SNP, .snp = evidence_of(&in)};

    return verify_print(&out, &ev, remark(&in, text), o.common.json);
}

/* An intermediate without a VEK is itself what is judged. */
static enum err
run_chain(const struct options *o, struct inputs *in, struct appraisal *out, struct why *why)
{
    bool ready = false;

    TRY(read_all(o, in, &ready, out, why));
    if (!ready) {
        return ERR_OK;
    }

    bool alone = in->vek.len == 0;
    struct snp_evidence ev = evidence_of(in);

    ev.vek = verify_bytes(alone ? &in->ask : &in->vek);
    attest_verify_amd_chain(&ev, alone ? (struct slice){0} : verify_bytes(&in->ask),
                            &in->base.row->want, &in->base.roots->trust, in->base.at_unix, out);
    return ERR_OK;
}

int
verify_amd_chain(int argc, char **argv)
{
    struct options o = {0};
    struct opt common[VERIFY_COMMON];
    const struct opt own[] = {
        {"vek", "FILE", &o.vek, "VCEK or VLEK certificate (or an ASK or ASVK), DER or PEM"},
        {"ask", "FILE", &o.ask, "an ASK or ASVK to use instead of the known one"},
        {"crl", "FILE", &o.crl, "the CRL of the product's ARK, DER or PEM"},
        {"product", "NAME", &o.product, "what it must be for: Milan, Genoa or Turin"},
    };
    const struct usage usage = {
        "countersign verify amd-chain --vek FILE [--ask FILE] [options]",
        "Judge a certificate of AMD's, without a report.",
        {own, sizeof own / sizeof own[0]},
        {common, VERIFY_COMMON},
        0,
        0,
    };
    AUTO(inputs_done) struct inputs in = {0};
    struct appraisal out;
    struct words words;
    struct why why = {0};

    verify_common_options(&o.common, common);
    enum opt_result r = opt_parse(&usage, argc, argv, &words);
    if (r != OPT_GO_ON) {
        return opt_exit(r);
    }
    if (o.vek == NULL && o.ask == NULL) {
        return opt_wrong(&usage, "--vek or --ask is needed", NULL);
    }
    if (run_chain(&o, &in, &out, &why) != ERR_OK) {
        return opt_wrong(&usage, why_text(&why), NULL);
    }

    const struct evidence ev = {.type = EVIDENCE_SEV_SNP};

    return verify_print(&out, &ev, "the certificate is AMD's; no report was judged", o.common.json);
}
