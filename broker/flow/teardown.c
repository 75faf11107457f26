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

#include <stdio.h>
#include <string.h>

enum { ABORTED_MAX = 256, CUT_WAIT_MS = 5000 };

/* One teardown under way. */
struct ending {
    struct sandbox_row row;
    struct upload_row aborted[ABORTED_MAX]; /* to be settled now; the keeper does what is more */
    size_t aborted_n;
    struct upload_sum uploads;
    bool quiet; /* nothing of it is under way any more */
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
    bool was_live = false;
    enum err err =
        b->store->ops->sandbox_end(b->store, sandbox, SANDBOX_ENDED, reason, clock_unix(),
                                   &was_live, e->aborted, ABORTED_MAX, &e->aborted_n, &f->why);

    if (err == ERR_OK) {
        err = b->store->ops->sandbox_get(b->store, sandbox, &e->row, &f->why);
    }
    return err == ERR_OK ? ERR_OK : fault_from(f, err, "sandbox_unknown");
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

/* One store's entry for the uploads from `i` on; returns the first of the next store. */
static size_t
add_store(const struct upload_sum *sum, size_t i, json_t *list)
{
    const char *store = sum->usable[i].store;
    json_t *ids = json_array();
    int64_t last = 0;
    char until[RFC3339_LEN + 1];

    for (; i < sum->usable_n && strcmp(sum->usable[i].store, store) == 0; i++) {
        (void)json_array_append_new(ids, json_string(sum->usable[i].id));
        last = sum->usable[i].until > last ? sum->usable[i].until : last;
    }
    rfc3339_format(last, until);
    (void)json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "store", store,
                                                "may_finish_until", until, "uploads", ids));
    return i;
}

/* The URL of a direct upload cannot be called back: a PUT may begin or finish until it expires. */
static json_t *
not_undone(const struct upload_sum *sum)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sum->usable_n;) {
        i = add_store(sum, i, list);
    }
    return list;
}

/* From the ledger alone, so that whoever comes second, or after a crash, says the same. */
static char *
receipt_body(const struct ending *e)
{
    AUTO(json_free) json_t *o = json_object();
    char at[RFC3339_LEN + 1];

    rfc3339_format(e->row.ended_at, at);
    (void)json_object_set_new(o, "state", json_string(sandbox_state_name(e->row.state)));
    (void)json_object_set_new(o, "ended_at", json_string(at));
    (void)json_object_set_new(o, "reason", json_string(e->row.end_reason));
    (void)json_object_set_new(o, "uploads_committed",
                              json_integer((json_int_t)e->uploads.committed));
    (void)json_object_set_new(o, "uploads_aborted", json_integer((json_int_t)e->uploads.aborted));
    (void)json_object_set_new(o, "not_undone", not_undone(&e->uploads));
    (void)json_object_set_new(o, "in_flight_ended", json_boolean(e->quiet));
    return json_text(o);
}

static enum err
fill_receipt(const char *actor, struct ending *e, struct fault *f)
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
    return ERR_OK;
}

static enum err
mint_receipt(struct broker *b, const char *actor, struct ending *e, char **receipt, struct fault *f)
{
    enum err err =
        b->store->ops->upload_sum(b->store, e->row.id, e->row.ended_at, &e->uploads, &f->why);

    if (err != ERR_OK) {
        return fault_from(f, err, "unable");
    }
    TRY(fill_receipt(actor, e, f));
    TRY(record_grant(b, &e->ask, INT64_MAX, &e->answer, f));
    err = b->store->ops->receipt_put(b->store, e->row.id, e->answer.text, receipt, &f->why);
    return err == ERR_OK ? ERR_OK : fault_from(f, err, "unable");
}

enum err
flow_teardown(struct broker *b, const char *sandbox, const char *actor, const char *reason,
              char **receipt, struct fault *f)
{
    AUTO(ending_free) struct ending *e = mem_new(1, sizeof *e);

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
