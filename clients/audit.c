/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - `countersign audit`: check a copy of the log offline, or read it.
 *
 *     countersign audit verify DIR [--key VKEY] [--json]
 *     countersign audit verify --log FILE [--json]
 *     countersign audit show DIR [--sandbox ID] [--json]
 *
 * Exit code: 0 sound, 1 broken (and where), 2 malformed, 3 unable.
 * Source: DESIGN.md section 10. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "clients/audit_check.h"
#include "clients/audit_log.h"
#include "clients/commands.h"
#include "clients/fault.h"
#include "clients/opt.h"
#include "clients/say.h"
#include "common/json.h"

enum { SHOW_TEXT = 1100 }; /* bytes of a member, with NUL: an object key is the longest */

struct verify_options {
    const char *log, *key;
    bool json;
};

/* Damage is a finding; bytes that were never a log or a key are malformed; what is missing or
 * cannot be read is neither. */
static int
exit_of(enum err err)
{
    switch (err) {
    case ERR_OK: return EXIT_OK;
    case ERR_DENIED:
    case ERR_LIMIT: return EXIT_DENIED;
    case ERR_MALFORMED: return EXIT_MALFORMED;
    case ERR_UNAUTHENTICATED:
    case ERR_NOT_FOUND:
    case ERR_CONFLICT:
    case ERR_GONE:
    case ERR_BUSY:
    case ERR_UNABLE:
    case ERR_NOMEM:
    case ERR_IO:
    case ERR_BUG: return EXIT_UNABLE;
    }
    return EXIT_UNABLE;
}

static const char *
verdict_name(int code)
{
    static const char *const NAMES[] = {"sound", "broken", "malformed", "unable"};

    return code >= 0 && code <= EXIT_UNABLE ? NAMES[code] : "unable";
}

static json_t *
time_json(int64_t ms)
{
    char time[RFC3339_LEN + 1];

    rfc3339_format(ms / 1000, time);
    return json_string(time);
}

static void
report_json(const struct audit_report *r, int code, const struct why *why)
{
    json_t *o = json_object();
    json_t *reasons = json_array();

    for (size_t i = why->n; i > 0; i--) {
        char text[WHY_TEXT];

        text_clean(slice_text(why->link[i - 1]), text, sizeof text);
        (void)json_array_append_new(reasons, json_string(text));
    }
    (void)json_object_set_new(o, "verdict", json_string(verdict_name(code)));
    (void)json_object_set_new(o, "reasons", reasons);
    (void)json_object_set_new(o, "records", json_integer((json_int_t)r->records));
    (void)json_object_set_new(o, "bytes", json_integer((json_int_t)r->bytes));
    if (r->records > 0) {
        (void)json_object_set_new(o, "first", time_json(r->first_ms));
        (void)json_object_set_new(o, "last", time_json(r->last_ms));
    }
    if (r->has_checkpoint) {
        (void)json_object_set_new(o, "origin", json_string(r->checkpoint.origin));
        (void)json_object_set_new(o, "covered", json_integer((json_int_t)r->checkpoint.size));
        (void)json_object_set_new(o, "key", json_string(r->vkey));
        (void)json_object_set_new(o, "tiles", json_integer((json_int_t)r->tiles));
        (void)json_object_set_new(o, "bundles", json_integer((json_int_t)r->bundles));
    }
    say_json(o);
}

static void
sound_text(const struct audit_report *r, const struct verify_options *o)
{
    char first[RFC3339_LEN + 1];
    char last[RFC3339_LEN + 1];

    rfc3339_format(r->first_ms / 1000, first);
    rfc3339_format(r->last_ms / 1000, last);
    if (r->records == 0) {
        say("sound: no records");
        return;
    }
    say("sound: %llu records from %s to %s: frames, checksums, chain and numbers",
        (unsigned long long)r->records, first, last);
    if (!r->has_checkpoint) {
        say("The file alone was checked: nobody has signed it.  Check the folder for that.");
        return;
    }
    say("checkpoint of %s covers %llu of them: signature and root", r->checkpoint.origin,
        (unsigned long long)r->checkpoint.size);
    say("published: %llu tiles and %llu bundles are what the file gives",
        (unsigned long long)r->tiles, (unsigned long long)r->bundles);
    if (o->key == NULL) {
        say("The key came from the folder itself: %s", r->vkey);
        say("Compare it with the one you were given, or give that with --key.");
    }
}

static void
report_text(const struct audit_report *r, const struct verify_options *o, int code,
            const struct why *why)
{
    if (code == EXIT_OK) {
        sound_text(r, o);
        return;
    }
    for (size_t i = why->n; i > 0; i--) {
        char text[WHY_TEXT];

        text_clean(slice_text(why->link[i - 1]), text, sizeof text);
        complain("%s: %s", i == why->n ? verdict_name(code) : "  because", text);
    }
    if (r->records > 0) {
        complain("  %llu records before that are sound", (unsigned long long)r->records);
    }
}

static int
audit_verify(int argc, char **argv)
{
    struct verify_options o = {0};
    const struct opt rows[] = {
        {"log", "FILE", &o.log, "check one append file instead of a folder"},
        {"key", "VKEY", &o.key, "verifier key of the log; default DIR/log.vkey"},
        {"json", NULL, &o.json, "print the result as JSON"},
    };
    const struct usage u = {
        .line = "countersign audit verify DIR | --log FILE [--key VKEY] [--json]",
        .about = "Checks a copy of the audit folder: records, chain, tiles, signed checkpoint.",
        .own = {rows, sizeof rows / sizeof rows[0]},
        .words_max = 1,
    };
    struct words w;
    struct audit_report report = {0};
    struct why why = {0};
    enum opt_result parsed = opt_parse(&u, argc, argv, &w);

    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    if ((w.n == 1) == (o.log != NULL)) {
        return opt_wrong(&u, "give a folder or --log FILE", NULL);
    }
    if (o.log != NULL && o.key != NULL) {
        return opt_wrong(&u, "a file alone has no signature that --key could check", NULL);
    }

    enum err err = o.log != NULL ? audit_check_log(o.log, &report, &why)
                                 : audit_check_folder(w.word[0], o.key, &report, &why);
    int code = exit_of(err);

    if (o.json) {
        report_json(&report, code, &why);
    } else {
        report_text(&report, &o, code, &why);
    }
    return code;
}

struct show_options {
    const char *sandbox;
    bool json;
};

/* " NAME=TEXT", or the text alone for the members that need no name. */
static void
show_member(struct wr *w, const json_t *entry, const char *name, bool bare)
{
    char text[SHOW_TEXT];

    if (json_object_get(entry, name) == NULL) {
        return;
    }
    (void)say_member(entry, name, text, sizeof text);
    if (w->len > 0) {
        wr_u8(w, ' ');
    }
    wr_fmt(w, "%s%s%s", bare ? "" : name, bare ? "" : "=", text);
}

static void
show_reasons(struct wr *w, const json_t *entry)
{
    const json_t *reasons = json_object_get(entry, "reasons");

    for (size_t i = 0; i < json_array_size(reasons); i++) {
        char text[SHOW_TEXT];

        text_clean(slice_text(json_string_value(json_array_get(reasons, i))), text, sizeof text);
        wr_fmt(w, "%s%s", i == 0 ? " reasons=" : ",", text);
    }
}

static void
show_line(const json_t *entry)
{
    static const char *const BARE[] = {"seq", "time", "action", "kind"};
    static const char *const NAMED[] = {"actor", "object",  "sandbox", "policy",
                                        "store", "key",     "verdict", "credential",
                                        "life",  "consent", "session"};
    uint8_t line[2 * TLOG_ENTRY_MAX];
    struct wr w = wr_init(line, sizeof line, "audit.line");

    for (size_t i = 0; i < sizeof BARE / sizeof BARE[0]; i++) {
        show_member(&w, entry, BARE[i], true);
    }
    for (size_t i = 0; i < sizeof NAMED / sizeof NAMED[0]; i++) {
        show_member(&w, entry, NAMED[i], false);
    }
    show_reasons(&w, entry);
    say("%.*s", (int)w.len, (const char *)line);
}

static enum err
show_record(void *ctx, const struct log_frame *f, struct why *why)
{
    const struct show_options *o = ctx;
    AUTO(json_free) json_t *entry = NULL;
    const char *sandbox = NULL;

    TRY(json_read(f->entry, &entry, why));
    sandbox = json_string_value(json_object_get(entry, "sandbox"));
    if (o->sandbox != NULL && (sandbox == NULL || strcmp(sandbox, o->sandbox) != 0)) {
        return ERR_OK;
    }
    if (o->json) {
        say_json(json_incref(entry));
    } else {
        show_line(entry);
    }
    return ERR_OK;
}

static int
audit_show(int argc, char **argv)
{
    struct show_options o = {0};
    const struct opt rows[] = {
        {"sandbox", "ID", &o.sandbox, "only records about this sandbox"},
        {"json", NULL, &o.json, "one JSON object per line, as recorded"},
    };
    const struct usage u = {
        .line = "countersign audit show DIR [--sandbox ID] [--json]",
        .about = "Prints the records of an audit folder, oldest first.",
        .own = {rows, sizeof rows / sizeof rows[0]},
        .words_min = 1,
        .words_max = 1,
    };
    const struct audit_visitor v = {show_record, &o};
    struct words w;
    struct log_cursor at = {0};
    struct why why = {0};
    char path[PATH_MAX];
    enum opt_result parsed = opt_parse(&u, argc, argv, &w);

    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    (void)snprintf(path, sizeof path, "%s/log", w.word[0]);

    enum err err = audit_log_walk(path, &v, &at, &why);

    for (size_t i = why.n; err != ERR_OK && i > 0; i--) {
        complain("countersign: audit: %s", why.link[i - 1]);
    }
    return exit_of(err);
}

int
cmd_audit(int argc, char **argv)
{
    static const struct usage USAGE = {.line = "countersign audit verify|show ..."};

    if (argc > 1 && strcmp(argv[1], "verify") == 0) {
        return audit_verify(argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "show") == 0) {
        return audit_show(argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        say("usage: countersign audit verify|show ...; each tells more with --help");
        return EXIT_OK;
    }
    return opt_wrong(&USAGE, argc > 1 ? "no such audit command" : "audit what?",
                     argc > 1 ? argv[1] : NULL);
}
