/* SPDX-License-Identifier: Apache-2.0 */
/* admin_trust.c - `admin approve` and `admin revoke`: a second person's yes, and anybody's no. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attest/base/text.h"
#include "clients/admin.h"
#include "clients/say.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"

struct approve_options {
    const char *digest; /* what the approver expects, from another source */
    bool yes;
};

/* What is approved: the digest is ours, computed over the bytes that the author signed. */
struct proposal {
    char digest[2 * SHA256_LEN + 1];
    char author_key[B64_JKT + 1];
    char *text; /* owned; the document */
};

static void
proposal_done(struct proposal *p)
{
    mem_free_text(&p->text);
}

static enum err
proposal_read(const json_t *row, struct proposal *out, struct fault *f)
{
    struct jws jws AUTO(jws_done) = {0};
    struct jwk key AUTO(jwk_done) = {0};
    const char *text = json_string_value(json_object_get(row, "document"));
    const char *told = json_string_value(json_object_get(row, "digest"));
    uint8_t digest[SHA256_LEN];

    if (text == NULL || told == NULL) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's reply has no document");
    }
    TRY(jws_read_document(slice_text(text), "countersign-document+jws",
                          JOSE_ALLOW_ES256 | JOSE_ALLOW_ES384, &jws, &f->why));
    TRY(jwk_read(json_object_get(jws.header, "jwk"), &key, &f->why));
    TRY(jws_verify(&jws, &key.key, key.alg, &f->why));
    hash_sha256((struct slice){jws.payload_bytes, jws.payload_len}, digest);
    hex_encode((struct slice){digest, sizeof digest}, out->digest);
    if (strcmp(out->digest, told) != 0) {
        return fault_add(f, ERR_DENIED, "digest_differs", "the document's digest is %s, not %s",
                         out->digest, told);
    }
    (void)snprintf(out->author_key, sizeof out->author_key, "%s", key.jkt_text);
    out->text = mem_text((struct slice){jws.payload_bytes, jws.payload_len});
    return ERR_OK;
}

/* At a terminal a person answers; scripts say --digest or have looked before. */
static enum err
consent(const struct approve_options *o, const struct proposal *p, struct fault *f)
{
    char line[16] = "";

    if (o->digest != NULL && strcmp(o->digest, p->digest) != 0) {
        return fault_add(f, ERR_DENIED, "digest_differs", "the document's digest is %s", p->digest);
    }
    if (o->yes || o->digest != NULL || isatty(STDIN_FILENO) != 1) {
        return ERR_OK;
    }
    complain("Approve this document?  Type yes:");
    if (fgets(line, sizeof line, stdin) == NULL || strcmp(line, "yes\n") != 0) {
        return fault_add(f, ERR_DENIED, "not_approved", "you did not say yes");
    }
    return ERR_OK;
}

static void
approved_print(json_t *reply)
{
    char object[OBJECT_TEXT];
    char state[32];

    say("%s is %s", say_member(reply, "object", object, sizeof object),
        say_member(reply, "state", state, sizeof state));
}

static enum err
approve_run(struct admin *a, const struct words *w, void *options, json_t **reply, struct fault *f)
{
    const struct approve_options *o = options;
    struct object object = {0};
    struct proposal p AUTO(proposal_done) = {0};
    json_t *row AUTO(json_free) = NULL;
    json_t *approval AUTO(json_free) = NULL;
    char *text AUTO(mem_free_text) = NULL;
    char *jws AUTO(mem_free_text) = NULL;
    char path[ADMIN_PATH];
    char author[OBJECT_TEXT];
    struct admin_call c = {
        .method = "POST", .path = "/v1/admin/approvals", .content_type = "application/jose"};

    a->print = approved_print;
    TRY(object_parse(w->word[0], &object, f));
    object_path(&object, "", path);
    TRY(admin_get(a, path, &row, f));
    TRY(proposal_read(row, &p, f));
    complain("%s\ndigest %s\nauthor %s, key %s", p.text, p.digest,
             say_member(row, "author", author, sizeof author), p.author_key);
    TRY(consent(o, &p, f));
    (void)snprintf(path, sizeof path, "%s/%s/%ld", object.kind, object.id, object.version);
    approval = json_pack("{s:s, s:s}", "approve", path, "digest", p.digest);
    text = json_text(approval);
    TRY(admin_sign(a, "countersign-approval+jws", slice_text(text), &jws, f));
    c.body = slice_text(jws);
    return admin_call(a, &c, reply, f);
}

int
admin_approve(int argc, char **argv)
{
    struct admin a AUTO(admin_done) = {0};
    struct approve_options o = {0};
    const struct opt own[] = {
        {"sign-key", "FILE", &a.s.sign_key, "key that signs the approval; default --key"},
        {"digest", "HEX", &o.digest, "approve only this document"},
        {"yes", NULL, &o.yes, "do not ask at a terminal"},
    };
    const struct admin_command c = {
        .line = "countersign admin approve policy/ID/VERSION | reference-set/ID/VERSION",
        .about = "Fetch the document, show it and its digest, and sign that you approve it.",
        .own = {own, sizeof own / sizeof own[0]},
        .words_min = 1,
        .words_max = 1,
        .run = approve_run,
        .options = &o,
    };

    return admin_run(&a, &c, argc, argv);
}

void
revoked_print(json_t *reply)
{
    char text[OBJECT_TEXT];
    const json_t *ended = json_object_get(reply, "ended");

    say("%s is revoked; %zu live sandbox(es) ended", say_member(reply, "object", text, sizeof text),
        json_array_size(ended));
    for (size_t i = 0; i < json_array_size(ended); i++) {
        text_clean(slice_text(json_string_value(json_array_get(ended, i))), text, sizeof text);
        say("  %s", text);
    }
}

enum err
object_revoke(struct admin *a, const struct object *o, const char *reason, json_t **reply,
              struct fault *f)
{
    char path[ADMIN_PATH];
    json_t *body AUTO(json_free) = json_pack("{s:s}", "reason", reason);
    char *text AUTO(mem_free_text) = json_text(body);
    const struct admin_call c = {.method = "POST",
                                 .path = path,
                                 .content_type = "application/json",
                                 .body = slice_text(text)};

    object_path(o, "/revoke", path);
    return admin_call(a, &c, reply, f);
}

static enum err
revoke_run(struct admin *a, const struct words *w, void *options, json_t **reply, struct fault *f)
{
    const char *const *reason = options;
    struct object object = {0};

    a->print = revoked_print;
    if (*reason == NULL) {
        return fault_add(f, ERR_MALFORMED, "usage", "--reason is needed: it is kept in the log");
    }
    TRY(object_parse(w->word[0], &object, f));
    return object_revoke(a, &object, *reason, reply, f);
}

int
admin_revoke(int argc, char **argv)
{
    struct admin a AUTO(admin_done) = {0};
    const char *reason = NULL;
    const struct opt own[] = {
        {"reason", "TEXT", &reason, "why; kept in the log"},
    };
    const struct admin_command c = {
        .line = "countersign admin revoke policy/ID/VERSION | reference-set/ID/VERSION "
                "--reason TEXT",
        .about = "Take it back; live sandboxes that rested on it end.",
        .own = {own, 1},
        .words_min = 1,
        .words_max = 1,
        .run = revoke_run,
        .options = &reason,
    };

    return admin_run(&a, &c, argc, argv);
}
