/* SPDX-License-Identifier: Apache-2.0 */
/* documents.c - see documents.h.  The ledger only stores what is signed; the policy book believes only what it verifies again. */
#include "broker/flow/documents.h"

#include "attest/base/text.h"
#include "broker/flow/record.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

enum {
    VERSION_DIGITS = 18,
    REVOKE_NAMED = 1000, /* sandboxes that a reply lists */
};

static enum err
note(struct broker *b, const struct principal *who, enum mint_action action, const char *object,
     const char *reason, struct fault *f)
{
    struct mint_record r = {.action = action};

    (void)snprintf(r.actor, sizeof r.actor, "admin:%s", who->name);
    (void)snprintf(r.object, sizeof r.object, "%s", object);
    (void)snprintf(r.reasons, sizeof r.reasons, "%s", reason);
    return record_note(b, &r, f);
}

/* The change is on record and the ledger did not make it: that is put on record too. */
static enum err
not_changed(struct broker *b, const struct principal *who, const char *object, enum err e,
            struct fault *f)
{
    struct fault unwritten = {0};

    if (!err_is_unable(e) && note(b, who, ACTION_DENIED, object, f->code, &unwritten) != ERR_OK) {
        *f = unwritten;
        return f->err;
    }
    return e;
}

enum err
flow_documents_refresh(struct broker *b, struct fault *f)
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
    char object[OBJECT_TEXT];

    row->state = b->approvals_needed == 0 ? DOCUMENT_ACTIVE : DOCUMENT_PROPOSED;
    (void)snprintf(object, sizeof object, "%s/%s/%lld", row->kind, row->id,
                   (long long)row->version);
    TRY(note(b, who, ACTION_CHANGED, object, "put", f));
    enum err e = b->store->ops->document_put(b->store, row, &f->why);

    if (e != ERR_OK) {
        return not_changed(b, who, object, fault_from(f, e, "version_conflict"), f);
    }
    return flow_documents_refresh(b, f);
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

enum err
document_version(const char *text, int64_t *version, struct why *why)
{
    size_t len = strlen(text);
    int64_t n = 0;

    if (len == 0 || len > VERSION_DIGITS || text[0] == '0' || strspn(text, "0123456789") != len) {
        return why_add(why, ERR_MALFORMED, "a version is a number from 1, at most %d digits",
                       VERSION_DIGITS);
    }
    for (size_t i = 0; i < len; i++) {
        n = 10 * n + (text[i] - '0');
    }
    *version = n;
    return ERR_OK;
}

/* "policy/summarizer/8" to its parts. */
static enum err
split_object(const char *object, struct approval_row *row, struct fault *f)
{
    AUTO(mem_free_text) char *copy = mem_text(slice_text(object));
    char *rest = copy;
    const char *kind = strsep(&rest, "/");
    const char *id = strsep(&rest, "/");
    const char *version = strsep(&rest, "/");
    bool known = strcmp(kind, "policy") == 0 || strcmp(kind, "reference-set") == 0;

    if (!known || id == NULL || version == NULL || rest != NULL || strlen(id) >= sizeof row->id) {
        return fault_set(f, ERR_MALFORMED, "document_malformed",
                         "approve must be policy/ID/VERSION or reference-set/ID/VERSION");
    }
    if (document_version(version, &row->version, &f->why) != ERR_OK) {
        return fault_from(f, ERR_MALFORMED, "document_malformed");
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

/* What the person signed, as a row. */
static enum err
read_approval(json_t *payload, struct approval_row *row, const char **digest,
              char object[OBJECT_TEXT], struct fault *f)
{
    const char *approve = NULL;
    const struct json_member members[] = {{"approve", JK_TEXT, true, &approve, 0, 200},
                                          {"digest", JK_TEXT, true, digest, 0, 64}};

    if (json_bind(payload, "approval", members, 2, &f->why) != ERR_OK) {
        return fault_from(f, ERR_MALFORMED, "document_malformed");
    }
    (void)snprintf(object, OBJECT_TEXT, "%s", approve);
    return split_object(approve, row, f);
}

/* Those that only a race lets come this far have the codes of check_approved(). */
static const char *
approval_code(enum err e)
{
    return e == ERR_GONE     ? "document_revoked"
           : e == ERR_DENIED ? "own_document"
                             : "approved_already";
}

enum err
flow_approve(struct broker *b, const struct principal *who, struct slice text,
             char object[OBJECT_TEXT], bool *active, struct fault *f)
{
    AUTO(jws_done) struct jws jws = {0};
    AUTO(mem_free_text) char *copy = mem_text(text);
    const struct principal *approver = NULL;
    struct approval_row row = {.at = clock_unix(), .jws = copy};
    const char *digest = NULL;

    TRY(signer_fault(
        document_signer(&b->who, text, APPROVAL_TYP, ROLE_APPROVER, &jws, &approver, &f->why), f));
    TRY(read_approval(jws.payload, &row, &digest, object, f));
    memcpy(row.approver, approver->name, sizeof row.approver);
    TRY(check_approved(b, &row, digest, f));
    TRY(note(b, who, ACTION_CHANGED, object, "approved", f));
    enum err e =
        b->store->ops->document_approve(b->store, &row, b->approvals_needed, active, &f->why);

    if (e != ERR_OK) {
        return not_changed(b, who, object, fault_from(f, e, approval_code(e)), f);
    }
    return flow_documents_refresh(b, f);
}

/* Where the ids of what ended are, for the reply. */
struct revoked {
    char ids[REVOKE_NAMED][ID_MAX];
    size_t n; /* all of them */
};

static json_t *
ended_json(const struct revoked *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n && i < REVOKE_NAMED; i++) {
        (void)json_array_append_new(list, json_string(r->ids[i]));
    }
    return json_pack("{s:o, s:I}", "ended", list, "ended_count", (json_int_t)r->n);
}

enum err
flow_document_revoke(struct broker *b, const struct principal *who, const struct document_ref *ref,
                     const char *reason, json_t **ended, struct fault *f)
{
    struct revoked *r = NULL;
    char object[OBJECT_TEXT];

    (void)snprintf(object, sizeof object, "%s/%s/%lld", ref->kind, ref->id,
                   (long long)ref->version);
    TRY(note(b, who, ACTION_REVOKED, object, reason, f));
    r = mem_new(1, sizeof *r);
    enum err e = b->store->ops->document_revoke(b->store, ref->kind, ref->id, ref->version, reason,
                                                clock_unix(), r->ids, REVOKE_NAMED, &r->n, &f->why);

    if (e == ERR_OK) {
        *ended = ended_json(r);
    }
    mem_free(r);
    if (e != ERR_OK) {
        return not_changed(b, who, object, fault_from(f, e, "document_unknown"), f);
    }
    return flow_documents_refresh(b, f);
}
