/* SPDX-License-Identifier: Apache-2.0 */
/* import.c - see import.h. */
#include "broker/flow/import.h"

#include "attest/base/text.h"
#include "broker/cloud/collateral.h"
#include "broker/flow/record.h"
#include "common/crl_text.h"
#include "common/issuer_chain.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

/* Members of a request beside its kind. */
enum { CERTIFICATE, CRL, DOCUMENT, CHAIN, TRACK, MEMBERS };

static const struct {
    const char *name;
    size_t max; /* bytes when decoded; of TRACK as it stands */
} TEXTS[MEMBERS] = {
    [CERTIFICATE] = {"certificate", SNP_VEK_MAX},
    [CRL] = {"crl", COLLATERAL_BYTES_MAX},
    [DOCUMENT] = {"document", TDX_COLLATERAL_JSON_MAX},
    [CHAIN] = {"issuer_chain", ISSUER_CHAIN_MAX},
    [TRACK] = {"track", 8},
};

/* Which member a kind has its bytes in, and what else it may have. */
static const struct form {
    const char *kind;
    unsigned body, may; /* may: bits 1 << member */
    bool intel;
    enum collateral_kind amd_kind;
    enum pcs_kind intel_kind;
} FORMS[] = {
    {.kind = "vek", .body = CERTIFICATE, .amd_kind = COLLATERAL_VEK},
    {.kind = "crl", .body = CRL, .amd_kind = COLLATERAL_CRL},
    {"tcb_info", DOCUMENT, 1U << CHAIN | 1U << TRACK, .intel = true, .intel_kind = PCS_TCB_INFO},
    {"qe_identity", DOCUMENT, 1U << CHAIN | 1U << TRACK, .intel = true,
     .intel_kind = PCS_QE_IDENTITY},
    {"pck_crl", CRL, 1U << CHAIN, .intel = true, .intel_kind = PCS_PCK_CRL},
    {.kind = "root_crl", .body = CRL, .intel = true, .intel_kind = PCS_ROOT_CRL},
};

enum { FORMS_N = sizeof FORMS / sizeof FORMS[0] };

/* What a request brings. */
struct import {
    json_t *json;
    const struct form *form;
    const char *text[MEMBERS];
    uint8_t *bytes[MEMBERS], *der; /* owned */
    struct slice body;
    struct intel_piece piece; /* of Intel */
};

static void
import_done(struct import *in)
{
    json_free(&in->json);
    for (size_t i = 0; i < MEMBERS; i++) {
        mem_free(in->bytes[i]);
    }
    mem_free(in->der);
}

static const struct form *
form_of(const char *kind)
{
    for (size_t i = 0; i < FORMS_N && kind != NULL; i++) {
        if (strcmp(FORMS[i].kind, kind) == 0) {
            return &FORMS[i];
        }
    }
    return NULL;
}

/* Its own bytes, and nothing that is another kind's. */
static enum err
check_members(const char *kind, const struct import *in, struct why *why)
{
    const struct form *f = in->form;

    if (f == NULL) {
        return why_add(why, ERR_MALFORMED,
                       "kind \"%s\", want \"vek\", \"crl\", \"tcb_info\", "
                       "\"qe_identity\", \"pck_crl\" or \"root_crl\"",
                       text_show(slice_text(kind)).text);
    }
    for (unsigned i = 0; i < MEMBERS; i++) {
        bool there = in->text[i] != NULL;
        bool must = i == f->body;

        if (there != must && (must || !(f->may >> i & 1))) {
            return why_add(why, ERR_MALFORMED, "kind \"%s\" %s \"%s\"", f->kind,
                           must ? "lacks" : "takes no", TEXTS[i].name);
        }
    }
    return ERR_OK;
}

static enum err
take_bytes(struct import *in, unsigned i, struct slice *out, struct why *why)
{
    size_t len = 0;

    if (in->text[i] == NULL) {
        return ERR_OK;
    }
    TRY(json_b64url(in->text[i], TEXTS[i].name, TEXTS[i].max, &in->bytes[i], &len, why));
    *out = (struct slice){in->bytes[i], len};
    return ERR_OK;
}

static enum err
take_track(const char *track, enum pcs_track *out, struct why *why)
{
    *out =
        track != NULL && strcmp(track, pcs_track_name(PCS_EARLY)) == 0 ? PCS_EARLY : PCS_STANDARD;
    return track == NULL || strcmp(track, pcs_track_name(*out)) == 0
               ? ERR_OK
               : why_add(why, ERR_MALFORMED, "track is neither \"standard\" nor \"early\"");
}

static enum err
bind(struct slice body, struct import *in, struct why *why)
{
    const char *kind = NULL;
    struct json_member members[MEMBERS + 1] = {{"kind", JK_TEXT, true, &kind, 0, 16}};

    for (size_t i = 0; i < MEMBERS; i++) {
        members[i + 1] =
            (struct json_member){TEXTS[i].name, JK_TEXT, false, &in->text[i], 0, IMPORT_BODY_MAX};
    }
    TRY(json_read(body, &in->json, why));
    TRY(json_bind(in->json, "request", members, MEMBERS + 1, why));
    in->form = form_of(kind);
    return check_members(kind, in, why);
}

static enum err
read_body(struct slice body, struct import *in, struct fault *f)
{
    enum err e = bind(body, in, &f->why);

    if (e == ERR_OK) {
        e = take_bytes(in, in->form->body, &in->body, &f->why);
    }
    if (e == ERR_OK) {
        e = take_bytes(in, CHAIN, &in->piece.chain, &f->why);
    }
    if (e == ERR_OK) {
        e = take_track(in->text[TRACK], &in->piece.track, &f->why);
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "malformed");
}

/* Intel's CRLs come in three forms; documents count byte for byte. */
static enum err
make_piece(struct import *in, struct why *why)
{
    size_t len = 0;

    in->piece.kind = in->form->intel_kind;
    in->piece.body = in->body;
    if (in->form->body != CRL) {
        return ERR_OK;
    }
    TRY(crl_der(in->body, &in->der, &len, why));
    in->piece.body = (struct slice){in->der, len};
    return ERR_OK;
}

static enum err
check(struct broker *b, struct import *in, int64_t now, struct collateral_row *out, struct why *why)
{
    if (!in->form->intel) {
        return collateral_import_check(b->collateral, in->form->amd_kind, in->body, now, out, why);
    }
    TRY(make_piece(in, why));
    return intel_import_check(b->intel, &in->piece, now, out, why);
}

static enum err
keep(struct broker *b, const struct import *in, int64_t now, struct collateral_row *out,
     struct why *why)
{
    return in->form->intel
               ? intel_import(b->intel, &in->piece, now, out, why)
               : collateral_import(b->collateral, in->form->amd_kind, in->body, now, out, why);
}

/* Nothing of ours is involved yet: whatever is wrong, is wrong with what was brought. */
static enum err
check_fault(enum err e, struct fault *f)
{
    if (e == ERR_MALFORMED || e == ERR_LIMIT) {
        return fault_from(f, ERR_MALFORMED, "collateral_malformed");
    }
    if (e == ERR_CONFLICT) {
        return fault_from(f, e, "collateral_older");
    }
    return fault_from(f, ERR_DENIED, "collateral_refused");
}

static enum err
note(struct broker *b, const struct principal *who, const struct collateral_key *k, struct fault *f)
{
    struct mint_record r = {.action = ACTION_CHANGED, .reasons = "import"};

    (void)snprintf(r.actor, sizeof r.actor, "admin:%s", who->name);
    (void)snprintf(r.object, sizeof r.object, "collateral/%s/%s/%s%s%s%s%s", k->vendor, k->kind,
                   k->product, k->chip[0] != '\0' ? "/" : "", k->chip, k->tcb[0] != '\0' ? "/" : "",
                   k->tcb);
    return record_note(b, &r, f);
}

enum err
flow_collateral_import(struct broker *b, const struct principal *who, struct slice body,
                       struct collateral_row *out, struct fault *f)
{
    AUTO(import_done) struct import in = {0};
    int64_t now = clock_unix();

    TRY(read_body(body, &in, f));
    enum err e = check(b, &in, now, out, &f->why);

    if (e != ERR_OK) {
        return check_fault(e, f);
    }
    TRY(note(b, who, &out->key, f));
    e = keep(b, &in, now, out, &f->why);
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "collateral_older");
}
