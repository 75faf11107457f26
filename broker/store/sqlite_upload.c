/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_upload.c - the journal of uploads.
 *
 * Nothing enters or moves unless its sandbox is live in the same transaction, so that no upload
 * survives the end of its sandbox (DESIGN section 4, 4). */
#include "broker/store/sqlite_internal.h"
#include "broker/store/sqlite_rows.h"

static enum err
check_live(struct db *db, const char *sandbox, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_SANDBOX_STATE);

    query_put_text(&q, sandbox);
    int64_t state = query_more(&q) ? query_int(&q) : SANDBOX_NONE;

    TRY(query_ok(&q, why));
    if (state == SANDBOX_NONE) {
        return why_add(why, ERR_NOT_FOUND, "no sandbox %.63s", sandbox);
    }
    if (state != SANDBOX_LIVE) {
        return why_add(why, ERR_GONE, "sandbox %.63s is not live", sandbox);
    }
    return ERR_OK;
}

static enum err
upload_read(struct db *db, const char *id, struct upload_row *out, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_GET);
    struct upload_row row = {0};

    query_put_text(&q, id);
    if (query_more(&q)) {
        take_upload(&q, &row);
    }
    TRY(query_ok(&q, why));
    if (row.state == UPLOAD_NONE) {
        return why_add(why, ERR_NOT_FOUND, "no upload %.63s", id);
    }
    *out = row;
    return ERR_OK;
}

static enum err
check_room(struct db *db, const struct upload_row *row, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_PRESSING);

    query_put_text(&q, row->sandbox);
    query_put_int(&q, row->created);
    int64_t usable = query_more(&q) ? query_int(&q) : INT64_MAX;

    TRY(query_ok(&q, why));
    if (usable >= UPLOADS_USABLE_MAX) {
        return why_add(why, ERR_BUSY, "sandbox %.63s has %lld usable uploads, at most %d are given",
                       row->sandbox, (long long)usable, UPLOADS_USABLE_MAX);
    }
    return ERR_OK;
}

struct insertion {
    const struct upload_row *row;
};

static enum err
put_run(struct db *db, void *arg, struct why *why)
{
    const struct upload_row *row = ((const struct insertion *)arg)->row;

    TRY(check_live(db, row->sandbox, why));
    TRY(check_room(db, row, why));
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_PUT);

    put_upload(&q, row);
    return query_run(&q, NULL, why);
}

enum err
sqlite_upload_put(struct store *s, const struct upload_row *row, struct why *why)
{
    struct insertion in = {row};

    return sqlite_write(s, put_run, &in, why);
}

enum err
sqlite_upload_get(struct store *s, const char *id, struct upload_row *out, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    return upload_read(r.db, id, out, why);
}

struct move {
    const char *id;
    enum upload_state from, to;
};

static enum err
move_run(struct db *db, void *arg, struct why *why)
{
    const struct move *in = arg;
    struct upload_row row = {0};

    TRY(upload_read(db, in->id, &row, why));
    TRY(check_live(db, row.sandbox, why));
    if (row.state != in->from) {
        return why_add(why, ERR_CONFLICT, "upload %s is in state %d, wanted %d", in->id,
                       (int)row.state, (int)in->from);
    }
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_MOVE);

    query_put_text(&q, in->id);
    query_put_int(&q, in->to);
    return query_run(&q, NULL, why);
}

/* Uploads only go forward, and ABORTED is final. */
static bool
move_legal(enum upload_state from, enum upload_state to)
{
    return from >= UPLOAD_OPEN && to > from && to <= UPLOAD_ABORTED;
}

enum err
sqlite_upload_move(struct store *s, const char *id, enum upload_state from, enum upload_state to,
                   struct why *why)
{
    struct move in = {id, from, to};

    if (!move_legal(from, to)) {
        return why_add(why, ERR_BUG, "upload %s: no way from state %d to %d", id, (int)from,
                       (int)to);
    }
    return sqlite_write(s, move_run, &in, why);
}

static enum err
take_uploads(struct query *q, struct upload_row *out, size_t *n, struct why *why)
{
    size_t count = 0;

    while (query_more(q)) {
        take_upload(q, &out[count++]);
    }
    TRY(query_ok(q, why));
    *n = count;
    return ERR_OK;
}

enum err
sqlite_upload_list(struct store *s, const char *sandbox, struct upload_row *out, size_t cap,
                   size_t *n, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_UPLOAD_LIST);

    query_put_text(&q, sandbox);
    query_put_int(&q, (int64_t)cap);
    return take_uploads(&q, out, n, why);
}

enum err
sqlite_upload_unsettled(struct store *s, struct upload_row *out, size_t cap, size_t *n,
                        struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_UPLOAD_UNSETTLED);

    query_put_int(&q, (int64_t)cap);
    return take_uploads(&q, out, n, why);
}

static enum err
take_counts(struct db *db, const char *sandbox, struct upload_sum *out, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_COUNTS);

    query_put_text(&q, sandbox);
    if (query_more(&q)) {
        out->committed = query_int(&q);
        out->aborted = query_int(&q);
    }
    return query_ok(&q, why);
}

static enum err
take_usable(struct db *db, const char *sandbox, int64_t at, struct upload_sum *out, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_USABLE);

    query_put_text(&q, sandbox);
    query_put_int(&q, at);
    query_put_int(&q, UPLOADS_USABLE_MAX);
    for (; query_more(&q); out->usable_n++) {
        query_text(&q, out->usable[out->usable_n].id, ID_MAX);
        query_text(&q, out->usable[out->usable_n].store, sizeof out->usable[0].store);
        out->usable[out->usable_n].until = query_int(&q);
    }
    return query_ok(&q, why);
}

enum err
sqlite_upload_sum(struct store *s, const char *sandbox, int64_t at, struct upload_sum *out,
                  struct why *why)
{
    AUTO(reader_end) struct reader r = {0};

    TRY(sqlite_read(s, &r, why));
    *out = (struct upload_sum){0};
    TRY(take_counts(r.db, sandbox, out, why));
    return take_usable(r.db, sandbox, at, out, why);
}

static enum err
settle_run(struct db *db, void *arg, struct why *why)
{
    const struct move *in = arg;
    struct upload_row row = {0};

    TRY(upload_read(db, in->id, &row, why));
    if (row.state != UPLOAD_ABORTED) {
        return why_add(why, ERR_CONFLICT, "upload %s is in state %d, wanted %d", in->id,
                       (int)row.state, (int)UPLOAD_ABORTED);
    }
    AUTO(query_end) struct query q = query_on(db, SQL_UPLOAD_SETTLE);

    query_put_text(&q, in->id);
    return query_run(&q, NULL, why);
}

enum err
sqlite_upload_settle(struct store *s, const char *id, struct why *why)
{
    struct move in = {.id = id};

    return sqlite_write(s, settle_run, &in, why);
}
