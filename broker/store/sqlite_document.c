/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_document.c - policies and reference sets as their authors signed them, and their
 * approvals.
 *
 * The ledger counts versions and persons; whether the signatures are real is broker/policy's
 * to say, every time it loads them. */
#include <string.h>

#include "broker/store/sqlite_internal.h"
#include "broker/store/sqlite_rows.h"

/* Every change of a document moves the number that all instances watch. */
static enum err
epoch_move(struct db *db, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_EPOCH_MOVE);

    return query_run(&q, NULL, why);
}

/* A query of one number, its parameters put. */
static enum err
number(struct query *q, int64_t *out, struct why *why)
{
    bool row = query_more(q);

    TRY(query_ok(q, why));
    if (!row) {
        return why_add(why, ERR_IO, "ledger: %s: a row is missing", q->doing);
    }
    *out = query_int(q);
    return ERR_OK;
}

static enum err
newest_version(struct db *db, const char *kind, const char *id, int64_t *version, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_DOCUMENT_NEWEST);

    query_put_text(&q, kind);
    query_put_text(&q, id);
    return number(&q, version, why);
}

struct insertion {
    const struct document_row *row;
};

static enum err
put_run(struct db *db, void *arg, struct why *why)
{
    const struct document_row *row = ((const struct insertion *)arg)->row;
    int64_t newest = 0;

    TRY(newest_version(db, row->kind, row->id, &newest, why));
    if (row->version != newest + 1) {
        return why_add(why, ERR_CONFLICT,
                       "%s/%s: the newest version is %lld, so %lld cannot be next", row->kind,
                       row->id, (long long)newest, (long long)row->version);
    }
    AUTO(query_end) struct query q = query_on(db, SQL_DOCUMENT_PUT);

    put_document(&q, row);
    TRY(query_run(&q, NULL, why));
    return epoch_move(db, why);
}

enum err
sqlite_document_put(struct store *s, const struct document_row *row, struct why *why)
{
    struct insertion in = {row};

    if (row->state != DOCUMENT_PROPOSED && row->state != DOCUMENT_ACTIVE) {
        return why_add(why, ERR_BUG, "%s/%s cannot begin in state %d", row->kind, row->id,
                       (int)row->state);
    }
    return sqlite_write(s, put_run, &in, why);
}

enum err
sqlite_document_get(struct store *s, const char *kind, const char *id, int64_t version,
                    struct document_row *out, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    AUTO(document_row_done) struct document_row row = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end)
    struct query q = query_on(r.db, version == 0 ? SQL_DOCUMENT_GET_ACTIVE : SQL_DOCUMENT_GET);

    query_put_text(&q, kind);
    query_put_text(&q, id);
    if (version != 0) {
        query_put_int(&q, version);
    }
    if (query_more(&q)) {
        take_document(&q, &row);
        row.jws = query_text_copy(&q);
    }
    TRY(query_ok(&q, why));
    if (row.jws == NULL) {
        return why_add(why, ERR_NOT_FOUND, "no %s%s/%.63s/%lld", version == 0 ? "active " : "",
                       kind, id, (long long)version);
    }
    *out = row;
    row.jws = NULL;
    return ERR_OK;
}

enum err
sqlite_document_list(struct store *s, const char *kind, struct document_row *out, size_t cap,
                     size_t *n, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    size_t count = 0;

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_DOCUMENT_LIST);

    query_put_text(&q, kind);
    query_put_int(&q, (int64_t)cap);
    while (query_more(&q)) {
        take_document(&q, &out[count++]);
    }
    TRY(query_ok(&q, why));
    *n = count;
    return ERR_OK;
}

struct head {
    enum document_state state;
    char author[64];
};

/* State and author of a document, in the same transaction as what is done next. */
static enum err
take_head(struct db *db, const struct document_key *key, struct head *out, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_DOCUMENT_HEAD);

    put_document_key(&q, key);
    if (query_more(&q)) {
        out->state = (enum document_state)query_int(&q);
        query_text(&q, out->author, sizeof out->author);
    }
    TRY(query_ok(&q, why));
    if (out->state == DOCUMENT_NONE) {
        return why_add(why, ERR_NOT_FOUND, "no %s/%.63s/%lld", key->kind, key->id,
                       (long long)key->version);
    }
    return ERR_OK;
}

struct approving {
    struct document_key key;
    const struct approval_row *row;
    size_t needed;
    bool active; /* out */
};

static enum err
check_approval(struct db *db, struct approving *in, struct why *why)
{
    const struct approval_row *row = in->row;
    struct head head = {0};

    TRY(take_head(db, &in->key, &head, why));
    if (head.state == DOCUMENT_REVOKED) {
        return why_add(why, ERR_GONE, "%s/%s/%lld is revoked", row->kind, row->id,
                       (long long)row->version);
    }
    if (strcmp(head.author, row->approver) == 0) {
        return why_add(why, ERR_DENIED, "%s is the author of %s/%s/%lld and cannot approve it",
                       head.author, row->kind, row->id, (long long)row->version);
    }
    in->active = head.state == DOCUMENT_ACTIVE;
    return ERR_OK;
}

static enum err
put_approval(struct db *db, const struct approving *in, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_APPROVAL_PUT);
    const struct approval_row *row = in->row;
    struct why detail = {0};

    put_document_key(&q, &in->key);
    query_put_text(&q, row->approver);
    query_put_int(&q, row->at);
    query_put_text(&q, row->jws);
    enum err err = query_run(&q, NULL, &detail);

    if (err == ERR_CONFLICT) {
        return why_add(why, ERR_CONFLICT, "%s has approved %s/%s/%lld before", row->approver,
                       row->kind, row->id, (long long)row->version);
    }
    return err == ERR_OK ? ERR_OK : why_add(why, err, "%s", why_text(&detail));
}

static enum err
count_approvals(struct db *db, const struct document_key *key, int64_t *count, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_APPROVAL_COUNT);

    put_document_key(&q, key);
    return number(&q, count, why);
}

static enum err
activate(struct db *db, const struct document_key *key, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_DOCUMENT_ACTIVATE);

    put_document_key(&q, key);
    return query_run(&q, NULL, why);
}

static enum err
approve_run(struct db *db, void *arg, struct why *why)
{
    struct approving *in = arg;
    int64_t count = 0;

    TRY(check_approval(db, in, why));
    TRY(put_approval(db, in, why));
    TRY(epoch_move(db, why));
    TRY(count_approvals(db, &in->key, &count, why));
    if ((uint64_t)count >= in->needed) {
        in->active = true;
        return activate(db, &in->key, why); /* changes nothing when it is active already */
    }
    return ERR_OK;
}

enum err
sqlite_document_approve(struct store *s, const struct approval_row *row, size_t needed,
                        bool *active, struct why *why)
{
    struct approving in = {.key = {row->kind, row->id, row->version}, .row = row, .needed = needed};

    TRY(sqlite_write(s, approve_run, &in, why));
    *active = in.active;
    return ERR_OK;
}

static void
take_approval(struct query *q, struct approval_row *row)
{
    query_text(q, row->kind, sizeof row->kind);
    query_text(q, row->id, sizeof row->id);
    row->version = query_int(q);
    query_text(q, row->approver, sizeof row->approver);
    row->at = query_int(q);
    row->jws = query_text_copy(q);
}

static enum err
take_approvals(struct query *q, struct approval_row *out, size_t *n, struct why *why)
{
    while (query_more(q)) {
        take_approval(q, &out[(*n)++]);
    }
    return query_ok(q, why);
}

enum err
/* NOLINTNEXTLINE(readability-function-size): as many parameters as store.h says */
sqlite_approval_list(struct store *s, const char *kind, const char *id, int64_t version,
                     struct approval_row *out, size_t cap, size_t *n, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    size_t count = 0;

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_APPROVAL_LIST);

    put_document_key(&q, &(struct document_key){kind, id, version});
    query_put_int(&q, (int64_t)cap);
    enum err err = take_approvals(&q, out, &count, why);

    for (size_t i = 0; err != ERR_OK && i < count; i++) {
        approval_row_done(&out[i]);
    }
    if (err == ERR_OK) {
        *n = count;
    }
    return err;
}

struct revoking {
    struct document_key key;
    const char *reason;
    int64_t now;
    char (*ids)[ID_MAX]; /* the caller's array */
    size_t cap;
    size_t n; /* out: all that ended */
};

static enum err
revoke_document(struct db *db, const struct revoking *in, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_DOCUMENT_REVOKE);
    struct head head = {0};

    TRY(take_head(db, &in->key, &head, why));
    put_document_key(&q, &in->key);
    query_put_text(&q, in->reason);
    query_put_int(&q, in->now);
    return query_run(&q, NULL,
                     why); /* changes nothing when it is revoked: the first reason stays */
}

/* Uploads first: afterwards nothing shows any more whose they were. */
static enum err
end_uploads(struct db *db, const struct revoking *in, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_DOCUMENT_END_UPLOADS);

    put_document_key(&q, &in->key);
    return query_run(&q, NULL, why);
}

static enum err
end_sandboxes(struct db *db, struct revoking *in, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_DOCUMENT_END_SANDBOXES);

    put_document_key(&q, &in->key);
    query_put_int(&q, in->now);
    for (; query_more(&q); in->n++) {
        if (in->n < in->cap) {
            query_text(&q, in->ids[in->n], ID_MAX);
        }
    }
    return query_ok(&q, why);
}

static enum err
revoke_run(struct db *db, void *arg, struct why *why)
{
    struct revoking *in = arg;

    TRY(revoke_document(db, in, why));
    TRY(end_uploads(db, in, why));
    TRY(end_sandboxes(db, in, why));
    return epoch_move(db, why);
}

enum err
/* NOLINTNEXTLINE(readability-function-size): as many parameters as store.h says */
sqlite_document_revoke(struct store *s, const char *kind, const char *id, int64_t version,
                       const char *reason, int64_t now, char (*ids)[ID_MAX], size_t cap, size_t *n,
                       struct why *why)
{
    struct revoking in = {
        .key = {kind, id, version}, .reason = reason, .now = now, .ids = ids, .cap = cap};

    TRY(sqlite_write(s, revoke_run, &in, why));
    *n = in.n;
    return ERR_OK;
}

enum err
sqlite_document_epoch(struct store *s, int64_t *epoch, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_EPOCH_GET);

    return number(&q, epoch, why);
}
