/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_sandbox.c - sandboxes: credentials, leases, ends, receipts, revoked tokens. */
#include "broker/store/sqlite_internal.h"
#include "broker/store/sqlite_rows.h"
#include "common/mem.h"

/* The hot path: asked for every token.  One statement, one row. */
enum err
sqlite_credential_get(struct store *s, const char *sandbox, const char *jti,
                      struct credential_row *out, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    struct credential_row row = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_CREDENTIAL_GET);

    query_put_text(&q, sandbox);
    query_put_text(&q, jti);
    if (query_more(&q)) { /* always one row, but for a fault */
        row.jti_revoked = query_int(&q) != 0;
        take_sandbox(&q, &row.sandbox);
    }
    TRY(query_ok(&q, why));
    *out = row;
    return ERR_OK;
}

static enum err
sandbox_read(struct db *db, const char *id, struct sandbox_row *out, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_SANDBOX_GET);
    struct sandbox_row row = {0};

    query_put_text(&q, id);
    if (query_more(&q)) {
        take_sandbox(&q, &row);
    }
    TRY(query_ok(&q, why));
    if (row.state == SANDBOX_NONE) {
        return why_add(why, ERR_NOT_FOUND, "no sandbox %.63s", id);
    }
    *out = row;
    return ERR_OK;
}

enum err
sqlite_sandbox_get(struct store *s, const char *id, struct sandbox_row *out, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    return sandbox_read(r.db, id, out, why);
}

enum err
sqlite_sandbox_list(struct store *s, const char *after, struct sandbox_row *out, size_t cap,
                    size_t *n, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    size_t count = 0;

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_SANDBOX_LIST);

    query_put_text(&q, after);
    query_put_int(&q, (int64_t)cap);
    while (query_more(&q)) {
        take_sandbox(&q, &out[count++]);
    }
    TRY(query_ok(&q, why));
    *n = count;
    return ERR_OK;
}

struct renewal {
    const char *id;
    int64_t lease_until;
    struct sandbox_row row; /* out */
};

static enum err
renew_run(struct db *db, void *arg, struct why *why)
{
    struct renewal *in = arg;
    AUTO(query_end) struct query q = query_on(db, SQL_SANDBOX_RENEW);
    int64_t changed = 0;

    query_put_text(&q, in->id);
    query_put_int(&q, in->lease_until);
    TRY(query_run(&q, &changed, why));
    TRY(sandbox_read(db, in->id, &in->row, why));
    if (changed == 0) {
        return why_add(why, ERR_GONE, "sandbox %s has ended", in->id);
    }
    return ERR_OK;
}

enum err
sqlite_sandbox_renew(struct store *s, const char *id, int64_t lease_until, struct sandbox_row *out,
                     struct why *why)
{
    struct renewal in = {.id = id, .lease_until = lease_until};

    TRY(sqlite_write(s, renew_run, &in, why));
    *out = in.row;
    return ERR_OK;
}

struct ending {
    const char *id;
    enum sandbox_state to;
    const char *reason;
    int64_t now;
    struct upload_row *aborted; /* the caller's array */
    size_t cap;
    size_t n;      /* out */
    bool was_live; /* out */
};

static enum err
list_pending(struct db *db, struct ending *in, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_PENDING);

    query_put_text(&q, in->id);
    query_put_int(&q, (int64_t)in->cap);
    while (query_more(&q)) {
        take_upload(&q, &in->aborted[in->n]);
        in->aborted[in->n++].state = UPLOAD_ABORTED;
    }
    return query_ok(&q, why);
}

static enum err
abort_pending(struct db *db, const char *sandbox, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_ABORT);

    query_put_text(&q, sandbox);
    return query_run(&q, NULL, why);
}

static enum err
end_run(struct db *db, void *arg, struct why *why)
{
    struct ending *in = arg;
    AUTO(query_end) struct query q = query_on(db, SQL_SANDBOX_END);
    struct sandbox_row row;
    int64_t changed = 0;

    query_put_text(&q, in->id);
    query_put_int(&q, in->to);
    query_put_text(&q, in->reason);
    query_put_int(&q, in->now);
    TRY(query_run(&q, &changed, why));
    in->was_live = changed == 1;
    if (!in->was_live) {
        return sandbox_read(db, in->id, &row, why); /* ended before, or unknown */
    }
    TRY(list_pending(db, in, why));
    return abort_pending(db, in->id, why);
}

enum err
/* NOLINTNEXTLINE(readability-function-size): as many parameters as store.h says */
sqlite_sandbox_end(struct store *s, const char *id, enum sandbox_state to, const char *reason,
                   int64_t now, bool *was_live, struct upload_row *aborted, size_t cap, size_t *n,
                   struct why *why)
{
    struct ending in = {
        .id = id, .to = to, .reason = reason, .now = now, .aborted = aborted, .cap = cap};

    if (to != SANDBOX_ENDED && to != SANDBOX_QUARANTINED) {
        return why_add(why, ERR_BUG, "sandbox %s cannot end in state %d", id, (int)to);
    }
    TRY(sqlite_write(s, end_run, &in, why));
    *was_live = in.was_live;
    *n = in.n;
    return ERR_OK;
}

enum err
sqlite_sandbox_due(struct store *s, int64_t now, char (*ids)[ID_MAX], size_t cap, size_t *n,
                   struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_SANDBOX_DUE);

    query_put_int(&q, now);
    query_put_int(&q, (int64_t)cap);
    return take_ids(&q, ids, n, why);
}

enum err
sqlite_sandbox_unreceipted(struct store *s, const char *after, char (*ids)[ID_MAX], size_t cap,
                           size_t *n, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_SANDBOX_UNRECEIPTED);

    query_put_text(&q, after);
    query_put_int(&q, (int64_t)cap);
    return take_ids(&q, ids, n, why);
}

static enum err
receipt_read(struct db *db, const char *sandbox, char **out, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_RECEIPT_GET);
    AUTO(mem_free_text) char *jws = NULL;

    query_put_text(&q, sandbox);
    if (query_more(&q)) {
        jws = query_text_copy(&q);
    }
    TRY(query_ok(&q, why));
    if (jws == NULL) {
        return why_add(why, ERR_NOT_FOUND, "no receipt for sandbox %.63s", sandbox);
    }
    *out = jws;
    jws = NULL;
    return ERR_OK;
}

struct receipt {
    const char *sandbox;
    const char *jws;
    char *kept; /* out */
};

static enum err
mark_receipted(struct db *db, const char *sandbox, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_SANDBOX_RECEIPTED);

    query_put_text(&q, sandbox);
    return query_run(&q, NULL, why);
}

static enum err
receipt_run(struct db *db, void *arg, struct why *why)
{
    struct receipt *in = arg;
    AUTO(query_end) struct query q = query_on(db, SQL_RECEIPT_PUT);
    struct sandbox_row row;

    TRY(sandbox_read(db, in->sandbox, &row, why));
    query_put_text(&q, in->sandbox);
    query_put_text(&q, in->jws);
    TRY(query_run(&q, NULL, why));
    TRY(mark_receipted(db, in->sandbox, why));
    return receipt_read(db, in->sandbox, &in->kept, why);
}

enum err
sqlite_receipt_put(struct store *s, const char *sandbox, const char *jws, char **out,
                   struct why *why)
{
    struct receipt in = {.sandbox = sandbox, .jws = jws};
    enum err err = sqlite_write(s, receipt_run, &in, why);

    if (err != ERR_OK) {
        mem_free(in.kept); /* a commit that failed after the job */
        return err;
    }
    *out = in.kept;
    return ERR_OK;
}

enum err
sqlite_receipt_get(struct store *s, const char *sandbox, char **out, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    return receipt_read(r.db, sandbox, out, why);
}

struct revocation {
    const char *jti;
    int64_t until;
};

static enum err
token_run(struct db *db, void *arg, struct why *why)
{
    const struct revocation *in = arg;
    AUTO(query_end) struct query q = query_on(db, SQL_TOKEN_REVOKE);

    query_put_text(&q, in->jti);
    query_put_int(&q, in->until);
    return query_run(&q, NULL, why);
}

enum err
sqlite_token_revoke(struct store *s, const char *jti, int64_t until, struct why *why)
{
    struct revocation in = {jti, until};

    return sqlite_write(s, token_run, &in, why);
}
