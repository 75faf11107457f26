/* SPDX-License-Identifier: Apache-2.0 */
/* verify_ek_cert.c - `countersign verify ek-cert`: is this the certificate of a real TPM's endorsement key?
 *
 * Takes it as DER, as PEM, or as a TPM keeps it in NV memory. */
#include "clients/verify_input.h"

static void
judge(const struct verify_base *base, const struct verify_file *file, struct appraisal *out)
{
    const struct evidence ev = {
        .type = EVIDENCE_TPM2,
        .tpm = {.ek_certificate = verify_bytes(file)},
    };

    attest_verify_ek_certificate(&ev, &base->row->want, &base->roots->trust, base->at_unix, out);
}

/* ERR_OK: *out has a verdict; anything else: a wrong command line. */
static enum err
run(const char *path, const struct verify_common *common, struct appraisal *out, struct why *why)
{
    AUTO(verify_file_done) struct verify_file file = {0};
    AUTO(verify_base_done) struct verify_base base = {0};
    const struct verify_load load = {path, &file, true};
    const struct verify_plan plan = {EVIDENCE_TPM2, common, &load, 1};
    bool ready = false;

    TRY(verify_prepare(&plan, &base, &ready, out, why));
    if (ready) {
        judge(&base, &file, out);
    }
    return ERR_OK;
}

int
verify_ek_cert(int argc, char **argv)
{
    struct verify_common common = {0};
    struct opt rows[VERIFY_COMMON];
    const struct usage usage = {
        "countersign verify ek-cert FILE [--roots DIR] [options]",
        "Judge the certificate of an endorsement key (DER, PEM, or as read from NV memory).",
        {NULL, 0},
        {rows, VERIFY_COMMON},
        1,
        1,
    };
    struct appraisal out;
    struct words words;
    struct why why = {0};

    verify_common_options(&common, rows);

    enum opt_result r = opt_parse(&usage, argc, argv, &words);

    if (r != OPT_GO_ON) {
        return opt_exit(r);
    }
    if (run(words.word[0], &common, &out, &why) != ERR_OK) {
        return opt_wrong(&usage, why_text(&why), NULL);
    }
    return verify_print(&out, NULL, NULL, common.json);
}
