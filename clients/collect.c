/* SPDX-License-Identifier: Apache-2.0 */
/* collect.c - see collect.h: which types, in which order, over what. */
#include "clients/collect.h"

#include <string.h>
#include <sys/stat.h>

#include "clients/collect_piece.h"
#include "common/json.h"

static const struct places usual = {
    .tsm = PLACE_TSM,
    .sev_guest = PLACE_SEV_GUEST,
    .thim = PLACE_THIM,
    .tdx_guest = PLACE_TDX_GUEST,
    .qgs = PLACE_QGS,
    .ccel = PLACE_CCEL,
    .td_quote = PLACE_TD_QUOTE,
};

static const char *
or_usual(const char *given, const char *place)
{
    return given != NULL ? given : place;
}

static struct places
places_filled(const struct places *given)
{
    return (struct places){
        .tsm = or_usual(given->tsm, usual.tsm),
        .sev_guest = or_usual(given->sev_guest, usual.sev_guest),
        .thim = or_usual(given->thim, usual.thim),
        .tdx_guest = or_usual(given->tdx_guest, usual.tdx_guest),
        .qgs = or_usual(given->qgs, usual.qgs),
        .ccel = or_usual(given->ccel, usual.ccel),
        .td_quote = or_usual(given->td_quote, usual.td_quote),
    };
}

enum err
collect_bind(const struct collection *c, enum evidence_type type, uint8_t out[BINDING_LEN],
             struct fault *f)
{
    return binding_make(type, c->bound->challenge, c->bound->jkt, (struct slice){0}, out, &f->why);
}

enum err
collect_report_data(const struct collection *c, enum evidence_type type,
                    uint8_t out[BINDING_LEN + SHA256_LEN], struct fault *f)
{
    TRY(collect_bind(c, type, out, f));
    memcpy(out + BINDING_LEN, c->ak_name_sha256, SHA256_LEN);
    return ERR_OK;
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
collect_by_tsm(const struct collection *c, const char *device_named)
{
    return c->want->from.tsm != NULL || (device_named == NULL && is_folder(c->from.tsm));
}

static enum err
collect_tpm(struct collection *c, struct fault *f)
{
    uint8_t binding[BINDING_LEN];
    json_t *piece = NULL;

    TRY(collect_bind(c, EVIDENCE_TPM2, binding, f));
    TRY(evidence_collect(&c->want->tpm, binding, &piece, c->ak_name_sha256, f));
    (void)json_array_append_new(c->pieces, piece);
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
    {EVIDENCE_TDX, collect_tdx},
    {EVIDENCE_AZURE_SEV_SNP, collect_azure_snp},
    {EVIDENCE_AZURE_TDX, collect_azure_tdx},
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
                             "--evidence %s: auto, or each once of tpm2, sev-snp, tdx, "
                             "azure-sev-snp, azure-tdx",
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

/* What the machine has; a TPM is what is asked for when nothing else is there. */
static enum evidence_type
best_type(const struct collection *c)
{
    enum evidence_type azure = EVIDENCE_NONE;

    if (collect_snp_there(c)) {
        return EVIDENCE_SEV_SNP;
    }
    if (collect_tdx_there(c)) {
        return EVIDENCE_TDX;
    }
    azure = collect_azure_there(c);
    return azure != EVIDENCE_NONE ? azure : EVIDENCE_TPM2;
}

static enum err
types_of(const struct collection *c, unsigned *out, struct fault *f)
{
    if (is_auto(c->want->types)) {
        *out = bit(best_type(c));
        return ERR_OK;
    }
    return types_parse(c->want->types, out, f);
}

enum err
collect_evidence(const struct collect_want *want, const struct collect_bound *bound, json_t **out,
                 struct fault *f)
{
    json_t *pieces AUTO(json_free) = json_array();
    struct collection c = {
        .want = want, .from = places_filled(&want->from), .bound = bound, .pieces = pieces};
    unsigned types = 0;
    enum err err = types_of(&c, &types, f);

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
