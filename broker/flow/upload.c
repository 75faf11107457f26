/* SPDX-License-Identifier: Apache-2.0 */
/* upload.c - see upload.h. */
#include "broker/flow/upload.h"

#include "attest/base/wr.h"
#include "broker/flow/inflight.h"
#include "broker/flow/record.h"
#include "broker/flow/teardown.h"
#include "common/json.h"
#include "common/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCOPE_UPLOAD "upload"

enum { DIRECT_LIFE_MAX_S = 60 }; /* the mint signs no longer ones */

const struct upload_store *
upload_store_find(const struct broker *b, const char *id)
{
    for (size_t i = 0; i < b->stores; i++) {
        if (strcmp(b->store_conf[i].id, id) == 0) {
            return &b->store_conf[i];
        }
    }
    return NULL;
}

enum err
upload_part_path(struct broker *b, const char *id, char *dst, size_t cap, struct why *why)
{
    int n = snprintf(dst, cap, "%s/%s.part", b->upload_dir, id);

    return n > 0 && (size_t)n < cap ? ERR_OK
                                    : why_add(why, ERR_LIMIT, "path of %s is too long", id);
}

/* The rules of the policy for that store; copied, because the book may change. */
static enum err
find_rules(struct broker *b, const struct guest *g, const char *store, struct policy_upload *out,
           struct fault *f)
{
    bool found = false;

    policy_book_enter(b->book);
    const struct policy *p =
        policy_book_version(b->book, g->sandbox.policy, g->sandbox.policy_version);

    for (size_t i = 0; p != NULL && i < p->grant.uploads && !found; i++) {
        if (strcmp(p->grant.upload[i].store, store) == 0) {
            *out = p->grant.upload[i];
            found = true;
        }
    }
    policy_book_leave(b->book);
    if (!found || upload_store_find(b, store) == NULL) {
        return fault_set(f, ERR_DENIED, "store_denied", "store \"%.60s\" is not granted", store);
    }
    return ERR_OK;
}

static bool
name_ok(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > UPLOAD_NAME_MAX || name[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && strchr("._-", name[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool
digest_ok(const char *hex)
{
    return strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
}

static bool
type_ok(const struct policy_upload *rules, const char *type)
{
    bool found = false;

    for (size_t i = 0; i < rules->content_types; i++) {
        found = found || strcmp(rules->content_type[i], type) == 0;
    }
    return found;
}

static enum err
check_ask(const struct policy_upload *rules, const struct upload_ask *ask, struct fault *f)
{
    if (!name_ok(ask->name)) {
        return fault_set(f, ERR_MALFORMED, "name_malformed",
                         "name must be 1 to %d of A-Z a-z 0-9 . _ - and not begin with a dot",
                         UPLOAD_NAME_MAX);
    }
    if (ask->sha256 != NULL && !digest_ok(ask->sha256)) {
        return fault_set(f, ERR_MALFORMED, "digest_malformed",
                         "sha256 must be 64 lower-case hex digits");
    }
    if (ask->size < 0 || ask->size > rules->max_bytes) {
        return fault_set(f, ERR_DENIED, "size_denied", "%lld bytes, at most %lld are granted",
                         (long long)ask->size, (long long)rules->max_bytes);
    }
    if (!type_ok(rules, ask->content_type)) {
        return fault_set(f, ERR_DENIED, "type_denied", "content type \"%.60s\" is not granted",
                         ask->content_type);
    }
    return ERR_OK;
}

/* The prefix with ${sandbox} filled in, and the name after it.  No other placeholder has a value yet. */
static enum err
make_key(const struct policy_upload *rules, const char *sandbox, const char *name, char *dst,
         size_t cap, struct fault *f)
{
    static const char HOLE[] = "${sandbox}";
    const char *hole = strstr(rules->prefix, HOLE);
    int n = 0;

    if (hole == NULL || strstr(hole + 1, "${") != NULL) {
        return fault_set(f, ERR_DENIED, "store_denied",
                         "the prefix needs a value this sandbox lacks");
    }
    n = snprintf(dst, cap, "%.*s%s%s%s", (int)(hole - rules->prefix), rules->prefix, sandbox,
                 hole + sizeof HOLE - 1, name);
    if (n < 0 || (size_t)n >= cap) {
        return fault_set(f, ERR_LIMIT, "name_malformed", "the object key is longer than %zu",
                         cap - 1);
    }
    return ERR_OK;
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum err
journal(struct broker *b, const struct guest *g, const struct upload_ask *ask,
        const struct policy_upload *rules, struct upload_row *row, struct fault *f)
{
    int64_t now = clock_unix();
    int64_t end = least(g->sandbox.lease_until, g->sandbox.hard_until);

    random_id("up-", row->id, sizeof row->id);
    memcpy(row->sandbox, g->sandbox.id, sizeof row->sandbox);
    (void)snprintf(row->store, sizeof row->store, "%s", ask->store);
    (void)snprintf(row->mode, sizeof row->mode, "%s", upload_store_find(b, ask->store)->mode);
    (void)snprintf(row->content_type, sizeof row->content_type, "%s", ask->content_type);
    (void)snprintf(row->sha256, sizeof row->sha256, "%s", ask->sha256 != NULL ? ask->sha256 : "");
    row->size = ask->size;
    row->state = UPLOAD_OPEN;
    row->created = now;
    row->expires = least(now + rules->ttl_s, end);
    TRY(make_key(rules, g->sandbox.id, ask->name, row->key, sizeof row->key, f));
    if (row->expires <= now) {
        return fault_set(f, ERR_GONE, "sandbox_ended", "the lease has ended");
    }
    enum err e = b->store->ops->upload_put(b->store, row, &f->why);

    if (e == ERR_GONE) {
        return fault_from(f, e, "sandbox_ended");
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "unable");
}

static void
fill_record(const struct guest *g, const struct upload_row *row, enum mint_action action,
            struct mint_record *r)
{
    record_sandbox(&g->sandbox, action, "guest", r);
    (void)snprintf(r->object, sizeof r->object, "upload/%s", row->id);
}

/* What the mint puts under "upload" in the capability. */
static char *
capability(const struct upload_row *row)
{
    AUTO(json_free) json_t *o = json_object();

    (void)json_object_set_new(o, "id", json_string(row->id));
    (void)json_object_set_new(o, "size", json_integer(row->size));
    (void)json_object_set_new(o, "content_type", json_string(row->content_type));
    if (row->sha256[0] != '\0') {
        (void)json_object_set_new(o, "sha256", json_string(row->sha256));
    }
    return json_text(o);
}

static void
percent(struct wr *w, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        bool plain = isalnum((unsigned char)*p) || strchr("-_.~", *p) != NULL;

        wr_fmt(w, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
}

/* "name=value&..." with both sides percent-encoded, as x-amz-tagging wants it. */
static enum err
tag_text(const struct policy_upload *rules, char *dst, size_t cap, struct fault *f)
{
    struct wr w = wr_init((uint8_t *)dst, cap, "tags");

    for (size_t i = 0; i < rules->tags; i++) {
        wr_text(&w, i > 0 ? "&" : "");
        percent(&w, rules->tag[i].name);
        wr_text(&w, "=");
        percent(&w, rules->tag[i].value);
    }
    enum err e = wr_cstr(&w, &f->why);

    return e == ERR_OK ? ERR_OK : fault_from(f, ERR_BUG, "bug");
}

static enum err
fill_direct(const struct upload_row *row, const struct policy_upload *rules, struct mint_ask *ask,
            struct fault *f)
{
    ask->kind = MINT_PUT_URL;
    ask->life_s = least(ask->life_s, DIRECT_LIFE_MAX_S);
    memcpy(ask->store, row->store, sizeof ask->store);
    memcpy(ask->key, row->key, sizeof ask->key);
    memcpy(ask->content_type, row->content_type, sizeof ask->content_type);
    memcpy(ask->sha256, row->sha256, sizeof ask->sha256);
    ask->size = row->size;
    return tag_text(rules, ask->tags, sizeof ask->tags, f);
}

static void
fill_local(struct broker *b, const struct upload_row *row, struct mint_ask *ask)
{
    AUTO(mem_free_text) char *extra = capability(row);

    ask->kind = MINT_UPLOAD;
    (void)snprintf(ask->sub, sizeof ask->sub, "sandbox:%s", row->sandbox);
    (void)snprintf(ask->aud[0], sizeof ask->aud[0], "%s", b->issuer);
    ask->aud_n = 1;
    (void)snprintf(ask->extra, sizeof ask->extra, "%s", extra);
}

static enum err
fill_ask(struct broker *b, const struct guest *g, const struct upload_row *row,
         const struct policy_upload *rules, struct mint_ask *ask, struct fault *f)
{
    ask->life_s = row->expires - row->created;
    ask->status_index = -1;
    fill_record(g, row, ACTION_GRANTED, &ask->record);
    if (strcmp(row->mode, "direct") == 0) {
        return fill_direct(row, rules, ask, f);
    }
    fill_local(b, row, ask);
    return ERR_OK;
}

/* What is asked of the mint and its answer: too large for a connection's stack. */
struct exchange {
    struct mint_ask ask;
    struct mint_answer answer;
};

static void
exchange_free(struct exchange **x)
{
    mem_free(*x);
    *x = NULL;
}

static enum err
sign_url(struct broker *b, const struct guest *g, const struct policy_upload *rules,
         struct upload_grant *out, struct fault *f)
{
    AUTO(exchange_free) struct exchange *x = mem_new(1, sizeof *x);
    const struct upload_row *row = &out->row;

    TRY(fill_ask(b, g, row, rules, &x->ask, f));
    if (mint_ask(b->mint, &x->ask, &x->answer, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNABLE, "unable");
    }
    out->expires_in = x->ask.life_s;
    if (x->ask.kind == MINT_PUT_URL) {
        (void)snprintf(out->url, sizeof out->url, "%s", x->answer.text);
        memcpy(out->headers, x->answer.headers, sizeof out->headers);
        return ERR_OK;
    }
    (void)snprintf(out->url, sizeof out->url, "%s/v1/uploads/%s/content?t=%s", b->issuer, row->id,
                   x->answer.text);
    (void)snprintf(out->headers, sizeof out->headers, "content-type: %s\n", row->content_type);
    return ERR_OK;
}

static enum err
upload_steps(struct broker *b, const struct guest *g, const struct upload_ask *ask,
             struct upload_grant *out, struct fault *f)
{
    struct policy_upload rules = {0};

    if (!scope_has(g->claims.scope, SCOPE_UPLOAD)) {
        return fault_set(f, ERR_DENIED, "scope_missing", "the token lacks the scope " SCOPE_UPLOAD);
    }
    TRY(find_rules(b, g, ask->store, &rules, f));
    TRY(check_ask(&rules, ask, f));
    TRY(journal(b, g, ask, &rules, &out->row, f));
    return sign_url(b, g, &rules, out, f);
}

enum err
flow_upload(struct broker *b, const struct guest *g, const struct upload_ask *ask,
            struct upload_grant *out, struct fault *f)
{
    enum err e = upload_steps(b, g, ask, out, f);

    if (e != ERR_OK) {
        return record_denial(b, &g->sandbox, "upload", e, f);
    }
    (void)atomic_fetch_add(&b->metrics.uploads, 1);
    return ERR_OK;
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

enum err
upload_publish(struct broker *b, const struct upload_row *u, struct why *why)
{
    const struct upload_store *s = upload_store_find(b, u->store);
    char part[UPLOAD_PATH];
    char path[UPLOAD_PATH];
    int n = 0;

    if (s == NULL) {
        return why_add(why, ERR_UNABLE, "store %s is not configured any more", u->store);
    }
    TRY(upload_part_path(b, u->id, part, sizeof part, why));
    n = snprintf(path, sizeof path, "%s/%s", s->path, u->key);
    if (n < 0 || (size_t)n >= sizeof path) {
        return why_add(why, ERR_LIMIT, "path of %s is too long", u->id);
    }
    TRY(make_parents(path, strlen(s->path), why));
    if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
        return why_add(why, errno == EEXIST ? ERR_CONFLICT : ERR_IO, "upload %s: %s", u->id,
                       strerrordesc_np(errno));
    }
    return sync_folder_of(path, why);
}

/* Ledger, then file: should we die in between, the keeper finishes it from the ledger. */
static enum err
commit_local(struct broker *b, struct upload_row *row, struct fault *f)
{
    enum err e =
        b->store->ops->upload_move(b->store, row->id, UPLOAD_STORED, UPLOAD_COMMITTED, &f->why);

    if (e == ERR_CONFLICT) {
        return fault_from(f, e, "not_stored");
    }
    if (e == ERR_GONE) {
        return fault_from(f, e, "sandbox_ended");
    }
    if (e != ERR_OK) {
        return fault_from(f, e, "unable");
    }
    e = upload_publish(b, row, &f->why);
    if (e == ERR_CONFLICT) { /* an object of that name stays as it is, and this one goes */
        enum err moved = b->store->ops->upload_move(b->store, row->id, UPLOAD_COMMITTED,
                                                    UPLOAD_ABORTED, &f->why);

        return fault_from(f, err_is_unable(moved) ? moved : e, "exists");
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "unable");
}

static enum err
commit_direct(struct broker *b, const struct upload_row *row, struct fault *f)
{
    enum err e =
        b->store->ops->upload_move(b->store, row->id, UPLOAD_OPEN, UPLOAD_COMMITTED, &f->why);

    if (e == ERR_CONFLICT || e == ERR_GONE) {
        return fault_from(f, e, e == ERR_GONE ? "sandbox_ended" : "not_stored");
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "unable");
}

/* The record comes first: an upload that is finished without one must not be. */
enum err
flow_upload_commit(struct broker *b, const struct guest *g, const char *id, struct upload_row *out,
                   struct fault *f)
{
    struct mint_record r = {0};

    TRY(own_upload(b, g, id, out, f));
    if (out->state == UPLOAD_COMMITTED) {
        return ERR_OK;
    }
    fill_record(g, out, ACTION_CHANGED, &r);
    (void)snprintf(r.reasons, sizeof r.reasons, "committed");
    if (mint_note(b->mint, &r, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNABLE, "unable");
    }
    enum err e = inflight_enter(b->inflight, g->sandbox.id, &f->why);

    if (e != ERR_OK) {
        return fault_from(f, e, "busy");
    }
    e = strcmp(out->mode, "local") == 0 ? commit_local(b, out, f) : commit_direct(b, out, f);
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
    fill_record(g, &row, ACTION_REVOKED, &r);
    if (mint_note(b->mint, &r, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNABLE, "unable");
    }
    enum err e = b->store->ops->upload_move(b->store, id, row.state, UPLOAD_ABORTED, &f->why);

    if (e == ERR_OK) {
        e = upload_settle(b, &row, &f->why);
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, e == ERR_GONE ? "sandbox_ended" : "not_open");
}
