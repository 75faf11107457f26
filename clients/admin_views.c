/* SPDX-License-Identifier: Apache-2.0 */
/* admin_views.c - `admin sandbox`, `admin verdict` and `admin explain`. */
#include <stdio.h>
#include <string.h>

#include "clients/admin.h"
#include "clients/say.h"
#include "common/json.h"
#include "common/mem.h"

enum { CELL = 160 };

struct view_options {
    const char *after, *reason;
    bool all;
};

static void
sandboxes_print(json_t *reply)
{
    const json_t *list = json_object_get(reply, "sandboxes");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        char text[4][CELL];

        say("%-36s %-11s %-24s %s", say_member(row, "id", text[0], CELL),
            say_member(row, "state", text[1], CELL), say_member(row, "policy", text[2], CELL),
            say_member(row, "lease_until", text[3], CELL));
    }
}

static void
verdicts_print(json_t *reply)
{
    const json_t *list = json_object_get(reply, "verdicts");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        char text[4][CELL];

        say("%-36s %-9s %-24s %s", say_member(row, "id", text[0], CELL),
            say_member(row, "outcome", text[1], CELL), say_member(row, "policy", text[2], CELL),
            say_member(row, "at", text[3], CELL));
    }
}

/* Every plain member, one a line. */
static void
members_print(json_t *reply)
{
    const json_t *value = NULL;
    const char *name = NULL;
    char text[CELL];

    json_object_foreach(reply, name, value)
    {
        if (!json_is_array(value) && !json_is_object(value)) {
            say("%-16s %s", name, say_member(reply, name, text, sizeof text));
        }
    }
}

static void
finding_print(const json_t *row)
{
    char text[3][CELL];

    say("%s  %s  (%s)", say_member(row, "outcome", text[0], CELL),
        say_member(row, "id", text[1], CELL), say_member(row, "spec", text[2], CELL));
    say("    seen    %s", say_member(row, "seen", text[0], CELL));
    say("    wanted  %s", say_member(row, "wanted", text[1], CELL));
}

static bool
is_outcome(const json_t *row, const char *name)
{
    const char *outcome = json_string_value(json_object_get(row, "outcome"));

    return outcome != NULL && strcmp(outcome, name) == 0;
}

/* Those that decided first, then how many others there are. */
static void
explain_print(json_t *reply)
{
    const json_t *findings = json_object_get(reply, "findings");
    size_t other = 0;

    members_print(reply);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *row = json_array_get(findings, i);

        if (is_outcome(row, "pass") || is_outcome(row, "ignored") || is_outcome(row, "not-run")) {
            other++;
        } else {
            finding_print(row);
        }
    }
    say("%zu other rule(s) passed, were ignored or not reached: --all, or `countersign admin "
        "verdict show`",
        other);
}

static void
findings_print(json_t *reply)
{
    const json_t *findings = json_object_get(reply, "findings");

    members_print(reply);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        finding_print(json_array_get(findings, i));
    }
}

static enum err
view_list(struct admin *a, const char *resource, const struct view_options *o, json_t **reply,
          struct fault *f)
{
    char path[ADMIN_PATH];

    TRY(o->after != NULL ? id_check(o->after, f) : ERR_OK);
    (void)snprintf(path, sizeof path, "/v1/admin/%s%s%s", resource,
                   o->after != NULL ? "?after=" : "", o->after != NULL ? o->after : "");
    return admin_get(a, path, reply, f);
}

static enum err
view_show(struct admin *a, const char *resource, const char *id, json_t **reply, struct fault *f)
{
    char path[ADMIN_PATH];

    TRY(id_check(id, f));
    (void)snprintf(path, sizeof path, "/v1/admin/%s/%s", resource, id);
    return admin_get(a, path, reply, f);
}

static void
ended_print(json_t *reply)
{
    char id[CELL];

    say("sandbox %s has ended", say_member(reply, "sandbox", id, sizeof id));
}

static enum err
sandbox_teardown(struct admin *a, const char *id, const char *reason, json_t **reply,
                 struct fault *f)
{
    char path[ADMIN_PATH];
    json_t *body AUTO(json_free) = json_pack("{s:s}", "reason", reason);
    char *text AUTO(mem_free_text) = json_text(body);
    const struct admin_call c = {.method = "POST",
                                 .path = path,
                                 .content_type = "application/json",
                                 .body = slice_text(text)};

    TRY(id_check(id, f));
    (void)snprintf(path, sizeof path, "/v1/admin/sandboxes/%s/teardown", id);
    return admin_call(a, &c, reply, f);
}

static enum err
sandbox_run(struct admin *a, const struct words *w, void *options, json_t **reply, struct fault *f)
{
    const struct view_options *o = options;

    if (strcmp(w->word[0], "list") == 0 && w->n == 1) {
        a->print = sandboxes_print;
        return view_list(a, "sandboxes", o, reply, f);
    }
    if (strcmp(w->word[0], "show") == 0 && w->n == 2) {
        a->print = members_print;
        return view_show(a, "sandboxes", w->word[1], reply, f);
    }
    if (strcmp(w->word[0], "teardown") == 0 && w->n == 2 && o->reason != NULL) {
        a->print = ended_print;
        return sandbox_teardown(a, w->word[1], o->reason, reply, f);
    }
    return fault_add(f, ERR_MALFORMED, "usage", "list, show ID, or teardown ID --reason TEXT");
}

static enum err
verdict_run_view(struct admin *a, const struct words *w, void *options, json_t **reply,
                 struct fault *f)
{
    if (strcmp(w->word[0], "list") == 0 && w->n == 1) {
        a->print = verdicts_print;
        return view_list(a, "verdicts", options, reply, f);
    }
    if (strcmp(w->word[0], "show") == 0 && w->n == 2) {
        a->print = findings_print;
        return view_show(a, "verdicts", w->word[1], reply, f);
    }
    return fault_add(f, ERR_MALFORMED, "usage", "list, or show ID");
}

static enum err
explain_run(struct admin *a, const struct words *w, void *options, json_t **reply, struct fault *f)
{
    const struct view_options *o = options;

    a->print = o->all ? findings_print : explain_print;
    return view_show(a, "verdicts", w->word[0], reply, f);
}

int
admin_sandbox(int argc, char **argv)
{
    struct admin a AUTO(admin_done) = {0};
    struct view_options o = {0};
    const struct opt own[] = {
        {"after", "ID", &o.after, "list those after this one; a list has 100 at most"},
        {"reason", "TEXT", &o.reason, "for teardown; kept in the log"},
    };
    const struct admin_command c = {
        .line = "countersign admin sandbox list | show ID | teardown ID --reason TEXT",
        .about = "The sandboxes that the broker knows.",
        .own = {own, sizeof own / sizeof own[0]},
        .words_min = 1,
        .words_max = 2,
        .run = sandbox_run,
        .options = &o,
    };

    return admin_run(&a, &c, argc, argv);
}

int
admin_verdict(int argc, char **argv)
{
    struct admin a AUTO(admin_done) = {0};
    struct view_options o = {0};
    const struct opt own[] = {
        {"after", "ID", &o.after, "list those after this one; a list has 100 at most"},
    };
    const struct admin_command c = {
        .line = "countersign admin verdict list | show ID",
        .about = "What was judged, and every rule's finding.",
        .own = {own, sizeof own / sizeof own[0]},
        .words_min = 1,
        .words_max = 2,
        .run = verdict_run_view,
        .options = &o,
    };

    return admin_run(&a, &c, argc, argv);
}

int
admin_explain(int argc, char **argv)
{
    struct admin a AUTO(admin_done) = {0};
    struct view_options o = {0};
    const struct opt own[] = {
        {"all", NULL, &o.all, "also the rules that passed"},
    };
    const struct admin_command c = {
        .line = "countersign admin explain VERDICT [--all]",
        .about = "Which rules decided it: what was seen, what was wanted.",
        .own = {own, sizeof own / sizeof own[0]},
        .words_min = 1,
        .words_max = 1,
        .run = explain_run,
        .options = &o,
    };

    return admin_run(&a, &c, argc, argv);
}
