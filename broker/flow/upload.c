/* SPDX-License-Identifier: Apache-2.0 */
/* upload.c - see upload.h: asking for a URL.  What becomes of it is in upload_body.c and upload_commit.c. */
#include "broker/flow/upload.h"

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "broker/flow/lease.h"
#include "broker/flow/record.h"
#include "common/json.h"
#include "common/mem.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SCOPE_UPLOAD "upload"

enum { DIRECT_LIFE_MAX_S = 60 }; /* the mint signs no longer ones */

void
upload_grant_free(struct upload_grant **g)
{
    if (*g != NULL) {
        sec_zero(*g, sizeof **g);
        mem_free(*g);
    }
    *g = NULL;
}

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
        return fault_set(f, ERR_DENIED, "store_denied", "store \"%s\" is not granted",
                         text_show(slice_text(store)).text);
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
        return fault_set(f, ERR_DENIED, "type_denied", "content type \"%s\" is not granted",
                         text_show(slice_text(ask->content_type)).text);
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

bool
upload_is_direct(const struct upload_row *row)
{
    return strcmp(row->mode, "direct") == 0;
}

/* Seconds that a URL may be good for. */
static int64_t
url_life(const struct policy_upload *rules, const struct upload_row *row)
{
    return upload_is_direct(row) ? lease_least(rules->ttl_s, DIRECT_LIFE_MAX_S) : rules->ttl_s;
}

/* The row says until when the URL can be used at the latest; the receipt of a teardown repeats it. */
static enum err
journal(struct broker *b, const struct guest *g, const struct upload_ask *ask,
        const struct policy_upload *rules, struct upload_row *row, struct fault *f)
{
    int64_t now = clock_unix();

    random_id("up-", row->id, sizeof row->id);
    memcpy(row->sandbox, g->sandbox.id, sizeof row->sandbox);
    (void)snprintf(row->store, sizeof row->store, "%s", ask->store);
    (void)snprintf(row->mode, sizeof row->mode, "%s", upload_store_find(b, ask->store)->mode);
    (void)snprintf(row->content_type, sizeof row->content_type, "%s", ask->content_type);
    (void)snprintf(row->sha256, sizeof row->sha256, "%s", ask->sha256 != NULL ? ask->sha256 : "");
    row->size = ask->size;
    row->state = UPLOAD_OPEN;
    row->created = now;
    row->expires = lease_least(now + url_life(rules, row) + LEASE_SLACK_S, lease_end(&g->sandbox));
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

void
upload_record(const struct guest *g, const struct upload_row *row, enum mint_action action,
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
    static_assert(STORE_TEXT + 256 < sizeof ask->extra, "a capability fits");
    memcpy(ask->extra, extra, strlen(extra) + 1);
}

static enum err
fill_ask(struct broker *b, const struct guest *g, const struct upload_row *row,
         const struct policy_upload *rules, struct mint_ask *ask, struct fault *f)
{
    ask->life_s = lease_life(url_life(rules, row), row->expires, clock_unix());
    ask->status_index = -1;
    upload_record(g, row, ACTION_GRANTED, &ask->record);
    if (upload_is_direct(row)) {
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
    sec_zero((*x)->answer.text, (*x)->answer.text_len);
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
    TRY(record_grant(b, &x->ask, row->expires, &x->answer, f));
    out->expires_in = x->answer.exp - x->answer.iat;
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
