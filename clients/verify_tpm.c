/* SPDX-License-Identifier: Apache-2.0 */
/* verify_tpm.c - `countersign verify tpm`.
 *
 * Who passes --ak vouches for that key, as far as the policy allows; a policy with `ak_names` says
 * itself which keys.  Without --policy every golden value is ignored and an accept says
 * "authentic and sound", not "approved". */
#include <string.h>

#include "clients/verify_input.h"

struct options {
    struct verify_common common;
    const char *quote, *signature, *ak, *ak_cert, *ek_cert, *ek, *pcrs, *event_log, *pcrsig;
    struct verify_asked_words asked;
};

/* Everything that a verification reads. */
struct inputs {
    struct verify_base base;
    struct verify_file quote, signature, ak, ak_cert, ek_cert, ek, pcrs, event_log, pcrsig;
    struct verify_asked asked;
    struct verify_pcrs values;
};

static void
inputs_done(struct inputs *in)
{
    struct verify_file *all[] = {&in->quote,   &in->signature, &in->ak,
                                 &in->ak_cert, &in->ek_cert,   &in->ek,
                                 &in->pcrs,    &in->event_log, &in->pcrsig};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        verify_file_done(all[i]);
    }
    verify_base_done(&in->base);
}

static bool
is_pem(struct slice s)
{
    static const char MARK[] = "-----BEGIN ";

    return s.len >= sizeof MARK - 1 && memcmp(s.ptr, MARK, sizeof MARK - 1) == 0;
}

static struct evidence
evidence_of(const struct inputs *in)
{
    const struct slice ak = verify_bytes(&in->ak);
    const bool pem = is_pem(ak);

    return (struct evidence){
        .type = EVIDENCE_TPM2,
        .tpm = {.quote = verify_bytes(&in->quote),
                .signature = verify_bytes(&in->signature),
                .ak = pem ? (struct slice){0} : ak,
                .ak_pem = pem ? ak : (struct slice){0},
                .ak_certificate = verify_bytes(&in->ak_cert),
                .ek_certificate = verify_bytes(&in->ek_cert),
                .ek = verify_bytes(&in->ek),
                .event_log = verify_bytes(&in->event_log),
                .pcrsig = verify_bytes(&in->pcrsig),
                .pcrs = in->values.pcr,
                .pcrs_n = in->values.n},
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
        {o->quote, &in->quote, false},    {o->signature, &in->signature, false},
        {o->ak, &in->ak, false},          {o->ak_cert, &in->ak_cert, true},
        {o->ek_cert, &in->ek_cert, true}, {o->ek, &in->ek, false},
        {o->pcrs, &in->pcrs, false},      {o->event_log, &in->event_log, false},
        {o->pcrsig, &in->pcrsig, false},
    };
    const struct verify_plan plan = {EVIDENCE_TPM2, &o->common, loads,
                                     sizeof loads / sizeof loads[0]};
    bool ready = false;

    TRY(verify_asked_read(&o->asked, &in->asked, why));
    TRY(verify_prepare(&plan, &in->base, &ready, out, why));
    if (!ready || !verify_pcrs_read(&in->pcrs, false, &in->values, out)) {
        return ERR_OK;
    }

    const struct evidence ev = evidence_of(in);
    struct expectation want = in->base.row->want;

    verify_asked_narrow(&in->asked, &want);
    want.tpm.ak_vouched = want.tpm.ak_names_n == 0;
    attest_verify(&ev, &want, &in->base.roots->trust, in->base.at_unix, out);
    return ERR_OK;
}

int
verify_tpm(int argc, char **argv)
{
    struct options o = {0};
    struct opt common[VERIFY_COMMON];
    const struct opt own[] = {
        {"quote", "FILE", &o.quote, "TPMS_ATTEST"},
        {"signature", "FILE", &o.signature, "TPMT_SIGNATURE, or bare RSASSA bytes"},
        {"ak", "FILE", &o.ak, "attestation key: TPMT_PUBLIC, TPM2B_PUBLIC or PEM"},
        {"ak-cert", "FILE", &o.ak_cert, "its certificate, DER or PEM"},
        {"ek-cert", "FILE", &o.ek_cert,
         "endorsement key certificate: DER, PEM, or as in NV memory"},
        {"ek", "FILE", &o.ek, "endorsement key: TPMT_PUBLIC or TPM2B_PUBLIC"},
        {"pcrs", "FILE", &o.pcrs, "PCR values, lines bank:index=hex"},
        {"event-log", "FILE", &o.event_log, "event log; PCR values need not be given then"},
        {"pcrsig", "FILE", &o.pcrsig, "signatures of PCR policies (.pcrsig of a UKI)"},
        {"nonce", "HEX", &o.asked.nonce, "what extraData must be"},
        {"binding", "HEX", &o.asked.binding, "the binding that extraData must be"},
        {"select", "PCRS", &o.asked.select, "what was asked for: sha256:0,1,7+sha384:0"},
    };
    const struct usage usage = {
        "countersign verify tpm --quote FILE --signature FILE --ak FILE [options]",
        "Judge a TPM 2.0 quote.",
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
    if (o.quote == NULL || o.signature == NULL || o.ak == NULL) {
        return opt_wrong(&usage, "--quote, --signature and --ak are needed", NULL);
    }
    if (run(&o, &in, &out, &why) != ERR_OK) {
        return opt_wrong(&usage, why_text(&why), NULL);
    }

    const struct evidence ev = {.type = EVIDENCE_TPM2};

    return verify_print(&out, &ev, remark(&in, text), o.common.json);
}
