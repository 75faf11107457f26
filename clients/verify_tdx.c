/* SPDX-License-Identifier: Apache-2.0 */
/* verify_tdx.c - `countersign verify tdx`, and `verify azure-tdx`: the HCL report of an Azure guest, the TD quote that vouches for its
 * claims, and a quote of its vTPM by the key in them.
 *
 * Without --policy every golden value is ignored and an accept says "authentic and sound", not "approved".  Nothing is fetched: what
 * the folder of collateral has not is missing. */
#include "clients/verify_collateral.h"

struct options {
    struct verify_common common;
    const char *quote, *collateral, *ccel, *report_data; /* tdx; azure-tdx: quote is the TD's */
    const char *hcl, *tpm_quote, *signature, *pcrs;      /* azure-tdx */
    struct verify_asked_words asked;
};

/* Everything that a verification reads. */
struct inputs {
    struct verify_base base;
    struct verify_file quote, ccel, hcl, tpm_quote, signature, pcrs;
    struct verify_collateral collateral;
    uint8_t report_data[TDX_REPORT_DATA_LEN]; /* filled up with zeros */
    size_t report_data_len;                   /* as it was given; 0: not */
    struct verify_asked asked;
    struct verify_pcrs values;
};

static void
inputs_done(struct inputs *in)
{
    struct verify_file *all[] = {&in->quote,     &in->ccel,      &in->hcl,
                                 &in->tpm_quote, &in->signature, &in->pcrs};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        verify_file_done(all[i]);
    }
    verify_collateral_done(&in->collateral);
    verify_base_done(&in->base);
}

static struct tdx_evidence
tdx_evidence_of(const struct inputs *in)
{
    return (struct tdx_evidence){
        .quote = verify_bytes(&in->quote),
        .ccel = verify_bytes(&in->ccel),
        .collateral = &in->collateral.bytes,
        .early = in->collateral.early_facts,
        .room = in->collateral.room,
    };
}

static struct evidence
evidence_of(enum evidence_type type, const struct inputs *in)
{
    return (struct evidence){
        .type = type,
        .tdx = tdx_evidence_of(in),
        .hcl = verify_bytes(&in->hcl),
        .tpm = {.quote = verify_bytes(&in->tpm_quote),
                .signature = verify_bytes(&in->signature),
                .pcrs = in->values.pcr,
                .pcrs_n = in->values.n,
                .whole_bank = in->values.whole_bank},
    };
}

/* False: *out has the verdict. */
static bool
read_collateral(const char *dir, struct inputs *in, struct appraisal *out)
{
    struct why why = {0};
    const struct tdx_anchor *anchor = &in->base.roots->trust.tdx;

    if (verify_collateral_read(dir, anchor, &in->collateral, &why) == ERR_OK) {
        return true;
    }
    verify_unreadable(out, &why);
    return false;
}

/* Read everything and judge.  ERR_OK: *out has a verdict; anything else: a wrong command line. */
static enum err
run(enum evidence_type type, const struct options *o, struct inputs *in, struct appraisal *out,
    struct why *why)
{
    const struct verify_load loads[] = {
        {o->quote, &in->quote, false},
        {o->ccel, &in->ccel, false},
        {o->hcl, &in->hcl, false},
        {o->tpm_quote, &in->tpm_quote, false},
        {o->signature, &in->signature, false},
        {o->pcrs, &in->pcrs, false},
    };
    const struct verify_plan plan = {type, &o->common, loads, sizeof loads / sizeof loads[0]};
    bool ready = false;

    TRY(verify_hex(o->report_data, in->report_data, sizeof in->report_data, &in->report_data_len,
                   why));
    TRY(verify_asked_read(&o->asked, &in->asked, why));
    TRY(verify_prepare(&plan, &in->base, &ready, out, why));
    if (!ready || !read_collateral(o->collateral, in, out) ||
        (o->pcrs != NULL && !verify_pcrs_read(&in->pcrs, true, &in->values, out))) {
        return ERR_OK;
    }

    const struct evidence ev = evidence_of(type, in);
    struct expectation want = in->base.row->want;

    verify_asked_narrow(&in->asked, &want);
    if (in->report_data_len > 0) {
        want.tdx.report_data = (struct slice){in->report_data, sizeof in->report_data};
    }
    attest_verify(&ev, &want, &in->base.roots->trust, in->base.at_unix, out);
    return ERR_OK;
}

static const char *
remark(const struct inputs *in, const char *option, char dst[VERIFY_REMARK])
{
    bool fresh = in->report_data_len > 0 || in->asked.nonce_len > 0 || in->asked.binding_len > 0;

    return in->base.row == NULL ? NULL : verify_remark(in->base.row, option, fresh, dst);
}

/* Judge and print, after the command line was read. */
static int
finish(enum evidence_type type, const struct options *o, const struct usage *usage,
       const char *fresh_by)
{
    AUTO(inputs_done) struct inputs in = {0};
    struct appraisal out;
    struct why why = {0};
    char text[VERIFY_REMARK];

    if (run(type, o, &in, &out, &why) != ERR_OK) {
        return opt_wrong(usage, why_text(&why), NULL);
    }

    const struct evidence ev = evidence_of(type, &in);

    return verify_print(&out, &ev, remark(&in, fresh_by, text), o->common.json);
}

int
verify_tdx(int argc, char **argv)
{
    struct options o = {0};
    struct opt common[VERIFY_COMMON];
    const struct opt own[] = {
        {"quote", "FILE", &o.quote, "TD quote, version 4 or 5"},
        {"collateral", "DIR", &o.collateral,
         "tcb_info.json, qe_identity.json, their chains, CRLs; perhaps early/"},
        {"ccel", "FILE", &o.ccel, "event log of the firmware, to be replayed"},
        {"report-data", "HEX", &o.report_data, "what REPORTDATA must be; zeros follow to 64 bytes"},
    };
    const struct usage usage = {
        "countersign verify tdx --quote FILE --collateral DIR [options]",
        "Judge an Intel TDX quote.",
        {own, sizeof own / sizeof own[0]},
        {common, VERIFY_COMMON},
        0,
        0,
    };
    struct words words;

    verify_common_options(&o.common, common);

    enum opt_result r = opt_parse(&usage, argc, argv, &words);

    if (r != OPT_GO_ON) {
        return opt_exit(r);
    }
    if (o.quote == NULL || o.collateral == NULL) {
        return opt_wrong(&usage, "--quote and --collateral are needed", NULL);
    }
    return finish(EVIDENCE_TDX, &o, &usage, "--report-data");
}

static bool
complete(const struct options *o)
{
    return o->hcl != NULL && o->quote != NULL && o->collateral != NULL && o->tpm_quote != NULL &&
           o->signature != NULL && o->pcrs != NULL;
}

int
verify_azure_tdx(int argc, char **argv)
{
    struct options o = {0};
    struct opt common[VERIFY_COMMON];
    const struct opt own[] = {
        {"hcl", "FILE", &o.hcl, "the blob of NV index 0x01400001"},
        {"td-quote", "FILE", &o.quote, "TD quote, version 4 or 5"},
        {"collateral", "DIR", &o.collateral,
         "tcb_info.json, qe_identity.json, their chains, CRLs; perhaps early/"},
        {"quote", "FILE", &o.tpm_quote, "TPMS_ATTEST of the vTPM"},
        {"signature", "FILE", &o.signature, "TPMT_SIGNATURE, or bare RSASSA bytes"},
        {"pcrs", "FILE", &o.pcrs, "sha256 bank, 24 x 32 bytes; or lines bank:index=hex"},
        {"nonce", "HEX", &o.asked.nonce, "what extraData must be"},
        {"binding", "HEX", &o.asked.binding, "the binding that extraData must be"},
        {"select", "PCRS", &o.asked.select, "what was asked for: sha256:0,1,7"},
    };
    const struct usage usage = {
        "countersign verify azure-tdx --hcl FILE --td-quote FILE --collateral DIR --quote FILE "
        "--signature FILE --pcrs FILE [options]",
        "Judge the evidence of an Azure guest on Intel TDX.",
        {own, sizeof own / sizeof own[0]},
        {common, VERIFY_COMMON},
        0,
        0,
    };
    struct words words;

    verify_common_options(&o.common, common);

    enum opt_result r = opt_parse(&usage, argc, argv, &words);

    if (r != OPT_GO_ON) {
        return opt_exit(r);
    }
    if (!complete(&o)) {
        return opt_wrong(
            &usage, "--hcl, --td-quote, --collateral, --quote, --signature and --pcrs are needed",
            NULL);
    }
    return finish(EVIDENCE_AZURE_TDX, &o, &usage, "--nonce");
}
