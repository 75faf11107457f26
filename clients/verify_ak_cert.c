/* SPDX-License-Identifier: Apache-2.0 */
/* verify_ak_cert.c - `countersign verify ak-cert`: is this certificate fit for an attestation key?
 */
#include "clients/certificate.h"
#include "clients/fault.h"
#include "clients/verify.h"
#include "common/mem.h"

static void
judge(const char *path, const struct verify_common *common, int64_t at_unix, struct appraisal *out)
{
    AUTO(mem_free_bytes) uint8_t *der = NULL;
    AUTO(roots_free) struct roots *roots = NULL;
    struct why why = {0};
    size_t len = 0;
    enum err e = certificate_read(path, &der, &len, &why);

    if (e == ERR_OK) {
        e = verify_roots(common, &roots, &why);
    }
    if (e != ERR_OK) {
        verify_alone(out, "input.unreadable", OUTCOME_UNABLE, why_text(&why), "readable files");
        return;
    }
    attest_verify_ak_certificate((struct slice){der, len}, &roots->trust, at_unix, out);
}

int
verify_ak_cert(int argc, char **argv)
{
    struct verify_common common = {0};
    struct opt rows[VERIFY_COMMON];
    const struct usage usage = {
        "countersign verify ak-cert FILE [--roots DIR] [options]",
        "Judge the certificate of an attestation key (DER or PEM).",
        {NULL, 0},
        {rows, VERIFY_COMMON},
        1,
        1,
    };
    struct appraisal out;
    struct words words;
    struct why why = {0};
    int64_t at_unix = 0;

    verify_common_options(&common, rows);

    enum opt_result r = opt_parse(&usage, argc, argv, &words);

    if (r != OPT_GO_ON) {
        return opt_exit(r);
    }
    if (common.policy != NULL || verify_time(&common, &at_unix, &why) != ERR_OK) {
        return opt_wrong(&usage, common.policy != NULL ? "--policy has no rule for it" : "--at",
                         common.policy != NULL ? NULL : why_text(&why));
    }
    judge(words.word[0], &common, at_unix, &out);
    return verify_print(&out, NULL, NULL, common.json);
}
