/* SPDX-License-Identifier: Apache-2.0 */
/* upload.c - `countersign upload`: a file to a store, by a signed URL (DESIGN section 9). */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "attest/base/wr.h"
#include "clients/commands.h"
#include "clients/guest.h"
#include "clients/say.h"
#include "clients/session.h"
#include "clients/upload_put.h"
#include "common/json.h"
#include "common/mem.h"

enum { COMMAND_MAX = 16384 };

struct upload_options {
    const char *store, *name, *content_type, *store_ca, *commit, *abandon;
    bool url_only;
};

struct type_row {
    const char *suffix;
    const char *type;
};

static const struct type_row types[] = {
    {".pdf", "application/pdf"},  {".json", "application/json"}, {".txt", "text/plain"},
    {".csv", "text/csv"},         {".html", "text/html"},        {".md", "text/markdown"},
    {".png", "image/png"},        {".jpg", "image/jpeg"},        {".jpeg", "image/jpeg"},
    {".zip", "application/zip"},  {".gz", "application/gzip"},   {".tar", "application/x-tar"},
    {".zst", "application/zstd"}, {".xml", "application/xml"},
};

static const char *
type_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++) {
        if (strcasecmp(dot, types[i].suffix) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

static const char *
name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* For a shell: within single quotes, in which only the quote itself needs care. */
static void
shell_word(struct wr *w, const char *text)
{
    wr_text(w, " '");
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'') {
            wr_text(w, "'\\''");
        } else {
            wr_u8(w, (uint8_t)*p);
        }
    }
    wr_u8(w, '\'');
}

/* The same PUT by curl; owned by the caller. */
static char *
curl_command(const json_t *grant, const char *path, const char *ca)
{
    uint8_t *buf AUTO(mem_free_bytes) = mem_new(COMMAND_MAX, 1);
    struct wr w = wr_init(buf, COMMAND_MAX, "curl");
    json_t *headers = json_object_get(grant, "headers");
    const char *name = NULL;
    const json_t *value = NULL;

    wr_text(&w, "curl --fail-with-body -T");
    shell_word(&w, path);
    if (ca != NULL) {
        wr_text(&w, " --cacert");
        shell_word(&w, ca);
    }
    json_object_foreach(headers, name, value)
    {
        char line[1024];

        if (strcasecmp(name, "content-length") != 0 && json_is_string(value)) {
            (void)snprintf(line, sizeof line, "%s: %s", name, json_string_value(value));
            wr_text(&w, " -H");
            shell_word(&w, line);
        }
    }
    shell_word(&w, json_string_value(json_object_get(grant, "url")));
    return mem_text(wr_done(&w));
}

static void
print_url(const json_t *reply)
{
    char text[SERVER_MAX];
    const char *url = json_string_value(json_object_get(reply, "url"));
    const char *curl = json_string_value(json_object_get(reply, "curl"));
    const json_t *value = NULL;
    const char *name = NULL;

    say("id      %s", say_member(reply, "id", text, sizeof text));
    say("method  %s", say_member(reply, "method", text, sizeof text));
    say("url     %s", url != NULL ? url : "-");
    json_object_foreach(json_object_get(reply, "headers"), name, value)
    {
        char line[1024];

        (void)snprintf(line, sizeof line, "%s: %s", name,
                       json_is_string(value) ? json_string_value(value) : "");
        text_clean(slice_text(line), text, sizeof text);
        say("header  %s", text);
    }
    say("lives   %s s", say_member(reply, "expires_in", text, sizeof text));
    say("curl    %s", curl != NULL ? curl : "-");
    say("then    countersign upload --commit %s", say_member(reply, "id", text, sizeof text));
}

static void
print_committed(const json_t *reply)
{
    char store[ID_MAX];
    char key[1024];
    char size[32];

    say("committed %s/%s (%s bytes)", say_member(reply, "store", store, sizeof store),
        say_member(reply, "key", key, sizeof key), say_member(reply, "size", size, sizeof size));
}

static void
print_abandoned(const json_t *reply)
{
    (void)reply;
    say("abandoned");
}

static enum err
ask_id(const struct settings *s, const char *op, const char *id, json_t **reply, struct fault *f)
{
    json_t *q AUTO(json_free) = json_pack("{s:s, s:s}", "op", op, "id", id);

    return guest_ask(s, false, q, reply, f);
}

static enum err
ask_grant(const struct settings *s, const struct upload_options *o, const struct upload_file *file,
          json_t **grant, struct fault *f)
{
    const char *name = o->name != NULL ? o->name : name_of(file->path);
    json_t *q AUTO(json_free) =
        json_pack("{s:s, s:s, s:s, s:I, s:s}", "op", "upload", "store", o->store, "name", name,
                  "size", (json_int_t)file->size, "sha256", file->sha256);

    request_set(q, "content_type", o->content_type != NULL ? o->content_type : type_of(name));
    return guest_ask(s, false, q, grant, f);
}

/* Our broker's roots count for URLs of our broker (the agent says so); a store has its own. */
static const char *
roots_for(const json_t *grant, const struct upload_options *o)
{
    const char *ca = json_string_value(json_object_get(grant, "ca"));

    return ca != NULL ? ca : o->store_ca;
}

/* Put and commit; what did not arrive is abandoned, so that it does not count against anything. */
static enum err
put_and_commit(const struct settings *s, const struct upload_options *o, struct upload_file *file,
               const json_t *grant, json_t **reply, struct fault *f)
{
    char id[ID_MAX];
    struct fault ignored = {0};
    json_t *nothing AUTO(json_free) = NULL;
    enum err err = ERR_OK;

    TRY(reply_text(grant, "id", id, sizeof id, f));
    err = upload_put(file, grant, roots_for(grant, o), f);
    if (err != ERR_OK) {
        enum err left = ask_id(s, "abandon", id, &nothing, &ignored);

        (void)left; /* the first failure is the one to tell */
        return err;
    }
    return ask_id(s, "commit", id, reply, f);
}

static int
upload_file(const struct settings *s, const struct upload_options *o, const char *path)
{
    struct upload_file file AUTO(upload_file_done) = {.fd = -1};
    json_t *grant AUTO(json_free) = NULL;
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};
    enum err err = upload_file_open(path, &file, &f);

    if (err == ERR_OK) {
        err = ask_grant(s, o, &file, &grant, &f);
    }
    if (err == ERR_OK && o->url_only) {
        char *curl AUTO(mem_free_text) = curl_command(grant, path, roots_for(grant, o));

        (void)json_object_set_new(grant, "curl", json_string(curl));
        return guest_finish(ERR_OK, s, grant, print_url, &f);
    }
    if (err == ERR_OK) {
        err = put_and_commit(s, o, &file, grant, &reply, &f);
    }
    return guest_finish(err, s, reply, print_committed, &f);
}

static int
end_upload(const struct settings *s, const char *op, const char *id)
{
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};
    enum err err = ask_id(s, op, id, &reply, &f);

    return guest_finish(err, s, reply,
                        strcmp(op, "commit") == 0 ? print_committed : print_abandoned, &f);
}

static int
run(const struct usage *u, const struct settings *s, const struct upload_options *o,
    const struct words *w)
{
    if ((o->commit != NULL) + (o->abandon != NULL) + (w->n > 0) != 1) {
        return opt_wrong(u, "one of FILE, --commit and --abandon is needed", NULL);
    }
    if (o->commit != NULL) {
        return end_upload(s, "commit", o->commit);
    }
    if (o->abandon != NULL) {
        return end_upload(s, "abandon", o->abandon);
    }
    if (o->store == NULL) {
        return opt_wrong(u, "--store is needed", NULL);
    }
    return upload_file(s, o, w->word[0]);
}

int
cmd_upload(int argc, char **argv)
{
    struct settings s AUTO(settings_done) = {0};
    struct upload_options o = {0};
    struct opt shared[SETTINGS_GUEST];
    const struct opt own[] = {
        {"store", "ID", &o.store, "where to, as the policy names it"},
        {"name", "NAME", &o.name, "name at the store; default that of the file"},
        {"content-type", "TYPE", &o.content_type, "default by the file's suffix"},
        {"store-ca", "FILE", &o.store_ca, "PEM roots for a store that is not the broker"},
        {"url-only", NULL, &o.url_only, "print URL, headers and a curl command instead"},
        {"commit", "ID", &o.commit, "finish an upload whose bytes are there"},
        {"abandon", "ID", &o.abandon, "give an upload up"},
    };
    const struct usage u = {"countersign upload FILE --store ID [options] | --commit ID | "
                            "--abandon ID",
                            "Send a file by a signed URL that lives for seconds, then commit it.",
                            {own, sizeof own / sizeof own[0]},
                            {shared, SETTINGS_GUEST},
                            0,
                            1};
    struct words w;
    struct fault f = {0};
    enum opt_result parsed = OPT_GO_ON;
    enum err err = ERR_OK;

    settings_guest(&s, shared);
    parsed = opt_parse(&u, argc, argv, &w);
    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    err = settings_load(&s, &f);
    if (err != ERR_OK) {
        return fault_report(err, &f, s.json);
    }
    return run(&u, &s, &o, &w);
}
