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

struct insertion {
    const struct upload_row *row;
};

static enum err
put_run(struct db *db, void *arg, struct why *why)
{
    const struct upload_row *row = ((const struct insertion *)arg)->row;

    TRY(check_live(db, row->sandbox, why));
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

/* Uploads only go forward, and COMMITTED and ABORTED are final. */
static bool
move_legal(enum upload_state from, enum upload_state to)
{
    return (from == UPLOAD_OPEN || from == UPLOAD_STORED) && to > from && to <= UPLOAD_ABORTED;
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
