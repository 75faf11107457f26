/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_rows.c - see sqlite_rows.h. */
#include "broker/store/sqlite_rows.h"

/* CHECK constraints keep every state within its enum; what is not known reads as NONE and is
 * good for nothing. */
static unsigned
take_state(struct query *q, unsigned max)
{
    int64_t state = query_int(q);

    return state >= 1 && state <= (int64_t)max ? (unsigned)state : 0;
}

void
take_sandbox(struct query *q, struct sandbox_row *row)
{
    query_text(q, row->id, sizeof row->id);
    row->state = (enum sandbox_state)take_state(q, SANDBOX_QUARANTINED);
    query_text(q, row->policy, sizeof row->policy);
    row->policy_version = query_int(q);
    query_text(q, row->policy_digest, sizeof row->policy_digest);
    query_text(q, row->jkt, sizeof row->jkt);
    query_text(q, row->verdict, sizeof row->verdict);
    query_text(q, row->session, sizeof row->session);
    query_text(q, row->consent, sizeof row->consent);
    row->created = query_int(q);
    row->lease_until = query_int(q);
    row->hard_until = query_int(q);
    row->collateral_until = query_int(q);
    row->status_index = query_int(q);
    row->ended_at = query_int(q);
    query_text(q, row->end_reason, sizeof row->end_reason);
}

void
take_verdict(struct query *q, struct verdict_row *row)
{
    query_text(q, row->id, sizeof row->id);
    query_text(q, row->sandbox, sizeof row->sandbox);
    row->at = query_int(q);
    query_text(q, row->outcome, sizeof row->outcome);
    query_text(q, row->policy, sizeof row->policy);
    row->policy_version = query_int(q);
    query_text(q, row->policy_digest, sizeof row->policy_digest);
    query_text(q, row->evidence_digest, sizeof row->evidence_digest);
    row->findings = NULL;
    row->evidence = NULL;
}

void
take_upload(struct query *q, struct upload_row *row)
{
    query_text(q, row->id, sizeof row->id);
    query_text(q, row->sandbox, sizeof row->sandbox);
    query_text(q, row->store, sizeof row->store);
    query_text(q, row->key, sizeof row->key);
    query_text(q, row->mode, sizeof row->mode);
    query_text(q, row->remote_id, sizeof row->remote_id);
    row->state = (enum upload_state)take_state(q, UPLOAD_ABORTED);
    row->size = query_int(q);
    query_text(q, row->sha256, sizeof row->sha256);
    query_text(q, row->content_type, sizeof row->content_type);
    row->created = query_int(q);
    row->expires = query_int(q);
}

void
take_document(struct query *q, struct document_row *row)
{
    query_text(q, row->kind, sizeof row->kind);
    query_text(q, row->id, sizeof row->id);
    row->version = query_int(q);
    query_text(q, row->digest, sizeof row->digest);
    query_text(q, row->author, sizeof row->author);
    row->state = (enum document_state)take_state(q, DOCUMENT_REVOKED);
    query_text(q, row->reason, sizeof row->reason);
    row->at = query_int(q);
    row->jws = NULL;
}

enum err
take_ids(struct query *q, char (*ids)[ID_MAX], size_t *n, struct why *why)
{
    size_t count = 0;

    while (query_more(q)) {
        query_text(q, ids[count++], ID_MAX);
    }
    TRY(query_ok(q, why));
    *n = count;
    return ERR_OK;
}

void
put_verdict(struct query *q, const struct verdict_row *row)
{
    query_put_text(q, row->id);
    query_put_text(q, row->sandbox);
    query_put_int(q, row->at);
    query_put_text(q, row->outcome);
    query_put_text(q, row->policy);
    query_put_int(q, row->policy_version);
    query_put_text(q, row->policy_digest);
    query_put_text(q, row->evidence_digest);
    query_put_text(q, row->findings);
    query_put_text(q, row->evidence);
}

void
put_upload(struct query *q, const struct upload_row *row)
{
    query_put_text(q, row->id);
    query_put_text(q, row->sandbox);
    query_put_text(q, row->store);
    query_put_text(q, row->key);
    query_put_text(q, row->mode);
    query_put_text(q, row->remote_id);
    query_put_int(q, row->state);
    query_put_int(q, row->size);
    query_put_text(q, row->sha256);
    query_put_text(q, row->content_type);
    query_put_int(q, row->created);
    query_put_int(q, row->expires);
}

void
put_document_key(struct query *q, const struct document_key *key)
{
    query_put_text(q, key->kind);
    query_put_text(q, key->id);
    query_put_int(q, key->version);
}

void
put_document(struct query *q, const struct document_row *row)
{
    put_document_key(q, &(struct document_key){row->kind, row->id, row->version});
    query_put_text(q, row->digest);
    query_put_text(q, row->author);
    query_put_int(q, row->state);
    query_put_text(q, row->reason);
    query_put_int(q, row->at);
    query_put_text(q, row->jws);
}
