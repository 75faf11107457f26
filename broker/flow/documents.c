/* SPDX-License-Identifier: Apache-2.0 */
/* documents.c - see documents.h.  The ledger only stores what is signed; the policy book believes only what it verifies again. */
#include "broker/flow/documents.h"

#include "attest/base/text.h"
#include "broker/flow/teardown.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REVOKE_BATCH = 256, REVOKE_ROUNDS = 4096 };

static enum err
note(struct broker *b, const struct principal *who, enum mint_action action, const char *object,
     const char *reason, struct fault *f)
{
    struct mint_record r = {.action = action};

    (void)snprintf(r.actor, sizeof r.actor, "admin:%s", who->name);
    (void)snprintf(r.object, sizeof r.object, "%s", object);
    (void)snprintf(r.reasons, sizeof r.reasons, "%s", reason);
    return mint_note(b->mint, &r, &f->why) == ERR_OK ? ERR_OK : fault_from(f, ERR_UNABLE, "unable");
}

/* This instance knows at once; others within a turn of their keepers. */
static enum err
take_effect(struct broker *b, struct fault *f)
{
    enum err e = policy_book_refresh(b->book, &f->why);

    return e == ERR_OK ? ERR_OK : fault_from(f, e, "unable");
}

/* What document_signer() said: the signature's faults have codes of their own. */
static enum err
signer_fault(enum err e, struct fault *f)
{
    if (e == ERR_DENIED) {
        return fault_from(f, e, "role_missing");
    }
    if (e == ERR_UNAUTHENTICATED) {
        return fault_from(f, ERR_UNAUTHENTICATED, "signature_invalid");
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "document_malformed");
}

static enum err
read_policy(struct slice text, struct document_row *row, struct why *why)
{
    AUTO(policy_free) struct policy *p = NULL;

    TRY(policy_read(text, &p, why));
    memcpy(row->id, p->id, sizeof row->id);
    row->version = p->version;
    return ERR_OK;
}

static enum err
read_set(struct slice text, struct document_row *row, struct why *why)
{
    AUTO(json_free) json_t *o = NULL;
    AUTO(reference_set_free) struct reference_set *s = NULL;

    TRY(json_read(text, &o, why));
    TRY(reference_set_read(o, &s, why));
    memcpy(row->id, s->id, sizeof row->id);
    row->version = s->version;
    return ERR_OK;
}

/* What the document says of itself must be what it is put as. */
static enum err
read_document(const char *kind, const char *id, const struct jws *jws, struct document_row *row,
              struct fault *f)
{
    struct slice text = {jws->payload_bytes, jws->payload_len};
    uint8_t digest[SHA256_LEN];
    enum err e = strcmp(kind, "policy") == 0 ? read_policy(text, row, &f->why)
                                             : read_set(text, row, &f->why);

    if (e != ERR_OK) {
        return fault_from(f, err_is_unable(e) ? e : ERR_MALFORMED, "document_malformed");
    }
    if (strcmp(row->id, id) != 0) {
        return fault_set(f, ERR_MALFORMED, "id_mismatch",
                         "the document's id is \"%.60s\", put as \"%.60s\"", row->id, id);
    }
    hash_sha256(text, digest);
    hex_encode((struct slice){digest, sizeof digest}, row->digest);
    return ERR_OK;
}

static enum err
put(struct broker *b, const struct principal *who, struct document_row *row, struct fault *f)
{
    char object[256];

    row->state = b->approvals_needed == 0 ? DOCUMENT_ACTIVE : DOCUMENT_PROPOSED;
    (void)snprintf(object, sizeof object, "%s/%s/%lld", row->kind, row->id,
                   (long long)row->version);
    TRY(note(b, who, ACTION_CHANGED, object, "put", f));
    enum err e = b->store->ops->document_put(b->store, row, &f->why);

    return e == ERR_OK ? take_effect(b, f) : fault_from(f, e, "version_conflict");
}

enum err
flow_document_put(struct broker *b, const struct principal *who, const struct document_ref *ref,
                  struct slice text, struct document_row *out, struct fault *f)
{
    AUTO(jws_done) struct jws jws = {0};
    AUTO(mem_free_text) char *copy = mem_text(text);
    const struct principal *author = NULL;
    struct document_row row = {.at = clock_unix(), .jws = copy};
    enum err e =
        document_signer(&b->who, text, DOCUMENT_TYP, ROLE_REGISTRAR, &jws, &author, &f->why);

    TRY(signer_fault(e, f));
    TRY(read_document(ref->kind, ref->id, &jws, &row, f));
    (void)snprintf(row.kind, sizeof row.kind, "%s", ref->kind);
    memcpy(row.author, author->name, sizeof row.author);
    TRY(put(b, who, &row, f));
    row.jws = NULL;
    *out = row;
    return ERR_OK;
}

/* "policy/summarizer/8" to its parts. */
static enum err
split_object(const char *object, struct approval_row *row, struct fault *f)
{
    char copy[256];
    char *rest = copy;
    char *end = NULL;

    (void)snprintf(copy, sizeof copy, "%s", object);
    const char *kind = strsep(&rest, "/");
    const char *id = strsep(&rest, "/");
    const char *version = strsep(&rest, "/");
    bool known = strcmp(kind, "policy") == 0 || strcmp(kind, "reference-set") == 0;

    if (!known || id == NULL || version == NULL || rest != NULL || strlen(id) >= sizeof row->id) {
        return fault_set(f, ERR_MALFORMED, "document_malformed",
                         "approve must be policy/ID/VERSION or reference-set/ID/VERSION");
    }
    row->version = strtoll(version, &end, 10);
    if (*end != '\0' || row->version < 1) {
        return fault_set(f, ERR_MALFORMED, "document_malformed", "version must be a number from 1");
    }
    (void)snprintf(row->kind, sizeof row->kind, "%s", kind);
    (void)snprintf(row->id, sizeof row->id, "%s", id);
    return ERR_OK;
}

/* The approver has seen the very bytes that are stored, and did not write them. */
static enum err
check_approved(struct broker *b, const struct approval_row *row, const char *digest,
               struct fault *f)
{
    AUTO(document_row_done) struct document_row doc = {0};
    enum err e =
        b->store->ops->document_get(b->store, row->kind, row->id, row->version, &doc, &f->why);

    if (e != ERR_OK) {
        return fault_from(f, e, "document_unknown");
    }
    if (strcmp(doc.digest, digest) != 0) {
        return fault_set(f, ERR_CONFLICT, "digest_mismatch", "the stored document has digest %s",
                         doc.digest);
    }
    if (strcmp(doc.author, row->approver) == 0) {
        return fault_set(f, ERR_DENIED, "own_document", "%s wrote it and cannot approve it",
                         row->approver);
    }
    return ERR_OK;
}

enum err
flow_approve(struct broker *b, const struct principal *who, struct slice text, char object[256],
             bool *active, struct fault *f)
{
    AUTO(jws_done) struct jws jws = {0};
    AUTO(mem_free_text) char *copy = mem_text(text);
    const struct principal *approver = NULL;
    struct approval_row row = {.at = clock_unix(), .jws = copy};
    const char *approve = NULL;
    const char *digest = NULL;
    const struct json_member members[] = {{"approve", JK_TEXT, true, &approve, 0, 200},
                                          {"digest", JK_TEXT, true, &digest, 0, 64}};

    TRY(signer_fault(
        document_signer(&b->who, text, APPROVAL_TYP, ROLE_APPROVER, &jws, &approver, &f->why), f));
    if (json_bind(jws.payload, "approval", members, 2, &f->why) != ERR_OK) {
        return fault_from(f, ERR_MALFORMED, "document_malformed");
    }
    memcpy(row.approver, approver->name, sizeof row.approver);
    TRY(split_object(approve, &row, f));
    TRY(check_approved(b, &row, digest, f));
    (void)snprintf(object, 256, "%s", approve);
    TRY(note(b, who, ACTION_CHANGED, object, "approved", f));
    enum err e =
        b->store->ops->document_approve(b->store, &row, b->approvals_needed, active, &f->why);

    if (e == ERR_GONE) {
        return fault_from(f, e, "document_revoked");
    }
    return e == ERR_OK ? take_effect(b, f) : fault_from(f, e, "approved_already");
}

/* One round: revoke (again) and end a batch of what rests on it. */
struct revoking {
    const struct document_ref *ref;
    const char *reason;
    char actor[128];
    char ids[REVOKE_BATCH][ID_MAX];
    size_t n;
};

static enum err
end_batch(struct broker *b, struct revoking *r, json_t *ended, struct fault *f)
{
    enum err e = b->store->ops->document_revoke(b->store, r->ref->kind, r->ref->id, r->ref->version,
                                                r->reason, clock_unix(), r->ids, REVOKE_BATCH,
                                                &r->n, &f->why);

    if (e != ERR_OK) {
        return fault_from(f, e, "document_unknown");
    }
    for (size_t i = 0; i < r->n && e == ERR_OK; i++) {
        AUTO(mem_free_text) char *receipt = NULL;

        e = flow_teardown(b, r->ids[i], r->actor, "basis_revoked", &receipt, f);
        (void)json_array_append_new(ended, json_string(r->ids[i]));
    }
    return e;
}

enum err
flow_document_revoke(struct broker *b, const struct principal *who, const struct document_ref *ref,
                     const char *reason, json_t **ended, struct fault *f)
{
    AUTO(json_free) json_t *list = json_array();
    struct revoking r = {.ref = ref, .reason = reason, .n = REVOKE_BATCH};
    char object[256];
    enum err e = ERR_OK;

    (void)snprintf(object, sizeof object, "%s/%s/%lld", ref->kind, ref->id,
                   (long long)ref->version);
    (void)snprintf(r.actor, sizeof r.actor, "admin:%s", who->name);
    TRY(note(b, who, ACTION_REVOKED, object, reason, f));
    for (unsigned round = 0; e == ERR_OK && r.n == REVOKE_BATCH && round < REVOKE_ROUNDS; round++) {
        e = end_batch(b, &r, list, f);
    }
    TRY(e);
    TRY(take_effect(b, f));
    *ended = list;
    list = NULL;
    return ERR_OK;
}
