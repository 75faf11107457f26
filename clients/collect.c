/* SPDX-License-Identifier: Apache-2.0 */
/* collect.c - see collect.h. */
#include "clients/collect.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/nv.h"
#include "clients/snp.h"
#include "clients/thim.h"
#include "common/json.h"
#include "common/mem.h"

/* Where Azure's paravisor keeps what it shows (attest/azure/azure.h). */
enum { HCL_INDEX = 0x01400001, HCL_MAX = 8192 };

static const char azure_ak[] = "0x81000003";

/* What one attestation has so far. */
struct collection {
    const struct collect_want *want;
    const struct collect_bound *bound;
    json_t *pieces;                     /* borrowed */
    uint8_t ak_name_sha256[SHA256_LEN]; /* zero without a tpm2 piece */
};

static const char *
or_usual(const char *given, const char *usual)
{
    return given != NULL ? given : usual;
}

static enum err
bind(const struct collection *c, enum evidence_type type, uint8_t out[BINDING_LEN], struct fault *f)
{
    return binding_make(type, c->bound->challenge, c->bound->jkt, (struct slice){0}, out, &f->why);
}

static enum err
collect_tpm(struct collection *c, struct fault *f)
{
    uint8_t binding[BINDING_LEN];
    json_t *piece = NULL;

    TRY(bind(c, EVIDENCE_TPM2, binding, f));
    TRY(evidence_collect(&c->want->tpm, binding, &piece, c->ak_name_sha256, f));
    (void)json_array_append_new(c->pieces, piece);
    return ERR_OK;
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum err
ask_snp(const struct collect_want *w, const struct snp_ask *ask, struct snp_answer *out,
        struct fault *f)
{
    const char *tsm = or_usual(w->tsm, COLLECT_TSM);
    const char *device = or_usual(w->sev_guest, COLLECT_SEV_GUEST);

    /* A folder that was named must serve; of the usual places the one that is there. */
    if (w->tsm != NULL || (w->sev_guest == NULL && is_folder(tsm))) {
        return snp_tsm_report(tsm, ask, out, f);
    }
    return snp_device_report(device, ask, out, f);
}

/* The table is the host's: of a sound one the VEK is all that a verifier looks at.  One that breaks its rules goes along as it is, so
 * that the verdict can say so. */
static void
add_table(const struct snp_answer *a, json_t *piece)
{
    const struct slice table = {a->table, a->table_len};
    const struct slice report = {a->report, SNP_REPORT_LEN};
    struct slice vek = {0};
    struct snp_need need = {0};
    struct why why = {0};

    if (table.len == 0) {
        return;
    }
    if (snp_need_read(report, &need, &why) != ERR_OK ||
        snp_cert_table_vek(table, need.kind, &vek, &why) != ERR_OK) {
        json_set_bytes(piece, "cert_table", table);
    } else if (vek.len > 0) {
        json_set_bytes(piece, "vek", vek);
    }
}

static enum err
collect_snp(struct collection *c, struct fault *f)
{
    struct snp_ask ask = {.vmpl = c->want->vmpl};
    struct snp_answer answer AUTO(snp_answer_done) = {.table = NULL};
    json_t *piece = NULL;

    TRY(bind(c, EVIDENCE_SEV_SNP, ask.report_data, f));
    memcpy(ask.report_data + BINDING_LEN, c->ak_name_sha256, SHA256_LEN);
    TRY(ask_snp(c->want, &ask, &answer, f));
    piece = json_pack("{s:s}", "type", "sev-snp");
    json_set_bytes(piece, "report", (struct slice){answer.report, SNP_REPORT_LEN});
    add_table(&answer, piece);
    (void)json_array_append_new(c->pieces, piece);
    return ERR_OK;
}

/* Without it the verifier looks in its own store. */
static void
add_host_vek(const char *url, json_t *piece)
{
    char *pem AUTO(mem_free_text) = NULL;
    struct fault ignored = {0};

    if (strcmp(url, "off") != 0 && thim_vek(url, &pem, &ignored) == ERR_OK) {
        json_set_bytes(piece, "vek", slice_text(pem));
    }
}

/* HCL report and quote, from one TPM. */
static enum err
read_azure(const struct collect_want *w, const uint8_t binding[BINDING_LEN], json_t *piece,
           struct fault *f)
{
    struct device d AUTO(device_close) = {0};
    struct ak ak AUTO(ak_done) = {0};
    uint8_t *hcl AUTO(mem_free_bytes) = NULL;
    size_t len = 0;

    TRY(device_open(w->tpm.tcti, &d, f));
    TRY(nv_read(&d, HCL_INDEX, HCL_MAX, &hcl, &len, f));
    TRY(ak_open(&d, azure_ak, &ak, f));
    json_set_bytes(piece, "hcl", (struct slice){hcl, len});
    return evidence_quote(&ak, w->tpm.pcrs, binding, piece, f);
}

static enum err
collect_azure(struct collection *c, struct fault *f)
{
    uint8_t binding[BINDING_LEN];
    json_t *piece AUTO(json_free) = json_pack("{s:s}", "type", "azure-sev-snp");

    TRY(bind(c, EVIDENCE_AZURE_SEV_SNP, binding, f));
    TRY(read_azure(c->want, binding, piece, f));
    add_host_vek(or_usual(c->want->thim, COLLECT_THIM), piece);
    (void)json_array_append(c->pieces, piece);
    return ERR_OK;
}

struct collector {
    enum evidence_type type;
    enum err (*run)(struct collection *c, struct fault *f);
};

/* In this order: a report commits to the key of a quote that goes along. */
static const struct collector collectors[] = {
    {EVIDENCE_TPM2, collect_tpm},
    {EVIDENCE_SEV_SNP, collect_snp},
    {EVIDENCE_AZURE_SEV_SNP, collect_azure},
};

enum { COLLECTORS = sizeof collectors / sizeof collectors[0] };

static unsigned
bit(enum evidence_type type)
{
    return 1U << (unsigned)type;
}

/* One word of the list, as a bit; 0 when there is no such type here. */
static unsigned
type_bit(struct slice word)
{
    enum evidence_type type = evidence_by_name(word);

    for (size_t i = 0; i < COLLECTORS; i++) {
        if (collectors[i].type == type) {
            return bit(type);
        }
    }
    return 0;
}

static enum err
types_parse(const char *types, unsigned *out, struct fault *f)
{
    const char *at = types;

    *out = 0;
    while (at != NULL) {
        size_t len = strcspn(at, ",");
        unsigned one = type_bit((struct slice){(const uint8_t *)at, len});

        if (one == 0 || (*out & one) != 0) {
            return fault_add(f, ERR_MALFORMED, "evidence_type",
                             "--evidence %s: auto, or each once of tpm2, sev-snp, azure-sev-snp",
                             types);
        }
        *out |= one;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return ERR_OK;
}

static bool
is_auto(const char *types)
{
    return types == NULL || strcmp(types, "auto") == 0;
}

enum err
collect_types_check(const char *types, struct fault *f)
{
    unsigned ignored = 0;

    return is_auto(types) ? ERR_OK : types_parse(types, &ignored, f);
}

static bool
azure_there(const char *tcti)
{
    struct device d AUTO(device_close) = {0};
    struct fault ignored = {0};

    return device_open(tcti, &d, &ignored) == ERR_OK && nv_there(&d, HCL_INDEX);
}

/* What the machine has; a TPM is what is asked for when nothing else is there. */
static enum evidence_type
best_type(const struct collect_want *w)
{
    const char *tsm = or_usual(w->tsm, COLLECT_TSM);

    if (access(or_usual(w->sev_guest, COLLECT_SEV_GUEST), F_OK) == 0 ||
        (is_folder(tsm) && snp_tsm_there(tsm))) {
        return EVIDENCE_SEV_SNP;
    }
    return azure_there(w->tpm.tcti) ? EVIDENCE_AZURE_SEV_SNP : EVIDENCE_TPM2;
}

static enum err
types_of(const struct collect_want *w, unsigned *out, struct fault *f)
{
    if (is_auto(w->types)) {
        *out = bit(best_type(w));
        return ERR_OK;
    }
    return types_parse(w->types, out, f);
}

enum err
collect_evidence(const struct collect_want *want, const struct collect_bound *bound, json_t **out,
                 struct fault *f)
{
    json_t *pieces AUTO(json_free) = json_array();
    struct collection c = {.want = want, .bound = bound, .pieces = pieces};
    unsigned types = 0;
    enum err err = types_of(want, &types, f);

    for (size_t i = 0; i < COLLECTORS && err == ERR_OK; i++) {
        if ((types & bit(collectors[i].type)) != 0) {
            err = collectors[i].run(&c, f);
        }
    }
    TRY(err);
    *out = pieces;
    pieces = NULL;
    return ERR_OK;
}
