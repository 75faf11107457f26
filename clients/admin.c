/* SPDX-License-Identifier: Apache-2.0 */
/* admin.c - see admin.h; and the table of `countersign admin`. */
#include "clients/admin.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/sec.h"
#include "clients/commands.h"
#include "clients/say.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"

enum { ARGS_MAX = 64, KEY_FILE_MAX = 65536 };

struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
};

static const struct subcommand subcommands[] = {
    {"measure", admin_measure, "read this machine's values as a reference set"},
    {"reference-set", admin_reference_set, "put FILE | list | show ID VERSION | revoke ID VERSION"},
    {"policy", admin_policy, "put FILE | list | show ID VERSION | revoke ID VERSION"},
    {"approve", admin_approve, "approve another person's policy/ID/VERSION"},
    {"revoke", admin_revoke, "revoke policy/ID/VERSION or reference-set/ID/VERSION"},
    {"collateral", admin_collateral, "import FILE|DIR ... | list: certificates and CRLs of AMD"},
    {"sandbox", admin_sandbox, "list | show ID | teardown ID"},
    {"verdict", admin_verdict, "list | show ID"},
    {"explain", admin_explain, "why a verdict is what it is: rule, seen, wanted"},
};

void
admin_done(struct admin *a)
{
    http_close(&a->http);
    settings_done(&a->s);
}

static enum err
admin_open(struct admin *a, struct fault *f)
{
    struct http_conf conf = {0};

    if (a->s.server == NULL || a->s.cert == NULL || a->s.key == NULL) {
        return fault_add(f, ERR_MALFORMED, "usage", "--server, --cert and --key are needed");
    }
    TRY(server_check(a->s.server, a->server, f));
    conf = (struct http_conf){.ca = a->s.ca, .cert = a->s.cert, .key = a->s.key};
    return http_open(&conf, &a->http, f);
}

int
admin_run(struct admin *a, const struct admin_command *c, int argc, char **argv)
{
    struct opt shared[SETTINGS_ADMIN];
    const struct usage u = {c->line,      c->about,    c->own, {shared, SETTINGS_ADMIN},
                            c->words_min, c->words_max};
    struct words w;
    struct fault f = {0};
    json_t *reply AUTO(json_free) = NULL;
    enum opt_result parsed = OPT_GO_ON;
    enum err err = ERR_OK;

    settings_admin(&a->s, shared);
    parsed = opt_parse(&u, argc, argv, &w);
    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    err = settings_load(&a->s, &f);
    if (err == ERR_OK && !c->offline) {
        err = admin_open(a, &f);
    }
    if (err == ERR_OK) {
        err = c->run(a, &w, c->options, &reply, &f);
    }
    if (err != ERR_OK) {
        return fault_report(err, &f, a->s.json);
    }
    if (a->s.json) {
        say_json(json_incref(reply));
    } else {
        a->print(reply);
    }
    return a->code;
}

enum err
admin_call(struct admin *a, const struct admin_call *c, json_t **reply, struct fault *f)
{
    char url[URL_MAX];
    const struct http_request q = {
        .method = c->method, .url = url, .content_type = c->content_type, .body = c->body};
    struct http_reply r AUTO(http_reply_done) = {0};

    (void)snprintf(url, sizeof url, "%s%s", a->server, c->path);
    TRY(http_send(a->http, &q, &r, f));
    if (r.status >= 300) {
        f->retry_after_s = r.retry_after_s;
        return fault_from_reply(r.status, r.json, f);
    }
    if (!json_is_object(r.json)) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's reply is no JSON object");
    }
    *reply = json_incref(r.json);
    return ERR_OK;
}

enum err
admin_get(struct admin *a, const char *path, json_t **reply, struct fault *f)
{
    const struct admin_call c = {.method = "GET", .path = path};

    return admin_call(a, &c, reply, f);
}

static enum err
key_read(const struct admin *a, struct jose_key *out, struct fault *f)
{
    const char *path = a->s.sign_key != NULL ? a->s.sign_key : a->s.key;
    uint8_t *pem AUTO(mem_free_bytes) = NULL;
    size_t len = 0;
    enum err err = file_read(path, KEY_FILE_MAX, &pem, &len, &f->why);

    if (err != ERR_OK) {
        return fault_add(f, err, "sign_key", "reading %s", path);
    }
    err = jose_key_pem((struct slice){pem, len}, out, &f->why);
    sec_zero(pem, len);
    if (err != ERR_OK) {
        return fault_add(f, err, "sign_key", "%s: documents are signed by a P-256 or P-384 key",
                         path);
    }
    return ERR_OK;
}

enum err
admin_sign(const struct admin *a, const char *typ, struct slice payload, char **jws,
           struct fault *f)
{
    struct jose_key key AUTO(jose_key_done) = {0};
    json_t *header AUTO(json_free) = NULL;

    TRY(key_read(a, &key, f));
    header = json_pack("{s:s, s:o}", "typ", typ, "jwk", jose_key_jwk(&key));
    return jose_sign(&key, header, payload, jws, &f->why);
}

enum err
id_check(const char *id, struct fault *f)
{
    size_t plain = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    if (id[0] == '\0' || id[0] == '.' || id[plain] != '\0' || plain >= OBJECT_ID) {
        return fault_add(f, ERR_MALFORMED, "usage", "\"%s\" is no id", id);
    }
    return ERR_OK;
}

enum err
object_make(const char *kind, const char *id, const char *version, struct object *out,
            struct fault *f)
{
    bool policy = strcmp(kind, "policy") == 0;

    if (!policy && strcmp(kind, "reference-set") != 0) {
        return fault_add(f, ERR_MALFORMED, "usage", "\"%s\" is neither policy nor reference-set",
                         kind);
    }
    TRY(id_check(id, f));
    if (!opt_int(version, 1, INT32_MAX, &out->version)) {
        return fault_add(f, ERR_MALFORMED, "usage", "\"%s\" is no version", version);
    }
    out->kind = policy ? "policy" : "reference-set";
    out->resource = policy ? "policies" : "reference-sets";
    (void)snprintf(out->id, sizeof out->id, "%s", id);
    return ERR_OK;
}

enum err
object_parse(const char *text, struct object *out, struct fault *f)
{
    char copy[OBJECT_TEXT];
    char *id = NULL;
    char *version = NULL;

    if (strlen(text) < sizeof copy) {
        (void)snprintf(copy, sizeof copy, "%s", text);
        id = strchr(copy, '/');
        version = id != NULL ? strchr(id + 1, '/') : NULL;
    }
    if (version == NULL) {
        return fault_add(f, ERR_MALFORMED, "usage",
                         "want policy/ID/VERSION or "
                         "reference-set/ID/VERSION");
    }
    *id = '\0';
    *version = '\0';
    return object_make(copy, id + 1, version + 1, out, f);
}

void
object_path(const struct object *o, const char *tail, char dst[ADMIN_PATH])
{
    (void)snprintf(dst, ADMIN_PATH, "/v1/admin/%s/%s/%ld%s", o->resource, o->id, o->version, tail);
}

static const struct subcommand *
find(const char *name)
{
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++) {
        if (strcmp(name, subcommands[i].name) == 0) {
            return &subcommands[i];
        }
    }
    return NULL;
}

static void
help(void)
{
    say("usage: countersign admin SUBCOMMAND [options]\n");
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++) {
        say("  %-14s %s", subcommands[i].name, subcommands[i].about);
    }
    say("\n`countersign admin SUBCOMMAND --help` tells more.");
}

/* Options may stand before the subcommand: how many words of argv they take. */
static int
leading_options(int argc, char **argv)
{
    struct settings unused = {0};
    struct opt shared[SETTINGS_ADMIN];
    int i = 1;

    settings_admin(&unused, shared);
    while (i < argc && strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i], "--help") != 0) {
        const char *name = argv[i] + 2;
        bool takes = strchr(name, '=') == NULL;

        for (size_t k = 0; k < SETTINGS_ADMIN && takes; k++) {
            takes = shared[k].value != NULL || strcmp(name, shared[k].name) != 0;
        }
        i += takes ? 2 : 1;
    }
    return i;
}

int
cmd_admin(int argc, char **argv)
{
    char *args[ARGS_MAX] = {0};
    int at = leading_options(argc, argv);
    const struct subcommand *c = NULL;
    int n = 0;

    if (at < argc && (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "help") == 0)) {
        help();
        return EXIT_OK;
    }
    c = at < argc ? find(argv[at]) : NULL;
    if (c == NULL || argc >= ARGS_MAX) {
        complain("countersign: no such admin command%s%s", at < argc ? ": " : "",
                 at < argc ? argv[at] : "");
        complain("usage: countersign admin SUBCOMMAND [options]; --help lists them");
        return EXIT_USAGE;
    }
    args[n++] = argv[at];
    for (int i = 1; i < argc; i++) {
        if (i != at) {
            args[n++] = argv[i];
        }
    }
    return c->run(n, args);
}
