/* SPDX-License-Identifier: Apache-2.0 */
/* admin_document.c - `admin reference-set` and `admin policy`: put, list, show, revoke. */
#include <stdio.h>
#include <string.h>

#include "clients/admin.h"
#include "clients/say.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/row.h"

struct document_options {
    const char *kind; /* "policy" or "reference-set" */
    const char *reason;
};

static const char *
resource_of(const struct document_options *o)
{
    return strcmp(o->kind, "policy") == 0 ? "policies" : "reference-sets";
}

static void
put_print(json_t *reply)
{
    char a[OBJECT_TEXT];
    char b[OBJECT_TEXT];
    char c[OBJECT_TEXT];

    say("%s/%s/%s", say_member(reply, "kind", a, sizeof a), say_member(reply, "id", b, sizeof b),
        say_member(reply, "version", c, sizeof c));
    say("digest  %s", say_member(reply, "digest", a, sizeof a));
    say("state   %s", say_member(reply, "state", b, sizeof b));
    if (strcmp(b, "proposed") == 0) {
        say("needs   %s approval(s): countersign admin approve %s/%s/%s",
            say_member(reply, "approvals_needed", a, sizeof a),
            json_string_value(json_object_get(reply, "kind")),
            json_string_value(json_object_get(reply, "id")), c);
    }
}

/* A mistake in a reference set is told here, by the reader that the broker uses too. */
static enum err
document_check(const struct document_options *o, json_t *doc, char id[OBJECT_ID], struct fault *f)
{
    struct reference_set *set AUTO(reference_set_free) = NULL;
    const char *text = json_string_value(json_object_get(doc, "id"));

    if (text == NULL || !json_is_integer(json_object_get(doc, "version"))) {
        return fault_add(f, ERR_MALFORMED, "document_malformed",
                         "the document needs id and version");
    }
    TRY(id_check(text, f));
    (void)snprintf(id, OBJECT_ID, "%s", text);
    if (strcmp(o->kind, "policy") == 0) {
        return ERR_OK;
    }
    if (reference_set_read(doc, &set, &f->why) != ERR_OK) {
        return fault_add(f, ERR_MALFORMED, "document_malformed", "not a reference set");
    }
    return ERR_OK;
}

static enum err
document_put(struct admin *a, const struct document_options *o, const char *path, json_t **reply,
             struct fault *f)
{
    uint8_t *bytes AUTO(mem_free_bytes) = NULL;
    size_t len = 0;
    json_t *doc AUTO(json_free) = NULL;
    char *jws AUTO(mem_free_text) = NULL;
    char id[OBJECT_ID];
    char url[ADMIN_PATH];
    struct admin_call c = {.method = "PUT", .path = url, .content_type = "application/jose"};

    TRY(file_read(path, DOCUMENT_MAX, &bytes, &len, &f->why));
    TRY(json_read((struct slice){bytes, len}, &doc, &f->why));
    TRY(document_check(o, doc, id, f));
    TRY(admin_sign(a, "countersign-document+jws", (struct slice){bytes, len}, &jws, f));
    (void)snprintf(url, sizeof url, "/v1/admin/%s/%s", resource_of(o), id);
    c.body = slice_text(jws);
    return admin_call(a, &c, reply, f);
}

static void
list_print(json_t *reply)
{
    const json_t *list = json_object_get(reply, "documents");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        char text[6][OBJECT_TEXT];
        char name[3 * OBJECT_TEXT];

        (void)snprintf(name, sizeof name, "%s/%s/%s", say_member(row, "kind", text[0], OBJECT_TEXT),
                       say_member(row, "id", text[1], OBJECT_TEXT),
                       say_member(row, "version", text[2], OBJECT_TEXT));
        say("%-40s %-9s %-20s %s", name, say_member(row, "state", text[3], OBJECT_TEXT),
            say_member(row, "at", text[4], OBJECT_TEXT),
            say_member(row, "author", text[5], OBJECT_TEXT));
    }
}

/* The document as its author wrote it, out of its JWS. */
static void
document_print(json_t *row)
{
    struct jws jws AUTO(jws_done) = {0};
    struct why why = {0};
    const char *text = json_string_value(json_object_get(row, "document"));

    if (text == NULL ||
        jws_read_document(slice_text(text), "countersign-document+jws",
                          JOSE_ALLOW_ES256 | JOSE_ALLOW_ES384, &jws, &why) != ERR_OK) {
        complain("countersign: the document cannot be read: %s", why_text(&why));
        return;
    }
    char *line AUTO(mem_free_text) = json_text(jws.payload);

    say("%s", line);
}

static void
show_print(json_t *reply)
{
    static const char *const names[] = {"state", "digest", "author", "at", "reason"};
    const json_t *approvals = json_object_get(reply, "approvals");
    char text[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        say("%-10s %s", names[i], say_member(reply, names[i], text, sizeof text));
    }
    for (size_t i = 0; i < json_array_size(approvals); i++) {
        say("%-10s %s", "approved",
            say_member(json_array_get(approvals, i), "approver", text, sizeof text));
    }
    document_print(reply);
}

static enum err
document_list(struct admin *a, const struct document_options *o, json_t **reply, struct fault *f)
{
    char path[ADMIN_PATH];

    (void)snprintf(path, sizeof path, "/v1/admin/%s", resource_of(o));
    return admin_get(a, path, reply, f);
}

static enum err
document_show(struct admin *a, const struct object *object, json_t **reply, struct fault *f)
{
    char path[ADMIN_PATH];

    object_path(object, "", path);
    return admin_get(a, path, reply, f);
}

/* put FILE | list | show ID VERSION | revoke ID VERSION */
static enum err
document_run(struct admin *a, const struct words *w, void *options, json_t **reply, struct fault *f)
{
    const struct document_options *o = options;
    struct object object = {0};
    const char *act = w->word[0];

    if (strcmp(act, "put") == 0 && w->n == 2) {
        a->print = put_print;
        return document_put(a, o, w->word[1], reply, f);
    }
    if (strcmp(act, "list") == 0 && w->n == 1) {
        a->print = list_print;
        return document_list(a, o, reply, f);
    }
    if (w->n != 3) {
        return fault_add(f, ERR_MALFORMED, "usage",
                         "put FILE, list, show ID VERSION or revoke ID VERSION --reason TEXT");
    }
    TRY(object_make(o->kind, w->word[1], w->word[2], &object, f));
    if (strcmp(act, "show") == 0) {
        a->print = show_print;
        return document_show(a, &object, reply, f);
    }
    if (strcmp(act, "revoke") == 0 && o->reason != NULL) {
        a->print = revoked_print;
        return object_revoke(a, &object, o->reason, reply, f);
    }
    return fault_add(f, ERR_MALFORMED, "usage", "show, or revoke with --reason TEXT");
}

static int
document_command(const char *kind, const char *line, int argc, char **argv)
{
    struct admin a AUTO(admin_done) = {0};
    struct document_options o = {.kind = kind};
    const struct opt own[] = {
        {"sign-key", "FILE", &a.s.sign_key, "key that signs the document; default --key"},
        {"reason", "TEXT", &o.reason, "for revoke"},
    };
    const struct admin_command c = {
        .line = line,
        .about = "Documents are signed by you, versioned, and never overwritten.",
        .own = {own, sizeof own / sizeof own[0]},
        .words_min = 1,
        .words_max = 3,
        .run = document_run,
        .options = &o,
    };

    return admin_run(&a, &c, argc, argv);
}

int
admin_reference_set(int argc, char **argv)
{
    return document_command("reference-set",
                            "countersign admin reference-set put FILE | list | show ID VERSION | "
                            "revoke ID VERSION --reason TEXT",
                            argc, argv);
}

int
admin_policy(int argc, char **argv)
{
    return document_command("policy",
                            "countersign admin policy put FILE | list | show ID VERSION | "
                            "revoke ID VERSION --reason TEXT",
                            argc, argv);
}
