/* SPDX-License-Identifier: Apache-2.0 */
/* checks.c - the rules that lead from the hardware report to the vTPM's attestation key; see azure.h.
 *
 * They run before those of the report and of the quote: what these establish, that the claims are the ones that the report commits
 * to, counts only as far as the report itself holds, and the verdict is all of them together. */
#include <string.h>

#include "attest/azure/azure.h"
#include "attest/base/rd.h"
#include "attest/base/text.h"

enum { REPORT_DATA_LEN = 64, REQUEST_AK_CERTIFICATE = 2, HASH_TYPE_SHA256 = 1 };

#define HCL_SOURCE    "Azure guest attestation, HCL report"
#define CLAIMS_SOURCE "Azure guest attestation, runtime claims"

/* Where REPORT_DATA is in the hardware report. */
struct place {
    enum azure_hardware hardware;
    size_t at;
};

static const struct place PLACES[] = {
    {AZURE_HW_SNP, 0x50}, /* AMD 56860, ATTESTATION_REPORT */
    {AZURE_HW_TDX, 0x80}, /* Intel TDX module ABI, REPORTMACSTRUCT */
};

static struct slice
report_data(const struct azure_hcl *hcl)
{
    struct slice out = {0};
    struct rd r = rd_init(hcl->report, "report");

    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        if (PLACES[i].hardware == hcl->hardware) {
            (void)rd_bytes(&r, "before REPORT_DATA", PLACES[i].at);
            out = rd_bytes(&r, "REPORT_DATA", REPORT_DATA_LEN);
        }
    }
    return out;
}

void
azure_in_open(struct slice blob, enum azure_hardware wanted, struct azure_in *out)
{
    struct why why = {0};
    enum err e = ERR_OK;

    *out = (struct azure_in){.wanted = wanted};
    e = azure_hcl_decode(blob, &out->hcl, &why);
    out->hcl_part = part_note(e, &why);
    if (e != ERR_OK) {
        return;
    }
    out->report_data = report_data(&out->hcl);
    hash_sha256(out->hcl.claims, out->claims_sha256);
    why = (struct why){0};
    out->claims_part = part_note(azure_claims_read(out->hcl.claims, &out->claims, &why), &why);
}

void
azure_in_done(struct azure_in *in)
{
    azure_claims_done(&in->claims);
}

static bool
is_wanted(const struct azure_hcl *h, enum azure_hardware wanted)
{
    return h->request_type == REQUEST_AK_CERTIFICATE && h->hash_type == HASH_TYPE_SHA256 &&
           h->hardware == wanted && wanted != AZURE_HW_NONE;
}

bool
azure_has_report(const struct azure_in *in)
{
    return part_ok(&in->hcl_part) && is_wanted(&in->hcl, in->wanted);
}

bool
azure_has_key(const struct azure_in *in)
{
    return azure_has_report(in) && part_ok(&in->claims_part);
}

static enum outcome
malformed(struct finding *f, const struct part *part, const char *wanted)
{
    (void)finding_fail(f, wanted, "%s", part->why);
    return OUTCOME_MALFORMED;
}

static enum outcome
rule_hcl_malformed(const struct check_in *in, struct finding *f)
{
    const struct azure_in *a = in->azure;

    if (!part_ok(&a->hcl_part)) {
        return malformed(f, &a->hcl_part, "a complete HCL report, then nothing but zeros");
    }
    return finding_pass(f, "header version %u, claims of %zu bytes", a->hcl.version,
                        a->hcl.claims.len);
}

static const char *
hardware_name(enum azure_hardware h)
{
    switch (h) {
    case AZURE_HW_NONE: return "neither SNP nor TDX";
    case AZURE_HW_SNP: return "SNP";
    case AZURE_HW_TDX: return "TDX";
    }
    return "neither SNP nor TDX";
}

static enum outcome
rule_hcl_type(const struct check_in *in, struct finding *f)
{
    const struct azure_in *a = in->azure;

    if (a->hcl.request_type != REQUEST_AK_CERTIFICATE) {
        return finding_fail(f, "request type 2", "request type %u", a->hcl.request_type);
    }
    if (a->hcl.hash_type != HASH_TYPE_SHA256) {
        return finding_fail(f, "hash type 1 (SHA-256)", "hash type %u", a->hcl.hash_type);
    }
    if (!is_wanted(&a->hcl, a->wanted)) {
        return finding_fail(f, hardware_name(a->wanted), "the hardware report is %s",
                            hardware_name(a->hcl.hardware));
    }
    return finding_pass(f, "%s", hardware_name(a->hcl.hardware));
}

static enum outcome
rule_claims_malformed(const struct check_in *in, struct finding *f)
{
    const struct azure_in *a = in->azure;

    if (a->claims_part.err == ERR_MALFORMED || a->claims_part.err == ERR_LIMIT) {
        return malformed(f, &a->claims_part, "one JSON object with `keys`, no name twice");
    }
    return finding_pass(f, "%zu bytes", a->hcl.claims.len);
}

static enum outcome
rule_claims_hash(const struct check_in *in, struct finding *f)
{
    const struct azure_in *a = in->azure;
    uint8_t want[REPORT_DATA_LEN] = {0};
    char want_hex[2 * REPORT_DATA_LEN + 1];
    char seen_hex[2 * REPORT_DATA_LEN + 1];

    if (a->report_data.len == 0) { /* a quote beside the blob that cannot be read has its own row */
        return OUTCOME_NOT_RUN;
    }
    memcpy(want, a->claims_sha256, SHA256_LEN);
    hex_encode((struct slice){want, sizeof want}, want_hex);
    hex_encode(a->report_data, seen_hex);
    if (!slice_same(a->report_data, (struct slice){want, sizeof want})) {
        return finding_fail(f, want_hex, "REPORT_DATA %s", seen_hex);
    }
    return finding_pass(f, "%s", seen_hex);
}

static enum outcome
rule_claims_ak(const struct check_in *in, struct finding *f)
{
    const struct azure_in *a = in->azure;

    if (part_unable(&a->claims_part)) {
        return finding_unable(f, "a working library", "%s", a->claims_part.why);
    }
    if (!part_ok(&a->claims_part)) {
        return finding_fail(f, "one RSA key HCLAkPub of 2048 bits or more with e 65537", "%s",
                            a->claims_part.why);
    }
    return finding_pass(f, "HCLAkPub, RSA %zu", a->claims.ak.bits);
}

static const struct check CHECKS[] = {
    {"hcl.malformed", HCL_SOURCE, rule_hcl_malformed, .gate = true},
    {"hcl.type", HCL_SOURCE, rule_hcl_type, .gate = true},
    {"claims.malformed", CLAIMS_SOURCE, rule_claims_malformed, .gate = true},
    {"claims.hash", CLAIMS_SOURCE, rule_claims_hash, .gate = false},
    {"claims.ak", CLAIMS_SOURCE, rule_claims_ak, .gate = false},
};

struct sentence {
    const char *id;
    const char *what;
};

static const struct sentence SENTENCES[] = {
    {"hcl.malformed", "The HCL report decodes completely: header, hardware report and claims, "
                      "lengths that agree, and nothing but zeros after them."},
    {"hcl.type", "It was made for the attestation key, hashes the claims with SHA-256, and carries "
                 "the kind of hardware report that the evidence says it does."},
    {"claims.malformed",
     "The runtime claims are one JSON object with a list of keys and no name twice."},
    {"claims.hash", "REPORT_DATA is SHA-256 of the claims as they are, then 32 zero bytes."},
    {"claims.ak",
     "The claims hold exactly one HCLAkPub: RSA of at least 2048 bits with exponent 65537."},
};

enum {
    CHECKS_N = sizeof CHECKS / sizeof CHECKS[0],
    SENTENCES_N = sizeof SENTENCES / sizeof SENTENCES[0]
};

_Static_assert((int)CHECKS_N == (int)SENTENCES_N, "one sentence for each row");

const struct check *
azure_checks(size_t *n)
{
    *n = CHECKS_N;
    return CHECKS;
}

const char *
azure_check_what(const char *id)
{
    for (size_t i = 0; i < SENTENCES_N; i++) {
        if (strcmp(SENTENCES[i].id, id) == 0) {
            return SENTENCES[i].what;
        }
    }
    return NULL;
}
