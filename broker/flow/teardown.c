/* SPDX-License-Identifier: Apache-2.0 */
/* teardown.c - see teardown.h.  flow_teardown() at the end is the list of steps. */
#include "broker/flow/teardown.h"

#include "attest/base/text.h"
#include "broker/flow/inflight.h"
#include "broker/flow/record.h"
#include "broker/flow/upload.h"
#include "broker/util/log.h"
#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ABORTED_MAX = 256, NAMED_MAX = 40, CUT_WAIT_MS = 5000 };

/* One teardown under way. */
struct ending {
    struct sandbox_row row;
    struct upload_row aborted[ABORTED_MAX];
    size_t aborted_n;
    bool was_live;
    bool quiet; /* nothing of it is under way any more */
    int64_t now;
    struct mint_ask ask;
    struct mint_answer answer;
};

static void
ending_free(struct ending **e)
{
    mem_free(*e);
    *e = NULL;
}

/* From here on the predicate says no, everywhere. */
static enum err
end_in_ledger(struct broker *b, const char *sandbox, const char *reason, struct ending *e,
              struct fault *f)
{
    enum err err =
        b->store->ops->sandbox_end(b->store, sandbox, SANDBOX_ENDED, reason, e->now, &e->was_live,
                                   e->aborted, ABORTED_MAX, &e->aborted_n, &f->why);

    if (err == ERR_OK) {
        err = b->store->ops->sandbox_get(b->store, sandbox, &e->row, &f->why);
    }
    if (err == ERR_NOT_FOUND) {
        return fault_from(f, err, "sandbox_unknown");
    }
    return err == ERR_OK ? ERR_OK : fault_from(f, err, "unable");
}

static enum err
remove_part(struct broker *b, const char *id, struct why *why)
{
    char path[UPLOAD_PATH];

    TRY(upload_part_path(b, id, path, sizeof path, why));
    if (unlink(path) != 0 && errno != ENOENT) {
        return why_add(why, ERR_IO, "upload %s: %s", id, strerrordesc_np(errno));
    }
    return ERR_OK;
}

enum err
upload_settle(struct broker *b, const struct upload_row *u, struct why *why)
{
    enum err e = strcmp(u->mode, "local") == 0 ? remove_part(b, u->id, why) : ERR_OK;

    return e == ERR_OK ? b->store->ops->upload_settle(b->store, u->id, why) : e;
}

/* What cannot be settled now stays in the ledger as unsettled; the keeper goes on with it. */
static void
undo_uploads(struct broker *b, const char *sandbox, struct ending *e)
{
    http_cut(b->front, sandbox);
    e->quiet = inflight_wait(b->inflight, sandbox, CUT_WAIT_MS);
    for (size_t i = 0; i < e->aborted_n; i++) {
        struct why why = {0};

        if (upload_settle(b, &e->aborted[i], &why) != ERR_OK) {
            log_line("upload.unsettled", "upload=%s reason=\"%s\"", e->aborted[i].id,
                     why_text(&why));
        }
    }
}

/* A direct upload whose URL is still good may begin or finish at the store until it expires. */
static bool
may_finish(const struct upload_row *u, int64_t now)
{
    return strcmp(u->mode, "direct") == 0 && u->expires > now;
}

static json_t *
not_undone(const struct ending *e)
{
    json_t *list = json_array();

    for (size_t i = 0; i < e->aborted_n && json_array_size(list) < NAMED_MAX; i++) {
        const struct upload_row *u = &e->aborted[i];
        char until[RFC3339_LEN + 1];

        if (!may_finish(u, e->now)) {
            continue;
        }
        json_t *o = json_object();

        rfc3339_format(u->expires, until);
        (void)json_object_set_new(o, "upload", json_string(u->id));
        (void)json_object_set_new(o, "store", json_string(u->store));
        (void)json_object_set_new(o, "may_finish_until", json_string(until));
        (void)json_array_append_new(list, o);
    }
    return list;
}

static json_t *
ids_of(const struct ending *e)
{
    json_t *list = json_array();

    for (size_t i = 0; i < e->aborted_n && i < NAMED_MAX; i++) {
        (void)json_array_append_new(list, json_string(e->aborted[i].id));
    }
    return list;
}

static char *
receipt_body(const struct ending *e)
{
    AUTO(json_free) json_t *o = json_object();
    char at[RFC3339_LEN + 1];

    rfc3339_format(e->row.ended_at, at);
    (void)json_object_set_new(o, "state", json_string("ended"));
    (void)json_object_set_new(o, "ended_at", json_string(at));
    (void)json_object_set_new(o, "reason", json_string(e->row.end_reason));
    (void)json_object_set_new(o, "uploads_aborted", json_integer((json_int_t)e->aborted_n));
    (void)json_object_set_new(o, "aborted", ids_of(e));
    (void)json_object_set_new(o, "not_undone", not_undone(e));
    (void)json_object_set_new(o, "in_flight_ended", json_boolean(e->quiet));
    return json_text(o);
}

static enum err
mint_receipt(struct broker *b, const char *actor, struct ending *e, char **receipt, struct fault *f)
{
    AUTO(mem_free_text) char *body = receipt_body(e);
    struct mint_record *r = &e->ask.record;

    e->ask.kind = MINT_RECEIPT;
    e->ask.status_index = -1;
    (void)snprintf(e->ask.sub, sizeof e->ask.sub, "sandbox:%s", e->row.id);
    if (strlen(body) >= sizeof e->ask.extra) {
        return fault_set(f, ERR_BUG, "bug", "the receipt is longer than %zu", sizeof e->ask.extra);
    }
    memcpy(e->ask.extra, body, strlen(body) + 1);
    record_sandbox(&e->row, ACTION_REVOKED, actor, r);
    (void)snprintf(r->reasons, sizeof r->reasons, "%s", e->row.end_reason);
    if (mint_ask(b->mint, &e->ask, &e->answer, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNABLE, "unable");
    }
    enum err err =
        b->store->ops->receipt_put(b->store, e->row.id, e->answer.text, receipt, &f->why);

    return err == ERR_OK ? ERR_OK : fault_from(f, err, "unable");
}

enum err
flow_teardown(struct broker *b, const char *sandbox, const char *actor, const char *reason,
              char **receipt, struct fault *f)
{
    AUTO(ending_free) struct ending *e = mem_new(1, sizeof *e);

    e->now = clock_unix();
    TRY(end_in_ledger(b, sandbox, reason, e, f));
    undo_uploads(b, sandbox, e);
    enum err err = b->store->ops->receipt_get(b->store, sandbox, receipt, &f->why);

    if (err != ERR_NOT_FOUND) {
        return err == ERR_OK ? ERR_OK : fault_from(f, err, "unable");
    }
    f->why = (struct why){0};
    TRY(mint_receipt(b, actor, e, receipt, f));
    (void)atomic_fetch_add(&b->metrics.teardowns, 1);
    return ERR_OK;
}
