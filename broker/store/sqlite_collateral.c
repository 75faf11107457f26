/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_collateral.c - certificates and revocation lists of vendors, by what they are for.
 *
 * It refuses to grow beyond the caller's bound.  What the bytes say is nobody's business here (DESIGN section 7). */
#include <string.h>

#include "broker/store/sqlite_internal.h"
#include "broker/store/sqlite_rows.h"

struct put {
    const struct collateral_row *row;
    size_t rows_max;
};

static void
put_key(struct query *q, const struct collateral_key *key)
{
    query_put_text(q, key->vendor);
    query_put_text(q, key->kind);
    query_put_text(q, key->product);
    query_put_text(q, key->chip);
    query_put_text(q, key->tcb);
}

/* Both statements take the same parameters in the same order. */
static enum err
write_row(struct db *db, enum sql which, const struct collateral_row *row, int64_t *changed,
          struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, which);

    put_key(&q, &row->key);
    query_put_text(&q, row->source);
    query_put_int(&q, row->at);
    query_put_int(&q, row->until);
    query_put_bytes(&q, row->der);
    return query_run(&q, changed, why);
}

static enum err
count_rows(struct db *db, int64_t *n, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_COLLATERAL_COUNT);

    if (query_more(&q)) {
        *n = query_int(&q);
    }
    return query_ok(&q, why);
}

static enum err
forget(struct db *db, int64_t now, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_COLLATERAL_FORGET);

    query_put_int(&q, now);
    return query_run(&q, NULL, why);
}

static enum err
make_room(struct db *db, const struct put *in, struct why *why)
{
    int64_t n = 0;

    TRY(count_rows(db, &n, why));
    if (n < (int64_t)in->rows_max) {
        return ERR_OK;
    }
    TRY(forget(db, in->row->at, why));
    TRY(count_rows(db, &n, why));
    return n < (int64_t)in->rows_max
               ? ERR_OK
               : why_add(why, ERR_BUSY,
                         "collateral: %lld rows are kept and none has expired, at most %zu "
                         "(collateral.rows_max)",
                         (long long)n, in->rows_max);
}

static enum err
put_run(struct db *db, void *arg, struct why *why)
{
    const struct put *in = arg;
    int64_t changed = 0;

    TRY(write_row(db, SQL_COLLATERAL_REPLACE, in->row, &changed, why));
    if (changed > 0) {
        return ERR_OK;
    }
    TRY(make_room(db, in, why));
    return write_row(db, SQL_COLLATERAL_PUT, in->row, NULL, why);
}

enum err
sqlite_collateral_put(struct store *s, const struct collateral_row *row, size_t rows_max,
                      struct why *why)
{
    struct put in = {row, rows_max};

    if (row->der.len == 0 || row->der.len > COLLATERAL_BYTES_MAX) {
        return why_add(why, ERR_LIMIT, "collateral: %zu bytes, want 1 to %d", row->der.len,
                       COLLATERAL_BYTES_MAX);
    }
    return sqlite_write(s, put_run, &in, why);
}

/* Everything but the bytes. */
static void
take_collateral(struct query *q, struct collateral_row *row)
{
    row->seq = query_int(q);
    query_text(q, row->key.vendor, sizeof row->key.vendor);
    query_text(q, row->key.kind, sizeof row->key.kind);
    query_text(q, row->key.product, sizeof row->key.product);
    query_text(q, row->key.chip, sizeof row->key.chip);
    query_text(q, row->key.tcb, sizeof row->key.tcb);
    query_text(q, row->source, sizeof row->source);
    row->at = query_int(q);
    row->until = query_int(q);
    row->der = (struct slice){0};
}

enum err
sqlite_collateral_get(struct store *s, const struct collateral_key *key, struct collateral_row *out,
                      struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    AUTO(collateral_row_done) struct collateral_row row = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_COLLATERAL_GET);

    put_key(&q, key);
    if (query_more(&q)) {
        take_collateral(&q, &row);
        row.der = query_bytes_copy(&q);
    }
    TRY(query_ok(&q, why));
    if (row.der.len == 0) {
        return why_add(why, ERR_NOT_FOUND, "no %s %s of %s is kept", key->vendor, key->kind,
                       key->product);
    }
    *out = row;
    row.der = (struct slice){0};
    return ERR_OK;
}

enum err
sqlite_collateral_list(struct store *s, int64_t after, struct collateral_row *out, size_t cap,
                       size_t *n, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    size_t count = 0;

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_COLLATERAL_LIST);

    query_put_int(&q, after);
    query_put_int(&q, (int64_t)cap);
    while (query_more(&q)) {
        take_collateral(&q, &out[count++]);
    }
    TRY(query_ok(&q, why));
    *n = count;
    return ERR_OK;
}
