/* SPDX-License-Identifier: Apache-2.0 */
/* upload_commit.c - see upload.h: how an upload ends, and where its bytes go. */
#include "broker/flow/inflight.h"
#include "broker/flow/record.h"
#include "broker/flow/upload.h"
#include "broker/util/log.h"
#include "common/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum err
upload_part_path(struct broker *b, const char *id, char *dst, size_t cap, struct why *why)
{
    int n = snprintf(dst, cap, "%s/%s.part", b->upload_dir, id);

    return n > 0 && (size_t)n < cap ? ERR_OK
                                    : why_add(why, ERR_LIMIT, "path of %s is too long", id);
}

enum err
upload_remove_part(struct broker *b, const char *id, struct why *why)
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
    enum err e = upload_is_direct(u) ? ERR_OK : upload_remove_part(b, u->id, why);

    return e == ERR_OK ? b->store->ops->upload_settle(b->store, u->id, why) : e;
}

static enum err
own_upload(struct broker *b, const struct guest *g, const char *id, struct upload_row *out,
           struct fault *f)
{
    enum err e = b->store->ops->upload_get(b->store, id, out, &f->why);

    if (e == ERR_NOT_FOUND) {
        return fault_from(f, e, "upload_unknown");
    }
    if (e != ERR_OK) {
        return fault_from(f, e, "unable");
    }
    if (strcmp(out->sandbox, g->sandbox.id) != 0) {
        return fault_set(f, ERR_DENIED, "not_yours", "the upload is of another sandbox");
    }
    return ERR_OK;
}

static enum err
make_parents(char *path, size_t from, struct why *why)
{
    char *slash = strrchr(path + from, '/');

    if (slash == NULL) {
        return ERR_OK;
    }
    *slash = '\0';
    enum err e = dir_make(path, 0700, why);

    *slash = '/';
    return e;
}

static enum err
sync_folder_of(char *path, struct why *why)
{
    char *slash = strrchr(path, '/');
    int fd = -1;
    bool ok = false;

    *slash = '\0';
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = fd >= 0 && fsync(fd) == 0;
    *slash = '/';
    if (fd >= 0) {
        (void)close(fd);
    }
    return ok ? ERR_OK : why_add(why, ERR_IO, "folder of an upload: %s", strerrordesc_np(errno));
}

/* Where the object of a local upload is, or will be. */
static enum err
object_path(struct broker *b, const struct upload_row *u, char dst[UPLOAD_PATH], size_t *folder,
            struct why *why)
{
    const struct upload_store *s = upload_store_find(b, u->store);

    if (s == NULL) {
        return why_add(why, ERR_UNABLE, "store %s is not configured any more", u->store);
    }
    int n = snprintf(dst, UPLOAD_PATH, "%s/%s", s->path, u->key);

    *folder = strlen(s->path);
    return n > 0 && n < UPLOAD_PATH ? ERR_OK
                                    : why_add(why, ERR_LIMIT, "path of %s is too long", u->id);
}

enum err
upload_publish(struct broker *b, const struct upload_row *u, struct why *why)
{
    char part[UPLOAD_PATH];
    char path[UPLOAD_PATH];
    size_t folder = 0;

    TRY(upload_part_path(b, u->id, part, sizeof part, why));
    TRY(object_path(b, u, path, &folder, why));
    TRY(make_parents(path, folder, why));
    if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
        return why_add(why, errno == EEXIST ? ERR_CONFLICT : ERR_IO, "upload %s: %s", u->id,
                       strerrordesc_np(errno));
    }
    return sync_folder_of(path, why);
}

/* The object cannot be put in its place.  Its bytes go first: then nothing of it can appear any more,
 * also when the ledger does not take the move, or only after the sandbox has ended. */
static void
give_up(struct broker *b, const struct upload_row *row)
{
    struct why why = {0};
    enum err e = upload_remove_part(b, row->id, &why);

    if (e == ERR_OK) {
        e = b->store->ops->upload_move(b->store, row->id, UPLOAD_COMMITTED, UPLOAD_ABORTED, &why);
    }
    if (e != ERR_OK) {
        log_line("upload.unsettled", "upload=%s reason=\"%s\"", row->id, why_text(&why));
    }
}

/* What upload_move() said. */
static enum err
moved(enum err e, struct fault *f)
{
    if (e == ERR_OK) {
        return ERR_OK;
    }
    return fault_from(f, e, e == ERR_GONE ? "sandbox_ended" : "not_stored");
}

/* Ledger, then file: should we die in between, the keeper finishes it from the ledger. */
static enum err
commit_local(struct broker *b, const struct upload_row *row, struct fault *f)
{
    TRY(moved(
        b->store->ops->upload_move(b->store, row->id, UPLOAD_STORED, UPLOAD_COMMITTED, &f->why),
        f));
    enum err e = upload_publish(b, row, &f->why);

    if (e == ERR_OK) {
        return ERR_OK;
    }
    give_up(b, row);
    return fault_from(f, e, "exists"); /* an object of that name stays as it is */
}

static enum err
commit_direct(struct broker *b, const struct upload_row *row, struct fault *f)
{
    return moved(
        b->store->ops->upload_move(b->store, row->id, UPLOAD_OPEN, UPLOAD_COMMITTED, &f->why), f);
}

/* Asked again: the answer is the same, unless the object did not get there. */
static enum err
committed_before(struct broker *b, const struct upload_row *row, struct fault *f)
{
    char path[UPLOAD_PATH];
    size_t folder = 0;

    if (upload_is_direct(row)) {
        return ERR_OK;
    }
    enum err e = object_path(b, row, path, &folder, &f->why);

    if (e == ERR_OK && access(path, F_OK) != 0) {
        e = why_add(&f->why, ERR_IO, "the object of %s is not there", row->id);
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "unable");
}

/* The record comes first: an upload that is finished without one must not be. */
static enum err
commit(struct broker *b, const struct guest *g, const struct upload_row *row, struct fault *f)
{
    struct mint_record r = {0};

    if (!upload_is_direct(row) && row->state != UPLOAD_STORED) {
        return fault_set(f, ERR_CONFLICT, "not_stored", "the upload has no bytes");
    }
    upload_record(g, row, ACTION_CHANGED, &r);
    (void)snprintf(r.reasons, sizeof r.reasons, "committed");
    TRY(record_note(b, &r, f));
    return upload_is_direct(row) ? commit_direct(b, row, f) : commit_local(b, row, f);
}

/* Under way before the ledger is asked: a teardown either is seen by the check or waits for us. */
enum err
flow_upload_commit(struct broker *b, const struct guest *g, const char *id, struct upload_row *out,
                   struct fault *f)
{
    TRY(own_upload(b, g, id, out, f));
    if (out->state == UPLOAD_COMMITTED) {
        return committed_before(b, out, f);
    }
    enum err e = inflight_enter(b->inflight, g->sandbox.id, &f->why);

    if (e != ERR_OK) {
        return fault_from(f, e, "busy");
    }
    e = commit(b, g, out, f);
    inflight_leave(b->inflight, g->sandbox.id);
    TRY(e);
    out->state = UPLOAD_COMMITTED;
    return ERR_OK;
}

enum err
flow_upload_abort(struct broker *b, const struct guest *g, const char *id, struct fault *f)
{
    struct upload_row row = {0};
    struct mint_record r = {0};

    TRY(own_upload(b, g, id, &row, f));
    if (row.state != UPLOAD_OPEN && row.state != UPLOAD_STORED) {
        return fault_set(f, ERR_CONFLICT, "not_open", "the upload is committed or aborted already");
    }
    upload_record(g, &row, ACTION_REVOKED, &r);
    (void)snprintf(r.reasons, sizeof r.reasons, "aborted");
    TRY(record_note(b, &r, f));
    enum err e = b->store->ops->upload_move(b->store, id, row.state, UPLOAD_ABORTED, &f->why);

    if (e == ERR_OK) {
        e = upload_settle(b, &row, &f->why);
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, e == ERR_GONE ? "sandbox_ended" : "not_open");
}
