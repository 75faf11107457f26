/* SPDX-License-Identifier: Apache-2.0 */
/* admin.h - what the administrator's commands share: a client certificate, signed documents.
 *
 * The person is known by the client certificate, and signs what changes trust with a JWS (by the same
 * key unless --sign-key names another), so that the broker's database alone cannot add a value.
 * Source: docs/API.md, "Admin listener". */
#ifndef CLIENTS_ADMIN_H
#define CLIENTS_ADMIN_H

#include "clients/http.h"
#include "clients/settings.h"

enum { ADMIN_PATH = 256, DOCUMENT_MAX = 262144, OBJECT_ID = 64, OBJECT_TEXT = 128 };

struct admin {
    struct settings s;
    char server[SERVER_MAX];
    struct http *http;            /* owned */
    void (*print)(json_t *reply); /* how what was asked is shown to a person; set by the act */
    int code; /* exit code of an act that went through; its reply says what it left undone */
};

void admin_done(struct admin *a);

/* One subcommand: its usage and what is done once options are read.  Prints; returns exit code. */
struct admin_command {
    const char *line, *about;
    struct opt_table own;
    size_t words_min, words_max;
    enum err (*run)(struct admin *a, const struct words *w, void *options, json_t **reply,
                    struct fault *f);
    void *options; /* for run; the command's own options */
    bool offline;  /* needs no broker */
};

int admin_run(struct admin *a, const struct admin_command *c, int argc, char **argv);

struct admin_call {
    const char *method, *path;
    const char *content_type; /* NULL: no body */
    struct slice body;
};

/* *reply: the body of a 2xx answer; owned by the caller. */
enum err admin_call(struct admin *a, const struct admin_call *c, json_t **reply,
                    struct fault *f) MUST_USE;
enum err admin_get(struct admin *a, const char *path, json_t **reply, struct fault *f) MUST_USE;

/* Compact JWS of this type over the exact bytes, by --sign-key or --key, with its `jwk` in the
 * header; free with mem_free_text(). */
enum err admin_sign(const struct admin *a, const char *typ, struct slice payload, char **jws,
                    struct fault *f) MUST_USE;

/* "policy/ID/VERSION" or "reference-set/ID/VERSION". */
struct object {
    const char *kind;     /* static */
    const char *resource; /* its folder in the path: "policies", "reference-sets"; static */
    char id[OBJECT_ID];
    long version;
};

enum err object_parse(const char *text, struct object *out, struct fault *f) MUST_USE;
enum err object_make(const char *kind, const char *id, const char *version, struct object *out,
                     struct fault *f) MUST_USE;

/* Letters, digits, '.', '_', '-', not beginning with a dot: safe in a path. */
enum err id_check(const char *id, struct fault *f) MUST_USE;

/* "/v1/admin/RESOURCE/ID/VERSION" and a tail. */
void object_path(const struct object *o, const char *tail, char dst[ADMIN_PATH]);

/* Revoke it, and say what ended. */
enum err object_revoke(struct admin *a, const struct object *o, const char *reason, json_t **reply,
                       struct fault *f) MUST_USE;
void revoked_print(json_t *reply);

/* The subcommands; argv[0] is the subcommand's name. */
int admin_measure(int argc, char **argv);
int admin_reference_set(int argc, char **argv);
int admin_policy(int argc, char **argv);
int admin_approve(int argc, char **argv);
int admin_revoke(int argc, char **argv);
int admin_sandbox(int argc, char **argv);
int admin_verdict(int argc, char **argv);
int admin_explain(int argc, char **argv);
int admin_collateral(int argc, char **argv);

#endif
