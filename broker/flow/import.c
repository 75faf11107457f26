/* SPDX-License-Identifier: Apache-2.0 */
/* import.c - see import.h. */
#include "broker/flow/import.h"

#include "broker/cloud/collateral.h"
#include "broker/flow/record.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

/* What a request brings. */
struct import {
    json_t *json;
    enum collateral_kind kind;
    uint8_t *bytes;
    size_t len;
};

static void
import_done(struct import *in)
{
    json_free(&in->json);
    mem_free(in->bytes);
}

static enum err
read_bytes(const char *kind, const char *certificate, const char *crl, struct import *in,
           struct why *why)
{
    if (strcmp(kind, "vek") == 0 && certificate != NULL && crl == NULL) {
        in->kind = COLLATERAL_VEK;
        return json_b64url(certificate, "certificate", SNP_VEK_MAX, &in->bytes, &in->len, why);
    }
    if (strcmp(kind, "crl") == 0 && crl != NULL && certificate == NULL) {
        in->kind = COLLATERAL_CRL;
        return json_b64url(crl, "crl", COLLATERAL_BYTES_MAX, &in->bytes, &in->len, why);
    }
    return why_add(why, ERR_MALFORMED,
                   "want kind \"vek\" with \"certificate\", or kind \"crl\" with \"crl\"");
}

static enum err
read_body(struct slice body, struct import *in, struct fault *f)
{
    const char *kind = NULL;
    const char *certificate = NULL;
    const char *crl = NULL;
    const struct json_member members[] = {
        {"kind", JK_TEXT, true, &kind, 0, 8},
        {"certificate", JK_TEXT, false, &certificate, 0, IMPORT_BODY_MAX},
        {"crl", JK_TEXT, false, &crl, 0, IMPORT_BODY_MAX},
    };
    enum err e = json_read(body, &in->json, &f->why);

    if (e == ERR_OK) {
        e = json_bind(in->json, "request", members, sizeof members / sizeof members[0], &f->why);
    }
    if (e == ERR_OK) {
        e = read_bytes(kind, certificate, crl, in, &f->why);
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "malformed");
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
    const struct slice bytes = {in.bytes, in.len};
    enum err e = collateral_import_check(b->collateral, in.kind, bytes, now, out, &f->why);

    if (e != ERR_OK) {
        return check_fault(e, f);
    }
    TRY(note(b, who, &out->key, f));
    e = collateral_import(b->collateral, in.kind, bytes, now, out, &f->why);
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "collateral_older");
}
