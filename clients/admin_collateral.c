/* SPDX-License-Identifier: Apache-2.0 */
/* admin_collateral.c - `admin collateral`: what vendors say about hardware into the broker's own store, and what is there.
 *
 * The broker verifies all of it; here a file is only told apart (collateral_file.h), so that a folder as it comes can be given.
 * Source: docs/API.md, "Admin listener". */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clients/admin.h"
#include "clients/collateral_file.h"
#include "clients/opt.h"
#include "clients/say.h"
#include "common/json.h"
#include "common/mem.h"

enum { PATH_BYTES = 4096, CELL = 160, CHIP_SHOWN = 17 };

static const char EARLY[] = "early";

struct collateral_options {
    const char *after;
    const char *track; /* of documents of Intel; NULL: standard */
};

/* What has become of the files so far. */
struct tally {
    json_t *files;
    size_t taken, refused;
};

static enum err
send_file(struct admin *a, const char *path, const char *track, json_t **reply, struct fault *f)
{
    AUTO(collateral_file_done) struct collateral_file file = {0};
    AUTO(mem_free_text) char *body = NULL;
    AUTO(json_free) json_t *o = NULL;
    enum err e = collateral_file_read(path, &file, &f->why);

    if (e != ERR_OK) {
        return fault_add(f, e, "file", "reading %s", path);
    }
    o = collateral_file_json(&file, track);
    body = json_text(o);
    const struct admin_call c = {.method = "POST",
                                 .path = "/v1/admin/collateral",
                                 .content_type = "application/json",
                                 .body = slice_text(body)};

    return admin_call(a, &c, reply, f);
}

/* The file is at fault and the next one may be good; everything else would be the same for all of them. */
static bool
is_about_the_file(const struct fault *f)
{
    static const char *const codes[] = {"file", "collateral_malformed", "collateral_refused",
                                        "collateral_older"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(f->code, codes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void
note(struct tally *t, const char *path, json_t *row, const char *reason)
{
    (void)json_object_set_new(row, "file", json_string(path));
    (void)json_object_set_new(row, "result", json_string(reason == NULL ? "taken" : "refused"));
    if (reason != NULL) {
        (void)json_object_set_new(row, "reason", json_string(reason));
    }
    (void)json_array_append_new(t->files, row);
    t->taken += reason == NULL;
    t->refused += reason != NULL;
}

static enum err
import_file(struct admin *a, const char *path, const char *track, struct tally *t, struct fault *f)
{
    AUTO(json_free) json_t *reply = NULL;
    struct fault own = {0};
    enum err e = send_file(a, path, track, &reply, &own);

    if (e == ERR_OK) {
        note(t, path, json_incref(reply), NULL);
        return ERR_OK;
    }
    if (is_about_the_file(&own)) {
        note(t, path, json_object(), why_text(&own.why));
        return ERR_OK;
    }
    *f = own;
    return e;
}

/* Chains are read with what lies beside them. */
static int
is_own(const struct dirent *d)
{
    return d->d_name[0] != '.' && !collateral_file_is_companion(d->d_name);
}

/* Files of the folder by name.  Folders in it are left alone, but that of Intel's early track, `early`. */
static enum err
import_folder(struct admin *a, const char *folder, const char *track, struct tally *t,
              struct fault *f)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, is_own, alphasort);
    enum err e = n < 0 ? fault_add(f, ERR_MALFORMED, "usage", "%s cannot be read", folder) : ERR_OK;

    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES];
        struct stat st;
        int len = snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);

        if (e == ERR_OK && len < (int)sizeof path && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            e = import_file(a, path, track, t, f);
        }
        mem_free(names[i]);
    }
    mem_free(names);
    return e;
}

/* The folder, and what is in it of the early track. */
static enum err
import_folders(struct admin *a, const char *folder, const char *track, struct tally *t,
               struct fault *f)
{
    char path[PATH_BYTES];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", folder, EARLY);

    TRY(import_folder(a, folder, track, t, f));
    return n < (int)sizeof path && stat(path, &st) == 0 && S_ISDIR(st.st_mode)
               ? import_folder(a, path, EARLY, t, f)
               : ERR_OK;
}

static enum err
import_path(struct admin *a, const char *path, const char *track, struct tally *t, struct fault *f)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return fault_add(f, ERR_MALFORMED, "usage", "%s is not there", path);
    }
    return S_ISDIR(st.st_mode) ? import_folders(a, path, track, t, f)
                               : import_file(a, path, track, t, f);
}

static void
file_print(const json_t *row)
{
    char text[4][CELL];
    bool taken = json_object_get(row, "reason") == NULL;

    if (taken) {
        say("taken    %s  (%s of %s, until %s)", say_member(row, "file", text[0], CELL),
            say_member(row, "kind", text[1], CELL), say_member(row, "product", text[2], CELL),
            say_member(row, "until", text[3], CELL));
        return;
    }
    say("refused  %s: %s", say_member(row, "file", text[0], CELL),
        say_member(row, "reason", text[1], CELL));
}

static void
import_print(json_t *reply)
{
    const json_t *files = json_object_get(reply, "files");
    char text[2][CELL];

    for (size_t i = 0; i < json_array_size(files); i++) {
        file_print(json_array_get(files, i));
    }
    say("%s taken, %s refused", say_member(reply, "taken", text[0], CELL),
        say_member(reply, "refused", text[1], CELL));
}

static enum err
import_run(struct admin *a, const struct words *w, const struct collateral_options *o,
           json_t **reply, struct fault *f)
{
    struct tally t = {.files = json_array()};
    bool known =
        o->track == NULL || strcmp(o->track, "standard") == 0 || strcmp(o->track, EARLY) == 0;
    enum err e =
        known ? ERR_OK
              : fault_add(f, ERR_MALFORMED, "usage", "--track takes \"standard\" or \"early\"");

    for (size_t i = 1; i < w->n && e == ERR_OK; i++) {
        e = import_path(a, w->word[i], o->track, &t, f);
    }
    a->print = import_print;
    a->code = t.refused > 0 ? EXIT_DENIED : EXIT_OK;
    *reply = json_pack("{s:I, s:I, s:o}", "taken", (json_int_t)t.taken, "refused",
                       (json_int_t)t.refused, "files", t.files);
    return e;
}

static void
list_print(json_t *reply)
{
    const json_t *list = json_object_get(reply, "collateral");
    char text[6][CELL];

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        const char *last = json_object_get(row, "track") != NULL ? "track" : "tcb";

        (void)say_member(row, "chip", text[4], CHIP_SHOWN);
        say("%-11s %-12s %-8s %-20s %-16s %s", say_member(row, "kind", text[0], CELL),
            say_member(row, "product", text[1], CELL), say_member(row, "source", text[2], CELL),
            say_member(row, "until", text[3], CELL), text[4], say_member(row, last, text[5], CELL));
    }
    if (json_is_integer(json_object_get(reply, "next"))) {
        say("there is more: --after %s", say_member(reply, "next", text[0], CELL));
    }
}

static enum err
list_run(struct admin *a, const struct collateral_options *o, json_t **reply, struct fault *f)
{
    char path[ADMIN_PATH];
    long after = 0;

    if (o->after != NULL && !opt_int(o->after, 0, LONG_MAX, &after)) {
        return fault_add(f, ERR_MALFORMED, "usage", "--after takes the number that `list` gave");
    }
    a->print = list_print;
    (void)snprintf(path, sizeof path, "/v1/admin/collateral?after=%ld", after);
    return admin_get(a, path, reply, f);
}

static enum err
collateral_run(struct admin *a, const struct words *w, void *options, json_t **reply,
               struct fault *f)
{
    if (strcmp(w->word[0], "import") == 0 && w->n > 1) {
        return import_run(a, w, options, reply, f);
    }
    if (strcmp(w->word[0], "list") == 0 && w->n == 1) {
        return list_run(a, options, reply, f);
    }
    return fault_add(f, ERR_MALFORMED, "usage", "import FILE|DIR [...], or list");
}

int
admin_collateral(int argc, char **argv)
{
    struct admin a AUTO(admin_done) = {0};
    struct collateral_options o = {0};
    const struct opt own[] = {
        {"after", "N", &o.after, "for list: go on behind this row"},
        {"track", "WORD", &o.track,
         "for import: Intel's documents are of the track standard or early"},
    };
    const struct admin_command c = {
        .line =
            "countersign admin collateral import FILE|DIR [...] [--track WORD] | list [--after N]",
        .about = "Certificates of AMD's chips (VCEK) and revocation lists, DER or PEM.  Of Intel "
                 "replies\n"
                 "of its service (tcbInfo, QE identity) and CRLs, with NAME_issuer_chain.pem or\n"
                 "NAME.http.json beside them; documents in a folder `early` are of the early "
                 "track.  The\n"
                 "broker verifies each; what it refuses is named, and the exit code is then 1.",
        .own = {own, 2},
        .words_min = 1,
        .words_max = OPT_WORDS,
        .run = collateral_run,
        .options = &o,
    };

    return admin_run(&a, &c, argc, argv);
}
